"""The waiting room: operations that have no name so far, and the request that claims each.

Names come late. A version check or a token request says no repository, so it waits here, until a request that has one claims
it: by its token, by its connection, or as the oldest that waits. Nothing is merged into an operation that a view has already
shown; what no request claims is told as what it is, once its client is quiet.
"""

from __future__ import annotations

from pullscope.oci.reference import is_below
from pullscope.trace.clues import PINGS, Clue, Form, alike
from pullscope.trace.model import Pull, Reason, Step, Strength
from pullscope.trace.open_pulls import OpenPulls
from pullscope.trace.processes import Connections, is_same, join
from pullscope.trace.settle import steps_of
from pullscope.trace.times import AT_ONCE, QUIET

CONNECTED = Reason(evidence="connection", strength=Strength.CERTAIN, words="the next request used its connection")
CARRIED = Reason(evidence="token", strength=Strength.CERTAIN, words="the next request carried its token")
WAITED = Reason(evidence="waiting", strength=Strength.LIKELY, words="the only version check that waited at this host")
OLDEST = Reason(
    evidence="waiting", strength=Strength.WEAK, words="the oldest of several version checks; could be another's too"
)

TURNED_AWAY = Reason(
    evidence="fallback",
    strength=Strength.LIKELY,
    words="was refused here, and the next place was asked at once",
)


class WaitingRoom:
    """What has no name so far."""

    def __init__(self, open_pulls: OpenPulls, connections: Connections[Pull]) -> None:
        self._open_pulls = open_pulls
        self._connections = connections

    def at(self, client: str, registry: str) -> list[Pull]:
        return [pull for pull in self._open_pulls.open.at((client, registry, None)) if not pull.opened]

    def claim(self, clue: Clue, pull: Pull) -> None:
        """What waits without a name becomes part of the operation that shows that it was its own."""
        client = clue.step.first.request.client
        waiting = [other for other in self.at(client, clue.registry) if other is not pull]
        if not waiting or clue.form is Form.PING:
            return
        connected = [other for other in waiting if other in clue.spoken or is_same(clue.process, other.process)]
        for other in connected:
            self.merge(other, pull, CONNECTED)
        issued = {
            step.pull: step for step in self._open_pulls.issuers(client, clue.credential) if step.pull is not None
        }
        theirs = [other for other in waiting if other in issued and other not in connected]
        if connected:  # the others' version checks are on other connections: only a token was taken for theirs
            for other in theirs if len(issued) == 1 else ():
                self.take(issued[other], pull, clue.step)
        elif theirs and pull not in issued:  # one token may be given to several: each has asked for it once
            if len(theirs) > 1:
                _look_alike(theirs)
            self.merge(theirs[0], pull, CARRIED)
        if connected or issued or clue.spoken:
            return
        repository = clue.route.repository
        left = [
            other
            for other in waiting
            if alike(clue.agent, clue.family, other)
            and clue.time - other.last <= QUIET
            and not other.in_flight
            and (not other.promised or repository in other.promised or len(waiting) == 1)
            and not _asked_before_it_began(other, pull)
        ]
        if left:
            own = [other for other in left if other.promised] or left
            if len(left) > 1:
                _look_alike(left)
            self.merge(own[0], pull, OLDEST if len(left) > 1 else WAITED)

    def turned_away(self, clue: Clue, pull: Pull) -> None:
        """What another host has just refused before it was asked for anything was this operation's, which then left it alone."""
        refused = [
            other
            for other in self._open_pulls.of_client(clue.step.first.request.client)
            if other.registry != clue.registry
            and is_nameless(other)
            and alike(clue.agent, clue.family, other)
            and not other.in_flight
            and 0 <= clue.began - other.last <= AT_ONCE
            and (not other.promised or any(is_below(name, clue.route.repository) for name in other.promised))
            and _was_turned_away([*steps_of(other), *other.unused])
        ]
        if len(refused) == 1 or all(other.promised for other in refused):
            for other in refused:
                self.merge(other, pull, TURNED_AWAY)

    def merge(self, lonely: Pull, pull: Pull, reason: Reason = CARRIED) -> None:
        """What had no name is part of an operation that has one."""
        for step in (*lonely.ready, *lonely.open_steps, *lonely.unused):
            step.pull = pull
            step.reasons.append(reason)
        for step in lonely.open_steps:
            pull.open_steps.add(step)
        pull.ready[:0] = lonely.ready
        pull.unused[:0] = lonely.unused
        pull.failing[:0] = lonely.failing
        pull.failed_at = {**lonely.failed_at, **pull.failed_at}
        pull.answered = {**lonely.answered, **pull.answered}
        pull.hosts |= lonely.hosts
        pull.credentials |= lonely.credentials
        pull.started = min(pull.started, lonely.started)
        join(pull.process, lonely.process)
        pull.process = pull.process or lonely.process
        lonely.became = pull
        self._connections.merged(lonely, pull)
        self._open_pulls.remove(lonely)

    def take(self, token: Step, pull: Pull, under: Step) -> bool:
        """A token that was thought another's is the one's who carries it; whether it could be moved."""
        home = token.pull
        if home is None or home is pull or token not in home.unused or home.client_key[0] != pull.client_key[0]:
            return False
        home.unused.remove(token)
        if token.token is not None and token.token.number is not None:
            home.credentials.discard(token.token.number)
        if token.under is not None:
            if token in token.under.tokens:
                token.under.tokens.remove(token)
            token.under = under
            under.tokens.append(token)
        token.pull = pull
        token.reasons.append(CARRIED)
        pull.unused.append(token)
        return True


def _asked_before_it_began(lonely: Pull, pull: Pull) -> bool:
    """Whether a version check came before an operation's first request, which had one of its own by then (skopeo 1.22: seen)."""
    asked = [step for step in steps_of(pull) if not step.is_token]
    named = [step.started for step in asked if step.route.endpoint not in PINGS]
    return 0 < len(named) < len(asked) and lonely.started < min(named)


def _look_alike(waiting: list[Pull]) -> None:
    """Nothing on the wire tells which of these is whose."""
    for other in waiting:
        for step in (*steps_of(other), *other.unused):
            step.rivals = tuple(waiting[:4])


def _was_turned_away(steps: list[Step]) -> bool:
    """Whether version checks came to nothing: no answer, an error, a login that the client has not got, or no token for it."""
    if any(step.last.ok or step.last.redirects for step in steps):
        return False
    bearers = any(one.scheme == "bearer" for step in steps for one in step.last.challenges)
    return not bearers or any(step.is_token for step in steps)


def is_nameless(pull: Pull) -> bool:
    return not pull.opened and pull.repository is None
