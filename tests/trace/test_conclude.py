"""What an operation was for, and how it ended: a row is what a client asked, and what that comes to."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.trace.findings.looked_at import error
from tests.trace.images import Image, digest, get_manifest, unauthorized
from tests.trace.wire import AUTH, CONTAINERD, CRANE, DOCKER_20, DOCKER_29, HUB, SKOPEO, Wire, only, played

from pullscope.trace.conclude import sent
from pullscope.trace.model import Action, Ending

APP = Image()
REPOSITORY = f"{HUB}/v2/{APP.repository}"
ORAS = "oras/1.3.3"


def manifest_and_layer(wire: Wire) -> None:
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest(APP.layers[0])), content=APP.layers[0])


def only_manifest(wire: Wire) -> None:
    get_manifest(wire, APP, APP.manifest(), tag=True)


def manifest_and_config(wire: Wire) -> None:
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest(APP.config_text)), content=APP.config_text)


def lone_head(wire: Wire) -> None:
    wire.ask("HEAD", APP.url("manifests", APP.tag), answer={"Docker-Content-Digest": digest(APP.manifest())})


def tags(wire: Wire) -> None:
    wire.ask("GET", f"{REPOSITORY}/tags/list", body='{"tags":["a","b"]}')


def search(wire: Wire) -> None:
    wire.ask("GET", "https://index.docker.io/v1/search?q=app", body='{"results":[]}')


def search_then_catalog(wire: Wire) -> None:
    wire.ask("GET", "https://reg.example.com/v1/search?q=app&n=25", 404, body="404 page not found")
    wire.ask("GET", "https://reg.example.com/v2/_catalog", body='{"repositories":["app"]}')


def delete(wire: Wire) -> None:
    lone_head(wire)
    wire.ask("DELETE", APP.url("manifests", digest(APP.manifest())), 202)


def clean(wire: Wire) -> None:
    """By tag, which distribution refuses, then by digest; and once more what is gone by then (3.1: seen)."""
    tag, manifest = APP.url("manifests", f"sha256-{'a' * 64}.sig"), APP.url("manifests", digest(APP.manifest()))
    wire.ask("DELETE", tag, 400, body=error("DIGEST_INVALID", "provided digest did not match uploaded content"))
    wire.ask("HEAD", tag, answer={"Docker-Content-Digest": digest(APP.manifest())})
    wire.ask("DELETE", manifest, 202)
    wire.ask("DELETE", APP.url("manifests", digest("gone")), 404, body=error("MANIFEST_UNKNOWN", "manifest unknown"))


def push_of_what_is_there(wire: Wire) -> None:
    unauthorized(wire, "GET", f"{HUB}/v2/", None)
    wire.asks_for_token(APP.repository, "t", actions="push,pull")
    wire.ask("HEAD", APP.url("manifests", APP.tag), token="t")


def push(wire: Wire) -> None:
    wire.ask("PUT", APP.url("manifests", "new"), 201, sent=APP.manifest())


def signature(wire: Wire) -> None:
    tag = digest(APP.manifest()).replace(":", "-") + ".sig"
    wire.ask("PUT", APP.url("manifests", tag), 201, sent=APP.manifest())


def login(wire: Wire) -> None:
    unauthorized(wire, "GET", f"{HUB}/v2/", None)
    wire.ask(
        "GET",
        f"{AUTH}?service=registry.docker.io&offline_token=true",
        basic=True,
        issued="t",
        body='{"token":"REDACTED"}',
    )
    wire.ask("GET", f"{HUB}/v2/", token="t")


def version_check(wire: Wire) -> None:
    wire.ask("GET", f"{HUB}/v2/")


ASKED: list[tuple[Callable[[Wire], None], str, Action]] = [
    (manifest_and_layer, CRANE, Action.PULL),
    (manifest_and_layer, DOCKER_29, Action.PULL),
    (only_manifest, DOCKER_20, Action.PULL),
    (only_manifest, CRANE, Action.LOOK),
    (manifest_and_config, SKOPEO, Action.LOOK),
    (manifest_and_config, "libpod/5.8.6", Action.PULL),
    (only_manifest, "libpod/5.8.6", Action.LOOK),
    (search_then_catalog, "libpod/5.8.6", Action.LIST),
    (lone_head, CRANE, Action.LOOK),
    (lone_head, CONTAINERD, Action.LOOK),
    (lone_head, DOCKER_29, Action.PULL),
    (tags, SKOPEO, Action.LIST),
    (search, DOCKER_20, Action.LIST),
    (delete, CRANE, Action.DELETE),
    (push, ORAS, Action.PUSH),
    (push_of_what_is_there, CRANE, Action.PUSH),
    (clean, "cosign/v3.1.0 (linux; amd64)", Action.DELETE),
    (signature, CRANE, Action.ATTACH),
    (login, DOCKER_20, Action.LOGIN),
    (version_check, DOCKER_20, Action.OTHER),
]


@pytest.mark.parametrize(
    ("asked", "agent", "action"), ASKED, ids=lambda each: getattr(each, "__name__", str(each))[:24]
)
def test_what_it_was_for(asked: Callable[[Wire], None], agent: str, action: Action) -> None:
    """The action comes from all that was asked; the client's family only decides what asking for manifests alone means."""
    wire = Wire(agent=agent)
    asked(wire)
    pull = only(played(wire))
    assert (pull.action, [finding.code for finding in pull.findings if finding.severity == "error"]) == (action, [])


def test_a_login_does_not_tell_the_store() -> None:
    """dockerd 28.5.2 with the containerd store asks for /v2/ as with the classic one, by the same name (seen)."""
    wire = Wire(agent=DOCKER_20)
    login(wire)
    assert only(played(wire)).client.store is None


def test_who_looks_has_nothing_already_here() -> None:
    """Layers that were not requested are "already here" in a pull only."""
    looked, pulled = Wire(agent=CRANE), Wire(agent=DOCKER_20)
    for wire in (looked, pulled):
        only_manifest(wire)
    assert only(played(looked)).layers.already_present == 0
    assert only(played(pulled)).layers.already_present == len(APP.layers)


def test_layers_are_those_of_the_chosen_platform() -> None:
    """containerd 2.1 reads the manifests of every platform, and the layers of one."""
    wire = Wire(agent=CONTAINERD)
    get_manifest(wire, APP, APP.index, tag=True)
    for architecture in APP.platforms:
        get_manifest(wire, APP, APP.manifest(architecture))
    for layer in APP.layers:
        wire.ask("GET", APP.url("blobs", digest(layer)), content=layer)
    layers = only(played(wire)).layers
    assert (layers.total, layers.fetched, layers.already_present) == (len(APP.layers), len(APP.layers), 0)


def test_a_copy_names_both_sides() -> None:
    """What one registry gave and the other took, by one run: a pull and a push that name each other."""
    wire = Wire(agent=ORAS)
    wire.ask("GET", APP.url("manifests", APP.tag), body=APP.manifest(), connection="from")
    wire.ask("GET", APP.url("blobs", digest(APP.layers[0])), content=APP.layers[0], connection="from")
    there = "https://reg.example.com/v2/copied/app"
    wire.ask("POST", f"{there}/blobs/uploads/", 202, location=f"{there}/blobs/uploads/1", connection="to")
    wire.ask("PUT", f"{there}/blobs/uploads/1?digest={digest(APP.layers[0])}", 201, connection="to")
    wire.ask(
        "PUT", f"{there}/manifests/v1", 201, sent=APP.manifest(), connection="to",
        answer={"Docker-Content-Digest": digest(APP.manifest())},
    )  # fmt: skip
    pull, push_ = played(wire).pulls
    assert (pull.action, push_.action) == (Action.PULL, Action.PUSH)
    assert (pull.partner, push_.partner) == (push_, pull)


def test_two_pushes_of_different_content_are_no_copy() -> None:
    """A pull and a push at the same time that share no blob have nothing to do with each other."""
    wire = Wire(agent=ORAS)
    manifest_and_layer(wire)
    wire.ask(
        "PUT", "https://reg.example.com/v2/x/manifests/v1", 201, sent=Image(layers=("own",), config="{}").manifest()
    )
    assert [pull.partner for pull in played(wire).pulls] == [None, None]


def test_a_version_check_in_the_middle_has_go_s_own_name() -> None:
    """crane 0.20 makes one when HEAD has failed, on the same connection: no client that is not known (seen)."""
    wire = Wire(agent="go-containerregistry")
    wire.ask("GET", f"{HUB}/v2/", agent="Go-http-client/2.0", connection="only")
    wire.ask("HEAD", APP.url("manifests", APP.tag), 404, connection="only")
    wire.ask("GET", f"{HUB}/v2/", agent="Go-http-client/2.0", connection="only")
    wire.ask("GET", APP.url("manifests", APP.tag), body=APP.manifest(), connection="only")
    assert len(only(played(wire)).hops) == 4


def test_who_resets_its_streams_has_gone() -> None:
    """A crane push that is stopped with ^C cancels all that it asks for over HTTP/2 (0.20: seen)."""
    wire = Wire(agent=CRANE)
    for content in APP.blobs():
        wire.ask("HEAD", APP.url("blobs", digest(content)), None, fails="stream reset by client (CANCEL)")
    wire.ask("POST", f"{REPOSITORY}/blobs/uploads/", None, fails="stream reset by client (CANCEL)")
    assert only(played(wire)).outcome is Ending.INCOMPLETE


BLOBS, TAG = f"{REPOSITORY}/blobs", APP.url("manifests", APP.tag)
CHILD = APP.url("manifests", digest(APP.manifest()))


@pytest.mark.parametrize(
    ("agent", "asked", "ending"),
    [
        (DOCKER_29, [("HEAD", f"{BLOBS}/{digest('base')}", 200), ("HEAD", TAG, 200)], Ending.COMPLETE),
        (DOCKER_29, [("HEAD", f"{BLOBS}/{digest('base')}", 200), ("HEAD", TAG, 404)], Ending.INCOMPLETE),
        (DOCKER_29, [("PUT", CHILD, 201), ("POST", f"{BLOBS}/uploads/", 500)], Ending.FAILED),
        (DOCKER_29, [("POST", f"{BLOBS}/uploads/", 500), ("PUT", TAG, 201)], Ending.COMPLETE),
        (SKOPEO, [("PUT", f"{BLOBS}/uploads/1?digest={digest('base')}", 201)], Ending.INCOMPLETE),
        (ORAS, [("PUT", f"{BLOBS}/uploads/1?digest={digest('base')}", 201)], Ending.COMPLETE),
    ],
)
def test_a_push_that_ends_before_its_tag_is_written_is_not_complete(
    agent: str, asked: list[tuple[str, str, int]], ending: Ending
) -> None:
    """What failed after the last manifest is not made good by it; one blob is all that some commands send."""
    wire = Wire(agent=agent)
    for method, url, status in asked:
        wire.ask(method, url, status, sent=4 if method == "PUT" else None)
    assert only(played(wire)).outcome is ending


def test_a_push_counts_each_blob_once() -> None:
    """As the best that became of it: sent, mounted, or there already."""
    wire = Wire(agent=ORAS)
    there = f"{REPOSITORY}/blobs"
    for name, status in (("sent", 404), ("there", 200)):
        wire.ask("HEAD", f"{there}/{digest(name)}", status)
    wire.ask("POST", f"{there}/uploads/?mount={digest('mounted')}&from=other/app", 201)
    wire.ask("POST", f"{there}/uploads/", 202, location=f"{there}/uploads/1")
    wire.ask("PUT", f"{there}/uploads/1?digest={digest('sent')}", 201, sent=4)
    push(wire)
    came = sent(only(played(wire)))
    assert (came.uploaded, came.mounted, came.there) == (1, 1, 1)


@pytest.mark.parametrize("status", [200, None])
def test_a_client_that_hangs_up_is_told_so(status: int | None) -> None:
    """Cut off by the client itself, also before an answer had begun: incomplete, and not a failure."""
    wire = Wire(agent=CRANE)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest(APP.layers[0])), status, size=2, fails="Client disconnected.")
    pull = only(played(wire))
    assert pull.outcome is Ending.INCOMPLETE
    assert [finding for finding in pull.findings if finding.severity == "error"] == []


def test_a_reset_after_the_last_byte_is_no_failure() -> None:
    """crane resets an HTTP/2 stream that it has read to the end."""
    wire = Wire(agent=CRANE)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    for layer in APP.layers:
        wire.ask(
            "GET", APP.url("blobs", digest(layer)), size=len(layer), fails="stream reset by client",
            answer={"Content-Length": str(len(layer))},
        )  # fmt: skip
    pull = only(played(wire))
    assert (pull.outcome, pull.layers.fetched) == (Ending.COMPLETE, len(APP.layers))


def test_bytes_beyond_those_of_the_descriptor_are_no_loss() -> None:
    """containerd reads as much of a layer as the manifest says, and no more; that the rest never comes is no failure."""
    wire = Wire(agent=CONTAINERD)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    for text in (APP.config_text, *APP.layers):
        length = {"Content-Length": str(len(text) + 100)}
        wire.ask("GET", APP.url("blobs", digest(text)), answer=length, size=len(text), fails="Client disconnected.")
    pull = only(played(wire))
    assert (pull.outcome, pull.findings) == (Ending.COMPLETE, [])


@pytest.mark.parametrize(
    ("agent", "length", "ending"),
    [
        (CONTAINERD, None, Ending.COMPLETE),
        (DOCKER_29, None, Ending.COMPLETE),
        (DOCKER_20, None, Ending.INCOMPLETE),
        (SKOPEO, None, Ending.INCOMPLETE),
        (CONTAINERD, "9" * 400, Ending.INCOMPLETE),
    ],
    ids=["containerd", "docker-containerd-store", "docker-classic-store", "skopeo", "no-number"],
)
def test_whose_reader_goes_on_to_the_end_misses_it(agent: str, length: str | None, ending: Ending) -> None:
    """All bytes of the last layer came, and then not the last chunk: "unexpected EOF", but not for containerd's fetcher."""
    wire = Wire(agent=agent)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    for text in (APP.config_text, *APP.layers[:-1]):
        wire.ask("GET", APP.url("blobs", digest(text)), content=text)
    last = APP.layers[-1]
    said = {"Content-Length": length} if length is not None else None
    wire.ask("GET", APP.url("blobs", digest(last)), size=len(last), answer=said, fails="peer closed connection")
    assert only(played(wire)).outcome is ending


@pytest.mark.parametrize(("condition", "ending"), [({}, Ending.FAILED), ({"If-None-Match": '"x"'}, Ending.COMPLETE)])
def test_not_modified_is_an_answer_to_who_asked_so(condition: dict[str, str], ending: Ending) -> None:
    """A client that has nothing fails on 304, and that has its error."""
    wire = Wire(agent=CONTAINERD)
    wire.ask("GET", APP.url("manifests", APP.tag), 304, headers=condition)
    pull = only(played(wire))
    assert pull.outcome is ending
    assert [finding.severity for finding in pull.findings] == ["error"] * (ending is Ending.FAILED)


def test_a_scope_names_what_was_never_asked_for() -> None:
    """A login that the token server refuses: the image is the one in the scope."""
    wire = Wire(agent=SKOPEO)
    unauthorized(wire, "GET", f"{HUB}/v2/", None)
    wire.ask(
        "GET", f"{AUTH}?service=registry.docker.io&scope=repository%3Ateam%2Fapp%3Apull", 401, basic=True, body="{}"
    )
    pull = only(played(wire))
    assert (pull.reference, pull.outcome) == ("docker.io/team/app", Ending.FAILED)
