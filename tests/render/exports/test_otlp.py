"""OTLP/JSON, read by opentelemetry's own types."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.render.samples import TRACES, recorded, told

from pullscope.render.exports.otlp import otlp_lines

json_format = pytest.importorskip("google.protobuf.json_format")
trace_pb2 = pytest.importorskip("opentelemetry.proto.trace.v1.trace_pb2")


def as_protobuf_wants(value: Any) -> Any:
    """OTLP writes identifiers in hex where JSON Protobuf has base64 (opentelemetry-proto, "JSON Protobuf Encoding")."""
    if isinstance(value, list):
        return [as_protobuf_wants(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(one)).decode()
        if key in ("traceId", "spanId", "parentSpanId")
        else as_protobuf_wants(one)
        for key, one in value.items()
    }


def spans_of(trace: str) -> list[list[Any]]:
    """The spans of each line, decoded."""
    lines = []
    for line in otlp_lines(told(TRACES[trace]())).splitlines():
        data = json_format.ParseDict(as_protobuf_wants(json.loads(line)), trace_pb2.TracesData())
        lines.append([span for one in data.resource_spans for scope in one.scope_spans for span in scope.spans])
    return lines


@pytest.mark.parametrize("trace", TRACES)
def test_is_a_trace_a_pull(trace: str) -> None:
    """Every line is a TracesData whose spans are one tree: a root, steps below it, hops below these."""
    for spans, pull in zip(spans_of(trace), TRACES[trace]().pulls, strict=True):
        identifiers = {span.span_id for span in spans}

        assert {span.trace_id for span in spans} == {spans[0].trace_id}
        assert len(identifiers) == len(spans) == 1 + len(pull.steps) + sum(len(step.hops) for step in pull.steps)
        assert [span for span in spans if not span.parent_span_id] == [spans[0]]
        assert all(span.parent_span_id in identifiers for span in spans[1:])
        assert all(len(span.trace_id) == 16 and len(span.span_id) == 8 for span in spans)
        assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)


def test_traces_are_told_apart() -> None:
    """No two pulls have one identifier."""
    identifiers = [spans[0].trace_id for spans in spans_of("every-ending")]

    assert len(set(identifiers)) == len(identifiers)


def test_failure_is_an_error_with_its_finding() -> None:
    """A failed pull's span has the status error and its findings as events."""
    [spans] = spans_of("skopeo-1.9-vanity-302")
    [event, *_] = spans[0].events
    said = {attribute.key: attribute.value.string_value for attribute in event.attributes}

    assert spans[0].status.code == 2
    assert said["pullscope.finding.code"] == "authorization-dropped"


def test_hops_follow_the_http_conventions() -> None:
    """A hop is a client span with the attributes by which HTTP spans are searched."""
    [spans] = spans_of("dockerd-20.10-hub")
    hop = next(span for span in spans if span.kind == 3)
    names = {attribute.key for attribute in hop.attributes}

    assert {"http.request.method", "url.full", "server.address", "http.response.status_code"} <= names
    assert recorded("dockerd-20.10-hub").pulls
