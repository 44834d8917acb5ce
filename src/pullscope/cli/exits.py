"""How a command prints what it found and ends: colour on a terminal only, an exit code, an exception as a sentence.

A verdict is known before its first line is printed. If the reader closes the pipe (`| head`), the command still ends with the
verdict's code.

A complaint says what, where and what to do, in one sentence, and ends the command with its code. So do the exceptions of
the rooms below: `HostError` and `OSError` with 1, the `ValueError` of a constructor that refuses with 2. No traceback
reaches a user: an unexpected error is reported as a bug, and shown whole with PULLSCOPE_DEBUG=1.
"""

from __future__ import annotations

import codecs
import contextlib
import difflib
import functools
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

import typer

from pullscope.host import HostError
from pullscope.oci.verdicts import ExitCode

if TYPE_CHECKING:
    from pullscope.render.layout import Line

_LEAD = re.compile(r"((?:run:|undo|proxy|later|next|then) +)|(?:[\w/]+(?: \w+)?)? {2,}")
"""What stands before a text in a column of its own; the first kind before a command, which a remark may follow."""

_REMARK = re.compile(r" +(?=\([^()]*\)$)|$")

_ADDRESS = re.compile(r"\s*(?:write )?(?:--[\w-]+ )?[\w.-]*[/=:]\S+[^\s.]")
"""What stands last where a command line or a file has to be written otherwise."""


def end_with(told: Iterable[str | Line] | dict[str, Any], code: ExitCode) -> NoReturn:
    """Print lines, or a document of JSON, and end with the code, also where the reader leaves before the last line."""
    with reader_may_leave():
        show([json.dumps(told, indent=2)] if isinstance(told, dict) else told)
    raise typer.Exit(code)


def show(lines: Iterable[str | Line]) -> None:
    """Print lines, styled ones in colour where stdout takes it."""
    from pullscope.render.layout import paint, wants_color

    color = wants_color()
    for line in lines:
        print(line if isinstance(line, str) else paint(line, color=color), flush=True)


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


def lines_of(lead: str, text: str, *, err: bool = False) -> list[str]:
    """A text behind its lead: on a terminal in lines that fit, of whole words; in a pipe one line, to be searched."""
    from pullscope.render.layout import screen_width, wrap

    if not (sys.stderr if err else sys.stdout).isatty():
        return [f"{lead}{text}"]
    parts = wrap(text, screen_width() - len(lead))
    return [f"{lead if number == 0 else ' ' * len(lead)}{part}" for number, part in enumerate(parts)]


def tell(line: str, *, err: bool = False) -> None:
    """Print a line of ours; on a terminal in lines that fit, which begin below what its lead leads to, and can be pasted."""
    from pullscope.render.layout import SHELL_WORD, screen_width, shell_lines

    found = _LEAD.match(line)
    lead = found[0] if found else ""
    lines = lines_of(lead, line[len(lead) :], err=err)
    if found and found[1] and len(lines) > 1:
        command, remark = _REMARK.split(line[len(lead) :])[:2]
        lines = shell_lines(lead, SHELL_WORD.findall(command), screen_width())
        lines += lines_of(" " * len(lead), remark, err=err) if remark else []
    for each in lines:
        print(each.rstrip(), file=sys.stderr if err else sys.stdout, flush=True)  # typer.echo takes ASCII for UTF-8


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


P = ParamSpec("P")
T = TypeVar("T")


class Complaint(Exception):  # noqa: N818 - it is a sentence for a person, not an error of the program
    """A sentence for stderr and the exit code that goes with it."""

    def __init__(self, sentence: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(sentence)
        self.code = code


class Refused(typer.Exit):
    """The end of a command that cannot do what was asked, once stderr says why; with --json, `PlainWords` says it there too."""

    def __init__(self, sentence: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(code)
        self.sentence = sentence
        complain(sentence)


def unknown(kind: str, name: str, known: Iterable[str], instead: str = "") -> Complaint:
    """There is no such client, format or fault: which was meant, or `instead` or all that there are."""
    names = list(known)
    near = [each for each in names if len(name) > 1 and each.startswith(name)] or difflib.get_close_matches(
        name, names, 1, cutoff=0.65
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
            raise Refused(f"{error}", getattr(error, "code", ExitCode.FAILED)) from None
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
            raise Refused(f"{error}", ExitCode.USAGE) from None
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise Refused(f"{where}{error.strerror or error}") from None
        except Exception as error:
            if os.environ.get("PULLSCOPE_DEBUG"):
                raise
            bug = f"unexpected {type(error).__name__} in pullscope; this is a bug."
            raise Refused(f"{bug} Run it again with PULLSCOPE_DEBUG=1 for the details.") from None

    return command


def complain(text: str) -> None:
    """An error line: it ends with a full stop, but where a command or an address to paste stands last."""
    from pullscope.render.layout import COMMAND

    last = re.split(r":\s+", text)[-1]
    pasted = last != text and (" -- " in last or COMMAND.fullmatch(last) or _ADDRESS.fullmatch(last))
    say(f"error: {text}" if pasted or text.endswith((".", "?", "!")) else f"error: {text}.")


def say(sentence: str) -> None:
    """One sentence on stderr, for a person; where that is closed, or its terminal is, the code says it alone.

    On a terminal it is in lines of whole words; a command can be pasted, an indented one stays on its line.
    """
    with contextlib.suppress(OSError):
        if sys.stderr.isatty():
            from pullscope.render.layout import screen_width, wrap_advice

            whole = ([line] if line[:1] == " " else wrap_advice(line, screen_width()) for line in sentence.split("\n"))
            sentence = "\n".join(part for lines in whole for part in lines)
        print(sentence, file=sys.stderr, flush=True)


def typed() -> str:
    """This command as it can be typed; a shell that finds it by its name hands it over with its whole path."""
    typed = sys.argv[0]
    name = Path(typed).name
    if not name.startswith("pullscope") or len(typed) >= 40:
        return "pullscope"
    found = shutil.which(name)
    return name if found is not None and Path(found).resolve() == Path(typed).resolve() else typed
