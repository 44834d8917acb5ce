"""A vanity rule, whatever file it came from, and the file that holds it: values only.

Nothing here reads a file, answers a request or knows a platform's syntax: the platforms' readers make these values and
`decide` uses them. A `Rule` keeps the place it was written at, because everything that is said about it names that place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from pullscope.oci.messages import Request
from pullscope.oci.verdicts import Problem, Severity

if TYPE_CHECKING:
    from pullscope.worlds.vanity.decision import Decision


class Auth(StrEnum):
    """What a proxy does with the registry's answers to "who are you?" (docs/sources.md)."""

    PLAIN = "plain"
    """Passes challenges through: the client asks the registry's own token server."""
    TOKEN_AWARE = "token-aware"
    """Rewrites realm, service, scope, Location, Link and the name in a tags list, so that only one host is ever named."""
    ALWAYS_200 = "always-200"
    """Answers `/v2/` with 200 itself, for a registry that needs no token."""


class Pattern(Protocol):
    """What a rule's `from` matches."""

    def match(self, path: str) -> Mapping[str, str] | None:
        """The values of its placeholders for `path`, or None where it does not match."""

    def example(self, rest: str) -> str:
        """A path that it matches, with `rest` where it takes any rest."""

    @property
    def takes_any_rest(self) -> bool:
        """True where it ends in a splat."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """Something else than the path that a rule asks for: a host, a query parameter, a country, a header."""

    kind: str
    """host, query, header, cookie, country, language, role or method."""
    key: str = ""
    values: tuple[str, ...] = ()
    regex: bool = False
    """True where the values are regular expressions, which match the whole."""
    where: str = ""
    """Its place in the file, for one that may not be played."""
    absent: bool = False
    """Vercel's `missing`: the rule wants that it is not there."""

    def __str__(self) -> str:
        name = f"{self.kind} {self.key}".rstrip()
        wanted = f"{name} = {' or '.join(self.values)}" if self.values else name
        return f"no {wanted}" if self.absent else wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule: what it matches, what it answers, and where it is written."""

    file: str
    line: int
    source: str
    """`from`, as written."""
    pattern: Pattern
    status: int
    target: str | None = None
    """`to`, as written, with its placeholders; None where the rule answers by itself."""
    force: bool = False
    """True where the rule wins over a published file of the same path."""
    conditions: tuple[Condition, ...] = ()
    request_headers: tuple[tuple[str, str], ...] = ()
    """Added to a proxied request (Netlify's `headers`)."""
    keeps_query: bool = True
    lines: Mapping[str, int] = field(default_factory=dict)
    """The line of each of its keys, where the format has keys."""
    body: bytes | None = None
    content_type: str | None = None
    """For a rule that answers by itself."""
    after_files: bool = False
    """True where the platform looks for a published file first (Vercel's rewrites)."""
    auth: Auth = Auth.PLAIN
    unplayed: str = ""
    """What answers in its place and is not played: "the function /api/v2"; the rule then only says where."""
    prefix: str = ""
    """What pullscope's own rewriting puts before a repository's name."""

    @classmethod
    def of_server(
        cls,
        where: str,
        source: str,
        pattern: Pattern,
        status: int = 200,
        target: str | None = None,
        hosts: tuple[str, ...] = (),
    ) -> Rule:
        """One of a server's configuration, which plays itself: what it answers at `where` (`file:line`), to these hosts."""
        file, _, line = where.rpartition(":")
        return cls(
            file=file,
            line=int(line),
            source=source,
            pattern=pattern,
            status=status,
            target=target,
            force=True,
            conditions=(Condition(kind="host", values=hosts),) if hosts else (),
            keeps_query=False,
        )

    @property
    def where(self) -> str:
        """`netlify.toml:8`."""
        return f"{self.file}:{self.line}"

    def line_of(self, *keys: str) -> str:
        """The place of the first of `keys` that the rule spells, else the rule's own."""
        return f"{self.file}:{next((self.lines[key] for key in keys if key in self.lines), self.line)}"

    @property
    def target_host(self) -> str | None:
        """The host it points to; None for a path on the same host."""
        try:
            return urlsplit(self.target).netloc.lower() or None if self.target else None
        except ValueError:
            return None

    @property
    def is_redirect(self) -> bool:
        return 300 <= self.status < 400

    @property
    def is_proxy(self) -> bool:
        """True where the platform fetches from another host and hands the answer on."""
        return self.status == 200 and self.target_host is not None

    def __str__(self) -> str:
        to = f" -> {self.target}" if self.target is not None else ""
        return f"{self.source}{to} {self.status}"


# What is odd in a rule file, or not done as written: `RuleFile.remarks`.


def remark(where: str, code: str, severity: str, message: str, fix: str = "") -> Problem:
    message = message[:1].upper() + message[1:]
    return Problem(code=code, severity=Severity(severity), message=message, fix=fix or None, where=where)


def unplayed(where: str, message: str, fix: str = "", *, severity: str = "warning") -> Problem:
    """Something that has an effect there and none here, or the other way round."""
    return remark(where, "rule-unsupported", severity, message, fix)


def too_large(where: str, limit: str, said_by: str, fix: str) -> Problem:
    """A limit of a request's body that layers are larger than."""
    message = f"a push of a layer of more than {limit} is answered 413 ({said_by})."
    return remark(where, "upload-too-large", "warning", message, fix)


def unread(where: str, what: str, *, severity: str = "warning") -> Problem:
    """Another file that a statement takes in, which is not there to be read (`blocks.Includes`)."""
    return unplayed(where, f"{what[:60]} is not read: it is not a file in this one's folder.", severity=severity)


def refused(where: str, message: str, fix: str = "Correct the rule.") -> Problem:
    """Something that the platform takes for no rule."""
    return remark(where, "rule-invalid", "error", message, fix)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleFile:
    """The rules in the order in which they are tried, the files they may be shadowed by, and what was odd in them."""

    platform: str
    """Whose rules these are, and so whose defaults and manners apply: an id of `platforms`."""
    name: str
    rules: tuple[Rule, ...] = ()
    published: frozenset[str] = frozenset()
    """Paths of the site's own files, `/v2/index.html`."""
    remarks: tuple[Problem, ...] = ()
    trailing_slash: bool | None = None
    """Vercel's `trailingSlash`."""
    clean_urls: bool = False
    """Vercel's `cleanUrls`."""
    not_found: bytes | None = None
    """The site's own 404.html."""
    play: Callable[[Request], Decision] | None = field(default=None, compare=False)
    """How it answers, where that is not a list of rules: `rules` then only say what it can answer with."""
    as_proxy: bool = False
    """True for "what if": redirects to other hosts are fetched instead."""
    hosts: frozenset[str] = frozenset()
    """Names that its rules are for; empty where they are for any."""
    sources: tuple[str, ...] = ()
    """The paths it was read from, as the file system names them: what a reload has to look at."""
