"""A table of words is read as it is meant: rows, their fields, and what belongs to none."""

from __future__ import annotations

from pullscope.oci.text_table import rows

TABLE = """
one: The first
    says a word,
        and another
    # not a field
    also this
two-more: The second
"""


def test_a_field_goes_on_in_further_lines() -> None:
    """A row may have no field; a comment is no part of any."""
    assert list(rows(TABLE)) == [
        ("one", "The first", {"says": "a word, and another", "also": "this"}),
        ("two-more", "The second", {}),
    ]


def test_an_item_of_a_list_stays_a_line() -> None:
    """Its own further lines go on with it."""
    [(_, _, fields)] = rows("one: The first\n    says these:\n        - a\n        b\n        - c\n    also this\n")
    assert fields == {"says": "these:\n- a b\n- c", "also": "this"}
