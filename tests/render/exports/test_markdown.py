"""Markdown, read by a CommonMark parser with GitHub's tables."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from tests.render.samples import TRACES, recorded, told

from pullscope.render.exports.markdown import MOST, diagrams, markdown, mermaid

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


SAFE = r"(?:[A-Za-z0-9 ,._/+*-]|#\d+;)+"
GRAMMAR = re.compile(
    rf"sequenceDiagram|    participant (?:c|h\d+) as (?:[a-z+]+<br/>)?{SAFE}|    Note over c: {SAFE}"
    rf"|    c->>h\d+: {SAFE}|    h\d+(?:-->>|--x)c: {SAFE}"
)
PARSE = """
import mermaid from 'mermaid';
const texts = JSON.parse(await new Response(process.stdin).text());
for (const text of texts) await mermaid.parse(text);
console.log(texts.length);
"""


@pytest.mark.parametrize("trace", TRACES)
def test_lines_are_those_of_the_grammar(trace: str) -> None:
    """Every line has one of five shapes, and what came from the wire is plain characters and entity codes."""
    for pull in TRACES[trace]().pulls:
        for diagram in diagrams(pull):
            for line in diagram.splitlines():
                assert GRAMMAR.fullmatch(line), line


@pytest.mark.parametrize("trace", TRACES)
def test_each_is_short_enough_for_gitlab(trace: str) -> None:
    """No diagram is longer than what code hosts draw; a long pull is several."""
    assert all(len(diagram) <= MOST for pull in TRACES[trace]().pulls for diagram in diagrams(pull))


def test_every_hop_is_drawn_once() -> None:
    """However it is split, there is an arrow there and an arrow back for each hop."""
    about = told(TRACES["dockerd-29.7-containerd-vanity-302"]())

    assert mermaid(about).count("c->>h") == len(about.pulls[0].hops)


@pytest.mark.skipif(not os.environ.get("PULLSCOPE_NODE"), reason="needs node and mermaid: see above")
def test_mermaid_itself_reads_them() -> None:
    """The real parser takes every diagram of every trace."""
    node = shutil.which("node")
    assert node
    folder = Path(os.environ["PULLSCOPE_NODE"])
    script = folder / f"parse-{os.getpid()}.mjs"
    texts = [diagram for trace in TRACES.values() for pull in trace().pulls for diagram in diagrams(pull)]
    script.write_text(PARSE)
    try:
        done = subprocess.run(
            [node, str(script)], input=json.dumps(texts), capture_output=True, text=True, check=False, cwd=folder
        )
    finally:
        script.unlink()
    assert done.stdout.strip() == str(len(texts)), done.stderr
