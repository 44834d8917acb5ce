"""The live page in Chromium, while two pulls run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_live_page import APP, TOOL, Served, lines_of

WIDTHS = (390, 1024, 1600)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    page = Served(tmp_path)
    yield page
    page.process.kill()
    with page.process:
        pass


def test_grows_and_keeps_what_is_open(browser: Any, served: Served) -> None:
    """What a person opened stays open, the lesson stands beside, nothing else is asked, and it fits."""
    lines, page = lines_of(APP, TOOL), browser.new_page(viewport={"width": 1600, "height": 900})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served.address.geturl())
    page.get_by_text("Waiting for the first pull").wait_for()
    with served.recording.open("w") as file:
        file.write("".join(f"{line}\n" for line in lines[:14]))
        file.flush()
        page.locator(".pull.under .step > summary").first.click()
        assert page.locator("#beside h2").text_content() == "1 version check"
        assert page.locator(".step.running .title").all_text_contents() == ["under way"]
        page.locator(".pull").get_by_role("tab", name="Steps").first.focus()
        file.write("".join(f"{line}\n" for line in lines[14:]))
        file.flush()
        served.end()
        page.locator("#state", has_text="ended").wait_for()

    assert page.locator(".pull.complete").count() == 2
    assert page.locator(".running").count() == 0
    assert page.locator("#p1-s1").get_attribute("open") is not None
    assert page.locator("#beside h2").text_content() == "1 version check"
    assert "2 operations" in page.locator("#tally").text_content()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert said == []
    assert asked == [served.address.geturl(), f"{served.address.geturl()}events"]
    page.close()
