"""The border: what was seen of a mitmproxy flow becomes events, and what must not be kept stops here.

Every URL, header field and document passes the keep-lists of `oci.redact` while the event is made; tokens and raw URLs are
only compared, as the numbers of one `Numbers`. What a flow file lacks (a streamed body) is taken from `flow.metadata`, where
the addon left it under `SEEN`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin

from mitmproxy import http
from mitmproxy.flow import Error

from pullscope.mitm.bodies import Body, announced_length, body_of_message, wants_document, wants_upload
from pullscope.mitm.flow_notes import ANSWERED_BY, SEEN
from pullscope.mitm.heads import RequestHead, ResponseHead, headers_of
from pullscope.mitm.tap import MOST_KEPT
from pullscope.oci.documents import read_token_answer
from pullscope.oci.redact import Numbers, redact_document, redact_form, redact_headers, redact_location, redact_url
from pullscope.oci.routes import Endpoint, Route, route
from pullscope.trace.events import Event, Failed, Finished, Requested, Responded, Uploaded

HOST_HEADER = re.compile(r"(?:[A-Za-z0-9._~%!$&'()*+;=-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
"""host and port (RFC 3986, 3.2.2), without the comma, which is what joins two Host lines."""

DEFAULT_PORTS = {"http": ":80", "https": ":443"}
MOST_KNOWN, LARGEST_KNOWN = 32, 64 * 1024
"""Documents of which the redacted text is remembered, and bytes of the largest."""

ERROR_TEXT = 2_000
"""Characters kept of an error body that is not JSON: a web page says enough with its title."""


class Border:
    """Makes events of flows; one for each trace, for numbers mean the same within one recording only."""

    def __init__(self) -> None:
        self._numbers = Numbers()
        self._exchange = 0
        self._salt = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, str] = OrderedDict()

    def requested(self, head: RequestHead) -> Requested:
        """The head of a request."""
        self._exchange += 1
        raw_url = url_of(head)
        fields = headers_of(head.fields)
        scheme, credential = self._authorization(fields.get("authorization"))
        referer = fields.get("referer")
        return Requested(
            time=head.started,
            exchange=self._exchange,
            connection=self._numbers.number("connection", head.connection),
            client=head.peer or "unknown",
            method=head.method,
            url=redact_url(raw_url),
            url_id=self._numbers.number("url", raw_url),
            referer_id=self._numbers.number("url", canonical(referer)) if referer else None,
            http_version=head.http_version,
            headers=redact_headers(fields),
            authorization=scheme,
            credential=credential,
        )

    def uploaded(self, exchange: int, head: RequestHead, at: float, body: Body) -> Uploaded:
        """The body of a request went through."""
        document = None
        if body.content is not None:
            kind = headers_of(head.fields).get("content-type") or ""
            text = body.content.decode("utf-8", "replace")
            document = redact_form(text) if "form-urlencoded" in kind else redact_document(text)
        return Uploaded(time=at, exchange=exchange, bytes=body.length or 0, sha256=body.sha256, document=document)

    def responded(self, exchange: int, asked: RequestHead, head: ResponseHead, answered_by: object = None) -> Responded:
        """The head of an answer; `answered_by` is the name that whoever stood in for the server has left."""
        fields = headers_of(head.fields)
        location = fields.get("location")
        absolute = canonical(_joined(url_of(asked), location)) if location else None
        return Responded(
            time=head.started or asked.started,
            exchange=exchange,
            status=head.status,
            headers=redact_headers(fields),
            location=redact_location(absolute) if absolute else None,
            location_id=self._numbers.number("url", absolute) if absolute else None,
            answered_by=str(answered_by) if answered_by else None,
        )

    def finished(self, exchange: int, status: int, at: float, body: Body) -> Finished:
        """The body of an answer went through."""
        document, issued = None, None
        if body.content:
            answer = read_token_answer(body.content) if b"token" in body.content[:MOST_KEPT] else None
            if answer is not None and answer.token:
                issued = self._numbers.number("token", answer.token)
            plain = issued is None and status < 400 and len(body.content) <= LARGEST_KNOWN
            document = self._known_text(body.content) if plain else text_of(body.content, status)
        return Finished(
            time=at, exchange=exchange, bytes=body.length, sha256=body.sha256, document=document, issued=issued
        )

    def _known_text(self, content: bytes) -> str:
        """The redacted text of a good answer: a fleet asks for the same few manifests over and over.

        What came is not kept, only a fingerprint of it; no header and no metadata of a saved flow has a say in that.
        """
        key = hashlib.blake2b(content, digest_size=16, key=self._salt).digest()
        text = self._known.pop(key, None)
        self._known[key] = text = text_of(content, 200) if text is None else text
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return text

    def failed(self, exchange: int, error: Error | None, at: float, body: Body | None) -> Failed:
        """The exchange ended before its time; `at` is for want of an error that says when."""
        return Failed(
            time=error.timestamp if error else at,
            exchange=exchange,
            reason=redact_document(error.msg if error else "ended without an answer")[:300],
            bytes=body.length if body else None,
        )

    def _authorization(self, value: str | None) -> tuple[str, int | None]:
        if not value:
            return "none", None
        scheme, _, secret = value.strip().partition(" ")
        match scheme.lower():
            case "bearer":
                return "bearer", self._numbers.number("token", secret.strip())
            case "basic":
                return "basic", None
            case _:
                return "other", None


def url_of(head: RequestHead) -> str:
    """The URL that the client asked for, by the name that it used: the proxy may have another target.

    In reverse mode `host` is the target for every name, so the SNI is the truth; elsewhere the Host header is.
    """
    names = [head.host_header]
    if head.sni and head.reversed:
        # mitmproxy has put the target in the Host header, unless keep_host_header is set; only that one has a port.
        if (head.host_header or "").rpartition(":")[0] != head.sni:
            names.insert(0, head.sni)
    else:
        names.append(head.sni)
    authority = next((name for name in names if name and HOST_HEADER.fullmatch(name)), None)
    if authority is None:
        authority = f"[{head.host}]" if ":" in head.host else head.host
        if not HOST_HEADER.fullmatch(authority):
            authority = "unknown.invalid"
        if head.port != {"http": 80, "https": 443}.get(head.scheme):
            authority = f"{authority}:{head.port}"
    path = head.path if head.path.startswith("/") else f"/{head.path}"
    return canonical(f"{head.scheme}://{authority}{path}")


@lru_cache(maxsize=1024)
def _origin(scheme: str, authority: str) -> str:
    authority = authority.rpartition("@")[2].lower()
    port = DEFAULT_PORTS.get(scheme.lower(), "")
    if port and authority.endswith(port):
        authority = authority[: -len(port)]
    return f"{scheme.lower()}://{authority}"


def canonical(url: str) -> str:
    """The URL with scheme and host in lower case, without default port, user info and fragment (RFC 3986, 6.2)."""
    scheme, found, rest = url.partition("://")
    if not found:
        return url
    cut = min((place for place in (rest.find("/"), rest.find("?"), rest.find("#")) if place >= 0), default=len(rest))
    path = rest[cut:].partition("#")[0]
    return _origin(scheme, rest[:cut]) + (path if path.startswith("/") else f"/{path}")


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:  # of the many things that are no URL, urljoin minds some
        return location


def text_of(content: bytes, status: int) -> str:
    """A document as text, without secrets; of an error that is no JSON only what names it."""
    if status < 400 or content.lstrip()[:1] in (b"{", b"["):
        return redact_document(content.decode("utf-8", "replace"))
    text = content[: ERROR_TEXT * 4].decode("utf-8", "replace")
    if text.lstrip().startswith("<"):
        # A page, or a storage error whose XML echoes the signature it refused: keep the names only.
        said = [_between(text, f"<{tag}>", f"</{tag}>") for tag in ("title", "Code", "Message")]
        kind = "HTML" if "<html" in text.lower() or "<!doctype html" in text.lower() else "XML"
        return redact_document(f"<{kind}> " + " ".join(part for part in said if part))[:ERROR_TEXT]
    return redact_document(text)[:ERROR_TEXT]


def _between(text: str, start: str, end: str) -> str:
    found = text.partition(start)[2].partition(end)
    return found[0].strip()[:300] if found[1] else ""


def events_of_saved(border: Border, flow: http.HTTPFlow) -> Iterator[Event]:
    """Every event of a flow that was saved; the caller sorts the events of all flows by time."""
    request = flow.request
    asked = RequestHead.of(request, flow.client_conn)
    requested = border.requested(asked)
    number = requested.exchange
    yield requested
    at: Route = route(requested.url)
    seen = flow.metadata.get(SEEN)
    seen = seen if isinstance(seen, dict) else {}
    if request.raw_content or "sent_bytes" in seen:
        body = body_of_message(request, keep=wants_upload(at.endpoint))
        if "sent_bytes" in seen:
            body.length, body.sha256 = _count(seen["sent_bytes"]), _text(seen.get("sent_sha256"))
        yield border.uploaded(number, asked, request.timestamp_end or asked.started, body)
    response = flow.response
    if response is not None:
        yield border.responded(number, asked, ResponseHead.of(response), flow.metadata.get(ANSWERED_BY))
    if flow.error is not None or response is None:
        yield border.failed(number, flow.error, asked.started, Body(length=_count(seen.get("bytes"))))
        return
    body = body_of_message(response, keep=saved_document(at, response, seen))
    if "bytes" in seen:
        # What went by; the flow itself may hold less of it, or nothing.
        body.length, body.sha256 = _count(seen["bytes"]), _text(seen.get("sha256"))
    elif not body.length and request.method != "HEAD":
        # A streamed body is nothing in a flow file; what its sender announced is all there is.
        length = announced_length(response)
        body = Body(length=length) if length else body
    ended = response.timestamp_end or response.timestamp_start or asked.started
    yield border.finished(number, response.status_code, ended, body)


def saved_document(at: Route, response: http.Response, seen: dict[str, Any]) -> bool:
    """Whether the body of a saved answer is read: what was decided live, or else what a flow alone can tell."""
    if "step" in seen:
        return bool(seen.get("read"))
    if at.endpoint is Endpoint.NONE and response.status_code < 400:
        # A token answer, or a manifest that was redirected; a layer is neither.
        return (response.raw_content or b"").lstrip()[:1] == b"{" or "content-encoding" in response.headers
    return wants_document(at.endpoint, response.status_code, is_token=False)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
