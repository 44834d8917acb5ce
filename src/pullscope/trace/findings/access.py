"""Getting into the traffic: certificates, hosts that cannot be reached, and what happens out of sight.

The advice on certificates is what was tried with dockerd 20.10.24 and 29.7.2 (docs/findings.md, ca-not-trusted).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from pullscope.oci.agents import Client
from pullscope.trace.findings.case import CONTAINERS_IMAGE, Case, found, listed
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.model import Hop, Step

DOCKER_HUB = ("docker.io", "docker.com")
"""Domains of Docker Hub's own hosts: the only ones for which dockerd's settings go by another name than the host's."""

# What mitmproxy says of a handshake that the client ended (proxy/layers/tls.py), and OpenSSL's names of TLS alerts.
_DISTRUST = re.compile(r"trust|unknown ca|certificate", re.IGNORECASE)
# mitmproxy and Python's socket module, where a server was never reached.
_UNREACHED = re.compile(
    r"name or service|nodename|getaddrinfo|name resolution|no address|connect call|connection refused|unreachable"
    r"|no route|timed? ?out|certificate|tls|ssl|handshake",
    re.IGNORECASE,
)
_CLIENT_LEFT = re.compile(r"client (?:disconnected|closed)|connection killed|cancel", re.IGNORECASE)


def refusal(host: str, reason: str, client: Client | None = None) -> Finding | None:
    """What it means that somebody ended a TLS handshake with the proxy; None where it was not about the certificate."""
    if not _DISTRUST.search(reason):
        return None
    if not host or _is_loopback(host):
        # No name and no CONNECT before: it was the proxy that was meant. So it was for a loopback address, for which Go
        # never uses a proxy (golang.org/x/net/http/httpproxy useProxy).
        return Finding(
            code="proxy-ca-not-trusted",
            severity=Severity.ERROR,
            message="A client wants TLS with the proxy itself and does not trust its certificate: the proxy's URL begins "
            "with https://.",
            fix="write http:// in HTTPS_PROXY: it names how to reach the proxy, not what goes through it",
        )
    who = client.family if client is not None and client.family != "unknown" else "A client"
    return Finding(
        code="ca-not-trusted",
        severity=Severity.ERROR,
        message=f"{who} refused mitmproxy's certificate for {host}, so nothing of that conversation can be seen and "
        "the pull fails there.",
        fix=_how_to_trust(host, client),
    )


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if host.count(":") == 1 else host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _how_to_trust(host: str, client: Client | None) -> str:
    family = client.family if client is not None else "unknown"
    hub = host.endswith(DOCKER_HUB)
    if family in CONTAINERS_IMAGE:
        name = "docker.io" if hub else host
        return f"copy ~/.mitmproxy/mitmproxy-ca-cert.pem to /etc/containers/certs.d/{name}/ca.crt"
    environment = (
        "set SSL_CERT_DIR in dockerd's environment to a directory with mitmproxy's CA and restart it "
        "(pullscope docker on does both)"
    )
    if family not in ("docker", "unknown"):
        return f"trust ~/.mitmproxy/mitmproxy-ca-cert.pem where {family} runs: SSL_CERT_FILE, or the system's CA store"
    if not hub:
        return (
            f"copy ~/.mitmproxy/mitmproxy-ca-cert.pem to /etc/docker/certs.d/{host}/ca.crt (the host as it is written in "
            f"the reference; no restart), or {environment}"
        )
    store = client.store if client is not None else None
    if store == "graphdriver":
        return f"{environment}; for Docker Hub the classic store reads neither insecure-registries nor certs.d"
    if store == "containerd":
        return (
            f"copy ~/.mitmproxy/mitmproxy-ca-cert.pem to /etc/docker/certs.d/docker.io/ca.crt (not {host}), or "
            f"{environment}"
        )
    return (
        f"{environment}. For Docker Hub, insecure-registries and certs.d do not help on the classic store; docker 29's "
        "containerd store reads /etc/docker/certs.d/docker.io/ca.crt"
    )


def plain_http_fallback(case: Case) -> Iterator[Finding]:
    """After a failed TLS handshake the same host is asked in the clear: to the client, it is insecure."""
    broken = set(case.refused)
    steps: dict[str, list[Step]] = {}
    for hop in case.hops:
        if hop.request.url.startswith("https:"):
            if hop.failed is not None and hop.response is None:
                broken.add(hop.host)
        elif _name(hop.host) in {_name(host) for host in broken} and hop.follows is None:
            steps.setdefault(hop.host, []).append(hop.step)
    for host, shown in steps.items():
        yield found(
            "plain-http-fallback",
            Severity.WARNING,
            shown,
            f"{case.client} could not speak TLS with {host} and asked it again over plain http: {host} is insecure in its "
            "settings, and whoever is on the way can read the tokens and change the image.",
            f"{_insist_on_tls(host, case.client)}, and give it a certificate that {case.client} trusts",
        )
        return


def _insist_on_tls(host: str, client: str) -> str:
    if client in CONTAINERS_IMAGE:
        return f"leave out --tls-verify=false, or insecure=true in registries.conf, for {host}"
    return f"take {host} out of insecure-registries"


def upstream_unreachable(case: Case) -> Iterator[Finding]:
    """A hop that ended without an answer, for want of a name, a connection or TLS on the server's side."""
    lost = [hop for hop in case.hops if _unreached(hop)]
    if not lost:
        return
    hosts = listed(hop.host for hop in lost)
    steps = [hop.step for hop in lost]
    yield found(
        "upstream-unreachable",
        case.severity(*steps),
        steps,
        f"mitmproxy could not reach {hosts}: {lost[0].failed.reason if lost[0].failed else ''}.".replace("..", "."),
        f"check {hosts} from this machine; a host that does not exist yet can be played: "
        "mitmdump -s addons/vanity_registry.py, or -s addons/sample_registry.py for Docker Hub",
    )


def _unreached(hop: Hop) -> bool:
    if hop.failed is None or hop.response is not None:
        return False
    return bool(_UNREACHED.search(hop.failed.reason)) and not _CLIENT_LEFT.search(hop.failed.reason)


def token_request_elsewhere(case: Case) -> Iterator[Finding]:
    """A token that nobody was seen to issue answers a challenge that was seen."""
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
    yield found(
        "token-request-elsewhere",
        Severity.INFO,
        (hop.step for hop in carriers),
        f"{case.client} uses a token at {carriers[0].host} that was not seen being issued: {why}.",
        fix,
    )


def host_not_traced(case: Case) -> Iterator[Finding]:
    """Redirects to a host of which nothing was seen, by a client that went on all the same."""
    sent_on = [step for step in case.steps if step.sent_on_to is not None]
    if not sent_on:
        return
    hosts = listed(step.sent_on_to or "" for step in sent_on)
    yield found(
        "host-not-traced",
        Severity.INFO,
        sent_on,
        f"{sent_on[0].last.host} sent {case.client} on to {hosts}, and nothing was seen of that: what came from there is "
        "neither counted nor verified.",
        f"add {hosts} to --only, or leave it out of --ignore and NO_PROXY",
    )


def _name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or host
