"""What is told of a connection that failed (`connection_failures`): of which hosts, by whose settings, and with what between."""

from __future__ import annotations

import re

from pullscope.oci.agents import CONTAINERS_IMAGE, DAEMONS, UNKNOWN, Client
from pullscope.oci.known_registries import known_registry
from pullscope.oci.reference import registry_name
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
from pullscope.trace.findings.connection_failures import FAILURES, Failure
from pullscope.trace.findings.login_commands import own_address, registry_at
from pullscope.trace.findings.resolvers import of_the_resolver
from pullscope.trace.findings.said import led_to
from pullscope.trace.model import Hop
from pullscope.trace.source_gaps import HERE, lacking

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
