"""The tracer's options, their checks, and what a tracing proxy needs of mitmproxy's own options.

Each option of mitmproxy's that is changed here is changed only where the user left it alone, and is said once in the log.
Tried on mitmproxy 11.0.2 and 12.2.3.

A proxy stays on this machine unless it was told otherwise: an open proxy is a gift to the whole network, and mitmproxy listens
on every interface by default. Setting `listen_host` when the addon is loaded is enough where scripts are loaded before the
servers are started (mitmproxy 11). With Python 3.12 and later, mitmproxy 12 starts them first (its tasks are eager), so there
they are started anew, within milliseconds. It holds for every mode that listens, also for those that serve other machines by
their nature (transparent, wireguard, dns): who wants that names an address.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shlex
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import IO, Any

from mitmproxy import addonmanager, ctx, exceptions, optmanager
from mitmproxy.options import CONF_DIR
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.tools.dump import DumpMaster

from pullscope.mitm.recorder import Rotation

LOCAL = "127.0.0.1"
USUAL_PORT = 8080

_tasks: set[asyncio.Task[None]] = set()


def stay_local() -> None:
    """Listen on 127.0.0.1 only, wherever a mode names no address of its own: those of now and those set later."""
    ctx.options.listen_host = LOCAL
    if ctx.options.server:  # not of `mitmdump -nr FILE`
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
    ca = f" --confdir {shlex.quote(ctx.options.confdir)}" if ctx.options.confdir != CONF_DIR else ""
    named = (f" --proxy {url}" if (host, port) != (LOCAL, USUAL_PORT) else "") + ca
    on = (f" --port {port}" if port != USUAL_PORT else "") + ca
    logger.info(
        "pullscope: waiting for pulls. Ctrl-C ends.\n"
        "  the proxy           %s\n"
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


logger = logging.getLogger(__name__)

VIEWS = ("lines", "live", "none")
BLOBS = ("verify", "relay")
HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?::[0-9]{1,5})?", re.ASCII)
NOISY = ("mitmproxy.proxy.server",)
"""Loggers that say "client connect" and "server connect" for each connection; dockerd 28 opens one for every request."""


Option = tuple[Any, ...]
"""What `add_option` of mitmproxy's loader is given: name, type, default, help and, where only some are allowed, the values."""

NAMES: Any = Sequence[str]

OPTIONS: tuple[Option, ...] = (
    (
        "pullscope_view",
        str,
        "lines",
        "How pulls are shown in mitmdump: lines (one per step), live (a table), none.",
        VIEWS,
    ),
    ("pullscope_verbose", bool, False, "Show every hop of each step, not only of those that failed."),
    (
        "pullscope_out",
        str,
        "",
        "Record what was seen to this file (.jsonl), without secrets; +FILE adds to an existing one.",
    ),
    (
        "pullscope_blobs",
        str,
        "verify",
        "Blobs from a storage that a redirect names: verify (decrypt, count, hash) or relay (pass on undecrypted).",
        BLOBS,
    ),
    (
        "pullscope_only",
        NAMES,
        [],
        "Decrypt and trace these hosts and their sub-domains only; all else is relayed as it is.",
    ),
    ("pullscope_ignore", NAMES, [], "Relay these hosts and their sub-domains as they are, without decrypting them."),
)


def declare(loader: addonmanager.Loader, options: Iterable[Option]) -> None:
    """Add the options of an addon, which may run alone, and keep the proxy to this machine unless `listen_host` was set."""
    for option in options:
        loader.add_option(*option)
    if not chosen("listen_host"):
        stay_local()


def relays() -> bool:
    """Whether the connections to storage are passed on without being decrypted."""
    return bool(ctx.options.pullscope_blobs == "relay")


def make_fit() -> None:
    """Set what a tracing proxy needs, where the user has not."""
    if not chosen("connection_strategy"):
        # With "eager", CONNECT to a host that does not exist (yet) is refused before any addon is asked.
        ctx.options.connection_strategy = "lazy"
    if is_dump():
        if not chosen("flow_detail"):
            ctx.options.flow_detail = 0
        if "termlog_verbosity" in ctx.options and not chosen("termlog_verbosity"):
            for name in NOISY:
                logging.getLogger(name).setLevel(logging.WARNING)


def connect_when_needed() -> None:
    """Let hosts be answered for that do not exist: with "eager" they are refused at CONNECT."""
    if ctx.options.connection_strategy == "eager":
        ctx.options.update(connection_strategy="lazy")
        logger.info("connection_strategy is now lazy, so that hosts which do not exist can be answered for.")


def check(updated: set[str]) -> None:
    """Refuse values that cannot be; mitmproxy does not hold `--set` to an option's choices."""
    for option, values in (("pullscope_view", VIEWS), ("pullscope_blobs", BLOBS)):
        chosen = getattr(ctx.options, option)
        if option in updated and chosen not in values:
            raise exceptions.OptionsError(
                f"{option} is {chosen!r}; it can be {', '.join(values[:-1])} or {values[-1]}."
            )
    modes = ctx.options.mode if "mode" in ctx.options else []
    if (
        {"pullscope_blobs", "mode"} & updated
        and relays()
        and modes
        and all(mode.startswith("reverse:") for mode in modes)
    ):
        raise exceptions.OptionsError(
            "pullscope_blobs=relay is for a proxy: clients of a mirror or of reverse mode ask the storage past it. Leave it out."
        )
    for option, target in (("pullscope_only", "allow_hosts"), ("pullscope_ignore", "ignore_hosts")):
        if option in updated:
            hosts = getattr(ctx.options, option)
            for host in hosts:
                try:
                    check_host(host)
                except ValueError as error:
                    raise exceptions.OptionsError(f"{option}: {error}") from None
            ctx.options.update(**{target: [*_foreign(target), *(_pattern(host) for host in hosts)]})


def rotation() -> Rotation | None:
    """When the recording is put aside: what the options of `rotation` say, for one that is continued (`+FILE`)."""
    if not ctx.options.pullscope_out.startswith("+") or "pullscope_rotate_keep" not in ctx.options:
        return None
    return Rotation(ctx.options.pullscope_rotate_mb * 1_000_000, ctx.options.pullscope_rotate_keep)


def check_host(host: str) -> None:
    """Raise ValueError for what is not a host name, with or without a port."""
    if not HOST.fullmatch(host):
        raise ValueError(f"{host!r} is not a host name. Write it like docker.io.")


OURS = r"^(?:.+\.)?"
"""How our patterns begin, and by which they are recognised."""


def _pattern(host: str) -> str:
    """A host, and what lies below it, as mitmproxy matches hosts: against `name:port`."""
    name, _, port = host.removeprefix("*.").partition(":")
    return rf"{OURS}{re.escape(name)}:{port or '[0-9]+'}$"


def _foreign(target: str) -> list[str]:
    """The patterns that are not ours."""
    return [pattern for pattern in getattr(ctx.options, target) if not pattern.startswith(OURS)]


def chosen(option: str) -> bool:
    """Whether the user set an option, be it to its default.

    There is no public way to ask: `has_changed()` is false for a default that was set. A value that was never set is a
    marker of its own in mitmproxy 11 and 12; without it, a default counts as not chosen.
    """
    held: Any = ctx.options._options[option]  # noqa: SLF001 - as said
    never: object = getattr(optmanager, "unset", None)
    return bool(held.has_changed()) or (never is not None and getattr(held, "value", never) is not never)


def is_dump() -> bool:
    """Whether this is mitmdump: the console and mitmweb own their screens, so nothing is printed there."""
    return isinstance(ctx.master, DumpMaster)


def flows_are_looked_at() -> bool:
    """Whether notes on flows are read: by a window, or from the file of -w, which is written at the response."""
    return not is_dump() or bool("save_stream_file" in ctx.options and ctx.options.save_stream_file)


def prints_here() -> bool:
    """Whether the story goes to stdout."""
    return is_dump() and ctx.options.pullscope_view != "none"


def view_for(file: IO[str]) -> str:
    """The view that was chosen, or the nearest that this stdout can show."""
    view: str = ctx.options.pullscope_view
    if view == "live" and (not file.isatty() or os.environ.get("TERM") == "dumb"):
        logger.warning("pullscope: pullscope_view=live needs a terminal; pulls are shown in lines instead.")
        return "lines"
    if view == "live" and find_spec("rich") is None:
        logger.warning(
            "pullscope: pullscope_view=live needs rich (pip install rich); pulls are shown in lines instead."
        )
        return "lines"
    return view
