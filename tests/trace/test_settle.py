"""When steps and pulls are over, in seconds of event time, and how they ended."""

from __future__ import annotations

import pytest
from tests.trace.images import Image, digest, docker_classic, docker_containerd, get_blob, get_manifest, head
from tests.trace.wire import CDN, DOCKER_20, Wire, merged, only, played

from pullscope.trace.model import Ending, Outcome
from pullscope.trace.times import BUSY_QUIET, FAILED_QUIET, QUIET, SOONEST, STEP_QUIET
from pullscope.trace.trace import Trace

APP = Image()


def ends_after(wire: Wire) -> float:
    """Seconds of silence after which the last pull is closed."""
    trace = played(wire, finish=False)
    pull = trace.pulls[-1]
    for tenths in range(1, 200):
        trace.tick(wire.now + tenths / 10)
        if pull.closed:
            return tenths / 10
    raise AssertionError("the pull is never closed")


def test_done() -> None:
    """A pull that has everything ends soon."""
    wire = Wire()
    docker_containerd(wire, APP)
    assert ends_after(wire) == pytest.approx(STEP_QUIET, abs=0.11)


def test_nothing_new() -> None:
    """A pull that may go on is waited for."""
    wire = Wire()
    docker_containerd(wire, APP, skip=APP.blobs())
    assert ends_after(wire) == pytest.approx(QUIET, abs=0.11)


def test_failed() -> None:
    """A failure ends soon: what waits longer before it tries again goes on with its pull."""
    wire = Wire()
    wire.ask("GET", APP.url("manifests", "nope"), 404)
    assert ends_after(wire) == pytest.approx(FAILED_QUIET, abs=0.11)


def test_the_quiet_times_are_in_order() -> None:
    """Nothing is due earlier than the agenda looks."""
    assert min(STEP_QUIET, FAILED_QUIET, QUIET, BUSY_QUIET) == SOONEST


def test_under_way_is_never_over() -> None:
    """A layer that takes an hour keeps its pull open."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest("base")), ends=False)
    trace = played(wire, finish=False)
    trace.tick(wire.now + 3600)
    assert not only(trace).closed


@pytest.mark.parametrize(
    ("blobs", "ending"),
    [(3, Ending.COMPLETE), (2, Ending.COMPLETE), (0, Ending.COMPLETE)],
    ids=["all fetched", "one was here", "all were here"],
)
def test_complete(blobs: int, ending: Ending) -> None:
    """Good last answers and silence are a complete pull, whatever was fetched."""
    wire = Wire(agent=DOCKER_20)
    docker_classic(wire, APP, skip=APP.blobs()[blobs:])
    assert only(played(wire)).outcome is ending


def test_what_was_made_good_is_no_failure() -> None:
    """A layer that failed, and came later in a step of its own, does not make a pull fail."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest("base")), 500)
    wire.wait(1.5)
    get_blob(wire, APP, "base")
    pull = only(played(wire))
    assert [step.outcome for step in pull.steps[1:]] == [Outcome.FAILED, Outcome.OK]
    assert pull.outcome is Ending.COMPLETE


def test_what_a_client_can_do_without() -> None:
    """Referrers that cannot be had do not make a pull fail."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", f"https://registry-1.docker.io/v2/library/app/referrers/{digest(APP.manifest())}", 500)
    for content in APP.blobs():
        get_blob(wire, APP, content)
    assert only(played(wire)).outcome is Ending.COMPLETE


def test_a_layer_that_failed_for_good() -> None:
    """A layer that was refused makes a pull fail, although the others came."""
    wire = Wire()
    docker_containerd(wire, APP, skip=("app",))
    wire.ask("GET", APP.url("blobs", digest("app")), 403, token="t2")
    pull = only(played(wire))
    assert pull.outcome is Ending.FAILED
    assert (pull.layers.fetched, pull.layers.already_present) == (1, 0)


@pytest.mark.parametrize(
    ("content", "verified"),
    [("base", True), ("something else", False), (None, None)],
    ids=["right", "wrong", "unhashed"],
)
def test_verified(content: str | None, verified: bool | None) -> None:
    """A hash that fits, one that does not, and none at all."""
    wire = Wire()
    wire.ask("GET", APP.url("blobs", digest("base")), content=content, size=4)
    assert only(played(wire)).steps[0].verified is verified


def test_head_verifies_nothing() -> None:
    """HEAD has no body to be hashed."""
    wire = Wire()
    head(wire, APP)
    assert only(played(wire)).steps[0].verified is None


def cut(wire: Wire, *, events: int | None = None) -> Trace:
    """The trace of an input that is known to lack its end; of `events` of what happened."""
    trace = Trace()
    for event in merged([wire])[:events]:
        trace.feed(event)
    trace.finish(cut_off=True)
    return trace


def redirected(wire: Wire, content: str = "base", there: str = f"{CDN}/data/1") -> None:
    """A blob that a redirect names elsewhere, before the client has asked there."""
    wire.ask("GET", APP.url("blobs", digest(content)), 307, location=there)


def test_a_cut_off_input_ends_no_pull() -> None:
    """Layers that were not asked for by then are not "already here": the rest is missing."""
    wire = Wire()
    docker_containerd(wire, APP, skip=APP.blobs()[1:])
    pull = only(cut(wire))
    assert (pull.outcome, pull.layers.already_present) == (Ending.INCOMPLETE, 0)


def test_a_cut_off_input_is_no_news() -> None:
    """A tag that was resolved says nothing about what came after."""
    wire = Wire()
    docker_containerd(wire, APP, skip=APP.blobs())
    assert only(cut(wire)).outcome is Ending.INCOMPLETE


def test_what_had_everything_is_complete_wherever_the_input_ends() -> None:
    """What is missing of the input is not part of a pull that has all its layers."""
    wire = Wire()
    docker_containerd(wire, APP)
    assert only(cut(wire)).outcome is Ending.COMPLETE


def test_what_had_failed_by_then_has_failed() -> None:
    """A tag that is not there is not there, whatever came later."""
    wire = Wire()
    wire.ask("GET", APP.url("manifests", "nope"), 404)
    assert only(cut(wire)).outcome is Ending.FAILED


def test_what_was_quiet_before_the_input_was_cut_off_is_over() -> None:
    """Only a pull that was still going on is incomplete."""
    wire = Wire()
    docker_containerd(wire, APP, skip=APP.blobs())
    wire.wait(QUIET + 1)
    wire.ask("HEAD", APP.url("manifests", "next"), ends=False)
    assert [pull.outcome for pull in cut(wire).pulls] == [Ending.COMPLETE, Ending.INCOMPLETE]


def test_a_challenge_at_the_end_of_a_cut_off_input_is_no_failure() -> None:
    """The repeat with a token was not seen any more."""
    wire = Wire()
    docker_containerd(wire, APP)
    pull = only(cut(wire, events=3))
    assert [step.outcome for step in pull.steps] == [Outcome.NOT_SEEN]
    assert pull.outcome is Ending.INCOMPLETE


def test_a_redirect_at_the_end_of_the_input_is_no_failure() -> None:
    """A client follows it; that was not seen."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), tag=True)
    redirected(wire)
    pull = only(played(wire))
    assert pull.steps[-1].outcome is Outcome.NOT_SEEN
    assert pull.outcome is Ending.INCOMPLETE


def test_a_token_at_the_end_of_the_input_is_no_failure() -> None:
    """A client that has just got what it was sent for asks again."""
    wire = Wire()
    docker_containerd(wire, APP)
    trace = Trace()
    for event in merged([wire])[:6]:
        trace.feed(event)
    trace.finish()
    assert [step.outcome for step in only(trace).steps] == [Outcome.OK, Outcome.NOT_SEEN]
    assert only(trace).outcome is Ending.INCOMPLETE


def test_of_several_manifests_the_last_is_what_was_pushed() -> None:
    """A client puts the image of each platform by a tag of its own, and then the index that names them (manifest-tool)."""
    wire = Wire(agent="containerd/1.7.27+unknown")
    for tag, text in (("1.0-amd64", APP.manifest()), ("1.0", APP.index)):
        put = {"Docker-Content-Digest": digest(text)}
        wire.ask("PUT", APP.url("manifests", tag), 201, sent=text, answer=put)
    pull = only(played(wire))
    assert (pull.tag, pull.digest) == ("1.0", digest(APP.index))


def test_a_redirect_in_circles_is_a_failure_wherever_the_input_ends() -> None:
    """No client follows it further."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), tag=True)
    redirected(wire, there=APP.url("blobs", digest("base")))
    assert only(played(wire)).outcome is Ending.FAILED
