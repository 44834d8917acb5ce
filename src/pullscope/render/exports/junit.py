"""JUnit XML as Jenkins' xunit plugin describes it (junit-10.xsd): an operation is a test case, its errors are the failure.

CI servers follow a test by its class and name from run to run, so neither holds a number: the class is the client, the
name what was done. What was found besides errors goes into `system-out`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from pullscope.render.closing_line import verdict
from pullscope.render.names import client_line, reference_line, verb
from pullscope.render.plain import plain
from pullscope.render.report_input import Told
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.model import Pull
from pullscope.trace.unseen_hosts import went_wrong

LOOSE = "findings of no single operation"


def junit(told: Told) -> str:
    seconds = sum(pull.seconds or 0.0 for pull in told.pulls)
    suite = ET.Element("testsuite", name=plain(told.source, 300), time=f"{seconds:.3f}")
    began = min((pull.started for pull in told.pulls if pull.dated), default=None)
    if began is not None:
        suite.set("timestamp", datetime.fromtimestamp(began, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    failed = [_case(suite, pull) for pull in told.pulls]
    if told.findings:
        case = ET.SubElement(suite, "testcase", classname="pullscope", name=LOOSE, time="0.000")
        failed.append(_findings(case, told.findings))
    for name, number in (("tests", len(failed)), ("failures", sum(failed)), ("errors", 0), ("skipped", 0)):
        suite.set(name, str(number))
    top = ET.Element("testsuites", tests=suite.get("tests", ""), failures=suite.get("failures", ""))
    top.append(suite)
    ET.indent(top)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(top, encoding="unicode")}\n'


def _case(suite: ET.Element, pull: Pull) -> bool:
    case = ET.SubElement(
        suite,
        "testcase",
        classname=client_line(pull),
        name=f"{verb(pull)} {reference_line(pull)}",
        time=f"{pull.seconds or 0.0:.3f}",
    )
    cut_off = [(pull.outcome, verdict(pull))] if went_wrong(pull) else []
    return _findings(case, pull.findings, cut_off)


def _findings(case: ET.Element, findings: Sequence[Finding], besides: Sequence[tuple[str, str]] = ()) -> bool:
    """Put them into a case; whether it failed. `besides` says of what kind, and how, where no finding does."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    kinds = [(finding.code, plain(finding.message, 1200)) for finding in errors] or besides
    if kinds:
        failure = ET.SubElement(case, "failure", type=kinds[0][0], message=kinds[0][1])
        failure.text = _lines(errors) or kinds[0][1]
    if rest := [finding for finding in findings if finding not in errors]:
        ET.SubElement(case, "system-out").text = _lines(rest)
    return bool(kinds)


def _lines(findings: Iterable[Finding]) -> str:
    return "\n".join(
        f"{finding.severity} {finding.code}: {plain(finding.message, 1200)}\nfix: {plain(finding.fix, 1200)}"
        for finding in findings
    )
