"""The page in Chromium: no error, no request, no accessibility violation, and it can be used by keyboard alone.

Needs playwright (from PyPI) and /usr/bin/chromium; axe-core is used where PULLSCOPE_NODE names a folder in which
`npm install axe-core` was run. PULLSCOPE_PICTURES=FOLDER keeps a picture of each page.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tests.render.samples import RECORDINGS, TRACES, told
from tests.trace.images import Image, docker_classic
from tests.trace.wire import Wire, played

from pullscope.render.formats import FORMS

AXE = Path(os.environ.get("PULLSCOPE_NODE", "/nowhere")) / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = os.environ.get("PULLSCOPE_PICTURES")
WIDTHS = (390, 820, 1400)


class Opened:
    """A page that was opened from disk, with what it complained of and asked for."""

    def __init__(self, browser: Any, file: Path, *, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme=scheme)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(trace: str) -> Path:
        file = tmp_path / f"{trace}.html"
        file.write_text(FORMS["html"].write(told(TRACES[trace](), source=f"{trace}.mitm")), encoding="utf-8")
        return file

    return write


@pytest.mark.parametrize("trace", [path.stem for path in RECORDINGS] + ["hostile", "every-ending", "empty"])
def test_is_quiet_and_fits(browser: Any, written: Any, trace: str) -> None:
    """Opened from disk, at three widths, light and dark: nothing in the console, nothing fetched, nothing too wide."""
    opened = Opened(browser, written(trace))
    page = opened.page
    for summary in page.locator(".pull:not([open]) > summary").all()[:3]:
        summary.click()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for tab in page.get_by_role("tab").all()[:5]:
            tab.click()
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert over == 0, tab.text_content()
        if page.get_by_role("tab").count():
            page.get_by_role("tab").first.click()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            if PICTURES:
                page.screenshot(path=f"{PICTURES}/{trace}-{width}-{scheme}.png", full_page=True)

    assert opened.said == []
    assert len(opened.asked) == 1
    opened.context.close()


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: see above")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("trace", ["dockerd-29.7-containerd-vanity-302", "skopeo-1.9-vanity-302", "hostile", "empty"])
def test_axe_finds_nothing(browser: Any, written: Any, trace: str, scheme: str) -> None:
    """No violation in any tab, with a step and its headers open."""
    opened = Opened(browser, written(trace), scheme=scheme)
    if opened.page.locator(".pull").count():
        if not opened.page.locator(".pull[open]").count():
            opened.page.locator(".pull > summary").first.click()
        opened.page.locator(".step > summary").first.click()
        opened.page.locator(".more > summary").first.click()
    tabs = opened.page.locator(".pull[open]").first.get_by_role("tab").all() or [None]
    for tab in tabs:
        if tab is not None:
            tab.click()
        found = opened.page.evaluate(
            AXE.read_text()
            + ";axe.run(document).then(r => r.violations.map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' ')}`))"
        )
        assert found == []
    opened.context.close()


def test_keyboard_alone(browser: Any, written: Any) -> None:
    """With keys only: filter, open a step, change the tab by arrows."""
    opened = Opened(browser, written("dockerd-20.10-hub"))
    page = opened.page
    page.keyboard.press("/")
    page.keyboard.type("manifest list")
    assert page.locator("details.step:visible").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("details.step:visible").count() == 10
    assert opened.said == []

    page.locator(".step > summary").nth(2).focus()
    page.keyboard.press("Enter")
    assert page.get_by_text("What a digest guarantees").is_visible()

    page.get_by_role("tab", name="Steps").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", name="Connections").get_attribute("aria-selected") == "true"
    page.keyboard.press("End")
    assert page.get_by_text("What a firewall has to let through").is_visible()
    opened.context.close()


def test_five_hundred_pulls(browser: Any, tmp_path: Path) -> None:
    """Five hundred lines, filtered while typing; each opens when it is asked for, by a click or by its address."""
    wires = []
    for number in range(500):
        wire = Wire(client=f"10.0.{number // 250}.{number % 250}", at=1000.0 + number * 20)
        docker_classic(wire, Image(repository=f"team{number % 7}/app{number}"))
        wires.append(wire)
    file = tmp_path / "many.html"
    file.write_text(FORMS["html"].write(told(played(*wires))), encoding="utf-8")
    opened = Opened(browser, file)
    page = opened.page

    page.fill("#filter", "team3/app10")
    assert page.locator("#found").text_content() == f"{page.locator('.pull:visible').count()} of 500"
    page.fill("#filter", "")
    page.evaluate("location.hash = '#p250-s3'")
    page.locator("#p250-s3[open]").wait_for()

    assert page.locator("details.step").count() > 0
    assert opened.said == []
    opened.context.close()


def test_print_shows_every_view(browser: Any, written: Any) -> None:
    """On paper there are no tabs: all views follow each other."""
    opened = Opened(browser, written("dockerd-20.10-hub"))
    opened.page.emulate_media(media="print")

    assert all(view.is_visible() for view in opened.page.locator(".view").all())
    assert not opened.page.locator(".tabs").is_visible()
    opened.context.close()


def test_operations_are_put_in_order(browser: Any, written: Any) -> None:
    """Failures first, the longest first, by client below its name; and as they were seen when that is asked for again."""
    opened = Opened(browser, written("every-ending"))
    page = opened.page

    def shown(name: str) -> list[str]:
        return [str(node.get_attribute(name)) for node in page.locator("details.pull").all()]

    seen = shown("id")
    page.select_option("#sort", "outcome")
    ended = shown("data-outcome")
    assert ended == sorted(ended, key=["failed", "incomplete", "complete"].index)
    assert ended != [*reversed(ended)]
    page.select_option("#sort", "seconds")
    took = [float(one) for one in shown("data-seconds")]
    assert took == sorted(took, reverse=True)
    page.select_option("#sort", "client")
    heads = [head.text_content() for head in page.locator("h2.group").all()]
    assert heads == sorted(set(shown("data-client")))
    page.select_option("#sort", "")
    assert shown("id") == seen
    assert page.locator("h2.group").count() == 0
    assert opened.said == []
    opened.context.close()
