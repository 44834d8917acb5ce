"""A pull in memory as events: a modelled client, a world, and what a proxy between them would have seen.

They pass the border, so that a rule meets what it will meet in a recording; time goes on by a hundredth of a
second for each exchange, and by as much as a world asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pullscope.oci.messages import Request, Response, World
from pullscope.trace.border import Border
from pullscope.trace.events import Event
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
    _border: Border = field(default_factory=Border)

    def __call__(self, request: Request) -> Response:
        if request.host in self.unseen:
            return self.world[request.host](request)
        self.clock.sleep(0.002)
        asked = self.clock()
        answerer = self.world.get(request.host)
        if answerer is None:
            self._saw(request, "[Errno -2] Name or service not known", asked)
            raise NoAnswerError(f"dial tcp: lookup {request.host}: no such host")
        try:
            response = answerer(request)
        except NoAnswerError:
            # What mitmproxy says of a flow that the playing addon ended.
            self._saw(request, "Connection killed.", asked)
            raise
        self.clock.sleep(0.004)
        answered = self.clock()
        self.clock.sleep(0.004)
        self._saw(request, response, asked, answered)
        return response

    def _saw(self, request: Request, response: Response | str, asked: float, answered: float | None = None) -> None:
        ended = self.clock()
        self.events += self._border.whole(
            request, response, asked=asked, answered=answered or ended, ended=ended, client="10.0.0.1"
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
