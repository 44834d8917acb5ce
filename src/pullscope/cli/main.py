"""The `pullscope` command: its groups and their order in the help. Every command lives in a file of its own."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pullscope import __version__
from pullscope.cli import check, demo, diff, docker, explain, report, run, scrub, service, trace, vanity
from pullscope.cli.output import open_closed_streams
from pullscope.oci.verdicts import ExitCode

WATCH, TRY, DOCKER = "Watch", "Try", "Docker"


class PlainWords(TyperGroup):
    """Says what is wrong with a word without the name of the library that found out (typer 0.29 asks pydantic)."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


app = typer.Typer(
    name="pullscope",
    cls=PlainWords,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Shows what a container client and a registry say to each other, and says what it means.\n\n"
        "First: `pullscope demo` (no docker, no network needed), `pullscope trace` (a tracing proxy), "
        "`pullscope report FILE` (a recording told again)."
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
app.add_typer(service.app, name="service", rich_help_panel=DOCKER)


def main() -> None:
    """The console script."""
    open_closed_streams()
    try:
        app()
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        # The reader has seen enough (`| head`): rich and typer end with 1 there, without a word.
        sys.exit(_ended_before(end))


def _ended_before(end: BaseException) -> int:
    """How the command would have ended for a reader who stays: a wrong word is still one, a help text is done."""
    reason = end.__context__
    while reason is not None:
        if isinstance(code := getattr(reason, "exit_code", None), int):
            return code
        reason = reason.__context__
    return ExitCode.DONE


if __name__ == "__main__":
    main()
