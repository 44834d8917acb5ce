"""One address that several were told: who follows which redirect is decided by order, and mended by what comes later."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.trace.images import Image, digest
from tests.trace.wire import CDN, SKOPEO, Wire, merged, played

from pullscope.trace.events import Event, Requested
from pullscope.trace.model import Outcome, Pull

APP = Image()
BLOB = digest(APP.layers[0])
STORED = f"{CDN}/the/same/address"


def run(name: str, at: float) -> Wire:
    """A command that was told of a blob, on a connection of its own, and sent on to the address that all are given."""
    wire = Wire(agent=SKOPEO, at=at)
    wire.ask("GET", APP.url("manifests", APP.tag), body=APP.manifest(), connection=f"registry {name}")
    wire.ask("GET", APP.url("blobs", BLOB), 307, location=STORED, connection=f"registry {name}")
    return wire


def storage(wire: Wire, at: float, opened: float | None = None) -> None:
    """It asks the storage, on a connection of its own that was opened then."""
    wire.ask("GET", STORED, at=at, took=0.2, content=APP.layers[0], referer=APP.url("blobs", BLOB), connection=f"{at}")
    wire.events = [
        replace(event, connected=opened) if isinstance(event, Requested) and event.url == STORED else event
        for event in wire.events
    ]


def traced(*wires: Wire) -> list[Pull]:
    """The operations of several runs."""
    return played(*wires).pulls


def storages(pulls: list[Pull]) -> list[float]:
    """When each operation asked the storage."""
    return [hop.request.time for pull in pulls for hop in pull.hops if hop.request.url.startswith(CDN)]


@pytest.mark.parametrize(
    ("opened", "order"),
    [
        pytest.param((1000.03, 1000.04), [1000.10, 1000.09], id="earlier opened, later asked"),
        pytest.param((1000.05, 1000.04), [1000.09, 1000.10], id="later opened, later asked"),
    ],
)
def test_the_order_in_which_connections_were_opened_counts(opened: tuple[float, float], order: list[float]) -> None:
    """The first run was sent on first; its connection was opened first or not, and it asks second."""
    one, other = run("one", 1000.0), run("other", 1000.005)
    storage(one, 1000.10, opened[0])
    storage(other, 1000.09, opened[1])
    pulls = traced(one, other)
    assert storages(pulls) == order
    assert all(step.outcome is Outcome.OK for pull in pulls for step in pull.steps)


def test_without_times_the_order_of_the_requests_counts() -> None:
    """A recording that does not say when connections were opened: the oldest redirect is followed first."""
    one, other = run("one", 1000.0), run("other", 1000.005)
    storage(one, 1000.09)
    storage(other, 1000.10)
    assert storages(traced(one, other)) == [1000.09, 1000.10]


def test_each_exchange_is_still_in_one_place() -> None:
    """What was exchanged is neither lost nor told twice, and every hop knows its step."""
    one, other = run("one", 1000.0), run("other", 1000.005)
    storage(one, 1000.10, 1000.03)
    storage(other, 1000.09, 1000.04)
    pulls = traced(one, other)
    hops = [hop for pull in pulls for hop in pull.hops]
    events: list[Event] = merged([one, other])
    assert len(hops) == len({hop.request.exchange for hop in hops}) == sum(isinstance(e, Requested) for e in events)
    assert all(hop in hop.step.hops and hop.step.under_way == 0 for hop in hops)
