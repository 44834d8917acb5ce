"""Tables that are mostly words, written as text: a row begins at the left with its key and name, and its fields stand below it.

A field is a word and what follows it, four spaces in; its further lines are eight spaces in. A line that begins with `#` is left
out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator


def rows(table: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Key, name and fields of each row."""
    text = re.sub(r"\n {8}", " ", re.sub(r"^ *#.*\n", "", table, flags=re.MULTILINE))
    for key, name, lines in re.findall(r"^([\w-]+): (.+)\n((?: {4}.+\n)*)", text, re.MULTILINE):
        yield key, name, dict(line.split(" ", 1) for line in lines.strip().split("\n    ") if line)
