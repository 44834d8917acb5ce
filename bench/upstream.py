"""The server behind the proxy under measurement: blobs of any size and one manifest, over TLS, as fast as it can.

It is a process of its own. Blobs are one block of random bytes over and over, so nothing is stored and every digest is
known. Prints `listening on PORT` when it answers.
"""

from __future__ import annotations

import functools
import hashlib
import json
import random
import socket
import ssl
import sys
import threading
from pathlib import Path

STORAGE = "localhost"
"""The name by which the same server is the storage of a registry."""

BLOCK = random.Random(0).randbytes(1 << 20)  # noqa: S311 - filler, no secret
MIB = len(BLOCK)

MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": f"sha256:{hashlib.sha256(b'config').hexdigest()}",
            "size": 6,
        },
        "layers": [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "digest": f"sha256:{hashlib.sha256(str(number).encode()).hexdigest()}",
                "size": number,
            }
            for number in range(4)
        ],
    },
    indent=2,
).encode()
MANIFEST_DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"


@functools.cache
def blob_digest(mebibytes: int) -> str:
    """The digest of a blob of that size."""
    digest = hashlib.sha256()
    for _ in range(mebibytes):
        digest.update(BLOCK)
    return f"sha256:{digest.hexdigest()}"


def blob_path(mebibytes: int) -> str:
    return f"/v2/bench/layer-{mebibytes}/blobs/{blob_digest(mebibytes)}"


def moved_path(mebibytes: int) -> str:
    """A blob that is at the storage."""
    return blob_path(mebibytes).replace("/layer-", "/moved-")


def manifest_path(repository: int) -> str:
    return f"/v2/bench/image-{repository}/manifests/{MANIFEST_DIGEST}"


def serve(key_and_certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(key_and_certificate)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        sys.stdout.write(f"listening on {listener.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(connection, context), daemon=True).start()


def _answer(connection: socket.socket, context: ssl.SSLContext) -> None:
    manifest = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\n"
        b"Docker-Content-Digest: %b\r\nRateLimit-Limit: 100;w=21600\r\nRateLimit-Remaining: 97;w=21600\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (MANIFEST_DIGEST.encode(), len(MANIFEST), MANIFEST)
    )
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with context.wrap_socket(connection, server_side=True) as client:
            while head := _head(client):
                path = head.split(b" ", 2)[1].decode()
                if "/manifests/" in path:
                    client.sendall(manifest)
                elif "/moved-" in path:
                    there = path.removeprefix("/v2").replace("/moved-", "/layer-")
                    port = client.getsockname()[1]
                    client.sendall(
                        f"HTTP/1.1 307 Temporary Redirect\r\nLocation: https://{STORAGE}:{port}{there}\r\n"
                        "Content-Length: 0\r\n\r\n".encode()
                    )
                else:
                    mebibytes = int(path.partition("/layer-")[2].partition("/")[0])
                    client.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
                        % (mebibytes * MIB)
                    )
                    for _ in range(mebibytes):
                        client.sendall(BLOCK)
    except OSError:
        return  # the proxy closed the connection, as it may at any time


def _head(client: ssl.SSLSocket) -> bytes:
    """The head of the next request; requests have no body here, and clients wait for the answer."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = client.recv(65536)
        if not more:
            return b""
        head += more
    return head


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
