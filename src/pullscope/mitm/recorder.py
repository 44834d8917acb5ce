"""Writes a recording (`pullscope_out`): readable by its owner only, one event a line, flushed as it happens.

Its file is looked after: changes from outside are noticed, reported once, and repaired where possible, in the one thread that
writes it (`line_writer`), which may wait for the disk. Whatever is missing in it, it says in itself.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from mitmproxy import exceptions
from mitmproxy.version import VERSION

import pullscope
from pullscope.mitm.line_writer import Outlet
from pullscope.trace.events import Event
from pullscope.trace.recording import NotARecordingError, Reader, first_line, last_line, missing_line, to_line


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


NUMBERS = ("exchange", "connection", "url_id", "referer_id", "location_id", "credential", "issued")
"""Fields of events that are numbers given out from 1; equal ones mean equal things, so one file must not mix two runs'."""


class Recorder:
    """An open recording."""

    def __init__(self, outlet: Outlet, file: RecordingFile, *, begin_after: int = 0) -> None:
        self._outlet = outlet
        self._file = file
        self._begin_after = begin_after
        self._has_holes = False
        self.connected_at: float | None = None
        """When it ends, where a client is connected then."""

    @classmethod
    def open(cls, path: str, *, on_error: Callable[[str], None]) -> Recorder:
        """Begin a recording; `+FILE` continues one. An existing file is never overwritten. Raises OptionsError."""
        try:
            target, descriptor, highest = _opened(path)
        except ValueError as error:
            raise exceptions.OptionsError(f"pullscope_out: {error}") from None
        first = first_line(written_by=f"pullscope {pullscope.__version__}", mitmproxy=VERSION, ends=True)

        def trouble(text: str) -> None:
            on_error(f"recording to {target}: {text}")

        file = RecordingFile(Path(os.path.realpath(target)), descriptor, first=first, on_trouble=trouble)
        outlet = Outlet(file, on_error=trouble, owns=True)
        outlet.write("")
        return cls(outlet, file, begin_after=highest)

    def rotate(self, rotation: Rotation | None) -> None:
        """Put the file aside past that size, from now on."""
        self._file.rotation = rotation

    def write(self, event: Event) -> None:
        if self._begin_after:
            given = {name: getattr(event, name, None) for name in NUMBERS}
            event = replace(event, **{name: n + self._begin_after for name, n in given.items() if n is not None})
        self._outlet.write(to_line(event))

    def missing(self, what: str) -> None:
        """Say that events are missing here, and why: maybe those to the end, too."""
        self._has_holes = True
        self._outlet.write(missing_line(what))

    def close(self, *, wait: bool = True) -> None:
        """Write what waits, and that this is the end, and close the file; without `wait` that is done a moment later."""
        if not self._has_holes:
            self._outlet.write(last_line(self.connected_at))
        self._outlet.close(wait=wait)


def check_path(path: str) -> None:
    """Raise ValueError with the sentence that `Recorder.open` would end with; nothing is left behind."""
    was_there = _target(path).exists()
    target, descriptor, _ = _opened(path)
    os.close(descriptor)
    if not was_there:
        Path(os.path.realpath(target)).unlink()  # +FILE follows a link


def _target(path: str) -> Path:
    return Path(path.removeprefix("+")).expanduser()


def _opened(path: str) -> tuple[Path, int, int]:
    """The file, a descriptor to write to it, and the highest number in it. Raises ValueError."""
    more, target = path.startswith("+"), _target(path)
    try:
        highest = _highest(target) if more and target.is_file() else 0  # a pipe is not read
        return (
            target,
            os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND | (0 if more else os.O_EXCL), 0o600),
            highest,
        )
    except FileExistsError:
        raise ValueError(
            f"{target} is a directory. Name a file in it."
            if target.is_dir()
            else f"{target} exists and is not overwritten. Name another file, or +{target} to add to it."
        ) from None
    except NotARecordingError as error:
        raise ValueError(f"nothing is added to {target}: {error}") from None
    except OSError as error:
        raise ValueError(f"cannot write {target}: {error.strerror}.") from None


def _highest(target: Path) -> int:
    """The highest of all numbers in a recording. Raises NotARecordingError and OSError."""
    with target.open("rb") as lines:
        events = Reader(target.name).read(lines)
        return max((getattr(event, name, None) or 0 for event in events for name in NUMBERS), default=0)
