"""Which connections are passed on as they are, without being decrypted, and how many bytes come over them (`pullscope_blobs`).

A host is relayed to a client that a traced redirect of a blob has just named it to, if nothing says that it is a registry:
it was asked for no `/v2/`, and the redirect names no such path. That is decided at the ClientHello; what is not decided is
decrypted and traced. Everything is bounded and expires. Called from hooks and by the event loop; decides from what hooks see
at that moment, for the story may be some time behind. Bytes are counted where mitmproxy's own reader gets them, for a
connection that it ignores has no other trace; where that cannot be done, their number is not known.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mitmproxy import connection, ctx, http, tls

from pullscope.mitm.flow_notes import ANSWERED_BY
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.urls import canonical, host_of, is_host, joined, split
from pullscope.trace.bounded_table import Newest
from pullscope.trace.model import REDIRECTS

NAMED_FOR = 60.0
"""Seconds for which a host is relayed after a redirect: clients follow at once, and come again by way of the registry."""

MOST = 1_000
"""Pairs of client and host, registries, and connections that are remembered."""

OFTEN = 2.0
"""Seconds between two reports of one connection that goes on."""

Report = Callable[[int, str, str, int | None, bool, float], None]
"""Is told of a connection: its number, client and host, the bytes so far, whether it is over, and when the last byte came."""


@dataclass(slots=True, eq=False)
class Passing:
    """A connection that is passed on."""

    number: int
    client: str
    host: str
    length: int | None = 0
    """None where it is not counted."""
    last: float = 0.0
    told: int | None = None
    told_at: float = 0.0
    looked: int | None = None
    """The bytes at the last look."""

    def count(self, feed: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """`feed`, but what passes is counted."""

        def counted(data: bytes) -> None:
            self.length = (self.length or 0) + len(data)
            feed(data)

        return counted


class Relay:
    """Names, decisions, counts."""

    def __init__(self, report: Report, *, clock: Callable[[], float] = time.time) -> None:
        self._report = report
        self._clock = clock
        self._named: Newest[tuple[str, str], float] = Newest(MOST)
        self._registries: Newest[str, None] = Newest(MOST)
        self._passing: Newest[str, Passing] = Newest(MOST)
        self._numbers = 0

    def asked(self, flow: http.HTTPFlow) -> None:
        """A request: a host that is asked for the API is a registry, whatever else it serves."""
        if flow.request.path.startswith("/v2"):
            self._registries[_authority(flow)] = None

    def answered(self, flow: http.HTTPFlow) -> None:
        """An answer: a redirect of a blob names a storage."""
        peer: tuple[str, int] | None = flow.client_conn.peername  # None after a flow was imported from elsewhere
        response = flow.response
        if response is None or response.status_code not in REDIRECTS or peer is None or flow.request.method != "GET":
            return
        if route(flow.request.path).endpoint is not Endpoint.BLOB or flow.metadata.get(ANSWERED_BY):
            return  # where something stands in for a server, its storage may be played too
        here = f"{flow.request.scheme}://{_authority(flow)}{flow.request.path}"
        target = canonical(joined(here, response.headers.get("location", "")))
        host = host_of(target)
        if split(target).scheme != "https" or not is_host(host) or host in self._registries:
            return
        if route(target).endpoint is Endpoint.NONE:
            self._named[(str(peer[0]), host)] = self._clock() + NAMED_FOR

    def passes(self, data: tls.ClientHelloData) -> bool:
        """Whether this connection is passed on; if so, it is counted from now on."""
        client, server = data.context.client, data.context.server
        if server.address is None or client.proxy_mode.type_name == "reverse":
            return False  # in reverse mode the address is not the one that was asked for
        name = (data.client_hello.sni or server.address[0]).lower()
        host = name if server.address[1] == 443 else f"{name}:{server.address[1]}"
        who = str(client.peername[0])
        if self._named.get((who, host), 0.0) < self._clock() or host in self._registries:
            return False
        self._numbers += 1
        passing = Passing(self._numbers, who, host, last=self._clock())
        self._passing[client.id] = passing
        if server.timestamp_tcp_setup is not None:
            self.connected(client, server)
        self._tell(passing, 0)
        return True

    def connected(self, client: connection.Client, server: connection.Server) -> None:
        """A client's upstream connection stands: from here on its bytes are counted, if it is one that is passed on."""
        passing = self._passing.get(client.id)
        if passing is None:
            return
        reader = _reader_of(client, server)
        if reader is None:
            passing.length = None
        else:
            reader.feed_data = passing.count(reader.feed_data)

    def ended(self, client: connection.Client) -> None:
        passing = self._passing.pop(client.id, None)
        if passing is not None:
            if passing.looked != passing.length:
                passing.last = self._clock()
            self._tell(passing, passing.length, over=True)

    def tick(self, now: float) -> None:
        """Tell of what has moved: every `OFTEN` while it does, and once it stops."""
        for passing in [*self._passing.values()]:
            moved = passing.looked != passing.length
            passing.looked = passing.length
            if moved:
                passing.last = now
            if passing.length != passing.told and (not moved or now - passing.told_at >= OFTEN):
                passing.told_at = now
                self._tell(passing, passing.length)

    def stop(self) -> None:
        for passing in [*self._passing.values()]:
            self._tell(passing, passing.length, over=True)
        self._passing.clear()

    def _tell(self, passing: Passing, length: int | None, *, over: bool = False) -> None:
        passing.told = length
        self._report(passing.number, passing.client, passing.host, length, over, passing.last)


def _authority(flow: http.HTTPFlow) -> str:
    return host_of(canonical(f"{flow.request.scheme}://{flow.request.pretty_host}:{flow.request.port}/"))


def _reader_of(client: connection.Client, server: connection.Server) -> Any:
    """mitmproxy's own reader of an upstream connection; None where it has none that can be counted (11 and 12)."""
    proxy: Any = ctx.master.addons.get("proxyserver")
    for handler in getattr(proxy, "connections", {}).values():
        if getattr(handler, "client", None) is client:
            held = handler.transports.get(server)
            return held.reader if held is not None and hasattr(held.reader, "feed_data") else None
    return None
