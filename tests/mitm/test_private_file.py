"""Tests of files that are the owner's alone: whole or not at all, and never in the place of something else."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from pullscope.mitm.private_file import private_file, write_private


def test_a_new_file_is_the_owners_alone(tmp_path: Path) -> None:
    """Mode 0600, the text, and nothing beside it."""
    write_private(tmp_path / "new", "té\n")
    assert (tmp_path / "new").read_text(encoding="utf-8") == "té\n"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_file_that_is_there_is_replaced_when_that_was_asked_for(tmp_path: Path) -> None:
    """Otherwise it stays as it is."""
    old = tmp_path / "old"
    old.write_text("old")
    with pytest.raises(FileExistsError):
        write_private(old, "new")
    assert old.read_text() == "old"
    write_private(old, "new", force=True)
    assert old.read_text() == "new"
    assert stat.S_IMODE(old.stat().st_mode) == 0o600


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing yet"])
def test_a_link_is_followed(tmp_path: Path, there: bool) -> None:
    """The file that it leads to is written, and the link stays a link."""
    (tmp_path / "folder").mkdir()
    real, link = tmp_path / "folder" / "real", tmp_path / "link"
    link.symlink_to("folder/real")
    if there:
        real.write_text("old")
        with pytest.raises(FileExistsError):
            write_private(link, "new")
    write_private(link, "new", force=there)
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    """Its reader gets the text, without --force: nothing is lost there."""
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    write_private(pipe, "text")
    reader.join(10)
    assert read == ["text"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(os.geteuid() != 0, reason="makes a device")
def test_a_device_stays_a_device(tmp_path: Path) -> None:
    """As /dev/null and /dev/full are: written to, and not replaced by a file."""
    null, full = tmp_path / "null", tmp_path / "full"
    try:
        os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        os.mknod(full, 0o666 | stat.S_IFCHR, os.makedev(1, 7))
        null.write_text("")
    except PermissionError:
        pytest.skip("no devices can be made here")
    write_private(null, "text", force=True)
    with pytest.raises(OSError, match="No space left"):
        write_private(full, "text")
    assert stat.S_ISCHR(null.stat().st_mode)
    assert stat.S_ISCHR(full.stat().st_mode)


def test_a_descriptor_of_ours_is_written_to(tmp_path: Path) -> None:
    """What a shell's `>(command)` and `/dev/stdout` are, also where a file that is there stands behind it."""
    log = tmp_path / "log"
    handle = os.open(log, os.O_WRONLY | os.O_CREAT, 0o644)
    os.write(handle, b"before, ")
    write_private(Path(f"/dev/fd/{handle}"), "and after")
    os.close(handle)
    assert log.read_text() == "before, and after"


def test_what_fails_in_between_leaves_nothing(tmp_path: Path) -> None:
    """The old file is untouched, and no half of the new one lies beside it."""
    old = tmp_path / "old"
    old.write_text("old")

    def fails() -> None:
        with private_file(old, force=True) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert old.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
