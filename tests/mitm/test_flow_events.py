"""Tests of the border: what is made of a flow, by which name, and that no secret passes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.connection import ConnectionState
from mitmproxy.flow import Error
from mitmproxy.io import FlowReader
from tests.make import behind, exchange

from pullscope.mitm.flow_events import error_of, events_of_saved, failed, requested, url_of
from pullscope.mitm.flow_notes import SEEN, seen_of
from pullscope.mitm.message_heads import RequestHead
from pullscope.trace.border import Border
from pullscope.trace.events import Event, Failed, Finished, Requested, Responded, Uploaded
from pullscope.trace.recording import to_line

RECORDINGS = sorted((Path(__file__).parents[1] / "data" / "recordings").glob("*.mitm"))
DIGEST = "sha256:" + "a" * 64


def flows_of(recording: Path) -> list[http.HTTPFlow]:
    with recording.open("rb") as file:
        return [flow for flow in FlowReader(file).stream() if isinstance(flow, http.HTTPFlow)]


def secrets_of(flow: http.HTTPFlow) -> set[str]:
    """Everything in a flow that must not be found again: credentials, tokens, signatures."""
    found = {flow.request.headers.get("authorization", "").partition(" ")[2]}
    for value in (flow.request.url, (flow.response or flow.request).headers.get("location", "")):
        found |= {part.partition("=")[2] for part in value.partition("?")[2].split("&") if part.startswith("verify=")}
    if flow.response is not None and flow.response.raw_content and b"token" in flow.response.raw_content:
        try:
            answer = json.loads(flow.response.get_text() or "")
            found |= (
                {str(answer.get(name, "")) for name in ("token", "access_token")} if isinstance(answer, dict) else set()
            )
        except ValueError:
            pass
    return {secret for secret in found if secret}


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_no_secret_of_a_recording_is_in_an_event(recording: Path) -> None:
    """Tokens and signatures are numbers at the most; the events still say that there were some."""
    border = Border()
    secrets: set[str] = set()
    lines = []
    for flow in flows_of(recording):
        secrets |= secrets_of(flow)
        lines += [to_line(event) for event in events_of_saved(border, flow)]
    text = "\n".join(lines)

    assert secrets
    assert not [secret for secret in secrets if secret in text]
    assert '"credential":' in text
    assert "secret123" not in text


HOSTILE = {
    "no answer": exchange(status=None),
    "not UTF-8": exchange(answer=b"\xff\xfe{", answer_headers=[("Content-Type", "\udcff\udc80")]),
    "no headers": exchange(headers=[], answer_headers=[]),
    "two hosts": exchange(headers=[("Host", "a.example"), ("Host", "b.example")]),
    "odd lengths": exchange(answer=b"{}", answer_headers=[("Content-Length", "-1"), ("Content-Length", "٣")]),
    "huge length": exchange(answer_headers=[("Content-Length", "9" * 4000)]),
    "odd location": exchange(status=307, answer_headers=[("Location", "http://[::1/\x00?verify=1")]),
    "relative location": exchange(status=302, answer_headers=[("Location", "../../x")]),
    "odd challenge": exchange(status=401, answer_headers=[("WWW-Authenticate", 'Bearer realm="')]),
    "odd authorization": exchange(headers=[("Authorization", "   ")]),
    "gzip that is none": exchange(answer=b"{}", answer_headers=[("Content-Encoding", "gzip")]),
    "status 999": exchange(status=999),
    "100 MB manifest": exchange(answer=bytes(100_000_000)),
    "deep": exchange(answer=b"[" * 100_000),
    "odd time": exchange(at=float("nan")),
    "late time": exchange(at=1e308),
    "path without slash": exchange("https://registry.example.com"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_flows_become_events(name: str) -> None:
    """Whatever a server or client says, there is an event for it that can be written."""
    events = [*events_of_saved(Border(), HOSTILE[name])]

    assert isinstance(events[0], Requested)
    assert isinstance(events[-1], Failed if name == "no answer" else Finished)
    assert all(len(to_line(event)) < 10_000 for event in events if name != "deep")


def test_a_large_document_is_not_kept() -> None:
    """It is counted and hashed."""
    last = [*events_of_saved(Border(), HOSTILE["100 MB manifest"])][-1]

    assert isinstance(last, Finished)
    assert (last.bytes, last.document) == (100_000_000, None)
    assert last.sha256 is not None


@pytest.mark.parametrize(
    ("mode", "headers", "sni", "expected"),
    [
        ("regular", [("Host", "docker.io")], None, "https://docker.io/v2/"),
        ("regular", [("Host", "Docker.IO:443")], None, "https://docker.io/v2/"),
        ("regular", [("Host", "docker.io:5000")], None, "https://docker.io:5000/v2/"),
        ("upstream:http://proxy.example:3128", [("Host", "docker.io")], "docker.io", "https://docker.io/v2/"),
        ("reverse:https://target.example", [("Host", "target.example")], "docker.io", "https://docker.io/v2/"),
        ("reverse:https://target.example", [("Host", "docker.io:8443")], "docker.io", "https://docker.io:8443/v2/"),
        ("reverse:https://target.example", [("Host", "docker.io")], None, "https://docker.io/v2/"),
        ("regular", [("Host", "a.example"), ("Host", "b.example")], "a.example", "https://a.example/v2/"),
        ("regular", [("Host", "")], None, "https://target.example/v2/"),
        ("regular", [("Host", "[::1")], None, "https://target.example/v2/"),
        ("regular", [("Host", "[::1]:5000")], None, "https://[::1]:5000/v2/"),
        ("regular", [("Host", "a/../b")], None, "https://target.example/v2/"),
    ],
)
def test_url_is_by_the_name_that_the_client_used(
    mode: str, headers: list[tuple[str, str]], sni: str | None, expected: str
) -> None:
    """Whatever the proxy connects to; in reverse mode that is the SNI."""
    flow = behind(exchange("https://target.example/v2/", headers=headers), mode, sni=sni)

    assert url_of(RequestHead.of(flow)) == expected


def asked(border: Border, flow: http.HTTPFlow) -> Requested:
    return requested(border, RequestHead.of(flow))


def test_equal_tokens_have_equal_numbers() -> None:
    """The token of an answer is known again in the request that carries it, and is in neither event."""
    border = Border()
    answered = exchange("https://auth.example.com/token", answer=b'{"token": "s3cret", "expires_in": 300}')
    issued = [*events_of_saved(border, answered)][-1]
    used = asked(border, exchange(headers=[("Authorization", "Bearer s3cret")]))
    other = asked(border, exchange(headers=[("Authorization", "Bearer an0ther")]))

    assert isinstance(issued, Finished)
    assert issued.issued == used.credential != other.credential
    assert "s3cret" not in to_line(issued) + to_line(used)
    assert used.authorization == "bearer"


@pytest.mark.parametrize(
    ("header", "scheme"),
    [("Basic dTpw", "basic"), ("bearer x", "bearer"), ("Negotiate abc", "other"), ("", "none"), ("dTpw", "other")],
)
def test_authorization_is_a_word(header: str, scheme: str) -> None:
    """Only the kind of it is known; a login is not even numbered."""
    event = asked(Border(), exchange(headers=[("Authorization", header)]))

    assert event.authorization == scheme
    assert (event.credential is not None) is (scheme == "bearer")
    assert "dTpw" not in to_line(event)


def test_uploaded_form_is_redacted() -> None:
    """A token request by POST has the password in its body."""
    flow = exchange(
        "https://auth.example.com/token",
        method="POST",
        headers=[("Content-Type", "application/x-www-form-urlencoded")],
        body=b"grant_type=password&username=u&password=s3cret&scope=repository:a:pull",
    )
    uploaded = next(event for event in events_of_saved(Border(), flow) if isinstance(event, Uploaded))

    assert uploaded.document is not None
    assert "s3cret" not in uploaded.document
    assert "repository" in uploaded.document


@pytest.mark.parametrize(("ended", "uploads"), [(3.0, [("7", 3.0)]), (None, [])])
def test_an_upload_that_was_streamed_is_as_long_as_was_said(
    ended: float | None, uploads: list[tuple[str, float]]
) -> None:
    """mitmproxy keeps nothing of its body; of one whose end was not seen nothing is said."""
    flow = exchange(
        "https://registry.example.com/v2/app/blobs/uploads/1", method="PUT", headers=[("Content-Length", "7")]
    )
    flow.request.raw_content, flow.request.timestamp_end = None, ended
    found = [event for event in events_of_saved(Border(), flow) if isinstance(event, Uploaded)]

    assert [(str(event.bytes), event.time) for event in found] == uploads
    assert not any(event.sha256 for event in found)


def last_of(flow: http.HTTPFlow) -> Event:
    return [*events_of_saved(Border(), flow)][-1]


def test_saved_blob_has_what_the_addon_left() -> None:
    """A streamed body is nothing in a flow file: its bytes and hash are in the metadata."""
    flow = exchange(f"https://registry.example.com/v2/app/blobs/{DIGEST}", answer_headers=[("Content-Length", "9")])
    assert getattr(last_of(flow), "bytes", None) == 9

    seen_of(flow).update(step="layer", bytes=7, sha256="b" * 64)
    finished = last_of(flow)
    assert isinstance(finished, Finished)
    assert (finished.bytes, finished.sha256, finished.document) == (7, "b" * 64, None)


@pytest.mark.parametrize(
    "seen", [None, [], "x", {"bytes": "many", "sha256": 5, "read": [], "step": 1}, {"bytes": True}]
)
def test_metadata_of_others_is_not_trusted(seen: object) -> None:
    """A flow file may hold anything under our key."""
    flow = exchange(answer=b"{}")
    flow.metadata[SEEN] = seen

    assert isinstance(last_of(flow), Finished)
    assert isinstance(seen_of(flow), dict)


def document_of(border: Border, flow: http.HTTPFlow) -> str | None:
    """What is kept of the body of a saved answer."""
    finished = [*events_of_saved(border, flow)][-1]
    assert isinstance(finished, Finished)
    return finished.document


MANIFEST = b'{"schemaVersion": 2, "layers": [{"urls": ["https://cdn.example/x?sig=s3cret"]}], "of": "%d"}'


def test_a_document_that_comes_again_says_the_same() -> None:
    """It is looked through once; what is remembered has none of the secrets."""
    border = Border()
    texts = [document_of(border, exchange(answer=MANIFEST % 1)) for _ in range(2)]
    assert texts[0] == texts[1] is not None
    assert [*border._known.values()] == texts[:1]
    assert "s3cret" not in f"{texts}{border._known}"


def test_a_hash_that_a_file_names_makes_no_document_another() -> None:
    """The metadata of a saved flow say what they like; each document is known by what it holds."""
    border = Border()
    said = []
    for number in range(2):
        flow = exchange(answer=MANIFEST % number)
        seen_of(flow).update(bytes=5, sha256="b" * 64)
        said.append(document_of(border, flow) or "")
    assert [f'"of": "{number}"' in text for number, text in enumerate(said)] == [True, True]


def test_documents_that_are_remembered_are_few_and_hold_no_token() -> None:
    """Neither token answers, nor errors, nor what is large; of the rest the last few."""
    border = Border()
    token = exchange("https://auth.example.com/token?service=x&scope=y", answer=b'{"token": "s3cret"}')
    for flow in (token, exchange(status=404, answer=b"{}"), exchange(answer=b'{"of": "' + b"x" * 70_000 + b'"}')):
        assert document_of(border, flow)
    assert not border._known
    for number in range(40):
        document_of(border, exchange(answer=MANIFEST % number))
    assert len(border._known) == 32
    assert '"of": "39"' in [*border._known.values()][-1]


def test_a_config_that_was_kept_to_be_looked_at_is_not_read() -> None:
    """It is on the saved flow, and in no event."""
    flow = exchange(f"https://registry.example.com/v2/app/blobs/{DIGEST}", answer=b'{"os": "linux"}')
    seen_of(flow).update(step="config", read=False, bytes=15, sha256="b" * 64)
    finished = last_of(flow)

    assert isinstance(finished, Finished)
    assert (finished.document, finished.sha256) == (None, "b" * 64)


def test_failures_say_why_and_how_far() -> None:
    """A body that was cut off."""
    flow = exchange()
    event = failed(Border(), 1, 1000.0, flow.error, 12)

    assert (event.reason, event.bytes) == ("ended without an answer", 12)


def test_location_is_made_absolute_and_known_again() -> None:
    """A relative redirect leads to the URL that is asked for next."""
    border = Border()
    redirect = exchange(
        "https://a.example/v2/x/blobs/y", status=307, answer_headers=[("Location", "/cdn?verify=s3cret")]
    )
    responded = next(event for event in events_of_saved(border, redirect) if isinstance(event, Responded))
    following = asked(border, exchange("https://a.example/cdn?verify=s3cret"))

    assert responded.location is not None
    assert responded.location.startswith("https://a.example/cdn?verify=")
    assert "s3cret" not in responded.location
    assert responded.location_id == following.url_id


@pytest.mark.parametrize(
    ("live", "state", "said"),
    [
        (True, ConnectionState.CLOSED, "Client disconnected."),
        (True, ConnectionState.OPEN, "connection closed"),
        (False, ConnectionState.CLOSED, "connection closed"),
    ],
)
def test_who_ended_a_connection_that_was_being_made(live: bool, state: ConnectionState, said: str) -> None:
    """A client that gave up is no server that ends TLS: BuildKit cancels its other requests once one has failed."""
    flow = exchange("https://reg.example.test/v2/", status=None)
    flow.error, flow.live, flow.client_conn.state = Error("connection closed", 7.0), live, state

    told = error_of(flow)
    assert told is not None
    assert (told.msg, told.timestamp) == (said, 7.0)


@pytest.mark.parametrize(
    ("live", "client", "server", "state", "said"),
    [
        (True, b"h2", b"h2", ConnectionState.CLOSED, "Client disconnected."),
        (True, b"h2", b"", ConnectionState.CLOSED, "Client disconnected."),
        (True, b"h2", b"h2", ConnectionState.OPEN, "server closed connection"),
        (True, b"", b"h2", ConnectionState.OPEN, "server closed connection"),
        (False, b"h2", b"http/1.1", ConnectionState.CLOSED, "Client disconnected."),
        (False, b"http/1.1", b"h2", ConnectionState.CLOSED, "server closed connection"),
        (False, b"h2", b"h2", ConnectionState.CLOSED, "client or server closed the connection"),
    ],
)
def test_who_closed_a_connection_of_http_2(
    live: bool, client: bytes, server: bytes, state: ConnectionState, said: str
) -> None:
    """mitmproxy has the same words for both; crane, oras, containerd and BuildKit speak HTTP/2 with a proxy."""
    flow = exchange("https://reg.example.test/v2/", status=200)
    flow.error, flow.live = Error("peer closed connection", 7.0), live
    flow.client_conn.alpn, flow.server_conn.alpn, flow.client_conn.state = client, server, state

    told = error_of(flow)
    assert told is not None
    assert (told.msg, told.timestamp, flow.error.msg) == (said, 7.0, "peer closed connection")
