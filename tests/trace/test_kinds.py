"""What each step is, and how it ended: pushes, questions, signatures, attestations, deletions."""

from __future__ import annotations

import json

import pytest
from tests.trace.images import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Image,
    descriptor,
    digest,
    docker_classic,
    get_manifest,
)
from tests.trace.images import unauthorized as unauthorized_at
from tests.trace.wire import CRANE, DOCKER_20, REGCTL, SKOPEO, Wire, only, played, told

from pullscope.render.formats import report
from pullscope.trace.model import Ending, Outcome

APP = Image(repository="app")
HOST = "https://registry.example.com"
REFERENCE = "registry.example.com/app:latest"


def upload(wire: Wire, content: str, *, chunks: int = 1, repository: str = "app") -> None:
    """One blob: is it there, begin, chunks, finish."""
    base = f"{HOST}/v2/{repository}/blobs"
    wire.ask("HEAD", f"{base}/{digest(content)}", 404)
    place = f"{base}/uploads/{digest(content)[7:15]}"
    wire.ask("POST", f"{base}/uploads/", 202, location=f"{place}?_state=0")
    for chunk in range(chunks):
        wire.ask("PATCH", f"{place}?_state={chunk}", 202, sent=len(content), location=f"{place}?_state={chunk + 1}")
    wire.ask("PUT", f"{place}?_state={chunks}&digest={digest(content)}", 201)


def put_manifest(wire: Wire, status: int = 201, tag: str = "latest") -> None:
    """The end of a push."""
    text = APP.manifest()
    wire.ask("PUT", f"{HOST}/v2/app/manifests/{tag}", status, sent=text, answer={"Docker-Content-Digest": digest(text)})


def uploaded(content: str) -> list[str]:
    """The steps of one blob, once the manifest has told what it is."""
    if content == APP.config_text:
        return ["config 404", "upload-start 202", "upload-chunk 202", "upload-finish 201"]
    number = APP.layers.index(content) + 1
    return [f"layer {number} 404", "upload-start 202", "upload-chunk 202", f"upload-finish {number} 201"]


@pytest.mark.parametrize("agent", [SKOPEO, DOCKER_20, CRANE, REGCTL])
def test_push(agent: str) -> None:
    """Ping, token, each blob looked for and sent, the manifest: one complete push."""
    wire = Wire(agent=agent)
    unauthorized_at(wire, "GET", f"{HOST}/v2/", None)
    wire.asks_for_token("app", "t", actions="pull%2Cpush")
    for content in APP.blobs():
        upload(wire, content)
    put_manifest(wire)
    pull = only(played(wire))
    blobs = [line for content in APP.blobs() for line in uploaded(content)]
    assert told(pull) == ["version-check 401", "token 200", *blobs, "manifest-put 201"]
    assert (pull.action, pull.reference, pull.outcome) == ("push", REFERENCE, Ending.COMPLETE)
    assert pull.digest == digest(APP.manifest())
    assert {step.outcome for step in pull.steps} == {Outcome.OK, Outcome.EXPECTED_401, Outcome.EXPECTED_404}


def test_push_of_what_is_there() -> None:
    """All blobs exist: nothing is sent but the manifest."""
    wire = Wire(agent=SKOPEO)
    for content in APP.blobs():
        wire.ask("HEAD", f"{HOST}/v2/app/blobs/{digest(content)}")
    put_manifest(wire)
    pull = only(played(wire))
    assert sorted(told(pull)) == ["config 200", "layer 1 200", "layer 2 200", "manifest-put 201"]
    assert (pull.action, pull.reference, pull.outcome) == ("push", REFERENCE, Ending.COMPLETE)


@pytest.mark.parametrize("manifest", ["latest", digest(APP.manifest())], ids=["by tag", "by digest"])
def test_push_that_looks_for_the_manifest_first(manifest: str) -> None:
    """containerd, crane and regctl ask first whether the manifest is there: that look is the push's beginning."""
    wire = Wire(agent=CRANE)
    wire.ask("HEAD", f"{HOST}/v2/app/manifests/{manifest}", 404)
    upload(wire, "base")
    put_manifest(wire)
    pull = only(played(wire))
    assert (pull.action, pull.reference, pull.outcome) == ("push", REFERENCE, Ending.COMPLETE)
    assert told(pull) == ["resolve 404", *uploaded("base"), "manifest-put 201"]
    assert Outcome.FAILED not in {step.outcome for step in pull.steps}


def test_push_in_chunks_and_side_by_side() -> None:
    """Layers that are sent at the same time, in chunks, are one push."""
    wire = Wire(agent=DOCKER_20)
    start = wire.now
    for place, content in enumerate(("base", "app")):
        wire.now = start + place * 0.003
        upload(wire, content, chunks=3)
    put_manifest(wire)
    pull = only(played(wire))
    assert len(pull.steps) == 2 * 6 + 1
    assert pull.outcome is Ending.COMPLETE


@pytest.mark.parametrize(("status", "kind"), [(201, "mount 1 201"), (202, "mount 1 202")])
def test_mount(status: int, kind: str) -> None:
    """A blob that is taken over from another repository, or not."""
    wire = Wire(agent=SKOPEO)
    wire.ask(
        "POST",
        f"{HOST}/v2/app/blobs/uploads/?mount={digest('base')}&from=other",
        status,
        location=f"{HOST}/v2/app/blobs/uploads/1",
    )
    put_manifest(wire)
    pull = only(played(wire))
    assert told(pull) == [kind, "manifest-put 201"]
    assert pull.reference == REFERENCE


def test_push_that_is_denied() -> None:
    """A registry that refuses all writes: the push failed."""
    wire = Wire(agent=SKOPEO)
    wire.ask("HEAD", f"{HOST}/v2/app/blobs/{digest('base')}", 404)
    wire.ask("POST", f"{HOST}/v2/app/blobs/uploads/", 403, body='{"errors":[{"code":"DENIED","message":"no"}]}')
    pull = only(played(wire))
    assert (pull.action, pull.outcome) == ("push", Ending.FAILED)
    assert told(pull) == ["layer 404", "!upload-start 403"]


def test_push_whose_upload_failed_once() -> None:
    """What failed before the manifest was taken was made good, whatever it was."""
    wire = Wire(agent=SKOPEO)
    wire.ask("POST", f"{HOST}/v2/app/blobs/uploads/", 202, location=f"{HOST}/v2/app/blobs/uploads/1")
    wire.ask("PATCH", f"{HOST}/v2/app/blobs/uploads/1", 500, sent=4)
    wire.wait(5)
    upload(wire, "base")
    put_manifest(wire)
    assert only(played(wire)).outcome is Ending.COMPLETE


def test_push_of_a_tag_through_a_redirect_that_makes_it_a_get() -> None:
    """PUT through a 302 becomes GET and is answered 200: nothing was written, so the step failed (facts C4)."""
    wire = Wire(agent=DOCKER_20)
    here, there = "https://docker.example.com/v2/app/manifests/latest", f"{HOST}/v2/app/manifests/latest"
    wire.ask("PUT", here, 302, sent=APP.manifest(), location=there)
    wire.ask("GET", there, 200, referer=here, body=APP.manifest(), answer={"Content-Type": OCI_MANIFEST})
    pull = only(played(wire))
    assert told(pull) == ["!manifest-put 302 200"]
    assert (pull.action, pull.outcome) == ("push", Ending.FAILED)


def test_two_tags_pushed_after_each_other() -> None:
    """The second tag of one repository is a push of its own, which begins with a version check."""
    wire = Wire(agent=SKOPEO)
    upload(wire, "base")
    put_manifest(wire)
    wire.ask("GET", f"{HOST}/v2/")
    put_manifest(wire, tag="v1")
    trace = played(wire)
    assert [(pull.reference, pull.outcome) for pull in trace.pulls] == [
        (REFERENCE, Ending.COMPLETE),
        ("registry.example.com/app:v1", Ending.COMPLETE),
    ]


def test_pull_and_push_of_one_repository() -> None:
    """What is fetched and what is put are told apart."""
    wire = Wire(agent=SKOPEO)
    url = f"{HOST}/v2/app/manifests/latest"
    wire.ask("GET", url, body=APP.manifest(), answer={"Content-Type": OCI_MANIFEST})
    for content in APP.blobs():
        wire.ask("GET", f"{HOST}/v2/app/blobs/{digest(content)}", content=content)
    upload(wire, "new")
    put_manifest(wire, tag="next")
    trace = played(wire)
    assert [(pull.action, pull.tag) for pull in trace.pulls] == [("pull", "latest"), ("push", "next")]


@pytest.mark.parametrize(
    ("path", "kind", "action"),
    [
        ("/v2/app/tags/list?n=10", "tags", "list"),
        ("/v2/_catalog", "catalog", "list"),
        ("/v1/search?q=app", "search", "list"),
        ("/extensions/v2/app/signatures/sha256:" + "a" * 64, "signature", "other"),
    ],
)
def test_questions(path: str, kind: str, action: str) -> None:
    """What is asked for its own sake is told at once, under the host's name."""
    wire = Wire(agent=SKOPEO)
    unauthorized_at(wire, "GET", f"{HOST}/v2/", None)
    wire.asks_for_token(None, "t")
    wire.ask("GET", f"{HOST}{path}", token="t")
    trace = played(wire, finish=False)
    pull = only(trace)
    assert (pull.action, pull.registry) == (action, "registry.example.com")
    assert told(pull) == ["version-check 401", "token 200", f"{kind} 200"]
    trace.finish()
    assert pull.outcome is Ending.COMPLETE


def test_pages_of_tags() -> None:
    """Every page belongs to the same question."""
    wire = Wire(agent=SKOPEO)
    wire.ask("GET", f"{HOST}/v2/app/tags/list?n=2")
    wire.ask("GET", f"{HOST}/v2/app/tags/list?n=2&last=b")
    assert told(only(played(wire))) == ["tags 200", "tags 200"]


def test_skopeo_inspect() -> None:
    """Manifest, config and the list of tags are one look at an image."""
    wire = Wire(agent=SKOPEO)
    url = f"{HOST}/v2/app/manifests/latest"
    wire.ask("GET", url, body=APP.manifest(), answer={"Content-Type": OCI_MANIFEST})
    wire.ask("GET", f"{HOST}/v2/app/blobs/{digest(APP.config_text)}", content=APP.config_text)
    wire.ask("GET", f"{HOST}/v2/app/tags/list")
    pull = only(played(wire))
    assert told(pull) == ["manifest 200", "config 200", "tags 200"]
    assert pull.outcome is Ending.COMPLETE


@pytest.mark.parametrize(("status", "ending"), [(202, Ending.COMPLETE), (405, Ending.FAILED)])
def test_delete(status: int, ending: Ending) -> None:
    """A deletion, and one that is not allowed."""
    wire = Wire(agent=CRANE)
    wire.ask("HEAD", f"{HOST}/v2/app/manifests/latest", answer={"Docker-Content-Digest": digest("x")})
    wire.ask("DELETE", f"{HOST}/v2/app/manifests/{digest('x')}", status)
    pull = only(played(wire))
    assert told(pull) == ["resolve 200", f"{'!' if status == 405 else ''}delete {status}"]
    assert pull.outcome is ending


def test_cosign_signature() -> None:
    """A signature's tag, manifest and payload are signature steps, and no image of the pull."""
    payload = '{"critical":{}}'
    text = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(OCI_CONFIG, "{}"),
            "layers": [descriptor("application/vnd.dev.cosign.simplesigning.v1+json", payload)],
        }
    )
    tag = f"sha256-{digest(APP.manifest())[7:]}.sig"
    wire = Wire(agent="cosign/2.4")
    wire.ask("HEAD", f"{HOST}/v2/app/manifests/latest", answer={"Docker-Content-Digest": digest(APP.manifest())})
    wire.ask("GET", f"{HOST}/v2/app/manifests/{tag}", body=text, answer={"Content-Type": OCI_MANIFEST})
    wire.ask("GET", f"{HOST}/v2/app/blobs/{digest(payload)}", content=payload)
    pull = only(played(wire))
    assert told(pull) == ["resolve 200", "signature 200", "signature 1 200"]
    assert (pull.reference, pull.layers.total) == (REFERENCE, None)


def test_referrers_by_endpoint_and_by_tag() -> None:
    """Referrers that are not there are normal, by the endpoint and by the fallback tag."""
    wire = Wire()
    subject = digest(APP.manifest())
    get_manifest(wire, APP, APP.manifest(), tag=True)
    wire.ask("GET", f"https://registry-1.docker.io/v2/app/referrers/{subject}", 404)
    wire.ask("GET", f"https://registry-1.docker.io/v2/app/manifests/sha256-{subject[7:]}", 404)
    pull = only(played(wire))
    assert told(pull) == ["manifest 200", "referrers 404", "referrers 404"]
    assert [str(step.outcome) for step in pull.steps] == ["ok", "expected-404", "expected-404"]
    assert pull.outcome is Ending.COMPLETE


STATEMENT = '{"_type":"https://in-toto.io/Statement/v0.1"}'


def attested(layer_type: str = "application/vnd.in-toto+json", *, annotated: bool = True) -> tuple[str, str]:
    """An index of which one entry is for no platform, and the manifest of that entry."""
    attestation = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor(OCI_CONFIG, "{}"),
            "layers": [descriptor(layer_type, STATEMENT)],
        }
    )
    said = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest(APP.manifest())}
    index = json.loads(APP.index)
    index["manifests"].append(
        {
            **descriptor(OCI_MANIFEST, attestation),
            "platform": {"os": "unknown", "architecture": "unknown"},
            **({"annotations": said} if annotated else {}),
        }
    )
    return json.dumps(index), attestation


def test_attestations_are_told_apart() -> None:
    """An attestation's manifest is found by the index, its statement by its manifest; neither counts as a layer."""
    index, attestation = attested()
    wire = Wire()
    get_manifest(wire, APP, index, tag=True)
    get_manifest(wire, APP, APP.manifest())
    get_manifest(wire, APP, attestation)
    wire.ask("GET", APP.url("blobs", digest(STATEMENT)), content=STATEMENT)
    pull = only(played(wire))
    assert told(pull) == ["manifest-list 200", "manifest 200", "attestation 200", "attestation 1 200"]
    assert pull.layers.total == 2


@pytest.mark.parametrize("annotated", [True, False])
@pytest.mark.parametrize(("agent", "action"), [(SKOPEO, "pull"), (CRANE, "look")])
def test_an_attestation_alone_is_no_platform_s_image(agent: str, action: str, annotated: bool) -> None:
    """`--all-platforms` fetches it like one (containers/podman#21596); who else reads it looks."""
    index, attestation = attested(annotated=annotated)
    wire = Wire(agent=agent)
    get_manifest(wire, APP, index, tag=True)
    get_manifest(wire, APP, attestation)
    for content in ("{}", STATEMENT):
        wire.ask("GET", APP.url("blobs", digest(content)), content=content)
    trace = played(wire)
    pull = only(trace)
    assert (pull.platform, pull.action, pull.outcome) == (None, action, Ending.COMPLETE)
    assert "only an attestation asked for" in " ".join(report(trace, "text").split())
    assert pull.findings == []


def test_what_is_for_no_platform_names_none() -> None:
    """An entry that nothing tells to be an attestation is what its layers are, of a platform that is not known."""
    index, manifest = attested(OCI_LAYER, annotated=False)
    wire = Wire()
    get_manifest(wire, APP, index, tag=True)
    get_manifest(wire, APP, manifest)
    wire.ask("GET", APP.url("blobs", digest(STATEMENT)), content=STATEMENT)
    pull = only(played(wire))
    assert (pull.platform, pull.steps[1].platform, pull.layers.total) == (None, None, 1)


def test_a_config_is_told_from_a_layer() -> None:
    """Both are blobs; the manifest that came before says which is which."""
    wire = Wire(agent=DOCKER_20)
    docker_classic(wire, APP)
    kinds = {str(step.kind) for step in only(played(wire)).steps if "blobs" in step.first.request.url}
    assert kinds == {"config", "layer"}


def test_a_page_is_no_manifest() -> None:
    """A web page in a manifest's place is a failure, whatever the answer calls it."""
    wire = Wire()
    wire.ask("GET", APP.url("manifests", "latest"), body="<html><title>Sign in</title></html>")
    assert told(only(played(wire))) == ["!manifest 200"]


@pytest.mark.parametrize("body", ['{"errors":', "[" * 100_000, "\x00\xff", '{"manifests":7}', "null", ""])
def test_manifests_that_are_none(body: str) -> None:
    """What is not a manifest is a step all the same."""
    wire = Wire()
    wire.ask("GET", APP.url("manifests", "latest"), body=body)
    assert told(only(played(wire))) == ["manifest 200"]


def test_what_head_says_a_tag_is() -> None:
    """The media type of a tag that was only looked up is that of its answer; of a failure there is none."""
    wire = Wire()
    wire.ask("HEAD", APP.url("manifests", "latest"), answer={"Content-Type": f"{OCI_INDEX}; charset=utf-8"})
    wire.ask("HEAD", APP.url("manifests", "next"), 404, answer={"Content-Type": "text/html"})
    steps = [step for pull in played(wire).pulls for step in pull.steps]
    assert [step.media_type for step in steps] == [OCI_INDEX, None]
