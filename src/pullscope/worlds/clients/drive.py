"""Drives a client model: in memory against a world, in turns; or with threads against anything that answers.

Both keep the promise of `steps`: no two steps of a client at the same instant. Neither waits: a client's pauses
between retries are not played.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import count
from typing import cast

from pullscope.oci.messages import Request, Response, World
from pullscope.worlds.clients.steps import NoAnswerError, Outcome, Steps, T, Together

Answer = Callable[[Request], Response]
"""Raises `NoAnswerError` where there is none."""

Clock = Callable[[], float]
"""Seconds since the epoch."""

_BEGIN, _TICK = 1795424400.0, 0.005
"""Where time begins in memory, and how far it goes on with each look at the clock."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A request and its result: an answer, or why there was none."""

    request: Request
    answer: Response | str
    asked: float
    answered: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """What came of a client's run, and everything it asked, in the order of asking."""

    outcome: Outcome
    seen: tuple[Exchange, ...]

    @property
    def exchanges(self) -> tuple[tuple[Request, Response], ...]:
        """What was asked and answered."""
        return tuple((one.request, one.answer) for one in self.seen if isinstance(one.answer, Response))


@dataclass(kw_only=True)
class Observer:
    """Stands between a client and what answers, and keeps every exchange. May be called from several threads."""

    answer: Answer
    clock: Clock
    _seen: dict[int, Exchange] = field(default_factory=dict)
    _asked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Response:
        with self._lock:
            self._asked += 1
            number, asked = self._asked, self.clock()
        try:
            response = self.answer(request)
        except NoAnswerError as failed:
            self._keep(number, request, failed.reason, asked)
            raise
        self._keep(number, request, response, asked)
        return response

    def ran(self, outcome: Outcome) -> Ran:
        """The client's run, now that it has ended so."""
        with self._lock:
            return Ran(outcome=outcome, seen=tuple(self._seen[number] for number in sorted(self._seen)))

    def _keep(self, number: int, request: Request, answer: Response | str, asked: float) -> None:
        with self._lock:
            self._seen[number] = Exchange(request=request, answer=answer, asked=asked, answered=self.clock())


def pull(client: Steps[Outcome], world: World) -> Ran:
    """Run `client` against `world`; a host that the world does not know gives no answer."""

    def answer(request: Request) -> Response:
        answerer = world.get(request.host)
        if answerer is None:
            host = request.host.partition(":")[0]
            raise NoAnswerError(f"dial tcp: lookup {host}: no such host")
        return answerer(request)

    # The same every time: it goes on a little whenever it is looked at.
    observer = Observer(answer=answer, clock=count(_BEGIN + _TICK, _TICK).__next__)
    return observer.ran(run_in_turns(client, observer))


def run_in_turns(client: Steps[T], answer: Answer) -> T:
    """Tasks that run side by side take turns, one request each, so that a run is the same every time."""
    root = _Task(client, None)
    ready: deque[tuple[_Task, object]] = deque([(root, None)])
    """Whose turn it is, and what the task is sent: a result, an exception, or what comes of a request."""
    while ready:
        task, sent = ready.popleft()
        if task.closed:
            continue
        if isinstance(sent, Request):
            try:
                sent = answer(sent)
            except NoAnswerError as failed:
                sent = failed
        try:
            asked = task.steps.throw(sent) if isinstance(sent, Exception) else task.steps.send(sent)
        except StopIteration as stop:
            ready += task.ended(stop.value)
        except Exception as error:
            ready += task.ended(error)
        else:
            ready += [(task, asked)] if isinstance(asked, Request) else task.fanned_out(asked)
    if isinstance(root.result, Exception):
        raise root.result
    return cast("T", root.result)


class _Task:
    """A generator in the midst of its work, and whom it reports to. What is returned is whose turns come next."""

    def __init__(self, steps: Steps[object], parent: _Task | None) -> None:
        self.steps = steps
        self._parent = parent
        self._children: list[_Task] = []
        self._waiting: deque[_Task] = deque()
        self.closed = False
        self.result: object = None
        """An exception where it ended with one."""

    def fanned_out(self, asked: Together) -> list[tuple[_Task, object]]:
        self._children = [_Task(steps, self) for steps in asked.tasks]
        self._waiting = deque(self._children[asked.limit :])
        return [(child, None) for child in self._children[: asked.limit]] or [(self, ())]

    def ended(self, result: object) -> list[tuple[_Task, object]]:
        self.closed, self.result = True, result
        return [] if self._parent is None else self._parent.child_ended(result)

    def child_ended(self, result: object) -> list[tuple[_Task, object]]:
        if isinstance(result, Exception):
            self.close_children()
            return [(self, result)]
        if all(child.closed for child in self._children):
            return [(self, tuple(child.result for child in self._children))]
        return [(self._waiting.popleft(), None)] if self._waiting else []

    def close_children(self) -> None:
        """End what still runs below this, without a word to it."""
        for child in self._children:
            if not child.closed:
                child.closed = True
                child.close_children()
                child.steps.close()


def run_with_threads(client: Steps[T], answer: Answer) -> T:
    """Tasks that run side by side have a thread each; `answer` is called from all of them."""
    turn = threading.Lock()

    def run(steps: Steps[object]) -> object:
        value: object = None
        raised: BaseException | None = None
        while True:
            with turn:
                try:
                    asked = steps.send(value) if raised is None else steps.throw(raised)
                except StopIteration as stop:
                    return stop.value
            value, raised = None, None
            try:
                value = answer(asked) if isinstance(asked, Request) else run_all(asked)
            except Exception as error:
                raised = error

    def run_all(asked: Together) -> tuple[object, ...]:
        failed = threading.Event()

        def run_unless_failed(steps: Steps[object]) -> object:
            if failed.is_set():
                steps.close()
                return None
            try:
                return run(steps)
            except BaseException:
                failed.set()
                raise

        with ThreadPoolExecutor(max_workers=asked.limit, thread_name_prefix="pullscope-pull") as pool:
            futures = [pool.submit(run_unless_failed, steps) for steps in asked.tasks]
            try:
                ended, _ = wait(futures, return_when=FIRST_EXCEPTION)
                for future in ended:
                    future.result()
                return tuple(future.result() for future in futures)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    return cast("T", run(client))
