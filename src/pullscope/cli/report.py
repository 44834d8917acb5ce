"""`pullscope report`: a recording or a flow file told again; while it grows is `follow`."""

from __future__ import annotations

import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pullscope.cli.exits import Complaint, reader_may_leave, say, speaking, unknown
from pullscope.cli.options import Color, EveryHop
from pullscope.cli.source import choose, few_collections, keep_input, name_of, put, read_trace
from pullscope.oci.plain import plain
from pullscope.oci.verdicts import ExitCode
from pullscope.render.formats import FORMS
from pullscope.render.layout import WIDTH, screen_width, wants_color

if TYPE_CHECKING:
    from pullscope.trace.findings.finding import Finding
    from pullscope.trace.model import Pull


class FailOn(StrEnum):
    """The least severity at which a finding fails the command."""

    ERROR = "error"
    WARNING = "warning"


@speaking
def report(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-",
            help="A recording (.jsonl), a flow file (.mitm), a log or a client's error message; - for stdin.",
        ),
    ],
    form: Annotated[
        str,
        typer.Option("--format", "-f", metavar="FORM", help=f"{', '.join(FORMS)}.", autocompletion=lambda: list(FORMS)),
    ] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    summary: Annotated[
        bool, typer.Option("--summary", help="Counts by outcome, image, client and finding (--format summary).")
    ] = False,
    hosts: Annotated[bool, typer.Option("--hosts", help="The hosts and ports of all pulls (--format hosts).")] = False,
    pull: Annotated[int | None, typer.Option("--pull", metavar="N", min=1, help="Only this pull.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only pulls that are not complete.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Follow the file as it grows, until Ctrl-C.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write to FILE, which must not exist.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the FILE of --out.")] = False,
    open_it: Annotated[bool, typer.Option("--open", help="Write the HTML report and open it in a browser.")] = False,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(
            "--fail-on",
            help="End with exit code 3 if an operation failed or was cut off, or a finding is at least this severe.",
        ),
    ] = None,
    verbose: EveryHop = False,
    color: Color = None,
) -> None:
    """Show the pulls in a recording.

    pullscope report pull.jsonl
    pullscope report --json flows.mitm | jq '.pulls[].outcome'
    pullscope report --fail-on warning pull.jsonl
    pullscope report --format html -o report.html --open flows.mitm
    pullscope report --summary pull.jsonl
    mitmdump -w - ... | pullscope report -
    """
    from pullscope.render.formats import Told

    wanted = _wanted(form, {"json": as_json, "summary": summary, "hosts": hosts, "html": open_it})
    if open_it and out is None:
        out = Path(tempfile.mkdtemp(prefix="pullscope-")) / "report.html"
    if wanted == "html" and out is None and sys.stdout.isatty():
        raise Complaint("an HTML report goes to a file: add -o report.html.", ExitCode.USAGE)
    if follow:
        if wanted != "text" or out is not None or pull is not None or failed or fail_on is not None:
            raise Complaint("--follow shows pulls as they happen and works with text on stdout only.", ExitCode.USAGE)
        from pullscope.cli.follow import follow as follow_file

        follow_file(file, color=wants_color(color), verbose=verbose)
        return
    keep_input(file, out)
    trace, problem = read_trace(file)
    pulls = choose(trace, pull, failed=failed)
    found = [] if pull is not None else trace.findings
    chosen = FORMS[wanted]
    if chosen.timed and not all(one.timed for one in pulls):
        raise Complaint(
            f"{name_of(file)} does not say how long things took, and {wanted} shows only that; --format html shows the rest."
        )
    whole = pull is None  # a single pull comes without what belongs to none
    told = Told(
        source=name_of(file),
        pulls=pulls,
        unattributed=trace.unattributed if whole else (),
        refusals=trace.refusals if whole else (),
        findings=found,
        color=wants_color(color) if out is None else bool(color),
        verbose=verbose,
        width=screen_width() if out is None else WIDTH,
    )
    with few_collections():
        text = chosen.write(told)
    with reader_may_leave():
        put(text, out, force=force)
    if wanted == "html" and out is not None:
        _show(out, open_it=open_it)
    if problem:
        say(f"note: {problem}")
    if not pulls and wanted == "text":
        others = ", ".join(sorted({plain(hop.host) for hop in trace.unattributed})[:5])
        rest = f"; what was asked of {others} belongs to none (--json has it)." if others else "."
        say(
            f"note: every pull in {name_of(file)} is complete."
            if trace.pulls
            else f"note: no pull in {name_of(file)}{rest}"
        )
    if fail_on is not None and _reaches(fail_on, pulls, found):
        raise typer.Exit(ExitCode.PROBLEMS)


def _wanted(form: str, flags: dict[str, bool]) -> str:
    """The form chosen by `--format` or by a flag of its own."""
    if form not in FORMS:
        raise unknown("format", form, FORMS)
    asked = {name for name, given in flags.items() if given} | ({form} - {"text"})
    if len(asked) > 1:
        raise Complaint(f"a report has one format, not {' and '.join(sorted(asked))}.", ExitCode.USAGE)
    return asked.pop() if asked else "text"


def _show(report_file: Path, *, open_it: bool) -> None:
    """Print where the report is, and open it if `--open` was given."""
    say(f"wrote {report_file}")
    if open_it:
        import webbrowser

        if not webbrowser.open(report_file.resolve().as_uri()):
            say("note: no browser could be started here; open the file in one.")


def _reaches(limit: FailOn, pulls: list[Pull], found: list[Finding]) -> bool:
    """Whether an operation failed or was cut off, or a finding is at least this severe."""
    from pullscope.trace.unseen_hosts import went_wrong

    enough = ("error",) if limit is FailOn.ERROR else ("error", "warning")
    severities = [finding.severity for finding in (*found, *(finding for one in pulls for finding in one.findings))]
    return any(map(went_wrong, pulls)) or any(severity in enough for severity in severities)
