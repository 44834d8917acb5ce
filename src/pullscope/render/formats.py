"""The forms of a report, one table: what each is, what reads it, and the function of `Told` that writes it.

A form is known by its row and by nothing else: `report --format`, its help, and the table of docs/exports.md are made from
here. Each function imports what it needs when it is asked, so that the table costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pullscope.render.report_input import Told


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """One form."""

    what: str
    """What it is, in Markdown."""
    reader: str
    """What reads it."""
    write: Callable[[Told], str]
    timed: bool = False
    """Whether it is nothing but times, which some sources do not say."""


def _text(told: Told) -> str:
    from pullscope.render.report import report_lines

    lines = report_lines(told.pulls, findings=told.findings, color=told.color, verbose=told.verbose, width=told.width)
    return "".join(f"{line}\n" for line in lines)


def _hosts(told: Told) -> str:
    from pullscope.render.across_operations import hosts

    return hosts(told)


def _summary(told: Told) -> str:
    from pullscope.render.across_operations import summary

    return summary(told)


def _json(told: Told) -> str:
    from pullscope.render.report import report_json

    document = report_json(
        told.pulls, told.unattributed, source=told.source, refusals=told.refusals, findings=told.findings
    )
    return json.dumps(document, indent=2) + "\n"


def _jsonl(told: Told) -> str:
    from pullscope.render.report import SCHEMA_VERSION, pull_json

    head = {"schema_version": SCHEMA_VERSION, "source": told.source}
    return "".join(json.dumps({**head, **pull_json(pull)}, separators=(",", ":")) + "\n" for pull in told.pulls)


def _html(told: Told) -> str:
    from pullscope.render.html.page import page

    return page(
        told.pulls,
        unattributed=told.unattributed,
        refusals=told.refusals,
        findings=told.findings,
        source=told.source,
    )


def _markdown(told: Told) -> str:
    from pullscope.render.exports.markdown import markdown

    return markdown(told)


def _mermaid(told: Told) -> str:
    from pullscope.render.exports.mermaid import mermaid

    return mermaid(told.pulls)


def _har(told: Told) -> str:
    from pullscope.render.exports.har import har

    return json.dumps(har(told.pulls), indent=1) + "\n"


def _perfetto(told: Told) -> str:
    from pullscope.render.exports.perfetto import perfetto

    return json.dumps(perfetto(told.pulls), separators=(",", ":")) + "\n"


def _otlp(told: Told) -> str:
    from pullscope.render.exports.otlp import otlp_lines

    return otlp_lines(told.pulls)


def _junit(told: Told) -> str:
    from pullscope.render.exports.junit import junit

    return junit(told)


def _sarif(told: Told) -> str:
    from pullscope.render.exports.sarif import sarif

    return json.dumps(sarif(told), indent=1) + "\n"


def _github(told: Told) -> str:
    from pullscope.render.exports.github import github

    return github(told)


def _curl(told: Told) -> str:
    from pullscope.render.exports.curl import curl_script

    return curl_script(told.pulls)


FORMS: Mapping[str, Form] = {
    "text": Form(what="the story, one line per step; pipe it into `less`", reader="a terminal", write=_text),
    "hosts": Form(
        what="the hosts of all operations and their ports", reader="a firewall's administrator", write=_hosts
    ),
    "summary": Form(what="counts by outcome, image, client and finding", reader="a terminal", write=_summary),
    "json": Form(what="the report of [report-format.md](report-format.md)", reader="jq, scripts", write=_json),
    "jsonl": Form(what="the same, one line per pull", reader="DuckDB, jq", write=_jsonl),
    "html": Form(what="one HTML file; it makes no network requests", reader="any browser", write=_html),
    "md": Form(what="summary, findings, steps folded away", reader="an issue or a pull request", write=_markdown),
    "mermaid": Form(
        what="sequence diagrams in Markdown, split below 5,000 characters", reader="GitHub, GitLab", write=_mermaid
    ),
    "junit": Form(
        what="JUnit XML: an operation is a test, its errors are its failure",
        reader="Jenkins, GitLab, Azure Pipelines",
        write=_junit,
    ),
    "sarif": Form(
        what="SARIF 2.1.0: a finding is a result, its code the rule", reader="GitHub code scanning", write=_sarif
    ),
    "github": Form(
        what="a workflow command for each finding, which GitHub shows as an annotation",
        reader="the log of a GitHub Actions step",
        write=_github,
    ),
    "har": Form(
        what="HAR 1.2, with the sizes of streamed bodies",
        reader="the network panel of a browser's developer tools",
        write=_har,
    ),
    "perfetto": Form(
        what="Chrome trace events", reader="ui.perfetto.dev, chrome://tracing", write=_perfetto, timed=True
    ),
    "otlp": Form(
        what="OTLP/JSON lines: one trace per pull, one span per step and hop",
        reader="an OpenTelemetry collector, Jaeger",
        write=_otlp,
        timed=True,
    ),
    "curl": Form(what="a shell script that asks the same again and checks every digest", reader="sh", write=_curl),
}
