"""The `pullscope` command: its groups and their order in the help. Every command lives in a file of its own."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

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
from pullscope.cli.output import make_streams_fit
from pullscope.oci.verdicts import ExitCode

WATCH, TRY, DOCKER, NODES = "Watch", "Try", "Docker", "Nodes"

HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


class PlainWords(TyperGroup):
    """Says what words there are, and what is wrong with one, without the words of the library that finds out."""

    def make_context(self, *given: Any, **more: Any) -> Any:
        _name_values(self)
        return super().make_context(*given, **more)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")  # typer 0.29 asks pydantic
            raise


def _name_values(command: Any) -> None:
    """Name each value in the help by what it is: typer 0.29 shows `<bool>` and `<list[str]>`, 0.25 `TEXT`."""
    context = typer.Context(command, **HELP)
    for param in (*command.params, command.get_help_option(context)):
        is_argument = param.param_type_name == "argument"
        if param.metavar is None:
            param.metavar = param.name.upper() if is_argument else _value_of(param, context)
        if is_argument:
            param.display_type_rich = _nothing  # it says the type even where there is a name
    for below in getattr(command, "commands", {}).values():
        _name_values(below)


def _value_of(option: Any, context: typer.Context) -> str:
    """What to write after an option; nothing after one that is given or not."""
    show = getattr(option, "display_type_rich", None) or option.make_metavar
    kind = str(show(ctx=context)).strip("<[]>").lower()
    if kind in ("bool", "boolean"):
        return ""
    if "|" in kind:
        return kind.replace("|", " | ")  # a line ends between two words, not in one
    if "path" in kind:
        return "PATH"
    return "N" if "range" in kind else str(option.opts[0]).rpartition("-")[2].upper()


def _nothing(ctx: Any) -> None:
    """No type beside a name."""


app = typer.Typer(
    name="pullscope",
    cls=PlainWords,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings=HELP,
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
app.add_typer(mirror.app, name="mirror", rich_help_panel=NODES)
app.add_typer(doctor.app, name="doctor", rich_help_panel=NODES)
app.add_typer(service.app, name="service", rich_help_panel=DOCKER)
app.command("on", rich_help_panel=NODES)(unit.on)
app.command("off", rich_help_panel=NODES)(unit.off)
app.command("status", rich_help_panel=NODES)(unit.status)


def main() -> None:
    """The console script."""
    make_streams_fit()
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
