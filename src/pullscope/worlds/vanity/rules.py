"""A vanity rule, whatever file it came from, the file that holds it, and what its host does with one request: values only.
One file, because a file that plays itself names the decision, and the decision the rule.

The platforms' readers make rules, their plays make a `Decision`. A `Rule` keeps the place it was written at, because everything
that is said about it names that place. Where something that decides the answer was not understood, or cannot be known from the
file (a directive that is not played, a variable, another service's word), `NotPlayedError` ends the play, and the decision says
so instead of guessing. How a platform words its answers is a `Dialect`: a registry client mostly looks at the status and at
Location, but what it prints when it fails is made of the rest: docker shows the first characters of a 404 page. Netlify's and
Vercel's own pages are longer than the ones here.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import responses
from typing import Protocol
from urllib.parse import urlsplit

from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.verdicts import Problem, Severity
from pullscope.worlds.vanity.regexes import Regex, RegexError, regex
from pullscope.worlds.vanity.upstreams import answers_only_its_own_name


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
    return Problem(code, message, fix or None, where, Severity(severity))


def unplayed(where: str, message: str, fix: str = "", *, severity: str = "warning") -> Problem:
    """Something that has an effect there and none here, or the other way round."""
    return remark(where, "rule-unsupported", severity, message, fix)


def too_large(where: str, limit: str, said_by: str, fix: str) -> Problem:
    """A limit of a request's body that layers are larger than."""
    message = f"a push of a layer of more than {limit} is answered 413 ({said_by})."
    return remark(where, "upload-too-large", "warning", message, fix)


def unread(where: str, what: str, fix: str = "", *, severity: str = "warning") -> Problem:
    """Another file that a statement takes in, which is not there to be read (`blocks.Includes`)."""
    fix = fix or "copy it into this one's folder, and name it in the statement by its path from there"
    return unplayed(where, f"{what[:60]} is not read: it is not a file in this one's folder.", fix, severity=severity)


def refused(where: str, message: str, fix: str = "correct the rule") -> Problem:
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
    foreign: Callable[[str], frozenset[str] | set[str]] = field(default=lambda _host: frozenset(), compare=False)
    """The places of what is for other hosts than this one only: what is odd there is not said of it."""
    sources: tuple[str, ...] = ()
    """The paths it was read from, as the file system names them: what a reload has to look at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """A platform's manner of answering."""

    server: str
    redirect_type: str | None = None
    redirect_body: str = ""
    """`{location}`, `{status}` and `{reason}` are filled in."""
    absolute_location: bool = False
    not_found_type: str = "text/html; charset=utf-8"
    not_found_body: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    """Headers of the page for what is not there."""

    def redirect(self, status: int, location: str) -> Response:
        """The platform's redirect to `location`."""
        body = _fill(self.redirect_body, status, location).encode()
        fields = [("Location", location), ("Server", self.server), *self.extra]
        if self.redirect_type is not None:
            fields.append(("Content-Type", self.redirect_type))
        return _response(status, fields, body)

    def not_found(self, own_page: bytes | None = None, *, status: int = 404) -> Response:
        """The platform's page for what is not there, or the site's own 404.html."""
        body = own_page if own_page is not None else _fill(self.not_found_body, status).encode()
        content_type = "text/html; charset=utf-8" if own_page is not None else self.not_found_type
        return _response(status, [("Server", self.server), *self.missing, ("Content-Type", content_type)], body)

    def published(self, path: str, *, status: int = 200) -> Response:
        """One of the site's own files. Its bytes are not read: what counts is that it answers, and with which type."""
        ending = path.rpartition("/")[2].rpartition(".")
        content_type = _TYPES.get(ending[2] if ending[1] else "", "application/octet-stream")
        page = f"<!DOCTYPE html>\n<title>{html.escape(path)}</title>\n"
        body = page if "html" in content_type else f"(the file {path})\n"
        return _response(
            status, [("Server", self.server), ("Content-Type", content_type)], body.encode("utf-8", "replace")
        )

    def plain(self, status: int, body: bytes, content_type: str | None) -> Response:
        """An answer that a rule spells out itself."""
        fields = [("Server", self.server)]
        if content_type:
            fields.append(("Content-Type", content_type))
        if content_type == "application/json":
            fields.append(("Docker-Distribution-Api-Version", "registry/2.0"))
        return _response(status, fields, body)


_TYPES = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "css": "text/css",
}


def _fill(text: str, status: int, location: str = "") -> str:
    return (
        text.replace("{status}", str(status))
        .replace("{reason}", responses.get(status, "Unknown"))
        .replace("{location}", html.escape(location))
    )


def _response(status: int, fields: list[tuple[str, str]], body: bytes) -> Response:
    return Response(status=status, headers=Headers([*fields, ("Content-Length", str(len(body)))]), body=body)


def printable(location: str) -> str:
    """A header value: a client's path may hold characters that end a header line."""
    return "".join(
        char if 0x20 < ord(char) < 0x7F else "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))
        for char in location
    )


def told(status: int, sentence: str) -> Response:
    """What pullscope says itself, in the place of an answer: 501 where that is not known."""
    body = f"pullscope: {sentence}\n".encode("utf-8", "replace")
    return _response(status, [("Content-Type", "text/plain; charset=utf-8")], body)


DECIDING = ("www-authenticate", "location", "authorization", "docker-content-digest", "host")
"""Headers that decide where a client goes, or with what."""
CLIENT_CERTIFICATE = "who is let in depends on the client's certificate"


class NotPlayedError(Exception):
    """What answers here is not known. `where` is `file:line`, `what` a few words: "auth_request is not played"."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


def expression(pattern: str, where: str, *, ignore_case: bool = False, engine: str = "") -> Regex:
    """The regular expression at `where`; NotPlayedError for one that is not played."""
    try:
        return regex(pattern, ignore_case=ignore_case, engine=engine)
    except RegexError as error:
        raise NotPlayedError(where, f"the regular expression {pattern[:60]} is not played ({error})") from None


def check_name(where: str, host: str, name: str, hint: str = "") -> None:
    """NotPlayedError where the known registry `host` is asked by another `name` in Host."""
    if name.removesuffix(":443") != host.removesuffix(":443") and answers_only_its_own_name(host):
        raise NotPlayedError(where, f"{host} is asked as {name}, and what it answers then is not known{hint}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What the vanity host does with one request."""

    response: Response | None = None
    """Its own answer; None where it fetches one (`forward`)."""
    forward: Request | None = None
    after: Callable[[Response], Decision] | None = None
    """What it makes of the answer to `forward`; None: it hands it on as it is."""
    rule: Rule | None = None
    """The rule that answers; None where the platform does by itself."""
    because: str = ""
    """Who answers where it is not a rule: "no rule", "the file /v2/index.html", "trailingSlash"."""
    passed: tuple[tuple[Rule, str], ...] = ()
    """The rules that were tried before and did not answer, each with why."""
    file: str = ""
    not_played: str | None = None
    """Why the answer is not known: "nginx.conf:12: auth_request is not played"; `response` is then a stand-in."""
    login: str | None = None
    """Where the vanity host itself asks for a login first: "nginx.conf:40". A request without one gets 401 (`world`)."""

    @property
    def answered_by(self) -> str:
        """`netlify.toml:8`, or `netlify.toml: no rule`."""
        return self.rule.where if self.rule is not None else f"{self.file}: {self.because}"
