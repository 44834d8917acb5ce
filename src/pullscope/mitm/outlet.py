"""Writes lines in a thread of its own, so that a full disk, a slow terminal or a stopped pager never holds up the proxy.

Lines go out in the order in which they came and are flushed one by one. What waits is bounded: beyond `MOST_WAITING` lines
new ones are dropped, counted and told at the end, for the alternative is memory without end.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import IO

MOST_WAITING = 100_000


class Outlet:
    """Hands lines to a file. `close` waits until everything has been written."""

    def __init__(self, file: IO[str], *, on_error: Callable[[str], None], owns: bool) -> None:
        self._file = file
        self._owns = owns
        self._on_error = on_error
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._broken = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="pullscope-outlet", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Queue one line, without its newline."""
        if self._broken or self._lines.qsize() > MOST_WAITING:
            self.dropped += 1
            return
        self._lines.put(line)

    def close(self) -> None:
        """Write what is waiting, and close the file if it is ours."""
        self._lines.put(None)
        self._thread.join(timeout=10)
        if self.dropped and not self._broken:
            self._on_error(f"{self.dropped} lines were dropped, for they came faster than they could be written")
        if self._owns:
            try:
                self._file.close()
            except OSError as error:
                self._fail(error)

    def _run(self) -> None:
        while True:
            line = self._lines.get()
            if not self._broken:
                try:
                    if line is not None:
                        self._write(line)
                    if line is None or self._lines.empty():
                        self._file.flush()
                except (OSError, ValueError) as error:
                    self._fail(error)
            if line is None:
                return

    def _write(self, line: str) -> None:
        try:
            self._file.write(line + "\n")
        except UnicodeEncodeError:  # a terminal of another century
            self._file.write(line.encode("ascii", "replace").decode() + "\n")

    def _fail(self, error: Exception) -> None:
        if not self._broken:
            self._broken = True
            self._on_error(str(error))
