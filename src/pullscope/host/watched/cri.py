"""The kubelet's questions to a container runtime about images, over gRPC on its socket, without a kubelet.

runtime.v1.ImageService of the Kubernetes CRI (api.proto); its messages are small enough to be spelled by hand.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from pullscope.host import HostError

WITHIN = 900.0
"""Seconds for which the runtime may say nothing: an image may be large."""

UNIMPLEMENTED = 12
"""grpc.io, "Status codes"."""


class CriError(HostError):
    """The runtime refused: its own words."""


def pull_image(path: Path, image: str, login: tuple[str, str] | None = None) -> str:
    """PullImage; the id of the image. `login`: user and password, as the kubelet passes a pull secret."""
    fields = _field(1, _spec(image))
    if login is not None:
        fields += _field(2, _field(1, login[0].encode()) + _field(2, login[1].encode()))
    return _text(_ask(path, "PullImage", fields), 1)


def ids(path: Path) -> set[str]:
    """ListImages: the ids of all images that are there."""
    return {_text(image, 1) for image in _fields(_ask(path, "ListImages", b""), 1)}


def remove(path: Path, image: str) -> None:
    """RemoveImage, with all of its names."""
    _ask(path, "RemoveImage", _field(1, _spec(image)))


def _spec(image: str) -> bytes:
    return _field(1, image.encode())


def _ask(path: Path, method: str, message: bytes) -> bytes:
    """The answer's message; CriError with the runtime's words where it refuses, HostError where it does not answer."""
    from h2.config import H2Configuration  # type: ignore[import-untyped]  # h2 has no types
    from h2.connection import H2Connection  # type: ignore[import-untyped]  # the same
    from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset, TrailersReceived  # type: ignore[import-untyped]  # the same

    said: dict[str, str] = {}
    body = b""
    connection = H2Connection(H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    stream = connection.get_next_available_stream_id()
    heads = {
        ":method": "POST",
        ":scheme": "http",
        ":authority": "localhost",
        ":path": f"/runtime.v1.ImageService/{method}",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    connection.send_headers(stream, [*heads.items()])
    connection.send_data(stream, b"\0" + len(message).to_bytes(4) + message, end_stream=True)
    over = False
    try:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(WITHIN)
            wire.connect(str(path))
            while not over:
                wire.sendall(connection.data_to_send())
                data = wire.recv(65536)
                if not data:
                    raise ConnectionError("it hung up")
                for event in connection.receive_data(data):
                    if isinstance(event, ResponseReceived | TrailersReceived):
                        said.update(dict(event.headers))
                    elif isinstance(event, DataReceived):
                        connection.acknowledge_received_data(event.flow_controlled_length, stream)
                        body += event.data
                    over = over or isinstance(event, StreamEnded | StreamReset)
    except OSError as error:
        raise HostError(f"the runtime on {path} does not answer: {error}") from error
    status = said.get("grpc-status", "-1")
    if status == str(UNIMPLEMENTED):
        raise HostError(f"the runtime on {path} has no CRI: its plugin is off, or was not loaded. Nothing was pulled")
    if status != "0":
        raise CriError(unquote(said.get("grpc-message", f"gRPC status {status}")))
    return body[5:]


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _fields(message: bytes, wanted: int) -> Iterator[bytes]:
    """The values of one field that has a length; a message of another form ends it."""
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        length, at = _number(message, at)
        if tag & 7 == 0:
            continue  # a plain number, which has just been read
        if tag & 7 != 2:
            return
        if tag >> 3 == wanted:
            yield message[at : at + length]
        at += length


def _number(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    return value, at


def _text(message: bytes, wanted: int) -> str:
    return next((value.decode("utf-8", "replace") for value in _fields(message, wanted)), "")
