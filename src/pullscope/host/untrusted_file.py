"""Read a file that an ordinary user may control, with root's rights and without doing that user's bidding.

As root a path is walked one component at a time (openat(2), O_NOFOLLOW). A symbolic link is followed only where root alone
could have made it: below the first directory that another user can write to, none is. (The idea is that of systemd's
CHASE_SAFE, src/basic/chase.c.) The file must be regular and of bounded size, and opening it never waits: a FIFO or a device
is refused. Any other user reads with the rights that it has anyway.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pullscope.host import HostError

_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_LINKS = 40  # path_resolution(7), MAXSYMLINKS


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reached:
    """The end of a walk. `handle`: the open file, None where there is none; `owner`: the first on the path but root."""

    handle: int | None
    owner: tuple[int, int]


def read(path: Path, limit: int) -> bytes | None:
    """The content of a regular file of at most `limit` bytes; None where there is none. HostError for anything else."""
    with sentence(f"cannot read {path}"):
        handle = _walk(path, _FILE).handle if os.geteuid() == 0 else _plain(path)
        return None if handle is None else read_handle(handle, path, limit)


def read_handle(handle: int, path: object, limit: int) -> bytes:
    """All of an open regular file, which is closed; HostError where it is something else or larger than `limit` bytes."""
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise HostError(f"{path} is not a regular file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(limit + 1)
    finally:
        os.close(handle)
    if len(content) > limit:
        raise HostError(f"{path} is larger than {limit} bytes")
    return content


def owner(path: Path) -> tuple[int, int]:
    """Whose place this is, whether it exists or not: uid and gid of the first directory on the way that is not root's."""
    with sentence(f"cannot read {path}"):
        reached = _walk(path, _FOLDER)
        if reached.handle is not None:
            os.close(reached.handle)
        return reached.owner


def why_not_run(path: Path, *owners: int) -> str | None:
    """Why root must not run the code in `path`, as a sentence: a user other than root and `owners` can change it.

    None where it may. A directory that a group can write to is not a reason: many systems give each user a group of its own.
    """
    for start in dict.fromkeys((path.absolute(), path.resolve())):
        for part in (start, *start.parents):
            try:
                info = part.lstat()
            except OSError as error:
                return f"cannot read {part}: {error.strerror}"
            if info.st_uid not in {0, *owners}:
                return f"{part} belongs to another user (uid {info.st_uid})"
            open_to_all = info.st_mode & stat.S_IWOTH and not info.st_mode & stat.S_ISVTX
            if open_to_all and not stat.S_ISLNK(info.st_mode):
                return f"every user can write to {part}"
    return None


def why_not_run_venv(venv: Path, script: Path) -> str | None:
    """The same for the virtual environment of a checkout, of which `script` is run already; None for other users than root."""
    if os.geteuid() != 0:
        return None
    owner = script.stat().st_uid
    packages = venv.glob("lib/python3*/site-packages")
    parts = (venv / "bin" / "python", venv / "pyvenv.cfg", *packages)
    return next((why for part in parts if (why := why_not_run(part, owner))), None)


def _plain(path: Path) -> int | None:
    try:
        return os.open(path, _FILE)
    except FileNotFoundError:
        return None


def _walk(path: Path, last: int) -> _Reached:
    names = [name for name in reversed(os.path.normpath(path.absolute()).split("/")) if name]
    handle = os.open("/", _FOLDER)
    owner, trusted, links = (0, 0), True, 0
    try:
        while names:
            name = names.pop()
            found = os.stat(name, dir_fd=handle, follow_symlinks=False)
            if stat.S_ISLNK(found.st_mode):
                if not trusted or found.st_uid != 0:
                    raise HostError(
                        f"{path}: {name} is a symbolic link that an ordinary user can change, so root does not follow "
                        "it. Give the path without the link"
                    )
                links += 1
                if links > _MOST_LINKS:
                    raise HostError(f"{path} has too many symbolic links")
                target = PurePosixPath(os.readlink(name, dir_fd=handle))
                names.extend(part for part in reversed(target.parts) if part != "/")
                if target.is_absolute():
                    handle = _instead(handle, os.open("/", _FOLDER))
                continue
            if not names and not last & os.O_DIRECTORY:
                return _Reached(handle=os.open(name, last | os.O_NOFOLLOW, dir_fd=handle), owner=owner)
            handle = _instead(handle, os.open(name, _FOLDER, dir_fd=handle))
            info = os.fstat(handle)
            # In a sticky directory other users cannot replace root's files.
            trusted = trusted and info.st_uid == 0 and (not info.st_mode & 0o022 or bool(info.st_mode & stat.S_ISVTX))
            owner = owner if owner[0] else (info.st_uid, info.st_gid) if info.st_uid else (0, 0)
        return _Reached(handle=os.dup(handle), owner=owner)
    except FileNotFoundError:
        return _Reached(handle=None, owner=owner)
    finally:
        os.close(handle)


def _instead(old: int, new: int) -> int:
    os.close(old)
    return new


@contextmanager
def sentence(start: str) -> Iterator[None]:
    """An error of the system's as one of ours: `start`, then what it says."""
    try:
        yield
    except OSError as error:
        raise HostError(f"{start}: {error.strerror}") from error
