"""Tests of the tables of causes: which row fits, and how they are written."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from pullscope.trace.findings import challenges, rejected, unasked
from pullscope.trace.findings.causes import Cause, cause_of, causes

TABLE = causes(
    """
# The first row has a fact that must not be there.
old !taken: <it> is old,
        and was never taken.
    get another
old: <it> is old.
    get another,
    from {one.by}
: <it> is refused.
    ask {one.by}
""",
    it="the token of {one.by}",
)


@pytest.mark.parametrize(
    ("old", "taken", "said"),
    [
        (True, False, ("the token of a is old, and was never taken.", "get another")),
        (True, True, ("the token of a is old.", "get another, from a")),
        (False, False, ("the token of a is refused.", "ask a")),
    ],
)
def test_the_first_row_that_fits_is_told(old: bool, taken: bool, said: tuple[str, str]) -> None:
    """A fact with a bar before it must not be there; a row without facts fits always."""
    assert cause_of(SimpleNamespace(old=old, taken=taken, by="a"), TABLE) == said


@pytest.mark.parametrize("table", [unasked.UNASKED, challenges.FAILED, rejected.REJECTED])
def test_a_table_of_the_rules_is_whole(table: tuple[Cause, ...]) -> None:
    """Its last row fits always, its fixes are imperatives, and no shared words are left out."""
    assert table[-1].facts == ()
    for row in table:
        assert re.match(r"[a-z{]", row.fix), row
        assert "<" not in row.said + row.fix, row
