"""The lesson on a terminal: a block of lines a step, what to take home at the end, and chapters on what no single pull shows.

Those are told with other pulls, the demo's, which a caller hands over. Their words are those of `ideas`; the tables say what
the clients' models asked and how it ended for them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from pullscope.oci.amounts import count, size
from pullscope.oci.plain import plain
from pullscope.render.closing_line import took
from pullscope.render.explain.ideas import BEFORE, CHAPTERS, DOMAIN, Idea
from pullscope.render.explain.lesson import Lesson, Said, about, lessons
from pullscope.render.layout import WIDTH, Line, shell_lines
from pullscope.render.names import client_line, in_words
from pullscope.trace.model import Action, Ending, Kind, Outcome, Pull


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """A client by what it asked for an image, and how it went for it through a domain that redirects."""

    client: str
    straight: Pull
    through: str | None
    """What it says where it fails there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Demo:
    """The pulls from which is told what a recording does not show."""

    vanity: Pull
    tried: Sequence[Tried]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chapter:
    """Some ideas under a heading; a table may go with one."""

    title: str
    said: list[Said]
    tables: dict[str, list[tuple[str, ...]]]
    """Rows, the first with the names of the columns."""


def chapters(pull: Pull, demo: Demo) -> Iterator[Chapter]:
    """What is to be told after the steps of a pull."""
    if pull.action not in (Action.PULL, Action.LOOK):
        return
    told = {idea.idea for lesson in lessons(pull) if not lesson.aside for idea in lesson.ideas}
    of_the_demo = [idea for lesson in lessons(demo.vanity) for idea in lesson.ideas]
    missing = [idea for idea in of_the_demo if idea.idea not in told]
    # What a vanity domain is stands where domains are told of.
    elsewhere = [idea for idea in missing if idea.idea == Idea.VANITY]
    if others := [idea for idea in missing if idea.idea != Idea.VANITY]:
        yield Chapter(title="What this pull does not show (examples from the demo)", said=others, tables={})
    tables: dict[str, list[tuple[str, ...]]] = {
        "others": _by_clients(("version check", "tag by", "tokens"), demo.tried, _asked),
        "refused": _by_clients(("through a redirect to Docker Hub",), demo.tried, _ended),
    }
    domain = pull if Idea.VANITY in told else demo.vanity
    for name, ideas in CHAPTERS.items():
        first = elsewhere if name == DOMAIN else []
        yield Chapter(title=name, said=[*first, *about(ideas, domain)], tables=tables)


def _by_clients(
    heads: tuple[str, ...], tried: Sequence[Tried], told: Callable[[Tried], tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """A row for each thing that is told of clients, with those of which it is."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for one in tried:
        rows.setdefault(told(one), []).append(one.client)
    return [(*heads, "clients"), *((*row, ", ".join(clients)) for row, clients in rows.items())]


def _asked(one: Tried) -> tuple[str, ...]:
    steps = one.straight.steps
    tag = next(step.method for step in steps if step.route.reference == one.straight.tag)
    tokens = sum(step.kind is Kind.TOKEN for step in steps)
    return "yes" if steps[0].kind is Kind.VERSION_CHECK else "no", tag, str(tokens)


def _ended(one: Tried) -> tuple[str, ...]:
    return ("pulls" if one.through is None else f"fails: {one.through}",)


NAME_AT, ASKED_AT, INDENT = 6, 21, "      "
HOW_TO_READ = """\
Each step shows a request, the status of its answer, and what came.
- GET asks for content. HEAD asks for the headers only, the lines before the content.
- To resolve a tag is to ask for the digest (a fingerprint of its content) that it stands for now.
- Status 200 means: here it is. 401: get a token first. 403: refused. 404: not there. 302 and 307 are redirects: ask elsewhere.
- `307 > 200` is a redirect, then the answer there. `...` in an address stands for parts that are left out, such as /v2/.
- "docker 28" means any docker that keeps its images in the classic store, "docker 29" any with containerd's store. \
A number with a dot, such as 29.1, is a version.
- `pullscope explain WORD` explains more words; `pullscope explain glossary` lists them."""
LEFT_OUT = (
    "{} left out here: statements about the image (attestations) and documents that refer to it, such as signatures "
    "(referrers). The image runs without them. `pullscope explain --level expert` shows them."
)


def lesson_blocks(
    pull: Pull, *, expert: bool = False, demo: Demo | None = None, width: int = WIDTH
) -> Iterator[list[Line]]:
    """The head, a block for each lesson, and the end; for a beginner also what only other pulls show."""
    told = lessons(pull)
    yield [
        [(in_words(pull), "bold")],
        [
            (
                f"{client_line(pull)}: {count(len(pull.steps), 'step')}, {took(pull.seconds)}, {pull.outcome}",
                "dim",
            )
        ],
    ]
    if not expert:
        aside = {step.n for lesson in told if lesson.aside for step in lesson.steps}
        left_out = LEFT_OUT.format(f"Of {count(len(pull.steps), 'step')}, {len(aside)} are") if aside else ""
        yield _paragraph(f"{HOW_TO_READ}\n{left_out}".rstrip(), width, style="dim")
        first = [line for lesson in told for idea in lesson.ideas if idea.idea in BEFORE for line in _idea(idea, width)]
        if first:
            yield first
    for lesson in told:
        if expert or not lesson.aside:
            yield _block(lesson, width, expert=expert)
    yield _end(pull, width)
    for chapter in chapters(pull, demo) if demo is not None and not expert else ():
        yield [[(chapter.title, "bold")]]
        for said in chapter.said:
            yield [*_idea(said, width), *_table(chapter.tables.get(said.idea, []), width)]


def _table(rows: list[tuple[str, ...]], width: int) -> Iterator[Line]:
    """The rows in columns; the widest columns are wrapped until the screen has room for all."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    while sum(widths) + 2 * len(widths) > width - len(INDENT) - 2:
        widths[widths.index(max(widths))] -= 1
    for number, row in enumerate(rows):
        cells = [textwrap.wrap(cell, room) for cell, room in zip(row, widths, strict=True)]
        for parts in zip_longest(*cells, fillvalue=""):
            text = "  ".join(f"{part:<{room}}" for part, room in zip(parts, widths, strict=True)).rstrip()
            yield [(f"{INDENT}    {text}", "dim" if number == 0 else None)]


def _block(lesson: Lesson, width: int, *, expert: bool) -> list[Line]:
    failed = any(step.outcome.value == "failed" for step in lesson.steps)
    room = width - ASKED_AT
    asked = _shortened(lesson.asked, room - len(lesson.answered) - 2)
    beside = len(asked) + 2 + len(lesson.answered) <= room
    # Statuses that leave no room for the address stand below it.
    asked = asked if beside else _middle(_shortened(lesson.asked, room), room)
    answered: Line = [(lesson.answered, "red" if failed else "dim")]
    came = lesson.came if beside else f"{lesson.answered}: {lesson.came}"
    lines: list[Line] = [
        [
            (f"{lesson.number:>5} ", "dim"),
            (f"{lesson.title:<{ASKED_AT - NAME_AT}}", "red" if failed else "cyan"),
            (asked, None),
            *(_right(room - len(asked), answered) if beside else ()),
        ],
        *_paragraph(came, width, style="red" if failed and not beside else "dim"),
    ]
    if expert:
        lines += _paragraph(lesson.expert, width)
    else:
        lines += _paragraph(lesson.beginner, width)
        for idea in lesson.ideas:
            lines += _idea(idea, width) if idea.idea not in BEFORE else []
    lines += _by_hand(lesson, width)
    lines += _paragraph(f"Spec: {lesson.section.title}", width, style="dim")
    if expert:
        lines.append([(f"{INDENT}{lesson.section.url}", "dim")])
    return lines


def _idea(idea: Said, width: int) -> list[Line]:
    return [[(f"{INDENT}* {idea.name}", "bold")], *_paragraph(idea.text, width, indent=f"{INDENT}  ")]


def _by_hand(lesson: Lesson, width: int) -> list[Line]:
    if not lesson.by_hand:
        return [[(f"{INDENT}{lesson.hand}", "dim")]] if lesson.hand else []
    command: list[Line] = [[(line, "green")] for line in shell_lines(INDENT, lesson.by_hand, width, hang=0)]
    return [[(f"{INDENT}{lesson.hand}:", "dim")], *command]


def _end(pull: Pull, width: int) -> list[Line]:
    hops = pull.hops
    documents = sum(hop.bytes or 0 for hop in hops if hop.ok and hop.route.reference is not None)
    tokens = sum(step.kind is Kind.TOKEN and step.outcome is Outcome.OK for step in pull.steps)
    redirects = sum(hop.redirects for hop in hops)
    parts = [f"{size(documents)} of manifests", count(tokens, "token")]
    if redirects:
        parts.append(count(redirects, "redirect"))
    text = f"In all {count(len(hops), 'request')}: {', '.join(parts[:-1])} and {parts[-1]}."
    if pull.outcome is Ending.COMPLETE and pull.action == "pull":
        text += " The image was asked for at URLs below /v2/: a domain of your own can redirect those with one rule."
    lines = _paragraph(text, width, indent="")
    for finding in pull.findings:
        lines.append([(f"{finding.severity}  {plain(finding.code)}", "bold")])
        lines += _paragraph(plain(finding.message, 2000), width)
        lines += _paragraph(f"Fix: {plain(finding.fix, 2000)}", width) if finding.fix else []
    return lines


def _paragraph(text: str, width: int, *, style: str | None = None, indent: str = INDENT) -> list[Line]:
    return [
        [(f"{indent}{row}", style)]
        for line in text.split("\n")
        for row in textwrap.wrap(
            line,
            width - len(indent),
            subsequent_indent="  " if line.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]


def _right(room: int, words: Line) -> Line:
    """Words at the right edge of the room that is left of a line."""
    return [(" " * max(2, room - sum(len(text) for text, _ in words)), None), *words]


def _shortened(text: str, room: int) -> str:
    """The text; where that is too long its host and the last part of its path."""
    if len(text) <= room:
        return text
    host, _, path = text.partition("/")
    brief = f"{host}/.../{path.rpartition('/')[2]}"
    return brief if len(brief) < len(text) else text


def _middle(text: str, room: int) -> str:
    """The text with its middle left out: method and host are before it, what was asked for is after it."""
    if len(text) <= room:
        return text
    keep = room - 2
    head = keep * 3 // 5
    return f"{text[:head]}..{text[len(text) - (keep - head) :]}"
