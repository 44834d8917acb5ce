"""What reading commands share: one odd event, header, number or time does not hide the rest of a recording."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pytest

from pullscope.cli.exits import Complaint
from pullscope.cli.source import read_trace
from pullscope.trace.events import Requested
from pullscope.trace.trace import Trace

GOOD = "good.example"


def exchange(
    number: int, host: str, *, at: float = 1.0, headers: list[list[str]] | None = None, **ended: Any
) -> list[dict[str, Any]]:
    """One exchange as the lines of a recording."""
    url = f"https://{host}/v2/app/manifests/latest"
    asked = {"client": f"10.0.0.{number}", "method": "GET", "url": url, "url_id": number, "http_version": "HTTP/1.1"}
    asked |= {"authorization": "none", "headers": [["User-Agent", "docker/20.10"]]}
    answered = {"status": 200, "headers": headers or []}
    lines = [("requested", 0.0, asked), ("responded", 0.1, answered), ("finished", 0.2, {"bytes": 2, **ended})]
    return [{"event": name, "time": at + later, "exchange": number, **more} for name, later, more in lines]


def written(path: Path, *exchanges: list[dict[str, Any]]) -> str:
    """A recording of these."""
    lines = [{"event": "recording", "schema_version": 1}, *(line for one in exchanges for line in one)]
    file = path / "odd.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(file)


@pytest.mark.parametrize(
    ("odd", "sentence"),
    [
        (exchange(1, "r.example", headers=[["Link", '<https://[x/>; rel="next"']]), None),
        (exchange(1, "[1]"), None),
        (exchange(1, "h:many"), None),
        (exchange(1, "r.example", headers=[["Content-Length", "9" * 400]]), None),
        (exchange(1, "r.example", headers=[["Content-Length", "9" * 5_000]]), None),
        (exchange(1, "r.example", sha256="\ud800"), None),
        (exchange(1, "r.example", at=1e15), "could not be read (time is not what it should be)"),
        (exchange(1, "r.example", at=1e308), "could not be read (time is not what it should be)"),
        (exchange(1, "r.example", bytes=10**400), "could not be read (bytes is not what it should be)"),
    ],
    ids=["link", "host", "port", "400 digits", "5000 digits", "surrogate", "1e15", "1e308", "integer"],
)
def test_what_is_odd_hides_nothing_of_the_others(
    tmp_path: Path, odd: list[dict[str, Any]], sentence: str | None
) -> None:
    """The other client's story is there, and a line that could not be read is named."""
    trace, problem = read_trace(written(tmp_path, odd, exchange(2, GOOD, at=2.0)))

    assert GOOD in [pull.registry for pull in trace.pulls]
    assert (problem is None) if sentence is None else (problem is not None and sentence in problem)


def test_a_recording_of_nothing_but_odd_times_gets_one_sentence(tmp_path: Path) -> None:
    """There is nothing to tell."""
    with pytest.raises(Complaint, match="could not be read"):
        read_trace(written(tmp_path, exchange(1, "r.example", at=1e12)))


def test_an_event_that_is_not_understood_hides_none_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That there was one is said, without the error's own words, which may quote the wire."""
    take = Trace._requested

    def broken(trace: Trace, event: Requested) -> None:
        if "r.example" in event.url:
            raise KeyError("s3cret")
        take(trace, event)

    monkeypatch.setattr(Trace, "_requested", broken)
    trace, problem = read_trace(written(tmp_path, exchange(1, "r.example"), exchange(2, GOOD, at=2.0)))

    assert [pull.registry for pull in trace.pulls] == [GOOD]
    assert problem is not None
    assert problem.startswith("1 thing was not understood (KeyError)")
    assert "s3cret" not in problem


def test_what_was_read_is_not_looked_through_for_garbage_again(tmp_path: Path) -> None:
    """Neither while it is told nor when the process ends: nothing of it is ever let go."""
    trace, _ = read_trace(written(tmp_path, exchange(1, GOOD)))

    assert id(trace.pulls[0]) not in map(id, gc.get_objects())


def test_lines_that_are_no_message_are_quoted_as_one() -> None:
    """What docker prints of a pull that went well, pasted whole."""
    with pytest.raises(Complaint, match="library/nginx Status: Image"):
        read_trace("latest: Pulling from library/nginx\nStatus: Image is up to date")
