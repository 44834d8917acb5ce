"""How a connection failed, by the words for it: how far it came, what that means, and what to do.
One file, because of the rows that fit the first decides.

The words are those of mitmproxy 11.0.2 and 12.3.1, run against a server of each kind (proxy/layers/tls.py, OpenSSL's
X509_verify_cert_error_string, Python's sockets), and those of clients' logs: Go's net, net/http, crypto/tls and x509, curl.
What was reached and gave no answer (`server closed connection`, `EOF`) is no row: that is told of the request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pullscope.oci.agents import CONTAINERS_IMAGE, DAEMONS, UNKNOWN, Client
from pullscope.oci.known_registries import known_registry
from pullscope.oci.reference import registry_name
from pullscope.oci.text_table import heads
from pullscope.oci.urls import bare, split
from pullscope.oci.whereabouts import is_local, is_loopback, is_service
from pullscope.trace.findings.case import Case, listed
from pullscope.trace.findings.client_settings import (
    by_plain_http,
    by_tls_only,
    cache_setting,
    how_to_trust,
    past_the_proxy,
    proxy_setting,
    trust_by_words,
    trust_for_another,
)
from pullscope.trace.findings.login_commands import own_address, registry_at
from pullscope.trace.findings.resolvers import of_the_resolver
from pullscope.trace.findings.said import led_to
from pullscope.trace.model import Hop
from pullscope.trace.source_gaps import HERE, lacking

TABLE = r"""
# cri-o/cri-o#2331: a scheme written twice makes `http` the host
proxy name: proxyconnect.*\blookup\b|resolve proxy
    {who} found no address for the name of its proxy, and so did not get through to {what}
    write HTTPS_PROXY of {who} as http://HOST:PORT, with a host that {machine} finds (`lookup http`: a scheme stands there twice)
# golang.org/x/net/http/httpproxy: docker/for-win#3591
proxy address: invalid proxy (?:url|address)
    {who} has an address of a proxy that is none, and so did not get through to {what}
    write HTTPS_PROXY of {who} as http://HOST:PORT, with a number as port
# Go's "lookup … on 10.0.0.2:53: i/o timeout"; EAI_AGAIN
name dns: name resolution|server misbehaving|EAI_AGAIN|SERVFAIL|\blookup \S+ on \S+: .*(?:timeout|refused|unreachable)
    {who} could not reach {what}: no DNS server gave an answer of use
    name a DNS server that answers in /etc/resolv.conf of {machine}: dig {bare} @SERVER tries one
name unknown: name or service|nodename|no such host|getaddrinfo|no address|ENOTFOUND|NXDOMAIN|[Uu]nknown ?[Hh]ost|\blookup\b
    |(?:could ?n.t|could not|cannot|unable to|failed to) resolve|does not resolve|name could not be resolved|dns error
    {who} could not reach {what}: no address is known for that name
    {name}let {machine} ask a DNS server that knows it (dig +short {bare} @SERVER tries one){played}
# docker/for-linux#415: the scheme of HTTPS_PROXY
proxy scheme: proxyconnect.*(?:first record|oversized record|HTTP response to HTTPS)
    {who} speaks TLS with its proxy, which does not, and so did not get through to {what}
    write http:// in HTTPS_PROXY of {who}: the scheme says how to reach the proxy, not what goes through it
# mitmproxy in upstream mode (proxy/layers/http/_upstream_proxy.py), Go's http.Transport; the bare text of a status is the
# proxy's answer to CONNECT, in words of its own at some (net/http transport.go, dialConn): docker/for-linux#376, #744,
# moby/moby#40507; docs.docker.com/engine/daemon/proxy; docker/hub-feedback#826
proxy login: proxy authentication required|CONNECT request: 407|tunnel (?:connection )?failed(?:, response|:) 407
    {who} was asked for a login by its proxy, and so did not get through to {what}
    write http://USER:PASSWORD@PROXY:PORT in {proxy}, with signs as @ and : in them escaped (%40, %3A; in a unit %%40)
proxy barred: CONNECT request: 403|tunnel (?:connection )?failed(?:, response|:) 403
    |^(?:[\w ]*(?:forbidden|denied|blocked|filtered)[\w ]*|(?-i:[A-Z][a-z]+(?:[A-Z][a-z]+)+))$
    {who} was refused by its proxy, and so did not get through to {what}
    {past}ask who runs that proxy to allow {hosts}; if it wants a login, write http://USER:PASSWORD@PROXY:PORT in {proxy}
# Harbor as docker's proxy: goharbor/harbor-helm#2215
proxy none: ^(?:bad request|(?:method )?not allowed|not found)$|CONNECT (?:request:|tunnel failed, response) 40[045]
    {who} did not get through its proxy to {what}, which refused CONNECT as what is no forward proxy does
    take it out of {proxy}, if it is a registry or web server{caches}; else run curl -v -x http://PROXY:PORT {ask} on {machine}
# docker-archive-public/docker.kitematic#3573, #3611, docker/for-win#9400, #13994 (Docker Desktop's own), #7935 (no host)
proxy down: (?:proxyconnect|connecting to).*tcp (?:127[.0-9]+|\[::1\]|192\.168\.65\.\d+|):\d+: .*refused
    {who} did not reach its own proxy, by which it was to ask {what}: nothing listens there
    start the proxy program at that address, correct the address in {proxy}, or take it out there (Docker Desktop: Settings,
    Resources, Proxies); 127.0.0.1 is another machine to a container or a daemon in a VM
proxy out: proxyconnect|upstream proxy|connect to (?:the )?proxy|error connecting to|socks connect
    |^(?:internal server error|service unavailable|bad gateway|gateway time-?out)$
    {who} did not get through its proxy to {what}
    {past}run curl -v -x http://PROXY:PORT {ask} on {machine}: it shows whether that proxy runs, wants a login
    (http://USER:PASSWORD@PROXY:PORT), or refuses {hosts}
tls plain: does not speak TLS|HTTP response to HTTPS client|first record does not look|wrong.version.number|too long
    |record layer failure
    {what} was reached and does not speak TLS (usually plain http), and {client} uses https
    {plain}, or put TLS at {hosts}
# Not by words: a registry that all know, which does speak TLS (abiosoft/colima#1172)
tls front: (?!)
    what answered as {what} does not speak TLS (usually plain http): something on the way answers in its place
    run curl -v {ask} where {client} runs: a proxy, a filter or a wrong address (dig +short {bare} tells it) answers: correct
    that, or go past it
# What a server says of the client's own certificate, in alerts
# Not by words: a registry that all know, with the certificate of a CA that none knows
tls read: (?!)
    what answered as {what} shows the certificate of another CA: something on the way reads TLS, as a company's proxy does
    {trust}
# The same of a client that may have no CAs itself: GoogleContainerTools/kaniko#2281, #3304, distribution/distribution#1947
tls roots: (?!)
    {who} trusts no CA behind the certificate of {what}: something on the way reads TLS, or {who} has no CA certificates
    run openssl s_client -connect {port} where {who} runs: if a company is the issuer, {trust}; else install the package
    ca-certificates there (in a container, in its image)
tls client: certificate required|tls: (?:bad|unknown) certificate|alert (?:unknown ca|bad certificate)|client certificate
    {what} was reached and asks for a client certificate
    give {client} the certificate that {hosts} asks for (docker and podman: client.cert and client.key in certs.d/{hosts})
    {through}
# Go's net/http, of the TLS alert that came in plain text
http tls: malformed HTTP response .{0,4}x1[56]
    {what} was reached and speaks TLS, and {client} uses plain http
    {secure}
# A serial number in the place of a name, as FortiGate has it: of no host of its own (docker/for-linux#994)
tls appliance: certificate is valid for (?=\S*\d)(?-i:[A-Z0-9-]{8,}), not
    what answered as {what} shows a firewall's own certificate (its serial number is the name): it inspects or blocks that host
    have who runs that firewall let {hosts} through uninspected (and where it redirects to); where it has to inspect, have
    it make certificates for the names that are asked, and {trust}
tls name: host ?name mismatch|ip address mismatch|not valid for|IP SANs|certificate is valid for
    |not valid for any names|subject name matches|target host name|altname|does not match (?:the )?certificate
    the certificate of {what} is for another name
    give {hosts} a certificate for that name (Traefik: certresolver, an Ingress: tls): what answers there shows one for another,
    as a shared server does for names that it does not know (openssl s_client -connect {port} shows whose)
# Not by words either, as above: docker/for-linux#994, moby/moby#38787, docker/hub-feedback#1817 (a hosts file), #2517
tls elsewhere: (?!)
    what answered as {what} shows the certificate of another site: the name led elsewhere
    take {hosts} out of /etc/hosts of {machine}, or ask another DNS server, if getent hosts and dig @1.1.1.1 tell different
    addresses; else something on the way answers in its place: a portal of the network, a filter
# Go's text is one for both, and says in the end which: henrygd/beszel#2123, redis/docker-library-redis#110
tls early: (?<!expired or is )not yet valid|current time \S+ is before
    the certificate of {what} is not valid yet, so the clock of {machine} is behind, or it was made for later
    set the clock of {machine} (timedatectl set-ntp true; chronyc makestep)
# The user of a hosted registry renews nothing: amtoaer/bili-sync#68 is a root that old systems have
tls time: certificate has expired|CERT_HAS_EXPIRED|not yet valid
    the certificate of {what} is not valid at this time
    {renew}set the clock of {machine} (timedatectl set-ntp true) and update its CA certificates (the package
    ca-certificates){between}
tls weak: legacy Common Name|(?:key|md) too weak|insecure algorithm|negative serial|failed to parse certificate|critical extension
    the certificate of {what} is of a kind that {who} accepts from no CA
    give {hosts} a new one: its name as a SAN, 2048 bits or more, SHA-256, a positive serial number, no private extensions
# The intermediate certificate is not sent, or the CA is not known: the words are the same for both.
# jib, of TLS that fails in any way: GoogleContainerTools/jib#1739, operator-framework/java-operator-plugins#23
tls java: peer not authenticated|only secure connections
    {who} could not verify {what} by TLS: its CA is not one that Java knows, or what is there speaks no TLS, or is no registry
    run curl -v {ask}, which shows which of the three it is: {trust}; of plain http, {plain}; else correct the host and port
tls chain: PKIX path|UnknownIssuer|LEAF_SIGNATURE|local issuer|first certificate|unknown authority|certificate signed by
    {what} was reached, and its certificate chain ends at no CA that {who} trusts
    have {hosts} send its intermediate certificates if a public CA signed it; else {trust}
tls trust: certificate verif|self.signed|unknown ca|not trusted|UntrustedRoot
    {what} was reached, and its certificate is from a private CA, which {who} does not trust
    {trust}
# Alerts (RFC 8446, 6.2)
tls refused: handshake failure|(?:alert|tls:) access denied|no application protocol|insufficient security|internal error
    {what} was reached and refused the TLS handshake
    run openssl s_client -connect {port} on {machine}: it shows whether {hosts} wants a client certificate, or which
    versions and ciphers it has{through}
# Where all others have TLS with it: kubernetes/registry.k8s.io#154, docker/for-win#8061, #2922
tls filter: (?!)
    the TLS handshake with {what} was refused, by something on the way as a rule: that host does so to nobody
    have the filter on the way let {hosts} through, or, where only a proxy leads out, name it in {proxy}
tls site: unrecognized name
    {what} was reached, and serves no site of that name
    ask {hosts} under the name that it serves, or add that name there
tls version: agree on a TLS version|protocol version|unsupported protocol|no supported versions
    {what} was reached, and speaks only versions of TLS that {who} does not
    let {hosts} speak TLS 1.2 or later{old}
tcp slow handshake: handshake time|handshake timed|tls.*timed? ?out
    the TLS handshake of {who} with {what} timed out
    try again; if it keeps failing, set a smaller MTU on {machine} (ip link set dev DEVICE mtu 1400), or have a filter on
    the way let {hosts} through
tls ended: ^connection closed|unexpected eof while|SSL_ERROR_SYSCALL|handshake.*(?:EOF|reset)
    {what} was reached, and the connection ended during the TLS handshake
    run openssl s_client -connect {port} on {machine} and elsewhere: if it ends here alone, a filter on the way blocks
    that name; if everywhere, {hosts} speaks no TLS on that port
tls other: certificate|tls|ssl|handshake
    {who} could not complete the TLS handshake with {what}
    run openssl s_client -connect {port} on {machine}: it shows at what the handshake fails
# errno of Linux, macOS and Windows, which asyncio puts before "Connect call failed"
tcp refused: connection (?:was )?refused|ECONNREFUSED|errno (?:111|61|10061|1225)\b|actively refused
    {who} could not reach {what}: the connection was refused, so nothing listens on that port, or a firewall refuses it
    {itself}{runs}
# microsoft/containerregistry#165, #175, microsoft/mssql-docker#906; of DNS docker/hub-feedback#2349, #2165
tcp route six: errno (?:101|113|51|65|10051|10065)\b.*\('[0-9a-f]*:|tcp \[[0-9a-f]*:.*(?:unreachable|no route|cannot assign)
    {who} could not reach {what}: the address that its name led to is one of IPv6, and no route leads there
    give {machine} IPv6, or turn it off there (sysctl -w net.ipv6.conf.all.disable_ipv6=1), so that {hosts} is asked by IPv4;
    if dig A {hosts} tells no address, ask another DNS server
tcp route: unreachable|no route|E(?:HOST|NET)UNREACH|errno (?:101|113|51|65|10051|10065)\b
    {who} could not reach {what}: no route leads there
    {itself}give {machine} a route there (ip route get {address} shows which it takes): a VPN that is up, a gateway, NAT64 from
    IPv6 alone (rootless docker: DOCKERD_ROOTLESS_ROOTLESSKIT_FLAGS=--ipv6); if other ports of {hosts} answer,
    allow this one in the firewall there, which rejects it (firewall-cmd --list-all)
tcp timeout: waiting for connection|errno (?:110|60|10060|121)\b|no answer within|timed? ?out|ETIMEDOUT|deadline exceeded
    |SocketTimeout|HttpClient.Timeout|connect call failed|did not properly respond
    {who} could not reach {what}: nothing answered in time
    run curl -v {ask} on {machine}: if that waits too, allow {hosts} in the firewall on the way, or go out by the proxy
    that this network has, named in {proxy}
"""
"""How far it came (`name`, `proxy`, `tcp`: not reached; `tls`, `http`: reached), a kind and its words; what happened; the fix."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A way in which a connection fails."""

    far: str
    kind: str
    words: re.Pattern[str]
    told: str
    fix: str

    @property
    def reached(self) -> bool:
        """Whether something answered at that address, so that it is not the network."""
        return self.far in ("tls", "http")


def _row(head: str, told: str, *fix: str) -> Failure:
    where, words = head.split(": ", 1)
    far, kind = where.split(" ", 1)
    return Failure(far, kind, re.compile(words, re.IGNORECASE), told, " ".join(fix).replace(" {through}", "{through}"))


FAILURES = tuple(_row(head, *lines) for head, lines in heads(TABLE))
OUT, OF_MITMPROXY = "; where only a proxy leads out, {}", "give mitmproxy that one: --mode upstream:http://HOST:PORT"
_ADDRESS = re.compile(r"(?<=failed \(')[0-9a-f.:]+(?=')|(?<=dial tcp )(?:[0-9.]+|\[[0-9a-f:]+\])(?=:\d+: )")
"""The address that was tried: asyncio's and Go's words."""


def address_in(hop: Hop) -> str | None:
    """The address that was tried in vain, as far as its words say."""
    found = _ADDRESS.search(hop.failed.reason) if hop.failed is not None else None
    return found[0].strip("[]") if found is not None else None


_SCHEMES = frozenset({"oci", "docker", "oras", "http", "https"})
"""What is taken for a host, without a port, where it stands before `://`: apache/superset-kubernetes-operator#9,
sigstore/cosign#3570."""
_PROXY = re.compile(r"\bproxy(?: server|connect tcp: dial tcp)? (?:https?://)?([\w.-]+:\d+)\b", re.IGNORECASE)
_ANSWER_AWAITED = re.compile(r"^(?!.*waiting for connection).*awaiting (?:response )?headers", re.IGNORECASE)
"""Go's net/http of a server that was reached, and has not answered yet."""


def gave_up_sending(hop: Hop) -> bool:
    """Whether .NET ended an upload by its own limit for the whole request (dotnet/sdk-container-builds#386)."""
    own = hop.failed is not None and "HttpClient.Timeout" in hop.failed.reason
    return own and hop.uploaded is not None and hop.uploaded.bytes > 0


def failure(hop: Hop) -> Failure | None:
    """The way in which a request did not reach its host, or had no TLS with it; None where it had, or that is not known."""
    if hop.failed is None or hop.response is not None or hop.client_left or _ANSWER_AWAITED.search(hop.failed.reason):
        return None
    if gave_up_sending(hop):
        return None
    fitting = (one for one in FAILURES if one.far != "tls" or hop.request.url.startswith("https:"))
    found = next((one for one in fitting if one.words.search(hop.failed.reason)), None)
    others = {"trust": "read", "chain": "read", "name": "elsewhere", "refused": "filter", "plain": "front"}
    kind = others.get(found.kind) if found is not None else None
    if kind is not None and found is not None and found.reached and _is_of_others(hop):
        own = kind == "read" and "unknown authority" in hop.failed.reason  # Go's words; mitmproxy brings CAs of its own
        return next(one for one in FAILURES if one.kind == ("roots" if own else kind))
    return found


def _is_of_others(hop: Hop) -> bool:
    """Whether a host is one that others run, with a public CA's certificate: a registry, or the storage that it points to."""
    sent_by_one = hop.follows is not None and known_registry(hop.follows.host) is not None
    return known_registry(hop.host) is not None or (sent_by_one and not is_local(hop.host))


def homes(case: Case, hop: Hop) -> set[str]:
    """The other hosts that sent the client there for a token."""
    return case.challengers.get(bare(hop.request.url), set()) - {hop.host} if hop.step.is_token else set()


def told(case: Case, found: Failure, hops: list[Hop]) -> tuple[str, str]:
    """What happened to these requests, which failed in one way, and what to do."""
    url, hop, hosts, client = split(hops[0].request.url), hops[0], listed(one.host for one in hops), case.client
    before, named, address = hop.follows, homes(case, hop), address_in(hop)
    logged = lacking(hop.request, "proxy")
    by = f", which {listed(sorted(named))} names for tokens," if named else led_to(hop)
    at = case.pull.registry if by else registry_name(hop.host)  # what is set for a registry covers what is behind it
    if hop.step.is_foreign and hop.step.route.digest:
        by = f", which the manifest names for {hop.step.route.digest.short},"
    who, hosted = client if logged else "mitmproxy", known_registry(hop.host) is not None
    plain = by_plain_http(at, case.pull.client, hop.mirror_of)
    trust = how_to_trust(at, case.pull.client, home=hop.mirror_of)
    if logged and case.family == UNKNOWN:
        trust = trust_by_words(hop.failed.reason if hop.failed is not None else "", trust)
        if hop.mirror_of is not None:  # ?ns= is of containerd and BuildKit: siderolabs/talos#13013
            trust = how_to_trust(at, Client(family="containerd"), home=hop.mirror_of)
    trust = trust_for_another(hop.agent, at) or trust
    if named:
        plain = f"write http:// in the realm of {min(named)} (now {bare(hop.request.url)})"
    elif by and before is not None:
        plain = f"correct where {before.host} redirects to: http://{hop.host}"
    why = hop.failed.reason.strip().removesuffix(".") if hop.failed is not None else ""
    machine = "the machine that this log is from" if logged and not lacking(hop.request, HERE) else "this machine"
    others = _is_of_others(hop) or any(known_registry(home) is not None for home in homes(case, hop))
    fields = {
        "who": who,
        "client": client,
        "hosts": hosts,
        "what": f"{hosts}{by}",
        "plain": plain,
        "secure": by_tls_only(at, case.pull.client, hop.mirror_of),
        "trust": trust
        if logged
        else f"let mitmproxy trust that CA (--set ssl_verify_upstream_trusted_ca=FILE); without mitmproxy, {trust}",
        "renew": "" if others else f"renew the certificate of {hosts}, ",
        # apptainer/apptainer#1780
        "between": f"; if both are right, openssl s_client -connect {hop.host}{'' if url.port else ':443'} </dev/null tells who "
        "made it: a proxy or filter between, as a rule"
        if others
        else "",
        "machine": machine,
        "port": f"{hop.host}{'' if url.port else ':443'}",
        "through": "" if logged else " (mitmproxy: --set client_certs=FILE)",
        "old": "" if logged else ", or let mitmproxy go lower: --set tls_version_server_min=TLS1",
        # Kubernetes gives names of Services to pods: kubernetes/kubernetes#128057, k3s-io/k3s#1581, canonical/microk8s#390
        "name": ""
        if hosted or _is_of_others(hop)
        else f"name an address of the node and the NodePort that kubectl get service {hop.host.partition('.')[0]} -n "
        f"{hop.host.partition(':')[0].split('.')[1]} shows, for {client} runs on the node, which knows no names of Services; or "
        if is_service(hop.host) and case.family in DAEMONS
        else f"correct {f'where {before.host} redirects to' if by and before else f'the name {hosts}'}, or ",
        "bare": hop.host.partition(":")[0],
        "address": address or hop.host,
        # canonical/microk8s#4586, containerd/nerdctl#775, goharbor/harbor#2273, #9945, #10265, docker/cli#7200
        "runs": f"allow {hosts} in the firewall that refuses it, or correct the address that dig +short {hop.host} tells"
        if hosted
        else f"start the server at {hosts}, or correct the port"
        + (
            f" (443, as none is named; for plain http, {plain})"
            if (url.scheme, url.port, by) == ("https", None, "")
            else ""
        )
        + f": ss -ltn there shows what listens, and if that does, a firewall refuses {machine}",
        "ask": f"{'https' if hosted else url.scheme}://{hop.host}/v2/",
        "proxy": proxy_setting(case.pull.client),
        "caches": cache_setting(case.pull.client, hop.mirror_of or registry_name(hop.host)),
        # docker/for-mac#2922: a proxy out knows no names of the network that it leads out of
        "past": "" if hosted else f"{past_the_proxy(hosts, case.pull.client)}, if it is of this network; else ",
        # kubernetes/minikube#6012, #11505, polyaxon/polyaxon-charts#57
        "itself": f"build or load the image as the user who runs {client}, if it is one of this machine's, before whose names "
        "localhost/ stands (podman images lists them; sudo has others); else "
        if hop.host == "localhost" and case.family in CONTAINERS_IMAGE  # osbuild/bootc-image-builder#637
        # docker/buildx#94, #218, basecamp/kamal#1287
        else "create the builder in the network of its host, as its container is another machine (docker buildx create --use "
        "--driver-opt network=host), or "
        if is_loopback(hop.host) and case.family == "buildkit"
        else f"name the registry's address on any other machine, in a VM, rootless (there {hop.host} is that machine itself); "
        if is_loopback(hop.host) and hop.mirror_of is None
        else "",
        # docker/desktop-feedback#172, moby/moby#34138, docker/for-win#4043
        "played": OUT.format(f"name it for {client}" if logged else OF_MITMPROXY) if hosted else "",
    }
    # The clause on who named it ends with a comma, which no colon or bracket takes.
    message = f"{found.told.format(**fields)} ({why}).".replace(",: ", ": ").replace(", (", " (")
    if address is not None and is_loopback(address) and not is_local(hop.host) and found.far != "proxy":
        # A name that DNS or a hosts file blocks, or sends to a proxy that is not there.
        says = f"what DNS or the hosts file of {fields['machine']} says of {hosts}"
        return message, f"correct {says}: it leads to {address} there (getent hosts {fields['bare']})"
    if found.far == "name" and hop.host in _SCHEMES:
        return (
            message,
            f"leave {hop.host}:// out of the name of the image: {client} took {hop.host} for the registry's host",
        )
    fix = of_the_resolver(found.fix.format(**fields), why, host=fields["bare"], who=who)
    if (
        found.far == "name"
        and re.fullmatch(r"[a-z0-9_-]+", hop.host)
        and hop.route.repository
        and hop.mirror_of is None
    ):
        whole = f"docker.io/{hop.host}/{hop.route.repository}"  # operator-framework/operator-sdk#4830
        fix = (
            f"write {whole}, if it is of Docker Hub ({hop.host}, which stands first, was taken for a host); else {fix}"
        )
    if hop.agent == "knative":  # knative/serving#11809, #12446, #9090
        skipped = "registries-skipping-tag-resolving of the ConfigMap config-deployment of knative-serving"
        fix += f"; or let the nodes alone pull it: {registry_name(hop.host)} in {skipped}, whose controller asked here"
    fix = fix.replace("PROXY:PORT", out[1]) if (out := _PROXY.search(why)) else fix
    if hop.agent == "ctr" and found.far != "proxy":  # containerd/containerd#12550
        fix += "; a mirror in certs.d is asked by ctr with --hosts-dir /etc/containerd/certs.d alone"
    known = known_registry(hop.host) if found.kind == "timeout" else None
    if known is not None and (way := known.step("way")) is not None:
        fix = f"{fix}; {way}"
    if url.scheme == "http" and hosted and not by and found.far != "proxy":  # cri-o/cri-o#2723
        fix = f"{fields['secure']}: it answers by https; if it is so there too, {fix}"
    if found.far == "tcp" and found.kind in ("timeout", "route") and hop.agent == "amazon-ecs-agent":
        # deepfence/cloud-scanner, doctorray117/minecraft-ondemand#74, globaldothealth/list#2662
        fix = "give the task a way out: assignPublicIp=ENABLED in a public subnet, a NAT gateway in a private one, and 443 in "
        fix += "the outbound rules of its security group; for ECR alone VPC endpoints (ecr.api, ecr.dkr, logs, s3 as gateway)"
    if named and not found.reached and known_registry(hop.host) is None:  # sameersbn/docker-gitlab#754
        its, home = registry_at(case, min(named)), f"the realm of {min(named)}"
        own = f"correct {home} (auth.token.realm in distribution), now {bare(hop.request.url)}"
        if its is not None and "public" in its.steps:
            own = f"{own_address(case, min(named))}: {home} is {bare(hop.request.url)} now"
        fix = f"{own}; or {fix}"
    elif named and not found.reached and known_registry(min(named)) is None:
        # whyun-pages/docker-registry#4; ciiiii/cloudflare-docker-proxy rewrites the realm
        fix += f"; or let {min(named)} ask for tokens itself and name itself as realm, as other relays of {hop.host} do"
    return message, fix
