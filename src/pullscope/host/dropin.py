"""systemd drop-ins as text: fill in ours, read the environment that any unit file sets.

The template is `systemd/docker.service.d/pullscope.conf` itself: a working file whose values are replaced by name.
Quoting after systemd.syntax(7): one quoted assignment a line, `%` doubled because it begins a specifier.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from pullscope.host.layout import Layout

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
