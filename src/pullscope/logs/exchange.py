"""An exchange as a log shows it, and the events of many: where a log ends, `Border` begins, and redaction with it.

What a log does not say stays unknown: an answer that is not in it, a body, a time. Where there is no usable clock, the times
of the events say the order and nothing else, and each request says so (`Requested.lacks`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pullscope.oci.bounds import read_json
from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.urls import parameters
from pullscope.trace.border import Body, Border, wants_document, wants_upload
from pullscope.trace.events import Event, Requested

MOST_WAITING = 1_000
_PAGE = re.compile(rb"(?i)<(?:html|!doctype html)")
_NGINX = re.compile(rb"<hr><center>((?:nginx|openresty)[\w./-]*)</center>")
"""nginx, src/http/ngx_http_special_response.c."""
TICK = 1e-4
"""Seconds between two events of which only the order is known: too few for a step or a pull to count as over."""


@dataclass(kw_only=True, slots=True)
class Exchange:
    """One request and what became of it. Line numbers give the order; times, in seconds since the epoch, what is known."""

    method: str
    url: str
    asked_line: int
    asked: float | None = None
    sent: list[tuple[str, str]] = field(default_factory=list)
    """Header fields of the request."""
    upload: bytes | None = None
    status: int | None = None
    """None: its answer is not in the log."""
    fields: list[tuple[str, str]] = field(default_factory=list)
    """Header fields of the answer."""
    answered: float | None = None
    body: bytes | None = None
    """The whole body without content coding; None where it is not in the log, or not whole."""
    length: int | None = None
    """Bytes of the body, where they were counted and it is not there."""
    sha256: str | None = None
    """What the body hashed to, where the client says so."""
    failure: str | None = None
    """Why there was no answer, or no whole one, in the client's words."""
    ended_line: int = 0
    ended: float | None = None
    connection: str | None = None
    lacks: str = ""
    """What the log lacks of this one alone."""
    tells: frozenset[str] = frozenset()
    """What its words tell of this one that the log lacks of others."""
    client: str = "unknown"
    """The client's address, where the log is a server's."""

    def answer(self, status: int, body: bytes | None, line: int, time: float | None = None) -> None:
        """The log says how it was answered."""
        self.status, self.body, self.ended_line, self.ended = status, body, line, time

    def answer_quoted(self, status: int, body: bytes | None, line: int) -> None:
        """The log quotes an answer without its header fields; nginx names itself in its pages, too."""
        self.answer(status, body, line)
        self.fields += [("Server", page[1].decode()) for page in _NGINX.finditer(body or b"")]
        self.fields += [("Content-Type", "text/html")] * (_PAGE.match(body or b"") is not None)

    def fail(self, reason: str | None, line: int, time: float | None = None) -> None:
        """The log says why there was no answer."""
        self.failure, self.ended_line, self.ended = reason, line, time

    @property
    def over(self) -> bool:
        """Whether the log says how it ended."""
        return self.status is not None or self.failure is not None


class Waiting:
    """The exchanges of which the log has not said yet how they ended, the newest last; of very many, the oldest are let go."""

    def __init__(self) -> None:
        self._all: list[Exchange] = []

    def add(self, one: Exchange) -> Exchange:
        self._all = [each for each in self._all[-MOST_WAITING:] if not each.over]
        self._all.append(one)
        return one

    def find(self, fits: Callable[[Exchange], bool], *, oldest: bool = False) -> Exchange | None:
        """The newest that fits, or the oldest."""
        every = self._all if oldest else reversed(self._all)
        return next((one for one in every if not one.over and fits(one)), None)

    def at(self, url: str, *, oldest: bool = False) -> Exchange | None:
        """The newest at this address, or the oldest."""
        return self.find(lambda one: one.url == url, oldest=oldest)

    def __iter__(self) -> Iterator[Exchange]:
        return iter([one for one in self._all if not one.over])


def header(fields: Iterable[tuple[str, str]], name: str) -> str | None:
    """The first value of a header field."""
    return next((value for key, value in fields if key.lower() == name), None)


def events_of(exchanges: Iterable[Exchange], *, lacks: str) -> list[Event]:
    """The events of all exchanges in the order of the log, or by its clock where it has one for everything."""
    found = list(exchanges)
    if all(one.asked is None for one in found):
        lacks += " times" * ("times" not in lacks.split())  # a form with a clock, without it: logrus on a terminal
    timed = "times" not in lacks.split()
    known = next((one.asked for one in found if one.asked is not None), 0.0)
    moments: list[tuple[float, int, int, Exchange]] = []
    for number, one in enumerate(found):
        # a line without a time is as old as the one before it
        known = asked = known if one.asked is None else one.asked
        moments.append((asked, one.asked_line, 2 * number, one))
        if one.over:
            ended = max(asked, one.ended) if one.ended is not None else asked
            moments.append((ended, max(one.ended_line, one.asked_line), 2 * number + 1, one))
    moments.sort(key=lambda moment: (moment[0], moment[1], moment[2]) if timed else (moment[1], moment[2]))
    border, now = Border(), 0.0
    begun: dict[int, Requested] = {}
    events: list[Event] = []
    for time, _, place, one in moments:
        now = max(time, now + TICK) if timed else now + TICK
        if place % 2 == 0:
            first = border.requested(
                Request(method=one.method, url=one.url, headers=Headers(one.sent)),
                time=now,
                client=one.client,
                connection=one.connection,
                lacks=_lacks_of(one, lacks),
            )
            begun[place] = first
            events.append(first)
            if one.upload:
                keep = wants_upload(route(one.url, Headers(one.sent)).endpoint)
                events.append(border.uploaded(first.exchange, Body.of(one.upload, keep=keep), time=now))
        else:
            first = begun[place - 1]
            answered = min(max(one.answered, first.time), now) if timed and one.answered is not None else now
            events.extend(_end(border, first.exchange, one, answered=answered, ended=now))
    events.sort(key=lambda event: event.time)
    return events


def _lacks_of(one: Exchange, lacks: str) -> str:
    """What the log lacks of this one: its answer's header fields, or how long it took, may be missing of it alone."""
    without_headers = one.status is not None and not one.fields and "headers" not in lacks
    untimed = one.over and one.ended is None and "times" not in lacks and "durations" not in lacks
    lacks = " ".join(word for word in f"{lacks} {one.lacks}".split() if word not in one.tells)
    return f"{lacks}{' headers' * without_headers}{' durations' * untimed}"


def _proves(one: Exchange, digest: str) -> bool:
    """Whether the body hashes to a digest that its address or its answer names."""
    return digest in one.url or (header(one.fields, "docker-content-digest") or "").endswith(digest)


def _end(border: Border, exchange: int, one: Exchange, *, answered: float, ended: float) -> Iterator[Event]:
    if one.status is not None:
        yield border.responded(exchange, Response(status=one.status, headers=Headers(one.fields)), time=answered)
    if one.failure is not None:
        yield border.failed(exchange, one.failure, time=ended)
        return
    body = Body(length=one.length, sha256=one.sha256)
    if one.body is not None:
        endpoint = route(one.url, Headers(one.sent)).endpoint
        is_token = endpoint is Endpoint.NONE and one.body[:1] in (b"{", b"<")
        body = Body.of(one.body, keep=wants_document(endpoint, one.status or 0, is_token=is_token))
        if not _proves(one, body.sha256 or ""):
            # Text went through many hands: that it differs, or is not a document, says nothing of the bytes.
            sound = (one.status or 0) >= 400 or one.body[:1] == b"<" or read_json(one.body) is not None
            body = Body(length=body.length, content=body.content if sound else None)
    yield border.finished(exchange, body, time=ended)


def challenge_of(token_url: str) -> str:
    """What a token request answers: its realm, service and scope are from there (distribution docs/spec/auth/token.md)."""
    realm, _, words = token_url.partition("?")
    asked = parameters(words)
    named = [f',{name}="{asked[name][0]}"' for name in ("service", "scope") if asked.get(name)]
    return f'Bearer realm="{realm}"{"".join(named)}'


def method_of(text: str, url: str) -> str:
    """What a sentence that names an address alone asked it by."""
    if (said := re.search(r"from ([A-Z]+) request to", text)) is not None:
        return said[1]
    return "POST" if "/blobs/uploads/" in url else "PUT" if "manifest upload" in text else "GET"
