"""The rules on manifests and names: missing, of the wrong kind, too large, or without what should be said."""

from __future__ import annotations

import json
import re

import pytest
from tests.trace.findings.looked_at import (
    BLOB,
    IMAGE,
    PAGE,
    REGISTRY,
    REPO,
    TAG,
    error,
    found,
    resolved,
    told,
    with_token,
)
from tests.trace.images import OCI_INDEX, OCI_MANIFEST, Image, digest, get_manifest
from tests.trace.wire import CONTAINERD, DOCKER_20, DOCKER_29, HUB, SKOPEO, Wire, challenge_for, only, played, token_url

from pullscope.render.formats import report

SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
DOCKER_28 = DOCKER_20.replace("20.10.24", "28.5.2")


def asked(
    agent: str = DOCKER_20,
    status: int = 404,
    body: str | None = None,
    url: str = TAG,
    answer: dict[str, str] | None = None,
) -> Wire:
    """A manifest or blob is asked for with a token."""
    wire = with_token(agent)
    wire.ask("GET", url, status, token="t", body=body, answer={**REGISTRY, **(answer or {})})
    return wire


def test_manifest_unknown() -> None:
    """A tag that is not there; the fix says how to see those that are."""
    finding = found(asked(body=error("MANIFEST_UNKNOWN", "manifest unknown")))["manifest-unknown"]
    assert finding.severity == "error"
    assert "has no tag latest in library/app" in finding.message
    assert "docker.io/library/app" in finding.fix


def test_manifest_unknown_of_an_index_entry() -> None:
    """The index names it, the registry does not have it."""
    wire = with_token(DOCKER_20)
    resolved(wire)
    get_manifest(wire, IMAGE, IMAGE.index, token="t")
    url = IMAGE.url("manifests", digest(IMAGE.manifest()))
    wire.ask("GET", url, 404, token="t", body=error("MANIFEST_UNKNOWN"))
    assert told(wire) == {"manifest-unknown": "error"}
    assert "that the image's index names" in found(wire)["manifest-unknown"].message


def test_no_referrers_is_no_missing_manifest() -> None:
    """A 404 from /referrers/ and then from the fallback tag is how "none" is said."""
    wire = with_token(DOCKER_29)
    resolved(wire)
    name = digest(IMAGE.index)
    wire.ask("GET", IMAGE.url("referrers", name), 404, token="t")
    wire.ask("GET", IMAGE.url("manifests", name.replace(":", "-")), 404, token="t", body=error("MANIFEST_UNKNOWN"))
    assert told(wire) == {}


def test_a_manifest_that_is_not_there_before_it_is_pushed_is_fine() -> None:
    """A push asks first."""
    wire = with_token(DOCKER_20)
    wire.ask("HEAD", TAG, 404, token="t")
    wire.ask(
        "PUT", TAG, 201, token="t", sent=IMAGE.manifest(), answer={"Docker-Content-Digest": digest(IMAGE.manifest())}
    )
    assert told(wire) == {}


def test_name_unknown() -> None:
    """The repository is not there."""
    assert told(asked(body=error("NAME_UNKNOWN"))) == {"name-unknown": "error"}


def test_blob_unknown() -> None:
    """A layer that its registry does not have."""
    url = IMAGE.url("blobs", BLOB)
    assert told(asked(body=error("BLOB_UNKNOWN"), url=url)) == {"blob-unknown": "error"}


def test_a_blob_that_a_push_asks_for_may_be_missing() -> None:
    """HEAD of a blob before an upload."""
    wire = with_token(DOCKER_20)
    wire.ask("HEAD", IMAGE.url("blobs", BLOB), 404, token="t")
    assert told(wire) == {}


def test_registry_failed() -> None:
    """503, and the client gave up."""
    assert told(asked(status=503)) == {"registry-failed": "error"}


def test_a_registry_that_recovered_has_not_failed() -> None:
    """503 once, 200 when asked again at once: retried, and that is all."""
    wire = asked(status=503)
    wire.ask(
        "GET",
        TAG,
        token="t",
        answer={"Content-Type": OCI_INDEX, "Docker-Content-Digest": digest(IMAGE.index)},
        body=IMAGE.index,
    )
    assert told(wire) == {"retried": "info"}


def index_only(agent: str, platforms: tuple[str, ...]) -> Wire:
    """The index is read, and nothing after it."""
    image = Image(platforms=platforms)
    wire = with_token(agent)
    resolved(wire, image=image)
    get_manifest(wire, image, image.index, token="t")
    return wire


def test_no_matching_platform() -> None:
    """dockerd says in its User-Agent what it runs on; the index has nothing for that."""
    wire = index_only(DOCKER_29, ("s390x", "ppc64le"))
    assert told(wire) == {"no-matching-platform": "error"}
    assert "linux/s390x and linux/ppc64le" in found(wire)["no-matching-platform"].message


def test_what_a_client_did_after_the_input_was_cut_off_is_not_known() -> None:
    """A manifest that was not asked for by then is not held against the index."""
    trace = played(index_only(DOCKER_29, ("s390x", "ppc64le")), finish=False)
    trace.finish(cut_off=True)
    assert only(trace).findings == []


@pytest.mark.parametrize(
    ("agent", "platforms", "expected"),
    [
        (DOCKER_29, ("amd64", "arm64"), {}),
        (SKOPEO, ("s390x",), {"no-matching-platform": "info"}),
    ],
    ids=["it is on the host already, or another was wanted", "a client of unknown platform"],
)
def test_an_index_alone_proves_little(agent: str, platforms: tuple[str, ...], expected: dict[str, str]) -> None:
    """Looking at an index is not a failed pull."""
    assert told(index_only(agent, platforms)) == expected


def schema1(agent: str) -> Wire:
    body = json.dumps({"schemaVersion": 1, "name": REPO, "tag": "latest", "fsLayers": [{"blobSum": digest("old")}]})
    return asked(agent, 200, body, answer={"Content-Type": SCHEMA1, "Docker-Content-Digest": digest(body)})


@pytest.mark.parametrize(
    ("agent", "severity"),
    [(DOCKER_29, "error"), (CONTAINERD, "error"), (DOCKER_28, "error"), (DOCKER_20, "warning"), (SKOPEO, "warning")],
)
def test_schema1_only(agent: str, severity: str) -> None:
    """Those that do not read it fail, the others may still."""
    assert told(schema1(agent)) == {"schema1-only": severity}


def test_a_manifest_of_today_is_no_schema1() -> None:
    """schemaVersion 2."""
    wire = with_token(DOCKER_29)
    resolved(wire)
    assert "schema1-only" not in told(wire)


@pytest.mark.parametrize(("size", "large"), [(4 * 1024 * 1024, False), (4 * 1024 * 1024 + 1, True)])
def test_manifest_too_large(size: int, large: bool) -> None:
    """4 MiB are allowed, one byte more is not."""
    wire = with_token(DOCKER_20)
    wire.ask(
        "GET", TAG, token="t", size=size, answer={"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest("x")}
    )
    assert ("manifest-too-large" in told(wire)) is large


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("application/octet-stream", True),
        ("application/json", True),
        ("", True),
        (f"{OCI_INDEX}; charset=utf-8", False),
        (SCHEMA1, True),
    ],
)
def test_wrong_content_type(kind: str, wrong: bool) -> None:
    """What is none of a manifest's types, and what is one with a parameter."""
    wire = with_token(SKOPEO)
    answer = {"Docker-Content-Digest": digest(IMAGE.index), **({"Content-Type": kind} if kind else {})}
    wire.ask("GET", TAG, token="t", answer=answer, body=IMAGE.index)
    assert ("wrong-content-type" in told(wire)) is wrong


@pytest.mark.parametrize(
    ("agent", "severity"), [(SKOPEO, "error"), ("crane/0.21.9 go-containerregistry/0.21.9", "warning")]
)
def test_wrong_content_type_where_the_client_stopped(agent: str, severity: str) -> None:
    """skopeo copies, so it failed there (1.9.3: "unsupported schema version 2"); crane may only have looked."""
    answer = {"Docker-Content-Digest": digest(IMAGE.index), "Content-Type": "application/octet-stream"}
    wire = with_token(agent)
    wire.ask("GET", TAG, token="t", answer=answer, body=IMAGE.index)
    assert told(wire)["wrong-content-type"] == severity
    assert "no-matching-platform" not in told(wire)


def test_missing_content_digest() -> None:
    """HEAD of a tag without it is info where GET made it good, else a warning; GET is info; by digest it needs none."""
    head, good = with_token(DOCKER_20), with_token(DOCKER_20)
    for wire in (head, good):
        resolved(wire, answer={"Content-Type": OCI_INDEX})
        wire.ask("GET", TAG, token="t", answer={"Content-Type": OCI_INDEX}, body=IMAGE.index)
    head.ask("GET", IMAGE.url("blobs", BLOB), 404, token="t")
    get = with_token(SKOPEO)
    get.ask("GET", TAG, token="t", answer={"Content-Type": OCI_INDEX}, body=IMAGE.index)
    by_digest = with_token(SKOPEO)
    url = IMAGE.url("manifests", digest(IMAGE.index))
    by_digest.ask("GET", url, token="t", answer={"Content-Type": OCI_INDEX}, body=IMAGE.index)

    assert told(head)["missing-content-digest"] == "warning"
    assert told(good)["missing-content-digest"] == told(get)["missing-content-digest"] == "info"
    assert "missing-content-digest" not in told(by_digest)


@pytest.mark.parametrize(("status", "expected"), [(405, True), (404, True), (401, False), (200, False)])
def test_head_not_allowed(status: int, expected: bool) -> None:
    """HEAD fails where GET does not; 401 is a challenge."""
    wire = with_token(DOCKER_20)
    said = {"Docker-Content-Digest": digest(IMAGE.index), "Content-Type": OCI_INDEX}
    wire.ask("HEAD", TAG, status, token="t", answer=said if status == 200 else None)
    wire.ask("GET", TAG, token="t", answer=said, body=IMAGE.index)
    assert ("head-not-allowed" in told(wire)) is expected


def test_a_tag_that_is_missing_for_head_and_get_is_just_missing() -> None:
    """HEAD 404, GET 404."""
    wire = with_token(DOCKER_20)
    wire.ask("HEAD", TAG, 404, token="t")
    wire.ask("GET", TAG, 404, token="t", body=error("MANIFEST_UNKNOWN"))
    assert told(wire) == {"manifest-unknown": "error"}


def test_a_page_is_not_a_manifest() -> None:
    """404 with HTML is a missing rule and no missing tag."""
    assert "manifest-unknown" not in told(asked(body="<HTML> 404", answer=PAGE))


def unreadable(body: str, media_type: str = OCI_MANIFEST, agent: str = DOCKER_29) -> Wire:
    """A tag behind which there is something else."""
    wire = with_token(agent)
    answer = {**REGISTRY, "Content-Type": media_type, "Docker-Content-Digest": digest(body)}
    length = {"Content-Length": "0"} if not body else {}
    wire.ask("GET", TAG, token="t", body=body or None, answer={**answer, **length})
    return wire


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("hello", "not JSON"),
        ("\ufffd\ufffd\x00", "not JSON"),
        ("[1,2,3]", "a list"),
        ("{}", "an object"),
        ('"latest"', "a text"),
        ("12", "a number"),
        ("", "empty"),
    ],
)
@pytest.mark.parametrize("agent", [DOCKER_20, DOCKER_29, SKOPEO])
def test_manifest_unreadable(body: str, what: str, agent: str) -> None:
    """Whatever it is, it is called by its name, and the pull is neither complete nor without news."""
    wire = unreadable(body, agent=agent)
    assert told(wire) == {"manifest-unreadable": "error"}
    assert f"({what})" in found(wire)["manifest-unreadable"].message
    assert only(played(wire)).outcome == "failed"
    story = report(played(wire), "text")
    assert re.search(rf"manifest +(no manifest: )?{what} ", story)
    assert "nothing new" not in story


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("gzip", {"manifest-unreadable": "error"}),
        ("zstd;q=1.0, GZIP;q=0.8", {"manifest-unreadable": "error"}),
        (None, {}),
    ],
)
def test_a_manifest_that_is_not_packed_as_it_says(asked: str | None, expected: dict[str, str]) -> None:
    """Who asked for gzip unpacks it, and cannot; curl, which did not ask, takes it as it is."""
    wire = with_token(DOCKER_20)
    answer = {**REGISTRY, "Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest("{}")}
    headers = {"Accept-Encoding": asked} if asked is not None else None
    wire.ask(
        "GET", TAG, token="t", size=424, miscoded="gzip", answer={**answer, "Content-Encoding": "gzip"}, headers=headers
    )
    assert told(wire) == expected
    if expected:
        finding = found(wire)["manifest-unreadable"]
        assert "(not gzip, as its Content-Encoding says)" in finding.message
        assert finding.fix.startswith("send no Content-Encoding with what is not gzip")


def test_a_token_that_is_not_packed_as_it_says() -> None:
    """The client has none, and says "gzip: invalid header"."""
    wire = Wire(agent=DOCKER_20)
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=challenge_for(None))
    headers = {"Accept-Encoding": "gzip"}
    wire.ask(
        "GET", token_url("team/app"), size=600, miscoded="gzip", answer={"Content-Encoding": "gzip"}, headers=headers
    )
    assert told(wire) == {"token-server-failed": "error"}
    assert (
        "answered 200 and no token in it (not gzip, as its Content-Encoding says)"
        in found(wire)["token-server-failed"].message
    )


def test_a_manifest_of_another_form_is_a_manifest() -> None:
    """One with only a schema version is read by some clients."""
    assert told(unreadable('{"schemaVersion":2}')) == {}


def test_a_list_that_is_no_manifest_s_type_is_of_the_wrong_type() -> None:
    """One cause, one error."""
    assert "manifest-unreadable" not in told(unreadable("[1,2,3]", "application/json"))


def test_bytes_that_are_wrong_explain_that_they_cannot_be_read() -> None:
    """What does not hash to its digest need not be JSON either."""
    wire = with_token(DOCKER_29)
    answer = {**REGISTRY, "Content-Type": OCI_MANIFEST}
    wire.ask("GET", IMAGE.url("manifests", digest(IMAGE.manifest())), token="t", body="hello", answer=answer)
    assert told(wire) == {"digest-mismatch": "error"}
