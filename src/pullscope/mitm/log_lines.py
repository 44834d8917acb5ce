"""Lends mitmdump's own output to a view that redraws the terminal, and gives it back.

mitmdump's log and its flow lines keep the stdout that they were made with (mitmproxy 11 and 12: `TermLogHandler.file`,
`Dumper.outfp`), so whoever moves the cursor has to take these two over, or they are printed across the table.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from mitmproxy import ctx

HOLDERS = (("termlog", "logger.file"), ("dumper", "outfp"))
"""Addon, and where it keeps its file."""


class Lines(io.TextIOBase):
    """A text file that hands on every whole line."""

    def __init__(self, emit: Callable[[str], None]) -> None:
        super().__init__()
        self._emit = emit
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._emit(line)
        return len(text)


class BorrowedOutput:
    """`give_back` makes mitmdump print to its own file again."""

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._owners: list[tuple[Any, str, Any]] = []
        lines = Lines(emit)
        for name, path in HOLDERS:
            owner: Any = ctx.master.addons.get(name)
            *way, last = path.split(".")
            for part in way:
                owner = getattr(owner, part, None)
            if owner is not None and hasattr(owner, last):
                self._owners.append((owner, last, getattr(owner, last)))
                setattr(owner, last, lines)

    def give_back(self) -> None:
        """Undo; may be called twice."""
        while self._owners:
            owner, name, file = self._owners.pop()
            setattr(owner, name, file)
