"""A service's recording stays bounded."""

from __future__ import annotations

from pathlib import Path

from pullscope.mitm.rotation import put_aside


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
