"""What holds of every trace, whatever was said: random conversations of several clients, cut anywhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.trace.images import DIALECTS, Image, digest
from tests.trace.wire import HUB, Wire, merged

from pullscope.trace.events import Event, Requested
from pullscope.trace.model import Ending, Pull
from pullscope.trace.trace import Trace

IMAGES = [Image(), Image(repository="library/other", layers=("base", "other"))]
STATUSES = [401, 403, 404, 416, 429, 500, 503]


@st.composite
def clients(draw: st.DrawFn) -> list[Wire]:
    """Up to four clients, each with a pull in its dialect, and now and then a request that fails."""
    wires = []
    for number in range(draw(st.integers(1, 4))):
        play, agent = DIALECTS[draw(st.sampled_from(sorted(DIALECTS)))]
        address = f"10.0.0.{draw(st.integers(1, 2))}"
        wire = Wire(agent=agent, client=address, at=1000.0 + draw(st.integers(0, 2000)) / 1000)
        image = draw(st.sampled_from(IMAGES))
        for _ in range(draw(st.integers(0, 2))):
            wire.ask(
                draw(st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE"])),
                draw(
                    st.sampled_from([f"{HUB}/v2/", image.url("manifests", "gone"), image.url("blobs", digest("gone"))])
                ),
                draw(st.sampled_from(STATUSES)),
                connection=f"{number}" if draw(st.booleans()) else None,
            )
        play(wire, image, name=f"token {number if draw(st.booleans()) else 'shared'}")
        wires.append(wire)
    return wires


def fed(events: list[Event]) -> Trace:
    """The trace of these events, after which nothing comes."""
    trace = Trace()
    for event in events:
        trace.feed(event)
    trace.finish()
    return trace


def facts(pull: Pull) -> tuple[object, ...]:
    """What a pull is, without its place among others."""
    kinds = Counter((str(step.kind), str(step.outcome), step.digest) for step in pull.steps)
    codes = tuple(finding.code for finding in pull.findings)
    return (
        pull.client_key[0],
        pull.reference,
        str(pull.action),
        str(pull.outcome),
        tuple(sorted(kinds.items(), key=str)),
        codes,
    )


conversations = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@conversations
@given(wires=clients(), cut=st.floats(0.2, 1.0))
def test_each_exchange_is_in_one_operation_or_in_none(wires: list[Wire], cut: float) -> None:
    """Nothing is told twice, and nothing is lost."""
    events = merged(wires)
    events = events[: max(1, int(len(events) * cut))]
    trace = fed(events)
    told = Counter(hop.request.exchange for pull in trace.pulls for hop in pull.hops)
    told.update(hop.request.exchange for hop in trace.unattributed)
    asked = {event.exchange for event in events if isinstance(event, Requested)}
    assert set(told) <= asked
    assert max(told.values(), default=1) == 1
    assert all(pull.closed for pull in trace.pulls)


@conversations
@given(wires=clients())
def test_a_failed_operation_has_an_error_and_no_other_has_one(wires: list[Wire]) -> None:
    """No silent failure, and no error on what came to a good end."""
    for pull in fed(merged(wires)).pulls:
        errors = [finding for finding in pull.findings if finding.severity == "error"]
        assert bool(errors) or pull.outcome is not Ending.FAILED
        assert not errors or pull.outcome is not Ending.COMPLETE


@conversations
@given(wires=clients())
def test_the_order_of_equal_times_says_nothing(wires: list[Wire]) -> None:
    """Events of different clients at the same time may be fed in any order."""
    apart = [replace_client(wire, f"10.1.0.{number}") for number, wire in enumerate(wires)]
    events = [replace(event, time=round(event.time, 2)) for event in merged(apart)]
    shuffled = sorted(events, key=lambda event: (event.time, client_of(event, events)))
    other = sorted(events, key=lambda event: (event.time, [-part for part in client_of(event, events)]))
    assert sorted(map(facts, fed(shuffled).pulls), key=str) == sorted(map(facts, fed(other).pulls), key=str)


def replace_client(wire: Wire, address: str) -> Wire:
    """The same conversation from an address of its own."""
    moved = Wire(agent=wire.agent, client=address)
    moved.events = [replace(event, client=address) if isinstance(event, Requested) else event for event in wire.events]
    return moved


def client_of(event: Event, events: list[Event]) -> list[int]:
    """A number for the client of an event, to sort by; the order of one client's events stays."""
    exchange = getattr(event, "exchange", 0)
    first = next(each for each in events if isinstance(each, Requested) and each.exchange == exchange)
    return [int(part) for part in first.client.split(".")]
