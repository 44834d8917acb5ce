"""`pullscope report --follow`: a recording or a flow file told as it grows, also where it is cut or put aside meanwhile."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from pullscope.cli.exits import Complaint, say
from pullscope.cli.source import Untold, begin_of, is_flow_file, is_recording, name_of, open_source
from pullscope.oci.verdicts import ExitCode
from pullscope.render.layout import screen_width

if TYPE_CHECKING:
    from pullscope.trace.events import Event
    from pullscope.trace.model import Change

POLL = 0.25
"""Seconds between looks at a file that grows."""


def follow(file: str, *, color: bool, verbose: bool) -> None:
    """Tell a recording as it grows; Ctrl-C ends it and closes what is open."""
    from pullscope.render.lines import Story

    def write(line: str) -> None:
        print(line, flush=True)

    untold = Untold(lambda sentence: say(f"note: {sentence}"))
    story = Story(write, color=color, verbose=verbose, columns=screen_width)

    def show(changes: Sequence[Change]) -> None:
        for change in changes:
            try:
                story.show([change])
            except OSError:
                raise  # the output is closed
            except Exception as error:
                untold.add(error)

    try:
        while True:
            with open_source(file) as source:
                became = _tell(file, source, show, untold)
            if not became:
                return
            say(f"note: {name_of(file)} {became}.")
    except KeyboardInterrupt:
        pass  # how following is meant to end


def _tell(file: str, source: BinaryIO, show: Callable[[Sequence[Change]], None], untold: Untold) -> str:
    """Tell one file to its end; what became of it then, where there is more to read under its name."""
    from pullscope.trace.trace import Trace

    head = begin_of(source)
    is_flows = is_flow_file(head)
    if not is_flows and head and not is_recording(head):
        raise Complaint(
            f"{name_of(file)} is neither a recording nor a flow file; --follow reads only those.", ExitCode.USAGE
        )
    trace = Trace(keep=500, on_error=untold.add)
    grown = _flows(file, source, untold.add) if is_flows else _lines(file, source)
    late = 10.0 if is_flows else 1.0  # a flow is written when it is completed, so silence says less
    latest, read_at = 0.0, time.monotonic()
    cut_off = False
    try:
        for events in grown:
            for event in events:
                show(trace.feed(event))
                latest, read_at = max(latest, event.time), time.monotonic()
            if not events:
                # Time passes for the recording as it does for us, also when it was made long ago.
                show(trace.tick(latest + time.monotonic() - read_at - late))
                if became := _became(file, source):
                    cut_off = True
                    return became
                time.sleep(POLL)
    except Complaint:
        cut_off = True
        raise
    finally:
        show(trace.finish(cut_off=cut_off))
    return ""


def _became(file: str, source: BinaryIO) -> str:
    """Whether the file is another one by now, from whose beginning it goes on; a file that is gone may come again."""
    if file == "-":
        return ""
    try:
        ours, there = os.fstat(source.fileno()), os.stat(file)  # noqa: PTH116 - by name, as it was opened
        place = source.tell() if stat.S_ISREG(ours.st_mode) else 0
    except OSError:
        return ""
    if ours.st_size < place:
        return "was truncated; reading it from its beginning again"
    if stat.S_ISREG(there.st_mode) and there.st_size and not os.path.samestat(ours, there):
        return "was replaced; reading the new file from its beginning"
    return ""


def _lines(file: str, source: BinaryIO) -> Iterator[list[Event]]:
    """The events of a growing recording, as they come; an empty list when there is nothing new."""
    from pullscope.trace.recording import NotARecordingError, Reader

    lines, half, said = Reader(name_of(file)), b"", False
    while True:
        line = source.readline()
        if file == "-" and not line:
            return
        if not line.endswith(b"\n"):
            half += line
            yield []
            continue
        try:
            event = lines.line(half + line)
        except NotARecordingError as error:
            raise Complaint(str(error)) from None
        half = b""
        if lines.problem and not said:
            said = True
            say(f"note: {lines.problem}")
        if event is not None:
            yield [event]


def _flows(file: str, source: BinaryIO, on_error: Callable[[Exception], None]) -> Iterator[list[Event]]:
    """The events of a growing flow file."""
    from pullscope.mitm.flow_file import HELD_BACK, FlowTail

    tail, seen = FlowTail(source, on_error), time.monotonic()
    while True:
        try:
            events = tail.more(quiet=time.monotonic() - seen > HELD_BACK)
        except ValueError as error:
            raise Complaint(f"{name_of(file)} can no longer be followed: {error}.") from None
        if events:
            seen = time.monotonic()
        yield events
