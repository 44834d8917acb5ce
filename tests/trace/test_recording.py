"""Recordings: written and read back, cut off, damaged, newer, or none at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullscope.oci.messages import Headers
from pullscope.trace.events import Event, Failed, Finished, Requested, Responded, TlsRefused, Uploaded
from pullscope.trace.recording import NotARecordingError, Reader, first_line, from_line, last_line, to_line

REQUESTED = Requested(
    time=1.5,
    exchange=1,
    connection=None,
    client="10.0.0.1",
    method="GET",
    url="https://registry.example.com/v2/",
    url_id=1,
    referer_id=None,
    http_version="HTTP/2.0",
    headers=Headers([("Accept", "a"), ("accept", "b")]),
    authorization="none",
    credential=None,
)
EVENTS: tuple[Event, ...] = (
    REQUESTED,
    Uploaded(time=1.6, exchange=1, bytes=3, sha256=None, document="a=b"),
    Responded(
        time=1.7, exchange=1, status=307, headers=Headers(), location="https://x/", location_id=2, answered_by="r:1"
    ),
    Finished(time=1.8, exchange=1, bytes=None, sha256="ab" * 32, document='{"é":"\u2028"}', issued=4),
    Failed(time=1.9, exchange=1, reason="reset", bytes=7),
    TlsRefused(time=2.0, client="10.0.0.1", host="auth.docker.io", reason="unknown ca"),
)


def read(*lines: str | bytes) -> tuple[list[Event], str | None]:
    """The events of these lines, and what could not be read."""
    reader = Reader("r.jsonl")
    return list(reader.read(lines)), reader.problem


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_there_and_back(event: Event) -> None:
    """Each event is one line of ASCII, and the same when it is read back."""
    line = to_line(event)
    assert line.isascii()
    assert "\n" not in line
    assert from_line(line) == event


def test_none_is_left_out() -> None:
    """What is not known takes no room, and is None again when read."""
    assert "referer_id" not in to_line(REQUESTED)
    assert from_line(to_line(REQUESTED)) == REQUESTED


def test_cut_off_in_the_middle_of_a_line() -> None:
    """What came before is read, and one sentence says the rest."""
    events, problem = read(first_line(), to_line(EVENTS[0]), to_line(EVENTS[1])[:20])
    assert events == [EVENTS[0]]
    assert problem is not None
    assert problem.startswith("r.jsonl: line 3 could not be read")


@pytest.mark.parametrize(
    ("broken", "says"),
    [(1, "line 3 could not be read (time is not what it should be)."), (3, "line 3 and 2 more could not be read (")],
)
def test_each_line_that_could_not_be_read_counts(broken: int, says: str) -> None:
    """The first is named and the others are counted; nothing is said of a rest, of which there may be none."""
    odd = json.dumps({**json.loads(to_line(EVENTS[0])), "time": 1e308})
    events, problem = read(first_line(), to_line(EVENTS[0]), *[odd] * broken)
    assert events == [EVENTS[0]]
    assert problem is not None
    assert problem.startswith(f"r.jsonl: {says}")
    assert "rest" not in problem


def test_only_a_last_line_that_is_broken_is_an_end_that_is_missing() -> None:
    """A line that was lost in the middle says nothing about the end."""
    half, whole = to_line(EVENTS[1])[:20], to_line(EVENTS[0])
    cut_off = []
    for lines in ([half], [half, ""], [half, whole], [whole]):
        reader = Reader("r.jsonl")
        list(reader.read([first_line(), *lines]))
        cut_off.append(reader.cut_off)
    assert cut_off == [True, True, False, False]


def test_an_end_that_was_promised_and_is_not_there() -> None:
    """Its writer was killed, or a second one was that added to it; a recording that promises none ends where it ends."""
    event, promise = to_line(EVENTS[0]), first_line(ends=True)
    cut_off = []
    for lines in ([promise, event, last_line()], [promise, event], [promise, event, last_line(), event], [promise]):
        reader = Reader("r.jsonl")
        list(reader.read(lines))
        cut_off.append(reader.cut_off)
    assert cut_off == [False, True, True, True]
    reader = Reader("r.jsonl")
    list(reader.read([promise, event, last_line(12.5)]))
    assert (reader.cut_off, reader.connected_at) == (False, 12.5)
    assert read(first_line(), event, last_line()) == ([EVENTS[0]], None)


def test_unknown_events_and_keys_are_skipped() -> None:
    """A recording may grow under the same schema."""
    grown = json.dumps({**json.loads(to_line(EVENTS[0])), "mood": "good"})
    assert read(first_line(by="pullscope 1.0"), '{"event":"dreamt","time":1}', grown, "", "  ") == ([EVENTS[0]], None)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", None),
        ("not json", "is neither"),
        ("[]", "is neither"),
        ('{"schema_version":1}', "is neither"),
        ('{"event":"recording","schema_version":"1"}', "is neither"),
        ("[" * 100_000, "is neither"),
        (b"\xff\xfe\x00", "is neither"),
        ('{"event":"recording","schema_version":2}', "newer pullscope"),
    ],
)
def test_first_line(line: str | bytes, says: str | None) -> None:
    """The first line says whether this can be read, and the refusal says what to do."""
    if says is None:
        assert read(line) == ([], None)
        return
    with pytest.raises(NotARecordingError, match=says):
        read(line)


@pytest.mark.parametrize(
    "change",
    [
        {"time": "1"},
        {"time": float("nan")},
        {"time": float("inf")},
        {"time": -1.0},
        {"time": 1e15},
        {"time": 10**400},
        {"connected": 1e308},
        {"exchange": 10**400},
        {"exchange": True},
        {"exchange": None},
        {"url": 7},
        {"url_id": "1"},
        {"credential": "2"},
        {"headers": [1]},
        {"headers": 7},
        {"headers": [["a"]]},
        {"method": None},
    ],
)
def test_damaged_fields(change: dict[str, Any]) -> None:
    """A field of the wrong kind spoils its line and no other."""
    damaged = json.dumps({**json.loads(to_line(REQUESTED)), **change})
    events, problem = read(first_line(), damaged, to_line(EVENTS[1]))
    assert events == [EVENTS[1]]
    assert problem is not None


@pytest.mark.parametrize("key", ["time", "exchange", "url", "method", "client"])
def test_missing_fields(key: str) -> None:
    """A line without what every event has is not read."""
    record = json.loads(to_line(REQUESTED))
    del record[key]
    events, problem = read(first_line(), json.dumps(record))
    assert events == []
    assert problem is not None


@settings(max_examples=60, deadline=None)
@given(st.binary() | st.text())
def test_any_line(line: str | bytes) -> None:
    """No line after the first raises."""
    read(first_line(), line)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_values(value: Any) -> None:
    """No value in any field raises."""
    for event in EVENTS:
        record = json.loads(to_line(event))
        for key in record:
            read(first_line(), json.dumps({**record, key: value}))


def test_half_a_surrogate_pair_is_marked() -> None:
    """JSON may spell one; no output could be written with it."""
    damaged = json.dumps(
        {**json.loads(to_line(REQUESTED)), "url": "https://h/\ud800", "headers": [["a\udfff", "\ud800"]]}
    )
    event = from_line(damaged)
    assert isinstance(event, Requested)
    assert (event.url, [*event.headers]) == ("https://h/?", [("a?", "?")])


def test_a_hash_that_is_none_is_not_known() -> None:
    """The line says what else it says."""
    finished = Finished(time=1.0, exchange=1, bytes=5, sha256=None)
    line = json.dumps({**json.loads(to_line(finished)), "sha256": "\ud800"})
    assert from_line(line) == finished
