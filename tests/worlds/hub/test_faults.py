"""Every fault causes the finding that it is named after, and no other error; without a fault nothing is found."""

from __future__ import annotations

import pytest
from tests.trace.findings.exchanges import Clock, played
from tests.trace.findings.reports import REPORTS

from pullscope.oci.messages import World
from pullscope.oci.reference import Reference
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.table import ROWS
from pullscope.worlds.clients.bearer import SAMPLE_ACCOUNT
from pullscope.worlds.clients.client_catalog import CLIENTS
from pullscope.worlds.clients.steps import Outcome
from pullscope.worlds.hub.faults.fault import MET_BY, VANITY_HOST
from pullscope.worlds.hub.faults.table import FAULTS
from pullscope.worlds.hub.sample import SAMPLE_REFERENCE, redirect_only, sample_hub
from pullscope.worlds.hub.scenario import play

NO_ERROR = frozenset(
    {
        "head-not-allowed",
        "link-points-elsewhere",
        "plain-http-fallback",
        "query-dropped",
        "range-ignored",
        "rate-limit-low",
        "redirect-downgrade",
        "wrong-content-type",
    }
)
"""Faults that a modelled client survives: the finding is a warning."""

INFO = frozenset(
    {
        "authorization-leaked",
        "host-not-traced",
        "missing-content-digest",
        "redirect-permanent",
        "retried",
        "slow-hop",
        "token-request-elsewhere",
    }
)

BELIEVED = frozenset({"push-over-redirect"})
"""An error of which the client knows nothing: it prints that it has pushed."""


def findings_of(code: str) -> tuple[Outcome, list[Finding]]:
    """How a fault ends for the client that it is meant for, and what is found."""
    fault = FAULTS[code]
    client = MET_BY[fault.client](play(codes=[code]).reference)
    outcome, trace = played(
        client, lambda clock: play(codes=[code], clock=clock, sleep=clock.sleep).world, unseen=fault.unseen
    )
    return outcome, [finding for pull in trace.pulls for finding in pull.findings]


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_causes_its_finding_and_no_other_error(code: str) -> None:
    """The code is found with the severity that the pull's fate demands, it stands on steps, and nothing else is an error."""
    outcome, findings = findings_of(code)
    told = {finding.code: finding for finding in findings}

    assert code in told, [finding.code for finding in findings]
    wanted = Severity.INFO if code in INFO else Severity.WARNING if code in NO_ERROR else Severity.ERROR
    assert told[code].severity is wanted, outcome.message
    assert [one.code for one in findings if one.severity is Severity.ERROR and one.code != code] == []
    assert [one.code for one in findings if one.severity is Severity.WARNING and one.code != code] == []
    assert told[code].steps


@pytest.mark.parametrize("code", sorted(FAULTS.keys() - NO_ERROR - INFO - BELIEVED))
def test_an_error_is_no_invention(code: str) -> None:
    """Where the trace says that a pull failed, the client says so too."""
    outcome, _ = findings_of(code)
    assert not outcome.pulled


@pytest.mark.parametrize("vanity", [False, True], ids=["hub", "vanity"])
@pytest.mark.parametrize("client", CLIENTS)
def test_without_a_fault_nothing_is_found(client: str, vanity: bool) -> None:
    """A pull that the client completes has no error and no warning; one that it does not complete has one error.

    The one exception is an account's token that goes to the vanity host: a risk for every client.
    """

    def world(clock: Clock) -> World:
        return {**sample_hub(clock=clock, accounts=SAMPLE_ACCOUNT), VANITY_HOST: redirect_only()}

    reference = f"{VANITY_HOST}/{SAMPLE_REFERENCE}" if vanity else SAMPLE_REFERENCE
    outcome, trace = played(CLIENTS[client](Reference.parse(reference)), world)
    (pull,) = trace.pulls
    loud = [finding.code for finding in pull.findings if finding.severity is not Severity.INFO]
    if vanity and client.endswith("-login"):
        loud = [code for code in loud if code != "authorization-leaked"]

    assert loud == ([] if outcome.pulled else ["authorization-dropped"]), outcome.message


def test_every_rule_has_a_fault() -> None:
    """Each row has a fault, a recording, a report or a rule file; a fault that no rule finds would teach nothing."""
    other = {code for code, row in ROWS.items() if row.recording or row.rules or code in REPORTS}
    assert ROWS.keys() - other <= FAULTS.keys() <= ROWS.keys()
    assert all(code == fault.code for code, fault in FAULTS.items())


def test_an_unknown_fault_is_refused_with_the_list() -> None:
    """A misspelt fault must not play a healthy registry."""
    with pytest.raises(ValueError, match=r"There is no fault 'rate-limit'.*rate-limited"):
        play(codes=["rate-limit"])


def test_the_hub_gets_a_vanity_host_only_where_a_fault_needs_one() -> None:
    """A fault of the registry leaves docker.example.com alone."""
    assert VANITY_HOST not in play(codes=["rate-limited"]).world
    assert VANITY_HOST in play(codes=["redirect-loop"]).world
