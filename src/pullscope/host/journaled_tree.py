"""A tree and what our journal says of it: every path as it would be without us."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pullscope.host import HostError
from pullscope.host.change import result_of, sha256
from pullscope.host.journal import Journal
from pullscope.host.journal_document import Entry, Record
from pullscope.host.layout import SYSTEM
from pullscope.host.tree import ABSENT, Snapshot, Tree


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
