"""For mitmdump's -s: plain streaming and nothing else, what the tracer is compared with."""

from __future__ import annotations

from mitmproxy import http


def responseheaders(flow: http.HTTPFlow) -> None:
    if flow.response:
        flow.response.stream = True
