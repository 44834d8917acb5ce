"""Clients that do not trust the proxy's certificate: each once for each host, however often it tries."""

from __future__ import annotations

from dataclasses import dataclass

from pullscope.trace.bounded_table import Newest
from pullscope.trace.events import TlsRefused

MOST = 1_000
"""Pairs of client and host that are remembered; the oldest go first."""


@dataclass(kw_only=True, slots=True)
class Refusal:
    """A client that refused the proxy's certificate for a host, as often as it tried."""

    client: str
    host: str
    reason: str
    first: float
    last: float
    count: int = 1


class Refusals:
    """The refusals so far, the first seen first."""

    def __init__(self) -> None:
        self._found: Newest[tuple[str, str], Refusal] = Newest(MOST)

    def add(self, event: TlsRefused) -> bool:
        """Count one; whether it is news."""
        key = (event.client, event.host)
        known = self._found.get(key)
        if known is not None:
            known.count += 1
            known.last = max(known.last, event.time)
            return False
        self._found[key] = Refusal(
            client=event.client, host=event.host, reason=event.reason, first=event.time, last=event.time
        )
        return True

    def __contains__(self, who: tuple[str, str]) -> bool:
        """Whether a client, by its address, has refused the certificate of a host."""
        return who in self._found

    def all(self) -> list[Refusal]:
        return list(self._found.values())
