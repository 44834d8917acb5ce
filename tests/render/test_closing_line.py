"""What each action comes to: what it is about is counted, and no more is claimed than was seen."""

from __future__ import annotations

import json

import pytest
from tests.trace.images import (
    OCI_INDEX,
    OCI_MANIFEST,
    Image,
    digest,
    docker_classic,
    docker_containerd,
    get_blob,
    get_manifest,
    head,
)
from tests.trace.wire import CONTAINERD, CRANE, DOCKER_20, SKOPEO, Wire, only, played

from pullscope.render.closing_line import CAME_TO, DOES, came_to, verdict
from pullscope.render.wording import title, what
from pullscope.trace.model import Action

APP = Image()
HOST = "https://registry.example.com"


def come_to(wire: Wire) -> str:
    return ", ".join(came_to(only(played(wire))))


def upload(wire: Wire, content: str, *, size: int | None) -> None:
    base = f"{HOST}/v2/app/blobs"
    place = f"{base}/uploads/{digest(content)[7:15]}"
    wire.ask("POST", f"{base}/uploads/", 202, location=place)
    wire.ask("PUT", f"{place}?digest={digest(content)}", 201, sent=size)


def put(wire: Wire, text: str, name: str = "v1") -> None:
    said = {"Docker-Content-Digest": digest(text)}
    typed = {"Content-Type": OCI_MANIFEST}
    wire.ask("PUT", f"{HOST}/v2/app/manifests/{name}", 201, sent=text, answer=said, headers=typed)


def test_every_action_has_words() -> None:
    """One function, and one name for what it turned out to be."""
    assert CAME_TO.keys() == DOES.keys() == set(Action)


def test_a_pull_counts_layers() -> None:
    """Those of the manifest, those that came, and those that were not asked for."""
    wire = Wire(agent=DOCKER_20)
    docker_classic(wire, APP, skip=("app",))
    assert come_to(wire).startswith("1 of 2 layers, 1 already here, ")


def test_what_an_unknown_client_leaves_out_is_not_here() -> None:
    """Flux takes the first layer of an artifact, and wants no other."""
    wire = Wire(agent="flux/v2")
    docker_classic(wire, APP, skip=("app",))
    assert come_to(wire).startswith("1 of 2 layers, 1 not asked for, ")


@pytest.mark.parametrize(
    ("name", "kind", "line"),
    [
        ("app-1.0.0.tgz", "text/plain", "app-1.0.0.tgz came as text/plain"),
        ("app-1.0.0.tgz", "application/octet-stream", "app-1.0.0.tgz downloaded"),
        ("index.yaml", "text/plain", "index.yaml downloaded"),
    ],
)
def test_what_comes_as_text_is_no_archive(name: str, kind: str, line: str) -> None:
    """A chart's archive, and the index of a repository, which is text."""
    wire = Wire(agent="Helm/3.17.3")
    wire.ask("GET", f"{HOST}/charts/{name}", body="error: no storage", answer={"Content-Type": kind})
    assert come_to(wire) == line


def test_a_look_has_nothing_already_here() -> None:
    """A client that reads a manifest and a config wants no layer."""
    wire = Wire(agent=SKOPEO)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    get_blob(wire, APP, APP.config_text)
    assert come_to(wire).startswith("read 1 manifest and 1 config, no layer asked for, ")


def test_a_head_resolves_and_no_more() -> None:
    """What was here before is not known."""
    wire = Wire(agent=SKOPEO)
    head(wire, APP)
    assert come_to(wire) == f"resolved to {digest(APP.index)[:19]}, nothing downloaded"


@pytest.mark.parametrize(("size", "total"), [(4_000, "8.5 kB in all, "), (None, "")])
def test_a_push_counts_what_was_sent_mounted_and_there(size: int | None, total: str) -> None:
    """And says the tag; bytes only where they were seen."""
    wire = Wire(agent=SKOPEO)
    wire.ask("HEAD", f"{HOST}/v2/app/blobs/{digest('base')}", 200)
    wire.ask("POST", f"{HOST}/v2/app/blobs/uploads/?mount={digest('app')}&from=other", 201)
    upload(wire, "one", size=size)
    upload(wire, "two", size=size)
    put(wire, APP.manifest())
    said = come_to(wire)
    assert said.startswith("2 blobs sent, 1 mounted, 1 there already, ")
    assert said.endswith(f"v1 is {digest(APP.manifest())[:19]}")
    assert ("in all" in said) is bool(total)


def test_a_push_that_wrote_no_tag_says_so() -> None:
    """Blobs without a manifest cannot be pulled."""
    wire = Wire(agent=SKOPEO)
    upload(wire, "one", size=3)
    wire.ask("PUT", f"{HOST}/v2/app/manifests/v1", 403, sent=APP.manifest())
    assert come_to(wire).endswith("no tag written")


def test_a_push_by_digest_says_that_it_has_no_tag() -> None:
    """buildx with push-by-digest: what was put is told by its digest."""
    wire = Wire(agent=SKOPEO)
    upload(wire, "one", size=3)
    wire.ask("PUT", f"{HOST}/v2/app/manifests/{digest(APP.manifest())}", 201, sent=APP.manifest())
    assert come_to(wire).endswith(f"{digest(APP.manifest())[:19]} put by digest, no tag")


def test_an_attachment_says_to_what() -> None:
    """By its subject; the list that oras keeps of such under a tag, where the registry has no referrers, is not one more."""
    manifest = json.loads(APP.manifest())
    manifest["subject"] = {"mediaType": OCI_MANIFEST, "digest": digest("x"), "size": 3}
    wire = Wire(agent="oras/1.3.3")
    text = json.dumps(manifest)
    put(wire, text, digest(text))
    referrers = {"mediaType": OCI_MANIFEST, "digest": digest(text), "size": len(text)}
    put(wire, json.dumps({"mediaType": OCI_INDEX, "manifests": [referrers]}), digest("x").replace(":", "-"))
    pull = only(played(wire))
    assert pull.action is Action.ATTACH
    assert [(title(step), what(step, pull)) for step in pull.steps][-1] == ("referrers", "list of 1 stored")
    assert ", ".join(came_to(pull)) == f"1 attachment stored, attached to {digest('x')[:19]}"


@pytest.mark.parametrize(("status", "words"), [(202, f"deleted {digest('x')[:19]}"), (405, "nothing deleted")])
def test_a_delete_says_what(status: int, words: str) -> None:
    """What is gone, or that nothing is."""
    wire = Wire(agent=SKOPEO)
    wire.ask("DELETE", f"{HOST}/v2/app/manifests/{digest('x')}", status)
    assert come_to(wire) == words


def test_a_list_counts_all_of_its_pages() -> None:
    """Two pages are one list."""
    wire = Wire(agent=SKOPEO)
    wire.ask("GET", f"{HOST}/v2/app/tags/list?n=2", body='{"tags":["a","b"]}')
    wire.ask("GET", f"{HOST}/v2/app/tags/list?n=2&last=b", body='{"tags":["c"]}')
    assert come_to(wire) == "3 tags"


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/v2/_catalog", '{"repositories":["a"]}', "1 repository"),
        ("/v1/search?q=nginx&n=25", '{"results":[{},{}]}', "search for 'nginx', 2 results"),
        ("/v1/search?q=nginx", None, "search for 'nginx', results not counted: the body was not kept"),
        (f"/v2/app/referrers/{digest('x')}", '{"schemaVersion":2,"manifests":[]}', "0 referrers"),
    ],
)
def test_a_list_says_of_what(path: str, body: str | None, words: str) -> None:
    """A search names its term; a count that was not seen is not made up."""
    wire = Wire(agent=SKOPEO)
    typed = {"Content-Type": "application/vnd.oci.image.index.v1+json"} if "referrers" in path else None
    wire.ask("GET", f"{HOST}{path}", body=body, answer=typed)
    assert come_to(wire) == words


def test_a_list_that_was_refused_has_nothing() -> None:
    """No noun is counted as none."""
    wire = Wire(agent=SKOPEO)
    wire.ask("GET", f"{HOST}/v2/app/tags/list", 404)
    assert come_to(wire) == "nothing listed"


def test_a_client_that_went_away_is_said() -> None:
    """With how much had come by then."""
    wire = Wire(agent=DOCKER_20)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest("base")), size=2, fails="Client disconnected.")
    assert "stopped by the client, after 2 of 4 B" in verdict(only(played(wire)))


def test_blobs_without_a_manifest_are_no_layers() -> None:
    """A client that kept the manifest asks for config and layers alike."""
    wire = Wire(agent=DOCKER_20)
    for content in APP.blobs():
        get_blob(wire, APP, content)
    assert come_to(wire).startswith("3 blobs, ")


def test_a_look_that_failed_says_what_it_read() -> None:
    """The manifest came, and the config did not."""
    wire = Wire(agent=SKOPEO)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", APP.url("blobs", digest(APP.config_text)), 404)
    assert come_to(wire).startswith("read 1 manifest, no layer asked for")


@pytest.mark.parametrize(("agent", "words"), [(CONTAINERD, "nothing new: latest is still"), (CRANE, "resolved to")])
def test_only_a_client_that_keeps_images_has_nothing_new(agent: str, words: str) -> None:
    """containerd that finds the tag where it was; crane keeps no image to compare with."""
    wire = Wire(agent=agent)
    docker_containerd(wire, APP)
    wire.wait(60)
    head(wire, APP)
    _, second = played(wire).pulls
    assert second.had_before
    assert came_to(second)[0].startswith(words)


def test_a_signature_says_of_what() -> None:
    """cosign's tag is made of the digest."""
    wire = Wire(agent="cosign/3.1.0")
    put(wire, APP.manifest(), f"sha256-{digest('x')[7:]}.sig")
    pull = only(played(wire))
    assert pull.action is Action.ATTACH
    assert ", ".join(came_to(pull)) == f"1 signature stored, attached to {digest('x')[:19]}"


@pytest.mark.parametrize(
    ("asks", "line"), [(True, "none of the index's entries came"), (False, "none of the index's entries asked for")]
)
def test_an_entry_that_was_asked_for_in_vain_did_not_come(asks: bool, line: str) -> None:
    """Of an index alone it is not known whether more was wanted."""
    wire = Wire(agent=SKOPEO)
    get_manifest(wire, APP, APP.index, tag=True)
    if asks:
        wire.ask("GET", APP.url("manifests", digest(APP.manifest())), 404)
    assert line in come_to(wire)
