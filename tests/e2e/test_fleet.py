"""1,000 pulls of 30 hosts in a real Prometheus: each question of docs/fleet.md is answered with the number that is true.

The senders are ours and send over HTTP; between them and Prometheus stands a small receiver that names metrics as the collector
does. A day goes by on a clock of its own: what each scrape would have seen is handed to `promtool`, and nothing waits.
"""

from __future__ import annotations

import json
import random
import subprocess
import threading
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.dashboard import questions
from tests.e2e import parts
from tests.e2e.processes import Running
from tests.trace.images import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, descriptor, digest
from tests.trace.wire import CONTAINERD, DOCKER_20, SKOPEO, Wire, played

from pullscope.render.exports.otlp import traces_data

pytestmark = pytest.mark.real
pytest.importorskip("opentelemetry.sdk", reason="needs the extra [otel]")
otlp_counters = pytest.importorskip("pullscope.mitm.otlp_sender")
otlp_sender = pytest.importorskip("pullscope.mitm.otlp_sender")
metrics_pb2 = pytest.importorskip("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2")

HOSTS, PULLS, DAY = 30, 1000, 86_400
BUSIEST = (90, 80, 70, 60, 50)
BEGIN = 1_700_000_000 // 900 * 900
CLIENTS = {"docker": DOCKER_20, "containerd": CONTAINERD, "skopeo": SKOPEO}
REGISTRIES = {"docker.io": "registry-1.docker.io", "ghcr.io": "ghcr.io", "quay.io": "quay.io"}
MISSING = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'
TOO_MANY = '{"errors":[{"code":"TOOMANYREQUESTS","message":"too many requests"}]}'


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One pull as it is to be."""

    at: int
    host: int
    registry: str
    kind: str
    took: float
    layer: str
    left: int

    @property
    def client(self) -> str:
        return [*CLIENTS][self.host % 3]

    @property
    def source(self) -> str:
        return f"192.0.2.{self.host % 4}"

    def wire(self) -> Wire:
        """What goes over the wire: a manifest, a config, a layer; or the refusal of the manifest."""
        wire = Wire(agent=CLIENTS[self.client], client=f"10.0.0.{self.host}", at=float(self.at))
        base = f"https://{REGISTRIES[self.registry]}/v2/org/app{self.at}"
        status, body = {"missing": (404, MISSING), "limited": (429, TOO_MANY)}.get(self.kind, (200, self.manifest))
        said = {"Content-Type": OCI_MANIFEST} if status == 200 else {"Content-Type": "application/json"}
        if self.registry == "docker.io":
            said |= {"RateLimit-Remaining": f"{self.left};w=21600", "RateLimit-Limit": "100;w=21600"}
            said["Docker-RateLimit-Source"] = self.source
        wire.ask("GET", f"{base}/manifests/1", status, answer=said, body=body, took=self.took / 3)
        for blob in (self.config, self.layer) if status == 200 else ():
            wire.ask("GET", f"{base}/blobs/{digest(blob)}", content=blob, took=self.took / 3)
        return wire

    @property
    def config(self) -> str:
        return f'{{"os":"linux","architecture":"amd64","number":{self.at}}}'

    @property
    def manifest(self) -> str:
        parts = {"config": descriptor(OCI_CONFIG, self.config), "layers": [descriptor(OCI_LAYER, self.layer)]}
        return json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, **parts})

    @property
    def bytes(self) -> int:
        """The bodies of all its answers."""
        if self.kind == "good":
            return len(self.manifest) + len(self.config) + len(self.layer)
        return len(MISSING if self.kind == "missing" else TOO_MANY)

    @property
    def seconds(self) -> float:
        return self.took if self.kind == "good" else self.took / 3


def planned() -> list[Planned]:
    """Five busy hosts and many quiet ones; the last quarter of an hour is quiet, so that the day is whole."""
    dice = random.Random(14)  # noqa: S311 - a plan, no secret
    moments = sorted(dice.sample(range(60, DAY - 900), PULLS))
    hosts = [host for host, pulls in enumerate(BUSIEST) for _ in range(pulls)]
    hosts += [len(BUSIEST) + number % (HOSTS - len(BUSIEST)) for number in range(PULLS - len(hosts))]
    dice.shuffle(hosts)
    made = []
    for number, (at, host) in enumerate(zip(moments, hosts, strict=True)):
        registry = dice.choices([*REGISTRIES], weights=[5, 3, 2])[0]
        kind = dice.choices(["good", "missing", "limited"], weights=[80, 12, 8])[0]
        kind = "good" if kind == "limited" and registry != "docker.io" else kind
        took, layer = dice.choice([0.3, 1.5, 6.0, 45.0]), "x" * dice.randrange(1, 5000)
        made.append(
            Planned(at=BEGIN + at, host=host, registry=registry, kind=kind, took=took, layer=layer, left=PULLS - number)
        )
    return made


@dataclass
class Collector:
    """Keeps each metric under the name and the labels that the collector's Prometheus exporter gives it."""

    now: int = BEGIN
    kinds: dict[str, str] = field(default_factory=dict)
    samples: dict[str, list[str]] = field(default_factory=dict)

    def take(self, body: bytes) -> None:
        """opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics"""
        for resource in metrics_pb2.ExportMetricsServiceRequest.FromString(body).resource_metrics:
            about = {one.key: one.value.string_value for one in resource.resource.attributes}
            where = {"job": about["service.name"], "instance": about["service.instance.id"]}
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                self._keep(metric, where)

    def _keep(self, metric: Any, where: dict[str, str]) -> None:
        name = metric.name.replace(".", "_") + {"s": "_seconds"}.get(metric.unit, "")
        kind = metric.WhichOneof("data")
        self.kinds[name] = {"sum": "counter"}.get(kind, kind)
        for point in getattr(metric, kind).data_points:
            labels = where | {one.key.replace(".", "_"): one.value.string_value for one in point.attributes}
            if kind != "histogram":
                self._sample(name, "_total" if kind == "sum" else "", labels, point.as_int)
                continue
            below = 0
            for bound, number in zip([*point.explicit_bounds, "+Inf"], point.bucket_counts, strict=True):
                below += number
                self._sample(name, "_bucket", {**labels, "le": str(bound)}, below)
            self._sample(name, "_count", labels, point.count)
            self._sample(name, "_sum", labels, point.sum)

    def _sample(self, name: str, ending: str, labels: dict[str, str], value: float) -> None:
        shown = ",".join(f'{label}="{text}"' for label, text in labels.items())
        self.samples.setdefault(name, []).append(f"{name}{ending}{{{shown}}} {value} {self.now}")

    def text(self) -> str:
        """All of it as OpenMetrics."""
        lines = [line for name, kind in self.kinds.items() for line in (f"# TYPE {name} {kind}", *self.samples[name])]
        return "\n".join([*lines, "# EOF", ""])


@pytest.fixture
def collector() -> Iterator[tuple[str, Collector]]:
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one segment an answer

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/metrics":
                kept.take(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", kept
        server.shutdown()
        thread.join()


def a_day(endpoint: str, kept: Collector, plan: list[Planned], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every host sends what it pulled; it is scraped each hour, and soon after each pull."""
    monkeypatch.setattr(otlp_sender, "METRICS_EVERY", 100_000.0)  # a real clock has no say here
    monkeypatch.setattr(otlp_counters, "time", SimpleNamespace(monotonic=lambda: float(kept.now)))
    senders = []
    for host in range(HOSTS):
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"service.instance.id=node-{host}")
        senders.append(otlp_sender.OtelSender(endpoint, traces_data))
    events: list[tuple[int, int, int]] = [
        (BEGIN + at, 1, host) for at in range(0, DAY + 1, 3600) for host in range(HOSTS)
    ]
    events += [(one.at, 0, number) for number, one in enumerate(plan)]
    events += [(one.at + 30, 1, one.host) for one in plan]
    for moment, scraped, number in sorted(set(events)):
        kept.now = moment
        if scraped:
            assert senders[number]._metrics.force_flush()
        else:
            assert senders[plan[number].host].send(played(plan[number].wire()).pulls)
    for sender in senders:
        sender._session.close()


@pytest.fixture
def ask(tmp_path: Path, collector: tuple[str, Collector], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Prometheus with that day in it, asked at its end."""
    endpoint, kept = collector
    a_day(endpoint, kept, planned(), monkeypatch)
    (tmp_path / "day.txt").write_text(kept.text())
    words: list[str | Path] = [
        "promtool",
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        tmp_path / "day.txt",
        tmp_path / "data",
    ]
    subprocess.run(words, check=True, capture_output=True)
    (tmp_path / "prometheus.yml").write_text("{}")
    port = parts.free_port()
    server: list[str | Path] = [
        "prometheus", f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'data'}",
        "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with Running(server) as program:
        program.wait_for("Server is ready to receive web requests")

        def answer(query: str) -> dict[tuple[str, ...], float]:
            asked = urllib.parse.urlencode({"query": query, "time": BEGIN + DAY})
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{asked}") as said:
                found = json.load(said)["data"]["result"]
            return {
                tuple(one["metric"][label] for label in sorted(one["metric"])): float(one["value"][1]) for one in found
            }

        yield answer


def nineteen_of_twenty(seconds: list[float]) -> float:
    """histogram_quantile(0.95) of these, as Prometheus documents it: linear within a bucket."""
    rank, below, lower = 0.95 * len(seconds), 0, 0.0
    bounds: tuple[float, ...] = otlp_sender.SECONDS
    for bound in bounds:
        inside = sum(lower < one <= bound for one in seconds)
        if below + inside >= rank:
            return lower + (bound - lower) * (rank - below) / inside
        below, lower = below + inside, bound
    raise AssertionError(seconds)


def test_each_question_has_the_true_answer(ask: Any) -> None:
    """Labels in the order of their names; what is 0 is no answer."""
    plan = planned()
    last_hour = [one for one in plan if one.at > BEGIN + DAY - 3600]
    limited = [one for one in plan if one.kind == "limited"]
    hub = [one for one in plan if one.registry == "docker.io"]
    busiest = Counter(f"node-{one.host}" for one in plan)
    codes = {"missing": "manifest-unknown", "limited": "rate-limited"}
    broken = Counter((one.client, codes[one.kind], one.registry) for one in plan if one.kind != "good")
    last = {(one.source, one.host): one.left for one in hub}
    volumes = Counter(dict.fromkeys(REGISTRIES, 0))
    for one in plan:
        volumes[one.registry] += one.bytes
    durations = {name: [one.seconds for one in last_hour if one.registry == name] for name in REGISTRIES}
    true: list[list[dict[tuple[str, ...], float]]] = [
        [dict(Counter((one.client, one.registry) for one in last_hour))],
        [{(name,): number for name, number in busiest.most_common(5)}],
        [{(name,): number for name, number in volumes.items()}],
        [
            dict(Counter((f"node-{one.host}",) for one in limited)),
            {("docker.io",): len(limited)},
            {(source, "docker.io"): min(left for (of, _), left in last.items() if of == source) for source, _ in last},
        ],
        [{(name,): nineteen_of_twenty(found) for name, found in durations.items()}],
        [dict(broken.most_common(5))],
    ]
    asked = questions()
    assert len(asked) == len(true)
    assert len(plan) == sum(busiest.values()) == PULLS
    assert len(busiest) == HOSTS
    for (question, queries), answers in zip(asked, true, strict=True):
        for query, answer in zip(queries, answers, strict=True):
            found = {key: value for key, value in ask(query).items() if value > 0}
            assert found == pytest.approx(answer), (question, query)
