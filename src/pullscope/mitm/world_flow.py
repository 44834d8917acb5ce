"""A flow's request as a `Request`, and a `Response` as a flow's response."""

from __future__ import annotations

from mitmproxy import http

from pullscope.mitm.flow_events import url_of
from pullscope.mitm.message_heads import RequestHead, headers_of
from pullscope.oci.messages import Request, Response


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
