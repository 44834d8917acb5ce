"""What another operation of the same trace had, and this one asked for in another way: what differs is the cause.

Which of the two came first does not matter, so that a finding may be written anew when an operation after it ends.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from pullscope.oci.media import essence
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint, below
from pullscope.trace.findings.asked import takes
from pullscope.trace.findings.case import harmless
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.said import front
from pullscope.trace.hop import content_type
from pullscope.trace.model import Hop, Pull, Step

MOST = 200
"""Requests that are remembered, of each kind."""

SOON = 3_600.0
"""Seconds between two operations that are compared."""

_NOT_THERE = frozenset({"manifest-unknown", "name-unknown", "path-not-redirected", "path-without-v2"})
_REFUSED = frozenset({"access-denied", "credentials-not-used"})
"""Codes that other names have too: a registry does not say whether something is private or not there."""
_NO_REGISTRY = frozenset({"ping-not-redirected", "request-failed"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a tag, a list of tags or the version, and whose it was."""

    pull: Pull
    step: Step

    @property
    def hop(self) -> Hop:
        return self.step.first

    @property
    def below(self) -> str:
        """The path before /v2/."""
        return harmless(below(self.hop.request.url))

    @property
    def image(self) -> str:
        """Its name as people write it."""
        route = self.step.route
        tag = f":{route.reference}" if route.reference and route.digest is None else ""
        return harmless(f"{registry_name(self.hop.host)}/{route.repository}{tag}")


class Beside:
    """The last requests that had something, and those that came to nothing."""

    def __init__(self) -> None:
        self._had: deque[Asked] = deque(maxlen=MOST)
        self._missed: deque[Asked] = deque(maxlen=MOST)

    def ended(self, pull: Pull) -> None:
        """An operation is over: it may show what another did wrong, or another what it did itself."""
        for step in pull.steps:
            if step.route.endpoint not in (Endpoint.MANIFEST, Endpoint.TAGS, Endpoint.PING) or step.is_token:
                continue
            asked = Asked(pull, step)
            if (step.last.ok or (asked.below and step.last.challenges)) and step.method in ("GET", "HEAD"):
                self._had.append(asked)
                for other in self._missed:
                    _tell(other, asked)
            elif step.last.status in (401, 403, 404):
                self._missed.append(asked)
                for other in reversed(self._had):
                    _tell(asked, other)


def _tell(here: Asked, there: Asked) -> None:
    """Write the finding of a request anew, where another shows what is wrong with it."""
    if here.pull is there.pull or abs(here.step.started - there.step.started) > SOON:
        return
    for at, one in enumerate(here.pull.findings):
        if (
            one.severity is Severity.ERROR
            and here.step.n in one.steps
            and (told := _told(one, here, there)) is not None
        ):
            who = "the client" if there.pull.client.family == "unknown" else there.pull.client.family
            had = f"{who} had {told[0]} (operation {there.pull.id})."
            here.pull.findings[at] = replace(
                one, message=f"{one.message.partition('. ')[0].removesuffix('.')}. {had}", fix=told[1]
            )


def _told(one: Finding, here: Asked, there: Asked) -> tuple[str, str] | None:
    """What the other had, as the difference says it, and what is to be done."""
    client = "it" if here.pull.client.family == "unknown" else here.pull.client.family
    mine, theirs, host = here.step.route, there.step.route, here.hop.host
    same_host = host == there.hop.host
    if one.code in _NO_REGISTRY and mine.endpoint is Endpoint.PING:
        if same_host and there.below and not here.below:
            return f"an answer of a registry at {there.below}/v2/", _at_the_root(here, there)
        return None
    by_path = there.below != here.below and theirs.endpoint is Endpoint.TAGS  # its names are those of the tags
    alike = by_path or (mine.endpoint is theirs.endpoint is Endpoint.MANIFEST and mine.reference == theirs.reference)
    if one.code not in _NOT_THERE | _REFUSED or not alike or not _same_image(here, there):
        return None
    if there.below != here.below and same_host:
        if there.below:
            return f"it from {there.below}/v2/{theirs.repository}", _at_the_root(here, there)
        return f"it from /v2/{theirs.repository}", f"take {here.below} out of the address: {host} has its API at /v2/"
    if (host, mine.repository) != (there.hop.host, theirs.repository):
        what = f"it as {there.image}"
        return (
            what,
            f"ask for {there.image}, and not for {here.image}: what differs is the {'name' if same_host else 'host'}",
        )
    if one.code in _REFUSED:
        return None
    kind = content_type(there.step.last)
    if kind and not takes(here.hop, essence(kind)):
        return f"it as {kind}", f"add {kind} to Accept: the request of {client} does not name that type"
    if (here.step.method, there.step.method) == ("HEAD", "GET"):
        who = front(here.step.last) or host
        return "it by GET", f"let {who} answer HEAD as it does GET: {client} asks by HEAD first"
    return None


def _same_image(here: Asked, there: Asked) -> bool:
    """Whether two names are one image's: alike but for what stands before their last part."""
    mine, theirs = here.step.route.repository or "", there.step.route.repository or ""
    return mine.rpartition("/")[2] == theirs.rpartition("/")[2] != ""


def _at_the_root(here: Asked, there: Asked) -> str:
    """What is to be done where the API is below a path: most clients ask at the root only (docker/cli#3255)."""
    host, below, family = here.hop.host, there.below, here.pull.client.family
    client = "the client" if family == "unknown" else family
    key = below.rpartition("/")[2]
    if below.startswith("/repository/"):  # sonatype/nexus-public#703
        connector = f"ask at the port that Nexus has for {key} (its connector)"
        return f"{connector}, or switch path-based routing on there and ask for {host}/{key}/NAME"
    if "/api/" in below and there.step.route.repository:
        return f"ask for {host}/{key}/{harmless(there.step.route.repository)}: {client} has no way to write {below} before /v2/"
    return (
        f"give the registry a host name of its own, or let the proxy of {host} hand /v2/ on to {below}/v2/: {client} asks at the "
        "root only, whatever path stands behind the host"
    )
