"""Who follows which redirect, where several operations were given the same address: decided by order, corrected later.

A storage request carries no token, and a cached address is given to many. A client opens its connection to the storage at once
after it was told where to go (median 1.5 ms; skopeo 1.9, buildah, podman 4.3), and the TLS handshakes then shuffle the requests:
so the order in which the connections were *opened* is that of the redirects. Where a connection that was opened earlier asks
later, the two are exchanged; nothing else changes, since both lead to the same bytes. And a connection is one process: where its
next request can only be another's, what was guessed of its first is exchanged too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pullscope.trace.bounded_table import Remembered
from pullscope.trace.events import Requested
from pullscope.trace.hop import Hop
from pullscope.trace.model import Pull
from pullscope.trace.times import MEMORY

MOST = 2_000
"""Addresses, and connections, of which the followers are remembered."""

TOLERANCE = 0.002
"""Seconds by which a clock that is read at both ends of a redirect may differ from itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Follower:
    """A request that followed one of several redirects to its address."""

    hop: Hop
    opened: float
    """When its connection was opened, if it was the first request there; else when it was asked."""


class Followers:
    """The requests whose redirect was a choice among several."""

    def __init__(self, moved: Callable[[Hop, Pull, Pull], None]) -> None:
        self._moved = moved
        self._of_address: Remembered[tuple[str, int], Follower] = Remembered(most=MOST, seconds=MEMORY)
        self._of_connection: Remembered[tuple[str, int], Follower] = Remembered(most=MOST, seconds=MEMORY)

    def answered_before(self, candidates: Sequence[Hop], opened: float) -> Sequence[Hop]:
        """The redirects that the client knew when it opened its connection; all of them where it knew none."""
        known = [hop for hop in candidates if hop.response is None or hop.response.time <= opened + TOLERANCE]
        return known or candidates

    def chose(self, hop: Hop, opened: float) -> None:
        """A request was given one of several redirects: remember it, and put right what came out of order."""
        address = (hop.request.client, hop.request.url_id)
        mine = Follower(hop=hop, opened=opened)
        for other in self._of_address.of(address):
            if other.opened > mine.opened and _answered(other.hop) < _answered(hop):
                self._exchange(hop, other.hop)
        self._of_address.add(address, mine, hop.request.time)
        if hop.request.connection is not None:
            self._of_connection.add((hop.request.client, hop.request.connection), mine, hop.request.time)

    def belongs(self, event: Requested, pull: Pull) -> None:
        """A connection shows itself to be this operation's: what was guessed of its earlier requests is exchanged."""
        if event.connection is None:
            return
        for guess in self._of_connection.of((event.client, event.connection)):
            if guess.hop.step.pull is pull:
                continue
            for other in self._of_address.of((event.client, guess.hop.request.url_id)):
                if other.hop.step.pull is pull and other.hop.request.connection != event.connection:
                    self._exchange(guess.hop, other.hop)
                    break

    def _exchange(self, one: Hop, other: Hop) -> None:
        first, second = one.step, other.step
        if first is second or first.last is not one or second.last is not other:
            return
        if (first.settled or second.settled) and not (one.ok and other.ok and one.done and other.done):
            return
        first.hops[-1], second.hops[-1] = other, one
        one.step, other.step = second, first
        one.follows, other.follows = other.follows, one.follows
        first.under_way += one.done - other.done
        second.under_way += other.done - one.done
        if first.pull is not None and second.pull is not None:
            self._moved(one, first.pull, second.pull)
            self._moved(other, second.pull, first.pull)


def _answered(hop: Hop) -> float:
    """When the redirect was answered that this request follows."""
    before = hop.follows
    return before.response.time if before is not None and before.response is not None else 0.0
