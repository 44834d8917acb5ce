"""The record of what was there before: on disk before the first change, deleted after the last one is undone.

One JSON file (journal_document.py), with the original bytes in base64. It holds all that undo needs, so a later version of
the package can take back what an earlier one did. `schema` is raised when that stops being true, and an unknown one is
refused, not guessed at.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from pullscope.host import HostError, journal_document
from pullscope.host.journal_document import Record
from pullscope.host.tree import Snapshot, Tree


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
            self.tree.make_directory(folder, mode, os.geteuid(), os.getegid())
        return tuple(reversed(missing))

    def write(self, record: Record) -> None:
        """Put the record on disk; it is there, fsynced, when this returns."""
        content = journal_document.written(record)
        wanted = Snapshot(kind="file", content=content, mode=0o600, uid=os.geteuid(), gid=os.getegid())
        self.tree.write(self.path, wanted)

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
