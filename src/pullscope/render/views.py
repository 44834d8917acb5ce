"""The views that a running proxy can show, by name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from pullscope.render.layout import screen_width, wants_color
from pullscope.render.lines import Story

if TYPE_CHECKING:
    from pullscope.render.live import LiveView


def make_view(
    name: str, write: Callable[[str], None], *, verbose: bool, color: bool | None = None
) -> Story | LiveView | None:
    """The view of that name, `color`ed where stdout takes it; None for `none`. Raises ValueError for an unknown name."""
    color = wants_color(color)
    match name:
        case "lines":
            fixed = None if sys.stdout.isatty() else screen_width()  # only a terminal's may change
            return Story(write, color=color, verbose=verbose, columns=lambda: fixed or screen_width())
        case "live":
            from pullscope.render.live import LiveView  # rich is not needed for lines

            return LiveView(write, color=color, verbose=verbose)
        case "none":
            return None
    raise ValueError(f"There is no view {name!r}; there are lines, live and none.")
