"""The same client on a slower network: whatever time lies between two requests, its story ends the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.trace.images import DIALECTS, OCI_INDEX, Image, digest, get_manifest
from tests.trace.wire import CDN, CRANE, DOCKER_29, SKOPEO, Wire, challenge_for, merged, only, played, token_url
from tests.trace.wire import told as told_steps

from pullscope.trace.events import Event, Requested, Responded
from pullscope.trace.findings.finding import Severity
from pullscope.trace.model import Ending, Outcome
from pullscope.trace.trace import Trace

APP = Image()
PACE = frozenset({"slow-hop", "clocks-differ"})
"""Findings that times are the matter of."""


def conversation(name: str) -> list[Event]:
    """A pull of a client in its dialect."""
    play, agent = DIALECTS[name]
    wire = Wire(agent=agent)
    play(wire, APP, name="only")
    return merged([wire])


def delayed(events: list[Event], delay: Callable[[Requested], float]) -> list[Event]:
    """The same events, each request later than the one before it by so much more."""
    late, by = [], 0.0
    for event in events:
        by += delay(event) if isinstance(event, Requested) and event is not events[0] else 0.0
        late.append(replace(event, time=event.time + by))
    return late


def next_moves(events: list[Event], seconds: float) -> list[Event]:
    """The same events, with that long before each request that follows a redirect, asks for a token, or shows a new one."""
    locations = {event.location_id for event in events if isinstance(event, Responded)} - {None}
    shown: set[int | None] = {None}

    def delay(event: Requested) -> float:
        moves = event.url_id in locations or "service=" in event.url or event.credential not in shown
        shown.add(event.credential)
        return seconds if moves else 0.0

    return delayed(events, delay)


def told(events: list[Event]) -> list[tuple[object, ...]]:
    """What each operation came to, and what is wrong; that its steps are numbered through, and how many failed."""
    trace = Trace()
    for event in events:
        trace.feed(event)
    trace.finish()
    return [
        (
            pull.action,
            pull.reference,
            pull.outcome,
            sorted(one.code for one in pull.findings if one.severity is not Severity.INFO and one.code not in PACE),
            sorted(step.n for step in pull.steps) == list(range(1, len(pull.steps) + 1)),
            sum(step.outcome is Outcome.FAILED for step in pull.steps),
        )
        for pull in trace.pulls
    ]


@pytest.mark.parametrize("seconds", [0.9, 1.1, 3.0, 5.5, 9.0])
@pytest.mark.parametrize("name", DIALECTS)
def test_a_host_that_is_reached_late_changes_nothing(name: str, seconds: float) -> None:
    """Slow DNS or TLS before a redirect is followed, a token asked for or shown."""
    events = conversation(name)
    assert told(next_moves(events, seconds)) == told(events)


@pytest.mark.parametrize("seconds", [11.0, 45.0, 119.0, 121.0, 500.0])
def test_a_redirect_that_is_followed_after_its_operation_has_ended_reopens_it(seconds: float) -> None:
    """The operation goes on with its step: no failure is left of it, and no second story begins."""
    wire = Wire(agent=DOCKER_29)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    for number, layer in enumerate((*APP.layers, APP.config_text)):
        wire.ask("GET", APP.url("blobs", digest(layer)), 307, location=f"{CDN}/{number}")
        wire.wait(seconds)
        wire.ask("GET", f"{CDN}/{number}", 200, referer=APP.url("blobs", digest(layer)), content=layer)
    pull = only(played(wire))
    assert (pull.outcome, pull.findings) == (Ending.COMPLETE, [])
    assert [step.n for step in pull.steps] == [1, 2, 3, 4]
    assert all(step.verified for step in pull.steps)


@pytest.mark.parametrize("seconds", [3.0, 11.0, 45.0, 119.0])
def test_a_token_that_is_asked_for_late_is_of_the_step_that_needs_it(seconds: float) -> None:
    """The step was told as failed by then; it goes on with its token."""
    wire = Wire(agent=DOCKER_29)
    wire.ask("HEAD", APP.url("manifests", APP.tag), 401, challenge=challenge_for(APP.repository))
    wire.wait(seconds)
    wire.ask("GET", token_url(APP.repository), issued="late", body='{"token":"REDACTED"}')
    wire.wait(seconds)
    wire.ask(
        "HEAD",
        APP.url("manifests", APP.tag),
        token="late",
        answer={"Docker-Content-Digest": digest("x"), "Content-Type": OCI_INDEX},
    )
    pull = only(played(wire))
    assert sorted(told_steps(pull)) == ["> token 200", "resolve 401 200"]
    assert pull.findings == []


ONE_AFTER_THE_OTHER = {
    "HEAD failed, then GET (docker, containerd)": (DOCKER_29, [("HEAD", "1.0", 503), ("GET", "1.0", 404)]),
    "HEAD 404, then a push (crane copy)": (CRANE, [("HEAD", "1.0", 404), ("PUT", "1.0", 201)]),
    "HEAD 404, then the blobs of a push": (CRANE, [("HEAD", "1.0", 404), ("HEAD", "blob", 404), ("PUT", "1.0", 201)]),
}


@pytest.mark.parametrize("seconds", [0.1, 5, 30])
@pytest.mark.parametrize("name", ONE_AFTER_THE_OTHER)
def test_what_goes_on_with_an_operation_does_so_late_too(name: str, seconds: float) -> None:
    """What a client asks next says that it goes on, not how soon it does."""
    agent, asked = ONE_AFTER_THE_OTHER[name]
    wire = Wire(agent=agent)
    for method, what, status in asked:
        path = f"blobs/{digest('base')}" if what == "blob" else f"manifests/{what}"
        wire.ask(method, f"https://registry.example.com/v2/team/app/{path}", status)
        wire.wait(seconds)
    assert len(only(played(wire)).hops) == len(asked)


@pytest.mark.parametrize("seconds", [0.1, 0.8, 3])
def test_skopeo_inspect_at_a_slow_registry_is_one_operation(seconds: float) -> None:
    """It asks for the tags with a version check and a token of their own (1.9, 1.22: seen), which may take seconds."""
    wire = Wire(agent=SKOPEO)
    for path, token in (("manifests/1.0", "a"), ("tags/list", "b")):
        wire.ask("GET", "https://registry.example.com/v2/", 401, challenge=challenge_for(None), took=seconds)
        wire.ask("GET", token_url("team/app"), took=seconds, issued=token, body='{"token":"REDACTED"}')
        wire.ask("GET", f"https://registry.example.com/v2/team/app/{path}", token=token, took=seconds)
    assert len(only(played(wire)).hops) == 6


@pytest.mark.parametrize("seconds", [0.1, 2, 60])
def test_cosign_sign_is_one_operation(seconds: float) -> None:
    """It looks, gets a certificate, maybe with a login by browser, and writes with another token and connection (seen: 2.6)."""
    wire = Wire(agent="cosign/v2.6.0 (linux; amd64) go-containerregistry/v0.20.6")
    home, tag = "https://registry.example.com/v2/", f"{digest('image').replace(':', '-')}.sig"
    for asked, token in (
        ((("GET", digest("image"), 200), ("GET", tag, 404)), "a"),
        ((("HEAD", tag, 404), ("PUT", tag, 201)), "b"),
    ):
        wire.ask("GET", home, 401, challenge=challenge_for(None), connection=token)
        wire.ask("GET", token_url("team/app"), issued=token, body='{"token":"REDACTED"}', connection=f"auth {token}")
        for method, what, status in asked:
            wire.ask(method, f"{home}team/app/manifests/{what}", status, token=token, connection=token)
        wire.wait(seconds)
    pull = only(played(wire))
    assert (pull.action, len(pull.hops)) == ("attach", 8)
