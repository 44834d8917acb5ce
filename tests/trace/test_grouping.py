"""Pulls that could be mistaken for each other: several clients, several images, the same one again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.trace.images import (
    DIALECTS,
    Image,
    blobs_side_by_side,
    digest,
    docker_classic,
    docker_containerd,
    get_blob,
    get_manifest,
    head,
    unauthorized,
)
from tests.trace.wire import (
    AUTH,
    BUILDKIT,
    CONTAINERD,
    CRANE,
    DOCKER_20,
    DOCKER_29,
    HUB,
    SKOPEO,
    Wire,
    changes_of,
    only,
    played,
    told,
)

from pullscope.trace.model import Ending, Kind, Pull
from pullscope.trace.open_pulls import MOST_OF_ONE

APP = Image()
OTHER = Image(repository="library/other", layers=("base", "other"))
every_mirror = pytest.mark.parametrize(
    # The second is one below a path: containerd puts /v2 behind what hosts.toml names (1.6: seen).
    "mirror",
    ["http://mirror.example.com:5000", "https://mirror.example.com/hub"],
)
every_dialect = pytest.mark.parametrize("dialect", DIALECTS)


def a_pull(dialect: str, image: Image = APP, *, at: float = 1000.0, client: str = "10.0.0.1", **more: Any) -> Wire:
    """One client's pull of an image in a dialect."""
    play, agent = DIALECTS[dialect]
    wire = Wire(agent=agent, client=client, at=at)
    play(wire, image, **more)
    return wire


def alone(dialect: str, image: Image = APP) -> list[str]:
    """What the pull tells when nothing else happens."""
    return sorted(told(only(played(a_pull(dialect, image)))))


def facts(pull: Pull) -> tuple[str | None, str, Ending, str | None, int]:
    """What a pull is, without its order of steps."""
    return pull.reference, pull.action, pull.outcome, pull.digest, len(pull.hops)


@every_dialect
def test_one_pull(dialect: str) -> None:
    """Each dialect's pull is one, complete, and all of its digests are verified."""
    pull = only(played(a_pull(dialect)))
    assert facts(pull)[:4] == (APP.reference, "pull", Ending.COMPLETE, digest(APP.index))
    assert (pull.layers.total, pull.layers.fetched, pull.layers.verified) == (2, 2, 2)
    assert pull.platform == "linux/amd64"


@every_dialect
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    offset=st.floats(min_value=0.0, max_value=0.3), other=st.sampled_from(sorted(DIALECTS)), same_image=st.booleans()
)
def test_two_clients_at_once(dialect: str, offset: float, other: str, same_image: bool) -> None:
    """Two clients that pull at the same time are two pulls, each the same as if it were alone."""
    image = APP if same_image else OTHER
    first, second = a_pull(dialect), a_pull(other, image, at=1000.0 + offset, client="10.0.0.2", name="u")
    trace = played(first, second)
    assert len(trace.pulls) == 2
    mine = next(pull for pull in trace.pulls if pull.client_key[0] == "10.0.0.1")
    others = next(pull for pull in trace.pulls if pull.client_key[0] == "10.0.0.2")
    assert sorted(told(mine)) == alone(dialect)
    assert sorted(told(others)) == alone(other, image)


@every_dialect
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offset=st.floats(min_value=0.0, max_value=0.3))
def test_one_client_pulls_two_images_at_once(dialect: str, offset: float) -> None:
    """One client's pulls of two images that share a layer stay apart, whatever their requests' order."""
    trace = played(a_pull(dialect), a_pull(dialect, OTHER, at=1000.0 + offset, name="u"))
    assert sorted(str(pull.reference) for pull in trace.pulls) == [APP.reference, OTHER.reference]
    for pull in trace.pulls:
        image = APP if pull.reference == APP.reference else OTHER
        assert sorted(told(pull)) == alone(dialect, image)
        assert pull.outcome is Ending.COMPLETE


@every_dialect
@pytest.mark.parametrize("pause", [0.05, 1.0, 3.0, 30.0])
def test_the_same_image_again(dialect: str, pause: float) -> None:
    """A second pull of the same tag after the first one is a pull of its own, with all its steps."""
    first = a_pull(dialect)
    again = a_pull(dialect, at=first.now + pause, skip=APP.blobs(), name="u")
    trace = played(first, again)
    assert [pull.reference for pull in trace.pulls] == [APP.reference, APP.reference]
    assert sorted(told(trace.pulls[0])) == alone(dialect)
    assert sorted(told(trace.pulls[1])) == sorted(told(only(played(a_pull(dialect, skip=APP.blobs())))))
    assert [pull.outcome for pull in trace.pulls] == [Ending.COMPLETE, Ending.COMPLETE]
    assert trace.pulls[1].layers.fetched == 0


@pytest.mark.parametrize("pause", [0.0, 0.05, 1.0, 3.0, 30.0])
def test_two_images_that_share_a_layer_after_each_other(pause: float) -> None:
    """The second image's shared layer is not asked for, and counts as already present."""
    first = a_pull("docker-containerd")
    second = a_pull("docker-containerd", OTHER, at=first.now + pause, skip=("base",), name="u")
    trace = played(first, second)
    assert [pull.reference for pull in trace.pulls] == [APP.reference, OTHER.reference]
    layers = trace.pulls[1].layers
    assert (layers.total, layers.fetched, layers.already_present) == (2, 1, 1)


def test_two_tags_of_one_repository_at_once() -> None:
    """Two tags that one client pulls side by side are two pulls; shared blobs go to one that wants them."""
    other = Image(tag="next", layers=("base", "new"))
    trace = played(a_pull("docker-containerd"), a_pull("docker-containerd", other, at=1000.005, name="u"))
    assert sorted(str(pull.reference) for pull in trace.pulls) == [APP.reference, other.reference]
    assert [pull.outcome for pull in trace.pulls] == [Ending.COMPLETE] * 2
    assert sorted(len(pull.hops) for pull in trace.pulls) == [13, 13]


def test_nothing_new_in_the_containerd_store() -> None:
    """HEAD, 401, token, HEAD: what the tag means is known, so nothing else is asked; that is complete."""
    wire = Wire()
    docker_containerd(wire, APP, skip=APP.blobs())
    pull = only(played(wire))
    assert told(pull) == ["> token 200", "resolve 401 200"]
    assert (pull.outcome, pull.digest, pull.layers.total) == (Ending.COMPLETE, digest(APP.index), None)


def test_nothing_new_in_the_classic_store() -> None:
    """The classic store asks for the list again, and then for nothing."""
    wire = Wire(agent=DOCKER_20)
    docker_classic(wire, APP, skip=APP.blobs())
    pull = only(played(wire))
    assert told(pull) == ["version-check 401", "token 200", "resolve 200", "manifest-list 200"]
    assert (pull.outcome, pull.action) == (Ending.COMPLETE, "pull")


def test_layers_that_are_here_already() -> None:
    """Layers that were never asked for, after a quiet end, are already present."""
    wire = Wire()
    docker_containerd(wire, APP, skip=("base",))
    layers = only(played(wire)).layers
    assert (layers.total, layers.fetched, layers.already_present, layers.verified) == (2, 1, 1, 1)


def test_a_recording_that_begins_in_the_middle() -> None:
    """Blobs of a pull whose beginning was not seen are one pull of that repository, and not thrown away."""
    wire = Wire()
    blobs_side_by_side(wire, APP, "t")
    pull = only(played(wire))
    assert (pull.repository, pull.tag, pull.layers.total) == ("library/app", None, None)
    assert told(pull) == ["layer 307 200"] * 3


def test_a_recording_that_begins_at_the_manifest() -> None:
    """From the platform's manifest on: what follows belongs to it."""
    wire = Wire()
    get_manifest(wire, APP, APP.manifest(), token="t")
    blobs_side_by_side(wire, APP, "t")
    pull = only(played(wire))
    assert pull.reference == f"docker.io/library/app@{digest(APP.manifest())}"
    assert sorted(told(pull)) == ["config 307 200", "layer 1 307 200", "layer 2 307 200", "manifest 200"]


def test_a_pull_by_digest() -> None:
    """A reference that names a digest is told as one, and resolves to it."""
    wire = Wire()
    get_manifest(wire, APP, APP.index)
    get_manifest(wire, APP, APP.manifest())
    blobs_side_by_side(wire, APP)
    pull = only(played(wire))
    assert pull.reference == f"docker.io/library/app@{digest(APP.index)}"
    assert (pull.digest, pull.outcome) == (digest(APP.index), Ending.COMPLETE)


def test_a_pull_by_digest_begins_with_head_in_containerd() -> None:
    """containerd resolves a digest with HEAD first; GET of the same digest goes on with that pull."""
    wire = Wire(agent=CONTAINERD)
    url = APP.url("manifests", digest(APP.index))
    unauthorized(wire, "HEAD", url, APP.repository)
    wire.asks_for_token(APP.repository, "t")
    wire.ask("HEAD", url, token="t", answer={"Docker-Content-Digest": digest(APP.index)})
    get_manifest(wire, APP, APP.index, token="t")
    get_manifest(wire, APP, APP.manifest(), token="t")
    blobs_side_by_side(wire, APP, "t")
    pull = only(played(wire))
    assert told(pull)[:4] == ["> token 200", "resolve 401 200", "manifest-list 200", "manifest 200"]
    assert pull.outcome is Ending.COMPLETE


def test_the_token_of_another_process() -> None:
    """BuildKit's tokens are asked for by the client process (another User-Agent), and belong to the build's pull."""
    wire = Wire(agent=BUILDKIT)
    unauthorized(wire, "HEAD", APP.url("manifests", APP.tag), APP.repository)
    wire.asks_for_token(APP.repository, "t", agent="buildx/0.20")
    head(wire, APP, "t")
    get_manifest(wire, APP, APP.index, token="t")
    assert told(only(played(wire))) == ["> token 200", "resolve 401 200", "manifest-list 200"]


def test_a_token_that_is_never_seen() -> None:
    """BuildKit without the client's proxy: the 401 and the repeat with a token are one step all the same."""
    wire = Wire(agent=BUILDKIT)
    unauthorized(wire, "HEAD", APP.url("manifests", APP.tag), APP.repository)
    wire.wait(0.2)
    head(wire, APP, "t")
    get_manifest(wire, APP, APP.index, token="t")
    assert told(only(played(wire))) == ["resolve 401 200", "manifest-list 200"]


def test_a_login() -> None:
    """docker login: ping, token with the login, ping with the token: told as a login."""
    wire = Wire(agent=DOCKER_20)
    unauthorized(wire, "GET", f"{HUB}/v2/", None)
    wire.ask(
        "GET",
        f"{AUTH}?account=REDACTED&client_id=docker&offline_token=true&service=registry.docker.io",
        basic=True,
        issued="t",
        body='{"token":"REDACTED","expires_in":300}',
    )
    wire.ask("GET", f"{HUB}/v2/", token="t")
    pull = only(played(wire))
    assert (pull.action, pull.reference, pull.registry) == ("login", None, "docker.io")
    assert told(pull) == ["version-check 401", "token 200", "version-check 200"]
    assert pull.outcome is Ending.COMPLETE


@every_dialect
def test_a_version_check_with_the_token_of_a_pull_is_part_of_it(dialect: str) -> None:
    """No login asks for a token of one repository: soon after the pull or a minute later, it is no operation of its own."""
    wire = a_pull(dialect, name="a")
    for pause in (0.1, 60):
        wire.wait(pause)
        wire.ask("GET", f"{HUB}/v2/", token="a2" if dialect in ("docker-containerd", "containerd") else "a")
    pull = only(played(wire))
    assert (pull.action, told(pull)[-2:]) == ("pull", ["version-check 200"] * 2)


def test_a_login_with_the_token_of_a_pull_before_is_a_login() -> None:
    """Some registries give one login the same token each time: what the version check before it was for tells them apart."""
    wire = a_pull("docker-classic", name="same")
    wire.wait(0.5)
    unauthorized(wire, "GET", f"{HUB}/v2/", None)
    wire.asks_for_token(None, "same")
    wire.ask("GET", f"{HUB}/v2/", token="same")
    assert [pull.action for pull in played(wire).pulls] == ["pull", "login"]


def test_a_login_does_not_become_a_pull() -> None:
    """A pull after a login that ended is told apart from it."""
    wire = Wire(agent=DOCKER_20)
    unauthorized(wire, "GET", f"{HUB}/v2/", None)
    wire.asks_for_token(None, "t")
    wire.ask("GET", f"{HUB}/v2/", token="t")
    wire.wait(20)
    docker_classic(wire, APP, name="u")
    trace = played(wire)
    assert [pull.reference for pull in trace.pulls] == [None, APP.reference]


@every_mirror
def test_a_mirror_then_upstream(mirror: str) -> None:
    """A mirror that does not have the image, asked with ?ns=, and then the registry itself: one pull of docker.io."""
    wire = Wire(agent=CONTAINERD)
    wire.ask("HEAD", f"{APP.url('manifests', APP.tag, mirror)}?ns=docker.io", 404)
    docker_containerd(wire, APP)
    pull = only(played(wire))
    assert pull.reference == APP.reference
    assert pull.outcome is Ending.COMPLETE
    assert told(pull)[:3] == ["!resolve 404", "> token 200", "resolve 401 200"]


@every_mirror
def test_a_mirror_that_answers(mirror: str) -> None:
    """A pull through a mirror is one of the registry that the mirror stands in for."""
    wire = Wire(agent=CONTAINERD)
    for text, reference in ((APP.index, APP.tag), (APP.manifest(), digest(APP.manifest()))):
        wire.ask(
            "GET",
            f"{APP.url('manifests', reference, mirror)}?ns=docker.io",
            answer={"Content-Type": "application/json", "Docker-Content-Digest": digest(text)},
            body=text,
        )
    for content in APP.blobs():
        wire.ask("GET", f"{APP.url('blobs', digest(content), mirror)}?ns=docker.io", content=content)
    pull = only(played(wire))
    assert (pull.reference, pull.registry, pull.outcome) == (APP.reference, "docker.io", Ending.COMPLETE)


def test_a_push_looks_for_its_tag_with_get() -> None:
    """skopeo sync 1.9 reads the tag at its target, which is not there, and then pushes after another version check: seen."""
    wire = Wire(agent=SKOPEO)
    hub = "https://reg.example.test"
    wire.ask("GET", f"{hub}/v2/")
    wire.ask("GET", APP.url("manifests", APP.tag, hub), 404)
    wire.ask("GET", f"{hub}/v2/")
    blob = digest(APP.blobs()[0])
    wire.ask("HEAD", APP.url("blobs", blob, hub), 404)
    uploads = f"{hub}/v2/{APP.repository}/blobs/uploads/"
    wire.ask("POST", uploads, 202, location=f"{uploads}1")
    wire.ask("PUT", f"{uploads}1?digest={blob}", 201, sent=10)
    wire.ask("PUT", APP.url("manifests", APP.tag, hub), 201, sent=10)
    pull = only(played(wire))
    assert (pull.action, pull.outcome) == ("push", Ending.COMPLETE)


def test_a_tag_that_is_not_there_and_the_next_pull() -> None:
    """The near miss: what is read next is not the push of that tag."""
    wire = Wire(agent=SKOPEO)
    hub = "https://reg.example.test"
    wire.ask("GET", f"{hub}/v2/")
    wire.ask("GET", APP.url("manifests", "none", hub), 404)
    wire.ask("GET", f"{hub}/v2/")
    wire.ask("GET", APP.url("manifests", APP.tag, hub), body=APP.manifest())
    first, second = played(wire).pulls
    assert (first.tag, first.outcome, second.tag) == ("none", Ending.FAILED, APP.tag)


def test_a_mirror_that_has_only_manifests() -> None:
    """dockerd gives a mirror up when a blob is not there, and begins with the tag at the registry: one pull (28.5, seen)."""
    wire = Wire(agent=DOCKER_20)
    mirror = "http://mirror.example.com:5000"
    wire.ask("GET", f"{mirror}/v2/")
    wire.ask("GET", APP.url("manifests", APP.tag, mirror), body=APP.manifest())
    wire.ask("GET", APP.url("blobs", digest(APP.blobs()[0]), mirror), 404)
    docker_classic(wire, APP)
    pull = only(played(wire))
    assert pull.outcome is Ending.COMPLETE


@pytest.mark.parametrize("status", [503, 404])
def test_the_whole_pull_again_on_another_connection(status: int) -> None:
    """podman 5.8 begins anew when a blob was not to be had, a second later and on new connections: one pull (seen)."""
    wire = Wire(agent="containers/5.39.1 (github.com/containers/image)")
    for connection, blobs in (("first", status), ("second", 200)):
        wire.ask("GET", f"{HUB}/v2/", connection=connection)
        get_manifest(wire, APP, APP.manifest(), tag=True, connection=connection)
        for content in APP.blobs():
            wire.ask("GET", APP.url("blobs", digest(content)), blobs, content=content, connection=connection)
            if blobs != 200:
                break
        wire.wait(1.1)
    pull = only(played(wire))
    assert (pull.outcome, len(pull.hops)) == (Ending.COMPLETE, 6 + len(APP.blobs()) - 1)


def test_the_next_pull_by_the_same_client_after_one_that_went_well() -> None:
    """The near miss: nothing failed, so another connection is another run."""
    wire = Wire(agent="containers/5.39.1 (github.com/containers/image)")
    for connection in ("first", "second"):
        wire.ask("GET", f"{HUB}/v2/", connection=connection)
        get_manifest(wire, APP, APP.manifest(), tag=True, connection=connection)
    assert len(played(wire).pulls) == 2


def test_a_retry_after_fifteen_seconds() -> None:
    """A pull that failed and was closed goes on when its client comes back for the blob (docker waits 5 s and more)."""
    wire = Wire()
    docker_containerd(wire, APP, skip=("app",))
    url = APP.url("blobs", digest("app"))
    wire.ask("GET", url, 503, token="t2")
    wire.wait(15)
    get_blob(wire, APP, "app", token="t2")
    pull = only(played(wire))
    assert pull.outcome is Ending.COMPLETE
    assert told(pull)[-2:] == ["!layer 2 503", "layer 2 307 200"]
    words = [change.what for change in changes_of(wire) if change.what != "step"]
    assert words == ["opened", "closed", "reopened", "closed"]


def test_a_second_client_with_the_same_agent_behind_one_address() -> None:
    """Two daemons behind one address that pull different images are two pulls."""
    trace = played(a_pull("docker-classic"), a_pull("docker-classic", OTHER, at=1000.004, name="u"))
    assert sorted(facts(pull)[0] or "" for pull in trace.pulls) == [APP.reference, OTHER.reference]


def test_skopeo_tries_plain_http() -> None:
    """https, http and /v1/_ping after each other are one attempt to find out what a host speaks."""
    wire = Wire(agent=SKOPEO)
    wire.ask("GET", "https://registry.example.com/v2/", None, fails="connection refused")
    wire.ask("GET", "http://registry.example.com/v2/", 404)
    wire.ask("GET", "http://registry.example.com/v1/_ping", 404)
    pull = only(played(wire))
    assert pull.outcome is Ending.FAILED
    assert told(pull) == ["!version-check cut", "!version-check 404", "!version-check 404"]


def test_a_pull_that_is_over_for_two_reasons_ends_once() -> None:
    """Its tag is asked for again just when its client has one pull too many, of which it is the oldest."""
    wire = Wire(agent=DOCKER_20)
    for place in (*range(MOST_OF_ONE), 0):
        get_manifest(wire, Image(repository=f"library/app{place}"), APP.manifest(), tag=True)
    closed = [change.pull for change in changes_of(wire) if change.what == "closed"]
    assert len(closed) == len(set(closed)) == MOST_OF_ONE + 1


@pytest.mark.parametrize("dialect", ["skopeo", "docker-classic"])
@pytest.mark.parametrize("late", [0.001, 0.004, 0.0105, 0.013, 0.022, 0.027, 0.034, 0.041, 0.055])
def test_two_that_look_the_same_have_tokens_of_their_own(dialect: str, late: float) -> None:
    """Two pulls of one image by one program on one machine at once: each keeps what was asked with its own token."""
    play, agent = DIALECTS[dialect]
    one, other = Wire(agent=agent), Wire(agent=agent, at=1000.0 + late)
    play(one, APP, name="one")
    play(other, APP, name="other")
    pulls = played(one, other).pulls
    tokens = [{hop.request.credential for hop in pull.hops if hop.request.credential} for pull in pulls]
    assert [len(of_one) for of_one in tokens] == [1, 1]
    assert tokens[0] != tokens[1]
    assert [(pull.outcome, pull.layers.fetched) for pull in pulls] == [(Ending.COMPLETE, len(APP.layers))] * 2


def test_a_request_without_a_token_is_no_repeat_of_one_that_was_told_to_get_one() -> None:
    """Two of docker's containerd store at once: both are told to get a token before either has one."""
    one, other = Wire(), Wire(at=1000.011)
    docker_containerd(one, APP, skip=APP.blobs(), name="one")
    docker_containerd(other, APP, skip=APP.blobs(), name="other")
    assert [told(pull) for pull in played(one, other).pulls] == [["> token 200", "resolve 401 200"]] * 2


def test_two_version_checks_get_a_token_each() -> None:
    """Both have pinged before either has a token for the same repository, and the second is the first to get one."""
    one, other = Wire(agent=SKOPEO), Wire(agent=SKOPEO, at=1000.001)
    for wire, name, pause in ((one, "one", 0.3), (other, "other", 0.2)):
        unauthorized(wire, "GET", f"{HUB}/v2/", None)
        wire.wait(pause)
        wire.asks_for_token(APP.repository, name)
        wire.wait(0.2)
        get_manifest(wire, APP, APP.index, token=name, tag=True)
        get_manifest(wire, APP, APP.manifest(), token=name)
    whole = ["version-check 401", "token 200", "manifest-list 200", "manifest 200"]
    pulls = played(one, other).pulls
    assert [told(pull) for pull in pulls] == [whole] * 2
    assert all(len({hop.request.credential for hop in pull.hops if hop.request.credential}) == 1 for pull in pulls)


def test_a_pull_between_two_of_its_requests_is_not_over_because_of_another_client() -> None:
    """The second asks for the tag while the first has the index and has not asked for more: both go on."""
    one, other = Wire(agent=SKOPEO), Wire(agent=SKOPEO, at=1000.001)
    for wire, name, pause in ((one, "one", 0.3), (other, "other", 0.2)):
        unauthorized(wire, "GET", f"{HUB}/v2/", None)
        wire.asks_for_token(APP.repository, name)
        wire.wait(0.2 - pause / 2)
        get_manifest(wire, APP, APP.index, token=name, tag=True)
        wire.wait(0.3)
        get_manifest(wire, APP, APP.manifest(), token=name)
    trace = played(one, other)
    whole = ["version-check 401", "token 200", "manifest-list 200", "manifest 200"]
    assert [told(pull) for pull in trace.pulls] == [whole] * 2


def test_the_next_look_at_a_tag_ends_the_one_before() -> None:
    """skopeo inspect, again a second later with a token of its own: one client's second pull, and the first is over."""
    wire = Wire(agent=SKOPEO)
    for name in ("one", "two"):
        unauthorized(wire, "GET", f"{HUB}/v2/", None)
        wire.asks_for_token(APP.repository, name)
        get_manifest(wire, APP, APP.index, token=name, tag=True)
        wire.wait(1.5)
    told_of = [(change.what, change.pull and change.pull.id) for change in changes_of(wire) if change.what != "step"]
    assert told_of[:3] == [("opened", 1), ("closed", 1), ("opened", 2)]


def test_a_daemon_that_was_interrupted_and_pulls_again() -> None:
    """Who hung up and asks for the tag anew has begun another pull, also of the blob that did not come (ctr, containerd 2.1)."""
    wire = Wire(agent=CONTAINERD)
    layer = APP.blobs()[0]
    head(wire, APP)
    get_manifest(wire, APP, APP.manifest())
    wire.ask("GET", APP.url("blobs", digest(layer)), size=2, fails="Client disconnected.")
    head(wire, APP)
    for content in APP.blobs():
        wire.ask("GET", APP.url("blobs", digest(content)), content=content)
    first, second = played(wire).pulls
    assert (first.outcome, second.tag, len(second.hops)) == (Ending.INCOMPLETE, APP.tag, 1 + len(APP.blobs()))


def test_crane_looks_for_a_tag_twice_each_time_from_the_version_check_on() -> None:
    """crane digest (0.21) asks HEAD, and where the tag is not there, all of it again with GET: one operation."""
    wire = Wire(agent=CRANE)
    for method, token in (("HEAD", "one"), ("GET", "two")):
        unauthorized(wire, "GET", f"{HUB}/v2/", APP.repository)
        wire.asks_for_token(APP.repository, token)
        wire.ask(method, APP.url("manifests", "none"), 404, token=token)
    pull = only(played(wire))
    assert (pull.outcome, len(pull.hops)) == (Ending.FAILED, 6)


@pytest.mark.parametrize(("tag", "operations"), [("two", 1), (None, 2)])
def test_crane_tags_on_another_connection(tag: str | None, operations: int) -> None:
    """crane tag reads the manifest and puts it on new connections (0.21: seen); what is pulled with blobs is not tagged so."""
    wire = Wire(agent=CRANE)
    wire.ask("GET", f"{HUB}/v2/", connection="reads")
    get_manifest(wire, APP, APP.manifest(), tag=True, connection="reads")
    if tag is None:
        for content in APP.blobs():
            wire.ask("GET", APP.url("blobs", digest(content)), content=content, connection="reads")
    wire.ask("GET", f"{HUB}/v2/", connection="writes")
    wire.ask("PUT", APP.url("manifests", "two"), 201, sent=10, connection="writes")
    pulls = played(wire).pulls
    assert (len(pulls), pulls[-1].action, pulls[-1].tag) == (operations, "push", "two")


def test_cosign_signs_on_another_connection() -> None:
    """cosign sign reads the manifest, and looks for its signature on a new connection (2.6: seen)."""
    wire = Wire(agent="cosign/v2.6.3 (linux; amd64)")
    wire.ask("GET", f"{HUB}/v2/", connection="reads")
    get_manifest(wire, APP, APP.manifest(), connection="reads")
    wire.ask("GET", f"{HUB}/v2/", connection="writes")
    signature = APP.url("manifests", f"sha256-{digest(APP.manifest())[7:]}.sig")
    wire.ask("HEAD", signature, 404, connection="writes")
    wire.ask("PUT", signature, 201, sent=10, connection="writes")
    assert [(pull.action, pull.outcome) for pull in played(wire).pulls] == [("attach", Ending.COMPLETE)]


def test_a_signature_that_is_copied_before_its_image() -> None:
    """cosign copy puts the signature first and the tag last: one push (2.6: seen)."""
    wire = Wire(agent="cosign/v2.6.3 (linux; amd64)")
    wire.ask("GET", f"{HUB}/v2/", connection="only")
    signature = APP.url("manifests", f"sha256-{digest(APP.manifest())[7:]}.sig")
    wire.ask("HEAD", signature, 404, connection="only")
    wire.ask("PUT", signature, 201, sent=10, connection="only")
    wire.ask("HEAD", APP.url("manifests", APP.tag), 404, connection="only")
    wire.ask("PUT", APP.url("manifests", APP.tag), 201, sent=10, connection="only")
    pull = only(played(wire))
    assert (pull.action, pull.tag, pull.outcome) == ("push", APP.tag, Ending.COMPLETE)


def test_three_pushes_of_one_image_by_tokens_of_their_own() -> None:
    """skopeo 1.9 closes each connection: who looks for the same blob in one repository with another token is another run."""
    wires = []
    for number in range(3):
        wire = Wire(agent=SKOPEO, at=1000 + number / 100)
        unauthorized(wire, "GET", f"{HUB}/v2/", None)
        wire.wait(0.1)
        wire.asks_for_token(APP.repository, f"token {number}", actions="pull,push")
        wire.wait(0.1)
        for content in APP.blobs()[:2]:
            wire.ask("HEAD", APP.url("blobs", digest(content)), token=f"token {number}")
        wire.ask("PUT", APP.url("manifests", f"v{number}"), 201, sent=10, token=f"token {number}")
        wires.append(wire)
    told_of = {(pull.tag, pull.action, len(pull.hops)) for pull in played(*wires).pulls}
    assert told_of == {(f"v{number}", "push", 5) for number in range(3)}


def test_two_pushes_without_tokens_that_keep_their_connections() -> None:
    """Who looks for a blob that was just looked for, while another version check waits, is another run (skopeo 1.22: seen)."""
    wires = []
    for number in range(2):
        wire = Wire(agent=SKOPEO, at=1000 + number / 100)
        wire.ask("GET", f"{HUB}/v2/", connection=f"ping {number}")
        wire.wait(0.1)
        for content in APP.blobs()[:2]:
            wire.ask("HEAD", APP.url("blobs", digest(content)), connection=f"blobs {number}")
        wire.ask("PUT", APP.url("manifests", f"v{number}"), 201, sent=10, connection=f"blobs {number}")
        wires.append(wire)
    assert sorted((pull.tag, len(pull.hops)) for pull in played(*wires).pulls) == [("v0", 4), ("v1", 4)]


@pytest.mark.parametrize("apart", [0.001, 0.02, 0.4])
def test_pushes_at_once_of_what_is_there_put_the_tag_once_each(apart: float) -> None:
    """skopeo 1.9 closes each connection and has no token: who puts the tag now is none that does or did so (three: seen)."""
    wires = []
    for number in range(3):
        wire = Wire(agent=SKOPEO, at=1000 + number * apart)
        wire.ask("GET", f"{HUB}/v2/")
        wire.wait(0.1)
        for content in APP.blobs()[:2]:
            wire.ask("HEAD", APP.url("blobs", digest(content)), 200)
        wire.ask("PUT", APP.url("manifests", APP.tag), 201, sent=10)
        wires.append(wire)
    told_of = [(pull.action, pull.tag, pull.outcome) for pull in played(*wires).pulls]
    assert told_of == [("push", APP.tag, Ending.COMPLETE)] * 3


def test_pushes_that_look_for_all_their_blobs_at_once_have_a_version_check_each() -> None:
    """One that came before a push's first request, which had its own, is another's (three skopeo 1.22 copies: seen)."""
    wires = [Wire(agent="skopeo/1.22.0", at=1000 + number / 50) for number in range(3)]
    for number, wire in enumerate(wires):
        wire.ask("GET", f"{HUB}/v2/", connection=f"ping {number}")
        for content in APP.blobs():
            wire.ask(
                "HEAD", APP.url("blobs", digest(content)), 200, at=1000.5 + number / 2, connection=f"{number} {content}"
            )
        wire.ask("PUT", APP.url("manifests", APP.tag), 201, sent=10, at=1003 + number / 50, connection=f"{number} base")
    told_of = [
        (pull.tag, pull.outcome, [step.kind for step in pull.steps].count(Kind.VERSION_CHECK))
        for pull in played(*wires).pulls
    ]
    assert told_of == [(APP.tag, Ending.COMPLETE, 1)] * 3


def test_a_connection_that_was_guessed_does_not_put_a_tag_twice() -> None:
    """Of two pushes that look for blobs side by side, one is thought to have put the tag (podman 5.8: seen)."""
    one, two = Wire(agent="libpod/5.8.6", at=1000.0), Wire(agent="libpod/5.8.6", at=1000.01)
    for number, wire in enumerate((one, two)):
        wire.ask("GET", f"{HUB}/v2/", connection=f"first {number}")
        wire.ask("HEAD", APP.url("blobs", digest(f"own {number}")), 404, at=1000.2, connection=f"first {number}")
    two.ask("HEAD", APP.url("blobs", digest("base")), 200, at=1000.3, connection="second 1")  # the other's, by its turn
    one.ask("PUT", APP.url("manifests", APP.tag), 201, sent=10, at=1000.6, connection="first 0")
    two.ask("PUT", APP.url("manifests", APP.tag), 201, sent=10, at=1000.7, connection="second 1")
    assert [(pull.tag, pull.outcome) for pull in played(one, two).pulls] == [(APP.tag, Ending.COMPLETE)] * 2


def test_a_token_that_was_guessed_does_not_put_a_tag_twice() -> None:
    """podman 4.3 asks for a token for each of its blobs at once: of three pushes one is given most of them (seen)."""
    wires = [Wire(agent="libpod/4.3.1", at=1000 + number / 100) for number in range(2)]
    for number, wire in enumerate(wires):
        unauthorized(wire, "GET", f"{HUB}/v2/", None)
        wire.wait(0.1)
        for blob in range(3):
            wire.asks_for_token(APP.repository, f"{number} {blob}", actions="pull,push")
        for blob in range(3):
            url, at = APP.url("blobs", digest(f"{blob}")), 1001 + number / 10 + blob / 100
            wire.ask("HEAD", url, 404, at=at, token=f"{number} {blob}")
    for number, wire in enumerate(wires):
        tag = APP.url("manifests", APP.tag)
        wire.ask("PUT", tag, 201, sent=10, at=1002 + number / 10, token=f"{number} 2")
    assert [(pull.tag, pull.outcome) for pull in played(*wires).pulls] == [(APP.tag, Ending.COMPLETE)] * 2


@pytest.mark.parametrize("status", [404, 200])
def test_a_daemon_looks_for_the_tag_on_the_connection_of_its_push(status: int) -> None:
    """While another push of the same image has blobs under way, or when its tag has just been put (dockerd 28.5: seen)."""
    wires = [Wire(agent=DOCKER_29, at=1000 + number / 100) for number in range(2)]
    for number, wire in enumerate(wires):
        wire.ask("HEAD", APP.url("blobs", digest("base")), 404, connection=f"{number}")
        uploads = f"{HUB}/v2/{APP.repository}/blobs/uploads/"
        wire.ask("POST", uploads, 202, location=f"{uploads}{number}", connection=f"{number}")
        wire.ask(
            "PUT", f"{uploads}{number}?digest={digest('base')}", 201, took=0.2 + 3 * number, connection=f"{number}"
        )
    wires[0].ask("HEAD", APP.url("manifests", APP.tag), 404, connection="0")
    wires[0].ask("PUT", APP.url("manifests", APP.tag), 201, sent=10, connection="0")
    said = {"Content-Type": "application/vnd.oci.image.manifest.v1+json", "Docker-Content-Digest": digest("manifest")}
    wires[1].ask("HEAD", APP.url("manifests", APP.tag), status, answer=said if status == 200 else {}, connection="1")
    if status == 404:
        wires[1].ask("PUT", APP.url("manifests", APP.tag), 201, sent=10, connection="1")
    trace = played(*wires)
    ended = (
        Ending.COMPLETE if status == 404 else Ending.INCOMPLETE
    )  # whether it is the same that is there, nothing tells
    assert [(pull.action, pull.outcome) for pull in trace.pulls] == [("push", Ending.COMPLETE), ("push", ended)]
    assert [finding for pull in trace.pulls for finding in pull.findings if finding.severity == "error"] == []


def looks(wire: Wire, repository: str, *, at: float, status: int = 404, seconds: float = 0.02) -> None:
    """A blob is looked for, as by skopeo before it uploads one."""
    url = f"https://registry.example.com/v2/{repository}/blobs/{digest('base')}"
    wire.ask("HEAD", url, status, at=at, took=seconds)


def test_a_push_that_begins_beside_another_is_no_search_for_what_may_be_mounted() -> None:
    """Its version check waits, and the other has not been told yet that the blob is not there (skopeo 1.9: measured)."""
    wires = [Wire(agent=SKOPEO, at=1000.0), Wire(agent=SKOPEO, at=1000.001)]
    for number, wire in enumerate(wires):
        wire.ask("GET", "https://registry.example.com/v2/", 200)
        looks(wire, f"app/{number}", at=1000.1 + number / 1000)
        wire.ask("POST", f"https://registry.example.com/v2/app/{number}/blobs/uploads/", 202, at=1000.2)
    assert {pull.repository: len(pull.hops) for pull in played(*wires).pulls} == {"app/0": 3, "app/1": 3}


def test_a_search_for_what_may_be_mounted_belongs_to_its_push() -> None:
    """Once it was told that the blob is not in its own repository, the client looks in another (skopeo 1.9, 1.22: seen)."""
    wire = Wire(agent=SKOPEO, at=1000.0)
    wire.ask("GET", "https://registry.example.com/v2/", 200)
    looks(wire, "app/0", at=1000.1)
    looks(wire, "other/app", at=1000.2, status=200)
    wire.ask("POST", f"https://registry.example.com/v2/app/0/blobs/uploads/?mount={digest('base')}&from=other/app", 201)
    assert [(pull.repository, len(pull.hops)) for pull in played(wire).pulls] == [("app/0", 4)]


def test_all_tags_of_a_repository_with_one_token() -> None:
    """`docker pull -a` (20.10, 28.5: seen) has one token: what a tag resolved to says more of its manifest than the token."""
    wire = Wire(agent=DOCKER_20)
    images = [Image(tag=tag, layers=("base", tag)) for tag in ("one", "two", "three")]
    docker_classic(wire, images[0], name="t")
    for image in images[1:]:
        head(wire, image, "t")
        get_manifest(wire, image, image.index, token="t")
        get_manifest(wire, image, image.manifest(), token="t")
        blobs_side_by_side(wire, image, "t", skip=("base",))
    pulls = played(wire).pulls
    assert [(pull.tag, pull.layers.fetched) for pull in pulls] == [("one", 2), ("two", 1), ("three", 1)]
    assert len({pull.digest for pull in pulls}) == len([pull for pull in pulls if pull.index is not None]) == 3
