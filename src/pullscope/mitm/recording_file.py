"""The file of a recording, looked after: changes from outside are noticed, reported once, and repaired where possible.

Used from the one thread that writes it (`line_writer`); it may wait for the disk. Whatever is missing in it, it says in itself.
A pipe or a device is only written to.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pullscope.trace.recording import missing_line


class Rotation(NamedTuple):
    """When a recording is put aside."""

    size: int
    """Bytes; a file that has more is put aside."""
    keep: int
    """How many that were put aside stay."""


class RecordingFile:
    """An open recording. `write` raises OSError only where the path is not a regular file, not for a full or failing disk."""

    def __init__(self, path: Path, descriptor: int, *, first: str, on_trouble: Callable[[str], None]) -> None:
        """`first` is the line that a recording begins with; the descriptor is this file's from now on."""
        self.rotation: Rotation | None = None
        self._path = path
        self._descriptor = descriptor
        self._first = first
        self._on_trouble = on_trouble
        found = os.fstat(descriptor)
        self._regular = stat.S_ISREG(found.st_mode)
        self._size = found.st_size if self._regular else 0
        self._trouble = ""
        self._lost = 0
        self._moved = False
        # To a file that was cut off in the middle of a line, nothing may be joined.
        self._owed = "\n" if self._size else f"{first}\n"

    def write(self, text: str) -> None:
        """Add whole lines; an empty one is only what is owed to the file."""
        text = text.lstrip("\n")
        if not self._regular:
            self._append(text)
            return
        try:
            self._look()
            self._append(text)
        except OSError as error:
            self._lost += text.count("\n")
            self._say(f"{error.strerror or error}; events are missing until it can be written again")
            return
        if self._trouble:
            self._trouble = ""
            self._on_trouble(f"it is written again; {self._lost} lines are missing")
            self._lost = 0
        self._rotate()

    def flush(self) -> None:
        """Everything has been written."""

    def close(self) -> None:
        os.close(self._descriptor)

    # -- inside ---------------------------------------------------------------------------------------------------------

    def _append(self, text: str) -> None:
        if self._lost:
            self._owed = f"{self._owed or chr(10)}{missing_line(f'{self._lost} lines could not be written.')}\n"
        data = (self._owed + text).encode()
        written = 0
        try:
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        finally:
            self._size += written
            self._owed = "\n" if 0 < written < len(data) else self._owed if not written else ""

    def _look(self) -> None:
        """See what became of the file since the last time. Raises OSError where it cannot be made anew."""
        size = os.fstat(self._descriptor).st_size
        if size < self._size:
            self._on_trouble("it was cut from outside; what was in it is missing")
            gone = missing_line("the file was cut from outside; what came before is missing.")
            self._owed = f"\n{gone}\n" if size else f"{self._first}\n{gone}\n"
        self._size = size
        if self._moved:
            return
        try:
            there = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            self._begin_anew()
            if not self._trouble:
                self._on_trouble("it was removed or moved; a new one is begun")
            return
        if not os.path.samestat(there, os.fstat(self._descriptor)):
            if there.st_size == 0 and stat.S_ISREG(there.st_mode) and there.st_uid == os.getuid():
                self._begin_anew()  # as logrotate does it
                return
            self._moved = True
            self._on_trouble("another file is in its place; recording goes on in the moved one, if it still exists")

    def _begin_anew(self) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        os.close(self._descriptor)
        self._descriptor = descriptor
        self._size, self._owed = 0, f"{self._first}\n"

    def _rotate(self) -> None:
        rotation = self.rotation
        if rotation is None or self._moved or self._size < rotation.size:
            return
        try:
            put_aside(self._path, rotation.keep)
            self._begin_anew()
        except OSError as error:
            self.rotation = None
            self._on_trouble(f"it cannot be put aside, and grows: {error.strerror or error}")

    def _say(self, what: str) -> None:
        if self._trouble != what:
            self._trouble = what
            self._on_trouble(what)


def put_aside(path: Path, keep: int) -> None:
    """Shift `path` to `.1`, `.1` to `.2`, …; at most `keep` of them stay."""
    for number in range(keep, 0, -1):
        source = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
        if source.exists():
            source.replace(path.with_name(f"{path.name}.{number}"))
    if keep == 0:
        path.unlink(missing_ok=True)
