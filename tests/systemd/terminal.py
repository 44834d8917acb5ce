"""A real terminal with a command on it: what is said there, what is typed, and its loss."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class Terminal:
    """The side of the person who sits at it."""

    def __init__(self, words: Sequence[str]) -> None:
        self._ours, theirs = pty.openpty()
        self.said = ""
        self.process = subprocess.Popen(
            words,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd="/",
            start_new_session=True,
            preexec_fn=_sit_down,
        )
        os.close(theirs)

    def until(self, text: str, patience: float = 120) -> None:
        """Read until `text` was said since the last time."""
        start, end = len(self.said), time.monotonic() + patience
        while text not in self.said[start:]:
            assert time.monotonic() < end, self.said
            if select.select([self._ours], [], [], 1)[0]:
                try:
                    self.said += os.read(self._ours, 65536).decode("utf-8", "replace")
                except OSError as error:  # EIO: the command and all its children have ended
                    raise AssertionError(f"ended without {text!r}: {self.said}") from error

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def hang_up(self) -> None:
        os.close(self._ours)
        self._ours = -1

    def end(self) -> int:
        """The exit code, the last words read."""
        with contextlib.suppress(OSError):
            while self._ours >= 0 and (piece := os.read(self._ours, 65536)):
                self.said += piece.decode("utf-8", "replace")
        return self.process.wait(60)


def _sit_down() -> None:
    """Make the terminal ours, so that its loss is a hang-up. Ctrl-C is for what runs inside of nsenter, not for nsenter.

    That would die of it at once, and the end of a session's first process is a hang-up for all others. `Container.words`
    gives the signal back to the command.
    """
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def terminal(words: Sequence[str]) -> Iterator[Terminal]:
    opened = Terminal(words)
    try:
        yield opened
    finally:
        if opened.process.poll() is None:
            opened.process.terminate()
            opened.process.wait(60)
        if opened._ours >= 0:
            opened.hang_up()
