"""What a source cannot show silences the codes that would speak of it, and no other."""

from __future__ import annotations

from pullscope.trace.findings.table import ROWS
from pullscope.trace.source_gaps import AT_A_MIRROR, GAPS, MIRROR, SILENCED, said, silenced


def test_what_is_silenced_is_a_code() -> None:
    """Every code that a gap silences exists, and every gap has words."""
    assert set().union(*SILENCED.values()) <= set(ROWS)
    assert set(SILENCED) <= set(GAPS)
    assert set(ROWS) >= AT_A_MIRROR
    assert said(MIRROR) == ""  # it is not a log


def test_nothing_is_silenced_without_a_gap() -> None:
    """A recording of a proxy lacks nothing; a word that is not known silences nothing."""
    assert silenced([None, ""]) == frozenset()
    assert silenced(["proxy nonsense"]) == frozenset()
    assert silenced(["tokens", None]) == SILENCED["tokens"]


def test_a_sentence_names_the_gaps() -> None:
    """Only gaps that matter to a reader are named; where there is none, nothing is said."""
    assert said("proxy") == ""
    assert said("proxy durations bodies") == "this was made from a log that does not show: durations, bodies."
