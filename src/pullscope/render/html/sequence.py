"""Inline SVG of who spoke to whom: the client, and every host in the order of its role, with an arrow each way a hop.

Sizes are in pixels: the picture scrolls where its place is narrower. What is written into it is escaped by `filled`.
"""

from __future__ import annotations

from markupsafe import Markup

from pullscope.render.html.drawing import filled, joined
from pullscope.render.names import client_line
from pullscope.render.plain import plain
from pullscope.render.reading_order import pieces
from pullscope.render.sequence_labels import answered, asked
from pullscope.render.wording import title
from pullscope.trace.hosts import Roles, tally
from pullscope.trace.model import Hop, Outcome, Pull, Step

MARGIN, COLUMN, ROW, TOP = 150, 260, 36, 58
MOST_HOPS = 300
"""A picture of more arrows than these is not looked at; the steps tell the rest."""


def sequence(pull: Pull, roles: Roles) -> Markup:
    """The diagram of a pull."""
    hosts = [host.host for host in tally(pull.hops)]
    places = {host: MARGIN + COLUMN * number for number, host in enumerate(hosts, start=1)}
    rows = [(step, hop) for step, hops in pieces(pull) for hop in hops][:MOST_HOPS]
    width = MARGIN + COLUMN * max(len(hosts), 1) + 110
    height = TOP + ROW * len(rows) + 14
    parts = [_life(MARGIN, "client", client_line(pull), "client", height)]
    parts += [_life(places[host], "+".join(roles.of(host)), host, roles.of(host)[0], height) for host in hosts]
    before: Step | None = None
    for number, (step, hop) in enumerate(rows):
        top = TOP + ROW * number
        if step is not before:
            parts.append(_band(step, top, width))
            before = step
        parts.append(_arrows(hop, places[hop.host], top, roles.of_hop(hop)))
    return filled(
        '<svg class="sequence" role="img" aria-label="{}" width="{w}" height="{h}" viewBox="0 0 {w} {h}">{}</svg>',
        f"Sequence of {len(rows)} exchanges between the client and {', '.join(plain(host, 60) for host in hosts)}; "
        "the waterfall lists the same.",
        joined(parts),
        w=width,
        h=height,
    )


def _life(x: int, role: str, name: str, kind: str, height: int) -> Markup:
    return filled(
        '<line class="life" x1="{x}" x2="{x}" y1="40" y2="{y}"/>'
        '<text class="who {kind}" x="{x}" y="16">{role}</text><text class="name" x="{x}" y="32">{name}</text>',
        x=x,
        y=height - 6,
        kind=kind,
        role=role,
        name=_cut(plain(name, 200), 34),
    )


def _band(step: Step, top: int, width: int) -> Markup:
    return filled(
        '<line class="band" x1="0" x2="{}" y1="{y}" y2="{y}"/><text class="of" x="8" y="{t}">{} {}</text>',
        width,
        step.n,
        title(step),
        y=top - 12,
        t=top + 4,
    )


def _arrows(hop: Hop, x: int, top: int, role: str) -> Markup:
    back = top + 15
    refused = (hop.status or 0) >= 400 and hop.step.outcome is Outcome.FAILED
    failed = " bad" if hop.failed is not None or refused else ""
    return filled(
        '<g class="{role}"><line class="ask" x1="{c}" x2="{x}" y1="{y}" y2="{y}"/><path d="M{x} {y}l-7 -3.5v7z"/>'
        '<text x="{l}" y="{t}">{asked}</text></g>'
        '<g class="{role}{failed}"><line class="answer" x1="{c}" x2="{x}" y1="{b}" y2="{b}"/>'
        '<path d="M{c} {b}l7 -3.5v7z"/><text class="end" x="{r}" y="{u}">{answer}</text></g>',
        role=role,
        failed=failed,
        c=MARGIN,
        x=x,
        y=top,
        b=back,
        l=MARGIN + 10,
        t=top - 3,
        r=x - 10,
        u=back - 3,
        asked=_cut(asked(hop), 38),
        answer=answered(hop),
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 2] + ".."
