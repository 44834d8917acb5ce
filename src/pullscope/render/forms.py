"""The forms of a report, one table: name to a function of what is told. Text and JSON are `report`'s."""

from __future__ import annotations

import json
from collections.abc import Callable

from pullscope.render.exports.curl import curl_script
from pullscope.render.exports.har import har
from pullscope.render.exports.markdown import markdown
from pullscope.render.exports.mermaid import mermaid
from pullscope.render.exports.otlp import otlp_lines
from pullscope.render.exports.perfetto import perfetto
from pullscope.render.report import SCHEMA_VERSION, pull_json
from pullscope.render.told import Told


def jsonl(told: Told) -> str:
    """A line a pull, each as in the JSON report: many recordings together are one table."""
    head = {"schema_version": SCHEMA_VERSION, "source": told.source}
    return "".join(json.dumps({**head, **pull_json(pull)}, separators=(",", ":")) + "\n" for pull in told.pulls)


def html(told: Told) -> str:
    """The report to look at."""
    from pullscope.render.html.page import page

    return page(
        told.pulls,
        unattributed=told.unattributed,
        refusals=told.refusals,
        findings=told.findings,
        source=told.source,
    )


FORMS: dict[str, Callable[[Told], str]] = {
    "jsonl": jsonl,
    "html": html,
    "md": markdown,
    "mermaid": lambda told: mermaid(told.pulls),
    "har": lambda told: json.dumps(har(told.pulls), indent=1) + "\n",
    "perfetto": lambda told: json.dumps(perfetto(told.pulls), separators=(",", ":")) + "\n",
    "otlp": lambda told: otlp_lines(told.pulls),
    "curl": lambda told: curl_script(told.pulls),
}
