"""docs/how-a-pull-works.md cannot drift: neither from the table of explanations nor from the demo."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from tests.render.explain.lesson_page import IN_THE_LESSON, how_a_pull_works

from pullscope.cli.explain import demo_pulls
from pullscope.cli.source import read_trace
from pullscope.mitm.demo import run_demo
from pullscope.mitm.watch import Watch
from pullscope.render.explain.glossary import TERMS
from pullscope.trace.model import Pull

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "tests" / "data" / "demo"


def recorded(name: str) -> Pull:
    [pull] = read_trace(str(DEMO / f"{name}.jsonl"))[0].pulls
    return pull


def told(pull: Pull) -> list[tuple[str, str | None, tuple[int | None, ...]]]:
    """What happened, whatever the order in which parallel blobs ended."""
    steps = [(str(step.kind), step.digest, tuple(hop.status for hop in step.hops)) for step in pull.steps]
    return sorted(steps, key=lambda step: (step[0], step[1] or ""))


def test_page_is_made_of_table_and_demo() -> None:
    """To make it anew: `PULLSCOPE_REWRITE=1 pytest tests/render/explain/test_page.py`, then read the diff."""
    file = ROOT / "docs" / "how-a-pull-works.md"
    page = how_a_pull_works(recorded("direct"), recorded("vanity"), demo_pulls())
    if os.environ.get("PULLSCOPE_REWRITE"):
        file.write_text(page, encoding="utf-8")

    assert file.read_text(encoding="utf-8") == page


def test_lines_of_curl_set_the_variables_that_they_use() -> None:
    """The types of Accept stand there once; a shell that runs the blocks in order knows them, and sends what the client sent."""
    page = (ROOT / "docs" / "how-a-pull-works.md").read_text(encoding="utf-8")
    blocks = [block.partition("```")[0] for block in page.split("```sh\n")[2:]]
    [types] = [line for block in blocks for line in re.findall(r'ACCEPT="Accept: ([^"]*)"', block)]
    asked = next(hop for step in recorded("direct").steps for hop in step.hops if hop.route.reference is not None)

    assert types.replace("\\\n", "").split(",") == list(asked.request.headers.get_all("accept"))
    assert next(block for block in blocks if "$ACCEPT" in block).startswith("ACCEPT=")
    assert sum("$ACCEPT" in block for block in blocks) == 2


@pytest.mark.parametrize("word", sorted(IN_THE_LESSON))
def test_a_word_that_the_list_leaves_out_is_in_the_lesson(word: str) -> None:
    """What the list of words does not repeat stands above it, and `explain WORD` has it."""
    lesson, _, words = (ROOT / "docs" / "how-a-pull-works.md").read_text(encoding="utf-8").partition("## Words")

    assert word.lower().removesuffix(" url") in lesson.lower()
    assert f"- **{word}**" not in words
    assert word in TERMS


@pytest.mark.parametrize("name", ["direct", "vanity"])
def test_the_demo_still_does_what_the_page_says(name: str) -> None:
    """A demo run today takes the steps, digests and answers of the one that was recorded."""
    watch = Watch()
    run_demo(client="docker-classic", vanity=name == "vanity", watch_addon=watch)

    assert told(watch.trace.pulls[0]) == told(recorded(name))
