"""What a vanity host does with one request, that it is not known, and how its platform words the answer. Pure.

Every platform's play makes a `Decision`. Where something that decides the answer was not understood, or cannot be known from
the file (a directive that is not played, a variable, another service's word), `NotPlayedError` ends the play, and the decision
says so instead of guessing. A registry client mostly looks at the status and at Location, but what it prints when it fails is
made of the rest: docker shows the first characters of a 404 page. Netlify's and Vercel's own pages are longer than the ones here.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from http.client import responses

from pullscope.oci.messages import Headers, Request, Response
from pullscope.worlds.vanity.regexes import Regex, RegexError, regex
from pullscope.worlds.vanity.rules import Rule
from pullscope.worlds.vanity.upstreams import answers_only_its_own_name


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


def expression(pattern: str, where: str, *, ignore_case: bool = False) -> Regex:
    """The regular expression at `where`; NotPlayedError for one that is not played."""
    try:
        return regex(pattern, ignore_case=ignore_case)
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
