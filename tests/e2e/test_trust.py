"""A real docker daemon that was never told of the proxy's CA: what the tracer can still say, live and in the report."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.parts import Trust, certify, dockerd, free_port, mitmdump
from tests.e2e.standin import REGISTRY, Hub
from tests.e2e.told import report

pytestmark = pytest.mark.real


def test_untrusted_ca_is_named_with_its_host_and_fix(tmp_path: Path, trust: Trust, hub: Hub) -> None:
    """docker says x509; the story says ca-not-trusted, for which host, and what helps the classic store with Docker Hub."""
    # The daemon's SSL_CERT_DIR has another CA in it than that of the proxy it is behind.
    stranger = certify(tmp_path / "stranger")
    port = free_port()
    with mitmdump(tmp_path / "proxy", trust, hub, port) as proxy, dockerd(proxy.url, stranger) as docker:
        pulled = docker("pull", "timonback/zephykus")
        story = " ".join(proxy.finish().split())
    found = report(proxy.recording).document["findings"]

    assert pulled.returncode == 1
    assert "x509: certificate signed by unknown authority" in pulled.stderr
    assert "ca-not-trusted" in story
    assert f"refused mitmproxy's certificate for {REGISTRY}" in story
    assert "set SSL_CERT_DIR in dockerd's environment" in story
    assert "pullscope docker on" in story
    assert "insecure-registries and certs.d do not help on the classic store" in story
    assert [(one["code"], one["severity"]) for one in found] == [("ca-not-trusted", "error")]
    assert REGISTRY in found[0]["message"]
    assert "SSL_CERT_DIR" in found[0]["fix"]
    assert not hub.seen
