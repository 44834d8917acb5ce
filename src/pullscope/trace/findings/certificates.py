"""Clients that do not trust the proxy: what their refusal means, and how each is taught."""

from __future__ import annotations

import re

from pullscope.oci.agents import Client
from pullscope.oci.whereabouts import is_loopback
from pullscope.trace.findings.client_settings import how_to_trust
from pullscope.trace.findings.finding import Finding
from pullscope.trace.findings.row import Case, Severity, row

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
