"""A mitmproxy of our own, in a thread of this process, for as long as a `with` block; and the wire through it.

It listens on a free port of 127.0.0.1, and its CA lives in a directory that is gone afterwards: neither ~/.mitmproxy
nor anything else of the user's is read or written, and nothing is printed. What it does with traffic is its addons'
business.
"""

from __future__ import annotations

import asyncio
import http.client
import logging
import ssl
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mitmproxy import options
from mitmproxy.exceptions import OptionsError
from mitmproxy.tools.dump import DumpMaster

from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.urls import split
from pullscope.worlds.clients.steps import NoAnswerError

_LONGEST_START = 30.0  # seconds; a CA of 2048 bits takes one at the most


class ProxyThread:
    """`with ProxyThread(addon, …) as proxy`: `proxy.port` and `proxy.ca_file` are what a client needs."""

    def __init__(self, *addons: object, settings: Sequence[str] = ()) -> None:
        """`settings` are options as `--set` takes them: `name=value`."""
        self._addons = addons
        self._settings = settings
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pullscope-proxy")
        self._directory = tempfile.TemporaryDirectory(prefix="pullscope-", ignore_cleanup_errors=True)
        self._log = _Errors()
        self._master: DumpMaster | None = None
        self._failure: BaseException | None = None
        self._level_before = logging.WARNING
        self.port = 0

    @property
    def ca_file(self) -> Path:
        """The CA certificate, which only the traced client has to trust."""
        return Path(self._directory.name) / "mitmproxy-ca-cert.pem"

    @property
    def errors(self) -> tuple[str, ...]:
        """What mitmproxy and its addons logged as errors."""
        return tuple(self._log.messages)

    def __enter__(self) -> Self:
        root = logging.getLogger()
        self._level_before = root.level
        root.addHandler(self._log)
        try:
            self._thread.start()
            self._ready.wait(_LONGEST_START)
        except BaseException:
            self.stop()
            raise
        if not self.port:
            self.stop()
            if isinstance(self._failure, OptionsError):
                raise RuntimeError(str(self._failure)) from self._failure
            why = str(self._failure or "; ".join(self.errors) or "it did not come up")
            raise RuntimeError(f"The proxy could not start on 127.0.0.1: {why}.") from self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the proxy and leave nothing of it; may be called twice."""
        if self._master is not None and self._thread.is_alive():
            self._master.shutdown()
        if self._thread.ident is not None:
            self._thread.join()
        root = logging.getLogger()
        root.removeHandler(self._log)
        root.setLevel(self._level_before)
        self._directory.cleanup()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error  # raised again in the thread that waits
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        chosen = options.Options(confdir=self._directory.name, listen_host="127.0.0.1", listen_port=0)
        master = DumpMaster(chosen, with_termlog=False)
        installed: Any = master.addons  # mitmproxy leaves it untyped
        # It would end the process where an addon logs an error during start-up; we read the log instead.
        startup_check = installed.get("errorcheck")
        startup_check.finish()
        installed.remove(startup_check)
        installed.add(*self._addons, _WhenRunning(self))
        chosen.set(*self._settings)
        chosen.update(connection_strategy="lazy", flow_detail=0)
        self._master = master
        try:
            await master.run()
        finally:
            await installed.get("proxyserver").servers.update([])

    def up(self) -> None:
        if self._master is not None:
            installed: Any = self._master.addons
            addresses = installed.get("proxyserver").listen_addrs()
            self.port = addresses[0][1] if addresses else 0
        self._ready.set()


class _WhenRunning:
    """The last addon: when it is told that mitmproxy runs, all the others have been."""

    def __init__(self, proxy: ProxyThread) -> None:
        self._proxy = proxy

    def running(self) -> None:
        self._proxy.up()


class _Errors(logging.Handler):
    """Keeps what is logged as an error, and prints nothing."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


_PATIENCE = 30.0  # seconds for one read


class Tunnel:
    """`with Tunnel(port, ca_file) as answer`: requests through a proxy on this machine, also from several threads.

    It trusts one CA file and nothing else, asks one proxy and reads none from the environment, and follows nothing: what a
    client makes of an answer is the client's. Connections are kept as Go keeps them: reused when both sides left them open.
    """

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
