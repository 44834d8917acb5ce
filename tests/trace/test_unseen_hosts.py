"""Redirects to hosts of which nothing was seen: the client went on, stopped, tried again, or did not trust the proxy."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from tests.trace.images import Image, digest, get_blob, get_manifest
from tests.trace.wire import CDN, CRANE, HUB, Wire, merged, only, played

from pullscope.render.formats import report
from pullscope.trace.events import TlsRefused
from pullscope.trace.model import Ending, Outcome, Pull
from pullscope.trace.times import NEXT_MOVE, QUIET
from pullscope.trace.trace import Trace

APP = Image()
TARGET = "cdn.example.net"


def sent_on(wire: Wire, content: str, *, at: float | None = None) -> None:
    """A blob that is said to be at a host of which nothing is seen."""
    wire.ask("GET", APP.url("blobs", digest(content)), 307, location=f"{CDN}/data/{digest(content)}", at=at)


def untraced(*contents: str) -> Wire:
    """A pull whose blobs are elsewhere, one after the other."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), tag=True)
    for content in contents:
        sent_on(wire, content)
    return wire


def ended(wire: Wire) -> Pull:
    """The pull, after its client has been quiet."""
    trace = played(wire, finish=False)
    trace.tick(wire.now + 2 * QUIET)
    return only(trace)


def test_a_client_that_went_on_got_what_it_was_sent_for() -> None:
    """Nothing failed that was seen; what came is neither counted as fetched nor as here before."""
    for pull in (ended(untraced(*APP.blobs())), only(played(untraced(*APP.blobs())))):
        blobs = pull.steps[1:]
        assert {(step.outcome, step.sent_on_to, step.verified) for step in blobs} == {(Outcome.OK, TARGET, None)}
        assert pull.outcome is Ending.COMPLETE
        layers = pull.layers
        assert (layers.total, layers.fetched, layers.already_present, layers.sent_on) == (2, 0, 0, 2)
        assert [finding.code for finding in pull.findings] == ["host-not-traced"]


def test_the_closing_line_says_where_the_layers_went() -> None:
    """What was not seen is not told as downloaded."""
    story = " ".join(report(played(untraced(*APP.blobs())), "text").split())
    assert f"2 of 2 layers sent on to {TARGET}, not seen" in story
    assert "nothing" not in story.partition("complete")[2]


def test_a_layer_that_was_not_asked_for_is_not_said_to_be_here() -> None:
    """Where so much is unseen the pull may as well have ended before it asked."""
    wire = untraced(APP.config_text)
    wire.now += 0.1
    sent_on(wire, APP.layers[0])
    story = " ".join(report(played(wire), "text").split())
    assert f"1 of 2 layers sent on to {TARGET}, not seen, 1 not asked for" in story


def test_a_layer_of_the_registry_s_own_is_counted_beside_them() -> None:
    """One layer came from the registry itself."""
    wire = untraced(APP.config_text, APP.layers[0])
    wire.ask("GET", APP.url("blobs", digest(APP.layers[1])), content=APP.layers[1])
    layers = ended(wire).layers
    assert (layers.fetched, layers.sent_on, layers.already_present) == (1, 1, 0)


def test_side_by_side_is_as_good_as_one_after_the_other() -> None:
    """A client asks for all blobs at once, as long as one request came after one answer."""
    wire = untraced()
    for place, content in enumerate(APP.blobs()):
        sent_on(wire, content, at=wire.now + place * 0.006)
    assert {step.sent_on_to for step in ended(wire).steps[1:]} == {TARGET}


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("contents", [APP.blobs()[:1], APP.blobs()], ids=["one", "two at once"])
def test_of_a_client_that_asked_for_nothing_more_the_end_is_not_known(contents: tuple[str, ...], live: bool) -> None:
    """It went on past the proxy, or stopped: neither was seen, and neither is said."""
    wire = untraced()
    start = wire.now
    for content in contents:
        sent_on(wire, content, at=start)
    pull = ended(wire) if live else only(played(wire))
    assert {(step.outcome, step.sent_on_to) for step in pull.steps[1:]} == {(Outcome.NOT_SEEN, None)}
    assert pull.outcome is Ending.INCOMPLETE
    assert [(finding.code, len(finding.steps)) for finding in pull.findings] == [("host-not-traced", len(contents))]


def test_a_client_that_goes_on_late_opens_what_was_not_known() -> None:
    """The same as if it had gone on at once, by the next blob or by following."""
    for follows in (True, False):
        wire = untraced(APP.config_text)
        trace = played(wire, finish=False)
        trace.tick(wire.now + 2 * QUIET)
        told = len(wire.events)
        wire.wait(3 * QUIET)
        if follows:
            wire.ask("GET", f"{CDN}/data/{digest(APP.config_text)}", content=APP.config_text)
        else:
            sent_on(wire, APP.layers[0])
        for event in wire.events[told:]:
            trace.feed(event)
        trace.tick(wire.now + 2 * QUIET)
        step = only(trace).steps[1]
        assert (step.outcome, step.sent_on_to) == (Outcome.OK, None if follows else TARGET)


def test_what_may_have_come_is_not_said_to_be_missing() -> None:
    """A blob alone: that nothing was downloaded is not known."""
    wire = Wire()
    sent_on(wire, APP.config_text)
    assert "incomplete  10 ms, 1 request, nothing seen coming" in report(played(wire), "text")


@pytest.mark.parametrize("target", ["http://cdn.example.net/x", "https://127.0.0.1:5000/x", "https://", HUB])
def test_what_cannot_be_asked_past_the_proxy_was_not_followed(target: str) -> None:
    """An address that cannot be read, of this machine, or of a host that is in sight; an input may have ended too early."""
    wire = untraced()
    wire.ask("GET", APP.url("blobs", digest(APP.config_text)), 307, location=target)
    assert ended(wire).outcome is Ending.FAILED
    pull = only(played(wire))
    assert pull.outcome is (Ending.FAILED if target == "https://" else Ending.INCOMPLETE)
    assert target != HUB or pull.findings == []


def test_a_client_that_asks_the_same_again_did_not_get_it() -> None:
    """A retry, even as a step of its own, is no going on."""
    wire = untraced(APP.config_text)
    wire.wait(NEXT_MOVE + 0.5)
    sent_on(wire, APP.config_text)
    pull = ended(wire)
    assert [step.outcome for step in pull.steps[1:]] == [Outcome.FAILED, Outcome.FAILED]


def test_a_host_that_was_seen_is_traced() -> None:
    """A redirect to where other blobs came from was not followed."""
    wire = untraced(APP.config_text)
    get_blob(wire, APP, APP.layers[0])
    pull = ended(wire)
    assert [step.outcome for step in pull.steps if step.digest == digest(APP.config_text)] == [Outcome.FAILED]
    assert pull.outcome is Ending.FAILED


def test_a_refused_certificate_is_no_way_past_the_proxy() -> None:
    """The client tried, and did not trust the proxy."""
    for quiet in (True, False):
        wire = untraced(*APP.blobs())
        trace = Trace()
        for event in merged([wire]):
            trace.feed(event)
        trace.feed(TlsRefused(time=wire.now, client=wire.client, host=TARGET, reason="unknown ca"))
        if quiet:
            trace.tick(wire.now + QUIET)
        trace.finish()
        assert {step.outcome for step in only(trace).steps[1:]} == {Outcome.FAILED}
        assert only(trace).outcome is Ending.FAILED


def test_the_next_pull_does_not_fall_to_the_one_before() -> None:
    """What was sent on is not wanted any more."""
    wire = untraced(*APP.blobs())
    wire.wait(2 * QUIET)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    for content in APP.blobs():
        sent_on(wire, content)
    assert [len(pull.steps) for pull in played(wire).pulls] == [4, 4]


@pytest.mark.parametrize("seconds", [0.1, 2.0, 5.0, 30.0])
def test_a_blob_may_take_its_time(seconds: float) -> None:
    """One after the other, each from where nothing is seen: the client goes on when it has the one before."""
    wire = Wire(agent=CRANE)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    for content in APP.blobs():
        wire.wait(seconds)
        sent_on(wire, content)
    pull = ended(wire) if seconds < 10 else only(played(wire))
    assert {step.sent_on_to for step in pull.steps[1:]} == {TARGET}
    assert (pull.outcome, pull.layers.sent_on) == (Ending.COMPLETE, 2)
    assert [finding.code for finding in pull.findings] == ["host-not-traced"]


@pytest.mark.parametrize(("later", "ending"), [(0.1, Ending.INCOMPLETE), (NEXT_MOVE + 1, Ending.COMPLETE)])
def test_an_end_right_behind_a_redirect(later: float, ending: Ending) -> None:
    """The tracer ends while its client is connected: whether that follows the redirect is not known, unless it was quiet."""
    wire = untraced()
    for place, content in enumerate(APP.blobs()):
        sent_on(wire, content, at=wire.now + place * 0.006)
    trace = played(wire, finish=False)
    trace.finish(at=wire.now + later)
    pull = only(trace)
    assert pull.outcome is ending
    assert [finding.severity for finding in pull.findings if finding.severity != "info"] == []
    assert "complete" not in report(trace, "text").split("\n")[-2] or ending is Ending.COMPLETE


def failing(case: str, steps: int) -> Wire:
    """A pull of which each layer fails, in its way."""
    wire, image = Wire(), Image(layers=tuple(f"layer {number}" for number in range(steps)))
    get_manifest(wire, image, image.manifest(), tag=True)
    if case == "its host is in sight":
        get_blob(wire, image, image.config_text)
    for layer in image.layers:
        if case == "it is not there":
            wire.ask("GET", image.url("blobs", digest(layer)), 404)
        else:
            sent_on(wire, image.layers[0] if case == "the same is asked again" else layer)
            wire.wait(NEXT_MOVE + 0.5)  # it has failed then
    return wire


@pytest.mark.parametrize(
    "case", ["it is not there", "its host is in sight", "its certificate is refused", "the same is asked again"]
)
def test_what_fails_is_not_looked_at_again_with_each_request(case: str) -> None:
    """Twice as many steps take twice as many calls, from the first request to the findings."""

    def calls(steps: int) -> int:
        trace, called = Trace(), 0
        if case == "its certificate is refused":
            trace.feed(TlsRefused(time=1000.0, client="10.0.0.1", host=TARGET, reason="unknown ca"))

        def count(_frame: object, _event: str, _argument: Any) -> None:
            nonlocal called
            called += 1

        events = merged([failing(case, steps)])
        before = sys.getprofile()
        sys.setprofile(count)
        for event in events:
            trace.feed(event)
        trace.finish()
        sys.setprofile(before)
        assert len(only(trace).failing) >= steps - 1  # of the last it is not known
        return called

    calls(2)  # what is worked out once and kept
    assert calls(400) < 2.1 * calls(200)
