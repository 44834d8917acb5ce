"""What is an error at once, and what only its operation's end can tell."""

from __future__ import annotations

import pytest
from tests.trace.images import Image, digest
from tests.trace.wire import HUB, Wire, only, played, token_url

from pullscope.trace.final_failures import failed_for_good

APP = Image()
MANIFEST, BLOB = APP.url("manifests", "latest"), APP.url("blobs", digest("base"))
UPLOADS = f"{HUB}/v2/app/blobs/uploads/"


@pytest.mark.parametrize(
    ("method", "url", "status", "final"),
    [
        ("GET", MANIFEST, 404, False),
        ("GET", MANIFEST, 403, False),
        ("GET", MANIFEST, 500, False),
        ("GET", BLOB, 404, False),
        ("GET", token_url("library/app"), 403, True),
        ("GET", token_url("library/app"), 401, True),
        ("POST", token_url("library/app"), 405, False),
        ("GET", token_url("library/app"), 503, False),
        ("POST", UPLOADS, 403, True),
        ("POST", UPLOADS, 429, False),
        ("DELETE", MANIFEST, 405, True),
    ],
)
def test_an_answer(method: str, url: str, status: int, final: bool) -> None:
    """A read may be made good at the next host; a refused login, and a write, may not."""
    wire = Wire()
    wire.ask(method, url, status)
    [step] = only(played(wire)).steps
    assert failed_for_good(step) is final


@pytest.mark.parametrize(("content", "final"), [("evil", True), ("ba", False), ("base", False)])
def test_bytes(content: str, final: bool) -> None:
    """Other bytes are final; the beginning of the right ones may be continued."""
    wire = Wire()
    wire.ask(
        "GET", MANIFEST, body=APP.manifest(), answer={"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
    )
    wire.ask("GET", BLOB, content=content)
    assert failed_for_good(only(played(wire)).steps[-1]) is final


def test_no_response() -> None:
    """Clients ask again."""
    wire = Wire()
    wire.ask("POST", UPLOADS, None, fails="reset")
    assert not failed_for_good(only(played(wire)).steps[0])


def test_bytes_that_are_not_those_of_the_digest_sent_with_them() -> None:
    """Not every client compares what it asked for by tag: its next request tells, and the last word is the only one."""
    wire = Wire()
    manifest = {"Content-Type": "application/vnd.oci.image.manifest.v1+json", "Docker-Content-Digest": digest("other")}
    wire.ask("GET", MANIFEST, body=APP.manifest(), answer=manifest)
    [step] = only(played(wire)).steps
    assert (step.verified, failed_for_good(step)) == (False, False)
