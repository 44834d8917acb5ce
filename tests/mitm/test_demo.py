"""Tests of the demo: a client, a real mitmproxy and the sample hub in one process."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections import Counter
from pathlib import Path

import pytest
from mitmproxy import http

from pullscope.mitm.demo import VANITY_HOST, run_demo
from pullscope.mitm.flow_notes import ANSWERED_BY
from pullscope.oci.digest import Digest
from pullscope.oci.reference import Reference
from pullscope.worlds.clients.client_catalog import CLIENTS
from pullscope.worlds.clients.drive import pull
from pullscope.worlds.hub.sample import redirect_only, sample_hub
from pullscope.worlds.registries.row import Registry
from pullscope.worlds.registries.table import REGISTRIES


class Watcher:
    """Stands for the tracing addon: notes what it sees."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bool]] = []
        self.answered: list[tuple[int, bytes]] = []
        self.by: set[str] = set()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        url = flow.request.pretty_url.partition("?")[0]
        self.asked.append((flow.request.method, url, "authorization" in flow.request.headers))

    def response(self, flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        self.answered.append((flow.response.status_code, flow.response.content or b""))
        self.by.add(str(flow.metadata[ANSWERED_BY]))


@pytest.mark.parametrize("vanity", [False, True], ids=["hub", "vanity"])
@pytest.mark.parametrize("client", sorted(CLIENTS))
def test_the_addon_sees_what_the_model_does(client: str, vanity: bool) -> None:
    """Over TLS and through mitmproxy the requests are those of the same pull in memory; the outcome too."""
    watcher = Watcher()
    demo = run_demo(client=client, vanity=vanity, watch_addon=watcher)
    ran = pull(CLIENTS[client](demo.reference), {**sample_hub(), VANITY_HOST: redirect_only()})
    in_memory = [
        (request.method, request.url.partition("?")[0], "Authorization" in request.headers)
        for request, _ in ran.exchanges
    ]

    assert demo.outcome == ran.outcome
    assert demo.errors == ()
    assert Counter(watcher.asked) == Counter(in_memory)
    assert Counter(status for status, _ in watcher.answered) == Counter(
        response.status for _, response in ran.exchanges
    )
    assert watcher.by == {"sample"}


@pytest.mark.parametrize("row", REGISTRIES.values(), ids=lambda row: row.id)
def test_every_registry_is_played_over_the_wire(row: Registry) -> None:
    """Whole, and by no other host than in memory: nothing of a demo leaves this machine."""
    watcher = Watcher()
    demo = run_demo(registry=row, watch_addon=watcher)

    assert demo.outcome.pulled, demo.outcome.told
    assert demo.errors == ()
    assert watcher.by == {"sample"}


def test_a_realm_on_localhost_is_not_asked() -> None:
    """What listens on this machine's port 3000 is none of the demo's business; and clients ask it past the proxy."""
    watcher = Watcher()
    demo = run_demo(
        client="docker-classic", registry=REGISTRIES["gitea"], fault="gitea-realm-elsewhere", watch_addon=watcher
    )

    assert not demo.outcome.pulled
    assert "localhost:3000" in demo.outcome.told
    assert not [url for _, url, _ in watcher.asked if "localhost" in url]
    assert watcher.by == {"sample"}


def test_the_whole_image_goes_over_the_wire() -> None:
    """The bytes that the addon sees hash to what was asked for."""
    watcher = Watcher()
    run_demo(client="docker-classic", watch_addon=watcher)
    hashes = {Digest.of(body) for _, body in watcher.answered}
    wanted = {url.rpartition("/blobs/")[2] for _, url, _ in watcher.asked if "/blobs/sha256:" in url}

    assert len(wanted) == 5
    assert wanted <= hashes


def test_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """No thread, no file, no log handler, no line printed; ~/.mitmproxy is not made, proxies are not asked."""
    scratch, home = tmp_path / "tmp", tmp_path / "home"
    scratch.mkdir()
    home.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.1:9")
    threads, handlers, level = threading.enumerate(), list(logging.getLogger().handlers), logging.getLogger().level
    demo = run_demo(watch_addon=Watcher())

    assert demo.outcome.pulled
    assert threading.enumerate() == threads
    assert logging.getLogger().handlers == handlers
    assert logging.getLogger().level == level
    assert list(scratch.iterdir()) == []
    assert list(home.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_an_interrupt_ends_it_cleanly() -> None:
    """Ctrl-C reaches the caller when the proxy is gone."""

    def interrupt(_reference: Reference) -> None:
        raise KeyboardInterrupt

    threads = threading.enumerate()
    with pytest.raises(KeyboardInterrupt):
        run_demo(watch_addon=Watcher(), on_ready=interrupt)
    assert threading.enumerate() == threads


def test_ready_names_the_reference_before_the_first_request() -> None:
    """There is time to print an introduction."""
    watcher, seen = Watcher(), list[tuple[str, int]]()
    run_demo(vanity=True, watch_addon=watcher, on_ready=lambda ready: seen.append((str(ready), len(watcher.asked))))

    assert seen == [(f"{VANITY_HOST}/timonback/zephykus:latest", 0)]


def test_a_watcher_that_fails_does_not_break_the_pull() -> None:
    """mitmproxy logs it; the demo hands it on instead of printing."""

    class Broken:
        def response(self, _flow: http.HTTPFlow) -> None:
            raise ValueError("broken watcher")

    demo = run_demo(client="docker-classic", watch_addon=Broken())

    assert demo.outcome.pulled
    assert demo.errors


def test_an_unknown_client_is_refused() -> None:
    """The sentence names the ones there are."""
    with pytest.raises(ValueError, match=r"no client called 'docker': choose one of docker-classic, docker-containerd"):
        run_demo(client="docker", watch_addon=Watcher())
