"""JUnit, SARIF and GitHub's annotations: as those that read them say, and nothing in them is obeyed."""

from __future__ import annotations

import json
from copy import copy
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from tests.render.samples import TRACES, recorded, told

from pullscope.render.exports.ci import github, junit, sarif
from pullscope.render.formats import Told
from pullscope.trace.model import Ending

SCHEMA = json.loads((Path(__file__).parents[2] / "data" / "sarif-2.1.0.schema.json").read_text())
"""The standard's own, as @microsoft/sarif-multitool 5.7.0 has it; that tool's `validate` finds nothing either."""

CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "system-out"},
    "failure": set[str](),
    "system-out": set[str](),
}
ATTRIBUTES = {
    "testsuites": {"tests", "failures"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "system-out": set[str](),
}
"""What of Jenkins' junit-10.xsd is used."""


@pytest.mark.parametrize("trace", TRACES)
def test_sarif_is_valid(trace: str) -> None:
    """Every trace gives a log that the schema takes, and each result points at its rule."""
    log = json.loads(json.dumps(sarif(told(TRACES[trace]()))))
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(log)
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [one["ruleId"] for one in run["results"]]
    assert len({rule["id"] for rule in rules}) == len(rules)


def test_sarif_says_the_same_of_the_same_trouble() -> None:
    """The fingerprint is that of the code, the client and what was done; another client's is another."""
    skopeo, crane = (sarif(told(recorded(name))) for name in ("skopeo-1.9-vanity-302", "dockerd-20.10-missing-tag"))
    prints = [
        result["partialFingerprints"]["pullscope/v1"] for log in (skopeo, crane) for result in log["runs"][0]["results"]
    ]
    assert len(set(prints)) == len(prints)
    assert sarif(told(recorded("skopeo-1.9-vanity-302"), source="other.mitm"))["runs"][0]["results"][0][
        "partialFingerprints"
    ] == {"pullscope/v1": prints[0]}


def test_a_path_of_this_machine_is_not_in_sarif() -> None:
    """An absolute path names its owner; one below the checkout is what code scanning wants."""
    for source, uri in (("/home/me/pull.jsonl", "pull.jsonl"), ("out/a b.jsonl", "out/a%20b.jsonl")):
        result = sarif(told(recorded("skopeo-1.9-vanity-302"), source=source))["runs"][0]["results"][0]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


@pytest.mark.parametrize("trace", TRACES)
def test_junit_is_as_its_readers_know_it(trace: str) -> None:
    """Only the elements and attributes that they have, and the numbers are those of what follows."""
    top = ET.fromstring(junit(told(TRACES[trace]())))  # noqa: S314 - our own text
    for element in top.iter():
        assert {child.tag for child in element} <= CHILDREN[element.tag]
        assert set(element.attrib) <= ATTRIBUTES[element.tag]
    cases = list(top.iter("testcase"))
    failures = list(top.iter("failure"))
    for element in (top, top[0]):
        assert (element.get("tests"), element.get("failures")) == (str(len(cases)), str(len(failures)))


def test_junit_fails_what_failed() -> None:
    """The case of a pull that failed has the error as its failure, and what is not an error below; a complete one has none."""
    failed = ET.fromstring(junit(told(recorded("skopeo-1.9-vanity-302"))))  # noqa: S314
    [failure] = failed.iter("failure")
    assert failure.get("type") == "authorization-dropped"
    assert "fix: let docker.timonback.de proxy" in str(failure.text)
    [rest] = failed.iter("system-out")
    assert str(rest.text).startswith("info authorization-leaked")
    whole = ET.fromstring(junit(told(recorded("dockerd-20.10-hub"))))  # noqa: S314
    assert not list(whole.iter("failure"))


def test_a_pull_that_was_cut_off_is_no_success() -> None:
    """Also where no finding is an error: its outcome is the failure."""
    endings = ET.fromstring(junit(told(TRACES["every-ending"]())))  # noqa: S314
    bad = [pull for pull in TRACES["every-ending"]().pulls if pull.outcome != "complete"]
    assert len(list(endings.iter("failure"))) == len(bad)
    pull = copy(recorded("dockerd-20.10-hub").pulls[0])
    pull.outcome = Ending.INCOMPLETE
    [failure] = ET.fromstring(junit(Told(source="x", pulls=[pull]))).iter("failure")  # noqa: S314
    assert failure.get("type") == "incomplete"


@pytest.mark.parametrize("trace", TRACES)
def test_an_annotation_is_one_line(trace: str) -> None:
    """A command begins each line, and nothing from the wire can begin another or end its title."""
    pulls = TRACES[trace]().pulls
    lines = github(told(TRACES[trace]())).split("\n")[:-1]
    assert len(lines) == sum(len(pull.findings) for pull in pulls) + len(TRACES[trace]().findings)
    for line in lines:
        command, _, rest = line.removeprefix("::").partition(" title=")
        assert command in ("error", "warning", "notice")
        title, found, text = rest.partition("::")
        assert found
        assert text
        assert not set(title) & set(":,\r")


def test_what_an_annotation_says() -> None:
    """Severity, code, whose, and the fix on a line of its own."""
    first = github(told(recorded("skopeo-1.9-vanity-302"))).split("\n")[0]
    assert first.startswith(
        "::error title=authorization-dropped%3A pull 1 docker.timonback.de/timonback/zephykus%3Alatest::"
    )
    assert "%0AFix: let docker.timonback.de proxy" in first
