"""Tests of the options: what is refused, what is set for a tracing proxy, and what a user has chosen stays."""

from __future__ import annotations

import io
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.exceptions import OptionsError
from tests.make import in_mitmproxy, loaded

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


@pytest.mark.parametrize(
    ("environment", "on_terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colour(
    environment: dict[str, str], on_terminal: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal only, unless told otherwise; NO_COLOR counts before FORCE_COLOR."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert settings.wants_color(Terminal() if on_terminal else io.StringIO()) is expected


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
