"""Numbers and wire strings as plain text: sizes, times, names, in what a terminal of any kind may be given.

Strings from the wire may hold escape codes, newlines or marks that turn the writing direction; here they become visible
text. Every renderer passes them through `plain` before anything else.
"""

from __future__ import annotations


def plain(text: str, most: int = 200) -> str:
    """The text with everything that is no printable character written out, and cut at `most` characters."""
    if len(text) > most:
        text = text[: most - 2] + ".."
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        # Not printable: controls, formats, surrogates, what is unassigned, and every space but the one (str.isprintable).
        character if character.isprintable() else f"\\x{ord(character):02x}"
        for character in text
    )


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
    """Seconds as a person reads them: 52 ms, 1.2 s, 2 min 03 s."""
    if seconds is None:
        return ""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def count(number: int, noun: str) -> str:
    """`1 request`, `2 requests`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
