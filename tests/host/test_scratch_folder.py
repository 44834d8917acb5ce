"""Temporary directories that a killed process left: cleared by the next start, and nothing else ever is."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pullscope.host.scratch_folder import MARK, clear_killed, scratch_folder

PREFIX = "pullscope-test-"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives directories to another user")


@pytest.fixture
def above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def killed(*made: Path) -> Path:
    """What a process leaves that is killed while it has a directory."""
    before = set(Path(tempfile.gettempdir()).iterdir())
    child = os.fork()
    if child == 0:
        try:
            with scratch_folder(PREFIX) as scratch:
                (scratch.path / "deep").mkdir()
                (scratch.path / "deep" / "file").write_text("x")
                for folder in made:
                    scratch.made(folder)
                    folder.mkdir()
                os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    (left,) = set(Path(tempfile.gettempdir()).iterdir()) - before - set(made)
    return left


def test_it_is_gone_afterwards(above: Path) -> None:
    """Also where the block fails; with what was noted elsewhere, if that is empty."""
    other, full = above / "other", above / "full"
    with contextlib.suppress(ZeroDivisionError), scratch_folder(PREFIX) as scratch:
        assert scratch.path.stat().st_mode & 0o777 == 0o700
        for folder in (other, full):
            scratch.made(folder)
            folder.mkdir()
        (full / "theirs").write_text("")
        raise ZeroDivisionError
    assert list(above.iterdir()) == [full]


def test_what_a_killed_process_left_is_cleared(above: Path) -> None:
    """The next start removes it, and what it had made elsewhere; the caller is asked first, and told."""
    left = killed(above / "made")
    asked: list[Path] = []
    assert clear_killed(PREFIX, asked.append) == [left] == asked
    assert list(above.iterdir()) == []
    assert clear_killed(PREFIX) == []


def test_what_a_living_process_has_stays(above: Path) -> None:
    """In this process and in another."""
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with scratch_folder(PREFIX):
                os.write(ready[1], b"x")
                os.read(go[0], 1)
        finally:
            os._exit(0)
    os.read(ready[0], 1)
    with scratch_folder(PREFIX):
        assert clear_killed(PREFIX) == []
        assert len(list(above.iterdir())) == 2
    os.write(go[1], b"x")
    os.waitpid(child, 0)
    assert list(above.iterdir()) == []
    for handle in (*ready, *go):
        os.close(handle)


def _no_mark(left: Path) -> None:
    (left / MARK).unlink()


def _linked_mark(left: Path) -> None:
    (left / MARK).rename(left / "other")
    (left / MARK).symlink_to("other")


def _fifo(left: Path) -> None:
    (left / MARK).unlink()
    os.mkfifo(left / MARK)


def _link(left: Path) -> None:
    left.rename(left.with_name("real"))
    left.symlink_to("real")


def _writable(left: Path) -> None:
    left.chmod(0o777)


def _of_another(left: Path) -> None:
    os.chown(left, 65534, 65534)


def _mark_of_another(left: Path) -> None:
    os.chown(left / MARK, 65534, 65534)


@as_root
@pytest.mark.parametrize(
    "change",
    [_no_mark, _linked_mark, _fifo, _link, _writable, _of_another, _mark_of_another],
    ids=lambda item: item.__name__,
)
def test_what_is_not_provably_ours_stays(above: Path, change: Callable[[Path], None]) -> None:
    """Each sign that is missing or another user's is enough."""
    left = killed()
    change(left)
    before = sorted(above.rglob("*"))
    asked: list[Path] = []
    assert clear_killed(PREFIX, asked.append) == asked == []
    assert sorted(above.rglob("*")) == before


@as_root
def test_nothing_is_cleared_where_others_can_swap_directories(above: Path) -> None:
    """A directory for temporary files that all can write to without the sticky bit."""
    left = killed()
    above.chmod(0o777)
    assert clear_killed(PREFIX) == []
    above.chmod(0o1777)
    assert clear_killed(PREFIX) == [left]
