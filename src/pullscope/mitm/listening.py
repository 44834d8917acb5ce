"""Keeps a proxy to this machine unless it was told otherwise: an open proxy is a gift to the whole network.

mitmproxy listens on every interface by default. Setting `listen_host` when the addon is loaded is enough where scripts are
loaded before the servers are started (mitmproxy 11). With Python 3.12 and later, mitmproxy 12 starts them first (its tasks
are eager), so there they are started anew, within milliseconds. It holds for every mode that listens, also for those that
serve other machines by their nature (transparent, wireguard, dns): who wants that names an address.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mitmproxy import ctx
from mitmproxy.proxy.mode_specs import ProxyMode

logger = logging.getLogger(__name__)

LOCAL = "127.0.0.1"
USUAL_PORT = 8080

_tasks: set[asyncio.Task[None]] = set()


def stay_local() -> None:
    """Listen on 127.0.0.1 only, wherever a mode names no address of its own: those of now and those set later."""
    ctx.options.listen_host = LOCAL
    logger.info("pullscope: listening on %s only; --listen-host ADDRESS for another.", LOCAL)
    listen_anew()


def listen_anew() -> None:
    """Listen as the options say by now, where mitmproxy has started to listen already."""
    proxyserver: Any = ctx.master.addons.get("proxyserver")
    if proxyserver is not None and len(proxyserver.servers):
        task = asyncio.get_running_loop().create_task(_start_anew(proxyserver))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)


def say_what_next() -> None:
    """That the proxy waits, and how to point a client at it; in regular mode only, other modes are chosen by experts."""
    for task in _tasks:  # where it listens is known when that is done
        task.add_done_callback(lambda _done: say_what_next())
        return
    proxyserver: Any = ctx.master.addons.get("proxyserver")
    addresses = proxyserver.listen_addrs() if proxyserver is not None else []
    if not addresses or any(ProxyMode.parse(mode).type_name != "regular" for mode in ctx.options.mode):
        return
    host, port = addresses[0][:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    named = f" --proxy {url}" if (host, port) != (LOCAL, USUAL_PORT) else ""
    on = f" --port {port}" if port != USUAL_PORT else ""
    logger.info(
        "pullscope: waiting for pulls through %s. Ctrl-C ends.\n"
        '  clients of a shell  eval "$(pullscope env%s)"\n'
        "  the docker daemon   sudo pullscope docker on%s",
        url,
        named,
        on,
    )


async def _start_anew(proxyserver: Any) -> None:
    modes = [*map(ProxyMode.parse, ctx.options.mode)]
    with _silent_start():
        # Waits until those that are starting have started.
        await proxyserver.servers.update([mode for mode in modes if mode.custom_listen_host is not None])
    for mode in modes:
        port = mode.listen_port(ctx.options.listen_port)
        if mode.custom_listen_host is None and mode.transport_protocol != "tcp" and port:
            await _until_free(port)
    await proxyserver.setup_servers()


async def _until_free(port: int) -> None:
    """A UDP server of mitmproxy_rs gives its port back a moment after it says that it has stopped."""
    for wait in (0.001, 0.01, 0.1, 0.5, 1.0):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((LOCAL, port))
            except OSError:
                await asyncio.sleep(wait)
            else:
                return


@contextmanager
def _silent_start() -> Iterator[None]:
    """Without "listening at *:8080" in the log, which is true for a moment only."""
    log = logging.getLogger("mitmproxy.proxy.mode_servers")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)
