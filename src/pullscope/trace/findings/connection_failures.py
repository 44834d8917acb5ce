"""How a connection failed, by the words for it: how far it came, what that means, and what to do. Of the rows that fit the first
decides.

The words are those of mitmproxy 11.0.2 and 12.3.1, run against a server of each kind (proxy/layers/tls.py, OpenSSL's
X509_verify_cert_error_string, Python's sockets), and those of clients' logs: Go's net, net/http, crypto/tls and x509, curl.
What was reached and gave no answer (`server closed connection`, `EOF`) is no row: that is told of the request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pullscope.oci.text_table import heads

TABLE = r"""
# AppArmor, an unprivileged LXC: podman-container-tools/podman#22500, docker/for-linux#413, IBM/actionspz#63 (by its path)
tcp forbidden: socket: (?:permission denied|operation not permitted)
    {who} could not reach {what}: the system that it runs on lets it open no connection at all
    let {who} use the network there: dmesg or journalctl -k names the AppArmor profile or SELinux rule that refuses it (a
    container of LXC may need nesting, or another profile); pullscope and curl may well be let through
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
