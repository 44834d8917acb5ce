"""Flows and contexts for tests: the only importer of `mitmproxy.test`, which promises no stable interface."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from mitmproxy import connection, flow, http, options
from mitmproxy.addons import dumper, proxyserver, readfile, save, termlog
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons, tflow

REGISTRY = "https://registry.example.com"


def in_mitmproxy(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Runs an async test in a loop, as mitmproxy runs hooks."""

    def run(**given: Any) -> None:
        asyncio.run(test(**given))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    run.__signature__ = __import__("inspect").signature(test)  # type: ignore[attr-defined] # pytest reads it for fixtures
    return run


@contextmanager
def loaded(addon: Any, *, before: dict[str, Any] | None = None, **chosen: Any) -> Iterator[Any]:
    """A mitmproxy with this addon and the addons that own the options that it sets.

    `before` are options that the user had set when the addon was loaded, `chosen` are set afterwards.
    """
    with taddons.context(options=options.Options()) as context:  # type: ignore[no-untyped-call] # mitmproxy leaves it so
        made: Any = context
        parts: list[Any] = [proxyserver.Proxyserver, termlog.TermLog, dumper.Dumper, readfile.ReadFile, save.Save]
        made.master.addons.add(*(part() for part in parts))
        try:
            made.options.update(**before or {})
            made.master.addons.add(addon)
            made.configure(addon, **chosen)
            yield made
        finally:
            made.master.addons.get("termlog").uninstall()
            if hasattr(addon, "done"):
                addon.done()
            _close(made.master.event_loop)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """The loop that mitmproxy's test kit makes where none is running, and leaves open."""
    if not loop.is_running():
        loop.close()


def exchange(
    url: str = f"{REGISTRY}/v2/app/manifests/latest",
    *,
    method: str = "GET",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    status: int | None = 200,
    answer: bytes = b"",
    answer_headers: Iterable[tuple[str, str]] = (),
    live: bool = True,
    at: float = 1000.0,
) -> http.HTTPFlow:
    """One exchange with a registry, whole; `status=None` is a request without an answer."""
    request = http.Request.make(method, url, body)
    # Afterwards, for `make` writes headers of its own.
    request.headers = list_of(headers)
    if "host" not in request.headers:
        request.headers["Host"] = request.host
    if "user-agent" not in request.headers:
        request.headers["User-Agent"] = "docker/29.7.2 containerd-client/2.0"
    request.timestamp_start, request.timestamp_end = at, at + 0.001
    made = tflow.tflow(req=request, live=live)
    made.client_conn.peername = ("192.0.2.7", 4711)
    made.response = None
    if status is not None:
        made.response = http.Response.make(status, answer)
        made.response.headers = list_of(answer_headers)
        made.response.timestamp_start, made.response.timestamp_end = at + 0.01, at + 0.02
    return made


def list_of(headers: Iterable[tuple[str, str]]) -> http.Headers:
    """Header lines, as they are, in order."""
    return http.Headers([(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in headers])


def through(addon: Any, made: http.HTTPFlow, *, streamed: bool = False) -> None:
    """Call the hooks as mitmproxy does: a streamed body goes through the stream function and is not kept."""
    answered, made.response = made.response, None
    addon.requestheaders(made)
    addon.request(made)
    made.response = answered
    if answered is not None:
        addon.responseheaders(made)
        if streamed and callable(answered.stream):
            raw = answered.raw_content or b""
            for place in range(0, len(raw), 65_536):
                answered.stream(raw[place : place + 65_536])
            answered.stream(b"")
            answered.data.content = None
        addon.response(made)
    else:
        made.error = flow.Error("server went away", timestamp=1001.0)
        addon.error(made)


def behind(made: http.HTTPFlow, mode: str, *, sni: str | None = None) -> http.HTTPFlow:
    """The same flow, seen by a proxy in another mode."""
    client: connection.Client = made.client_conn
    client.proxy_mode = ProxyMode.parse(mode)
    client.sni = sni
    return made


def websocket() -> http.HTTPFlow:
    """Traffic that is not a registry's."""
    return tflow.twebsocketflow()
