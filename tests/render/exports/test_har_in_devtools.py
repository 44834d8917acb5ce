"""HAR in Chrome's own DevTools: imported by the button of the network panel, and read back from what the panel holds.

Needs playwright (from PyPI) and /usr/bin/chromium, whose DevTools are a page like any other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.render.samples import TRACES, told

from pullscope.render.exports.har import har

HELD = """async () => {
  const { NetworkLog } = await import("./models/logs/logs.js");
  return NetworkLog.NetworkLog.instance().requests().map((one) => ({
    url: one.url(), method: one.requestMethod, status: one.statusCode, size: one.resourceSize, sent: one.transferSize,
    milliseconds: one.duration * 1000, waited: one.timing.receiveHeadersEnd, type: one.resourceType().name(),
    headers: one.responseHeaders.length, connection: one.connectionId,
  }));
}"""

Imported = Callable[[dict[str, Any]], Any]


@pytest.fixture
def imported(browser: Any, tmp_path: Path) -> Iterator[Imported]:
    """Imports a log, and gives the page of DevTools once its footer has counted the entries."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))

    def load(log: dict[str, Any]) -> Any:
        file = tmp_path / "pull.har"
        file.write_text(json.dumps(log), encoding="utf-8")
        page.goto("devtools://devtools/bundled/devtools_app.html")
        page.get_by_role("tab", name="Network", exact=True).click()
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Import HAR").first.click()
        chooser.value.set_files(file)
        page.get_by_text(f"{len(log['log']['entries'])} requests", exact=True).wait_for()
        return page

    yield load
    page.close()
    assert said == []


@pytest.mark.parametrize("trace", [name for name in TRACES if name != "empty"])
def test_every_entry_is_held_as_it_was(imported: Imported, trace: str) -> None:
    """No entry is lost, and each has its status, its bytes and its times, also what was streamed and what is hostile."""
    log = har(told(TRACES[trace]()))
    held = imported(log).evaluate(HELD)
    entries = log["log"]["entries"]

    assert len(held) == len(entries)
    for one, entry in zip(held, entries, strict=True):
        response, timings = entry["response"], entry["timings"]
        assert (one["url"], one["method"]) == (entry["request"]["url"], entry["request"]["method"])
        assert (one["status"], one["headers"]) == (response["status"], len(response["headers"]))
        assert (one["size"], one["sent"]) == (response["content"]["size"], max(response["bodySize"], 0))
        assert one["milliseconds"] == pytest.approx(entry["time"], abs=0.01)
        until_head = sum(max(timings[part], 0) for part in ("blocked", "connect", "send", "wait"))
        assert one["waited"] == pytest.approx(until_head, abs=0.01)
        assert (one["type"], one["connection"]) == ("other", entry.get("connection", ""))


def test_timing_tab_says_what_was_waiting(imported: Imported) -> None:
    """What DevTools show of the largest layer is waiting and downloading; nothing of it is called stalled."""
    log = har(told(TRACES["dockerd-29.7-containerd-vanity-302"]()))
    largest = max(log["log"]["entries"], key=lambda entry: entry["response"]["content"]["size"])
    page = imported(log)
    name = largest["request"]["url"].partition("?")[0].rpartition("/")[2]
    page.locator("td.name-column", has_text=name).last.click()
    page.get_by_role("tab", name="Timing", exact=True).click()
    shown = " ".join(page.locator(".network-timing-table").inner_text().replace("\u200b", "").split())

    assert "Stalled 1 μs" in shown
    for label, part in (("Waiting for server response", "wait"), ("Content download", "receive")):
        said = re.search(rf"{label} ([\d.]+) ms", shown)
        assert said, shown
        assert float(said[1]) == pytest.approx(largest["timings"][part], abs=0.02)
