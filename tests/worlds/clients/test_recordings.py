"""The client models against recordings of the real clients: same requests, same order, same header fields.

Each model pulls from a world that holds what the recording holds. What happened side by side may happen in another
order: of blobs, only the hops of each one are ordered.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mitmproxy import http
from mitmproxy.io import FlowReader

from pullscope.oci.digest import Digest, find_digest
from pullscope.oci.messages import Answerer, Headers, Request
from pullscope.oci.reference import Reference
from pullscope.oci.routes import Endpoint, route
from pullscope.worlds.clients.containers import Containers
from pullscope.worlds.clients.docker_classic import DockerClassic
from pullscope.worlds.clients.docker_containerd import DockerContainerd
from pullscope.worlds.clients.drive import pull
from pullscope.worlds.clients.steps import Outcome, Steps
from pullscope.worlds.hub.image import Repository, StoredManifest
from pullscope.worlds.hub.sample import redirect_only, sample_hub

RECORDINGS = Path(__file__).parents[2] / "data" / "recordings"
VANITY = "docker.timonback.de"
NAME = "timonback/zephykus"


def docker_20(reference: Reference) -> Steps[Outcome]:
    return DockerClassic(reference=reference, version="20.10.24").pull()


def docker_29(reference: Reference) -> Steps[Outcome]:
    return DockerContainerd(reference=reference, version="29.7.2").pull()


def skopeo_1_9(reference: Reference) -> Steps[Outcome]:
    return Containers(reference=reference, user_agent="skopeo/1.9.3").pull()


Model = Callable[[Reference], Steps[Outcome]]

CASES: list[tuple[str, Model, str, bool]] = [
    ("dockerd-20.10-hub", docker_20, NAME, True),
    ("dockerd-20.10-vanity-302", docker_20, f"{VANITY}/{NAME}", True),
    ("dockerd-20.10-schema2", docker_20, "library/hello:1.0", True),
    ("dockerd-20.10-missing-tag", docker_20, f"{NAME}:nope", False),
    ("dockerd-29.7-containerd-hub", docker_29, NAME, True),
    ("dockerd-29.7-containerd-vanity-302", docker_29, f"{VANITY}/{NAME}", True),
    ("skopeo-1.9-vanity-302", skopeo_1_9, f"{VANITY}/{NAME}", False),
]
each_case = pytest.mark.parametrize(
    ("recording", "model", "reference", "pulled"), CASES, ids=[case[0] for case in CASES]
)


class Asked(NamedTuple):
    method: str
    host: str
    path: str
    """On the CDN only the digest: its paths are its own."""
    authorized: bool


def asked(request: Request) -> Asked:
    digest = find_digest(request.url)
    path = request.url.partition("://")[2].partition("/")[2]
    if "cloudflare" in request.host and digest:
        path = digest
    return Asked(request.method, request.host, path, "Authorization" in request.headers)


def flows(recording: str) -> list[http.HTTPFlow]:
    with (RECORDINGS / f"{recording}.mitm").open("rb") as file:
        found: list[Any] = list(FlowReader(file).stream())
    return sorted(found, key=lambda flow: float(flow.request.timestamp_start))


def request_of(flow: http.HTTPFlow) -> Request:
    fields = ((name.decode(), value.decode()) for name, value in flow.request.headers.fields)
    return Request(method=flow.request.method, url=flow.request.pretty_url, headers=Headers(fields))


def world_of(recorded: list[http.HTTPFlow]) -> dict[str, Answerer]:
    """A hub that holds what was sent in a recording, and a vanity host in front of it."""
    held: dict[str, Repository] = {}
    blobs: dict[Digest, bytes] = {}
    for flow in recorded:
        found, response = route(flow.request.pretty_url), flow.response
        digest = find_digest(flow.request.path)
        if response is None or response.status_code != 200 or not found.repository:
            continue
        repository = held.setdefault(
            found.repository, Repository(name=found.repository, tags={}, manifests={}, blobs=blobs)
        )
        if found.endpoint is Endpoint.MANIFEST and found.digest is None:
            assert isinstance(repository.tags, dict)
            repository.tags[found.reference or ""] = Digest(response.headers["Docker-Content-Digest"])
        elif found.endpoint is Endpoint.MANIFEST and response.content:
            assert isinstance(repository.manifests, dict)
            stored = StoredManifest(media_type=response.headers["Content-Type"], body=response.content)
            repository.manifests[Digest.of(response.content)] = stored
        elif digest and response.content:
            blobs[Digest.of(response.content)] = response.content
    if NAME not in held:
        held[NAME] = Repository(name=NAME, tags={}, manifests={}, blobs={})
    return {**sample_hub(repositories=held.values(), clock=lambda: 1795424400.0), VANITY: redirect_only()}


def of_blobs(found: Asked) -> bool:
    return "/blobs/" in found.path or found.path.startswith("sha256:")


@each_case
def test_asks_what_the_real_client_asked(recording: str, model: Model, reference: str, pulled: bool) -> None:
    """A model asks the same things of the same hosts, with and without Authorization alike, in the same order."""
    recorded = flows(recording)
    ran = pull(model(Reference.parse(reference)), world_of(recorded))
    real = [asked(request_of(flow)) for flow in recorded]
    ours = [asked(request) for request, _ in ran.exchanges]

    assert ran.outcome.pulled is pulled, ran.outcome.message
    assert Counter(ours) == Counter(real)
    assert [one for one in ours if not of_blobs(one)] == [one for one in real if not of_blobs(one)]
    for digest in {find_digest(one.path) for one in real if of_blobs(one)}:
        of_this = [one for one in real if of_blobs(one) and find_digest(one.path) == digest]
        assert [one for one in ours if of_blobs(one) and find_digest(one.path) == digest] == of_this


NOT_COMPARED = {
    "host",  # the URL says it
    "user-agent",  # names the machine
    "authorization",  # another token each time; whether there is one is compared above
    "referer",  # its query is signed; whether there is one is compared
    "connection",  # compared for the classic store only: the proxy may take it away
}


def fields(request: Request) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in request.headers:
        if name.lower() not in NOT_COMPARED:
            found.setdefault(name.lower(), []).append(value)
    found["referer"] = ["yes" if "Referer" in request.headers else "no"]
    return {name: sorted(values) for name, values in found.items()}


@each_case
def test_sends_the_header_fields_of_the_real_client(recording: str, model: Model, reference: str, pulled: bool) -> None:
    """A model's header fields are the real client's, except what names its machine."""
    recorded = flows(recording)
    ran = pull(model(Reference.parse(reference)), world_of(recorded))

    def seen(requests: list[Request]) -> Counter[str]:
        return Counter(json.dumps([asked(one), fields(one)], sort_keys=True) for one in requests)

    assert ran.outcome.pulled is pulled
    assert seen([request for request, _ in ran.exchanges]) == seen([request_of(flow) for flow in recorded])


@each_case
def test_names_itself_as_the_real_client_does(recording: str, model: Model, reference: str, pulled: bool) -> None:
    """The User-Agent's products are the real client's, in its order."""
    recorded = flows(recording)
    ran = pull(model(Reference.parse(reference)), world_of(recorded))

    def products(request: Request) -> str:
        # docker/20.10.24+dfsg1 go/go1.19.8 …: names stay, what was built where does not count
        agent = request.headers.get("User-Agent") or ""
        return " ".join(word.partition("/")[0] for word in agent.split())

    assert ran.outcome.pulled is pulled
    assert {products(request) for request, _ in ran.exchanges} == {products(request_of(flow)) for flow in recorded}
