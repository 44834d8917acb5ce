"""Each row of evidence decides a conversation: a row of the table below is a conversation and the rule that must decide it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.trace.images import Image, digest, docker_containerd, get_manifest, unauthorized
from tests.trace.wire import CDN, DOCKER_20, DOCKER_29, HUB, SKOPEO, Wire, challenge_for, played

from pullscope.trace.evidence import WHOSE
from pullscope.trace.model import Action, Step, Strength

APP = Image()
ORAS = "oras/1.3.3"


def same_connection() -> tuple[list[Wire], str, str]:
    """A command-line client reads tags on the connection on which it read a manifest."""
    wire = Wire(agent=ORAS)
    wire.ask("GET", APP.url("manifests", APP.tag), body=APP.manifest(), connection="a")
    wire.ask("GET", f"{HUB}/v2/{APP.repository}/tags/list", body='{"tags":["a"]}', connection="a")
    return [wire], "/tags/list", "connection"


def own_token() -> tuple[list[Wire], str, str]:
    """Two daemons pull one image; each blob carries a token of its own."""
    wires = [Wire(agent=DOCKER_29), Wire(agent=DOCKER_29, at=1000.003)]
    for number, wire in enumerate(wires):
        docker_containerd(wire, APP, name=f"token{number}")
    return wires, digest(APP.layers[0]), "token"


def lone_connection() -> tuple[list[Wire], str, str]:
    """A daemon asks for a blob that nothing has named, on a connection on which one operation has spoken."""
    wire = Wire(agent=DOCKER_29)
    wire.ask(
        "HEAD", APP.url("manifests", APP.tag), connection="a", answer={"Docker-Content-Digest": digest(APP.manifest())}
    )
    wire.ask("GET", APP.url("blobs", digest("unnamed")), content="unnamed", connection="a")
    return [wire], digest("unnamed"), "lone connection"


def wanted_digest() -> tuple[list[Wire], str, str]:
    """No token, no connection: the operation that was told of the digest and has not got it."""
    wire = Wire(agent=DOCKER_29)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest(APP.layers[0])), content=APP.layers[0])
    return [wire], digest(APP.layers[0]), "wanted digest"


def same_tag() -> tuple[list[Wire], str, str]:
    """GET of the tag after HEAD of it."""
    wire = Wire(agent=DOCKER_29)
    wire.ask("HEAD", APP.url("manifests", APP.tag), answer={"Docker-Content-Digest": digest(APP.manifest())})
    wire.ask("GET", APP.url("manifests", APP.tag), body=APP.manifest())
    return [wire], f"/manifests/{APP.tag}", "same tag"


def open_push() -> tuple[list[Wire], str, str]:
    """A second upload to the repository to which a push is under way."""
    wire = Wire(agent=DOCKER_20)
    wire.ask("POST", f"{HUB}/v2/{APP.repository}/blobs/uploads/", 202)
    wire.ask("POST", f"{HUB}/v2/{APP.repository}/blobs/uploads/?second=1", 202)
    return [wire], "second=", "open push"


def side_by_side() -> tuple[list[Wire], str, str]:
    """Two daemons without tokens read one image, then the first asks for its config and layers at once."""
    wires = [Wire(agent=DOCKER_20, at=1000 + number / 100) for number in range(2)]
    for number, wire in enumerate(wires):
        wire.ask("GET", APP.url("manifests", APP.tag), body=APP.manifest(), connection=f"manifest {number}")
    for number, blob in enumerate(APP.blobs()):
        wires[0].ask("GET", APP.url("blobs", digest(blob)), content=blob, at=1001, took=1, connection=f"blob {number}")
    return wires, digest(APP.layers[0]), "side by side"


CONVERSATIONS = [same_connection, own_token, lone_connection, wanted_digest, same_tag, open_push, side_by_side]


def steps_for(wires: list[Wire], part: str) -> list[Step]:
    """The steps whose first address holds a part."""
    trace = played(*wires)
    return [step for pull in trace.pulls for step in pull.steps if part in step.first.request.url]


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda one: one.__name__)
def test_the_row_that_decides(conversation: Callable[[], tuple[list[Wire], str, str]]) -> None:
    """The last step that asks for this was placed by this row, and says so in a sentence."""
    wires, part, row = conversation()
    step = steps_for(wires, part)[-1]
    assert step.reasons[0].evidence == row
    words = next(each.words for each in WHOSE if each.name == row)
    assert step.because[0] == words


def test_certain_rows_come_before_likely_ones() -> None:
    """The matcher takes the first row that decides, so the order of the table is the order of what a row proves."""
    order = [Strength.CERTAIN, Strength.LIKELY, Strength.WEAK]
    places = [order.index(row.strength) for row in WHOSE]
    assert places == sorted(places)
    assert all(row.source for row in WHOSE)


def test_two_runs_of_one_command_stay_apart_by_their_connections() -> None:
    """Without tokens, and interleaved: what came on a connection is that run's."""
    runs = [Wire(agent=ORAS, at=1000.0 + number / 1000) for number in range(3)]
    for number, wire in enumerate(runs):
        wire.ask("GET", APP.url("manifests", APP.tag), body=APP.manifest(), connection=f"run {number}")
        for layer in APP.layers:
            wire.ask("GET", APP.url("blobs", digest(layer)), content=layer, connection=f"run {number}")
    pulls = played(*runs).pulls
    assert [len({hop.request.connection for hop in pull.hops}) for pull in pulls] == [1, 1, 1]
    assert [pull.layers.fetched for pull in pulls] == [2, 2, 2]


def test_a_push_and_a_pull_of_one_repository_stay_apart() -> None:
    """One daemon pushes a tag while another of the same version pulls: two tokens, two operations."""
    push, pull = Wire(agent=DOCKER_20), Wire(agent=DOCKER_20, at=1000.002)
    for wire, name, actions in ((push, "push", "pull%2Cpush"), (pull, "pull", "pull")):
        unauthorized(wire, "GET", f"{HUB}/v2/", None)
        wire.asks_for_token(APP.repository, name, actions=actions)
    push.ask("POST", f"{HUB}/v2/{APP.repository}/blobs/uploads/", 202, token="push")
    pull.ask("HEAD", APP.url("manifests", "v1"), token="pull", answer={"Docker-Content-Digest": digest(APP.manifest())})
    get_manifest(pull, APP, APP.manifest(), token="pull")
    push.ask("PUT", APP.url("manifests", "new"), 201, token="push", sent=APP.manifest())
    told = {str(each.action): each for each in played(push, pull).pulls}
    assert set(told) == {Action.PUSH, Action.PULL}
    assert {hop.request.credential for hop in told["push"].hops} & {
        hop.request.credential for hop in told["pull"].hops
    } <= {None}


def test_a_daemon_asks_for_its_tag_when_its_blobs_are_there() -> None:
    """Who looks a tag up while a dockerd with the containerd store still looks for blobs is another run (measured: 28.5)."""
    push, pull = Wire(agent=DOCKER_29), Wire(agent=DOCKER_29, at=1000.001)
    blob, scope = APP.url("blobs", digest(APP.layers[0])), challenge_for(APP.repository, "pull,push")
    push.ask("HEAD", blob, 401, challenge=scope)
    unauthorized(pull, "HEAD", APP.url("manifests", "v1"), APP.repository)
    push.wait(0.01)
    push.asks_for_token(APP.repository, "push", actions="pull%2Cpush")
    pull.wait(0.03)
    pull.asks_for_token(APP.repository, "pull")
    push.ask("HEAD", blob, 404, token="push")
    pull.ask("HEAD", APP.url("manifests", "v1"), token="pull", answer={"Docker-Content-Digest": digest(APP.manifest())})
    get_manifest(pull, APP, APP.manifest(), token="pull")
    push.ask("POST", f"{HUB}/v2/{APP.repository}/blobs/uploads/", 202, token="push")
    push.ask("HEAD", APP.url("manifests", "new"), 404, token="push")
    push.ask("PUT", APP.url("manifests", "new"), 201, token="push", sent=APP.manifest())
    told = {str(each.action): each for each in played(push, pull).pulls}
    assert {action: each.tag for action, each in told.items()} == {Action.PUSH: "new", Action.PULL: "v1"}
    assert {hop.request.credential for hop in told["push"].hops}.isdisjoint(
        {hop.request.credential for hop in told["pull"].hops} - {None}
    )


def test_what_the_wire_does_not_tell_is_said() -> None:
    """Two runs that close each connection, without tokens: the version checks could be each other's."""
    runs = [Wire(agent=SKOPEO), Wire(agent=SKOPEO, at=1000.001)]
    for number, wire in enumerate(runs):
        wire.ask("GET", f"{HUB}/v2/", connection=f"ping {number}")
        wire.wait(0.05)
        wire.ask("GET", APP.url("manifests", APP.tag), body=APP.manifest(), connection=f"manifest {number}")
    pings = [step for pull in played(*runs).pulls for step in pull.steps if step.first.request.url.endswith("/v2/")]
    assert len(pings) == 2
    assert all(any(words.startswith("could be operation") for words in step.because) for step in pings)


def test_what_only_weak_evidence_decides_names_the_other_operation() -> None:
    """Two pulls of one image without tokens or connections: who waited longest asks first, which need not be so."""
    busy, free = Wire(agent=SKOPEO), Wire(agent=SKOPEO, at=1000.003)
    for wire in (busy, free):
        get_manifest(wire, APP, APP.manifest(), tag=True)
        wire.wait(0.1)
    busy.ask("GET", APP.url("blobs", digest(APP.layers[0])), content=APP.layers[0], took=5.0)
    free.wait(0.5)
    free.ask("GET", APP.url("blobs", digest(APP.layers[1])), content=APP.layers[1])
    asked = [step for pull in played(busy, free).pulls for step in pull.steps if step.digest == digest(APP.layers[1])]
    assert [(step.reasons[0].evidence, step.because[-1]) for step in asked] == [
        ("wanted digest", "could be operation 1 too")
    ]


def test_a_redirect_shows_late_whose_a_step_was() -> None:
    """Behind a vanity host the first request has no token; the second, with the other's token, moves the step there."""
    vanity = "https://docker.example.com"
    one, other = Wire(agent=DOCKER_20), Wire(agent=DOCKER_20, at=1000.002)
    for wire, name in ((one, "one"), (other, "other")):
        unauthorized(wire, "GET", f"{vanity}/v2/", None)
        wire.asks_for_token(APP.repository, name)
        wire.ask("GET", f"{vanity}/v2/{APP.repository}/manifests/v1", body=APP.manifest(), token=name)
    blob = digest(APP.layers[0])
    other.wait(0.01)
    here = other.follows("GET", [f"{vanity}/v2/{APP.repository}/blobs/{blob}", APP.url("blobs", blob)], 302)
    other.ask("GET", here, token="other", content=APP.layers[0], referer=f"{vanity}/v2/{APP.repository}/blobs/{blob}")
    for pull in played(one, other).pulls:
        assert len({hop.request.credential for hop in pull.hops} - {None}) == 1


def test_a_descriptor_s_own_address_belongs_to_the_pull() -> None:
    """A foreign layer comes from the `urls` of its descriptor, at a host that nothing else was asked of."""
    wire = Wire(agent="containerd/1.7.27")
    elsewhere = "https://go.example.com/fwlink/?linkid=123"
    text = APP.manifest().replace(
        f'"digest": "{digest(APP.layers[0])}"', f'"digest": "{digest(APP.layers[0])}", "urls": ["{elsewhere}"]'
    )
    wire.ask("GET", APP.url("manifests", APP.tag), body=text, answer={"Docker-Content-Digest": digest(text)})
    wire.ask("GET", elsewhere, content=APP.layers[0])
    wire.ask("GET", f"{CDN}/nothing-to-do-with-it")
    trace = played(wire)
    assert [hop.host for hop in trace.pulls[0].hops] == ["registry-1.docker.io", "go.example.com"]
    assert trace.pulls[0].steps[-1].verified is True


@pytest.mark.parametrize("where", [HUB, "https://mcr.example.com"])
def test_a_descriptor_s_own_address_may_be_a_registry_s(where: str) -> None:
    """A foreign layer is that pull's whatever registry has it; of the pull's own registry it is a layer as any other."""
    wire = Wire(agent="containerd/1.7.27")
    there = f"{where}/v2/{APP.repository}/blobs/{digest(APP.layers[0])}"
    text = APP.manifest().replace(
        f'"digest": "{digest(APP.layers[0])}"', f'"digest": "{digest(APP.layers[0])}", "urls": ["{there}"]'
    )
    wire.ask("GET", APP.url("manifests", APP.tag), body=text, answer={"Docker-Content-Digest": digest(text)})
    wire.ask("GET", there, content=APP.layers[0])
    (pull,) = played(wire).pulls
    assert [(step.verified, step.is_foreign) for step in pull.steps[1:]] == [(True, where != HUB)]
    assert "foreign-layer" in {one.code for one in pull.findings} or where == HUB


@pytest.mark.parametrize("status", [500, 404])
def test_a_mirror_that_refuses_the_version_check_is_part_of_the_pull(status: int) -> None:
    """The next place is asked at once: one pull, and no failed operation beside it."""
    wire = Wire(agent=DOCKER_20)
    wire.ask("GET", "https://mirror.example.com/v2/", status)
    unauthorized(wire, "GET", f"{HUB}/v2/", None)
    wire.asks_for_token(APP.repository, "t")
    get_manifest(wire, APP, APP.manifest(), token="t", tag=True)
    trace = played(wire)
    assert [pull.reference for pull in trace.pulls] == [APP.reference]
    assert "mirror.example.com" in {hop.host for hop in trace.pulls[0].hops}


def test_the_same_image_by_its_digest_is_the_next_pull() -> None:
    """docker pull NAME, then docker pull NAME@DIGEST at once, with the same token: the second begins with its version check."""
    wire = Wire(agent=DOCKER_20)
    for name in (APP.tag, digest(APP.manifest())):
        unauthorized(wire, "GET", f"{HUB}/v2/", None)
        wire.asks_for_token(APP.repository, "the same")
        get_manifest(wire, APP, APP.manifest(), token="the same", tag=name == APP.tag)
    pulls = played(wire).pulls
    assert [pull.reference for pull in pulls] == [APP.reference, f"docker.io/{APP.repository}@{digest(APP.manifest())}"]
