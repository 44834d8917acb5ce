"""containerd at debug level, its CRI service, `ctr --debug`, and dockerd -D with the containerd store: request and answer.

containerd core/remotes/docker/resolver.go, request.doWithRetries: `do request` and `fetch response received` with fields;
containerd 1.6 and dockerd 28 (seen), as text, JSON or from the journal. Token requests and redirects are not logged: the
answer is that of the last address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pullscope.logs.entries import entries
from pullscope.logs.exchange import Exchange
from pullscope.logs.told_errors import URL_ERROR, failure_of

MARK = re.compile(r'(?:msg=\\?"|msg\\?":\\?"|DEBU\[\d+\] )do request')


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    """The exchanges of the log."""
    found: list[Exchange] = []
    for entry in entries(lines):
        said, fields = entry.message, entry.fields
        if said == "do request" and "url" in fields:
            found.append(
                Exchange(
                    method=fields.get("request.method", "GET"),
                    url=fields["url"],
                    asked_line=entry.line,
                    asked=entry.time,
                    sent=_fields(fields, "request.header."),
                )
            )
        elif said == "fetch response received" and "url" in fields:
            status = fields.get("response.status", "").partition(" ")[0]
            one = next((one for one in found if one.url == fields["url"] and not one.over), None)
            if one is not None and status.isdecimal() and len(status) == 3:
                one.status, one.fields = int(status), _fields(fields, "response.header.")
                one.ended_line, one.ended = entry.line, entry.time
        else:
            for text in (said, fields.get("error", "")):
                told = URL_ERROR.search(text)
                one = next((one for one in found if told and one.url == told[2] and not one.over), None)
                if one is not None:
                    one.failure, one.ended_line, one.ended = failure_of(text), entry.line, entry.time
    yield from found


def _fields(fields: dict[str, str], prefix: str) -> list[tuple[str, str]]:
    return [(key.removeprefix(prefix), value) for key, value in fields.items() if key.startswith(prefix)]
