"""`pullscope report`: a recording or a flow file told again, whole or while it grows."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from pullscope.cli.exits import Complaint, say, speaking
from pullscope.cli.output import reader_may_leave, wants_color
from pullscope.cli.source import (
    Untold,
    begin_of,
    choose,
    is_flow_file,
    is_recording,
    keep_input,
    name_of,
    open_source,
    put,
    read_trace,
)
from pullscope.oci.verdicts import ExitCode

if TYPE_CHECKING:
    from pullscope.trace.events import Event
    from pullscope.trace.findings.finding import Finding
    from pullscope.trace.model import Change, Pull
    from pullscope.trace.trace import Trace

POLL = 0.25
"""Seconds between looks at a file that grows."""


class Form(StrEnum):
    """The forms of a report."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    HTML = "html"
    MD = "md"
    MERMAID = "mermaid"
    HAR = "har"
    PERFETTO = "perfetto"
    OTLP = "otlp"
    CURL = "curl"


class FailOn(StrEnum):
    """From which severity on a finding is a failure of the command."""

    ERROR = "error"
    WARNING = "warning"


@speaking
def report(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="A recording (.jsonl), a flow file (.mitm) or a log; - for stdin.")
    ],
    form: Annotated[Form, typer.Option("--format", "-f", help="What to print.")] = Form.TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    pull: Annotated[int | None, typer.Option("--pull", metavar="N", min=1, help="Only this pull.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only pulls that are not complete.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as the file grows, until Ctrl-C.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write to FILE, if there is none yet.")
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
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every hop of each step, and every finding.")
    ] = False,
    color: Annotated[
        bool | None, typer.Option("--color/--no-color", help="Colour or none; by itself: on a terminal.")
    ] = None,
) -> None:
    """Show the pulls in a recording.

    \b
    pullscope report pull.jsonl
    pullscope report --json flows.mitm | jq '.pulls[].outcome'
    pullscope report --fail-on warning pull.jsonl
    pullscope report --format html -o report.html --open flows.mitm
    mitmdump -w - ... | pullscope report -
    """
    from pullscope.render.report import report_json, report_lines

    wanted = Form.JSON if as_json else Form.HTML if open_it and form is Form.TEXT else form
    if open_it and wanted is not Form.HTML:
        raise Complaint("--open goes with --format html.", ExitCode.USAGE)
    if open_it and out is None:
        out = Path(tempfile.mkdtemp(prefix="pullscope-")) / "report.html"
    if wanted is Form.HTML and out is None and sys.stdout.isatty():
        raise Complaint("an HTML report goes to a file: add -o report.html.", ExitCode.USAGE)
    if follow:
        if wanted is not Form.TEXT or out is not None or pull is not None or failed or fail_on is not None:
            raise Complaint("--follow tells pulls as they come: it goes with text on stdout only.", ExitCode.USAGE)
        _follow(file, color=wants_color(color), verbose=verbose)
        return
    keep_input(file, out)
    trace, problem = read_trace(file)
    pulls = choose(trace, pull, failed=failed)
    found = [] if pull is not None else trace.findings
    if wanted is Form.JSON:
        import json

        refusals = [] if pull is not None else trace.refusals
        told = report_json(pulls, trace.unattributed, source=name_of(file), refusals=refusals, findings=found)
        text = json.dumps(told, indent=2) + "\n"
    elif wanted is not Form.TEXT:
        text = _exported(wanted, name_of(file), trace, pulls, whole=pull is None)
    else:
        use_color = wants_color(color) if out is None else bool(color)
        text = "".join(f"{line}\n" for line in report_lines(pulls, findings=found, color=use_color, verbose=verbose))
    with reader_may_leave():
        put(text, out, force=force)
    if wanted is Form.HTML and out is not None:
        _show(out, open_it=open_it)
    if problem:
        say(f"note: {problem}")
    if not pulls and wanted is Form.TEXT:
        say(f"note: no pull in {name_of(file)}" + (" is like that." if trace.pulls else "."))
    if fail_on is not None and _reaches(fail_on, pulls, found):
        raise typer.Exit(ExitCode.PROBLEMS)


def _exported(form: Form, source: str, trace: Trace, pulls: list[Pull], *, whole: bool) -> str:
    """One of the forms for other tools; a single pull comes without what belongs to no pull."""
    from pullscope.render.forms import FORMS
    from pullscope.render.told import Told

    if form in (Form.PERFETTO, Form.OTLP) and not all(pull.timed for pull in pulls):
        raise Complaint(
            f"{source} does not say how long things took, and {form} is nothing but that; --format html tells the rest."
        )
    rest = (trace.unattributed, trace.refusals, trace.findings) if whole else ((), (), ())
    return FORMS[form](Told(source=source, pulls=pulls, unattributed=rest[0], refusals=rest[1], findings=rest[2]))


def _show(report_file: Path, *, open_it: bool) -> None:
    """Say where the report is, and open it if that was asked for."""
    say(f"wrote {report_file}")
    if open_it:
        import webbrowser

        if not webbrowser.open(report_file.resolve().as_uri()):
            say("note: no browser could be started here; open the file in one.")


def _reaches(limit: FailOn, pulls: list[Pull], found: list[Finding]) -> bool:
    """Whether an operation failed or was cut off, or a finding is at least this severe."""
    enough = ("error",) if limit is FailOn.ERROR else ("error", "warning")
    severities = [finding.severity for finding in (*found, *(finding for one in pulls for finding in one.findings))]
    return any(one.outcome != "complete" for one in pulls) or any(severity in enough for severity in severities)


def _follow(file: str, *, color: bool, verbose: bool) -> None:
    """Tell a recording as it grows; Ctrl-C ends it and closes what is open."""
    from pullscope.render.lines import Story
    from pullscope.trace.trace import Trace

    def write(line: str) -> None:
        print(line, flush=True)

    untold = Untold(lambda sentence: say(f"note: {sentence}"))
    trace, story = Trace(keep=500, on_error=untold.add), Story(write, color=color, verbose=verbose)

    def show(changes: Sequence[Change]) -> None:
        for change in changes:
            try:
                story.show([change])
            except OSError:
                raise  # nobody reads any more
            except Exception as error:
                untold.add(error)

    with open_source(file) as source:
        is_flows = is_flow_file(begin_of(source))
        if not is_flows and begin_of(source) and not is_recording(begin_of(source)):
            raise Complaint(
                f"{name_of(file)} is no recording and no flow file, and --follow reads only those.", ExitCode.USAGE
            )
        grown = _flows(file, source, untold.add) if is_flows else _lines(file, source)
        late = 10.0 if is_flows else 1.0  # a flow is written when it is completed, so silence says less
        latest, read_at = 0.0, time.monotonic()
        try:
            for events in grown:
                for event in events:
                    show(trace.feed(event))
                    latest, read_at = max(latest, event.time), time.monotonic()
                if not events:
                    # Time passes for the recording as it does for us, also when it was made long ago.
                    show(trace.tick(latest + time.monotonic() - read_at - late))
                    time.sleep(POLL)
        except KeyboardInterrupt:
            pass  # how following is meant to end
    show(trace.finish())


def _lines(file: str, source: BinaryIO) -> Iterator[list[Event]]:
    """The events of a growing recording, as they come; an empty list when there is nothing new."""
    from pullscope.trace.recording import NotARecordingError, Reader

    lines, half = Reader(name_of(file)), b""
    while True:
        line = source.readline()
        if file == "-" and not line:
            return
        if not line.endswith(b"\n"):
            half += line
            yield []
            continue
        try:
            event = lines.line(half + line)
        except NotARecordingError as error:
            raise Complaint(str(error)) from None
        half = b""
        if event is not None:
            yield [event]


def _flows(file: str, source: BinaryIO, on_error: Callable[[Exception], None]) -> Iterator[list[Event]]:
    """The events of a growing flow file."""
    from pullscope.mitm.flow_tail import HELD_BACK, FlowTail

    tail, seen = FlowTail(source, on_error), time.monotonic()
    while True:
        try:
            events = tail.more(quiet=time.monotonic() - seen > HELD_BACK)
        except ValueError as error:
            raise Complaint(f"{name_of(file)} cannot be followed any further: {error}.") from None
        if events:
            seen = time.monotonic()
        yield events
