"""What one exchange says of its connection to the server: the events, the text, the JSON and the HAR agree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.trace.images import Image, head
from tests.trace.wire import Wire

from pullscope.render.exports.har import har
from pullscope.render.formats import Told
from pullscope.render.hop_words import hop_times
from pullscope.render.report import report_json
from pullscope.trace.events import Responded
from pullscope.trace.model import Hop
from pullscope.trace.recording import Reader, first_line, to_line
from pullscope.trace.trace import Trace

IMAGE = Image(repository="team/app")


def told(**times: Any) -> tuple[Hop, Trace]:
    """A HEAD from 1000.0 to 1000.01, answered in the middle, whose connection came about at these times."""
    wire, trace = Wire(), Trace()
    head(wire, IMAGE)
    events = [replace(event, **times) if isinstance(event, Responded) else event for event in wire.events]
    for event in Reader("x").read([first_line(), *map(to_line, events)]):
        trace.feed(event)
    trace.finish()
    return trace.pulls[0].hops[0], trace


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"dialed": 1000.0005, "reached": 1000.0015, "secured": 1000.0035}, ["DNS and TCP 1 ms", "TLS 2 ms"]),
        ({"dialed": 1000.0005, "reached": 1000.0015}, ["DNS and TCP 1 ms"]),
        ({"dialed": 900.0, "reached": 900.1, "secured": 900.2}, ["connection open already"]),
        ({"dialed": 1000.0005}, []),
        ({}, []),
        ({"dialed": 1000.0005, "reached": 1000.0015, "answered_by": "netlify.toml:8"}, []),
    ],
)
def test_how_the_server_was_reached(times: dict[str, Any], words: list[str]) -> None:
    """By a new connection, by one that stood, or nothing is said: where a rule answered, and where the source does not say."""
    hop, _ = told(**times)

    assert hop_times(hop) == [*words, "first byte 5 ms", "end 10 ms"]


def test_json_and_har_have_the_same_times() -> None:
    """The connection is part of the time to the first byte, and in a HAR TLS is part of it."""
    hop, trace = told(dialed=1000.0005, reached=1000.0015, secured=1000.0035)
    [said] = report_json(Told.of(trace, "x"))["pulls"][0]["steps"][0]["hops"]
    [entry] = har(Told.of(trace, "x"))["log"]["entries"]
    timings = entry["timings"]

    assert said["connection"] == {"already_open": False, "tcp_seconds": 0.001, "tls_seconds": 0.002}
    assert (timings["connect"], timings["ssl"]) == (pytest.approx(3.0, abs=0.01), pytest.approx(2.0, abs=0.01))
    assert entry["time"] == pytest.approx((hop.seconds or 0) * 1000, abs=0.01)
    assert timings["wait"] == pytest.approx(2.0, abs=0.01)


def test_what_is_not_known_is_left_out() -> None:
    """No key of JSON, -1 in HAR."""
    _, trace = told()
    [said] = report_json(Told.of(trace, "x"))["pulls"][0]["steps"][0]["hops"]
    [entry] = har(Told.of(trace, "x"))["log"]["entries"]

    assert "connection" not in said
    assert (entry["timings"]["connect"], entry["timings"]["ssl"]) == (-1, -1)
