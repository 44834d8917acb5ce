"""Chrome trace events: what overlaps on one thread is not drawn right, so nothing may."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.render.samples import TRACES, recorded, told

from pullscope.render.exports.perfetto import lanes, perfetto


def complete(trace: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = perfetto(told(TRACES[trace]()))["traceEvents"]
    return [event for event in events if event["ph"] == "X"]


@pytest.mark.parametrize("trace", TRACES)
def test_events_nest(trace: str) -> None:
    """On each thread every event lies wholly within the one before it that has not ended, or after it."""
    for _, thread in groupby(
        sorted(complete(trace), key=lambda one: (one["pid"], one["tid"], one["ts"], -one["dur"])),
        key=lambda one: (one["pid"], one["tid"]),
    ):
        open_until: list[int] = []
        for event in thread:
            start, end = event["ts"], event["ts"] + event["dur"]
            while open_until and open_until[-1] <= start:
                open_until.pop()
            assert not open_until or end <= open_until[-1], event["name"]
            open_until.append(end)


@pytest.mark.parametrize("trace", TRACES)
def test_every_hop_is_on_its_connection(trace: str) -> None:
    """The connection threads together hold each hop once."""
    hops = sum(len(pull.hops) for pull in TRACES[trace]().pulls)
    drawn = [event for event in complete(trace) if event["cat"] == "hop" and event["tid"] > 100]

    assert len(drawn) == hops


def test_findings_are_instants() -> None:
    """What went wrong is marked at the time of its step."""
    events = perfetto(told(recorded("skopeo-1.9-vanity-302")))["traceEvents"]

    assert "error: authorization-dropped" in [event["name"] for event in events if event["ph"] == "i"]


spans = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)).map(lambda one: (one[0], one[0] + one[1], one)))


@given(spans)
def test_no_lane_overlaps_and_none_is_lost(made: list[tuple[int, int, tuple[int, int]]]) -> None:
    """Every span is in one lane, after the end of the one before it."""
    found = lanes(made)

    assert sorted(span for lane in found for span in lane) == sorted(made)
    assert all(one[1] <= other[0] for lane in found for one, other in pairwise(lane))


@given(spans)
def test_there_are_no_more_lanes_than_it_takes(made: list[tuple[int, int, tuple[int, int]]]) -> None:
    """As many as spans were under way at once."""
    at_once = max((sum(start <= moment < end for start, end, _ in made) for moment, _, _ in made), default=0)

    assert len(lanes(made)) == at_once
