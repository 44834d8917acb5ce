"""Strings of others, from the wire or a file, as plain text, in what a terminal of any kind may be given.

Strings from the wire may hold escape codes, newlines or marks that turn the writing direction; here they become visible
text. Every renderer passes them through `plain` before anything else.
"""

from __future__ import annotations


def plain(text: str, most: int | None = 200) -> str:
    """The text with everything that is not a printable character written out, and cut at `most` characters, if any."""
    if most is not None and len(text) > most:
        text = text[: most - 2] + ".."
    if text.isprintable():
        return text
    return "".join(
        # Not printable: controls, formats, surrogates, what is unassigned, and every space but the one (str.isprintable).
        character if character.isprintable() else f"\\x{ord(character):02x}"
        for character in text
    )
