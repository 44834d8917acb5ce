"""Tests of the backlog: order, whose turn it is on a busy loop and on a quiet one, and that nothing grows without bound."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pullscope.mitm.backlog import (
    ALLOCATIONS,
    BUSY,
    MOST_HELD,
    MOST_WAITING,
    PROBE,
    SHARE,
    SLICE,
    Backlog,
    spare_the_collector,
)


class Handle:
    def __init__(self, due: float, call: Callable[[], None]) -> None:
        self.due, self.call, self.cancelled = due, call, False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """An event loop whose time passes by hand; `busy` is the share of it that other work takes in CPU time."""

    def __init__(self, real: asyncio.AbstractEventLoop) -> None:
        self.now, self.used, self.busy = 100.0, 0.0, 1.0
        self.handles: list[Handle] = []
        self.create_future = real.create_future

    def call_soon(self, call: Callable[[], None]) -> Handle:
        return self.call_later(0.0, call)

    def call_later(self, wait: float, call: Callable[[], None]) -> Handle:
        self.handles.append(Handle(self.now + wait, call))
        return self.handles[-1]

    def run(self, seconds: float) -> None:
        """Let so much time pass, and call what is due."""
        until = self.now + seconds
        while due := sorted((one for one in self.handles if one.due <= until), key=lambda one: one.due)[:1]:
            (first,) = due
            self.handles.remove(first)
            self.pass_by(max(0.0, first.due - self.now))
            if not first.cancelled:
                first.call()
        self.pass_by(max(0.0, until - self.now))

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.used += seconds * self.busy


class Done:
    """Work that takes its time and remembers its order."""

    def __init__(self, loop: Loop | None = None, *, takes: float = 0.0) -> None:
        self.order: list[Any] = []
        self._loop, self._takes = loop, takes

    def __call__(self, what: Any) -> None:
        if self._loop is not None:
            self._loop.now += self._takes
            self._loop.used += self._takes
        self.order.append(what)


def fail(*_: object) -> None:
    raise RuntimeError("s3cret")


def made(loop: Loop, *, patient: bool = True) -> tuple[Backlog, list[tuple[str, Exception]]]:
    troubles: list[tuple[str, Exception]] = []
    waits = Backlog(lambda name, error: troubles.append((name, error)), clock=lambda: loop.now, used=lambda: loop.used)
    waits.patient = patient
    return waits, troubles


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    real = asyncio.new_event_loop()
    loop = Loop(real)
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    monkeypatch.setattr(gc, "set_threshold", lambda *_: None)
    yield loop
    real.close()


def test_without_patience_work_is_done_at_once(loop: Loop) -> None:
    """In mitmweb and with -w a flow has its words when its hook returns."""
    waits, _ = made(loop, patient=False)
    done = Done()
    waits.later("a", 10, done, 1)

    assert waits.turn("b", done, 2) is None
    assert done.order == [1, 2]
    assert (len(waits), loop.handles) == (0, [])


def test_with_patience_a_hook_returns_before_its_work_is_done(loop: Loop) -> None:
    """It is done as soon as the loop comes to it, in the order of the hooks."""
    waits, _ = made(loop)
    done = Done()
    for number in range(3):
        waits.later("a", 0, done, number)

    assert done.order == []
    loop.run(0.0)
    assert done.order == [0, 1, 2]
    assert loop.handles == []


def test_on_a_busy_loop_the_story_gets_its_share_and_no_more(loop: Loop) -> None:
    """Of a second in which traffic takes all that it can get, about a hundredth is spent on the backlog."""
    waits, _ = made(loop)
    done = Done(loop, takes=SLICE / 4)
    for number in range(10_000):
        waits.later("a", 0, done, number)
    loop.run(1.0)

    spent = len(done.order) * SLICE / 4
    assert SHARE / 2 < spent < SHARE * 1.5
    assert done.order == list(range(len(done.order)))


def test_on_a_quiet_loop_it_catches_up(loop: Loop) -> None:
    """The same, but the loop is idle: most of the time goes into the backlog, and each slice is short all the same."""
    waits, _ = made(loop)
    done = Done(loop, takes=SLICE / 4)
    for number in range(10_000):
        waits.later("a", 0, done, number)
    loop.busy = BUSY / 2
    began = loop.now
    loop.run(1.0)

    spent = len(done.order) * SLICE / 4
    assert spent > 0.6 * (loop.now - began)
    assert PROBE < SLICE


@pytest.mark.parametrize(("held", "most"), [(0, MOST_WAITING), (MOST_HELD // 10, 10)], ids=["pieces", "bytes"])
def test_what_waits_is_bounded(loop: Loop, held: int, most: int) -> None:
    """Beyond the bound the oldest is done in the hook: slower, but never more memory."""
    waits, _ = made(loop)
    done = Done()
    for number in range(most + 5):
        waits.later("a", held, done, number)

    assert len(waits) == most
    assert done.order == [0, 1, 2, 3, 4]


def test_a_turn_comes_after_what_came_before_it(loop: Loop) -> None:
    """Code that takes a turn waits for it, and the busy loop does not make it rest."""
    waits, _ = made(loop)
    done = Done(loop, takes=SLICE)
    for number in range(20):
        waits.later("a", 0, done, number)
    turn = waits.turn("b", done, "turn")
    waits.later("a", 0, done, "after")
    assert isinstance(turn, asyncio.Future)
    assert not turn.done()
    loop.run(21 * SLICE)

    assert turn.done()
    assert done.order[:21] == [*range(20), "turn"]


def test_a_turn_where_nothing_waits_is_now(loop: Loop) -> None:
    """The usual case: a layer's answer goes on without the loop in between."""
    waits, _ = made(loop)
    done = Done()

    assert waits.turn("b", done, 1) is None
    assert done.order == [1]


def test_a_client_that_hung_up_while_it_waited_does_no_harm(loop: Loop) -> None:
    """mitmproxy cancels the hook; its work is done all the same, for the trace wants to know."""
    waits, troubles = made(loop)
    done = Done()
    waits.later("a", 0, done, 1)
    turn = waits.turn("b", done, 2)
    assert isinstance(turn, asyncio.Future)
    turn.cancel()
    loop.run(0.0)

    assert (done.order, troubles) == ([1, 2], [])


def test_an_exception_ends_its_own_piece_only(loop: Loop) -> None:
    """It is handed on with the name of its hook, and its turn returns."""
    waits, troubles = made(loop)
    done = Done()
    waits.later("response", 0, fail)
    turn = waits.turn("responseheaders", fail)
    waits.later("a", 0, done, 1)
    loop.run(0.0)

    assert [(name, type(error)) for name, error in troubles] == [
        ("response", RuntimeError),
        ("responseheaders", RuntimeError),
    ]
    assert isinstance(turn, asyncio.Future)
    assert (turn.done(), done.order) == (True, [1])


def test_patience_that_ends_leaves_nothing_waiting(loop: Loop) -> None:
    """`:set save_stream_file=…` in the middle: from now on flows have their words at once."""
    waits, _ = made(loop)
    done = Done()
    waits.later("a", 0, done, 1)
    waits.patient = False

    assert (done.order, len(waits)) == ([1], 0)
    loop.run(1.0)
    assert done.order == [1]


@pytest.mark.parametrize(
    ("before", "after"), [((700, 10, 10), (5000, 10, 10)), ((9000, 5, 5), None), ((0, 10, 10), None)]
)
def test_the_collector_is_only_made_rarer(
    before: tuple[int, int, int], after: tuple[int, int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collector that is off, or rarer still, stays so."""
    chosen: list[tuple[int, ...]] = []
    monkeypatch.setattr(gc, "get_threshold", lambda: before)
    monkeypatch.setattr(gc, "set_threshold", lambda *values: chosen.append(values))
    spare_the_collector()

    assert chosen == ([after] if after else [])


@pytest.mark.parametrize("method", ["_work", "_do_next", "_not_yet", "_do", "_add"])
def test_an_error_of_its_own_does_not_block(loop: Loop, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """Every turn returns, it is told once, and from then on nothing is taken and nothing is held."""
    broken: list[str] = []
    waits = Backlog(
        lambda *_: None,
        on_broken=lambda error: broken.append(str(error)),
        clock=lambda: loop.now,
        used=lambda: loop.used,
    )
    waits.patient = True
    done = Done()
    waits.later("a", 10, done, 1)
    monkeypatch.setattr(Backlog, method, fail)
    try:
        turn = waits.turn("b", done, 2)
    except RuntimeError:
        assert method == "_add"  # in the hook, whose net it is
        return
    loop.run(1.0)

    assert isinstance(turn, asyncio.Future)
    assert turn.done()
    assert broken == ["s3cret"]
    assert len(waits) == 0
    assert waits.turn("c", done, 3) is None
    waits.later("d", 10, done, 4)
    assert len(waits) == 0


def test_the_collector_is_left_as_it_was_found(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to all of mitmproxy; thresholds set by other code meanwhile stay."""
    now = [(700, 10, 10)]
    monkeypatch.setattr(gc, "get_threshold", lambda: now[0])
    monkeypatch.setattr(gc, "set_threshold", lambda *given: now.__setitem__(0, given))
    waits, _ = made(loop)
    assert now == [(ALLOCATIONS, 10, 10)]
    waits.close()
    assert now == [(700, 10, 10)]

    waits, _ = made(loop)
    now[0] = (1, 2, 3)
    waits.close()
    assert now == [(1, 2, 3)]


def test_what_is_there_at_the_start_is_not_looked_through_again(loop: Loop) -> None:
    """The collector leaves mitmproxy's own objects out while work may wait, and has them back afterwards."""
    gc.unfreeze()  # whatever another test has left
    waits, _ = made(loop)
    assert gc.get_freeze_count() > 10_000
    waits.close()
    assert gc.get_freeze_count() < 10_000

    gc.freeze()  # by other code
    waits, _ = made(loop)
    waits.close()
    assert gc.get_freeze_count() > 10_000
    gc.unfreeze()
