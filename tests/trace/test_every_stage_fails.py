"""An error of ours in one operation is that operation's alone: each stage of the trace is made to raise for it, in turn.

Found by introspection, so that a new stage is tried too: a first run notes which functions and methods below `trace` are handed
something of one client's, and then each of these raises whenever it is, while the same conversation is told once more.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from types import FunctionType, ModuleType
from typing import Any

import pytest
from tests.trace.images import Image, containers_image, docker_classic
from tests.trace.wire import HUB, SKOPEO, Wire, merged

import pullscope.trace
from pullscope.trace.events import Event, Requested, TlsRefused
from pullscope.trace.findings.table import _say_once
from pullscope.trace.model import Change, Hop, Pull, Step
from pullscope.trace.trace import Trace

BROKEN = "10.0.0.66"
"""The client with whose operations everything goes wrong."""

MODULES: list[ModuleType] = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(pullscope.trace.__path__, "pullscope.trace.")
    if found.name.rpartition(".")[2] not in ("border", "recording")  # before the trace, or beside it
]
NETS = {"feed", "tick", "finish", "_alone", "_deadline", "_give_up", "_advance", "_raise"}
"""What catches, or holds all operations at once: no stage."""


@dataclass(frozen=True)
class Stage:
    name: str
    owner: Any = field(repr=False)
    key: str
    function: FunctionType = field(repr=False)


def stages() -> Iterator[Stage]:
    """Every function and method that is written below `trace`."""
    for module in MODULES:
        for key, value in vars(module).items():
            if isinstance(value, FunctionType) and value.__module__ == module.__name__ and key not in NETS:
                yield Stage(f"{module.__name__}.{key}", module, key, value)
            if inspect.isclass(value) and value.__module__ == module.__name__:
                for name, member in vars(value).items():
                    if isinstance(member, FunctionType) and not name.startswith("__") and name not in NETS:
                        yield Stage(f"{module.__name__}.{key}.{name}", value, name, member)


def conversation() -> list[Event]:
    """Two clients that pull and look, one whose operations break, and time enough for all to end."""
    wires = []
    for number, client in enumerate((BROKEN, "10.0.0.1", BROKEN, "10.0.0.2")):
        wire = Wire(client=client, at=1000.0 + number / 100)
        docker_classic(wire, Image(repository=f"library/app-{number}"))
        wires.append(wire)
        other = Wire(client=client, agent=SKOPEO, at=1001.0 + number / 100)
        containers_image(other, Image(repository=f"library/look-{number}"))
        other.ask("GET", f"{HUB}/v2/library/gone-{number}/manifests/latest", 404, body='{"errors":[]}')
        wires.append(other)
    late = Wire(client="10.0.0.3", at=1300.0)
    late.ask("HEAD", f"{HUB}/v2/library/late/manifests/latest")
    return merged([*wires, late])


def is_of_the_broken(value: object, exchanges: set[int]) -> bool:
    """Whether this is something of that client's."""
    match value:
        case Pull():
            return value.client_key[0] == BROKEN
        case Step():
            return any(hop.request.client == BROKEN for hop in value.hops)
        case Hop():
            return value.request.client == BROKEN
        case Requested() | TlsRefused():
            return value.client == BROKEN
        case _:
            return getattr(value, "exchange", None) in exchanges


def told(changes: list[Change]) -> list[tuple[object, ...]]:
    """What is told of the other clients."""
    return [
        (one.what, one.pull.reference, one.pull.outcome, one.step and one.step.n, one.step and one.step.kind, one.time)
        for one in changes
        if one.pull is not None and one.pull.client_key[0] != BROKEN
    ]


def run(events: list[Event], errors: list[Exception] | None = None) -> list[tuple[object, ...]]:
    trace = Trace(on_error=errors.append) if errors is not None else Trace()
    changes = [change for event in events for change in trace.feed(event)]
    return told([*changes, *trace.tick(1305.0), *trace.finish()])


def replaced(monkeypatch: pytest.MonkeyPatch, stage: Stage, function: Callable[..., Any]) -> None:
    monkeypatch.setattr(stage.owner, stage.key, function)
    for module in MODULES if inspect.ismodule(stage.owner) else ():
        for key, value in list(vars(module).items()):
            if value is stage.function:
                monkeypatch.setattr(module, key, function)


def test_no_stage_that_fails_for_one_operation_touches_another(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever raises for one client, every other client's story is told as without it; and the error is said."""
    events = conversation()
    exchanges = {one.exchange for one in events if isinstance(one, Requested) and one.client == BROKEN}
    expected = run(events)
    reached: set[str] = set()

    def standing_in(stage: Stage, *, fails: bool) -> Callable[..., Any]:
        @wraps(stage.function)
        def stand_in(*args: Any, **kwargs: Any) -> Any:
            if any(is_of_the_broken(value, exchanges) for value in (*args, *kwargs.values())):
                reached.add(stage.name)
                if fails:
                    raise RuntimeError(stage.name)
            return stage.function(*args, **kwargs)

        return stand_in

    with pytest.MonkeyPatch.context() as patch:
        for stage in stages():
            replaced(patch, stage, standing_in(stage, fails=False))
        assert run(events) == expected
    problems = []
    for stage in [stage for stage in stages() if stage.name in reached]:
        errors: list[Exception] = []
        caplog.clear()
        _say_once.cache_clear()
        with pytest.MonkeyPatch.context() as patch:
            replaced(patch, stage, standing_in(stage, fails=True))
            try:
                if run(events, errors) != expected:
                    problems.append(f"{stage.name}: another's story is told otherwise")
            except RuntimeError as error:
                problems.append(f"{stage.name}: raised {error}")
        if not errors and not caplog.messages:  # a rule of the findings has a net of its own
            problems.append(f"{stage.name}: no finding")
    assert not problems, "\n".join(problems)
    assert len(expected) > 20
    assert len(reached) > 100, sorted(reached)


def test_an_error_in_one_event_leaves_nothing_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step whose end broke half-way was due for ever, and the trace never came back from the clock."""
    from pullscope.trace import settle

    def half(step: Step, *_: object, **__: object) -> None:
        step.settled = True
        raise RuntimeError

    wire = Wire(client="10.0.0.1")
    wire.ask("GET", f"{HUB}/v2/library/app/manifests/latest", 404)
    errors: list[Exception] = []
    trace = Trace(on_error=errors.append)
    replaced(monkeypatch, Stage("settle", settle, "settle", settle.settle), half)  # type: ignore[arg-type]
    for event in wire.events:
        trace.feed(event)
    trace.tick(2000.0)

    assert errors
    assert trace.tick(3000.0) == trace.finish() == []
