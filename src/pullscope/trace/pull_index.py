"""An index of pulls, in the order in which they came, found by their place: whose, at which registry, of which repository.

A busy client has many pulls open at once, and each of its requests looks for those of one place. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from pullscope.trace.model import Pull

Place = tuple[str, str, str | None]
"""Address of a client, the registry, and the repository; None until a request names one."""


class PullIndex:
    """Pulls, the one that was put there first at the front."""

    def __init__(self) -> None:
        self._order: dict[Pull, int] = {}
        self._at: dict[Place, list[Pull]] = {}
        self._numbers = count()

    def put(self, pull: Pull) -> None:
        """Add a pull at the end; one that is there already moves there."""
        self.take(pull)
        self._order[pull] = next(self._numbers)
        self._at.setdefault(_place_of(pull), []).append(pull)

    def take(self, pull: Pull) -> bool:
        """Take a pull away; whether it was there."""
        if self._order.pop(pull, None) is None:
            return False
        self._leave(pull)
        return True

    def name(self, pull: Pull, repository: str | None) -> None:
        """It is known by now which repository a pull is about: it gets another place, and keeps its turn there."""
        self._leave(pull)
        pull.repository = repository
        self._return(pull)

    def move(self, pull: Pull, registry: str, repository: str | None) -> None:
        """It is known by now what was meant: the registry asked so far stood in for another, under a name of its own."""
        self._leave(pull)
        pull.registry, pull.repository = registry, repository
        self._return(pull)

    def _return(self, pull: Pull) -> None:
        here = self._at.setdefault(_place_of(pull), [])
        here.append(pull)
        here.sort(key=self._order.__getitem__)

    def _leave(self, pull: Pull) -> None:
        place = _place_of(pull)
        here = self._at[place]
        here.remove(pull)
        if not here:
            del self._at[place]

    def at(self, place: Place) -> Sequence[Pull]:
        return self._at.get(place, ())

    def __contains__(self, pull: Pull) -> bool:
        return pull in self._order

    def __iter__(self) -> Iterator[Pull]:
        return iter(self._order)

    def __reversed__(self) -> Iterator[Pull]:
        return reversed(self._order)

    def __len__(self) -> int:
        return len(self._order)


def _place_of(pull: Pull) -> Place:
    return pull.client_key[0], pull.registry, pull.repository
