"""Tests of addons/sample_registry.py, as mitmproxy loads it."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mitmproxy import exceptions
from mitmproxy.options import Options
from mitmproxy.test import taddons

from pullscope.mitm.answer import FaultyHub
from pullscope.oci.messages import Request
from pullscope.worlds.hub.registry import REGISTRY_HOST

ADDON = Path(__file__).parents[2] / "addons" / "sample_registry.py"


@contextmanager
def mitmproxy_with(*addons: object, **chosen: str) -> Iterator[taddons.context]:
    """mitmproxy's test kit; it makes a loop where none is running, and leaves that open."""
    context = taddons.context(*addons, options=Options(**chosen), loadcore=False)
    try:
        with context:
            yield context
    finally:
        context.master.event_loop.close()


def test_the_addon_answers_for_docker_hub() -> None:
    """The file gives mitmproxy one addon, and that is all that it does."""
    found = runpy.run_path(str(ADDON))["addons"]

    assert [type(addon) for addon in found] == [FaultyHub]
    assert len(ADDON.read_text().splitlines()) <= 25


def test_a_fault_is_chosen_by_an_option() -> None:
    """What `--set` names is laid around the hub, several with commas, and taken away again."""
    addon = FaultyHub()
    ping = Request(method="GET", url=f"https://{REGISTRY_HOST}/v2/")
    with mitmproxy_with(addon) as context:
        context.configure(addon, pullscope_faults=["credentials-not-used, slow-hop"])
        assert "Basic" in (addon._world[REGISTRY_HOST](ping).headers.get("WWW-Authenticate") or "")
        context.configure(addon, pullscope_faults=[])
        assert "Bearer" in (addon._world[REGISTRY_HOST](ping).headers.get("WWW-Authenticate") or "")


def test_another_registry_is_chosen_by_an_option() -> None:
    """`--set pullscope_registry=ghcr` plays that one instead, with its own faults, and Docker Hub is left alone."""
    addon = FaultyHub()
    with mitmproxy_with(addon) as context:
        context.configure(addon, pullscope_registry="ghcr", pullscope_faults=["ghcr-private"])
        assert REGISTRY_HOST not in addon._world
        assert addon._world["ghcr.io"](Request(method="GET", url="https://ghcr.io/token")).status == 401
        context.configure(addon, pullscope_registry="docker-hub", pullscope_faults=[])
        assert REGISTRY_HOST in addon._world


def test_an_unknown_registry_is_refused() -> None:
    """A misspelt name ends mitmdump with the list, instead of playing Docker Hub."""
    addon = FaultyHub()
    with mitmproxy_with(addon) as context, pytest.raises(exceptions.OptionsError, match="There is no registry 'gchr'"):
        context.configure(addon, pullscope_registry="gchr")


@pytest.mark.parametrize(("told", "used"), [({}, "127.0.0.1"), ({"listen_host": "192.0.2.7"}, "192.0.2.7")])
def test_it_listens_on_loopback_unless_told_otherwise(told: dict[str, str], used: str) -> None:
    """Alone, too: no tracer need be there to keep the proxy to this machine."""
    with mitmproxy_with(**told) as context:
        context.master.addons.add(FaultyHub())
        assert context.options.listen_host == used


def test_an_unknown_fault_is_refused() -> None:
    """A misspelt fault ends mitmdump with the list, instead of a healthy registry."""
    addon = FaultyHub()
    with mitmproxy_with(addon) as context, pytest.raises(exceptions.OptionsError, match="There is no fault 'slow'"):
        context.configure(addon, pullscope_faults=["slow"])
