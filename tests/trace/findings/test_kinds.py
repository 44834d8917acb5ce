"""Each conversation that is rebuilt from a public report is named right, and in words that help."""

from __future__ import annotations

import pytest
from tests.trace.findings.first_contact import REPORTS
from tests.trace.findings.first_contact_writes import WRITES
from tests.trace.findings.in_front import IN_FRONT
from tests.trace.findings.kinds import KINDS
from tests.trace.wire import Wire, played

from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.model import Ending

EVERY = KINDS | REPORTS | IN_FRONT | WRITES


def findings_of_kind(name: str) -> list[Finding]:
    """Everything that is found in a conversation."""
    kind = EVERY[name]
    wire = Wire(agent=kind.agent)
    kind.play(wire)
    return [finding for pull in played(wire).pulls for finding in pull.findings]


@pytest.mark.parametrize("name", EVERY)
def test_a_report_is_named_right(name: str) -> None:
    """Its errors and warnings, no others; what must be said, and nothing that would lead astray."""
    kind, findings = EVERY[name], findings_of_kind(name)
    loud = {one.code: str(one.severity) for one in findings if one.severity is not Severity.INFO}
    assert loud == kind.finds
    assert set(kind.infos) <= {one.code for one in findings}
    told = " ".join(f"{one.message} {one.fix}" for one in findings if one.severity is not Severity.INFO)
    assert [words for words in kind.says if words not in told] == [], told
    assert [words for words in kind.never if words in told] == [], told


@pytest.mark.parametrize("name", EVERY)
def test_an_operation_with_an_error_has_not_succeeded(name: str) -> None:
    """What is told as complete has no error, what is told as failed has one."""
    kind = EVERY[name]
    wire = Wire(agent=kind.agent)
    kind.play(wire)
    for pull in played(wire).pulls:
        errors = any(one.severity is Severity.ERROR for one in pull.findings)
        assert errors == (pull.outcome is not Ending.COMPLETE)
