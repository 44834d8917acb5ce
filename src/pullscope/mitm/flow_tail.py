"""Reads a flow file that is still being written: whatever whole flows have come, again and again.

mitmproxy writes a flow when it is completed, so a long download comes after what was asked later. Events are held back for
`HELD_BACK` seconds of event time and given out by time; when nothing has come for a while, all of them.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

from mitmproxy import http

from pullscope.mitm.flow_events import events_of_saved
from pullscope.mitm.flow_file import DamagedError, flows_of
from pullscope.trace.border import Border
from pullscope.trace.events import Event

HELD_BACK = 3.0
LONGEST_PREFIX = 12
"""Digits of a tnetstring's length; mitmproxy's own reader allows no more."""


class FlowTail:
    """The growing end of one flow file."""

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
