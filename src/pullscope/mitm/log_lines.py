"""Lends mitmdump's own output to a view that redraws the terminal, and gives it back.

mitmdump's log and its flow lines keep the stdout that they were made with (mitmproxy 11 and 12: `TermLogHandler.file`,
`Dumper.outfp`), so a view that moves the cursor has to redirect these two, or they print across the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mitmproxy import ctx

from pullscope.mitm.safety import printing_to

HOLDERS = (("termlog", "logger.file"), ("dumper", "outfp"))
"""Addon, and where it keeps its file."""


class Lines:
    """Hands on every whole line of what is printed."""

    def __init__(self, emit: Callable[[str], None]) -> None:
        self._emit = emit
        self._rest = ""

    def write(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._emit(line)


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
                file = getattr(owner, last)
                self._owners.append((owner, last, file))
                setattr(owner, last, printing_to(lines.write, file))

    def give_back(self) -> None:
        """Undo; may be called twice."""
        while self._owners:
            owner, name, file = self._owners.pop()
            setattr(owner, name, file)
