"""Mermaid sequence diagrams as fenced blocks of Markdown, for a pull request, an issue or a page.

GitLab draws no diagram of more than 5,000 characters, so a long pull is several diagrams. Every name and message is made of
plain characters and entity codes: nothing from the wire is Mermaid's grammar.
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.render.exports.escaping import markdown_code, mermaid_text
from pullscope.render.formats import Told
from pullscope.render.names import client_line, numbered, reference_line
from pullscope.render.sequence import answered, asked, pieces
from pullscope.render.wording import title
from pullscope.trace.hosts import Roles, tally
from pullscope.trace.model import Hop, Kind, Pull, Step

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
            lines = list(_step(step, hops, names))
        if text != head and len(text) + sum(map(len, lines)) > MOST:
            yield text
            text = head
        for line in lines:
            if text != head and len(text) + len(line) > MOST:
                yield text
                text = head
            text += line
    yield text


def _step(step: Step, hops: list[Hop], names: dict[str, str]) -> Iterator[str]:
    # A step that waits for a token has a later number than the token's.
    name = f"{step.n} {title(step)}" if hops[-1] is step.last else f"{title(step)}, first try"
    yield f"    Note over c: {mermaid_text(name)}\n"
    for hop in hops:
        yield f"    c->>{names[hop.host]}: {mermaid_text(asked(hop), 60)}\n"
        arrow = "--x" if hop.failed is not None else "-->>"
        yield f"    {names[hop.host]}{arrow}c: {mermaid_text(answered(hop), 60)}\n"
