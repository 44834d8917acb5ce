"""Tests of the outlet: lines in order, and no error of the file reaches the code that writes."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from pullscope.mitm import line_writer
from pullscope.mitm.line_writer import Outlet


class Broken(io.StringIO):
    """A full disk."""

    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


class Stuck(io.StringIO):
    """A terminal that was stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.reached = threading.Event()

    def write(self, text: str) -> int:
        self.reached.set()
        self.go_on.wait()
        return super().write(text)


def test_lines_come_in_order(tmp_path: Path) -> None:
    """Every line is in the file when the outlet is closed, in order."""
    path = tmp_path / "out"
    written = Outlet(path.open("w"), on_error=pytest.fail, owns=True)
    for number in range(1000):
        written.write(str(number))
    written.close()

    assert path.read_text().split() == [str(number) for number in range(1000)]


def test_a_failure_is_told_once() -> None:
    """A full disk is one sentence, however many lines follow."""
    said: list[str] = []
    written = Outlet(Broken(), on_error=said.append, owns=True)
    for _ in range(100):
        written.write("line")
    written.close()

    assert said == ["[Errno 28] No space left on device; nothing more is written"]


class Odd(io.StringIO):
    """Fails in an unexpected way."""

    def write(self, text: str) -> int:
        raise KeyError(text)


def test_a_thread_that_fails_says_so() -> None:
    """Whatever it is, and what is not trouble of the file's stays out of the sentence: it may quote a line."""
    said: list[str] = []
    written = Outlet(Odd(), on_error=said.append, owns=True)
    for _ in range(100):
        written.write("s3cret")
    written.close()

    assert said == ["an error of its own (KeyError); nothing more is written"]


def test_a_thread_that_dies_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is the outlet's own code that fails."""
    said: list[str] = []

    def fail(_self: Outlet) -> None:
        raise RuntimeError("s3cret")

    monkeypatch.setattr(Outlet, "_run", fail)
    written = Outlet(io.StringIO(), on_error=said.append, owns=True)
    written.close()

    assert said == ["an error of its own (RuntimeError); nothing more is written"]


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound lines are dropped rather than kept for ever, and that is said."""
    monkeypatch.setattr(line_writer, "MOST_WAITING", 10)
    said: list[str] = []
    file = Stuck()
    written = Outlet(file, on_error=said.append, owns=False)
    written.write("first")
    file.reached.wait()
    for number in range(50):
        written.write(str(number))
    file.go_on.set()
    written.close()

    assert file.getvalue().splitlines()[0] == "first"
    assert len(file.getvalue().splitlines()) == 12
    assert said == ["39 lines were dropped: they came faster than they could be written"]


def test_the_end_does_not_wait_for_a_reader_who_never_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pager that was stopped takes nothing: the proxy ends all the same, while its thread still waits to write."""
    monkeypatch.setattr(line_writer, "STUCK", 0.01)
    file, closed = Stuck(), threading.Event()
    written = Outlet(file, on_error=pytest.fail, owns=False)
    written.write("first")
    file.reached.wait()

    def end() -> None:
        written.close()
        closed.set()

    ends = threading.Thread(target=end)
    ends.start()

    assert closed.wait(line_writer.LONGEST_CLOSE / 2)
    assert not file.go_on.is_set()
    file.go_on.set()
    ends.join()


def test_the_end_waits_for_a_reader_who_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """One part after the other, all parts come."""
    monkeypatch.setattr(line_writer, "AT_ONCE", 1)
    file = Counting()
    written = Outlet(file, on_error=pytest.fail, owns=False)
    for number in range(50):
        written.write(str(number))
    written.close()

    assert file.getvalue().split() == [str(number) for number in range(50)]
    assert file.writes >= 25


def test_an_old_terminal_gets_what_it_can_show() -> None:
    """A character that the terminal does not have is replaced; the story goes on."""
    raw = io.BytesIO()
    written = Outlet(io.TextIOWrapper(raw, encoding="ascii"), on_error=pytest.fail, owns=False)
    written.write("layer · 1")
    written.write("next")
    written.close()

    assert raw.getvalue() == b"layer ? 1\nnext\n"


class Counting(io.StringIO):
    """Counts its writes, and says when there was one."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.written = threading.Event()

    def write(self, text: str) -> int:
        self.writes += 1
        self.written.set()
        return super().write(text)


def test_a_burst_is_written_together_after_its_first_line() -> None:
    """A line that comes alone is not held back; a thousand that come at once are two writes, not a thousand."""
    file = Counting()
    written = Outlet(file, on_error=pytest.fail, owns=False)
    written.write("alone")
    assert file.written.wait(30)
    for number in range(1000):
        written.write(str(number))
    written.close()

    assert file.getvalue().split() == ["alone", *map(str, range(1000))]
    assert file.writes < 100
