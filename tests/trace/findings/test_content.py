"""The rules on the bytes of blobs, and on the storages that send them."""

from __future__ import annotations

import pytest
from tests.trace.findings.looked_at import BLOB, IMAGE, found, resolved, told, with_token
from tests.trace.images import digest, get_manifest
from tests.trace.wire import CDN, DOCKER_20, Wire

HERE = IMAGE.url("blobs", BLOB)
THERE = f"{CDN}/data/base?sig=REDACTED"


def at_the_layer() -> Wire:
    """Everything up to the first layer."""
    wire = with_token(DOCKER_20)
    resolved(wire)
    get_manifest(wire, IMAGE, IMAGE.index, token="t")
    get_manifest(wire, IMAGE, IMAGE.manifest(), token="t")
    return wire


def layer(status: int = 200, **more: object) -> Wire:
    """The first layer, from the storage."""
    wire = at_the_layer()
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
