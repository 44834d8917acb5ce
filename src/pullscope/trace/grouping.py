"""Which pull a step belongs to: one client, one registry, one repository, and what that pull still wants.

Two clients are told apart by address and User-Agent, never by connection. A version check comes before anybody has said a
repository, so it begins a pull without a name, which the next request for a tag by the same client takes over. Where two
pulls of one client could both have asked, the oldest that still wants the digest has. Tokens go to whoever needed them: the
step whose challenge they answer, or the request that carries them. What an upload's Location led to belongs to that upload,
wherever it lies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pullscope.oci.agents import identify
from pullscope.oci.challenge import Challenge, read_scopes, scopes_asked
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint, Route
from pullscope.trace.model import Hop, Kind, Outcome, Pull, Step
from pullscope.trace.roster import Roster
from pullscope.trace.settle import STEP_QUIET, has_everything

REOPEN = 120.0
"""Seconds of event time for which a pull that ended may still be continued (docker retries for over a minute)."""

MOST_STEPS = 10_000
"""Steps that a pull takes in; a client that never rests begins another then."""

PINGS = frozenset({Endpoint.PING, Endpoint.V1_PING})
WRITES = frozenset({Endpoint.UPLOAD_START, Endpoint.UPLOAD})
QUESTIONS = frozenset(
    {Endpoint.TAGS, Endpoint.CATALOG, Endpoint.V1_SEARCH, Endpoint.V1, Endpoint.EXTENSION, Endpoint.SIGNATURES}
)
"""Endpoints that a client may ask for their own sake."""


class Grouper:
    """Puts each new step into its pull."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def begin(self, step: Step, answers: tuple[Challenge, Step] | None) -> list[Pull]:
        """Put a new step into its pull; the pulls that are over because of it. A step of nobody's pull keeps none."""
        over: list[Pull] = []
        if step.is_token:
            pull: Pull | None = self._pull_of_token(step, answers)
        elif step.route.endpoint is Endpoint.NONE:
            pull = self._pull_of_stray(step)
        else:
            pull, over = self._pull_of(step)
        if pull is None:
            return over
        oldest = self._roster.one_too_many(step.first.request.client)
        if oldest is not None and oldest not in over:
            over.append(oldest)
        step.pull = pull
        pull.open_steps.append(step)
        if _writes(step):
            pull.action = "push"
        return [old for old in over if old is not pull]

    # -- tokens ---------------------------------------------------------------------------------------------------------

    def _pull_of_token(self, step: Step, answers: tuple[Challenge, Step] | None) -> Pull:
        event = step.first.request
        asked = {scope.name for scope in read_scopes(" ".join(scopes_asked(event.url)))}
        challenged = answers[1] if answers else None
        needy = challenged
        if needy is not None and (needy.settled or needy.route.endpoint in PINGS):
            needy = None  # a version check is over with its 401, whoever is told the end of it later
        if needy is None:
            # Classic dockerd asks for a token only when the first request that needs one is under way (facts C1).
            needy = self._step_under_way(event.client, step.first.agent, asked)
        if needy is not None and needy.pull is not None:
            step.under = needy
            needy.tokens.append(step)
            return needy.pull
        before = challenged.pull if challenged is not None else None
        if before is not None and before.closed:
            before = None
        if before is not None and before.repository in asked:
            return before
        if before is not None and before.repository is None:
            # Several version checks of one client may wait for their token: each is promised to one repository.
            free = self._nameless(before.client_key, before.registry, set()) if before.promised else before
            before = free or self._nameless(before.client_key, before.registry, asked) or before
            before.promised |= asked
            return before
        for pull in reversed(self._roster.of_client(event.client)):
            if pull.repository is not None and pull.repository in asked:
                return pull
        pull = before or self._new(step)
        pull.promised |= asked
        return pull

    def _step_under_way(self, client: str, agent: str, asked: set[str]) -> Step | None:
        for pull in self._roster.of_client(client):
            if pull.client_key[1] != agent:
                continue
            for waiting in pull.open_steps:
                if not waiting.is_token and waiting.last.redirects and not waiting.last.followed:
                    repository = waiting.route.repository
                    if not asked or repository is None or repository in asked:
                        return waiting
        return None

    def credential_used(self, hop: Hop) -> None:
        """A request carries a token: a nameless pull that has only come as far as the token becomes part of the request's."""
        pull = hop.step.pull
        issuers = [step.pull for step in self._roster.issuers(hop.request.credential) if step.pull is not None]
        if pull is None or pull in issuers:
            return
        lonely = next((other for other in issuers if _is_lonely(other, pull)), None)
        if lonely is None:
            return
        for step in (*lonely.ready, *lonely.open_steps):
            step.pull = pull
        pull.ready[:0] = lonely.ready
        pull.open_steps.extend(lonely.open_steps)
        pull.failing[:0] = lonely.failing
        pull.answered |= lonely.answered
        pull.hosts |= lonely.hosts
        pull.started = min(pull.started, lonely.started)
        self._roster.remove(lonely)

    # -- everything else ------------------------------------------------------------------------------------------------

    def _pull_of(self, step: Step) -> tuple[Pull, list[Pull]]:
        route = step.route
        method = step.method
        if route.endpoint in PINGS:
            return self._pull_of_ping(step), []
        if step.after is not None and step.after.pull is not None:
            return step.after.pull, []
        same = self._same_place(step, route.repository)
        if _names_tag(route) and method in ("GET", "HEAD"):
            return self._pull_of_tag(step, same)
        if route.endpoint in WRITES or method in ("PUT", "PATCH", "POST"):
            return self._pull_of_write(step, same), []
        if method == "DELETE" or route.endpoint in QUESTIONS:
            # What belongs to an image that is still being looked at is part of that (skopeo inspect, crane delete).
            found = next((pull for pull in reversed(same) if not has_everything(pull) and not _was_put(pull)), None)
            return found or self._named(step), []
        return self._pull_of_digest(step, same), []

    def _pull_of_ping(self, step: Step) -> Pull:
        for pull in reversed(self._same_place(step, None)):
            others = [*pull.ready, *pull.open_steps, *pull.steps]
            # http after https, /v1/_ping after /v2/ (skopeo 1.9): one attempt to find out what this host speaks.
            elsewhere = all(other.first.request.url_id != step.first.request.url_id for other in others)
            with_token = all(other.settled for other in others) and bool(others) and others[-1].is_token
            if others and (elsewhere or with_token):
                return pull  # with_token: the same ping again (docker login, crane)
        return self._new(step)

    def _pull_of_tag(self, step: Step, same: list[Pull]) -> tuple[Pull, list[Pull]]:
        tag = step.route.reference
        for pull in self._theirs_first(step, reversed(same)):
            if pull.action == "push" and not _was_put(pull):
                return pull, []
            if pull.action != "push" and pull.tag is None and pull.by_digest is None and not pull.opened:
                pull.tag = tag
                return pull, []
            if pull.tag == tag and self._goes_on(pull, step):
                return pull, []
        over = [
            pull for pull in same if pull.tag == tag and not pull.in_flight and not self._is_somebody_elses(pull, step)
        ]
        pull = self._named(step)
        pull.tag, pull.action = tag, "pull"
        return pull, over

    def _goes_on(self, pull: Pull, step: Step) -> bool:
        """Whether a request for the tag is still the same pull's, and not the beginning of the next."""
        steps = [*pull.steps, *pull.ready, *pull.open_steps]
        asked = [old for old in steps if _names_tag(old.route)]
        if not asked:
            return True
        last = asked[-1]
        if not last.settled:
            first, again = last.first.request, step.first.request
            # The same once more would be a repeat of that step: this is somebody who looks the same.
            return not last.in_flight and (first.url_id, last.method) != (again.url_id, step.method)
        if last.outcome is Outcome.FAILED:
            key, registry = _identity(step)
            return self._nameless(key, registry, {pull.repository or ""}) is None  # a new version check: a new attempt
        by_digest = any(old.route.digest is not None for old in steps)
        return last.method == "HEAD" and step.method == "GET" and not by_digest

    def _pull_of_write(self, step: Step, same: list[Pull]) -> Pull:
        """A push goes on until its tag was put; clients look first whether the tag or the blobs are there (facts C1)."""
        fits = (pull for pull in reversed(same) if not _was_put(pull) and (pull.action == "push" or not pull.fetched))
        pull = next(fits, None) or self._ended_lately(step, _is_unfinished_push) or self._named(step)
        pull.by_digest = pull.digest = None  # a look whether the digest is there was the push's beginning
        if step.route.endpoint is Endpoint.MANIFEST and step.route.digest is None:
            pull.tag = step.route.reference
        return pull

    def _pull_of_digest(self, step: Step, same: list[Pull]) -> Pull:
        route = step.route
        digest = route.digest or route.fallback_for
        if digest is None:
            return same[-1] if same else self._named(step)
        carried = self._pulls_of_token(step)
        if carried and step.first.request.method == "HEAD" and route.endpoint is Endpoint.BLOB:
            # A push looks for a blob, in its own repository or where it may be mounted from (skopeo 1.9).
            return carried[0]
        wanting = self._theirs_first(step, (pull for pull in same if _wants(pull, digest)))
        if wanting:
            return wanting[0]
        knowing = [pull for pull in same if _knows(pull, digest)]
        again = route.endpoint is Endpoint.MANIFEST and step.method == "GET"
        if knowing and not (again and knowing[-1].by_digest == digest and digest in knowing[-1].fetched):
            return knowing[-1]
        ended = self._ended_lately(step, lambda pull: _wants(pull, digest) or _is_unfinished_push(pull))
        if ended is not None:
            return ended
        going_on = [pull for pull in same if not _was_put(pull)]
        if going_on and (route.endpoint is not Endpoint.MANIFEST or going_on[-1].action == "push"):
            return going_on[-1]
        pull = self._named(step)
        if route.endpoint is Endpoint.MANIFEST:
            pull.by_digest, pull.digest, pull.action = digest, digest, "pull"
        return pull

    def _theirs_first(self, step: Step, pulls: Iterable[Pull]) -> list[Pull]:
        """The same pulls in the same order, but before all those for which the token was issued that the request carries.

        Two clients that look the same have tokens of their own.
        """
        found = [*pulls]
        if len(found) < 2:
            return found
        theirs = {id(issuer.pull) for issuer in self._roster.issuers(step.first.request.credential)}
        return sorted(found, key=lambda pull: id(pull) not in theirs)

    def _is_somebody_elses(self, pull: Pull, step: Step) -> bool:
        """Whether the client of a pull is another one that looks the same: the request has a token of its own, and what
        the pull has just been told leaves it something to ask for."""
        theirs = self._pulls_of_token(step)
        goes_on = (pull.index is not None or bool(pull.images)) and not has_everything(pull)
        return bool(theirs) and pull not in theirs and goes_on and step.started - pull.last < STEP_QUIET

    def _pulls_of_token(self, step: Step) -> list[Pull]:
        """The client's open pulls for which the token was issued that this request carries."""
        issuers = self._roster.issuers(step.first.request.credential)
        theirs = {id(issuer.pull) for issuer in issuers}
        if not theirs:
            return []
        key, registry = _identity(step)
        return [
            pull
            for pull in self._roster.of_client(key[0])
            if id(pull) in theirs and (pull.client_key, pull.registry) == (key, registry) and _has_room(pull)
        ]

    def _pull_of_stray(self, step: Step) -> Pull | None:
        """Who wants the digest in an address that no redirect led to: a descriptor's own `urls`, or an unseen beginning."""
        digest = step.route.digest
        if digest is None:
            return None
        client = step.first.request.client
        open_now = [pull for pull in self._roster.of_client(client) if _wants(pull, digest)]
        if open_now:
            return open_now[0]
        now = step.started
        for ended in reversed(self._roster.recent):
            if ended.client_key[0] == client and now - ended.last <= REOPEN and _wants(ended, digest):
                return ended
        return None

    def _ended_lately(self, step: Step, fits: Callable[[Pull], bool]) -> Pull | None:
        """The client's pull of the same repository that was given up too early: the step goes on with it."""
        for ended in reversed(self._roster.recent.at((*_identity(step), step.route.repository))):
            if step.started - ended.last <= REOPEN and fits(ended):
                return ended
        return None

    # -- making ---------------------------------------------------------------------------------------------------------

    def _same_place(self, step: Step, repository: str | None) -> list[Pull]:
        """The client's open pulls of a repository, or those that have named none so far."""
        return [pull for pull in self._roster.open.at((*_identity(step), repository)) if _has_room(pull)]

    def _nameless(
        self, key: tuple[str, str], registry: str, repositories: set[str], step: Step | None = None
    ) -> Pull | None:
        """The client's pull that has not come further than its version check: promised to one of these, or to nobody."""
        waiting = [pull for pull in self._roster.open.at((key, registry, None)) if not pull.opened]
        promised = [pull for pull in waiting if pull.promised & repositories]
        if step is not None and len(promised) > 1:
            promised = self._theirs_first(step, promised)
        return next(iter(promised or [pull for pull in waiting if not pull.promised]), None)

    def _new(self, step: Step, repository: str | None = None) -> Pull:
        key, registry = _identity(step)
        event = step.first.request
        pull = Pull(
            client_key=key,
            client=identify(step.first.agent, event.headers.get_all("accept")),
            registry=registry,
            repository=repository,
            started=event.time,
            last=event.time,
        )
        self._roster.add(pull)
        return pull

    def _named(self, step: Step) -> Pull:
        """A pull with a repository: the client's nameless one if there is one, which began with the version check."""
        key, registry = _identity(step)
        pull = self._nameless(key, registry, {step.route.repository or ""}, step)
        if pull is None:
            # A token for another name than the path says: a host in front that renames. Nobody else's, if it is alone.
            waiting = [old for old in self._same_place(step, None) if not old.opened]
            if len(waiting) != 1:
                return self._new(step, step.route.repository)
            pull = waiting[0]
        self._roster.open.name(pull, step.route.repository)
        event = step.first.request
        pull.client = identify(step.first.agent, event.headers.get_all("accept"))
        return pull


def settled(step: Step) -> None:
    """A step is over: it is next in line for a number, its tokens behind it."""
    pull = step.pull
    if pull is None:
        return
    if step in pull.open_steps:
        pull.open_steps.remove(step)
    if step.under is not None and not step.under.settled:
        return
    pull.ready.append(step)
    pull.ready.extend(token for token in step.tokens if token.settled)


def is_worth_telling(pull: Pull) -> bool:
    """Whether it is known by now what the pull is about: a version check may still become anything.

    HEAD of a manifest begins pulls and pushes alike; its answer, or what comes next, tells.
    """
    if pull.action == "push":
        return True
    if pull.repository is not None and (pull.action == "pull" or pull.tag or pull.by_digest):
        asked = [step for step in (*pull.ready, *pull.open_steps) if step.route.endpoint is Endpoint.MANIFEST]
        return any(step.settled or step.method != "HEAD" for step in asked)
    return any(step.route.endpoint in QUESTIONS or step.kind is Kind.DELETE for step in pull.ready)


def _is_lonely(pull: Pull, other: Pull) -> bool:
    """Whether a pull is only the asking for a token, by somebody on the host of the other."""
    alone = not pull.opened and pull.repository is None and all(step.is_token for step in pull.open_steps)
    fits = not pull.promised or other.repository in pull.promised
    return alone and fits and pull.client_key[0] == other.client_key[0]


def _identity(step: Step) -> tuple[tuple[str, str], str]:
    first = step.first
    return (first.request.client, first.agent), registry_name(first.route.ns or first.host)


def _has_room(pull: Pull) -> bool:
    return len(pull.steps) < MOST_STEPS


def _names_tag(route: Route) -> bool:
    return (
        route.endpoint is Endpoint.MANIFEST and route.digest is None and route.fallback_for is None and not route.cosign
    )


def _writes(step: Step) -> bool:
    return step.route.endpoint in WRITES or (step.route.endpoint is Endpoint.MANIFEST and step.method == "PUT")


def _was_put(pull: Pull) -> bool:
    """Whether this is a push that has come to its end: its tag stands."""
    return pull.put


def _is_unfinished_push(pull: Pull) -> bool:
    return pull.action == "push" and not pull.put


def _knows(pull: Pull, digest: str) -> bool:
    return digest in pull.expected or digest in (pull.digest, pull.by_digest)


def _wants(pull: Pull, digest: str) -> bool:
    under_way = any(step.route.digest == digest for step in pull.open_steps)
    return _knows(pull, digest) and digest not in pull.fetched and digest not in pull.sent_on and not under_way
