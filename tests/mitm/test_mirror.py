"""Tests of the mirror: each request goes home or is answered so that its client goes on without waiting."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import connection, exceptions, flow
from mitmproxy import http as mitm_http
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.proxy import mode_specs
from tests.make import behind, exchange, in_mitmproxy, loaded

from pullscope.mitm import mirror as mirror_file
from pullscope.mitm.answer import Answer
from pullscope.mitm.flow_events import events_of_saved
from pullscope.mitm.flow_notes import ANSWERED_BY, MIRRORED
from pullscope.mitm.mirror import Mirror
from pullscope.mitm.proxy_thread import ProxyThread
from pullscope.mitm.scrub import scrub
from pullscope.mitm.watch import Watch
from pullscope.oci.messages import Headers, Request, Response
from pullscope.trace.border import Border
from pullscope.trace.events import Requested
from pullscope.trace.source_gaps import MIRROR

REVERSE = "reverse:https://registry-1.docker.io"


def asked(path: str, *, method: str = "GET", mode: str = REVERSE, body: bytes = b"", **more: Any) -> mitm_http.HTTPFlow:
    """A request as mitmproxy has it in reverse mode: the target is the mode's, whatever was asked."""
    made = exchange(f"https://registry-1.docker.io{path}", method=method, status=None, body=body, **more)
    return behind(made, mode)


def sent(path: str, hosts: list[str], **more: Any) -> mitm_http.HTTPFlow:
    """A request after the mirror has seen it."""
    made = asked(path, **more)
    mirror = Mirror()

    @in_mitmproxy
    async def send() -> None:
        with loaded(mirror, pullscope_mirror=hosts):
            mirror.requestheaders(made)

    send()
    return made


@pytest.mark.parametrize(
    ("path", "url", "host"),
    [
        ("/v2/org/app/manifests/1?ns=docker.io", "https://registry-1.docker.io/v2/org/app/manifests/1", None),
        ("/v2/org/app/manifests/1?ns=ghcr.io", "https://ghcr.io/v2/org/app/manifests/1", "ghcr.io"),
        ("/v2/ghcr.io/org/app/manifests/1", "https://ghcr.io/v2/org/app/manifests/1", "ghcr.io"),
        ("/v2/lan:5000/app/manifests/1", "http://lan:5000/v2/app/manifests/1", "lan:5000"),
    ],
)
def test_a_request_goes_home(path: str, url: str, host: str | None) -> None:
    """Address, scheme and Host are the registry's; `ns` and the first part of the path are gone; nothing is added."""
    flow = sent(path, ["docker.io,ghcr.io", "http://lan:5000"], headers=[("Host", "127.0.0.1:8600"), ("Accept", "a/b")])
    assert flow.response is None
    assert flow.request.url == url
    assert flow.request.host_header == (host or "registry-1.docker.io")
    assert sorted(name.lower() for name in flow.request.headers) == ["accept", "host", "user-agent"]


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/v2/org/app/manifests/1?ns=quay.io", "GET", 404, "NAME_UNKNOWN"),
        ("/v2/org/app/manifests/1?ns=169.254.169.254", "GET", 404, "NAME_UNKNOWN"),
        ("/v2/org/app/manifests/1?ns=%00%0d%0a", "GET", 404, "NAME_UNKNOWN"),
        ("/latest/meta-data", "GET", 404, "UNSUPPORTED"),
        ("/v2/org/app/blobs/uploads/?ns=docker.io", "POST", 405, "UNSUPPORTED"),
    ],
)
def test_what_has_no_home_here_is_refused(path: str, method: str, status: int, code: str) -> None:
    """As registries refuse, without asking one; a request with a body does not stream beside its answer."""
    flow = sent(path, ["docker.io"], method=method, body=b"x" if method == "POST" else b"")
    assert flow.response is not None
    assert flow.response.status_code == status
    assert json.loads(flow.response.content or b"")["errors"][0]["code"] == code
    assert flow.metadata[ANSWERED_BY] == "pullscope mirror"
    assert flow.request.stream is False


def test_the_refusal_names_who_is_asked_next() -> None:
    """The client shows these words where nothing else answers either."""
    flow = sent("/v2/org/app/manifests/1?ns=quay.io", ["docker.io"])
    assert flow.response is not None
    said = flow.response.text or ""
    assert "mirrors docker.io here, not quay.io; your client asks quay.io itself next" in said


@pytest.mark.parametrize(
    ("mode", "hosts"), [("regular", ["docker.io"]), (REVERSE, [])], ids=["a proxy", "a reverse proxy without homes"]
)
def test_requests_to_others_are_left_alone(mode: str, hosts: list[str]) -> None:
    """`pullscope_mirror` says that this is a mirror, and the mode that the request came to it."""
    flow = sent("/v2/org/app/manifests/1?ns=ghcr.io", hosts, mode=mode)
    assert flow.request.url == "https://registry-1.docker.io/v2/org/app/manifests/1?ns=ghcr.io"
    assert MIRRORED not in flow.metadata


def test_an_error_of_ours_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """502, after which clients go on: without one the request would go to the target of the mode."""
    monkeypatch.setattr(mirror_file, "wanted_of", lambda *_: 1 / 0)
    flow = sent("/v2/org/app/manifests/1?ns=ghcr.io", ["docker.io"])
    assert flow.response is not None
    assert flow.response.status_code == 502


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://cdn.example.net/x?sig=1", "https://cdn.example.net/x?sig=1"),
        ("//cdn.example.net/x", "//cdn.example.net/x"),
        ("/v2/org/app/blobs/sha256:b?x=1", "https://ghcr.io/v2/org/app/blobs/sha256:b?x=1"),
    ],
)
def test_a_location_leads_where_the_registry_meant(location: str, expected: str) -> None:
    """One without a host would lead to the mirror, and there to Docker Hub."""
    flow = sent("/v2/org/app/blobs/sha256:a?ns=ghcr.io", ["ghcr.io"])
    flow.response = mitm_http.Response.make(307, b"", {"Location": location})
    Mirror().responseheaders(flow)
    assert flow.response.headers["location"] == expected


def test_a_saved_flow_says_that_it_was_mirrored() -> None:
    """By what was left on it, also once it was scrubbed; its name is the registry's, whatever SNI a client may have sent."""
    made = sent("/v2/org/app/manifests/1?ns=ghcr.io", ["ghcr.io"])
    made.client_conn.sni = "localhost"
    made.response = mitm_http.Response.make(404, b"")
    made.response.timestamp_start, made.response.timestamp_end = 1000.1, 1000.2
    raw, clean = io.BytesIO(), io.BytesIO()
    FlowWriter(raw).add(made)
    raw.seek(0)
    scrub(raw, clean, name="x")
    clean.seek(0)
    [scrubbed] = FlowReader(clean).stream()
    for saved in (made, scrubbed):
        assert isinstance(saved, mitm_http.HTTPFlow)
        first = next(iter(events_of_saved(Border(), saved)))
        assert isinstance(first, Requested)
        assert (first.url, first.lacks) == ("https://ghcr.io/v2/org/app/manifests/1", MIRROR)


# -- options --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "mode", "port"),
    [
        ({}, [REVERSE], 8600),
        ({"listen_port": 8123}, [REVERSE], 8123),
        ({"mode": ["reverse:https://ghcr.io@127.0.0.1:1"]}, ["reverse:https://ghcr.io@127.0.0.1:1"], None),
    ],
)
def test_it_makes_mitmproxy_a_mirror(before: dict[str, Any], mode: list[str], port: int | None) -> None:
    """In reverse mode on its port, unless the user chose another."""

    @in_mitmproxy
    async def look() -> None:
        with loaded(Mirror(), before=before, pullscope_mirror=["docker.io"]) as context:
            assert [*context.options.mode] == mode
            assert context.options.listen_port == port

    look()


def test_without_the_option_nothing_changes() -> None:
    """The addon is always there."""

    @in_mitmproxy
    async def look() -> None:
        with loaded(Mirror()) as context:
            assert [*context.options.mode] == ["regular"]

    look()


@pytest.mark.parametrize("host", ["localhost", "https://", "192.168.0.1"])
def test_an_option_that_cannot_be_is_refused(host: str) -> None:
    """Before anything listens."""

    @in_mitmproxy
    async def look() -> None:
        with loaded(Mirror()) as context, pytest.raises(exceptions.OptionsError, match="pullscope_mirror: "):
            context.configure(context.master.addons.chain[-1], pullscope_mirror=[host])

    look()


# -- connections ----------------------------------------------------------------------------------------------------------


def opening(mode: str, sni: str | None = "registry-1.docker.io") -> Any:
    """What mitmproxy hands to its hooks of a connection to a server."""
    server = connection.Server(address=("registry-1.docker.io", 443))
    server.sni = sni
    return SimpleNamespace(server=server, client=SimpleNamespace(proxy_mode=mode_specs.ProxyMode.parse(mode)))


@pytest.mark.parametrize(
    ("mode", "ends", "given_up"),
    [
        (REVERSE, None, True),
        (REVERSE, "server_connected", True),
        (REVERSE, "tls_established_server", False),
        (REVERSE, "server_connect_error", False),
        (REVERSE, "server_disconnected", False),
        ("regular", None, False),
    ],
)
def test_a_connection_that_takes_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch, mode: str, ends: str | None, given_up: bool
) -> None:
    """One with TLS is there only when TLS is; a proxy's is not noted."""
    monkeypatch.setattr(mirror_file, "CONNECTS_WITHIN", 0.0)
    mirror, data = Mirror(), opening(mode)

    async def connect() -> str:
        mirror.server_connect(data)
        if ends is not None:
            getattr(mirror, ends)(SimpleNamespace(conn=data.server) if ends.startswith("tls") else data)
        try:
            for _ in range(3):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            return "given up"
        return "opened"

    @in_mitmproxy
    async def run() -> None:
        with loaded(mirror, pullscope_mirror=["docker.io"]):
            assert await asyncio.create_task(connect()) == ("given up" if given_up else "opened")

    run()


def test_what_was_given_up_is_not_the_clients_doing() -> None:
    """Its story says how long it was waited for, and not that it was cancelled."""
    made = sent("/v2/", ["docker.io"])
    made.error = flow.Error("connection cancelled")
    Mirror().error(made)
    assert made.error.msg == "no connection within 5 s"


# -- in a mitmproxy -------------------------------------------------------------------------------------------------------


@pytest.fixture
def port() -> Iterator[int]:
    """A mirror of a world that is answered in the same mitmproxy."""

    def ghcr(request: Request) -> Response:
        return Response(status=200, headers=Headers([("X-Asked", request.url)]), body=b"{}")

    with ProxyThread(
        Mirror(), Answer({"ghcr.io": ghcr}), Watch(), settings=["pullscope_mirror=ghcr.io,docker.io"]
    ) as proxy:
        yield proxy.port


def ask(port: int, path: str) -> tuple[int, str | None]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    client.request("GET", path)
    answer = client.getresponse()
    answer.read()
    client.close()
    return answer.status, answer.getheader("X-Asked")


def test_it_listens_and_answers(port: int) -> None:
    """In plain http, for each registry that was named."""
    assert ask(port, "/v2/org/app/manifests/1?ns=ghcr.io") == (200, "https://ghcr.io/v2/org/app/manifests/1")
    assert ask(port, "/v2/org/app/manifests/1?ns=quay.io") == (404, None)


def test_a_host_that_does_not_answer_blocks_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes the connection and never speaks TLS: 502 after the time that is given to it, and no hang."""
    monkeypatch.setattr(mirror_file, "CONNECTS_WITHIN", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        name = f"localhost:{silent.getsockname()[1]}"
        with ProxyThread(Mirror(), Watch(), settings=[f"pullscope_mirror={name}"]) as proxy:
            assert ask(proxy.port, f"/v2/app/manifests/1?ns={name}") == (502, None)
