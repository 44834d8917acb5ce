"""Tests of a recording's file: what happens to it from outside is said once, mended where it can be, and told in the file."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from pullscope.mitm.recording_file import RecordingFile, Rotation, put_aside
from pullscope.trace.recording import Reader, first_line

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
