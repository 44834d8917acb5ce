"""What this room is handed: a view, words for flows, a report writer. Protocols only; `render` has what fits them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from pullscope.trace.model import Change, Hop
from pullscope.trace.trace import Trace


class View(Protocol):
    """Shows what changes."""

    def show(self, changes: Sequence[Change]) -> None: ...

    def tick(self, trace: Trace, now: float, arriving: Callable[[int], int]) -> None:
        """Time has passed; `arriving` gives the body bytes so far of an exchange that is under way."""

    def close(self) -> None: ...


Listener = Callable[[Sequence[Change]], None]
"""Is told what changes, beside the view; never waits."""


@runtime_checkable
class OwnsScreen(Protocol):
    """A view that redraws a part of the terminal: other code that prints there hands it the line."""

    def print_above(self, line: str) -> None: ...


class MakeView(Protocol):
    """Makes a view that writes whole lines with `write`."""

    def __call__(self, name: str, write: Callable[[str], None], *, verbose: bool) -> View | None: ...


Labels = Callable[[Hop], tuple[str, str]]
"""Comment and marker for a flow in mitmproxy's own windows; provisional while its step is not settled."""

Report = Callable[[Trace, str], str]
"""A trace as a report, in a form: `text` or `json`."""
