"""The page is the tables."""

from __future__ import annotations

import os
from pathlib import Path

from tests.trace.correlation_page import page

from pullscope.trace.candidates import MAY_ASK, VETOES
from pullscope.trace.evidence import WHOSE

PAGE = Path(__file__).parents[2] / "docs" / "how-correlation-works.md"


def test_the_page_is_current() -> None:
    """If a change of the tables is wanted: PULLSCOPE_REWRITE=1 pytest tests/trace/test_correlation_page.py."""
    if os.environ.get("PULLSCOPE_REWRITE"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_row_is_explained() -> None:
    """No row of a table is left without a word on what it looks at."""
    text = page()
    assert all(row.name in text and row.source in text for row in WHOSE)
    assert all((veto.__doc__ or "").strip() for veto in VETOES.values())
    assert all((asks.__doc__ or "").strip() for asks in MAY_ASK.values())
