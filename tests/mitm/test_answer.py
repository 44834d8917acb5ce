"""Tests of the answering addon, in a real mitmproxy and with flows of its test kit."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from mitmproxy import http
from mitmproxy.test import taddons, tflow

from pullscope.mitm.answer import Answer, Patience
from pullscope.mitm.flow_notes import ANSWERED_BY
from pullscope.mitm.proxy_thread import ProxyThread, Tunnel
from pullscope.oci.messages import Headers, Request, Response

HOST = "docker.example.com"
URL = f"https://{HOST}/v2/"


def echo(request: Request) -> Response:
    """Says what it was asked; with a Content-Length of its own, as the answer to a HEAD has."""
    said = f"{request.method} {request.url} {request.body.decode()}".encode()
    body = b"" if request.method == "HEAD" else said
    return Response(
        status=200, headers=Headers([("Content-Length", str(len(said))), ("X-A", "1"), ("X-A", "2")]), body=body
    )


@contextmanager
def playing(*addons: object) -> Iterator[Tunnel]:
    with ProxyThread(*addons) as proxy, Tunnel(proxy.port, proxy.ca_file) as tunnel:
        yield tunnel


class Streaming:
    """As a tracer may do: streams every request with a body."""

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response is None:
            flow.request.stream = True


def flow_to(host: str) -> http.HTTPFlow:
    flow = tflow.tflow()
    flow.request.scheme, flow.request.host, flow.request.port, flow.request.path = "https", host, 443, "/v2/"
    flow.request.headers = http.Headers([(b"Host", host.encode())])
    return flow


def test_answers_for_a_host_that_does_not_exist() -> None:
    """CONNECT, TLS and request go through, though there is nothing behind the name."""
    with playing(Answer({HOST: echo})) as ask:
        response = ask(Request(method="GET", url=f"{URL}?n=1"))

    assert (response.status, response.body) == (200, f"GET {URL}?n=1 ".encode())
    assert response.headers.get_all("X-A") == ("1", "2")


def test_an_answer_to_head_keeps_its_content_length() -> None:
    """What GET would bring is announced, and nothing is sent."""
    with playing(Answer({HOST: echo})) as ask:
        response = ask(Request(method="HEAD", url=URL))

    assert response.body == b""
    assert response.headers.get("Content-Length") == str(len(f"HEAD {URL} "))


@pytest.mark.parametrize("first", [True, False], ids=["streamer first", "streamer last"])
def test_a_request_with_a_body_is_answered_with_its_body(first: bool) -> None:
    """The answerer sees the body, also beside an addon that streams, in either order."""
    addons: list[object] = [Answer({HOST: echo})]
    addons.insert(0 if first else 1, Streaming())
    with playing(*addons) as ask:
        response = ask(Request(method="POST", url=URL, body=b"grant_type=password"))

    assert response.body == f"POST {URL} grant_type=password".encode()


def test_a_failing_answerer_is_reported_once_and_the_flow_goes_on() -> None:
    """Both requests get 502 rather than to go out to the real host; the log has one error."""

    def fail(_request: Request) -> Response:
        raise ValueError("broken")

    with ProxyThread(Answer({HOST: fail})) as proxy, Tunnel(proxy.port, proxy.ca_file) as ask:
        statuses = [ask(Request(method="GET", url=URL)).status for _ in range(2)]

    assert statuses == [502, 502]
    assert proxy.errors == (f"Could not answer for {HOST}; further failures are not logged.",)


def test_other_hosts_are_left_alone() -> None:
    """A flow to a host outside the world is not touched."""
    flow = flow_to("other.example.com")
    Answer({HOST: echo}).requestheaders(flow)

    assert flow.response is None
    assert flow.metadata == {}


def test_what_another_addon_answered_is_left_alone() -> None:
    """The first answer stands."""
    flow = flow_to(HOST)
    flow.response = http.Response.make(418)
    Answer({HOST: echo}).requestheaders(flow)

    assert flow.response.status_code == 418
    assert ANSWERED_BY not in flow.metadata


def test_the_flow_says_who_answered() -> None:
    """The story can name the sample behind an answer."""
    flow = flow_to(HOST)
    Answer({HOST: echo}).requestheaders(flow)

    assert flow.metadata[ANSWERED_BY] == "sample"


@pytest.mark.parametrize("strategy", ["eager", "lazy"])
def test_connections_wait_until_they_are_needed(strategy: str, caplog: pytest.LogCaptureFixture) -> None:
    """The option is set where it has to be, and said; where it is right, nothing is."""

    async def start() -> object:
        # Inside a loop, for taddons leaves the one that it would make open.
        answer = Answer({HOST: echo})
        with taddons.context(answer) as context:
            context.options.add_option("connection_strategy", str, strategy, "")
            answer.running()
            return context.options.connection_strategy

    with caplog.at_level(logging.INFO):
        assert asyncio.run(start()) == "lazy"
    assert ("lazy" in caplog.text) is (strategy == "eager")


def test_a_late_answer_blocks_no_other_request() -> None:
    """The proxy has one loop: while one host thinks for an hour, another answers."""
    late, asked = Patience(), threading.Event()

    def slow(_: Request) -> Response:
        late(3600)
        asked.set()
        return Response(status=200)

    def ask_slowly(tunnel: Tunnel) -> None:
        with suppress(Exception):  # the proxy ends before its answer comes
            tunnel(Request(method="GET", url="https://slow.example.com/v2/"))

    with playing(Answer({HOST: echo, "slow.example.com": slow}, late=late)) as ask:
        thread = threading.Thread(target=ask_slowly, args=(ask,))
        thread.start()
        assert asked.wait(30)
        assert ask(Request(method="GET", url=URL)).status == 200
    thread.join(30)


def test_an_answer_that_is_late_comes() -> None:
    """A moment is owed by the one answer that took it, and by no other."""
    late = Patience()

    def slow(_: Request) -> Response:
        late(0.001)
        return Response(status=203, body=b"late")

    with playing(Answer({HOST: slow}, late=late)) as ask:
        response = ask(Request(method="GET", url=URL))

    assert (response.status, response.body) == (203, b"late")
    assert late.take() == 0.0
