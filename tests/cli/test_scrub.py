"""`pullscope scrub`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.cli.warm import run

ROOT = Path(__file__).resolve().parents[2]
HUB = ROOT / "tests" / "data" / "recordings" / "dockerd-20.10-hub.mitm"


def scrub(*words: str) -> subprocess.CompletedProcess[str]:
    return run("scrub", *words)


def test_writes_a_file_that_is_the_owners_alone(tmp_path: Path) -> None:
    """It says how many flows it wrote and what is still in them; an existing file is left alone."""
    target = tmp_path / "safe.mitm"
    done, again = scrub(str(HUB), str(target)), scrub(str(HUB), str(target))

    assert done.returncode == 0, done.stderr
    assert done.stderr == f"wrote {target}: 15 flows. It still contains names of images and hosts.\n"
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["safe.mitm"]
    assert again.returncode == 1
    assert "exists and is not overwritten" in again.stderr


def test_what_is_no_flow_file_gets_one_sentence(tmp_path: Path) -> None:
    """A recording, an empty file, and a file without registry traffic leave nothing behind."""
    for name, content in {"r.jsonl": b'{"event":"recording"}\n', "empty": b"", "broken": b"12:nonsense,"}.items():
        (tmp_path / name).write_bytes(content)
        done = scrub(str(tmp_path / name), str(tmp_path / "out.mitm"))

        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert not (tmp_path / "out.mitm").exists()


def test_a_link_is_followed_and_a_pipe_stays_one(tmp_path: Path) -> None:
    """What is written has the name that was given, and nothing else is put in its place."""
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to("safe.mitm")
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        try:
            done = [scrub(str(HUB), str(link)), scrub(str(HUB), str(pipe))]
            assert [one.returncode for one in done] == [0, 0], done
            read = reader.communicate(timeout=60)[0]
        finally:
            reader.kill()

    assert link.is_symlink()
    assert read.count(b"timonback/zephykus") == (tmp_path / "safe.mitm").read_bytes().count(b"timonback/zephykus") > 0
    assert pipe.is_fifo()


def test_what_is_scrubbed_is_not_written_to_a_file_called_dash() -> None:
    """`-` stands for standard output elsewhere; here it would be a file of that name."""
    done = scrub(str(HUB), "-")

    assert done.returncode == 2
    assert "name one" in done.stderr
    assert not Path("-").exists()
