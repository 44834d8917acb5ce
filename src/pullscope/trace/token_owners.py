"""Whose is a token request: the step whose challenge it answers, until a request carries the token and shows whose it was.

Which of several challenges a request answers is often not to be told when it is made (two version checks by one address), so
such a token waits in `Pull.unused` until it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pullscope.oci.agents import identify
from pullscope.oci.challenge import Challenge, read_scopes, scopes_asked
from pullscope.trace.clues import PINGS, alike
from pullscope.trace.events import Requested
from pullscope.trace.model import Hop, Pull, Reason, Step, Strength
from pullscope.trace.open_pulls import OpenPulls
from pullscope.trace.processes import Connections, Process, is_same
from pullscope.trace.settle import steps_of, waits_for_token
from pullscope.trace.waiting import WaitingRoom, is_nameless

MOST_CREDENTIALS = 64
"""Tokens of one operation that are remembered."""

Waiting = Sequence[tuple[Challenge, Step]]
"""Challenges that a token request may answer, the best first."""

ANSWERS = Reason(evidence="challenge", strength=Strength.LIKELY, words="answers the challenge of a request before it")
ASKS_AHEAD = Reason(evidence="scope", strength=Strength.WEAK, words="asks for a token before any challenge was seen")


class TokenOwners:
    """Finds the operation of each token request, and corrects it when the token is used."""

    def __init__(
        self,
        open_pulls: OpenPulls,
        connections: Connections[Pull],
        waiting: WaitingRoom,
        new: Callable[[Step, Process | None], Pull],
    ) -> None:
        self._open_pulls = open_pulls
        self._connections = connections
        self._waiting = waiting
        self._new = new

    def affinity(self, event: Requested, pull: Pull | None) -> int:
        """How much speaks for an operation as the one that sent a request: 4 and 2 for its connection, 3 for its token, 1
        where nothing is against it, 0 where something is."""
        if pull is None:
            return 1
        process = self._connections.process(event.connection)
        if is_same(process, pull.process):
            return 4
        if process is not None and pull.process is not None and event.credential not in pull.credentials:
            return 0
        if event.credential is not None:
            found = self._open_pulls.issuers(event.client, event.credential)
            issuers = [step.pull for step in found if step.pull is not None]
            if pull in issuers or event.credential in pull.credentials:
                return 3
            if issuers and pull.credentials and not any(is_nameless(issuer) for issuer in issuers):
                return 0
        spoken = self._connections.spoken(event.connection)
        return 2 if pull in spoken else 1 if not spoken or event.credential is not None else 0

    def owner(self, step: Step, answers: Waiting) -> Pull:
        event = step.first.request
        scopes = read_scopes(" ".join(scopes_asked(event.url)))
        asked = {scope.name for scope in scopes if scope.type == "repository"}
        equals = self._challenged(step, answers)
        challenged = equals[0] if equals else None
        step.doubtful = len({other.pull for _, other in answers}) > 1
        _note_rivals(step, equals)
        step.answers = challenged
        step.reasons.append(ANSWERS if challenged is not None else ASKS_AHEAD)
        needy = challenged
        if needy is not None and (needy.route.endpoint in PINGS or (needy.settled and not waits_for_token(needy))):
            needy = None  # a version check is over with its 401, even if its end is told later
        if needy is None and (challenged is None or challenged.pull is None or not is_nameless(challenged.pull)):
            # Classic dockerd asks for a token only when the first request that needs one is under way (seen: dockerd 20.10).
            needy = self._step_under_way(step, asked)
        if needy is not None and needy.pull is not None:
            step.under = needy
            needy.tokens.append(step)
            return needy.pull
        before = challenged.pull if challenged is not None else None
        if before is not None and before.closed:
            before = None
        if before is not None and (before.repository is None or before.repository in asked):
            before.promised |= asked if before.repository is None else set()
            return before
        for pull in reversed(self._open_pulls.of_client(event.client)):
            if pull.repository is not None and pull.repository in asked and self.affinity(event, pull):
                return pull
        pull = before or self._new(step, self._connections.process(event.connection))
        pull.promised |= asked
        return pull

    def _challenged(self, step: Step, answers: Waiting) -> list[Step]:
        """The step whose challenge a token request answers: of its own connection, then of its own name, then the one that
        waits, then the oldest; after it those that it could answer just as well."""
        event, agent = step.first.request, step.first.agent
        if not answers:
            return []
        family = identify(agent).family
        process = self._connections.process(event.connection)
        spoken = self._connections.spoken(event.connection)

        def likeness(pair: tuple[Challenge, Step]) -> tuple[int, int, int, int]:
            pull = pair[1].pull
            if pull is None:
                return (0, 0, 0, 0)
            own = pair[1].last.agent == agent
            paired = own or alike(agent, family, pull)
            waits = not pair[1].settled and not pair[1].tokens
            near = 2 if is_same(process, pull.process) else 1 if pull in spoken and is_nameless(pull) else 0
            return (near, not pull.closed, own + paired, waits + (waits and pull in spoken))

        best = max(found := [*map(likeness, answers)])
        equals = list(dict.fromkeys(step for (_, step), like in zip(answers, found, strict=True) if like == best))
        if not all(step.pull is not None and step.pull.looked_for and not step.pull.put for step in equals):
            return equals
        # Pushes that look for blobs get a token for each place: the one that has waited longest for its last answer asks first.
        return sorted(equals, key=lambda step: (step.pull.in_flight, step.pull.last) if step.pull else (True, 0.0))

    def _step_under_way(self, token: Step, asked: set[str]) -> Step | None:
        """The step that waits behind a redirect for a token: that of the same process, and without a token so far, first."""
        event, agent = token.first.request, token.first.agent
        found: list[Step] = []
        for pull in self._open_pulls.of_client(event.client):
            if pull.client_key[1] != agent or not self.affinity(event, pull):
                continue
            for waiting in pull.open_steps:
                if not waiting.is_token and waiting.last.redirects and not waiting.last.followed:
                    repository = waiting.route.repository
                    if not asked or repository is None or repository in asked:
                        found.append(waiting)
        return min(found, key=lambda step: bool(step.tokens), default=None)

    def used(self, hop: Hop, pull: Pull, number: int) -> None:
        """A request carries a token: if that was fetched before the operation had a name, it joins the request's operation."""
        issuers = self._open_pulls.issuers(hop.request.client, number)
        theirs = [step for step in issuers if step.pull is pull]
        if not theirs:
            nameless = (step.pull for step in issuers if step.pull is not None and is_nameless(step.pull))
            lonely = next((one for one in nameless if not one.promised or pull.repository in one.promised), None)
            # crane looks with HEAD and, where that was refused, asks anew from the version check on (0.21: seen).
            named = hop is hop.step.first and any(step.route.endpoint in PINGS for step in steps_of(pull))
            if lonely is not None and not named:
                self._waiting.merge(lonely, pull)
                theirs = [step for step in issuers if step.pull is pull]
        if not theirs and len(issuers) == 1 and self._waiting.take(issuers[0], pull, hop.step):
            theirs = issuers
        if len(pull.credentials) < MOST_CREDENTIALS and (theirs or not issuers or not pull.credentials):
            pull.credentials.add(number)
            pull.used.add(number)
        for token in theirs:
            if token in pull.unused:
                pull.unused.remove(token)
                pull.ready.append(token)


def _note_rivals(token: Step, equals: list[Step]) -> None:
    """Of several version checks that look alike, nothing on the wire tells whose token this is."""
    pings = [step for step in equals if step.route.endpoint in PINGS and step.pull is not None]
    if len({step.pull for step in pings}) < 2:
        return
    rivals = tuple(dict.fromkeys(step.pull for step in pings if step.pull is not None))[:4]
    for step in (token, *pings):
        step.rivals = rivals
