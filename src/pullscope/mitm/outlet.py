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
from typing import IO

MOST_WAITING = 100_000

PAUSE = 0.02
"""Seconds between two writes: not to be seen by a person, and at most this much is lost in a crash."""


class Outlet:
    """Hands lines to a file. `close` waits until everything has been written."""

    def __init__(self, file: IO[str], *, on_error: Callable[[str], None], owns: bool) -> None:
        self._file = file
        self._owns = owns
        self._on_error = on_error
        self._lines: deque[str] = deque()
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._broken = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="pullscope-outlet", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Queue one line, or several with newlines between them, without the last newline."""
        if self._broken or len(self._lines) > MOST_WAITING:
            self.dropped += 1
            return
        self._lines.append(line)
        if not self._wanted.is_set():
            self._wanted.set()

    def close(self) -> None:
        """Write what is waiting, and close the file if it is ours."""
        self._closing.set()
        self._wanted.set()
        self._thread.join(timeout=10)
        if self.dropped and not self._broken:
            self._on_error(f"{self.dropped} lines were dropped, for they came faster than they could be written")
        if self._owns:
            try:
                self._file.close()
            except OSError as error:
                self._fail(error)

    def _run(self) -> None:
        last = False
        while not last:
            self._wanted.wait()
            self._wanted.clear()  # before the lines are taken: one that comes now wakes us again
            last = self._closing.is_set()
            try:
                self._write([self._lines.popleft() for _ in range(len(self._lines))])
            except (OSError, ValueError) as error:
                self._fail(error)
            self._closing.wait(PAUSE)

    def _write(self, lines: list[str]) -> None:
        if self._broken or not lines:
            return
        text = "\n".join(lines) + "\n"
        try:
            self._file.write(text)
        except UnicodeEncodeError:  # a terminal of another century
            self._file.write(text.encode("ascii", "replace").decode())
        self._file.flush()

    def _fail(self, error: Exception) -> None:
        if not self._broken:
            self._broken = True
            self._on_error(str(error))
