"""A temporary directory that goes with its process; after a SIGKILL, the next start of the same kind clears it.

Only what is provably ours is cleared: a directory of this user that no other user can write to, with our mark in it, whose
lock is free. The kernel releases a lock when the process that took it ends, however it ends (flock(2)).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pullscope.host import HostError

MARK = ".pullscope-owner"
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Scratch:
    """A directory of mode 0700, and its mark, locked as long as this process runs."""

    path: Path
    mark: int

    def made(self, folder: Path) -> None:
        """Note a directory elsewhere that goes with this one, where it is empty then."""
        os.write(self.mark, f"{folder}\n".encode())


@contextlib.contextmanager
def scratch_folder(prefix: str) -> Iterator[Scratch]:
    """A new directory whose name begins with `prefix`; it and what was noted is removed at the end."""
    path = Path(tempfile.mkdtemp(prefix=prefix))
    # Locked before it has its name, so that no other start finds a mark without a lock.
    pending = path / f"{MARK}-new"
    mark = os.open(pending, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(mark, fcntl.LOCK_EX)
        pending.rename(path / MARK)
        yield Scratch(path=path, mark=mark)
    finally:
        made = _noted(mark)
        _remove(path)
        _remove_empty(made)
        os.close(mark)
    if path.exists():
        raise HostError(f"{path} could not be removed")


def clear_killed(prefix: str, first: Callable[[Path], None] = lambda _: None) -> list[Path]:
    """Remove what killed processes left; `first` is called with each directory before. Returns what is gone now."""
    cleared: list[Path] = []
    above = Path(tempfile.gettempdir())
    if not _safe(above.stat(), {0, os.geteuid()}):
        return []
    for path in sorted(above.glob(f"{prefix}*")):
        mark = _lock(path)
        if mark is None:
            continue
        try:
            first(path)
            made = _noted(mark)
            _remove(path)
            _remove_empty(made)
            if not path.exists():
                cleared.append(path)
        finally:
            os.close(mark)
    return cleared


def _lock(path: Path) -> int | None:
    """The mark of a directory whose owner is gone, locked; None for every other."""
    try:
        if not stat.S_ISDIR(path.lstat().st_mode) or not _safe(path.lstat(), {os.geteuid()}):
            return None
        mark = os.open(path / MARK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        info = os.fstat(mark)
        if not stat.S_ISREG(info.st_mode) or info.st_uid != os.geteuid():
            raise BlockingIOError
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(mark)
        return None
    return mark


def _safe(info: os.stat_result, owners: set[int]) -> bool:
    """Whether only `owners` can replace what is in a directory."""
    return info.st_uid in owners and (not info.st_mode & 0o022 or bool(info.st_mode & stat.S_ISVTX))


def _noted(mark: int) -> list[Path]:
    text = os.pread(mark, _MOST_BYTES, 0).decode("utf-8", "replace")
    return [Path(line) for line in text.splitlines() if line.startswith("/")]


def _remove(path: Path) -> None:
    for attempt in range(20):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.05 * attempt)  # a daemon that ends may still write its last files


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()
