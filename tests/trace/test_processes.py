"""Who speaks on a connection: pieces of a process are joined, and both tables stay bounded."""

from __future__ import annotations

import pytest

from pullscope.trace import processes
from pullscope.trace.processes import Connections, Process, join


def test_pieces_become_one_process() -> None:
    """However many pieces are joined in whichever order, all of them are the same whole."""
    pieces = [Process() for _ in range(4)]
    join(pieces[0], pieces[1])
    join(pieces[2], pieces[3])
    join(pieces[1], pieces[2])
    assert len({id(piece.whole) for piece in pieces}) == 1


def test_joining_what_is_joined_changes_nothing() -> None:
    """No process is joined to itself, which would go round for ever."""
    one, other = Process(), Process()
    join(one, other)
    join(other, one)
    join(None, one)
    assert one.whole is other.whole


def test_a_connection_is_the_first_process_s() -> None:
    """A connection never changes its process; a daemon's has none."""
    connections: Connections[str] = Connections()
    mine = Process()
    connections.note(1, "pull", mine)
    connections.note(1, "push", Process())
    connections.note(2, "daemon's", None)
    assert connections.process(1) is mine
    assert connections.spoken(1) == ("pull", "push")
    assert connections.process(2) is None
    assert (connections.process(None), connections.spoken(None)) == (None, ())


def test_what_was_merged_speaks_for_the_other() -> None:
    """An operation that got a name has spoken wherever the nameless one had."""
    connections: Connections[str] = Connections()
    connections.note(1, "nameless", None)
    connections.merged("nameless", "named")
    assert connections.spoken(1) == ("named",)


def test_both_tables_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connections that were silent longest are forgotten."""
    monkeypatch.setattr(processes, "MOST_CONNECTIONS", 3)
    connections: Connections[int] = Connections()
    for number in range(10):
        connections.note(number, number, Process())
    known = [number for number in range(10) if connections.spoken(number) or connections.process(number)]
    assert known == [7, 8, 9]
