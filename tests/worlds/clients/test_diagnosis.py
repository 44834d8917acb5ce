"""The reason that is given for each client that fails, over the rows that are played to real clients."""

from __future__ import annotations

import re

import pytest
from tests.worlds.clients.set_ups import NOON, OWN, ROWS, VANITY, Row

from pullscope.oci.reference import Reference
from pullscope.oci.verdicts import ClientOutcome
from pullscope.worlds.clients.diagnosis import FIXES, verdict_of
from pullscope.worlds.clients.drive import pull
from pullscope.worlds.clients.logins import SAMPLE_ACCOUNT, members_only
from pullscope.worlds.clients.roster import CLIENTS, LOGGED_IN, ROSTER
from pullscope.worlds.hub.faults.table import with_faults
from pullscope.worlds.hub.redirect_only import redirect_only
from pullscope.worlds.hub.sample import SAMPLE_REFERENCE, sample_hub
from pullscope.worlds.hub.token_server import REALM_HOST

ROW = {row.name: row for row in ROWS}


def found(client: str, row: Row) -> tuple[str | None, str | None]:
    reference = Reference.parse(row.reference)
    verdict = verdict_of(ROSTER[client], pull(CLIENTS[client](reference), row.world()))
    assert verdict.verdict is ClientOutcome.FAILS
    return verdict.finding, verdict.step


@pytest.mark.parametrize(
    ("row", "client", "code", "step"),
    [
        ("302, same path", "skopeo", "authorization-dropped", "resolve"),
        ("302, same path", "podman", "authorization-dropped", "resolve"),
        ("302, same path", "crane-0.21.7", "authorization-dropped", "resolve"),
        ("302, renamed, lenient", "docker-classic", "scope-mismatch", "resolve"),
        ("302, renamed, strict", "docker-classic", "scope-refused", "token"),
        ("302, renamed, strict", "docker-containerd", "scope-refused", "token"),
        ("302, renamed, strict", "crane", "scope-refused", "token"),
        ("ping 404", "docker-classic", "ping-not-redirected", "resolve"),
        ("ping 404", "skopeo", "ping-not-redirected", "version-check"),
        ("ping 404", "crane", "ping-not-redirected", "version-check"),
        ("ping 200", "docker-classic", "ping-not-a-registry", "resolve"),
        ("ping 200", "crane", "ping-not-a-registry", "resolve"),
        ("slash lost", "docker-classic", "ping-slash-lost", "resolve"),
        ("proxy, renamed, lenient", "docker-classic", "scope-mismatch", "resolve"),
        ("proxy, renamed, strict", "regctl", "scope-refused", "token"),
        ("missing tag", "docker-containerd", "manifest-unknown", "resolve"),
        ("missing repository", "docker-classic", "access-denied", "resolve"),
        ("loop", "skopeo", "redirect-loop", "version-check"),
        ("loop", "regctl", "redirect-loop", "resolve"),
        ("429", "docker-classic", "rate-limited", "resolve"),
        ("429", "regctl", "rate-limited", "resolve"),
        ("CDN refuses", "docker-containerd", "cdn-failed", "layer"),
        ("layer corrupt", "crane", "digest-mismatch", "layer"),
    ],
)
def test_names_the_cause(row: str, client: str, code: str, step: str) -> None:
    """Code and step of the failure, from what was asked and answered."""
    assert found(client, ROW[row]) == (code, step)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_failure_has_a_reason(row: Row) -> None:
    """No client fails without words; where a code is named, there is something to do about it."""
    for name, client in ((name, client) for name, client in ROSTER.items() if not client.login):
        ran = pull(CLIENTS[name](Reference.parse(row.reference)), row.world())
        verdict = verdict_of(client, ran)

        assert (verdict.verdict is ClientOutcome.WORKS) is ran.outcome.pulled
        if not ran.outcome.pulled:
            assert verdict.reason
            assert verdict.finding in {*FIXES, "cdn-failed"}, f"{name}: {verdict.reason}"


def test_a_login_that_stays_behind_is_named() -> None:
    """docker 29 with a login for the vanity host, and a private image behind the redirect."""
    hub = members_only(sample_hub(clock=lambda: NOON, accounts=SAMPLE_ACCOUNT), REALM_HOST)
    name = "docker-containerd+vanity-login"
    ran = pull(LOGGED_IN[name](Reference.parse(f"{VANITY}/{OWN}")), {**hub, VANITY: redirect_only()})
    verdict = verdict_of(ROSTER[name], ran)

    assert (verdict.finding, verdict.reason) == ("credentials-not-used", "the login stays with your host")
    assert verdict.link == "https://github.com/docker/for-mac/issues/7658"


@pytest.mark.parametrize("client", CLIENTS)
def test_no_reason_holds_a_signature(client: str) -> None:
    """Clients quote the CDN's signed URL in their sentence; what is told of it has no query that opens anything."""
    world = with_faults(sample_hub(), ["cdn-failed"])
    ran = pull(CLIENTS[client](Reference.parse(SAMPLE_REFERENCE)), world)
    told = f"{ran.outcome.told} {verdict_of(ROSTER[client], ran).reason}"
    assert ran.outcome.message
    assert not re.search(r"(?:signature|expires)=(?!REDACTED)", told)
