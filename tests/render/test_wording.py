"""What each step says."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.trace.images import OCI_INDEX, OCI_MANIFEST, Image, digest, docker_containerd, head
from tests.trace.wire import CONTAINERD, CRANE, DOCKER_29, HUB, SKOPEO, Wire, only, played

from pullscope.cli.source import read_trace
from pullscope.render.wording import SAYINGS, sayings, title, what
from pullscope.trace.model import Kind

APP = Image()
FIELD = Path(__file__).parents[1] / "data" / "field"


def said(wire: Wire) -> list[tuple[str, str]]:
    """The title and words of each step of the one pull."""
    pull = only(played(wire))
    return [(title(step), what(step, pull)) for step in pull.steps]


def test_an_attestation_that_is_not_there_has_no_size() -> None:
    """A push asks with HEAD for the blobs of an attestation too, and nothing of them has come."""
    path = FIELD / "live" / "build-push-cache-from-missing.mitm"
    steps = [(step, pull) for pull in read_trace(str(path))[0].pulls for step in pull.steps]
    told = [what(step, pull) for step, pull in steps if step.kind is Kind.ATTESTATION and step.method == "HEAD"]
    assert told == ["provenance, not there yet", "config, not there yet"]


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


def test_a_token_s_rights_stay_longer_than_its_time() -> None:
    """In the thirty columns that a line has, a push's token says that it is one."""
    wire = Wire(agent=SKOPEO)
    wire.asks_for_token("app", "t", actions="pull%2Cpush")
    pull = only(played(wire))
    assert next(words for words in sayings(pull.steps[0], pull) if len(words) <= 22) == "anonymous, pull+push"


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


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "401: authentication required"),
        (403, "403: access denied"),
        (404, "not there"),
        (429, "429: too many requests"),
        (503, "503: server error"),
        (418, "418: refused"),
    ],
)
def test_what_may_still_be_made_good_is_what_was_answered(status: int, words: str) -> None:
    """A read that failed at one host is not FAILED: the client may ask the next."""
    wire = Wire()
    wire.ask("GET", APP.url("manifests", "latest"), status)
    assert said(wire) == [("resolve", words)]


def test_a_write_that_is_refused_has_failed() -> None:
    """No other kind takes it."""
    wire = Wire()
    wire.ask("POST", f"{HUB}/v2/app/blobs/uploads/", 403)
    assert said(wire) == [("upload start", "FAILED, 403: access denied")]


def test_a_client_that_hangs_up_is_named() -> None:
    """Nothing failed at the server."""
    wire = Wire()
    wire.ask("GET", APP.url("blobs", digest("base")), size=9, fails="Client disconnected.")
    assert said(wire) == [("blob", "stopped by the client")]


@pytest.mark.parametrize(("source", "words"), [("&from=team/app", "mounted from team/app"), ("", "mounted")])
def test_a_mount_says_from_where(source: str, words: str) -> None:
    """As far as the client said it."""
    wire = Wire()
    wire.ask("POST", f"{HUB}/v2/app/blobs/uploads/?mount={digest('base')}{source}", 201)
    assert said(wire) == [("mount", words)]


@pytest.mark.parametrize(("suffix", "name"), [("sig", "signature"), ("att", "attestation"), ("sbom", "SBOM")])
def test_cosign_s_tags_by_what_they_are_of(suffix: str, name: str) -> None:
    """A missing SBOM is not a missing signature, and none of them is an error."""
    wire = Wire(agent="cosign/3.1.0")
    wire.ask("HEAD", APP.url("manifests", "latest"), answer={"Docker-Content-Digest": digest("x")})
    wire.ask("GET", APP.url("manifests", f"sha256-{digest('x')[7:]}.{suffix}"), 404)
    assert said(wire)[1] == (name, "none (normal)")


def test_a_blob_that_a_signature_s_push_looks_for_is_a_blob() -> None:
    """cosign sign asks for the signature's own layer before it sends it: that is not a look for a signature."""
    wire = Wire(agent="cosign/v2.6.3 (linux; amd64)")
    tag = APP.url("manifests", f"sha256-{digest('x')[7:]}.sig")
    wire.ask("HEAD", tag, 404, connection="only")
    wire.ask("HEAD", APP.url("blobs", digest(APP.layers[0])), 404, connection="only")
    wire.ask("PUT", tag, 201, sent=APP.manifest(), connection="only")
    assert said(wire)[1] == ("signature", "blob, not there yet")


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/v2/app/tags/list", '{"tags":["a"]}', "1 tag"),
        ("/v2/_catalog", '{"repositories":["a"]}', "1 repository"),
        ("/v2/_catalog", '{"repositories":["a","b"]}', "2 repositories"),
        ("/v1/search?q=x", '{"results":[]}', "0 results"),
    ],
)
def test_a_list_is_counted(path: str, body: str, words: str) -> None:
    """In the noun of what it is of."""
    wire = Wire()
    wire.ask("GET", f"{HUB}{path}", body=body)
    assert [one for _, one in said(wire)] == [words]


def test_a_token_that_a_version_check_refuses_is_not_expected() -> None:
    """401 to a token is not an invitation to get one."""
    wire = Wire()
    wire.ask("GET", f"{HUB}/v2/", 401, token="t", challenge='Basic realm="x"')
    assert said(wire) == [("version check", "401: token refused")]
