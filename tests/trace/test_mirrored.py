"""What is told of pulls that a mirror saw: no more than came through it, and nothing there is an error."""

from __future__ import annotations

import pytest
from tests.trace.images import Image, digest, get_manifest, head, unauthorized
from tests.trace.wire import CDN, CONTAINERD, Wire, only, played

from pullscope.render.exports.otlp import INTERNAL, spans
from pullscope.render.lines import story_of
from pullscope.render.report import pull_json
from pullscope.trace.findings.finding import Severity
from pullscope.trace.model import Ending, Outcome, Pull
from pullscope.trace.source_gaps import MIRROR
from pullscope.trace.unseen_hosts import went_wrong

APP = Image()


def mirrored() -> Wire:
    return Wire(agent=CONTAINERD, lacks=MIRROR)


def resolves(wire: Wire, image: Image) -> None:
    """A HEAD, sent for a token, which its client gets where it is not seen; then the manifests."""
    unauthorized(wire, "HEAD", image.url("manifests", image.tag), image.repository)
    head(wire, image, "t")
    get_manifest(wire, image, image.index, token="t")
    get_manifest(wire, image, image.manifest(), token="t")


def sent_on(wire: Wire, image: Image, content: str) -> None:
    """A blob whose storage the client asks itself."""
    wire.ask("GET", image.url("blobs", digest(content)), 307, token="t", location=f"{CDN}/{digest(content)}?sig=1")


def told(pull: Pull) -> str:
    return "\n".join("".join(text for text, _ in line) for line in story_of(pull))


def test_a_pull_whose_layers_are_elsewhere_is_complete() -> None:
    """Its story says where they are, and what a mirror does not see."""
    wire = mirrored()
    resolves(wire, APP)
    for content in APP.blobs():
        sent_on(wire, APP, content)
    pull = only(played(wire))

    assert (pull.outcome, pull.findings) == (Ending.COMPLETE, [])
    assert {step.outcome for step in pull.steps} == {Outcome.OK}
    assert (pull.layers.total, pull.layers.fetched, pull.layers.sent_on) == (2, 0, 2)
    assert pull_json(pull)["through"] == "mirror"
    assert "through the mirror\n        (token requests, logins and what lies past the mirror are not seen)" in told(
        pull
    )


@pytest.mark.parametrize(("lacks", "outcome"), [(MIRROR, Ending.COMPLETE), (None, Ending.INCOMPLETE)])
def test_the_last_redirect_was_followed_too(lacks: str | None, outcome: Ending) -> None:
    """Which a proxy would have seen; a mirror never does."""
    image = Image(layers=())
    wire = Wire(agent=CONTAINERD, lacks=lacks)
    resolves(wire, image)
    sent_on(wire, image, image.config_text)
    pull = only(played(wire))

    assert pull.outcome is outcome
    assert went_wrong(pull) == (lacks is None)
    assert ("through" in pull_json(pull)) == (lacks == MIRROR)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_no_error(status: int) -> None:
    """Its client asks the registry itself, and how that ends is not seen."""
    wire = mirrored()
    for method in ("HEAD", "GET"):
        wire.ask(method, APP.url("manifests", APP.tag), status, token="t")
    pull = only(played(wire))

    assert pull.outcome is Ending.INCOMPLETE
    assert not went_wrong(pull)
    assert [span["name"] for span in spans(pull) if "status" in span and span["kind"] == INTERNAL] == []
    assert [(one.code, one.severity) for one in pull.findings] == [("mirror-missed", Severity.INFO)]
    assert "goes on past the mirror, not seen" in told(pull)
    assert "containerd asks docker.io itself next, which is not seen" in pull.findings[0].message
    assert ("keep a login" in pull.findings[0].message) == (status in (401, 403))


@pytest.mark.parametrize(
    ("wire_says", "code"),
    [
        ({"status": 429}, "rate-limited"),
        ({"status": 503}, "registry-failed"),
        ({"status": None, "fails": "[Errno 111] Connection refused"}, "upstream-unreachable"),
    ],
)
def test_what_failed_at_the_registry_is_a_warning(wire_says: dict[str, object], code: str) -> None:
    """It is so for every client, though this pull may yet go well."""
    wire = mirrored()
    for method in ("HEAD", "GET"):
        wire.ask(method, APP.url("manifests", APP.tag), token="t", **wire_says)  # type: ignore[arg-type] # as ask names them
    pull = only(played(wire))

    assert pull.outcome is Ending.INCOMPLETE
    first, *more = pull.findings
    assert (first.code, first.severity) == (code, Severity.WARNING)
    assert all(one.severity is Severity.INFO for one in more)


def test_a_blob_that_is_not_had_here() -> None:
    """The rest of the pull is past the mirror."""
    wire = mirrored()
    resolves(wire, APP)
    for content in APP.blobs():
        wire.ask("GET", APP.url("blobs", digest(content)), 404, token="t")
    pull = only(played(wire))

    assert pull.outcome is Ending.INCOMPLETE
    assert [(one.code, one.severity) for one in pull.findings] == [("mirror-missed", Severity.INFO)]
