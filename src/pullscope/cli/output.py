"""How a command prints what it found and ends: colour on a terminal only, and a code that does not depend on who reads.

A verdict is known before its first line is printed. Whoever reads may have seen enough (`| head`), and the command still
ends with the verdict's code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from pullscope.oci.verdicts import ExitCode

if TYPE_CHECKING:
    from pullscope.render.layout import Line


def wants_color(chosen: bool | None = None) -> bool:
    """Whether stdout takes colour: as `chosen`, else NO_COLOR, FORCE_COLOR (no-color.org, force-color.org), else a terminal."""
    if chosen is not None:
        return chosen
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def end_with(lines: Iterable[str | Line], code: ExitCode) -> NoReturn:
    """Print the lines and end with the code, also where the reader leaves before the last line."""
    from pullscope.render.layout import paint

    with reader_may_leave():
        color = wants_color()
        for line in lines:
            typer.echo(line if isinstance(line, str) else paint(line, color=color), color=color)
    raise typer.Exit(code)


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """A reader that leaves while this prints ends the printing and nothing else."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()


def discard_stdout() -> None:
    """What is still printed goes nowhere: Python would complain of the closed pipe once more at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def open_closed_streams() -> None:
    """Let a command that was started with a closed stdout or stderr (`>&-`) print into nothing; Python has None for them."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open for as long as we run
