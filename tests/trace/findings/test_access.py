"""The rules on getting into the traffic: certificates, hosts that are not there, tokens from elsewhere."""

from __future__ import annotations

import pytest
from tests.trace.findings.looked_at import IMAGE, REPO, TAG, found, told, with_token
from tests.trace.images import OCI_INDEX, digest, docker_containerd
from tests.trace.wire import BUILDKIT, DOCKER_29, HUB, Wire, challenge_for, played

from pullscope.oci.agents import Client
from pullscope.trace.events import TlsRefused
from pullscope.trace.findings.certificates import refusal
from pullscope.trace.trace import Trace

REASON = "The client does not trust the proxy's certificate for registry-1.docker.io (tlsv1 alert unknown ca)"
CLASSIC = Client(family="docker", version="28.5.2", store="graphdriver")
CONTAINERD_STORE = Client(family="docker", version="29.7.2", store="containerd")


@pytest.mark.parametrize(
    ("host", "client", "says", "says_not"),
    [
        ("registry-1.docker.io", CLASSIC, "the classic store reads neither insecure-registries nor certs.d", "ca.crt"),
        ("registry-1.docker.io", CONTAINERD_STORE, "/etc/docker/certs.d/docker.io/ca.crt", "classic"),
        ("registry-1.docker.io", None, "do not help on the classic store", "registry-1.docker.io/ca.crt"),
        ("ghcr.io", None, "/etc/docker/certs.d/ghcr.io/ca.crt", "insecure-registries"),
        ("ghcr.io", Client(family="podman"), "/etc/containers/certs.d/ghcr.io/ca.crt", "dockerd"),
        ("registry-1.docker.io", Client(family="skopeo"), "/etc/containers/certs.d/docker.io/ca.crt", "dockerd"),
    ],
)
def test_ca_not_trusted(host: str, client: Client | None, says: str, says_not: str) -> None:
    """The fix is the one that works for this client and this host."""
    finding = refusal(host, REASON, client)
    assert finding is not None
    assert (finding.code, finding.severity) == ("ca-not-trusted", "error")
    assert host in finding.message
    assert says in finding.fix
    assert says_not not in finding.fix


def test_ca_not_trusted_is_told_once_and_belongs_to_no_pull() -> None:
    """A client that tries every second is news once."""
    trace = Trace()
    for second in range(3):
        trace.feed(TlsRefused(time=1000.0 + second, client="10.0.0.1", host="registry-1.docker.io", reason=REASON))
    assert [finding.code for finding in trace.findings] == ["ca-not-trusted"]
    assert trace.pulls == []


def test_a_handshake_that_failed_for_another_reason_is_not_about_the_ca() -> None:
    """TLS versions that do not meet."""
    assert refusal("ghcr.io", "no shared TLS version: client offers TLS 1.0 only") is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.1:8080"])
def test_proxy_ca_not_trusted(host: str) -> None:
    """A client does not send its own host through a proxy: it spoke TLS with the proxy itself."""
    finding = refusal(host, REASON)
    assert finding is not None
    assert finding.code == "proxy-ca-not-trusted"
    assert "http://" in finding.fix


def test_plain_http_fallback() -> None:
    """After a refused certificate the same host is asked unencrypted, by the same client."""
    wire = Wire(agent=DOCKER_29)
    plain = TAG.replace(HUB, "http://registry.example.org")
    wire.ask("HEAD", plain, answer={"Docker-Content-Digest": digest(IMAGE.index), "Content-Type": OCI_INDEX})

    def codes(client: str) -> list[str]:
        trace = Trace()
        trace.feed(TlsRefused(time=999.0, client=client, host="registry.example.org", reason=REASON))
        return [finding.code for pull in played(wire, trace=trace).pulls for finding in pull.findings]

    assert codes("10.0.0.1") == ["plain-http-fallback"]
    assert codes("10.0.0.2") == []
    assert told(wire) == {}


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("[Errno -2] Name or service not known", {"upstream-unreachable": "error"}),
        ("[Errno 111] Connect call failed ('192.0.2.1', 443)", {"upstream-unreachable": "error"}),
        ("Certificate verify failed: unable to get local issuer certificate", {"upstream-unreachable": "error"}),
        ("Client disconnected.", {}),
    ],
)
def test_upstream_unreachable(reason: str, expected: dict[str, str]) -> None:
    """No name, no connection, no TLS; a client that went away is none of these."""
    wire = Wire(agent=DOCKER_29)
    wire.ask("HEAD", TAG, None, fails=reason)
    assert told(wire) == expected


def test_token_request_elsewhere() -> None:
    """BuildKit's token is asked for by the client's process, which is not traced."""
    wire = Wire(agent=BUILDKIT)
    wire.ask("HEAD", TAG, 401, challenge=challenge_for(REPO))
    answer = {"Docker-Content-Digest": digest(IMAGE.index), "Content-Type": OCI_INDEX}
    wire.ask("HEAD", TAG, token="from elsewhere", answer=answer)
    assert told(wire) == {"token-request-elsewhere": "info"}
    assert "BUILDKIT_NO_CLIENT_TOKEN=1" in found(wire)["token-request-elsewhere"].fix


def test_a_token_of_an_earlier_pull_was_seen_being_issued() -> None:
    """The second pull uses the first one's token: no mystery."""
    wire = with_token(DOCKER_29)
    docker_containerd(wire, IMAGE, name="n")
    wire.wait(30.0)
    wire.ask("HEAD", TAG, 401, challenge=challenge_for(REPO))
    answer = {"Docker-Content-Digest": digest(IMAGE.index), "Content-Type": OCI_INDEX}
    wire.ask("HEAD", TAG, token="n1", answer=answer)
    assert "token-request-elsewhere" not in told(wire)
