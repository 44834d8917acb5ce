"""Tests of the net: an exception of ours goes no further, and what we are called with goes through."""

from __future__ import annotations

import gzip
import io

import pytest
from tests.make import exchange

from pullscope.mitm.bodies import Tap, body_of_tap
from pullscope.mitm.safety import caught, printing_to, seen_by, stream_past

DATA = b"manifest " * 1000


def fail(*_: object) -> None:
    raise RuntimeError("s3cret")


def test_chunks_go_through_as_they_are() -> None:
    """Also the empty one at the end, and what the tap cannot decode."""
    tap = Tap(coding="gzip")
    stream = stream_past(tap)
    raw = gzip.compress(DATA) + b"rubbish"

    assert [stream(raw[:20]), stream(raw[20:]), stream(b"")] == [raw[:20], raw[20:], b""]
    assert tap.bytes == len(raw)
    assert seen_by(stream) is tap


def test_another_addons_stream_function_keeps_its_say() -> None:
    """What it makes goes on, and is what is seen: the client gets that."""
    tap = Tap()
    stream = stream_past(tap, after=lambda data: [data.upper(), b"!"])

    assert stream(b"abc") == [b"ABC", b"!"]
    assert tap.bytes == 4


@pytest.mark.parametrize("fails", [True, False], ids=["and so does the report", "and it is reported"])
def test_a_tap_that_fails_is_not_asked_again(monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    """The rest of the body goes through, and nothing is claimed of it."""
    told: list[str] = []

    def report(where: str, error: Exception) -> None:
        told.append(f"{where}: {error}")
        if fails:
            fail()

    tap = Tap(keep=True)
    stream = stream_past(tap, on_error=report)
    stream(b"abc")
    monkeypatch.setattr(Tap, "see", fail)

    assert [stream(b"def"), stream(b"ghi")] == [b"def", b"ghi"]
    assert told == ["a body: s3cret"]
    body = body_of_tap(tap)
    assert (body.length, body.sha256, body.content) == (None, None, None)


def test_an_error_of_another_addon_is_its_own() -> None:
    """What mitmproxy would do without us, it does."""
    stream = stream_past(Tap(), after=fail)  # type: ignore[arg-type] # as said

    with pytest.raises(RuntimeError, match="s3cret"):
        stream(b"abc")


def test_a_requests_stream_is_false_once_there_is_an_answer() -> None:
    """mitmproxy asks whether a request streams after the last addon's hook: then an answer must be seen."""
    flow = exchange(method="PATCH")
    answer, flow.response = flow.response, None
    stream = stream_past(Tap(), unless_answered=flow)

    assert bool(stream)
    flow.response = answer
    assert not bool(stream)


def test_what_the_loop_calls_is_caught() -> None:
    """And so is what goes wrong in the report of it."""
    told: list[Exception] = []
    caught(fail, told.append)()
    caught(fail, fail)()

    assert [str(error) for error in told] == ["s3cret"]


def test_a_log_that_cannot_be_taken_over_goes_where_it_went() -> None:
    """A view that fails must not fail the code that logs: mitmproxy logs in the middle of a connection."""
    before = io.StringIO()
    print("client connect", file=printing_to(fail, before))

    assert before.getvalue() == "client connect\n"
