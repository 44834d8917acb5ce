"""Writes a recording (`pullscope_out`): readable by its owner only, one event a line, flushed as it happens."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mitmproxy import exceptions
from mitmproxy.version import VERSION

import pullscope
from pullscope.mitm.line_writer import Outlet
from pullscope.mitm.recording_file import RecordingFile, Rotation
from pullscope.trace.events import Event
from pullscope.trace.recording import NotARecordingError, Reader, first_line, last_line, missing_line, to_line

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
            f"{target} exists and is not overwritten. Name another file, or +{target} to add to it."
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
