"""Exit codes, and the one way in which a command says that it cannot go on: an exception that `speaking` turns into words.

A complaint says what, where and what to do, in one sentence, and ends the command with its code. So do the exceptions of
the rooms below: `HostError` and `OSError` with 1, the `ValueError` of a constructor that refuses with 2. No traceback
reaches a user: an unexpected error is reported as a bug, and shown whole with PULLSCOPE_DEBUG=1.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import os
import re
import sys
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

import typer

from pullscope.cli.output import discard_stdout
from pullscope.host import HostError
from pullscope.oci.verdicts import ExitCode

_COMMAND = re.compile(r"(?:^ .*|sudo .*|`[^`]*`)", re.MULTILINE)
"""What is there to be pasted: an indented line, what sudo is to run, what stands between backquotes."""

P = ParamSpec("P")
T = TypeVar("T")


class Complaint(Exception):  # noqa: N818 - it is a sentence for a person, not an error of the program
    """A sentence for stderr and the exit code that goes with it."""

    def __init__(self, sentence: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(sentence)
        self.code = code


def unknown(kind: str, name: str, known: Iterable[str], instead: str = "") -> Complaint:
    """There is no such client, format or fault: which was meant, or `instead` or all that there are."""
    names = list(known)
    near = [each for each in names if len(name) > 1 and each.startswith(name)] or difflib.get_close_matches(
        name, names, 1
    )
    there = f"Did you mean {' or '.join(near[:3])}?" if near else instead or f"There are {', '.join(names)}."
    return Complaint(f"there is no {kind} {name!r}. {there}", ExitCode.USAGE)


def speaking(function: Callable[P, T]) -> Callable[P, T]:
    """A command that ends with a sentence and an exit code, whatever happens in it."""

    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except (Complaint, HostError) as error:
            say(f"error: {error}")
            raise typer.Exit(getattr(error, "code", ExitCode.FAILED)) from None
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            # The reader closed the pipe (`| head`), of a command that ends with no verdict.
            discard_stdout()
            raise typer.Exit(ExitCode.DONE) from None
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except ValueError as error:
            # A constructor refused a word of the command line.
            say(f"error: {error}")
            raise typer.Exit(ExitCode.USAGE) from None
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            say(f"error: {where}{error.strerror or error}")
            raise typer.Exit(ExitCode.FAILED) from None
        except Exception as error:
            if os.environ.get("PULLSCOPE_DEBUG"):
                raise
            say(
                f"error: an unforeseen {type(error).__name__} in pullscope; this is a bug. "
                "Run it again with PULLSCOPE_DEBUG=1 for the details."
            )
            raise typer.Exit(ExitCode.FAILED) from None

    return command


def say(sentence: str) -> None:
    """One sentence on stderr, for a person; where that is closed, or its terminal is, the code says it alone.

    On a terminal it is in lines of whole words; a command stays on one, to be pasted.
    """
    with contextlib.suppress(OSError):
        if sys.stderr.isatty():
            from pullscope.render.layout import screen_width, wrap

            whole = _COMMAND.sub(lambda found: found[0].replace(" ", "\0"), sentence)
            sentence = "\n".join(part for line in whole.split("\n") for part in wrap(line, screen_width())).replace(
                "\0", " "
            )
        typer.echo(sentence, err=True)
