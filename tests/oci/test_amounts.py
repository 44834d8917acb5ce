"""Sizes, times and counts as people read them."""

from __future__ import annotations

import pytest

from pullscope.oci.amounts import count, duration, part_of, period, size


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


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3, "3 s"), (119.4, "119 s"), (900, "15 min"), (3600, "1 h"), (5400, "1.5 h"), (21_600, "6 h")],
)
def test_period(seconds: float, text: str) -> None:
    """A wait or a limit in the unit in which it is spoken of."""
    assert period(seconds) == text


def test_count() -> None:
    """One request, two requests."""
    assert (count(1, "request"), count(2, "request"), count(0, "layer")) == ("1 request", "2 requests", "0 layers")
