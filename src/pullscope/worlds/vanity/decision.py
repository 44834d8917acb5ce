"""What a vanity host does with one request, and that it is not known: values only.

Every platform's play makes a `Decision`. Where something that decides the answer was not understood, or cannot be known from
the file (a directive that is not played, a variable, another service's word), `NotPlayedError` ends the play, and the decision
says so instead of guessing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pullscope.oci.messages import Request, Response
from pullscope.worlds.vanity.regexes import Regex, RegexError, regex
from pullscope.worlds.vanity.rules import Rule
from pullscope.worlds.vanity.upstreams import answers_only_its_own_name

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
