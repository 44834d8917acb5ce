"""Tests of the sample hub: registry, token server and CDN together, as a client meets them."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from pullscope.oci.challenge import read_challenges
from pullscope.oci.digest import Digest
from pullscope.oci.documents import read_errors, read_token_answer
from pullscope.oci.messages import Headers, Request, Response
from pullscope.worlds.hub.image import Repository, sample_image
from pullscope.worlds.hub.sample import redirect_only, sample_hub

NAME = "timonback/zephykus"
REGISTRY = "https://registry-1.docker.io"
REALM = "https://auth.docker.io/token"
START = 1795424400.0
ANY = {"Accept": "*/*"}


class Hub:
    """A hub whose clock the test moves."""

    def __init__(self, **options: Any) -> None:
        self.now = START
        self.world = sample_hub(clock=lambda: self.now, **options)

    def ask(self, url: str, *, method: str = "GET", body: bytes = b"", **fields: str) -> Response:
        headers = Headers([(name.replace("_", "-"), value) for name, value in {**ANY, **fields}.items()])
        request = Request(method=method, url=url, headers=headers, body=body)
        return self.world[request.host](request)

    def token(self, *scopes: str) -> str:
        query = urlencode([("scope", scope) for scope in scopes] + [("service", "registry.docker.io")])
        answer = read_token_answer(self.ask(f"{REALM}?{query}").body)
        assert answer is not None
        return answer.token

    def bearer(self, *names: str) -> str:
        return f"Bearer {self.token(*(f'repository:{name}:pull' for name in names or (NAME,)))}"


def errors(response: Response) -> list[str]:
    return [error.code for error in read_errors(response.body)]


def refusal(response: Response) -> tuple[int, str | None, str | None]:
    challenge = read_challenges(response.headers.get_all("WWW-Authenticate"))[0]
    assert challenge.realm == REALM
    return response.status, challenge.scope, challenge.error


def test_the_ping_names_the_realm_and_asks_for_no_scope() -> None:
    """/v2/ without a token is a 401 whose challenge has no scope, as Docker Hub's."""
    assert refusal(Hub().ask(f"{REGISTRY}/v2/")) == (401, None, None)


def test_the_ping_is_200_with_any_token_of_the_hub() -> None:
    """A token for one repository is good for the ping."""
    hub = Hub()

    assert hub.ask(f"{REGISTRY}/v2/", Authorization=hub.bearer()).status == 200


def test_a_manifest_without_token_is_a_401_that_names_its_scope() -> None:
    """The challenge asks for pull on the repository of the path."""
    response = Hub().ask(f"{REGISTRY}/v2/{NAME}/manifests/latest")

    assert refusal(response) == (401, f"repository:{NAME}:pull", None)


def test_a_token_for_another_repository_is_insufficient() -> None:
    """The registry looks at what the token grants, not only at whose it is."""
    hub = Hub()
    response = hub.ask(f"{REGISTRY}/v2/{NAME}/manifests/latest", Authorization=hub.bearer("library/hello"))

    assert refusal(response) == (401, f"repository:{NAME}:pull", "insufficient_scope")


def test_a_token_ends_after_five_minutes() -> None:
    """One second before it is taken, at its end it is invalid."""
    hub = Hub()
    bearer = hub.bearer()
    hub.now = START + 299
    before = hub.ask(f"{REGISTRY}/v2/{NAME}/manifests/latest", Authorization=bearer)
    hub.now = START + 300
    after = hub.ask(f"{REGISTRY}/v2/{NAME}/manifests/latest", Authorization=bearer)

    assert before.status == 200
    assert refusal(after) == (401, f"repository:{NAME}:pull", "invalid_token")


@pytest.mark.parametrize("token", ["x", "a.b.c", "", "ü.ü.ü"])
def test_a_token_that_is_none_is_invalid(token: str) -> None:
    """Whatever it looks like."""
    response = Hub().ask(f"{REGISTRY}/v2/", Authorization=f"Bearer {token}")

    assert refusal(response)[2] == "invalid_token"


def test_a_token_of_another_hub_is_invalid() -> None:
    """Each seed signs with a key of its own."""
    response = Hub(seed=1).ask(f"{REGISTRY}/v2/", Authorization=Hub(seed=2).bearer())

    assert refusal(response)[2] == "invalid_token"


def test_every_token_is_another() -> None:
    """The same question twice in the same second brings two tokens."""
    hub = Hub()

    assert hub.bearer() != hub.bearer()


def test_head_and_get_agree_and_head_has_no_body() -> None:
    """HEAD has the status and every header of GET, also its Content-Length."""
    hub = Hub(pull_limit=None)
    url, bearer = f"{REGISTRY}/v2/{NAME}/manifests/latest", hub.bearer()
    head, get = hub.ask(url, method="HEAD", Authorization=bearer), hub.ask(url, Authorization=bearer)

    assert (head.status, head.headers) == (get.status, get.headers)
    assert head.body == b""
    assert get.headers.get("Content-Length") == str(len(get.body))
    assert get.headers.get("Docker-Content-Digest") == Digest.of(get.body)


def test_an_index_is_not_given_to_who_does_not_accept_one() -> None:
    """distribution answers 404 to a client that takes single manifests only."""
    hub = Hub()
    accept = "application/vnd.docker.distribution.manifest.v2+json"
    response = hub.ask(f"{REGISTRY}/v2/{NAME}/manifests/latest", Authorization=hub.bearer(), Accept=accept)

    assert (response.status, errors(response)) == (404, ["MANIFEST_UNKNOWN"])


def test_a_tag_that_is_not_there_is_manifest_unknown() -> None:
    """The body is distribution's, byte for byte as recorded."""
    hub = Hub()
    response = hub.ask(f"{REGISTRY}/v2/{NAME}/manifests/nope", Authorization=hub.bearer())

    assert response.status == 404
    recorded = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"nope"}}]}\n'
    assert response.body == recorded


def test_only_get_of_a_manifest_counts_against_the_limit() -> None:
    """HEAD is free; when none is left, GET is 429 with the sentence of Docker Hub, and HEAD goes on."""
    hub = Hub(pull_limit=1)
    url, bearer = f"{REGISTRY}/v2/{NAME}/manifests/latest", hub.bearer()
    left = [
        hub.ask(url, method=method, Authorization=bearer).headers.get("ratelimit-remaining")
        for method in ("HEAD", "GET", "HEAD")
    ]
    refused = hub.ask(url, Authorization=bearer)
    hub.now += 200
    still_refused = hub.ask(url, Authorization=bearer)

    assert left == ["1;w=21600", "0;w=21600", "0;w=21600"]
    assert (refused.status, errors(refused)) == (429, ["TOOMANYREQUESTS"])
    assert still_refused.headers.get("Retry-After") == "21401"


def test_the_limit_is_forgotten_after_its_window() -> None:
    """Six hours after a pull it no longer counts."""
    hub = Hub(pull_limit=1)
    url = f"{REGISTRY}/v2/{NAME}/manifests/latest"
    hub.ask(url, Authorization=hub.bearer())
    hub.now += 21600

    assert hub.ask(url, Authorization=hub.bearer()).status == 200


def blob_link(hub: Hub) -> tuple[str, bytes]:
    body = next(iter(sample_image().blobs.values()))
    response = hub.ask(f"{REGISTRY}/v2/{NAME}/blobs/{Digest.of(body)}", Authorization=hub.bearer())
    assert response.status == 307
    return response.headers.get("Location") or "", body


def test_a_blob_is_behind_a_signed_link() -> None:
    """The registry sends a 307, the CDN the bytes, to any client with the link."""
    hub = Hub()
    link, body = blob_link(hub)
    response = hub.ask(link)

    assert (response.status, response.body) == (200, body)


def test_a_link_that_was_changed_is_refused() -> None:
    """Neither expiry nor digest can be changed."""
    hub = Hub()
    link, _ = blob_link(hub)
    split = urlsplit(link)
    later = split._replace(query=split.query.replace("expires=1", "expires=2")).geturl()
    other = split._replace(path=split.path.replace("/data", "0/data")).geturl()

    assert [hub.ask(url).status for url in (later, other, split._replace(query="").geturl())] == [403, 403, 403]


def test_a_link_says_that_it_has_expired() -> None:
    """After ten minutes the CDN refuses, in words that tell it from a wrong signature."""
    hub = Hub()
    link, _ = blob_link(hub)
    hub.now = float(parse_qs(urlsplit(link).query)["expires"][0]) + 1
    response = hub.ask(link)

    assert response.status == 403
    assert b"Request has expired" in response.body


@pytest.mark.parametrize(
    ("wanted", "status", "part", "content_range"),
    [
        ("bytes=0-9", 206, slice(0, 10), "bytes 0-9/{}"),
        ("bytes=100-", 206, slice(100, None), "bytes 100-{last}/{}"),
        ("bytes=-10", 206, slice(-10, None), "bytes {tenth}-{last}/{}"),
        ("bytes=0-9999999", 206, slice(None), "bytes 0-{last}/{}"),
        ("bytes=9999999-", 416, slice(0), "bytes */{}"),
        ("bytes=-0", 416, slice(0), "bytes */{}"),
        ("lines=1-2", 200, slice(None), None),
        ("bytes=-", 200, slice(None), None),
    ],
)
def test_the_cdn_serves_ranges(wanted: str, status: int, part: slice, content_range: str | None) -> None:
    """RFC 9110, 14: a range is 206, one beyond the end 416, what is none is ignored."""
    hub = Hub()
    link, body = blob_link(hub)
    response = hub.ask(link, Range=wanted)
    size = len(body)
    expected = content_range.format(size, last=size - 1, tenth=size - 10) if content_range else None

    assert (response.status, response.body) == (status, body[part])
    assert response.headers.get("Content-Range") == expected


def test_referrers_are_not_served() -> None:
    """404 as plain text, so that clients ask for the fallback tag."""
    hub = Hub()
    digest = sample_image().tags["latest"]
    response = hub.ask(f"{REGISTRY}/v2/{NAME}/referrers/{digest}", Authorization=hub.bearer())

    assert (response.status, response.body) == (404, b"404 page not found\n")
    assert response.headers.get("Content-Type") == "text/plain; charset=utf-8"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_pushed(method: str) -> None:
    """405 UNSUPPORTED for every client."""
    hub = Hub()
    response = hub.ask(f"{REGISTRY}/v2/{NAME}/blobs/uploads/", method=method, Authorization=hub.bearer())

    assert (response.status, errors(response)) == (405, ["UNSUPPORTED"])


def test_tags_are_listed_in_pages() -> None:
    """`n` cuts the list, and Link leads to the rest."""
    image = sample_image()
    tags = dict.fromkeys(("1.0", "1.1", "latest"), image.tags["latest"])
    hub = Hub(repositories=[Repository(name=NAME, tags=tags, manifests=image.manifests, blobs=image.blobs)])
    bearer = hub.bearer()
    first = hub.ask(f"{REGISTRY}/v2/{NAME}/tags/list?n=2", Authorization=bearer)
    link = (first.headers.get("Link") or "").partition("<")[2].partition(">")[0]
    second = hub.ask(f"{REGISTRY}{link}", Authorization=bearer)

    assert [json.loads(page.body)["tags"] for page in (first, second)] == [["1.0", "1.1"], ["latest"]]
    assert "Link" not in second.headers


def test_a_lenient_server_leaves_unknown_scopes_out() -> None:
    """A token for two scopes of which one exists is good for that one."""
    hub = Hub()
    bearer = hub.bearer("app/zephykus", NAME)

    assert hub.ask(f"{REGISTRY}/v2/{NAME}/manifests/latest", Authorization=bearer).status == 200


def test_a_strict_server_refuses_unknown_scopes() -> None:
    """One scope that does not exist is enough for 403."""
    hub = Hub(strict=True)
    response = hub.ask(f"{REALM}?scope=repository:app/zephykus:pull&scope=repository:{NAME}:pull")

    assert (response.status, errors(response)) == (403, ["DENIED"])


def test_push_is_granted_to_no_client() -> None:
    """What is asked for beyond pull is left out of the token."""
    hub = Hub()
    answer = read_token_answer(hub.ask(f"{REALM}?scope=repository:{NAME}:pull,push").body)

    assert answer is not None
    assert [str(scope) for scope in answer.access or ()] == [f"repository:{NAME}:pull"]


def test_an_account_is_checked() -> None:
    """Basic credentials and the password form: right ones bring a token, wrong ones 401."""
    hub = Hub(accounts={"ada": "s3cret"})
    url = f"{REALM}?scope=repository:{NAME}:pull"
    basic = [base64.b64encode(pair).decode() for pair in (b"ada:s3cret", b"ada:wrong", b"bob:s3cret")]
    forms = [f"grant_type=password&username=ada&password={word}".encode() for word in ("s3cret", "wrong")]

    assert [hub.ask(url, Authorization=f"Basic {pair}").status for pair in [*basic, "%"]] == [200, 401, 401, 401]
    assert [hub.ask(REALM, method="POST", body=form).status for form in forms] == [200, 401]


def test_without_auth_no_token_is_needed() -> None:
    """An open registry answers its ping with 200."""
    hub = Hub(auth=False)

    assert hub.ask(f"{REGISTRY}/v2/").status == 200
    assert hub.ask(f"{REGISTRY}/v2/{NAME}/manifests/latest").status == 200
    assert errors(hub.ask(f"{REGISTRY}/v2/no/such/manifests/latest")) == ["NAME_UNKNOWN"]


def test_no_secret_is_in_a_repr() -> None:
    """Neither signing key nor token shows where objects are printed."""
    hub = Hub()
    request = Request(method="GET", url=REGISTRY, headers=Headers([("Authorization", hub.bearer())]))

    assert "Bearer" not in repr(request)
    assert "key" not in repr(vars(hub.world["registry-1.docker.io"])["_held"].seal)


@pytest.mark.parametrize(
    "url", ["https://[x/", "https://[1]/v2/", "https://h:many/v2/", "//[", "https://h/v2/\x00", "\ud800"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_any_url_has_an_answer(url: str, method: str) -> None:
    """A client may ask for anything by any name; the sample answers."""
    request = Request(method=method, url=url, headers=Headers({"Range": "bytes=5-" + "9" * 5_000}))
    for answer in [*sample_hub().values(), redirect_only()]:
        assert answer(request).status >= 200
