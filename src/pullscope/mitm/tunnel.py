"""Requests through a proxy on this machine, over real TLS or in the clear: the wire under a client model.

It trusts one CA file and nothing else, asks one proxy and reads none from the environment, and follows nothing: what a
client makes of an answer is the client's. Connections are kept as Go keeps them: reused when both sides left them open.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.urls import split
from pullscope.worlds.clients.steps import NoAnswerError

_PATIENCE = 30.0  # seconds for one read


class Tunnel:
    """`with Tunnel(port, ca_file) as answer`: may be called from several threads."""

    def __init__(self, port: int, ca_file: Path) -> None:
        self._port = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.load_verify_locations(cafile=ca_file)
        self._lock = threading.Lock()
        self._idle: dict[str, list[http.client.HTTPConnection]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            for connections in self._idle.values():
                for connection in connections:
                    connection.close()
            self._idle.clear()

    def __call__(self, request: Request) -> Response:
        """The answer, as far as it came; `NoAnswerError` where there is none."""
        place = _place(request)
        with self._lock:
            kept = self._idle.get(place)
            connection = kept.pop() if kept else self._connection(request)
        try:
            response, reusable = _exchange(connection, request)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise NoAnswerError(str(error) or type(error).__name__) from error
        except BaseException:
            connection.close()
            raise
        if reusable:
            with self._lock:
                self._idle.setdefault(place, []).append(connection)
        else:
            connection.close()
        return response

    def _connection(self, request: Request) -> http.client.HTTPConnection:
        if not _in_tls(request):
            return http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=_PATIENCE, context=self._context)
        there = split(request.url)
        # What Go's client says at CONNECT: nothing of the program that uses it.
        connection.set_tunnel(there.host, there.port or 443, headers={"User-Agent": "Go-http-client/1.1"})
        return connection


def _in_tls(request: Request) -> bool:
    return split(request.url).scheme == "https"


def _place(request: Request) -> str:
    """Where a connection leads: to a host, or for plain http to the proxy, which asks every host."""
    return request.host if _in_tls(request) else ""


def _exchange(connection: http.client.HTTPConnection, request: Request) -> tuple[Response, bool]:
    parts = split(request.url)._replace(fragment="")
    # To a proxy the whole address (RFC 9112, 3.2.2); through its tunnel the path.
    target = str(parts._replace(scheme="", authority="") if _in_tls(request) else parts)
    connection.putrequest(request.method, target or "/", skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", request.host)
    for name, value in request.headers:
        connection.putheader(name, value)
    if request.body:
        connection.putheader("Content-Length", str(len(request.body)))
    connection.endheaders(request.body or None)
    answer = connection.getresponse()
    try:
        body, whole = answer.read(), True
    except http.client.IncompleteRead as cut:
        # Shorter than its Content-Length, which is how a model sees that it was cut off.
        body, whole = cut.partial, False
    closes = not whole or "close" in (request.headers.get("Connection") or "").lower() or answer.will_close
    return Response(status=answer.status, headers=Headers(answer.getheaders()), body=body), not closes
