"""`pullscope report --follow`: what is appended, and what becomes of a file meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.test_source import exchange, written

ROOT = Path(__file__).resolve().parents[2]
HUB = ROOT / "tests" / "data" / "recordings" / "dockerd-20.10-hub.mitm"
ENDINGS = ("complete", "failed", "incomplete")
CODE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from pullscope.cli.main import main
main()
"""


class Follower:
    """`report --follow`, which is read line by line."""

    def __init__(self, file: Path) -> None:
        words = [sys.executable, "-c", CODE, "report", "--follow", str(file)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def until(self, *beginnings: str) -> list[str]:
        """What it prints to the line with one of these beginnings."""
        assert self.process.stdout is not None
        seen: list[str] = []
        for line in self.process.stdout:
            seen.append(line)
            if line.startswith(beginnings):
                return seen
        raise AssertionError(seen)

    def end(self, code: int = 0) -> str:
        """Ctrl-C; what it said besides."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=60)
        assert self.process.returncode == code, said
        return said


@contextmanager
def following(file: Path) -> Iterator[Follower]:
    follower = Follower(file)
    try:
        yield follower
    finally:
        follower.process.kill()
        follower.process.communicate()


def follow(growing: Path, rest: bytes) -> list[str]:
    """What is printed of a file to which `rest` is added once its first line was seen."""
    with following(growing) as follower:
        seen = follower.until("pull 1")
        with growing.open("ab") as file:
            file.write(rest)
        seen += follower.until(*ENDINGS)
        follower.end()
    return seen


def test_follow_tells_what_is_appended(tmp_path: Path) -> None:
    """A growing recording is told line by line, half lines included, and Ctrl-C ends it well."""
    whole, growing = tmp_path / "whole.jsonl", tmp_path / "growing.jsonl"
    subprocess.run(
        [sys.executable, "-m", "pullscope.cli.main", "demo", "-o", str(whole)], check=True, capture_output=True
    )
    content = whole.read_bytes()
    growing.write_bytes(content[: len(content) // 2])
    seen = follow(growing, content[len(content) // 2 :])

    assert seen[0].startswith("pull 1  docker.io/timonback/zephykus:latest")
    assert seen[-1].startswith("complete")
    assert len([line for line in seen if line[4:10] == "layer "]) == 4


def test_follow_tells_a_flow_file_that_grows(tmp_path: Path) -> None:
    """A flow file that mitmproxy is still writing is told, too, whole flows at a time."""
    whole = HUB.read_bytes()
    growing = tmp_path / "growing.mitm"
    growing.write_bytes(whole[: len(whole) // 2])
    seen = follow(growing, whole[len(whole) // 2 :])

    assert seen[0].startswith("pull 1  docker.io/timonback/zephykus:latest")
    assert "15 requests, 4 of 4 layers" in seen[-1]


@pytest.mark.parametrize("broken", ["trace.trace.Trace._requested", "render.lines.Story._begin"])
def test_follow_goes_on_after_an_error_of_ours(broken: str, tmp_path: Path) -> None:
    """Where one operation cannot be understood or told, the next is; it is said once, not in the error's own words."""
    recording = written(tmp_path, *(exchange(n, f"r{n}.example", at=100.0 * n) for n in (1, 2, 3)))
    code = f"""
import pullscope.{broken.rsplit(".", 2)[0]} as module
take = module.{broken.partition(".")[2].partition(".")[2]}
def fail(self, what):
    if "r3.example" not in str(getattr(what, "url", getattr(what, "registry", None))):
        raise KeyError("s3cret")
    take(self, what)
module.{broken.partition(".")[2].partition(".")[2]} = fail
from pullscope.cli.main import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "report", "--follow", "-"],
        input=Path(recording).read_text(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert "r3.example" in done.stdout
    assert done.stderr.count("something was not understood (KeyError)") == 1
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize("how", ["cut", "put aside"])
def test_follow_goes_on_with_what_comes_in_its_place(how: str, tmp_path: Path) -> None:
    """A file that is cut, or moved away as a service does it, is told as far as it went; then comes the new one."""
    first, second = (Path(written(tmp_path, exchange(1, f"r{n}.example", at=100.0 * n))).read_bytes() for n in (1, 2))
    followed = tmp_path / "followed.jsonl"
    followed.write_bytes(first + b'{"event":"unknown","pad":"' + b"x" * 500 + b'"}\n')
    with following(followed) as follower:
        follower.until("pull 1  r1.example")
        if how == "put aside":
            followed.rename(tmp_path / "followed.jsonl.1")
        followed.write_bytes(second)
        assert follower.until("pull 1  r2.example")
        said = follower.end()
    assert said.count("note: ") == 1
    assert "from its beginning" in said


def test_follow_says_what_it_cannot_read(tmp_path: Path) -> None:
    """A line of garbage is passed over and said once; what comes after it is told."""
    recording = Path(written(tmp_path, exchange(1, "r1.example", at=100.0)))
    head, *events = recording.read_bytes().splitlines(keepends=True)
    recording.write_bytes(head + b"\x00garbage\n{\n" + b"".join(events))
    with following(recording) as follower:
        follower.until("pull 1  r1.example")
        said = follower.end()
    assert said.count("note: ") == 1
    assert "line 2 could not be read" in said


def first_flows(number: int) -> bytes:
    """Of a flow file: each says its length first (`123:...}`)."""
    whole, end = HUB.read_bytes(), 0
    for _ in range(number):
        length, _, _ = whole[end:].partition(b":")
        end += len(length) + 1 + int(length) + 1
    return whole[:end]


@pytest.mark.parametrize("garbage", [b"garbage" * 10, b"5:hello!", b"12:3:abc;3:def;}"])
def test_follow_ends_with_a_sentence_where_a_flow_file_is_damaged(garbage: bytes, tmp_path: Path) -> None:
    """And tells before that what was read; nothing of it is called complete that may have gone on."""
    growing = tmp_path / "growing.mitm"
    growing.write_bytes(first_flows(6))
    with following(growing) as follower:
        follower.until("pull 1")
        with growing.open("ab") as file:
            file.write(garbage)
        rest, said = follower.process.communicate(timeout=60)
    assert follower.process.returncode == 1
    assert "\nincomplete" in rest
    assert said.startswith("error: ")
    assert said.count("\n") == 1
