"""The table of rules: a rule that is not asked because its fact is missing would have found nothing.

The same is checked at every look of this folder's other tests (`asked`), any traffic among them.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from tests.test_recordings import RECORDINGS, events_of, trace_of
from tests.trace.findings import asked
from tests.trace.findings.asked import every_rule_asked
from tests.trace.findings.exchanges import played as played_against
from tests.trace.findings.test_any_traffic import URLS
from tests.trace.images import Image, get_manifest
from tests.trace.wire import Wire, challenge_for, played
from tests.worlds.hub.test_faults import findings_of as findings_of_fault

from pullscope.oci.reference import Reference
from pullscope.trace.findings import table
from pullscope.trace.findings.case import Case
from pullscope.trace.findings.facts import Fact, facts_of
from pullscope.trace.findings.finding import Finding
from pullscope.trace.findings.table import ROWS
from pullscope.worlds.clients.client_catalog import CLIENTS
from pullscope.worlds.hub.faults.table import FAULTS
from pullscope.worlds.hub.sample import SAMPLE_REFERENCE, redirect_only, sample_hub


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_no_recording_loses_a_finding(recording: Path) -> None:
    """All rules find in real traffic what those find that are asked."""
    with every_rule_asked() as looks:
        pulls = trace_of(events_of(recording)).pulls
    assert len(looks) >= len(pulls)


@pytest.mark.parametrize("code", sorted(FAULTS.keys() - table.LAST_RESORTS.keys()))
def test_no_fault_loses_a_finding(code: str) -> None:
    """Each rule finds something in its fault, and is asked there."""
    with every_rule_asked() as looks:
        findings_of_fault(code)
    assert any(code in found for found in looks)


@pytest.mark.parametrize("client", CLIENTS)
def test_no_client_loses_a_finding(client: str) -> None:
    """Modelled clients that meet a vanity host without other faults."""
    reference = Reference.parse(f"docker.example.com/{SAMPLE_REFERENCE}")
    with every_rule_asked() as looks:
        played_against(
            CLIENTS[client](reference),
            lambda clock: {**sample_hub(clock=clock), "docker.example.com": redirect_only()},
        )
    assert looks


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("status", [200, 401, 404, 500])
def test_no_redirect_loses_a_finding(method: str, status: int) -> None:
    """From any address to any other: what a step set out for is not what it met."""
    with every_rule_asked() as looks:
        for here, there in product(URLS, URLS):
            wire = Wire()
            wire.ask(method, here, 307, location=there, answer={"Content-Type": "text/html"})
            wire.ask(method, there, status, referer=here, challenge=challenge_for(None) if status == 401 else None)
            played(wire)
    assert any(looks)


def test_a_finding_without_its_fact_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check above sees a need that is too narrow."""
    code = "redirect-permanent"
    monkeypatch.setattr(asked, "ROWS", {**ROWS, code: replace(ROWS[code], needs=Fact.CLEAR)})
    with every_rule_asked(), pytest.raises(AssertionError, match=code):
        findings_of_fault(code)


def test_every_fact_is_needed() -> None:
    """A fact that no rule needs is looked for in vain."""
    assert {row.needs for row in ROWS.values() if row.needs is not None} == set(Fact)


def test_a_manifest_by_digest_is_looked_at_in_passing() -> None:
    """It has one of the facts, so few rules are asked."""
    wire = Wire()
    get_manifest(wire, Image(), Image().manifest())
    (pull,) = played(wire).pulls
    facts = facts_of(Case(pull=pull, outcome=pull.outcome))
    assert facts == {Fact.INDEX_OR_IMAGE}
    assert len(table._looks_for(facts)) <= 10


def test_a_rule_that_raises_is_skipped_and_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The other rules find what they find; the error's own words, which may quote the wire, stay out of the log."""

    def broken(_: Case) -> Finding | None:
        raise RuntimeError("s3cret")

    wire = Wire()
    for _ in range(2):
        wire.ask(
            "GET", "https://r.example/v2/app/manifests/latest", 404, body='{"errors":[{"code":"MANIFEST_UNKNOWN"}]}'
        )
        wire.wait(60)
    told = [finding.code for pull in played(wire).pulls for finding in pull.findings]
    monkeypatch.setattr("pullscope.trace.findings.watching.findings_of", table.findings_of)
    monkeypatch.setattr(table, "_looks_for", lambda _: tuple({**table.LOOKS, "redirect-loop": broken}.items()))
    assert [finding.code for pull in played(wire).pulls for finding in pull.findings] == told
    assert [record.getMessage() for record in caplog.records] == [
        "note: the rule redirect-loop was skipped (RuntimeError); the rest was told. Please report it."
    ]
