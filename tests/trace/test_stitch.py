"""Which step a request belongs to: redirects, repeats, retries, ranges, tokens, and where uploads go on."""

from __future__ import annotations

import pytest
from tests.trace.images import OCI_MANIFEST, Image, digest, get_blob, get_manifest, head, unauthorized
from tests.trace.wire import (
    AUTH,
    CDN,
    CONTAINERD,
    CRANE,
    HUB,
    SKOPEO,
    Wire,
    challenge_for,
    only,
    played,
    token_url,
    told,
)

from pullscope.trace.model import Ending, Outcome

APP = Image()
VANITY = "https://docker.example.com"
BLOB = APP.url("blobs", digest("base"))


def beginning(wire: Wire) -> None:
    """A pull that has come as far as its manifest, so that blobs have numbers."""
    get_manifest(wire, APP, APP.manifest(), tag=True)


def blob_steps(wire: Wire) -> list[str]:
    """What is told of the layer `base` after the beginning."""
    return [line for line in told(only(played(wire))) if "layer 1" in line]


@pytest.mark.parametrize("hosts", [2, 3, 5])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_over_hosts(hosts: int, status: int) -> None:
    """A chain of redirects over any number of hosts is one step."""
    wire = Wire()
    beginning(wire)
    urls = [BLOB, *(f"https://hop{place}.example.com/x?sig={place}" for place in range(1, hosts))]
    last = wire.follows("GET", urls, status)
    wire.ask("GET", last, referer=urls[-2], content="base")
    assert blob_steps(wire) == [f"layer 1 {' '.join([str(status)] * (hosts - 1))} 200"]


def test_relative_location() -> None:
    """A Location without host is one of the same host."""
    wire = Wire()
    beginning(wire)
    wire.ask("GET", BLOB, 307, location="/v2/elsewhere/blob?x=1")
    wire.ask("GET", f"{HUB}/v2/elsewhere/blob?x=1", referer=BLOB, content="base")
    assert blob_steps(wire) == ["layer 1 307 200"]


def test_no_referer() -> None:
    """A client that sends no Referer (containers/image may be built so) is stitched by the open Location."""
    wire = Wire(agent=SKOPEO)
    beginning(wire)
    wire.ask("GET", BLOB, 307, location=f"{CDN}/a?sig=1")
    wire.ask("GET", f"{CDN}/a?sig=1", content="base")
    assert blob_steps(wire) == ["layer 1 307 200"]


def test_location_that_is_asked_for_in_another_spelling() -> None:
    """Referer alone says where a request came from when the client respells the Location."""
    wire = Wire()
    beginning(wire)
    wire.ask("GET", BLOB, 307, location=f"{CDN}/a%2Fb?sig=1")
    wire.ask("GET", f"{CDN}/a/b?sig=1", referer=BLOB, content="base")
    assert blob_steps(wire) == ["layer 1 307 200"]


def test_the_same_signed_address_twice() -> None:
    """Two redirects to one address by two clients are followed by each of them once."""
    first, second = Wire(), Wire(client="10.0.0.2", at=1000.002)
    for wire in (first, second):
        beginning(wire)
        wire.ask("GET", BLOB, 307, location=f"{CDN}/same?sig=1")
        wire.ask("GET", f"{CDN}/same?sig=1", content="base")
    trace = played(first, second)
    assert [told(pull) for pull in trace.pulls] == [["manifest 200", "layer 1 307 200"]] * 2


def test_unauthorized_and_repeat() -> None:
    """The 401, the token below it, and the repeat are one step."""
    wire = Wire()
    unauthorized(wire, "GET", APP.url("manifests", APP.tag), APP.repository)
    wire.asks_for_token(APP.repository, "t")
    get_manifest(wire, APP, APP.manifest(), token="t", tag=True)
    assert told(only(played(wire))) == ["> token 200", "manifest 401 200"]


def test_token_that_is_refused() -> None:
    """A token server that says no: the token failed, and so did what needed it."""
    wire = Wire()
    unauthorized(wire, "HEAD", APP.url("manifests", APP.tag), APP.repository)
    wire.ask("GET", token_url(APP.repository), 403, body='{"errors":[{"code":"DENIED","message":"no"}]}')
    pull = only(played(wire))
    assert told(pull) == ["> !token 403", "!resolve 401"]
    assert pull.outcome is Ending.FAILED


def test_two_tokens_in_one_step() -> None:
    """crane asks again with the challenge's scope in front when its first token is not enough."""
    wire = Wire(agent=CRANE)
    unauthorized(wire, "GET", f"{HUB}/v2/", None)
    wire.asks_for_token(APP.repository, "a")
    wire.ask("GET", APP.url("manifests", APP.tag), 401, token="a", challenge=challenge_for(APP.repository))
    wire.asks_for_token(APP.repository, "b")
    get_manifest(wire, APP, APP.manifest(), token="b", tag=True)
    assert told(only(played(wire))) == ["version-check 401", "token 200", "> token 200", "manifest 401 200"]


def test_token_with_post() -> None:
    """containerd asks for a token with POST; that its form holds a password makes it no anonymous one."""
    wire = Wire(agent=CONTAINERD)
    unauthorized(wire, "HEAD", APP.url("manifests", APP.tag), APP.repository)
    form = "grant_type=password&service=registry.docker.io&scope=repository%3Alibrary%2Fapp%3Apull&password=REDACTED"
    wire.ask("POST", AUTH, sent=form, issued="t", body='{"access_token":"REDACTED","expires_in":60}')
    head(wire, APP, "t")
    pull = only(played(wire))
    assert told(pull) == ["> token 200", "resolve 401 200"]
    facts = pull.steps[0].token
    assert facts is not None
    assert (facts.anonymous, facts.scope, facts.expires_in) == (False, "repository:library/app:pull", 60)


def test_realm_on_the_registry_itself() -> None:
    """A token endpoint below /v2/ (gcr.io) is a token request because a challenge named it."""
    realm = "https://gcr.example.com/v2/token"
    url = "https://gcr.example.com/v2/app/manifests/latest"
    wire = Wire()
    wire.ask("HEAD", url, 401, challenge=challenge_for("app", realm=realm))
    wire.asks_for_token("app", "t", realm=realm)
    wire.ask("HEAD", url, token="t", answer={"Docker-Content-Digest": digest("x")})
    assert told(only(played(wire))) == ["> token 200", "resolve 401 200"]


def test_unauthorized_through_a_vanity_host() -> None:
    """Redirect, 401 at the registry, token, and both hosts again: one step of four hops."""
    wire = Wire()
    here, there = f"{VANITY}/v2/library/app/manifests/latest", APP.url("manifests", "latest")
    for status, token in ((401, None), (200, "t")):
        wire.ask("HEAD", here, 302, location=there)
        wire.ask(
            "HEAD",
            there,
            status,
            referer=here,
            token=token,
            challenge=challenge_for(APP.repository) if status == 401 else None,
            answer={"Docker-Content-Digest": digest(APP.index)},
        )
        if status == 401:
            wire.asks_for_token(APP.repository, "t", agent=CONTAINERD)
    pull = only(played(wire))
    assert told(pull) == ["> token 200", "resolve 302 401 302 200"]
    assert pull.reference == "docker.example.com/library/app:latest"


def test_head_and_then_get_for_the_error() -> None:
    """A failed HEAD is asked again with GET for its text: one step, and it failed."""
    wire = Wire()
    wire.ask("HEAD", APP.url("manifests", "nope"), 404)
    wire.ask(
        "GET",
        APP.url("manifests", "nope"),
        404,
        body='{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}',
    )
    pull = only(played(wire))
    assert told(pull) == ["!resolve 404 404"]
    assert pull.steps[0].errors[0].code == "MANIFEST_UNKNOWN"
    assert pull.outcome is Ending.FAILED


@pytest.mark.parametrize("status", [405, 500, 403])
def test_head_that_fails_and_get_that_answers(status: int) -> None:
    """HEAD is not to be had everywhere; GET in its stead makes the step a good one."""
    wire = Wire()
    wire.ask("HEAD", APP.url("manifests", APP.tag), status)
    get_manifest(wire, APP, APP.manifest(), tag=True)
    assert told(only(played(wire))) == [f"manifest {status} 200"]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_retry_after_a_server_error(status: int) -> None:
    """A server error and the retry at once are one step, which ended well."""
    wire = Wire()
    beginning(wire)
    wire.ask("GET", BLOB, status)
    wire.wait(0.5)
    get_blob(wire, APP, "base")
    assert blob_steps(wire) == [f"layer 1 {status} 307 200"]


def test_retry_after_a_lost_connection() -> None:
    """No answer at all, and the same request again."""
    wire = Wire()
    beginning(wire)
    wire.ask("GET", BLOB, None, fails="connection reset")
    get_blob(wire, APP, "base")
    assert blob_steps(wire) == ["layer 1 cut 307 200"]


def test_a_body_that_is_cut_off_and_continued() -> None:
    """A cut-off blob is continued by a range; it was not hashed from byte 0, so it is not known to be right."""
    wire = Wire()
    beginning(wire)
    there = f"{CDN}/a?sig=1"
    wire.ask("GET", BLOB, 307, location=there)
    wire.ask("GET", there, 200, referer=BLOB, fails="connection reset", size=2)
    again = {"Range": "bytes=2-"}
    wire.ask("GET", BLOB, 307, location=there, headers=again)
    wire.ask("GET", there, 206, referer=BLOB, headers=again, size=2, answer={"Content-Range": "bytes 2-3/4"})
    pull = only(played(wire))
    assert told(pull)[1:] == ["layer 1 307 cut 307 206"]
    step = pull.steps[1]
    assert (step.outcome, step.verified) == (Outcome.OK, None)
    assert pull.layers.fetched == 1


def test_a_body_that_is_cut_off_for_good() -> None:
    """A pull whose layer broke off is incomplete, and the step failed."""
    wire = Wire()
    beginning(wire)
    wire.ask("GET", BLOB, 200, fails="client went away", size=2)
    pull = only(played(wire))
    assert told(pull)[1:] == ["!layer 1 cut"]
    assert pull.outcome is Ending.INCOMPLETE


def test_ranges_side_by_side() -> None:
    """containerd may fetch one blob in ranges at once (concurrent_layer_fetch_buffer): one step."""
    wire = Wire(agent=CONTAINERD)
    beginning(wire)
    start = wire.now
    for place in range(4):
        wire.ask(
            "GET",
            BLOB,
            206,
            at=start + place * 0.002,
            headers={"Range": f"bytes={place * 10}-{place * 10 + 9}"},
            answer={"Content-Range": f"bytes {place * 10}-{place * 10 + 9}/40"},
            size=10,
        )
    pull = only(played(wire))
    assert told(pull)[1:] == ["layer 1 206 206 206 206"]
    assert pull.steps[1].bytes == 40
    assert pull.layers.fetched == 1


def test_a_blob_from_a_descriptors_own_urls() -> None:
    """A foreign layer is fetched from an address that no registry named in an answer: it is that pull's layer."""
    wire = Wire()
    beginning(wire)
    wire.ask("GET", f"https://layers.example.com/{digest('base')}", content="base")
    pull = only(played(wire))
    assert told(pull)[1:] == ["layer 1 200"]
    assert pull.steps[1].verified is True


def test_a_blob_of_no_open_pull() -> None:
    """An address with a digest that no pull knows is kept as unattributed, and opens no pull."""
    wire = Wire()
    wire.ask("GET", f"{CDN}/sha256/ab/{digest('x')[7:]}/data?sig=1", content="x")
    trace = played(wire)
    assert trace.pulls == []
    assert [hop.status for hop in trace.unattributed] == [200]


def test_other_traffic_is_no_registrys() -> None:
    """A web page, an API and a POST are not steps."""
    wire = Wire(agent="curl/8")
    wire.ask("GET", "https://example.com/")
    wire.ask("POST", "https://api.example.com/v3/things", 201)
    wire.ask("GET", "https://example.com/v2x/app/manifests/latest")
    trace = played(wire)
    assert (trace.pulls, trace.unattributed) == ([], [])


def test_compressed_manifest() -> None:
    """The hash on the event is of the decoded body, so a compressed manifest is verified like any other."""
    wire = Wire()
    text = APP.manifest()
    wire.ask(
        "GET",
        APP.url("manifests", digest(text)),
        answer={"Content-Type": OCI_MANIFEST, "Content-Encoding": "zstd"},
        body=text,
    )
    assert only(played(wire)).steps[0].verified is True


def test_wrong_bytes() -> None:
    """A blob that hashes to something else than its digest is seen to be wrong."""
    wire = Wire()
    beginning(wire)
    wire.ask("GET", BLOB, content="something else")
    pull = only(played(wire))
    assert pull.steps[1].verified is False
    assert pull.layers.verified == 0


@pytest.mark.parametrize(
    "place",
    [
        "https://registry.example.com/artifacts-uploads/namespaces/p/repositories/r/uploads/REDACTED",
        "https://storage.example.net/up/REDACTED",
        "https://registry.example.com/v2/app/blobs/uploads/6f1c",
    ],
    ids=["outside /v2/", "on another host", "below /v2/"],
)
def test_where_an_upload_goes_on(place: str) -> None:
    """Requests to an upload's Location are upload steps of that repository, wherever it lies and with more in its query."""
    base = "https://registry.example.com/v2/app"
    wire = Wire(agent=SKOPEO)
    wire.ask("HEAD", f"{base}/blobs/{digest('base')}", 404)
    wire.ask("POST", f"{base}/blobs/uploads/", 202, location=f"{place}?state=REDACTED")
    wire.ask("PATCH", f"{place}?state=REDACTED", 202, sent=4, location=f"{place}?state=REDACTED&n=2")
    wire.ask("PUT", f"{place}?state=REDACTED&n=2&digest={digest('base')}", 201)
    wire.ask("PUT", f"{base}/manifests/latest", 201, sent=APP.manifest())
    pull = only(played(wire))
    assert told(pull) == [
        "layer 1 404",
        "upload-start 202",
        "upload-chunk 202",
        "upload-finish 1 201",
        "manifest-put 201",
    ]
    assert (pull.action, pull.reference) == ("push", "registry.example.com/app:latest")
    assert pull.steps[3].digest == digest("base")
    assert (pull.outcome, pull.bytes_sent) == (Ending.COMPLETE, 4 + len(APP.manifest()))
