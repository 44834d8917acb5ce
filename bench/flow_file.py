"""Writes a `.mitm` file of many docker pulls, each of 20 exchanges, as mitmdump -w would save them.

A pull is: ping, token, HEAD, index, manifest, and then 7 blobs that are redirected to a CDN, with a second ping at the
end to fill the 20. Blob bodies are empty, which is how mitmproxy saves what was streamed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from bench.client import USER_AGENT
from mitmproxy import connection, http
from mitmproxy.io import FlowWriter

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


def pull(number: int, began: float, *, whole: bool = False) -> Iterator[http.HTTPFlow]:
    """One pull; `whole` with the bodies of its blobs, as the hooks see them."""
    name = f"bench/image-{number}"
    contents = [f"{number} {each}".encode() for each in range(7)]
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
    client = connection.Client(
        peername=("127.0.0.1", 50000), sockname=("127.0.0.1", 8080), state=connection.ConnectionState.CLOSED
    )
    client.tls = True
    server = connection.Server(address=(http.Request.make("GET", url).host, 443))
    flow = http.HTTPFlow(client, server)
    flow.request = http.Request.make(method, url)
    for name, value in {"Host": flow.request.host, "User-Agent": USER_AGENT, **fields}.items():
        flow.request.headers[name] = value
    flow.response = http.Response.make(status, body, answered)
    for name, value in answered.items():
        flow.response.headers[name] = value  # make() writes a Content-Length of its own
    flow.request.timestamp_start = client.timestamp_start = next(at)
    flow.request.timestamp_end = next(at)
    flow.response.timestamp_start = next(at)
    flow.response.timestamp_end = client.timestamp_end = next(at)
    return flow


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
