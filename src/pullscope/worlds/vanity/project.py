"""What `vanity init` writes for a platform: the files of a project and the templates that they are made of. Values only.

A platform's `Kind` holds one `Project` for each design that it can do; `starters` fills them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


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
