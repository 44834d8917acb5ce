"""What is said of a host that is not a registry yet."""

from __future__ import annotations

import pytest

from pullscope.oci.messages import Headers, Request, Response
from pullscope.worlds.clients.steps import NoAnswerError
from pullscope.worlds.readiness import readiness

HOST = "docker.example.com"


@pytest.mark.parametrize(
    ("why", "code"),
    [
        ("dial tcp: lookup docker.example.com: no such host", "no-dns-record"),
        (
            "tls: failed to verify certificate: x509: certificate is not valid for this name",
            "certificate-for-another-name",
        ),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "certificate-not-trusted"),
        (
            "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
            "certificate-expired",
        ),
        ("connect: connection refused", "connection-refused"),
        ("no answer within 10 s", "host-hangs"),
        ("no whole answer within 10 s", "host-hangs"),
        ("more than 100 header fields", "upstream-unreachable"),
    ],
)
def test_silence_has_a_name(why: str, code: str) -> None:
    """One problem, which names the host."""

    def silent(_request: Request) -> Response:
        raise NoAnswerError(why)

    [problem] = readiness(HOST, silent)
    assert problem.code == code
    assert HOST in problem.message


def test_advice_on_an_unnamed_host_is_on_the_network() -> None:
    """Who asks for `nginx` without a network cannot add a record for Docker Hub's host."""

    def silent(_request: Request) -> Response:
        raise NoAnswerError("dial tcp: lookup registry-1.docker.io: no such host")

    [own], [hubs] = readiness(HOST, silent), readiness("registry-1.docker.io", silent, named=False)
    assert own.fix is not None
    assert hubs.fix is not None
    assert "CNAME" in own.fix
    assert "CNAME" not in hubs.fix
    assert "network" in hubs.fix


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (Response(status=404, body=b"Not Found - Request ID: 01"), "platform-default-page"),
        (Response(status=404, headers=Headers([("x-vercel-error", "DEPLOYMENT_NOT_FOUND")])), "platform-default-page"),
        (Response(status=200, headers=Headers([("Content-Type", "text/html")]), body=b"<html>"), "ping-not-a-registry"),
        (Response(status=401), None),
        (Response(status=200, headers=Headers([("Content-Type", "application/json")]), body=b"{}"), None),
        (Response(status=302, headers=Headers([("Location", "https://registry-1.docker.io/v2/")])), None),
        (Response(status=404, headers=Headers([("Content-Type", "text/html")]), body=b"<html>my own page"), None),
    ],
)
def test_only_what_is_no_registry_is_told(response: Response, code: str | None) -> None:
    """A registry or a redirect is ready; a 404 of one's own is the clients' business."""
    assert [problem.code for problem in readiness(HOST, lambda _request: response)] == ([code] if code else [])
