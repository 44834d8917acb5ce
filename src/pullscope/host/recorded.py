"""A tree and what our journal says of it: every path as it would be without us."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pullscope.host.change import result_of, sha256
from pullscope.host.journal import Journal
from pullscope.host.journal_document import Entry, Record
from pullscope.host.tree import ABSENT, Snapshot, Tree


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """`record` is None where nothing of ours is on."""

    tree: Tree
    journal: Journal
    record: Record | None

    @classmethod
    def read(cls, tree: Tree, state: str) -> Recorded:
        """What the journal in `state` says. HostError for one that cannot be understood."""
        journal = Journal(tree, state)
        return cls(tree=tree, journal=journal, record=journal.read())

    @property
    def entries(self) -> dict[str, Entry]:
        return {entry.path: entry for entry in self.record.entries} if self.record else {}

    def before(self, path: str) -> Snapshot:
        """What is at `path`, leaving our own change out of it: what undo would leave."""
        now = self.tree.look(path)
        entry = self.entries.get(path)
        if entry is None:
            return now
        if entry.kind == "directory":
            return ABSENT if now.kind in {"absent", "directory"} else now
        if now.absent or (now.is_file and sha256(now.content) in entry.ours):
            return entry.before
        if not now.is_file:
            return now
        rest = result_of(entry, now)
        return ABSENT if rest is None else replace(now, content=rest)
