"""Tests of the two drivers: what they promise to a model, in memory and with threads alike."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from pullscope.oci.messages import Request, Response
from pullscope.worlds.clients.drive import pull, run_in_turns, run_with_threads
from pullscope.worlds.clients.steps import NoAnswerError, Outcome, Steps, ask, together

Run = Callable[..., Any]
both = pytest.mark.parametrize("run", [run_in_turns, run_with_threads])


def get(name: str) -> Request:
    return Request(method="GET", url=f"https://h.example/{name}")


def echo(request: Request) -> Response:
    return Response(status=200, body=request.url.rpartition("/")[2].encode())


def fetch(*names: str) -> Steps[str]:
    parts = []
    for name in names:
        response = yield from ask(get(name))
        parts.append(response.body.decode())
    return "".join(parts)


@both
def test_results_come_in_the_order_of_the_tasks(run: Run) -> None:
    """Whatever ends first."""

    def client() -> Steps[tuple[str, ...]]:
        return (yield from together(fetch("a", "b", "c"), fetch("d"), fetch(), limit=2))

    assert run(client(), echo) == ("abc", "d", "")


@both
def test_nothing_at_once_is_nothing(run: Run) -> None:
    """No tasks, no results, and the client goes on."""

    def client() -> Steps[int]:
        return len((yield from together(limit=3)))

    assert run(client(), echo) == 0


@both
def test_no_answer_is_raised_where_it_was_asked_for(run: Run) -> None:
    """A model can catch it and go on."""

    def refuse(_request: Request) -> Response:
        raise NoAnswerError("gone")

    def client() -> Steps[str]:
        try:
            yield from ask(get("a"))
        except NoAnswerError as error:
            return error.reason
        return "answered"

    assert run(client(), refuse) == "gone"


@both
def test_the_first_failure_ends_the_others(run: Run) -> None:
    """A task's exception reaches the model; tasks that had not begun never do."""
    begun: list[str] = []

    def task(name: str) -> Steps[None]:
        begun.append(name)
        yield from ask(get(name))
        raise ValueError(name)

    def client() -> Steps[str]:
        try:
            yield from together(task("a"), task("b"), task("c"), limit=1)
        except ValueError as error:
            return str(error)
        return "none"

    assert run(client(), echo) == "a"
    assert begun == ["a"]


@both
def test_tasks_may_have_tasks(run: Run) -> None:
    """Together within together."""

    def inner(name: str) -> Steps[str]:
        return "".join((yield from together(fetch(name), fetch(name), limit=2)))

    def client() -> Steps[str]:
        return "-".join((yield from together(inner("a"), inner("b"), limit=2)))

    assert run(client(), echo) == "aa-bb"


@both
def test_never_more_at_once_than_the_limit(run: Run) -> None:
    """Four tasks of two requests under a limit of two: never three under way."""
    lock, running, most = threading.Lock(), set[str](), 0

    def task(name: str) -> Steps[None]:
        nonlocal most
        with lock:
            running.add(name)
            most = max(most, len(running))
        yield from fetch(name, name)
        with lock:
            running.remove(name)

    def client() -> Steps[None]:
        yield from together(*(task(name) for name in "abcd"), limit=2)

    run(client(), echo)
    assert 1 <= most <= 2


def test_threads_run_side_by_side() -> None:
    """Two requests that wait for each other are both answered."""
    meeting = threading.Barrier(2, timeout=10)

    def meet(request: Request) -> Response:
        meeting.wait()
        return echo(request)

    def client() -> Steps[tuple[str, ...]]:
        return (yield from together(fetch("a"), fetch("b"), limit=2))

    assert run_with_threads(client(), meet) == ("a", "b")


def test_turns_interleave_what_runs_side_by_side() -> None:
    """One request each in turn, the same every time."""
    seen: list[str] = []

    def note(request: Request) -> Response:
        seen.append(request.url[-1])
        return echo(request)

    def client() -> Steps[None]:
        yield from together(fetch("a", "b"), fetch("c", "d"), fetch("e"), limit=2)

    run_in_turns(client(), note)
    assert seen == ["a", "c", "b", "d", "e"]


def test_threads_are_gone_afterwards() -> None:
    """Also when a task failed."""

    def fail() -> Steps[None]:
        yield from ask(get("a"))
        raise ValueError

    def client() -> Steps[None]:
        yield from together(fetch("b"), fail(), limit=2)

    before = threading.active_count()
    with pytest.raises(ValueError):  # noqa: PT011 - it is the test's own
        run_with_threads(client(), echo)
    assert threading.active_count() == before


def test_a_host_that_the_world_does_not_know_is_not_found() -> None:
    """The reason reads as Go's resolver says it."""

    def client() -> Steps[Outcome]:
        try:
            yield from ask(Request(method="GET", url="https://nowhere.example:5000/v2/"))
        except NoAnswerError as error:
            return Outcome(pulled=False, digest=None, message=error.reason)
        return Outcome(pulled=True, digest=None, message="")

    ran = pull(client(), {})
    assert ran.outcome.message == "dial tcp: lookup nowhere.example: no such host"
    assert ran.exchanges == ()
