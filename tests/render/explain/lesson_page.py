"""docs/how-a-pull-works.md: the lesson as a page, with diagrams, made of the table and of the demo's traces.

`test_page` writes it and compares the two, so that page and lesson say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pullscope.render.explain.glossary import TERMS
from pullscope.render.explain.ideas import BEFORE
from pullscope.render.explain.lesson import Lesson, Said, lessons
from pullscope.render.explain.lesson_text import HOW_TO_READ, Demo, chapters
from pullscope.render.explain.table import Section
from pullscope.render.exports.escaping import markdown_code, markdown_text
from pullscope.render.exports.markdown import diagrams
from pullscope.render.names import client_line
from pullscope.trace.hosts import tally
from pullscope.trace.model import Pull

HEAD = """\
# How a pull works

A container image is a set of compressed archives of files (layers), a short description of how to start a program from them
(config), and documents that list both by their hashes, numbers computed from content (manifests). A registry is a web server
that has these at URLs below `/v2/`. A pull fetches them step by step over HTTPS: the name leads to a digest (the hash of a
document or file), the digest to a list of platforms (index), that to a list of files (manifest), that to the files. Four
parties take part:

| party | what it does | in this example |
|---|---|---|
| client | makes the requests, checks the hashes, stores the image | the docker daemon |
| registry | has the manifests and says where the rest is | `registry-1.docker.io`, Docker Hub |
| token server (auth) | issues the ticket (token) that the registry wants to see | `auth.docker.io` |
| storage or CDN (cdn) | sends the files | `production.cloudflare.docker.com` |

pullscope is a proxy that records and explains the requests of a pull. This page is generated from two recorded runs of
`pullscope demo`; `pullscope explain` explains a pull of yours.
`--level expert` is shorter and leaves out no step.

```sh
pullscope demo --explain --client docker-classic             # this page, step by step
pullscope demo --explain --client docker-classic --vanity    # the same through a domain of your own
```

- [Step by step](#step-by-step)
- [The same pull through a domain of your own](#vanity)
- [Other pulls](#other-pulls)
- [A registry domain of your own](#a-registry-domain-of-your-own)
- [Words](#words)

## Step by step
"""

IN_THE_LESSON = frozenset({
    "200", "401", "Accept", "anonymous", "attestation", "blob", "CA", "CDN", "challenge", "client", "config", "container image",
    "daemon", "diff_id", "digest", "hash", "header", "HEAD", "index", "layer", "manifest", "mirror", "platform", "proxy", "pull",
    "rate limit", "realm", "redirect", "registry", "repository", "reverse proxy", "scope", "service", "signed URL", "store",
    "tag", "token", "token server", "vanity domain", "version check",
})  # fmt: skip
"""What the page explains where it first stands, so that the list at its end has the rest."""

BY_HAND = (
    'The commands under "By hand" ask the real Docker Hub. The digests here are those of a sample image: replace them with '
    "those that Docker Hub answers."
)

_ACCEPT = re.compile(r'\0-H "Accept: ([^"]*)"')

VANITY = """\
## <a id="vanity"></a>The same pull through a domain of your own

The same pull, under the name `docker.example.com/timonback/zephykus:latest`. docker already knows from the version check that
the registry behind the redirect wants a token: when "resolve" is redirected there, it gets one first, then follows. It sends the
token to the registry only, never to docker.example.com.
"""


def how_a_pull_works(direct: Pull, through_vanity: Pull, demo: Demo) -> str:
    lines = [HEAD, f"{_prose(HOW_TO_READ)}\n", f"The client is {client_line(direct)}. {BY_HAND}", ""]
    lines += _diagrams(direct)
    cited: set[Section] = set()
    seen: set[str] = set()
    types_of: dict[tuple[str, ...], str] = {}
    steps = lessons(direct)
    lines += ["### Before the first request", ""]
    lines += _said((idea for lesson in steps for idea in lesson.ideas if idea.idea in BEFORE), cited)
    for lesson in steps:
        lines += _section(lesson, cited, types_of)
        seen |= {idea.name for idea in lesson.ideas}
    lines += _hosts(direct)
    lines += [VANITY, *_diagrams(through_vanity, most=1)]
    lines += _said((idea for step in lessons(through_vanity) for idea in step.ideas if idea.name not in seen), cited)
    lines += _hosts(through_vanity)
    for chapter in chapters(through_vanity, demo):
        lines += [f"## {chapter.title}", ""]
        for said in chapter.said:
            lines += [*_said([said], cited), *_table(chapter.tables.get(said.idea, []))]
    lines += [
        "[vanity-domains.md](vanity-domains.md) has the rules for each platform.",
        "",
        "## Words",
        "",
        "Words used above, and statuses.",
        "",
    ]
    used = "\n".join(lines).lower()
    words = [word for word in TERMS if word not in IN_THE_LESSON and (word.isdigit() or word.lower() in used)]
    lines += [f"- **{word}**: {_prose(TERMS[word])}" for word in words]
    return "\n".join(lines).rstrip("\n") + "\n"


def _prose(text: str) -> str:
    """Our own sentences, with what stands in backticks as code and everything else inert."""
    pieces = text.split("`")
    return "".join(markdown_code(one) if number % 2 else markdown_text(one, 2000) for number, one in enumerate(pieces))


def _said(ideas: Iterable[Said], cited: set[Section]) -> Iterator[str]:
    for idea in ideas:
        yield f"**{idea.name}.** {_prose(idea.text)}{_source(idea.section, cited)}"
        yield ""


def _source(section: Section, cited: set[Section]) -> str:
    """The section that says so, where it first does."""
    if section in cited:
        return ""
    cited.add(section)
    return f" ([{section.title}]({section.url}))"


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield f"| {' | '.join(markdown_text(cell) for cell in row)} |"
        if number == 0:
            yield f"|{'---|' * len(row)}"
    if rows:
        yield ""


def _section(lesson: Lesson, cited: set[Section], types_of: dict[tuple[str, ...], str]) -> Iterator[str]:
    number = f"Step {lesson.number}" if len(lesson.steps) == 1 else f"Steps {lesson.number}"
    yield f"### {number}: {lesson.title}"
    yield ""
    said = "" if lesson.came.startswith(lesson.answered) else f"{lesson.answered}: "
    yield f"{markdown_code(lesson.asked)} → {markdown_code(f'{said}{lesson.came}')}"
    yield ""
    yield f"{_prose(lesson.beginner)}{_source(lesson.section, cited)}"
    yield ""
    yield from _said((idea for idea in lesson.ideas if idea.idea not in BEFORE), cited)
    if lesson.by_hand:
        words, types = _without_types(lesson.by_hand)
        yield f"{lesson.hand}{' and ACCEPT of step ' + types_of[types] if types in types_of else ''}:"
        yield ""
        yield "```sh"
        if types and types not in types_of:
            types_of[types] = lesson.number
            yield 'ACCEPT="Accept: ' + ",\\\n".join(types) + '"'
        yield " \\\n  ".join(words)
        yield "```"
        yield ""


def _without_types(words: tuple[str, ...]) -> tuple[list[str], tuple[str, ...]]:
    """A line of curl with its headers Accept as one variable, and the types that this holds."""
    line = "\0".join(words)
    types = tuple(found.replace("\0", " ") for found in _ACCEPT.findall(line))
    kept = _ACCEPT.sub("", line).split("\0")
    return ([kept[0], '-H "$ACCEPT"', *kept[1:]] if types else kept), types


def _diagrams(pull: Pull, most: int | None = None) -> Iterator[str]:
    for diagram in list(diagrams(pull, fold=True))[:most]:
        yield f"```mermaid\n{diagram}```"
        yield ""


def _hosts(pull: Pull) -> Iterator[str]:
    yield "Requests and bytes by host:"
    yield ""
    yield "| host | role | requests | bytes received |"
    yield "|---|---|--:|--:|"
    for host in tally(pull.hops):
        yield f"| {markdown_code(host.host)} | {'+'.join(host.roles)} | {host.requests} | {host.bytes} |"
    yield ""
