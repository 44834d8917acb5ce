"""`--vanity HOST=FILE` where root starts the proxy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pullscope.cli.proxy_words import words_for
from pullscope.host import HostError

RULES = '[[redirects]]\nfrom = "/*"\nto = "https://registry-1.docker.io/:splat"\nstatus = 302\n'


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a directory to another user")
@pytest.mark.parametrize("kind", ["link", "fifo", "device", "directory"])
def test_root_reads_a_rule_file_and_nothing_that_it_leads_to(tmp_path: Path, kind: str) -> None:
    """In a directory of an ordinary user: one sentence, which shows nothing of the target."""
    (tmp_path / "shadow").write_text("root:$y$secret\n")
    place = tmp_path / "home"
    place.mkdir()
    os.chown(place, 65534, 65534)
    file = place / "netlify.toml"
    match kind:
        case "link":
            file.symlink_to(tmp_path / "shadow")
        case "fifo":
            os.mkfifo(file)
        case "device":
            file.symlink_to("/dev/zero")
        case "directory":
            file.mkdir()
    with pytest.raises(HostError, match=r"netlify\.toml") as error:
        words_for([f"docker.example.com={file}"])
    assert "secret" not in str(error.value)


def test_a_rule_file_becomes_words_for_mitmdump(tmp_path: Path) -> None:
    """The answering addon and one setting a pair."""
    (tmp_path / "netlify.toml").write_text(RULES)
    words = words_for([f"docker.example.com={tmp_path / 'netlify.toml'}"])
    assert words[-1] == f"pullscope_vanity=docker.example.com={tmp_path / 'netlify.toml'}"
