"""HAR 1.2, as browsers, mitmproxy and HTTP Toolkit write it.

Read here and not by mitmproxy's own reader: that takes a body that is not in the file for an empty one, whose digest is
then wrong, a status of 0 for an answer, and gives up the whole file where one entry lacks a key.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from pullscope.logs.entries import moment_of
from pullscope.logs.exchange import Exchange, header

MARK = re.compile(r'\A\s*\{\s*"log"\s*:\s*\{')


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    """The exchanges of the file. Raises ValueError if it is not JSON, or no HAR."""
    try:
        whole = json.loads("".join(lines))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    entries = _at(whole, "log", "entries")
    if not isinstance(entries, list):
        raise ValueError("it has no log.entries")  # noqa: TRY004 - readers of a log raise one kind of error
    for number, entry in enumerate(entries):
        one = _exchange(entry, number)
        if one is not None:
            yield one


def _exchange(entry: object, number: int) -> Exchange | None:
    method, url = _at(entry, "request", "method"), _at(entry, "request", "url")
    if not isinstance(method, str) or not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    asked = moment_of(_at(entry, "startedDateTime"))
    status, text = _at(entry, "response", "status"), _at(entry, "response", "content", "text")
    answered = isinstance(status, int) and status > 0
    fields = _fields(_at(entry, "response", "headers"))
    taken, wait = _number(_at(entry, "time")), _first(entry)
    error = _at(entry, "response", "_error") or _at(entry, "_error") or _at(entry, "response", "comment")
    error = error or _at(entry, "response", "statusText")  # HTTP Toolkit: status 0, `Request aborted`
    failure = None if answered else str(error) if error else "no answer is in the HAR"
    sent = _at(entry, "request", "postData", "text")
    return Exchange(
        method=method,
        url=url,
        asked_line=2 * number,
        asked=asked,
        sent=_fields(_at(entry, "request", "headers")),
        upload=sent.encode("utf-8", "replace") if isinstance(sent, str) and sent else None,
        status=status if answered else None,
        fields=fields,
        answered=None if asked is None or wait is None else asked + wait,
        body=_body(text, _at(entry, "response", "content"), fields) if answered else None,
        length=_size(entry),
        failure=failure,
        ended_line=2 * number + 1,
        ended=None if asked is None or taken is None else asked + taken,
        connection=str(_at(entry, "connection") or "") or None,
    )


def _body(text: object, content: object, fields: list[tuple[str, str]]) -> bytes | None:
    """The body, if it is there and as long as the file says: Firefox and Chromium leave out or shorten what is large."""
    if not isinstance(text, str) or not text:
        return None
    try:
        base = _at(content, "encoding") == "base64"
        raw = base64.b64decode(text) if base else text.encode("utf-8", "surrogatepass")
    except (binascii.Error, ValueError):
        return None
    size = _at(content, "size")
    coded = header(fields, "content-encoding") not in (None, "identity")
    return raw if coded or not isinstance(size, int) or size in (len(raw), -1) else None


def _size(entry: object) -> int | None:
    """Bytes of the body: as it came where the file counts them, and with the header in Chromium's (`_transferSize`)."""
    plain = header(_fields(_at(entry, "response", "headers")), "content-encoding") in (None, "identity")
    size = _at(entry, "response", "content", "size") if plain else None
    if not isinstance(size, int) or size <= 0:
        size = None if _at(entry, "response", "_transferSize") is not None else _at(entry, "response", "bodySize")
    return size if isinstance(size, int) and size >= 0 else None


def _first(entry: object) -> float | None:
    """Seconds to the head of the answer: what comes before it, as HAR 1.2 sums its timings."""
    parts = [_number(_at(entry, "timings", name)) for name in ("blocked", "dns", "connect", "send", "wait")]
    return sum(part for part in parts if part is not None) if parts[-1] is not None else None


def _number(value: object) -> float | None:
    """Seconds of a number of milliseconds; -1 is "does not apply"."""
    return value / 1000 if isinstance(value, int | float) and 0 <= value < 1e12 else None


def _fields(value: object) -> list[tuple[str, str]]:
    """Header fields; those of HTTP/2 that begin with a colon are not fields."""
    pairs = [(_at(field, "name"), _at(field, "value")) for field in value] if isinstance(value, list) else []
    return [
        (name, held)
        for name, held in pairs
        if isinstance(name, str) and isinstance(held, str) and name[:1] not in ("", ":")
    ]


def _at(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
