"""Routing by name past our own /etc/hosts block."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullscope.host import hosts_file
from pullscope.mitm.sni_routing import BEGIN, END, foreign_entries, read_rule


def test_our_block_is_not_believed(tmp_path: Path) -> None:
    """The block that sends a name here is passed over; what an administrator wrote counts."""
    content = hosts_file.add_block(
        b"10.0.0.7 registry.lan\n", dict.fromkeys(("docker.example.com", "registry.lan"), "127.0.0.1")
    )
    path = tmp_path / "hosts"
    path.write_bytes(content + b"10.0.0.8 late.lan\n")
    assert foreign_entries(path) == {"registry.lan": "10.0.0.7", "late.lan": "10.0.0.8"}


def test_the_marks_are_those_that_are_written() -> None:
    """This room does not import the host room, so the two spellings are held together here."""
    assert hosts_file.BEGIN.startswith(BEGIN)
    assert hosts_file.END == END


def test_a_rule_names_two_places() -> None:
    """HOST:PORT=ADDRESS:PORT, and nothing less."""
    assert read_rule("Docker.example.com:443=127.0.0.1:5443") == (("docker.example.com", 443), ("127.0.0.1", 5443))
    for wrong in ("a=b", "a:1", "a:x=b:1", ""):
        with pytest.raises(ValueError, match="has to be HOST:PORT=ADDRESS:PORT"):
            read_rule(wrong)
