"""Tables that are mostly words, written as text.

A row begins at the left; below it stand its lines, four spaces in. What is eight spaces in goes on with the line before it, and
what begins with a bar goes on with it without a space, as a pattern does. What is eight spaces in and begins with `- ` is an item
of a list: it goes on with the line before it, after a line break. A line that begins with `#` is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator


def heads(table: str) -> Iterator[tuple[str, list[str]]]:
    """What stands at the left of each row, and the lines below it."""
    text = re.sub(r"\n +\|", "|", re.sub(r"^ *#.*\n", "", table, flags=re.MULTILINE))
    for head, lines in re.findall(r"^(\S.*)\n((?: {4}.+\n)*)", re.sub(r"\n {8}(?!- )", " ", text), re.MULTILINE):
        yield head, [re.sub(r"\n +", "\n", line) for line in re.split(r"\n {4}(?! )", lines.strip()) if line]


def rows(table: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Key, name and fields of each row: `KEY: NAME`, and below it a word and what follows it."""
    for head, lines in heads(table):
        key, _, name = head.partition(": ")
        yield key, name, {word: text for word, _, text in (line.partition(" ") for line in lines)}
