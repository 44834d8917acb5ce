"""`regctl -v trace` (regsync and regbot alike): one line for each exchange, with the header fields of both sides.

regclient/regclient internal/reghttp/http.go, wrapTransport: `reg http request`, logged when the head of the answer is there;
as slog's text, where header fields are Go's `map[Name:[value value]]`, or with `--logopt json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pullscope.logs.entries import Entry, entries, fields_of_map
from pullscope.logs.exchange import Exchange
from pullscope.logs.images import without_masks

MESSAGE = "reg http request"
_BEGUN = ("http req", "Sending request")
MARK = re.compile(
    r'(?:msg="|"msg": ?"|(?:DEBU|TRAC)\[[^\]\s]+\] )(?:reg http request|(?:http req|Sending request)\b.*\bwithAuth=)'
)
_STATUS = re.compile(r"\[http (\d{3})\](?:: (\{.*\}))?")


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    """Before 0.8 `-v debug` has the requests, too, and of the answers what was no success."""
    last: Exchange | None = None
    for entry in entries(lines):
        said = entry.fields
        if entry.message in _BEGUN and said.get("method") and said.get("url"):
            if last is not None:
                yield last
            sent = [("Authorization", "Basic")] if said.get("withAuth") == "true" else []
            url = without_masks(said["url"], None)
            last = Exchange(method=said["method"], url=url, asked_line=entry.line, asked=entry.time, sent=sent)
        elif last is not None and not last.over and entry.message == "Auth request parsed":
            last.answer(401, None, entry.line, entry.time)
        elif last is not None and not last.over and entry.message == "Not found" and "404" in said.get("Status", ""):
            last.answer(404, None, entry.line, entry.time)
        elif last is not None and not last.over and (told := _STATUS.search(f"{entry.message} {said.get('err', '')}")):
            body = told[2].replace('\\"', '"').encode() if told[2] else None
            last.answer(int(told[1]), body, entry.line, entry.time)
        elif entry.message == MESSAGE and said.get("req-method") and said.get("req-url"):
            yield _told(entry)
    if last is not None:
        yield last


def _told(entry: Entry) -> Exchange:
    status = entry.fields.get("resp-status", "").partition(" ")[0]
    return Exchange(
        method=entry.fields["req-method"],
        url=entry.fields["req-url"],
        asked_line=entry.line,
        asked=entry.time,
        sent=fields_of_map(entry.fields.get("req-headers", "")),
        status=int(status) if status.isdecimal() and len(status) == 3 else None,
        fields=fields_of_map(entry.fields.get("resp-headers", "")),
        failure=entry.fields.get("err"),
        ended_line=entry.line,
        ended=entry.time,
    )
