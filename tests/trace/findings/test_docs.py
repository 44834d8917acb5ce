"""docs/findings.md holds every code, with the sentence that is really printed and what plays it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.worlds.hub.test_faults import findings_of

from pullscope.trace.findings.access import refusal
from pullscope.trace.findings.finding import DOCS
from pullscope.trace.findings.table import FOLLOWS, RULES, SOFTENED
from pullscope.worlds.hub.faults.table import FAULTS

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / DOCS).read_text(encoding="utf-8")
OF_NOBODY = {"ca-not-trusted", "proxy-ca-not-trusted"}
RULE_FILES = {"open-to-all-repositories", "redirect-unsupported-status", "rule-unreachable", "rule-unsupported"}
SECTIONS = {part.partition("\n")[0].strip(): part.partition("\n")[2] for part in re.split(r"(?m)^### ", TEXT)[1:]}


def quoted(code: str) -> str:
    """What a section quotes, in one line."""
    lines = [line.removeprefix(">").strip() for line in SECTIONS[code].splitlines() if line.startswith(">")]
    return " ".join(" ".join(lines).split())


def test_every_code_has_a_row_and_a_section() -> None:
    """A link from a report leads to its section, and the table has nothing else."""
    rows = re.findall(r"(?m)^\| \[`([a-z0-9-]+)`\]\(#\1\) \|", TEXT)
    assert set(rows) == set(SECTIONS) == RULES.keys() | OF_NOBODY | RULE_FILES
    assert len(rows) == len(set(rows))


@pytest.mark.parametrize("code", sorted(RULES.keys() | OF_NOBODY | RULE_FILES))
def test_every_section_says_how_it_is_known(code: str) -> None:
    """Beside what it quotes, a section has a sentence of its own."""
    own = [line for line in SECTIONS[code].splitlines() if line and not line.startswith((">", "|", "#"))]
    assert len(" ".join(own)) > 30


@pytest.mark.parametrize("code", FAULTS)
def test_the_sentence_in_the_docs_is_the_one_that_is_printed(code: str) -> None:
    """The fault is played, and the finding's words are those of its section."""
    finding = next(one for one in findings_of(code)[1] if one.code == code)
    assert quoted(code) == " ".join(f"{finding.message} fix: {finding.fix}".split())


@pytest.mark.parametrize(
    ("code", "host"), [("ca-not-trusted", "registry-1.docker.io"), ("proxy-ca-not-trusted", "127.0.0.1")]
)
def test_the_sentence_on_certificates_is_the_one_that_is_printed(code: str, host: str) -> None:
    """The same for what belongs to no pull."""
    finding = refusal(host, "unknown ca")
    assert finding is not None
    assert finding.code == code
    assert quoted(code) == " ".join(f"{finding.message} fix: {finding.fix}".split())


def test_every_fault_is_named_where_it_can_be_played() -> None:
    """The last column of the table."""
    for code in FAULTS:
        row = next(line for line in TEXT.splitlines() if line.startswith(f"| [`{code}`]"))
        assert f"={code}`" in row or f"--fault {code}`" in row


def test_the_tables_speak_of_codes_that_exist() -> None:
    """What follows from what is written in codes that rules have."""
    for table in (FOLLOWS, SOFTENED):
        for cause, consequences in table.items():
            assert {cause, *consequences} <= RULES.keys()
            assert cause not in consequences
