"""What the client models do when something goes wrong, in worlds with one thing broken."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from pullscope.oci.documents import Platform
from pullscope.oci.messages import Answerer, Request, Response
from pullscope.oci.reference import Reference
from pullscope.worlds.clients.client_catalog import CLIENTS
from pullscope.worlds.clients.containers import Containers
from pullscope.worlds.clients.docker_classic import DockerClassic
from pullscope.worlds.clients.docker_containerd import DockerContainerd
from pullscope.worlds.clients.drive import Ran, pull
from pullscope.worlds.hub.cdn import CDN_HOST
from pullscope.worlds.hub.image import sample_image
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import sample_hub
from pullscope.worlds.hub.scenario import play
from pullscope.worlds.hub.token_server import REALM_HOST

REFERENCE = Reference.parse("timonback/zephykus")
IMAGE = sample_image()
Change = Callable[[Request, Response], Response]

every_client = pytest.mark.parametrize("client", ["docker-classic", "docker-containerd", "skopeo"])


def run(client: str, host: str, change: Change) -> Ran:
    """A pull where the answers of one host are changed."""
    hub = sample_hub(clock=lambda: 1795424400.0)
    untouched = hub[host]

    def changed(request: Request) -> Response:
        return change(request, untouched(request))

    return pull(CLIENTS[client](REFERENCE), {**hub, host: changed})


def counted(ran: Ran, host: str, part: str = "") -> int:
    return sum(request.host == host and part in request.url for request, _ in ran.exchanges)


def without_digest(_request: Request, response: Response) -> Response:
    return Response(
        status=response.status, headers=response.headers.replacing("Docker-Content-Digest", None), body=response.body
    )


@every_client
def test_a_missing_digest_header_costs_a_request_at_most(client: str) -> None:
    """dockerd asks again with GET and hashes what comes; skopeo never looked at the header."""
    ran = run(client, REGISTRY_HOST, without_digest)
    methods = [request.method for request, _ in ran.exchanges if "manifests/latest" in request.url]

    assert ran.outcome.pulled, ran.outcome.message
    assert ran.outcome.digest == IMAGE.tags["latest"]
    assert methods[-1] == "GET"


@every_client
def test_head_that_is_not_allowed_is_followed_by_get(client: str) -> None:
    """405 for HEAD breaks no client."""

    def refuse(request: Request, response: Response) -> Response:
        if request.method == "HEAD" and response.status == 200:
            return Response(status=405)
        return response

    assert run(client, REGISTRY_HOST, refuse).outcome.pulled


@pytest.mark.parametrize(
    ("client", "sentence"),
    [
        ("docker-classic", "filesystem layer verification failed for digest sha256:"),
        ("docker-containerd", "failed to copy: unexpected commit digest sha256:"),
        ("skopeo", "initializing source docker://timonback/zephykus:latest: Digest did not match, expected sha256:"),
    ],
)
def test_a_corrupt_layer_is_found(client: str, sentence: str) -> None:
    """Bytes that do not hash to their digest end the pull."""

    def corrupt(_request: Request, response: Response) -> Response:
        return Response(status=200, headers=response.headers, body=response.body[:-1] + b"x")

    ran = run(client, CDN_HOST, corrupt)

    assert not ran.outcome.pulled
    assert ran.outcome.message.startswith(sentence)


@pytest.mark.parametrize(
    ("status", "why"), [(503, "unexpected status from GET request to https://"), (404, "content at https://")]
)
def test_a_blob_that_is_refused_is_told_as_a_read(status: int, why: str) -> None:
    """Not as a reference that cannot be resolved: that was long before."""
    ran = run("docker-containerd", CDN_HOST, lambda _asked, _answer: Response(status=status))
    assert ran.outcome.message.startswith(f"failed to copy: httpReadSeeker: failed open: {why}")


def test_the_classic_store_goes_on_where_a_layer_was_cut_off() -> None:
    """What came is kept; the rest is asked for with Range."""
    seen: list[str | None] = []

    def cut(request: Request, response: Response) -> Response:
        seen.append(request.headers.get("Range"))
        if response.status == 200 and len(response.body) > 100_000:
            return Response(status=200, headers=response.headers, body=response.body[:1000])
        return response

    ran = run("docker-classic", CDN_HOST, cut)

    assert ran.outcome.pulled, ran.outcome.message
    assert [wanted for wanted in seen if wanted] == ["bytes=1000-"]


def test_the_classic_store_begins_anew_where_a_range_is_ignored() -> None:
    """200 for the rest is not taken for the rest: the next attempt asks for the whole."""
    ran = pull(CLIENTS["docker-classic"](REFERENCE), play(codes=["range-ignored"]).world)
    asked = [request.headers.get("Range") for request, response in ran.exchanges if len(response.body) > 50_000]

    assert ran.outcome.pulled, ran.outcome.message
    assert asked == [None, "bytes=60071-", None]


@every_client
def test_a_cdn_that_refuses_ends_the_pull(client: str) -> None:
    """403 from the CDN is final."""
    ran = run(client, CDN_HOST, lambda _request, _response: Response(status=403, body=b"<Error/>"))

    assert not ran.outcome.pulled


@every_client
def test_a_token_server_that_fails_ends_the_pull(client: str) -> None:
    """Nothing is asked of the registry without the token that it wants."""
    ran = run(client, REALM_HOST, lambda _request, _response: Response(status=500, body=b"oops"))

    assert not ran.outcome.pulled
    assert all("Authorization" not in request.headers for request, _ in ran.exchanges)


@every_client
def test_an_answer_without_token_ends_the_pull(client: str) -> None:
    """200 with an empty object."""
    ran = run(client, REALM_HOST, lambda _request, _response: Response(status=200, body=b"{}"))

    assert not ran.outcome.pulled
    assert counted(ran, REALM_HOST) == 1


@pytest.mark.parametrize(("client", "attempts"), [("docker-containerd", 5), ("skopeo", 5), ("docker-classic", 2)])
def test_a_rate_limit_is_met_as_often_as_the_client_tries(client: str, attempts: int) -> None:
    """containerd sends six requests, of which the 401 is one; containers/image five; dockerd HEAD and GET once."""

    def limit(request: Request, response: Response) -> Response:
        return (
            Response(status=429, body=b"{}")
            if "manifests/latest" in request.url and response.status == 200
            else response
        )

    ran = run(client, REGISTRY_HOST, limit)

    assert not ran.outcome.pulled
    refused = [response.status for _, response in ran.exchanges if response.status == 429]
    assert len(refused) == attempts


@every_client
def test_a_loop_ends_after_ten_requests(client: str) -> None:
    """Go's limit is the limit of them all."""

    def loop(request: Request) -> Response:
        response = Response(status=302)
        return Response(status=302, headers=response.headers.replacing("Location", request.url))

    world: dict[str, Answerer] = {"loop.example": loop}
    ran = pull(CLIENTS[client](Reference.parse("loop.example/a/b")), world)

    assert not ran.outcome.pulled
    assert "stopped after 10 redirects" in ran.outcome.message
    assert counted(ran, "loop.example", "/v2/") == 10


MIPS = Platform(os="linux", architecture="mips")


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        (
            DockerClassic(reference=REFERENCE, platform=MIPS),
            "no matching manifest for linux/mips in the manifest list entries",
        ),
        (DockerContainerd(reference=REFERENCE, platform=MIPS), "no match for platform in manifest"),
        (
            Containers(reference=REFERENCE, platform=MIPS),
            "no image found in manifest list for architecture mips, OS linux",
        ),
    ],
    ids=["classic", "containerd", "containers"],
)
def test_a_platform_that_is_not_there_is_said(
    steps: DockerClassic | DockerContainerd | Containers, sentence: str
) -> None:
    """The index is read, and no manifest is asked for."""
    ran = pull(steps.pull(), sample_hub(clock=lambda: 1795424400.0))

    assert sentence in ran.outcome.message
    assert not any("/blobs/" in request.url for request, _ in ran.exchanges)


@pytest.mark.parametrize("kind", [DockerClassic, DockerContainerd, Containers])
def test_layers_that_are_there_are_not_asked_for(
    kind: type[DockerClassic | DockerContainerd | Containers],
) -> None:
    """With every blob present only manifests, tokens and, in the classic store, the config are fetched."""
    present = frozenset(IMAGE.blobs)
    ran = pull(kind(reference=REFERENCE, present=present).pull(), sample_hub(clock=lambda: 1795424400.0))

    assert ran.outcome.pulled
    assert counted(ran, CDN_HOST) == (1 if kind is DockerClassic else 0)


@every_client
def test_a_digest_is_pulled_without_asking_for_a_tag(client: str) -> None:
    """name@sha256:… is asked for as it is."""
    digest = IMAGE.tags["latest"]
    hub = sample_hub(clock=lambda: 1795424400.0)
    ran = pull(CLIENTS[client](Reference.parse(f"timonback/zephykus@{digest}")), hub)
    paths = {urlsplit(request.url).path for request, _ in ran.exchanges}

    assert ran.outcome.pulled, ran.outcome.message
    assert f"/v2/timonback/zephykus/manifests/{digest}" in paths
    assert not any(path.endswith("/latest") for path in paths)
