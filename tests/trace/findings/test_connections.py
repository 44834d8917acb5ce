"""How a connection failed is known by the words for it, and by nothing near them: mitmproxy's, and those of clients' logs."""

from __future__ import annotations

import pytest
from tests.trace.wire import DOCKER_20, Wire, played

from pullscope.trace.findings.connection_failures import FAILURES

# Seen with mitmproxy 11.0.2 and 12.3.1 at servers of each kind; then Go's, from public threads; then curl's.
SAID = {
    "forbidden": (
        "dial tcp: lookup registry-1.docker.io on 192.168.178.1:53: dial udp 192.168.178.1:53: socket: permission denied",
    ),
    "dns": (
        "[Errno -3] Temporary failure in name resolution",
        "dial tcp: lookup registry-1.docker.io on 127.0.0.53:53: server misbehaving",
        "dial tcp: lookup quay.io on 10.0.0.2:53: read udp 10.0.0.3:4711->10.0.0.2:53: i/o timeout",
    ),
    "unknown": (
        "[Errno -2] Name or service not known",
        "[Errno 8] nodename nor servname provided, or not known",
        "dial tcp: lookup reg.example.com on 10.0.0.2:53: no such host",
        "Could not resolve host: reg.example.com",
    ),
    "address": ('invalid proxy URL port "port"', 'invalid proxy address "::3128": missing protocol scheme'),
    "login": (
        "Upstream proxy 10.0.0.9:3128 refused HTTP CONNECT request: 407 Proxy Authentication Required",
        "CONNECT tunnel failed, response 407",
        "Proxy Authentication Required",
    ),
    "barred": (
        "Upstream proxy 10.0.0.9:3128 refused HTTP CONNECT request: 403 Forbidden",
        "CONNECT tunnel failed, response 403",
        "AuthorizedOnly",
        "Forbidden",
        "Tunnel or SSL Forbidden",
    ),
    "none": ("Bad Request", "Method Not Allowed", "HTTP/1.1 CONNECT tunnel failed, response 400"),
    "down": (
        "proxyconnect tcp: dial tcp 127.0.0.1:7890: connect: connection refused",
        "http: error connecting to proxy http://127.0.0.1:5384: dial tcp 127.0.0.1:5384: getsockopt: connection refused",
        "proxyconnect tcp: dial tcp [::1]:3128: connect: connection refused",
        "proxyconnect tcp: dial tcp :0: connect: connection refused",
        "writing response to quay.io:443: connecting to 127.0.0.1:1: dial tcp 127.0.0.1:1: connectex: actively refused it",
    ),
    "out": (
        "Upstream proxy 10.0.0.9:3128 refused HTTP CONNECT request: 502 Bad Gateway",
        "Error connecting to 10.0.0.9:3128: no answer",
        "proxyconnect tcp: dial tcp 10.0.0.9:3128: connect: connection refused",
        "Service Unavailable",
    ),
    "scheme": (
        "proxyconnect tcp: tls: first record does not look like a TLS handshake",
        "proxyconnect tcp: http: server gave HTTP response to HTTPS client",
    ),
    "appliance": ("x509: certificate is valid for FG3K6C3A00000000, not registry-1.docker.io",),
    "plain": (
        "The remote server does not speak TLS.",
        "OpenSSL Error([('SSL routines', '', 'packet length too long'), ('SSL routines', '', 'record layer failure')])",
        "OpenSSL Error([('SSL routines', '', 'wrong version number')])",
        "http: server gave HTTP response to HTTPS client",
        "tls: first record does not look like a TLS handshake",
    ),
    "name": (
        "Certificate verify failed: hostname mismatch",
        "Certificate verify failed: IP address mismatch",
        "x509: certificate is valid for ingress.local, not reg.example.com",
        "x509: cannot validate certificate for 10.0.0.7 because it doesn't contain any IP SANs",
        "tls: failed to verify certificate: x509: certificate is not valid for any names, but wanted to match reg.example.com",
    ),
    "early": (
        "Certificate verify failed: certificate is not yet valid or the system clock is incorrect",
        "x509: certificate has expired or is not yet valid: current time 2026-05-17T10:34:05Z is before 2026-07-08T01:10:17Z",
    ),
    "time": (
        "Certificate verify failed: certificate has expired",
        "x509: certificate has expired or is not yet valid: current time 2026-01-01T00:00:00Z is after 2025-01-01T00:00:00Z",
    ),
    "weak": (
        "x509: certificate relies on legacy Common Name field, use SANs instead",
        "Certificate verify failed: EE certificate key too weak",
        "x509: cannot verify signature: insecure algorithm SHA1-RSA",
        "tls: failed to parse certificate from server: x509: negative serial number",
    ),
    "tls": ('malformed HTTP response "\\x15\\x03\\x01\\x00\\x02\\x02"',),
    "chain": (
        "Certificate verify failed: unable to get local issuer certificate",
        "Certificate verify failed: unable to verify the first certificate",
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
    ),
    "trust": (
        "Certificate verify failed: self-signed certificate",
        "Certificate verify failed: self-signed certificate in certificate chain",
    ),
    "client": (
        "remote error: tls: certificate required",
        "remote error: tls: bad certificate",
        "tlsv1 alert unknown ca",
    ),
    "refused ": (
        "OpenSSL Error([('SSL routines', '', 'ssl/tls alert handshake failure')])",
        "OpenSSL Error([('SSL routines', '', 'tlsv1 alert internal error')])",
        "remote error: tls: handshake failure",
        "remote error: tls: access denied",
    ),
    "site": (
        "OpenSSL Error([('SSL routines', '', 'tlsv1 unrecognized name')])",
        "remote error: tls: unrecognized name",
    ),
    "version": (
        "The remote server and mitmproxy cannot agree on a TLS version to use. You may need to adjust mitmproxy's ...",
        "remote error: tls: protocol version not supported",
    ),
    "slow handshake": ("net/http: TLS handshake timeout", "TLS handshake timed out"),
    "ended": ("connection closed", "unexpected eof while reading"),
    "other": ("remote error: tls: decode error",),
    "refused": (
        "[Errno 111] Connect call failed ('127.0.0.1', 5000)",
        "Multiple exceptions: [Errno 111] Connect call failed ('::1', 5, 0, 0), [Errno 111] Connect call failed ('127.0.0.1', 5)",
        "dial tcp 127.0.0.1:5000: connect: connection refused",
    ),
    "timeout": (
        "[Errno 110] Connect call failed ('192.0.2.1', 443)",
        "dial tcp 192.0.2.1:443: i/o timeout",
        "context deadline exceeded",
        "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        "no answer within 10 s",
    ),
    "route six": (
        "[Errno 113] Connect call failed ('2001:db8::1', 443, 0, 0)",
        "dial tcp [2001:db8::1]:443: connect: network is unreachable",
    ),
    "route": (
        "[Errno 101] Network is unreachable",
        "dial tcp 10.0.0.7:443: connect: no route to host",
    ),
}
REACHED = (
    "server closed connection",
    "EOF",
    "read tcp 10.0.0.3:4711->10.0.0.7:443: read: connection reset by peer",
    "Cannot parse HTTP response: Bad HTTP response line: b'garbage'",
    "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
)


def told_of(reason: str, url: str = "https://reg.example.com/v2/") -> tuple[str, str]:
    """Message and fix of what is found where a request failed so."""
    wire = Wire(agent=DOCKER_20)
    wire.ask("GET", url, None, fails=reason)
    found = [one for pull in played(wire).pulls for one in pull.findings if one.code == "upstream-unreachable"]
    return (found[0].message, found[0].fix) if found else ("", "")


@pytest.mark.parametrize(("kind", "reason"), [(kind, reason) for kind, every in SAID.items() for reason in every])
def test_words_are_of_one_kind(kind: str, reason: str) -> None:
    """The first row that knows them is the one that is meant, and the finding says what that is."""
    row = next(one for one in FAILURES if one.words.search(reason))
    assert row.kind == kind.strip()
    message, fix = told_of(reason)
    assert ("could not reach" in message) == (row.far in ("name", "tcp") and row.kind != "slow handshake")
    assert row.reached is (
        "could not reach" not in message
        and row.kind not in ("slow handshake", "out", "none", "barred", "scheme", "login", "address", "down")
    )
    assert fix
    assert "{" not in message + fix


def test_every_kind_has_words() -> None:
    """No row without a sentence that was seen."""
    assert {row.kind for row in FAILURES} == {kind.strip() for kind in SAID} | {
        "read",
        "roots",
        "elsewhere",
        "filter",
        "java",
        "front",
    }


def test_a_registry_that_all_know_is_read_on_the_way() -> None:
    """Its certificate is of a CA that all trust: another is that of something in between."""
    reason = "Certificate verify failed: self-signed certificate in certificate chain"
    assert "something on the way reads TLS" in told_of(reason, "https://quay.io/v2/")[0]
    assert "a private CA" in told_of(reason)[0]
    assert "another site" in told_of("Certificate verify failed: hostname mismatch", "https://quay.io/v2/")[0]
    assert (
        "on the way answers in its place"
        in told_of("first record does not look like a TLS handshake", "https://quay.io/v2/")[0]
    )


@pytest.mark.parametrize("reason", REACHED)
def test_a_server_that_was_reached_is_not_out_of_reach(reason: str) -> None:
    """What ended, or was slow, after the connection was there is told of the request."""
    assert told_of(reason) == ("", "")


def test_a_name_that_leads_to_this_machine() -> None:
    """Where a public name was tried at a loopback address, DNS or a hosts file is to be mended, not the host."""
    for reason in (
        "[Errno 111] Connect call failed ('127.0.0.1', 443)",
        "dial tcp 0.0.0.0:443: connect: connection refused",
    ):
        assert "hosts file" in told_of(reason)[1]
    assert "hosts file" not in told_of("[Errno 111] Connect call failed ('192.0.2.1', 443)")[1]
    assert "hosts file" not in told_of("[Errno 111] Connect call failed ('127.0.0.1', 443)", "https://localhost/v2/")[1]


def test_no_handshake_is_spoken_of_without_tls() -> None:
    """The same words of a request by plain http are not about a handshake."""
    assert told_of("connection closed", "http://reg.example.com/v2/") == ("", "")
    assert "TLS handshake" in told_of("connection closed")[0]
