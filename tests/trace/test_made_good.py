"""What makes a failure good: a later answer to the same purpose at the same place, and nothing else."""

from __future__ import annotations

import pytest
from tests.trace.images import Image, digest, docker_classic, get_manifest
from tests.trace.wire import DOCKER_20, HUB, SKOPEO, Wire, challenge_for, only, played, token_url

from pullscope.trace.model import Ending, Kind

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


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_token_that_is_shown_was_read_whatever_became_of_its_answer(goes_on: bool) -> None:
    """docker reads the object and no further, and has its token where the last chunk never comes; skopeo stops there."""
    wire = Wire(agent=DOCKER_20 if goes_on else SKOPEO)
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=challenge_for(None))
    wire.ask("GET", token_url(APP.repository), size=600, fails="peer closed connection (incomplete chunked read)")
    if goes_on:
        get_manifest(wire, APP, APP.manifest(), tag=True, token="one")
        for text in (APP.config_text, *APP.layers):
            wire.ask("GET", APP.url("blobs", digest(text)), content=text, token="one")
    pull = only(played(wire))
    assert pull.outcome is (Ending.COMPLETE if goes_on else Ending.INCOMPLETE)
    codes = [finding.code for finding in pull.findings]
    assert codes == ([] if goes_on else ["token-server-failed"])
    assert goes_on or "answered 200 and its answer was cut off, so skopeo has no token" in pull.findings[0].message


def test_a_token_that_was_shown_before_did_not_come_in_what_was_cut_off() -> None:
    """The one that it had is not the one that it asked for."""
    wire = Wire(agent=DOCKER_20)
    get_manifest(wire, APP, APP.manifest(), tag=True, token="one")
    wire.ask("GET", token_url(APP.repository), size=600, fails="peer closed connection (incomplete chunked read)")
    wire.ask("GET", BLOB, 401, challenge=challenge_for(APP.repository), token="one")
    assert "token-server-failed" in [finding.code for finding in only(played(wire)).findings]


def test_a_mirror_that_is_off_is_told_at_its_place() -> None:
    """Its ping came first, and is not told after all that was had elsewhere."""
    wire = Wire(agent=DOCKER_20)
    wire.ask("GET", "https://mirror.example.net/v2/", None, fails="connection refused")
    docker_classic(wire, APP)
    steps = only(played(wire)).steps
    assert [step.first.host for step in steps if step.kind is Kind.VERSION_CHECK] == [
        "mirror.example.net",
        "registry-1.docker.io",
    ]
    assert [step.n for step in steps if step.last.host == "mirror.example.net"] == [1]
