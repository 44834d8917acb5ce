"""docs/findings.md is made from the rows: every code, with the sentence that is really printed and what plays it.

To make it anew after a wanted change: `PULLSCOPE_REWRITE=1 pytest tests/trace/findings/test_docs.py`, then read the diff.
No example is made up by a test: each is a fault, a recording of a real client, a public report or a rule file.
"""

from __future__ import annotations

import os
import re

import pytest
from tests.trace.findings.docs_page import ROOT, own_words, page, played, recorded, shown

from pullscope.trace.findings.finding import DOCS, Severity
from pullscope.trace.findings.table import LAST_RESORTS, LOOKS, ORDER, ROWS

REWRITE = "PULLSCOPE_REWRITE"
every_row = pytest.mark.parametrize("code", ROWS)


def test_the_page_is_current() -> None:
    """The page is what the rows make of it."""
    file = ROOT / DOCS
    if os.environ.get(REWRITE):
        file.write_text(page(), encoding="utf-8")
    assert file.read_text(encoding="utf-8") == page(), f"if this is wanted: {REWRITE}=1 pytest, and read the diff"


@every_row
def test_what_plays_a_code_shows_it(code: str) -> None:
    """The code is found, with one of its severities, and no other error beside one of its own."""
    row = ROWS[code]
    assert str(shown(row).severity) in row.severities.split(", ")
    errors = [finding.code for finding in played(row) if finding.severity is Severity.ERROR]
    assert set(errors) <= {code}


@every_row
def test_every_row_says_how_it_is_known(code: str) -> None:
    """Beside the table's columns, a row has sentences of its own."""
    row = ROWS[code]
    assert all((row.shows, row.suffers, row.remedy))
    assert len(own_words(row)) > 30


def test_every_place_in_the_order_is_a_code() -> None:
    """Each once, and of a rule that is asked."""
    words = re.sub(r"#.*", "", ORDER).split()
    assert len(set(words)) == len(words)
    assert set(words) <= LOOKS.keys()


@every_row
def test_what_follows_from_a_code_is_a_code(code: str) -> None:
    """What follows from what is written in codes that rules have, and nothing follows from itself."""
    row = ROWS[code]
    consequences = {*row.explains.split(), *row.softens.split()}
    assert consequences <= LOOKS.keys() | LAST_RESORTS.keys()
    assert code not in consequences
    assert [other for other in row.explains.split() if code in ROWS[other].explains.split()] == [], (
        "of two that explain each other none is told"
    )


@pytest.mark.parametrize(
    ("recording", "code"),
    [
        ("dockerd-20.10-push-vanity-302", "push-over-redirect"),
        ("skopeo-1.9-plain-http", "plain-http-fallback"),
        ("skopeo-1.9-unseen-token", "token-request-elsewhere"),
    ],
)
def test_a_real_client_shows_what_the_modelled_one_does(recording: str, code: str) -> None:
    """The finding of the fault, and no other, where a real client met it or what causes it."""
    assert [finding.code for finding in recorded(f"recordings/{recording}.jsonl")] == [code]


@every_row
def test_a_message_has_two_sentences_at_most(code: str) -> None:
    """What is longer is not read; what an answer says of itself does not count."""
    row = ROWS[code]
    if row.rules is None:
        own = re.sub(r'"[^"]*"', '""', shown(row).message)
        assert len(re.findall(r"[a-z0-9)\"]\.(?: |$)", own)) <= 2, own
