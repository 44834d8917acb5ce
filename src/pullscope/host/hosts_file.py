"""/etc/hosts as text: one marked block of ours goes in at the end and comes out again."""

from __future__ import annotations

import re
from collections.abc import Mapping

BEGIN = "# pullscope begin: `pullscope docker off` removes this block"
END = "# pullscope end"


def add_block(content: bytes, names: Mapping[str, str]) -> bytes:
    """`content` with a block that sends each name to its address, in place of a block that was there."""
    clean = remove_block(content)
    newline = b"" if not clean or clean.endswith(b"\n") else b"\n"
    lines = [BEGIN, *(f"{address} {name}" for name, address in names.items()), END]
    return clean + newline + "".join(f"{line}\n" for line in lines).encode()


def remove_block(content: bytes) -> bytes:
    """`content` without our block, the last one; all of it where there is none, or where its end was lost."""
    lines = re.findall(rb"[^\n]*\n|[^\n]+", content)  # a lone carriage return ends none
    marks = [line.strip() for line in lines]
    last = max((place for place, mark in enumerate(marks) if mark == END.encode()), default=0)
    first = max((place for place, mark in enumerate(marks[:last]) if mark == BEGIN.encode()), default=None)
    return content if first is None else b"".join(lines[:first] + lines[last + 1 :])


def ours(content: bytes) -> dict[str, str]:
    """What our block says."""
    return entries(content.partition(BEGIN.encode())[2].partition(END.encode())[0])


def entries(content: bytes) -> dict[str, str]:
    """Which address the file gives to each name, the first line wins as in the resolver."""
    found: dict[str, str] = {}
    for line in content.decode("utf-8", "replace").split("\n"):  # U+2028 ends no line
        words = line.partition("#")[0].split()
        for name in words[1:]:
            found.setdefault(name.lower(), words[0])
    return found
