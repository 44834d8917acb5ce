"""Tests of the options: what is refused, what is set for a tracing proxy, and what a user has chosen stays."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import io
import logging
import pkgutil
import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import options
from mitmproxy.exceptions import OptionsError
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.tools.dump import DumpMaster
from tests.make import in_mitmproxy, loaded

import pullscope.mitm
from pullscope.mitm import settings
from pullscope.mitm.watch import Watch


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"pullscope_view": "fancy"}, "pullscope_view is 'fancy'; it can be lines, live or none."),
        ({"pullscope_only": ["https://docker.io/"]}, "pullscope_only: 'https://docker.io/' is not a host name."),
        ({"pullscope_ignore": ["a b"]}, "pullscope_ignore: 'a b' is not a host name."),
        (
            {"pullscope_blobs": "relay", "mode": ["reverse:https://registry-1.docker.io"]},
            "pullscope_blobs=relay is for a proxy",
        ),
        ({"pullscope_out": "/nowhere/at/all.jsonl"}, "pullscope_out: cannot write /nowhere/at/all.jsonl: No such file"),
    ],
)
def test_wrong_values_are_refused(chosen: dict[str, Any], said: str) -> None:
    """configure says in one sentence what is wrong, for mitmproxy does not hold --set to an option's choices."""

    @in_mitmproxy
    async def refused() -> None:
        with pytest.raises(OptionsError, match=re.escape(said)), loaded(Watch(), **chosen):
            pass

    refused()


@in_mitmproxy
async def test_a_tracing_proxy_waits_with_connections_and_stays_local() -> None:
    """A host that does not exist yet can be answered for, and the network cannot use the proxy."""
    with loaded(Watch()) as context:
        assert context.options.connection_strategy == "lazy"
        assert context.options.listen_host == "127.0.0.1"


@pytest.mark.parametrize(
    ("option", "value"), [("listen_host", ""), ("listen_host", "192.0.2.1"), ("connection_strategy", "eager")]
)
def test_what_the_user_chose_stays(option: str, value: str) -> None:
    """Also where it is mitmproxy's own default."""

    @in_mitmproxy
    async def stays() -> None:
        with loaded(Watch(), before={option: value}) as context:
            assert getattr(context.options, option) == value

    stays()


@in_mitmproxy
async def test_only_and_ignore_become_mitmproxys_own() -> None:
    """Hosts and what lies below them, beside the patterns of others; taken back when the option is emptied."""
    watch = Watch()
    with loaded(watch, pullscope_only=["docker.io", "localhost:5000"], pullscope_ignore=["*.corp.example"]) as context:
        allowed = context.options.allow_hosts

        def passes(host: str) -> bool:
            return any(re.search(pattern, host, re.IGNORECASE) for pattern in allowed)

        assert [passes(host) for host in ("docker.io:443", "registry-1.docker.io:443", "localhost:5000")] == [True] * 3
        assert [passes(host) for host in ("notdocker.io:443", "docker.io.evil.example:443", "localhost:80")] == [
            False
        ] * 3
        assert len(context.options.ignore_hosts) == 1

        context.options.update(allow_hosts=[*allowed, "mine"])
        context.options.update(pullscope_only=[])
        assert context.options.allow_hosts == ["mine"]


def test_live_needs_a_terminal(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe it is lines, and a sentence says so."""
    monkeypatch.setenv("TERM", "xterm")

    @in_mitmproxy
    async def look() -> None:
        with loaded(Watch(), pullscope_view="live"):
            assert settings.view_for(Terminal()) == "live"
            with caplog.at_level(logging.WARNING):
                assert settings.view_for(io.StringIO()) == "lines"
            monkeypatch.setenv("TERM", "dumb")
            assert settings.view_for(Terminal()) == "lines"

    look()
    assert "pullscope_view=live needs a terminal; pulls are shown in lines instead." in caplog.text


def test_the_live_view_without_rich(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A mitmproxy that has only itself tells the pulls in lines, and says what to install for more."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(settings, "find_spec", lambda _name: None)

    @in_mitmproxy
    async def look() -> None:
        with loaded(Watch(), pullscope_view="live"), caplog.at_level(logging.WARNING):
            assert settings.view_for(Terminal()) == "lines"

    look()
    assert "needs rich (pip install rich)" in caplog.text


@pytest.mark.parametrize(("dump", "saved", "looked_at"), [(True, "", False), (True, "x.mitm", True), (False, "", True)])
def test_who_looks_at_flows(
    dump: bool, saved: str, looked_at: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows do, and -w; in mitmdump alone, notes on a flow are not read."""
    monkeypatch.setattr(settings, "is_dump", lambda: dump)

    @in_mitmproxy
    async def run() -> None:
        with loaded(Watch(), save_stream_file=saved and str(tmp_path / saved)) as context:
            assert settings.flows_are_looked_at() is looked_at
            context.options.update(save_stream_file=None)  # which closes the file

    run()


ROOT = Path(__file__).parents[2]
MODULES = [
    importlib.import_module(f"pullscope.mitm.{module.name}")
    for module in pkgutil.iter_modules(pullscope.mitm.__path__)
    if module.name != "otlp_sender"
]
FILES = [
    *sorted(ROOT.glob("addons/*.py")),
    *(Path(str(module.__file__)) for module in MODULES if hasattr(module, "addons")),
]
ADDONS = [
    kind
    for module in MODULES
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if kind.__module__ == module.__name__
    and hasattr(kind, "load")
    and "loader" in inspect.signature(kind.load).parameters
]

ARGUMENTS = {
    "upstream": ["http://192.0.2.1:1"],
    "reverse": ["https://192.0.2.1", "dns://192.0.2.1", "http3://192.0.2.1"],
}
NOT_HERE = {"local", "tun", "osproxy"}
"""These listen nowhere: they take packets from the system, for which they must be root."""
TYPES: dict[str, type[ProxyMode]] = ProxyMode._ProxyMode__types  # type: ignore[attr-defined] # it has no public list
MODES = [
    f"{name}:{argument}" if argument else name
    for name in TYPES
    if name not in NOT_HERE
    for argument in ARGUMENTS.get(name, [""])
]


def free_ports(count: int) -> list[int]:
    with_all = [socket.socket() for _ in range(count)]
    for one in with_all:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in with_all]
    for one in with_all:
        one.close()
    return ports


class WhenRunning:
    def __init__(self) -> None:
        self.is_now = asyncio.Event()

    def running(self) -> None:
        self.is_now.set()


async def addresses(files: Sequence[Path], modes: Sequence[str], confdir: Path, **chosen: Any) -> list[str]:
    """Where a mitmdump with these addon files listens once it runs; another test may take a port first, TCP's or UDP's."""
    for left in (2, 1, 0):
        found = await _listening(files, modes, confdir, **chosen)
        if all(hosts for _, hosts in found):
            break
        assert left, [str(server.last_exception) for server, _ in found]
    return [host for _, hosts in found for host in hosts]


async def _listening(
    files: Sequence[Path], modes: Sequence[str], confdir: Path, **chosen: Any
) -> list[tuple[Any, list[str]]]:
    """Each server, and where it listens."""
    master = DumpMaster(options.Options(confdir=str(confdir)), with_termlog=False)
    addons: Any = master.addons
    check = addons.get("errorcheck")
    check.finish()
    addons.remove(check)
    up = WhenRunning()
    addons.add(up)
    ports = free_ports(len(modes))
    modes = [mode if "@" in mode else f"{mode}@{port}" for mode, port in zip(modes, ports, strict=True)]
    master.options.update(mode=modes, scripts=[str(file) for file in files], **chosen)
    running = asyncio.create_task(master.run())
    await up.is_now.wait()
    await asyncio.gather(*settings._tasks)
    servers = addons.get("proxyserver").servers
    found = [(server, [address[0] for address in server.listen_addrs]) for server in servers]
    await servers.update([])
    master.shutdown()
    with suppress(asyncio.CancelledError):
        await running
    assert len(found) == len(modes)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_addon_file_opens_the_proxy(file: Path, tmp_path: Path) -> None:
    """Real sockets, in all modes at once, of each file that can be given to mitmproxy's -s."""
    hosts = asyncio.run(addresses([file], MODES, tmp_path))

    assert set(hosts) == {"127.0.0.1"}


@pytest.mark.parametrize("mode", MODES)
def test_no_mode_opens_the_proxy(mode: str, tmp_path: Path) -> None:
    """Alone and beside the regular mode, whose neighbour must not open it."""
    for modes in ([mode], ["regular", mode]):
        assert set(asyncio.run(addresses([ROOT / "addons" / "registry_trace.py"], modes, tmp_path))) == {"127.0.0.1"}


def test_a_host_that_the_user_named_stays(tmp_path: Path) -> None:
    """In a mode for that mode, as an option for all."""
    file = [ROOT / "addons" / "registry_trace.py"]
    (port,) = free_ports(1)

    assert asyncio.run(addresses(file, [f"regular@127.0.0.9:{port}", "dns"], tmp_path)) == [
        *("127.0.0.9", "127.0.0.1", "127.0.0.1"),
    ]
    assert asyncio.run(addresses(file, ["regular"], tmp_path, listen_host="127.0.0.8")) == ["127.0.0.8"]


def test_it_says_that_it_waits_and_for_what(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With the port and the CA that it has; a mode that no HTTPS_PROXY leads to is left to who chose it."""
    caplog.set_level("INFO")
    file = [ROOT / "addons" / "registry_trace.py"]
    (port,) = free_ports(1)
    asyncio.run(addresses(file, [f"regular@{port}"], tmp_path))

    assert f"waiting for pulls. Ctrl-C ends.\n  the proxy           http://127.0.0.1:{port}\n" in caplog.text
    assert f'eval "$(pullscope env --proxy http://127.0.0.1:{port} --confdir {tmp_path})"\n' in caplog.text
    assert f"pullscope docker on --port {port} --confdir {tmp_path}\n" in caplog.text
    caplog.clear()
    asyncio.run(addresses(file, ["reverse:https://192.0.2.1"], tmp_path))
    assert "waiting for pulls" not in caplog.text


@pytest.mark.parametrize("kind", ADDONS, ids=lambda kind: kind.__name__)
def test_each_addon_stays_here_alone(kind: type) -> None:
    """Every class that mitmproxy loads, so that one which is added later is asked too."""
    given: dict[str, Any] = {"traces": dict} if kind.__name__ == "OtlpLive" else {}

    @in_mitmproxy
    async def stays() -> None:
        with loaded(kind(**given)) as context:
            assert context.options.listen_host == "127.0.0.1"

    stays()


def test_the_addons_are_found() -> None:
    """The search above finds what there is, so that the tests above are about something."""
    assert {"Watch", "Vanity", "FaultyHub", "SniRouting", "Rotation", "OtlpLive"} <= {kind.__name__ for kind in ADDONS}
    assert {"registry_trace", "vanity_registry", "sample_registry", "rotation", "sni_routing"} <= {
        file.stem for file in FILES
    }


def test_a_port_is_waited_for() -> None:
    """A server that has just stopped may still have its UDP port; starting too early would leave half of a server behind."""

    async def wait() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
            held.bind((settings.LOCAL, 0))
            waiting = asyncio.create_task(settings._until_free(held.getsockname()[1]))
            await asyncio.sleep(0)
            assert not waiting.done()
        await waiting

    asyncio.run(wait())
