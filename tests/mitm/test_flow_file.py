"""Tests of reading flow files: in the order of time, and as far as they can be read."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from mitmproxy.io import FlowWriter
from tests.make import exchange, websocket

from pullscope.mitm.flow_file import FlowFile
from pullscope.trace.events import Requested

RECORDING = Path(__file__).parents[1] / "data" / "recordings" / "dockerd-20.10-hub.mitm"


def file_of(*flows: object) -> io.BytesIO:
    file = io.BytesIO()
    writer = FlowWriter(file)
    for flow in flows:
        writer.add(flow)  # type: ignore[arg-type] # any flow
    file.seek(0)
    return file


def test_events_are_in_the_order_of_time() -> None:
    """A file is in order of completion: the reader is not."""
    reader = FlowFile("x.mitm")
    times = [event.time for event in reader.events(file_of(exchange(at=3.0), exchange(at=1.0), exchange(at=2.0)))]

    assert times == sorted(times)
    assert (reader.flows, reader.problem) == (3, None)


def test_other_flows_are_passed_over() -> None:
    """A websocket is an exchange like another; what is not HTTP is not counted."""
    reader = FlowFile("x.mitm")
    assert [*reader.events(file_of(websocket(), exchange()))]
    assert reader.problem is None


@pytest.mark.parametrize("cut", [0.3, 0.5, 0.9])
def test_what_came_before_the_damage_is_read(cut: float) -> None:
    """A half-written file gives its whole flows, and one sentence."""
    data = RECORDING.read_bytes()
    reader = FlowFile("cut.mitm")
    events = [*reader.events(io.BytesIO(data[: int(len(data) * cut)]))]

    assert sum(isinstance(event, Requested) for event in events) == reader.flows > 0
    assert reader.problem is not None
    assert reader.problem.startswith("cut.mitm ")
    assert reader.cut_off
    assert "\n" not in reader.problem


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x00" * 1000, b"5:hello,", b"9999999999999:"])
def test_what_is_no_flow_file_gives_nothing(data: bytes) -> None:
    """Whatever it is, nothing is raised."""
    assert [*FlowFile("x").events(io.BytesIO(data))] == []
