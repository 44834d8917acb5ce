"""Reads mitmproxy's flow files, whole or while they are written: the events of every flow, in the order of their time.

A flow file is in the order in which flows were completed, so all of it is read before the first event is given out. What
is damaged ends the reading: what came before is given, and `problem` says the rest in one sentence.

mitmproxy's reader raises whatever its own assumptions bring where a byte is wrong: KeyError, AttributeError, AssertionError and
more. It is read here only, and what comes out is a flow or a `DamagedError`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO

from mitmproxy import exceptions, http
from mitmproxy.flow import Flow
from mitmproxy.io import FlowReader

from pullscope.mitm.flow_events import events_of_saved
from pullscope.trace.border import Border
from pullscope.trace.events import Event


class DamagedError(ValueError):
    """Nothing can be read from here on."""


class CutOffError(DamagedError):
    """The file ends in the middle of a flow."""


def flows_of(file: BinaryIO) -> Iterator[Flow]:
    """The flows of a file, of every kind, in the file's order. Raises DamagedError after the last that is whole."""
    try:
        yield from FlowReader(file).stream()
    except exceptions.FlowReadException as error:
        raise CutOffError("in the middle of a flow") from error
    except Exception as error:
        raise DamagedError(type(error).__name__) from error


class FlowFile:
    """One flow file; iterate over `events()`, then look at `problem`, and at `cut_off`: whether its end is missing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problem: str | None = None
        self.cut_off = False
        self.flows = 0

    def events(self, file: BinaryIO) -> Iterator[Event]:
        """The events of the file, by time; of equal times, in the order of the flows."""
        border = Border()
        events: list[Event] = []
        for flow in self._flows(file):
            self.flows += 1
            try:
                events.extend(events_of_saved(border, flow))
            except Exception:
                self.problem = f"{self.name}: flow {self.flows} could not be understood; the others were."
        events.sort(key=lambda event: event.time)
        yield from events

    def _flows(self, file: BinaryIO) -> Iterator[http.HTTPFlow]:
        try:
            for flow in flows_of(file):
                if isinstance(flow, http.HTTPFlow):
                    yield flow
        except CutOffError:
            self.cut_off = True
            before = {0: "nothing before it was", 1: "the one before it was"}.get(
                self.flows, f"the {self.flows} before it were"
            )
            self.problem = f"{self.name} ends in the middle of a flow; {before} read."
        except DamagedError as error:
            self.cut_off = True
            self.problem = f"{self.name} is damaged after flow {self.flows} ({error}); what came before was read."


HELD_BACK = 3.0
LONGEST_PREFIX = 12
"""Digits of a tnetstring's length; mitmproxy's own reader allows no more."""


class FlowTail:
    """The growing end of one flow file: whatever whole flows have come, again and again.

    mitmproxy writes a flow when it is completed, so a long download comes after what was asked later. Events are held back for
    `HELD_BACK` seconds of event time and given out by time; when nothing has come for a while, all of them.
    """

    def __init__(self, file: BinaryIO, on_error: Callable[[Exception], None]) -> None:
        """`on_error` is told of an error of ours in one flow; the others go on."""
        self._file = file
        self._on_error = on_error
        self._rest = b""
        self._border = Border()
        self._waiting: list[Event] = []

    def more(self, *, quiet: bool) -> list[Event]:
        """The events that are due, by time; with `quiet` all that wait. Raises ValueError where the file is damaged."""
        self._rest += self._file.read()
        while (flow := self._next()) is not None:
            if isinstance(flow, http.HTTPFlow):
                try:
                    self._waiting.extend([*events_of_saved(self._border, flow)])
                except Exception as error:
                    self._on_error(error)
        self._waiting.sort(key=lambda event: event.time)
        if not self._waiting:
            return []
        until = self._waiting[-1].time - (0.0 if quiet else HELD_BACK)
        due = [event for event in self._waiting if event.time <= until]
        self._waiting = self._waiting[len(due) :]
        return due

    def _next(self) -> object | None:
        """The next flow, if it is there whole: a tnetstring says its length first (`123:...}`)."""
        length, colon, _ = self._rest[: LONGEST_PREFIX + 1].partition(b":")
        if not colon:
            if len(length) > LONGEST_PREFIX:
                raise ValueError("it is not a flow file from here on")
            return None
        if not length.isdigit():
            raise ValueError("it is not a flow file from here on")
        end = len(length) + 1 + int(length) + 1
        if len(self._rest) < end:
            return None
        whole, self._rest = self._rest[:end], self._rest[end:]
        try:
            return next(flows_of(io.BytesIO(whole)), None)
        except DamagedError as error:
            raise ValueError(f"a flow is damaged ({error})") from error
