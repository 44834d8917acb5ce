"""The rules on limits, slowness and second attempts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.trace.findings.looked_at import IMAGE, TAG, error, found, resolved, told, with_token
from tests.trace.images import OCI_INDEX, digest, get_manifest
from tests.trace.wire import CONTAINERD, DOCKER_20, DOCKER_29, played

from pullscope.trace.events import Responded

INDEX = {"Docker-Content-Digest": digest(IMAGE.index), "Content-Type": OCI_INDEX}


def limit(left: int) -> dict[str, str]:
    return {
        "ratelimit-limit": "100;w=21600",
        "ratelimit-remaining": f"{left};w=21600",
        "docker-ratelimit-source": "192.0.2.1",
    }


def test_rate_limited() -> None:
    """429 ends the pull: how many, in what time, on whose account, and when again."""
    wire = with_token(DOCKER_20)
    wire.ask("GET", TAG, 429, token="t", answer={**limit(0), "Retry-After": "5400"}, body=error("TOOMANYREQUESTS"))
    finding = found(wire)["rate-limited"]

    assert told(wire) == {"rate-limited": "error"}
    assert "100 pulls in 6 h are allowed, and they are counted on 192.0.2.1" in finding.message
    assert finding.fix.startswith("try again in 1.5 h")


def test_rate_limited_once_is_told_without_a_warning() -> None:
    """429, and 200 when asked again: what it cost, of a pull that came to a good end."""
    wire = with_token(DOCKER_20)
    wire.ask("GET", TAG, 429, token="t", body=error("TOOMANYREQUESTS"))
    wire.ask("GET", TAG, 200, token="t", answer=INDEX, body=IMAGE.index)
    assert told(wire) == {"rate-limited": "info", "retried": "info"}


@pytest.mark.parametrize(("left", "low"), [(9, True), (10, False), (100, False)])
def test_rate_limit_low(left: int, low: bool) -> None:
    """Less than a tenth; a tenth is enough."""
    wire = with_token(DOCKER_20)
    resolved(wire, answer={**INDEX, **limit(left)})
    assert ("rate-limit-low" in told(wire)) is low


@pytest.mark.parametrize(("took", "slow"), [(5.0, True), (1.0, False)])
def test_slow_hop(took: float, slow: bool) -> None:
    """A hop that took most of a pull of seconds; a second in all is nothing."""
    wire = with_token(DOCKER_29)
    wire.ask("HEAD", TAG, token="t", answer=INDEX, took=took)
    get_manifest(wire, IMAGE, IMAGE.index, token="t")
    assert ("slow-hop" in told(wire)) is slow


@pytest.mark.parametrize(("first_byte", "said"), [(4.0, "took 5.0 s to answer GET"), (0.1, "took 5.0 s to send 3 B")])
def test_a_body_that_was_held_up_is_no_late_answer(first_byte: float, said: str) -> None:
    """What began at once and then waited is not latency of its host."""
    wire = with_token(DOCKER_29)
    resolved(wire, answer=INDEX)
    asked = wire.now
    wire.ask("GET", IMAGE.url("blobs", digest("abc")), token="t", content="abc", took=5.0)
    answered = next(event for event in reversed(wire.events) if isinstance(event, Responded))
    wire.events[wire.events.index(answered)] = replace(answered, time=asked + first_byte)
    assert said in found(wire)["slow-hop"].message


def test_many_hops_of_one_speed_are_not_slow() -> None:
    """A long pull in which no host stands out."""
    wire = with_token(DOCKER_29)
    wire.ask("HEAD", TAG, token="t", answer=INDEX, took=2.0)
    for text in (IMAGE.index, IMAGE.manifest()):
        wire.ask(
            "GET",
            IMAGE.url("manifests", digest(text)),
            token="t",
            took=2.0,
            body=text,
            answer={"Content-Type": OCI_INDEX},
        )
    assert "slow-hop" not in told(wire)


def test_retried() -> None:
    """How often, why, and what it cost."""
    wire = with_token(DOCKER_20)
    wire.ask("GET", TAG, 503, token="t")
    wire.wait(0.5)
    wire.ask("GET", TAG, 200, token="t", answer=INDEX, body=IMAGE.index)
    finding = found(wire)["retried"]

    assert finding.severity == "info"
    assert "1 time more, because registry-1.docker.io said 503; that took 510 ms" in finding.message


def test_a_second_attempt_that_fails_where_the_recording_ends_is_nothing_to_ignore() -> None:
    """Whether the client tried once more is not known then, and the registry has answered nothing else."""
    wire = with_token(CONTAINERD)
    wire.ask("HEAD", TAG, 500, token="t")
    wire.wait(0.5)
    wire.ask("HEAD", TAG, 500, token="t")
    trace = played(wire, finish=False)
    trace.finish(cut_off=True)
    (finding,) = (one for pull in trace.pulls for one in pull.findings if one.code == "retried")
    assert finding.fix == "look at registry-1.docker.io: that asking again helped was not seen"


def test_a_second_attempt_that_is_answered_helped_whatever_the_answer_says() -> None:
    """404 is what a push wants to know of a blob."""
    wire = with_token(DOCKER_20)
    url = IMAGE.url("blobs", digest("base"))
    wire.ask("HEAD", url, 503, token="t")
    wire.wait(0.5)
    wire.ask("HEAD", url, 404, token="t")
    wire.ask("POST", f"{IMAGE.url('blobs', '')}uploads/", 202, token="t")
    assert found(wire)["retried"].fix.startswith("ignore it if it happened once")


@pytest.mark.parametrize(
    ("content", "why"),
    [("ba", "cut it off"), ("evil", "sent other bytes")],
)
def test_what_was_wrong_with_a_good_answer(content: str, why: str) -> None:
    """200 is not a reason to ask again; what came under it is."""
    wire = with_token(DOCKER_20)
    get_manifest(wire, IMAGE, IMAGE.manifest(), tag=True, token="t")
    url = IMAGE.url("blobs", digest("base"))
    wire.ask("GET", url, token="t", content=content)
    wire.wait(1.5)
    wire.ask("GET", url, token="t", content="base")
    assert f"because registry-1.docker.io {why}; that" in found(wire)["retried"].message


def test_a_401_or_a_head_before_a_get_is_no_second_attempt() -> None:
    """Asking again with a token, or with GET, is how it is done."""
    wire = with_token(DOCKER_20)
    wire.ask("HEAD", TAG, 404, token="t")
    wire.ask("GET", TAG, 200, token="t", answer=INDEX, body=IMAGE.index)
    assert "retried" not in told(wire)
