"""Lines of a terminal: styled pieces, colour or none, and where a long text is broken. Standard library only."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator

WIDTH = 79
"""Columns of the longest line; eighty would wrap in some terminals."""

NARROWEST, WIDEST = 60, 200
"""Columns of a terminal that the story follows; beyond them it is wrapped by the terminal, or leaves room."""


def screen_width() -> int:
    """The columns to fill: those of the terminal (or of COLUMNS) but the last, in a pipe those of one of eighty."""
    return fitting(shutil.get_terminal_size((WIDTH + 1, 24)).columns)


def fitting(columns: int) -> int:
    """The columns to fill of so many."""
    return max(NARROWEST, min(columns, WIDEST)) - 1


def wants_color(chosen: bool | None = None) -> bool:
    """Whether stdout takes colour: as `chosen`, else NO_COLOR, FORCE_COLOR (no-color.org, force-color.org), else a terminal."""
    if chosen is not None:
        return chosen
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


STYLES = {"bold": "1", "dim": "2", "red": "1;31", "green": "32", "yellow": "33", "cyan": "36"}
"""Names of styles to SGR parameters (ECMA-48, 8.3.117)."""

Piece = tuple[str, str | None]

Line = list[Piece]


def paint(line: Line, *, color: bool) -> str:
    """The line as text, with terminal codes only where colour is wanted."""
    if not color:
        return "".join([text for text, _ in line]).rstrip()
    return "".join(
        f"\x1b[{STYLES[style]}m{text}\x1b[0m" if style and text.strip() else text for text, style in line
    ).rstrip()


def wrap(text: str, room: int, later: int | None = None) -> list[str]:
    """The text in lines of at most `room` columns, after the first of `later`; a longer word stays whole, to be copied."""
    widest = max(room, later or room)
    lines: list[str] = []
    line, here = "", room
    for word in text.split(" "):
        # A word that fits below is not begun beside the lead; one that fits nowhere may as well stand here.
        if (line or here < len(word) <= widest) and len(line) + 1 + len(word) > here:
            lines.append(line)
            line, here = word, later or room
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def shell_lines(lead: str, words: Iterable[str], width: int, *, hang: int = 2) -> list[str]:
    """A command behind its lead, in as many lines as it takes: each but the last ends in a backslash, to be pasted so."""
    room = width - len(lead) - 2
    rows = wrap(" ".join(word.replace(" ", "\0") for word in words), room, room - hang)
    return f" \\\n{' ' * (len(lead) + hang)}".join([lead + rows[0], *rows[1:]]).replace("\0", " ").split("\n")


SHELL_WORD = re.compile(r"""(?:(?:\||&&|--?[\w-]*) (?=[^-|\s]|-(?!\S)))?(?:'[^']*'|"[^"]*"|\$\([^()]*\)|\S)+""")
"""A word of a command, with the option, the bar or the `&&` before it."""

_VERB = (
    "(?:add|add-iam-policy-binding|check|demo|diff|docker|doctor|env|explain|init|lint|mirror|report|sandbox|scrub|service|try|vanity|"
    "acr|adm|aks|api|apply|artifacts|assignment|auth|blob|build|buildx|configure-docker|copy|cp|cr|create|delete|digest|discover|"
    "ecr|ecr-public|edit|get|get-login-password|hosts|iam|image|imagetools|inspect|list-tags|login|logout|logs|ls|manifest|mod|"
    "network-rule|off|on|policy|print-access-token|projects|ps|pull|push|registry|repo|repositories|restart|role|run|s_client|"
    r"search|secret|show|sign|start|status|stop|tag|trace|update|whoami)(?![\w/:.=-])"
)
_PROSE = r"[a-z]+(?:[\s;,()]|:\s|:?$)"
_ARGUMENT = rf"""(?!{_PROSE})(?:'[^']*'|"[^"]*"|\$\([^()]*\)|[,:.](?=\S)|[^\s.,;:()|`])+"""
_VALUE = r"[a-z]\w*(?= +[-|]|[;,)]|:\s|:?$)"
_REST = rf"(?: {_VERB})*(?: {_VALUE})?(?: --?[\w-]+ {_VALUE}| {_ARGUMENT})*"
COMMAND = re.compile(
    r"(?<![\w./@-])(?:sudo )?(?:echo(?= [A-Z'$])|(?:[\w./-]*/)?(?:apptainer|aws|az|buildah|cosign|crane|ctr|curl|dig|docker|"
    r"doctl|gcloud|gh|helm|ibmcloud|kubectl|mitmdump|nerdctl|oc|openssl|oras|podman|pullscope|regctl|skopeo|systemctl|sysctl|trivy)"
    rf"(?= (?:[-+@]|https?:|{_VERB}))){_REST}(?: (?:\||&&) [\w-]+{_REST})*"
)
"""A command in a sentence: a program, its verbs, and what follows as far as it is no prose."""


def wrap_advice(text: str, room: int) -> list[str]:
    """The text in lines whose commands can be pasted: whole, or where none has the room, each line but its last with a \\."""
    lines: list[str] = []
    for line in wrap(COMMAND.sub(lambda found: found[0].replace(" ", "\0"), text), room):
        whole = line.replace("\0", " ")
        words = SHELL_WORD.findall(whole) if "\0" in line and len(line) > room else []
        lines += shell_lines("", words, room) if len(words) > 2 else [whole]
    return lines


def wrap_command(text: str, room: int) -> list[str]:
    """A command in lines that can be pasted; a remark behind it stands below, for no shell reads on after one."""
    command, mark, remark = text.partition("  # ")
    lines = shell_lines("", SHELL_WORD.findall(command), room)
    return [*lines, f"# {remark}"] if mark and len(text) > room else [*lines[:-1], f"{lines[-1]}{mark}{remark}"]


def wrap_fix(text: str, room: int) -> list[str]:
    """What to do, in lines; each of several alternatives begins one, and goes on further in."""
    ways = clauses(text) if len(text) > room else [text]
    hang = "  " * (len(ways) > 1)
    return [
        f"{hang * (later > 0)}{line}" for way in ways for later, line in enumerate(wrap_advice(way, room - len(hang)))
    ]


def clauses(text: str) -> list[str]:
    """The parts of a sentence that semicolons end, but for those in brackets, quotes and commands."""
    flat = COMMAND.sub(lambda found: found[0].replace(" ", "\0"), text)
    parts, depth, quoted = [""], 0, False
    for word in flat.split(" "):
        depth = max(0, depth + word.count("(") - word.count(")"))
        quoted ^= word.count('"') % 2 == 1
        parts[-1] = f"{parts[-1]} {word}".lstrip(" ")
        if word.endswith(";") and not depth and not quoted:
            parts.append("")
    return [part.replace("\0", " ") for part in parts if part]


def wrapped(line: Line, width: int) -> Iterator[Line]:
    """A lead and a text, whose later lines begin below its first."""
    lead, (text, style) = line[0], line[1]
    for number, part in enumerate(wrap(text, width - len(lead[0]))):
        yield [lead if number == 0 else (" " * len(lead[0]), None), (part, style)]
