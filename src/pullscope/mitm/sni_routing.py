"""Reverse mode for many names: each request goes to the host that its client meant, looked up past /etc/hosts.

`docker on --mode hosts` sends names to this proxy by /etc/hosts. mitmproxy's reverse mode knows one target for all of
them, and the system's resolver would lead every name straight back here. So a request's host becomes its SNI, and the
address of an upstream is asked of DNS alone, unless a line of /etc/hosts outside our block, or `pullscope_resolve`, has
it. It is handed to the event loop's own lookup: mitmproxy knows a connection again by the name in its address, and opens no
more than five from one client at a time. An addon file of its own for mitmproxy's -s, as only this mode wants it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import mitmproxy_rs
from mitmproxy import addonmanager, ctx, exceptions, http
from mitmproxy.proxy import mode_specs, server_hooks

from pullscope.mitm.settings import NAMES, Option, declare
from pullscope.oci.whereabouts import is_ip
from pullscope.trace.bounded_table import Newest

logger = logging.getLogger(__name__)

MOST_PLACES = 1_000
"""Names that are remembered with their places; any client may ask for any name."""

BEGIN, END = "# pullscope begin", "# pullscope end"


OPTIONS: tuple[Option, ...] = (
    ("pullscope_resolve", NAMES, [], "HOST:PORT=ADDRESS:PORT, where an upstream really is, as curl's --connect-to."),
)


class SniRouting:
    """Routes by the name that the client asked for."""

    def __init__(self, hosts_file: Path = Path("/etc/hosts")) -> None:
        self._hosts_file = hosts_file
        self._resolver: mitmproxy_rs.dns.DnsResolver | None = None
        self._fixed: dict[tuple[str, int], tuple[str, int]] = {}
        self._places: Newest[tuple[str, int], tuple[str, int]] = Newest(MOST_PLACES)
        self._give_back: Callable[[], None] | None = None

    def load(self, loader: addonmanager.Loader) -> None:
        declare(loader, OPTIONS)

    def configure(self, updated: set[str]) -> None:
        if "pullscope_resolve" in updated:
            try:
                self._fixed = dict(map(read_rule, ctx.options.pullscope_resolve))
            except ValueError as error:
                raise exceptions.OptionsError(str(error)) from None

    def running(self) -> None:
        """Have a say in where a name leads."""
        loop = asyncio.get_running_loop()
        ask = loop.getaddrinfo

        async def look_up(host: Any, port: Any, **given: Any) -> Any:
            if isinstance(host, str) and isinstance(port, int):
                host, port = self._places.get((host.lower(), port), (host, port))
            return await ask(host, port, **given)

        loop.getaddrinfo = look_up  # type: ignore[method-assign] # what asyncio.open_connection asks
        self._give_back = partial(setattr, loop, "getaddrinfo", ask)

    def done(self) -> None:
        if self._give_back is not None:
            self._give_back()
            self._give_back = None

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Give the request the host that its client meant; the port is the one that it came in on."""
        mode = flow.client_conn.proxy_mode
        name = flow.client_conn.sni
        if isinstance(mode, mode_specs.ReverseMode) and name and flow.response is None:
            authority = flow.request.host_header
            flow.request.host = name
            flow.request.port = mode.listen_port() or flow.request.port
            if authority:
                flow.request.host_header = authority

    async def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Find the upstream's address without our own entries in /etc/hosts."""
        if data.server.address is None or not isinstance(data.client.proxy_mode, mode_specs.ReverseMode):
            return
        name, port = data.server.address[0], data.server.address[1]
        if data.server.sni is None:
            data.server.sni = name
        fixed = self._fixed.get((name.lower(), port))
        if fixed is not None:
            self._places[(name.lower(), port)] = fixed
            return
        address = foreign_entries(self._hosts_file).get(name.lower()) or await self._ask(name)
        if address is not None:
            self._places[(name.lower(), port)] = (address, port)
        elif not is_ip(name):
            data.server.error = f"{name} is in no DNS, and /etc/hosts leads back to this proxy"

    async def _ask(self, name: str) -> str | None:
        if is_ip(name):
            return name
        try:
            if self._resolver is None:
                self._resolver = mitmproxy_rs.dns.DnsResolver(use_hosts_file=False)
            found = await self._resolver.lookup_ip(name)
        except (OSError, RuntimeError, ValueError) as error:
            logger.warning("pullscope: %s cannot be looked up: %s", name, error)
            return None
        return next(iter(found), None)


def read_rule(text: str) -> tuple[tuple[str, int], tuple[str, int]]:
    """`HOST:PORT=ADDRESS:PORT`, else ValueError."""
    source, equals, target = text.partition("=")
    pairs: list[tuple[str, int]] = []
    for part in (source, target):
        name, colon, port = part.strip().rpartition(":")
        if not (equals and name and colon and port.isdigit()):
            raise ValueError(f"pullscope_resolve is {text!r}; it has to be HOST:PORT=ADDRESS:PORT.")
        pairs.append((name.strip("[]").lower(), int(port)))
    return pairs[0], pairs[1]


def foreign_entries(path: Path) -> dict[str, str]:
    """What /etc/hosts says outside our block."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    before, begin, rest = text.partition(BEGIN)
    text = before + (rest.partition(END)[2] if begin else "")
    found: dict[str, str] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        for name in words[1:]:
            found.setdefault(name.lower(), words[0])
    return found


addons = [SniRouting()]
