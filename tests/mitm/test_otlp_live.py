"""Live OTLP: the proxy's loop never waits, and what does not arrive is counted and said."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from mitmproxy import exceptions
from mitmproxy.test import taddons
from tests.make import in_mitmproxy
from tests.trace.images import Image, docker_classic
from tests.trace.wire import Wire, played

from pullscope.mitm import otlp_live
from pullscope.mitm.otlp_live import OtlpLive, checked
from pullscope.trace.model import Change, Pull


def a_pull() -> Pull:
    wire = Wire()
    docker_classic(wire, Image())
    return played(wire).pulls[0]


class Collector:
    """A sender that waits at a gate, and then says what it is told to say."""

    def __init__(self, *, takes: bool = True, gate: bool = False) -> None:
        self.takes = takes
        self.seen: list[Pull] = []
        self.closed = False
        self.gate = threading.Event()
        if not gate:
            self.gate.set()

    def __call__(self, _endpoint: str, _spans: Any) -> Collector:
        return self

    def send(self, pulls: Sequence[Pull]) -> bool:
        self.gate.wait(30)
        self.seen.extend(pulls)
        return self.takes

    def close(self) -> None:
        self.closed = True


def started(collector: Collector) -> OtlpLive:
    live = OtlpLive(lambda _pull: {}, make_sender=collector)
    live.start("http://127.0.0.1:4318")
    return live


def ended(pull: Pull) -> list[Change]:
    return [Change(what="opened", pull=pull), Change(what="closed", pull=pull)]


def test_every_ended_pull_is_sent_before_the_end() -> None:
    """A thousand pulls arrive, each once, and the sender is closed."""
    collector, pull = Collector(), a_pull()
    live = started(collector)
    for _ in range(1_000):
        live.show(ended(pull))
    live.done()

    assert (len(collector.seen) + live.dropped, collector.closed) == (1_000, True)
    assert live.sent == len(collector.seen)


def test_a_collector_that_hangs_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    """While the sender waits, `show` returns; beyond what may wait pulls are dropped, counted, and said once."""
    collector, pull = Collector(gate=True), a_pull()
    live = started(collector)
    for _ in range(otlp_live.MOST_WAITING * 2):
        live.show(ended(pull))
    assert live.dropped >= otlp_live.MOST_WAITING - otlp_live.BATCH
    collector.gate.set()
    live.done()

    assert live.sent + live.dropped == otlp_live.MOST_WAITING * 2
    assert [record.message for record in caplog.records].count(
        "pullscope: the collector is too slow or away; pulls are dropped from now on."
    ) == 1


def test_a_collector_that_is_away_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Refused batches are counted; the log has one sentence, and the sum at the end."""
    caplog.set_level(logging.INFO)
    live, pull = started(Collector(takes=False)), a_pull()
    for _ in range(200):
        live.show(ended(pull))
    live.done()
    said = [record.message for record in caplog.records]

    assert said.count("pullscope: the collector refuses what is sent to it; the proxy is not affected.") == 1
    assert said[-1] == "pullscope: 0 pulls reached the collector, 200 did not."


def test_a_sender_that_raises_is_a_sender_that_fails() -> None:
    """An exception in the thread loses its batch and nothing else."""

    class Broken(Collector):
        def send(self, pulls: Sequence[Pull]) -> bool:
            raise RuntimeError(f"cannot send {len(pulls)}")

    live = started(Broken())
    live.show(ended(a_pull()))
    live.done()

    assert (live.sent, live.lost) == (0, 1)


def test_without_the_option_nothing_is_kept() -> None:
    """An addon that was not told to send holds no pull."""
    live = OtlpLive(lambda _pull: {}, make_sender=Collector())
    live.show(ended(a_pull()))

    assert live._waiting.qsize() == 0


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:4318", "https://collector.example.com/otlp/", "http://[::1]:4318"]
)
def test_addresses_of_collectors(endpoint: str) -> None:
    """A base address, with or without a path, is taken without its last slash."""
    assert checked(endpoint) == endpoint.rstrip("/")


@pytest.mark.parametrize(
    "endpoint",
    ["127.0.0.1:4318", "grpc://x:4317", "http://", "http://user:secret@x", "http://x?token=1", "http://[", "x"],
)
def test_other_addresses_are_refused(endpoint: str) -> None:
    """What is not a web address, or holds a secret that would end up in a log, is refused without being repeated."""
    with pytest.raises(exceptions.OptionsError) as refused:
        checked(endpoint)

    assert "secret" not in str(refused.value)


def test_missing_sdk_is_one_sentence() -> None:
    """Without the extra the option is refused with what to install."""

    def missing(_endpoint: str, _spans: Any) -> Collector:
        raise ImportError("opentelemetry")

    live = OtlpLive(lambda _pull: {}, make_sender=missing)

    @in_mitmproxy
    async def configure() -> None:
        with taddons.context(live) as context:
            context.configure(live, pullscope_otlp="http://127.0.0.1:4318")

    with pytest.raises(exceptions.OptionsError, match=r"pullscope\[otel\]"):
        configure()
