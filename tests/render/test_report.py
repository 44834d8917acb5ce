"""The JSON report holds to its schema, and the schema to the docs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.trace.images import DIALECTS, Image, digest
from tests.trace.wire import CDN, HUB, Wire, challenge_for, played

from pullscope.render.formats import report
from pullscope.trace.events import TlsRefused
from pullscope.trace.model import Kind
from pullscope.trace.trace import Trace

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
DOCS = (ROOT / "docs" / "report-format.md").read_text(encoding="utf-8")
GOLDEN = sorted((ROOT / "tests" / "data" / "recordings").glob("*.json"))
validator = Draft202012Validator(SCHEMA)


def told(trace: Trace) -> dict[str, Any]:
    """The report of a trace, held against the schema."""
    document = json.loads(report(trace, "json", source="test"))
    validator.validate(document)
    assert isinstance(document, dict)
    return document


def test_the_schema_is_one() -> None:
    """The schema itself is valid."""
    Draft202012Validator.check_schema(SCHEMA)
    assert GOLDEN


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda path: path.stem)
def test_golden_reports_fit(golden: Path) -> None:
    """Every golden report holds to the schema, and has no key that it does not know."""
    document = json.loads(golden.read_text(encoding="utf-8"))
    validator.validate(document)
    assert document["pulls"] or document["findings"]  # a client that does not trust the proxy pulls nothing
    for pull in document["pulls"]:
        for name, value in (("pull", pull), ("step", pull["steps"][0]), ("hop", pull["steps"][0]["hops"][0])):
            known = SCHEMA["$defs"][name]
            assert set(known["required"]) <= value.keys() <= known["properties"].keys()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_fits(dialect: str) -> None:
    """Pulls of every client hold to the schema."""
    play, agent = DIALECTS[dialect]
    wire = Wire(agent=agent)
    play(wire, Image())
    (pull,) = told(played(wire))["pulls"]
    assert pull["layers"] == {"total": 2, "fetched": 2, "already_present": 0, "verified": 2}
    assert [step["layer"] for step in pull["steps"] if step["layer"]] == [
        {"number": 1, "of": 2},
        {"number": 2, "of": 2},
    ]


def test_odd_ones_fit() -> None:
    """What is cut off, never ends, has no operation, has no name or was refused holds to the schema too."""
    wire = Wire(agent="")
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=challenge_for(None))
    wire.ask("GET", f"{CDN}/sha256/{digest('x')}", 200, content="x")
    wire.ask("PROPFIND", f"{HUB}/v2/app/blobs/{digest('x')}", None, fails="connection reset", size=3)
    wire.ask("GET", f"{HUB}/v2/app/manifests/latest", ends=False)
    trace = played(wire, finish=False)
    trace.feed(TlsRefused(time=wire.now, client="10.0.0.1", host="auth.docker.io", reason="unknown ca"))
    trace.finish()
    document = told(trace)
    assert len(document["unattributed"]) == 1
    assert document["refusals"][0]["count"] == 1
    assert told(Trace())["pulls"] == []


def test_every_kind_is_in_schema_and_docs() -> None:
    """A new kind of step is written down where people and programs look for it."""
    assert SCHEMA["$defs"]["kind"]["enum"] == [str(kind) for kind in Kind]
    assert [kind for kind in Kind if f"`{kind}`" not in DOCS] == []


def test_every_key_is_in_the_docs() -> None:
    """Each key of the report has a word in report-format.md."""
    keys = {key for part in (SCHEMA, *SCHEMA["$defs"].values()) for key in part.get("properties", {})}
    assert {key for key in keys if f"`{key}`" not in DOCS} == set()
