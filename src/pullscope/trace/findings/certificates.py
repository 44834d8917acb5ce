"""TLS: clients that do not trust the proxy, and how each is taught; plain http on a port with TLS."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.agents import Client
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import host_of, split
from pullscope.oci.whereabouts import is_loopback
from pullscope.trace.findings.client_settings import by_tls_only, how_to_trust
from pullscope.trace.findings.connection_failures import Failure
from pullscope.trace.findings.connections import failure, told
from pullscope.trace.findings.finding import Finding
from pullscope.trace.findings.login_commands import own_address
from pullscope.trace.findings.row import Case, Found, Severity, row
from pullscope.trace.findings.said import answered_by, quoted
from pullscope.trace.findings.storage_steps import of_redirects
from pullscope.trace.model import Hop
from pullscope.trace.source_gaps import lacking

MITMPROXYS = "~/.mitmproxy/mitmproxy-ca-cert.pem"


# What mitmproxy says of a handshake that the client ended (proxy/layers/tls.py), and OpenSSL's names of TLS alerts.
_DISTRUST = re.compile(r"trust|unknown ca|certificate", re.IGNORECASE)


# mitmproxy's words where the client only went away in the middle of the handshake: it may have had a connection to spare.
_WENT_AWAY = re.compile(r"disconnected during the handshake", re.IGNORECASE)


def only_went_away(reason: str) -> bool:
    """Whether a handshake ended without a word on the certificate."""
    return bool(_WENT_AWAY.search(reason))


def refusal(host: str, reason: str, client: Client | None = None) -> Finding | None:
    """What it means that a client ended a TLS handshake with the proxy; None where it was not about the certificate."""
    if not _DISTRUST.search(reason):
        return None
    if not host or is_loopback(host):
        # No name and no CONNECT before: it was the proxy that was meant. So it was for a loopback address, for which Go
        # never uses a proxy (golang.org/x/net/http/httpproxy useProxy).
        return Finding(
            code="proxy-ca-not-trusted",
            severity=Severity.ERROR,
            message="A client wants TLS with the proxy itself and does not trust its certificate: the proxy's URL begins "
            "with https://.",
            fix="write http:// in HTTPS_PROXY: the scheme says how to reach the proxy, not what goes through it",
        )
    who = client.family if client is not None and client.family != "unknown" else "A client"
    return Finding(
        code="ca-not-trusted",
        severity=Severity.ERROR,
        message=f"{who} refused mitmproxy's certificate for {host}, so nothing of that conversation can be seen and "
        "the pull fails there.",
        fix=how_to_trust(host, client, MITMPROXYS),
    )


@row(
    found_elsewhere=True,
    suffers="all that do not trust the CA",
    remedy="let this client trust the CA for this host",
    recording="recordings/dockerd-20.10-untrusted-ca.jsonl",
)
def ca_not_trusted(_: Case) -> None:
    """A client ends the TLS handshake with the proxy because of its certificate.

    Tried with dockerd 20.10.24 and 29.7.2 in both stores, on an address that is not loopback. For Docker Hub the classic
    store reads neither `insecure-registries` nor `certs.d` (moby registry/service_v2.go gives the official endpoint
    `ServerDefault()`, the same in 20.10, 23, 24, 26, 28 and 29); docker 29's containerd store reads `certs.d/docker.io`,
    not `certs.d/registry-1.docker.io` (daemon/hosts.go). For any other host `certs.d/HOST/ca.crt` works in all of them
    without a restart and covers every hop behind it. `SSL_CERT_DIR` in dockerd's environment works everywhere on Linux
    (golang/go crypto/x509/root_unix.go). containers/image reads `docker.io` for Hub (docker_client.go). The client behind
    a refused handshake is not named by TLS; it is the one that pulled from the same address before, if there was one.
    Users who met it: moby#20912, #36820, #23356; `insecure-registries` for Hub: moby#12869.
    """


@row(
    found_elsewhere=True,
    suffers="all with such a proxy URL",
    remedy="write `http://` in HTTPS_PROXY",
    recording="recordings/dockerd-20.10-https-proxy.jsonl",
)
def proxy_ca_not_trusted(_: Case) -> None:
    """TLS that is refused before any host was named, or for a loopback address.

    A proxy URL that begins with `https://` means TLS with the proxy itself (mitmproxy addons/next_layer.py). For an address
    instead of a name Go sends no SNI, and there was no CONNECT before (run with dockerd 20.10.24 and
    `HTTPS_PROXY=https://127.0.0.1:8080`). Go sends no request for `localhost` or a loopback address through a
    proxy (golang.org/x/net http/httpproxy, useProxy), so a handshake for such a name was meant for the proxy. A proxy with
    another name is told as `ca-not-trusted`. Users who met it: docker/for-linux#415, #620.
    """


# Go's net/http, nginx, Tomcat: sameersbn/docker-gitlab#1881, google/go-containerregistry#1405
_WANTS_TLS = re.compile(
    r"HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port|combination of host and port requires TLS",
    re.IGNORECASE,
)


@row(
    explains="cdn-failed mirror-failed redirect-downgrade request-failed token-server-failed "
    "token-server-insecure upload-location-elsewhere upload-refused",
    remedy="ask that port over https",
)
def plain_http_to_tls(case: Case) -> Iterator[Found]:
    """400 to plain http on a port that speaks TLS: by the words of the answer, its lack of headers, or the port's number.

    A registry behind a proxy names its own address with the port that it was asked at and the wrong scheme: goharbor/harbor#17496
    (uploads), sonatype/nexus-public#435 (tokens). go-containerregistry asks private addresses so after https has failed
    (google/go-containerregistry#1405), and docker a host in insecure-registries. Over https such words are of what stands in
    front and hands on in plain http: sameersbn/docker-gitlab#1881. To HEAD there are no words; servers in Go, which write no
    header into this one answer (net/http server.go), are known by that: helm/helm#11092, #11683.
    """
    for hop in case.hops:
        url, host, client = split(hop.request.url), hop.host, case.client
        said_so = _WANTS_TLS.search(hop.said or "") is not None
        bare = hop.response is not None and not hop.response.headers and not lacking(hop.request, "headers")
        of_tls = said_so or (url.scheme == "http" and (bare or str(url.port or "").endswith("443")))
        if hop.status != 400 or hop.errors or not of_tls or hop.step in case.made_good:
            continue
        by = next((one for one in case.hops if url.scheme == "http" and ("http", host) in _named_by(one)), None)
        as_go = "answers without a header, as servers in Go do at a port with TLS"
        how = "speaks TLS there" if said_so else as_go if bare else "has the number of a port with TLS"
        why = f"{client} asked in plain http, and {host} {how}"
        if url.scheme != "http":
            why = f"what stands in front of {host} hands on in plain http, to a port that speaks TLS"
            ingress = (
                "kubectl annotate ingress NAME nginx.ingress.kubernetes.io/backend-protocol=HTTPS in ingress-nginx"
            )
            fix = f"let the proxy in front of {host} ask over https (proxy_pass https:// in nginx; {ingress})"
        elif by is None and (before := _without_trust(case, hop)) is not None:  # google/go-containerregistry#1064
            why += ", after TLS had failed"
            fix = told(case, *before)[1]
        elif by is None:
            else_ = f"if https does not work either, curl -v https://{host}/v2/ says why"
            fix = f"ask {host} over https: {by_tls_only(host, case.pull.client)}; {else_}"
        else:
            why += f"; {by.host} named http://{host}"
            fix = f"write https:// in what {by.host} names for it"
            if split(f"//{by.host}").host == url.host:
                fix = own_address(case, by.host, "http.host" if by.location else "auth.token.realm")
            elif hop.step.route.endpoint is Endpoint.BLOB:
                serve = f"let it serve blobs itself ({of_redirects(case, by.host)})"
                settings = f"the settings of {by.host} (secure and regionendpoint in distribution)"
                fix = f"name https://{host} in {settings}, or {serve}"
        asked = f"{hop.request.method} of {hop.request.url.partition('?')[0]}"
        message = f"{answered_by(hop)} said 400{quoted(hop)} to {asked}: {why}."
        yield Found([*([by.step] if by is not None else []), hop.step], message, fix)


def _without_trust(case: Case, hop: Hop) -> tuple[Failure, list[Hop]] | None:
    """How TLS with the same host failed before, where that was reached: what a client then asks in plain http follows from it."""
    tries = [
        one for one in case.hops if one.host == hop.host and one.request.url[:6] == "https:" and one.response is None
    ]
    found = failure(tries[0]) if tries else None
    return (found, tries[:1]) if found is not None and found.far == "tls" else None


def _named_by(hop: Hop) -> set[tuple[str, str]]:
    """Scheme and host of each address that an answer names: its Location, its realms."""
    urls = (hop.location, *(one.realm for one in hop.challenges))
    return {(split(url).scheme, host_of(url)) for url in urls if url}
