"""Tests of what a hook takes note of: it stays as it was, and holds no more than it needs."""

from __future__ import annotations

import gc

import pytest
from mitmproxy import http
from tests.make import behind, exchange

from pullscope.mitm.flow_notes import seen_of
from pullscope.mitm.message_heads import Asked, RequestHead, ResponseHead, headers_of

MANIFEST = "https://registry.example.com/v2/app/manifests/latest"


def test_a_head_is_what_it_was() -> None:
    """Another addon rewrites request and answer between the hook and the making of the event."""
    flow = exchange(MANIFEST, headers=[("Accept", "a"), ("Accept", "b")], answer_headers=[("X-One", "1")])
    assert flow.response is not None
    asked, answered = RequestHead.of(flow), ResponseHead.of(flow.response, flow.server_conn)
    flow.request.url = "http://elsewhere.example.com/x"
    flow.request.headers["Accept"] = "c"
    flow.request.method = "POST"
    flow.response.status_code = 500
    flow.response.headers["X-One"] = "2"

    assert (asked.method, asked.scheme, asked.host, asked.path) == (
        "GET",
        "https",
        "registry.example.com",
        "/v2/app/manifests/latest",
    )
    assert headers_of(asked.fields).get_all("accept") == ("a", "b")
    assert (answered.status, headers_of(answered.fields).get("x-one")) == (200, "1")


def test_a_head_knows_who_asked_and_how() -> None:
    """Address, SNI, and whether the proxy stands before a server; a flow from elsewhere has no address."""
    flow = behind(exchange(), "reverse:https://registry-1.docker.io", sni="docker.example.com")
    head = RequestHead.of(flow)
    flow.client_conn.peername = None  # type: ignore[assignment] # as in a flow that was imported

    assert (head.peer, head.sni, head.reversed) == ("192.0.2.7", "docker.example.com", True)
    assert RequestHead.of(flow).peer is None


def test_what_is_not_utf_8_shows_as_such() -> None:
    """Names and values of headers are bytes on the wire."""
    assert [*headers_of(((b"X-\xff", b"\xfe"),))] == [("X-�", "�")]


@pytest.mark.parametrize(
    ("method", "url", "wants"),
    [
        ("GET", MANIFEST, True),
        ("HEAD", f"{MANIFEST}?ns=docker.io", True),
        ("PUT", MANIFEST, False),
        ("GET", "https://registry.example.com/v2/app/blobs/sha256:" + "a" * 64, False),
        ("GET", "https://registry.example.com/v2/", False),
        ("GET", "https://registry.example.com/x/v2/app/manifests/latest", True),
        ("GET", "https://www.example.com/api/v2/app/manifests/latest", False),
    ],
)
def test_a_manifest_is_known_by_its_address(method: str, url: str, wants: bool) -> None:
    """For anything else it takes the trace to say what will come."""
    assert Asked.by(exchange(url, method=method)).wants_manifest is wants


def test_an_exchange_does_not_hold_its_flow() -> None:
    """Thousands may wait to be told; a note for a flow that is gone is dropped."""
    flow: http.HTTPFlow | None = exchange()
    assert flow is not None
    asked = Asked.by(flow)
    asked.note(bytes=7)
    assert seen_of(flow) == {"bytes": 7}
    flow = None
    gc.collect()  # connection and flow may refer to each other

    assert asked.flow() is None
    asked.note(bytes=8)


def test_an_answer_knows_how_its_server_was_reached() -> None:
    """When the proxy dialed, and when TCP and TLS stood; nothing of an answer that no server gave."""
    flow = exchange()
    assert flow.response is not None
    flow.server_conn.timestamp_start, flow.server_conn.timestamp_tcp_setup = 1.0, 2.0
    flow.server_conn.timestamp_tls_setup = None
    head = ResponseHead.of(flow.response, flow.server_conn)

    assert (head.dialed, head.reached, head.secured) == (1.0, 2.0, None)
