"""The pulls that are open, those that ended lately, whose token is whose, and which pull is due when. Decides nothing.

Everything here is bounded: open pulls by `MOST_OPEN`, ended ones that may be continued by `RECENT`, tokens by `MOST_TOKENS`.
The agenda holds each open pull at most once, at a time that is never too late; what is really due is asked of `lifecycle` when
that time has come, so that an event costs only a push onto a heap.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import count

from pullscope.trace.bounded_table import Remembered
from pullscope.trace.model import Ending, Pull, Step
from pullscope.trace.pull_index import PullIndex
from pullscope.trace.times import MEMORY, SOONEST

RECENT = 64
"""How many ended pulls may be continued."""

MOST_OPEN = 2_000
"""Open pulls at the most; beyond, the oldest is closed."""

MOST_OF_ONE = 64
"""Open pulls of one address beyond which the oldest quiet one is closed; it goes on if its client does. No client has that
many on its mind: the rest are questions that were answered seconds ago."""

MOST_TOKENS = 2_000
"""Tokens of which the issuing step is remembered."""


class OpenPulls:
    """Open and recent pulls; the open ones of each address in the order in which they began."""

    def __init__(self) -> None:
        self.open = PullIndex()
        self.recent = PullIndex()
        self._by_client: dict[str, list[Pull]] = {}
        self._issuers: Remembered[int, Step] = Remembered(most=MOST_TOKENS, seconds=MEMORY, each=8)
        self._agenda: list[tuple[float, int, Pull]] = []
        self._order = count()

    def of_client(self, address: str) -> list[Pull]:
        """The open pulls of a client's address, the oldest first."""
        return self._by_client.get(address, [])

    def name(self, pull: Pull, repository: str) -> None:
        """It is known by now which repository an open pull is about."""
        if pull in self.open:
            self.open.name(pull, repository)

    def add(self, pull: Pull) -> None:
        """A pull begins, or goes on after its end."""
        self.recent.take(pull)
        self.open.put(pull)
        self._by_client.setdefault(pull.client_key[0], []).append(pull)

    def remove(self, pull: Pull) -> None:
        """A pull is no longer open."""
        if not self.open.take(pull):
            return
        others = self._by_client[pull.client_key[0]]
        others.remove(pull)
        if not others:
            del self._by_client[pull.client_key[0]]

    def end(self, pull: Pull) -> None:
        """A pull has ended; it may be continued for a while."""
        self.remove(pull)
        self.recent.put(pull)
        if len(self.recent) > RECENT:
            self.recent.take(next(iter(self.recent)))

    def drop(self, pull: Pull) -> None:
        """A pull is neither open nor to be continued any more."""
        self.remove(pull)
        self.recent.take(pull)

    def one_too_many(self, address: str) -> Pull | None:
        """The pull that has to be closed to make room: the oldest of this client's that waits, or of all."""
        theirs, oldest = self.of_client(address), None
        if len(theirs) > MOST_OF_ONE:  # a few are looked at: each request of a thousand at once comes by here
            oldest = next((pull for pull in theirs[: 2 * MOST_OF_ONE] if not pull.in_flight), None)
        return next(iter(self.open)) if oldest is None and len(self.open) > MOST_OPEN else oldest

    def inherit(self, pull: Pull) -> None:
        """A pull that resolved to what an ended one did knows what that one learned: digests name content, permanently.

        A client that has the index already asks for its children without fetching it again (ctr content fetch).
        """
        for ended in reversed(self.recent):
            same_image = ended.repository == pull.repository and ended.digest == pull.digest
            if same_image and ended.registry == pull.registry and ended is not pull:
                same_client = ended.client_key == pull.client_key and ended.outcome is Ending.COMPLETE
                pull.had_before = same_client and pull.digest in ended.fetched
                for digest, expectation in ended.expected.items():
                    pull.expected.setdefault(digest, expectation)
                return

    # -- tokens ---------------------------------------------------------------------------------------------------------

    def token_issued(self, step: Step, number: int) -> None:
        """Remember which step a token came from."""
        self._issuers.add(number, step, step.ended or step.started)

    def issuers(self, client: str, number: int | None) -> list[Step]:
        """The token requests of an address that brought this token, the oldest first: servers give the same one to several."""
        return (
            [step for step in self._issuers.of(number) if step.first.request.client == client]
            if number is not None
            else []
        )

    # -- time -----------------------------------------------------------------------------------------------------------

    def touch(self, pull: Pull, time: float) -> None:
        """Something was seen of this pull: nothing can be due for it before `SOONEST` has passed."""
        if not pull.scheduled:
            pull.scheduled = True
            heapq.heappush(self._agenda, (time + SOONEST, next(self._order), pull))

    def has_due(self, now: float) -> bool:
        """Whether something may be due by `now`: for most events nothing is."""
        return bool(self._agenda) and self._agenda[0][0] <= now

    def due(self, now: float, deadline: Callable[[Pull], float | None]) -> Iterator[tuple[float, Pull]]:
        """The open pulls for which something is due by `now`, each with that time, in that order.

        The caller does what is due, and touches the pull if it stays open.
        """
        while self.has_due(now):
            _, _, pull = heapq.heappop(self._agenda)
            pull.scheduled = False
            when = deadline(pull) if pull in self.open else None
            if when is None:
                continue
            if when <= now and (not self._agenda or when <= self._agenda[0][0]):
                yield when, pull
            else:
                pull.scheduled = True
                heapq.heappush(self._agenda, (when, next(self._order), pull))
