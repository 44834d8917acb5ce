"""A small project for a vanity domain, for each platform: rules, a page for visitors, and what to do for DNS and TLS.

Texts only; who writes them to disk is the caller's matter. The templates lie in `templates/`, and every value that goes into
them has passed `Wanted`, so that none can end a string, a tag or a line there.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from string import Template

from pullscope.oci.reference import Reference, is_repository
from pullscope.worlds.vanity.upstreams import upstream

STARTERS: Mapping[str, str] = {
    "netlify": "netlify.toml",
    "cloudflare": "public/_redirects",
    "vercel": "vercel.json",
    "caddy": "Caddyfile",
    "nginx": "vanity.conf",
}
"""Platform to the file with its rules."""

_PAGES: Mapping[str, tuple[str, ...]] = {
    "netlify": ("public/index.html",),
    # Without a 404.html, Cloudflare Pages answers every unknown path with index.html and status 200.
    "cloudflare": ("public/index.html", "public/404.html"),
    "vercel": ("public/index.html",),
    "caddy": ("site/index.html",),
    "nginx": ("site/index.html",),
}
# RFC 1123, 2.1, with at least one dot: a name that a certificate can be had for.
_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the project is for; ValueError, in one sentence, where one of its words cannot be used."""

    host: str
    namespace: str
    upstream: str
    platform: str

    def __post_init__(self) -> None:
        if self.platform not in STARTERS:
            raise ValueError(f"there is no starter for {self.platform!r}; there is one for {', '.join(STARTERS)}")
        if not _DOMAIN.fullmatch(self.host):
            raise ValueError(f"{self.host[:100]!r} is no domain: write a name such as docker.example.com")
        if not is_repository(self.namespace):
            raise ValueError(f"{self.namespace[:100]!r} is no namespace: write an organisation's name, in lower case")
        if self.api_host == self.host:
            raise ValueError(f"{self.host} cannot be in front of itself: --upstream names the registry behind it")

    @property
    def rules(self) -> str:
        """The file with its rules."""
        return STARTERS[self.platform]

    @property
    def platform_words(self) -> tuple[str, ...]:
        """What tells `try` and `lint` whose rules these are, where the file's name does not."""
        return (f"--platform {self.platform}",) if self.rules.endswith("_redirects") else ()

    @property
    def api_host(self) -> str:
        """The host of the registry's API; Docker Hub's is not its name."""
        return Reference.parse(f"{self.upstream}/{self.namespace}/image").api_host


def starter(wanted: Wanted) -> dict[str, str]:
    """The project: the path of each file to its text."""
    known = upstream(wanted.api_host)
    values = {
        "host": wanted.host,
        "namespace": wanted.namespace,
        "upstream": wanted.api_host,
        "label": known.label,
        "rules": wanted.rules,
        "page": _PAGES[wanted.platform][0],
        "platform": "".join(f" {word}" for word in wanted.platform_words),
        "source": f"{wanted.upstream}/{wanted.namespace}",
    }
    steps = _template(f"steps-{wanted.platform}.md").substitute(values)
    files = {
        STARTERS[wanted.platform]: _template(f"rules-{wanted.platform}").substitute(values),
        "README.md": _template("README.md").substitute(values, steps=steps.strip()),
    }
    for page in _PAGES[wanted.platform]:
        name = page.rpartition("/")[2]
        files[page] = _template(name).substitute({key: html.escape(value) for key, value in values.items()})
    return files


def _template(name: str) -> Template:
    folder = resources.files("pullscope.worlds.vanity") / "templates"
    return Template((folder / name).read_text(encoding="utf-8"))
