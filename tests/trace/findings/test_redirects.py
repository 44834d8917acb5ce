"""The rules on redirects and vanity domains: each where it must speak, and just beside, where it must not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.trace.findings.looked_at import (
    BLOB,
    IMAGE,
    PAGE,
    REGISTRY,
    REPO,
    TAG,
    VANITY,
    error,
    found,
    told,
    with_token,
)
from tests.trace.images import OCI_INDEX, containers_image, digest, docker_classic
from tests.trace.wire import CDN, CRANE, DOCKER_20, DOCKER_29, HUB, SKOPEO, Wire, challenge_for

from pullscope.trace.events import Responded

TAG_AT_VANITY = TAG.replace(HUB, VANITY)


def through(
    wire: Wire, method: str, path: str, status: int, *, by: int = 302, token: str | None = None, **more: object
) -> None:
    """A request to the vanity host that ends at the registry; a token is shown at the registry only, as dockerd does."""
    wire.ask(method, f"{VANITY}{path}", by, location=f"{HUB}{path}")
    wire.ask(method, f"{HUB}{path}", status, referer=f"{VANITY}{path}", token=token, **more)  # type: ignore[arg-type] # handed on


def path_of(reference: str = "latest", kind: str = "manifests") -> str:
    return f"/v2/{REPO}/{kind}/{reference}"


def classic_through_vanity(by: int = 302) -> Wire:
    """dockerd 20.10 pulls the tag's HEAD through a vanity host, with a token at the registry."""
    wire = Wire(agent=DOCKER_20)
    through(wire, "GET", "/v2/", 401, by=by, challenge=challenge_for(None))
    wire.ask("HEAD", TAG_AT_VANITY, by, location=TAG)
    wire.asks_for_token(REPO, "t")
    headers = {"Docker-Content-Digest": digest(IMAGE.index), "Content-Type": OCI_INDEX}
    wire.ask("HEAD", TAG, 200, referer=TAG_AT_VANITY, token="t", answer=headers)
    return wire


def refused_without_token(wire: Wire) -> None:
    """The manifest is wanted at the registry without a token, and refused."""
    through(wire, "GET", path_of(), 401, challenge=challenge_for(REPO), body=error("UNAUTHORIZED"))


def ping(status: int, answer: dict[str, str] | None = None, agent: str = DOCKER_20) -> Wire:
    wire = Wire(agent=agent)
    wire.ask("GET", f"{VANITY}/v2/", status, answer=answer)
    return wire


def test_what_is_not_played_is_not_the_fault_of_the_domain() -> None:
    """pullscope answers in its place, says that it does not know the answer, and names the rule; others of that status are."""
    wire = ping(501, agent=SKOPEO)
    [answer] = [event for event in wire.events if isinstance(event, Responded)]
    at = wire.events.index(answer)
    wire.events[at] = replace(answer, answered_by="nginx.conf: not known")
    one = found(wire)["registry-failed"]
    assert one.message.startswith("What docker.example.com would answer is not known")
    assert "--vanity" in one.fix
    wire.events[at] = replace(answer, answered_by="nginx.conf:3")
    assert "the fault is there" in found(wire)["registry-failed"].message


@pytest.mark.parametrize("status", [404, 403, 502])
def test_ping_not_redirected(status: int) -> None:
    """`/v2/` fails at the vanity host, the manifest is redirected and refused without a token."""
    wire = ping(status, PAGE)
    refused_without_token(wire)
    assert told(wire)["ping-not-redirected"] == "error"


def test_a_proxy_that_answers_the_ping_itself() -> None:
    """It hands manifests on and says 404 at `/v2/`: the client that was refused never learned where tokens are to be had."""
    wire = ping(404, PAGE)
    wire.ask("HEAD", f"{VANITY}{path_of()}", 401, challenge=challenge_for(REPO))
    wire.ask("GET", f"{VANITY}{path_of()}", 401, challenge=challenge_for(REPO))
    assert told(wire) == {"ping-not-redirected": "error"}


def test_ping_not_redirected_where_the_client_stops_there() -> None:
    """skopeo asks nothing after a 404 at `/v2/`: that is enough to say why."""
    assert told(ping(404, PAGE, SKOPEO)) == {"ping-not-redirected": "error"}


def test_ping_not_redirected_is_info_where_the_pull_did_not_need_it() -> None:
    """An upstream without tokens: classic dockerd does not mind, others would."""
    wire = ping(404, PAGE)
    through(
        wire, "HEAD", path_of(), 200, answer={"Docker-Content-Digest": digest(IMAGE.index), "Content-Type": OCI_INDEX}
    )
    assert told(wire) == {"ping-not-redirected": "info"}


def test_a_registry_that_is_down_is_no_vanity_host() -> None:
    """503 at `/v2/` of a host that redirects nothing is the registry's own fault."""
    assert "ping-not-redirected" not in told(ping(503, REGISTRY, SKOPEO))
    assert "ping-not-redirected" not in told(with_token(SKOPEO))


@pytest.mark.parametrize("answer", [PAGE, {}], ids=["page", "empty"])
def test_ping_not_a_registry(answer: dict[str, str]) -> None:
    """200 at `/v2/`, and then a 401 after all."""
    wire = ping(200, answer)
    refused_without_token(wire)
    assert told(wire)["ping-not-a-registry"] == "error"
    assert "ping-not-redirected" not in told(wire)


def test_a_ping_of_200_is_fine_where_no_token_is_needed() -> None:
    """registry.k8s.io answers `/v2/` with 200 on purpose: its backends need no token."""
    wire = ping(200)
    through(
        wire, "HEAD", path_of(), 200, answer={"Docker-Content-Digest": digest(IMAGE.index), "Content-Type": OCI_INDEX}
    )
    assert told(wire) == {}


def test_path_not_redirected() -> None:
    """The vanity host answers a manifest with its own page."""
    wire = classic_through_vanity()
    other = f"{VANITY}/v2/library/nginx/manifests/latest"
    wire.ask("HEAD", other, 404, answer=PAGE)
    wire.ask("GET", other, 404, answer=PAGE, body="<HTML> Not found")
    assert told(wire) == {"path-not-redirected": "error"}
    assert "/v2/library/nginx/" in found(wire)["path-not-redirected"].message


def test_a_registrys_404_is_no_missing_rule() -> None:
    """A 404 with a registry's error is about the tag."""
    wire = with_token(DOCKER_20)
    wire.ask("HEAD", TAG, 404, token="t", answer={"Content-Type": "application/json"})
    wire.ask("GET", TAG, 404, token="t", answer={"Content-Type": "application/json"}, body=error("MANIFEST_UNKNOWN"))
    assert told(wire) == {"manifest-unknown": "error"}


def lost_slash(agent: str) -> Wire:
    wire = Wire(agent=agent)
    wire.ask("GET", f"{VANITY}/v2/", 302, location=f"{HUB}/v2")
    wire.ask("GET", f"{HUB}/v2", 401, referer=f"{VANITY}/v2/", challenge=challenge_for(None))
    return wire


def test_ping_slash_lost() -> None:
    """Classic dockerd asks for no token, for its challenge is under another address."""
    wire = lost_slash(DOCKER_20)
    refused_without_token(wire)
    assert told(wire) == {"ping-slash-lost": "error"}


def test_ping_slash_lost_is_info_for_who_does_not_mind() -> None:
    """skopeo takes the challenge from wherever it came; what breaks it is something else."""
    wire = lost_slash(SKOPEO)
    wire.asks_for_token(REPO, "t")
    wire.ask("GET", TAG_AT_VANITY, 302, token="t", location=TAG)
    wire.ask("GET", TAG, 401, referer=TAG_AT_VANITY, challenge=challenge_for(REPO))
    assert told(wire) == {"authorization-dropped": "error", "ping-slash-lost": "info", "authorization-leaked": "info"}


def test_a_ping_with_its_slash_is_fine() -> None:
    """The usual redirect of `/v2/` keeps it."""
    assert told(classic_through_vanity()) == {}


def test_ping_other_host() -> None:
    """`/v2/` led to one registry, the manifest to another."""
    wire = Wire(agent=DOCKER_20)
    wire.ask("GET", f"{VANITY}/v2/", 302, location="https://old.example.net/v2/")
    wire.ask("GET", "https://old.example.net/v2/", 401, referer=f"{VANITY}/v2/", challenge=challenge_for(None))
    refused_without_token(wire)
    assert told(wire) == {"ping-other-host": "error"}


def test_library_prefix_missing() -> None:
    """Docker Hub is asked for a one-word name, through a vanity host."""
    wire = Wire(agent=DOCKER_29)
    here, there = f"{VANITY}/v2/nginx/manifests/latest", f"{HUB}/v2/nginx/manifests/latest"
    wire.ask("HEAD", here, 302, location=there)
    wire.ask("HEAD", there, 401, referer=here, challenge=challenge_for("nginx"))
    wire.asks_for_token("nginx", "t")
    wire.ask("HEAD", here, 302, location=there)
    wire.ask(
        "HEAD", there, 401, referer=here, token="t", challenge=challenge_for("nginx") + ',error="insufficient_scope"'
    )
    assert told(wire) == {"library-prefix-missing": "error"}


def test_another_registry_may_have_names_of_one_word() -> None:
    """library/ is Docker Hub's habit alone."""
    wire, url = Wire(agent=SKOPEO), "https://registry.example.org/v2/nginx/manifests/latest"
    wire.ask("GET", "https://registry.example.org/v2/", 200, answer=REGISTRY)
    wire.ask("GET", url, 404, body=error("MANIFEST_UNKNOWN"))
    assert told(wire) == {"manifest-unknown": "error"}


def test_redirect_loop() -> None:
    """A chain that comes back."""
    wire = Wire(agent=SKOPEO)
    ring = [f"{VANITY}/v2/", "https://b.example.com/v2/", f"{VANITY}/v2/", "https://b.example.com/v2/", f"{VANITY}/v2/"]
    last = wire.follows("GET", ring, 302)
    wire.ask("GET", last, 302, location=ring[1], referer=ring[1])
    assert told(wire) == {"redirect-loop": "error"}


def test_a_long_chain_that_ends_is_no_loop() -> None:
    """Nine redirects are many, and allowed."""
    wire = Wire(agent=SKOPEO)
    chain = [f"https://h{place}.example.com/v2/" for place in range(9)]
    last = wire.follows("GET", chain, 302)
    wire.ask("GET", last, 200, referer=chain[-2], answer=REGISTRY)
    assert "redirect-loop" not in told(wire)


def test_redirect_downgrade() -> None:
    """From https to http; a warning where the pull went on."""
    wire = Wire(agent=DOCKER_29)
    wire.ask("HEAD", TAG_AT_VANITY, 302, location="http://plain.example.net/v2/library/app/manifests/latest")
    answer = {"Docker-Content-Digest": digest(IMAGE.index), "Content-Type": OCI_INDEX}
    wire.ask("HEAD", "http://plain.example.net/v2/library/app/manifests/latest", 200, answer=answer)
    assert told(wire) == {"redirect-downgrade": "warning"}


def test_from_http_to_https_is_no_downgrade() -> None:
    """The other direction is what one wants."""
    wire = Wire(agent=DOCKER_29)
    here = "http://docker.example.com/v2/library/app/manifests/latest"
    wire.ask("HEAD", here, 302, location=TAG)
    wire.ask(
        "HEAD", TAG, 200, referer=here, answer={"Docker-Content-Digest": digest(IMAGE.index), "Content-Type": OCI_INDEX}
    )
    assert told(wire) == {}


@pytest.mark.parametrize(("by", "expected"), [(301, "info"), (308, "info"), (302, None), (307, None)])
def test_redirect_permanent(by: int, expected: str | None) -> None:
    """301 and 308 are for ever, 302 and 307 are not: of a pull that went well it is worth a word, no warning."""
    assert told(classic_through_vanity(by)).get("redirect-permanent") == expected


def test_a_permanent_redirect_of_a_blob_is_the_registrys_own_business() -> None:
    """Storages are addressed anew each time."""
    wire = with_token(SKOPEO)
    here = IMAGE.url("blobs", BLOB)
    wire.ask("GET", here, 301, token="t", location=f"{CDN}/x?sig=1")
    wire.ask("GET", f"{CDN}/x?sig=1", referer=here, content="base")
    assert told(wire) == {}


@pytest.mark.parametrize(
    ("asked", "location", "lost"),
    [
        ("/v2/library/app/tags/list?n=5", "/v2/library/app/tags/list", True),
        ("/v2/library/app/tags/list?n=5&last=a", "/v2/library/app/tags/list?n=5&last=a", False),
        ("/v2/library/app/tags/list?unknown=5", "/v2/library/app/tags/list", False),
        ("/v2/library/app/manifests/latest?ns=docker.io", "/v2/library/app/manifests/latest", False),
        ("/v2/library/app/manifests/latest?ns=ghcr.io", "/v2/library/app/manifests/latest", True),
        (f"/v2/library/app/blobs/{BLOB}?ns=ghcr.io", "/storage/x", False),
    ],
)
def test_query_dropped(asked: str, location: str, lost: bool) -> None:
    """A parameter that matters is gone, and the address is still a registry's; a mirror may point home without ?ns=."""
    wire = Wire(agent=CRANE)
    wire.ask("GET", f"{VANITY}{asked}", 302, location=f"{HUB}{location}")
    wire.ask("GET", f"{HUB}{location}", 200, referer=f"{VANITY}{asked}", content="base", answer={**REGISTRY})
    assert ("query-dropped" in told(wire)) is lost


def list_of_tags(link: str, name: str = "library/app") -> Wire:
    wire = Wire(agent=CRANE)
    body = f'{{"name":"{name}","tags":["a"]}}'
    wire.ask("GET", f"{HUB}/v2/library/app/tags/list?n=1", answer={"Link": link} if link else None, body=body)
    return wire


@pytest.mark.parametrize(
    ("link", "name", "elsewhere"),
    [
        ('</v2/library/app/tags/list?last=a&n=1>; rel="next"', "library/app", False),
        ("", "library/app", False),
        ('<https://other.example/v2/library/app/tags/list?last=a>; rel="next"', "library/app", True),
        ('</v2/team/app/tags/list?last=a>; rel="next"', "library/app", True),
        ("", "team/app", True),
    ],
)
def test_link_points_elsewhere(link: str, name: str, elsewhere: bool) -> None:
    """Another host or name in Link, or in the list itself; a relative Link to the same list is as it should be."""
    assert ("link-points-elsewhere" in told(list_of_tags(link, name))) is elsewhere


def put(status: int) -> Wire:
    """A manifest is pushed through a vanity host; a 302 makes GET of it, and the GET succeeds."""
    wire = Wire(agent=DOCKER_20)
    here, there = TAG_AT_VANITY, TAG
    wire.ask("PUT", here, status, location=there, sent=IMAGE.manifest(), challenge=None)
    method = "GET" if status == 302 else "PUT"
    answer = {"Docker-Content-Digest": digest(IMAGE.manifest())}
    if method == "GET":
        wire.ask("GET", there, 200, referer=here, answer=answer, body=IMAGE.manifest())
    else:
        wire.ask("PUT", there, 201, referer=here, answer=answer, sent=IMAGE.manifest())
    return wire


def test_push_over_redirect() -> None:
    """The push looks successful and wrote nothing: an error, whatever the client says."""
    assert told(put(302))["push-over-redirect"] == "error"


def test_a_push_that_keeps_its_method_is_fine() -> None:
    """307 keeps method and body."""
    assert "push-over-redirect" not in told(put(307))


def from_storage(status: int, *, authorization: bool, body: str = "<XML> AccessDenied") -> Wire:
    wire = with_token(SKOPEO)
    here, there = IMAGE.url("blobs", BLOB), f"{CDN}/x?sig=REDACTED"
    wire.ask("GET", here, 307, token="t", location=there)
    wire.ask("GET", there, status, referer=here, token="t" if authorization else None, body=body)
    return wire


def test_two_auth_mechanisms() -> None:
    """A token beside a signature, and 400."""
    assert told(from_storage(400, authorization=True)) == {"two-auth-mechanisms": "error"}


def test_a_storage_that_refuses_without_a_token_is_another_matter() -> None:
    """The same 400 without Authorization is the storage's own."""
    assert told(from_storage(400, authorization=False)) == {"cdn-failed": "error"}


@pytest.mark.parametrize("play", [docker_classic, containers_image])
def test_a_direct_pull_is_silent(play: object) -> None:
    """No rule of this file speaks where nothing is redirected but blobs."""
    wire = Wire(agent=DOCKER_20 if play is docker_classic else SKOPEO)
    play(wire, IMAGE)  # type: ignore[operator] # one of the two above
    assert told(wire) == {}
