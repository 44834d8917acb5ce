"""Tables that are mostly words, written as text.

A row begins at the left with its key and a name, if it has one (`KEY: NAME`). Below it stand its fields, four spaces in: a word
and what follows it; further lines of a field are eight spaces in. A line that begins with `#` is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator


def rows(table: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Key, name and fields of each row."""
    text = re.sub(r"\n {8}", " ", re.sub(r"^ *#.*\n", "", table, flags=re.MULTILINE))
    for key, name, lines in re.findall(r"^([\w-]+)(?:: (.+))?\n((?: {4}.+\n)*)", text, re.MULTILINE):
        yield key, name, dict(line.split(" ", 1) for line in lines.strip().split("\n    ") if line)
