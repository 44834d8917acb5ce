"""What each step says."""

from __future__ import annotations

from typing import Any

import pytest
from tests.trace.images import OCI_INDEX, OCI_MANIFEST, Image, digest, docker_containerd, head
from tests.trace.wire import CONTAINERD, CRANE, DOCKER_29, HUB, SKOPEO, Wire, only, played

from pullscope.oci.agents import identify
from pullscope.render.names import client_line, reference_line
from pullscope.render.wording import SAYINGS, sayings, title, what
from pullscope.trace.model import Action, Kind, Pull

APP = Image()


def a_pull(agent: str = SKOPEO, facts: dict[str, Any] | None = None) -> Pull:
    """A pull that has only begun."""
    pull = Pull(client_key=("10.0.0.1", agent), client=identify(agent), registry="docker.io", started=0.0, last=0.0)
    for name, value in (facts or {}).items():
        setattr(pull, name, value)
    return pull


def said(wire: Wire) -> list[tuple[str, str]]:
    """The title and words of each step of the one pull."""
    pull = only(played(wire))
    return [(title(step), what(step, pull)) for step in pull.steps]


@pytest.mark.parametrize(
    ("agent", "line"),
    [
        (SKOPEO, "skopeo 1.9.3"),
        (DOCKER_29, "docker 29.7.2, containerd store"),
        (CRANE, "crane 0.21.9"),
        ("docker/20.10.24+dfsg1 go/go1.19", "docker 20.10.24, classic store"),
        ("", "a client that gives no User-Agent"),
        ("Wget/1.2", "unknown client (Wget/1.2)"),
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
        ({"repository": "library/app", "tag": "1", "pushing": True}, "docker.io/library/app"),
        ({"action": Action.PULL}, "docker.io, no image named"),
        ({"action": Action.LOGIN}, "docker.io"),
    ],
)
def test_reference_line(facts: dict[str, Any], line: str) -> None:
    """What the pull is about, as a person would type it."""
    assert reference_line(a_pull(facts=facts)) == line


def test_every_kind_has_words() -> None:
    """No kind of step is told as unknown for want of a word."""
    assert {kind for kind in Kind if kind not in SAYINGS} == {Kind.UNKNOWN}


def test_a_pull_in_words() -> None:
    """The containerd store's pull, step by step."""
    wire = Wire()
    docker_containerd(wire, APP)
    assert said(wire) == [
        ("token", "anonymous, pull, for 300 s"),
        ("resolve", f"latest is {digest(APP.index)[:19]}"),
        ("token", "second token (for content)"),
        ("manifest list", "2 platforms"),
        ("manifest", "linux/amd64: config, 2 layers"),
        ("config", f"{len(APP.config_text)} B"),
        ("layer 1/2", "4 B"),
        ("layer 2/2", "3 B"),
    ]


@pytest.mark.parametrize(
    ("content_type", "words"),
    [
        (OCI_MANIFEST, ("manifest", "body not kept")),
        (OCI_INDEX, ("manifest list", "body not kept")),
        ("text/html; charset=utf-8", ("manifest", "no manifest: text/html")),
    ],
)
def test_a_manifest_without_its_body(content_type: str, words: tuple[str, str]) -> None:
    """A body that was not kept, or that is none, is told by what the answer calls it."""
    wire = Wire()
    wire.ask("GET", APP.url("manifests", "latest"), answer={"Content-Type": content_type}, size=9)
    assert said(wire) == [words]


def test_one_layer_has_no_plural() -> None:
    """1 layer, not 1 layers; schema 1 is said."""
    image = Image(layers=("only",))
    wire = Wire()
    wire.ask("GET", image.url("manifests", "latest"), answer={"Content-Type": OCI_MANIFEST}, body=image.manifest())
    assert said(wire) == [("manifest", "config, 1 layer")]


def test_fewer_words_in_less_room() -> None:
    """Each saying is no longer than the one before, and the first is the whole."""
    wire = Wire()
    docker_containerd(wire, APP)
    pull = only(played(wire))
    for step in pull.steps:
        tried = list(sayings(step, pull))
        assert tried[0] == what(step, pull)
        assert [len(words) for words in tried] == sorted((len(words) for words in tried), reverse=True)


def test_a_version_check() -> None:
    """The 401 that names the token server reads as normal; so does a registry that wants nothing."""
    wire = Wire(agent=SKOPEO)
    wire.ask("GET", f"{HUB}/v2/", 401, challenge='Basic realm="x"')
    assert said(wire) == [("version check", "401: login required (expected)")]
    wire = Wire(agent=SKOPEO)
    wire.ask("GET", f"{HUB}/v2/", 200)
    assert said(wire) == [("version check", "200: no token required")]


def test_a_tag_without_a_digest() -> None:
    """A registry may answer HEAD without Docker-Content-Digest."""
    wire = Wire()
    wire.ask("HEAD", APP.url("manifests", "latest"))
    assert said(wire) == [("resolve", "is there, digest not named")]
    wire = Wire()
    head(wire, APP)
    assert said(wire)[0][1].startswith("latest is sha256:")


@pytest.mark.parametrize(
    ("agent", "words"),
    [(DOCKER_29, "second token (for content)"), (CONTAINERD, "second token (for content)"), (CRANE, "another token")],
)
def test_the_fetcher_is_containerd_s(agent: str, words: str) -> None:
    """Another client that asks for a second token has no fetcher to ask for."""
    wire = Wire(agent=agent)
    docker_containerd(wire, APP)
    assert ("token", words) in said(wire)
