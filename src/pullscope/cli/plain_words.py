"""How an app of ours speaks and ends: in plain words, in any locale, and with its own exit code where a reader went away.

The console script and the scripts of a checkout run their apps by `run_app`.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import sys
import textwrap
from typing import Any

import typer
from typer.core import TyperGroup

from pullscope.cli.exits import Refused, discard_stdout, make_streams_fit, reader_may_leave, say
from pullscope.oci.verdicts import ExitCode, Problem, as_json
from pullscope.render.layout import SHELL_WORD, screen_width, shell_lines

_TAG = re.compile(r"(?<!\\)\[(?=[a-z#/@][^\[]*?\])")
"""What rich would take for a style, and swallow: `[default: …]` of an option whose default is worked out later."""

EXAMPLE = re.compile(r"(?:sudo |eval \W*)?(?:pullscope|mitm\w+) ")
"""What a paragraph of commands begins with."""

_UsageError: Any = typer.BadParameter.__base__
_JSON = re.compile(r"(?<!\S)(?:--json|(?:-f|--format)[ =]?json)(?!\S)")
_TOO_MANY = re.compile(r"Got unexpected extra arguments? ?(?:\(s\) )?\((.*)\)")

WITH_BOXES = 71
"""Columns from which a help has boxes: in fewer they cut the names of options, and leave a word a line for what they do."""

HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


class PlainWords(TyperGroup):
    """Says what words there are, and what is wrong with one, without the words of the library that finds out."""

    def make_context(self, *given: Any, **more: Any) -> Any:
        if more.get("parent") is None:  # which has named those of its groups too
            _name_values(self)
            given[1][:] = [f" {one}" if one.startswith("- ") else one for one in given[1]]  # a message, no option
        return super().make_context(*given, **more)

    def invoke(self, ctx: Any) -> Any:
        words = [] if ctx.parent else [*getattr(ctx, "_protected_args", ()), *ctx.args]  # which the call empties
        try:
            return super().invoke(ctx)
        except Refused as refused:
            self._print_json(words, refused.sentence, refused.exit_code)
            raise
        except _UsageError as error:
            said = (
                error.message.removeprefix("Value error, ")
                .replace("Input should", "it must")
                .partition(", unable to")[0]
            )
            error.message = _TOO_MANY.sub(r"Too many arguments: \1", said)
            self._print_json(words, error.format_message(), error.exit_code)
            raise

    def _print_json(self, words: list[str], sentence: str, code: int) -> None:
        """Where JSON was asked for, the refusal is a document too, of the form of every verdict."""
        ours = words[: words.index("--")] if "--" in words else words
        if not _JSON.search(" ".join(ours)):
            return
        names: list[str] = []
        command: Any = self
        while len(names) < len(ours) and (command := getattr(command, "commands", {}).get(ours[len(names)])):
            names.append(ours[len(names)])
        problem = Problem("refused", sentence)
        try:
            with reader_may_leave():
                print(json.dumps(as_json(" ".join(names), [problem], ended=ExitCode(code)), indent=2))
        except OSError:  # a full disk: stderr says it
            discard_stdout()


def _name_values(command: Any) -> None:
    """Join the help's lines, and name each value by what it is: typer 0.29 shows `<bool>` and `<list[str]>`, 0.25 `TEXT`."""
    context = typer.Context(command, **HELP)
    below = getattr(command, "commands", {})  # whose texts are cut without boxes
    boxes = bool(below) or screen_width() >= WITH_BOXES
    if not boxes:
        command.rich_markup_mode = None
    if EXAMPLE.match(command.epilog or ""):  # which is read before the options, not after them
        command.help, command.epilog = f"{command.help}\n\n{command.epilog}", None
    command.help = _unbroken(command.help or "", boxes=boxes)
    for param in (*command.params, command.get_help_option(context)):
        is_argument = param.param_type_name == "argument"
        param.help = _TAG.sub(r"\\[" if boxes else "[", param.help or "")
        param._get_number_range_help_str = _nothing  # noqa: SLF001 - `[1<=x<=65535]`, which the error says
        if param.metavar is None:
            param.metavar = param.name.upper() if is_argument else _value_of(param, context)
        if is_argument:
            param.display_type_rich = _nothing  # it says the type even where there is a name
    for each in below.values():
        _name_values(each)


def _unbroken(text: str, *, boxes: bool) -> str:
    """Each paragraph on one line (typer joins only the first), but one of commands."""
    parts = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(_commands(part, boxes) if EXAMPLE.match(part) else part.replace("\n", " ") for part in parts)


def _commands(part: str, boxes: bool) -> str:
    """Each on lines of its own; click wants them below a \\b, which boxes would print."""
    fitting = [
        line for each in part.split("\n") for line in shell_lines("", SHELL_WORD.findall(each), screen_width() - 2)
    ]
    return "\n".join(fitting if boxes else ["\b", *fitting])


def _value_of(option: Any, context: typer.Context) -> str:
    """What to write after an option; nothing after one that is given or not."""
    show = getattr(option, "display_type_rich", None) or option.make_metavar
    kind = str(show(ctx=context)).strip("<[]>").lower()
    if kind in ("bool", "boolean"):
        return ""
    if "|" in kind:
        return kind.replace("|", " | ")  # a line ends between two words, not in one
    if "path" in kind:
        return "PATH"
    return "N" if "range" in kind else str(option.opts[0]).rpartition("-")[2].upper()


def _nothing(ctx: Any = None) -> None:
    """No type beside a name, and no range."""


def run_app(app: typer.Typer, name: str | None = None) -> None:
    """Run the command that this process was started with; `name` is what its help calls it."""
    if os.environ.get("NO_COLOR"):
        os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"  # else its help is still bold
    make_streams_fit()
    textwrap.TextWrapper.wordsep_re = textwrap.TextWrapper.wordsep_simple_re  # no line ends within a word
    try:
        app(prog_name=name)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except OSError as error:  # of a command's own text nothing is said before, as of a help, on a disk that is full
        discard_stdout()
        say(f"error: cannot write to stdout: {error.strerror}.")
        sys.exit(ExitCode.FAILED)
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        # The reader has seen enough (`| head`): rich and typer end with 1 there, without a word.
        sys.exit(_ended_before(end))


def _ended_before(end: BaseException) -> int:
    """How the command would have ended for a reader who stays: a wrong word is still one, a help text is done."""
    reason = end.__context__
    while reason is not None:
        if isinstance(code := getattr(reason, "exit_code", None), int):
            return code
        reason = reason.__context__
    return ExitCode.DONE
