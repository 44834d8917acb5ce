"""The kubelet's one question to a container runtime, `PullImage`, over gRPC on a Unix socket, without a kubelet.

runtime.v1.ImageService of the Kubernetes CRI; the two messages are small enough to be spelled by hand, and mitmproxy brings h2.
"""

from __future__ import annotations

import socket
from pathlib import Path

from h2.config import H2Configuration  # type: ignore[import-untyped]  # h2 has no types
from h2.connection import H2Connection  # type: ignore[import-untyped]  # the same
from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset, TrailersReceived  # type: ignore[import-untyped]  # the same


def pull_image(path: Path, image: str) -> tuple[int, str]:
    """The gRPC status (0 is good) and message of PullImage, once the runtime takes questions."""
    for _ in range(1000):
        status, message = _ask(path, image)
        if "not initialized" not in message:
            break
    return status, message


def _ask(path: Path, image: str) -> tuple[int, str]:
    name = image.encode()
    spec = b"\x0a" + bytes([len(name)]) + name  # ImageSpec.image = 1
    request = b"\x0a" + bytes([len(spec)]) + spec  # PullImageRequest.image = 1
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(60)
        wire.connect(str(path))
        connection = H2Connection(H2Configuration(header_encoding="utf-8"))
        connection.initiate_connection()
        stream = connection.get_next_available_stream_id()
        connection.send_headers(
            stream,
            [
                (":method", "POST"),
                (":scheme", "http"),
                (":authority", "localhost"),
                (":path", "/runtime.v1.ImageService/PullImage"),
                ("content-type", "application/grpc"),
                ("te", "trailers"),
            ],
        )
        connection.send_data(stream, b"\0" + len(request).to_bytes(4, "big") + request, end_stream=True)
        said: dict[str, str] = {}
        while True:
            wire.sendall(connection.data_to_send())
            data = wire.recv(65536)
            if not data:
                raise ConnectionError("the runtime hung up")
            for event in connection.receive_data(data):
                if isinstance(event, ResponseReceived | TrailersReceived):
                    said.update(dict(event.headers))
                elif isinstance(event, DataReceived):
                    connection.acknowledge_received_data(event.flow_controlled_length, stream)
                elif isinstance(event, StreamEnded | StreamReset):
                    return int(said.get("grpc-status", "-1")), said.get("grpc-message", "")
