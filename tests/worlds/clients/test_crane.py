"""What crane does that the vanity table does not show: which requests, and to whom tokens go."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qs, urlsplit

import pytest

from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.reference import HUB_INDEX, Reference
from pullscope.worlds.clients.crane import Crane
from pullscope.worlds.clients.drive import Ran, pull
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import redirect_only, sample_hub
from pullscope.worlds.hub.token_server import REALM_HOST

VANITY = "docker.example.com"
NAME = "timonback/zephykus"


def run(reference: str, *, new: bool = True) -> Ran:
    world = {**sample_hub(clock=lambda: 1795424400.0), VANITY: redirect_only()}
    return pull(Crane(reference=Reference.parse(reference), per_host_token=new).pull(), world)


@pytest.mark.parametrize("new", [True, False])
def test_pings_gets_a_token_and_asks_with_get(new: bool) -> None:
    """Docker Hub directly: ping, token, manifests by GET, blobs; the host is index.docker.io, and nothing is asked twice."""
    ran = run(NAME, new=new)
    asked = [(request.method, request.host, urlsplit(request.url).path) for request, _ in ran.exchanges]

    assert ran.outcome.pulled, ran.outcome.message
    assert asked[:3] == [
        ("GET", HUB_INDEX, "/v2/"),
        ("GET", REALM_HOST, "/token"),
        ("GET", HUB_INDEX, f"/v2/{NAME}/manifests/latest"),
    ]
    assert {method for method, _, _ in asked} == {"GET"}
    assert max(Counter(asked).values()) == 1


def test_asks_for_a_token_for_each_request_behind_a_redirect() -> None:
    """From 0.21.8: 2 manifests and 5 blobs cost a token each, beside that of the ping; the vanity host sees only the first."""
    ran = run(f"{VANITY}/{NAME}")
    tokens = {request.headers.get("Authorization") for request, _ in ran.exchanges if request.host == REGISTRY_HOST}
    given = {request.headers.get("Authorization") for request, _ in ran.exchanges if request.host == VANITY}

    assert sum(request.host == REALM_HOST for request, _ in ran.exchanges) == 1 + 2 + 5
    assert len(given - {None}) == 1
    assert not given & (tokens - {None})


def test_old_crane_asks_again_and_does_not_use_the_token() -> None:
    """Up to 0.21.7: the 401 behind the redirect leads to a second token, and the repeated request carries none."""
    ran = run(f"{VANITY}/{NAME}", new=False)

    assert not ran.outcome.pulled
    assert sum(request.host == REALM_HOST for request, _ in ran.exchanges) == 2
    assert all("Authorization" not in request.headers for request, _ in ran.exchanges if request.host == REGISTRY_HOST)


def test_the_challenge_comes_before_its_own_scope() -> None:
    """A 401 of the reference's own host: the new scope is asked for first, the old one again behind it."""
    hub = sample_hub(clock=lambda: 1795424400.0)

    def renaming(request: Request) -> Response:
        url = request.url.replace(VANITY, REGISTRY_HOST).replace("/app/", "/timonback/")
        return hub[REGISTRY_HOST](Request(method=request.method, url=url, headers=request.headers))

    ran = pull(Crane(reference=Reference.parse(f"{VANITY}/app/zephykus")).pull(), {**hub, VANITY: renaming})
    scopes = [
        parse_qs(urlsplit(request.url).query)["scope"] for request, _ in ran.exchanges if request.host == REALM_HOST
    ]

    assert ran.outcome.pulled, ran.outcome.message
    own, theirs = "repository:app/zephykus:pull", f"repository:{NAME}:pull"
    assert scopes == [[own], [theirs, own]]


def test_a_redirect_to_a_private_address_is_refused() -> None:
    """The guard against redirects into one's own network (fetcher.go checkRedirectSSRF)."""

    def inwards(request: Request) -> Response:
        if urlsplit(request.url).path == "/v2/":
            return Response(status=200)
        return Response(status=302, headers=Headers([("Location", "https://169.254.169.254/x")]))

    ran = pull(Crane(reference=Reference.parse(f"{VANITY}/a/b")).pull(), {VANITY: inwards})

    assert "private/link-local" in ran.outcome.message
    assert not any(request.host == "169.254.169.254" for request, _ in ran.exchanges)


def test_tags_are_listed_page_after_page() -> None:
    """`crane ls` goes where `Link` points, with the token of its own host only."""
    hub = sample_hub(clock=lambda: 1795424400.0)
    elsewhere = "registry.internal"

    def first_page(request: Request) -> Response:
        response = hub[HUB_INDEX](request)
        if response.status != 200 or "/tags/list" not in request.url:
            return response
        link = f'<https://{elsewhere}/v2/team/app/tags/list?last=a>; rel="next"'
        return Response(status=200, headers=response.headers.replacing("Link", link), body=response.body)

    world = {**hub, HUB_INDEX: first_page, elsewhere: lambda _request: Response(status=200)}
    ran = pull(Crane(reference=Reference.parse(NAME)).list_tags(), world)
    asked = [(request.host, urlsplit(request.url).path) for request, _ in ran.exchanges]

    assert ran.outcome.pulled, ran.outcome.message
    assert asked == [
        (HUB_INDEX, "/v2/"),
        (REALM_HOST, "/token"),
        (HUB_INDEX, f"/v2/{NAME}/tags/list"),
        (elsewhere, "/v2/team/app/tags/list"),
    ]
    assert "Authorization" not in ran.exchanges[-1][0].headers


def test_a_list_without_an_end_ends() -> None:
    """A registry whose next page is always the same one."""
    again = Headers([("Link", '</v2/a/b/tags/list?n=1>; rel="next"')])
    world = {VANITY: lambda _request: Response(status=200, headers=again)}

    assert pull(Crane(reference=Reference.parse(f"{VANITY}/a/b")).list_tags(), world).outcome.pulled
