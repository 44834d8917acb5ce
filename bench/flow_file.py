"""Writes a `.mitm` file of many docker pulls, each of 20 exchanges, as mitmdump -w would save them.

A pull is: ping, token, HEAD, index, manifest, and then 7 blobs that are redirected to a CDN, with a second ping at the
end to fill the 20. Blob bodies are empty, which is how mitmproxy saves what was streamed.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator
from copy import copy
from pathlib import Path

from bench.client import USER_AGENT
from mitmproxy import connection, http
from mitmproxy.io import FlowWriter

from pullscope.mitm.flow_events import events_of_saved
from pullscope.trace.border import Border
from pullscope.trace.recording import first_line, to_line

EXCHANGES = 20
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
REGISTRY, AUTH, CDN = "registry-1.docker.io", "auth.docker.io", "production.cloudflare.docker.com"


def write_flow_file(path: Path, *, flows: int) -> None:
    with path.open("wb") as file:
        writer = FlowWriter(file)  # type: ignore[no-untyped-call]  # mitmproxy 11 has no annotation there
        for number in range(flows // EXCHANGES):
            for flow in pull(number, 1_700_000_000.0 + number * 30):
                writer.add(flow)


def write_recording(path: Path, *, events: int) -> None:
    """The same pulls as the tracer would have recorded them."""
    border, left = Border(), events
    with path.open("w") as file:
        file.write(f"{first_line(written_by='bench')}\n")
        for number in itertools.count():
            for flow in pull(number, 1_700_000_000.0 + number * 30):
                for event in events_of_saved(border, flow):
                    if not left:
                        return
                    left -= 1
                    file.write(f"{to_line(event)}\n")


def pull(number: int, began: float, *, whole: bool = False, parts: int = 7) -> Iterator[http.HTTPFlow]:
    """One pull of a config and layers; `whole` with the bodies of its blobs, as the hooks see them."""
    name = f"bench/image-{number}"
    contents = [f"{number} {each}".encode() for each in range(parts)]
    blobs = [_digest(content) for content in contents]
    descriptors = [
        {
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": blob,
            "size": len(content) if whole else 1000,
        }
        for blob, content in zip(blobs, contents, strict=True)
    ]
    config = {**descriptors[0], "mediaType": "application/vnd.oci.image.config.v1+json"}
    manifest = _json({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": descriptors[1:]})
    entry = {
        "mediaType": MANIFEST,
        "digest": _digest(manifest),
        "size": len(manifest),
        "platform": {"os": "linux", "architecture": "amd64"},
    }
    index = _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})
    bearer = {"Authorization": f"Bearer made-up-{number}"}
    challenge = f'Bearer realm="https://{AUTH}/token",service="registry.docker.io"'
    token = _json({"token": f"made-up-{number}", "expires_in": 300})
    base = f"https://{REGISTRY}/v2/{name}"
    at = _clock(began)

    yield _flow(at, "GET", f"https://{REGISTRY}/v2/", {}, 401, {"WWW-Authenticate": challenge})
    scope = f"scope=repository%3A{name.replace('/', '%2F')}%3Apull&service=registry.docker.io"
    yield _flow(at, "GET", f"https://{AUTH}/token?{scope}", {}, 200, {"Content-Type": "application/json"}, token)
    yield _flow(at, "HEAD", f"{base}/manifests/latest", bearer, 200, _typed(INDEX, index))
    yield _flow(at, "GET", f"{base}/manifests/{_digest(index)}", bearer, 200, _typed(INDEX, index), index)
    yield _flow(at, "GET", f"{base}/manifests/{_digest(manifest)}", bearer, 200, _typed(MANIFEST, manifest), manifest)
    for blob, content in zip(blobs, contents, strict=True):
        source = f"{base}/blobs/{blob}"
        encoded = blob.removeprefix("sha256:")
        target = (
            f"https://{CDN}/registry-v2/docker/registry/v2/blobs/sha256/{encoded[:2]}/{encoded}/data?verify={number}"
        )
        yield _flow(at, "GET", source, bearer, 307, {"Location": target, "Content-Length": "0"})
        length = {"Content-Length": str(len(content)) if whole else "1000"}
        yield _flow(at, "GET", target, {"Referer": source}, 200, length, content if whole else b"")
    yield _flow(at, "GET", f"https://{REGISTRY}/v2/", bearer, 200, {"Content-Length": "0"})


def _flow(
    at: Iterator[float],
    method: str,
    url: str,
    fields: dict[str, str],
    status: int,
    answered: dict[str, str],
    body: bytes = b"",
) -> http.HTTPFlow:
    client, server = copy(_CLIENT), copy(_SERVER)
    client.id = str(next(_NUMBERS))
    host, _, path = url.removeprefix("https://").partition("/")
    server.address = (host, 443)
    flow = http.HTTPFlow(client, server)
    flow.request, flow.response = copy(_REQUEST), copy(_RESPONSE)
    asked = flow.request.data = copy(_REQUEST.data)
    asked.method, asked.host, asked.path = method.encode(), host, f"/{path}".encode()
    asked.headers = _headers({"Host": host, "User-Agent": USER_AGENT, **fields})
    answer = flow.response.data = copy(_RESPONSE.data)
    answer.status_code, answer.content = status, body
    answer.headers = _headers({"Content-Length": str(len(body)), **answered})
    asked.timestamp_start = client.timestamp_start = next(at)
    asked.timestamp_end = next(at)
    answer.timestamp_start = next(at)
    answer.timestamp_end = client.timestamp_end = next(at)
    return flow


# Copies of these, for mitmproxy checks the type of each field of each new message, which takes longer than our hooks.
_CLIENT = connection.Client(
    peername=("127.0.0.1", 50000), sockname=("127.0.0.1", 8080), state=connection.ConnectionState.CLOSED
)
_CLIENT.tls = True
_SERVER = connection.Server(address=("registry.example.com", 443))
_REQUEST, _RESPONSE = http.Request.make("GET", "https://registry.example.com/"), http.Response.make()
_NUMBERS = itertools.count(1)


def _headers(fields: dict[str, str]) -> http.Headers:
    return http.Headers([(name.encode(), value.encode()) for name, value in fields.items()])


def _clock(began: float) -> Iterator[float]:
    while True:
        yield began
        began += 0.01


def _typed(media_type: str, document: bytes) -> dict[str, str]:
    return {
        "Content-Type": media_type,
        "Content-Length": str(len(document)),
        "Docker-Content-Digest": _digest(document),
    }


def _json(document: dict[str, object]) -> bytes:
    return json.dumps(document).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
