"""Work that waits for its turn, so that pulls go first and their story comes a moment later.

Hooks run in the proxy's one event loop: what a hook does is time for which every client waits. So a hook only takes note
of what it saw and leaves the rest here, where it is done in order, in slices of `SLICE`, as soon as the loop has time.
While traffic keeps the loop busy, `SHARE` of the time is all that the story gets, and it falls behind; when the wire is
quiet again it catches up. What waits is bounded, by number and by bytes: beyond that the oldest is done on the spot, and
the proxy is as slow as its story. Code that needs an answer before the traffic may go on takes a `turn` and waits for it.

Knows nothing of flows. An exception in a piece of work is handed to `on_error` and ends that piece only. An error of the
backlog itself ends it: every `turn` returns, waiting work is dropped, and `on_broken` is called.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple, ParamSpec

from pullscope.mitm.safety import caught

SLICE = 0.002
"""Seconds of work after which traffic has its turn again; less than what a registry takes for an answer."""

SHARE = 0.01
"""Of a busy loop's time, what the story gets: with cold caches it costs the traffic twice as much."""

PROBE = 0.001
"""Seconds after a slice before it can be told whether the loop is busy."""

BUSY = 0.5
"""The share of a CPU that this thread uses while it is busy with traffic; one that waits for a wire uses far less."""

MOST_WAITING = 30_000
"""Pieces of work: some 10,000 requests, each a few kB of headers."""

MOST_HELD = 32 * 1024 * 1024
"""Bytes of documents that wait to be read."""

ALLOCATIONS = 5_000
"""New objects after which Python looks for cycles (gc.set_threshold). What waits is in none, and with the 700 of Python
3.11 it is looked at so often that it costs a request more than all of our hooks; memory grew by 1 MiB for it."""

Noted = ParamSpec("Noted")


class _Piece(NamedTuple):
    """Small and flat, for thousands may wait, and the garbage collector looks at each object again and again."""

    name: str
    held: int
    awaited: asyncio.Future[None] | None
    work: Callable[..., None]
    noted: tuple[object, ...]


class Backlog:
    """Does work in the order in which it came: later if `patient`, else at once."""

    def __init__(
        self,
        on_error: Callable[[str, Exception], None],
        *,
        on_broken: Callable[[Exception], None] = lambda _error: None,
        clock: Callable[[], float] = time.perf_counter,
        used: Callable[[], float] = time.thread_time,
    ) -> None:
        """`clock` is wall time and `used` this thread's CPU time, both in seconds."""
        self._on_error = on_error
        self._on_broken = on_broken
        self._broken = False
        self._turns: set[asyncio.Future[None]] = set()
        self._found: tuple[int, int, int] | None = None
        self._froze = False
        self._clock = clock
        self._used = used
        self._waiting: deque[_Piece] = deque()
        self._held = 0
        self._patient = False
        self._next: asyncio.Handle | None = None
        self._since = clock()
        self._used_by_then = used()
        self._rest = 0.0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def patient(self) -> bool:
        """Whether work may wait at all."""
        return self._patient

    @patient.setter
    def patient(self, patient: bool) -> None:
        self._patient = patient
        if patient:
            self._found = self._found or spare_the_collector()
            if gc.isenabled() and not gc.get_freeze_count():
                # Some hundred thousand objects of mitmproxy itself, which each full look went through again: half of
                # what our hooks cost a request.
                self._froze = True
                gc.freeze()
        else:
            self.catch_up()

    def close(self) -> None:
        """The addon ends: restore the collector's thresholds, unless other code has set them since."""
        found, self._found = self._found, None
        if found is not None and gc.get_threshold() == (ALLOCATIONS, *found[1:]):
            gc.set_threshold(*found)
        if self._froze:
            self._froze = False
            gc.unfreeze()

    def later(self, name: str, held: int, work: Callable[Noted, None], *noted: Noted.args, **_: Noted.kwargs) -> None:
        """Do this when there is time; meanwhile it holds so many bytes of a body. `name` is for `on_error`."""
        if self._broken:
            return
        piece = _Piece(name, held, None, work, noted)
        if not self._patient:
            self._do(piece)
            return
        self._add(piece)
        while len(self._waiting) > MOST_WAITING or self._held > MOST_HELD:
            self._do_next()
        if self._next is None:
            self._next = asyncio.get_running_loop().call_soon(caught(self._work, self._break))

    def turn(
        self, name: str, work: Callable[Noted, None], *noted: Noted.args, **_: Noted.kwargs
    ) -> Awaitable[None] | None:
        """Do this now, or after all that came before it: then there is something to wait for."""
        if self._broken:
            return None
        if not self._waiting:
            self._do(_Piece(name, 0, None, work, noted))
            return None
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._turns.add(future)
        self._add(_Piece(name, 0, future, work, noted))
        if self._next is not None:
            self._next.cancel()
        self._next = loop.call_soon(caught(self._work, self._break))
        return future

    def catch_up(self) -> None:
        """Do all that waits, now; nothing is left that the loop would come back for."""
        while self._waiting:
            self._do_next()
        if self._next is not None:
            self._next.cancel()
            self._next = None

    # -- inside ---------------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """A slice of work, unless traffic needs the time."""
        self._next = None
        wait = self._not_yet()
        if wait <= 0:
            began = self._clock()
            while self._waiting and self._clock() - began < SLICE:
                self._do_next()
            self._since, self._used_by_then = self._clock(), self._used()
            self._rest = (self._since - began) * (1 / SHARE - 1)
            wait = PROBE
        if self._waiting:
            loop = asyncio.get_running_loop()
            work = caught(self._work, self._break)
            self._next = loop.call_soon(work) if self._turns else loop.call_later(wait, work)

    def _not_yet(self) -> float:
        """Seconds for which traffic goes first; none while a `turn` waits."""
        passed = self._clock() - self._since
        if self._turns or passed >= self._rest:
            return 0.0
        if passed < PROBE:
            return PROBE - passed
        busy = self._used() - self._used_by_then > BUSY * passed
        return self._rest - passed if busy else 0.0

    def _add(self, piece: _Piece) -> None:
        self._waiting.append(piece)
        self._held += piece.held

    def _do_next(self) -> None:
        piece = self._waiting.popleft()
        self._held -= piece.held
        try:
            self._do(piece)
        finally:
            if piece.awaited is not None:
                self._turns.discard(piece.awaited)
                if not piece.awaited.done():  # its client may have hung up meanwhile
                    piece.awaited.set_result(None)

    def _do(self, piece: _Piece) -> None:
        try:
            piece.work(*piece.noted)
        except Exception as error:
            self._on_error(piece.name, error)

    def _break(self, error: Exception) -> None:
        """Release every `turn` and do no more work."""
        self._broken = True
        turns, self._turns = self._turns, set()
        self._waiting.clear()
        self._held = 0
        for turn in turns:
            if not turn.done():
                turn.set_result(None)
        self._on_broken(error)


def spare_the_collector() -> tuple[int, int, int] | None:
    """Let the garbage collector run less often than it does by default; one that was turned off stays off.

    The thresholds as they were, if they were changed.
    """
    found = gc.get_threshold()
    young, *older = found
    if not 0 < young < ALLOCATIONS:
        return None
    gc.set_threshold(ALLOCATIONS, *older)
    return found
