"""A whole registry as one world: its parts, and which host answers with which; and the smallest vanity host before it.

A fault is laid around the parts. They go by the names of Docker Hub's hosts, whatever registry is played, so that it is written
once; `on_the_air` gives them the hosts of the registry, several on one host where it has them there.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypedDict, Unpack

from pullscope.oci.messages import Answerer, Request, Response
from pullscope.oci.reference import HUB_INDEX
from pullscope.oci.urls import path_of, split
from pullscope.worlds.hub.cdn import CDN_HOST, Cdn
from pullscope.worlds.hub.held import Clock, Held, Seal, answer, headless
from pullscope.worlds.hub.image import Repository, hello_image, sample_image
from pullscope.worlds.hub.registry import REGISTRY_HOST, RateLimit, Registry
from pullscope.worlds.hub.token_server import REALM_HOST, TokenServer
from pullscope.worlds.registries.row import Elsewhere
from pullscope.worlds.registries.row import Registry as Row
from pullscope.worlds.registries.table import DOCKER_HUB

SAMPLE_REFERENCE = "timonback/zephykus:latest"
_HUB_LIMIT = 100


class Choices(TypedDict, total=False):
    """What may be chosen of a sample; without a choice it needs no login, and counts pulls as Docker Hub does."""

    clock: Clock
    seed: int
    repositories: Iterable[Repository]
    """timonback/zephykus and library/hello where none are given."""
    strict: bool | None
    """Overrides what is known of its token server."""
    auth: bool
    accounts: Mapping[str, str]
    private: bool
    """Only `accounts` get content."""
    pull_limit: int | None


def sample_hub(registry: Row = DOCKER_HUB, **choices: Unpack[Choices]) -> dict[str, Answerer]:
    """A small registry by host."""
    return on_the_air(sample_parts(registry, **choices), registry)


def sample_parts(row: Row = DOCKER_HUB, **choices: Unpack[Choices]) -> dict[str, Answerer]:
    """The same by parts. A registry without token server or storage of its own has no such part."""
    seed = choices.get("seed", 0)
    repositories = choices.get("repositories") or (sample_image(seed=seed), hello_image(seed=seed))
    held = Held(
        row=row,
        seal=Seal.of(seed),
        clock=choices.get("clock", time.time),
        repositories={item.name: item for item in repositories},
        accounts=choices.get("accounts", {}),
        private=choices.get("private", False),
    )
    form = row.blobs.value if row.blobs is not None and row.blobs.value.path else None
    cdn = Cdn(held, form) if form is not None else None
    # Only Docker Hub's limit is known as numbers.
    limit = RateLimit(limit=choices.get("pull_limit", _HUB_LIMIT) if row is DOCKER_HUB else None)
    front = Registry(held, cdn=cdn, rate_limit=limit, auth=choices.get("auth", True))
    parts: dict[str, Answerer] = {REGISTRY_HOST: front}
    if row.manifests is not None:
        behind = Registry(replace(held, row=_UPSTREAM), cdn=cdn, rate_limit=limit, auth=False)
        parts = {row.host: front, REGISTRY_HOST: behind}
    if row is DOCKER_HUB:
        parts[HUB_INDEX] = parts[REGISTRY_HOST]
    if row.tokens is not None:
        parts[REALM_HOST] = TokenServer(held, row.tokens.value, strict=choices.get("strict"))
    if cdn is not None:
        parts[CDN_HOST] = cdn
    return parts


_UPSTREAM = Row(id="", host="", anonymous=DOCKER_HUB.anonymous)
"""What is behind a registry that only redirects: manifests without a login."""


def hosts_of(row: Row) -> dict[str, str]:
    """Part to the host that answers with it, for the parts that this registry has."""
    hosts = {REGISTRY_HOST: row.host if row.manifests is None else row.manifests.value.host}
    if row.tokens is not None:
        hosts[REALM_HOST] = split(row.tokens.value.realm).netloc
    if row.blobs is not None and row.blobs.value.path:
        hosts[CDN_HOST] = row.blobs.value.host or row.host
    return hosts


def on_the_air(parts: Mapping[str, Answerer], row: Row) -> dict[str, Answerer]:
    """The parts under the hosts of the registry; what is not part of it keeps its name."""
    hosts = hosts_of(row)
    world = {name: answerer for name, answerer in parts.items() if name not in hosts}
    places = [(hosts[name], _path_of(name, row), parts[name]) for name in (REALM_HOST, CDN_HOST) if name in hosts]
    registry = parts[REGISTRY_HOST] if row.manifests is None else _below(row.manifests.value, parts[REGISTRY_HOST])
    fronts = {hosts[REGISTRY_HOST]: registry, **({row.host: parts[row.host]} if row.manifests is not None else {})}
    for host in dict.fromkeys((*fronts, *hosts.values())):
        here = [(path, answerer) for place, path, answerer in places if place == host]
        world[host] = _by_path(here, fronts[host]) if host in fronts else here[0][1]
    return world


def _path_of(part: str, row: Row) -> str:
    """Where on its host a part is: everything that begins so."""
    if part == REALM_HOST and row.tokens is not None:
        return split(row.tokens.value.realm).path
    return row.blobs.value.path.partition("{")[0] if row.blobs is not None else ""


def _by_path(here: list[tuple[str, Answerer]], rest: Answerer) -> Answerer:
    if not here:
        return rest

    def choose(request: Request) -> Response:
        path = path_of(request.url)
        return next((answerer for begin, answerer in here if path.startswith(begin)), rest)(request)

    return choose


def _below(elsewhere: Elsewhere, registry: Answerer) -> Answerer:
    """A registry whose repositories are all below one prefix."""

    def stripped(request: Request) -> Response:
        parts = split(request.url)
        url = str(parts._replace(path=parts.path.replace(elsewhere.prefix, "/v2", 1)))
        return registry(replace(request, url=url))

    return stripped


_NOT_FOUND = b"<!DOCTYPE html>\n<html><head><title>Page not found</title></head></html>\n"


def redirect_only(*, status: int = 302) -> Answerer:
    """An answerer that sends every request under /v2/ to the registry."""

    def redirect(request: Request) -> Response:
        parts = split(request.url)
        if not parts.path.startswith("/v2/"):
            return headless(request, answer(404, [("Content-Type", "text/html; charset=utf-8")], _NOT_FOUND))
        return answer(status, [("Location", str(parts._replace(authority=REGISTRY_HOST)))])

    return redirect
