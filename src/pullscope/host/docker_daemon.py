"""What the docker daemon says of itself, which kind of docker this machine has, and how it forgets what our daemon.json told it.

On SIGHUP an absent key keeps the old list and `[]` clears it (moby reload.go:251), so the file holds `[]` until the daemon has
read it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pullscope.host import HostError, change, daemon_json
from pullscope.host.command import Run
from pullscope.host.journal_document import Entry
from pullscope.host.layout import Layout
from pullscope.host.tree import Tree
from pullscope.oci.bounds import read_object


@dataclass(frozen=True, kw_only=True, slots=True)
class Daemon:
    """`docker info`, as far as it matters here."""

    version: str
    containerd_store: bool
    live_restore: bool
    running: int
    https_proxy: str
    insecure: frozenset[str]
    system: str
    mirrors: tuple[str, ...] = ()
    """`registry-mirrors` that are in force, in order, without the slash that the daemon puts behind each."""


def ask(run: Run, layout: Layout) -> Daemon | None:
    """The daemon's own words; None where it does not answer."""
    done = run((*layout.docker, "info", "--format", "{{json .}}"))
    info = read_object(done.out) if done.ok else {}
    return read_info(info) if info.get("ServerVersion") else None


def read_info(info: Mapping[str, Any]) -> Daemon:
    """A daemon from the document of `docker info`; what is missing, or of another type, is empty."""
    registry = _object(info.get("RegistryConfig"))
    configs = _object(registry.get("IndexConfigs"))
    ranges = registry.get("InsecureRegistryCIDRs")
    status = info.get("DriverStatus")
    running = info.get("ContainersRunning")
    insecure = [name for name, config in configs.items() if not _object(config).get("Secure", True)]
    return Daemon(
        version=str(info.get("ServerVersion", "")),
        containerd_store=any("io.containerd.snapshotter" in str(pair) for pair in _list(status)),
        live_restore=bool(info.get("LiveRestoreEnabled")),
        running=running if isinstance(running, int) else 0,
        https_proxy=str(info.get("HttpsProxy") or ""),
        insecure=frozenset((*insecure, *map(str, _list(ranges)))),
        system=str(info.get("OperatingSystem", "")),
        mirrors=tuple(str(url).rstrip("/") for url in _list(registry.get("Mirrors"))),
    )


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def at_least(version: str, major: int, minor: int = 0) -> bool:
    match = re.match(r"([0-9]{1,9})\.([0-9]{0,9})", version)
    return match is not None and (int(match[1]), int(match[2] or 0)) >= (major, minor)


@dataclass(frozen=True, kw_only=True, slots=True)
class Flavour:
    """A docker that is not the plain daemon under systemd: what it is, what to do instead, and a command that does it.

    In `command`, PULLSCOPE, COMMAND (`sudo pullscope docker`), OWN (the same without sudo) and PROXY stand for what they are
    on this machine.
    """

    name: str
    instead: str
    command: str


DESKTOP = Flavour(
    name="Docker Desktop",
    instead="it ignores daemon.json and systemd; its proxy is in Settings > Resources > Proxies and it takes CAs from the "
    "system's store. One image can be traced without it",
    command="PULLSCOPE run -- skopeo copy docker://docker.io/library/hello-world dir:hello-world",
)
SNAP = Flavour(
    name="docker from snap",
    instead="its files are under /var/snap/docker, and its proxy is snap's (back: snap unset system proxy.http proxy.https)",
    command="sudo snap set system proxy.http=PROXY proxy.https=PROXY && sudo snap restart docker.dockerd",
)
PODMAN = Flavour(
    name="podman's docker command",
    instead="podman has no daemon to change; its own environment is enough",
    command="PULLSCOPE run -- podman pull docker.io/library/hello-world",
)
NO_SYSTEMD = (
    "the daemon's environment is set in /etc/default/docker or /etc/conf.d/docker (docs/host-changes.md); or use --mode hosts, "
    "or a sandbox"
)
SANDBOX = "COMMAND sandbox -- pull hello-world"


def flavour(tree: Tree, layout: Layout, daemon: Daemon | None, run: Run) -> Flavour | None:
    """Which special kind of docker this is, None for the plain one."""
    dockerd = any(tree.exists(path) for path in ("/usr/bin/dockerd", "/usr/sbin/dockerd", "/usr/local/bin/dockerd"))
    if daemon is not None and "Docker Desktop" in daemon.system:
        return DESKTOP
    if tree.exists("/snap/docker/current") or tree.exists("/var/snap/docker/current"):
        return SNAP
    if not dockerd and "podman" in run(("docker", "--version")).out:
        return PODMAN
    if daemon is None and tree.exists("/opt/docker-desktop") and not dockerd:
        return DESKTOP
    if layout.rootless:
        return None
    user = _rootless_user(tree, layout)
    if user is not None:
        return Flavour(
            name=f"a rootless docker of {user}",
            instead="it is changed by its own user, without sudo",
            command=f"sudo -u {user} XDG_RUNTIME_DIR=/run/user/$(id -u {user}) OWN doctor --rootless",
        )
    if not tree.exists("/run/systemd/system"):
        wsl = "microsoft" in (tree.text("/proc/version") or "").lower()
        name = "WSL without systemd" if wsl else "a machine without systemd"
        return Flavour(name=name, instead=NO_SYSTEMD, command=SANDBOX)
    return None


def _rootless_user(tree: Tree, layout: Layout) -> str | None:
    """Whose rootless daemon this machine has, where the system has none."""
    if any(tree.exists(f"{folder}/{layout.unit}") for folder in layout.unit_paths):
        return None
    homes = (name for name in tree.names("/home") if re.fullmatch(r"[a-z_][a-z0-9_-]*", name))
    return next((name for name in homes if tree.exists(f"/home/{name}/.config/systemd/user/{layout.unit}")), None)


def forget(tree: Tree, run: Run, layout: Layout, entries: Sequence[Entry]) -> bool:
    """Reload docker with what the list among `entries` had before, explicitly; False where it was not reloaded."""
    entry = next((item for item in entries if item.kind in change.LISTS and item.claims), None)
    if entry is None:
        return False
    key = change.LISTS[entry.kind]
    now = tree.look(entry.path)
    if not now.is_file:
        return False
    final = change.result_of(entry, now)
    with contextlib.suppress(ValueError, HostError):
        interim = daemon_json.with_empty(final, key)
        if now.content != interim:
            tree.write(entry.path, replace(now, content=interim, mtime_ns=0))
        tree.fault("before reloading docker")
        done = run((*layout.systemctl, "reload", layout.unit))
        tree.fault("after reloading docker")
        if done.ok:
            _wait(run, layout, frozenset(entry.claims))
        return done.ok
    return False


def _wait(run: Run, layout: Layout, claims: frozenset[str]) -> None:
    """A reload is a signal: the file may change again only when the daemon has read it."""
    for _ in range(50):
        daemon = ask(run, layout)
        if daemon is None or not claims & {*daemon.insecure, *daemon.mirrors}:
            return
        run(("sleep", "0.1"))
