"""Getting into the traffic: certificates, hosts that cannot be reached, and what happens out of sight.

The advice on certificates is what was tried with dockerd 20.10.24 and 29.7.2 (docs/findings.md, ca-not-trusted).
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.urls import bare, split
from pullscope.oci.whereabouts import is_loopback
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.case import listed, name_of
from pullscope.trace.findings.client_settings import by_tls_only
from pullscope.trace.findings.compared import realm_lost
from pullscope.trace.findings.connections import failure, told
from pullscope.trace.findings.login_commands import own_address
from pullscope.trace.findings.paths import of_a_path_twice
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import filtering
from pullscope.trace.findings.storage_steps import of_where_it_was_named
from pullscope.trace.model import Hop, Outcome, Step
from pullscope.trace.settle import tokens_read_early


@row(
    needs=Fact.CLEAR,
    explains="retried",
    severities="warning, info",
    suffers="clients that may talk to the host without TLS",
    remedy="take the host off the client's list of insecure registries",
)
def plain_http_fallback(case: Case) -> Iterator[Found]:
    """After a failed handshake the same client asks the same host over http.

    Run with skopeo 1.9.3 and `--tls-verify=false`, on the fault (`skopeo-1.9-plain-http`) and on a host that really speaks
    no TLS (containers/image docker_client.go detectProperties). dockerd falls back for hosts that are insecure in its
    settings, in both stores (moby registry/service_v2.go, daemon/hosts.go), but not behind a proxy that it trusts: it takes
    the proxy's 502 for the host's answer, and what is told is `upstream-unreachable` (run with 20.10.24).
    """
    broken = set(case.refused)
    # What a proxy on the way says by plain http is no answer of the host (docker/for-linux#744)
    by_proxy = {hop.host for hop in case.hops if filtering(hop) is not None or _lost_at_its_proxy(hop)}
    steps: dict[str, list[Step]] = {}
    for hop in case.hops:
        if hop.request.url.startswith("https:"):
            if hop.failed is not None and hop.response is None:
                broken.add(hop.host)
        elif hop.response and hop.follows is None and _name(hop.host) in {_name(host) for host in broken - by_proxy}:
            steps.setdefault(hop.host, []).append(hop.step)
    for host, shown in steps.items():
        if is_loopback(host):  # as is usual there: podman-container-tools/container-libs#209
            yield Found(
                shown,
                f"{case.client} could not speak TLS with {host} and asked it again over plain http, which stays on this machine.",
                "none needed, if it is meant so",
                severity=Severity.INFO,
            )
            continue
        yield Found(
            shown,
            f"{case.client} could not speak TLS with {host} and asked it again over plain http: {host} is insecure in its "
            "settings, and anyone on the network path can read the tokens and change the image.",
            f"{by_tls_only(host, case.pull.client)}, and give it a certificate that {case.client} trusts",
            severity=Severity.WARNING,
        )


def _lost_at_its_proxy(hop: Hop) -> bool:
    found = failure(hop)
    return found is not None and found.far == "proxy"


@row(
    explains="redirect-downgrade",
    remedy="check the host's name, DNS and port",
)
def upstream_unreachable(case: Case) -> Iterator[Found]:
    """There is no name, no connection or no TLS for a host.

    How far it came is told by the words for it (`findings/connections.py`), which are those of mitmproxy 11.0.2 and 12.3.1, run
    against a server of each kind, and of clients' own logs: mkuchin/docker-registry-web#107 and tilt-dev/tilt#6498 speak plain
    http where TLS is asked for. mitmproxy must connect lazily, or the host is refused at CONNECT already (mitmproxy
    proxy/layers/http/__init__.py); the addon sees to that.
    """
    # What says no more than that by plain http it is no registry leaves TLS as the cause: aquasecurity/trivy-operator#2843
    clear = (hop for hop in case.hops if hop.response and hop.request.url.startswith("http:"))
    in_the_clear = {_name(hop.host) for hop in clear if hop.ok or hop.is_registrys or hop.challenges}
    failed = (hop for hop in case.hops if failure(hop) is not None)
    lost = [hop for hop in failed if _name(hop.host) not in in_the_clear or _realm_by_tls(case, hop)]
    first = next((hop for hop in lost if hop.step in case.bad), lost[0] if lost else None)
    found = failure(first) if first is not None else None
    if first is None or found is None:
        return
    alike = [hop for hop in lost if failure(hop) is found and (not found.reached or hop.host == first.host)]
    message, fix = told(case, found, alike)
    if _realm_by_tls(case, first):
        message += f" The realm says {bare(first.request.url)}, and the registry was asked at http://{first.host}."
        yield Found((hop.step for hop in lost), message, f"{own_address(case, first.host)}, or put TLS there")
        return
    own = realm_lost(case, first) if first.step.is_token else None
    message += f" {own[1]}" if own is not None else ""
    # A closed network, and a mirror that lacks something: rancher/rke2#6447
    missed = (
        one for one in case.steps if one.place == first.step.place and one.first.mirror_of and one.last.status == 404
    )
    if (lacks := next(missed, None)) is not None and first.follows is None:
        put = f"put {name_of(lacks)} into the mirror {lacks.first.host}, or correct the name by which it is asked"
        # project-zot/zot#4352, projectbluefin/lab#596
        put += "; where it fetches by itself, read its log, as a cache may say 404 to what it could not get"
        fix = f"{of_a_path_twice(Answer(case, lacks)) or put}; else {fix}"
    yield Found((hop.step for hop in lost), message, of_where_it_was_named(Answer(case, first.step)) or fix)


def _realm_by_tls(case: Case, hop: Hop) -> bool:
    """Whether a registry with plain http names itself with https for tokens: rancher/rke2#4332 (Harbor)."""
    found, named = failure(hop), bare(hop.request.url)
    if found is None or found.kind != "plain" or not hop.step.is_token:
        return False
    itself = (
        asked.host
        for asked, one in case.challenges
        if bare(one.realm or "") == named and asked.request.url.startswith("http:")
    )
    return hop.host in itself


def _unread(hop: Hop) -> bool:
    return hop.finished is not None and hop.finished.document is None and hop.finished.issued is None


@row(
    needs=Fact.CREDENTIAL,
    severities="info",
    suffers="none; the trace is what lacks something",
    remedy="set BUILDKIT_NO_CLIENT_TOKEN=1, or trace the client too",
)
def token_request_elsewhere(case: Case) -> Iterator[Found]:
    """A challenge, then a token that was never seen being issued.

    BuildKit asks the token server from the client's process, also anonymously (buildkit
    session/auth/authprovider/authprovider.go; docs/buildkitd.toml.md). Read, not run; run was skopeo 1.9.3 with a token
    server that the proxy leaves alone (`--ignore`): `skopeo-1.9-unseen-token`. Played to a real client, the fault is a
    registry that takes any token. Tokens are compared by a salted fingerprint and are nowhere.
    """
    if any(step.is_token and step.last.ok and _unread(step.last) for step in case.steps):
        return  # a token came, and its answer was not kept: it may be this one (a browser's HAR without bodies)
    challenged = {hop.host for hop, _ in case.challenges}
    read_early = {number for step in case.steps if step.is_token for number in tokens_read_early(case.pull, step)}
    carriers = [
        hop
        for hop in case.hops
        if hop.request.authorization == "bearer"
        and hop.request.credential is not None
        and hop.host in challenged
        and hop.request.credential not in case.issued
        and hop.request.credential not in read_early
    ]
    if not carriers:
        return
    why = "another process asks for it, it goes past this proxy, or it was asked for before this trace began"
    fix = "begin the trace before the client, and leave no host out of it (NO_PROXY, --ignore)"
    if case.family == "buildkit":
        why = "BuildKit asks for tokens from the client's process (docker, buildx)"
        fix = "set BUILDKIT_NO_CLIENT_TOKEN=1 for the client, or trace the client's process too"
    yield Found(
        (hop.step for hop in carriers),
        f"{case.client} uses a token at {carriers[0].host} and the request for it was not seen: {why}.",
        fix,
    )


@row(
    needs=Fact.REDIRECT,
    severities="info",
    suffers="none; the trace is what lacks something",
    remedy="name that host with --only too",
)
def host_not_traced(case: Case) -> Iterator[Found]:
    """Redirects to a host of which nothing was seen.

    Registries keep blobs on hosts of another domain, so `--only docker.io` decrypts a pull up to the redirects of its blobs
    and relays the rest unread (shown with the recording `dockerd-20.10-hub` without the flows of its storage). A client
    that asks for another thing after a redirect has got what it led to; one that asks for the same again has not, and that
    step is a failure. Of one that asks for nothing more neither is known, as where a single blob is fetched. In a flow file a
    client that refused the proxy's certificate for the storage looks the same, because mitmproxy saves no flow of that; live
    it is `ca-not-trusted`, and the step a failure.
    """
    by_choice = case.pull.unread.bytes  # `--blobs relay`, which the closing line says
    sent_on = [step for step in case.steps if step.sent_on_to is not None and step.sent_on_to not in by_choice]
    unseen = [step for step in case.steps if case.over and step.outcome is Outcome.NOT_SEEN]
    unknown = [step for step in unseen if step.last.target not in (None, *case.pull.hosts)]
    for steps, what in (
        (sent_on, "which is not traced: what came from there is neither counted nor verified"),
        (unknown, "of which nothing was seen: whether it got there is not known"),
    ):
        if steps:
            hosts = listed(step.last.target or "" for step in steps)
            yield Found(
                steps,
                f"{steps[0].last.host} redirected {case.client} to {hosts}, {what}.",
                f"add {hosts} to --only, or leave it out of --ignore and NO_PROXY",
            )


def _name(host: str) -> str:
    return split(f"//{host}").host or host
