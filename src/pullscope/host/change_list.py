"""Collects the changes of one `on` in order, with the directories that they need. Nothing here writes."""

from __future__ import annotations

import os
from dataclasses import replace

from pullscope.host import HostError, change
from pullscope.host.change import Change
from pullscope.host.journal_document import Entry
from pullscope.host.journaled_tree import Recorded


class Parts:
    """The changes of one plan."""

    def __init__(self, recorded: Recorded) -> None:
        self.recorded = recorded
        self.changes: list[Change] = []

    def directory(self, path: str, mode: int) -> None:
        missing: list[str] = []
        while path not in {"/", self.recorded.journal.state} and not any(item.path == path for item in self.changes):
            before = self.recorded.before(path)
            if before.kind in {"link", "other", "file"} and not self.recorded.tree.at(path).is_dir():
                raise HostError(f"{path} is not a directory; nothing changed")
            if not before.absent:
                break
            missing.append(path)
            path = path.rpartition("/")[0] or "/"
        for folder in reversed(missing):
            self.changes.append(change.new_directory(folder, mode, os.geteuid(), os.getegid()))

    def file(
        self,
        path: str,
        kind: str,
        content: bytes,
        *,
        mode: int = 0o644,
        folder_mode: int = 0o755,
        claims: tuple[str, ...] = (),
        interim: tuple[bytes, ...] = (),
    ) -> None:
        self.directory(path.rpartition("/")[0], folder_mode)
        before = self.recorded.before(path)
        made = change.file(
            path, kind, before, content, mode=mode, uid=os.geteuid(), gid=os.getegid(), claims=claims, interim=interim
        )
        known = self.recorded.entries.get(path)
        if known is not None:
            ours = tuple(dict.fromkeys((*made.entry.ours, *known.ours)))
            made = replace(made, entry=replace(made.entry, ours=ours))
        self.changes.append(made)

    def lines(self, path: str, text: str) -> None:
        claims = tuple(line for line in text.splitlines() if line.strip())
        self.file(path, "lines", text.encode(), claims=claims)

    @property
    def stale(self) -> tuple[Entry, ...]:
        """What is on and not asked for any more."""
        asked = {item.path for item in self.changes}
        return tuple(entry for path, entry in self.recorded.entries.items() if path not in asked)
