"""Writes lines in a thread of its own, so that a full disk, a slow terminal or a stopped pager never holds up the proxy.

Lines go out in the order in which they came. A first line goes out at once; what comes within `PAUSE` of it goes out
together after that, for a thread that is woken for every line takes more of the interpreter than the line's making did.
What waits is bounded: beyond `MOST_WAITING` lines new ones are dropped, counted and told at the end, for the alternative is
memory without end.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from mitmproxy import ctx

from pullscope.mitm.safety import caught, printing_to

MOST_WAITING = 100_000

PAUSE = 0.02
"""Seconds between two writes: not to be seen by a person, and at most this much is lost in a crash."""

AT_ONCE = 1_000
"""Lines of one write: few enough that each shows a slow reader still reads."""

STUCK, LONGEST_CLOSE = 2.0, 10.0
"""Seconds without a write after which the end is not waited for any more, and for which it is at the most."""


class Sink(Protocol):
    """What lines are written to."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...

    def close(self) -> object: ...


class Outlet:
    """Hands lines to a file, which only its thread touches."""

    def __init__(self, file: Sink, *, on_error: Callable[[str], None], owns: bool) -> None:
        """`on_error` is called from that thread; with `owns` the file is closed at the end."""
        self._file = file
        self._owns = owns
        self._on_error = on_error
        self._lines: deque[str] = deque()
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._broken = False
        self._writes = 0
        self.dropped = 0
        self._thread = threading.Thread(target=caught(self._run, self._fail), name="pullscope-outlet", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Queue one line, or several with newlines between them, without the last newline."""
        if self._broken or len(self._lines) > MOST_WAITING:
            self.dropped += 1
            return
        self._lines.append(line)
        if not self._wanted.is_set():
            self._wanted.set()

    def close(self, *, wait: bool = True) -> None:
        """Write what is waiting, and close the file if it is ours; without `wait` a moment later, in its thread.

        A pipe or a terminal that takes nothing is given up.
        """
        self._closing.set()
        self._wanted.set()
        for _ in range(int(LONGEST_CLOSE / STUCK) if wait else 0):
            before = self._writes
            self._thread.join(timeout=STUCK)
            if not self._thread.is_alive() or self._writes == before:
                return

    def _run(self) -> None:
        last = False
        while not last:
            self._wanted.wait()
            self._wanted.clear()  # before the lines are taken: one that comes now wakes us again
            last = self._closing.is_set()
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            if self._broken:
                self.dropped += len(lines)
            else:
                for at in range(0, len(lines), AT_ONCE):
                    if self._broken:
                        break
                    caught(partial(self._write, lines[at : at + AT_ONCE]), self._fail)()
            self._closing.wait(PAUSE)
        if self.dropped and not self._broken:
            self._on_error(f"{self.dropped} lines were dropped: they came faster than they could be written")
        if self._owns:
            caught(self._file.close, self._fail)()

    def _write(self, lines: list[str]) -> None:
        text = "\n".join(lines) + "\n"
        try:
            self._file.write(text)
        except UnicodeEncodeError:  # a terminal of another century
            self._file.write(text.encode("ascii", "replace").decode())
        self._file.flush()
        self._writes += 1

    def _fail(self, error: Exception) -> None:
        """Say it once. What is not trouble of the file's own is an error of ours, whose words may quote a line."""
        if not self._broken:
            self._broken = True
            what = str(error) if isinstance(error, OSError) else f"an error of its own ({type(error).__name__})"
            self._on_error(f"{what}; nothing more is written")


HOLDERS = (("termlog", "logger.file"), ("dumper", "outfp"))
"""Addon, and where it keeps its file."""


class Lines:
    """Hands on every whole line of what is printed."""

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._emit = emit
        self._rest = ""

    def write(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._emit(line)


class BorrowedOutput:
    """Lends mitmdump's own output to a view that redraws the terminal; `give_back` makes it print to its own file again.

    mitmdump's log and its flow lines keep the stdout that they were made with (mitmproxy 11 and 12: `TermLogHandler.file`,
    `Dumper.outfp`), so these two are redirected, or they print across the table.
    """

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._owners: list[tuple[Any, str, Any]] = []
        lines = Lines(emit)
        for name, path in HOLDERS:
            owner: Any = ctx.master.addons.get(name)
            *way, last = path.split(".")
            for part in way:
                owner = getattr(owner, part, None)
            if owner is not None and hasattr(owner, last):
                file = getattr(owner, last)
                self._owners.append((owner, last, file))
                setattr(owner, last, printing_to(lines.write, file))

    def give_back(self) -> None:
        """Undo; may be called twice."""
        while self._owners:
            owner, name, file = self._owners.pop()
            setattr(owner, name, file)
