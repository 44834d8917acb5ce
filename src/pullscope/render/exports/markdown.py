"""Markdown for an issue or a pull request: what happened, what is wrong, and the steps folded away.

Every wire string is a code span or has each of its punctuation marks escaped; see `escaping`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.amounts import duration, size
from pullscope.render.closing_line import verdict
from pullscope.render.exports.escaping import markdown_code, markdown_text
from pullscope.render.formats import Told
from pullscope.render.hop_words import hop_note
from pullscope.render.names import client_line, reference_line, verb
from pullscope.render.step_lines import chain_of
from pullscope.render.wording import title, what
from pullscope.trace.findings.finding import Finding
from pullscope.trace.hosts import Roles, tally
from pullscope.trace.model import Outcome, Pull, Step

MARKS = {"complete": "✅", "failed": "❌", "incomplete": "⚠️"}


def markdown(told: Told) -> str:
    """The pulls, each with its findings first and its steps last."""
    lines = [line for finding in told.findings for line in _finding(finding)]
    for pull in told.pulls:
        lines += _pull(pull)
    if not told.pulls:
        lines.append("No request to a registry in this recording.")
    return "\n".join(lines).rstrip("\n") + "\n"


def _pull(pull: Pull) -> Iterator[str]:
    yield f"### {MARKS[pull.outcome]} {verb(pull)} {markdown_code(reference_line(pull))}"
    yield ""
    yield f"**{pull.outcome}**, {markdown_text(verdict(pull))}, by {markdown_text(client_line(pull))}"
    yield ""
    for finding in pull.findings:
        yield from _finding(finding)
    yield "| host | role | requests | bytes |"
    yield "|---|---|--:|--:|"
    for host in tally(pull.hops):
        yield f"| {markdown_code(host.host)} | {'+'.join(host.roles)} | {host.requests} | {size(host.bytes)} |"
    yield ""
    yield f"<details><summary>{len(pull.steps)} steps</summary>"
    yield ""
    yield "| | step | what | answers | time |"
    yield "|--:|---|---|---|--:|"
    roles = Roles(pull.hops)
    for step in pull.steps:
        yield from _step(step, pull, roles)
    yield ""
    yield "</details>"
    yield ""


def _step(step: Step, pull: Pull, roles: Roles) -> Iterator[str]:
    failed = step.outcome is Outcome.FAILED or step.verified is False
    name = f"**{title(step)}**" if failed else title(step)
    said = markdown_text(what(step, pull))
    if failed:
        said = f"**{said}** {markdown_code(hop_note(step.last, pull) or str(step.last.status))}"
    yield f"| {step.n} | {name} | {said} | {markdown_text(chain_of(step, roles))} | {duration(step.seconds)} |"


def _finding(finding: Finding) -> Iterator[str]:
    noun = "step" if len(finding.steps) == 1 else "steps"
    steps = f" ({noun} {', '.join(map(str, finding.steps))})" if finding.steps else ""
    yield f"> **{finding.severity}** {markdown_code(finding.code)}{steps}: {markdown_text(finding.message, 2000)}"
    if finding.fix:
        yield ">"
        yield f"> **Fix:** {markdown_text(finding.fix, 2000)}"
    yield ""
