"""Spans in lanes."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pullscope.render.exports.lanes import lanes

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
