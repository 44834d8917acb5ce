"""Where the story goes while a command has the terminal."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from pullscope.cli import story as module
from pullscope.cli.story import colors, is_held, story


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Our stderr is a terminal; the other end of it."""
    ours, its = os.openpty()
    monkeypatch.setattr(module, "STDERR", its)
    yield ours
    os.close(ours)
    os.close(its)


def on_screen(terminal: int) -> bytes:
    """All that was sent to it; a terminal gives it in pieces."""
    os.write(module.STDERR, b"$")
    sent = b""
    while not sent.endswith(b"$"):
        sent += os.read(terminal, 1000)
    return sent[:-1]


@pytest.mark.parametrize(
    ("command", "held"),
    [
        (["docker", "pull", "alpine"], True),
        (["/usr/bin/bash", "-c", "docker pull alpine"], True),
        (["sh", "script.sh"], True),
        (["/usr/bin/bash"], False),
        (["zsh", "-l", "-i"], False),
        ([], False),
    ],
)
@pytest.mark.usefixtures("terminal")
def test_what_waits_for_its_end(command: list[str], held: bool) -> None:
    """All but a shell for a person, and a sandbox that is used from another terminal."""
    assert is_held(command) is held


def test_what_has_ended_in_the_middle_of_a_line_is_not_joined(terminal: int) -> None:
    """The story begins on a line of its own, and is all there, in order."""
    with story(["docker", "pull"]) as descriptor:
        os.write(descriptor, b"step 1\n")
        os.write(module.STDERR, b"half a line")
        os.write(descriptor, b"step 2\n")

    assert on_screen(terminal) == b"half a line\r\nstep 1\r\nstep 2\r\n"


def test_nothing_told_is_nothing_printed(terminal: int) -> None:
    """Not even an empty line."""
    with story(["docker", "pull"]):
        pass

    assert on_screen(terminal) == b""


def interrupted() -> None:
    with story(["docker", "pull"]) as descriptor:
        os.write(descriptor, b"step 1\n")
        raise KeyboardInterrupt


def test_an_error_does_not_lose_it(terminal: int) -> None:
    """Ctrl-C, or a client that cannot be started: what was told is printed all the same."""
    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert b"step 1" in on_screen(terminal)


def test_a_file_gets_it_as_it_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`2> story.txt`: nothing can be overwritten there."""
    with (tmp_path / "story").open("wb") as file:
        monkeypatch.setattr(module, "STDERR", file.fileno())
        with story(["docker", "pull"]) as descriptor:
            assert descriptor == file.fileno()
        assert colors({"A": "b"}) == {"A": "b"}


@pytest.mark.usefixtures("terminal")
def test_colours_are_those_of_the_terminal() -> None:
    """The proxy sees a file; what a person has said about colours counts."""
    assert colors({"TERM": "xterm"}) == {"TERM": "xterm", "FORCE_COLOR": "1"}
    for plain in ({"TERM": "dumb"}, {"NO_COLOR": "1"}):
        assert colors(plain) == plain


@pytest.mark.parametrize(("columns", "told"), [(120, {"COLUMNS": "120"}), (0, {})])
def test_the_proxy_is_told_how_wide_the_terminal_is(terminal: int, columns: int, told: dict[str, str]) -> None:
    """It writes to a file, so that it could not know; a terminal without a size says nothing."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24 if columns else 0, columns, 0, 0))
    assert colors({"NO_COLOR": "1"}) == {"NO_COLOR": "1", **told}
