"""docs/how-a-pull-works.md: the lesson as a page, with diagrams, made of the table and of the demo's traces.

`docs/pictures/make.py` writes it and a test holds it, so that the page cannot say what the code does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pullscope.render.explain.chapters import Demo, chapters
from pullscope.render.explain.glossary import TERMS
from pullscope.render.explain.lesson import Lesson, Said, lessons
from pullscope.render.explain.lesson_text import HOW_TO_READ
from pullscope.render.exports.escaping import markdown_code, markdown_text
from pullscope.render.exports.mermaid import diagrams
from pullscope.render.names import client_line
from pullscope.trace.hosts import tally
from pullscope.trace.model import Pull

HEAD = """\
# How a pull works

This page is made by `docs/pictures/make.py` from a recording of `pullscope demo`; what it says of each step is what
`pullscope explain` and the HTML report say of yours. Read it beside a running one:

```sh
pullscope demo --explain
pullscope demo --explain --vanity
```

The whole of it in one sentence: a name is turned into a digest, the digest into a packing list, the packing list into
digests of files, and the files come from somewhere else.

- [Step by step](#step-by-step)
- [The same pull through a domain of your own](#vanity)
- [Other pulls](#other-pulls)
- [A registry domain of your own](#a-registry-domain-of-your-own)
- [Words](#words)

## Step by step
"""

VANITY = """\
## <a id="vanity"></a>The same pull through a domain of your own

A vanity domain is a name of yours in front of somebody's registry, docker.example.com say. The simplest one holds nothing
and answers every request with a redirect. This is what changes:
"""


def how_a_pull_works(direct: Pull, through_vanity: Pull, demo: Demo) -> str:
    """The page."""
    lines = [HEAD, f"{_prose(HOW_TO_READ)}\n", f"What follows was said by {client_line(direct)}.", ""]
    lines += _diagrams(direct)
    seen: set[str] = set()
    for lesson in lessons(direct):
        lines += _section(lesson)
        seen |= {idea.name for idea in lesson.ideas}
    lines += _hosts(direct)
    lines += [VANITY, *_diagrams(through_vanity, most=1)]
    lines += _said(idea for lesson in lessons(through_vanity) for idea in lesson.ideas if idea.name not in seen)
    lines += _hosts(through_vanity)
    for chapter in chapters(through_vanity, demo):
        lines += [f"## {chapter.title}", ""]
        for said in chapter.said:
            lines += [*_said([said]), *_table(chapter.tables.get(said.idea, []))]
    lines += ["Design, rules and rehearsal: [vanity-domains.md](vanity-domains.md).", "", "## Words", ""]
    lines += [f"- **{word}**: {_prose(meaning)}" for word, meaning in TERMS.items()]
    return "\n".join(lines).rstrip("\n") + "\n"


def _prose(text: str) -> str:
    """Our own sentences, with what stands in backticks as code and everything else inert."""
    pieces = text.split("`")
    return "".join(markdown_code(one) if number % 2 else markdown_text(one, 2000) for number, one in enumerate(pieces))


def _said(ideas: Iterable[Said]) -> Iterator[str]:
    for idea in ideas:
        yield f"**{idea.name}.** {_prose(idea.text)} ([{idea.section.title}]({idea.section.url}))"
        yield ""


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield f"| {' | '.join(markdown_text(cell) for cell in row)} |"
        if number == 0:
            yield f"|{'---|' * len(row)}"
    if rows:
        yield ""


def _section(lesson: Lesson) -> Iterator[str]:
    number = f"Step {lesson.number}" if len(lesson.steps) == 1 else f"Steps {lesson.number}"
    yield f"### {number}: {lesson.title}"
    yield ""
    yield f"{markdown_code(lesson.asked)} is answered {markdown_code(lesson.answered)}: {markdown_code(lesson.came)}."
    yield ""
    yield _prose(lesson.beginner)
    yield ""
    yield from _said(lesson.ideas)
    yield f"For those who know: {_prose(lesson.expert)} ([{lesson.section.title}]({lesson.section.url}))"
    yield ""
    if lesson.by_hand:
        yield "```sh"
        yield " \\\n  ".join(lesson.by_hand)
        yield "```"
        yield ""


def _diagrams(pull: Pull, most: int | None = None) -> Iterator[str]:
    for diagram in list(diagrams(pull))[:most]:
        yield f"```mermaid\n{diagram}```"
        yield ""


def _hosts(pull: Pull) -> Iterator[str]:
    yield "Who did what, and who sent the bytes:"
    yield ""
    yield "| host | role | requests | bytes |"
    yield "|---|---|--:|--:|"
    for host in tally(pull.hops):
        yield f"| {markdown_code(host.host)} | {'+'.join(host.roles)} | {host.requests} | {host.bytes} |"
    yield ""
