"""docs/registries.md is the table, and nothing else."""

from __future__ import annotations

from pathlib import Path

from pullscope.worlds.registries.page import page
from pullscope.worlds.registries.table import REGISTRIES

PAGE = Path(__file__).parents[3] / "docs" / "registries.md"


def test_the_page_is_current() -> None:
    """What the table says is on the page: python -m pullscope.worlds.registries.page > docs/registries.md."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_what_is_not_known_is_said() -> None:
    """A fact without a source is named as not known, not left out in silence."""
    sections = page().split("\n## ")
    ecr = next(section for section in sections if section.startswith('<a id="ecr">'))
    assert "- Not known: Wrong login, Rate limit, HEAD, Range, Limit of bodies." in ecr


def test_every_registry_and_every_fault_is_on_the_page() -> None:
    """With its id, as the options take it."""
    text = page()
    for row in REGISTRIES.values():
        assert f"`--registry {row.id}`" in text
        for own in row.faults:
            assert f"`--fault {own.value.code}`" in text
            assert own.source.split()[0] in text
