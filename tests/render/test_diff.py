"""Tests of the comparison of two pulls: whatever the reports say, a person gets short plain lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pullscope.cli.source import read_trace
from pullscope.render.diff import Difference, difference_lines, side_of
from pullscope.render.formats import Told
from pullscope.render.layout import paint
from pullscope.render.report import report_json

EVIL = "\x1b]0;owned\x07" + "a" * 1_000_000
LONGEST = 400


def pull(said: Any, *, outcome: str = "complete") -> dict[str, Any]:
    """A pull of a report in which every text is this."""
    return {
        "reference": said,
        "client": {"family": said, "version": said},
        "outcome": outcome,
        "digest": said,
        "platform": said,
        "steps": [{"kind": said, "digest": said, "outcome": "ok", "hops": [{"location": said}]}],
        "bytes": 10**4_000,
        "seconds": 1.0,
        "hosts": [{"host": said, "requests": 10**4_000, "bytes": 10**4_000}],
        "findings": [{"code": f"{said[:2_000]}{number}"} for number in range(1_000)],
    }


@pytest.mark.parametrize("other", [pull(EVIL), pull("b"), pull(EVIL, outcome=EVIL)], ids=["same", "other", "outcome"])
def test_lines_are_short_and_plain(other: dict[str, Any]) -> None:
    """A report of a million escape codes is a report of a few lines."""
    found = Difference(a=side_of(pull(EVIL)), b=side_of(other))
    lines = [
        *(paint(line, color=False) for line in difference_lines(found)),
        *(problem.message for problem in found.problems()),
    ]

    assert all(line.isprintable() for line in lines)
    assert max(map(len, lines)) < 20 * 90
    assert max(len(line) for line in lines if "only" not in line) < 2 * LONGEST


@pytest.mark.parametrize("width", [59, 79, 119])
def test_lines_fit_the_screen(width: int) -> None:
    """Only a digest may be wider, to be copied; where there is room, what was fetched is listed by it."""
    demo = Path(__file__).parents[1] / "data" / "demo"
    a, b = (
        side_of(report_json(Told.of(read_trace(str(demo / f"{name}.jsonl"))[0], name))["pulls"][0])
        for name in ("direct", "vanity")
    )
    lines = [paint(line, color=False) for line in difference_lines(Difference(a=a, b=b), width)]

    assert all(len(line) <= width or "sha256:" in line for line in lines)
    assert any("production.cloudflare.docker.com" in line for line in lines)
    fetched = [line for line in lines if " layer  " in line]
    assert bool(fetched) is (width == 119)
    assert all(line.endswith("  oci layer gzip") for line in fetched)


@pytest.mark.parametrize("seconds", [10**400, "x", [1], {"a": 1}])
def test_a_number_that_is_none_is_refused(seconds: Any) -> None:
    """ValueError is the one thing that is raised."""
    with pytest.raises(ValueError, match="does not have the form of a report"):
        side_of({**pull("a"), "seconds": seconds})
