"""What a report tells (`Told`), and its forms, one table: what each is, what reads it, and the function of `Told` that writes it.

A form is known by its row and by nothing else: `report --format`, its help, and the table of docs/exports.md are made from
here. What writes it is imported when it is asked for, so that the table costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Self

from pullscope.render.layout import WIDTH

if TYPE_CHECKING:
    from pullscope.trace.findings.finding import Finding
    from pullscope.trace.model import Hop, Pull
    from pullscope.trace.refusals import Refusal
    from pullscope.trace.trace import Trace


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """The pulls that were chosen, the rest; and, for the forms that people read in a terminal, how they are to look."""

    source: str
    pulls: Sequence[Pull]
    unattributed: Sequence[Hop] = ()
    refusals: Sequence[Refusal] = ()
    findings: Sequence[Finding] = ()
    """Those of no single pull."""
    color: bool = False
    verbose: bool = False
    width: int = WIDTH

    @classmethod
    def of(cls, trace: Trace, source: str) -> Self:
        """All of a trace."""
        return cls(
            source=source,
            pulls=trace.pulls,
            unattributed=trace.unattributed,
            refusals=trace.refusals,
            findings=trace.findings,
        )


@dataclass(frozen=True, slots=True)
class Form:
    """One form."""

    what: str
    """What it is, in Markdown."""
    reader: str
    """What reads it."""
    by: str
    """The function of `Told` that writes it: its module below `render`, and its name. It returns text, or what JSON can hold."""
    _: KW_ONLY
    indent: int | None = 1
    """Of JSON; None is one line."""
    timed: bool = False
    """Whether it only shows times, which some sources do not tell."""

    def write(self, told: Told) -> str:
        module, _, name = self.by.partition(":")
        written = getattr(import_module(f"pullscope.render.{module}"), name)(told)
        if isinstance(written, str):
            return written
        return json.dumps(written, indent=self.indent, separators=None if self.indent else (",", ":")) + "\n"


FORMS: Mapping[str, Form] = {
    "text": Form("the story, one line per step; pipe it into `less`", "a terminal", "report:report_text"),
    "hosts": Form(
        "the hosts of all operations and their ports", "a firewall's administrator", "across_operations:hosts"
    ),
    "summary": Form("counts by outcome, image, client and finding", "a terminal", "across_operations:summary"),
    "json": Form("the report of [report-format.md](report-format.md)", "jq, scripts", "report:report_json", indent=2),
    "jsonl": Form("the same, one line per pull", "DuckDB, jq", "report:report_jsonl"),
    "html": Form("one HTML file; it makes no network requests", "any browser", "html.page:page"),
    "md": Form("summary, findings, steps folded away", "an issue or a pull request", "exports.markdown:markdown"),
    "mermaid": Form(
        "sequence diagrams in Markdown, split below 5,000 characters", "GitHub, GitLab", "exports.markdown:mermaid"
    ),
    "junit": Form(
        "JUnit XML: an operation is a test, its errors are its failure",
        "Jenkins, GitLab, Azure Pipelines",
        "exports.ci:junit",
    ),
    "sarif": Form("SARIF 2.1.0: a finding is a result, its code the rule", "GitHub code scanning", "exports.ci:sarif"),
    "github": Form(
        "a workflow command for each finding, which GitHub shows as an annotation",
        "the log of a GitHub Actions step",
        "exports.ci:github",
    ),
    "har": Form(
        "HAR 1.2, with the sizes of streamed bodies",
        "the network panel of a browser's developer tools",
        "exports.har:har",
    ),
    "perfetto": Form(
        "Chrome trace events", "ui.perfetto.dev, chrome://tracing", "exports.perfetto:perfetto", indent=None, timed=True
    ),
    "otlp": Form(
        "OTLP/JSON lines: one trace per pull, one span per step and hop",
        "an OpenTelemetry collector, Jaeger",
        "exports.otlp:otlp_lines",
        timed=True,
    ),
    "curl": Form("a shell script that asks the same again and checks every digest", "sh", "exports.curl:curl_script"),
}


def report(trace: Trace, form: str, source: str = "live") -> str:
    """All of a trace in that form."""
    return FORMS[form].write(Told.of(trace, source))
