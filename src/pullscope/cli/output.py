"""How a command prints what it found and ends: colour on a terminal only, and a code that does not depend on who reads.

A verdict is known before its first line is printed. If the reader closes the pipe (`| head`), the command still ends with
the verdict's code.
"""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from pullscope.oci.verdicts import ExitCode

SHELL_WORD = re.compile(r"(?:(?:\||--?[\w-]*) (?=[^-|\s]))?(?:'[^']*'|\S)+")
"""A word of a command, with the option or the bar before it."""

_LEAD = re.compile(r"(  fix   |(?:run:|undo|proxy|later|next|then) +)|[\w/]* {2,}")
"""What stands before a text in a column of its own; the first kind before a command, which a remark may follow."""

_REMARK = re.compile(r" +(?=\([^()]*\)$)|$")

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


def lines_of(lead: str, text: str) -> list[str]:
    """A text behind its lead: on a terminal in lines that fit, of whole words; in a pipe one line, to be searched."""
    from pullscope.render.layout import screen_width, wrap

    if not sys.stdout.isatty():
        return [f"{lead}{text}"]
    parts = wrap(text, screen_width() - len(lead))
    return [f"{lead if number == 0 else ' ' * len(lead)}{part}" for number, part in enumerate(parts)]


def tell(line: str) -> None:
    """Print a line of ours; on a terminal in lines that fit, which begin below what its lead leads to, and can be pasted."""
    from pullscope.render.layout import screen_width, shell_lines

    found = _LEAD.match(line)
    lead = found[0] if found else ""
    lines = lines_of(lead, line[len(lead) :])
    if found and found[1] and len(lines) > 1:
        command, remark = _REMARK.split(line[len(lead) :])[:2]
        lines = shell_lines(lead, SHELL_WORD.findall(command), screen_width())
        lines += lines_of(" " * len(lead), remark) if remark else []
    for each in lines:
        typer.echo(each.rstrip())


def make_streams_fit() -> None:
    """Let stdout and stderr take everything that is printed.

    Python has None for one that was closed (`>&-`): what is printed goes nowhere. A character that its encoding lacks (in
    an ASCII locale) is spelled plainly, or is a `?`.
    """
    codecs.register_error("pullscope", _spelled)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open for as long as we run
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="pullscope")


_PLAINLY = {"…": "...", "·": "-", "→": "->", "“": '"', "”": '"', "✅": "ok", "❌": "FAILED", "⚠": "!", "\ufe0f": ""}


def _spelled(error: UnicodeError) -> tuple[str, int]:
    """A codec's error handler (codecs.register_error)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAINLY.get(character, "?") for character in error.object[error.start : error.end]), error.end
