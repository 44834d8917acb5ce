"""Recordings of real clients, and the story and report that each must give: golden files beside them.

`tests/data/recordings/NAME.mitm` or `NAME.jsonl` gives `NAME.txt` (the story as it is printed to a pipe) and `NAME.json`
(the report). To rewrite them after a wanted change: `PULLSCOPE_REWRITE=1 pytest tests/test_recordings.py`, then read the diff
line by line: what it shows is what a person will meet.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.trace.wire import settled_by_the_end

from pullscope.mitm.flow_file import FlowFile
from pullscope.render.formats import report
from pullscope.render.layout import WIDTH
from pullscope.render.lines import Story
from pullscope.trace.events import Event, Finished, Relayed, Requested, Responded, TlsRefused
from pullscope.trace.model import Outcome, Pull
from pullscope.trace.recording import Reader, first_line, to_line
from pullscope.trace.trace import Trace

FOLDER = Path(__file__).parent / "data" / "recordings"
RECORDINGS = sorted([*FOLDER.glob("*.mitm"), *FOLDER.glob("*.jsonl")])
REFUSALS = {"dockerd-20.10-untrusted-ca", "dockerd-20.10-https-proxy"}
"""Of these there is no pull to tell: the client did not trust the proxy."""
PULLS = [recording for recording in RECORDINGS if recording.stem not in REFUSALS]
REWRITE = "PULLSCOPE_REWRITE"

every_recording = pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
every_pull = pytest.mark.parametrize("recording", PULLS, ids=lambda path: path.stem)


@cache
def events_of(recording: Path) -> list[Event]:
    """Every event of a recording that must be whole."""
    if recording.suffix == ".jsonl":
        lines = Reader(recording.name)
        events = list(lines.read(recording.read_text(encoding="utf-8").splitlines()))
        assert lines.problem is None
        return events
    flows = FlowFile(recording.name)
    with recording.open("rb") as file:
        events = list(flows.events(file))
    assert flows.problem is None
    return events


def trace_of(events: list[Event]) -> Trace:
    """The trace of events after which nothing comes."""
    trace = Trace()
    for event in events:
        trace.feed(event)
    trace.finish()
    return trace


def check(golden: Path, text: str) -> None:
    """The text is that of the golden file, which is rewritten where that was asked for."""
    if os.environ.get(REWRITE):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8"), f"if this is wanted: {REWRITE}=1 pytest, and read the diff"


def test_there_are_recordings() -> None:
    """A glob that finds nothing would pass every test below."""
    assert len(RECORDINGS) >= 7


@every_recording
def test_story(recording: Path) -> None:
    """The story of a recording is the golden one, and fits eighty columns."""
    story = report(trace_of(events_of(recording)), "text")
    assert max(len(line) for line in story.splitlines()) <= WIDTH
    check(recording.with_suffix(".txt"), story)


@every_recording
def test_report(recording: Path) -> None:
    """The JSON report of a recording is the golden one."""
    check(recording.with_suffix(".json"), report(trace_of(events_of(recording)), "json", source=recording.name))


@every_recording
def test_every_exchange_is_in_one_step(recording: Path) -> None:
    """Nothing is left over and nothing is counted twice."""
    events = events_of(recording)
    trace = trace_of(events)
    exchanges = {event.exchange for event in events if hasattr(event, "exchange")}
    told = [hop.request.exchange for pull in trace.pulls for step in pull.steps for hop in step.hops]
    assert sorted(told) == sorted(exchanges)
    assert trace.unattributed == []


@every_recording
def test_lines_of_json_tell_the_same(recording: Path) -> None:
    """Events that were written to a recording of ours and read back give the equal report."""
    events = events_of(recording)
    reader = Reader("recording.jsonl")
    lines = [first_line(), *(to_line(event) for event in events)]
    read = list(reader.read(lines))
    assert reader.problem is None
    assert read == events
    assert report(trace_of(read), "json") == report(trace_of(events), "json")


@every_pull
def test_told_live_is_told_afterwards(recording: Path) -> None:
    """The lines that appear one by one while a pull happens are the lines of the finished pull's story."""
    trace = Trace()
    told: list[str] = []
    story = Story(told.append)
    for event in events_of(recording):
        story.show(trace.feed(event))
    story.show(trace.finish())
    assert settled_by_the_end(told) == settled_by_the_end(report(trace, "text").splitlines())


@every_recording
def test_a_clock_changes_nothing(recording: Path) -> None:
    """Ticks between the events, as a running proxy gives them, do not change the report."""
    events = events_of(recording)
    trace = Trace()
    for event in events:
        trace.tick(event.time)
        trace.feed(event)
    for second in range(60):
        trace.tick(events[-1].time + second)
    assert all(pull.closed for pull in trace.pulls)
    trace.finish()
    assert report(trace, "json") == report(trace_of(events), "json")


@every_recording
def test_another_day_is_the_same_story(recording: Path) -> None:
    """Times are only compared with each other: the same recording of another day tells the same lines."""
    events = events_of(recording)
    later = [replace(event, time=event.time + 86_400.0) for event in events]
    assert report(trace_of(later), "text") == report(trace_of(events), "text")


def moved(events: list[Event], *, by: float, place: int) -> list[Event]:
    """The same events of another client, at another time, with numbers of their own."""
    step = 1_000_000 * place
    changed: list[Event] = []
    for event in events:
        values: dict[str, Any] = {"time": event.time + by}
        if not isinstance(event, TlsRefused | Relayed):
            values["exchange"] = event.exchange + step
        if isinstance(event, Requested):
            values["client"] = f"10.9.8.{place}"
            values["url_id"] = event.url_id + step
            values["referer_id"] = event.referer_id + step if event.referer_id is not None else None
            values["credential"] = event.credential + step if event.credential is not None else None
            values["connection"] = event.connection + step if event.connection is not None else None
        if isinstance(event, Responded) and event.location_id is not None:
            values["location_id"] = event.location_id + step
        if isinstance(event, Finished) and event.issued is not None:
            values["issued"] = event.issued + step
        changed.append(replace(event, **values))
    return changed


def steps_of(pull: Pull) -> list[tuple[Any, ...]]:
    """The steps of a pull, without the numbers that a recording's place in a merger changes."""
    return [
        (step.n, step.kind, step.outcome, step.digest, step.verified, [(hop.host, hop.status) for hop in step.hops])
        for step in pull.steps
    ]


@settings(max_examples=30, deadline=None)
@given(
    chosen=st.lists(st.tuples(st.sampled_from(PULLS), st.floats(min_value=0.0, max_value=3.0)), max_size=4, min_size=2)
)
def test_merged_recordings(chosen: list[tuple[Path, float]]) -> None:
    """Recordings of several clients, laid over each other at any offset, tell each pull as it is told alone."""
    merged: list[Event] = []
    expected = []
    for place, (recording, offset) in enumerate(chosen, start=1):
        events = events_of(recording)
        merged.extend(moved(events, by=offset - events[0].time, place=place))
        expected.append((f"10.9.8.{place}", steps_of(trace_of(events).pulls[0])))
    merged.sort(key=lambda event: event.time)
    told = [(pull.client_key[0], steps_of(pull)) for pull in trace_of(merged).pulls]
    assert sorted(told, key=lambda pair: pair[0]) == expected


@pytest.mark.parametrize("recording", [path for path in PULLS if "push" not in path.stem], ids=lambda path: path.stem)
def test_the_same_recording_twice(recording: Path) -> None:
    """The same pull by the same client again, a minute later, is the same story under the next number.

    A push that failed, and begins again by asking for the same blobs, counts as the same push.
    """
    events = events_of(recording)
    again: list[Event] = []
    for event in events:
        if isinstance(event, TlsRefused | Relayed):
            continue
        later = replace(event, time=event.time + 60, exchange=event.exchange + 10_000)
        if isinstance(later, Requested) and later.connection is not None:
            later = replace(later, connection=later.connection + 10_000)
        again.append(later)
    first, second = trace_of([*events, *again]).pulls
    assert (first.id, second.id) == (1, 2)
    assert steps_of(first) == steps_of(second)
    assert first.outcome == second.outcome


@every_recording
def test_no_secret_is_told(recording: Path) -> None:
    """The made-up secrets of the recordings are in no output: not in the story, the report, or our own recording."""
    events = events_of(recording)
    trace = trace_of(events)
    outputs = [report(trace, "text"), report(trace, "json"), *(to_line(event) for event in events)]
    outputs.extend(repr(event) for event in events)
    for output in outputs:
        assert "T:repository" not in output
        assert "secret123" not in output


VERDICTS = {
    "dockerd-20.10-hub": ("complete", "docker 20.10.24", "graphdriver", 15),
    "dockerd-20.10-missing-tag": ("failed", "docker 20.10.24", "graphdriver", 4),
    "dockerd-20.10-schema2": ("complete", "docker 20.10.24", "graphdriver", 14),
    "dockerd-20.10-vanity-302": ("complete", "docker 20.10.24", "graphdriver", 24),
    "dockerd-29.7-containerd-hub": ("complete", "docker 29.7.2", "containerd", 26),
    "dockerd-29.7-containerd-vanity-302": ("complete", "docker 29.7.2", "containerd", 42),
    "skopeo-1.9-vanity-302": ("failed", "skopeo 1.9.3", None, 5),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict(name: str) -> None:
    """What a recording is about, written down by hand and not by a run: one pull, its client, outcome and exchanges."""
    outcome, client, store, exchanges = VERDICTS[name]
    trace = trace_of(events_of(FOLDER / f"{name}.mitm"))
    (pull,) = trace.pulls
    assert (pull.outcome, str(pull.client).partition("+")[0], pull.client.store) == (outcome, client, store)
    assert len(pull.hops) == exchanges
    assert [step.n for step in pull.steps] == list(range(1, len(pull.steps) + 1))
    if outcome == "complete":
        assert all(step.verified is not False and step.outcome is not Outcome.FAILED for step in pull.steps)
        assert pull.layers.verified == pull.layers.total == 4


def test_golden_reports_are_json() -> None:
    """Each golden report is one JSON document, so that a bad merge shows."""
    for recording in RECORDINGS:
        assert json.loads(recording.with_suffix(".json").read_text(encoding="utf-8"))["schema_version"] == 1
