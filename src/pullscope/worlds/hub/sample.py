"""The whole hub as one world: which host is which part. A fault is laid around the world that this returns."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from pullscope.oci.digest import Digest
from pullscope.oci.messages import Answerer
from pullscope.worlds.hub.answers import Clock
from pullscope.worlds.hub.cdn import CDN_HOST, Cdn
from pullscope.worlds.hub.image import Repository, hello_image, sample_image
from pullscope.worlds.hub.rate_limit import RateLimit
from pullscope.worlds.hub.registry import REGISTRY_HOST, Registry
from pullscope.worlds.hub.seal import Seal
from pullscope.worlds.hub.token_server import REALM_HOST, TokenServer

INDEX_HOST = "index.docker.io"
"""The same registry, under the name by which go-containerregistry asks it (pkg/name/registry.go DefaultRegistry)."""

SAMPLE_REFERENCE = "timonback/zephykus:latest"


def sample_hub(
    *,
    clock: Clock = time.time,
    seed: int = 0,
    repositories: Iterable[Repository] | None = None,
    strict: bool = False,
    auth: bool = True,
    accounts: Mapping[str, str] | None = None,
    pull_limit: int | None = 100,
) -> dict[str, Answerer]:
    """A small Docker Hub that holds `repositories`: timonback/zephykus and library/hello where none are given."""
    held = {item.name: item for item in repositories or (sample_image(seed=seed), hello_image(seed=seed))}
    blobs: dict[Digest, bytes] = {}
    for repository in held.values():
        blobs.update(repository.blobs)
    seal = Seal.of(seed)
    limit = RateLimit(limit=pull_limit)
    registry = Registry(seal=seal, clock=clock, repositories=held, rate_limit=limit, auth=auth)
    return {
        REGISTRY_HOST: registry,
        INDEX_HOST: registry,
        REALM_HOST: TokenServer(seal=seal, clock=clock, repositories=held, strict=strict, accounts=accounts),
        CDN_HOST: Cdn(seal=seal, clock=clock, blobs=blobs),
    }
