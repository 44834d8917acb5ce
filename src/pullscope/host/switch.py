"""`on` and `off` themselves: the journal first, then the changes, then the commands; and all of it backwards.

Order is what makes a kill at any point harmless: the record of everything is on disk before the first change and
goes last. What is done is told through a function that is handed in; nothing here prints.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pullscope import __version__
from pullscope.host import HostError, change, daemon_json, docker_daemon, systemd, takeback_timer
from pullscope.host.change import Left, Tell
from pullscope.host.command import Outcome, spelled
from pullscope.host.journal_document import NAMES, Entry, Record
from pullscope.host.machine import Machine
from pullscope.host.plan import Plan
from pullscope.host.tree import Snapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class Undone:
    """What `off` did: whether anything was on, and what it had to leave. The journal keeps what was left."""

    was_on: bool
    left: tuple[Left, ...] = ()

    def keeps(self, path: str) -> bool:
        """Whether our change of `path` is still there."""
        return any(item.entry.path == path for item in self.left)

    @property
    def words(self) -> str:
        """A sentence on what was left."""
        return f"not everything could be undone: {'; '.join(item.why for item in self.left)}. The rest is undone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Restart:
    """A restart that is needed, and what it would stop."""

    containers: tuple[str, ...]

    @property
    def words(self) -> str:
        if not self.containers:
            return ""
        many = f"{len(self.containers)} container{'s' if len(self.containers) > 1 else ''}"
        return f"That stops {many} (live-restore is off): {', '.join(self.containers)}."


def restart_of(found: Machine) -> Restart:
    """What a restart of the daemon would stop right now."""
    daemon = found.daemon
    if daemon is None or daemon.live_restore or not daemon.running:
        return Restart(containers=())
    names = docker_daemon.running_names(found.run, found.layout)
    return Restart(containers=tuple(names) or tuple(["?"] * daemon.running))


def check_writable(found: Machine, planned: Plan) -> None:
    """HostError where a change could not be made, before the first one is."""
    paths = [item.path for item in planned.changes]
    for path in (*paths, found.journal.path):
        why = found.tree.may_write(path)
        if why:
            raise HostError(f"{path} cannot be changed: {why}. Nothing changed")


def validate(found: Machine, planned: Plan) -> None:
    """Let dockerd judge the new daemon.json where it can (23 and later); HostError with its words where it refuses."""
    part = next((item for item in planned.changes if item.entry.kind == "daemon-json"), None)
    if part is None or not docker_daemon.at_least(docker_daemon.installed_version(found.run) or "", 23):
        return
    with tempfile.TemporaryDirectory(prefix="pullscope-") as folder:
        candidate = Path(folder) / "daemon.json"
        candidate.write_bytes(part.after.content)
        done = found.run(("dockerd", "--validate", "--config-file", str(candidate)))
    if not done.ok and "unknown flag" not in done.last_words and done.code not in {124, 127}:
        raise HostError(f"dockerd refuses the new {part.path}: {done.last_words}. Nothing changed")


def on(found: Machine, planned: Plan, tell: Tell) -> None:
    """Do what the plan says. Where the daemon does not come up with it, put everything back and say so."""
    tree, journal = found.tree, found.journal
    made = journal.prepare()
    with journal.lock():
        new = tuple(item.entry for item in planned.changes)
        older = found.record.made if found.record else ()
        record = Record(
            options=planned.wish.as_json() | ({NAMES: found.names} if found.names else {}),
            entries=(*planned.stale, *new),
            version=__version__,
            made=tuple(dict.fromkeys((*older, *made))),
        )
        try:
            journal.write(record)
            for entry in reversed(planned.stale):
                done = change.take_back(tree, entry)
                if done.touched or done.foreign:
                    tell(f"{done.path}  {done.words}")
            for item in planned.changes:
                before = tree.look(item.path)
                change.apply(tree, item)
                if item.after.kind == "file" and before.content != item.after.content:
                    tell(f"{item.path}  written")
            if planned.stale:
                journal.write(replace(record, entries=new))
        except HostError as error:
            raise HostError(f"{error}. {_put_back(found, record)}") from error
    failed = _commands_on(found, planned, tell)
    if failed is not None:
        _give_up(found, planned, record, failed)


def off(found: Machine, tell: Tell) -> Undone:
    """Take every change of ours back, as far as it can be; the daemon's restart is left to the caller."""
    record, journal, tree = found.record, found.journal, found.tree
    if record is None:
        journal.remove(())
        return Undone(was_on=False)
    with journal.lock():
        _stop_timer(found, record)
        interim = _reload_without_registries(found, record)
        left = change.take_all_back(tree, record.entries, tell)
        if interim:
            tell("docker reloaded, without our insecure registries")
        if _touches_units(found, record.entries):
            _told(found, (*found.layout.systemctl, "daemon-reload"), tell, quiet=True)
        # Where the daemon would not come back by itself after a crash, the record is still there to try again.
        tree.fault("before deleting the journal")
        left += _close(found, record, left)
    return Undone(was_on=True, left=left)


def _close(found: Machine, record: Record, left: tuple[Left, ...]) -> tuple[Left, ...]:
    """Delete the journal, or keep what was left in it. What of the journal itself cannot be changed."""
    try:
        if left:
            found.journal.write(replace(record, entries=tuple(item.entry for item in left)))
        else:
            found.journal.remove(record.made)
    except HostError as error:
        # The old record is still there: what it names and is undone already is left alone by the next `off`.
        return (Left(entry=Entry(path=found.journal.path, kind="own"), why=str(error)),)
    return ()


def _put_back(found: Machine, record: Record) -> str:
    """Undo a failed `on`; what became of it, as a sentence."""
    left = change.take_all_back(found.tree, record.entries, lambda _: None)
    left += _close(found, record, left)
    if not left:
        return "Everything was put back"
    return f"Not everything could be put back: {'; '.join(item.why for item in left)}. `off` tries it again"


def restart(found: Machine, tell: Tell) -> Outcome:
    """Restart the daemon, and see that it came up."""
    layout = found.layout
    # Docker's own unit allows three starts a minute (StartLimitBurst=3); ours must not be the one that is refused.
    found.run((*layout.systemctl, "reset-failed", layout.unit))
    done = _told(found, (*layout.systemctl, "restart", layout.unit), tell)
    if not done.ok:
        return done
    again = systemd.show(found.run, layout)
    if again is None or not again.active:
        return Outcome(code=1, err=f"{layout.unit} is not active after the restart")
    return done


def _told(found: Machine, argv: Sequence[str], tell: Tell, *, quiet: bool = False) -> Outcome:
    found.tree.fault(f"before {spelled(argv)}")
    done = found.run(argv)
    found.tree.fault(f"after {spelled(argv)}")
    if not found.tree.live and done.code == 127:
        return Outcome(code=0)
    if done.ok and not quiet:
        tell(f"{spelled(argv)}  done")
    return done


def _touches_units(found: Machine, entries: Sequence[Entry]) -> bool:
    return any(entry.path.startswith(found.layout.unit_paths[0]) for entry in entries)


def _commands_on(found: Machine, planned: Plan, tell: Tell) -> Outcome | None:
    """Run what the plan needs; the outcome that failed, None where all went well."""
    layout = found.layout
    if planned.daemon_reload:
        done = _told(found, (*layout.systemctl, "daemon-reload"), tell)
        if not done.ok:
            return done
    if planned.wish.until:
        done = _told(found, (*layout.systemctl, "restart", takeback_timer.TIMER), tell)
        if not done.ok:
            return done
    if planned.restart:
        done = restart(found, tell)
        if not done.ok:
            return done
    elif planned.reload:
        done = _told(found, (*layout.systemctl, "reload", layout.unit), tell)
        if not done.ok:
            return done
    return None


def _give_up(found: Machine, planned: Plan, record: Record, failed: Outcome) -> None:
    layout = found.layout
    if planned.wish.until:
        _stop_timer(found, record)
    put_back = _put_back(found, record)
    found.run((*layout.systemctl, "daemon-reload"))
    again = "was not restarted"
    if planned.restart:
        found.run((*layout.systemctl, "reset-failed", layout.unit))
        done = found.run((*layout.systemctl, "restart", layout.unit))
        again = "was restarted as it was before" if done.ok else f"still does not come up ({done.last_words})"
    raise HostError(f"docker did not take the changes ({failed.last_words}). {put_back}, and docker {again}")


def _stop_timer(found: Machine, record: Record) -> None:
    if any(entry.path.endswith(takeback_timer.TIMER) for entry in record.entries):
        found.run((*found.layout.systemctl, "stop", takeback_timer.TIMER))
        found.run((*found.layout.systemctl, "clean", "--what=state", takeback_timer.TIMER))


def _reload_without_registries(found: Machine, record: Record) -> bool:
    """Make a running daemon forget our insecure registries: on reload an absent key keeps the list, `[]` does not."""
    entry = next((item for item in record.entries if item.kind == "daemon-json"), None)
    if entry is None or not found.active or not entry.claims:
        return False
    now = found.tree.look(entry.path)
    if not now.is_file:
        return False
    final = change.result_of(entry, now)
    with contextlib.suppress(ValueError, HostError):
        interim = daemon_json.with_empty_insecure(final)
        wanted = Snapshot(kind="file", content=interim, mode=now.mode, uid=now.uid, gid=now.gid)
        if now.content != interim:
            found.tree.write(entry.path, wanted)
        found.tree.fault("before reloading docker")
        done = found.run((*found.layout.systemctl, "reload", found.layout.unit))
        found.tree.fault("after reloading docker")
        if done.ok:
            _wait_for_registries(found, entry)
        return done.ok
    return False


def _wait_for_registries(found: Machine, entry: Entry) -> None:
    """A reload is a signal: the file may change again only when the daemon has read it."""
    for _ in range(50):
        daemon = docker_daemon.ask(found.run, found.layout)
        if daemon is None or not daemon.insecure & set(entry.claims):
            return
        found.run(("sleep", "0.1"))


def mine_to_change(found: Machine) -> str | None:
    """Why this user cannot change this daemon; None where it can."""
    if found.tree.live and not found.layout.rootless and os.geteuid() != 0:
        return "the docker daemon belongs to root"
    return None
