"""The log of a registry: what distribution (registry:2, docker-registry; Harbor runs it) says of a request.

distribution registry/handlers/app.go, context/http.go: `response completed` with the request's fields, status, duration and size;
`error authorizing context` where a login or token was asked for. docker-registry 2.8.2 (seen), and distribution#878, moby#36823,
Portus#2188. It is written once the answer is sent, so that a request begins its duration earlier. GitLab's own, Zot and Spegel
say the same by other names (sameersbn/docker-gitlab#3070, project-zot/zot#3005, spegel-org/spegel#264); two name no host.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from pullscope.logs.entries import Entry, entries
from pullscope.logs.exchange import Exchange
from pullscope.oci.bounds import read_object

MARK = re.compile(
    r"(?:response completed|error authorizing context: ).*http\.request\.uri|"
    r'"msg": ?"access".*"uri": ?"/v2/|"message": ?"HTTP API"|"path": ?"/v2/.*"handler": ?"|"clientIP":'
)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|µs|us|ms|s|m|h)")
LONGEST = 30
"""Characters of a number or a duration that are looked at."""
_SECONDS = {"ns": 1e-9, "µs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SENT = {"http.request.useragent": "User-Agent", "http.request.contenttype": "Content-Type"}
_ANSWERED = {"http.response.contenttype": "Content-Type", "http.response.written": "Content-Length"}


_COMMON = {"method": "request.method", "user_agent": "request.useragent", "status": "response.status"}
_OTHERS = {
    "GitLab": {"uri": "request.uri", "host": "request.host", "remote_ip": "request.remoteaddr"}
    | {"written_bytes": "response.written", "content_type": "response.contenttype"},
    "zot": {"path": "request.uri", "clientIP": "request.remoteaddr", "statusCode": "response.status"}
    | {"bodySize": "response.written"},
    "spegel": {"path": "request.uri", "ip": "request.remoteaddr"},
}
"""What others call a field of distribution, without its `http.`."""
MOST_ERRORS = 1_000


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    refused, errors = set[str](), dict[str, dict[str, str]]()
    for said in entries(lines):
        number = said.fields.get("correlation_id", "")
        if said.fields.get("code", "").isupper() and number and len(errors) < MOST_ERRORS:
            named = {"err.code": "code", "err.message": "msg", "err.detail": "detail"}
            errors[number] = {name: said.fields[key] for name, key in named.items() if key in said.fields}
        entry = _renamed(said, errors)
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


def _renamed(entry: Entry, errors: dict[str, dict[str, str]]) -> Entry:
    """An entry of another registry as distribution would have it; its own as it is."""
    fields = entry.fields
    kind = {"access": "GitLab", "HTTP API": "zot", "": "spegel" if "handler" in fields else ""}.get(entry.message)
    if not kind:
        return entry
    names = _COMMON | _OTHERS[kind]
    found = {f"http.{name}": fields[key] for key, name in names.items() if key in fields}
    found.setdefault("http.request.host", f"{kind}.invalid")
    if "duration_ms" in fields:
        found["http.response.duration"] = f"{fields['duration_ms']}ms"
    elif kind == "spegel":
        found["http.response.duration"] = f"{fields.get('latency', '')}s"
    sent = read_object(fields.get("headers", "")).get("User-Agent")
    if isinstance(sent, list) and sent and isinstance(sent[0], str):
        found["http.request.useragent"] = sent[0]
    found |= errors.pop(fields.get("correlation_id", ""), {})
    return Entry(entry.line, "response completed", found, entry.time)


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
    ended = entry.time if took or "http.response.duration" in fields else None
    one.answer(status, json.dumps({"errors": [error]}).encode() if code else None, entry.line, ended)
    one.fields = [(name, fields[key]) for key, name in _ANSWERED.items() if key in fields and not code]
    if "http.response.written" in fields and one.method != "HEAD" and not code:
        written = fields["http.response.written"]
        one.length = int(written) if written.isdecimal() and len(written) < LONGEST else None
    return one
