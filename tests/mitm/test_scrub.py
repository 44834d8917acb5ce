"""Scrub: the secrets are gone from the bytes, and the trace is equal."""

from __future__ import annotations

import io
import json
import random
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.io import FlowReader, FlowWriter
from tests.make import exchange
from tests.trace.test_border_secrets import CODINGS, KINDS, PLACES, leaks

from pullscope.mitm.flow_file import FlowFile, FlowTail
from pullscope.mitm.scrub import scrub
from pullscope.render.formats import report
from pullscope.trace.trace import Trace

RECORDINGS = sorted((Path(__file__).parents[1] / "data" / "recordings").glob("*.mitm"))
every_recording = pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)


def scrubbed(data: bytes) -> bytes:
    out = io.BytesIO()
    scrub(io.BytesIO(data), out, name="x.mitm")
    return out.getvalue()


def flows_of(data: bytes) -> list[http.HTTPFlow]:
    return [flow for flow in FlowReader(io.BytesIO(data)).stream() if isinstance(flow, http.HTTPFlow)]


def told(data: bytes) -> str:
    """The JSON report: every number of the trace."""
    trace, reader = Trace(), FlowFile("x.mitm")
    for event in reader.events(io.BytesIO(data)):
        trace.feed(event)
    trace.finish()
    assert reader.problem is None
    return report(trace, "json", source="x.mitm")


@every_recording
def test_the_trace_is_equal(recording: Path) -> None:
    """Every step, hop, number, size and verdict is the one of the raw file, and stays so when scrubbed again."""
    raw = recording.read_bytes()
    once = scrubbed(raw)

    assert told(once) == told(raw)
    assert told(scrubbed(once)) == told(raw)


@every_recording
def test_the_secrets_are_gone(recording: Path) -> None:
    """The recordings' made-up tokens and signatures are in the raw bytes and not in the scrubbed ones."""
    raw = recording.read_bytes()
    clean = scrubbed(raw)

    assert b"T:repository:" in raw
    assert b"T:repository:" not in clean
    assert b"secret123" not in clean


@every_recording
def test_no_blob_is_left(recording: Path) -> None:
    """Bodies that are left are documents: JSON or a sentence of an error; where a blob was there is nothing."""
    for flow in flows_of(scrubbed(recording.read_bytes())):
        assert flow.response is not None
        content = flow.response.content
        if flow.response.status_code < 400 and content:
            assert json.loads(content) is not None
        assert "/blobs/" not in flow.request.path or not content


def planted(secret: str) -> bytes:
    """A recording with a secret in every place that a flow has."""
    flows = flows_of(RECORDINGS[0].read_bytes())
    for flow in flows:
        assert flow.response is not None
        flow.request.headers["Cookie"] = f"session={secret}"
        flow.request.headers["X-Api-Key"] = secret
        flow.request.headers["Proxy-Authorization"] = f"Basic {secret}"
        flow.request.trailers = http.Headers(x=secret)
        flow.request.path += f"{'&' if '?' in flow.request.path else '?'}X-Amz-Signature={secret}"
        flow.response.headers["Set-Cookie"] = secret
        flow.response.headers["Link"] = f"<https://x/?sig={secret}>; rel=next"
        flow.response.trailers = http.Headers(x=secret)
        flow.response.reason = secret
        flow.metadata["proxyauth"] = ("me", secret)
        flow.metadata["pullscope"] = {"note": secret}
        flow.comment = f"password={secret}"
        if flow.request.method == "GET":
            flow.request.headers["Content-Type"] = "application/x-www-form-urlencoded"
            flow.request.content = f"grant_type=password&password={secret}".encode()
    out = io.BytesIO()
    for flow in flows:
        FlowWriter(out).add(flow)
    return out.getvalue()


def test_no_place_of_a_flow_keeps_a_secret() -> None:
    """Headers, trailers, queries, forms, reasons, metadata and comments: nowhere is what was planted."""
    secret = "hunter2hunter2hunter2"
    raw = planted(secret)

    assert secret.encode() in raw
    assert secret.encode() not in scrubbed(raw)


def test_other_traffic_is_left_out() -> None:
    """What is not a registry's traffic is not passed on at all."""
    flows = flows_of(RECORDINGS[0].read_bytes())
    flows[0].request.host_header = flows[0].request.host = "mail.example.com"
    flows[0].request.path = "/inbox"
    source, out = io.BytesIO(), io.BytesIO()
    for flow in flows:
        FlowWriter(source).add(flow)
    done = scrub(io.BytesIO(source.getvalue()), out, name="x.mitm")

    assert (done.kept, done.left_out) == (len(flows) - 1, 1)
    assert b"mail.example.com" not in out.getvalue()


@pytest.mark.parametrize("kept", [0.4, 0.9])
def test_a_file_that_was_cut_is_scrubbed_as_far_as_it_goes(kept: float) -> None:
    """What could be read is written, with a sentence on the rest."""
    raw = RECORDINGS[0].read_bytes()
    done = scrub(io.BytesIO(raw[: int(len(raw) * kept)]), io.BytesIO(), name="x.mitm")

    assert done.kept > 0
    assert done.problem is not None
    assert done.problem.startswith("x.mitm ends in the middle of a flow")


def damaged(raw: bytes, chance: random.Random) -> bytes:
    """With bits flipped, and pieces lost, doubled or in the wrong place."""
    data = bytearray(raw)
    for _ in range(chance.choice((1, 1, 2, 8))):
        place, size = chance.randrange(len(data)), chance.randrange(1, 60)
        match chance.randrange(5):
            case 0:
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                del data[place : place + size]
            case 2:
                data[place:place] = data[place : place + size]
            case 3:
                data[place:place] = chance.choice((b"~", b"5:", b"4:null~", b"\xff\xfe", b"9" * 12))
            case _:
                data[place] = chance.randrange(256)
    return bytes(data)


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_file_is_scrubbed_as_far_as_it_can_be_read(seed: int) -> None:
    """Whatever a byte is instead: a sentence says so, what is written is whole, and a follower stops with a sentence too."""
    chance = random.Random(seed)  # noqa: S311 - damage, not secrets
    raw = damaged(chance.choice(RECORDINGS).read_bytes(), chance)
    out = io.BytesIO()
    done = scrub(io.BytesIO(raw), out, name="x.mitm")
    reader = FlowFile("x.mitm")
    list(reader.events(io.BytesIO(raw)))
    assert (done.problem is None) == (reader.problem is None)
    assert len(flows_of(out.getvalue())) == done.kept
    errors: list[Exception] = []
    with suppress(ValueError):
        FlowTail(io.BytesIO(raw), errors.append).more(quiet=True)
    assert errors == []


@pytest.mark.parametrize("coding", ["plain", "base64", "hex", "url"])
@pytest.mark.parametrize("kind", [kind for kind, (request, _) in KINDS.items() if "/v2/team/" in request.url])
def test_no_credential_comes_out_of_its_exchange(kind: str, coding: str) -> None:
    """As of a recording: whatever the server echoes of it, and wherever."""
    request, secrets = KINDS[kind]
    for secret, (place, say) in product(secrets, PLACES.items()):
        coded = CODINGS[coding](secret)
        said = say(coded)
        if isinstance(said, str):
            continue  # an answer that never came
        flow = exchange(
            request.url, headers=request.headers, status=said.status, answer=said.body, answer_headers=said.headers
        )
        saved = io.BytesIO()
        FlowWriter(saved).add(flow)
        clean = scrubbed(saved.getvalue()).decode("utf-8", "replace")
        assert "registry.example.com" in clean
        assert not leaks(clean, secret), place
        assert not leaks(clean, coded.rstrip("=")), place
