"""What a platform is: how its file is told and read, how it answers, what is advised, what `init` writes, and its row in the
documentation.

One object a platform, `KIND` in a module of `kinds`; `platforms` is the table of those that are there. Nothing else knows a
platform by name, so that a new one is a new file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult

from pullscope.oci.messages import Request
from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.rules import Decision, Dialect, Rule


class Design(StrEnum):
    """How the domain answers."""

    REDIRECT = "redirect"
    PROXY = "proxy"
    STATIC = "static"


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """What is written for one platform and design: the path of each file to its template.

    A template is the name of a file in `templates/`, or, with a line break in it, the text itself.
    """

    rules: str
    """The file that `try` and `lint` read, or where there is none to read, the one that the platform does."""
    files: Mapping[str, str]
    steps: str
    """The template of the steps to deploy it."""
    program: str = ""
    """The file with the program that proxies, where the rules cannot."""
    entry: str = ""
    """How the platform finds the program's function."""

    @property
    def site(self) -> str:
        return "public" if "public/index.html" in self.files else "site"


PUBLIC: Mapping[str, str] = {"public/index.html": "index.html"}
"""The site of a platform that publishes a folder."""
SITE: Mapping[str, str] = {"site/index.html": "index.html"}
"""The site of a server."""


def by_program(program: str, entry: str, steps: str, more: Mapping[str, str] | None = None) -> Project:
    """A proxy where rules cannot be one: a program, with what it does beside it as `[[rewrite]]`, for `try` and `lint`."""
    files = {"vanity.toml": "rules-proxy.toml", program: "proxy.js", **(more or {}), **PUBLIC}
    return Project(rules="vanity.toml", files=files, steps=steps, program=program, entry=entry)


def served(rules: str, name: str, *, proxy_steps: str = "") -> Mapping[Design, Project]:
    """The three projects of a server that can do every design by its configuration `rules`; templates `rules-NAME…`."""
    static = Project(rules=rules, files={rules: f"rules-{name}-static", **SITE}, steps=f"steps-{name}.md")
    return {**routed(rules, name, SITE, proxy_steps=proxy_steps), Design.STATIC: static}


def routed(
    rules: str, name: str, site: Mapping[str, str] | None = None, *, proxy_steps: str = ""
) -> Mapping[Design, Project]:
    """The two of one that redirects and proxies; without a `site` it has no files of its own."""
    steps, more = f"steps-{name}.md", site or {}
    return {
        Design.REDIRECT: Project(rules=rules, files={rules: f"rules-{name}", **more}, steps=steps),
        Design.PROXY: Project(rules=rules, files={rules: f"rules-{name}-proxy", **more}, steps=proxy_steps or steps),
    }


Values = Mapping[str, str]
"""What a rule's pattern has matched, by name and by number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """What a reader made of a text."""

    rules: Sequence[Rule]
    remarks: Sequence[Problem] = ()
    play: Callable[[Request], Decision] | None = None
    """How a server's configuration answers; None for a list of rules of which the first match does."""
    hosts: frozenset[str] = frozenset()
    """Names of hosts that the file is for."""
    foreign: Callable[[str], frozenset[str] | set[str]] = lambda _host: frozenset()
    """The places of what is for other hosts only."""
    trailing_slash: bool | None = None
    clean_urls: bool = False


@dataclass(frozen=True, slots=True)
class Statements:
    """How a server's configuration is read: its statements first, of which some take in other files (`includes`)."""

    statements: Callable[[str, str], list[Directive]]
    """Of a text, and its file's name; ValueError, in one sentence with the line, for one that it is not."""
    of_statements: Callable[[list[Directive], str], Read]
    includes: frozenset[str]
    """Their names; the word after it is the file's."""

    def __call__(self, text: str, file: str) -> Read:
        return self.of_statements(self.statements(text, file), file)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    id: str
    label: str
    is_file: Callable[[str, str], bool]
    """Whether a file is its: from the name in lower case, and the text."""
    turn: int = 0
    """A file is offered to those with a low one first: whose `is_file` takes what others leave has a higher one."""
    read: Callable[[str, str], Read]
    """The text and the file's name; ValueError, in one sentence with the line, for a text that it is not. `Statements` for a
    server's configuration, which may lie in several files."""
    dialect: Dialect
    with_values: Callable[[str, Mapping[str, str]], str] = lambda text, _env: text
    """The text with the values of environment variables, for a platform that fills them in before it reads."""
    fill: Callable[[str, Values, SplitResult], str] = lambda target, _values, _asked: target
    """A target with its placeholders filled in, for a list of rules."""

    # What it does with lists of rules.
    has_site: bool = False
    """True where files of a published folder answer too."""
    slash_finds_files: bool = False
    """True where /a/ finds a.html too."""
    joins_query: bool = False
    """True where the query of a request is added to that of a target."""
    index_for_all: bool = False
    """True where a site without a 404.html answers every path with its index page."""
    refused_statuses: frozenset[int] = frozenset()
    """Statuses of rules that it answers with 404."""
    code_files: frozenset[str] = frozenset()
    """Files of the site that are code which answers before every rule."""
    code_at: Callable[[str], str | None] = lambda _path: None
    """What may answer at a path of the site where no file is, "the site's own function"."""

    # What was never seen in production.
    unproven_status: str = ""
    unproven_proxy: str = ""

    # What lint advises. `{target}` is the registry's host.
    ping_fix: str
    path_fix: str = "hand on the path as it came, with /v2/"
    shadow_fix: str = "a rule that comes before it"
    query_fix: str = "leave the query out of the target; then the request's is handed on"
    status_fix: str = "use 302"
    permanent_by_default: bool = False

    address: str = ""
    """Whose address a proxy's pulls are counted on."""

    projects: Mapping[Design, Project] = field(default_factory=dict)
    """What `init` writes, for each design that it can do."""

    row: tuple[str, str, str] = field(default=("", "", ""))
    """Its row in docs/vanity-domains.md: file, `from`, status if none is written."""
