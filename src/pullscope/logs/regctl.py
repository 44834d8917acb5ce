"""`regctl -v trace` (regsync and regbot alike): one line for each exchange, with the header fields of both sides.

regclient/regclient internal/reghttp/http.go, wrapTransport: `reg http request`, logged when the head of the answer is there;
as slog's text, where header fields are Go's `map[Name:[value value]]`, or with `--logopt json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pullscope.logs.entries import entries, fields_of_map
from pullscope.logs.exchange import Exchange

MESSAGE = "reg http request"
MARK = re.compile(r'(?:msg="|"msg": ?"|(?:DEBU|TRAC)\[[^\]\s]+\] )reg http request')


def read(lines: Iterable[str]) -> Iterator[Exchange]:
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
            sent=fields_of_map(entry.fields.get("req-headers", "")),
            status=int(status) if status.isdecimal() and len(status) == 3 else None,
            fields=fields_of_map(entry.fields.get("resp-headers", "")),
            failure=entry.fields.get("err"),
            ended_line=entry.line,
            ended=entry.time,
        )
