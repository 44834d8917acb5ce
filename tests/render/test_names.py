"""Operations and clients by the names their users know."""

from __future__ import annotations

from typing import Any

import pytest
from tests.trace.images import digest
from tests.trace.wire import CRANE, DOCKER_29, SKOPEO

from pullscope.oci.agents import identify
from pullscope.render.names import client_line, heading, reference_line, short
from pullscope.trace.model import Action, Pull


def a_pull(agent: str = SKOPEO, facts: dict[str, Any] | None = None) -> Pull:
    """A pull that has only begun."""
    pull = Pull(client_key=("10.0.0.1", agent), client=identify(agent), registry="docker.io", started=0.0, last=0.0)
    for name, value in (facts or {}).items():
        setattr(pull, name, value)
    return pull


@pytest.mark.parametrize(
    ("agent", "line"),
    [
        (SKOPEO, "skopeo 1.9.3"),
        (DOCKER_29, "docker 29.7.2, containerd store"),
        (CRANE, "crane 0.21.9"),
        ("docker/20.10.24+dfsg1 go/go1.19", "docker 20.10.24, classic store"),
        ("", "a client without User-Agent"),
        ("Wget/1.2", "unknown client (Wget/1.2)"),
        ("containers/5.39.2 (github.com/containers/image)", "podman"),
        ("buildkit/v0.30", "BuildKit 0.30"),
        ("buildkit/v0.0-dev", "BuildKit in dockerd"),
        ("Docker-Client/28.5.2 (linux)", "docker CLI 28.5.2"),
    ],
)
def test_client_line(agent: str, line: str) -> None:
    """Family, version without a distribution's suffix, and store."""
    assert client_line(a_pull(agent)) == line


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({"repository": "library/app", "tag": "latest"}, "docker.io/library/app:latest"),
        ({"repository": "library/app", "by_digest": digest("x")}, f"docker.io/library/app@{digest('x')[:19]}"),
        ({"repository": "library/app", "tag": "1", "pushing": True}, "docker.io/library/app:1"),
        ({"action": Action.PULL}, "docker.io, no image named"),
        ({"action": Action.LOGIN}, "docker.io"),
    ],
)
def test_reference_line(facts: dict[str, Any], line: str) -> None:
    """What the pull is about, as a person would type it."""
    assert reference_line(a_pull(facts=facts)) == line


def test_a_heading_has_action_number_and_reference() -> None:
    """As far as they are known."""
    facts = {"repository": "library/app", "tag": "1", "action": Action.LOOK, "id": 3}
    assert heading(a_pull(facts=facts)) == "read 3  docker.io/library/app:1"


def test_short() -> None:
    """A digest is cut, anything else is made plain."""
    assert short(digest("x")) == digest("x")[:19]
    assert short("\x1b") == "\\x1b"
    assert short(None) == "?"
