"""What a request that begins a step gives away of who sent it. Who may have is in `candidates`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pullscope.oci.agents import PAIRS, UNKNOWN, identify
from pullscope.oci.routes import Endpoint, Route
from pullscope.trace.model import Pull, Step
from pullscope.trace.processes import Process, is_same

PINGS = frozenset({Endpoint.PING, Endpoint.V1_PING})
UPLOADS = frozenset({Endpoint.UPLOAD_START, Endpoint.UPLOAD})
LISTS = frozenset({Endpoint.TAGS, Endpoint.CATALOG, Endpoint.REFERRERS, Endpoint.V1_SEARCH, Endpoint.CHARTS})
QUESTIONS = LISTS - {Endpoint.REFERRERS} | {Endpoint.V1, Endpoint.BESIDE, Endpoint.EXTENSION, Endpoint.SIGNATURES}
"""Endpoints that a client may ask for their own sake."""


class Form(StrEnum):
    """What kind of question a request is."""

    PING = "a version check"
    TAG = "a tag that is looked up"
    DIGEST = "content by its digest, or what belongs to a digest"
    WRITE = "an upload, or a manifest that is put"
    LIST = "a list, a search or a delete"
    STRAY = "an address that is not a registry's and names a digest"


@dataclass(kw_only=True, slots=True, eq=False)
class Clue:
    """A request that begins a step, and what is known of its sender. Not frozen: that would be a tenth of its cost."""

    step: Step
    route: Route
    form: Form
    registry: str
    agent: str
    family: str
    process: Process | None
    """The command-line client on its connection."""
    spoken: tuple[Pull, ...]
    """The operations that have spoken on its connection."""
    issued_to: tuple[Pull, ...]
    """The operations for which the token was issued that it carries."""
    credential: int | None
    announced: bool
    """Whether a version check of this client waits for its next request: a new attempt, where it makes one for each."""
    time: float
    began: float
    """When it was asked, or the version check before it: what comes between is the registry's time, not the client's."""
    digest: str | None

    @property
    def method(self) -> str:
        return self.step.method


def clue_of(
    step: Step,
    *,
    registry: str,
    process: Process | None,
    spoken: tuple[Pull, ...],
    issued_to: tuple[Pull, ...],
    announced: float | None,
) -> Clue:
    """What the first request of a step gives away."""
    event, route = step.first.request, step.route
    digest = route.digest or route.fallback_for
    return Clue(
        step=step,
        route=route,
        form=form_of(route, event.method),
        registry=registry,
        agent=step.first.agent,
        family=identify(step.first.agent).family,
        process=process,
        spoken=spoken,
        issued_to=issued_to,
        credential=event.credential,
        announced=announced is not None,
        time=event.time,
        began=event.time if announced is None else announced,
        digest=str(digest) if digest is not None else None,
    )


def form_of(route: Route, method: str) -> Form:
    """Which form of question this is."""
    if route.endpoint in PINGS:
        return Form.PING
    if route.endpoint is Endpoint.NONE or (route.endpoint is Endpoint.SIGNATURES and route.repository is None):
        return Form.STRAY
    if method == "DELETE" or route.endpoint in QUESTIONS:
        return Form.LIST
    if route.endpoint in UPLOADS or method in ("PUT", "PATCH", "POST"):
        return Form.WRITE
    return Form.TAG if names_tag(route) else Form.DIGEST


def names_tag(route: Route) -> bool:
    """Whether a manifest is named by a tag that people gave."""
    named_by_people = route.digest is None and route.fallback_for is None and not route.cosign
    return route.endpoint is Endpoint.MANIFEST and named_by_people


def alike(agent: str, family: str, pull: Pull) -> bool:
    """Whether a User-Agent may be that of an operation's client: the same, or the other name of the same process."""
    if agent == pull.client_key[1]:
        return True
    named = all(
        name != UNKNOWN or one.startswith(("Go-", "go-"))
        for name, one in ((family, agent), (pull.client.family, pull.client_key[1]))
    )
    return named and frozenset({family, pull.client.family}) in PAIRS


def is_same_process(clue: Clue, pull: Pull) -> bool:
    """Whether the request came on a connection of the very run of a command-line client that this operation is part of."""
    return is_same(clue.process, pull.process)


def is_theirs(clue: Clue, pull: Pull) -> bool:
    """Whether the request is of this operation's process, or carries a token that only this operation has."""
    return is_same_process(clue, pull) or (len(clue.issued_to) == 1 and pull in clue.issued_to)


def has_token(clue: Clue, pull: Pull) -> bool:
    """Whether the request carries a token that this operation was given, or has used."""
    return pull in clue.issued_to or (clue.credential is not None and clue.credential in pull.credentials)
