"""The one judge: what a trace finds in the runs of simulated clients, over the rows that are played to real ones."""

from __future__ import annotations

import re

import pytest
from tests.worlds.clients.set_ups import NOON, OWN, ROWS, VANITY, Row

from pullscope.judge import IN_SHORT, events_of, traced, verdict_of
from pullscope.oci.messages import Request, Response
from pullscope.oci.reference import Reference
from pullscope.oci.verdicts import ClientOutcome
from pullscope.trace.findings.table import LOOKS
from pullscope.worlds.clients.bearer import SAMPLE_ACCOUNT
from pullscope.worlds.clients.client_catalog import CLIENTS, EVERY_CLIENT, LOGGED_IN
from pullscope.worlds.clients.drive import pull
from pullscope.worlds.clients.steps import NoAnswerError
from pullscope.worlds.hub.sample import SAMPLE_REFERENCE, redirect_only, sample_hub
from pullscope.worlds.hub.scenario import play
from pullscope.worlds.hub.token_server import REALM_HOST

ROW = {row.name: row for row in ROWS}


def found(client: str, row: Row) -> tuple[str | None, str | None]:
    reference = Reference.parse(row.reference)
    verdict = verdict_of(EVERY_CLIENT[client], pull(CLIENTS[client](reference), row.world()))
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
        ("CDN refuses", "docker-containerd", "cdn-failed", "config"),
        ("layer corrupt", "crane", "digest-mismatch", "config"),
    ],
)
def test_names_the_cause(row: str, client: str, code: str, step: str) -> None:
    """Code and step of the failure, from what was asked and answered."""
    assert found(client, ROW[row]) == (code, step)


@pytest.mark.parametrize("client", ["docker-classic", "skopeo"])
def test_a_reason_that_is_of_the_version_check_has_its_status(client: str) -> None:
    """docker goes on after a 404 at /v2/ and is refused with 401 later: the words are of /v2/ all the same."""
    row = ROW["ping 404"]
    verdict = verdict_of(EVERY_CLIENT[client], pull(CLIENTS[client](Reference.parse(row.reference)), row.world()))
    assert verdict.reason == "/v2/ answers 404"


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_failure_has_a_reason(row: Row) -> None:
    """No client fails without words; where a code is named, there is something to do about it."""
    for name, client in ((name, client) for name, client in EVERY_CLIENT.items() if not client.login):
        ran = pull(CLIENTS[name](Reference.parse(row.reference)), row.world())
        verdict = verdict_of(client, ran)

        assert (verdict.verdict is ClientOutcome.WORKS) is ran.outcome.pulled
        if not ran.outcome.pulled:
            assert verdict.reason
            assert verdict.finding in IN_SHORT, f"{name}: {verdict.reason}"
            assert verdict.fix
            assert len(verdict.reason) <= 60


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_client_that_pulls_is_blamed_for_nothing(row: Row) -> None:
    """Its exchanges are one complete pull without an error, whatever the world did on the way."""
    for name in CLIENTS:
        ran = pull(CLIENTS[name](Reference.parse(row.reference)), row.world())
        if ran.outcome.pulled:
            [seen] = traced(ran).pulls
            assert seen.outcome == "complete", name
            assert not [one for one in seen.findings if one.severity == "error"], name


def test_few_words_are_those_of_codes() -> None:
    """Every code that is put into few words is one that a trace finds."""
    assert set(IN_SHORT) <= set(LOOKS)
    assert max(len(words) for words in IN_SHORT.values()) <= 35


def test_a_run_is_seen_as_a_proxy_would_see_it() -> None:
    """In the order of time, three events an exchange; the token that was sent is in none of them."""
    ran = pull(CLIENTS["docker-containerd"](Reference.parse(SAMPLE_REFERENCE)), sample_hub())
    events = events_of(ran)
    sent = [value.removeprefix("Bearer ") for one in ran.seen for value in one.request.headers.get_all("Authorization")]

    assert [event.time for event in events] == sorted(event.time for event in events)
    assert len(events) == 3 * len(ran.seen)
    assert sent
    assert not any(token in repr(events) for token in sent)


@pytest.mark.parametrize("reason", ["dial tcp: lookup docker.invalid: no such host", "no answer within 10 s"])
def test_a_host_without_an_answer_is_named(reason: str) -> None:
    """What went wrong on the wire and at which host, for each client."""

    def silent(_request: Request) -> Response:
        raise NoAnswerError(reason)

    for name, start in CLIENTS.items():
        ran = pull(start(Reference.parse(SAMPLE_REFERENCE)), {**sample_hub(), REALM_HOST: silent})
        verdict = verdict_of(EVERY_CLIENT[name], ran)
        assert (verdict.finding, verdict.step) == ("upstream-unreachable", "token"), name
        assert verdict.reason == f"{reason.rpartition(': ')[2]}: {REALM_HOST}"


def test_no_run_is_no_verdict() -> None:
    """A client that was not run is unknown, with the reason that was given."""
    verdict = verdict_of(EVERY_CLIENT["podman"], "no verdict: nginx.conf:12 is not played")
    assert (verdict.verdict, verdict.reason) == (ClientOutcome.UNKNOWN, "no verdict: nginx.conf:12 is not played")


def test_a_login_that_stays_behind_is_named() -> None:
    """docker 29 with a login for the vanity host, and a private image behind the redirect."""
    hub = sample_hub(clock=lambda: NOON, accounts=SAMPLE_ACCOUNT, private=True)
    name = "docker-containerd+vanity-login"
    ran = pull(LOGGED_IN[name](Reference.parse(f"{VANITY}/{OWN}")), {**hub, VANITY: redirect_only()})
    verdict = verdict_of(EVERY_CLIENT[name], ran)

    assert (verdict.finding, verdict.reason) == ("access-denied", "the login is not sent on")
    assert verdict.link == "https://github.com/docker/for-mac/issues/7658"


@pytest.mark.parametrize("client", CLIENTS)
def test_no_reason_holds_a_signature(client: str) -> None:
    """Clients quote the CDN's signed URL in their sentence; what is told of it has no query that opens anything."""
    world = play(codes=["cdn-failed"]).world
    ran = pull(CLIENTS[client](Reference.parse(SAMPLE_REFERENCE)), world)
    told = f"{ran.outcome.told} {verdict_of(EVERY_CLIENT[client], ran).reason}"
    assert ran.outcome.message
    assert not re.search(r"(?:signature|expires)=(?!REDACTED)", told)
