"""Tests of the recorder: private, never over another file, one line an event, and one recording may follow another."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from mitmproxy.exceptions import OptionsError

from pullscope.mitm.recorder import Recorder, check_path
from pullscope.trace.events import Finished, TlsRefused
from pullscope.trace.recording import Reader

FINISHED = Finished(time=1.0, exchange=3, bytes=5, sha256=None, issued=2)


def record(path: str, *events: Finished | TlsRefused) -> None:
    recorder = Recorder.open(path, on_error=pytest.fail)
    for event in events:
        recorder.write(event)
    recorder.close()


def test_first_line_names_the_schema_and_each_event_is_a_line(tmp_path: Path) -> None:
    """A reader knows from the first line what it reads, and from the last that this is all."""
    path = tmp_path / "out.jsonl"
    record(str(path), FINISHED)
    first, second, last = map(json.loads, path.read_text().splitlines())

    assert (first["event"], first["schema_version"], first["ends"]) == ("recording", 1, True)
    assert last == {"event": "end"}
    assert second == {"event": "finished", "time": 1.0, "exchange": 3, "bytes": 5, "issued": 2}


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """Even where the umask would allow more."""
    before = os.umask(0)
    try:
        record(str(tmp_path / "out.jsonl"))
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o600


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    """One sentence says so, and what to type instead; the file is as it was."""
    path = tmp_path / "out.jsonl"
    path.write_text("mine")
    with pytest.raises(OptionsError, match=r"exists and is not overwritten\. Name another file, or \+/"):
        Recorder.open(str(path), on_error=pytest.fail)

    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "why"), [("absent/out.jsonl", "No such file or directory"), (".", "exists|directory")]
)
def test_what_cannot_be_written_is_one_sentence(tmp_path: Path, name: str, why: str) -> None:
    """A directory that is not there, and one in the file's place."""
    with pytest.raises(OptionsError, match=why) as raised:
        Recorder.open(str(tmp_path / name), on_error=pytest.fail)

    assert "\n" not in str(raised.value)


def test_plus_continues_a_recording(tmp_path: Path) -> None:
    """Numbers of the second run are not those of the first, for equal numbers mean equal things."""
    path = tmp_path / "out.jsonl"
    record(f"+{path}", FINISHED)
    with path.open("a") as file:
        file.write('{"event": "finished", "ti')  # the first run was killed
    record(f"+{path}", FINISHED, TlsRefused(time=2.0, client="c", host="h", reason="r"))
    reader = Reader("out.jsonl")
    with path.open() as lines:
        events = list(reader.read(lines))

    assert [getattr(event, "exchange", None) for event in events] == [3, 6, None]
    assert [getattr(event, "issued", None) for event in events] == [2, 5, None]
    assert sum('"recording"' in line for line in path.read_text().splitlines()) == 1


def test_plus_adds_to_recordings_only(tmp_path: Path) -> None:
    """A text file is not a recording."""
    path = tmp_path / "notes.txt"
    path.write_text("buy milk\n")
    with pytest.raises(OptionsError, match="nothing is added to"):
        Recorder.open(f"+{path}", on_error=pytest.fail)

    assert path.read_text() == "buy milk\n"


def test_a_check_leaves_nothing_behind(tmp_path: Path) -> None:
    """It says what `open` would say; a file that can be written is not made, also not behind a link."""
    link = tmp_path / "link"
    link.symlink_to("target")
    check_path(str(tmp_path / "new"))
    check_path(f"+{link}")
    assert [path.name for path in tmp_path.iterdir()] == ["link"]
    record(str(tmp_path / "new"), FINISHED)
    before = (tmp_path / "new").read_bytes()
    with pytest.raises(ValueError, match="exists and is not overwritten"):
        check_path(str(tmp_path / "new"))
    check_path(f"+{tmp_path / 'new'}")
    assert (tmp_path / "new").read_bytes() == before


def test_a_refusal_has_no_second_traceback(tmp_path: Path) -> None:
    """mitmproxy prints what an addon raises with all its causes; ours say what happened already."""
    with pytest.raises(OptionsError) as refused:
        Recorder.open(str(tmp_path), on_error=pytest.fail)
    assert refused.value.__suppress_context__
    assert refused.value.__cause__ is None
