"""Which client process speaks on a connection: one TCP connection is one process, always.

A process is not one operation: a daemon runs many at once on one connection, and older dockerd opens a connection for each
request. So a connection joins the requests of command-line clients with certainty, and those of daemons not at all: of those
only which operations have spoken on it is remembered. Which of the two a client is, is a column of the table in
`oci.agents`. Both tables are bounded; what is forgotten is a clue lost, never a wrong one.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pullscope.trace.bounded_table import Newest

Operation = TypeVar("Operation")

MOST_CONNECTIONS = 4_096
"""Connections that are remembered; the one that was silent longest goes first."""

MOST_ON_ONE = 4
"""Operations that are remembered of one connection; the newest stay."""


@dataclass(slots=True, eq=False)
class Process:
    """One run of a command-line client. Pieces of it are joined as evidence comes: `whole` is what they are by now."""

    joined: Process | None = field(default=None, repr=False)

    @property
    def whole(self) -> Process:
        """The process that this piece is known to belong to."""
        found = self
        while found.joined is not None:
            found = found.joined
        if self is not found:
            self.joined = found
        return found


class Connections(Generic[Operation]):
    """Which process, and which operations, have spoken on each connection."""

    def __init__(self) -> None:
        self._processes: Newest[int, Process] = Newest(MOST_CONNECTIONS)
        self._spoken: OrderedDict[int, list[Operation]] = OrderedDict()
        self._used: dict[Operation, set[int]] = {}
        """The same the other way round: the connections on which an operation has spoken."""

    def process(self, connection: int | None) -> Process | None:
        """The command-line client on this connection; None where nothing has spoken there, or a daemon has."""
        found = self._processes.get(connection) if connection is not None else None
        return found.whole if found is not None else None

    def spoken(self, connection: int | None) -> tuple[Operation, ...]:
        """The operations that have spoken on this connection, the newest last."""
        return tuple(self._spoken.get(connection, ())) if connection is not None else ()

    def note(self, connection: int | None, operation: Operation, process: Process | None) -> None:
        """An operation has spoken on a connection; `process` is its command-line client, where it is one."""
        if connection is None:
            return
        said = self._spoken.get(connection)
        if said is None:
            said = self._spoken[connection] = []
            if len(self._spoken) > MOST_CONNECTIONS:
                oldest, gone = self._spoken.popitem(last=False)
                for each in gone:
                    self._leave(each, oldest)
        if not said or said[-1] is not operation:
            self._speak(operation, connection, said)
        if process is not None and connection not in self._processes:
            self._processes[connection] = process

    def moved(self, connection: int | None, old: Operation, new: Operation, process: Process | None) -> None:
        """A connection was thought one operation's, and is the other's."""
        said = self._spoken.get(connection) if connection is not None else None
        if connection is None or said is None or old not in said:
            return
        said.remove(old)
        self._leave(old, connection)
        if new not in said:
            self._speak(new, connection, said)
        if connection in self._processes and process is not None:
            self._processes[connection] = process

    def merged(self, old: Operation, new: Operation) -> None:
        """What was one operation's is the other's now."""
        for connection in self._used.pop(old, ()):
            said = self._spoken[connection]
            said.remove(old)
            if new not in said:
                self._speak(new, connection, said)

    def _speak(self, operation: Operation, connection: int, said: list[Operation]) -> None:
        """An operation is the newest on a connection."""
        if operation in said:
            said.remove(operation)
        elif len(said) == MOST_ON_ONE:
            self._leave(said.pop(0), connection)
        said.append(operation)
        self._used.setdefault(operation, set()).add(connection)

    def _leave(self, operation: Operation, connection: int) -> None:
        used = self._used.get(operation)
        if used is not None:
            used.discard(connection)
            if not used:
                del self._used[operation]


def is_same(one: Process | None, other: Process | None) -> bool:
    """Whether two pieces are known to be of one process."""
    return one is not None and other is not None and one.whole is other.whole


def join(one: Process | None, other: Process | None) -> None:
    """Two pieces turn out to be one process."""
    if one is not None and other is not None and not is_same(one, other):
        other.whole.joined = one.whole
