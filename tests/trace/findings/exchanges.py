"""A pull in memory as events: a modelled client, a world, and what a proxy between them would have seen.

The border's own redaction is used, so that a rule meets what it will meet in a recording; time goes on by a hundredth of a
second for each exchange, and by as much as a world asks for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urljoin

from pullscope.oci.documents import read_token_answer
from pullscope.oci.messages import Request, Response, World
from pullscope.oci.redact import Numbers, redact_document, redact_headers, redact_location, redact_url
from pullscope.trace.events import Event, Failed, Finished, Requested, Responded
from pullscope.trace.trace import Trace
from pullscope.worlds.clients.drive import run_in_turns
from pullscope.worlds.clients.steps import NoAnswerError, Outcome, Steps

START = 1795424400.0


@dataclass
class Clock:
    """Time that is moved by hand."""

    now: float = START

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Proxy:
    """Answers from a world and writes down what went by."""

    world: World
    clock: Clock = field(default_factory=Clock)
    unseen: frozenset[str] = frozenset()
    events: list[Event] = field(default_factory=list)
    _numbers: Numbers = field(default_factory=Numbers)
    _exchange: int = 0

    def __call__(self, request: Request) -> Response:
        if request.host in self.unseen:
            return self.world[request.host](request)
        self._exchange += 1
        number = self._exchange
        self.clock.sleep(0.002)
        self._requested(request, number)
        answerer = self.world.get(request.host)
        if answerer is None:
            self.events.append(
                Failed(time=self.clock(), exchange=number, reason="[Errno -2] Name or service not known")
            )
            raise NoAnswerError(f"dial tcp: lookup {request.host}: no such host")
        try:
            response = answerer(request)
        except NoAnswerError:
            # What mitmproxy says of a flow that the playing addon ended.
            self.events.append(Failed(time=self.clock(), exchange=number, reason="Connection killed."))
            raise
        self._answered(request, response, number)
        return response

    def _requested(self, request: Request, number: int) -> None:
        scheme, _, secret = (request.headers.get("Authorization") or "none").partition(" ")
        referer = request.headers.get("Referer")
        self.events.append(
            Requested(
                time=self.clock(),
                exchange=number,
                connection=None,
                client="10.0.0.1",
                method=request.method,
                url=redact_url(request.url),
                url_id=self._numbers.number("url", request.url),
                referer_id=self._numbers.number("url", referer) if referer else None,
                http_version="HTTP/1.1",
                headers=redact_headers(request.headers),
                authorization=scheme.lower(),
                credential=self._numbers.number("token", secret) if scheme == "Bearer" else None,
            )
        )

    def _answered(self, request: Request, response: Response, number: int) -> None:
        location = response.headers.get("Location")
        absolute = urljoin(request.url, location) if location else None
        self.clock.sleep(0.004)
        self.events.append(
            Responded(
                time=self.clock(),
                exchange=number,
                status=response.status,
                headers=redact_headers(response.headers),
                location=redact_location(absolute) if absolute else None,
                location_id=self._numbers.number("url", absolute) if absolute else None,
                answered_by=None,
            )
        )
        self.clock.sleep(0.004)
        answer = read_token_answer(response.body)
        is_document = response.status >= 400 or b"{" in response.body[:1] or b"<" in response.body[:1]
        self.events.append(
            Finished(
                time=self.clock(),
                exchange=number,
                bytes=len(response.body),
                sha256=hashlib.sha256(response.body).hexdigest(),
                document=redact_document(response.body.decode("utf-8", "replace"))
                if is_document and response.body and len(response.body) <= 4 * 1024 * 1024
                else None,
                issued=self._numbers.number("token", answer.token) if answer is not None else None,
            )
        )


def traced(events: list[Event]) -> Trace:
    """The trace of events after which nothing comes."""
    trace = Trace()
    for event in events:
        trace.feed(event)
    trace.finish()
    return trace


def played(
    client: Steps[Outcome], make_world: Callable[[Clock], World], *, unseen: frozenset[str] = frozenset()
) -> tuple[Outcome, Trace]:
    """A client's pull of what a world holds: how the client sees it, and how the trace does."""
    clock = Clock()
    proxy = Proxy(make_world(clock), clock, unseen)
    outcome = run_in_turns(client, proxy)
    return outcome, traced(proxy.events)
