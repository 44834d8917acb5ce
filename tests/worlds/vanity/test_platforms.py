"""The table of platforms, and the table of docs/vanity-domains.md that is made of it.

To make it anew: `PULLSCOPE_REWRITE=1 pytest tests/worlds/vanity/test_platforms.py`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from pullscope.worlds.vanity.platform import Design, Kind
from pullscope.worlds.vanity.platforms import PLATFORMS

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "vanity-domains.md"
VANITY = ROOT / "src" / "pullscope" / "worlds" / "vanity"
HEAD = "| platform | file | `from` | status if none is written | `init --design` |\n|---|---|---|---|---|\n"


def row(kind: Kind) -> str:
    """A platform's row, from its object alone."""
    designs = [
        f"{design} (`{Path(kind.projects[design].program).name}`)" if kind.projects[design].program else str(design)
        for design in Design
        if design in kind.projects
    ]
    return f"| {' | '.join([kind.label, *kind.row, ', '.join(designs) or '–'])} |\n"


def test_table_of_the_page_is_made_of_the_objects() -> None:
    """docs/vanity-domains.md has each platform as its object says it, and no other."""
    text = PAGE.read_text()
    wanted = HEAD + "".join(row(kind) for kind in PLATFORMS.values())
    before, found, after = text.partition(HEAD)
    after = re.sub(r"\A(?:\|.*\n)*", "", after)
    assert found, "the page has no table of platforms"
    if os.environ.get("PULLSCOPE_REWRITE"):
        text = before + wanted + after
        PAGE.write_text(text)

    assert text == before + wanted + after


@pytest.mark.parametrize("kind", PLATFORMS.values(), ids=lambda kind: kind.id)
def test_module_has_the_name_of_its_platform(kind: Kind) -> None:
    """A platform is found by its module, which is named as people name it in --platform."""
    assert (VANITY / "kinds" / f"{kind.id}.py").is_file()


@pytest.mark.parametrize("kind", PLATFORMS.values(), ids=lambda kind: kind.id)
def test_advice_names_the_registry(kind: Kind) -> None:
    """What to add for /v2/ can be pasted: it names the registry that the rules lead to."""
    fix = kind.ping_fix.format(target="registry.example.net")

    assert "registry.example.net" in fix or kind.id == "rewrite"


def test_platform_is_known_by_name_in_its_own_module_only() -> None:
    """Elsewhere a platform is asked, not compared: adding one touches its module and nothing else."""
    others = [file for file in VANITY.glob("*.py") if file.name != "reading.py"]
    named = [(file.name, name) for file in others for name in PLATFORMS if f'"{name}"' in file.read_text()]

    # reading: a _redirects is Netlify's or Cloudflare's, which only a file beside it tells.
    assert named == []
