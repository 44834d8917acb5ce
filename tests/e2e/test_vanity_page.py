"""The page that `vanity init` writes, in a real Chromium: readable at every width and in both colour schemes."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Literal

import pytest

from pullscope.worlds.vanity.starters import Wanted, starter

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="pip install playwright"),
    pytest.mark.skipif(shutil.which("chromium") is None, reason="apt-get install --no-install-recommends chromium"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (375, 740), (320, 640)])
def test_page_fits_copies_and_loads_nothing(
    tmp_path: Path, scheme: Literal["light", "dark"], size: tuple[int, int]
) -> None:
    """No sideways scrolling, no request but the page itself, no complaint in the console, and the button copies."""
    wanted = Wanted(host="docker.example.com", namespace="timonback", upstream="docker.io", platform="netlify")
    page_file = tmp_path / "index.html"
    page_file.write_text(starter(wanted)["public/index.html"])
    loaded: list[str] = []
    said: list[str] = []
    from playwright import sync_api

    with sync_api.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(
            color_scheme=scheme,
            viewport={"width": size[0], "height": size[1]},
            permissions=["clipboard-read", "clipboard-write"],
        )
        page = context.new_page()
        page.on("request", lambda request: loaded.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto(page_file.as_uri())
        page.click("#copy")
        page.wait_for_function("document.getElementById('said').textContent !== ''")
        copied = page.evaluate("navigator.clipboard.readText()")
        overflows = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.screenshot(path=tmp_path / f"{scheme}-{size[0]}.png")
        browser.close()

    assert copied == "docker pull docker.example.com/timonback/IMAGE"
    assert loaded == [page_file.as_uri()]
    assert said == []
    assert not overflows
    assert (background == "rgb(22, 24, 27)") is (scheme == "dark")
