"""HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/), an entry a hop and a page a pull.

Sizes are those that went by, also of streamed bodies; bodies themselves are in no trace. What is not known is -1, as the
format wants it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pullscope import __version__
from pullscope.oci.messages import Headers
from pullscope.render.exports.inert import inert_url
from pullscope.render.plain import plain
from pullscope.render.wording import client_line, hop_note, reference_line, title, what
from pullscope.trace.model import Hop, Pull


def har(pulls: Iterable[Pull]) -> dict[str, Any]:
    """The log of these pulls."""
    pages: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for pull in pulls:
        page = f"pull_{pull.id}"
        pages.append(
            {
                "startedDateTime": _date(pull.started),
                "id": page,
                "title": f"{reference_line(pull)} by {client_line(pull)}: {pull.outcome}",
                "pageTimings": {"onContentLoad": -1, "onLoad": _milliseconds(pull.seconds)},
                "comment": "; ".join(plain(f"{one.severity} {one.code}: {one.message}") for one in pull.findings),
            }
        )
        in_order = sorted(pull.hops, key=lambda one: one.request.time)
        entries.extend(_entry(hop, pull, page) for hop in in_order)
    creator = {"name": "pullscope", "version": __version__}
    comment = "Secrets are REDACTED. Sizes of streamed bodies are those that went by; their content is not kept."
    return {"log": {"version": "1.2", "creator": creator, "pages": pages, "entries": entries, "comment": comment}}


def _entry(hop: Hop, pull: Pull, page: str) -> dict[str, Any]:
    wait, whole = hop.first_byte_seconds, hop.seconds
    timings = {
        "blocked": -1,
        "dns": -1,
        "connect": -1,
        "ssl": -1,
        "send": 0,
        "wait": _milliseconds(wait if wait is not None else whole),
        "receive": _milliseconds(max(0.0, (whole or 0) - wait) if wait is not None else 0),
    }
    step = hop.step
    comment = f"step {step.n}, {title(step)}: {what(step, pull)}" if step.n else title(step)
    note = hop_note(hop, pull)
    entry: dict[str, Any] = {
        "pageref": page,
        "startedDateTime": _date(hop.request.time),
        "time": round(timings["wait"] + timings["receive"], 3),
        "request": _request(hop),
        "response": _response(hop),
        "cache": {},
        "timings": timings,
        "comment": f"{comment} ({note})" if note else comment,
    }
    if hop.request.connection is not None:
        entry["connection"] = str(hop.request.connection)
    return entry


def _request(hop: Hop) -> dict[str, Any]:
    url = inert_url(hop.request.url)
    return {
        "method": plain(hop.request.method, 32),
        "url": url,
        "httpVersion": plain(hop.request.http_version, 16),
        "cookies": [],
        "headers": _headers(hop.request.headers),
        "queryString": [
            {"name": plain(name), "value": plain(value, 1000)}
            for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": hop.uploaded.bytes if hop.uploaded else 0,
    }


def _response(hop: Hop) -> dict[str, Any]:
    response = hop.response
    if response is None:
        # What DevTools writes for a request that got no answer.
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
            "comment": plain(hop.failed.reason) if hop.failed else "no answer was seen",
        }
    size = hop.bytes if hop.bytes is not None else -1
    return {
        "status": response.status,
        "statusText": _phrase(response.status),
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
    }


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": plain(name), "value": plain(value, 4000)} for name, value in headers]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _date(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds(seconds: float | None) -> float:
    return round((seconds or 0) * 1000, 3)
