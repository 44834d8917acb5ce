"""docs/findings.md, made from the rows of the codes and from what is printed where each of them is played."""

from __future__ import annotations

import textwrap
from pathlib import Path

from tests.trace.findings.reports import REPORTS
from tests.trace.findings.test_reports import findings_of_report
from tests.worlds.hub.test_faults import findings_of

from pullscope.mitm.flow_file import FlowFile
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.row import Row
from pullscope.trace.findings.table import SECTIONS
from pullscope.trace.recording import Reader
from pullscope.trace.trace import Trace
from pullscope.worlds.hub.faults.table import FAULTS
from pullscope.worlds.vanity.lint import lint
from pullscope.worlds.vanity.reading import parse_rules

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"
WIDTH = 120

BEGINNING = """\
# Findings

A finding says what is wrong, why, and what to do. It is decided by a rule over everything that was seen of an
operation (a pull, a push, a login), never by an error message alone. A healthy operation has no error and no warning;
one that failed has at least one error.

- **error**: this made the operation fail. **warning**: risk or waste. **info**: what only another client would
  notice, and what explains.
- The same code can be an error in one operation and a warning in another. One cause is one error: what follows from
  it is not told beside it.
- A finding quotes the answer's own words (JSON errors and `details`, XML, plain text, the title of a page) and names
  what answered where its headers do (Server, Via, cf-ray). Steps that something later made good are not errors: a
  mirror that misses, HEAD before a push.
- In the story a finding appears after the step at which it became certain, and at the end of the operation; info is
  left out where there is an error, unless `-v` is given. `report --json` has all of them. `report --fail-on error`
  (or `warning`) ends with exit code 3.
- The codes are an interface: they keep their meaning, and more may be added.

`pullscope demo --fault CODE` plays a fault through a real proxy with a modelled client, and `mitmdump -s
addons/sample_registry.py --set pullscope_faults=CODE` plays it to a real one. Other codes are shown by a recording of
a real client or of a public report (below `tests/data`), and what only a rule file can show by a rule file. Every
sentence below is the one that is printed when that is played.

This page is made from the rows beside the rules (`src/pullscope/trace/findings`); [CONTRIBUTING](../CONTRIBUTING.md)
says how.
"""
INTRODUCED = {
    "In rule files only": """\
Each rule file is a `_redirects` of docker.example.com, the last one for Cloudflare and the others for Netlify:
`pullscope vanity lint` finds what stands below it, and nothing else that is an error or a warning.
"""
}
END = """\
## Never a finding

The first 401 of a pull, and one more for each authorizer of dockerd 29 and containerd (two or three in a pull). A
token request with another User-Agent. No `/v2/` from clients based on containerd. A 404 from `/referrers/` and then
from the fallback tag. HEAD, then GET of the same digest. A token that is renewed when the old one is over. A missing
tag or blob that a push asks for first. A token request by POST that is answered 405 and repeated by GET. Signatures,
attestations and SBOMs that are not there. A spare TLS connection that a client drops.
"""


def page() -> str:
    """The whole page."""
    parts = [BEGINNING]
    for title, rows in SECTIONS.items():
        parts.append(f"## {title}\n")
        parts.append(
            "| code | severity | what shows it | which clients | fix | what plays it |\n|---|---|---|---|---|---|\n"
            + "".join(_line(row) for row in rows)
        )
        if title in INTRODUCED:
            parts.append(INTRODUCED[title])
        parts.extend(_section(row) for row in rows)
    return "\n".join([*parts, END])


def _line(row: Row) -> str:
    code = row.code
    return f"| [`{code}`](#{code}) | {row.severities} | {row.shows} | {row.suffers} | {row.remedy} | {_plays(row)} |\n"


def _plays(row: Row) -> str:
    if row.code in FAULTS:
        return f"`--fault {row.code}`"
    if row.recording is not None:
        return f"the recording `{Path(row.recording).stem}`"
    if row.code in REPORTS:
        return f"rebuilt from {REPORTS[row.code].source}"
    return "the rule file below"


def _section(row: Row) -> str:
    finding = shown(row)
    quote = "\n>\n".join(
        textwrap.fill(text, WIDTH - 2, initial_indent="> ", subsequent_indent="> ", break_long_words=False)
        for text in (finding.message, f"fix: {finding.fix}")
    )
    if row.rules is None:
        return f"### {row.code}\n\n{quote}\n\n{row.known}\n"
    return f"### {row.code}\n\n{textwrap.indent(rule_file(row), '    ')}\n\n{quote}\n\n{own_words(row)}\n"


def rule_file(row: Row) -> str:
    """The rule file that a row holds."""
    return "\n".join(line.strip() for line in row.known.splitlines() if line.startswith("    "))


def own_words(row: Row) -> str:
    """What a row says of how its code is known."""
    return "\n".join(line for line in row.known.splitlines() if not line.startswith("    ")).strip()


def shown(row: Row) -> Finding:
    """The finding, where its row's fault, recording or rule file is played."""
    return next(finding for finding in played(row) if finding.code == row.code)


def played(row: Row) -> list[Finding]:
    """Everything that is found there."""
    if row.recording is not None:
        return recorded(row.recording)
    if row.code in REPORTS:
        return findings_of_report(row.code)
    if row.rules is None:
        return findings_of(row.code)[1]
    problems = lint(parse_rules(rule_file(row), "_redirects", row.rules), "docker.example.com")
    return [
        Finding(code=problem.code, severity=problem.severity, message=problem.message, fix=problem.fix or "")
        for problem in problems
        if problem.severity is not Severity.INFO
    ]


def recorded(name: str) -> list[Finding]:
    """Everything that is found in a recording below tests/data."""
    trace = Trace()
    file = DATA / name
    if file.suffix == ".jsonl":
        reader = Reader(name)
        for event in reader.read(file.read_text(encoding="utf-8").splitlines()):
            trace.feed(event)
        assert reader.problem is None
    else:
        flows = FlowFile(name)
        with file.open("rb") as source:
            for event in flows.events(source):
                trace.feed(event)
        assert flows.problem is None
    trace.finish()
    return [*trace.findings, *(finding for pull in trace.pulls for finding in pull.findings)]
