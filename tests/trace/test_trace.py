"""The trace as a whole: any events in any order, time in any direction, memory that ends somewhere."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.trace.images import (
    DIALECTS,
    OCI_INDEX,
    OCI_MANIFEST,
    Image,
    digest,
    docker_classic,
    docker_containerd,
    get_manifest,
)
from tests.trace.wire import HUB, Wire, challenge_for, merged, only, played, settled_by_the_end, token_url, told

from pullscope.oci.messages import Headers
from pullscope.render.formats import report
from pullscope.render.lines import Story
from pullscope.render.names import heading
from pullscope.trace import candidates, reading, stitch
from pullscope.trace import trace as trace_module
from pullscope.trace.events import Event, Failed, Finished, Requested, Responded, TlsRefused, Uploaded
from pullscope.trace.model import Ending, Hop
from pullscope.trace.model import Outcome as StepOutcome
from pullscope.trace.open_pulls import MOST_OF_ONE
from pullscope.trace.trace import Trace

APP = Image()
HOSTS = ("https://registry-1.docker.io", "https://vanity.example.com", "https://cdn.example.net")
PATHS = (
    "/v2/",
    "/v2/library/app/manifests/latest",
    "/v2/library/app/manifests/next",
    f"/v2/library/app/manifests/{digest(APP.index)}",
    f"/v2/library/app/manifests/{digest(APP.manifest())}",
    f"/v2/library/app/blobs/{digest('base')}",
    f"/v2/library/app/blobs/{digest('app')}",
    "/v2/library/app/blobs/uploads/",
    "/v2/library/app/blobs/uploads/1",
    f"/v2/library/app/blobs/uploads/1?digest={digest('base')}",
    f"/v2/library/app/referrers/{digest(APP.manifest())}",
    "/v2/library/app/tags/list",
    "/v2/_catalog",
    "/v1/_ping",
    "/token?service=registry.docker.io&scope=repository%3Alibrary%2Fapp%3Apull",
    "/token?service=registry.docker.io",
    f"/data/{digest('base')}?sig=1",
    "/artifacts-uploads/1",
    "/index.html",
)
URLS = tuple(f"{host}{path}" for host in HOSTS for path in PATHS)
NUMBER_OF = {url: place for place, url in enumerate(URLS, start=1)}
DOCUMENTS = (
    None,
    APP.index,
    APP.manifest(),
    "",
    "{",
    "[]",
    "7",
    '{"errors":[{"code":"DENIED"}]}',
    '{"token":"REDACTED"}',
)

times = st.floats(min_value=0.0, max_value=400.0) | st.sampled_from([1000.0, -1.0, 0.0])
exchanges = st.integers(min_value=1, max_value=40)


def headers(**fields: st.SearchStrategy[str]) -> st.SearchStrategy[Headers]:
    """Some of these fields."""
    return st.fixed_dictionaries({}, optional={name.replace("_", "-"): value for name, value in fields.items()}).map(
        Headers
    )


requested = st.builds(
    lambda url, referer, **rest: Requested(
        url=url, url_id=NUMBER_OF[url], referer_id=NUMBER_OF.get(referer or ""), connection=None, **rest
    ),
    url=st.sampled_from(URLS),
    referer=st.none() | st.sampled_from(URLS),
    time=times,
    exchange=exchanges,
    client=st.sampled_from(["10.0.0.1", "10.0.0.2"]),
    method=st.sampled_from(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]),
    http_version=st.just("HTTP/1.1"),
    headers=headers(User_Agent=st.sampled_from(["docker/29.7.2", "skopeo/1.9"]), Range=st.just("bytes=1-")),
    authorization=st.sampled_from(["none", "bearer", "basic", "other"]),
    credential=st.none() | st.integers(min_value=1, max_value=3),
)
responded = st.builds(
    lambda location, **rest: Responded(location=location, location_id=NUMBER_OF.get(location or ""), **rest),
    location=st.none() | st.sampled_from(URLS),
    time=times,
    exchange=exchanges,
    status=st.sampled_from([200, 201, 202, 206, 301, 302, 304, 307, 401, 404, 429, 500, 503, 0, 999]),
    headers=headers(
        WWW_Authenticate=st.sampled_from(
            [challenge_for("library/app"), challenge_for(None, realm=f"{HUB}/token"), "?"]
        ),
        Docker_Content_Digest=st.sampled_from([digest(APP.index), "nonsense"]),
        Content_Type=st.sampled_from(["application/vnd.oci.image.index.v1+json", "text/html", ""]),
        Content_Range=st.sampled_from(["bytes 0-1/2", "bytes x", "0-7"]),
        RateLimit_Remaining=st.sampled_from(["97;w=21600", "x", ""]),
    ),
)
finished = st.builds(
    Finished,
    time=times,
    exchange=exchanges,
    bytes=st.none() | st.integers(min_value=0, max_value=10**12),
    sha256=st.sampled_from([None, digest("base")[7:], "nonsense"]),
    document=st.sampled_from(DOCUMENTS),
    issued=st.none() | st.integers(min_value=1, max_value=3),
)
failed = st.builds(Failed, time=times, exchange=exchanges, reason=st.just("reset"), bytes=st.none() | st.just(7))
uploaded = st.builds(
    Uploaded, time=times, exchange=exchanges, bytes=st.just(9), sha256=st.none(), document=st.sampled_from(DOCUMENTS)
)
refused = st.builds(TlsRefused, time=times, client=st.just("10.0.0.1"), host=st.sampled_from(HOSTS), reason=st.just(""))
any_events = st.lists(requested | requested | responded | responded | finished | finished | failed | uploaded | refused)


def check_belonging(trace: Trace, hops: list[Hop]) -> None:
    """Every hop is in one step, that step in one pull (or left over), and each pull counts its steps from 1."""
    seen = [hop for pull in trace.pulls for step in pull.steps for hop in step.hops] + trace.unattributed
    assert len(seen) == len({id(hop) for hop in seen})
    assert {id(hop) for hop in seen} == {id(hop) for hop in hops}
    assert len({pull.id for pull in trace.pulls}) == len(trace.pulls)
    for pull in trace.pulls:
        assert [step.n for step in pull.steps] == list(range(1, len(pull.steps) + 1))
        assert all(step.pull is pull and step.settled for step in pull.steps)
        assert all(hop.step is step for step in pull.steps for hop in step.hops)
        assert all(token.pull is pull for step in pull.steps for token in step.tokens)
        assert not pull.open_steps
        assert not pull.ready
        assert pull.closed


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=any_events, in_order=st.booleans())
def test_anything_may_come(events: list[Event], in_order: bool) -> None:
    """No sequence of events raises; every exchange that was taken is in one place; every output can be made."""
    if in_order:
        events = sorted(events, key=lambda event: event.time)
    trace = Trace()
    lines: list[str] = []
    story = Story(lines.append)
    hops: list[Hop] = []
    for event in events:
        story.show(trace.feed(event))
        hop = trace.hop(event.exchange) if isinstance(event, Requested) else None
        if hop is not None:
            hops.append(hop)
    story.show(trace.tick(2000.0))
    story.show(trace.finish())
    check_belonging(trace, hops)
    told_ = report(trace, "text").splitlines()
    assert [line for line in told_ if re.match(r"[a-z]+ \d+  ", line) and not line.startswith(" ")] == [
        heading(pull) for pull in trace.pulls
    ]
    json.loads(report(trace, "json"))


@settings(max_examples=60, deadline=None)
@given(events=any_events)
def test_a_bounded_trace_takes_anything_too(events: list[Event]) -> None:
    """With a bound on what is remembered nothing else changes."""
    trace = Trace(keep=2)
    for event in sorted(events, key=lambda event: event.time):
        trace.feed(event)
    trace.finish()
    assert len(trace.pulls) <= 2


@pytest.mark.parametrize("dialect", DIALECTS)
def test_live_and_afterwards_are_the_same_lines(dialect: str) -> None:
    """What is told line by line while a pull happens is the story of the finished pull."""
    play, agent = DIALECTS[dialect]
    wire = Wire(agent=agent)
    play(wire, APP)
    trace, lines = Trace(), list[str]()
    story = Story(lines.append)
    for event in merged([wire]):
        story.show(trace.feed(event))
    story.show(trace.finish())
    assert settled_by_the_end(lines) == settled_by_the_end(report(trace, "text").splitlines())


def test_an_exchange_that_never_ends() -> None:
    """A layer that is still on its way when the recording ends makes the pull incomplete."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest("base")), ends=False)
    pull = only(played(wire))
    assert told(pull) == ["manifest 200", "layer 1 200"]
    assert pull.steps[-1].outcome is StepOutcome.NOT_SEEN
    assert pull.outcome is Ending.INCOMPLETE


@pytest.mark.parametrize("left", range(1, 54, 4))
def test_a_recording_that_stops_anywhere(left: int) -> None:
    """Whatever a recording breaks off at: one pull at the most, and nothing raises."""
    wire = Wire()
    docker_containerd(wire, APP)
    trace = Trace()
    for event in merged([wire])[:left]:
        trace.feed(event)
    trace.finish()
    assert len(trace.pulls) <= 1


def test_a_tick_closes_what_is_quiet() -> None:
    """A second after the last layer the pull is told to be complete, without another event."""
    wire = Wire()
    docker_containerd(wire, APP)
    trace = played(wire, finish=False)
    assert not only(trace).closed
    assert trace.tick(wire.now + 0.9) == []
    assert [change.what for change in trace.tick(wire.now + 1.1)] == ["closed"]
    assert only(trace).outcome is Ending.COMPLETE


def test_a_failed_layer_is_told_while_others_are_on_their_way() -> None:
    """Five quiet seconds after it failed, although another layer takes minutes."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest("app")), ends=False)
    wire.ask("GET", APP.url("blobs", digest("base")), 500)
    trace = played(wire, finish=False)
    assert [change.step.outcome for change in trace.tick(wire.now + 6) if change.step] == ["failed"]
    assert not only(trace).closed


def test_a_manifest_that_is_known_is_read_by_what_it_is_called() -> None:
    """The same text is an index under one media type and an image under another, whichever came first."""
    bare = '{"schemaVersion": 2}'
    wire = Wire()
    for place, kind in enumerate((OCI_INDEX, OCI_MANIFEST, OCI_INDEX)):
        wire.ask("GET", f"{HUB}/v2/bare{place}/manifests/{digest(bare)}", body=bare, answer={"Content-Type": kind})
    assert [str(pull.steps[0].kind) for pull in played(wire).pulls] == ["manifest-list", "manifest", "manifest-list"]


def test_every_pull_learns_from_a_manifest_that_is_known() -> None:
    """What one pull learned and fetched of a manifest is not the other's."""
    wire = Wire()
    for repository in ("one", "two"):
        get_manifest(wire, Image(repository=repository), APP.manifest())
    wire.ask("GET", f"{HUB}/v2/one/blobs/{digest('base')}", content="base")
    one, two = played(wire).pulls
    assert one.expected.keys() == two.expected.keys() != set()
    assert [(pull.layers.total, pull.layers.fetched) for pull in (one, two)] == [(2, 1), (2, 0)]


def test_manifests_that_are_known_are_few_and_small() -> None:
    """A large one is read anew each time; of small ones, the last few are remembered."""
    known = reading._known_manifest
    known.cache_clear()
    large = Image(layers=tuple(f"layer {number}" for number in range(500))).manifest()
    assert len(large) > reading.MOST_KNOWN
    wire = Wire()
    for text in (large, *(Image(layers=(f"only {number}",)).manifest() for number in range(50))):
        wire.ask("GET", f"{HUB}/v2/app/manifests/{digest(text)}", body=text)
    trace = played(wire)
    assert sum(pull.layers.total or 0 for pull in trace.pulls) == 550
    info = known.cache_info()
    assert (info.misses, info.currsize) == (50, 32)


def test_an_exchange_is_forgotten_when_it_has_ended() -> None:
    """A long run must not keep exchanges that are over."""
    wire = Wire()
    docker_classic(wire, APP)
    trace = played(wire, finish=False)
    assert trace._hops == {}
    assert len(trace._just_ended) <= trace_module.MOST_JUST_ENDED


def test_an_answer_before_the_end_of_the_request() -> None:
    """A server may answer while it is still being sent to: what was sent counts all the same."""
    wire = Wire()
    wire.ask("POST", f"{HUB}/v2/app/blobs/uploads/", 413)
    events = merged([wire])
    trace = Trace()
    for event in events:
        trace.feed(event)
    trace.feed(Uploaded(time=wire.now, exchange=1, bytes=9, sha256=None))
    assert trace.hop(1) is not None
    trace.finish()
    assert only(trace).bytes_sent == 9


def test_an_exchange_number_that_is_used_again() -> None:
    """A broken recording gives one number twice: the first exchange ends there, and both are told."""
    wire = Wire()
    wire.ask("GET", APP.url("blobs", digest("base")), ends=False)
    events = merged([wire])
    again = [replace(event, time=event.time + 1) for event in events]
    trace = Trace()
    for event in [*events, *again]:
        trace.feed(event)
    trace.finish()
    assert len(only(trace).hops) == 2


def test_time_that_goes_back() -> None:
    """A clock that was set back makes no negative durations."""
    wire = Wire(at=1000.0)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.now = 900.0
    wire.ask("GET", APP.url("blobs", digest("base")), content="base")
    trace = Trace()
    for event in wire.events:
        trace.feed(event)
    trace.finish()
    assert all((hop.seconds or 0) >= 0 for pull in trace.pulls for hop in pull.hops)
    assert all((pull.seconds or 0) >= 0 for pull in trace.pulls)


def many(count: int, **more: Any) -> Wire:
    """One client that pulls many images after each other."""
    wire = Wire(**more)
    for place in range(count):
        docker_containerd(wire, Image(repository=f"library/app{place}"), name=f"t{place}-")
        wire.wait(0.1)
    return wire


def test_keep_bounds_the_pulls() -> None:
    """A proxy that runs for months remembers the newest pulls only, and its tables are bounded."""
    trace = played(many(40), trace=Trace(keep=5))
    assert [pull.reference for pull in trace.pulls] == [
        f"docker.io/library/app{place}:latest" for place in range(35, 40)
    ]
    assert trace._told_steps == sum(len(pull.steps) for pull in trace.pulls)
    assert not trace._stitcher._redirects
    assert not trace._open_pulls.open


def test_keep_bounds_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few pulls with many steps are forgotten earlier."""
    monkeypatch.setattr(trace_module, "MOST_STEPS_KEPT", 30)
    trace = played(many(10), trace=Trace(keep=5))
    assert sum(len(pull.steps) for pull in trace.pulls) <= 30


def test_a_client_that_never_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that asks for tags every few seconds, for months, is told in pieces."""
    monkeypatch.setattr(candidates, "MOST_STEPS", 10)
    wire = Wire()
    for _ in range(25):
        wire.ask("GET", f"{HUB}/v2/library/app/tags/list")
        wire.wait(5)
    trace = played(wire)
    assert [len(pull.steps) for pull in trace.pulls] == [10, 10, 5]


@pytest.mark.parametrize("most", [10, 2 * MOST_OF_ONE + 10], ids=["of all", "of one client"])
def test_open_pulls_are_bounded(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Requests that never end keep their pulls open; the oldest is closed when there are too many."""
    monkeypatch.setattr("pullscope.trace.open_pulls.MOST_OPEN", most)
    wire = Wire()
    for place in range(3 * most):
        wire.ask("GET", f"{HUB}/v2/library/app{place}/manifests/latest", ends=False)
    trace = played(wire, finish=False)
    assert len(trace._open_pulls.open) <= most + 1
    assert sum(pull.closed for pull in trace.pulls) >= 2 * most - 1


def test_tables_of_the_stitcher_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redirects that are not followed, challenges that are not answered and uploads that stop are forgotten."""
    monkeypatch.setattr(stitch, "MOST", 20)
    wire = Wire()
    for place in range(100):
        wire.ask("GET", f"{HUB}/v2/a{place}/blobs/{digest('x')}", 307, location=f"/elsewhere{place}")
        wire.ask("GET", f"{HUB}/v2/b{place}/tags/list", 401, challenge=challenge_for("b", realm=f"{HUB}/t{place}"))
        wire.ask("POST", f"{HUB}/v2/c{place}/blobs/uploads/", 202, location=f"/up{place}")
    stitcher = played(wire)._stitcher
    tables = (stitcher._redirects, stitcher._sources, stitcher._open, stitcher._realms, stitcher._told)
    assert [len(table) <= 20 for table in tables] == [True] * 5


@pytest.mark.parametrize("keep", [None, 3])
def test_refusals_are_told_once(keep: int | None) -> None:
    """A client that does not trust the proxy tries every second; it is told once for each host, and counted."""
    trace = Trace(keep=keep)
    told_ = [
        change.text
        for second in range(60)
        for host in ("registry-1.docker.io", "auth.docker.io")
        for change in trace.feed(TlsRefused(time=1000.0 + second, client="10.0.0.1", host=host, reason="unknown ca"))
    ]
    assert told_ == ["registry-1.docker.io", "auth.docker.io"]
    assert [(refusal.host, refusal.count) for refusal in trace.refusals] == [(host, 60) for host in told_]


def test_a_token_request_alone() -> None:
    """A token that nothing needs is told under the host that gave it, at the end."""
    wire = Wire()
    wire.ask("GET", token_url("library/app"), issued="t", body='{"token":"REDACTED"}')
    assert told(only(played(wire))) == ["token 200"]
