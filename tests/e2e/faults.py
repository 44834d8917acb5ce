"""What an upstream may do to a good answer on its way out: one function a fault, byte by byte, and one table of them.

Nothing here knows what is answered, or to whom; the stand-in hands over the connection and what it would have sent.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

SOME = 2_000
"""Bytes of a body that are sent one by one; the rest of it follows at once, for each of them is a TLS record."""


@dataclass(frozen=True, kw_only=True)
class Good:
    """The answer as it should be."""

    status: int
    headers: dict[str, str]
    """Without Content-Length."""
    body: bytes

    def head(self, *more: str, status: int | None = None, version: str = "1.1") -> bytes:
        """The head of an answer like this one; `more` are whole fields."""
        code = status or self.status
        fields = [f"{name}: {value}" for name, value in self.headers.items()]
        lines = [f"HTTP/{version} {code} {HTTPStatus(code).phrase}", *fields, *more, "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def whole(self) -> bytes:
        return self.head(self.length()) + self.body

    def length(self, more: int = 0) -> str:
        return f"Content-Length: {len(self.body) + more}"


@dataclass(kw_only=True)
class Line:
    """The connection to who asked. It ends with each of these answers."""

    connection: socket.socket
    waits: threading.Event = field(default_factory=threading.Event)
    """Set where the fault waits for `goes_on`."""
    goes_on: threading.Event = field(default_factory=threading.Event)

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.connection.sendall(part)

    def bytewise(self, data: bytes) -> None:
        self.send(*(data[at : at + 1] for at in range(min(SOME, len(data)))), data[SOME:])

    def hold(self) -> None:
        """Says nothing for as long as it is not let go on."""
        self.waits.set()
        self.goes_on.wait(60)

    def reset(self) -> None:
        """RST instead of an end, as of a host that crashed or a firewall that forgot."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.connection.detach())


Fault = Callable[[Line, Good], None]


def _halves(good: Good) -> tuple[bytes, bytes]:
    half = len(good.body) // 2
    return good.body[:half], good.body[half:]


def _reset_at_once(line: Line, _good: Good) -> None:
    line.reset()


def _reset_in_head(line: Line, good: Good) -> None:
    line.send(good.head(good.length())[:20])
    line.reset()


def _reset_in_body(line: Line, good: Good) -> None:
    line.send(good.head(good.length()), _halves(good)[0])
    line.reset()


def _chunks(line: Line, good: Good, *, size: int) -> None:
    line.send(good.head("Transfer-Encoding: chunked"))
    some = good.body[:SOME]
    parts = [some[at : at + size] for at in range(0, len(some), size)] + [good.body[SOME:]]
    line.send(*(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part), b"0\r\n\r\n")


def _body_bytewise(line: Line, good: Good) -> None:
    line.send(good.head(good.length()))
    line.bytewise(good.body)


def _stalls_then_goes_on(line: Line, good: Good) -> None:
    first, second = _halves(good)
    line.send(good.head(good.length()), first)
    line.hold()
    line.send(second)


def _stalls_in_head(line: Line, good: Good) -> None:
    line.send(good.head(good.length())[:20])
    line.hold()
    line.reset()


def _stalls(line: Line, good: Good) -> None:
    line.send(good.head(good.length()), _halves(good)[0])
    line.hold()
    line.reset()


def _hints(line: Line, good: Good) -> None:
    with contextlib.suppress(OSError):  # who takes the hints for the answer may hang up on the rest
        line.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + good.whole())
    line.hold()


def sends(make: Callable[[Good], bytes]) -> Fault:
    """Bytes, and then the end of the connection."""
    return lambda line, good: line.send(make(good))


def _refused(status: int, *more: str, body: bytes = b"") -> Fault:
    def answer(line: Line, _good: Good) -> None:
        empty = Good(status=status, headers={}, body=body)
        line.send(empty.head(empty.length(), *more), body)

    return answer


def _other(good: Good, body: bytes) -> bytes:
    return Good(status=good.status, headers=good.headers, body=body).whole()


HTML = b"<!DOCTYPE html><html><title>Sign in</title></html>"

FAULTS: dict[str, Fault] = {
    "reset at once": _reset_at_once,
    "end at once": sends(lambda _good: b""),
    "reset in the head": _reset_in_head,
    "end in the head": sends(lambda good: good.head(good.length())[:20]),
    "reset in the body": _reset_in_body,
    "end in the body": sends(lambda good: good.head(good.length()) + _halves(good)[0]),
    "end in a chunk": sends(
        lambda good: good.head("Transfer-Encoding: chunked") + b"%x\r\n%s" % (len(good.body), _halves(good)[0])
    ),
    "end between chunks": sends(
        lambda good: (
            good.head("Transfer-Encoding: chunked") + b"%x\r\n%s\r\n" % (len(_halves(good)[0]), _halves(good)[0])
        )
    ),
    "end without a length": sends(lambda good: good.head("Connection: close", version="1.0") + good.body),
    "truncated without a length": sends(lambda good: good.head("Connection: close", version="1.0") + _halves(good)[0]),
    "body twice after its length": sends(lambda good: good.whole() + good.body),
    "answer twice": sends(lambda good: good.whole() * 2),
    "body twice, and so its length": sends(lambda good: _other(good, good.body * 2)),
    "length too long": sends(lambda good: good.head(good.length(100)) + good.body),
    "length too short": sends(lambda good: good.head(good.length(-10)) + good.body),
    "two lengths": sends(lambda good: good.head(good.length(), good.length(1)) + good.body),
    "length twice": sends(lambda good: good.head(good.length(), good.length()) + good.body),
    "length that is no number": sends(lambda good: good.head("Content-Length: many") + good.body),
    "length below nothing": sends(lambda good: good.head("Content-Length: -1") + good.body),
    "length of 400 digits": sends(lambda good: good.head(f"Content-Length: {'9' * 400}") + good.body),
    "length beside chunks": sends(
        lambda good: (
            good.head("Transfer-Encoding: chunked", "Content-Length: 3")
            + b"%x\r\n%s\r\n0\r\n\r\n" % (len(good.body), good.body)
        )
    ),
    "chunks of 1 byte": lambda line, good: _chunks(line, good, size=1),
    "body byte by byte": _body_bytewise,
    "head byte by byte": lambda line, good: line.bytewise(good.whole()),
    "chunk of no size": sends(lambda good: good.head("Transfer-Encoding: chunked") + b"zz\r\n" + good.body),
    "trailers": sends(
        lambda good: (
            good.head("Transfer-Encoding: chunked", "Trailer: X-Sum")
            + b"%x\r\n%s\r\n0\r\nX-Sum: 1\r\n\r\n" % (len(good.body), good.body)
        )
    ),
    "no HTTP": sends(lambda _good: b"SSH-2.0-OpenSSH_9.2\r\n"),
    "field without a colon": sends(lambda good: good.head(good.length(), "nonsense") + good.body),
    "field of 100 kB": sends(lambda good: good.head(good.length(), f"X-Long: {'x' * 100_000}") + good.body),
    "field with NUL": sends(lambda good: good.head(good.length(), "X-Nul: a\0b") + good.body),
    "coding that is none": sends(lambda good: good.head(good.length(), "Content-Encoding: gzip") + good.body),
    "unknown coding": sends(lambda good: good.head(good.length(), "Content-Encoding: x-own") + good.body),
    "a byte changed": sends(lambda good: _other(good, good.body[:-1] + bytes(byte ^ 1 for byte in good.body[-1:]))),
    "a page": sends(lambda _good: Good(status=200, headers={"Content-Type": "text/html"}, body=HTML).whole()),
    "nothing": sends(lambda good: _other(good, b"")),
    "a part that was not asked for": sends(
        lambda good: good.head(good.length(), f"Content-Range: bytes 5-{len(good.body) + 4}/9", status=206) + good.body
    ),
    "204": _refused(204),
    "304": _refused(304),
    "401 without a challenge": _refused(401),
    "418": _refused(418),
    "429": _refused(429, "Retry-After: 0"),
    "500": _refused(500, body=b"boom"),
    "502": _refused(502, body=HTML),
    "503": _refused(503, "Retry-After: 0"),
    "504": _refused(504),
    "redirect to an empty address": _refused(307, "Location: "),
    "redirect to nowhere": _refused(307, "Location: https://nowhere.invalid/x"),
    "redirect to no address": _refused(307, "Location: http://[::1/"),
    "redirect without a target": _refused(307),
}
"""By name. An answer that ends its connection does so after the fault."""

STALLS: dict[str, Fault] = {
    "stall in the head": _stalls_in_head,
    "stall in the body": _stalls,
    "early hints": _hints,  # mitmproxy (11 and 12) takes them for the answer, and waits for more
}
"""Faults after which a client waits for as long as it is let."""

PAUSE: Fault = _stalls_then_goes_on
"""A stall that ends well."""
