"""The rules on the bytes of blobs, and on the storages that send them."""

from __future__ import annotations

import pytest
from tests.trace.findings.looked_at import BLOB, IMAGE, found, resolved, told, with_token
from tests.trace.images import digest, get_manifest
from tests.trace.wire import CDN, CRANE, DOCKER_20, SKOPEO, Wire, only, played

HERE = IMAGE.url("blobs", BLOB)
THERE = f"{CDN}/data/base?sig=REDACTED"


def at_the_layer(agent: str = DOCKER_20) -> Wire:
    """Everything up to the first layer."""
    wire = with_token(agent)
    resolved(wire)
    get_manifest(wire, IMAGE, IMAGE.index, token="t")
    get_manifest(wire, IMAGE, IMAGE.manifest(), token="t")
    return wire


def layer(status: int = 200, *, agent: str = DOCKER_20, **more: object) -> Wire:
    """The first layer, from the storage."""
    wire = at_the_layer(agent)
    wire.ask("GET", HERE, 307, token="t", location=THERE)
    wire.ask("GET", THERE, status, referer=HERE, **more)  # type: ignore[arg-type] # handed on
    return wire


def test_size_mismatch() -> None:
    """Fewer bytes than the manifest says, with the byte at which it ended and the host."""
    finding = found(layer(content="ba"))["size-mismatch"]
    assert finding.severity == "error"
    assert "ended after 2 of 4 bytes" in finding.message
    assert "cdn.example.net" in finding.message
    assert "digest-mismatch" not in told(layer(content="ba"))


def test_size_mismatch_where_the_connection_broke() -> None:
    """The server went away in the middle."""
    wire = layer(
        fails="peer closed connection without sending complete message body", size=2, answer={"Content-Length": "4"}
    )
    assert told(wire) == {"size-mismatch": "error"}


def test_a_client_that_had_enough_is_no_fault() -> None:
    """Ctrl-C."""
    assert told(layer(fails="Client disconnected.", size=2, answer={"Content-Length": "4"})) == {}


def test_a_coded_body_may_have_another_length() -> None:
    """Bytes are counted with their content coding, the descriptor's without."""
    assert "size-mismatch" not in told(layer(content="ba", answer={"Content-Encoding": "zstd"}))


@pytest.mark.parametrize(
    ("agent", "content", "asked", "expected"),
    [
        (SKOPEO, "base", None, {"part-as-whole": "error"}),
        (DOCKER_20, "base", None, {}),
        (DOCKER_20, "ba", None, {"part-as-whole": "error"}),
        (SKOPEO, "base", "bytes=0-", {}),
        (DOCKER_20, "ba", "bytes=0-1", {}),
    ],
)
def test_a_part_that_was_not_asked_for(agent: str, content: str, asked: str | None, expected: dict[str, str]) -> None:
    """docker takes 206 for the whole, where it is that; containers/image takes 200 alone; who sends Range asked for it."""
    answer = {"Content-Range": f"bytes 0-{len(content) - 1}/4"}
    wire = layer(206, agent=agent, content=content, answer=answer, headers={"Range": asked} if asked else None)
    assert told(wire) == expected
    assert (only(played(wire)).outcome == "failed") == bool(expected)


@pytest.mark.parametrize(
    ("came", "expected"), [(2, {}), (1, {"size-mismatch": "error"}), (0, {"size-mismatch": "error"})]
)
def test_a_rest_that_did_not_come(came: int, expected: dict[str, str]) -> None:
    """The answer to the last Range ends as it should, and has not the bytes that its Content-Range says."""
    wire = layer(fails="peer closed connection without sending complete message body", size=2)
    rest = {"Range": "bytes=2-"}
    wire.ask("GET", HERE, 307, token="t", location=THERE, headers=rest)
    wire.ask("GET", THERE, 206, referer=HERE, headers=rest, answer={"Content-Range": "bytes 2-3/4"}, size=came)
    outcome = only(played(wire)).outcome
    assert {code: severity for code, severity in told(wire).items() if severity == "error"} == expected
    assert (outcome == "failed") == bool(expected)


def test_digest_mismatch() -> None:
    """As many bytes, but others."""
    assert told(layer(content="BASE")) == {"digest-mismatch": "error"}


def test_bytes_that_fit_are_fine() -> None:
    """The layer as it should be."""
    assert told(layer(content="base")) == {}


@pytest.mark.parametrize(
    ("asked", "status", "ignored"),
    [("bytes=2-", 200, True), ("bytes=2-", 206, False), ("bytes=0-", 200, False), (None, 200, False)],
)
def test_range_ignored(asked: str | None, status: int, ignored: bool) -> None:
    """200 to a request for the rest; all from the beginning is what bytes=0- asks for."""
    answer = {"Content-Range": "bytes 2-3/4"} if status == 206 else None
    wire = layer(status, headers={"Range": asked} if asked else None, content="base", answer=answer)
    assert ("range-ignored" in told(wire)) is ignored


def test_signed_url_expired() -> None:
    """403, and the storage says why."""
    assert told(layer(403, body="<XML> AccessDenied Request has expired")) == {"signed-url-expired": "error"}


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_cdn_failed(status: int) -> None:
    """The same statuses for any other reason."""
    assert told(layer(status, body="<XML> AccessDenied Access Denied")) == {"cdn-failed": "error"}


def test_cdn_failed_by_a_reset() -> None:
    """No answer at all."""
    assert told(layer(None, fails="server closed connection")) == {"cdn-failed": "error"}  # type: ignore[arg-type] # no status


def test_an_attestation_that_cannot_be_had_is_a_warning_at_most() -> None:
    """The pull is complete without it."""
    wire = at_the_layer()
    for content in IMAGE.blobs():
        here = IMAGE.url("blobs", digest(content))
        wire.ask("GET", here, 307, token="t", location=f"{CDN}/{digest(content)}?sig=1")
        wire.ask("GET", f"{CDN}/{digest(content)}?sig=1", referer=here, content=content)
    assert told(wire) == {}


@pytest.mark.parametrize("last", [503, 200])
@pytest.mark.parametrize("first", [503, None])
def test_a_storage_that_is_asked_again_without_the_redirect_is_still_a_storage(first: int | None, last: int) -> None:
    """go-containerregistry asks it so after a 5xx, or a broken connection: one second later, and three (run of crane 0.20)."""
    broken = None if first else "connection reset by peer"
    wire = at_the_layer(CRANE)
    wire.ask("GET", HERE, 307, token="t", location=THERE)
    wire.ask("GET", THERE, first, referer=HERE, fails=broken)
    wire.wait(1)
    wire.ask("GET", THERE, first, fails=broken)
    wire.wait(3)
    wire.ask("GET", THERE, last, content="base" if last == 200 else None)
    assert told(wire) == ({"cdn-failed": "error"} if last == 503 else {})
