"""Findings as workflow commands, which GitHub Actions shows as annotations of the run.

Escaping is that of actions/toolkit, packages/core/src/command.ts: what is left of a wire string can begin no command.
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.render.names import in_words
from pullscope.render.plain import plain
from pullscope.render.report_input import Told
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.model import Pull

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github(told: Told) -> str:
    """A line a finding, as GitHub reads them."""
    return "".join(f"{line}\n" for line in _lines(told))


def _lines(told: Told) -> Iterator[str]:
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
