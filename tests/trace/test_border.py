"""The border, fed with plain messages: what is numbered, what is kept, and for how long an exchange is remembered."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from pullscope.oci.messages import Headers, Request, Response
from pullscope.trace.border import MOST_OPEN, Body, Border
from pullscope.trace.events import Event, Failed, Finished, Requested, Responded, Uploaded
from pullscope.trace.recording import from_line, to_line

MANIFEST = "https://registry.example.com/v2/app/manifests/latest"


def get(url: str = MANIFEST, **headers: str) -> Request:
    return Request(method="GET", url=url, headers=Headers(headers))


def whole(border: Border, request: Request, response: Response | str, connection: str | None = None) -> list[Event]:
    return [
        *border.whole(request, response, asked=1.0, answered=2.0, ended=3.0, client="192.0.2.7", connection=connection)
    ]


def test_an_exchange_in_memory_is_told_as_one_from_the_wire() -> None:
    """Request, what was sent, answer, end, each with its time; documents are kept, and hashed."""
    request = Request(method="PUT", url=MANIFEST, headers=Headers(), body=b"{}")
    asked, sent, answered, ended = whole(Border(), request, Response(status=201, body=b"{}"))

    assert isinstance(asked, Requested)
    assert isinstance(sent, Uploaded)
    assert isinstance(answered, Responded)
    assert isinstance(ended, Finished)
    assert [event.time for event in (asked, sent, answered, ended)] == [1.0, 1.0, 2.0, 3.0]
    assert (sent.document, ended.document, ended.bytes) == ("{}", "{}", 2)
    assert ended.sha256 == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_blobs_are_hashed_and_not_kept() -> None:
    """Whichever way they go."""
    url = "https://registry.example.com/v2/app/blobs/uploads/1"
    events = whole(Border(), Request(method="PUT", url=url, headers=Headers(), body=b"{}"), Response(status=201))
    down = whole(Border(), get(url.replace("uploads/1", "sha256:" + "a" * 64)), Response(status=200, body=b"{}"))

    assert [getattr(event, "document", None) for event in events + down] == [None] * 7


def test_no_answer_is_a_failure() -> None:
    """With its reason, which is looked through for secrets."""
    last = whole(Border(), get(), "dial tcp: https://u:hunter2@h/?sig=hunter2: no such host")[-1]

    assert isinstance(last, Failed)
    assert "hunter2" not in last.reason
    assert "no such host" in last.reason


def test_equal_connections_have_equal_numbers() -> None:
    """And none where it is not known."""
    border = Border()
    numbers = [getattr(whole(border, get(), "gone", name)[0], "connection", 0) for name in ("b", "a", None, "b")]

    assert numbers == [1, 2, None, 1]


def test_when_the_connection_was_opened_is_recorded() -> None:
    """An older recording does not say, and reads all the same."""
    event = Border().requested(get(), time=2.0, client="", connection="a", connected=1.5)
    line = to_line(event)

    assert from_line(line) == event
    assert getattr(from_line(line.replace(',"connected":1.5', "")), "connected", 0) is None


def test_a_location_is_relative_to_what_was_asked() -> None:
    """Its number is that of the request that follows it."""
    border = Border()
    redirect = Response(status=307, headers=Headers({"Location": "../blobs/x?verify=s3cret"}))
    responded = whole(border, get(), redirect)[1]
    following = border.requested(
        get("https://REGISTRY.example.com:443/v2/app/blobs/x?verify=s3cret"), time=4.0, client=""
    )

    assert isinstance(responded, Responded)
    assert responded.location == "https://registry.example.com/v2/app/blobs/x?verify=REDACTED"
    assert responded.location_id == following.url_id


def test_an_exchange_is_remembered_until_its_end() -> None:
    """Whichever end it is; and however many never end, they are bounded."""
    border = Border()
    whole(border, get(), Response(status=200, body=b"{}"))
    whole(border, get(), "gone")
    border.forget(border.requested(get(), time=1.0, client="").exchange)
    assert not border._open
    for _ in range(MOST_OPEN + 5):
        first = border.requested(get(), time=1.0, client="")
    assert len(border._open) == MOST_OPEN
    assert border.finished(first.exchange, Body(content=b"{}"), time=2.0).document == "{}"


def test_no_document_is_kept_of_what_is_no_longer_remembered() -> None:
    """What it may echo is not known."""
    border = Border()

    assert border.finished(7, Body(content=b"{}"), time=2.0).document is None
    assert border.uploaded(7, Body(content=b"{}"), time=2.0).document is None
    assert border.responded(7, Response(status=307, headers=Headers({"Location": "/x"})), time=2.0).location == "/x"


@pytest.mark.parametrize(
    ("claims", "granted", "said"),
    [
        (
            {"access": [{"type": "repository", "name": "proj/app", "actions": ["pull", "push"]}]},
            "repository:proj/app:pull,push",
            (None, None, None),
        ),
        (
            {"access": [], "nbf": 1461080200, "exp": 1461080500, "aud": ["reg"]},
            "",
            (1461080200, 1461080500, "reg"),
        ),
        ({"nbf": "soon", "exp": 1461080500, "aud": "jfrt@01"}, None, (None, 1461080500, None)),
    ],
    ids=["a right", "none", "another's token"],
)
def test_what_a_token_grants_is_told_and_the_token_is_not(
    claims: dict[str, Any], granted: str | None, said: tuple[object, ...]
) -> None:
    """A JWT says in `access` what its holder may do; where it is refused, from when to when and where it is valid, too."""
    part = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    token = f"eyJhbGciOiJIUzI1NiJ9.{part}.c2ln"
    border = Border()
    given = Response(status=200, body=json.dumps({"token": token}).encode())
    events = whole(border, get("https://auth.example.com/token"), given)
    asked = get("https://reg.example.com/v2/", Authorization=f"Bearer {token}")
    taken, refused = (whole(border, asked, Response(status=status)) for status in (200, 401))
    (finished,) = [event for event in events if isinstance(event, Finished)]
    assert (finished.issued, finished.granted) == (1, granted)
    for seen, told in ((taken, (None, None, None)), (refused, said)):
        (answer,) = [event for event in seen if isinstance(event, Responded)]
        assert (answer.valid_from, answer.valid_until, answer.valid_at) == told
    assert part not in repr((events, taken, refused))
