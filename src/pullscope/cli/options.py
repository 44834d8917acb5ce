"""Options that mean the same in more than one command: their names, their words and their defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Color = Annotated[
    bool | None, typer.Option("--color/--no-color", help="Use colour or not. [default: on a terminal only]")
]
Confdir = Annotated[
    Path | None, typer.Option("--confdir", help="mitmproxy's directory with its CA. [default: ~/.mitmproxy]")
]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Print every change as a diff, and every command.")]
EveryHop = Annotated[bool, typer.Option("--verbose", "-v", help="Show every hop of each step, and every finding.")]
InsecureRegistry = Annotated[
    list[str] | None,
    typer.Option("--insecure-registry", help="Add to insecure-registries in daemon.json; repeatable."),
]
NoProxy = Annotated[
    str | None,
    typer.Option(
        "--no-proxy", metavar="HOST,HOST", help="Hosts to reach without the proxy. [default: those of the daemon]"
    ),
]
NoRestart = Annotated[bool, typer.Option("--no-restart", help="Leave the restart to later.")]
Root = Annotated[str, typer.Option("--root", help="Change files below DIR instead of /.", metavar="DIR")]
Rootless = Annotated[bool, typer.Option("--rootless", help="The daemon of this user (systemctl --user).")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a restart that stops containers.")]
