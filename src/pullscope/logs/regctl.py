"""`regctl -v trace` (regsync and regbot alike): one line for each exchange, with the header fields of both sides.

regclient/regclient internal/reghttp/http.go, wrapTransport: `reg http request`, logged when the head of the answer is there;
as slog's text, where header fields are Go's `map[Name:[value value]]`, or with `--logopt json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from pullscope.logs.entries import entries
from pullscope.logs.exchange import Exchange

MESSAGE = "reg http request"
_KEY = re.compile(r"(?:^|(?<=\] ))([A-Za-z0-9-]+):\[")
MARK = re.compile(r'(?:msg="|"msg":"|(?:DEBU|TRAC)\[\d+\] )reg http request')


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    """The exchanges of the log."""
    for entry in entries(lines):
        method, url = entry.fields.get("req-method"), entry.fields.get("req-url")
        if entry.message != MESSAGE or not method or not url:
            continue
        status = entry.fields.get("resp-status", "").partition(" ")[0]
        yield Exchange(
            method=method,
            url=url,
            asked_line=entry.line,
            asked=entry.time,
            sent=_fields(entry.fields.get("req-headers", "")),
            status=int(status) if status.isdecimal() and len(status) == 3 else None,
            fields=_fields(entry.fields.get("resp-headers", "")),
            failure=entry.fields.get("err"),
            ended_line=entry.line,
            ended=entry.time,
        )


def _fields(text: str) -> list[tuple[str, str]]:
    """Header fields of `map[Name:[value]]` or of JSON; several values of one name cannot be told apart in the first."""
    if text.startswith("{"):
        try:
            read = json.loads(text)
        except (ValueError, RecursionError):
            return []
        return [(str(name), str(value)) for name, values in read.items() for value in _listed(values)]
    inner = text.removeprefix("map[").removesuffix("]")
    marks = list(_KEY.finditer(inner))
    ends = [mark.start() for mark in marks[1:]] + [len(inner)]
    return [
        (mark[1], inner[mark.end() : end].rstrip().removesuffix("]")) for mark, end in zip(marks, ends, strict=True)
    ]


def _listed(values: object) -> list[object]:
    return values if isinstance(values, list) else [values]
