"""Tests of the recorder: private, never over another file, one line an event, and one recording may follow another."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest
from mitmproxy.exceptions import OptionsError

from pullscope.mitm.recorder import Recorder, RecordingFile, Rotation, check_path, put_aside
from pullscope.trace.events import Finished, TlsRefused
from pullscope.trace.recording import Reader, first_line

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
    ("name", "why"), [("absent/out.jsonl", "No such file or directory"), (".", r"is a directory\. Name a file in it")]
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


FIRST = first_line(written_by="test")
EVENT = '{"event":"tls-refused","time":%d.0,"client":"c","host":"h","reason":"r"}\n'


class Opened:
    """A file, what it said, and what a reader makes of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: list[str] = []
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.file = RecordingFile(path, descriptor, first=FIRST, on_trouble=self.said.append)

    def write(self, *times: int) -> None:
        for time in times:
            self.file.write(EVENT % time)

    def read(self, path: Path | None = None) -> tuple[list[float], str | None]:
        reader = Reader("out")
        with (path or self.path).open("rb") as lines:
            return [event.time for event in reader.read(lines)], reader.problem


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    (tmp_path / "kept").mkdir()
    return Opened(tmp_path / "kept" / "out.jsonl")


def test_lines_are_in_it_at_once(opened: Opened) -> None:
    """A recording is read while it is written."""
    opened.write(1, 2)

    assert opened.read() == ([1.0, 2.0], None)
    assert opened.said == []


@pytest.mark.parametrize("left", [0, 100, 150])
def test_a_file_that_was_cut_from_outside(opened: Opened, left: int) -> None:
    """`> out.jsonl`, or truncate: no hole of NULs; what follows can be read, and is not taken for the whole."""
    opened.write(1, 2, 3)
    os.truncate(opened.path, left)
    opened.write(4, 5)
    times, problem = opened.read()

    assert times[-2:] == [4.0, 5.0]
    assert problem is not None
    assert b"\0" not in opened.path.read_bytes()
    assert opened.said == ["it was cut from outside; what was in it is missing"]


def test_a_file_that_was_cut_between_lines_says_so(opened: Opened) -> None:
    """Where nothing else shows it."""
    opened.write(1)
    size = opened.path.stat().st_size
    opened.write(2)
    os.truncate(opened.path, size)
    opened.write(3)

    assert opened.read() == (
        [1.0, 3.0],
        "out is not whole, pullscope says in line 4: the file was cut from outside; what came before is missing.",
    )


@pytest.mark.parametrize("how", ["removed", "moved"])
def test_a_file_that_is_gone_is_begun_anew(opened: Opened, how: str) -> None:
    """`rm`, or `mv` as a log rotation does it: the new one can be read alone, and is its owner's only."""
    opened.write(1)
    opened.path.unlink() if how == "removed" else opened.path.rename(opened.path.with_name("old"))
    opened.write(2, 3)

    assert opened.read() == ([2.0, 3.0], None)
    assert stat.S_IMODE(opened.path.stat().st_mode) == 0o600
    assert opened.said == ["it was removed or moved; a new one is begun"]
    if how == "moved":
        assert opened.read(opened.path.with_name("old")) == ([1.0], None)


def test_a_new_empty_file_in_its_place_is_taken(opened: Opened) -> None:
    """logrotate's `create`."""
    opened.write(1)
    opened.path.rename(opened.path.with_name("old"))
    opened.path.touch()
    opened.write(2)

    assert opened.read() == ([2.0], None)


def test_another_programs_file_in_its_place_is_left_alone(opened: Opened) -> None:
    """Nothing is added to it, and what is recorded goes on where the file was moved to."""
    opened.write(1)
    opened.path.rename(opened.path.with_name("old"))
    opened.path.write_text("mine\n")
    opened.write(2, 3)

    assert opened.path.read_text() == "mine\n"
    assert opened.read(opened.path.with_name("old")) == ([1.0, 2.0, 3.0], None)
    assert len(opened.said) == 1


def test_a_directory_that_is_gone_and_comes_back(opened: Opened) -> None:
    """It is said once that nothing is recorded, once that it goes on; the new file says what is missing."""
    opened.write(1)
    opened.path.unlink()
    opened.path.parent.rmdir()
    opened.write(2, 3)
    assert not opened.path.parent.exists()
    opened.path.parent.mkdir()
    opened.write(4, 5)

    assert opened.said == [
        "No such file or directory; events are missing until it can be written again",
        "it is written again; 2 lines are missing",
    ]
    assert opened.read() == ([4.0, 5.0], "out is not whole, pullscope says in line 2: 2 lines could not be written.")


def test_a_full_disk_that_has_room_again(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a line is on it: what follows is not joined to that."""
    opened.write(1)
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:20]) if len(data) > 20 else full())

    def full() -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    opened.write(2)
    monkeypatch.setattr(os, "write", lambda *_: full())
    opened.write(3)
    monkeypatch.setattr(os, "write", real)
    opened.write(4)
    times, problem = opened.read()

    assert times == [1.0, 4.0]
    assert problem is not None
    assert opened.said == [
        "No space left on device; events are missing until it can be written again",
        "it is written again; 2 lines are missing",
    ]


def test_a_pipe_that_reader_is_gone_is_an_error(tmp_path: Path) -> None:
    """It cannot be mended: the writer is told."""
    read, write = os.pipe()
    os.close(read)
    file = RecordingFile(tmp_path, write, first=FIRST, on_trouble=pytest.fail)

    with pytest.raises(BrokenPipeError):
        file.write(EVENT % 1)
    file.close()


def test_past_a_size_it_is_put_aside(opened: Opened) -> None:
    """Each part can be read alone; nothing is lost between two."""
    opened.file.rotation = Rotation(400, 2)
    opened.write(*range(1, 30))
    parts = [opened.path.with_name(f"out.jsonl{end}") for end in (".2", ".1", "")]

    assert [problem for _, problem in map(opened.read, parts)] == [None] * 3
    read = [time for part in parts for time in opened.read(part)[0]]
    assert read == [float(number) for number in range(30 - len(read), 30)]
    assert all(part.stat().st_size < 600 for part in parts)
    assert sorted(path.name for path in opened.path.parent.iterdir()) == ["out.jsonl", "out.jsonl.1", "out.jsonl.2"]


def test_at_most_so_many_are_kept(tmp_path: Path) -> None:
    """Each rotation shifts the older ones by one; the oldest goes."""
    path = tmp_path / "trace.jsonl"
    for number in range(5):
        path.write_text(str(number))
        put_aside(path, 3)
    assert {item.name: item.read_text() for item in tmp_path.iterdir()} == {
        "trace.jsonl.1": "4",
        "trace.jsonl.2": "3",
        "trace.jsonl.3": "2",
    }
