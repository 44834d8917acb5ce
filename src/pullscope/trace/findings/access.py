"""Getting into the traffic: certificates, hosts that cannot be reached, and what happens out of sight.

The advice on certificates is what was tried with dockerd 20.10.24 and 29.7.2 (docs/findings.md, ca-not-trusted).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.urls import split
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.case import CONTAINERS_IMAGE, Case, Found, client_left, listed
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.fixes import of_where_it_was_named
from pullscope.trace.findings.row import row
from pullscope.trace.model import Hop, Step
from pullscope.trace.source_gaps import lacking

# mitmproxy, Python's socket module and Go's (net.DNSError), where a server was never reached.
_UNREACHED = re.compile(
    r"name or service|no such host|nodename|getaddrinfo|name resolution|no address|connect call|connection refused"
    r"|unreachable|no answer within|no route|timed? ?out|certificate|tls|ssl|handshake",
    re.IGNORECASE,
)

_CERTIFICATE = re.compile(r"certificate", re.IGNORECASE)
_OTHER_NAME = re.compile(r"hostname mismatch|ip address mismatch|not valid for", re.IGNORECASE)
_OVER = re.compile(r"certificate has expired|not yet valid", re.IGNORECASE)
"""OpenSSL's words (X509_verify_cert_error_string); k3s-io/k3s#2429 is of the first."""
_NO_NAME = re.compile(r"name or service|nodename|getaddrinfo|name resolution|no address", re.IGNORECASE)


@row(
    "plain-http-fallback",
    needs=Fact.CLEAR,
    explains="retried upstream-unreachable",
    severities="warning",
    suffers="clients that may talk to the host without TLS",
    remedy="take the host out of what is allowed to be insecure",
)
def plain_http_fallback(case: Case) -> Iterator[Found]:
    """After a failed handshake the same client asks the same host over http.

    Run with skopeo 1.9.3 and `--tls-verify=false`, on the fault (`skopeo-1.9-plain-http`) and on a host that really speaks
    no TLS (containers/image docker_client.go detectProperties). dockerd falls back for hosts that are insecure in its
    settings, in both stores (moby registry/service_v2.go, daemon/hosts.go), but not behind a proxy that it trusts: it takes
    the proxy's 502 for the host's answer, and what is told is `upstream-unreachable` (run with 20.10.24).
    """
    broken = set(case.refused)
    steps: dict[str, list[Step]] = {}
    for hop in case.hops:
        if hop.request.url.startswith("https:"):
            if hop.failed is not None and hop.response is None:
                broken.add(hop.host)
        elif _name(hop.host) in {_name(host) for host in broken} and hop.follows is None:
            steps.setdefault(hop.host, []).append(hop.step)
    for host, shown in steps.items():
        yield Found(
            shown,
            f"{case.client} could not speak TLS with {host} and asked it again over plain http: {host} is insecure in its "
            "settings, and anyone on the network path can read the tokens and change the image.",
            f"{_insist_on_tls(host, case.client)}, and give it a certificate that {case.client} trusts",
            severity=Severity.WARNING,
        )


def _insist_on_tls(host: str, client: str) -> str:
    if client in CONTAINERS_IMAGE:
        return f"leave out --tls-verify=false, or insecure=true in registries.conf, for {host}"
    return f"take {host} out of insecure-registries"


@row(
    "upstream-unreachable",
    needs=Fact.TROUBLE,
    explains="cdn-failed redirect-downgrade size-mismatch token-server-failed",
    remedy="check the host; play one that does not exist yet",
)
def upstream_unreachable(case: Case) -> Iterator[Found]:
    """Mitmproxy found no name, no connection or no TLS for a host.

    The reasons are those of mitmproxy's connection errors and Python's socket module. mitmproxy must connect lazily, or
    the host is refused at CONNECT already (mitmproxy proxy/layers/http/__init__.py); the addon sees to that.
    """
    lost = [hop for hop in case.hops if _unreached(hop)]
    if not lost:
        return
    hosts = listed(hop.host for hop in lost)
    steps = [hop.step for hop in lost]
    reason = lost[0].failed.reason if lost[0].failed else ""
    if lacking(lost[0].request, "proxy"):
        yield Found(
            steps,
            f"{case.client} could not reach {hosts}{_sent_by(lost[0])}: {reason}.".replace("..", "."),
            f"check {hosts} from the machine that this log is from: its name, its port, its certificate, a proxy on the way",
        )
    yield Found(
        steps,
        f"mitmproxy could not reach {hosts}{_sent_by(lost[0])}: {reason}.".replace("..", "."),
        of_where_it_was_named(Answer(case, lost[0].step)) or _how_to_reach(reason, hosts),
    )


def _sent_by(hop: Hop) -> str:
    before = hop.follows
    return f", to which {before.host} redirects" if before is not None and before.host != hop.host else ""


def _how_to_reach(reason: str, hosts: str) -> str:
    if _OTHER_NAME.search(reason):
        return (
            f"give {hosts} a certificate for that name: what answers there shows one for another, as an ingress or a shared "
            "server does for names that it does not know"
        )
    if _OVER.search(reason):
        return f"renew the certificate of {hosts}, and check the clock of this machine"
    if _CERTIFICATE.search(reason):
        return f"let mitmproxy trust the CA of {hosts}: --set ssl_verify_upstream_trusted_ca=FILE"
    if _NO_NAME.search(reason):
        return (
            f"check {hosts} from this machine; a host that does not exist yet can be played: "
            "mitmdump -s addons/vanity_registry.py, or -s addons/sample_registry.py for Docker Hub"
        )
    return f"check {hosts} from this machine: its port, a firewall, a proxy that must be used"


def _unreached(hop: Hop) -> bool:
    if hop.failed is None or hop.response is not None:
        return False
    return bool(_UNREACHED.search(hop.failed.reason)) and not client_left(hop)


@row(
    "token-request-elsewhere",
    needs=Fact.CREDENTIAL,
    severities="info",
    suffers="none; the trace is what lacks something",
    remedy="BUILDKIT_NO_CLIENT_TOKEN=1, or trace the client too",
)
def token_request_elsewhere(case: Case) -> Iterator[Found]:
    """A challenge, then a token that was never seen being issued.

    BuildKit asks the token server from the client's process, also anonymously (buildkit
    session/auth/authprovider/authprovider.go; docs/buildkitd.toml.md). Read, not run; run was skopeo 1.9.3 with a token
    server that the proxy leaves alone (`--ignore`): `skopeo-1.9-unseen-token`. Played to a real client, the fault is a
    registry that takes any token. Tokens are compared by a salted fingerprint and are nowhere.
    """
    challenged = {hop.host for hop in case.hops if hop.status == 401 and hop.challenges}
    carriers = [
        hop
        for hop in case.hops
        if hop.request.authorization == "bearer"
        and hop.request.credential is not None
        and hop.host in challenged
        and hop.request.credential not in case.issued
    ]
    if not carriers:
        return
    why = "another process asks for it, it goes past this proxy, or it was asked for before this trace began"
    fix = "begin the trace before the client, and leave no host out of it (NO_PROXY, --ignore)"
    if case.pull.client.family == "buildkit":
        why = "BuildKit asks for tokens from the client's process (docker, buildx)"
        fix = "set BUILDKIT_NO_CLIENT_TOKEN=1 for the client, or trace the client's process too"
    yield Found(
        (hop.step for hop in carriers),
        f"{case.client} uses a token at {carriers[0].host} and the request for it was not seen: {why}.",
        fix,
        severity=Severity.INFO,
    )


@row(
    "host-not-traced",
    needs=Fact.REDIRECT,
    severities="info",
    suffers="none; the trace is what lacks something",
    remedy="--only with that host too",
)
def host_not_traced(case: Case) -> Iterator[Found]:
    """Redirects to a host of which nothing was seen, by a client that went on.

    Registries keep blobs on hosts of another domain, so `--only docker.io` decrypts a pull up to the redirects of its blobs
    and relays the rest unread (shown with the recording `dockerd-20.10-hub` without the flows of its storage). Whoever asks
    for another thing after a redirect has got what it led to; whoever stops there, or asks for the same again, has not, and
    that step is a failure. In a flow file a client that refused the proxy's certificate for the storage looks the same, for
    mitmproxy saves no flow of that; live it is `ca-not-trusted`, and the step a failure.
    """
    by_choice = case.pull.unread.bytes  # `--blobs relay`, which the closing line says
    sent_on = [step for step in case.steps if step.sent_on_to is not None and step.sent_on_to not in by_choice]
    if not sent_on:
        return
    hosts = listed(step.sent_on_to or "" for step in sent_on)
    yield Found(
        sent_on,
        f"{sent_on[0].last.host} redirected {case.client} to {hosts}, which is not traced: what came from there is "
        "neither counted nor verified.",
        f"add {hosts} to --only, or leave it out of --ignore and NO_PROXY",
        severity=Severity.INFO,
    )


def _name(host: str) -> str:
    return split(f"//{host}").host or host
