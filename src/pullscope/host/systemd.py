"""systemd's drop-ins as text: fill in ours, read any; and what its files and systemd itself say about a unit. Nothing is written.

Three truths that may differ: what the files say, what systemd has loaded (`systemctl show`), and what the process
that runs was started with (/proc/PID/environ). A daemon that was not restarted since shows up as a difference of the last
two. The template is `systemd/docker.service.d/pullscope.conf` itself: a working file whose values are replaced by name.
Quoting after systemd.syntax(7): one quoted assignment a line, `%` doubled because it begins a specifier.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pullscope.host.command import Run
from pullscope.host.layout import Layout
from pullscope.host.tree import Tree

_ASSIGNMENT = re.compile(r'^Environment="(?P<name>[A-Z_]+)=')


def units() -> Path:
    """The directory of our unit files: inside the installed package, or in the checkout."""
    installed = Path(__file__).parent / "units"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "systemd"


def fill(template: str, values: Mapping[str, str | None]) -> str:
    """`template` with the value of each variable replaced; None takes its line and the comment above it away."""
    lines: list[str] = []
    for line in template.splitlines():
        match = _ASSIGNMENT.match(line)
        name = match["name"] if match else None
        if name is None or name not in values:
            lines.append(line)
            continue
        value = values[name]
        if value is None:
            while lines and lines[-1].startswith("#"):
                lines.pop()
        else:
            lines.append(f'Environment="{name}={_quoted(value)}"')
    return "\n".join(lines) + "\n"


def variable(name: str, layout: Layout) -> str:
    """The name of a variable as the unit must be given it; marks are for us and not for the daemon."""
    return name if name.startswith("PULLSCOPE_") else f"{layout.prefix}{name}"


def of_unit(text: str, layout: Layout) -> str:
    """The drop-in of docker for another unit: its names in the comments, its variables with their prefix."""
    for old, new in (
        ("the docker daemon", layout.unit),
        ("`pullscope docker on`", f"`pullscope on --unit {layout.unit}`"),
        ("`pullscope docker off`", f"`pullscope off --unit {layout.unit}`"),
        ("docker.service", layout.unit),
        ("restart docker", f"restart {layout.name}"),
        ("/var/lib/pullscope/ca/,", f"{layout.ca_directory}/,"),
    ):
        text = text.replace(old, new)
    return re.sub(
        r'^Environment="([A-Z_]+)=',
        lambda match: f'Environment="{variable(match[1], layout)}=',
        text,
        flags=re.MULTILINE,
    )


def _quoted(value: str) -> str:
    if any(ord(character) < 32 for character in value):
        raise ValueError("a control character cannot stand in a unit file")
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def settings(text: str, name: str) -> list[str]:
    """Every value that a unit file gives to `name=` in order, continuation lines joined."""
    joined = re.sub(r"\\\r?\n", " ", text)
    values: list[str] = []
    for line in joined.splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip() == name and not line.lstrip().startswith(("#", ";")):
            values.append(value.strip())
    return values


def environment(text: str) -> dict[str, str]:
    """What the `Environment=` lines of a unit file set. An empty one clears what came before it in this file."""
    found: dict[str, str] = {}
    for value in settings(text, "Environment"):
        if not value:
            found.clear()
        for name, content in assignments(value):
            found[name] = content.replace("%%", "%")
    return found


def assignments(value: str) -> list[tuple[str, str]]:
    """`A=b "C=d e"` as pairs; other words are skipped."""
    try:
        words = shlex.split(value)
    except ValueError:
        words = value.split()
    return [(name, content) for name, equals, content in (word.partition("=") for word in words) if equals]


def environment_file(text: str) -> dict[str, str]:
    """What a file named by `EnvironmentFile=` sets: `NAME=value` a line, perhaps quoted."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith(("#", ";")):
            found.update(assignments(stripped.removeprefix("export ")))
    return found


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

    @property
    def config_file(self) -> str | None:
        """The daemon.json that the command line of the unit names."""
        named = re.search(r"--config-file[= ](/\S+)", self.command)
        return named[1] if named else None

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
        sources.append(Source(path=path, environment=environment(text)))
        for name in settings(text, "EnvironmentFile"):
            place = name.removeprefix("-")
            content = tree.text(place) if place.startswith("/") else None
            if content is not None:
                files.append(Source(path=place, environment=environment_file(content)))
        for value in settings(text, "ExecStart"):
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
        environment=dict(assignments(found.get("Environment", ""))),
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
