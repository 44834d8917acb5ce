"""Which vanity set-up works for which client: the table of the lab, in memory.

The rows are set-ups of a vanity host in front of a registry with tokens; the columns are clients. What the real clients
did is in the table; a model that disagrees is wrong.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.worlds.clients.set_ups import OWN, RENAMED, VANITY, Setup, ping_says, proxy, redirect

from pullscope.oci.reference import Reference
from pullscope.worlds.clients.client_catalog import _MODELS, CLIENTS, EVERY_CLIENT
from pullscope.worlds.clients.drive import pull
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import redirect_only, sample_hub

LENIENT: dict[str, Any] = {}
STRICT: dict[str, Any] = {"strict": True}
OPEN: dict[str, Any] = {"auth": False}
PULLS, FAILS = True, False

COLUMNS = ("docker-classic", "docker-containerd", "containerd", "skopeo", "podman", "buildah", "crane-0.21.7", "crane")

#   set-up, hub, name: docker-classic, containerd and docker 29, containers/image, crane <= 0.21.7, crane >= 0.21.8
TABLE = [
    ("302, same path", redirect, LENIENT, OWN, (PULLS, PULLS, FAILS, FAILS, PULLS)),
    ("301, same path", lambda _hub: redirect_only(status=301), LENIENT, OWN, (PULLS, PULLS, FAILS, FAILS, PULLS)),
    ("308, same path", lambda _hub: redirect_only(status=308), LENIENT, OWN, (PULLS, PULLS, FAILS, FAILS, PULLS)),
    ("302, renamed, lenient", redirect, LENIENT, RENAMED, (FAILS, PULLS, FAILS, FAILS, PULLS)),
    ("302, renamed, strict", redirect, STRICT, RENAMED, (FAILS, FAILS, FAILS, FAILS, FAILS)),
    ("ping 404", ping_says(404), LENIENT, OWN, (FAILS, PULLS, FAILS, FAILS, FAILS)),
    ("ping 200", ping_says(200, b"<html>"), LENIENT, OWN, (FAILS, PULLS, FAILS, FAILS, FAILS)),
    (
        "slash lost",
        ping_says(302, location=f"https://{REGISTRY_HOST}/v2"),
        LENIENT,
        OWN,
        (FAILS, PULLS, FAILS, FAILS, PULLS),
    ),
    ("proxy, same path", proxy, LENIENT, OWN, (PULLS, PULLS, PULLS, PULLS, PULLS)),
    ("proxy, renamed, lenient", proxy, LENIENT, RENAMED, (FAILS, PULLS, PULLS, PULLS, PULLS)),
    ("proxy, renamed, strict", proxy, STRICT, RENAMED, (FAILS, FAILS, FAILS, FAILS, FAILS)),
    ("302 to an open registry", redirect, OPEN, OWN, (PULLS, PULLS, PULLS, PULLS, PULLS)),
    ("302 to an open registry, renamed", redirect, OPEN, RENAMED, (PULLS, PULLS, PULLS, PULLS, PULLS)),
    ("ping 404 before an open registry", ping_says(404), OPEN, OWN, (PULLS, PULLS, FAILS, FAILS, FAILS)),
]
_SAME = (0, 1, 1, 2, 2, 2, 3, 4)  # which of the five of a row a column is
CELLS = [
    (setup, options, name, client, row[place])
    for _, setup, options, name, row in TABLE
    for client, place in zip(COLUMNS, _SAME, strict=True)
]
IDS = [f"{row[0]}: {client}" for row in TABLE for client in COLUMNS]


@pytest.mark.parametrize(("setup", "options", "name", "client", "expected"), CELLS, ids=IDS)
def test_ends_as_the_real_client_did(
    setup: Setup, options: dict[str, Any], name: str, client: str, expected: bool
) -> None:
    """A model pulls where its client pulled, and fails where it failed."""
    hub = sample_hub(clock=lambda: 1795424400.0, **options)
    ran = pull(CLIENTS[client](Reference.parse(f"{VANITY}/{name}")), {**hub, VANITY: setup(hub)})

    assert ran.outcome.pulled is expected, ran.outcome.message


# Those of skopeo are skopeo 1.9.3's own, before this sample hub; those of dockerd the lab's.
SENTENCES = [
    (
        "docker-classic",
        "302, renamed, strict",
        f'Head "https://{REGISTRY_HOST}/v2/{OWN}/manifests/latest": denied',
    ),
    (
        "docker-classic",
        "302, renamed, lenient",
        (
            f"pull access denied for {VANITY}/{RENAMED}, repository does not exist or may require 'docker login': "
            "denied: requested access to the resource is denied"
        ),
    ),
    ("docker-classic", "ping 404", "unauthorized: authentication required"),
    ("docker-containerd", "302, renamed, strict", "error from registry: denied"),
    (
        "skopeo",
        "302, same path",
        (
            f"initializing source docker://{VANITY}/{OWN}:latest: reading manifest latest in {VANITY}/{OWN}: "
            "unauthorized: authentication required"
        ),
    ),
    ("crane", "ping 404", f"GET https://{VANITY}/v2/: unexpected status code 404 Not Found"),
    (
        "crane-0.21.7",
        "302, same path",
        f"GET https://{REGISTRY_HOST}/v2/{OWN}/manifests/latest: UNAUTHORIZED: authentication required",
    ),
    (
        "skopeo",
        "ping 404",
        (
            f"initializing source docker://{VANITY}/{OWN}:latest: pinging container registry {VANITY}: "
            "invalid status code from registry 404 (Not Found)"
        ),
    ),
]


@pytest.mark.parametrize(("client", "row", "sentence"), SENTENCES, ids=[f"{one[1]}: {one[0]}" for one in SENTENCES])
def test_says_what_the_real_client_said(client: str, row: str, sentence: str) -> None:
    """A failing model shows its client's sentence."""
    _, setup, options, name, _ = next(found for found in TABLE if found[0] == row)
    hub = sample_hub(clock=lambda: 1795424400.0, **options)
    ran = pull(CLIENTS[client](Reference.parse(f"{VANITY}/{name}")), {**hub, VANITY: setup(hub)})

    assert ran.outcome.message == sentence


def test_a_vanity_host_is_given_the_token_by_some() -> None:
    """containers/image and go-containerregistry give the registry's token to the vanity host; no other client does."""
    given = set()
    for client in (name for name, found in EVERY_CLIENT.items() if not found.login):
        world = {**sample_hub(clock=lambda: 1795424400.0), VANITY: redirect_only()}
        ran = pull(CLIENTS[client](Reference.parse(f"{VANITY}/{OWN}")), world)
        if any(request.host == VANITY and "Authorization" in request.headers for request, _ in ran.exchanges):
            given.add(client)

    assert given == {"skopeo", "podman", "buildah", "crane", "crane-0.21.7"}


def test_every_model_is_of_a_client_with_a_row() -> None:
    """Else it could be reached by no command, and nothing would say so."""
    assert set(_MODELS) == {client.id.partition("+")[0] for client in EVERY_CLIENT.values()}
