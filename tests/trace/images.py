"""Made-up images, and the ways in which clients fetch them: each in its dialect, as wires.

Documents are real JSON whose digests are right, so that what the trace verifies can be verified.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.trace.wire import CDN, CONTAINERD, CRANE, DOCKER_20, DOCKER_29, HUB, SKOPEO, Wire, challenge_for, sha256

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image of one platform in an index; its blobs are their own names."""

    repository: str = "library/app"
    tag: str = "latest"
    layers: tuple[str, ...] = ("base", "app")
    config: str = field(default="")
    platforms: tuple[str, ...] = ("amd64", "arm64")

    @property
    def config_text(self) -> str:
        return self.config or f'{{"architecture":"amd64","os":"linux","of":"{self.repository}"}}'

    def manifest(self, architecture: str = "amd64") -> str:
        """The manifest of a platform."""
        layers = self.layers if architecture == "amd64" else tuple(f"{name}-{architecture}" for name in self.layers)
        config = self.config_text if architecture == "amd64" else f"{self.config_text}-{architecture}"
        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": OCI_MANIFEST,
                "config": descriptor(OCI_CONFIG, config),
                "layers": [descriptor(OCI_LAYER, name) for name in layers],
            }
        )

    @property
    def index(self) -> str:
        """The index of all platforms."""
        entries = [
            {
                **descriptor(OCI_MANIFEST, self.manifest(architecture)),
                "platform": {"os": "linux", "architecture": architecture},
            }
            for architecture in self.platforms
        ]
        return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})

    @property
    def reference(self) -> str:
        return f"docker.io/{self.repository}:{self.tag}"

    def url(self, kind: str, reference: str, host: str = HUB) -> str:
        """Where a manifest or blob is."""
        return f"{host}/v2/{self.repository}/{kind}/{reference}"

    def blobs(self) -> tuple[str, ...]:
        """The contents of config and layers."""
        return (self.config_text, *self.layers)


def descriptor(media_type: str, text: str) -> dict[str, object]:
    """What a manifest says of a blob."""
    return {"mediaType": media_type, "digest": digest(text), "size": len(text)}


def digest(text: str) -> str:
    """A text's digest."""
    return f"sha256:{sha256(text)}"


def head(wire: Wire, image: Image, token: str | None = None, host: str = HUB, status: int = 200) -> None:
    """HEAD of the tag."""
    wire.ask(
        "HEAD",
        image.url("manifests", image.tag, host),
        status,
        token=token,
        answer={"Docker-Content-Digest": digest(image.index), "Content-Type": OCI_INDEX} if status == 200 else None,
    )


def get_manifest(
    wire: Wire, image: Image, text: str, *, token: str | None = None, tag: bool = False, connection: str | None = None
) -> None:
    """GET of an index or manifest, by digest or by tag."""
    wire.ask(
        "GET",
        image.url("manifests", image.tag if tag else digest(text)),
        token=token,
        connection=connection,
        answer={
            "Docker-Content-Digest": digest(text),
            "Content-Type": OCI_INDEX if '"manifests"' in text else OCI_MANIFEST,
        },
        body=text,
    )


def get_blob(wire: Wire, image: Image, content: str, *, token: str | None = None, at: float | None = None) -> None:
    """GET of a blob, which the registry redirects to another host."""
    here, there = image.url("blobs", digest(content)), f"{CDN}/data/{digest(content)[7:]}?sig=1"
    start = wire.now if at is None else at
    wire.ask("GET", here, 307, token=token, location=there, at=start)
    wire.ask("GET", there, referer=here, content=content, at=start + 0.011)


def blobs_side_by_side(wire: Wire, image: Image, token: str | None = None, skip: tuple[str, ...] = ()) -> None:
    """Config and layers at once, as every client fetches them."""
    start = wire.now
    for place, content in enumerate(name for name in image.blobs() if name not in skip):
        get_blob(wire, image, content, token=token, at=start + place * 0.001)


def unauthorized(wire: Wire, method: str, url: str, repository: str | None) -> None:
    """A request that is told to get a token."""
    wire.ask(method, url, 401, challenge=challenge_for(repository))


def docker_containerd(wire: Wire, image: Image, *, skip: tuple[str, ...] = (), name: str = "t") -> None:
    """dockerd 29 with containerd's store, containerd, nerdctl: no ping; resolver and fetcher ask for a token each."""
    unauthorized(wire, "HEAD", image.url("manifests", image.tag), image.repository)
    wire.asks_for_token(image.repository, f"{name}1", agent=CONTAINERD)
    head(wire, image, f"{name}1")
    if skip == image.blobs():
        return
    unauthorized(wire, "GET", image.url("manifests", digest(image.index)), image.repository)
    wire.asks_for_token(image.repository, f"{name}2", agent=CONTAINERD)
    get_manifest(wire, image, image.index, token=f"{name}2")
    get_manifest(wire, image, image.manifest(), token=f"{name}2")
    blobs_side_by_side(wire, image, f"{name}2", skip)


def docker_classic(wire: Wire, image: Image, *, skip: tuple[str, ...] = (), name: str = "t") -> None:
    """dockerd with the graphdriver store: ping, token, HEAD, then by digest."""
    unauthorized(wire, "GET", f"{HUB}/v2/", None)
    wire.asks_for_token(image.repository, name)
    head(wire, image, name)
    get_manifest(wire, image, image.index, token=name)
    if skip == image.blobs():
        return
    get_manifest(wire, image, image.manifest(), token=name)
    blobs_side_by_side(wire, image, name, skip)


def containers_image(wire: Wire, image: Image, *, skip: tuple[str, ...] = (), name: str = "t") -> None:
    """skopeo, podman, buildah, crane, regctl: ping, token, GET of the tag, platform manifest, blobs."""
    unauthorized(wire, "GET", f"{HUB}/v2/", None)
    wire.asks_for_token(image.repository, name)
    get_manifest(wire, image, image.index, token=name, tag=True)
    get_manifest(wire, image, image.manifest(), token=name)
    blobs_side_by_side(wire, image, name, skip)


DIALECTS = {
    "docker-containerd": (docker_containerd, DOCKER_29),
    "docker-classic": (docker_classic, DOCKER_20),
    "containerd": (docker_containerd, CONTAINERD),
    "skopeo": (containers_image, SKOPEO),
    "crane": (containers_image, CRANE),
}
