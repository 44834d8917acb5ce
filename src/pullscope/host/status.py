"""What is in force now, read from disk, from systemd and from the daemon; the journal only says what we meant.

Four states: `on`, `off`, `restart-needed` (the files are back, the daemon that runs still has our environment) and
`interrupted` (the journal is there, but not every change is). Values in, lines and JSON out; nothing is printed here.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from pullscope.host import hosts_file, systemd
from pullscope.host.change import sha256
from pullscope.host.journal import Recorded
from pullscope.host.machine import MARK, Machine
from pullscope.oci.verdicts import Problem, warning


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """The state in one word, lines (label, text) for people, the same for machines, and what drifted."""

    state: str
    lines: tuple[tuple[str, str], ...]
    facts: dict[str, Any]
    problems: tuple[Problem, ...]


def status(machine: Machine, command: str) -> Status:
    """The state of `machine`. `command` is our own, for the fixes."""
    drift = tuple(drifted(machine.recorded, " ".join((command, "on", "--yes", *map(shlex.quote, machine.words)))))
    state = _state(machine, drift)
    layout = machine.layout
    on_disk = systemd.environment(machine.tree.text(layout.drop_in) or "")
    registries = _ours_insecure(machine)
    names = (machine.tree.text("/etc/hosts") or "").encode()
    hosts = hosts_file.entries(names)
    running = _of(machine.running or {}, layout.prefix) if machine.running is not None else None
    facts: dict[str, Any] = {
        "state": state,
        "mode": machine.recorded.options.get("mode", "names") if machine.record else None,
        "unit": layout.unit,
        "active": machine.active,
        "daemon_version": machine.daemon.version if machine.daemon else None,
        "containerd_store": machine.daemon.containerd_store if machine.daemon else None,
        "on_disk": _of(on_disk, layout.prefix),
        "loaded": _of(machine.shown.environment, layout.prefix) if machine.shown else None,
        "running": running,
        "insecure_registries": registries,
        "hosts": {name: hosts[name] for name in hosts_file.ours(names)},
        "until": machine.recorded.options.get("until"),
        "files": list(machine.recorded.entries),
    }
    return Status(state=state, lines=tuple(_lines(machine, facts)), facts=facts, problems=drift)


def _of(environment: Any, prefix: str = "") -> dict[str, str]:
    """Proxy and trust of an environment. A login in a proxy URL stays out of sight."""
    found: dict[str, str] = {}
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_DIR", "SSL_CERT_FILE", MARK):
        value = environment.get(f"{prefix}{name}") or environment.get(name)
        if value:
            scheme, mark, rest = value.partition("://")
            found[name] = f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else value
    return found


def _state(machine: Machine, drift: tuple[Problem, ...]) -> str:
    if machine.record is None:
        return "restart-needed" if machine.daemon_has_ours else "off"
    missing = any(problem.code == "change-missing" for problem in drift)
    if missing:
        return "interrupted"
    mode_proxy = machine.record.options.get("mode") == "proxy"
    if mode_proxy and machine.active and machine.running is not None and not machine.daemon_has_ours:
        return "on-not-in-force"
    return "on"


def drifted(recorded: Recorded, again: str) -> list[Problem]:
    """What is not as `on` left it; `again` is that `on` once more."""
    found: list[Problem] = []
    for entry in recorded.record.entries if recorded.record else ():
        now = recorded.tree.look(entry.path)
        if entry.kind == "directory":
            if now.kind != "directory":
                found.append(_missing(entry.path, again))
        elif now.absent or (now.is_file and entry.before.is_file and now.content == entry.before.content):
            found.append(_missing(entry.path, again))
        elif not now.is_file or sha256(now.content) not in entry.ours:
            found.append(
                warning(
                    "changed-since", f"{entry.path} was changed since; `off` will keep that change.", where=entry.path
                )
            )
    return found


def _missing(path: str, again: str) -> Problem:
    return warning("change-missing", f"{path} is not what `on` made it.", again, path)


def _ours_insecure(machine: Machine) -> list[str]:
    claims = [
        claim for entry in machine.recorded.entries.values() if entry.kind == "daemon-json" for claim in entry.claims
    ]
    asked = [claim for claim in claims if not claim.startswith("proxies=")]
    known = machine.daemon.insecure if machine.daemon else set(asked)
    return [host for host in asked if host in known]


def _lines(machine: Machine, facts: dict[str, Any]) -> list[tuple[str, str]]:
    words = {
        "on": "on",
        "off": "off: pullscope has changed nothing on this machine",
        "restart-needed": "off on disk, but the running daemon uses the proxy until it is restarted",
        "interrupted": "interrupted: not every change is in place; `off` undoes those that are",
        "on-not-in-force": "on, but the daemon was not restarted since, so it does not use the proxy",
    }
    daemon = machine.daemon
    store = "containerd store" if daemon and daemon.containerd_store else "classic store"
    about = f"{daemon.version}, {store}" if daemon else "does not answer" if machine.active else "not running"
    state = (
        words[facts["state"]]
        if facts["mode"] != "names"
        else "only names in /etc/hosts; docker's settings are unchanged"
    )
    if not machine.layout.is_docker:
        about = "running" if machine.active else "not running"
    lines = [("state", state), ("docker" if machine.layout.is_docker else "unit", f"{machine.layout.unit}, {about}")]
    for label, key in (("on disk", "on_disk"), ("loaded", "loaded"), ("running", "running")):
        found = facts[key]
        if found is None:
            lines.append((label, "not known" + (" (run with sudo)" if key == "running" and machine.active else "")))
        else:
            lines.append((label, ", ".join(f"{name}={value}" for name, value in found.items()) or "no proxy"))
    if facts["insecure_registries"]:
        lines.append(("insecure", ", ".join(facts["insecure_registries"])))
    lines.extend(("hosts", f"{name} leads to {address}") for name, address in facts["hosts"].items())
    if facts["until"]:
        lines.append(("until", f"{facts['until']} ({machine.layout.timer}.timer)"))
    lines.extend(("file", path) for path in facts["files"])
    return lines
