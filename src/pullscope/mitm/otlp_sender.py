"""Pulls for an OpenTelemetry collector. Imported only where `pullscope_otlp` is set (extra `[otel]`).

Traces are posted as the OTLP/JSON that `report --format otlp` writes; metrics are counted by OpenTelemetry's SDK and sent by its
exporter. The proxies of the environment are not used: this process may be the very proxy that they name.
Sources: opentelemetry.io/docs/specs/otlp (OTLP/HTTP: JSON Protobuf Encoding, Failures); of `Counters`
prometheus.io/docs/prometheus/latest: querying/functions (increase, rate), configuration (a scrape interval is a minute).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from pullscope import __version__
from pullscope.mitm.otlp_live import TIMEOUT, Traces
from pullscope.trace.bounded_table import Newest
from pullscope.trace.hosts import rate_limit_of
from pullscope.trace.model import Pull

HELD = 120.0
"""Seconds for which a new series is 0: every scrape once a minute sees it."""


class Counters:
    """All counters of one meter. Every series is sent as 0 for a while before its first count: `increase` of Prometheus leaves
    out what a series began with, so a host's first pull of a registry would be in no answer.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.whole = False
        """Whether nothing is held back any more, as at the end."""

    def make(self, name: str, unit: str, description: str) -> Counter:
        made = Counter(self)
        self._meter.create_observable_counter(name, [made.observe], unit, description)
        return made


class Counter:
    """One of them: `add` as the SDK's own has it, and what is sent of it."""

    def __init__(self, counters: Counters) -> None:
        self._all = counters
        self._series: dict[tuple[tuple[str, str], ...], tuple[float, int]] = {}

    def add(self, number: int, about: Mapping[str, str] | None = None) -> None:
        key = tuple(sorted((about or {}).items()))
        born, total = self._series.get(key, (time.monotonic(), 0))
        self._series[key] = (born, total + number)

    def observe(self, _: CallbackOptions) -> Iterator[Observation]:
        """Called by the SDK's thread, which may be beside `add`."""
        now = time.monotonic()
        for key, (born, total) in [*self._series.items()]:
            yield Observation(total if self._all.whole or now - born >= HELD else 0, dict(key))


METRICS_EVERY = 15.0
"""Seconds between two reports of the metrics."""

MOST_COUNTED = 10_000
"""Pulls that are remembered as counted: one that goes on after its end is sent again and counted once."""

MOST_NAMES, OTHERS = 500, "others"
"""Registries, and sources of a limit, that are counted by name, and what all further ones are called."""

SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
"""The buckets of a pull's duration: a lookup, a small image, a large one, one that hangs. The SDK's own are of milliseconds."""

TOO_MANY = 429
"""RFC 6585, 4."""

RETRIES = Retry(
    total=1,
    backoff_factor=0.2,
    status_forcelist=(429, 502, 503, 504),
    allowed_methods=None,
    respect_retry_after_header=False,
)
"""The statuses that OTLP/HTTP calls retryable. Its Retry-After may be longer than the end of a proxy can wait."""


class OtelSender:
    """Traces and metrics to one collector."""

    def __init__(self, endpoint: str, traces: Traces) -> None:
        # Its own words on a collector that is away would fill the log; `OtlpLive` says it once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._traces = traces
        self._traces_at = f"{endpoint}/v1/traces"
        self._session = _session()
        self._session.mount(endpoint, HTTPAdapter(max_retries=RETRIES))
        exporter = OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics", timeout=TIMEOUT, session=_session())
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=METRICS_EVERY * 1000)
        resource = Resource.create({"service.name": "pullscope", "service.version": __version__})
        self._metrics = MeterProvider(resource=resource, metric_readers=[reader])
        meter = self._metrics.get_meter("pullscope", __version__)
        self._counters = Counters(meter)
        self._pulls = self._counters.make("pullscope.pulls", "{pull}", "Pulls and pushes that ended")
        self._bytes = self._counters.make("pullscope.bytes", "By", "Body bytes received")
        self._seconds = meter.create_histogram(
            "pullscope.pull.duration",
            "s",
            "From the first request to the last answer",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._findings = self._counters.make("pullscope.findings", "{finding}", "What was found, by code")
        self._limited = self._counters.make("pullscope.rate_limited", "{answer}", "Answers of 429: Too Many Requests")
        self._limited.add(0)
        self._left = meter.create_gauge("pullscope.rate_limit.remaining", "{pull}", "What the registry said is left")
        self._counted: Newest[str, None] = Newest(MOST_COUNTED)
        self._names: dict[str, set[str]] = {"registry": set(), "source": set()}

    def send(self, pulls: Sequence[Pull]) -> bool:
        """Send the spans of these pulls, and count them; False if the collector did not take the spans."""
        made = [self._traces(pull) for pull in pulls]
        for pull, one in zip(pulls, made, strict=True):
            self._count_once(one["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"], pull)
        document = {"resourceSpans": [resource for one in made for resource in one["resourceSpans"]]}
        return self._session.post(self._traces_at, json=document, timeout=TIMEOUT).ok

    def close(self) -> None:
        """Send the last metrics, and end."""
        self._counters.whole = True
        self._metrics.shutdown(timeout_millis=TIMEOUT * 1000)
        self._session.close()

    def _count_once(self, trace: str, pull: Pull) -> None:
        if trace in self._counted:
            return
        self._counted[trace] = None
        self._count(pull)

    def _count(self, pull: Pull) -> None:
        who = {
            "pullscope.registry": self._named("registry", pull.registry),
            "pullscope.client.family": pull.client.family,
        }
        about = {**who, "pullscope.action": str(pull.action), "pullscope.outcome": str(pull.outcome)}
        self._pulls.add(1, about)
        self._bytes.add(pull.bytes, about)
        if pull.seconds is not None:
            self._seconds.record(pull.seconds, about)
        for finding in pull.findings:
            code = {"pullscope.finding.code": finding.code, "pullscope.finding.severity": str(finding.severity)}
            self._findings.add(1, {**who, **code})
        self._limited.add(sum(hop.status == TOO_MANY for hop in pull.hops))
        limit = rate_limit_of(pull)
        if limit is not None:
            source = self._named("source", limit.source or "not said")
            where = {"pullscope.registry": who["pullscope.registry"], "pullscope.rate_limit.source": source}
            self._left.set(limit.remaining_after, where)

    def _named(self, kind: str, name: str) -> str:
        """The SDK keeps a number for every name forever, and clients may ask for any."""
        known = self._names[kind]
        if len(known) < MOST_NAMES:
            known.add(name)
        return name if name in known else OTHERS


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session
