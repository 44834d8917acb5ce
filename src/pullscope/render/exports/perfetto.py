"""Chrome trace events (Trace Event Format), for ui.perfetto.dev and chrome://tracing.

A process is a pull. Its first threads hold the steps with their hops inside, the later ones the connections. Complete
events ("X") on one thread must nest or be apart, so what overlaps is put into lanes, a thread each; times are whole
microseconds from the first pull on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from pullscope.oci.plain import plain
from pullscope.render.exports.escaping import inert_url
from pullscope.render.formats import Told
from pullscope.render.hop_words import hop_note
from pullscope.render.names import client_line, in_words
from pullscope.render.wording import title, what
from pullscope.trace.hosts import Roles
from pullscope.trace.model import Hop, Pull, Step


def lanes(spans: Iterable[tuple[int, int, T]]) -> list[list[tuple[int, int, T]]]:
    """`(start, end, what)` in lanes, the first free one each."""
    rows: list[list[tuple[int, int, T]]] = []
    for span in sorted(spans, key=lambda one: one[:2]):
        row = next((row for row in rows if row[-1][1] <= span[0]), None)
        if row is None:
            rows.append([span])
        else:
            row.append(span)
    return rows


Event = dict[str, Any]
T = TypeVar("T")

CONNECTIONS = 100
"""Threads from this number on are connections."""


def perfetto(told: Told) -> dict[str, Any]:
    """The trace file as plain values."""
    zero = min((hop.request.time for pull in told.pulls for hop in pull.hops), default=0.0)
    events = [event for pull in told.pulls for event in _pull(pull, zero)]
    return {"traceEvents": events, "displayTimeUnit": "ms", "otherData": {"began": zero, "made by": "pullscope"}}


def _pull(pull: Pull, zero: float) -> Iterator[Event]:
    roles = Roles(pull.hops)
    name = f"{in_words(pull)} ({client_line(pull)}): {pull.outcome}"
    yield _named("process_name", pull.id, 0, name)
    spans = [_span(step.hops, zero, step) for step in pull.steps]
    for number, lane in enumerate(lanes(spans), start=1):
        yield _named("thread_name", pull.id, number, f"steps {number}")
        for start, end, step in lane:
            yield _complete(pull.id, number, f"{step.n} {title(step)}", "step", start, end, _about_step(step, pull))
            # Hops of one step follow each other; where they do not, only the first of those that overlap can be drawn.
            inner = lanes(_span([hop], zero, hop) for hop in step.hops)
            for hop_start, hop_end, hop in inner[0]:
                yield from _hop(hop, pull, roles, number, hop_start, hop_end)
    connections: dict[int, list[Hop]] = {}
    for hop in pull.hops:
        connections.setdefault(hop.request.connection or 0, []).append(hop)
    thread = CONNECTIONS
    for connection, hops in connections.items():
        for lane_of_hops in lanes(_span([hop], zero, hop) for hop in hops):
            thread += 1
            host = plain(lane_of_hops[0][2].host, 80)
            yield _named("thread_name", pull.id, thread, f"connection {connection or '?'} {host}")
            for start, end, hop in lane_of_hops:
                yield from _hop(hop, pull, roles, thread, start, end)
    for finding in pull.findings:
        at = next((step for step in pull.steps if step.n in finding.steps), None)
        yield {
            "ph": "i",
            "s": "p",
            "pid": pull.id,
            "tid": 1,
            "ts": _micro(at.ended or at.started if at else pull.last, zero),
            "name": plain(f"{finding.severity}: {finding.code}"),
            "cat": "finding",
            "args": {"message": plain(finding.message, 1000), "fix": plain(finding.fix, 1000)},
        }


def _hop(hop: Hop, pull: Pull, roles: Roles, thread: int, start: int, end: int) -> Iterator[Event]:
    role = roles.of_hop(hop)
    args: dict[str, Any] = {
        "url": inert_url(hop.request.url),
        "status": hop.status,
        "bytes": hop.bytes,
        "role": role,
        "note": hop_note(hop, pull),
    }
    name = f"{role} {hop.status or 'no response'} {plain(hop.request.method, 16)}"
    yield _complete(pull.id, thread, name, "hop", start, end, args)
    first = start + round((hop.first_byte_seconds or 0) * 1e6) if hop.response else end
    first = min(max(first, start), end)
    if first > start:
        yield _complete(pull.id, thread, "waiting", "phase", start, first, {})
    if end > first:
        yield _complete(pull.id, thread, "downloading", "phase", first, end, {})


def _about_step(step: Step, pull: Pull) -> dict[str, Any]:
    return {
        "what": what(step, pull),
        "outcome": str(step.outcome),
        "digest": plain(step.digest) if step.digest else None,
        "size": step.size,
        "verified": step.verified,
    }


def _span(hops: list[Hop], zero: float, value: T) -> tuple[int, int, T]:
    start = min(_micro(hop.request.time, zero) for hop in hops)
    end = max(_micro(hop.ended if hop.ended is not None else hop.request.time, zero) for hop in hops)
    return start, max(end, start + 1), value


def _micro(time: float, zero: float) -> int:
    return round((time - zero) * 1e6)


def _complete(pid: int, tid: int, name: str, category: str, start: int, end: int, args: dict[str, Any]) -> Event:
    return {
        "ph": "X",
        "pid": pid,
        "tid": tid,
        "ts": start,
        "dur": end - start,
        "name": name,
        "cat": category,
        "args": args,
    }


def _named(what_: str, pid: int, tid: int, name: str) -> Event:
    return {"ph": "M", "pid": pid, "tid": tid, "name": what_, "args": {"name": name}}
