"""The open steps of an operation are found by what they name, and only for as long as they are open."""

from __future__ import annotations

from tests.trace.wire import Wire, played

from pullscope.trace.model import Step
from pullscope.trace.open_steps import OpenSteps

BLOB = "sha256:" + "a" * 64


def steps() -> list[Step]:
    """A version check, and two requests for one blob by two clients."""
    wires = [Wire(client=address) for address in ("10.0.0.1", "10.0.0.2")]
    wires[0].ask("GET", "https://registry.example.com/v2/")
    for wire in wires:
        wire.ask("GET", f"https://registry.example.com/v2/team/app/blobs/{BLOB}")
    return [step for pull in played(*wires).pulls for step in pull.steps]


def test_steps_are_found_by_what_they_name() -> None:
    """What names nothing is found by that."""
    ping, one, other = sorted(steps(), key=lambda step: step.route.named or "")
    found = OpenSteps()
    for step in (one, ping, other):
        found.add(step)
    assert list(found) == [one, ping, other]
    assert list(found.of(BLOB)) == [one, other]
    assert list(found.of(None)) == [ping]
    assert not found.of("latest")


def test_what_is_over_is_found_no_more() -> None:
    """And is not taken away twice."""
    _, one, other = sorted(steps(), key=lambda step: step.route.named or "")
    found = OpenSteps()
    found.add(one)
    found.add(other)
    assert found.discard(one)
    assert not found.discard(one)
    assert list(found.of(BLOB)) == list(found) == [other]
    assert found.discard(other)
    assert not found
    assert not found.of(BLOB)
