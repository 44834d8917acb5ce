"""Numbers as people read them, and wire strings as text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullscope.render.plain import count, duration, part_of, plain, size


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "? B"),
        (0, "0 B"),
        (607, "607 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (40_214, "40.2 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (1_100_000_000, "1.1 GB"),
        (10**18, "1000000.0 TB"),
    ],
)
def test_size(number: int | None, text: str) -> None:
    """Powers of a thousand, one digit after the point."""
    assert size(number) == text


@pytest.mark.parametrize(
    ("some", "whole", "text"),
    [(20_063, 40_126, "20.1 of 40.1 kB"), (0, 7, "0 of 7 B"), (900, 40_126, "900 B of 40.1 kB")],
)
def test_part_of(some: int, whole: int, text: str) -> None:
    """A unit is written once where it is the same."""
    assert part_of(some, whole) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.0, "0 ms"),
        (0.0521, "52 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (12.34, "12.3 s"),
        (99.94, "99.9 s"),
        (99.96, "1 min 40 s"),
        (123.0, "2 min 03 s"),
        (3599.7, "60 min 00 s"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    """As fine as it matters."""
    assert duration(seconds) == text


def test_count() -> None:
    """One request, two requests."""
    assert (count(1, "request"), count(2, "request"), count(0, "layer")) == ("1 request", "2 requests", "0 layers")


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
