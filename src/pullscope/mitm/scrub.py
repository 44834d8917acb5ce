"""`scrub`: a flow file that may be passed on. Secrets and blobs are taken out of the flows; the trace stays the same.

What is kept of a flow is what its events hold (`trace.border`), as in a recording: each flow is written anew from them. Where the
trace compares secrets ("the same token", an open Location), each is replaced by a word with its number, `REDACTED-3`, so that
equal ones stay equal; the secrets are nowhere. What a body was (its length, its hash) is left in `flow.metadata` under `SEEN`,
where the reader looks; a document stays as the flow's body, without its secrets. Flows that are no part of a trace, and what
else mitmproxy stores, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from mitmproxy import http
from mitmproxy.io import FlowWriter
from mitmproxy.net import encoding

from pullscope.mitm.bodies import coding_of
from pullscope.mitm.flow_events import events_of_saved
from pullscope.mitm.flow_file import CutOffError, DamagedError, flows_of
from pullscope.mitm.flow_notes import ANSWERED_BY, MIRRORED, SEEN
from pullscope.oci.messages import Headers
from pullscope.oci.scrub import GONE, redact_document
from pullscope.oci.urls import canonical, split
from pullscope.trace.border import Border
from pullscope.trace.events import Event, Failed, Finished, Requested, Responded, Uploaded
from pullscope.trace.trace import Trace


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
    border, writer = Border(), FlowWriter(target)
    # Numbers are given in the order of time, as the reader gives them; the file keeps its own order.
    places = sorted(range(len(flows)), key=lambda place: flows[place].request.timestamp_start)
    events = {place: [*events_of_saved(border, flows[place])] for place in places}
    steps = _steps([event for place in places for event in events[place]])
    for place, flow in enumerate(flows):
        first = events[place][0]
        step = steps.get(first.exchange) if isinstance(first, Requested) else None
        if step is None:
            done.left_out += 1
        else:
            writer.add(_scrubbed(flow, events[place], step))
            done.kept += 1
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


def _steps(events: list[Event]) -> dict[int, str]:
    """The kind of step of each exchange that is part of a trace."""
    trace = Trace()
    hops = []
    for event in sorted(events, key=lambda one: one.time):
        trace.feed(event)
        hop = trace.hop(event.exchange) if isinstance(event, Requested) else None
        if hop is not None:
            hops.append(hop)
    trace.finish()
    return {hop.request.exchange: str(hop.step.kind) for hop in hops}


def _scrubbed(flow: http.HTTPFlow, events: Sequence[Event], step: str) -> http.HTTPFlow:
    """A flow of its own with only what its events hold."""
    new = http.HTTPFlow(flow.client_conn, flow.server_conn)
    new.id, new.marked, new.comment = flow.id, flow.marked, redact_document(flow.comment)
    seen: dict[str, Any] = {"step": step, "read": False}
    new.metadata = {SEEN: seen}
    if isinstance(flow.metadata.get(ANSWERED_BY), str):
        new.metadata[ANSWERED_BY] = flow.metadata[ANSWERED_BY]
    if MIRRORED in flow.metadata:
        new.metadata[MIRRORED] = True
    for connection in (new.client_conn, new.server_conn):
        connection.certificate_list = ()
    new.client_conn.mitmcert = None
    new.request = flow.request.copy()
    new.response = flow.response.copy() if flow.response is not None else None
    for message in (new.request, new.response):
        if message is not None:
            message.trailers, message.data.content = None, b""
    for event in events:
        _put(event, new, seen)
    new.error = flow.error
    if new.error is not None:
        new.error.msg = next((event.reason for event in events if isinstance(event, Failed)), GONE)
    return new


def _put(event: Event, new: http.HTTPFlow, seen: dict[str, Any]) -> None:
    """What an event holds, where its reader looks for it."""
    response = new.response
    if isinstance(event, Requested):
        fields = event.headers
        if event.credential is not None:
            fields = fields.replacing("authorization", f"Bearer {_word(event.credential)}")
        referer = fields.get("referer")
        if referer and event.referer_id is not None:
            fields = fields.replacing("referer", _numbered(canonical(referer), event.referer_id))
        parts = split(_numbered(event.url, event.url_id))
        new.request.path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        _set_headers(new.request, fields)
    elif isinstance(event, Uploaded):
        seen.update(sent_bytes=event.bytes, sent_sha256=event.sha256)
        _set_body(new.request, event.document)
    elif isinstance(event, Responded) and response is not None:
        fields = event.headers
        if event.location is not None and event.location_id is not None:
            fields = fields.replacing("location", _numbered(event.location, event.location_id))
        _set_headers(response, fields)
        response.reason = ""
    elif isinstance(event, Finished) and response is not None:
        seen.update(bytes=event.bytes, sha256=event.sha256, read=event.document is not None)
        document = event.document
        if document is not None and event.issued is not None:
            document = document.replace(f'"{GONE}"', f'"{_word(event.issued)}"')
        _set_body(response, document)
    elif isinstance(event, Failed) and event.bytes is not None:
        seen["bytes"] = event.bytes


def _set_headers(message: http.Message, fields: Headers) -> None:
    """They stay true to what went by, whatever the body is by now."""
    message.headers = http.Headers([(name.encode(), value.encode()) for name, value in fields])


def _set_body(message: http.Message, document: str | None) -> None:
    if document is None:
        return
    coding, raw = coding_of(message), document.encode()
    try:
        message.data.content = encoding.encode(raw, coding) if coding else raw
    except ValueError:
        message.data.content = b""  # a coding that mitmproxy cannot write; the reader could not read it either


def _numbered(url: str, number: int) -> str:
    """A redacted URL, told apart from others that look like it: the numbers stand where the signature stood."""
    head, question, query = url.partition("?")
    return f"{head}{question}{query.replace(GONE, _word(number))}"


def _word(number: int) -> str:
    return f"{GONE}-{number}"
