"""Make a running dockerd forget, by a reload alone, what our daemon.json told it.

On SIGHUP an absent key keeps the old list and `[]` clears it (moby reload.go:251), so the file holds `[]` until the daemon has
read it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from pullscope.host import HostError, change, daemon_json, docker_daemon
from pullscope.host.command import Run
from pullscope.host.docker_daemon import Daemon
from pullscope.host.journal_document import Entry
from pullscope.host.layout import Layout
from pullscope.host.tree import Snapshot, Tree

LISTS: dict[str, tuple[str, Callable[[Daemon], AbstractSet[str]]]] = {
    "daemon-json": (daemon_json.INSECURE, lambda daemon: daemon.insecure),
    "docker-mirrors": (daemon_json.MIRRORS, lambda daemon: frozenset(daemon.mirrors)),
}
"""The kinds of entries that are lists of daemon.json: the key, and what a running daemon has of it."""


def forget(tree: Tree, run: Run, layout: Layout, entries: Sequence[Entry]) -> bool:
    """Reload docker with what the list among `entries` had before, explicitly; False where it was not reloaded."""
    entry = next((item for item in entries if item.kind in LISTS and item.claims), None)
    if entry is None:
        return False
    key, known = LISTS[entry.kind]
    now = tree.look(entry.path)
    if not now.is_file:
        return False
    final = change.result_of(entry, now)
    with contextlib.suppress(ValueError, HostError):
        interim = daemon_json.with_empty(final, key)
        if now.content != interim:
            tree.write(entry.path, Snapshot(kind="file", content=interim, mode=now.mode, uid=now.uid, gid=now.gid))
        tree.fault("before reloading docker")
        done = run((*layout.systemctl, "reload", layout.unit))
        tree.fault("after reloading docker")
        if done.ok:
            _wait(run, layout, frozenset(entry.claims), known)
        return done.ok
    return False


def _wait(run: Run, layout: Layout, claims: frozenset[str], known: Callable[[Daemon], AbstractSet[str]]) -> None:
    """A reload is a signal: the file may change again only when the daemon has read it."""
    for _ in range(50):
        daemon = docker_daemon.ask(run, layout)
        if daemon is None or not known(daemon) & claims:
            return
        run(("sleep", "0.1"))
