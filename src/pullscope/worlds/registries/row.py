"""The form of a row: what is known of one registry, fact by fact, each with where it is from and when.

A field that is None is not known: it is not played, and the page says so. Nothing here answers or asks; `worlds/hub`
plays a row, and docs/registries.md shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pullscope.oci.known_registries import KNOWN

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """Something that is known, and from where."""

    value: T
    seen: str
    """A public URL (documentation, a thread, a file at a commit; two where it takes both), and behind it when that was written;
    for a source that bears no date, when it was read. `2026-07-13`, or only the month."""

    @property
    def source(self) -> str:
        return self.seen.rpartition(" ")[0]

    @property
    def date(self) -> str:
        return self.seen.rpartition(" ")[2]


class Anonymous(StrEnum):
    """How a client without a login gets public images."""

    TOKEN = "anonymous token"
    OPEN = "open, no token"
    NOTHING = "login required"


class Scopes(StrEnum):
    """What a token server makes of a scope that it does not know or that the asker has no right to."""

    LEFT_OUT = "issues a token without it"
    REFUSED = "refuses the whole request"
    REFUSED_ALONE = "refuses if nothing else was asked for"


class Form(StrEnum):
    """How an error is written."""

    JSON = "application/json"
    TEXT = "text/plain; charset=utf-8"
    XML = "application/xml"
    HTML = "text/html"


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """An error as it is answered: status, code and words. `{repository}` is filled in."""

    status: int
    message: str
    code: str | None = None
    form: Form = Form.JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class Asks:
    """How credentials are asked for: WWW-Authenticate lines, in which `{scope}` is filled in, and the 401's body."""

    ping: tuple[str, ...]
    """On /v2/. None at all: /v2/ is 200 without a login."""
    other: tuple[str, ...]
    """On everything else that needs them."""
    says: Said | None = None
    """None: not known; the 401 is played without a body."""
    refused: tuple[str, ...] | None = None
    """Instead of `other`, where a request came with credentials that are not good enough."""
    names_error: bool = False
    """Whether `error="invalid_token"` or `error="insufficient_scope"` is added then."""
    head_always: bool = False
    """Whether HEAD without credentials is refused also where GET is open."""

    @property
    def basic(self) -> bool:
        """Whether a name and a password are taken by the registry itself."""
        return any(line[:5].lower() == "basic" for line in (*self.ping, *self.other, *(self.refused or ())))


@dataclass(frozen=True, kw_only=True, slots=True)
class Tokens:
    """The token server and its answer."""

    realm: str
    fields: tuple[str, ...] = ("token",)
    """Under which names the token is in the answer."""
    expires_in: int | None = None
    """What the answer says; None where it says nothing."""
    life: int | None = None
    """Seconds that the token is good for; None where that is not known."""
    post: bool | None = None
    """Whether the OAuth2 form is taken too."""
    named: bool = True
    """Whether a token is for the names that were asked for; else it is good for all that its owner may have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Blobs:
    """Where a blob is: a redirect to `host`, or the registry's own answer where there is none.

    `path` and `query` are templates: `{algorithm}` `{hex}` `{ab}` of the digest, `{opaque}` an identifier that tells
    nothing, `{expires}` seconds since the epoch, `{iso}` the same as ISO 8601, `{date}` now as Amazon writes it,
    `{life}`, `{signature}`.
    """

    host: str = ""
    path: str = ""
    query: str = ""
    status: int = 307
    life: int | None = None
    """Seconds that the address is good for."""
    head: bool = True
    """Whether HEAD is redirected as well; else the registry answers it."""
    signer: str | None = ""
    """Whose signature the address bears; empty: none; None: not known."""
    server: tuple[tuple[str, str], ...] = ()
    """Header fields by which the storage can be told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """Manifests that are redirected: to `host`, below `prefix`, which stands for /v2."""

    host: str
    prefix: str
    status: int = 307


class At(StrEnum):
    """Whose answer a registry's own fault changes."""

    REGISTRY = "registry"
    TOKENS = "token server"
    STORAGE = "storage"


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnFault:
    """What goes wrong at this registry in particular, as the source shows it."""

    code: str
    title: str
    at: At = At.REGISTRY
    endpoints: tuple[str, ...] = ("manifest",)
    """Of a registry: `ping`, `manifest`, `blob` (oci.routes.Endpoint by value)."""
    says: Said | None = None
    """Answered instead."""
    challenges: tuple[str, ...] | None = None
    """WWW-Authenticate lines instead of a 401's own."""
    private: bool = False
    """Whether the image is for members only."""
    login: bool = False
    """Whether the client that meets it has a login."""
    client: str = "docker-containerd"
    survived: bool = False
    """Whether that client pulls the image anyway."""


@dataclass(frozen=True, kw_only=True)
class Registry:
    """One registry."""

    id: str
    """Also in `oci.known_registries`, which has its name and how one logs in to it."""
    host: str
    """Under which the sample plays it; an example's for a self-hosted registry."""
    anonymous: Fact[Anonymous]
    asks: Fact[Asks] | None = None
    """None: it needs no token."""
    tokens: Fact[Tokens] | None = None
    """None where there is no token server."""
    scopes: Fact[Scopes] | None = None
    refusal: Fact[Said] | None = None
    """Of the token server, to a scope that it does not grant."""
    wrong_login: Fact[Said] | None = None
    blobs: Fact[Blobs] | None = None
    manifests: Fact[Elsewhere] | None = None
    rate_limit: Fact[str] | None = None
    head: Fact[str] | None = None
    ranges: Fact[str] | None = None
    body_limit: Fact[str] | None = None
    faults: tuple[Fact[OwnFault], ...] = ()

    @property
    def name(self) -> str:
        return KNOWN[self.id].name

    @property
    def needs_login(self) -> bool:
        return self.anonymous.value is Anonymous.NOTHING

    @property
    def strict(self) -> bool | None:
        """Whether one scope too many costs the whole token; None where it is not known or there are no tokens."""
        return None if self.scopes is None else self.scopes.value is Scopes.REFUSED
