"""`oras --debug`, and `helm --debug` from 3.18: each request and answer with its header and a number; bodies that are text.

oras-project/oras internal/trace/transport.go prints blocks of lines, helm pkg/registry/transport.go one line of slog: after
oras-project/oras#1559, helm/helm#30987 and #31567. Both star out Authorization and cookies; its scheme is the challenge's, and
Basic where a token is asked for (oras-go registry/remote/auth/client.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pullscope.logs.entries import body_of, entries, unquoted
from pullscope.logs.exchange import Exchange, header
from pullscope.oci.routes import Endpoint, route

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
MARK = re.compile(rf"msg=(?:Request|{'|'.join(_METHODS)}) id=\d+ url=|^> Request URL: ", re.MULTILINE)
_BEGINS = re.compile(r"(?:\[[^\]]*\]\[DEBUG\]: )?(?:--> |<-- )?(Request|Response) #(\d+)$")
_SAYS = re.compile(r'[><] (?:Request|Response) (URL|method|Status|body):(?: "(.*)")?$')
_FIELD = re.compile(r'\s*"([^"]+)": ("(?:[^"\\]|\\.)*")$')
_WITHOUT = re.compile(r"\s*(?:No response body|Response body of content type|Response body redacted|Error reading)")


@dataclass(slots=True)
class _Record:
    """One of the two halves of an exchange."""

    line: int
    kind: str
    number: str
    says: dict[str, str] = field(default_factory=dict)
    """URL, method, Status."""
    header: list[str] = field(default_factory=list)
    body: list[str] | None = None


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    found: dict[str, Exchange] = {}
    every: list[Exchange] = []
    schemes: dict[str, str] = {}
    for record in _records(lines):
        fields = [(match[1], unquoted(match[2])) for line in record.header if (match := _FIELD.match(line))]
        if record.kind == "Request":
            method, url = record.says.get("method", "GET"), record.says.get("URL", "")
            scheme = "Basic" if route(url).endpoint is Endpoint.NONE else schemes.get(_host(url), "Bearer")
            fields = [(name, f"{scheme} {value}" if name == "Authorization" else value) for name, value in fields]
            found[record.number] = one = Exchange(method=method, url=url, asked_line=record.line, sent=fields)
            every.append(one)
        elif record.number in found and (status := record.says.get("Status", "")[:3]).isdecimal():
            one = found.pop(record.number)
            one.answer(int(status), None, record.line)
            one.fields = fields
            if challenge := header(fields, "www-authenticate"):
                schemes[_host(one.url)] = challenge.partition(" ")[0]
            text = "\n".join(record.body or [])
            if one.method != "HEAD" and text and not _WITHOUT.match(text):
                one.body = body_of(text, header(fields, "content-length"), int(status))
    yield from every


def _host(url: str) -> str:
    return url.partition("//")[2].partition("/")[0]


def _records(lines: Iterable[str]) -> Iterator[_Record]:
    record: _Record | None = None
    for entry in entries(lines):
        said, fields = entry.message, entry.fields
        kind = "Request" if said in _METHODS else "Response" if said.startswith("Res") else said
        if (
            kind in ("Request", "Response")
            and "id" in fields
            and not fields.keys().isdisjoint(("url", "status", "error"))
        ):
            says = {
                "URL": fields.get("url", ""),
                "method": said if said in _METHODS else fields.get("method", "GET"),
                "Status": fields.get("status", ""),
            }
            about = fields.get("header", "").split("\n")
            yield _Record(entry.line, kind, fields["id"], says, about, fields.get("body", "").strip().split("\n"))
        elif begins := _BEGINS.match(said):
            if record is not None:
                yield record
            record = _Record(entry.line, begins[1], begins[2])
        elif record is None:
            continue
        elif told := _SAYS.match(said):
            if told[1] == "body":
                record.body = []
            else:
                record.says[told[1]] = told[2] or ""
        elif record.body is not None:
            record.body.append(said)
        else:
            record.header.append(said)
    if record is not None:
        yield record
