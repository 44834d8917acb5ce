"""docs/findings.md holds every code, with the sentence that is really printed and what plays it.

Each code is played, and nothing that plays one is made up by a test: a fault, a recording of a real client, a rule file.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.worlds.hub.test_faults import findings_of

from pullscope.trace.findings.finding import DOCS, Finding, Severity
from pullscope.trace.findings.table import FOLLOWS, RULES, SOFTENED
from pullscope.trace.recording import Reader
from pullscope.trace.trace import Trace
from pullscope.worlds.hub.faults.table import FAULTS
from pullscope.worlds.vanity.lint import lint
from pullscope.worlds.vanity.reading import parse_rules
from pullscope.worlds.vanity.rules import Platform

ROOT = Path(__file__).parents[3]
RECORDINGS = ROOT / "tests" / "data" / "recordings"
TEXT = (ROOT / DOCS).read_text(encoding="utf-8")
RECORDED = {"ca-not-trusted": "dockerd-20.10-untrusted-ca", "proxy-ca-not-trusted": "dockerd-20.10-https-proxy"}
"""What belongs to no pull: which recording shows it, and nothing else."""
RULE_FILES = {
    "open-to-all-repositories": Platform.NETLIFY,
    "redirect-unsupported-status": Platform.NETLIFY,
    "rule-unreachable": Platform.NETLIFY,
    "rule-unsupported": Platform.NETLIFY,
    "rule-invalid": Platform.CLOUDFLARE,
}
"""What only a rule file shows: the one that its section holds."""
CATALOGUE = sorted(RULES.keys() | RECORDED.keys() | RULE_FILES.keys())
SECTIONS = {part.partition("\n")[0].strip(): part.partition("\n")[2] for part in re.split(r"(?m)^### ", TEXT)[1:]}


def quoted(code: str) -> str:
    """What a section quotes, in one line."""
    lines = [line.removeprefix(">").strip() for line in SECTIONS[code].splitlines() if line.startswith(">")]
    return " ".join(" ".join(lines).split())


def recorded(name: str) -> list[Finding]:
    """Everything that is found in a recording."""
    reader, trace = Reader(name), Trace()
    text = (RECORDINGS / f"{name}.jsonl").read_text(encoding="utf-8")
    for event in reader.read(text.splitlines()):
        trace.feed(event)
    trace.finish()
    assert reader.problem is None
    return [*trace.findings, *(finding for pull in trace.pulls for finding in pull.findings)]


def test_every_code_has_a_row_and_a_section() -> None:
    """A link from a report leads to its section, and the table has nothing else."""
    rows = re.findall(r"(?m)^\| \[`([a-z0-9-]+)`\]\(#\1\) \|", TEXT)
    assert sorted(rows) == sorted(SECTIONS) == CATALOGUE


def test_every_code_is_played() -> None:
    """By a fault, a recording or a rule file, and by one of them only."""
    assert sorted([*FAULTS, *RECORDED, *RULE_FILES]) == CATALOGUE


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_section_says_how_it_is_known(code: str) -> None:
    """Beside what it quotes, a section has a sentence of its own."""
    own = [line for line in SECTIONS[code].splitlines() if line and not line.startswith((">", "|", "#"))]
    assert len(" ".join(own)) > 30


@pytest.mark.parametrize("code", FAULTS)
def test_the_sentence_in_the_docs_is_the_one_that_is_printed(code: str) -> None:
    """The fault is played, and the finding's words are those of its section."""
    finding = next(one for one in findings_of(code)[1] if one.code == code)
    assert quoted(code) == " ".join(f"{finding.message} fix: {finding.fix}".split())


@pytest.mark.parametrize("code", RECORDED)
def test_a_recording_shows_its_code_and_nothing_else(code: str) -> None:
    """What a real client did gives the one finding, in the words of its section."""
    [finding] = recorded(RECORDED[code])
    assert (finding.code, finding.severity) == (code, Severity.ERROR)
    assert quoted(code) == " ".join(f"{finding.message} fix: {finding.fix}".split())


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
    assert [finding.code for finding in recorded(recording)] == [code]


@pytest.mark.parametrize("code", RULE_FILES)
def test_a_rule_file_shows_its_code_and_nothing_else(code: str) -> None:
    """The rules of a section give its finding, in its words; what else there is are notes."""
    text = "\n".join(line.strip() for line in SECTIONS[code].splitlines() if line.startswith("    "))
    problems = lint(parse_rules(text, "_redirects", RULE_FILES[code]), "docker.example.com")
    [problem] = [problem for problem in problems if problem.severity is not Severity.INFO]
    assert problem.code == code
    assert quoted(code) == " ".join(f"{problem.message} fix: {problem.fix}".split())


def test_the_table_says_what_plays_each_code() -> None:
    """The last column of the table."""
    plays = {code: f"| `--fault {code}` |" for code in FAULTS}
    plays |= {code: f"| the recording `{recording}` |" for code, recording in RECORDED.items()}
    plays |= dict.fromkeys(RULE_FILES, "| the rule file below |")
    for code in CATALOGUE:
        row = next(line for line in TEXT.splitlines() if line.startswith(f"| [`{code}`]"))
        assert row.endswith(plays[code])


def test_the_tables_speak_of_codes_that_exist() -> None:
    """What follows from what is written in codes that rules have."""
    for table in (FOLLOWS, SOFTENED):
        for cause, consequences in table.items():
            assert {cause, *consequences} <= RULES.keys()
            assert cause not in consequences
