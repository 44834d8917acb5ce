"""The changes of one `on`, collected in order, then carried out and taken back as one: the journal first, and all backwards. With
`on --for 30m` unit files among them run `off` at an instant, also after a reboot or where the machine was off.

Order is what makes a kill at any point harmless: the record of everything is on disk before the first change and goes
last. Which commands a daemon needs after that is for the caller to know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pullscope import __version__
from pullscope.host import HostError, change, docker_daemon
from pullscope.host.change import Change, Left, Tell
from pullscope.host.command import NOT_FOUND, Outcome, Run, spelled
from pullscope.host.journal import Recorded
from pullscope.host.journal_document import Entry, Record
from pullscope.host.layout import Layout
from pullscope.host.tree import ABSENT, Snapshot, Tree

TIMER_STEM = "pullscope-off"

_PART = re.compile(r"(?P<number>[0-9]{1,9})(?![0-9])\s*(?P<unit>sec|s|min|m|h|d)?\s*")
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, None: 60, "h": 3600, "d": 86400}
_OURS = re.compile(r"/pullscope-(?:[a-z0-9_-]+-)?off\.timer$")
LONGEST_TIME = timedelta(days=366)


def time_span(text: str) -> timedelta:
    """`30m`, `2h`, `90s`, `1h30m`; a bare number is minutes. At most a year: what is meant to stay needs no timer."""
    seconds, at = 0, 0
    rest = text.strip()
    while match := _PART.match(rest, at):
        seconds += int(match["number"]) * _SECONDS[match["unit"]]
        at = match.end()
    shown = repr(text if len(text) <= 40 else f"{text[:40]}…")
    if at < len(rest) or seconds <= 0:
        raise ValueError(f"{shown} is not a time span such as 30m, 2h or 90s")
    if seconds > LONGEST_TIME.total_seconds():
        raise ValueError(f"{shown} is longer than {LONGEST_TIME.days} days; leave out --for; `off` undoes everything")
    return timedelta(seconds=seconds)


def instant(text: str) -> str:
    """When that span is over, from now on, as systemd.time(7) spells it."""
    return f"{datetime.now(UTC) + time_span(text):%Y-%m-%d %H:%M:%S} UTC"


def timer_files(until: str, off_command: tuple[str, ...], stem: str = TIMER_STEM, of: str = "docker") -> dict[str, str]:
    """The unit files by name. `until` is absolute, and Persistent= catches up after a reboot."""
    service_name, timer_name = f"{stem}.service", f"{stem}.timer"
    words = " ".join(_quoted(word) for word in off_command)
    timer = (
        "# Undoes what `pullscope on --for` did.\n"
        f"[Unit]\nDescription=Take pullscope's changes to {of} back\n\n"
        f"[Timer]\nOnCalendar={until}\nPersistent=true\nAccuracySec=1s\nUnit={service_name}\n"
    )
    service = (
        f"# Started by {timer_name}.\n"
        f"[Unit]\nDescription=Take pullscope's changes to {of} back\n\n"
        f"[Service]\nType=oneshot\nExecStart={words}\n"
    )
    # A drop-in of timers.target rather than a link in its .wants: plain files are all that undo has to know.
    wanted = f"# So that the timer is there again after a reboot.\n[Unit]\nWants={timer_name}\n"
    return {service_name: service, timer_name: timer, f"timers.target.d/{stem}.conf": wanted}


def stop_timer(run: Run, systemctl: tuple[str, ...], entries: Sequence[Entry]) -> None:
    """Stop the timer that is among `entries`, if one is."""
    for entry in entries:
        if _OURS.search(entry.path):
            timer = entry.path.rpartition("/")[2]
            run((*systemctl, "stop", timer))
            run((*systemctl, "clean", "--what=state", timer))


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if re.search(r"[^\w@%+=:,./-]", word) else escaped


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
            entry = Entry(path=folder, kind="directory", mode=mode)
            self.changes.append(Change(entry=entry, after=Snapshot.ours("directory", mode)))

    def file(
        self,
        path: str,
        kind: str,
        content: bytes,
        *,
        folder_mode: int = 0o755,
        claims: tuple[str, ...] = (),
        interim: tuple[bytes, ...] = (),
    ) -> None:
        self.directory(path.rpartition("/")[0], folder_mode)
        before = self.recorded.before(path)
        made = change.file(path, kind, before, content, claims=claims, interim=interim)
        known = self.recorded.entries.get(path)
        if known is not None:
            ours = tuple(dict.fromkeys((*made.entry.ours, *known.ours)))
            made = replace(made, entry=replace(made.entry, ours=ours))
        self.changes.append(made)

    def lines(self, path: str, text: str) -> None:
        claims = tuple(line for line in text.splitlines() if line.strip())
        self.file(path, "lines", text.encode(), claims=claims)

    def timer(self, folder: str, until: str, off_command: tuple[str, ...], stem: str, of: str) -> None:
        """Unit files that take everything back at that instant."""
        for name, text in timer_files(until, off_command, stem, of).items():
            self.lines(f"{folder}/{name}", text)

    @property
    def stale(self) -> tuple[Entry, ...]:
        """What is on and not asked for any more."""
        asked = {item.path for item in self.changes}
        return tuple(entry for path, entry in self.recorded.entries.items() if path not in asked)


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


def check_writable(recorded: Recorded, changes: Sequence[Change]) -> None:
    """HostError where a change could not be made, before the first one is."""
    paths = [item.path for item in changes]
    for path in (*paths, recorded.journal.path):
        why = recorded.tree.may_write(path)
        if why:
            raise HostError(f"cannot change {path}: {why}. Nothing changed.")


def put_in_place(
    recorded: Recorded, options: dict[str, Any], changes: Sequence[Change], stale: Sequence[Entry], tell: Tell
) -> Record:
    """Take back what is stale, make every change; where one fails, put everything back and say so."""
    tree, journal = recorded.tree, recorded.journal
    made = journal.prepare()
    with journal.lock():
        new = tuple(item.entry for item in changes)
        older = recorded.record.made if recorded.record else ()
        record = Record(
            options=options, entries=(*stale, *new), version=__version__, made=tuple(dict.fromkeys((*older, *made)))
        )
        try:
            journal.write(record)
            for entry in reversed(stale):
                done = change.take_back(tree, entry)
                if done.touched or done.foreign:
                    tell(f"{done.path}  {done.words}")
            for item in changes:
                before = tree.look(item.path)
                change.apply(tree, item)
                if item.after.kind == "file" and before.content != item.after.content:
                    tell(f"{item.path}  written")
            if stale:
                journal.write(replace(record, entries=new))
        except (HostError, OSError) as error:
            raise HostError(f"{error}. {put_back(recorded, record)}") from error
        except KeyboardInterrupt:
            put_back(recorded, record)
            raise
    return record


def put_back(recorded: Recorded, record: Record) -> str:
    """Undo a failed `on`; what became of it, as a sentence."""
    left = change.take_all_back(recorded.tree, record.entries, lambda _: None)
    left += close(recorded, record, left)
    if not left:
        return _on_again(recorded) or "Everything was put back"
    return f"Not everything could be put back: {'; '.join(item.why for item in left)}. `off` tries it again"


def _on_again(recorded: Recorded) -> str:
    """What was on before the failed `on` is on as it was; why it is not, as a sentence."""
    if recorded.record is None:
        return ""
    try:
        recorded.journal.prepare()
        recorded.journal.write(recorded.record)
        for entry in recorded.record.entries:
            then = recorded.was.get(entry.path, ABSENT)
            if not then.absent:
                change.apply(recorded.tree, Change(entry=entry, after=then))
    except (HostError, OSError) as error:
        return f"What was on before could not be put back ({error}): the next `off` removes the rest"
    return ""


def take_back(
    recorded: Recorded, run: Run, layout: Layout, tell: Tell, *, docker_runs: bool = False, ours: str = ""
) -> Undone:
    """Take every change back, as far as it can be; a docker that runs forgets what it read of `ours` first."""
    record, tree = recorded.record, recorded.tree
    if record is None:
        recorded.journal.remove(())
        return Undone(was_on=False)
    with recorded.journal.lock():
        stop_timer(run, layout.systemctl, record.entries)
        forgot = docker_runs and docker_daemon.forget(tree, run, layout, record.entries)
        left = change.take_all_back(tree, record.entries, tell)
        if forgot:
            tell(f"docker reloaded, without {ours}")
        if any(entry.path.startswith(layout.unit_paths[0]) for entry in record.entries):
            told(tree, run, (*layout.systemctl, "daemon-reload"))
        # Where the daemon would not come back by itself after a crash, the record is still there to try again.
        tree.fault("before deleting the journal")
        left += close(recorded, record, left)
    return Undone(was_on=True, left=left)


def told(tree: Tree, run: Run, argv: Sequence[str], tell: Tell = lambda _: None) -> Outcome:
    """Run a command of a change; where there is no such command, a tree goes without."""
    tree.fault(f"before {spelled(argv)}")
    done = run(argv)
    tree.fault(f"after {spelled(argv)}")
    if not tree.live and done.code == NOT_FOUND:
        return Outcome(code=0)
    if done.ok:
        tell(f"{spelled(argv)}  done")
    return done


def close(recorded: Recorded, record: Record, left: tuple[Left, ...]) -> tuple[Left, ...]:
    """Delete the journal, or keep what was left in it. What of the journal itself cannot be changed."""
    try:
        if left:
            recorded.journal.write(replace(record, entries=tuple(item.entry for item in left)))
        else:
            recorded.journal.remove(record.made)
    except HostError as error:
        # The old record is still there: what it names and is undone already is left alone by the next `off`.
        return (Left(entry=Entry(path=recorded.journal.path, kind="own"), why=str(error)),)
    return ()
