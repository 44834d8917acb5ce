"""Tests of the observer, hook by hook: what it makes of flows, what it leaves alone, and that it never breaks one."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import logging
import stat
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import exceptions, http
from mitmproxy.flow import Error
from tests.make import exchange, in_mitmproxy, loaded, through, websocket

from pullscope.mitm.backlog import Backlog
from pullscope.mitm.bodies import tap_of
from pullscope.mitm.flow_notes import seen_of
from pullscope.mitm.watch import Watch
from pullscope.render.formats import report
from pullscope.render.labels import label
from pullscope.trace.model import Change
from pullscope.trace.recording import Reader
from pullscope.trace.trace import Trace

REPOSITORY = "https://registry.example.com/v2/app"
CONFIG = b'{"os": "linux", "architecture": "amd64", "rootfs": {}}'
LAYER = b"layer" * 100_000


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest(CONFIG),
            "size": len(CONFIG),
        },
        "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest(LAYER), "size": len(LAYER)}
        ],
    }
).encode()
OF_MANIFEST = [
    ("Content-Type", "application/vnd.oci.image.manifest.v1+json"),
    ("Content-Length", str(len(MANIFEST))),
    ("Docker-Content-Digest", digest(MANIFEST)),
]


def manifest(*, at: float = 1000.0) -> http.HTTPFlow:
    return exchange(f"{REPOSITORY}/manifests/latest", answer=MANIFEST, answer_headers=OF_MANIFEST, at=at)


def blob(data: bytes, *, at: float = 1001.0) -> http.HTTPFlow:
    length = [("Content-Length", str(len(data)))]
    return exchange(f"{REPOSITORY}/blobs/{digest(data)}", answer=data, answer_headers=length, at=at)


class Told:
    """A view that remembers."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def show(self, changes: Sequence[Change]) -> None:
        self.changes += changes

    def tick(self, trace: Trace, now: float, arriving: Any) -> None: ...

    def close(self) -> None: ...


def test_a_pull_is_seen_whole_and_its_layer_is_not_held() -> None:
    """Every body is streamed or read, checked against its digest, and the layer is nowhere."""
    watch = Watch(labels=label)
    flows = [manifest(), blob(CONFIG), blob(LAYER, at=1002.0)]

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch):
            for flow in flows:
                through(watch, flow, streamed=True)

    pull()
    (seen,) = watch.trace.pulls
    assert [(str(step.kind), step.verified) for step in seen.steps] == [
        ("manifest", True),
        ("config", True),
        ("layer", True),
    ]
    assert seen.outcome == "complete"
    assert [flow.response.raw_content for flow in flows if flow.response] == [MANIFEST, CONFIG, None]
    assert seen_of(flows[2])["bytes"] == len(LAYER)
    assert [flow.marked for flow in flows] == [":page_facing_up:", ":gear:", ":package:"]
    assert flows[2].comment == "layer 1/1 · 500.0 kB · pull 1"


def test_a_streamed_document_is_put_back_as_it_went_by() -> None:
    """A chunked, compressed manifest: what is saved fits its headers, content coding and all."""

    coded = gzip.compress(MANIFEST)
    flow = exchange(
        answer=coded,
        answer_headers=[*OF_MANIFEST[:1], ("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")],
    )
    watch = Watch()

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch):
            through(watch, flow, streamed=True)

    pull()
    assert flow.response is not None
    assert flow.response.raw_content == coded
    assert flow.response.content == MANIFEST
    assert flow.response.headers["content-encoding"] == "gzip"
    assert seen_of(flow) | {"bytes": len(coded), "sha256": hashlib.sha256(MANIFEST).hexdigest()} == seen_of(flow)


def test_a_large_manifest_streams_and_is_not_kept() -> None:
    """100 MB of "manifest" go by; the flow holds nothing of it."""
    flow = exchange(answer=bytes(100_000_000), answer_headers=[("Content-Length", "100000000")])
    watch = Watch()

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch):
            through(watch, flow, streamed=True)

    pull()
    assert flow.response is not None
    assert flow.response.raw_content is None
    assert seen_of(flow)["bytes"] == 100_000_000


def test_uploads_stream() -> None:
    """The chunks of a pushed layer are hashed on the way."""
    flow = exchange(f"{REPOSITORY}/blobs/uploads/1", method="PATCH", headers=[("Content-Length", "5")], status=202)
    watch = Watch()
    answer, flow.response = flow.response, None

    @in_mitmproxy
    async def push() -> None:
        with loaded(watch):
            watch.requestheaders(flow)
            stream = flow.request.stream
            assert callable(stream)
            assert stream(b"layer") == b"layer"
            flow.request.data.content = None
            watch.request(flow)
            flow.response = answer
            watch.responseheaders(flow)
            watch.response(flow)

    push()
    assert seen_of(flow)["sent_bytes"] == 5
    assert seen_of(flow)["sent_sha256"] == hashlib.sha256(b"layer").hexdigest()


@pytest.mark.parametrize("before", [True, False], ids=["answered before", "answered after"])
def test_an_answered_request_is_never_streamed(before: bool) -> None:
    """mitmproxy crashes where both are set, whichever addon comes first."""
    flow = exchange(f"{REPOSITORY}/blobs/uploads/1", method="PATCH", headers=[("Content-Length", "5")], body=b"layer")
    watch = Watch()
    answer, flow.response = flow.response, flow.response if before else None

    @in_mitmproxy
    async def push() -> None:
        with loaded(watch):
            watch.requestheaders(flow)
            flow.response = answer
            assert not flow.request.stream
            watch.request(flow)

    push()
    assert seen_of(flow)["sent_bytes"] == 5


@pytest.mark.parametrize("size", [10, 10_000_000])
def test_other_traffic_is_not_touched(size: int) -> None:
    """Nothing is written on its flows; a large download is streamed, so that it does not fill the memory."""
    flow = exchange("https://example.com/x", answer=b"", answer_headers=[("Content-Length", str(size))])
    watch, told = Watch(labels=label), Told()
    watch._view = told

    @in_mitmproxy
    async def browse() -> None:
        with loaded(watch):
            before = flow.get_state()
            through(watch, flow)
            watch.response(websocket())
            assert flow.get_state() == before

    browse()
    assert flow.response is not None
    assert bool(flow.response.stream) is (size > 4_000_000)
    assert tap_of(flow.response) is None
    assert (watch.trace.pulls, told.changes) == ([], [])


def test_a_stream_function_of_another_addon_is_kept() -> None:
    """What it makes of the body is what the client gets, and what is told."""
    flow = blob(LAYER)
    watch = Watch()
    answer, flow.response = flow.response, None

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch):
            watch.requestheaders(flow)
            watch.request(flow)
            flow.response = answer
            assert answer is not None
            answer.stream = lambda data: data.replace(b"l", b"L")
            watch.responseheaders(flow)
            assert callable(answer.stream)
            assert [*answer.stream(b"layer")] == [b"Layer"]
            answer.data.content = None
            watch.response(flow)

    pull()
    assert seen_of(flow)["sha256"] == hashlib.sha256(b"Layer").hexdigest()


def test_a_stream_function_that_replaced_ours_leaves_nothing_to_say() -> None:
    """Bytes that were not counted are not claimed to be none."""
    flow = blob(LAYER)
    watch = Watch()
    answer, flow.response = flow.response, None

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch):
            watch.requestheaders(flow)
            watch.request(flow)
            flow.response = answer
            watch.responseheaders(flow)
            assert answer is not None
            answer.stream, answer.data.content = True, None
            watch.response(flow)

    pull()
    assert (seen_of(flow)["bytes"], seen_of(flow)["sha256"]) == (None, None)


@pytest.mark.parametrize(("method", "status", "body"), [("HEAD", 200, b""), ("GET", 304, b""), ("GET", 404, b"{}")])
def test_answers_without_what_was_asked_for(method: str, status: int, body: bytes) -> None:
    """A Content-Length without a body is normal for a HEAD and a 304; nothing is wrong with their digest."""
    length = [("Content-Length", "120345"), ("Docker-Content-Digest", digest(MANIFEST))]
    flow = exchange(
        f"{REPOSITORY}/manifests/{digest(MANIFEST)}", method=method, status=status, answer=body, answer_headers=length
    )
    watch = Watch()

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch):
            through(watch, flow, streamed=True)

    pull()
    (step,) = watch.trace.pulls[0].steps
    assert step.verified is None
    assert step.last.bytes == len(body)


def test_a_cut_off_body_is_a_failure_with_the_bytes_that_came() -> None:
    """The server, or the client, went away in the middle of a layer."""
    flow = blob(LAYER)
    watch = Watch(labels=label)
    answer, flow.response = flow.response, None

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch):
            through(watch, manifest())
            watch.requestheaders(flow)
            watch.request(flow)
            flow.response = answer
            watch.responseheaders(flow)
            assert answer is not None
            assert callable(answer.stream)
            answer.stream(LAYER[:1000])
            flow.error = Error("peer closed connection", timestamp=1001.5)
            watch.error(flow)

    pull()
    (seen,) = watch.trace.pulls
    last = seen.steps[-1].last
    assert (last.bytes, last.failed and last.failed.reason) == (1000, "server closed connection")
    assert seen.outcome == "incomplete"
    assert "FAILED" in flow.comment or "cut off" in flow.comment


HOOKS = ("requestheaders", "request", "responseheaders", "response", "error")


@pytest.mark.parametrize("hook", HOOKS)
def test_an_exception_is_reported_once_and_the_flow_goes_on(
    hook: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is wrong inside; the message stays out of the log, for it may quote the wire."""
    watch = Watch()
    where = {
        "requestheaders": "requested",
        "request": "uploaded",
        "responseheaders": "responded",
        "response": "finished",
    }

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("s3cret")

    monkeypatch.setattr(watch._pipeline._border, where.get(hook, "failed"), broken)

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch), caplog.at_level(logging.INFO):
            for _ in range(3):
                through(watch, exchange(method="PUT", body=b"{}", status=None if hook == "error" else 200))

    pull()
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert errors == [
        (
            f"pullscope: an error in {hook}: RuntimeError; what it would have seen is missing. "
            "The traffic is not affected. Please report it."
        )
    ]
    assert "s3cret" not in caplog.text


def test_no_secret_reaches_a_view_or_a_recording(tmp_path: Path) -> None:
    """The token of a request and of an answer, a signature in a Location."""
    watch, told = Watch(), Told()
    watch._view = told
    out = tmp_path / "out.jsonl"

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch, pullscope_out=str(out)):
            through(
                watch,
                exchange(
                    f"{REPOSITORY}/blobs/{digest(LAYER)}?_state=s3cret",
                    headers=[
                        ("Authorization", "Bearer s3cret"),
                        ("Cookie", "s3cret"),
                        ("Referer", "https://a/?b=s3cret"),
                    ],
                    status=307,
                    answer_headers=[("Location", "https://cdn.example.com/x?verify=s3cret"), ("Set-Cookie", "s3cret")],
                ),
            )

    pull()
    assert told.changes
    assert "s3cret" not in out.read_text()
    assert "s3cret" not in repr(told.changes)
    assert '"event":"responded"' in out.read_text()


def test_a_persons_comment_and_mark_stay() -> None:
    """A comment that a user wrote in the console or in mitmweb is not written over, ours is."""
    watch = Watch(labels=label)
    flows = [manifest(), blob(LAYER)]
    flows[1].comment, flows[1].marked = "look here", ":star:"

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch):
            for flow in flows:
                through(watch, flow)
            assert watch.step(flows[1]) == "layer 1/1 · 500.0 kB · pull 1"
            assert watch.step(websocket()) == "not part of a pull"

    pull()
    assert (flows[1].comment, flows[1].marked) == ("look here", ":star:")
    assert flows[0].comment.startswith("manifest")


def test_flows_in_flight_have_a_provisional_comment(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the console and mitmweb a layer has its name while it comes."""
    monkeypatch.setattr("pullscope.mitm.settings.is_dump", lambda: False)
    watch = Watch(labels=label)
    flow = blob(LAYER)
    flow.response = None

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch):
            through(watch, manifest())
            watch.requestheaders(flow)
            assert (flow.comment, flow.marked) == ("layer 1/1 · pull 1", ":package:")

    pull()


def test_flows_of_a_step_that_settles_later_are_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 401 is named when it is known to be the last word; the windows are told, for no hook will do it."""
    monkeypatch.setattr("pullscope.mitm.settings.is_dump", lambda: False)
    updated: list[Any] = []
    watch = Watch(labels=label)
    flow = exchange(status=401, answer_headers=[("WWW-Authenticate", 'Bearer realm="https://auth.example.com/token"')])

    class Window:
        def update(self, flows: list[Any]) -> None:
            updated.extend(flows)

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch) as context:
            context.master.addons.add(Window())
            through(watch, flow)
            assert updated == []
            watch._tick(1100.0)
            assert updated == [flow]

    pull()
    assert flow.marked == ":x:"


def test_loaded_flows_are_told_in_the_order_of_their_time(tmp_path: Path) -> None:
    """A file is in order of completion; nothing is told before all of it is there. It can become a recording."""
    watch, told = Watch(labels=label), Told()
    watch._view = told
    out = tmp_path / "out.jsonl"
    flows = [blob(LAYER), manifest(), exchange("https://example.com/")]
    for flow in flows:
        flow.live = False

    @in_mitmproxy
    async def load() -> None:
        with loaded(watch, pullscope_out=str(out)):
            for flow in flows:
                watch.requestheaders(flow)
                watch.request(flow)
                watch.responseheaders(flow)
                watch.response(flow)
            assert told.changes == []
            watch._tick(2000.0)
            assert told.changes == []
            watch._tick(2000.5)
            assert [str(step.kind) for step in watch.trace.pulls[0].steps] == ["manifest", "layer"]

    load()
    assert flows[0].marked == ":package:"
    assert "example.com/v2" in out.read_text()
    assert '"https://example.com/"' not in out.read_text()


def test_what_ended_is_not_kept() -> None:
    """A proxy runs for months: of ended exchanges the trace keeps what its last pulls need, and nothing else."""
    watch = Watch()

    @in_mitmproxy
    async def run() -> None:
        with loaded(watch):
            for number in range(50):
                through(watch, exchange("https://example.com/", at=number))
                through(watch, manifest(at=number))

    run()
    assert len(watch.trace._hops) == 0
    assert len(watch._pipeline._taps) == 0


def refusal(host: str | None) -> Any:
    client = SimpleNamespace(peername=("192.0.2.7", 1), sni=host)
    context = SimpleNamespace(client=client, server=SimpleNamespace(address=("192.0.2.9", 443)))
    return SimpleNamespace(context=context, conn=SimpleNamespace(error="The client does not trust the certificate"))


def test_a_refusal_is_told_once_a_minute() -> None:
    """A client that tries again and again is one line; without SNI the address is its name."""
    watch = Watch()

    @in_mitmproxy
    async def run() -> None:
        with loaded(watch):
            for host in ("docker.io", "docker.io", None, "docker.io"):
                watch.tls_failed_client(refusal(host))

    run()
    assert [refused.host for refused in watch.trace.refusals] == ["docker.io", "192.0.2.9"]


def test_commands(tmp_path: Path) -> None:
    """The twins of the CLI: a list, a report as text or JSON, private; and one sentence for what cannot be written."""
    watch = Watch(labels=label, report=report)
    names = tmp_path / "report.json", tmp_path / "report.txt"

    @in_mitmproxy
    async def run() -> None:
        with loaded(watch) as context:
            through(watch, manifest())
            call = context.master.commands.execute
            assert call("pullscope.pulls") == ["1  registry.example.com/app:latest  under way"]
            for name in names:
                call(f"pullscope.report {name}")
            with pytest.raises(exceptions.CommandError, match="cannot write /nowhere/x: No such file or directory"):
                call("pullscope.report /nowhere/x")

    run()
    assert json.loads(names[0].read_text())["pulls"][0]["reference"] == "registry.example.com/app:latest"
    assert names[1].read_text().startswith("pull 1  registry.example.com/app:latest")
    assert stat.S_IMODE(names[0].stat().st_mode) == 0o600


def test_without_a_report_writer_the_command_says_so() -> None:
    """An addon file may be wired without one."""
    with pytest.raises(exceptions.CommandError, match="without a report writer"):
        Watch().report("x")


def test_hooks_before_loading_do_not_raise() -> None:
    """A reload may leave a connection with an addon that is new."""
    flow = manifest()
    watch = Watch()
    for hook in ("request", "responseheaders", "response", "error"):
        getattr(watch, hook)(flow)

    assert watch.trace.pulls == []


def test_on_a_patient_watch_hooks_of_documents_only_take_note() -> None:
    """In mitmdump nothing is told in the hook; it is told when the loop has time, and whole."""
    watch, told = Watch(labels=label, patient=True), Told()
    watch._view = told

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch):
            watch._backlog.patient = True  # a test's master is not mitmdump
            for number in range(3):
                through(watch, manifest(at=1000.0 + number))
            assert told.changes == []
            while watch._backlog:  # in slices, however slow the machine
                await asyncio.sleep(0)
            assert [change.what for change in told.changes].count("step") == 3

    pull()
    assert len(watch.trace.pulls) == 3


def test_a_layer_waits_for_what_came_before_it() -> None:
    """Whether its body is a document is known once its manifest has been told: the hook can be awaited."""
    watch = Watch(labels=label, patient=True)
    flow = blob(LAYER)
    answer, flow.response = flow.response, None

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch):
            watch._backlog.patient = True
            through(watch, manifest())
            assert watch.requestheaders(flow) is None
            flow.response = answer
            turn = watch.responseheaders(flow)
            assert turn is not None
            assert answer is not None
            assert not answer.stream
            await turn
            assert tap_of(answer) is not None

    pull()


def test_flows_that_are_looked_at_are_told_at_once() -> None:
    """With -w, and in mitmproxy's own windows, a flow has its words when its hook returns."""
    watch = Watch(labels=label, patient=True)

    @in_mitmproxy
    async def run() -> None:
        with loaded(watch):
            assert watch._backlog.patient is False  # no mitmdump

    run()


def test_commands_know_what_has_not_been_told_yet() -> None:
    """The pulls have all that was seen."""
    watch = Watch(labels=label, patient=True)

    @in_mitmproxy
    async def run() -> None:
        with loaded(watch):
            watch._backlog.patient = True
            through(watch, manifest())
            assert watch.trace.pulls == []
            assert len(watch.pulls()) == 1

    run()


def test_what_had_come_when_the_proxy_was_stopped_is_told() -> None:
    """Ctrl-C in the middle of a layer: its bytes count, no other cause is named, and nothing is called complete."""
    watch = Watch()
    flow = blob(LAYER, at=time.time() - 1)
    answer, flow.response = flow.response, None

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch):
            through(watch, manifest(at=time.time() - 1))
            watch.requestheaders(flow)
            flow.response = answer
            watch.responseheaders(flow)
            assert answer is not None
            assert callable(answer.stream)
            answer.stream(LAYER[:1000])

    pull()
    (seen,) = watch.trace.pulls
    last = seen.steps[-1].last
    assert (last.bytes, last.failed and last.failed.reason) == (1000, "the proxy was stopped")
    assert (seen.outcome, seen.findings) == ("incomplete", [])
    assert last.seconds is not None
    assert last.seconds >= 1  # until it was stopped, and that was just now


def test_after_an_error_of_the_backlog_it_says_that_it_has_stopped_looking(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Once in the log and in the recording; how the pull under way ended is not made up."""
    watch, told, out = Watch(patient=True), Told(), tmp_path / "out.jsonl"
    watch._view = told
    layer = blob(LAYER, at=1003.0)

    def fail(*_: object) -> None:
        raise RuntimeError("s3cret")

    @in_mitmproxy
    async def pull() -> None:
        with loaded(watch, pullscope_out=str(out)):
            watch._backlog.patient = True
            through(watch, manifest())
            watch._backlog.catch_up()
            monkeypatch.setattr(Backlog, "_do_next", fail)
            watch._backlog._rest = 0.0
            through(watch, manifest(at=1002.0))
            turn = watch.requestheaders(layer)
            assert turn is None
            await asyncio.sleep(0.01)
            assert watch.stopped_looking
            through(watch, manifest(at=1004.0))
            assert layer.response is not None
            watch.responseheaders(layer)
            watch._tick(5000.0)
            assert layer.response.stream is not None

    pull()
    assert [change.what for change in told.changes if change.what == "closed"] == []
    assert len(watch.trace.pulls) == 1
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert said == [
        (
            "pullscope: it stopped looking after an error in the backlog: RuntimeError; what follows is not seen. "
            "The traffic is not affected. Please report it."
        )
    ]
    reader = Reader("out")
    with out.open("rb") as lines:
        assert len([*reader.read(lines)]) == 3
    assert reader.problem is not None
    assert "stopped looking" in reader.problem


@pytest.mark.parametrize(
    "odd",
    [
        {"answer_headers": [("Link", '<https://[x/>; rel="next"')]},
        {"headers": [("Host", "[1]")]},
        {"status": 307, "answer_headers": [("Location", "https://[x/")]},
        {"answer_headers": [("Content-Length", "9" * 5_000)], "method": "HEAD"},
        {"at": 1e308},
    ],
    ids=["link", "host", "location", "length", "time"],
)
def test_one_odd_exchange_loses_nothing_of_the_others(odd: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """The other client's pull is told, before and after, and nothing of ours goes wrong."""
    watch = Watch()

    @in_mitmproxy
    async def pulls() -> None:
        with loaded(watch), caplog.at_level(logging.ERROR):
            for name, more in (("one", {}), ("odd", odd), ("two", {})):
                url = f"https://{name}.example/v2/app/tags/list"
                made = exchange(url, **{"answer": b'{"name":"app","tags":[]}', "at": 1000.0, **more})
                made.client_conn.peername = (f"192.0.2.{len(name)}", 1)
                through(watch, made)

    pulls()
    assert {"one.example", "two.example"} <= {pull.registry for pull in watch.trace.pulls}
    assert not [record.getMessage() for record in caplog.records]
