"""OpenTelemetry's own SDK and exporters, fed with pulls. Imported only where `pullscope_otlp` is set (extra `[otel]`).

Spans come as the dictionaries of OTLP/JSON and become the SDK's; metrics are counted here. The proxies of the environment are
not asked: this process may be the very proxy that they name.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from pullscope import __version__
from pullscope.mitm.otlp_live import TIMEOUT, Spans
from pullscope.trace.hosts import rate_limit_of
from pullscope.trace.model import Pull

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

KINDS = {1: SpanKind.INTERNAL, 3: SpanKind.CLIENT}
SCOPE = InstrumentationScope("pullscope", __version__)


class OtelSender:
    """Traces and metrics to one collector."""

    def __init__(self, endpoint: str, spans: Spans) -> None:
        # Its own words on a collector that is away would fill the log; `OtlpLive` says it once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._spans = spans
        self._resource = Resource.create({"service.name": "pullscope", "service.version": __version__})
        self._traces = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=TIMEOUT, session=_session())
        exporter = OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics", timeout=TIMEOUT, session=_session())
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=METRICS_EVERY * 1000)
        self._metrics = MeterProvider(resource=self._resource, metric_readers=[reader])
        meter = self._metrics.get_meter("pullscope", __version__)
        self._pulls = meter.create_counter("pullscope.pulls", "{pull}", "Pulls and pushes that ended")
        self._bytes = meter.create_counter("pullscope.bytes", "By", "Body bytes received")
        self._seconds = meter.create_histogram(
            "pullscope.pull.duration",
            "s",
            "From the first request to the last answer",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._findings = meter.create_counter("pullscope.findings", "{finding}", "What was found, by code")
        self._limited = meter.create_counter("pullscope.rate_limited", "{answer}", "Answers of 429: Too Many Requests")
        self._limited.add(0)  # a counter that begins with its first 429 has not increased by it
        self._left = meter.create_gauge("pullscope.rate_limit.remaining", "{pull}", "What the registry said is left")
        self._counted: dict[str, None] = {}
        self._names: dict[str, set[str]] = {"registry": set(), "source": set()}
        self._begun = False

    def send(self, pulls: Sequence[Pull]) -> bool:
        """Send the spans of these pulls, and count them; False if the collector did not take the spans."""
        if not self._begun:
            self._begun = True
            self._metrics.force_flush(TIMEOUT * 1000)
        made = [self._readable(span) for pull in pulls for span in self._told(pull)]
        return self._traces.export(made) is SpanExportResult.SUCCESS

    def close(self) -> None:
        """Send the last metrics, and end."""
        self._metrics.shutdown(timeout_millis=TIMEOUT * 1000)
        self._traces.shutdown()

    def _told(self, pull: Pull) -> list[dict[str, Any]]:
        spans = list(self._spans(pull))
        if spans and spans[0]["traceId"] not in self._counted:
            self._counted[spans[0]["traceId"]] = None
            while len(self._counted) > MOST_COUNTED:
                del self._counted[next(iter(self._counted))]
            self._count(pull)
        return spans

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
        """The SDK keeps a number for every name for ever, and clients may ask for any."""
        known = self._names[kind]
        if len(known) < MOST_NAMES:
            known.add(name)
        return name if name in known else OTHERS

    def _readable(self, span: dict[str, Any]) -> ReadableSpan:
        trace = int(span["traceId"], 16)
        parent = span.get("parentSpanId")
        status = span.get("status")
        return ReadableSpan(
            name=span["name"],
            context=_context(trace, span["spanId"]),
            parent=_context(trace, parent) if parent else None,
            resource=self._resource,
            attributes=_attributes(span["attributes"]),
            events=[
                Event(one["name"], _attributes(one["attributes"]), int(one["timeUnixNano"]))
                for one in span.get("events", ())
            ],
            kind=KINDS[span["kind"]],
            status=Status(StatusCode.ERROR, status.get("message")) if status else Status(StatusCode.UNSET),
            start_time=int(span["startTimeUnixNano"]),
            end_time=int(span["endTimeUnixNano"]),
            instrumentation_scope=SCOPE,
        )


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def _context(trace: int, span: str) -> SpanContext:
    return SpanContext(trace, int(span, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _attributes(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """OTLP/JSON's attributes as plain values."""
    return {pair["key"]: _READ[kind](value) for pair in pairs for kind, value in pair["value"].items()}


_READ: dict[str, Any] = {"stringValue": str, "intValue": int, "doubleValue": float, "boolValue": bool}
