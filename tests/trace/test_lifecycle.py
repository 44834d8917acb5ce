"""How long more is waited for, by what was seen last; and that the table of states names functions that there are."""

from __future__ import annotations

import importlib
from collections import Counter

import pytest
from tests.trace.correlation_page import TRANSITIONS
from tests.trace.images import Image, digest, get_manifest
from tests.trace.wire import CRANE, DOCKER_29, Wire, changes_of, only, played

from pullscope.trace import lifecycle, times
from pullscope.trace.lifecycle import PATIENCE, deadline
from pullscope.trace.model import Step
from pullscope.trace.trace import Trace

APP = Image()


def waits(wire: Wire) -> float:
    """For how long more is waited for, after the last thing that was seen."""
    trace = played(wire, finish=False)
    pull = only(trace)
    due = deadline(pull)
    assert due is not None
    return due - pull.last


def test_a_registry_that_says_when_to_come_again_is_waited_for() -> None:
    """Retry-After, and some more; within bounds, whatever it says."""
    for said, seconds in (("3", 3), ("", 0), ("86400", times.LONGEST_WAIT), ("soon", 0)):
        wire = Wire(agent=DOCKER_29)
        get_manifest(wire, APP, APP.manifest(), tag=True)
        trace = Trace()
        wire.ask("GET", APP.url("blobs", digest(APP.layers[0])), 429, answer={"Retry-After": said})
        played(wire, finish=False, trace=trace)
        trace.tick(wire.now + times.STEP_QUIET)
        due = deadline(only(trace))
        assert due == pytest.approx(only(trace).last + times.RETRY_QUIET + seconds)


def test_a_retry_after_its_wait_is_the_same_operation_and_not_told_twice() -> None:
    """429 with Retry-After 3, asked again 3 s later: opened once, closed once."""
    wire = Wire(agent="oras/1.3.3")
    for _ in range(4):
        wire.ask("GET", APP.url("manifests", APP.tag), 429, answer={"Retry-After": "3"}, connection="a")
        wire.wait(3)
    seen = [change.what for change in changes_of(wire)]
    assert (seen.count("opened"), seen.count("closed"), seen.count("reopened")) == (1, 1, 0)


def test_a_step_that_may_go_on_is_waited_for_shortly() -> None:
    """A 401 that is not answered yet."""
    wire = Wire(agent=DOCKER_29)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest(APP.layers[0])), 503)
    assert waits(wire) == pytest.approx(times.STEP_QUIET)


def test_the_last_row_holds_always() -> None:
    """Whatever was seen, some row says how long to wait."""
    assert PATIENCE[-1].name == "otherwise"
    assert min(times.STEP_QUIET, times.FAILED_QUIET, times.RETRY_QUIET, times.QUIET) >= times.SOONEST


@pytest.mark.parametrize("move", TRANSITIONS, ids=lambda move: f"{move.state} {move.where}")
def test_the_table_names_what_there_is(move: object) -> None:
    """Each transition is done by a function of that name in that file."""
    name, _, function = getattr(move, "where", "").partition(".")
    module = importlib.import_module(f"pullscope.trace.{name}")
    owners = [module, *(each for each in vars(module).values() if isinstance(each, type))]
    assert any(hasattr(owner, function) for owner in owners)


def test_many_steps_that_could_go_on_are_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of twice as many tags that are not there, all in one operation, about twice as many looks are taken, and not four times."""
    looks: Counter[int] = Counter()
    patience = lifecycle._patience

    def counted(step: Step) -> float:
        looks[many] += 1
        return patience(step)

    monkeypatch.setattr(lifecycle, "_patience", counted)
    for many in (2_000, 4_000):
        wire = Wire(agent=CRANE)
        get_manifest(wire, APP, APP.manifest(), tag=True)
        for number in range(many):
            wire.ask("HEAD", APP.url("manifests", f"sha256-{number:064x}.sig"), 404)
        only(played(wire))
    assert looks[4_000] < 3 * looks[2_000]
    assert looks[4_000] < 30 * 4_000
