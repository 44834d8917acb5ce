"""Tests of the observer in a real mitmproxy, with real connections: bytes are never altered, and every source tells alike."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from mitmproxy import http as mitm_http
from mitmproxy.io import FlowWriter

from pullscope.mitm import addon_path
from pullscope.mitm.answer import Answer
from pullscope.mitm.flow_file import FlowFile
from pullscope.mitm.proxy_thread import ProxyThread, Tunnel
from pullscope.mitm.watch import Watch
from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.reference import Reference
from pullscope.render.formats import report
from pullscope.render.labels import label
from pullscope.trace.events import Event, Uploaded
from pullscope.trace.model import Kind
from pullscope.trace.recording import Reader
from pullscope.trace.trace import Trace
from pullscope.worlds.clients.client_catalog import CLIENTS
from pullscope.worlds.clients.drive import run_with_threads
from pullscope.worlds.hub.sample import SAMPLE_REFERENCE, sample_hub

BLOB = bytes(range(256)) * 40_000
MANIFEST = json.dumps(
    {"schemaVersion": 2, "layers": [], "config": {"digest": "sha256:" + "a" * 64, "size": 3}}
).encode()
CUT = f"sha256:{'c' * 64}"
RECORDINGS = Path(__file__).parents[1] / "data" / "recordings"


class Registry(BaseHTTPRequestHandler):
    """Answers over plain HTTP, in the ways that are hard: chunks, a content coding, an end too soon."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        if self.path.endswith(CUT):
            self.answer({"Content-Length": "1000"})
            self.wfile.write(b"x" * 100)
            self.close_connection = True
        elif "/manifests/" in self.path:
            self.answer({"Transfer-Encoding": "chunked", "Content-Encoding": "gzip"})
            body = gzip.compress(MANIFEST)
            for part in (body[:20], body[20:]):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.answer({"Content-Length": str(len(BLOB))})
            self.wfile.write(BLOB)

    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"Content-Length": "64", "X-Length": str(len(body))}, status=202)
        self.wfile.write(hashlib.sha256(body).hexdigest().encode())

    def answer(self, headers: dict[str, str], *, status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


@pytest.fixture
def registry() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class Saver:
    """mitmproxy's own -w, which comes after the scripts of -s; in a ProxyThread it would come before our addon."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._writer = FlowWriter(self._file)

    def response(self, flow: mitm_http.HTTPFlow) -> None:
        self._writer.add(flow)

    error = response

    def done(self) -> None:
        self._file.close()


def ask(proxy: ProxyThread, registry: str, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)
    try:
        connection.request(method, f"http://{registry}{path}", body, {"Host": registry, "User-Agent": "skopeo/1.9.3"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def pull(client: str, *addons: object, settings: list[str]) -> tuple[str, ...]:
    with ProxyThread(*addons, settings=settings) as proxy, Tunnel(proxy.port, proxy.ca_file) as answer:
        outcome = run_with_threads(CLIENTS[client](Reference.parse(SAMPLE_REFERENCE)), answer)
    assert outcome.pulled
    return proxy.errors


def trace_of(events: Iterator[Event]) -> Trace:
    trace = Trace()
    for event in events:
        trace.feed(event)
    trace.finish()
    return trace


@pytest.mark.parametrize("client", ["docker-containerd", "docker-classic", "skopeo"])
def test_every_source_gives_the_same_report(client: str, tmp_path: Path) -> None:
    """A live run, its recording, and the flow file that mitmproxy itself saved meanwhile."""
    recording, saved = tmp_path / "out.jsonl", tmp_path / "out.mitm"
    watch = Watch(labels=label)
    errors = pull(client, watch, Saver(saved), Answer(sample_hub()), settings=[f"pullscope_out={recording}"])
    with recording.open("rb") as lines:
        recorded = report(trace_of(Reader("x").read(lines)), "json")
    flows = FlowFile("x")
    with saved.open("rb") as file:
        from_flows = report(trace_of(flows.events(file)), "json")

    assert errors == ()
    assert flows.problem is None
    assert recorded == report(watch.trace, "json")
    assert json.loads(from_flows) == json.loads(recorded)


@pytest.mark.parametrize("client", ["docker-containerd", "docker-classic", "skopeo"])
def test_a_patient_watch_tells_the_same(client: str, tmp_path: Path) -> None:
    """As mitmdump runs it: what is told a moment later is told whole, verified, and in the order of the wire."""
    stories: list[list[tuple[str, ...]]] = []
    for patient in (True, False):
        recording = tmp_path / f"{patient}.jsonl"
        watch = Watch(labels=label, patient=patient)
        errors = pull(client, watch, Answer(sample_hub()), settings=[f"pullscope_out={recording}"])
        (seen,) = watch.trace.pulls
        with recording.open("rb") as lines:
            assert report(trace_of(Reader("x").read(lines)), "json") == report(watch.trace, "json")
        assert (errors, watch._backlog.patient, str(seen.outcome)) == ((), patient, "complete")
        assert all(step.verified for step in seen.steps if step.kind in (Kind.LAYER, Kind.CONFIG))
        # Layers are asked for side by side, so their order is their own.
        stories.append(sorted((str(step.kind), str(step.digest), str(step.last.bytes)) for step in seen.steps))

    assert stories[0] == stories[1]


def test_bytes_go_through_as_they_are(registry: str, tmp_path: Path) -> None:
    """A layer, a compressed manifest in chunks, an upload; and the saved flows fit their headers."""
    saved = tmp_path / "out.mitm"
    watch = Watch(labels=label)
    with ProxyThread(watch, Saver(saved)) as proxy:
        digest = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
        assert ask(proxy, registry, "GET", f"/v2/app/blobs/{digest}") == (200, BLOB)
        status, coded = ask(proxy, registry, "GET", "/v2/app/manifests/latest")
        assert (status, gzip.decompress(coded)) == (200, MANIFEST)
        status, body = ask(proxy, registry, "PATCH", "/v2/app/blobs/uploads/1", BLOB)
        assert (status, body) == (202, hashlib.sha256(BLOB).hexdigest().encode())

    assert proxy.errors == ()
    layer = next(step for pull in watch.trace.pulls for step in pull.steps if step.kind is Kind.LAYER)
    assert layer.verified is True
    with saved.open("rb") as file:
        flows = [*FlowFile("x")._flows(file)]
    assert [flow.response.content for flow in flows if flow.response and "/manifests/" in flow.request.path] == [
        MANIFEST
    ]
    with saved.open("rb") as file:
        sent = next(event for event in FlowFile("x").events(file) if isinstance(event, Uploaded))
    assert (sent.bytes, sent.sha256) == (len(BLOB), hashlib.sha256(BLOB).hexdigest())


def test_a_body_that_is_cut_off_is_cut_off(registry: str) -> None:
    """The client sees the end that the server made, and the trace says how far it came."""
    watch = Watch(labels=label)
    with ProxyThread(watch) as proxy, pytest.raises(http.client.IncompleteRead):
        ask(proxy, registry, "GET", f"/v2/app/blobs/{CUT}")

    (seen,) = watch.trace.pulls
    assert seen.outcome == "incomplete"
    assert seen.steps[-1].last.bytes == 100


class ForeignAnswer:
    """An addon that knows nothing of ours: it sets an answer, and leaves `stream` as it is."""

    def requestheaders(self, flow: mitm_http.HTTPFlow) -> None:
        flow.response = mitm_http.Response.make(201, b"taken")


@pytest.mark.parametrize("first", [True, False], ids=["answers first", "answers last"])
def test_a_foreign_answer_and_a_streamed_upload(first: bool) -> None:
    """Either order of -s: mitmproxy would crash where a request is both answered and streamed."""
    addons: list[object] = [Watch(labels=label)]
    addons.insert(0 if first else 1, ForeignAnswer())
    with ProxyThread(*addons) as proxy:
        assert ask(proxy, "registry.example.com", "PATCH", "/v2/app/blobs/uploads/1", BLOB) == (201, b"taken")

    assert proxy.errors == ()


def test_a_host_that_is_not_wanted_is_relayed_raw() -> None:
    """`pullscope_ignore`: the client speaks TLS with the real server, which is not there."""
    seen: list[str] = []

    def answer(request: Request) -> Response:
        seen.append(request.host)
        return Response(status=200, headers=Headers(), body=b"{}")

    world = Answer({"wanted.example.com": answer, "pinned.example.com": answer})
    watch = Watch()
    with (
        ProxyThread(watch, world, settings=["pullscope_ignore=pinned.example.com"]) as proxy,
        Tunnel(proxy.port, proxy.ca_file) as through,
    ):
        assert through(Request(method="GET", url="https://wanted.example.com/v2/")).status == 200
        with pytest.raises(Exception, match=r"\S"):
            through(Request(method="GET", url="https://pinned.example.com/v2/"))

    assert seen == ["wanted.example.com"]


@pytest.mark.parametrize("recording", ["dockerd-29.7-containerd-vanity-302", "skopeo-1.9-vanity-302"])
@pytest.mark.parametrize("quiet", [[], ["-q"]], ids=["plain", "quiet"])
def test_mitmdump_tells_a_flow_file(recording: str, quiet: list[str], tmp_path: Path) -> None:
    """`mitmdump -nr FILE -s addons/registry_trace.py` prints the story of the golden file, also with -q."""
    file = RECORDINGS / f"{recording}.mitm"
    told = subprocess.run(
        [
            *(sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()"),
            *(*quiet, "-nr", str(file), "-s", str(addon_path()), "--set", f"confdir={tmp_path}"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    header = re.compile(
        r"^(pull|read) (?=1  )", re.MULTILINE
    )  # live, what it is for is a guess, which the closing line corrects
    began = header.search(told.stdout)
    assert began is not None
    story = (
        header.sub("", told.stdout[began.start() :])
        .replace("  a pull of it", "")
        .replace("failed  a pull, ", "failed  ")
    )

    assert story == header.sub("", file.with_suffix(".txt").read_text())
    assert "\x1b" not in told.stdout
    assert "secret123" not in told.stdout + told.stderr


@pytest.mark.parametrize("stays", [True, False])
def test_a_recording_says_that_a_client_was_connected_at_its_end(tmp_path: Path, registry: str, stays: bool) -> None:
    """One that is gone by then has ended by itself."""
    watch, out = Watch(), tmp_path / "out.jsonl"
    gone = threading.Event()
    watch_gone = SimpleNamespace(client_disconnected=lambda _client: gone.set())
    with ProxyThread(watch, watch_gone, settings=[f"pullscope_out={out}"]) as proxy:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port)
        connection.request("GET", f"http://{registry}/v2/app/manifests/latest")
        connection.getresponse().read()
        if not stays:
            connection.close()
            assert gone.wait(60)
    connection.close()
    last = json.loads(out.read_text().splitlines()[-1])
    assert last["event"] == "end"
    assert ("time" in last) == stays
