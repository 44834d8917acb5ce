"""Sizes, times and counts as people read them: one way, in the story, the reports and the findings."""

from __future__ import annotations


def size(count: int | None) -> str:
    """Bytes as a person reads them: 607 B, 40.2 kB, 1.1 GB (powers of 1000)."""
    if count is None:
        return "? B"
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.95 or unit == "TB":
            return f"{value:.1f} {unit}"
    raise AssertionError("unreachable: TB takes every size")


def part_of(some: int, whole: int) -> str:
    """`20.1 of 40.1 kB`, or `900 B of 40.1 kB`."""
    (number, unit), total = size(some).split(" "), size(whole)
    return f"{number} of {total}" if total.endswith(f" {unit}") else f"{number} {unit} of {total}"


def duration(seconds: float | None) -> str:
    """A time that was measured: 52 ms, 1.2 s, 2 min 03 s."""
    if seconds is None:
        return ""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def period(seconds: float) -> str:
    """A time that is allowed, waited or over: 30 s, 15 min, 6 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h".replace(".0 h", " h")


def count(number: int, noun: str) -> str:
    """`1 request`, `2 requests`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
