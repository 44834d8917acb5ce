"""The docs name what there is: commands, options, files. A reader who pastes a line must not meet an error."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pullscope import __version__
from pullscope.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMAND = re.compile(r"(?<![\w/.-])(?<!# )(?:\.venv/bin/)?pullscope ((?:[a-z]+[a-z-]*)(?: [a-z]+[a-z-]*)?)([^`\n|#]*)")
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


@cache
def help_of(*words: str) -> str | None:
    """What a command's --help says; None where there is no such command."""
    shown = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}, prog_name="pullscope")
    return shown.output if shown.exit_code == 0 else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_commands_and_options_exist(page: Path) -> None:
    """Each `pullscope …` in code is a command, and each of its long options is in that command's help."""
    code = "\n".join(re.findall(r"```[a-z]*\n(.*?)```", page.read_text(), re.DOTALL))
    code += "\n".join(re.findall(r"`([^`\n]+)`", page.read_text()))
    for words, rest in COMMAND.findall(code):
        first, _, second = words.partition(" ")
        text = help_of(first)
        assert text is not None, f"{page.name} names `pullscope {first}`"
        if second and re.search(rf"│ {second}\s", text):
            text = help_of(first, second)
        assert text is not None
        ours = rest.partition(" -- ")[0]
        for option in re.findall(r"(?<!\S)--[a-z][a-z-]*", ours):
            assert option in text, f"{page.name}: `pullscope {words}{rest}` has no {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture of a page is a file in the tree."""
    for target, _ in LINK.findall(page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_readme_begins_with_its_two_commands() -> None:
    """The first screen of the README holds the demo's command and the tests' command."""
    first_screen = (ROOT / "README.md").read_text()[:1600]

    assert ".venv/bin/pip install -q . && .venv/bin/pullscope demo" in first_screen
    assert ".venv/bin/pip install -q '.[test]' && .venv/bin/python -m pytest -q" in first_screen


def test_readme_table_names_every_option_of_the_addon() -> None:
    """Each pullscope_ option of the tracer is in the README."""
    declared = set(re.findall(r'"(pullscope_[a-z]+)"', (ROOT / "src/pullscope/mitm/settings.py").read_text()))
    named = set(re.findall(r"pullscope_[a-z]+", (ROOT / "README.md").read_text()))

    assert declared <= named


def test_every_option_of_an_addon_is_in_the_docs() -> None:
    """Also those of addons that only a service has."""
    from pullscope.mitm.run import option_names

    declared = {name for name in option_names() if name.startswith("pullscope_")}
    named = {word for page in PAGES for word in re.findall(r"`(?:--set )?(pullscope_[a-z_]+)", page.read_text())}

    assert len(declared) >= 10
    assert declared - named == set()


def test_the_page_on_clients_lists_them_all() -> None:
    """docs/clients.md has a row for every client, with the evidence that verdicts show."""
    from pullscope.worlds.clients.client_catalog import EVERY_CLIENT

    page = (ROOT / "docs" / "clients.md").read_text()
    for client in EVERY_CLIENT.values():
        if not client.login:
            assert f"| `{client.id}` | {client.label} | {client.evidence} | {client.compared} |" in page


def test_the_version_has_a_date() -> None:
    """The newest entry of the changelog is the version of the package, with the day of its release."""
    newest = re.search(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert re.fullmatch(rf"{re.escape(__version__)} - 20\d\d-[01]\d-[0-3]\d", newest[1])
    assert f'\nversion = "{__version__}"\n' in (ROOT / "pyproject.toml").read_text()
