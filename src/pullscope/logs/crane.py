"""`crane -v` and whatever else is built on go-containerregistry's transport logger: each request and answer, dumped whole.

google/go-containerregistry pkg/v1/remote/transport/logger.go; crane 0.20 (seen). Requests that run side by side are
interleaved record by record, and a dump does not name its URL: it is given to the latest marker without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pullscope.logs.entries import REQUEST, STATUS, body_of, entries, fields_and_body
from pullscope.logs.exchange import Exchange, Waiting, header

_STAMP = re.compile(r"(?:Debug -+> )?\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ")
_ASKED = re.compile(r"--> ([A-Z]+) (https?://\S+)(?: \[body redacted: .*\])?$")
_ANSWERED = re.compile(r"<-- (\d{3}) (https?://\S+) \([^()\s]+\)(?: \[body redacted: .*\])?$")
_FAILED = re.compile(r"<-- (.+) ([A-Z]+) (https?://\S+) \([^()\s]+\)$")

MARK = re.compile(r"(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d )?(?:--> [A-Z]+ https?://|<-- \d{3} https?://)")


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    found: list[Exchange] = []
    waiting, undumped = Waiting(), list[Exchange]()
    for number, record in _records(lines):
        first = record[0]
        if asked := _ASKED.match(first):
            found.append(waiting.add(Exchange(method=asked[1], url=asked[2], asked_line=number)))
            continue
        answered, failed = _ANSWERED.match(first), _FAILED.match(first)
        if answered:
            one = waiting.at(answered[2])
            if one is not None:
                one.answer(int(answered[1]), None, number)
                undumped.append(one)
        elif failed:
            one = waiting.at(failed[3])
            if one is not None:
                one.fail(failed[1], number)
        elif request := REQUEST.match(first):
            fields, _ = fields_and_body(record[1:])
            host = header(fields, "host")
            address = f"//{host}{request[2]}"
            one = waiting.find(lambda one, address=address: not one.sent and one.url.endswith(address))  # type: ignore[misc]
            if one is not None:
                one.sent = fields
        elif status := STATUS.match(first):
            one = next((one for one in undumped if one.status == int(status[1])), None)
            if one is not None:
                undumped.remove(one)
                one.fields, text = fields_and_body(record[1:])
                if one.method != "HEAD":
                    one.body = body_of(text, header(one.fields, "content-length"), one.status or 0)
    yield from found


def _records(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """What was logged at once: from one stamp to the next."""
    number, record = 0, [""]
    for entry in entries(lines):
        stamp = _STAMP.match(entry.message)
        if stamp:
            yield number, record
            number, record = entry.line, [entry.message[stamp.end() :]]
        else:
            record.append(entry.message)
    yield number, record
