"""HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), an entry a hop and a page a pull.

Sizes are those that went by, also of streamed bodies; bodies themselves are in no trace. What is not known is -1, as the
format wants it. Fields that begin with `_` are what Chrome's DevTools read beside the format: without them it guesses a type
from the media type (JSON is "script") and adds the -1 of the unknown head to each size.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pullscope import __version__
from pullscope.oci.messages import Headers
from pullscope.oci.plain import plain
from pullscope.oci.statuses import phrase
from pullscope.oci.urls import pairs, query
from pullscope.render.exports.escaping import inert_url
from pullscope.render.formats import Told
from pullscope.render.hop_words import hop_note
from pullscope.render.names import client_line, in_words
from pullscope.render.wording import title, what
from pullscope.trace.model import Hop, Pull

BLOCKED = 0.001
"""Milliseconds before the request goes out: DevTools take an entry that was never blocked for one that was nothing else."""


def har(told: Told) -> dict[str, Any]:
    pages: list[dict[str, Any]] = []
    seen: list[tuple[Hop, Pull, str]] = []
    for pull in told.pulls:
        page = f"pull_{pull.id}"
        pages.append(
            {
                "startedDateTime": _date(pull.started),
                "id": page,
                "title": f"{in_words(pull)} by {client_line(pull)}: {pull.outcome}",
                "pageTimings": {"onContentLoad": -1, "onLoad": _milliseconds(pull.seconds)},
                "comment": "; ".join(plain(f"{one.severity} {one.code}: {one.message}") for one in pull.findings),
            }
        )
        seen.extend((hop, pull, page) for hop in pull.hops)
    # By time over all pulls, as the format prefers it.
    entries = [_entry(*one) for one in sorted(seen, key=lambda one: one[0].request.time)]
    creator = {"name": "pullscope", "version": __version__}
    comment = "Secrets are REDACTED. Sizes of streamed bodies are those that went by; their content is not kept."
    return {"log": {"version": "1.2", "creator": creator, "pages": pages, "entries": entries, "comment": comment}}


def _entry(hop: Hop, pull: Pull, page: str) -> dict[str, Any]:
    timings = _timings(hop)
    step = hop.step
    comment = f"step {step.n}, {title(step)}: {what(step, pull)}" if step.n else title(step)
    if not hop.timed:
        comment = f"{comment}; times not known" + ("" if hop.dated else ", only the order")
    note = hop_note(hop, pull)
    entry: dict[str, Any] = {
        "pageref": page,
        "startedDateTime": _date(hop.request.time),
        "time": round(sum(part for name, part in timings.items() if part > 0 and name != "ssl"), 3),
        "request": _request(hop),
        "response": _response(hop),
        "cache": {},
        "timings": timings,
        "comment": f"{comment} ({note})" if note else comment,
        "_resourceType": "other",
    }
    if hop.request.connection is not None:
        entry["connection"] = entry["_connectionId"] = str(hop.request.connection)
    return entry


def _timings(hop: Hop) -> dict[str, float]:
    """The proxy's own connection, where it is known, sending what was uploaded, waiting for the first byte, receiving.

    `connect` holds `ssl` (HAR 1.2), and `time` is the sum of the others.
    """
    whole = hop.seconds or 0.0
    first = hop.first_byte_seconds
    first = whole if first is None else min(first, whole) if hop.seconds is not None else first
    sent = min(max(hop.uploaded.time - hop.request.time, 0.0), first) if hop.uploaded and hop.uploaded.bytes else 0.0
    reached = hop.reached
    connect = min(reached.seconds, first - sent) if reached is not None and not reached.open_already else 0.0
    wait = max(_milliseconds(first - sent - connect) - BLOCKED, 0.0)
    return {
        "blocked": BLOCKED,
        "dns": -1,  # in `connect`: mitmproxy does both in one
        "connect": _milliseconds(connect) if connect else -1,
        "ssl": _milliseconds(min(reached.tls, connect)) if connect and reached is not None and reached.tls else -1,
        "send": _milliseconds(sent),
        "wait": round(wait, 3),
        "receive": _milliseconds(max(0.0, whole - first)),
    }


def _request(hop: Hop) -> dict[str, Any]:
    url = inert_url(hop.request.url)
    return {
        "method": plain(hop.request.method, 32),
        "url": url,
        "httpVersion": plain(hop.request.http_version, 16),
        "cookies": [],
        "headers": _headers(hop.request.headers),
        "queryString": [{"name": plain(name), "value": plain(value, 1000)} for name, value in pairs(query(url))],
        "headersSize": -1,
        "bodySize": hop.uploaded.bytes if hop.uploaded else 0,
    }


def _response(hop: Hop) -> dict[str, Any]:
    response = hop.response
    if response is None:
        # What DevTools writes for a request without a response.
        return {
            "status": 0,
            "statusText": "",
            "httpVersion": "unknown",
            "cookies": [],
            "headers": [],
            "content": {"size": 0, "mimeType": "x-unknown"},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
            "_transferSize": hop.bytes or 0,
            "comment": plain(hop.failed.reason) if hop.failed else "no response was seen",
        }
    size = hop.bytes if hop.bytes is not None else -1
    return {
        "status": response.status,
        "statusText": phrase(response.status),
        "httpVersion": plain(hop.request.http_version, 16),
        "cookies": [],
        "headers": _headers(response.headers),
        "content": {
            "size": max(size, 0),
            "mimeType": plain(response.headers.get("content-type") or "x-unknown"),
            "comment": "not kept",
        },
        "redirectURL": inert_url(response.location) if response.location else "",
        "headersSize": -1,
        "bodySize": size,
        "_transferSize": max(size, 0),
    }


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": plain(name), "value": plain(value, 4000)} for name, value in headers]


def _date(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds(seconds: float | None) -> float:
    return round((seconds or 0) * 1000, 3)
