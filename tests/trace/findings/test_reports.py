"""Each conversation that is rebuilt from a public report is named right, and in words that help."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from tests.share import EVERY, share
from tests.trace.findings.reports import FOLDER, REPORTS, read
from tests.trace.wire import played

from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.model import Ending, Pull


@cache
def pulls_of_report(name: str) -> Sequence[Pull]:
    """Its operations, told once for all tests of it."""
    return played(REPORTS[name].play()).pulls


def findings_of_report(name: str) -> list[Finding]:
    """Everything that is found in a conversation."""
    return [finding for pull in pulls_of_report(name) for finding in pull.findings]


@pytest.mark.parametrize("name", share(REPORTS))
def test_a_report_is_named_right(name: str) -> None:
    """Its errors and warnings, no others; in these and its infos the words that must be there, and none that mislead."""
    report, findings = REPORTS[name], findings_of_report(name)
    loud = {one.code: str(one.severity) for one in findings if one.severity is not Severity.INFO}
    assert loud == report.finds
    assert set(report.infos) <= {one.code for one in findings}
    told = " ".join(f"{one.message} {one.fix}" for one in findings if one.code in {*loud, *report.infos})
    assert [words for words in report.says if words not in told] == [], told
    assert [words for words in report.never if words in told] == [], told


def test_an_operation_with_an_error_has_not_succeeded() -> None:
    """What is told as complete has no error, what is told as failed has one; of the rest it may be that no cause was seen."""
    wrong = []
    for name in share(REPORTS):
        for pull in pulls_of_report(name):
            errors = any(one.severity is Severity.ERROR for one in pull.findings)
            if errors == (pull.outcome is Ending.COMPLETE) and pull.outcome is not Ending.INCOMPLETE:
                wrong.append(f"{name}: {pull.outcome}")
    assert wrong == []


def test_what_a_client_did_is_told_as_so_many_operations() -> None:
    """One for each thing that it did, with the right word, and how it ended."""
    expected = {name: report.told for name, report in REPORTS.items() if report.told}
    assert {name: [*map(_in_a_word, pulls_of_report(name))] for name in expected} == expected


def _in_a_word(pull: Pull) -> str:
    return f"{pull.action} {pull.reference or pull.registry} {pull.outcome}"


def test_a_fix_can_be_pasted(tmp_path: Path) -> None:
    """Whatever the names in a recording are: of those that a shell would run, a fix has nothing that it would."""
    hostile = {"team/app": "team/$(id)x", "team%2Fapp": "team%2F%24%28id%29x"}
    for file in FOLDER.glob("*.txt"):
        text = file.read_text(encoding="utf-8")
        for name, instead in hostile.items():
            text = text.replace(name, instead)
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    fixes = [
        one.fix
        for report in share(read(tmp_path).values())
        for pull in played(report.play()).pulls
        for one in pull.findings
    ]
    assert sum("team/__id_x" in fix for fix in fixes) > 100 // EVERY
    assert [fix for fix in fixes if "$(id)" in fix] == []
