"""`mirror on`, `off` and `status` for one kind of client: a plan, its changes, a signal where that is enough, and a proof.

That is one request to the mirror for each registry: it pulls nothing, and shows that mirror and registry answer.
"""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from pullscope.host import HostError, carry_out
from pullscope.host.carry_out import Parts, Undone, told
from pullscope.host.change import Change, Tell
from pullscope.host.command import spelled
from pullscope.host.journal import Recorded
from pullscope.host.journal_document import Entry
from pullscope.host.layout import SYSTEM
from pullscope.host.listener import listens
from pullscope.host.mirror.configs import Wish
from pullscope.host.mirror.runtimes import Runtime
from pullscope.host.routes.route import Node
from pullscope.host.status import drifted
from pullscope.oci.urls import split
from pullscope.oci.verdicts import Problem, warning

STATE = f"{SYSTEM.state}/mirror"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All of one `on`. `notes`: what is not seen, a line each."""

    runtime: Runtime
    wish: Wish
    recorded: Recorded
    changes: tuple[Change, ...]
    stale: tuple[Entry, ...]
    notes: tuple[str, ...]

    @property
    def commands(self) -> list[tuple[str, ...]]:
        """What is run after the files are written."""
        found: list[tuple[str, ...]] = []
        if _has_timer(self.changes) or _has_timer(self.stale):
            found.append(("systemctl", "daemon-reload"))
        if self.wish.until:
            found.append(("systemctl", "restart", f"{_stem(self.runtime)}.timer"))
        if self.runtime.reads == "on reload":
            found += [("systemctl", "reload", unit) for unit in self.runtime.units]
        return found


def recorded(node: Node, runtime: Runtime) -> Recorded:
    """What is on for this runtime."""
    return Recorded.read(node.tree, f"{STATE}/{runtime.id}")


def plan(node: Node, runtime: Runtime, wish: Wish) -> Plan:
    """Work out `on`; HostError where it must not be done. Starts from the machine as it would be without us."""
    known = recorded(node, runtime)
    parts = Parts(known)
    notes = runtime.write(parts, node, wish)
    if wish.until:
        parts.timer(SYSTEM.unit_paths[0], wish.until, wish.off_command, _stem(runtime), runtime.name)
    return Plan(
        runtime=runtime,
        wish=wish,
        recorded=known,
        changes=tuple(parts.changes),
        stale=parts.stale,
        notes=tuple(notes),
    )


def on(node: Node, planned: Plan, tell: Tell) -> None:
    """Do what the plan says. Where a command fails, put everything back and say so."""
    carry_out.check_writable(planned.recorded, planned.changes)
    record = carry_out.put_in_place(planned.recorded, asdict(planned.wish), planned.changes, planned.stale, tell)
    for argv in planned.commands:
        if argv[1] == "reload" and not _active(node, argv[2]):
            continue
        done = told(node.tree, node.run, argv, tell)
        if not done.ok:
            carry_out.stop_timer(node.run, SYSTEM.systemctl, record.entries)
            put_back = carry_out.put_back(planned.recorded, record)
            raise HostError(f"{spelled(argv)}: {done.last_words}. {put_back}")


def off(node: Node, runtime: Runtime, tell: Tell) -> Undone:
    """Take every change of one runtime back, as far as it can be."""
    docker_runs, ours = _active(node, SYSTEM.unit), "the tracing mirror"
    undone = carry_out.take_back(recorded(node, runtime), node.run, SYSTEM, tell, docker_runs=docker_runs, ours=ours)
    if undone.was_on and runtime.reads == "on reload" and runtime.id != "docker":
        for unit in filter(partial(_active, node), runtime.units):
            told(node.tree, node.run, ("systemctl", "reload", unit), tell)
    return undone


def restart(runtime: Runtime, sudo: str) -> str | None:
    """The command that makes a change count, where no signal is enough; None where none is needed."""
    return f"{sudo}systemctl restart {' '.join(runtime.units)}" if runtime.reads == "on restart" else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """One runtime: whether our mirror is on, for which registries, and what drifted."""

    runtime: Runtime
    on: bool
    hosts: tuple[str, ...]
    url: str
    until: str | None
    files: tuple[str, ...]
    problems: tuple[Problem, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "runtime": self.runtime.id,
            "on": self.on,
            "hosts": list(self.hosts),
            "url": self.url or None,
            "until": self.until,
            "files": list(self.files),
        }


def status(node: Node, runtime: Runtime, again: str) -> Status:
    """What the journal says and what is there; `again` is the `on` that would fix it."""
    known = recorded(node, runtime)
    options = known.options
    return Status(
        runtime=runtime,
        on=known.record is not None,
        hosts=tuple(options.get("hosts", ())),
        url=str(options.get("url", "")),
        until=options.get("until"),
        files=tuple(path for path, entry in known.entries.items() if entry.kind != "directory"),
        problems=tuple(drifted(known, again)),
    )


def _stem(runtime: Runtime) -> str:
    return f"pullscope-mirror-{runtime.id}-off"


def _has_timer(items: Sequence[Change] | Sequence[Entry]) -> bool:
    return any(item.path.startswith(f"{SYSTEM.unit_paths[0]}/pullscope-") for item in items)


def _active(node: Node, unit: str) -> bool:
    return node.run(("systemctl", "is-active", "--quiet", unit)).ok


_OURS = b"pullscope"
_WITHIN = 15.0
"""Seconds: the mirror gives a registry five to be connected to."""


def refuse_stranger(address: str) -> None:
    """HostError where something listens there that is not our mirror: it would answer for the registries."""
    if not listens(*_parts(address)):
        return
    status, body = _get(address, "/")
    if _OURS not in body:
        what = "which does not answer in http" if status is None else f"which answers {status} and is not pullscope"
        raise HostError(
            f"something listens on {address}, {what}: it would answer for your registries. Nothing changed."
        )


def prove(address: str, registry: str, start: str) -> str | Problem:
    """Ask for the version check of one registry through the mirror: what that showed, in words, or what is wrong.

    `start` is what starts the mirror.
    """
    if not listens(*_parts(address)):
        message = f"Nothing listens on {address} yet: clients go on to the registry itself."
        return warning("mirror-not-listening", message, start)
    status, body = _get(address, f"/v2/?ns={quote(registry)}")
    if status in {200, 401}:
        meaning = "no login needed" if status == 200 else "authentication required, as expected"
        return f"{registry} answers through the mirror ({status}: {meaning})"
    if status == 404 and _OURS in body:
        return warning("mirror-without-registry", f"The mirror on {address} was not started for {registry}.", start)
    if status is not None:
        return warning("mirror-no-answer", f"{registry} gave no good answer through the mirror ({status}).")
    return warning("mirror-no-answer", f"The mirror on {address} does not answer.")


def _parts(address: str) -> tuple[str, int]:
    parts = split(f"//{address}")
    return parts.host, parts.port or 80


def _get(address: str, path: str) -> tuple[int | None, bytes]:
    """Status and beginning of the body; None where no http came back."""
    connection = http.client.HTTPConnection(*_parts(address), timeout=_WITHIN)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(65536)
    except (OSError, http.client.HTTPException):
        return None, b""
    finally:
        connection.close()
