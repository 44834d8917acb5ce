"""Mermaid's own renderer in Chromium draws every hostile name as text, in its strictest mode and in its loosest.

Needs playwright (from PyPI) and /usr/bin/chromium, and PULLSCOPE_NODE, a folder in which `npm install mermaid` was run.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tests.render.samples import TRACES

from pullscope.oci.plain import plain
from pullscope.render.exports.markdown import diagrams

MERMAID = Path(os.environ.get("PULLSCOPE_NODE", "/nowhere")) / "node_modules" / "mermaid" / "dist" / "mermaid.min.js"
DRAWN = """async ([text, level]) => {
  mermaid.initialize({startOnLoad: false, securityLevel: level});
  document.body.innerHTML = (await mermaid.render('drawn', text)).svg;
  const all = [...document.querySelectorAll('body *')];
  return {
    elements: [...new Set(all.map(one => one.localName))],
    handlers: all.flatMap(one => one.getAttributeNames()).filter(name => /^on|href/.test(name)),
    text: [...document.querySelectorAll('text')].map(one => one.textContent.replace(/\\u00a0/g, ' ')),
    messages: document.querySelectorAll('.messageText').length,
  };
}"""
SHAPES = {"svg", "style", "g", "rect", "line", "text", "tspan", "defs", "symbol", "path", "marker", "circle"}


@pytest.mark.skipif(not MERMAID.exists(), reason="needs mermaid: see above")
@pytest.mark.parametrize("level", ["strict", "loose"])
def test_hostile_names_are_drawn_as_text(browser: Any, level: str) -> None:
    """Nothing but shapes and text comes of any name; no name adds or hides an arrow; each host's name is there."""
    page = browser.new_page()
    said: list[str] = []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url))
    page.set_content("<!doctype html><title>drawn</title>")
    page.add_script_tag(path=MERMAID)
    drawn = 0
    for pull in TRACES["hostile"]().pulls:
        for text in diagrams(pull):
            found = page.evaluate(DRAWN, [text, level])
            assert set(found["elements"]) <= SHAPES
            assert found["handlers"] == []
            assert found["messages"] == text.count("c->>h") + text.count("-->>c") + text.count("--xc")
            names = "".join("".join(found["text"]).split())
            assert [hop.host for hop in pull.hops if "".join(plain(hop.host, 60).split()) not in names] == []
            drawn += 1
    page.close()
    assert said == []
    assert drawn > 20
