"""The table of platforms: what each must have, and the page that is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullscope.worlds.vanity.platforms import PLATFORMS
from pullscope.worlds.vanity.rules import Platform

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "vanity-domains.md").read_text()
SOURCE = ROOT / "src" / "pullscope"


def test_every_platform_is_in_the_table() -> None:
    """An id without its object, or an object under another id, would fail a file of that platform."""
    assert set(PLATFORMS) == set(Platform)
    assert all(name is kind.id for name, kind in PLATFORMS.items())


@pytest.mark.parametrize("platform", Platform)
def test_row_of_the_page_is_the_object_s(platform: Platform) -> None:
    """docs/vanity-domains.md has each platform's row as its object says it."""
    row = " | ".join(PLATFORMS[platform].row)

    assert f" | {row} |" in PAGE, row


@pytest.mark.parametrize("platform", Platform)
def test_advice_names_the_registry(platform: Platform) -> None:
    """What to add for /v2/ can be pasted: it names the registry that the rules lead to."""
    fix = PLATFORMS[platform].ping_fix.format(target="registry.example.net")

    assert "registry.example.net" in fix or platform is Platform.REWRITE


def test_platform_is_known_by_name_in_its_own_file_only() -> None:
    """Elsewhere a platform is asked, not compared: adding one touches its file, its id and the table."""
    naming = {
        str(file.relative_to(SOURCE))
        for file in SOURCE.rglob("*.py")
        if any(f"Platform.{platform.name}" in file.read_text() for platform in Platform)
    }
    own = {f"worlds/vanity/{name}" for name in ("cloudflare.py", "vercel.py", "own.py")}
    folders = {file for file in naming if file.count("/") == 3}

    # reading: a _redirects is Netlify's or Cloudflare's, which only a file beside it tells.
    assert naming - folders - own == {"worlds/vanity/reading.py"}
