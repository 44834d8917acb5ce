"""Tests of what is left on a flow."""

from __future__ import annotations

import pytest
from tests.make import exchange

from pullscope.mitm.flow_notes import SEEN, seen_of


def test_what_is_left_is_found_again() -> None:
    """It is kept in the metadata, which a flow file keeps too."""
    flow = exchange()
    seen_of(flow)["bytes"] = 7

    assert flow.metadata[SEEN] == {"bytes": 7}
    assert seen_of(flow) == {"bytes": 7}


@pytest.mark.parametrize("found", [None, [], "x", 5])
def test_what_is_none_of_ours_is_replaced(found: object) -> None:
    """A flow file may hold anything under our key."""
    flow = exchange()
    flow.metadata[SEEN] = found

    assert seen_of(flow) == {}
