"""Mermaid: read by a check of the few lines that are written, and by Mermaid itself where node has it.

For the latter: `npm install mermaid` somewhere, and PULLSCOPE_NODE=that folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.render.samples import TRACES, told

from pullscope.render.exports.mermaid import MOST, diagrams, mermaid

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
