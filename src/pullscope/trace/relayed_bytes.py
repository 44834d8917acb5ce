"""What came over connections that were passed on unread (`pullscope_blobs=relay`): whose they may be, and how many bytes.

Such a connection shows its client and its host, and nothing else. What it brings belongs to the one open operation of that
client which a redirect has sent to that host. Where several were sent there it may be anyone's, so for each of them the
number is not known, and that is what is said.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pullscope.trace.events import Relayed
from pullscope.trace.vocabulary import Outcome

if TYPE_CHECKING:
    from pullscope.trace.model import Pull

MOST = 2_000
"""Connections whose bytes so far are remembered."""


@dataclass(kw_only=True, slots=True, eq=False)
class Unread:
    """What an operation got unread."""

    bytes: dict[str, int | None] = field(default_factory=dict)
    """By host, TLS included; None where it is not known."""
    live: set[int] = field(default_factory=set)
    """The connections that are open."""


class Relays:
    """The connections that are passed on unread."""

    def __init__(self) -> None:
        self._so_far: OrderedDict[int, int] = OrderedDict()

    def hear(self, event: Relayed, pulls: Iterable[Pull]) -> list[Pull]:
        """Count what came, for those of the client's open operations that were sent there: to them something happened."""
        before = self._so_far.pop(event.relay, 0)
        grown = None if event.bytes is None else max(0, event.bytes - before)
        theirs = [pull for pull in pulls if event.host in pull.pointed_at]
        for pull in theirs:
            known = pull.unread.bytes.get(event.host, 0)
            whose = grown == 0 or len(theirs) == 1
            pull.unread.bytes[event.host] = known + grown if whose and grown is not None and known is not None else None
            (pull.unread.live.discard if event.over else pull.unread.live.add)(event.relay)
        if not event.over:
            self._so_far[event.relay] = event.bytes or 0
            if len(self._so_far) > MOST:
                self._so_far.popitem(last=False)
        return theirs if grown or not event.over else []


def never_came(pull: Pull) -> None:
    """Where a host that was to be relayed sent no byte, what the client was sent there for did not come."""
    for step in pull.steps:
        if step.sent_on_to is not None and pull.unread.bytes.get(step.sent_on_to) == 0:
            step.outcome = Outcome.NOT_SEEN
            if step.digest is not None:
                pull.sent_on.discard(step.digest)
                pull.missing.add(step.digest)
