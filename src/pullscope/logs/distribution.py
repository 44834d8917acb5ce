"""The log of a registry: what distribution (registry:2, Debian's docker-registry; Harbor and GitLab run it) says of each request.

distribution registry/handlers/app.go, context/http.go: `response completed` with the request's fields, status, duration and size;
`error authorizing context` where a login or token was asked for. docker-registry 2.8.2 (seen), and distribution#878, moby#36823,
Portus#2188. It is written once the answer is sent, so that a request begins its duration earlier.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from pullscope.logs.entries import Entry, entries
from pullscope.logs.exchange import Exchange

MARK = re.compile(r"(?:response completed|error authorizing context: ).*http\.request\.uri")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|µs|us|ms|s|m|h)")
LONGEST = 30
"""Characters of a number or a duration that are looked at."""
_SECONDS = {"ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SENT = {"http.request.useragent": "User-Agent", "http.request.contenttype": "Content-Type"}
_ANSWERED = {"http.response.contenttype": "Content-Type", "http.response.written": "Content-Length"}


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    refused = set[str]()
    for entry in entries(lines):
        fields = entry.fields
        barred = entry.message.startswith("error authorizing context: ")
        status = fields.get("http.response.status", "401" if barred else "")
        if not fields.get("http.request.uri", "").startswith("/") or not re.fullmatch(r"\d{3}", status):
            continue
        number = fields.get("http.request.id", "")
        if barred:
            refused.add(number)
        elif number in refused or not entry.message.startswith("response completed"):
            continue
        yield _exchange(entry, int(status))


def _exchange(entry: Entry, status: int) -> Exchange:
    fields = entry.fields
    took = sum(
        float(number) * _SECONDS[unit]
        for number, unit in _DURATION.findall(fields.get("http.response.duration", "")[:LONGEST])
    )
    address, _, port = fields.get("http.request.remoteaddr", "unknown").rpartition(":")
    one = Exchange(
        method=fields.get("http.request.method", "GET"),
        url=f"https://{fields.get('http.request.host', 'unknown')}{fields['http.request.uri']}",
        asked_line=entry.line,
        asked=entry.time - took if entry.time is not None else None,
        sent=[(name, fields[key]) for key, name in _SENT.items() if key in fields],
        client=address.strip("[]") or port,
        connection=f"{address}:{port}" if address else None,
    )
    code, message = fields.get("err.code", ""), fields.get("err.message", "")
    error = {"code": code.upper().replace(" ", "_"), "message": message, "detail": fields.get("err.detail")}
    one.answer(status, json.dumps({"errors": [error]}).encode() if code else None, entry.line, entry.time)
    one.fields = [(name, fields[key]) for key, name in _ANSWERED.items() if key in fields and not code]
    if "http.response.written" in fields and one.method != "HEAD" and not code:
        written = fields["http.response.written"]
        one.length = int(written) if written.isdecimal() and len(written) < LONGEST else None
    return one
