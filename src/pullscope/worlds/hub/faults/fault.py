"""A fault: a world is handed in, the hosts that behave differently come out. The few ways in which faults are made, and who
meets them: every modelled pull, and what else clients do, by the command that a person would type.

A fault is laid around a world; it never knows what is inside. What it needs of the outside is the patience to be slow,
which is handed in, so that tests own the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pullscope.oci.messages import Answerer, Request, Response, World
from pullscope.oci.reference import Reference
from pullscope.oci.routes import Endpoint, Route, route
from pullscope.oci.urls import split
from pullscope.worlds.clients.client_catalog import CLIENTS, Start
from pullscope.worlds.clients.containers import Containers
from pullscope.worlds.clients.crane import Crane
from pullscope.worlds.clients.docker_classic import DockerClassic
from pullscope.worlds.clients.steps import Outcome, Steps
from pullscope.worlds.hub.image import hello_image
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import SAMPLE_REFERENCE

VANITY_HOST = "docker.example.com"

Sleep = Callable[[float], None]
Lay = Callable[[World, Sleep], Mapping[str, Answerer]]
"""The hosts that change, given the world as it was."""

Change = Callable[[Request, Route, Response], Response]
"""What becomes of an answer; the answer itself where nothing does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    code: str
    """The finding that it causes."""
    title: str
    """What happens, for a list of faults."""
    lay: Lay
    client: str = "docker-containerd"
    """Whom it hits, so that the finding appears: an entry of `MET_BY`."""
    reference: str = SAMPLE_REFERENCE
    vanity: bool = False
    """Whether it is in the vanity domain, so that the reference has to name that."""
    unseen: frozenset[str] = frozenset()
    """Parts that are asked by another process than the one that is traced."""
    private: bool = False
    """Whether the image is for members only, and the client is not one."""
    login: bool = False
    """Whether the one who pulls has a login."""


def around(host: str, answer: Callable[[Request, Answerer], Response]) -> Lay:
    """A host that is asked by way of `answer`, which is handed the host as it was."""

    def lay(world: World, _sleep: Sleep) -> Mapping[str, Answerer]:
        before = world[host]
        return {host: lambda request: answer(request, before)}

    return lay


def changing(host: str, change: Change) -> Lay:
    """A host whose answers are changed."""
    return around(host, lambda request, before: change(request, route(request.url), before(request)))


def challenge_of(world: World) -> str:
    """How the registry asks for a token for the sample image; ValueError where it asks for none."""
    path = f"/v2/{SAMPLE_REFERENCE.replace(':', '/manifests/')}"
    response = world[REGISTRY_HOST](Request(method="GET", url=f"https://{REGISTRY_HOST}{path}"))
    line = response.headers.get("WWW-Authenticate") or ""
    if not line.lower().startswith("bearer"):
        raise ValueError("this registry asks for no token here, so that none can be refused")
    return line


def where_tokens_are(lay: Lay) -> Lay:
    """A fault that is met only where an image is given for a token."""

    def checked(world: World, sleep: Sleep) -> Mapping[str, Answerer]:
        challenge_of(world)
        return lay(world, sleep)

    return checked


def with_fields(response: Response, **fields: str | None) -> Response:
    """An answer with some fields other than they were; None takes one away. `Content_Type` is Content-Type."""
    headers = response.headers
    for name, value in fields.items():
        headers = headers.replacing(name.replace("_", "-"), value)
    return replace(response, headers=headers)


def moved(request: Request, host: str, *, path: str | None = None, scheme: str = "https") -> Request:
    """The same request to another host."""
    parts = split(request.url)
    url = str(parts._replace(scheme=scheme, authority=host, path=parts.path if path is None else path))
    return replace(request, url=url)


def is_ping(request: Request) -> bool:
    return route(request.url).endpoint is Endpoint.PING


HELLO_REFERENCE = "library/hello:1.0"
LIST_TAGS = "crane ls"
PUSH = "docker push"
WITHOUT_TLS = "skopeo --tls-verify=false"


def _lists_tags(reference: Reference) -> Steps[Outcome]:
    return Crane(reference=reference).list_tags()


def _pushes(reference: Reference) -> Steps[Outcome]:
    """The image that the hub has under `HELLO_REFERENCE`, and so its blobs too."""
    hello = hello_image()
    [manifest] = hello.manifests.values()
    return DockerClassic(reference=reference, version="20.10.24").push(manifest.body, manifest.media_type)


def _without_tls(reference: Reference) -> Steps[Outcome]:
    return Containers(reference=reference, tls_verify=False).pull()


MET_BY: Mapping[str, Start] = {**CLIENTS, LIST_TAGS: _lists_tags, PUSH: _pushes, WITHOUT_TLS: _without_tls}
