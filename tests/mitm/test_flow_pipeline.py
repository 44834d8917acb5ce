"""Tests of what is made of what hooks took note of, also when the flow has gone and its messages have changed."""

from __future__ import annotations

import gc
import json

from mitmproxy import http
from tests.make import exchange, in_mitmproxy, loaded

from pullscope.mitm.bodies import what_came
from pullscope.mitm.flow_pipeline import FlowPipeline
from pullscope.mitm.message_heads import Asked, ResponseHead
from pullscope.render.labels import label
from pullscope.trace.model import Change
from pullscope.trace.trace import Trace

INDEX = json.dumps(
    {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}
).encode()


class Quiet:
    """An addon that is there only because options need one."""

    def done(self) -> None: ...


def fail(where: str, error: Exception) -> None:
    raise AssertionError(where) from error


def noted(flow: http.HTTPFlow) -> tuple[Asked, ResponseHead]:
    assert flow.response is not None
    return Asked.by(flow), ResponseHead.of(flow.response, flow.server_conn)


def test_an_exchange_is_told_after_its_flow_is_gone() -> None:
    """What was taken note of is enough: the pull, its kind, its size and its digest."""
    told: list[Change] = []
    trace = Trace()
    pipeline = FlowPipeline(trace, labels=label, show=told.extend, on_error=fail)

    @in_mitmproxy
    async def late() -> None:
        with loaded(Quiet()):
            flow = exchange(answer=INDEX, answer_headers=[("Content-Type", "application/vnd.oci.image.index.v1+json")])
            asked, head = noted(flow)
            asked.reads = True
            assert flow.response is not None
            came = what_came(flow.response)
            flow.response.headers.clear()
            flow.request.path = "/"
            del flow
            gc.collect()
            pipeline.asked(asked)
            pipeline.answered(asked, head, None)
            pipeline.ended(asked, came, 1001.0)

    late()
    (pull,) = trace.pulls
    assert [(str(step.kind), step.last.bytes) for step in pull.steps] == [("manifest-list", len(INDEX))]
    assert [change.what for change in told] == ["opened", "step"]


def test_traffic_of_others_is_known_as_such() -> None:
    """Nothing more is made of it, and a large answer is let pass."""
    trace = Trace()
    pipeline = FlowPipeline(trace, labels=None, show=lambda _: None, on_error=fail)
    flow = exchange("https://example.com/big", answer_headers=[("Content-Length", "99999999")])
    asked, head = noted(flow)
    assert flow.response is not None

    @in_mitmproxy
    async def pass_by() -> None:
        with loaded(Quiet()):
            pipeline.asked(asked)
            pipeline.answered(asked, head, None, flow.response)

    pass_by()
    assert asked.foreign
    assert flow.response.stream is True
    assert trace.pulls == []


def test_a_refusal_is_fed_like_any_event() -> None:
    """There is no flow for it."""
    trace = Trace()
    pipeline = FlowPipeline(trace, labels=None, show=lambda _: None, on_error=fail)

    @in_mitmproxy
    async def refuse() -> None:
        with loaded(Quiet()):
            pipeline.refused("192.0.2.7", "docker.io", "unknown ca", 1.0)

    refuse()
    assert [refused.host for refused in trace.refusals] == ["docker.io"]
