"""What makes a failure good: a later answer to the same purpose at the same place, and nothing else."""

from __future__ import annotations

import pytest
from tests.trace.images import Image, digest
from tests.trace.wire import HUB, Wire, only, played

from pullscope.trace.model import Ending

APP = Image()
TAG = APP.url("manifests", APP.tag)
BLOB = APP.url("blobs", digest(APP.layers[0]))
TAGS = f"{HUB}/v2/{APP.repository}/tags/list"
AGENT = "oras/1.3.3"
GIVEN = {"Docker-Content-Digest": digest(APP.manifest())}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (("HEAD", TAG, 200), ("PUT", TAG, 400)),
        (("HEAD", BLOB, 200), ("GET", BLOB, 500)),
        (
            ("HEAD", APP.url("manifests", digest(APP.manifest())), 200),
            ("GET", APP.url("manifests", digest(APP.manifest())), 404),
        ),
        (("GET", TAGS, 200), ("GET", TAGS, 500)),
    ],
    ids=["put", "blob", "manifest", "next page"],
)
def test_what_was_answered_before_makes_nothing_good(first: tuple[str, str, int], then: tuple[str, str, int]) -> None:
    """A look that went well, and then the thing itself fails: the operation failed, and says why."""
    wire = Wire(agent=AGENT)
    for method, url, status in (first, then):
        wire.ask(method, url, status, answer=GIVEN if status == 200 else None, body="{}", connection="a")
        wire.wait(3)
    pull = only(played(wire))
    assert pull.outcome is Ending.FAILED
    assert "error" in [finding.severity for finding in pull.findings]


def test_a_later_answer_to_the_same_question_does() -> None:
    """GET of a blob fails, and succeeds when it is asked again."""
    wire = Wire(agent=AGENT)
    wire.ask("GET", TAG, 200, body=APP.manifest(), answer=GIVEN, connection="a")
    wire.ask("GET", BLOB, 500, body="{}", connection="a")
    wire.wait(3)
    for layer in APP.layers:
        wire.ask("GET", APP.url("blobs", digest(layer)), 200, content=layer, connection="a")
    pull = only(played(wire))
    assert pull.outcome is Ending.COMPLETE
    assert [finding.code for finding in pull.findings if finding.severity == "error"] == []
