"""Findings in the forms that CI servers read: SARIF, JUnit XML, GitHub's annotations. A name that they follow from run to run
holds no number.

SARIF 2.1.0 (OASIS): a finding is a result, its code is the rule. GitHub's code scanning wants a file and a line of each
result: the file is the recording, for there is no source to point into, and what the finding is about is the logical location.
The fingerprint is made of the code, the client and what was done, so that the same trouble in tomorrow's run is the same alert.

JUnit as Jenkins' xunit plugin describes it (junit-10.xsd): an operation is a test case, its errors are the failure; the class
is the client, the name what was done. What was found besides errors goes into `system-out`.

Workflow commands are escaped as in actions/toolkit, packages/core/src/command.ts: what is left of a wire string begins none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from pullscope import __version__
from pullscope.oci.plain import plain
from pullscope.render.closing_line import verdict
from pullscope.render.formats import Told
from pullscope.render.names import client_line, in_words, reference_line, verb
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.table import ROWS
from pullscope.trace.model import Pull
from pullscope.trace.unseen_hosts import went_wrong

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif(told: Told) -> dict[str, Any]:
    found = [(None, finding) for finding in told.findings]
    every = [*found, *((pull, finding) for pull in told.pulls for finding in pull.findings)]
    codes = list(dict.fromkeys(finding.code for _, finding in every))
    driver = {"name": "pullscope", "version": __version__, "rules": [_rule(code) for code in codes]}
    # A path says more of its owner than a report should, unless it begins where the command was run.
    source = told.source.rpartition("/")[2] if told.source.startswith(("/", "..")) else told.source
    results = [_result(pull, finding, codes.index(finding.code), quote(source)) for pull, finding in every]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _rule(code: str) -> dict[str, Any]:
    row = ROWS.get(code)
    if row is None:
        return {"id": code}
    return {"id": code, "shortDescription": {"text": f"{row.shows}."}, "help": {"text": f"Fix: {row.remedy}."}}


def _result(pull: Pull | None, finding: Finding, index: int, uri: str) -> dict[str, Any]:
    place: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}}
    about = ""
    if pull is not None:
        about = f"{verb(pull)} {reference_line(pull)}"
        steps = [f"{about}, step {number}" for number in finding.steps] or [about]
        place["logicalLocations"] = [{"fullyQualifiedName": plain(name, 500)} for name in steps]
    same = "\n".join((finding.code, client_line(pull) if pull else "", about))
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": f"{plain(finding.message, 1200)} Fix: {plain(finding.fix, 1200)}"},
        "locations": [place],
        "partialFingerprints": {"pullscope/v1": hashlib.sha256(same.encode("utf-8", "replace")).hexdigest()},
    }


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
        failed.append(_put_findings(case, told.findings))
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
    return _put_findings(case, pull.findings, cut_off)


def _put_findings(case: ET.Element, findings: Sequence[Finding], besides: Sequence[tuple[str, str]] = ()) -> bool:
    """Put them into a case; whether it failed. `besides` says of what kind, and how, where no finding does."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    kinds = [(finding.code, plain(finding.message, 1200)) for finding in errors] or besides
    if kinds:
        failure = ET.SubElement(case, "failure", type=kinds[0][0], message=kinds[0][1])
        failure.text = _told(errors) or kinds[0][1]
    if rest := [finding for finding in findings if finding not in errors]:
        ET.SubElement(case, "system-out").text = _told(rest)
    return bool(kinds)


def _told(findings: Iterable[Finding]) -> str:
    return "\n".join(
        f"{finding.severity} {finding.code}: {plain(finding.message, 1200)}\nfix: {plain(finding.fix, 1200)}"
        for finding in findings
    )


COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github(told: Told) -> str:
    """A line a finding, as GitHub reads them."""
    return "".join(f"{line}\n" for line in _commands(told))


def _commands(told: Told) -> Iterator[str]:
    for finding in told.findings:
        yield _command(finding, None)
    for pull in told.pulls:
        for finding in pull.findings:
            yield _command(finding, pull)


def _command(finding: Finding, pull: Pull | None) -> str:
    title = f"{finding.code}: {in_words(pull)}" if pull else finding.code
    text = f"{plain(finding.message, 1200)}\nFix: {plain(finding.fix, 1200)}"
    return f"::{COMMANDS[finding.severity]} title={_value(title)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
