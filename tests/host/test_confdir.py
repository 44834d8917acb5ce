"""mitmproxy's directory, as root reads it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.host.fake_machine import AUTHORITY

from pullscope.host import HostError, confdir


def test_the_ca_is_copied_for_its_owner_only(tmp_path: Path) -> None:
    """The three files of a CA, whatever their mode was; nothing else, and none that is not there."""
    theirs, home = tmp_path / "theirs", tmp_path / "home"
    theirs.mkdir()
    home.mkdir()
    for name in ("mitmproxy-ca.pem", "mitmproxy-ca-cert.pem", "config.yaml"):
        (theirs / name).write_text(name)
    (theirs / "mitmproxy-ca.pem").chmod(0o666)
    confdir.copy_ca(theirs, home)
    assert {path.name: path.read_text() for path in home.iterdir()} == {
        "mitmproxy-ca.pem": "mitmproxy-ca.pem",
        "mitmproxy-ca-cert.pem": "mitmproxy-ca-cert.pem",
    }
    assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a directory to another user")
@pytest.mark.parametrize("name", confdir.CA_FILES)
@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_none_of_the_files_is_followed_or_waited_for(tmp_path: Path, name: str, kind: str) -> None:
    """Each of the three, in a directory of an ordinary user."""
    (tmp_path / "shadow").write_text("secret")
    theirs, home = tmp_path / "theirs", tmp_path / "home"
    theirs.mkdir()
    home.mkdir()
    os.chown(theirs, 65534, 65534)
    (theirs / name).symlink_to("../shadow") if kind == "link" else os.mkfifo(theirs / name)
    with pytest.raises(HostError, match=name):
        confdir.copy_ca(theirs, home)
    assert list(home.iterdir()) == []


def test_the_certificate_is_a_ca_or_a_sentence_with_its_path(tmp_path: Path) -> None:
    """None where there is none yet."""
    assert confdir.authority(tmp_path) is None
    place = tmp_path / "mitmproxy-ca-cert.pem"
    place.write_text("# a comment\n" + AUTHORITY)
    assert confdir.authority(tmp_path) == AUTHORITY
    place.write_text("x")
    with pytest.raises(HostError, match=r"mitmproxy-ca-cert\.pem holds no certificate"):
        confdir.authority(tmp_path)
