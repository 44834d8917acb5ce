"""The house keeps its own rules: imports point one way, tests mirror the source, files stay small and say their law."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "pullscope"
TESTS = ROOT / "tests"
MOST_LINES = 400
FREE = {"e2e", "data"}
"""Folders of tests that mirror no room: whole machines, and what they are fed with."""

sources = sorted(SOURCE.rglob("*.py"))
mirrored = sorted(
    {
        test.parent
        for test in TESTS.rglob("test_*.py")
        if test.parent != TESTS and FREE.isdisjoint(test.relative_to(TESTS).parts)
    }
)
every_source = pytest.mark.parametrize("source", sources, ids=lambda path: str(path.relative_to(SOURCE)))


@every_source
def test_first_paragraph_is_the_law(source: Path) -> None:
    """Each file begins by saying in whole sentences what may live in it."""
    law = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))
    assert law
    assert law.partition("\n\n")[0].rstrip().endswith((".", ":"))


@every_source
def test_no_file_is_long(source: Path) -> None:
    """A file that outgrows its page becomes two."""
    assert len(source.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@every_source
def test_no_file_is_a_drawer(source: Path) -> None:
    """Names that say nothing collect everything."""
    assert not {"utils", "util", "common", "helpers", "manager", "base", "misc"} & set(
        source.relative_to(SOURCE).with_suffix("").parts
    )


@pytest.mark.parametrize("folder", mirrored, ids=lambda path: str(path.relative_to(TESTS)))
def test_tests_mirror_the_source(folder: Path) -> None:
    """tests/worlds/hub tests src/pullscope/worlds/hub; what is tested beside the package (systemd) lies beside it too."""
    place = folder.relative_to(TESTS)
    assert (SOURCE / place).is_dir() or (ROOT / place).is_dir()


def test_import_contracts() -> None:
    """The contracts of pyproject.toml hold: imports point one way, and only mitm knows mitmproxy."""
    pytest.importorskip("importlinter")
    run = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
