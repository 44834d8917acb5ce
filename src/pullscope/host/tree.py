"""A directory that stands for `/`: read what is there, replace files whole or not at all.

Paths are the absolute ones of the machine ("/etc/docker/daemon.json"); only this file knows where the tree lies.
Writes go to a sibling with a fixed name, are fsynced and renamed over the target, so a kill at any instant leaves the
old file or the new one, and at most that sibling, which `clean` removes. `fault` is called around every single effect
with its name; tests kill the process there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pullscope.host import HostError
from pullscope.host.untrusted_file import read_handle, sentence

PENDING = ".pullscope-new"
"""The suffix of a file that is being written: one that systemd, dockerd and mitmproxy do not read."""
LARGEST = 32 * 1024 * 1024
"""Bytes of a file that is read: far above any configuration, far below what would fill the memory."""
LONGEST_NAME = 255 - len(PENDING) - 1
"""Bytes of one part of a path (limits.h, NAME_MAX), with room for the name of the pending file."""

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A path as it is at one instant: absent, a file with bytes, a directory, or something else (link, socket)."""

    kind: str
    content: bytes = field(default=b"", repr=False)
    mode: int = 0
    uid: int = 0
    gid: int = 0
    mtime_ns: int = 0

    @classmethod
    def ours(cls, kind: str, mode: int, content: bytes = b"") -> Snapshot:
        """What we make, which is its maker's."""
        return cls(kind=kind, content=content, mode=mode, uid=os.geteuid(), gid=os.getegid())

    @property
    def absent(self) -> bool:
        return self.kind == "absent"

    @property
    def is_file(self) -> bool:
        return self.kind == "file"


ABSENT = Snapshot(kind="absent")


class Tree:
    """The file system of the machine, or a copy of one below `directory`."""

    def __init__(self, directory: str | Path = "/", *, fault: Callable[[str], None] = lambda _: None) -> None:
        self.directory = Path(directory).resolve()
        self.fault = fault
        if not self.directory.is_dir():
            raise ValueError(f"{self.directory} is not a directory, so it cannot stand for /")

    @property
    def live(self) -> bool:
        """Whether this is the running machine itself."""
        return self.directory == Path("/")

    @property
    def words(self) -> tuple[str, ...]:
        """The option with which a command of ours works on this tree."""
        return () if self.live else ("--root", str(self.directory))

    def at(self, path: str) -> Path:
        """Where `path` lies on this disk. A link in the tree that leads out of it is refused."""
        if not path.startswith("/"):
            raise ValueError(f"{path} is not absolute")
        place = self.directory / path.lstrip("/")
        if not self.live:
            parent = place.parent.resolve()
            if not parent.is_relative_to(self.directory):
                raise HostError(f"{path} leads out of {self.directory} by a symbolic link ({parent}); nothing changed")
        return place

    def look(self, path: str) -> Snapshot:
        """What is at `path`; links are not followed. Unreadable things raise HostError with a sentence."""
        place = self.at(path)
        content = b""
        try:
            info = place.lstat()
            if stat.S_ISREG(info.st_mode):
                content = read_handle(os.open(place, _READ | os.O_NOFOLLOW), path, LARGEST)
        except (FileNotFoundError, NotADirectoryError):
            return ABSENT
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                # No file can have that name: an older version may have recorded one.
                return ABSENT
            raise HostError(f"cannot read {path}: {error.strerror}") from error
        kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
        return Snapshot(
            kind=kinds.get(stat.S_IFMT(info.st_mode), "other"),
            content=content,
            mode=stat.S_IMODE(info.st_mode),
            uid=info.st_uid,
            gid=info.st_gid,
            mtime_ns=info.st_mtime_ns,
        )

    def text(self, path: str) -> str | None:
        """The text of a file, links followed, for reading only; None where there is none or it cannot be read.

        A link that leads out of the tree is not followed, and only a regular file of bounded size is read.
        """
        try:
            place = self.at(path)
            if not self.live and not place.resolve().is_relative_to(self.directory):
                return None
            return read_handle(os.open(place, _READ), path, LARGEST).decode("utf-8", "replace")
        except (OSError, RuntimeError, HostError):
            return None

    def names(self, path: str) -> list[str]:
        """The sorted names in a directory; empty where there is none or it cannot be read."""
        try:
            return sorted(item.name for item in self.at(path).iterdir())
        except (OSError, HostError):
            return []

    def exists(self, path: str) -> bool:
        try:
            return self.at(path).exists()
        except (OSError, HostError):
            return False

    def write(self, path: str, wanted: Snapshot) -> None:
        """Put `wanted` (a file) at `path`, whole: bytes, mode, owner, and the times where the snapshot has them."""
        place = self.at(path)
        pending = place.with_name(f".{place.name}{PENDING}")
        with sentence(f"cannot write {path}"):
            self.fault(f"before writing {path}")
            pending.unlink(missing_ok=True)
            handle = os.open(pending, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(wanted.content)
                    file.flush()
                    _copy_attributes(place, pending)
                    if (wanted.uid, wanted.gid) != (os.geteuid(), os.getegid()):
                        os.fchown(file.fileno(), wanted.uid, wanted.gid)
                    os.fchmod(file.fileno(), wanted.mode)
                    if wanted.mtime_ns:
                        os.utime(file.fileno(), ns=(wanted.mtime_ns, wanted.mtime_ns))
                    os.fsync(file.fileno())
                self.fault(f"before renaming {path}")
                pending.replace(place)
            except OSError:
                with contextlib.suppress(OSError):
                    pending.unlink()
                raise
            _sync_directory(place.parent)
        self.fault(f"after writing {path}")

    def make_directory(self, path: str, mode: int) -> None:
        place = self.at(path)
        with sentence(f"{path} cannot be made"):
            self.fault(f"before making {path}")
            if not place.is_dir():
                place.mkdir(mode=0o700)
                place.chmod(mode)
                _sync_directory(place.parent)
        self.fault(f"after making {path}")

    def remove(self, path: str) -> None:
        place = self.at(path)
        with sentence(f"{path} cannot be removed"):
            self.fault(f"before removing {path}")
            place.unlink(missing_ok=True)
            _sync_directory(place.parent)
        self.fault(f"after removing {path}")

    def remove_directory(self, path: str) -> bool:
        """Remove an empty directory; False where something is in it."""
        place = self.at(path)
        try:
            self.fault(f"before removing {path}")
            place.rmdir()
        except FileNotFoundError:
            return True
        except OSError as error:
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
                return False
            raise HostError(f"{path} cannot be removed: {error.strerror}") from error
        _sync_directory(place.parent)
        self.fault(f"after removing {path}")
        return True

    def clean(self, path: str) -> None:
        """Remove what a killed `write` of `path` may have left beside it."""
        place = self.at(path)
        with contextlib.suppress(OSError):
            place.with_name(f".{place.name}{PENDING}").unlink()

    def may_write(self, path: str) -> str | None:
        """Why `path` could not be written, as the end of a sentence; None where it could."""
        if any(len(os.fsencode(name)) > LONGEST_NAME for name in path.split("/")):
            return f"a name in it is longer than {LONGEST_NAME} bytes"
        place = self.at(path)
        folder = place.parent
        while not folder.exists():
            folder = folder.parent
        if not folder.is_dir():
            return f"{folder} is not a directory"
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            return f"{folder} is mounted read-only"
        if not os.access(folder, os.W_OK | os.X_OK):
            return f"{folder} is not writable for you"
        if place.is_mount():
            return f"{path} is a mount point (in a container?)"
        return None


def _sync_directory(folder: Path) -> None:
    """Make a rename or unlink survive a power cut, where the file system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _copy_attributes(source: Path, target: Path) -> None:
    """Keep ACLs and security labels of a file that is replaced; file systems without them are fine."""
    with contextlib.suppress(OSError):
        for name in os.listxattr(source, follow_symlinks=False):
            with contextlib.suppress(OSError):
                os.setxattr(target, name, os.getxattr(source, name, follow_symlinks=False), follow_symlinks=False)
