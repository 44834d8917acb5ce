"""SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format): a finding is a result, its code is the rule.

GitHub's code scanning wants a file and a line of each result: the file is the recording, for there is no source to point
into, and what the finding is about is the logical location. The fingerprint is made of the code, the client and what was
done, so that the same trouble in tomorrow's run is the same alert.
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from pullscope import __version__
from pullscope.render.names import client_line, reference_line, verb
from pullscope.render.plain import plain
from pullscope.render.report_input import Told
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.table import ROWS
from pullscope.trace.model import Pull

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
