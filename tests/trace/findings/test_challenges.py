"""Redirects without a target and challenges without a realm, and just beside them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.trace.findings.looked_at import BLOB, IMAGE, TAG, error, found, told, with_token
from tests.trace.images import get_manifest
from tests.trace.wire import CRANE, DOCKER_20, DOCKER_29, HUB, SKOPEO, Wire, challenge_for

from pullscope.trace.events import Responded

every_client = pytest.mark.parametrize("agent", [DOCKER_20, DOCKER_29, SKOPEO, CRANE])


def redirected(location: str | None, *, url: str = TAG, agent: str = DOCKER_20) -> Wire:
    """An answer that should lead on."""
    wire = with_token(agent)
    get_manifest(wire, IMAGE, IMAGE.manifest(), token="t", tag=url != TAG)
    wire.ask("GET", url, 302, token="t")
    wire.events = [
        replace(event, location=location, location_id=99_999 if location else None)
        if isinstance(event, Responded) and event.status == 302
        else event
        for event in wire.events
    ]
    return wire


@pytest.mark.parametrize("url", [TAG, IMAGE.url("blobs", BLOB)], ids=["manifest", "blob"])
@pytest.mark.parametrize("location", [None, "http://[bad", "https://", "/v2/", "ftp://example.org/x"])
def test_redirect_unreadable(location: str | None, url: str) -> None:
    """No Location, or one that no client can follow, is named as the cause, and is the only one."""
    wire = redirected(location, url=url)
    wire.wait(30)
    wire.ask("GET", f"{HUB}/v2/other/image/manifests/1", 404)  # time has passed: it was not followed
    assert found(wire)["redirect-unreadable"].severity == "error"
    assert (repr(location) if location else "no Location") in found(wire)["redirect-unreadable"].message


def test_a_redirect_that_can_be_read_is_none_of_these() -> None:
    """Whatever became of it."""
    assert "redirect-unreadable" not in told(redirected("https://cdn.example.net/x"))


@every_client
@pytest.mark.parametrize("challenge", ["Bearer", 'Bearer service="registry"', None], ids=["bare", "no realm", "none"])
def test_challenge_unreadable(agent: str, challenge: str | None) -> None:
    """A client that is told nothing asks in vain."""
    wire = Wire(agent=agent)
    wire.ask("GET", TAG, 401, challenge=challenge, body=error("UNAUTHORIZED"))
    assert told(wire) == {"challenge-unreadable": "error"}


@every_client
def test_a_version_check_that_tells_nothing_is_where_a_client_ends(agent: str) -> None:
    """It asks nothing more, and that is a failure."""
    wire = Wire(agent=agent)
    wire.ask("GET", f"{HUB}/v2/", 401, challenge="Bearer")
    assert told(wire) == {"challenge-unreadable": "error"}


def test_a_version_check_by_hand_is_not() -> None:
    """curl of /v2/ was perhaps all that was wanted."""
    wire = Wire(agent="curl/8.5.0")
    wire.ask("GET", f"{HUB}/v2/", 401, challenge="Bearer")
    assert told(wire) == {}


def test_a_challenge_that_can_be_read_is_none_of_these() -> None:
    """A realm, or a login."""
    for challenge in (challenge_for("library/app"), 'Basic realm="r"'):
        wire = Wire(agent=DOCKER_20)
        wire.ask("GET", TAG, 401, challenge=challenge)
        assert "challenge-unreadable" not in told(wire)
