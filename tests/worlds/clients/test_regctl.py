"""What regctl does, as far as its source says."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from pullscope.oci.messages import Request, Response
from pullscope.oci.reference import Reference
from pullscope.worlds.clients.drive import Ran, pull
from pullscope.worlds.clients.regctl import Regctl
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import redirect_only, sample_hub
from pullscope.worlds.hub.token_server import REALM_HOST

VANITY = "docker.example.com"
NAME = "timonback/zephykus"


def scopes(ran: Ran) -> list[list[str]]:
    return [parse_qs(urlsplit(one.url).query)["scope"] for one, _ in ran.exchanges if one.host == REALM_HOST]


def test_asks_without_a_ping_and_with_one_token() -> None:
    """GET by tag, 401, one token for everything."""
    ran = pull(Regctl(reference=Reference.parse(NAME)).pull(), sample_hub(clock=lambda: 1795424400.0))

    assert ran.outcome.pulled, ran.outcome.message
    assert not any(urlsplit(one.url).path == "/v2/" for one, _ in ran.exchanges)
    assert scopes(ran) == [[f"repository:{NAME}:pull"]]


@pytest.mark.parametrize("strict", [False, True])
def test_asks_for_the_challenge_alone_behind_a_redirect(strict: bool) -> None:
    """A renaming redirect works even with a strict token server: the vanity's own scope is not asked for."""
    hub = sample_hub(clock=lambda: 1795424400.0, strict=strict)

    def renaming(request: Request) -> Response:
        url = request.url.replace("/app/", "/timonback/")
        return redirect_only()(Request(method=request.method, url=url))

    ran = pull(Regctl(reference=Reference.parse(f"{VANITY}/app/zephykus")).pull(), {**hub, VANITY: renaming})

    assert ran.outcome.pulled, ran.outcome.message
    assert scopes(ran) == [[f"repository:{NAME}:pull"]]
    assert not any("Authorization" in one.headers for one, _ in ran.exchanges if one.host == VANITY)


@pytest.mark.parametrize(("strict", "pulled"), [(False, True), (True, False)])
def test_asks_for_both_scopes_at_a_renaming_proxy(strict: bool, pulled: bool) -> None:
    """Where the reference's own host says 401, its scope comes on top, which a strict token server refuses."""
    hub = sample_hub(clock=lambda: 1795424400.0, strict=strict)

    def renaming(request: Request) -> Response:
        url = request.url.replace(VANITY, REGISTRY_HOST).replace("/app/", "/timonback/")
        return hub[REGISTRY_HOST](Request(method=request.method, url=url, headers=request.headers))

    ran = pull(Regctl(reference=Reference.parse(f"{VANITY}/app/zephykus")).pull(), {**hub, VANITY: renaming})

    assert ran.outcome.pulled is pulled
    assert set(scopes(ran)[0]) == {f"repository:{NAME}:pull", "repository:app/zephykus:pull"}
