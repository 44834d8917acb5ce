"""Tests of Go's redirect rules."""

from __future__ import annotations

import pytest

from pullscope.oci.messages import Headers, Request, Response
from pullscope.worlds.clients.drive import run_in_turns
from pullscope.worlds.clients.go_http import GoError, send
from pullscope.worlds.clients.steps import NoAnswerError

START = "https://a.example/v2/x"


def hops(answers: dict[str, Response], request: Request) -> list[Request]:
    """The requests that come of `request` when each URL is answered as listed, and any other with 200."""
    seen: list[Request] = []

    def answer(hop: Request) -> Response:
        seen.append(hop)
        return answers.get(hop.url, Response(status=200))

    run_in_turns(send(request), answer)
    return seen


def to(location: str, status: int = 302) -> Response:
    return Response(status=status, headers=Headers([("Location", location)]))


def request(method: str = "GET", url: str = START, body: bytes = b"", **fields: str) -> Request:
    return Request(method=method, url=url, headers=Headers(fields), body=body)


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("https://a.example/other", True),
        ("https://a.example:8443/other", True),
        ("https://sub.a.example/other", True),
        ("https://xa.example/other", False),
        ("https://b.example/other", False),
        ("https://example/other", False),
    ],
)
def test_authorization_goes_to_the_same_host_and_its_sub_domains(target: str, kept: bool) -> None:
    """shouldCopyHeaderOnRedirect: ports do not count, parents and others get nothing."""
    seen = hops({START: to(target)}, request(Authorization="Bearer x", Accept="y"))

    assert ("Authorization" in seen[1].headers) is kept
    assert seen[1].headers.get("Accept") == "y"


def test_authorization_that_was_lost_stays_lost() -> None:
    """Since Go 1.23.5 the way back to the first host does not bring the token back."""
    seen = hops(
        {START: to("https://b.example/"), "https://b.example/": to("https://a.example/end")}, request(Cookie="c")
    )

    assert [hop.headers.get("Cookie") for hop in seen] == ["c", None, None]


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [
        (301, "POST", "GET"),
        (302, "PUT", "GET"),
        (303, "PATCH", "GET"),
        (302, "HEAD", "HEAD"),
        (307, "PUT", "PUT"),
        (308, "POST", "POST"),
    ],
)
def test_the_method_changes_as_the_status_says(status: int, method: str, expected: str) -> None:
    """301, 302 and 303 make a GET without body of everything but HEAD; 307 and 308 keep both."""
    seen = hops({START: to("/next", status)}, request(method, body=b"body"))

    assert seen[1].method == expected
    assert seen[1].body == (b"body" if status in (307, 308) or method == "HEAD" else b"")


def test_the_referer_is_the_previous_url_without_user_info() -> None:
    """Each hop names the one before, query and all."""
    first = "https://user:pw@a.example/v2/?n=1"
    seen = hops({first: to("https://b.example/x?sig=1"), "https://b.example/x?sig=1": to("/y")}, request(url=first))

    assert [hop.headers.get("Referer") for hop in seen] == [
        None,
        "https://a.example/v2/?n=1",
        "https://b.example/x?sig=1",
    ]


def test_no_referer_goes_from_https_to_http() -> None:
    """A downgrade says nothing of where it came from."""
    seen = hops({START: to("http://a.example/plain")}, request())

    assert "Referer" not in seen[1].headers


def test_the_tenth_redirect_is_not_followed() -> None:
    """Ten requests are made, then Go gives up in its own words."""
    seen: list[str] = []

    def loop(hop: Request) -> Response:
        seen.append(hop.url)
        return to("https://a.example/v2/x")

    with pytest.raises(GoError, match=r'^Get "https://a.example/v2/x": stopped after 10 redirects$'):
        run_in_turns(send(request()), loop)
    assert len(seen) == 10


def test_a_redirect_without_location_is_an_answer() -> None:
    """golang/go#17773."""
    assert len(hops({START: Response(status=302)}, request())) == 1


def test_304_is_no_redirect() -> None:
    """A Location beside another status leads nowhere."""
    assert len(hops({START: to("/next", 304)}, request())) == 1


def test_a_missing_answer_is_told_in_gos_words() -> None:
    """The method, the URL, the reason."""

    def nothing(_hop: Request) -> Response:
        raise NoAnswerError("connection refused")

    with pytest.raises(GoError, match=r'^Head "https://a.example/v2/x": connection refused$'):
        run_in_turns(send(request("HEAD")), nothing)
