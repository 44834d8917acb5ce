"""What systemd's files and systemd itself say about one unit. Reading only.

Three truths that may differ: what the files say, what systemd has loaded (`systemctl show`), and what the process
that runs was started with (/proc/PID/environ). A
daemon that was not restarted since shows up as a difference of the last two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pullscope.host import dropin
from pullscope.host.command import Run
from pullscope.host.layout import Layout
from pullscope.host.tree import Tree

PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy")


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A file that sets variables for the daemon, in the order in which systemd applies them."""

    path: str
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitFiles:
    """A unit as its files say: the unit file itself (None: there is none), who sets which variable, the command."""

    fragment: str | None
    sources: tuple[Source, ...]
    command: str

    def environment(self, *, without: str | None = None) -> dict[str, str]:
        """What the files set together, the later one winning; `without` leaves one file out."""
        merged: dict[str, str] = {}
        for source in self.sources:
            if source.path != without:
                merged.update(source.environment)
        return merged

    def setter(self, name: str) -> str | None:
        """The file whose value of `name` wins."""
        return next((source.path for source in reversed(self.sources) if name in source.environment), None)

    def flag(self, name: str) -> bool:
        """Whether the command line of the unit carries `--name`."""
        return re.search(rf"(^|\s)--?{re.escape(name)}(\s|=|$)", self.command) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What systemd says of the unit right now."""

    active: bool
    pid: int
    environment: Mapping[str, str]
    need_reload: bool
    loaded: bool


def read_unit(tree: Tree, layout: Layout) -> UnitFiles:
    """The files of the unit that a layout names."""
    return read_files(tree, layout.unit_paths, layout.unit)


def read_files(tree: Tree, unit_paths: Sequence[str], unit: str) -> UnitFiles:
    """The unit's files below `tree`, drop-ins in the order of systemd.unit(5): by name, the first directory wins."""
    fragment = next((path for path in (f"{folder}/{unit}" for folder in unit_paths) if tree.exists(path)), None)
    drop_ins: dict[str, str] = {}
    for folder in unit_paths:
        for below in (f"{folder}/{unit}.d", f"{folder}/service.d"):
            for name in tree.names(below):
                if name.endswith(".conf"):
                    drop_ins.setdefault(name, f"{below}/{name}")
    paths = ([fragment] if fragment else []) + [drop_ins[name] for name in sorted(drop_ins)]
    sources: list[Source] = []
    files: list[Source] = []
    command = ""
    for path in paths:
        text = tree.text(path) or ""
        sources.append(Source(path=path, environment=dropin.environment(text)))
        for name in dropin.settings(text, "EnvironmentFile"):
            place = name.removeprefix("-")
            content = tree.text(place) if place.startswith("/") else None
            if content is not None:
                files.append(Source(path=place, environment=dropin.environment_file(content)))
        for value in dropin.settings(text, "ExecStart"):
            command = value or command
    # systemd.exec(5): what an EnvironmentFile sets overrides every Environment=, whatever the order.
    return UnitFiles(fragment=fragment, sources=(*sources, *files), command=command)


def show(run: Run, layout: Layout) -> Shown | None:
    """What `systemctl show` says; None where there is no systemd to ask."""
    wanted = "ActiveState,MainPID,Environment,NeedDaemonReload,LoadState"
    done = run((*layout.systemctl, "show", layout.unit, f"--property={wanted}"))
    if not done.ok:
        return None
    found = dict(line.partition("=")[::2] for line in done.out.splitlines())
    if "ActiveState" not in found:
        return None
    pid = found.get("MainPID", "0")
    return Shown(
        active=found["ActiveState"] in {"active", "reloading"},
        pid=int(pid) if pid.isdigit() else 0,
        environment=dict(dropin.assignments(found.get("Environment", ""))),
        need_reload=found.get("NeedDaemonReload") == "yes",
        loaded=found.get("LoadState") == "loaded",
    )


def running_environment(tree: Tree, pid: int) -> dict[str, str] | None:
    """What the process `pid` was started with; None where that cannot be read."""
    if pid <= 0:
        return None
    try:
        content = tree.at(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    pairs = (item.partition(b"=") for item in content.split(b"\0") if b"=" in item)
    return {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, _, value in pairs}
