"""A mitmproxy flow as the plain messages that the border (`trace.border`) makes events of, and back. Nothing is decided here.

What a flow file lacks (a streamed body) is taken from `flow.metadata`, where the addon left it under `SEEN`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mitmproxy import http
from mitmproxy.connection import ConnectionState
from mitmproxy.flow import Error

from pullscope.mitm.bodies import announced_length, body_of_message
from pullscope.mitm.flow_notes import ANSWERED_BY, SEEN
from pullscope.mitm.message_heads import RequestHead, ResponseHead, headers_of
from pullscope.oci.messages import Request, Response
from pullscope.oci.routes import Endpoint, Route, route
from pullscope.oci.urls import canonical, is_host
from pullscope.trace.border import Body, Border, wants_document, wants_upload
from pullscope.trace.events import Event, Failed, Requested, Responded
from pullscope.trace.source_gaps import MIRROR


def requested(border: Border, head: RequestHead) -> Requested:
    return border.requested(
        Request(method=head.method, url=_spelled(head), headers=headers_of(head.fields)),
        time=head.started,
        client=head.peer or "unknown",
        connection=head.connection,
        connected=head.connected,
        http_version=head.http_version,
        lacks=MIRROR if head.mirrored else None,
    )


def responded(border: Border, exchange: int, at: float, head: ResponseHead, answered_by: object = None) -> Responded:
    """The head of an answer; `at` is when it was asked for, where it has no time of its own."""
    return border.responded(
        exchange,
        Response(status=head.status, headers=headers_of(head.fields)),
        time=head.started or at,
        answered_by=str(answered_by) if answered_by else None,
        dialed=head.dialed,
        reached=head.reached,
        secured=head.secured,
    )


def failed(border: Border, exchange: int, at: float, error: Error | None, length: int | None = None) -> Failed:
    """The exchange ended before its time; `at` is used where no error says when."""
    reason, time = (error.msg, error.timestamp) if error else ("ended without an answer", at)
    return border.failed(exchange, reason, time=time, length=length)


def error_of(flow: http.HTTPFlow) -> Error | None:
    """The flow's error, in words that say who closed the connection, where that can be known.

    Over HTTP/2 mitmproxy (11, 12: proxy/layers/http/_http2.py) says the same of a client that went away and of a server.
    In the hook of a live flow only the client's connection is closed before it: that is its own doing. In a saved one, no
    state is kept, and the protocols tell which of the two can have been meant. Of a connection to a server that was being
    made, mitmproxy says "connection closed", whether the server ended it or the client went away (proxy/tunnel.py).
    """
    error = flow.error
    if error is not None and error.msg == "connection closed" and flow.live:
        left = flow.client_conn.state is ConnectionState.CLOSED
        return Error("Client disconnected.", error.timestamp) if left else error
    if error is None or error.msg != "peer closed connection":
        return error
    client, server = (each.alpn == b"h2" for each in (flow.client_conn, flow.server_conn))
    if flow.live:
        left = flow.client_conn.state is ConnectionState.CLOSED
    elif client and server:
        return Error("client or server closed the connection", error.timestamp)
    else:
        left = client
    return Error("Client disconnected." if left else "server closed connection", error.timestamp)


def url_of(head: RequestHead) -> str:
    """The URL that the client asked for, by the name that it used: the proxy may have another target."""
    return canonical(_spelled(head))


def _spelled(head: RequestHead) -> str:
    """In reverse mode `host` is the target for every name, so the SNI is the truth; elsewhere the Host header is."""
    names = [head.host_header]
    if head.sni and head.reversed and not head.mirrored:
        # mitmproxy has put the target in the Host header, unless keep_host_header is set; only that one has a port.
        if (head.host_header or "").rpartition(":")[0] != head.sni:
            names.insert(0, head.sni)
    else:
        names.append(head.sni)
    authority = next((name for name in names if name and is_host(name)), None)
    if authority is None:
        authority = f"[{head.host}]" if ":" in head.host else head.host
        if not is_host(authority):
            authority = "unknown.invalid"
        if head.port != {"http": 80, "https": 443}.get(head.scheme):
            authority = f"{authority}:{head.port}"
    path = head.path if head.path.startswith("/") else f"/{head.path}"
    return f"{head.scheme}://{authority}{path}"


def events_of_saved(border: Border, flow: http.HTTPFlow) -> Iterator[Event]:
    """Every event of a flow that was saved; the caller sorts the events of all flows by time."""
    request = flow.request
    asked = RequestHead.of(flow)
    first = requested(border, asked)
    number = first.exchange
    yield first
    at: Route = route(first.url, first.headers)
    seen = flow.metadata.get(SEEN)
    seen = seen if isinstance(seen, dict) else {}
    # What was streamed is not in the flow: where all of it came, its length is what the client said it was.
    streamed = request.raw_content is None and request.timestamp_end is not None and flow.error is None
    length = announced_length(request) if streamed else None
    if request.raw_content or "sent_bytes" in seen or length:
        body = body_of_message(request, keep=wants_upload(at.endpoint))
        body.length = length or body.length
        if "sent_bytes" in seen:
            body.length, body.sha256 = _count(seen["sent_bytes"]), _text(seen.get("sent_sha256"))
        yield border.uploaded(number, body, time=request.timestamp_end or asked.started)
    response = flow.response
    if response is not None:
        head = ResponseHead.of(response, flow.server_conn)
        yield responded(border, number, asked.started, head, flow.metadata.get(ANSWERED_BY))
    if flow.error is not None or response is None:
        yield failed(border, number, asked.started, error_of(flow), _count(seen.get("bytes")))
        return
    body = body_of_message(response, keep=saved_document(at, response, seen))
    if "bytes" in seen:
        # What went by; the flow itself may hold less of it, or nothing.
        body.length, body.sha256 = _count(seen["bytes"]), _text(seen.get("sha256"))
    elif not body.length and request.method != "HEAD":
        # A streamed body is nothing in a flow file; what its sender announced is all there is.
        length = announced_length(response)
        body = Body(length=length) if length else body
    ended = response.timestamp_end or response.timestamp_start or asked.started
    yield border.finished(number, body, time=ended)


def saved_document(at: Route, response: http.Response, seen: dict[str, Any]) -> bool:
    """Whether the body of a saved answer is read: what was decided live, or else what a flow alone can tell."""
    if "step" in seen:
        return bool(seen.get("read"))
    if at.endpoint is Endpoint.NONE and response.status_code < 400:
        # A token answer, or a manifest that was redirected; a layer is neither.
        return (response.raw_content or b"").lstrip()[:1] == b"{" or "content-encoding" in response.headers
    return wants_document(at.endpoint, response.status_code, is_token=False)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def request_of(flow: http.HTTPFlow) -> Request:
    """What the client asked, under the name by which it asked; the body as far as it is there."""
    return Request(
        method=flow.request.method,
        url=url_of(RequestHead.of(flow)),
        headers=headers_of(flow.request.headers.fields),
        body=flow.request.raw_content or b"",
    )


def answer_flow(flow: http.HTTPFlow, response: Response) -> None:
    """Give `flow` this response, byte for byte: a HEAD keeps the Content-Length of what GET would have brought."""
    answered = http.Response.make(response.status, response.body)
    answered.headers = http.Headers([(name.encode(), value.encode()) for name, value in response.headers])
    if "content-length" not in answered.headers and "transfer-encoding" not in answered.headers:
        answered.headers["Content-Length"] = str(len(response.body))
    flow.response = answered
