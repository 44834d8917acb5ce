"""mitmproxy's CA, made where it is missing and left where it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pullscope.mitm.ca import ensure_ca


def test_a_ca_is_made_once(tmp_path: Path) -> None:
    """The second call returns the same certificate; the key is for its owner only."""
    first = ensure_ca(tmp_path / "a" / "confdir").read_bytes()
    assert b"BEGIN CERTIFICATE" in first
    assert b"PRIVATE" not in first
    assert ensure_ca(tmp_path / "a" / "confdir").read_bytes() == first
    assert (tmp_path / "a" / "confdir" / "mitmproxy-ca.pem").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another user")
def test_for_another_user_it_is_made_as_that_user(tmp_path: Path) -> None:
    """Files in a user's directory are that user's; where the user may not write, neither may root for them."""
    home = tmp_path / "home"
    home.mkdir()
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
    with pytest.raises(PermissionError):
        ensure_ca(home / ".mitmproxy", (65534, 65534))
    os.chown(home, 65534, 65534)
    assert ensure_ca(home / ".mitmproxy", (65534, 65534)).stat().st_uid == 65534
