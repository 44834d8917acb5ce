"""The views that a running proxy can show, by name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pullscope.render.layout import screen_width
from pullscope.render.lines import Story
from pullscope.trace.model import Change
from pullscope.trace.trace import Trace

if TYPE_CHECKING:
    from pullscope.render.live import LiveView


class LinesView:
    """The story, line by line."""

    def __init__(self, story: Story) -> None:
        self._story = story

    def show(self, changes: Sequence[Change]) -> None:
        self._story.show(changes)

    def tick(self, trace: Trace, now: float, arriving: Callable[[int], int]) -> None:
        """Lines do not move by themselves."""

    def close(self) -> None:
        """Nothing is open."""


def make_view(name: str, write: Callable[[str], None], *, color: bool, verbose: bool) -> LinesView | LiveView | None:
    """The view of that name; None for `none`. Raises ValueError for an unknown name."""
    match name:
        case "lines":
            fixed = None if sys.stdout.isatty() else screen_width()  # only a terminal's may change
            return LinesView(Story(write, color=color, verbose=verbose, columns=lambda: fixed or screen_width()))
        case "live":
            from pullscope.render.live import LiveView  # rich is not needed for lines

            return LiveView(write, color=color, verbose=verbose)
        case "none":
            return None
    raise ValueError(f"There is no view {name!r}; there are lines, live and none.")
