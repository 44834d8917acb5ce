"""What is sent to a collector, against a small receiver that is built on OpenTelemetry's own types."""

from __future__ import annotations

import base64
import gzip
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.render.samples import recorded
from tests.trace.images import Image, docker_classic
from tests.trace.wire import Wire, played

from pullscope.mitm import otlp_live
from pullscope.mitm.otlp_live import OtlpLive
from pullscope.render.exports.otlp import traces_data
from pullscope.trace.model import Change

pytest.importorskip("opentelemetry.sdk", reason="needs the extra [otel]")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs the extra [otel]")
json_format = pytest.importorskip("google.protobuf.json_format")
traces_pb2 = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
otlp_sender = pytest.importorskip("pullscope.mitm.otlp_sender")
metrics_pb2 = pytest.importorskip("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2")

FLEET = Path(__file__).parents[2] / "docs" / "fleet.md"


def _request_of(document: dict[str, Any]) -> Any:
    """The type's own reader, which refuses fields that it does not know."""
    return json_format.ParseDict(document, traces_pb2.ExportTraceServiceRequest())


def _base64_ids(read: dict[str, Any]) -> dict[str, Any]:
    """OTLP/JSON writes identifiers in hex, where protobuf's own JSON has base64."""
    ids = {key: read[key] for key in ("traceId", "spanId", "parentSpanId") if key in read}
    return read | {key: base64.b64encode(bytes.fromhex(value)).decode() for key, value in ids.items()}


class Received:
    """What arrived, decoded."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.metrics: list[Any] = []
        self.statuses: list[int] = []
        """What is answered first; then 200."""
        self.changed = threading.Condition()

    @property
    def traces(self) -> set[bytes]:
        """The traces whose root is here."""
        return {bytes(span.trace_id) for span in self.spans if not span.parent_span_id}


@contextmanager
def receiver() -> Iterator[tuple[str, Received]]:
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            with received.changed:
                if self.path == "/v1/traces":
                    request = _request_of(json.loads(body, object_hook=_base64_ids))
                    scopes = [scope for one in request.resource_spans for scope in one.scope_spans]
                    received.spans.extend(span for scope in scopes for span in scope.spans)
                elif self.path == "/v1/metrics":
                    request = metrics_pb2.ExportMetricsServiceRequest.FromString(body)
                    scopes = [scope for one in request.resource_metrics for scope in one.scope_metrics]
                    received.metrics.extend(metric for scope in scopes for metric in scope.metrics)
                received.changed.notify_all()
            self.send_response(received.statuses.pop() if received.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_hundreds_of_pulls_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pull is a trace of its own at the collector, and the counter says how many there were."""
    monkeypatch.setattr(otlp_sender, "TIMEOUT", 120.0)  # a busy machine is not a subject of this test
    wires = []
    many = otlp_live.BATCH * 5
    for number in range(many):
        wire = Wire(client=f"10.0.0.{number}", at=1000.0 + number * 20)
        docker_classic(wire, Image(repository=f"library/app{number}"))
        wires.append(wire)
    pulls = played(*wires).pulls
    with receiver() as (endpoint, received):
        live = OtlpLive(traces_data)
        live.start(endpoint)
        for pull in pulls:
            live.show([Change(what="closed", pull=pull)])
        with received.changed:
            assert received.changed.wait_for(lambda: len(received.traces) == many, timeout=240)
        live.done()
    [counter] = [metric for metric in received.metrics if metric.name == "pullscope.pulls"][-1:]

    assert (live.sent, live.dropped, live.lost) == (many, 0, 0)
    assert len(received.traces) == many
    assert sum(point.as_int for point in counter.sum.data_points) == many


def test_the_names_of_registries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client may ask for any name, and the SDK keeps a number for each for ever: further ones are counted together."""
    monkeypatch.setattr(otlp_sender, "MOST_NAMES", 3)
    sender = otlp_sender.OtelSender("http://127.0.0.1:9", traces_data)
    try:
        names = [sender._named("registry", f"registry{number}.example.com") for number in range(10)]
    finally:
        sender.close()

    assert names == [*(f"registry{number}.example.com" for number in range(3)), *["others"] * 7]
    assert sender._named("registry", "registry1.example.com") == "registry1.example.com"


def test_a_failed_pull_arrives_with_its_finding() -> None:
    """The finding is an event of the pull's span, and a count of its code."""
    with receiver() as (endpoint, received):
        live = OtlpLive(traces_data)
        live.start(endpoint)
        live.show([Change(what="closed", pull=recorded("skopeo-1.9-vanity-302").pulls[0])])
        live.done()
    root = next(span for span in received.spans if not span.parent_span_id)
    codes = {
        attribute.value.string_value
        for metric in received.metrics
        if metric.name == "pullscope.findings"
        for point in metric.sum.data_points
        for attribute in point.attributes
        if attribute.key == "pullscope.finding.code"
    }

    assert root.status.code == 2
    assert root.events[0].name == "pullscope.finding"
    assert "authorization-dropped" in codes


def test_what_a_fleet_is_asked_arrives() -> None:
    """Whose limit, at which registry, by which client; a duration in a bucket that tells it from others; and a first 429."""
    limited = Wire()
    said = {
        "RateLimit-Limit": "100;w=21600",
        "RateLimit-Remaining": "0;w=21600",
        "Docker-RateLimit-Source": "192.0.2.7",
    }
    for _ in range(2):
        limited.ask("GET", Image().url("manifests", "latest"), 429, answer=said, took=0.4)
    with receiver() as (endpoint, received):
        live = OtlpLive(traces_data)
        live.start(endpoint)
        live.show([Change(what="closed", pull=played(limited).pulls[0])])
        live.done()

    def points(name: str) -> list[tuple[dict[str, str], Any]]:
        metrics = [metric for metric in received.metrics if metric.name == name]
        found = [
            point
            for metric in metrics
            for point in (*metric.sum.data_points, *metric.gauge.data_points, *metric.histogram.data_points)
        ]
        return [({one.key: one.value.string_value for one in point.attributes}, point) for point in found]

    assert [(about, point.as_int) for about, point in points("pullscope.rate_limited")] == [({}, 2)]
    [(about, left)] = points("pullscope.rate_limit.remaining")
    assert (about["pullscope.rate_limit.source"], about["pullscope.registry"]) == ("192.0.2.7", "docker.io")
    assert left.as_int == 0
    findings = [about for about, _ in points("pullscope.findings")]
    assert {(one["pullscope.registry"], one["pullscope.client.family"]) for one in findings} == {
        ("docker.io", "docker")
    }
    assert "rate-limited" in {one["pullscope.finding.code"] for one in findings}
    [(_, took)] = points("pullscope.pull.duration")
    at = next(place for place, number in enumerate(took.bucket_counts) if number)
    assert (took.explicit_bounds[at - 1], took.explicit_bounds[at]) == (0.5, 1.0)
    assert took.sum == pytest.approx(0.8)


def test_the_queries_of_the_docs_ask_for_what_is_sent() -> None:
    """Every metric and label in docs/fleet.md's PromQL is one that arrives, as Prometheus names it."""
    limited = Wire()
    limited.ask("GET", Image().url("manifests", "latest"), 429)
    with receiver() as (endpoint, received):
        live = OtlpLive(traces_data)
        live.start(endpoint)
        for pull in [*recorded("dockerd-20.10-hub").pulls, *played(limited).pulls]:
            live.show([Change(what="closed", pull=pull)])
        live.done()
    known = set()
    for metric in received.metrics:
        # https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
        name = metric.name.replace(".", "_") + ("_total" if metric.HasField("sum") else "")
        known.add(name)
        if metric.HasField("histogram"):
            known.add(f"{name}_seconds_bucket")  # the unit, and what a histogram is made of
        points = [*metric.sum.data_points, *metric.gauge.data_points, *metric.histogram.data_points]
        known |= {attribute.key.replace(".", "_") for point in points for attribute in point.attributes}
    asked = re.search(r"```promql\n(.*?)```", FLEET.read_text(encoding="utf-8"), re.DOTALL)
    assert asked
    words = set(re.findall(r"\bpullscope_\w+", asked[1]))

    assert len(words) >= 8
    assert words <= known


def test_a_collector_that_is_busy_is_asked_again() -> None:
    """503 is retryable in OTLP/HTTP: the pull arrives, and counts as sent."""
    with receiver() as (endpoint, received):
        sender = otlp_sender.OtelSender(endpoint, traces_data)
        sender._begun = True  # the metrics, which would come first, are not what is answered 503
        received.statuses = [503]
        sent = sender.send([recorded("dockerd-20.10-hub").pulls[0]])
        sender.close()

    assert sent
    assert len(received.traces) == 1


def test_a_receiver_that_is_down_loses_pulls_and_nothing_else() -> None:
    """Without a collector the pull is counted as lost, and the end comes all the same."""
    with receiver() as (endpoint, _):
        pass
    live = OtlpLive(traces_data)
    live.start(endpoint)
    live.show([Change(what="closed", pull=recorded("dockerd-20.10-hub").pulls[0])])
    live.done()

    assert live.sent == 0


pytest.importorskip("opentelemetry.sdk", reason="needs the extra [otel]")
otlp_counters = pytest.importorskip("pullscope.mitm.otlp_sender")


def test_a_new_series_is_sent_as_nothing_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each for its own time; what is counted meanwhile is in the first number; the end holds nothing back."""
    now = [1000.0]
    monkeypatch.setattr(otlp_counters, "time", SimpleNamespace(monotonic=lambda: now[0]))
    counters = otlp_counters.Counters(SimpleNamespace(create_observable_counter=lambda *_: None))
    counter = counters.make("pulls", "{pull}", "")

    def sent() -> list[tuple[dict[str, str], int]]:
        return [(dict(one.attributes), one.value) for one in counter.observe(None)]

    counter.add(2, {"b": "x", "a": "y"})
    assert sent() == [({"a": "y", "b": "x"}, 0)]
    now[0] += otlp_counters.HELD
    counter.add(1, {"a": "y", "b": "x"})
    counter.add(1)
    assert sent() == [({"a": "y", "b": "x"}, 3), ({}, 0)]
    counters.whole = True
    assert sent() == [({"a": "y", "b": "x"}, 3), ({}, 1)]
