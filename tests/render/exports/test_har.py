"""HAR: by its schema, with the sizes that mitmproxy's own export loses."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from tests.render.samples import TRACES, recorded, told

from pullscope.render.exports.har import har

SCHEMA = json.loads((Path(__file__).parents[2] / "data" / "har-1.2.schema.json").read_text())


@pytest.mark.parametrize("trace", TRACES)
def test_is_valid(trace: str) -> None:
    """Every trace gives a log that the schema of HAR 1.2 takes."""
    jsonschema.Draft7Validator(SCHEMA, format_checker=None).validate(har(told(TRACES[trace]())))


def test_streamed_bodies_have_their_size() -> None:
    """The largest layer's bytes are there though its content is not."""
    entries = har(told(recorded("dockerd-20.10-hub")))["log"]["entries"]
    sizes = [entry["response"]["content"]["size"] for entry in entries]

    assert max(sizes) > 120_000
    assert all("text" not in entry["response"]["content"] for entry in entries)


def test_entries_are_in_time_and_say_their_step() -> None:
    """What a viewer lists is the pull from its beginning, each line with its step."""
    entries = har(told(recorded("skopeo-1.9-vanity-302")))["log"]["entries"]
    times = [entry["startedDateTime"] for entry in entries]

    assert times == sorted(times)
    assert entries[-1]["comment"].startswith(
        "step 3, resolve: 401: authentication required (without the token: UNAUTHORIZED"
    )
    assert entries[0]["response"]["redirectURL"] == "https://registry-1.docker.io/v2/"


def test_pulls_at_the_same_time_are_in_time_too() -> None:
    """The entries of all pulls together begin with the oldest, whichever pull they are of."""
    times = [entry["startedDateTime"] for entry in har(told(TRACES["every-ending"]()))["log"]["entries"]]

    assert times == sorted(times)


def test_the_parts_of_a_time_are_the_time() -> None:
    """Sending, waiting and receiving are together as long as the exchange was; only what had a body took time to send."""
    about = told(TRACES["every-ending"]())
    hops = sorted((hop for pull in about.pulls for hop in pull.hops), key=lambda hop: hop.request.time)
    for hop, entry in zip(hops, har(about)["log"]["entries"], strict=True):
        timings = entry["timings"]
        assert entry["time"] == pytest.approx((hop.seconds or 0) * 1000, abs=0.002)
        assert entry["time"] == pytest.approx(sum(part for part in timings.values() if part >= 0), abs=0.002)
        assert (timings["send"] > 0) == (entry["request"]["bodySize"] > 0)
