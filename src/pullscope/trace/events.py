"""What was seen on the wire, as records that are made once: the only thing a trace is made of.

Time is on the event (seconds since the epoch); nothing here owns a clock. A record is already free of secrets: it is made
at the border (`border`), where URLs and headers pass keep-lists and where what has to be compared later (a
token, a URL with its signed query) is replaced by a small number that is given out in order of first appearance. Equal
numbers mean equal values within one recording; the values themselves are nowhere.

Each record is one line of JSON in a recording; `recording` holds that form. None is changed once it is made, though Python is not
told so: to set fields that are frozen is a twentieth of what an exchange costs.
"""

from __future__ import annotations

from dataclasses import dataclass

from pullscope.oci.messages import Headers


@dataclass(kw_only=True, slots=True)
class Requested:
    """The head of a request reached the proxy."""

    time: float
    exchange: int
    """One request and its answer; numbered from 1 in the order in which requests were seen."""
    connection: int | None
    """The client's connection, numbered from 1; None where the source does not say."""
    client: str
    """The client's address, without port."""
    method: str
    url: str
    """Redacted; absolute; the host is the one that the client asked for (SNI or Host), not the proxy's target."""
    url_id: int
    """Equal for equal raw URLs; the same numbers serve `referer_id` and `Responded.location_id`."""
    referer_id: int | None
    http_version: str
    headers: Headers
    """Redacted by a keep-list of names (docs/redaction.md)."""
    authorization: str
    """none, basic, bearer or other."""
    credential: int | None
    """Equal for equal Authorization values: "token 3". A token answer names its number in `Finished.issued`."""
    connected: float | None = None
    """When the client's connection was opened; None where the source does not say."""
    lacks: str | None = None
    """What the source cannot show, in the words of `source_gaps`, separated by a space; None where nothing is missing."""


@dataclass(kw_only=True, slots=True)
class Uploaded:
    """The body of a request went through, whole."""

    time: float
    exchange: int
    bytes: int
    sha256: str | None
    """Hex, of the body as sent; None where it was not hashed."""
    document: str | None = None
    """A manifest that is being pushed, as text; or the redacted form of a token request."""


@dataclass(kw_only=True, slots=True)
class Responded:
    """The head of an answer."""

    time: float
    exchange: int
    status: int
    headers: Headers
    location: str | None
    """Redacted, made absolute against the request's URL."""
    location_id: int | None
    answered_by: str | None = None
    """What stood in for the server, where something did: a rule (`netlify.toml:8`) or a sample."""
    dialed: float | None = None
    """When the connection to the server was begun, with the look-up of its name; None where the source does not say."""
    reached: float | None = None
    """When its TCP stood."""
    secured: float | None = None
    """When its TLS stood; None for plain HTTP too."""
    valid_from: int | None = None
    """The `nbf` of the token that it refused, in seconds since the epoch (RFC 7519, 4.1); None where it cannot be read."""
    valid_until: int | None = None
    """Its `exp`."""
    valid_at: str | None = None
    """Its `aud`, where it has `access` too (distribution, docs/content/spec/auth/jwt.md); several are separated by a space."""


@dataclass(kw_only=True, slots=True)
class Finished:
    """The answer's body went through, or ended early (`cut_off`)."""

    time: float
    exchange: int
    bytes: int | None
    """Body bytes as they came, content coding included; None where the source does not say."""
    sha256: str | None
    """Hex, of the body without content coding (RFC 9110, 8.4), from byte 0; None where it was not hashed."""
    document: str | None = None
    """A manifest, error body or token answer of at most 4 MiB, decoded and redacted; never a blob."""
    issued: int | None = None
    """The number of the token in this answer; requests that carry it have it as `credential`."""
    granted: str | None = None
    """The scopes that this token itself claims to grant, separated by a space; empty where none, None where it cannot be read."""
    miscoded: str | None = None
    """The content coding that the body was said to have and has not; None where it has, or has none."""


@dataclass(kw_only=True, slots=True)
class Failed:
    """The exchange ended without a whole answer: the server or the client went away, or was never reached."""

    time: float
    exchange: int
    reason: str
    bytes: int | None = None
    """Body bytes that had come by then."""


@dataclass(kw_only=True, slots=True)
class TlsRefused:
    """The client refused the proxy's certificate: no exchange came of it."""

    time: float
    client: str
    host: str
    reason: str


@dataclass(kw_only=True, slots=True)
class Relayed:
    """A connection to a host that a redirect had just named for a blob is passed on unread: it began, brought more, or ended."""

    time: float
    """When its last byte came; of one that begins, when it did."""
    relay: int
    """The connection, numbered from 1 among these."""
    client: str
    host: str
    bytes: int | None
    """Bytes from the host so far, TLS included; None where they are not counted."""
    over: bool = False


Event = Requested | Uploaded | Responded | Finished | Failed | TlsRefused | Relayed
