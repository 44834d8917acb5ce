"""A small project for a vanity domain, for each platform and design: rules or a program, a page for visitors, DNS and TLS.

Texts only; who writes them to disk is the caller's matter. Which files a platform needs is in its `Kind`; the templates lie in
`templates/`, and every value that goes into them has passed `Wanted`, so that none can end a string, a tag or a line there. A
platform whose rules cannot proxy gets a program that does, with what it does as `[[rewrite]]` beside it: that is what `try` and
`lint` read.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from string import Template

from pullscope.oci.reference import Reference, is_repository
from pullscope.worlds.vanity.platform import Design, Project
from pullscope.worlds.vanity.platforms import PLATFORMS
from pullscope.worlds.vanity.upstreams import upstream

PROJECTS: Mapping[tuple[Design, str], Project] = {
    (design, str(kind.id)): kind.projects[design]
    for design in Design
    for kind in PLATFORMS.values()
    if design in kind.projects
}
"""Every project, by design and platform."""

STARTERS: tuple[str, ...] = tuple(platform for design, platform in PROJECTS if design is Design.REDIRECT)
"""The platforms that one can be written for."""

# RFC 1123, 2.1, with at least one dot: a name that a certificate can be had for.
_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the project is for; ValueError, in one sentence, where one of its words cannot be used."""

    host: str
    namespace: str
    upstream: str
    platform: str
    design: Design = field(default=Design.REDIRECT)

    def __post_init__(self) -> None:
        if self.platform not in STARTERS:
            raise ValueError(f"there is no starter for {self.platform!r}; there is one for {', '.join(STARTERS)}.")
        if (self.design, self.platform) not in PROJECTS:
            able = ", ".join(platform for design, platform in PROJECTS if design is self.design)
            raise ValueError(f"there is no {self.design} starter for {self.platform}; there is one for {able}.")
        if not _DOMAIN.fullmatch(self.host):
            raise ValueError(f"{self.host[:100]!r} is not a domain: write a name such as docker.example.com")
        if not is_repository(self.namespace):
            raise ValueError(
                f"{self.namespace[:100]!r} is not a namespace: write an organisation's name, in lower case"
            )
        if not _is_registry(self.upstream):
            raise ValueError(f"{self.upstream[:100]!r} is not a registry: write a host such as docker.io or ghcr.io")
        if self.api_host == self.host:
            raise ValueError(f"{self.host} cannot be in front of itself: --upstream names the registry behind it")

    @property
    def project(self) -> Project:
        return PROJECTS[self.design, self.platform]

    @property
    def platform_words(self) -> tuple[str, ...]:
        """What tells `try` and `lint` whose rules these are, where the file's name does not."""
        return (f"--platform {self.platform}",) if self.project.rules.endswith("_redirects") else ()

    @property
    def source(self) -> str:
        """The namespace at the registry, as people write it."""
        return f"{self.upstream}/{self.namespace}"

    @property
    def api_host(self) -> str:
        """The host of the registry's API; Docker Hub's is not its name."""
        return Reference.parse(f"{self.upstream}/{self.namespace}/image").api_host


def _is_registry(text: str) -> bool:
    """Whether a reference takes `text` for its registry, all of it."""
    try:
        return Reference.parse(f"{text}/org/image").repository == "org/image"
    except ValueError:
        return False


def starter(wanted: Wanted) -> dict[str, str]:
    """The project: the path of each file to its text."""
    project = wanted.project
    values = {
        "host": wanted.host,
        "namespace": wanted.namespace,
        "first": wanted.namespace.partition("/")[0],
        "upstream": wanted.api_host,
        "label": upstream(wanted.api_host).label,
        "rules": project.rules,
        "page": f"{project.site}/index.html",
        "site": project.site,
        "platform": "".join(f" {word}" for word in wanted.platform_words),
        "project": wanted.host.replace(".", "-"),
        "source": wanted.source,
        "program": project.program,
        "entry": project.entry,
    }
    values["steps"] = _template(project.steps).substitute(values).strip("\n")
    before = "readme-static-before.md" if wanted.design == "static" else "readme-before.md"
    parts = {"does": f"readme-{wanted.design}-does.md", "before": before, "who": f"readme-{wanted.design}-who.md"}
    for part, name in parts.items():
        values[part] = _template(name).substitute(values).strip("\n")
    if values["page"] in project.files:
        values["does"] += f"\n- `{values['page']}`: what people see who open https://{wanted.host}/ in a browser."
    if project.program:
        values["does"] += f"\n- `{project.program}`: the program that proxies."
    files = {"README.md": _template("README.md").substitute(values)}
    for path, name in project.files.items():
        escaped = {key: html.escape(value) for key, value in values.items()} if path.endswith(".html") else values
        files[path] = _template(name).substitute(escaped)
    return files


def _template(name: str) -> Template:
    if "\n" in name:
        return Template(name)
    folder = resources.files("pullscope.worlds.vanity") / "templates"
    return Template((folder / name).read_text(encoding="utf-8"))
