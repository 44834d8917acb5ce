"""What another operation of the same trace had, and this one asked for in another way: what differs is the cause.
One file, because what may differ is one list, of which the first that does is told.

Which of the two came first does not matter, so that a finding may be written anew when an operation after it ends.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from pullscope.oci.agents import COMMANDS, DAEMONS
from pullscope.oci.amounts import period
from pullscope.oci.client_steps import row_of
from pullscope.oci.media import essence
from pullscope.oci.reference import DOCKER_HUB, is_below, registry_name
from pullscope.oci.routes import Endpoint, below
from pullscope.oci.urls import split
from pullscope.trace.findings.asked import takes
from pullscope.trace.findings.case import harmless
from pullscope.trace.findings.finding import Finding
from pullscope.trace.findings.login_commands import own_login
from pullscope.trace.findings.lookups import clear
from pullscope.trace.findings.row import Case, Severity, row
from pullscope.trace.findings.said import answered_by, front, quoted
from pullscope.trace.model import Action, Hop, Pull, Step

MOST = 200
"""Requests that are remembered, of each kind."""

MOST_STEPS = 200
"""Steps of an operation that is remembered: it holds all of them, beyond what the trace keeps of ended ones."""

SOON = 3_600.0
"""Seconds between two operations that are compared."""

_NOT_THERE = frozenset({"manifest-unknown", "name-unknown", "path-not-redirected", "path-without-v2"})
_REFUSED = frozenset({"access-denied", "credentials-not-used"})
"""Codes that other names have too: a registry does not say whether something is private or not there."""
_MISSING = frozenset({"manifest-unknown", "name-unknown", "tag-invalid"})
_TEMPORARY = frozenset({"rate-limited", "registry-failed", "request-failed"})
"""After which trivy asks the next place of its database: aquasecurity/trivy pkg/asset (shouldTryOtherRepo)."""
_NO_REGISTRY = frozenset({"ping-not-redirected", "ping-not-a-registry", "request-failed", "upstream-unreachable"})
_NO_LOGIN = frozenset({"access-denied", "credentials-not-used", "write-denied"})
_ENDPOINTS = frozenset({Endpoint.MANIFEST, Endpoint.TAGS, Endpoint.PING})
_LABELS = frozenset(
    {"www", "registry", "registry-1", "docker", "cr", "hub", "index", "images", "harbor", "nexus", "git"}
)
"""First labels by which the names of a registry, its website and its parent domain differ."""
AT_ONCE = 5.0
"""Seconds within which a client goes on by itself."""


@row(
    found_elsewhere=True,
    severities="info",
    suffers="none",
    remedy="none needed",
)
def tried_another_name(_: Case) -> None:
    """A client asks for what is not there, and at once for it under another name, or elsewhere, where it is.

    Renovate asks a cache for the tags of NAME and then of library/NAME (renovatebot/renovate#17925), trivy one registry of
    its database after the other (aquasecurity/trivy#7938), helm a version with + by a tag with _. The same User-Agent, within
    5 s, and one image by its names: a v, + and _, library/, or what a mirror puts before it; of trivy, its own databases; of
    kaniko, a mirror that it asks without library/ (GoogleContainerTools/kaniko#3154), and Docker Hub. A
    command ends with what it was given, and a daemon begins a pull for each name: two names are two wishes there.
    """


_HUB = frozenset({"registry-1.docker.io", "index.docker.io", "docker.io", "registry.hub.docker.com", "hub.docker.com"})
"""Names by which people log in to Docker Hub: moby/moby#10732, docker/hub-feedback#473."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a tag, a list of tags or the version, and whose it was."""

    pull: Pull
    step: Step

    @property
    def hop(self) -> Hop:
        return self.step.first

    @property
    def begins(self) -> str:
        """Its client, at the beginning of a sentence."""
        return "The client" if self.pull.client.family == "unknown" else self.client

    @property
    def client(self) -> str:
        family = self.pull.client.family
        return "the client" if family == "unknown" else family

    @property
    def below(self) -> str:
        """The path before /v2/."""
        return harmless(below(self.hop.request.url))

    @property
    def registry(self) -> str:
        return registry_name(self.hop.host)

    @property
    def image(self) -> str:
        """Its name as people write it."""
        route = self.step.route
        tag = f":{route.reference}" if route.reference and route.digest is None else ""
        return harmless(f"{self.registry}/{route.repository}{tag}")


class Beside:
    """The last requests that had something, and those that came to nothing."""

    def __init__(self) -> None:
        self._had: deque[Asked] = deque(maxlen=MOST)
        self._missed: deque[Asked] = deque(maxlen=MOST)

    def ended(self, pull: Pull) -> None:
        """An operation is over: it may show what another did wrong, or another what it did itself."""
        if len(pull.steps) > MOST_STEPS:
            return
        loud = {n for one in pull.findings if one.severity is not Severity.INFO for n in one.steps}
        for step in pull.steps:
            asked = Asked(pull, step)
            if step.n in loud:
                self._missed.append(asked)
                for other in reversed(self._had):
                    _tell(asked, other)
            elif _answers(asked):
                self._had.append(asked)
                for other in self._missed:
                    _tell(other, asked)


def _answers(asked: Asked) -> bool:
    """Whether a registry had what was asked for, or is there at all."""
    last = asked.step.last
    if asked.step.route.endpoint not in _ENDPOINTS or asked.step.method not in ("GET", "HEAD"):
        return False
    return (last.ok and not last.is_page) or bool(asked.below and last.challenges)


def _tell(here: Asked, there: Asked) -> None:
    """Write the finding of a request anew, where another shows what is wrong with it."""
    if here.pull is there.pull or abs(here.step.started - there.step.started) > SOON or not here.pull.findings:
        return
    if _goes_on(here, there):
        name, tried = here.image.partition("/")[2], there.image
        tags, status = here.step.route.endpoint is Endpoint.TAGS, here.step.last.status
        had_not = "does not have" if status == 404 else f"said {status} to a request for"
        clear(here.pull)
        here.pull.findings = [
            Finding(
                code="tried-another-name",
                severity=Severity.INFO,
                message=f"{here.hop.host} {had_not} {'tags of ' * tags}{name}; {tried}, for which {here.client} asked at "
                f"once, is there (operation {there.pull.id}).",
                fix=f"none needed, if either will do; to ask once, name {tried} at first",
                steps=(here.step.n,),
            )
        ]
        return
    for at, one in enumerate(here.pull.findings):
        if (
            one.severity is not Severity.INFO
            and here.step.n in one.steps
            and (told := _told(one, here, there)) is not None
        ):
            before = one.message.partition(". ")[0].removesuffix(".")
            if one.code in _NOT_THERE and here.image == there.image:
                last = here.step.last  # it is there: all that is known is what was said
                before = f"{answered_by(last)} said {last.status} to {here.step.method} of {here.image}{quoted(last)}"
            had = f"{there.begins} {told[0]} (operation {there.pull.id})"
            here.pull.findings[at] = replace(one, message=f"{before}. {had}.", fix=told[1])


def _goes_on(here: Asked, there: Asked) -> bool:
    """Whether a client that was told that something is not there tried another name for it at once, and had that."""
    mine, theirs = here.step.route, there.step.route
    soon = 0 <= there.step.started - here.step.started <= AT_ONCE and here.pull.client_key == there.pull.client_key
    if (
        not soon
        or here.pull.client.family in DAEMONS
        or (here.step.last.status != 404 and here.pull.client.family != "trivy")
        or mine.endpoint is not theirs.endpoint
    ):
        return False
    errors = {one.code for one in here.pull.findings if one.severity is Severity.ERROR}
    gone_on = _MISSING if here.step.last.status == 404 else _TEMPORARY
    if mine.digest is not None or mine.endpoint not in (Endpoint.MANIFEST, Endpoint.TAGS) or not errors <= gone_on:
        return False
    if mine.reference == theirs.reference:
        family = here.pull.client.family
        if family == "kaniko":  # its mirrors, which it asks before Docker Hub: --registry-mirror, --registry-map
            official = theirs.repository == f"library/{(mine.repository or '').rpartition('/')[2]}"
            return official or (there.registry == DOCKER_HUB != here.registry and _same_image(here, there))
        return family not in COMMANDS and (family == "trivy" or _same_image(here, there))
    spelled = {(tag or "").removeprefix("v").replace("+", "_") for tag in (mine.reference, theirs.reference)}
    return mine.repository == theirs.repository and theirs.digest is None and len(spelled) == 1


def _told(one: Finding, here: Asked, there: Asked) -> tuple[str, str] | None:
    """What the other had, as the difference says it, and what is to be done."""
    mine, theirs, host = here.step.route, there.step.route, here.hop.host
    if theirs.endpoint is Endpoint.PING:
        return _of_the_address(one, here, there)
    if one.code in _NO_LOGIN and (login := _with_a_login(one, here, there)) is not None:
        return login
    by_path = there.below != here.below and theirs.endpoint is Endpoint.TAGS  # its names are those of the tags
    alike = by_path or (mine.endpoint is theirs.endpoint is Endpoint.MANIFEST and mine.reference == theirs.reference)
    if one.code in _NO_REGISTRY and mine.endpoint is Endpoint.PING and there.below and host == there.hop.host:
        return _below_a_path(here, there)
    last = (mine.repository or "").rpartition("/")[2]
    if (
        one.code not in _NOT_THERE | _REFUSED
        or not alike
        or not last
        or last != (theirs.repository or "").rpartition("/")[2]
    ):
        return None
    if there.below != here.below and host == there.hop.host:
        if there.below:
            return f"had it from {there.below}/v2/{theirs.repository}", _at_the_root(here, there)
        return (
            f"had it from /v2/{theirs.repository}",
            f"take {here.below} out of the address: {host} has its API at /v2/",
        )
    if (here.registry, mine.repository) != (there.registry, theirs.repository):
        differs = "name" if here.registry == there.registry else "host"
        what, meant = (
            ("it as", "") if _same_image(here, there) else ("an image of that last name:", ", if that is meant")
        )
        fix = f"ask for {there.image}{meant}, and not for {here.image}: what differs is the {differs}"
        return f"had {what} {there.image}", fix
    if one.code in _REFUSED:
        return None
    kind = there.step.last.content_type
    if kind and not takes(here.hop, essence(kind)):
        return f"had it as {kind}", f"add {kind} to Accept: the request of {here.client} does not name that type"
    if _shows_login(there) and not _shows_login(here):
        return "had it with a login", f"{_login(here, host)}: what is private may be told as not there"
    if (here.step.method, there.step.method) == ("HEAD", "GET"):
        who = front(here.step.last) or host
        return "had it by GET", f"let {who} answer HEAD as it does GET: {here.client} asks by HEAD first"
    if there.step.started > here.step.started:
        later = f"{period(max(there.step.started - here.step.started, 1.0))} later"
        return f"had it {later}", f"ask again: by the same request it was there {later}"
    return None


def _shows_login(asked: Asked) -> bool:
    """Whether a login was shown, or a token that was got with one."""
    tokens = [step.token for step in asked.pull.steps if step.is_token and step.token is not None]
    anonymous = bool(tokens) and all(token.anonymous for token in tokens)
    return asked.step.last.request.authorization != "none" and not anonymous


def _with_a_login(one: Finding, here: Asked, there: Asked) -> tuple[str, str] | None:
    """What one client had from this registry with a login that it showed here not, or in vain.

    A build reads its base and writes its image in two operations, with a login of its own for each: jib's from.auth and to.auth
    (GoogleContainerTools/jib#790, #545), a script's requests.
    """
    same = here.pull.client_key == there.pull.client_key and here.hop.host == there.hop.host and not here.step.is_token
    if not same or here.pull.client.family in DAEMONS or not _shows_login(there) or "(operation" in one.message:
        return None
    again, _, right = one.fix.partition("if the login is good, ")
    if _shows_login(here):
        another = f"{right}; if it showed another login than there, {again.strip('; ')}"
        return (f"had {there.image} with a login", another) if right else None
    none = f"showed no login with {here.step.last.request.method}, and had {there.image} with one"
    return none, f"have {here.client} show that login here too: {one.fix.removeprefix('log in: ')}"


def _of_the_address(one: Finding, here: Asked, there: Asked) -> tuple[str, str] | None:
    """What a version check shows that was made under another name of the same registry."""
    host, other = here.hop.host, there.hop.host
    if host == other:
        below = here.step.route.endpoint is Endpoint.PING and there.below and not here.below
        return _below_a_path(here, there) if one.code in _NO_REGISTRY and below else None
    if there.pull.action is not Action.LOGIN or not _are_variants(host, other):
        return None
    fix = f"{_login(here, host)}: a login is kept for the name at which it was made, and {other} is another"
    if one.code in _NO_REGISTRY:
        fix = f"{_login(here, other)}, and name its images {registry_name(other)}/NAME: {host} is another address"
    elif one.code not in _NO_LOGIN or here.step.is_token:
        return None
    elif _shows_login(here):
        fix = f"use {registry_name(other)} in its place, or log in there with an account of it: {_login(here, host)}"
    return f"had a login taken at {other}", fix


def _login(here: Asked, host: str) -> str:
    """The plain command; that of each registry is in the fix that stood here."""
    return own_login(row_of(here.pull.client), harmless(host))


def _are_variants(one: str, other: str) -> bool:
    """Whether two addresses may be meant for the same: another port, a label such as www in front, two names of one service."""
    if {one, other} <= _HUB:
        return True
    hosts = {split(f"//{host}").host for host in (one, other)}
    bases = {host.partition(".")[2] if host.partition(".")[0] in _LABELS else host for host in hosts}
    return len(bases) == 1


def _same_image(here: Asked, there: Asked) -> bool:
    """Whether two names may be one image's: alike but for a path before one of them, as a mirror's has, or for library/."""
    mine, theirs = here.step.route.repository or "", there.step.route.repository or ""
    longer, shorter = sorted((mine, theirs), key=len, reverse=True)
    return longer.replace("library/", "", 1) == shorter or ("/" in shorter and is_below(longer, shorter))


def _below_a_path(here: Asked, there: Asked) -> tuple[str, str]:
    return f"had an answer of a registry at {there.below}/v2/", _at_the_root(here, there)


def _at_the_root(here: Asked, there: Asked) -> str:
    """What is to be done where the API is below a path: most clients ask at the root only (docker/cli#3255)."""
    host, at, name = here.hop.host, there.below, there.step.route.repository
    key = at.rpartition("/")[2]
    if at.startswith("/repository/"):  # sonatype/nexus-public#703
        connector = f"ask at the port that Nexus has for {key} (its connector)"
        return f"{connector}, or switch path-based routing on there and ask for {host}/{key}/NAME"
    if "/api/" in at and name:
        return f"ask for {host}/{key}/{harmless(name)}: {here.client} has no way to write {at} before /v2/"
    return (
        f"give the registry a host name of its own, or let the proxy of {host} hand /v2/ on to {at}/v2/: {here.client} asks at "
        "the root only, whatever path stands behind the host"
    )
