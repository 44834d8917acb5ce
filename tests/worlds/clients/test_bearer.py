"""What a login changes: private images behind a vanity host, by who sends which login where. Read, not run."""

from __future__ import annotations

import pytest

from pullscope.oci.messages import Answerer
from pullscope.oci.reference import Reference
from pullscope.worlds.clients.bearer import SAMPLE_ACCOUNT
from pullscope.worlds.clients.client_catalog import CLIENTS, EVERY_CLIENT, LOGGED_IN
from pullscope.worlds.clients.drive import pull
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import redirect_only, sample_hub
from pullscope.worlds.hub.token_server import REALM_HOST

VANITY = "docker.example.com"
NAME = "timonback/zephykus"
FAMILIES = [name for name, client in EVERY_CLIENT.items() if not client.login]


def private_hub(vanity: str) -> dict[str, Answerer]:
    """Its image is for the sample account only."""
    hub = sample_hub(clock=lambda: 1795424400.0, accounts=SAMPLE_ACCOUNT, private=True)
    return {**hub, VANITY: redirect_only() if vanity == "302" else hub[REGISTRY_HOST]}


@pytest.mark.parametrize("family", FAMILIES)
def test_no_client_pulls_a_private_image_without_login(family: str) -> None:
    """Neither directly nor through a vanity host."""
    for name in (NAME, f"{VANITY}/{NAME}"):
        assert not pull(CLIENTS[family](Reference.parse(name)), private_hub("302")).outcome.pulled


@pytest.mark.parametrize("family", FAMILIES)
def test_everybody_pulls_a_private_image_directly_with_a_login(family: str) -> None:
    """docker login, docker pull: each client sends its login to the realm of the registry."""
    ran = pull(LOGGED_IN[f"{family}+vanity-login"](Reference.parse(NAME)), private_hub("302"))

    assert ran.outcome.pulled, ran.outcome.message


BEHIND_302 = {
    "docker-classic+vanity-login",
    "regctl+vanity-login",
    "buildkit+upstream-login",
    "containerd+upstream-login",
    "kubelet+vanity-login",  # run: CRI of containerd 2.1.9; a pull secret goes to a mirror too (k3s-io/k3s#8026)
}


@pytest.mark.parametrize("client", [name for name, found in EVERY_CLIENT.items() if found.login])
def test_a_login_reaches_a_registry_behind_a_redirect_for_some(client: str) -> None:
    """docker 29 keeps a vanity login to the vanity host ("Host doesn't match"); the classic store sends it on."""
    ran = pull(LOGGED_IN[client](Reference.parse(f"{VANITY}/{NAME}")), private_hub("302"))

    assert ran.outcome.pulled is (client in BEHIND_302), ran.outcome.message


@pytest.mark.parametrize("family", FAMILIES)
def test_a_proxy_takes_the_vanity_login(family: str) -> None:
    """Where the vanity host itself says 401, every client answers with the login for it."""
    ran = pull(LOGGED_IN[f"{family}+vanity-login"](Reference.parse(f"{VANITY}/{NAME}")), private_hub("200"))

    assert ran.outcome.pulled, ran.outcome.message


def test_docker_29_still_pulls_what_is_public() -> None:
    """A login for the vanity host does not break an anonymous pull: the token is asked for without it."""
    world = {**sample_hub(clock=lambda: 1795424400.0, accounts=SAMPLE_ACCOUNT), VANITY: redirect_only()}
    ran = pull(LOGGED_IN["docker-containerd+vanity-login"](Reference.parse(f"{VANITY}/{NAME}")), world)

    assert ran.outcome.pulled, ran.outcome.message
    assert all("Authorization" not in one.headers for one, _ in ran.exchanges if one.host == REALM_HOST)
