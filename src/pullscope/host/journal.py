"""The record of what was there before, on disk before the first change and deleted after the last undo; and a tree without ours.

One JSON file (journal_document.py), with the original bytes in base64. It holds all that undo needs, so a later version of
the package can take back what an earlier one did. `schema` is raised when that stops being true, and an unknown one is
refused, not guessed at.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pullscope.host import HostError, journal_document
from pullscope.host.change import result_of, sha256
from pullscope.host.journal_document import Entry, Record
from pullscope.host.layout import SYSTEM
from pullscope.host.tree import ABSENT, Snapshot, Tree


class Journal:
    """The file `STATE/journal.json` in a tree; `STATE` and all directories below it are for its owner only."""

    def __init__(self, tree: Tree, state: str) -> None:
        self.tree = tree
        self.state = state
        self.path = f"{state}/journal.json"

    def read(self) -> Record | None:
        """The record, None where nothing is on."""
        found = self.tree.look(self.path)
        if found.absent:
            return None
        if not found.is_file:
            raise HostError(f"{self.path} is not a file; it was not made by pullscope, so nothing was changed")
        try:
            return journal_document.read(found.content)
        except ValueError as error:
            raise HostError(
                f"{self.path} {error}. Nothing changed. To undo by hand: docs/host-changes.md; then remove that file"
            ) from error

    def prepare(self) -> tuple[str, ...]:
        """Make the directory of the journal, and say which directories that took."""
        missing: list[str] = []
        folder = self.state
        while folder != "/" and self.tree.look(folder).absent:
            missing.append(folder)
            folder = folder.rpartition("/")[0] or "/"
        for folder in reversed(missing):
            mode = 0o700 if folder == self.state else 0o755
            self.tree.make_directory(folder, mode)
        return tuple(reversed(missing))

    def write(self, record: Record) -> None:
        """Put the record on disk; it is there, fsynced, when this returns."""
        self.tree.write(self.path, Snapshot.ours("file", 0o600, journal_document.written(record)))

    def remove(self, made: tuple[str, ...]) -> None:
        """Delete the record, then the directories that were made for it."""
        self.tree.clean(self.path)
        if not self.tree.look(self.path).absent:
            self.tree.remove(self.path)
        for folder in dict.fromkeys((*self._own(), *reversed(made))):
            if self.tree.look(folder).kind == "directory" and not self.tree.remove_directory(folder):
                break

    def _own(self) -> list[str]:
        """The directory of the journal and those above it that carry our name or lie in one that does, the deepest first."""
        parts = self.state.split("/")
        last = max((place for place, part in enumerate(parts) if part.startswith("pullscope")), default=len(parts) - 1)
        return ["/".join(parts[: end + 1]) for end in range(len(parts) - 1, last - 1, -1)]

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep a second `on` or `off` out while one is at work."""
        place = self.tree.at(self.state)
        if not place.is_dir():
            yield
            return
        handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise HostError("another pullscope is changing this machine right now; wait for it to end") from error
            yield
        finally:
            os.close(handle)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """`record` is None where nothing of ours is on."""

    tree: Tree
    journal: Journal
    record: Record | None
    was: Mapping[str, Snapshot]
    """What was at each path of the record when it was read."""

    @classmethod
    def read(cls, tree: Tree, state: str) -> Recorded:
        """What the journal in `state` says. HostError for one that cannot be understood."""
        journal = Journal(tree, state)
        record = journal.read()
        was: dict[str, Snapshot] = {}
        for entry in record.entries if record else ():
            with contextlib.suppress(HostError):  # what cannot be read does not keep the rest from being undone
                was[entry.path] = tree.look(entry.path)
        return cls(tree=tree, journal=journal, record=record, was=was)

    @property
    def options(self) -> dict[str, Any]:
        """What was asked of the `on` that is in force."""
        return self.record.options if self.record else {}

    @property
    def entries(self) -> dict[str, Entry]:
        return {entry.path: entry for entry in self.record.entries} if self.record else {}

    def before(self, path: str) -> Snapshot:
        """What is at `path`, leaving our own change out of it: what undo would leave."""
        now = self.tree.look(path)
        entry = self.entries.get(path)
        if entry is None:
            return ABSENT if now.kind == "directory" and self._made_by_another(path) else now
        if entry.kind == "directory":
            return ABSENT if now.kind in {"absent", "directory"} else now
        if now.absent or (now.is_file and sha256(now.content) in entry.ours):
            return entry.before
        if not now.is_file:
            return now
        rest = result_of(entry, now)
        return ABSENT if rest is None else replace(now, content=rest)

    def _made_by_another(self, path: str) -> bool:
        """Whether a directory is there for another `on` of ours: then it is ours too, and goes with the last of them."""
        below = (f"{SYSTEM.state}/{kind}" for kind in ("mirror", "units"))
        states = (SYSTEM.state, *(f"{folder}/{name}" for folder in below for name in self.tree.names(folder)))
        for state in states:
            if state == self.journal.state:
                continue
            with contextlib.suppress(HostError):
                record = Journal(self.tree, state).read()
                if record and any(entry.path == path and entry.kind == "directory" for entry in record.entries):
                    return True
        return False
