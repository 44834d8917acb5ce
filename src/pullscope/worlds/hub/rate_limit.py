"""Docker Hub's pull limit: so many manifest GETs in a sliding window, counted on an address; HEAD is free.

The header names and the sentence are those of docs.docker.com/docker-hub/usage/pulls and docker/hub-feedback#1907.
"""

from __future__ import annotations

from collections import deque

from pullscope.oci.messages import Response
from pullscope.worlds.hub.answers import registry_error

_SENTENCE = "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"


class RateLimit:
    """The count of one address. `limit=None` is an account without a limit: no headers at all."""

    def __init__(self, *, limit: int | None = 100, window: int = 21600, source: str = "203.0.113.7") -> None:
        self._limit = limit
        self._window = window
        self._source = source
        self._spent: deque[float] = deque()

    def spend(self, now: float) -> bool:
        """Count one pull; False where none is left."""
        if self._limit is None:
            return True
        if self._left(now) == 0:
            return False
        self._spent.append(now)
        return True

    def fields(self, now: float) -> list[tuple[str, str]]:
        if self._limit is None:
            return []
        return [
            ("ratelimit-limit", f"{self._limit};w={self._window}"),
            ("ratelimit-remaining", f"{self._left(now)};w={self._window}"),
            ("docker-ratelimit-source", self._source),
        ]

    def refusal(self, now: float) -> Response:
        wait = int(self._spent[0] + self._window - now) + 1 if self._spent else self._window
        return registry_error(429, "TOOMANYREQUESTS", _SENTENCE, None, [*self.fields(now), ("Retry-After", str(wait))])

    def _left(self, now: float) -> int:
        while self._spent and self._spent[0] <= now - self._window:
            self._spent.popleft()
        return max(0, (self._limit or 0) - len(self._spent))
