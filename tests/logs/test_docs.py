"""docs/logs.md is made from the table of forms. To make it anew: `PULLSCOPE_REWRITE=1 pytest tests/logs/test_docs.py`."""

from __future__ import annotations

import os

from tests.logs.docs_page import FILE, page

REWRITE = "PULLSCOPE_REWRITE"


def test_the_page_is_current() -> None:
    """The page is what the table makes of it."""
    if os.environ.get(REWRITE):
        FILE.write_text(page(), encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == page(), f"if this is wanted: {REWRITE}=1 pytest, and read the diff"
