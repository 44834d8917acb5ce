"""The one client that goes out, against servers that hang, lie, stream for ever or send ten thousand headers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from itertools import repeat

import pytest
from tests.worlds.hostile import hostile

from pullscope.oci.digest import Digest
from pullscope.oci.messages import Headers, Request
from pullscope.worlds.clients.steps import NoAnswerError
from pullscope.worlds.network import Network, Reach

HOST = "registry.example.com"
GONE = threading.Event()


def request(method: str = "GET", path: str = "/v2/", scheme: str = "http", body: bytes = b"") -> Request:
    headers = Headers([("Accept", "a"), ("Accept", "b"), ("Connection", "keep-alive")])
    return Request(method=method, url=f"{scheme}://{HOST}{path}", headers=headers, body=body)


def to(port: int, **more: float) -> Network:
    patience, most_bytes = more.get("patience", 5.0), int(more.get("most_bytes", 1_000_000))
    return Network(Reach(resolve={HOST: ("127.0.0.1", port)}, patience=patience, most_bytes=most_bytes))


def read_request(connection: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read:
        read += connection.recv(65536)
    return read


def saying(answer: bytes) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)

    return speak


def for_ever(head: bytes, part: bytes) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(head)
        for each in repeat(part):
            connection.sendall(each)

    return speak


def silent(connection: socket.socket) -> None:
    read_request(connection)
    GONE.wait(30)


def dripping(connection: socket.socket) -> None:
    """A header line that never ends, a byte at a time."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not GONE.wait(0.02):
        connection.sendall(b"x")


def test_sends_what_it_is_given() -> None:
    """Repeated fields stay repeated, Host is the name and not the address, and no connection is kept."""
    seen: list[bytes] = []

    def speak(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\n\r\nok")

    with hostile(speak) as port:
        response = to(port)(request(path="/v2/?n=1"))

    assert seen[0].splitlines()[:4] == [b"GET /v2/?n=1 HTTP/1.1", f"Host: {HOST}".encode(), b"Accept: a", b"Accept: b"]
    assert seen[0].count(b"Connection:") == 1
    assert (response.status, response.body, response.headers.get_all("X-A")) == (200, b"ok", ("1", "2"))


def test_a_redirect_is_an_answer() -> None:
    """Nothing is followed."""
    with hostile(saying(b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n")) as port:
        assert to(port)(request()).status == 302


def test_a_body_that_was_cut_comes_as_far_as_it_came() -> None:
    """Content-Length says what is missing, as it does to any client."""
    with hostile(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")) as port:
        response = to(port)(request())

    assert (response.body, response.headers.get("Content-Length")) == (b"12345", "10")


@pytest.mark.parametrize(
    ("speak", "words"),
    [
        (saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n"), "more than 100 header fields"),
        (saying(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"), "a header line of more than 64 KiB"),
        (saying(b"220 mail.example.com ESMTP\r\n"), "malformed HTTP response"),
        (saying(b"\x00" * 1000), "malformed HTTP response"),
        (saying(b""), "EOF"),
        (for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), "an answer of more than 1000000 bytes"),
        (
            for_ever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
            "an answer of more than 1000000 bytes",
        ),
    ],
    ids=["headers", "long line", "mail", "zeros", "nothing", "stream", "chunks"],
)
def test_a_server_that_lies_is_one_sentence(speak: Callable[[socket.socket], None], words: str) -> None:
    """No answer, and a reason."""
    with hostile(speak) as port, pytest.raises(NoAnswerError) as failed:
        to(port)(request())

    assert failed.value.reason == words


@pytest.mark.parametrize("speak", [silent, dripping])
def test_a_server_that_hangs_is_waited_for_once(speak: Callable[[socket.socket], None]) -> None:
    """A patience for the whole exchange; afterwards the host is not asked again."""
    GONE.clear()
    connections: list[int] = []

    def counted(connection: socket.socket) -> None:
        connections.append(1)
        speak(connection)

    with hostile(counted) as port:
        network = to(port, patience=0.3)
        for _ in range(3):
            with pytest.raises(NoAnswerError, match=r"within 0\.3 s"):
                network(request())
        GONE.set()

    assert len(connections) == 1


def test_what_is_hashed_is_not_kept() -> None:
    """A layer's digest and size, and no body."""
    layer = b"layer" * 100_000
    with hostile(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + layer)) as port:
        response, digest, size = to(port).digest(request(), 10**9)

    assert (response.body, digest, size) == (b"", Digest.of(layer), 500_000)


def test_first_bytes_of_an_endless_body_are_enough() -> None:
    """A server that ignores Range and never ends."""
    with hostile(for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)) as port:
        assert to(port).first_bytes(request(), 1024).status == 200


def test_nothing_listens() -> None:
    """Said in Go's words, which users know from docker."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NoAnswerError, match="connection refused"):
        to(port)(request())


def test_an_unknown_scheme_is_refused() -> None:
    """A Location may hold anything."""
    with pytest.raises(NoAnswerError, match="unsupported protocol scheme"):
        Network(Reach())(Request(method="GET", url="file:///etc/passwd"))


def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY with CONNECT, unless NO_PROXY names the host; the proxy's password goes to the proxy only."""
    from pullscope.worlds.network import proxies_from_environment

    seen: list[bytes] = []

    def refuse(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    with hostile(refuse) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret@127.0.0.1:{port}")
        monkeypatch.setenv("NO_PROXY", "other.invalid")
        proxies, no_proxy = proxies_from_environment()
        network = Network(Reach(proxies=proxies, no_proxy=no_proxy))
        with pytest.raises(NoAnswerError) as failed:
            network(request(scheme="https"))
        with pytest.raises(NoAnswerError, match="no such host"):
            network(Request(method="GET", url="https://other.invalid/v2/"))

    assert [line.split()[0:2] for line in [seen[0].splitlines()[0]]] == [[b"CONNECT", f"{HOST}:443".encode()]]
    assert len(seen) == 1
    assert "secret" not in failed.value.reason
