"""The house keeps its own rules: imports point one way, tests mirror the source, files stay small and say their law."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "pullscope"
TESTS = ROOT / "tests"
MOST_LINES = 400
LINES_WITHOUT_A_REASON = 300
FREE = {"e2e", "data"}
"""Folders of tests that mirror no room: whole machines, and what they are fed with."""
ACROSS = {
    "a page of the docs, followed or held to the source": (
        "cli/test_many_recordings cli/test_vanity_docs logs/test_docs mitm/test_docs_of_options "
        "render/explain/test_page render/explain/test_questions trace/findings/test_docs trace/test_correlation_page "
        "worlds/vanity/test_new_platform"
    ),
    "whatever may come in, through a whole room": (
        "host/routes/test_hostile logs/test_hostile render/test_any_trace trace/findings/test_any_traffic "
        "trace/findings/test_grid trace/test_border_secrets trace/test_delays trace/test_gaps trace/test_invariants "
        "worlds/clients/test_bad_days worlds/vanity/test_hostile"
    ),
    "an error of ours at every place of a room": "mitm/test_every_method_fails trace/test_every_stage_fails",
    "what is seen in a real program": (
        "mitm/test_sample_registry mitm/test_watch_in_proxy render/exports/test_har_in_devtools "
        "render/exports/test_mermaid_in_chromium render/html/test_browser render/html/test_live "
        "worlds/vanity/test_real_own_registry worlds/vanity/test_real_servers"
    ),
    "recordings, reports and cases from the field": (
        "trace/findings/test_field trace/findings/test_reports worlds/clients/test_matrix worlds/clients/test_recordings "
        "worlds/vanity/test_field"
    ),
    "one thing that several files do together": (
        "host/test_rootless host/test_unit trace/test_made_good trace/test_mirrored"
    ),
}
"""Tests that mirror no single file, by the reason."""

BY_ANOTHER_ROOM = {
    "pullscope.host.child_environment": "cli/test_run.py",
    "pullscope.host.watched.cri": "e2e/test_doctor_trace.py",
    "pullscope.host.watched.pulls": "e2e/test_doctor_trace.py",
    "pullscope.worlds.check": "cli/test_check.py",
    "pullscope.worlds.vanity.starters": "cli/test_vanity.py",
    "pullscope.oci.known_storage": "host/test_switch.py",
}
"""Files that only another room uses, whose tests are theirs."""

sources = sorted(SOURCE.rglob("*.py"))
mirrored = sorted(
    {
        test.parent
        for test in TESTS.rglob("test_*.py")
        if test.parent != TESTS and FREE.isdisjoint(test.relative_to(TESTS).parts)
    }
)


def law_of(text: str) -> str:
    """A file's first paragraph."""
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n\n")[0].rstrip()


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """What is in each source file, by its path."""
    return {str(path.relative_to(SOURCE)): path.read_text(encoding="utf-8") for path in sources}


def test_first_paragraph_is_the_law(texts: dict[str, str]) -> None:
    """Each file begins by saying in whole sentences what may live in it."""
    assert [file for file, text in texts.items() if not law_of(text).endswith((".", ":"))] == []


def test_no_file_is_long(texts: dict[str, str]) -> None:
    """A file that outgrows its page becomes two."""
    assert [file for file, text in texts.items() if len(text.splitlines()) > MOST_LINES] == []


def test_a_long_file_says_why(texts: dict[str, str]) -> None:
    """A file of more than 300 lines gives its reason in its first paragraph: `One file, because ...`."""
    long = {file: text for file, text in texts.items() if len(text.splitlines()) > LINES_WITHOUT_A_REASON}
    assert [file for file, text in long.items() if "One file, because " not in law_of(text)] == []


def test_no_file_is_a_drawer(texts: dict[str, str]) -> None:
    """Names that say nothing collect everything."""
    drawers = {"utils", "util", "common", "helpers", "manager", "base", "misc"}
    assert [file for file in texts if drawers & {*Path(file).with_suffix("").parts}] == []


def test_tests_mirror_the_source() -> None:
    """tests/worlds/hub tests src/pullscope/worlds/hub; what is tested beside the package (systemd) lies beside it too."""
    places = [folder.relative_to(TESTS) for folder in mirrored]
    assert [place for place in places if not ((SOURCE / place).is_dir() or (ROOT / place).is_dir())] == []


def test_a_test_is_called_like_what_it_tests() -> None:
    """tests/oci/test_routes.py tests oci/routes.py or a folder of that name; what tests more is in ACROSS, with its reason."""
    across = {name for names in ACROSS.values() for name in names.split()}
    wrong = []
    for test in (test for folder in mirrored for test in folder.glob("test_*.py")):
        place = test.relative_to(TESTS)
        room = SOURCE if (SOURCE / place.parent).is_dir() else ROOT
        own = room / place.parent / test.stem.removeprefix("test_")
        mirrors = own.with_suffix(".py").exists() or own.is_dir() or room is ROOT
        if mirrors == (str(place.with_suffix("")) in across):
            wrong.append(str(place))
    assert wrong == []


def test_what_is_across_is_there() -> None:
    """No reason outlives its test."""
    assert [name for names in ACROSS.values() for name in names.split() if not (TESTS / f"{name}.py").exists()] == []


def imports_of(file: Path) -> set[str]:
    """The modules that a file names in its imports, wherever they stand."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


@pytest.mark.parametrize(
    "room", sorted(path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__")
)
def test_no_file_is_out_of_reach_of_its_rooms_tests(room: str) -> None:
    """Each has a test of its name, or is imported, in however many steps within the room, by what the room's tests import."""
    of_the_room = {
        ".".join(("pullscope", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in sources
        if path.is_relative_to(SOURCE / room)
    }
    found = {name for name in of_the_room if name in BY_ANOTHER_ROOM or ".kinds." in name}
    for name in of_the_room:
        *folder, last = name.split(".")[2:] or [""]
        if (TESTS / room).joinpath(*folder, f"test_{last}.py").exists():
            found.add(name)
    for test in (TESTS / room).rglob("*.py"):
        found |= imports_of(test) & set(of_the_room)
    fresh = set(found)
    while fresh:
        fresh = {name for one in fresh for name in imports_of(of_the_room[one]) & set(of_the_room)} - found
        found |= fresh

    files = {name for name, path in of_the_room.items() if path.name != "__init__.py"}
    assert sorted(files - found) == []
    assert all((TESTS / test).exists() for test in BY_ANOTHER_ROOM.values())


def loads(body: list[ast.stmt]) -> set[str]:
    """The modules that are loaded when these statements run at import: not those of functions, nor of types alone."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            found |= loads(node.body) | loads(node.orelse)
        elif isinstance(node, ast.Try):
            found |= loads(node.body)
    return found


def test_imports_go_round_in_no_circle() -> None:
    """Whatever file is imported first, each is whole when another needs it."""
    modules = {
        ".".join(("pullscope", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in sources
    }
    graph = {
        name: loads(ast.parse(path.read_text(encoding="utf-8")).body) & modules.keys() - {name}
        for name, path in modules.items()
    }
    assert len(list(TopologicalSorter(graph).static_order())) == len(modules)


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
