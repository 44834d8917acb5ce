"""What is around a log as a whole, from where it was pasted: a page's entities, a mail's quotes, Markdown's indentation,
PowerShell's records, a margin, links, the width of a terminal. How the log begins decides; each step sees what the one before
it left.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from pullscope.logs.by_hand import of_requests

Step = Callable[[Iterable[str]], Iterator[str]]

_TAG = re.compile(r"</?(?:pre|code|div|span|p|br|blockquote)\b[^<>\n]*>")
_ENTITY = re.compile(r"&(?:#34|#39|quot|amp|lt|gt);")
_QUOTE = re.compile(r"\s?> ?")
_ASKED_BY_CURL = re.compile(r"^\s?> [A-Z]+ \S+ HTTP/", re.MULTILINE)
MOST = 0.9
"""The share of the lines that are quoted or indented, where the log is."""
_FRAMED = re.compile(r"\s*│ ?(.*?) ?│\s*\Z")
_MARGIN = re.compile(r"[│╷╵](?: |$)")
"""Terraform's, at the left of an error (aws/karpenter-provider-aws#4791)."""
_LINK = re.compile(r"\[([^\[\]\s]+)\]\(https?://[^()\s]*\)")
"""What an editor made a link of, with what stood beside it (coollabsio/coolify#3496), or GitHub (epinio/epinio#2598)."""
_RECORD = "+ FullyQualifiedErrorId"
"""PowerShell 5 makes a record of the first line that a program writes to stderr (microsoft/nav-docker#218)."""
_PROGRAM = re.compile(r"[\w.-]+ : ")
_FRAME = re.compile(r"\+ |\s+\+ (?:CategoryInfo|FullyQualifiedErrorId)\b")
MOST_OF_RECORD = 40
_BEGINS = re.compile(
    r"time=|level=|(?:TRAC|DEBU|INFO|WARN|ERRO|FATA)\[|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:|[{\[]"
)
"""How a line of logrus begins, with what journals and CI put before it."""
NARROWEST, MOST_CUT, MOST_JOINED = 60, 3, 200


def unwrapping(head: str, *, commands: bool = True) -> Step:
    """What takes away what is around the lines of a log that begins so; and makes requests of commands."""
    steps: list[Step] = []
    lines = head.splitlines()
    if not head.lstrip().startswith("{"):
        for find in (
            _of_a_page,
            _of_a_mail,
            _of_a_frame,
            _of_a_margin,
            _of_links,
            _of_markdown,
            _of_powershell,
            _of_a_terminal,
            of_requests,
        ):
            step = find(lines) if commands or find is not of_requests else None
            if step is not None:
                steps.append(step)
                lines = [line.rstrip("\r\n") for line in step(lines)]

    def through(lines: Iterable[str]) -> Iterator[str]:
        for step in steps:
            lines = step(lines)
        yield from lines

    return through


def _of_a_page(lines: list[str]) -> Step | None:
    """Entities, where nothing that they stand for is there as itself."""
    bare = _TAG.sub("", "\n".join(lines))
    if '"' in bare or "<" in bare or not _ENTITY.search(bare):
        return None
    return lambda each: (html.unescape(_TAG.sub("", line)) for line in each)


def _of_a_mail(lines: list[str]) -> Step | None:
    said = [line for line in lines if line.strip()]
    quoted = sum(_QUOTE.match(line) is not None for line in said)
    if quoted < MOST * len(said) or not said or _ASKED_BY_CURL.search("\n".join(lines)):
        return None
    return lambda each: (_QUOTE.sub("", line, count=1) for line in each)


def _of_a_frame(lines: list[str]) -> Step | None:
    """k9s draws one around what it shows, and cuts lines at it (spegel-org/spegel#413, #530, goharbor/harbor-helm#1838)."""
    framed = sum(_FRAMED.match(line) is not None for line in lines)
    return _unframed if framed and framed >= MOST * sum(bool(line.strip()) for line in lines) else None


def _unframed(lines: Iterable[str]) -> Iterator[str]:
    held, joined = "", 0
    for raw in lines:
        framed = _FRAMED.match(raw.rstrip("\r\n"))
        held += framed[1] if framed is not None else raw.rstrip("\r\n")
        joined += 1
        if framed is None or held[-1:] in ("", " ") or joined >= MOST_JOINED:
            yield held.rstrip()
            held, joined = "", 0
    if held:
        yield held


def _of_a_margin(lines: list[str]) -> Step | None:
    return (lambda each: (_MARGIN.sub("", line) for line in each)) if any(map(_MARGIN.match, lines)) else None


def _of_links(lines: list[str]) -> Step | None:
    return (lambda each: (_LINK.sub(r"\1", line) for line in each)) if any(map(_LINK.search, lines)) else None


def _of_markdown(lines: list[str]) -> Step | None:
    depths = sorted(len(line) - len(line.lstrip(" \t")) for line in lines if line.strip())
    depth = depths[int((1 - MOST) * len(depths))] if depths else 0
    return (lambda each: (re.sub(rf"\A[ \t]{{1,{depth}}}", "", line) for line in each)) if depth else None


def _of_powershell(lines: list[str]) -> Step | None:
    return _without_records if any(_RECORD in line for line in lines) else None


def _without_records(lines: Iterable[str]) -> Iterator[str]:
    """The lines, and of each record what the program wrote: over several lines, and below it where it was called."""
    held: list[str] = []
    for raw in lines:
        line = raw.rstrip("\r\n")
        if held and line.startswith("+ "):
            yield "".join(held[:-1])
            held = []
        elif _FRAME.match(line):
            continue
        elif _PROGRAM.match(line) and not held:
            held = [_PROGRAM.sub("", line, count=1)]
        elif held and len(held) < MOST_OF_RECORD:
            held.append(line)
        else:
            yield from [*held, line]
            held = []
    yield from held


def _of_a_terminal(lines: list[str]) -> Step | None:
    """Lines of logrus that were copied from a terminal, each cut at its width (k3s-io/k3s#11857, moby/moby#22503)."""
    width = max(map(len, lines), default=0)
    cut = sum(
        len(line) == width and _BEGINS.match(line) is not None and not _BEGINS.match(after)
        for line, after in pairwise(lines)
    )
    return (lambda each: _joined(each, width)) if width >= NARROWEST and cut >= MOST_CUT else None


def _joined(lines: Iterable[str], width: int) -> Iterator[str]:
    held, joined, full = "", 0, False
    for raw in lines:
        line = raw.rstrip("\r\n")
        if full and joined < MOST_JOINED and not _BEGINS.match(line):
            held, joined = held + line, joined + 1
        else:
            if joined or held:
                yield held
            held, joined = line, 0
        full = len(line) == width and _BEGINS.match(held) is not None
    if held:
        yield held
