"""What `.ci/run` installs, against what the tests look for."""

from __future__ import annotations

import re
from pathlib import Path

from tests.e2e import parts

TESTS = Path(__file__).parent
RUN = TESTS.parent / ".ci" / "run"
OF_EVERY_DEBIAN = {"sh", "bash"}


def looked_for() -> set[str]:
    """The programs whose absence skips a test."""
    found = set(parts.NEEDED)
    for file in TESTS.rglob("*.py"):
        text = file.read_text()
        found |= set(re.findall(r'(?:\bwhich|\binstalled)\("([a-z0-9-]+)"\)', text))
    return found - OF_EVERY_DEBIAN


def test_every_program_that_a_test_looks_for_is_installed() -> None:
    """A program that only a test knows would be missing on a bare machine, and its test would be skipped there."""
    listed = set(re.findall(r"\b([a-z0-9-]+):[a-z0-9.-]+", RUN.read_text()))

    assert {"nginx", "caddy", "apache2", "chromium", "node", "setpriv"} <= looked_for() | listed
    assert looked_for() - listed == set()


def test_packages_are_those_of_the_message() -> None:
    """Who lacks a part is told the package that `.ci/run` takes."""
    text = RUN.read_text()

    assert {
        f"{program}:{package}" for program, package in parts.NEEDED.items() if f"{program}:{package}" not in text
    } == set()


def test_server_comparisons_are_never_skipped_in_ci() -> None:
    """What needs a real server is marked `real`, for which tests/conftest.py makes a skip a failure."""
    unmarked = [
        str(file.relative_to(TESTS))
        for file in TESTS.rglob("test_*.py")
        if re.search(r'skip\(f?"[^"]*is not installed', file.read_text()) and "mark.real" not in file.read_text()
    ]

    assert unmarked == []
