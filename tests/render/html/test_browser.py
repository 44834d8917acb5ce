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

from pullscope.oci.amounts import duration, size
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


@pytest.mark.parametrize(
    "trace", [path.stem for path in RECORDINGS] + ["hostile", "every-ending", "empty", "long-address"]
)
def test_is_quiet_and_fits(browser: Any, written: Any, trace: str) -> None:
    """Opened from disk, at three widths, light and dark: nothing in the console, nothing fetched, nothing too wide."""
    opened = Opened(browser, written(trace))
    page = opened.page
    for summary in page.locator(".pull:not([open]) > summary").all()[:3]:
        summary.click()
    for number in range(page.locator(".pull[open]").count()):
        page.locator(".pull[open]").nth(number).locator(".tabs").wait_for()
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


@pytest.mark.parametrize("trace", ["dockerd-29.7-containerd-vanity-302", "skopeo-1.9-vanity-302"])
def test_a_step_has_two_lines_on_a_phone(browser: Any, written: Any, trace: str) -> None:
    """At 390 pixels: title and what it says in the first line, the hosts and the time in the second."""
    opened = Opened(browser, written(trace))
    opened.page.set_viewport_size({"width": 390, "height": 844})
    opened.page.locator("details.step").first.wait_for()
    tops = """(step) => ['.title', '.says', '.chain', '.time'].map((part) => {
        const box = step.querySelector('summary > ' + part).getBoundingClientRect();
        return [Math.round((box.top + box.bottom) / 2), box.height];
    })"""
    for step in opened.page.locator("details.step").all():
        (title, line), (says, height), (chain, _), (time, _) = step.evaluate(tops)
        assert height == line
        assert abs(says - title) <= 1
        assert abs(time - chain) <= 1
        assert chain > title
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
        opened.page.locator(".pull[open] .step > summary").first.click()
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
    page.locator("details.step").first.wait_for()
    page.keyboard.type("manifest list")
    assert page.locator("details.step:visible").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("details.step:visible").count() == 10
    assert opened.said == []

    page.locator(".step > summary").nth(2).focus()
    page.keyboard.press("Enter")
    page.get_by_text("What a digest guarantees").wait_for()

    page.get_by_role("tab", name="Steps").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", name="Connections").get_attribute("aria-selected") == "true"
    page.keyboard.press("End")
    assert page.get_by_text("Allowlist for a firewall").is_visible()
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
    opened.page.locator(".tabs").wait_for()
    opened.page.emulate_media(media="print")

    assert opened.page.locator(".view").count() == 5
    assert all(view.is_visible() for view in opened.page.locator(".view").all())
    assert not opened.page.locator(".tabs").is_visible()
    opened.context.close()


def test_attacks_are_drawn_as_text(browser: Any, written: Any) -> None:
    """Every pull, step and header of names that are attacks is opened: no element comes of them, nothing runs."""
    opened = Opened(browser, written("hostile"))
    page = opened.page
    page.locator("#fold").click()
    page.wait_for_function("document.querySelectorAll('.tabs').length === document.querySelectorAll('.pull').length")
    page.evaluate("document.querySelectorAll('.step').forEach((step) => step.fill())")

    assert page.locator("main :is(img, script, iframe, form, style, b, [onerror], [style])").count() == 0
    assert page.locator(".headers", has_text="<script>alert(1)</script>").count() > 0
    links = page.locator("main a").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
    assert [link for link in links if not link.startswith(("#p", "https://"))] == []
    assert opened.said == []
    opened.context.close()


def test_amounts_are_those_of_the_text(browser: Any, written: Any) -> None:
    """Sizes and times are worded in the script as `amounts` words them."""
    opened = Opened(browser, written("empty"))
    counts = [0, 1, 999, 1000, 999_949, 999_951, 40_230, 123_456_789, 5 * 10**12, 10**16]
    seconds = [0.0, 0.001, 0.0524, 0.9994, 0.9996, 1.26, 99.94, 99.96, 3599.0, 86_400.0]
    worded = opened.page.evaluate("([a, b]) => [a.map(page.size), b.map(page.duration)]", [counts, seconds])

    assert worded == [[size(one) for one in counts], [duration(one) for one in seconds]]
    opened.context.close()


def test_each_kind_of_bar_is_drawn(browser: Any, written: Any) -> None:
    """A push has what was sent in its bars and a legend that says sending, a pull has neither; an axis has one unit."""
    opened = Opened(browser, written("every-ending"))
    page = opened.page
    page.locator("#fold").click()
    page.wait_for_function("document.querySelectorAll('.tabs').length === document.querySelectorAll('.pull').length")
    pushed = page.locator(".pull", has=page.locator("summary > bdi", has_text="push"))
    pulled = page.locator(".pull", has=page.locator("summary > bdi", has_text="library/app0"))

    assert pushed.locator("rect.send").count() == 2 * 4  # in the step, and on its connection
    assert "full: sending" in pushed.locator(".legend").text_content()
    assert pulled.locator("rect.send").count() == 0
    assert "full: receiving" in pulled.locator(".legend").text_content()
    assert page.locator("svg.span").count() == page.locator(".pull").count()
    for axis in page.locator("svg.axis").all():
        units = [text.split()[1:] for text in axis.locator("text").all_text_contents()]
        assert not any(units[:-1])  # the last says it
        assert all(units[-1:])
    opened.context.close()


def test_a_failure_at_the_end_is_drawn_whole(browser: Any, tmp_path: Path) -> None:
    """Its mark ends where the bars end, and not beyond."""
    wire = Wire()
    wire.ask("GET", "https://registry.example.com/v2/", 200, body="{}")
    wire.wait(20)
    wire.ask("GET", "https://registry.example.com/v2/team/app/manifests/1.0", 503)
    file = tmp_path / "late.html"
    file.write_text(FORMS["html"].write(told(played(wire))), encoding="utf-8")
    opened = Opened(browser, file)
    shown = opened.page.locator(".step .broken")
    shown.wait_for()
    ends = "one => [one.getBoundingClientRect().right, one.closest('svg').getBoundingClientRect().right]"
    mark, bars = shown.evaluate(ends)
    assert mark <= bars
    opened.context.close()


def test_operations_are_put_in_order(browser: Any, written: Any) -> None:
    """Failures first, the longest first, by client below its name; and as they were seen when that is asked for again."""
    opened = Opened(browser, written("every-ending"))
    page = opened.page

    def shown(name: str) -> list[str]:
        return [str(node.get_attribute(name)) for node in page.locator("details.pull").all()]

    def texts(part: str) -> list[str]:
        return [str(text) for text in page.locator(f"details.pull > summary {part}").all_text_contents()]

    seen = shown("id")
    page.select_option("#sort", "outcome")
    ended = texts("> em")
    assert ended == sorted(ended, key=["failed", "incomplete", "complete"].index)
    assert ended != [*reversed(ended)]
    page.select_option("#sort", "seconds")
    took = [
        float(text.split()[0]) * (1000 if text.endswith(" s") else 1) for text in texts("> small:nth-last-child(2)")
    ]
    assert took == sorted(took, reverse=True)
    page.select_option("#sort", "client")
    heads = [head.text_content() for head in page.locator("h2.group").all()]
    assert heads == sorted(set(texts("> i")))
    page.select_option("#sort", "")
    assert shown("id") == seen
    assert page.locator("h2.group").count() == 0
    assert opened.said == []
    opened.context.close()
