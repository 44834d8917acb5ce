"""A plan in words: what it covers, the diff of every file, every command, and the proxy that goes with it, with the trust and the
way out that the daemon had. Nothing here changes anything. A proxy login stands in no word: every process list would show it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pullscope.host import change, registry_host
from pullscope.host.change import Change
from pullscope.host.journal import Recorded
from pullscope.host.journal_document import Entry
from pullscope.host.machine import Machine
from pullscope.host.plan import Plan
from pullscope.host.requested import Wish
from pullscope.host.tree import Snapshot, Tree
from pullscope.oci.reference import DOCKER_HUB, HUB_API


def covers(machine: Machine, wish: Wish) -> tuple[str, ...]:
    """What will be seen and what will not, a line each."""
    lines: list[str] = []
    store = None if machine.daemon is None else machine.daemon.containerd_store
    if wish.mode == "hosts":
        lines.append(f"seen: every request to {', '.join(wish.hosts)}; what they redirect to is seen only if named too")
        lines.append("docker caches what it read of /etc/hosts for 5 s")
        lines.append("other programs on this machine follow these /etc/hosts entries too")
        if store is not True:
            lines.append("not seen: pulls from Docker Hub (nginx, org/img), on the classic image store")
        if store is False and {HUB_API, DOCKER_HUB} & set(wish.hosts):
            lines.append(f"while {HUB_API} leads to the proxy, pulls of Docker Hub references fail on this daemon")
        return tuple(lines)
    if wish.trust == "env":
        lines.append("seen: Docker Hub and every other registry; only this daemon trusts the CA")
    else:
        lines.append(
            f"seen: {', '.join(wish.hosts or (DOCKER_HUB,))} with every hop; other registries fail until --trust env"
        )
    for host in wish.insecure:
        if host in {DOCKER_HUB, "index.docker.io"} or (host == HUB_API and store is False):
            other = "write registry-1.docker.io" if store else "no entry helps on the classic store"
            lines.append(f"insecure-registries: {host} has no effect on Docker Hub pulls ({other})")
        else:
            lines.append(f"insecure-registries: {host}, whose certificate is not checked any more, on every hop")
    lines.append("not seen: localhost and 127.0.0.1, which Go programs never send to a proxy")
    return tuple(lines)


def commands(machine: Machine, planned: Plan, *, of_a_tree: bool = False) -> list[tuple[str, ...]]:
    """What `on` runs, in order; `of_a_tree` what it would run where that tree is the machine."""
    systemctl, unit = machine.layout.systemctl, machine.layout.unit
    found: list[tuple[str, ...]] = []
    if planned.daemon_reload:
        found.append((*systemctl, "daemon-reload"))
    if planned.wish.until:
        found.append((*systemctl, "restart", f"{machine.layout.timer}.timer"))
    if planned.restart or (of_a_tree and planned.variables):
        found.append((*systemctl, "restart", unit))
    elif planned.reload:
        found.append((*systemctl, "reload", unit))
    return found


def diff(tree: Tree, changes: Sequence[Change], stale: Sequence[Entry]) -> str:
    """A unified diff of every file that is changed."""
    pieces: list[str] = []
    for item in changes:
        now = tree.look(item.path)
        if item.after.kind == "directory":
            if now.absent:
                pieces.append(f"new directory {item.path} (mode {item.after.mode:04o})\n")
            continue
        if item.path.endswith("/proxy-trust.pem"):
            # Over a hundred public certificates: what they are is told, not how they are spelled.
            count = item.after.content.count(b"BEGIN CERTIFICATE")
            pieces.append(f"new file {item.path}: {count} public certificates that are trusted here already\n")
            continue
        pieces.extend(_file_diff(item.path, now, item.after.content))
    pieces.extend(f"taken back: {entry.path}\n" for entry in stale)
    return "".join(pieces)


def undo(machine: Machine) -> list[str]:
    """What `off` would do: diffs, and commands."""
    lines = taken_back(machine.recorded)
    if machine.daemon_has_ours:
        lines.append(f"run: {' '.join((*machine.layout.systemctl, 'daemon-reload'))}")
        lines.append(f"run: {' '.join((*machine.layout.systemctl, 'restart', machine.layout.unit))}")
    return lines or ["Nothing is on."]


def taken_back(recorded: Recorded) -> list[str]:
    """What undo would do to the files."""
    lines: list[str] = []
    for entry in reversed(recorded.record.entries if recorded.record else ()):
        now = recorded.tree.look(entry.path)
        if entry.kind == "directory":
            if now.kind == "directory":
                lines.append(f"remove directory {entry.path} where it is empty")
        elif now.is_file:
            lines.extend(line.rstrip("\n") for line in _file_diff(entry.path, now, change.result_of(entry, now)))
    return lines


def _file_diff(path: str, now: Snapshot, after: bytes | None) -> list[str]:
    old = now.content.decode("utf-8", "replace").splitlines(keepends=True) if now.is_file else []
    new = (after or b"").decode("utf-8", "replace").splitlines(keepends=True)
    names = (path if now.is_file else "/dev/null", path if after is not None else "/dev/null")
    lines = difflib.unified_diff(old, new, *names)
    return [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """Where mitmdump and the tracing addon lie on this machine."""

    mitmdump: str
    addon: str
    confdir: str
    routing: str = ""
    """The addon that routes by name, for mode hosts."""


def proxy_command(program: Program, planned: Plan) -> tuple[str, ...]:
    """What to start, as words for a shell."""
    wish = planned.wish
    scripts = [word for script in (program.routing, program.addon) for word in ("-s", script)]
    if wish.mode != "hosts":
        scripts = ["-s", program.addon]
    words = [program.mitmdump, *scripts, "--set", f"confdir={program.confdir}"]
    trust = next((item.path for item in planned.changes if item.path.endswith("/proxy-trust.pem")), None)
    if trust:
        words += ["--set", f"ssl_verify_upstream_trusted_ca={trust}"]
    if wish.mode == "hosts":
        host = registry_host.parts(wish.hosts[0])[0]
        for port in sorted({registry_host.parts(name)[1] or 443 for name in wish.hosts}):
            words += ["--mode", f"reverse:https://{host}:{port}@{wish.proxy_host}:{port}"]
        words += ["--set", "keep_host_header=true", "--set", "connection_strategy=lazy"]
        return tuple(words)
    if planned.upstream:
        words += ["--mode", f"upstream:{planned.upstream}"]
    words += ["--listen-host", wish.proxy_host, "--listen-port", str(wish.proxy_port)]
    for passed in planned.passed_by:
        name, own = registry_host.parts(passed)
        words += ["--ignore-hosts", f"^{re.escape(name)}:{own or 443}$"]
    return tuple(words)
