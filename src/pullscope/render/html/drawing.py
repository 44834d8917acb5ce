"""Inline SVG of a pull's time: a bar for each step with its hops, a lane for each connection, an axis.

Positions are percentages, so that a picture is as wide as its place. Nothing here is styled: classes are, by the page, for
its policy allows no style attribute. What is written into a picture is escaped by `filled`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle

from markupsafe import Markup, escape

from pullscope.oci.amounts import count, duration, size
from pullscope.render.plain import plain
from pullscope.trace.hosts import Roles
from pullscope.trace.model import Hop, Outcome, Pull, Step

HEIGHT, BAR = 18, 12
LEAST = 0.35
"""Per cent of the width that even the shortest bar has: what took no time was there nevertheless."""

_RECT = '<rect class="{}" x="{:.2f}%" y="{}" width="{:.2f}%" height="{}"/>'


def filled(form: str, *values: object, **named: object) -> Markup:
    """A piece of a picture of our own, in which all that is no number or a piece itself is escaped.

    `Markup.format` does the same, at ten times the cost.
    """
    safe = [value if type(value) in _SAFE else escape(value) for value in values]
    safe_named = {name: value if type(value) in _SAFE else escape(value) for name, value in named.items()}
    return Markup(form.format(*safe, **safe_named))  # noqa: S704 - as said


def joined(pieces: Iterable[Markup]) -> Markup:
    """Pieces one after the other."""
    return Markup("".join(pieces))  # noqa: S704 - each is one


_SAFE = frozenset({int, float, Markup})


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """From a time to a per cent of the width."""

    start: float
    seconds: float
    timed: bool = True
    """Whether these are times, and not only an order."""

    @classmethod
    def of(cls, pull: Pull) -> Scale:
        hops = pull.hops
        start = min((hop.request.time for hop in hops), default=pull.started)
        end = max((hop.ended or hop.request.time for hop in hops), default=start)
        return cls(start=start, seconds=max(end - start, 0.001), timed=pull.timed)

    def at(self, time: float) -> float:
        return min(100.0, max(0.0, (time - self.start) / self.seconds * 100))


@dataclass(frozen=True, kw_only=True, slots=True)
class Lane:
    """One connection of the client: whom it spoke to, and when."""

    name: str
    hosts: str
    picture: Markup


def step_bar(step: Step, scale: Scale, roles: Roles) -> Markup:
    """The hops of a step in one row: waiting light, bytes on their way dark."""
    start, end = scale.at(step.started), scale.at(step.ended or scale.start + scale.seconds)
    track = filled('<line class="track" x1="{:.2f}%" x2="{:.2f}%" y1="9" y2="9"/>', start, end)
    body = track + joined(_hop(hop, scale, roles, 3) for hop in step.hops)
    return _svg(joined((_ticks(scale, HEIGHT), body)), HEIGHT, f"{count(len(step.hops), 'exchange')} in time")


def axis(scale: Scale) -> Markup:
    """The times along the top."""
    texts = joined(
        filled(
            '<text x="{:.2f}%" y="12" class="{}">{}</text>',
            scale.at(scale.start + at),
            "last" if scale.at(scale.start + at) > 92 else "tick",
            words,
        )
        for at, words in _in_one_unit(_steps_of_time(scale))
    )
    return filled('<svg class="axis" aria-hidden="true" height="16" width="100%">{}</svg>', texts)


def connections(pull: Pull, roles: Roles) -> list[Lane]:
    """A lane for each connection, in the order in which they were first used."""
    scale = Scale.of(pull)
    by_number: dict[int | None, list[Hop]] = {}
    for hop in sorted(pull.hops, key=lambda one: one.request.time):
        by_number.setdefault(hop.request.connection, []).append(hop)
    return [_lane(number, hops, scale, roles) for number, hops in by_number.items()]


def _lane(number: int | None, hops: list[Hop], scale: Scale, roles: Roles) -> Lane:
    rows = rows_of(hops)
    height = max(len(rows) * (BAR + 3) + 5, HEIGHT)
    bars = joined(_hop(hop, scale, roles, 3 + row * (BAR + 3)) for row, lane in enumerate(rows) for hop in lane)
    hosts = ", ".join(dict.fromkeys(plain(hop.host, 60) for hop in hops))
    versions = "/".join(dict.fromkeys(plain(hop.request.http_version, 12) for hop in hops))
    return Lane(
        name=f"connection {number}" if number is not None else "not known which",
        hosts=f"{hosts} · {versions} · {count(len(hops), 'request')}",
        picture=_svg(joined((_ticks(scale, height), bars)), height, f"{count(len(hops), 'request')} in time"),
    )


def rows_of(hops: Iterable[Hop]) -> list[list[Hop]]:
    """Hops in as few rows as it takes for none to overlap: HTTP/2 has several at a time on one connection."""
    rows: list[list[Hop]] = []
    for hop in sorted(hops, key=lambda one: one.request.time):
        row = next((row for row in rows if (row[-1].ended or row[-1].request.time) <= hop.request.time), None)
        if row is None:
            rows.append([hop])
        else:
            row.append(hop)
    return rows


def _hop(hop: Hop, scale: Scale, roles: Roles, top: int) -> Markup:
    role = roles.of_hop(hop)
    start = scale.at(hop.request.time)
    end = scale.at(hop.ended if hop.ended is not None else scale.start + scale.seconds)
    first = min(max(scale.at(hop.response.time) if hop.response else end, start), end)
    wait, receive = max(first - start, LEAST), max(end - first, LEAST if hop.response else 0)
    start = min(start, 100 - wait - receive)
    parts = filled(_RECT, f"wait {role}", start, top, wait, BAR)
    if hop.uploaded is not None and hop.uploaded.bytes:
        sent = min(max(scale.at(hop.uploaded.time) - start, LEAST), wait)
        parts += filled(_RECT, f"send {role}", start, top, sent, BAR)
    if receive:
        parts += filled(_RECT, f"receive {role}", start + wait, top, receive, BAR)
    if hop.failed is not None or (hop.step.outcome is Outcome.FAILED and (hop.status or 0) >= 400):
        parts += filled(
            '<rect class="broken" x="{:.2f}%" y="{}" width="3" height="{}"/>',
            max(start + wait + receive - 0.3, 0),
            top - 2,
            BAR + 4,
        )
    title = f"{plain(hop.request.method, 8)} {plain(hop.host, 60)}: {hop.status or 'no response'}"
    title += f", waited {duration(hop.first_byte_seconds) or '?'}, {size(hop.bytes)} in {duration(hop.seconds) or '?'}"
    return filled("<g><title>{}</title>{}</g>", title, parts)


@lru_cache(maxsize=64)
def _ticks(scale: Scale, height: int) -> Markup:
    return joined(
        filled('<line class="tick" x1="{0:.2f}%" x2="{0:.2f}%" y1="0" y2="{1}"/>', scale.at(scale.start + at), height)
        for at in _steps_of_time(scale)
    )


def _steps_of_time(scale: Scale) -> list[float]:
    """Three to six round numbers of seconds within the time; none where it is not known."""
    if not scale.timed:
        return []
    step = 1e-4
    for factor in cycle((2, 2.5, 2)):
        if scale.seconds / step <= 5:
            break
        step *= factor
    return [number * step for number in range(int(scale.seconds / step) + 1)]


def _in_one_unit(times: list[float]) -> list[tuple[float, str]]:
    """Each with its words, in the unit that the last one needs."""
    most = max(times, default=0.0)
    factor, unit = (1000.0, "ms") if most < 1 else (1.0, "s") if most < 300 else (1 / 60, "min")
    return [(at, f"{at * factor:g} {unit}") for at in (round(at, 6) for at in times)]


def _svg(body: Markup, height: int, name: str) -> Markup:
    return filled('<svg class="time" role="img" aria-label="{}" width="100%" height="{}">{}</svg>', name, height, body)
