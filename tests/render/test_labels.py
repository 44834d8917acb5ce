"""The comment and marker of a flow."""

from __future__ import annotations

from tests.trace.images import Image, digest, docker_containerd
from tests.trace.wire import Wire, only, played

from pullscope.render.labels import FAILED, MARKERS, REDIRECT, label
from pullscope.trace.model import Kind

APP = Image()


def comments(wire: Wire) -> list[tuple[str, str]]:
    """The labels of every hop of the one pull."""
    return [label(hop) for step in only(played(wire)).steps for hop in step.hops]


def test_a_pull() -> None:
    """Redirects say where to, challenges what they ask for, and the last hop what came of it."""
    wire = Wire()
    docker_containerd(wire, APP)
    told = comments(wire)
    assert told[1] == ("resolve · 401: token required · pull 1", MARKERS[Kind.RESOLVE])
    assert told[2][0] == f"resolve · latest is {digest(APP.index)[:19]} · pull 1"
    assert ("layer 1/2 · linux/amd64 · 307 to cdn · pull 1", REDIRECT) in told
    assert ("layer 1/2 · linux/amd64 · 4 B · pull 1", MARKERS[Kind.LAYER]) in told


def test_a_failure() -> None:
    """The last hop of what failed is marked."""
    wire = Wire()
    wire.ask("HEAD", APP.url("manifests", "nope"), 404)
    wire.ask("GET", APP.url("manifests", "nope"), 404)
    first, last = comments(wire)
    assert first[1] != FAILED
    assert last == ("resolve · not there · pull 1", FAILED)


def test_a_redirect_that_was_not_followed() -> None:
    """A redirect that was not followed is still told as one."""
    wire = Wire()
    wire.ask("GET", APP.url("blobs", digest("base")), 307, location="https://cdn.example.net/x")
    assert comments(wire)[0][0].startswith("blob · 307 to ")


def test_a_comment_is_short_and_plain() -> None:
    """A platform of three megabytes of escape codes: mitmproxy shows comments as they are, and saves them."""
    wire = Wire()
    docker_containerd(wire, APP)
    steps = only(played(wire)).steps
    for step in steps:
        step.platform = "\x1b[2J" * 600_000
    told = [label(hop)[0] for step in steps for hop in step.hops]
    assert any("[2J" in comment for comment in told)
    assert all(comment.isprintable() for comment in told)
    assert max(map(len, told)) < 400
