"""A file that was packed with gzip is read as what is in it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pullscope.cli import unpacked
from pullscope.cli.exits import Complaint
from pullscope.cli.source import read_trace

LOG = Path(__file__).parents[1] / "data" / "logs" / "crane-pull.log"
RECORDING = next(Path(__file__).parents[1].joinpath("data", "recordings").rglob("*.jsonl"))


@pytest.mark.parametrize("file", [LOG, RECORDING], ids=["log", "recording"])
def test_what_is_in_it_is_read(file: Path, tmp_path: Path) -> None:
    """A log as well as a recording, whatever the file is called."""
    packed = tmp_path / "messages-1"
    packed.write_bytes(gzip.compress(file.read_bytes()))

    assert [pull.reference for pull in read_trace(str(packed))[0].pulls] == [
        pull.reference for pull in read_trace(str(file))[0].pulls
    ]


def test_one_that_was_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    """What came before the cut counts."""
    packed, raw = tmp_path / "a.gz", gzip.compress(LOG.read_bytes(), compresslevel=0)
    packed.write_bytes(raw[: len(raw) * 3 // 4])

    assert read_trace(str(packed))[0].pulls


def test_a_damaged_one_is_refused(tmp_path: Path) -> None:
    """In one sentence."""
    packed = tmp_path / "a.gz"
    packed.write_bytes(b"\x1f\x8b" + b"no gzip at all" * 10)

    with pytest.raises(Complaint, match="is a damaged gzip file"):
        read_trace(str(packed))


def test_one_that_grows_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes may hold terabytes."""
    monkeypatch.setattr(unpacked, "MOST", 100_000)
    packed = tmp_path / "a.gz"
    packed.write_bytes(gzip.compress(b"level=error failed\n" * 1_000_000))

    with pytest.raises(Complaint, match="larger than 1 GiB unpacked"):
        read_trace(str(packed))
