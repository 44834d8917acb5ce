"""Whose confdir it is, seen through sudo."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from pullscope.host.command import invoker, this_command


@pytest.fixture
def ann(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with the number 1234, called as root."""
    entry = pwd.struct_passwd(("ann", "x", 1234, 1235, "", "/home/ann", "/bin/sh"))
    root = pwd.struct_passwd(("root", "x", 0, 0, "", "/root", "/bin/sh"))

    def getpwuid(number: int) -> pwd.struct_passwd:
        return {1234: entry, 0: root}[number]

    monkeypatch.setattr(pwd, "getpwuid", getpwuid)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "getegid", lambda: 0)


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize(
    ("environment", "confdir", "owner"),
    [
        ({"SUDO_UID": "1234", "HOME": "/root"}, "/home/ann/.mitmproxy", (1234, 1235)),
        ({"SUDO_UID": "0", "HOME": "/srv/own"}, "/srv/own/.mitmproxy", (0, 0)),
        ({"HOME": "/srv/own"}, "/srv/own/.mitmproxy", (0, 0)),
        ({}, "/root/.mitmproxy", (0, 0)),
        ({"SUDO_UID": "99999", "HOME": "/root"}, "/root/.mitmproxy", (0, 0)),
        ({"SUDO_UID": "1234; rm -r /"}, "/root/.mitmproxy", (0, 0)),
    ],
    ids=["sudo", "root's own sudo", "a HOME of its own", "no HOME", "a user who is gone", "nonsense"],
)
def test_the_confdir_is_the_callers(environment: dict[str, str], confdir: str, owner: tuple[int, int]) -> None:
    """Under sudo the user who typed it; else the one of HOME, as mitmdump has it."""
    found = invoker(environment)
    assert (str(found.confdir), found.owner) == (confdir, owner)


def test_this_command_works_from_any_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative words become absolute ones; a script is started by the Python that runs it."""
    monkeypatch.chdir(tmp_path)
    assert this_command("./pullscope") == (str(tmp_path / "pullscope"),)
    words = this_command("scripts/docker_daemon.py")
    assert Path(words[0]).is_absolute()
    assert words[1] == str(tmp_path / "scripts/docker_daemon.py")
