"""OTLP/JSON (opentelemetry-proto, "JSON Protobuf Encoding"): a line a pull, each a TracesData.

A trace a pull, a span a step below it, a span a hop below that; findings are events of the pull's span. Identifiers are
made of what was seen, so that the same recording gives the same trace, and a second import overwrites the first.
Attributes follow the HTTP semantic conventions (1.27); those of our own begin with `pullscope.`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from pullscope import __version__
from pullscope.oci.plain import plain
from pullscope.oci.urls import split
from pullscope.render.exports.escaping import inert_url
from pullscope.render.formats import Told
from pullscope.render.hop_words import hop_note
from pullscope.render.names import client_line, reference_line
from pullscope.render.wording import title, what
from pullscope.trace.hosts import Roles, rate_limit_of
from pullscope.trace.model import Hop, Outcome, Pull, Step
from pullscope.trace.unseen_hosts import through_mirror, went_wrong

INTERNAL, CLIENT = 1, 3
ERROR = 2
"""SpanKind and StatusCode of trace.proto; an unset status is left out."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})
"""Any other is _OTHER in `http.request.method` (semantic conventions, HTTP spans)."""

Span = dict[str, Any]
Values = dict[str, str | int | float | bool | None]


def otlp_lines(told: Told) -> str:
    """A line of JSON for each pull."""
    return "".join(json.dumps(traces_data(pull), separators=(",", ":")) + "\n" for pull in told.pulls)


def traces_data(pull: Pull) -> dict[str, Any]:
    resource = {"attributes": _attributes({"service.name": "pullscope", "service.version": __version__})}
    scope = {"name": "pullscope", "version": __version__}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": list(spans(pull))}]}]}


def spans(pull: Pull) -> Iterator[Span]:
    """The pull's span, then each step's with its hops'."""
    trace = _hex(32, pull.started, pull.id, pull.reference, *pull.client_key)
    roles = Roles(pull.hops)
    root = _hex(16, trace, "pull")
    yield _pull(pull, trace, root)
    for step in pull.steps:
        mine = _hex(16, trace, "step", step.n)
        yield _step(step, pull, trace, root, mine)
        for number, hop in enumerate(step.hops):
            yield _hop(hop, pull, roles, trace, mine, _hex(16, mine, "hop", number), number)


def _pull(pull: Pull, trace: str, span: str) -> Span:
    layers, limit = pull.layers, rate_limit_of(pull)
    values: Values = {
        "pullscope.action": pull.action,
        "pullscope.reference": reference_line(pull),
        "pullscope.registry": plain(pull.registry),
        "pullscope.repository": plain(pull.repository, 400) if pull.repository else None,
        "pullscope.digest": plain(pull.digest) if pull.digest else None,
        "pullscope.platform": plain(pull.platform) if pull.platform else None,
        "pullscope.client": client_line(pull),
        "pullscope.outcome": str(pull.outcome),
        "pullscope.bytes": pull.bytes,
        "pullscope.layers.total": layers.total,
        "pullscope.layers.fetched": layers.fetched,
        "pullscope.layers.already_present": layers.already_present,
        "pullscope.rate_limit.remaining": limit.remaining_after if limit else None,
        "client.address": plain(pull.client_key[0], 80),
    }
    made = _span(trace, span, None, f"{pull.action} {reference_line(pull)}", INTERNAL, pull.started, pull.last, values)
    made["events"] = [
        {
            "timeUnixNano": _nano(pull.last),
            "name": "pullscope.finding",
            "attributes": _attributes(
                {
                    "pullscope.finding.code": plain(finding.code),
                    "pullscope.finding.severity": str(finding.severity),
                    "pullscope.finding.message": plain(finding.message, 1000),
                    "pullscope.finding.fix": plain(finding.fix, 1000),
                }
            ),
        }
        for finding in pull.findings
    ]
    if went_wrong(pull):
        made["status"] = {"code": ERROR, "message": str(pull.outcome)}
    return made


def _step(step: Step, pull: Pull, trace: str, parent: str, span: str) -> Span:
    values: Values = {
        "pullscope.step.n": step.n,
        "pullscope.step.kind": str(step.kind),
        "pullscope.step.outcome": str(step.outcome),
        "pullscope.step.what": what(step, pull),
        "pullscope.step.digest": plain(step.digest) if step.digest else None,
        "pullscope.step.size": step.size,
        "pullscope.step.verified": step.verified,
    }
    made = _span(trace, span, parent, title(step), INTERNAL, step.started, step.ended, values)
    if (step.outcome is Outcome.FAILED and not through_mirror(pull)) or step.verified is False:
        made["status"] = {"code": ERROR, "message": what(step, pull)}
    return made


def _hop(hop: Hop, pull: Pull, roles: Roles, trace: str, parent: str, span: str, resent: int) -> Span:
    url = inert_url(hop.request.url)
    parts = split(url)
    method = hop.request.method
    known = method in METHODS
    status = hop.status
    error = "cut_off" if hop.failed is not None else str(status) if status is not None and status >= 400 else None
    agent = hop.request.headers.get("user-agent")
    values: Values = {
        "http.request.method": method if known else "_OTHER",
        "http.request.method_original": None if known else plain(method, 32),
        "url.full": url,
        "url.scheme": parts.scheme,
        "server.address": parts.host,
        "server.port": parts.port or (80 if parts.scheme == "http" else 443),
        "http.response.status_code": status,
        "http.response.body.size": hop.bytes,
        "http.request.body.size": hop.uploaded.bytes if hop.uploaded else None,
        "http.request.resend_count": resent or None,
        "network.protocol.name": "http",
        "network.protocol.version": plain(hop.request.http_version.removeprefix("HTTP/"), 8),
        "user_agent.original": plain(agent) if agent else None,
        "error.type": error,
        "pullscope.role": roles.of_hop(hop),
        "pullscope.authorization": hop.request.authorization,
        "pullscope.first_byte_seconds": hop.first_byte_seconds,
        "pullscope.note": hop_note(hop, pull) or None,
    }
    name = method if known else "HTTP"
    made = _span(trace, span, parent, name, CLIENT, hop.request.time, hop.ended, values)
    if error is not None:
        made["status"] = {"code": ERROR}
    return made


def _span(
    trace: str,
    span: str,
    parent: str | None,
    name: str,
    kind: int,
    start: float,
    end: float | None,
    values: Values,
) -> Span:
    made: Span = {"traceId": trace, "spanId": span, "name": name, "kind": kind}
    if parent is not None:
        made["parentSpanId"] = parent
    made["startTimeUnixNano"] = _nano(start)
    made["endTimeUnixNano"] = _nano(max(end if end is not None else start, start))
    made["attributes"] = _attributes(values)
    return made


def _attributes(values: Values) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value is not None]


def _value(value: str | float | bool) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}  # a 64-bit number is a string in JSON Protobuf
        case float():
            return {"doubleValue": value}
        case _:
            return {"stringValue": value}


def _nano(time: float) -> str:
    return str(round(time * 1e6) * 1000)  # a float of this size knows no less than a microsecond


def _hex(digits: int, *parts: object) -> str:
    return hashlib.sha256("\x00".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:digits]
