"""`scrub`: a flow file that may be passed on. Secrets and blobs are taken out of the flows; the trace stays the same.

What is kept is decided by the keep-lists of `oci.redact`, as for a recording. Where the trace compares secrets ("the same
token", an open Location), each is replaced by a word with its number, `REDACTED-3`, so that equal ones stay equal; numbers
are given in order of first appearance and the secrets are nowhere. What a body was (its length, its hash) is left in
`flow.metadata` under `SEEN`, where the reader looks; a document stays as the flow's body, without its secrets. Flows that are
no part of a trace, and what else mitmproxy stores, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from mitmproxy import http
from mitmproxy.io import FlowWriter
from mitmproxy.net import encoding

from pullscope.mitm.bodies import body_of_message, coding_of
from pullscope.mitm.flow_events import events_of_saved, saved_document, url_of
from pullscope.mitm.flow_file import CutOffError, DamagedError, flows_of
from pullscope.mitm.flow_notes import ANSWERED_BY, MIRRORED, SEEN
from pullscope.mitm.message_heads import RequestHead, headers_of
from pullscope.oci.documents import read_token_answer
from pullscope.oci.kept_bodies import is_token_answer, reason_of, sent_of, text_of, token_answer_of
from pullscope.oci.messages import Headers
from pullscope.oci.redact import (
    GONE,
    Numbers,
    redact_document,
    redact_headers,
    redact_url,
)
from pullscope.oci.request_secrets import Secrets, both, secrets_of, secrets_sent, without_secrets
from pullscope.oci.routes import route
from pullscope.oci.urls import canonical, joined, split
from pullscope.trace.border import LONGEST_URL, Border, wants_upload
from pullscope.trace.events import Event, Requested
from pullscope.trace.model import Hop
from pullscope.trace.trace import Trace

_KEPT_SEEN = frozenset({"step", "read", "bytes", "sha256", "sent_bytes", "sent_sha256"})


@dataclass(kw_only=True, slots=True)
class Scrubbed:
    """What came of it."""

    kept: int = 0
    left_out: int = 0
    problem: str | None = None


def scrub(source: BinaryIO, target: BinaryIO, *, name: str) -> Scrubbed:
    """Write the flows of `source` to `target`, without secrets and blobs."""
    done = Scrubbed()
    flows = list(_read(source, done, name))
    hops = _registry_hops(flows)
    numbers = Numbers()
    writer = FlowWriter(target)
    made: dict[str, http.HTTPFlow] = {}
    # Numbers are given in the order of time, as the reader gives them; the file keeps its own order.
    for flow in sorted(flows, key=lambda one: one.request.timestamp_start):
        if flow.id in hops:
            made[flow.id] = _scrubbed(flow, hops[flow.id], numbers)
    for flow in flows:
        if flow.id in made:
            writer.add(made[flow.id])
            done.kept += 1
        else:
            done.left_out += 1
    return done


def _read(source: BinaryIO, done: Scrubbed, name: str) -> Iterator[http.HTTPFlow]:
    try:
        for flow in flows_of(source):
            if isinstance(flow, http.HTTPFlow):
                yield flow
            else:
                done.left_out += 1
    except CutOffError:
        done.problem = f"{name} ends in the middle of a flow; what came before it was scrubbed."
    except DamagedError as error:
        done.problem = f"{name} is damaged ({error}); what came before that was scrubbed."


def _registry_hops(flows: list[http.HTTPFlow]) -> dict[str, Hop]:
    """The flows that are part of a trace, each with its place in it."""
    border, trace = Border(), Trace()
    events: list[Event] = []
    flow_of: dict[int, str] = {}
    for flow in flows:
        for event in events_of_saved(border, flow):
            if isinstance(event, Requested):
                flow_of[event.exchange] = flow.id
            events.append(event)
    found: dict[str, Hop] = {}
    for event in sorted(events, key=lambda one: one.time):
        trace.feed(event)
        hop = trace.hop(event.exchange) if isinstance(event, Requested) else None
        if hop is not None:
            found[flow_of[hop.request.exchange]] = hop
    trace.finish()
    return found


def _scrubbed(flow: http.HTTPFlow, hop: Hop, numbers: Numbers) -> http.HTTPFlow:
    """A flow of its own with only what may be kept."""
    raw_url = url_of(RequestHead.of(flow))
    new = http.HTTPFlow(flow.client_conn, flow.server_conn)
    new.id, new.marked, new.comment = flow.id, flow.marked, redact_document(flow.comment)
    seen = flow.metadata.get(SEEN)
    kept = {key: value for key, value in seen.items() if key in _KEPT_SEEN} if isinstance(seen, dict) else {}
    if flow.response is not None:
        kept["read"] = saved_document(route(redact_url(raw_url)), flow.response, kept)
    kept.setdefault("step", str(hop.step.kind))
    new.metadata = {SEEN: kept}
    answered_by = flow.metadata.get(ANSWERED_BY)
    if isinstance(answered_by, str):
        new.metadata[ANSWERED_BY] = answered_by
    if MIRRORED in flow.metadata:
        new.metadata[MIRRORED] = True
    for connection in (new.client_conn, new.server_conn):
        connection.certificate_list = ()
    new.client_conn.mitmcert = None
    new.request = flow.request.copy()
    at_hand = _request(new.request, raw_url, kept, numbers)
    if flow.response is not None:
        new.response = flow.response.copy()
        _response(new.response, raw_url, kept, numbers, at_hand)
    if flow.error is not None:
        new.error = flow.error
        new.error.msg = at_hand.out_of(reason_of(flow.error.msg))[:300]
    return new


def _request(request: http.Request, raw_url: str, kept: dict[str, Any], numbers: Numbers) -> Secrets:
    """Scrub the request; what it carried, and must not come out of its answer either."""
    fields = headers_of(request.headers.fields)
    at_hand = secrets_of(raw_url, fields)
    clean = without_secrets(redact_url(raw_url), at_hand)
    authorization, referer = fields.get("authorization"), fields.get("referer")
    fields = redact_headers(fields)
    if authorization:
        scheme, _, secret = authorization.strip().partition(" ")
        if scheme.lower() == "bearer":
            fields = fields.replacing("authorization", f"Bearer {_word(numbers, 'token', secret.strip())}")
    if referer:
        raw = canonical(referer)
        fields = fields.replacing("referer", _numbered_url(raw, without_secrets(redact_url(raw), at_hand), numbers))
    parts = split(_numbered_url(raw_url, clean, numbers))
    request.path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    body = body_of_message(request, keep=wants_upload(route(clean).endpoint))
    document: bytes | None = None
    if body.length:
        kept.setdefault("sent_bytes", body.length)
        kept.setdefault("sent_sha256", body.sha256)
        if body.content is not None:
            form = "form-urlencoded" in (fields.get("content-type") or "")
            said = sent_of(body.content, form=form)
            if form or said == GONE:
                text = body.content[:LONGEST_URL].decode("utf-8", "replace")
                at_hand = both(at_hand, secrets_sent(raw_url, text, form=form))
            document = at_hand.out_of(said, prose=False).encode()
    _fill(request, _without(fields, at_hand), document)
    return at_hand


def _response(response: http.Response, raw_url: str, kept: dict[str, Any], numbers: Numbers, at_hand: Secrets) -> None:
    fields = headers_of(response.headers.fields)
    location = fields.get("location")
    fields = redact_headers(fields)
    if location:
        absolute = canonical(joined(raw_url, location))
        fields = fields.replacing(
            "location", _numbered_url(absolute, without_secrets(redact_url(absolute), at_hand), numbers)
        )
    body = body_of_message(response, keep=bool(kept["read"]))
    if body.length:
        kept.setdefault("bytes", body.length)
        kept.setdefault("sha256", body.sha256)
    document = _document(body.content, response.status_code, raw_url, numbers) if body.content else None
    _fill(response, _without(fields, at_hand), None if document is None else at_hand.out_of(document).encode())
    response.reason = ""


def _fill(message: http.Message, fields: Headers, document: bytes | None) -> None:
    """The message with these headers, and with this body or none. The headers stay true to what went by."""
    coding = coding_of(message)
    message.headers = http.Headers([(name.encode(), value.encode()) for name, value in fields])
    message.trailers = None
    message.data.content = b""
    if document is not None:
        try:
            message.data.content = encoding.encode(document, coding) if coding else document
        except ValueError:
            message.data.content = b""  # a coding that mitmproxy cannot write; the reader could not read it either


def _document(content: bytes, status: int, raw_url: str, numbers: Numbers) -> str:
    """A document without its secrets, but with the number of the token that it issues."""
    answer = read_token_answer(content) if b"token" in content else None
    of_token = status < 400 and is_token_answer(content, route(raw_url).endpoint, issues=answer is not None)
    text = token_answer_of(content) if of_token else text_of(content, status)
    if answer is not None and answer.token:
        text = text.replace(f'"{GONE}"', f'"{_word(numbers, "token", answer.token)}"')
    return text


def _without(fields: Headers, at_hand: Secrets) -> Headers:
    return Headers((name, at_hand.out_of(value, prose=False)) for name, value in fields)


def _numbered_url(raw: str, clean: str, numbers: Numbers) -> str:
    """The redacted URL, told apart from others that look like it: the numbers stand where the signature stood."""
    head, question, query = clean.partition("?")
    if raw == clean or GONE not in query:
        return clean
    return f"{head}{question}{query.replace(GONE, _word(numbers, 'url', raw))}"


def _word(numbers: Numbers, kind: str, secret: str) -> str:
    return f"{GONE}-{numbers.number(kind, secret)}"
