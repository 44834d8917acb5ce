"""docs/vanity-domains.md as a user follows it: every command, in its order, with its exit code."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.cli import warm
from tests.e2e.processes import Running
from tests.worlds.vanity.test_static_registry import layout

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "vanity-domains.md").read_text()
COMMANDS = [
    " ".join(shlex.split(found.replace("\\\n", " "), comments=True))
    for found in re.findall(r"^ {4,8}((?:sudo |pullscope |mitmdump |cd )(?:.*\\\n)*.*)$", PAGE, re.MULTILINE)
]
SKOPEO = """#!/bin/sh
for last; do :; done
last=${last#oci:}
mkdir -p "${last%/*}" && cp -r "$LAYOUT" "${last%:*}"
"""
"""Stands in for skopeo, which would ask Docker Hub: the image is the layout at hand."""


@pytest.fixture(name="env")
def _env(tmp_path: Path) -> Mapping[str, str]:
    """A folder to follow the page in, with the addons of a checkout, and an image."""
    layout(tmp_path / "LAYOUT")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "skopeo").write_text(SKOPEO)
    (tmp_path / "bin" / "skopeo").chmod(0o755)
    (tmp_path / "root" / "etc").mkdir(parents=True)
    (tmp_path / "root" / "etc" / "hosts").write_text("127.0.0.1 localhost\n")
    path = f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "LAYOUT": str(tmp_path / "LAYOUT"), "COLUMNS": "80", "PYTHONUNBUFFERED": "1"}


def test_every_command_of_the_page_ends_well(tmp_path: Path, env: Mapping[str, str]) -> None:
    """0 for each, the proxies after Ctrl-C; what is written by one is there for the next."""
    assert len(COMMANDS) >= 13
    folder = tmp_path
    ended = {}
    for command in COMMANDS:
        words = command.removeprefix("sudo ").split()
        if words[0] == "cd":
            folder /= words[1]
            (folder / "addons").symlink_to(ROOT / "addons")
            (folder / "LAYOUT").symlink_to(tmp_path / "LAYOUT")
            assert folder.is_dir()
        elif words[0] == "mitmdump":
            run = ["env", f"--chdir={folder}", *words, "--listen-port", "0", "--set", f"confdir={tmp_path / 'ca'}"]
            with Running(run, env=env) as proxy:
                proxy.wait_for("proxy listening at")
                ended[command] = proxy.stop(with_signal=signal.SIGINT)
        else:
            root = ["--root", str(tmp_path / "root")] if "hosts" in words else []
            done = warm.run(*words[1:], *root, cwd=folder, env=env)
            ended[command] = done.returncode
            assert done.stderr == "" or done.returncode, done.stderr

    assert set(ended.values()) == {0}, ended


def test_what_try_prints_is_on_the_page(tmp_path: Path, env: Mapping[str, str]) -> None:
    """The lines that the page shows are those that the command prints."""
    init = next(one for one in COMMANDS if "vanity init" in one)
    tried = next(one for one in COMMANDS if "vanity try" in one)
    assert warm.run(*init.split()[1:], "--out", ".", cwd=tmp_path, env=env).returncode == 0
    told = warm.run(*tried.split()[1:], cwd=tmp_path, env=env)
    said = told.stdout.splitlines()
    assert told.returncode == 0

    shown = PAGE.partition("says who can pull:\n\n")[2].partition("\n\n")[0]
    for line in shown.splitlines():
        assert line.removeprefix("    ") in said, line
