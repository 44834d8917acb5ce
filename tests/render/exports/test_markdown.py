"""Markdown, read by a CommonMark parser with GitHub's tables."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from tests.render.samples import TRACES, recorded, told

from pullscope.render.exports.markdown import markdown

ALLOWED = re.compile(r"<details><summary>\d+ steps</summary>\n?|</details>\n?|<!-- -->")


def tokens(text: str) -> list[Token]:
    """Every token of a document, those within lines too."""
    blocks = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    return [one for block in blocks for one in (block, *(block.children or ()))]


@pytest.mark.parametrize("trace", TRACES)
def test_wire_strings_are_text(trace: str) -> None:
    """No link, no picture, no HTML but our own comes of any trace, however its names are chosen."""
    found = tokens(markdown(told(TRACES[trace]())))

    assert [one.content for one in found if one.type.startswith("html") and not ALLOWED.fullmatch(one.content)] == []
    assert {one.type for one in found} & {"link_open", "image"} == set()


def test_no_user_is_mentioned() -> None:
    """A name with @ or # outside of code is broken up, for code hosts look for these after Markdown."""
    text = [one.content for one in tokens(markdown(told(TRACES["hostile"]()))) if one.type == "text"]

    assert [one for one in text if re.search(r"@\w|(?<!\d)#\d", one)] == []


def test_tables_keep_their_columns() -> None:
    """A pipe in a name does not make a column."""
    rows = [row for row in markdown(told(TRACES["hostile"]())).splitlines() if re.match(r"\| \d+ \|", row)]

    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}


def test_findings_come_before_steps() -> None:
    """What is wrong is read first; the steps are folded away."""
    text = markdown(told(recorded("skopeo-1.9-vanity-302")))

    assert text.startswith("### ❌ pull `docker.timonback.de/timonback/zephykus:latest`\n")
    assert text.index("authorization-dropped") < text.index("<details>")
    assert "(steps 2, 3)" in text
