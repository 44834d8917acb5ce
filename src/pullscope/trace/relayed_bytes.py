"""What came over connections that were passed on unread (`pullscope_blobs=relay`): whose they may be, and how many bytes.

Such a connection shows its client and its host, and nothing else. What it brings belongs to the one open operation of that
client that a redirect has sent to that host. Where several were sent there, its bytes are counted once for all of them, and
views name the operations that share them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pullscope.trace.bounded_table import Newest
from pullscope.trace.events import Relayed
from pullscope.trace.vocabulary import Outcome

if TYPE_CHECKING:
    from pullscope.trace.model import Pull

MOST = 2_000
"""Connections whose bytes so far are remembered."""


@dataclass(kw_only=True, slots=True, eq=False)
class Shared:
    """What came for several operations of one client that were sent to one host at once."""

    bytes: int = 0
    between: set[int] = field(default_factory=set)
    """Their numbers."""


@dataclass(kw_only=True, slots=True, eq=False)
class Unread:
    """What an operation got unread."""

    bytes: dict[str, int | None] = field(default_factory=dict)
    """Bytes that are surely its own, by host, TLS included; None where they are not counted."""
    shared: dict[str, Shared] = field(default_factory=dict)
    """By host; each of the operations has the same object."""
    live: set[int] = field(default_factory=set)
    """The connections that are open."""


class Relays:
    """The connections that are passed on unread."""

    def __init__(self) -> None:
        self._so_far: Newest[int, int] = Newest(MOST)

    def hear(self, event: Relayed, pulls: Iterable[Pull]) -> list[Pull]:
        """Count what came, for those of the client's open operations that were sent there: to them something happened."""
        before = self._so_far.pop(event.relay, 0)
        grown = None if event.bytes is None else max(0, event.bytes - before)
        theirs = [pull for pull in pulls if event.host in pull.pointed_at]
        own = grown if len(theirs) == 1 else None if grown is None else 0
        for pull in theirs:
            known = pull.unread.bytes.get(event.host, 0)
            pull.unread.bytes[event.host] = known + own if own is not None and known is not None else None
            (pull.unread.live.discard if event.over else pull.unread.live.add)(event.relay)
        if grown and len(theirs) > 1:
            _share(event.host, grown, theirs)
        if not event.over:
            self._so_far[event.relay] = event.bytes or 0
        return theirs if grown or not event.over else []


def _share(host: str, grown: int, pulls: list[Pull]) -> None:
    """Count for all of them; what some of them shared with others before becomes one with it."""
    before = {id(shared): shared for pull in pulls if (shared := pull.unread.shared.get(host)) is not None}
    made = Shared(bytes=grown, between={pull.id for pull in pulls})
    for shared in before.values():
        made.bytes += shared.bytes
        made.between |= shared.between
    kept = next(iter(before.values()), made)
    kept.bytes, kept.between = made.bytes, made.between
    for pull in pulls:
        pull.unread.shared[host] = kept


def never_came(pull: Pull) -> None:
    """Where a host that was to be relayed sent no byte, what the client was sent there for did not come."""
    for step in pull.steps:
        host = step.sent_on_to
        if host is not None and pull.unread.bytes.get(host) == 0 and host not in pull.unread.shared:
            step.outcome = Outcome.NOT_SEEN
            if step.digest is not None:
                pull.sent_on.discard(step.digest)
                pull.missing.add(step.digest)
