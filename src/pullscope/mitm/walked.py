"""A modelled client's walk over a wire, as the events that a proxy between them would have seen.

Each exchange becomes a flow that passes the border as any saved flow does, so that a walk is redacted, read and settled
exactly as a recording is. Layers are not asked for: the client is told that it has them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Container

from mitmproxy import flow, http
from mitmproxy.connection import Client, Server

from pullscope.mitm.flow_events import events_of_saved
from pullscope.mitm.world_flow import answer_flow
from pullscope.oci.digest import Digest
from pullscope.oci.documents import Manifest, read_manifest
from pullscope.oci.messages import Request, Response
from pullscope.oci.routes import Endpoint, route
from pullscope.trace.border import Border
from pullscope.trace.events import Event
from pullscope.worlds.clients.drive import run_with_threads
from pullscope.worlds.clients.steps import NoAnswerError, Outcome, Steps

Model = Callable[[Container[Digest]], Steps[Outcome]]
"""Starts a client that has these already."""


def walk(model: Model, wire: Callable[[Request], Response]) -> tuple[Outcome, list[Event]]:
    """How the walk ended for the client, and what was seen of it, in the order of time."""
    watched = _Watched(wire)
    outcome = run_with_threads(model(watched.layers), watched)
    border = Border()
    events = [event for seen in watched.flows for event in events_of_saved(border, seen)]
    return outcome, sorted(events, key=lambda event: event.time)


class _Watched:
    """Answers from a wire and keeps every exchange; called from several threads."""

    def __init__(self, wire: Callable[[Request], Response]) -> None:
        self._wire = wire
        self._client = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), timestamp_start=time.time())
        self._lock = threading.Lock()
        self.flows: list[http.HTTPFlow] = []
        self.layers: set[Digest] = set()

    def __call__(self, request: Request) -> Response:
        seen = self._flow(request)
        with self._lock:
            seen.request.timestamp_start = seen.request.timestamp_end = time.time()
            self.flows.append(seen)
        try:
            response = self._wire(request)
        except NoAnswerError as failed:
            seen.error = flow.Error(failed.reason)
            raise
        answer_flow(seen, response)
        if seen.response is not None:
            seen.response.timestamp_start = seen.response.timestamp_end = time.time()
        if response.status == 200 and route(request.url).endpoint is Endpoint.MANIFEST:
            document = read_manifest(response.body, response.headers.get("Content-Type"))
            if isinstance(document, Manifest):
                self.layers.update(layer.digest for layer in document.layers if layer.digest)
        return response

    def _flow(self, request: Request) -> http.HTTPFlow:
        seen = http.HTTPFlow(self._client, Server(address=None))
        seen.request = http.Request.make(request.method, request.url, request.body)
        fields = [(name.encode(), value.encode("utf-8", "replace")) for name, value in request.headers]
        if "host" not in request.headers:
            fields.insert(0, (b"Host", request.host.encode()))
        seen.request.headers = http.Headers(fields)
        return seen
