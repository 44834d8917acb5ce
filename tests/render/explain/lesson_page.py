"""docs/how-a-pull-works.md: the lesson as a page, with diagrams, made of the table and of the demo's traces.

`test_page` writes it and compares the two, so that page and lesson say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pullscope.render.explain.glossary import TERMS
from pullscope.render.explain.ideas import BEFORE
from pullscope.render.explain.lesson import Lesson, Said, address, lessons
from pullscope.render.explain.lesson_text import HOW_TO_READ, Chapter, Demo, chapters
from pullscope.render.explain.table import Section
from pullscope.render.exports.escaping import markdown_code, markdown_text
from pullscope.render.exports.markdown import diagrams
from pullscope.render.names import client_line
from pullscope.trace.model import Kind, Pull

HEAD = """\
# How a pull works

A container image consists of layers (compressed archives of files), a config (how to start a program from them) and a manifest
that lists both by their digests. A digest is a fingerprint of some content. Layers and config are also called blobs. An image for
several platforms (kinds of machine, by operating system and processor) has all of this for each of them, and an index, also
called manifest list, that names the manifests.

A registry is a web server that serves all this at URLs below `/v2/`. A pull fetches it over HTTPS, step by step: the image's name
leads to a digest, the digest to the index, the index to a manifest, the manifest to config and layers. Four parties take part:

| party | what it does | in this example |
|---|---|---|
| client | makes the requests, checks the hashes, stores the image | the docker daemon, a program in the background |
| registry | serves index and manifest, says where the rest is | `registry-1.docker.io`, Docker Hub |
| token server ("auth" below) | issues the ticket (token) that the registry wants to see | `auth.docker.io` |
| storage, or a CDN, a network of servers near you ("cdn" below) | sends config and layers | `production.cloudflare.docker.com` |

pullscope is a proxy, a program that passes requests and answers on; it records and explains those of a pull. This page shows a
recorded run of `pullscope demo` ([README](../README.md) says how to install it): a sample registry on your own machine answers
under the host names of Docker Hub. [When a pull fails](#when-a-pull-fails) says how to have a pull of yours explained.

```sh
pullscope demo --explain --client docker-classic             # this page
pullscope demo --explain --client docker-classic --vanity    # the same through a domain of your own
```

## Step by step
"""

IN_THE_LESSON = frozenset({
    "200", "301", "302", "307", "308", "401", "403", "404", "405", "406", "429", "Accept", "anonymous",
    "attestation", "Basic", "blob", "CA", "CDN", "challenge", "client", "CNAME", "config", "container image",
    "Content-Type", "daemon", "diff_id", "digest", "DNS", "Docker Hub", "Docker-Content-Digest", "glossary", "hash",
    "HEAD", "header", "index", "layer", "login", "manifest", "media type", "mirror", "platform", "port", "proxy",
    "pull", "push", "rate limit", "realm", "redirect", "reference", "referrers", "registry", "repository",
    "resolve", "reverse proxy", "scope", "service", "signature", "signed URL", "store", "tag", "token",
    "token server", "User-Agent", "vanity domain", "version check",
})  # fmt: skip
"""What the page explains where it first stands, so that the list at its end has the rest."""

VERSIONS = "[Other pulls](#other-pulls) says which store your docker has."
BY_HAND = (
    'The commands under "By hand" ask the real Docker Hub; its digests differ from the sample\'s here. (`--globoff` keeps curl '
    "from reading brackets in an address as a pattern.)"
)
DIGEST_OF = {
    Kind.MANIFEST_LIST: "the docker-content-digest that step 3 printed",
    Kind.MANIFEST: "your platform's digest from the index",
    Kind.LAYER: "any digest from the manifest",
}
"""What to set the variable to, by the kind of step that is shown."""

AFTER = {
    Kind.TOKEN: "If a later command shows UNAUTHORIZED, or a hash differs, the token has run out: get another.",
    Kind.LAYER: "The hash that this prints must be the one in DIGEST. A manifest is checked in the same way: add `| sha256sum`.",
}
"""What is to be known of the commands, below them."""

_ACCEPT = re.compile(r'\0-H "Accept: ([^"]*)"')

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

DOMAIN = """\
## <a id="domain"></a>A registry domain of your own

The pull above, under the name `docker.example.com/timonback/zephykus:latest`, has the same steps. Each request to the registry,
the version check too, goes to docker.example.com first and is redirected. docker learns from the version check that
registry-1.docker.io wants a token. Then the domain redirects the request for the tag. docker gets a token, and only then asks
the registry:
"""
AND_SO_ON = "Each later request to the registry is redirected too, and needs no new token."


def how_a_pull_works(direct: Pull, through_vanity: Pull, demo: Demo) -> str:
    lines = [
        HEAD,
        f"{_paragraphs(HOW_TO_READ)}\n",
        f"The client is {client_line(direct)}. {VERSIONS} {BY_HAND}",
        "",
    ]
    lines += _diagrams(direct)
    cited: set[Section] = set()
    seen: set[str] = set()
    types_of: dict[tuple[str, ...], str] = {}
    by_hand: dict[str, str] = {}
    steps = lessons(direct)
    lines += ["### Before the first request", ""]
    lines += _said((idea for lesson in steps for idea in lesson.ideas if idea.idea in BEFORE), cited)
    for lesson in steps:
        lines += _section(lesson, cited, types_of, by_hand)
        seen |= {idea.name for idea in lesson.ideas}
    *others, domain = chapters(through_vanity, demo)
    for chapter in others:
        lines += [f"## {chapter.title}", "", *_chapter(chapter, cited)]
    lines += [DOMAIN, *_resolved(through_vanity), "", AND_SO_ON, ""]
    lines += _said((idea for step in lessons(through_vanity) for idea in step.ideas if idea.name not in seen), cited)
    lines += _chapter(domain, cited)
    lines += [
        "[vanity-domains.md](vanity-domains.md) has the rules for each platform.",
        "",
    ]
    used = "\n".join(lines).lower()
    words = [word for word in TERMS if word not in IN_THE_LESSON and (word.isdigit() or word.lower() in used)]
    lines += ["## Words", "", "What is not explained above:", ""] if words else []
    lines += [f"- **{word}**: {_prose(TERMS[word])}" for word in words]
    return "\n".join(lines).rstrip("\n") + "\n"


def _prose(text: str) -> str:
    """Our own sentences, with what stands in backticks as code and everything else inert."""
    pieces = text.split("`")
    return "".join(markdown_code(one) if number % 2 else markdown_text(one, 2000) for number, one in enumerate(pieces))


def _said(ideas: Iterable[Said], cited: set[Section]) -> Iterator[str]:
    for idea in ideas:
        yield f"**{idea.name}.** {_paragraphs(idea.text, _source(idea.section, cited))}"
        yield ""


def _paragraphs(text: str, source: str = "") -> str:
    """A paragraph with its source, and the items of its list."""
    first, *items = (_prose(line.removeprefix("- ")) for line in text.split("\n"))
    end = ":" * first.endswith(":")
    return "\n- ".join([first.removesuffix(end) + source + end + "\n" * bool(items), *items])


def _chapter(chapter: Chapter, cited: set[Section]) -> Iterator[str]:
    for said in chapter.said:
        yield from _said([said], cited)
        yield from _table(chapter.tables.get(said.idea, []))


def _resolved(pull: Pull) -> Iterator[str]:
    """The requests of the version check, of the tag and of its token, in their order."""
    hops = [
        hop for step in pull.steps if step.kind in (Kind.VERSION_CHECK, Kind.RESOLVE, Kind.TOKEN) for hop in step.hops
    ]
    for number, hop in enumerate(sorted(hops, key=lambda hop: hop.request.time), 1):
        yield f"{number}. {markdown_code(f'{hop.request.method} {address(hop)}')} → {markdown_code(str(hop.status))}"


def _source(section: Section, cited: set[Section]) -> str:
    """A link to the section that says so, where it first does, under the name of its document."""
    if section in cited:
        return ""
    cited.add(section)
    return f" ([{section.title.partition(', ')[0].removeprefix('OCI ').removesuffix(' 1.1')}]({section.url}))"


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield f"| {' | '.join(markdown_text(cell) for cell in row)} |"
        if number == 0:
            yield f"|{'---|' * len(row)}"
    if rows:
        yield ""


def _section(
    lesson: Lesson, cited: set[Section], types_of: dict[tuple[str, ...], str], by_hand: dict[str, str]
) -> Iterator[str]:
    number = f"Step {lesson.number}" if len(lesson.steps) == 1 else f"Steps {lesson.number}"
    yield f"### {number}: {lesson.title}"
    yield ""
    said = "" if lesson.came.startswith(lesson.answered) else f"{lesson.answered}: "
    yield f"{markdown_code(lesson.asked)} → {markdown_code(f'{said}{lesson.came}')}"
    yield ""
    yield f"{_prose(lesson.beginner)}{_source(lesson.section, cited)}"
    yield ""
    yield from _said((idea for idea in lesson.ideas if idea.idea not in BEFORE), cited)
    if not lesson.by_hand:
        return
    words, types = _without_types(lesson.by_hand)
    command = _DIGEST.sub("$DIGEST", " \\\n  ".join(words))
    if command in by_hand:
        yield f"By hand: as in step {by_hand[command]}, with DIGEST set to {DIGEST_OF[lesson.shown.kind]}."
        yield ""
        return
    by_hand[command] = lesson.number
    first = f" First set DIGEST to {DIGEST_OF[lesson.shown.kind]}: `DIGEST=sha256:…`" if "$DIGEST" in command else ":"
    yield f"{lesson.hand}{' and ACCEPT of step ' + types_of[types] if types in types_of else ''}{'.' * (first != ':')}{first}"
    yield ""
    yield "```sh"
    if types and types not in types_of:
        types_of[types] = lesson.number
        yield 'ACCEPT="Accept: ' + ",\\\n".join(types) + '"'
    yield command
    yield "```"
    yield ""
    if lesson.shown.kind in AFTER:
        yield from (AFTER[lesson.shown.kind], "")


def _without_types(words: tuple[str, ...]) -> tuple[list[str], tuple[str, ...]]:
    """A line of curl with its headers Accept as one variable, and the types that this holds."""
    line = "\0".join(words)
    types = tuple(found.replace("\0", " ") for found in _ACCEPT.findall(line))
    kept = _ACCEPT.sub("", line).split("\0")
    return ([kept[0], '-H "$ACCEPT"', *kept[1:]] if types else kept), types


def _diagrams(pull: Pull) -> Iterator[str]:
    for diagram in diagrams(pull, fold=True):
        yield f"```mermaid\n{diagram}```"
        yield ""
