"""Every trace that the border can make is told in every form, whatever the wire, the clock and the files say."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.logs.test_hostile import PLANTED, SECRET
from tests.trace.test_border_secrets import KINDS, MANIFEST, PLACES, b64, get, leaks

from pullscope.logs import forms
from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.urls import split
from pullscope.render.explain.lesson_text import lesson_blocks
from pullscope.render.formats import FORMS, Told
from pullscope.render.html.page import live_pull
from pullscope.render.layout import paint
from pullscope.render.report import report_json, report_lines
from pullscope.trace.border import Body, Border
from pullscope.trace.events import Event
from pullscope.trace.recording import Reader, first_line, to_line
from pullscope.trace.trace import Trace

DIGEST = "sha256:" + "a" * 64
ODD = [
    "https://[x/",
    "https://[1]/v2/",
    "https://h:many/v2/",
    "https://\x00/v2/",
    "\ud800",
    "https://h/" + "/" * 40_000,
    "",
]
URLS = [
    "https://r.example/v2/",
    "https://r.example/v2/a/manifests/latest",
    f"https://r.example/v2/a/manifests/{DIGEST}",
    f"https://r.example/v2/a/blobs/{DIGEST}",
    "https://r.example/v2/a/tags/list?n=5",
    "https://r.example/v2/a/blobs/uploads/",
    "https://auth.example/token?service=s&scope=repository:a:pull",
    "https://[1]/v2/a/manifests/latest",
    *[f"{url}v2/a/manifests/latest" for url in ODD],
]
NUMBERS = ["0", "5", "9" * 19, "9" * 400, "9" * 5_000, "-1", "1e9", "٣", ""]
TIMES = [0.0, 1.0, 1.1, 1795424400.0, 1e12, 1e15, 1e308, float("inf"), float("nan"), -1.0, 10**400]
COUNTS = [None, 0, 5, 2**63 - 1, 2**63, 10**400, -1]
DOCUMENTS = [
    b"",
    b"{}",
    b"\xff\xfe",
    b'{"errors":[{"code":"DENIED","message":"\\ud800"}]}',
    b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"digest":"%s","size":%s},'
    b'"layers":[{"digest":"%s","size":-1,"mediaType":"\\u0000"}]}' % (DIGEST.encode(), b"9" * 400, DIGEST.encode()),
    b'{"token":"t","expires_in":%s}' % (b"9" * 400),
    b"<html><title>x</title>",
    b"[" * 5_000,
    b'{"n":' + b"9" * 5_000 + b"}",
]
NAMES = [
    "Content-Length",
    "Link",
    "Location",
    "Retry-After",
    "ratelimit-limit",
    "Content-Range",
    "WWW-Authenticate",
    "Date",
]
NAMES += ["Docker-Content-Digest", "Content-Type", "Content-Encoding", "ratelimit-remaining"]
WORDS = [*NUMBERS, *ODD, *[f"<{url}>; rel=next" for url in ODD], *[f'Bearer realm="{url}"' for url in ODD]]
WORDS += [f"bytes 0-{'9' * 5_000}/{'9' * 400}", f"{'9' * 400};w={'9' * 400}", DIGEST]
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(WORDS)), max_size=4)
EXCHANGES = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "GET", "HEAD", "PUT", "POST", "\ud800", "G" * 1_000]),
        "url": st.sampled_from(URLS),
        "agent": st.sampled_from(["docker/29.7.2", "skopeo/1.9", "\ud800", "x" * 5_000, "docker/" + "9" * 400]),
        "referer": st.sampled_from([None, *ODD, *URLS[:3]]),
        "authorization": st.sampled_from([None, "Bearer t", "Basic dTpw", "Basic \ud800", "Bearer " + "9" * 400]),
        "status": st.sampled_from([None, 200, 200, 206, 307, 401, 403, 404, 429, 500, 0, -1, 10**400]),
        "headers": HEADERS,
        "body": st.sampled_from(DOCUMENTS),
        "length": st.sampled_from(COUNTS),
        "sha256": st.sampled_from([None, "b" * 64, "\ud800", ""]),
        "sent": st.sampled_from([None, *DOCUMENTS]),
        "times": st.lists(st.sampled_from(TIMES), min_size=4, max_size=4),
        "client": st.sampled_from(["10.0.0.1", "\ud800", ""]),
        "fails": st.sampled_from([None, None, None, "\ud800", "x" * 5_000]),
        "ends": st.sampled_from([True, True, True, False]),
    }
)
GOOD: dict[str, Any] = {
    "method": "GET",
    "url": URLS[1],
    "agent": "docker/29.7.2",
    "referer": None,
    "authorization": None,
    "status": 200,
    "headers": [],
    "body": b"{}",
    "length": 2,
    "sha256": None,
    "sent": None,
    "times": [1.0, 1.0, 1.1, 1.2],
    "client": "10.0.0.1",
    "fails": None,
    "ends": True,
}


def events_of(border: Border, one: dict[str, Any]) -> Iterator[Event]:
    """What the border makes of an exchange."""
    began, sent, answered, ended = one["times"]
    fields = {"User-Agent": one["agent"], "Referer": one["referer"], "Authorization": one["authorization"]}
    asked = Headers([(name, value) for name, value in fields.items() if value is not None])
    first = border.requested(
        Request(method=one["method"], url=one["url"], headers=asked), time=began, client=one["client"], connected=sent
    )
    yield first
    if one["sent"] is not None:
        yield border.uploaded(first.exchange, Body(length=one["length"], content=one["sent"]), time=sent)
    if one["status"] is not None:
        response = Response(status=one["status"], headers=Headers(one["headers"]))
        yield border.responded(first.exchange, response, time=answered, answered_by=one["agent"])
    if one["fails"] is not None:
        yield border.failed(first.exchange, one["fails"], time=ended, length=one["length"])
    elif one["ends"]:
        body = Body(length=one["length"], sha256=one["sha256"], content=one["body"])
        yield border.finished(first.exchange, body, time=ended)


def told_in_every_form(trace: Trace) -> Iterator[str]:
    """The text, short and long, JSON, each export, and the lesson at both levels."""
    told = Told.of(trace, "x")
    for verbose in (False, True):
        yield "\n".join(report_lines(trace.pulls, findings=trace.findings, color=verbose, verbose=verbose))
    yield json.dumps(report_json(told), allow_nan=False)
    for form in FORMS.values():
        yield form.write(told)
    for expert in (False, True):
        for pull in trace.pulls:
            for block in lesson_blocks(pull, expert=expert):
                yield "\n".join(paint(line, color=expert) for line in block)


def no_rule_is_skipped(code: str, error: str) -> None:
    """In the place of the note that one was."""
    raise AssertionError(f"{code}: {error}")


@settings(max_examples=150, deadline=None)
@given(st.lists(EXCHANGES, max_size=6))
@example([{**GOOD, "times": [1.0, 1.0, 1e12, 2.5e11]}])
@example([{**GOOD, "headers": [("Content-Length", "9" * 5_000)], "method": "HEAD"}])
@example([{**GOOD, "headers": [("Link", "<https://[x/>; rel=next")], "url": URLS[4]}, GOOD])
@example([{**GOOD, "url": "https://[1]/v2/"}, GOOD])
@example(
    [{**GOOD, "status": 206, "headers": [("Content-Range", f"bytes 0-{'9' * 5_000}/{'9' * 5_000}")], "url": URLS[3]}]
)
def test_every_trace_is_told_in_every_form(exchanges: list[dict[str, Any]]) -> None:
    """Live, and read from its recording: nothing raises, no rule is skipped, all can be written, in a bounded length."""
    border = Border()
    events = [event for one in exchanges for event in events_of(border, one)]
    lines = [to_line(event) for event in events]
    reader = Reader("x")
    assert list(reader.read([first_line(), *lines])) == events
    assert reader.problem is None
    trace = Trace()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pullscope.trace.findings.table._say_once", no_rule_is_skipped)
        for event in sorted(events, key=lambda event: event.time):
            trace.feed(event)
        trace.finish()
    for text in told_in_every_form(trace):
        assert len(text.encode("utf-8")) < 1_000_000


def leads_to(request: Request) -> Response:
    """What a registry says that makes the request part of a pull."""
    if request.method == "GET":
        return Response(status=307, headers=Headers([("Location", request.url)]))
    return Response(status=401, headers=Headers([("WWW-Authenticate", f'Bearer realm="{request.url}",service="s"')]))


@pytest.mark.parametrize("kind", KINDS)
def test_no_form_brings_a_credential_out(kind: str) -> None:
    """Each kind of secret, echoed in each place of an answer: it is in no form, nor in the lesson, nor on the (live) page."""
    request, secrets = KINDS[kind]
    for coding in (str, b64):
        border, trace = Border(), Trace()
        for number, place in enumerate(place for place in PLACES.values() for _ in secrets):
            answer = place(coding(secrets[number % len(secrets)]))
            at = 100.0 * number
            for asked, said in ((get(MANIFEST), leads_to(request)), (request, answer)):
                for event in border.whole(asked, said, asked=at, answered=at + 1, ended=at + 2, client="192.0.2.7"):
                    trace.feed(event)
                at += 3
        trace.finish()
        texts = [*told_in_every_form(trace), *(json.dumps(live_pull(pull)) for pull in trace.pulls)]
        assert all(split(request.url).netloc.rpartition("@")[2] in text for text in texts[1:3])
        for secret in secrets:
            assert [text[:200] for text in texts if leaks(text, secret) or coding(secret).rstrip("=") in text] == []


@pytest.mark.parametrize("name", PLANTED)
def test_no_form_brings_a_secret_of_a_log_out(name: str) -> None:
    """What others wrote into their logs is not told on."""
    raw = PLANTED[name].encode()
    form = forms.form_of(forms.decoded(raw))
    assert form is not None
    trace = Trace()
    for event in forms.events(form, raw, io.BytesIO()):
        trace.feed(event)
    trace.finish()
    texts = [*told_in_every_form(trace), *(json.dumps(live_pull(pull)) for pull in trace.pulls)]
    assert [text[:200] for text in texts if SECRET in text] == []
