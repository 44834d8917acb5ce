"""Markdown for an issue or a pull request: what happened, what is wrong, and the steps folded away.

Every wire string is a code span or has each of its punctuation marks escaped; see `escaping`.
Sequence diagrams are fenced blocks of Mermaid. GitLab draws none of more than 5,000 characters, so a long pull is several
diagrams. Every name and message in them is made of plain characters and entity codes: nothing from the wire is Mermaid's grammar.
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.amounts import duration, size
from pullscope.render.closing_line import verdict
from pullscope.render.exports.escaping import markdown_code, markdown_text, mermaid_text
from pullscope.render.formats import Told
from pullscope.render.hop_words import hop_note
from pullscope.render.names import client_line, numbered, reference_line, verb
from pullscope.render.sequence import answered, asked, pieces
from pullscope.render.step_lines import chain_of
from pullscope.render.wording import title, what
from pullscope.trace.findings.finding import Finding
from pullscope.trace.hosts import Roles, tally
from pullscope.trace.model import Hop, Kind, Outcome, Pull, Step

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


MOST = 4_500
"""Characters of one diagram."""


def mermaid(told: Told) -> str:
    """The diagrams of the pulls, each below a line that names it."""
    parts: list[str] = []
    for pull in told.pulls:
        drawn = list(diagrams(pull))
        for number, diagram in enumerate(drawn, start=1):
            part = f", part {number} of {len(drawn)}" if len(drawn) > 1 else ""
            parts.append(
                f"{numbered(pull).capitalize()}, {markdown_code(reference_line(pull))}{part}:\n\n"
                f"```mermaid\n{diagram}```\n"
            )
    return "\n".join(parts)


def diagrams(pull: Pull, *, fold: bool = False) -> Iterator[str]:
    """One diagram, or several where one would be too long; steps are kept whole where that is possible.

    Folded, layers after the first that were fetched in the same way are a note.
    """
    roles = Roles(pull.hops)
    hosts = [host.host for host in tally(pull.hops)]
    names = {host: f"h{number}" for number, host in enumerate(hosts, start=1)}
    head = f"sequenceDiagram\n    participant c as {mermaid_text(client_line(pull))}\n"
    for host in hosts:
        role = "+".join(roles.of(host))
        head += f"    participant {names[host]} as {role}<br/>{mermaid_text(host, 60)}\n"
    text = head
    first = next((step for step in pull.steps if step.kind is Kind.LAYER), None)
    folded = [
        step
        for step in pull.steps
        if fold and first is not None and step is not first and step.kind is Kind.LAYER
        if [(hop.host, hop.status) for hop in step.hops] == [(hop.host, hop.status) for hop in first.hops]
    ]
    for step, hops in pieces(pull):
        if step in folded:
            lines = []
            if step is folded[-1]:
                lines.append(f"    Note over c: {mermaid_text(', '.join(map(title, folded)))}, in the same way\n")
        else:
            lines = list(_drawn(step, hops, names))
        if text != head and len(text) + sum(map(len, lines)) > MOST:
            yield text
            text = head
        for line in lines:
            if text != head and len(text) + len(line) > MOST:
                yield text
                text = head
            text += line
    yield text


def _drawn(step: Step, hops: list[Hop], names: dict[str, str]) -> Iterator[str]:
    # A step that waits for a token has a later number than the token's.
    name = f"{step.n} {title(step)}" if hops[-1] is step.last else f"{title(step)}, first try"
    yield f"    Note over c: {mermaid_text(name)}\n"
    for hop in hops:
        yield f"    c->>{names[hop.host]}: {mermaid_text(asked(hop), 60)}\n"
        arrow = "--x" if hop.failed is not None else "-->>"
        yield f"    {names[hop.host]}{arrow}c: {mermaid_text(answered(hop), 60)}\n"
