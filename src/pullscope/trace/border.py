"""The border: messages become events, and what must not be kept stops here. The only maker of events from raw messages.
One file, because nothing else may make events.

Pure: no mitmproxy, no I/O, no clock. The live flow, a saved flow, a simulated client and the tests hand in plain messages
(`Request`, `Response`, a `Body`), times in seconds since the epoch, and what is known of the client. Every URL, header field
and document passes the keep-lists of `oci` while the event is made; tokens and raw URLs are only compared, as the numbers of
one `Numbers`. An exchange is remembered raw between its request and its end, and no longer: an answer's Location is relative
to its URL.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pullscope.oci.bounds import counted, moment, sha256_hex, writable
from pullscope.oci.challenge import jwt_claims
from pullscope.oci.documents import MAX_DOCUMENT, read_token_answer
from pullscope.oci.kept_bodies import is_token_answer, reason_of, sent_of, text_of, token_answer_of
from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.redact import Numbers, redact_headers
from pullscope.oci.request_secrets import NONE, Secrets, both, secrets_of, secrets_sent, without_secrets
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.scrub import GONE, redact_text, redact_url
from pullscope.oci.urls import canonical, host_of, joined
from pullscope.trace.bounded_table import Newest
from pullscope.trace.events import Event, Failed, Finished, Relayed, Requested, Responded, TlsRefused, Uploaded

MOST_OPEN = 10_000
"""Exchanges under way that are remembered; of an older one no document is kept, for its credential is not known."""

MOST_KNOWN, LARGEST_KNOWN = 32, 64 * 1024
"""Documents of which the redacted text is remembered, and bytes of the largest."""

LONGEST_REASON = 300
LONGEST_WORD = 300
"""Characters of an address, a method, a version, a rule's name."""
LONGEST_URL = 32 * 1024
"""Characters of a URL that are kept; it is compared whole."""
LARGEST_STATUS = 999

DOCUMENT_ENDPOINTS = frozenset(
    {Endpoint.MANIFEST, Endpoint.REFERRERS, Endpoint.TAGS, Endpoint.CATALOG, Endpoint.PING, Endpoint.EXTENSION}
    | {Endpoint.V1_SEARCH}
)
TOKEN_REFUSED = frozenset({400, 401, 403})
"""Statuses of answers to which it matters what the token says of itself."""
UPLOADS = frozenset({Endpoint.UPLOAD, Endpoint.UPLOAD_START})


def wants_document(endpoint: Endpoint, status: int, *, is_token: bool) -> bool:
    """Whether the body of this answer is a document that is read, and not a blob or a page of another site."""
    return is_token or status >= 400 or endpoint in DOCUMENT_ENDPOINTS


def wants_upload(endpoint: Endpoint) -> bool:
    """Whether the body of this request is a document: a manifest, or the form of a token request."""
    return endpoint not in UPLOADS and endpoint is not Endpoint.BLOB


@dataclass(kw_only=True, slots=True)
class Body:
    """What is known of a body that went through."""

    length: int | None = None
    """Bytes as they went by, content coding included."""
    sha256: str | None = None
    """Hex, of the bytes without content coding."""
    content: bytes | None = None
    """Decoded, and at most `MAX_DOCUMENT` bytes; None if it was not kept."""
    miscoded: str | None = None
    """The content coding that it was said to have and has not."""

    @classmethod
    def of(cls, raw: bytes, *, keep: bool) -> Body:
        """Of a whole body without content coding; `keep` if it is a document."""
        content = raw if keep and len(raw) <= MAX_DOCUMENT else None
        return cls(length=len(raw), sha256=hashlib.sha256(raw).hexdigest(), content=content)


@dataclass(slots=True)
class _Open:
    """An exchange that has not ended, raw."""

    request: Request
    secrets: Secrets
    status: int = 0


class Border:
    """Makes events of messages; one for each trace, for numbers mean the same within one recording only."""

    def __init__(self) -> None:
        self._numbers = Numbers()
        self._exchange = 0
        self._latest = 0.0
        self._open: Newest[int, _Open] = Newest(MOST_OPEN)
        self._salt = secrets.token_bytes(32)
        self._known: Newest[bytes, str] = Newest(MOST_KNOWN)

    def requested(
        self,
        request: Request,
        *,
        time: float,
        client: str,
        connection: str | None = None,
        connected: float | None = None,
        http_version: str = "HTTP/1.1",
        lacks: str | None = None,
    ) -> Requested:
        """The head of a request, whose body is not looked at.

        `client` is an address without port; `connection` is any name for the client's connection, the same for all that
        came on it, and `connected` when it was opened. None where the source does not know. `lacks` names what the source
        cannot show (`source_gaps`).
        """
        self._exchange += 1
        raw_url = canonical(request.url)
        at_hand = secrets_of(request.url, request.headers)
        self._open[self._exchange] = _Open(request, at_hand)
        fields = request.headers
        if host_of(raw_url) != (spelled := host_of(request.url)) and "host" not in fields:
            fields = Headers(
                [*fields, ("host", spelled)]
            )  # a default port that the client spells out: its login goes by it
        scheme, credential = self._authorization(fields.get("authorization"))
        referer = fields.get("referer")
        return Requested(
            time=self._at(time),
            exchange=self._exchange,
            connection=self._numbers.number("connection", connection) if connection is not None else None,
            connected=moment(connected),
            client=writable(client or "unknown")[:LONGEST_WORD],
            method=writable(request.method)[:LONGEST_WORD],
            url=without_secrets(redact_url(writable(raw_url)[:LONGEST_URL]), at_hand),
            url_id=self._numbers.number("url", raw_url),
            referer_id=self._numbers.number("url", canonical(referer)) if referer else None,
            http_version=writable(http_version)[:LONGEST_WORD],
            headers=_headers(fields, at_hand),
            authorization=scheme,
            credential=credential,
            lacks=lacks,
        )

    def uploaded(self, exchange: int, body: Body, *, time: float) -> Uploaded:
        """The body of a request went through."""
        document, opened = None, self._open.get(exchange)
        if body.content is not None and opened is not None:
            form = "form-urlencoded" in (opened.request.headers.get("content-type") or "")
            document = sent_of(body.content, form=form)
            if form or document == GONE:
                text = body.content[:LONGEST_URL].decode("utf-8", "replace")
                opened.secrets = both(opened.secrets, secrets_sent(opened.request.url, text, form=form))
            document = opened.secrets.out_of(document, prose=False)
        return Uploaded(
            time=self._at(time),
            exchange=exchange,
            bytes=counted(body.length) or 0,
            sha256=sha256_hex(body.sha256),
            document=document,
        )

    def responded(
        self,
        exchange: int,
        response: Response,
        *,
        time: float,
        answered_by: str | None = None,
        dialed: float | None = None,
        reached: float | None = None,
        secured: float | None = None,
    ) -> Responded:
        """The head of an answer, whose body is not looked at.

        `answered_by` names the part of pullscope that answered in the server's place; the rest is when the connection to
        the server was begun, and when its TCP and its TLS stood.
        """
        opened = self._open.get(exchange)
        at_hand = opened.secrets if opened is not None else NONE
        claims = _claimed(opened.request) if opened is not None and response.status in TOKEN_REFUSED else {}
        location, absolute = response.headers.get("location"), None
        if opened is not None:
            opened.status = response.status
        if location:
            absolute = canonical(joined(opened.request.url, location) if opened is not None else location)
        return Responded(
            time=self._at(time),
            exchange=exchange,
            status=min(counted(response.status) or 0, LARGEST_STATUS),
            headers=_headers(response.headers, at_hand),
            location=without_secrets(redact_url(writable(absolute)[:LONGEST_URL]), at_hand) if absolute else None,
            location_id=self._numbers.number("url", absolute) if absolute else None,
            answered_by=writable(answered_by)[:LONGEST_WORD] if answered_by else None,
            dialed=moment(dialed),
            reached=moment(reached),
            secured=moment(secured),
            valid_from=counted(claims.get("nbf")),
            valid_until=counted(claims.get("exp")),
            valid_at=_audience(claims),
        )

    def finished(self, exchange: int, body: Body, *, time: float) -> Finished:
        """The body of an answer went through: the exchange is over."""
        document, issued, granted = None, None, None
        opened = self._open.pop(exchange, None)
        if body.content and opened is not None:
            answer = read_token_answer(body.content) if b"token" in body.content else None
            if answer is not None and answer.token:
                issued = self._numbers.number("token", answer.token)
                granted = None if answer.access is None else redact_text(" ".join(map(str, answer.access)))
            document = opened.secrets.out_of(self._text(opened, body.content, issues=issued is not None))
        return Finished(
            time=self._at(time),
            exchange=exchange,
            bytes=counted(body.length),
            sha256=sha256_hex(body.sha256),
            document=document,
            issued=issued,
            granted=granted,
            miscoded=writable(body.miscoded)[:LONGEST_WORD] if body.miscoded else None,
        )

    def failed(self, exchange: int, reason: str, *, time: float, length: int | None = None) -> Failed:
        """The exchange ended before its time, after so many bytes of its answer's body."""
        opened = self._open.pop(exchange, None)
        said = reason_of(reason)
        if opened is not None:
            said = opened.secrets.out_of(said)
        return Failed(time=self._at(time), exchange=exchange, reason=said[:LONGEST_REASON], bytes=counted(length))

    def refused(self, *, time: float, client: str, host: str, reason: str) -> TlsRefused:
        """A client refused the proxy's certificate."""
        return TlsRefused(
            time=self._at(time),
            client=writable(client or "unknown")[:LONGEST_WORD],
            host=writable(host)[:LONGEST_WORD],
            reason=reason_of(reason)[:LONGEST_REASON],
        )

    def relayed(
        self, *, time: float, relay: int, client: str, host: str, length: int | None, over: bool = False
    ) -> Relayed:
        """A connection is passed on unread."""
        return Relayed(
            time=self._at(time),
            relay=relay,
            client=writable(client or "unknown")[:LONGEST_WORD],
            host=writable(host)[:LONGEST_WORD],
            bytes=counted(length),
            over=over,
        )

    def forget(self, exchange: int) -> None:
        """Drop the exchange: no more events of it are made."""
        self._open.pop(exchange, None)

    def whole(
        self,
        request: Request,
        response: Response | str,
        *,
        asked: float,
        answered: float,
        ended: float,
        client: str,
        connection: str | None = None,
        is_token: bool = False,
    ) -> Iterator[Event]:
        """Every event of an exchange in memory, whose bodies have no content coding.

        `response` is an answer, or why there was none. `is_token` says that the answer is a token server's; where it is
        not known, an answer of JSON from an address that is not a registry's is looked at.
        """
        first = self.requested(request, time=asked, client=client, connection=connection)
        yield first
        endpoint = route(request.url, request.headers).endpoint
        if request.body:
            yield self.uploaded(first.exchange, Body.of(request.body, keep=wants_upload(endpoint)), time=asked)
        if isinstance(response, str):
            yield self.failed(first.exchange, response, time=ended)
            return
        yield self.responded(first.exchange, response, time=answered)
        is_token = is_token or (endpoint is Endpoint.NONE and response.body[:1] == b"{")
        keep = wants_document(endpoint, response.status, is_token=is_token)
        yield self.finished(first.exchange, Body.of(response.body, keep=keep), time=ended)

    def _at(self, time: float) -> float:
        """The time of an event; of one that can be none, the latest before it."""
        self._latest = found = self._latest if (at := moment(time)) is None else at
        return found

    def _text(self, opened: _Open, content: bytes, *, issues: bool) -> str:
        """What is kept of the document that an answer brought."""
        if opened.status >= 400:
            return text_of(content, opened.status)
        if is_token_answer(content, route(opened.request.url, opened.request.headers).endpoint, issues=issues):
            return token_answer_of(content)
        return self._known_text(content) if len(content) <= LARGEST_KNOWN else text_of(content, opened.status)

    def _known_text(self, content: bytes) -> str:
        """The redacted text of a good answer: a fleet asks for the same few manifests over and over.

        What came is not kept, only a fingerprint of it; no header and no metadata of a saved flow has a say in that.
        """
        key = hashlib.blake2b(content, digest_size=16, key=self._salt).digest()
        text = self._known.get(key)
        self._known[key] = text = text_of(content, 200) if text is None else text
        return text

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


def _claimed(request: Request) -> dict[str, Any]:
    """What the token of a request says of itself, where it can be read."""
    scheme, _, token = (request.headers.get("authorization") or "").strip().partition(" ")
    return (jwt_claims(token.strip()) or {}) if scheme.lower() == "bearer" else {}


def _audience(claims: dict[str, Any]) -> str | None:
    """The services that a registry's token is for; others have other names there (JFrog: jfrt@ID)."""
    said = claims.get("aud") if isinstance(claims.get("access"), list) else None
    names = [name for name in (said if isinstance(said, list) else [said]) if isinstance(name, str)]
    return redact_text(writable(" ".join(names)))[:LONGEST_WORD] or None


def _headers(fields: Headers, at_hand: Secrets) -> Headers:
    """The header lines of a message as they may be kept."""
    kept = redact_headers(fields)
    if not at_hand.words or not at_hand.are_in("\n".join(value for _, value in kept)):
        return kept
    return Headers((name, at_hand.out_of(value, prose=False)) for name, value in kept)
