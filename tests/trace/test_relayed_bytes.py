"""Connections that are passed on unread: whose bytes they are, how long they are waited for, and what is said of them."""

from __future__ import annotations

from tests.trace.images import Image, digest, get_manifest
from tests.trace.test_unseen_hosts import APP, TARGET, sent_on, untraced
from tests.trace.wire import HUB, Wire, merged, only, played

from pullscope.render.formats import Told, report
from pullscope.render.report import report_json
from pullscope.trace.events import Relayed
from pullscope.trace.model import Ending, Outcome
from pullscope.trace.times import RELAY_QUIET
from pullscope.trace.trace import Trace


def passes(wire: Wire, length: int | None, *, relay: int = 1, over: bool = False, host: str = TARGET) -> None:
    """What has come over a connection so far."""
    wire.events.append(Relayed(time=wire.now, relay=relay, client=wire.client, host=host, bytes=length, over=over))


def text(trace: Trace) -> str:
    return " ".join(report(trace, "text").split())


def test_one_operation_gets_what_its_connection_brought() -> None:
    """The last blob counts as sent on too, at once, although its client asked for nothing after it."""
    wire = untraced(*APP.blobs())
    passes(wire, 0)
    wire.wait(0.2)
    passes(wire, 4_000_000)
    trace = played(wire, finish=False)
    pull = only(trace)
    assert [step.sent_on_to for step in pull.steps[1:]] == [TARGET] * 3
    trace.finish()

    assert pull.outcome is Ending.COMPLETE
    assert pull.findings == []
    assert f"2 of 2 layers from {TARGET} relayed unseen, 4.0 MB" in text(trace)
    told = report_json(Told.of(trace, "x"))["pulls"][0]
    assert told["layers"]["relayed"] == [{"host": TARGET, "bytes": 4_000_000}]


def test_an_operation_lives_as_long_as_its_bytes_move() -> None:
    """A large layer takes longer than any silence, and the operation is not told to be over meanwhile."""
    wire = untraced(*APP.blobs())
    for second in range(8):
        passes(wire, second * 1_000_000)
        wire.wait(RELAY_QUIET - 1)
    trace = played(wire, finish=False)
    assert not only(trace).closed
    passes(wire, 8_000_000, over=True)
    trace.feed(wire.events[-1])
    trace.tick(wire.now + RELAY_QUIET)
    assert only(trace).closed
    assert only(trace).seconds == only(trace).last - only(trace).started > 7 * (RELAY_QUIET - 1)


def test_bytes_of_two_operations_at_once_are_of_both() -> None:
    """Two pulls of one client were sent to the same host: the sum is known, and between whom; what came before is one's own."""
    one, two = untraced(*APP.blobs()), Wire(at=1000.201)
    passes(one, 300)
    other = Image(repository="library/other")
    get_manifest(two, other, other.manifest(), tag=True)
    two.ask("GET", other.url("blobs", digest("base")), 307, location=f"https://{TARGET}/base")
    two.wait(0.1)
    passes(two, 0, relay=2)
    two.wait(0.1)
    passes(two, 5_300)
    passes(two, 700, relay=2)
    trace = played(one, two)
    told = [pull["layers"]["relayed"] for pull in report_json(Told.of(trace, "x"))["pulls"]]
    shared = {"bytes": 5_700, "between": [1, 2]}
    assert told == [[{"host": TARGET, "bytes": own, "shared": shared}] for own in (300, 0)]
    assert "relayed unseen, 300 B and 5.7 kB between this and operation 2" in text(trace)
    assert "relayed unseen, 5.7 kB between this and operation 1" in text(trace)


def test_a_connection_that_is_kept_counts_for_each_in_turn() -> None:
    """What a second pull got over the connection of the first is what came since."""
    wire = untraced(*APP.blobs())
    passes(wire, 1_000)
    wire.wait(RELAY_QUIET + 60)
    sent_on(wire, "late")
    wire.wait(0.1)
    passes(wire, 1_700, over=True)
    trace = played(wire)
    assert sum(length or 0 for pull in trace.pulls for length in pull.unread.bytes.values()) == 1_700


def test_what_never_came_was_not_relayed() -> None:
    """A storage that sends no byte: the client was sent there, and no more can be said than that it was not seen."""
    wire = untraced(*APP.blobs())
    passes(wire, 0)
    wire.wait(1.0)
    passes(wire, 0, over=True)
    pull = only(played(wire))
    assert {step.outcome for step in pull.steps[1:]} == {Outcome.NOT_SEEN}
    assert pull.outcome is Ending.INCOMPLETE
    assert pull.layers.sent_on == 0


def test_a_host_that_is_traced_as_well_is_followed_as_ever() -> None:
    """Where the client's request to the storage was seen, its bytes are counted and verified."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.follows("GET", [APP.url("blobs", digest("base")), f"https://{TARGET}/base"])
    wire.ask("GET", f"https://{TARGET}/base", content="base", referer=APP.url("blobs", digest("base")))
    passes(wire, 10)
    blob = only(played(wire)).steps[-1]
    assert blob.sent_on_to is None
    assert blob.verified


def test_a_relay_without_a_redirect_to_it_changes_nothing() -> None:
    """Another client's connection, or one to another host."""
    wire = Wire()
    wire.ask("HEAD", f"{HUB}/v2/library/app/manifests/latest")
    passes(wire, 10, host="elsewhere.example")
    assert only(played(wire)).unread.bytes == {}
    assert merged([wire])[-1] == wire.events[-1]
