"""Lines of a terminal: styled pieces, colour or none, and where a long text is broken. Standard library only."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator

WIDTH = 79
"""Columns of the longest line; eighty would wrap in some terminals."""

NARROWEST, WIDEST = 60, 200
"""Columns of a terminal that the story follows; beyond them it is wrapped by the terminal, or leaves room."""


def screen_width() -> int:
    """The columns to fill: those of the terminal (or of COLUMNS) but the last, in a pipe those of one of eighty."""
    return fitting(shutil.get_terminal_size((WIDTH + 1, 24)).columns)


def fitting(columns: int) -> int:
    """The columns to fill of so many."""
    return max(NARROWEST, min(columns, WIDEST)) - 1


STYLES = {"bold": "1", "dim": "2", "red": "1;31", "green": "32", "yellow": "33", "cyan": "36"}
"""Names of styles to SGR parameters (ECMA-48, 8.3.117)."""

Piece = tuple[str, str | None]

Line = list[Piece]


def paint(line: Line, *, color: bool) -> str:
    """The line as text, with terminal codes only where colour is wanted."""
    if not color:
        return "".join([text for text, _ in line]).rstrip()
    return "".join(
        f"\x1b[{STYLES[style]}m{text}\x1b[0m" if style and text.strip() else text for text, style in line
    ).rstrip()


def wrap(text: str, room: int, later: int | None = None) -> list[str]:
    """The text in lines of at most `room` columns, after the first of `later`; a longer word stays whole, to be copied."""
    widest = max(room, later or room)
    lines: list[str] = []
    line, here = "", room
    for word in text.split(" "):
        # A word that fits below is not begun beside the lead; one that fits nowhere may as well stand here.
        if (line or here < len(word) <= widest) and len(line) + 1 + len(word) > here:
            lines.append(line)
            line, here = word, later or room
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def shell_lines(lead: str, words: Iterable[str], width: int, *, hang: int = 2) -> list[str]:
    """A command behind its lead, in as many lines as it takes: each but the last ends in a backslash, to be pasted so."""
    room = width - len(lead) - 2
    rows = wrap(" ".join(word.replace(" ", "\0") for word in words), room, room - hang)
    return f" \\\n{' ' * (len(lead) + hang)}".join([lead + rows[0], *rows[1:]]).replace("\0", " ").split("\n")


def wrapped(line: Line, width: int) -> Iterator[Line]:
    """A lead and a text, whose later lines begin below its first."""
    lead, (text, style) = line[0], line[1]
    for number, part in enumerate(wrap(text, width - len(lead[0]))):
        yield [lead if number == 0 else (" " * len(lead[0]), None), (part, style)]
