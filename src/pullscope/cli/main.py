"""The `pullscope` command: its groups and their order in the help. Every command lives in a file of its own."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pullscope import __version__
from pullscope.cli import (
    check,
    demo,
    diff,
    docker,
    doctor,
    explain,
    mirror,
    report,
    run,
    scrub,
    service,
    trace,
    unit,
    vanity,
)
from pullscope.cli.plain_words import HELP, PlainWords, run_app

PANELS = WATCH, DOCKER, TRY, NODES = "Watch", "Docker", "Try", "Nodes"


class ByPanel(PlainWords):
    """typer lists groups after commands, whichever was added first."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=self._panel)

    def _panel(self, name: str) -> int:
        return PANELS.index(getattr(self.commands[name], "rich_help_panel"))  # noqa: B009 - typer's own


app = typer.Typer(
    name="pullscope",
    cls=ByPanel,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings=HELP,
    help=(
        "Shows what a container client and a registry say to each other, and explains it.\n\n"
        "First: `pullscope demo` (no docker, no network needed), `pullscope trace` (a tracing proxy), "
        "`pullscope report FILE` (show a recording)."
    ),
    epilog="Exit codes: 0 done, 1 failed, 2 usage, 3 findings of severity error, 130 interrupted.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pullscope {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Only `--version`; the rest is in the commands."""


app.command("demo", rich_help_panel=WATCH)(demo.demo)
app.command("trace", rich_help_panel=WATCH)(trace.trace)
app.command("report", rich_help_panel=WATCH)(report.report)
app.command("explain", rich_help_panel=WATCH)(explain.explain)
app.command("scrub", rich_help_panel=WATCH)(scrub.scrub)
app.command("addon-path", rich_help_panel=WATCH)(trace.print_addon_path)
app.command("run", rich_help_panel=WATCH, context_settings=run.CONTEXT)(run.run)
app.command("env", rich_help_panel=WATCH)(run.env)
app.add_typer(vanity.app, name="vanity", rich_help_panel=TRY)
app.command("check", rich_help_panel=TRY)(check.check)
app.command("diff", rich_help_panel=TRY)(diff.diff)
app.add_typer(docker.app, name="docker", rich_help_panel=DOCKER)
app.add_typer(mirror.app, name="mirror", rich_help_panel=NODES)
app.add_typer(doctor.app, name="doctor", rich_help_panel=NODES)
app.add_typer(service.app, name="service", rich_help_panel=DOCKER)
app.command("on", epilog="sudo pullscope on --unit containerd --for 30m", rich_help_panel=NODES)(unit.on)
app.command("off", epilog="sudo pullscope off --unit containerd", rich_help_panel=NODES)(unit.off)
app.command("status", epilog="pullscope status --unit containerd", rich_help_panel=NODES)(unit.status)


def main() -> None:
    """The console script."""
    run_app(app)


if __name__ == "__main__":
    main()
