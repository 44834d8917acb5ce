"""The record of what was there before: on disk before the first change, deleted after the last one is undone.

One JSON file, with the original bytes in base64. It holds all that undo needs, so a later version of the package can
take back what an earlier one did. `schema` is raised when that stops being true, and an unknown one is refused, not
guessed at.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pullscope.host import HostError
from pullscope.host.tree import ABSENT, Snapshot, Tree

SCHEMA = 1
NAMES = "names"
"""The key in `options` for the names that `pullscope vanity hosts` added: name to address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One path that is ours to undo. `ours`: the SHA-256 of every content that we give it; `kind`: how edits merge."""

    path: str
    kind: str
    before: Snapshot = ABSENT
    ours: tuple[str, ...] = ()
    mode: int = 0o644
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """All of one `on`: what was asked for, and every path in the order in which it is changed."""

    options: dict[str, Any]
    entries: tuple[Entry, ...]
    version: str = ""
    made: tuple[str, ...] = field(default=())
    """Directories that were made for the journal itself."""


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
            document = json.loads(found.content)
            schema = document["schema"]
            if schema == SCHEMA:
                return Record(
                    options=document["options"],
                    version=document["version"],
                    made=tuple(document["made"]),
                    entries=tuple(_entry(item) for item in document["entries"]),
                )
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise HostError(
                f"{self.path} cannot be understood ({error}); see docs/host-changes.md to undo by hand"
            ) from error
        raise HostError(f"{self.path} has schema {schema}, this version knows {SCHEMA}: use the version that wrote it")

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
        document = {
            "schema": SCHEMA,
            "version": record.version,
            "options": record.options,
            "made": list(record.made),
            "entries": [_document(entry) for entry in record.entries],
        }
        text = json.dumps(document, indent=1) + "\n"
        wanted = Snapshot(kind="file", content=text.encode(), mode=0o600, uid=os.geteuid(), gid=os.getegid())
        self.tree.write(self.path, wanted)

    def remove(self, made: tuple[str, ...]) -> None:
        """Delete the record, then the directories that were made for it."""
        self.tree.clean(self.path)
        if not self.tree.look(self.path).absent:
            self.tree.remove(self.path)
        for folder in dict.fromkeys((self.state, *reversed(made))):
            if self.tree.look(folder).kind == "directory" and not self.tree.remove_directory(folder):
                break

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


def _document(entry: Entry) -> dict[str, Any]:
    before = entry.before
    return {
        "path": entry.path,
        "kind": entry.kind,
        "mode": entry.mode,
        "ours": list(entry.ours),
        "claims": list(entry.claims),
        "before": None
        if before.absent
        else {
            "content": base64.b64encode(before.content).decode(),
            "mode": before.mode,
            "uid": before.uid,
            "gid": before.gid,
            "mtime_ns": before.mtime_ns,
        },
    }


def _entry(item: dict[str, Any]) -> Entry:
    before = item["before"]
    snapshot = ABSENT
    if before is not None:
        snapshot = Snapshot(
            kind="file",
            content=base64.b64decode(before["content"], validate=True),
            mode=before["mode"],
            uid=before["uid"],
            gid=before["gid"],
            mtime_ns=before["mtime_ns"],
        )
    return Entry(
        path=item["path"],
        kind=item["kind"],
        before=snapshot,
        ours=tuple(item["ours"]),
        mode=item["mode"],
        claims=tuple(item["claims"]),
    )
