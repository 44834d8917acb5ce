"""docs/redaction.md says what the code keeps."""

from __future__ import annotations

from pathlib import Path

from tests.oci.redaction_page import document

from pullscope.oci.keep import ANSWER, FIELDS, PARAMETERS

PAGE = Path(__file__).parents[2] / "docs" / "redaction.md"


def test_the_page_is_made_from_the_tables() -> None:
    """To make it anew: `python -c "from tests.oci.test_keep import write; write()"`."""
    assert document(PAGE.read_text()) == PAGE.read_text()


def test_every_name_is_on_the_page() -> None:
    """A mark that was lost would leave a table out."""
    page = PAGE.read_text()
    assert not [name for name in (*PARAMETERS, *FIELDS, *ANSWER) if f"| `{name}` |" not in page]


def write() -> None:
    """Put the tables into the page."""
    PAGE.write_text(document(PAGE.read_text()))
