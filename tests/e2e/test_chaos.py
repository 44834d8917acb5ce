"""Real clients pull from an upstream that misbehaves, through bare mitmproxy and through the tracer, and get the same.

`CI=true python -m pytest -s -m real tests/e2e/test_chaos.py` tries every fault once in both places, with one client after the
other, in a minute or two; with PULLSCOPE_CHAOS=whole each fault meets every client in both places, at its token, its manifest,
its layer and the redirect to that, once and for as long as the pull goes on: an hour. A table of what was survived is printed at
the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.e2e import chaos
from tests.e2e.chaos import CLIENTS, PLACES, Lane, Lines, Outcome
from tests.e2e.faults import FAULTS
from tests.e2e.images import Image
from tests.e2e.parts import Trust
from tests.e2e.standin import Hub, Planted

from pullscope.render.report import report_lines
from pullscope.trace.model import Ending
from pullscope.trace.trace import Trace

pytestmark = pytest.mark.real

ALWAYS = 1_000
TARGETS = {"proxy": ("token", "manifest", "redirect", "layer"), "mirror": ("token", "manifest", "layer")}
"""What has a fault, by place: no layer comes through a mirror whose registry does not send it itself."""
RACES = ("reset in the body",)
"""A reset may overtake what was sent before it, and does so in one lane and not in the other, now and then."""

Survived = Counter[tuple[str, str]]
"""How often each fault was survived, and how."""


class Case(NamedTuple):
    """One fault, where and whom it meets."""

    client: str
    target: str
    times: int
    fault: str

    def __str__(self) -> str:
        return f"{self.client}-{self.target}-{'always' if self.times == ALWAYS else 'once'}-{self.fault}"


def cases(place: str) -> list[Case]:
    """What is tried in a place."""
    if chaos.WHOLE:
        return [
            Case(client, target, times, fault)
            for client in CLIENTS
            for target in TARGETS[place]
            for times in (1, ALWAYS)
            for fault in FAULTS
            # docker asks five times more for a layer, in 75 s.
            if (client, times) != ("docker", ALWAYS) or target not in ("redirect", "layer")
        ]
    chosen = []
    targets = [*TARGETS[place], "layer"]
    for number, fault in enumerate(FAULTS, start=PLACES.index(place)):
        client = list(CLIENTS)[number % 3]
        target = "manifest" if client == "docker" else targets[number // 3 % len(targets)]
        chosen.append(Case(client, target, 1, fault))
    return chosen


@dataclass(kw_only=True)
class Lanes:
    """The two sides in one place."""

    place: str
    bare: Lane
    traced: Lane
    lines: Lines
    """Of the traced side's recording."""

    def both(self, act: Callable[[Lane], Outcome]) -> tuple[Outcome, Outcome]:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.submit(act, self.bare), pool.submit(act, self.traced)
            return first.result(), second.result()


@pytest.fixture(scope="module")
def survived() -> Iterator[Survived]:
    """How often each fault in each place was survived, and how; printed at the end."""
    table: Survived = Counter()
    yield table
    rows = sorted({fault for fault, _ in table})
    columns = sorted({how for _, how in table})
    print(f"\n{'fault':34}" + "".join(f"{how:>26}" for how in columns))
    for fault in rows:
        print(f"{fault:34}" + "".join(f"{table[fault, how] or '':>26}" for how in columns))
    print(f"{'in all':34}" + "".join(f"{sum(n for (_, one), n in table.items() if one == how):>26}" for how in columns))


@contextmanager
def both_sides(ground: Path, registry: int, trust: Trust, place: str) -> Iterator[Lanes]:
    """Both lanes of a place."""
    recording = ground / "recording.jsonl"
    words = {
        "bare": chaos.bare_words(place, ground / "bare"),
        "traced": chaos.traced_words(place, recording),
    }
    with ExitStack() as stack:
        hubs = [
            stack.enter_context(Hub(registry=registry, certificate=trust.certificate, key=trust.key)) for _ in words
        ]
        bare, traced = (
            stack.enter_context(chaos.lane(ground / which, trust, hub, place, *options))
            for hub, (which, options) in zip(hubs, words.items(), strict=True)
        )
        yield Lanes(place=place, bare=bare, traced=traced, lines=Lines(recording, traced.url))


@pytest.fixture(scope="module")
def proxies(tmp_path_factory: pytest.TempPathFactory, registry: int, trust: Trust) -> Iterator[Lanes]:
    with both_sides(tmp_path_factory.mktemp("proxies"), registry, trust, "proxy") as lanes:
        yield lanes


@pytest.fixture(scope="module")
def mirrors(tmp_path_factory: pytest.TempPathFactory, registry: int, trust: Trust) -> Iterator[Lanes]:
    with both_sides(tmp_path_factory.mktemp("mirrors"), registry, trust, "mirror") as lanes:
        yield lanes


def pull(lane: Lane, client: str, plan: Planted | None) -> Outcome:
    """A pull from an upstream that misbehaves like this."""
    lane.hub.plant(plan)
    try:
        return lane.pull(client)
    finally:
        lane.hub.plant(None)


@pytest.mark.parametrize("case", cases("proxy"), ids=str)
def test_through_a_proxy(proxies: Lanes, case: Case, zephykus: Image, survived: Survived) -> None:
    """The client ends as it does without us; what is told is complete where it did well, and an error where it did not."""
    traced, trace = same(proxies, case, zephykus, survived)
    endings = {pull.outcome for pull in trace.pulls}
    assert endings
    assert (endings == {Ending.COMPLETE}) == (traced.code == 0), story_of(trace)
    assert traced.code or errors_of(trace) == [], story_of(trace)


@pytest.mark.parametrize("case", cases("mirror"), ids=str)
def test_through_a_mirror(mirrors: Lanes, case: Case, zephykus: Image, survived: Survived) -> None:
    """The client ends as it does without us; and what it had past the mirror instead is no failure."""
    traced, trace = same(mirrors, case, zephykus, survived)
    assert traced.code or Ending.FAILED not in {pull.outcome for pull in trace.pulls}, story_of(trace)


def same(lanes: Lanes, case: Case, image: Image, survived: Survived) -> tuple[Outcome, Trace]:
    """What came of a case on both sides, and what was told of it."""

    def act(lane: Lane) -> Outcome:
        meets = chaos.target(case.target, image, sends_blobs_itself=lane.hub.sends_blobs_itself)
        plan = Planted(fault=FAULTS[case.fault], meets=meets, left=case.times)
        outcome = pull(lane, case.client, plan)
        assert plan.met.is_set()
        return outcome

    bare, traced = lanes.both(act)
    how = "as when it streams"
    for _ in range(3 if case.fault in RACES else 0):
        if bare != traced:
            lanes.lines.of_whole_exchanges()
            bare, traced = lanes.both(act)
    if bare != traced:
        # Documents are held, as mitmproxy holds all that it is not told to stream.
        with lanes.bare.holding():
            bare, how = act(lanes.bare), "as when it holds"
    trace = chaos.told(lanes.lines.of_whole_exchanges())
    assert traced == bare
    for one in trace.pulls:
        assert one.outcome is not Ending.FAILED or any(finding.severity == "error" for finding in one.findings)
    survived[case.fault, f"{lanes.place}, {how}"] += 1
    return traced, trace


def errors_of(trace: Trace) -> list[str]:
    return [finding.code for pull in trace.pulls for finding in pull.findings if finding.severity == "error"]


def story_of(trace: Trace) -> str:
    return "\n".join(report_lines(trace.pulls, findings=trace.findings, color=False, verbose=True))
