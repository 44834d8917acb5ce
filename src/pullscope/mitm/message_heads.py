"""What a hook takes note of: the head of a message as it was then, from which an event is made a moment later.

Other addons change a flow's messages while it lives. Heads are flat tuples of plain values, so that
many of them can wait without the garbage collector having to look at any; they are raw, and only the border reads them.
An `Asked` is one exchange on its way into the trace. It holds its flow weakly: notes on a flow that mitmproxy has dropped
would have no reader.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any, NamedTuple

from mitmproxy import connection, http

from pullscope.mitm.flow_notes import MIRRORED, seen_of
from pullscope.oci.messages import Headers
from pullscope.oci.routes import is_manifest

Fields = tuple[tuple[bytes, bytes], ...]


class RequestHead(NamedTuple):
    """Of a request; times are in seconds since the epoch."""

    method: str
    scheme: str
    host_header: str | None
    host: str
    """The proxy's target, which may be another than the client's."""
    port: int
    path: str
    http_version: str
    fields: Fields
    started: float
    connection: str
    connected: float | None
    """When the client's connection was opened."""
    peer: str | None
    """The client's address."""
    sni: str | None
    reversed: bool
    """Whether the proxy stands before a server, in reverse mode."""
    mirrored: bool
    """Whether this was asked of a mirror, and sent home (`mirror`)."""

    @classmethod
    def of(cls, flow: http.HTTPFlow) -> RequestHead:
        """The head as it is now."""
        request, client = flow.request, flow.client_conn
        peer: tuple[str, int] | None = client.peername  # None after a flow was imported from elsewhere
        return cls(
            request.method,
            request.scheme,
            request.host_header,
            request.host,
            request.port,
            request.path,
            request.http_version,
            request.headers.fields,
            request.timestamp_start,
            client.id,
            client.timestamp_start,
            str(peer[0]) if peer else None,
            client.sni,
            getattr(client.proxy_mode, "type_name", "regular") == "reverse",
            MIRRORED in flow.metadata,
        )


class ResponseHead(NamedTuple):
    """Of an answer."""

    status: int
    fields: Fields
    started: float | None
    dialed: float | None
    """When the connection to the server was begun; None of an answer that no server gave."""
    reached: float | None
    secured: float | None

    @classmethod
    def of(cls, response: http.Response, server: connection.Server) -> ResponseHead:
        """The head as it is now."""
        return cls(
            response.status_code,
            response.headers.fields,
            response.timestamp_start,
            server.timestamp_start,
            server.timestamp_tcp_setup,
            server.timestamp_tls_setup,
        )


def headers_of(fields: Fields) -> Headers:
    """Every header line, as text: what is not UTF-8 shows as a replacement character."""
    return Headers([(name.decode("utf-8", "replace"), value.decode("utf-8", "replace")) for name, value in fields])


@dataclass(kw_only=True, slots=True)
class Asked:
    """A request that was seen, and how far its exchange has come in the trace."""

    head: RequestHead
    flow: weakref.ref[http.HTTPFlow]
    exchange: int = 0
    """Its number in the trace; 0 as long as it is not known to be registry traffic."""
    foreign: bool = False
    """Whether it is known not to be registry traffic."""
    reads: bool = False
    """Whether the body of the answer is a document that is read."""

    @classmethod
    def by(cls, flow: http.HTTPFlow) -> Asked:
        """What this flow asks for, now."""
        return cls(head=RequestHead.of(flow), flow=weakref.ref(flow))

    @property
    def wants_manifest(self) -> bool:
        """Whether the address alone says that this is registry traffic and that a document is to come."""
        return self.head.method in ("GET", "HEAD") and is_manifest(self.head.path)

    def note(self, **seen: Any) -> None:
        """Leave this on the flow, for flow files and windows."""
        flow = self.flow()
        if flow is not None:
            seen_of(flow).update(seen)
