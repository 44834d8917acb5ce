"""Being a mirror instead of a proxy: clients ask in plain http, each request is sent home over TLS, and the answer goes back.

Nothing has to trust anything, and a client goes on to the registry itself where this gives no good answer; so every answer
of our own is one after which it does: 404 for a registry that was not named, 502 where one cannot be reached. What the
registry says is passed on as it is: clients ask its token server and its storage themselves. Before the observer in the
order of addons, which so sees a request as it is sent home. Runs in the event loop: nothing here waits.
"""

from __future__ import annotations

import asyncio
import json
import logging

from mitmproxy import addonmanager, ctx, exceptions, http, tls
from mitmproxy.connection import Server
from mitmproxy.proxy import mode_specs, server_hooks

from pullscope.mitm import settings
from pullscope.mitm.flow_events import answer_flow
from pullscope.mitm.flow_notes import ANSWERED_BY, MIRRORED
from pullscope.mitm.settings import listen_anew
from pullscope.oci.messages import Headers, Response
from pullscope.oci.mirrored import PORT, STAND_IN, Home, read_homes, wanted_of
from pullscope.oci.urls import is_host

logger = logging.getLogger(__name__)

CONNECTS_WITHIN = 5.0
"""Seconds for a connection with TLS to a registry: a client waits that long at most before it goes there itself."""

CANCELLED = "connection cancelled"
"""What mitmproxy (11 and 12, proxy/server.py) says of a connection that was given up while it was opened."""


OPTIONS: tuple[settings.Option, ...] = (
    (
        "pullscope_mirror",
        settings.NAMES,
        [],
        f"Be a mirror of these registries, in plain http on port {PORT}, instead of a proxy: docker.io,ghcr.io.",
    ),
)


class Mirror:
    """Sends home what is asked of it; does nothing without `pullscope_mirror`."""

    def __init__(self) -> None:
        self._homes: dict[str, Home] = {}
        self._opening: dict[str, asyncio.TimerHandle] = {}
        self._failed = False

    # -- options --------------------------------------------------------------------------------------------------------

    def load(self, loader: addonmanager.Loader) -> None:
        settings.declare(loader, OPTIONS)

    def configure(self, updated: set[str]) -> None:
        if "pullscope_mirror" not in updated:
            return
        try:
            self._homes = read_homes(ctx.options.pullscope_mirror)
        except ValueError as error:
            raise exceptions.OptionsError(f"pullscope_mirror: {error}") from None
        if self._homes and not settings.chosen("mode"):
            port = {} if settings.chosen("listen_port") else {"listen_port": PORT}
            ctx.options.update(mode=[mode_for(self._homes)], **port)
            listen_anew()

    # -- requests -------------------------------------------------------------------------------------------------------

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Send a request home, or say that it has no home here."""
        if flow.response or flow.error or not flow.live or not self._is_ours(flow.client_conn.proxy_mode):
            return
        flow.metadata[MIRRORED] = True
        try:
            self._send_home(flow)
        except Exception as error:
            self._say_once(error)
            _answer(flow, refusal(502, "UNAVAILABLE", "pullscope could not pass this on"))

    def _send_home(self, flow: http.HTTPFlow) -> None:
        request = flow.request
        wanted = wanted_of(request.path, self._homes)
        if wanted is None:
            answer = refusal(404, "UNSUPPORTED", "this is pullscope, a mirror of registries; it knows /v2/ only")
        elif request.method not in ("GET", "HEAD"):
            answer = refusal(405, "UNSUPPORTED", "pullscope is a mirror for reading; nothing is written through it")
        elif wanted.home is None:
            own, other = ", ".join(self._homes), wanted.registry
            words = f"pullscope mirrors {own} here, not {other}; your client asks {other} itself next"
            answer = refusal(404, "NAME_UNKNOWN", words)
        else:
            _readdress(request, wanted.home.scheme, wanted.home.host, wanted.home.port, wanted.path)
            return
        if wanted is not None and is_host(wanted.registry):
            host, _, port = wanted.registry.partition(":")
            _readdress(request, "https", host, int(port) if port.isdigit() else 443, wanted.path)
        _answer(flow, answer)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """A Location without a host would lead back here and lose for whom it is."""
        if MIRRORED not in flow.metadata or flow.response is None or ANSWERED_BY in flow.metadata:
            return
        location = flow.response.headers.get("location", "")
        if location.startswith("/") and not location.startswith("//"):
            home = f"{flow.request.scheme}://{flow.request.host_header or flow.request.pretty_host}"
            flow.response.headers["location"] = f"{home}{location}"

    def error(self, flow: http.HTTPFlow) -> None:
        """A connection that we gave up is not one that the client did."""
        if MIRRORED in flow.metadata and flow.error is not None and CANCELLED in flow.error.msg:
            flow.error.msg = f"no connection within {CONNECTS_WITHIN:g} s"

    # -- connections ----------------------------------------------------------------------------------------------------

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """mitmproxy waits for a connection as long as the kernel does, which is minutes; no client of a mirror would."""
        task = asyncio.current_task()
        if task is not None and self._is_ours(data.client.proxy_mode):
            loop = asyncio.get_running_loop()
            self._opening[data.server.id] = loop.call_later(CONNECTS_WITHIN, self._give_up, data.server.id, task)

    def server_connected(self, data: server_hooks.ServerConnectionHookData) -> None:
        if data.server.sni is None:
            self._opened(data.server)

    def server_connect_error(self, data: server_hooks.ServerConnectionHookData) -> None:
        self._opened(data.server)

    def server_disconnected(self, data: server_hooks.ServerConnectionHookData) -> None:
        self._opened(data.server)

    def tls_established_server(self, data: tls.TlsData) -> None:
        if isinstance(data.conn, Server):
            self._opened(data.conn)

    def done(self) -> None:
        for timer in self._opening.values():
            timer.cancel()
        self._opening.clear()

    def _opened(self, server: Server) -> None:
        timer = self._opening.pop(server.id, None)
        if timer is not None:
            timer.cancel()

    def _give_up(self, server: str, task: asyncio.Task[object]) -> None:
        if self._opening.pop(server, None) is not None:
            task.cancel("timeout")

    def _say_once(self, error: Exception) -> None:
        # The error's own words may quote the wire.
        if not self._failed:
            self._failed = True
            logger.error("pullscope: the mirror could not reach the registry: %s.", type(error).__name__)

    def _is_ours(self, mode: mode_specs.ProxyMode) -> bool:
        return bool(self._homes) and isinstance(mode, mode_specs.ReverseMode)


def mode_for(homes: dict[str, Home]) -> str:
    """mitmproxy's mode for a mirror of these; its target is only a name, for each request is sent to its own home."""
    return f"reverse:{next(iter(homes.values())).url}"


def refusal(status: int, code: str, message: str) -> Response:
    """An error as registries give it (distribution-spec, "Error Codes"), for clients show it."""
    body = json.dumps({"errors": [{"code": code, "message": message, "detail": None}]}).encode()
    return Response(status=status, headers=Headers([("Content-Type", "application/json")]), body=body)


def _answer(flow: http.HTTPFlow, response: Response) -> None:
    flow.request.stream = False  # an answer and a request that streams crash mitmproxy (11 and 12)
    flow.metadata[ANSWERED_BY] = STAND_IN
    answer_flow(flow, response)


def _readdress(request: http.Request, scheme: str, host: str, port: int, path: str) -> None:
    request.scheme, request.host, request.port = scheme, host, port
    request.path = path
    usual = port == {"https": 443, "http": 80}[scheme]
    request.host_header = host if usual else f"{host}:{port}"
