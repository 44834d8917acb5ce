"""Wire strings as text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullscope.oci.plain import plain


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nginx", "nginx"),
        ("größe", "größe"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\r", "a\\x0ab\\x0d"),
        ("\u202egnp.exe", "\\x202egnp.exe"),
        ("\u2028", "\\x2028"),
        ("\ud800", "\\xd800"),
        ("[bold]x[/]", "[bold]x[/]"),
    ],
)
def test_plain(text: str, told: str) -> None:
    """What would steer a terminal is written out."""
    assert plain(text) == told


@settings(max_examples=60, deadline=None)
@given(st.text(), st.integers(min_value=2, max_value=50))
def test_plain_is_printable(text: str, most: int) -> None:
    """Whatever comes in, what goes out can be printed on one line."""
    told = plain(text, most)
    assert told.isprintable() or " " in told or told.replace("\xa0", "").replace("\u3000", "").isprintable()
    assert not {"\n", "\r", "\x1b", "\u202e"} & set(told)
    told.encode()
