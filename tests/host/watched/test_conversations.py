"""What segments of TCP show of a pull: requests in http, names in TLS, and how each ended."""

from __future__ import annotations

import socket
import ssl
import struct
from itertools import count

import pytest

from pullscope.host.watched.conversations import Asked, Conversations, asked_in_log
from pullscope.host.watched.packets import ACK, RST, SYN, Place, Segment, read

HERE = "127.0.0.1"
REQUEST = "{} {} HTTP/1.1\r\nHost: {}\r\n\r\n"


class Wire:
    """Connections of one client to servers, written as segments."""

    def __init__(self, *, ours: bool | None = True) -> None:
        self.talk = Conversations(lambda _: ours)
        self._ports = count(40000)

    def open(self, address: str, port: int, answer: int = SYN | ACK) -> tuple[Place, Place]:
        client, server = (HERE, next(self._ports)), (address, port)
        self.talk.feed(Segment(source=client, target=server, flags=SYN))
        if answer:
            self.talk.feed(Segment(source=server, target=client, flags=answer))
        return client, server

    def say(self, places: tuple[Place, Place], data: bytes) -> None:
        self.talk.feed(Segment(source=places[0], target=places[1], flags=ACK, data=data))

    def answer(self, places: tuple[Place, Place], data: bytes) -> None:
        self.talk.feed(Segment(source=places[1], target=places[0], flags=ACK, data=data))

    def exchange(self, places: tuple[Place, Place], method: str, path: str, host: str, status: int) -> None:
        self.say(places, REQUEST.format(method, path, host).encode())
        self.answer(places, f"HTTP/1.1 {status} X\r\n\r\n".encode())

    def asked(self, repository: str = "org/app") -> list[tuple[str, str, bool]]:
        return [(item.url, item.came, item.good) for item in self.talk.asked(repository)]


def client_hello(name: str | None) -> bytes:
    """As OpenSSL says it."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    wrapped = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname=name or "192.0.2.1")
    with pytest.raises(ssl.SSLWantReadError):
        wrapped.do_handshake()
    return outgoing.read()


def record(kind: int, body: bytes) -> bytes:
    return bytes([kind, 3, 3]) + len(body).to_bytes(2) + body


def test_requests_in_http_are_endpoints_with_their_answers() -> None:
    """A miss and a hit; a version check is told where nothing else was asked, and another image's request is left out."""
    wire = Wire()
    places = wire.open(HERE, 8600)
    wire.exchange(places, "GET", "/v2/", "127.0.0.1:8600", 200)
    wire.exchange(places, "HEAD", "/v2/org/app/manifests/1?ns=docker.io", "127.0.0.1:8600", 404)
    wire.exchange(places, "GET", "/v2/org/other/manifests/1", "127.0.0.1:8600", 200)
    wire.exchange(wire.open(HERE, 8601), "GET", "/v2/", "127.0.0.1:8601", 401)
    wire.exchange(wire.open(HERE, 80), "GET", "/hub/v2/org/app/manifests/1", "mirror.lan", 500)
    wire.exchange(wire.open(HERE, 80), "GET", "/hub/v2/org/app/manifests/1", "mirror.lan", 200)
    assert wire.asked() == [
        ("http://127.0.0.1:8600/v2/org/app", "404", False),
        ("http://127.0.0.1:8601", "401 to the version check", False),
        ("http://mirror.lan/hub/v2/org/app", "200", True),
    ]


def test_a_connection_without_a_request_is_one_that_was_refused() -> None:
    """Reset, or without an answer; one that stood and was never used is nothing."""
    wire = Wire()
    wire.open(HERE, 1, RST | ACK)
    wire.open("192.0.2.9", 443, 0)
    wire.open(HERE, 2)
    assert wire.asked() == [
        ("//127.0.0.1:1", "connection refused", False),
        ("//192.0.2.9:443", "no connection", False),
    ]


@pytest.mark.parametrize("name", ["registry-1.docker.io", None])
def test_tls_shows_the_name_and_that_the_client_went_on(name: str | None) -> None:
    """A ClientHello, and records of data after it; without a name it is the address."""
    wire = Wire()
    places = wire.open("192.0.2.1", 443)
    wire.say(places, client_hello(name))
    wire.answer(places, record(22, b"\2" + bytes(80)))
    wire.say(places, record(20, b"\1") + record(23, bytes(53)))
    assert wire.asked() == [(f"https://{name or '192.0.2.1'}", "answered, in TLS", True)]


def test_a_name_is_read_from_a_hello_that_was_cut() -> None:
    """A hello with a large key share comes in two segments, and the second is not looked at."""
    wire = Wire()
    places = wire.open("192.0.2.1", 5443)
    hello = client_hello("registry.example.com")
    wire.say(places, hello[: hello.index(b"registry.example.com") + 30])
    assert wire.asked()[0][0] == "https://registry.example.com:5443"


@pytest.mark.parametrize("sealed", [record(21, b"\2\x30"), record(20, b"\1") + record(23, bytes(19))])
def test_a_client_that_does_not_trust_the_certificate_is_seen(sealed: bytes) -> None:
    """An alert in the clear (TLS 1.2), or a record that can hold nothing else (1.3)."""
    wire = Wire()
    places = wire.open("192.0.2.1", 443)
    wire.say(places, client_hello("registry.example.com"))
    wire.say(places, sealed)
    [(_, came, good)] = wire.asked()
    assert "does not trust the certificate" in came
    assert not good


def test_a_tunnel_is_the_host_that_it_leads_to() -> None:
    """CONNECT to a proxy: granted and used, or refused by the proxy."""
    wire = Wire()
    places = wire.open(HERE, 3128)
    wire.exchange(places, "CONNECT", "registry-1.docker.io:443", "registry-1.docker.io:443", 200)
    wire.say(places, client_hello("registry-1.docker.io"))
    wire.say(places, record(23, bytes(300)))
    wire.exchange(wire.open(HERE, 3128), "CONNECT", "other.example:8443", "other.example:8443", 403)
    assert wire.asked() == [
        ("https://registry-1.docker.io", "answered, in TLS", True),
        ("https://other.example:8443", "the proxy 127.0.0.1:3128 says 403", False),
    ]


@pytest.mark.parametrize(("ours", "sure"), [(True, [True, True, True]), (None, [False, True, False]), (False, [])])
def test_another_program_is_left_out(ours: bool | None, sure: list[bool]) -> None:
    """What is not the client's counts for nothing; of an unknown process, only the image's own path is surely the client's."""
    wire = Wire(ours=ours)
    wire.say(wire.open("192.0.2.1", 443), client_hello("registry.example.com"))
    wire.exchange(wire.open(HERE, 8600), "GET", "/v2/org/app/manifests/1", "127.0.0.1:8600", 404)
    wire.open(HERE, 1, RST | ACK)
    assert [item.surely for item in wire.talk.asked("org/app")] == sure


def test_rubbish_is_nothing() -> None:
    """Whatever bytes come, in whatever order."""
    wire = Wire()
    places = wire.open(HERE, 8600)
    for data in (
        b"",
        b"\x16",
        b"\x16\x03\x01\xff\xff\x01",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03",
        b"GET / HT",
        bytes(40),
    ):
        wire.say(places, data)
        wire.answer(places, data)
        wire.talk.feed(Segment(source=(HERE, 9), target=(HERE, 10), flags=ACK, data=data))
    assert all(url.startswith(("https://127.0.0.1", "//127.0.0.1")) for url, _, _ in wire.asked())


@pytest.mark.parametrize("version", [4, 6])
def test_a_packet_is_read(version: int) -> None:
    """Addresses, ports, flags and payload of both kinds of IP; a cut or foreign packet is none."""
    tcp = struct.pack("!HHIIBBHHH", 40000, 443, 1, 2, 5 << 4, SYN, 0, 0, 0)
    payload = b"hello"
    if version == 4:
        places = socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.2")
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp) + len(payload), 0, 0, 64, 6, 0) + places
        source, target = "192.0.2.1", "192.0.2.2"
    else:
        raw = [socket.inet_pton(socket.AF_INET6, name) for name in ("2001:db8::1", "::ffff:192.0.2.2")]
        head = struct.pack("!IHBB", 6 << 28, len(tcp) + len(payload), 6, 64) + raw[0] + raw[1]
        source, target = "2001:db8::1", "192.0.2.2"
    packet = head + tcp + payload + b"padding"
    assert read(packet) == Segment(source=(source, 40000), target=(target, 443), flags=SYN, data=payload)
    assert [read(packet[:length]) for length in range(len(head) + 13)] == [None] * (len(head) + 13)
    assert read(packet[:9] + b"\x11" + packet[10:] if version == 4 else packet[:6] + b"\x11" + packet[7:]) is None


LOG = r"""
time="2026-11-26T04:44:50Z" level=debug msg="Using registries.d directory /etc/containers/registries.d"
time="2026-11-26T04:44:50Z" level=debug msg="Trying to access \"127.0.0.1:1/docker.io/org/app:1\""
time="2026-11-26T04:44:50Z" level=debug msg="GET https://127.0.0.1:1/v2/"
time="2026-11-26T04:44:50Z" level=debug msg="Accessing \"127.0.0.1:1/docker.io/org/app:1\" failed: pinging container registry 127.0.0.1:1: Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused"
time="2026-11-26T04:44:50Z" level=debug msg="Trying to access \"docker.io/org/app:1\""
time="2026-11-26T04:44:50Z" level=debug msg="GET https://registry-1.docker.io/v2/"
Error: no
"""  # noqa: E501 - lines of a real log


def test_each_source_is_an_endpoint_and_says_why_it_failed() -> None:
    """In order; the last one answered, and Docker Hub is where its API is."""
    assert asked_in_log(LOG.splitlines()) == (
        Asked(
            url="https://127.0.0.1:1/v2/docker.io/org/app",
            came='pinging container registry 127.0.0.1:1: Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: '
            "connection refused",
        ),
        Asked(url="https://registry-1.docker.io/v2/org/app", came="answered", good=True),
    )


def test_a_retry_changes_nothing() -> None:
    """podman tries all of it three times."""
    assert asked_in_log(LOG.splitlines() * 3)[0].came.endswith("connection refused")
    assert len(asked_in_log(LOG.splitlines() * 3)) == 2
