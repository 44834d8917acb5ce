"""What the hosts of one sample have in common: whom they play, what they hold, whom they know, one clock, one seal, and the
shapes of their answers: JSON, registry errors, and what HEAD leaves away.

With the seal tokens and links to blobs are signed. Both are checked by recomputing an HMAC, so nothing has to be remembered,
and a token or link of another hub is refused. They are made up, and yet no output may show them: the trace treats them as it
treats real ones.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate

from pullscope.oci.challenge import Scope, jwt_access, jwt_claims
from pullscope.oci.messages import Headers, Request, Response
from pullscope.worlds.hub.image import Repository
from pullscope.worlds.registries.row import Form, Registry, Said

Clock = Callable[[], float]
"""Seconds since the epoch; handed in, so that a test owns the time."""

_Fields = Iterable[tuple[str, str]]


def answer(status: int, fields: _Fields, body: bytes = b"") -> Response:
    """An answer with its Content-Length."""
    return Response(status=status, headers=Headers([*fields, ("Content-Length", str(len(body)))]), body=body)


def json_answer(status: int, document: object, fields: _Fields = ()) -> Response:
    """A JSON document; the trailing newline is what Go's encoder, and so every Go registry, writes."""
    body = json.dumps(document, separators=(",", ":")).encode() + b"\n"
    return answer(status, [("Content-Type", "application/json; charset=utf-8"), *fields], body)


def not_found() -> Response:
    """What Go's http.NotFound writes."""
    fields = [("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
    return answer(404, fields, b"404 page not found\n")


def registry_error(status: int, code: str, message: str, detail: object = None, fields: _Fields = ()) -> Response:
    """One error in the form of the distribution spec, "Error Codes"."""
    error: dict[str, object] = {"code": code, "message": message}
    if detail is not None:
        error["detail"] = detail
    return json_answer(status, {"errors": [error]}, fields)


def storage_error(status: int, code: str, message: str, *fields: tuple[str, str]) -> Response:
    """The form of Amazon S3's REST errors, which Cloudflare R2 and others share."""
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return answer(status, [("Content-Type", Form.XML), *fields], document.encode())


def finished(request: Request, response: Response, clock: Clock) -> Response:
    """`response` as it goes out: dated, and without body for HEAD."""
    headers = response.headers.replacing("Date", formatdate(clock(), usegmt=True))
    return headless(request, replace(response, headers=headers))


def headless(request: Request, response: Response) -> Response:
    """The answer; to HEAD without its body, whose Content-Length stays (RFC 9110, 9.3.2)."""
    return replace(response, body=b"") if request.method == "HEAD" else response


def said(words: Said, *, repository: str = "", fields: _Fields = ()) -> Response:
    """An error in the words of a row."""
    message = words.message.replace("{repository}", repository)
    if words.form is Form.XML:
        return storage_error(words.status, words.code or "", message, *fields)
    if words.form is not Form.JSON:
        return answer(words.status, [("Content-Type", words.form), *fields], message.encode())
    return registry_error(words.status, words.code or "UNKNOWN", message, None, fields)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seal:
    """The hub's signing key."""

    key: bytes = field(repr=False)

    @classmethod
    def of(cls, seed: int) -> Seal:
        return cls(key=hashlib.sha256(f"pullscope sample hub {seed}".encode()).digest())

    def sign(self, text: str) -> str:
        return _base64(hmac.digest(self.key, text.encode(), "sha256"))

    def holds(self, text: str, signature: str) -> bool:
        return hmac.compare_digest(self.sign(text).encode(), signature.encode(errors="replace"))

    def token(self, claims: dict[str, object]) -> str:
        """A JSON web token (RFC 7519) with the claims of distribution's token specification, "jwt"."""
        head = _base64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        signed = f"{head}.{_base64(json.dumps(claims).encode())}"
        return f"{signed}.{self.sign(signed)}"

    def granted(self, token: str, now: float) -> tuple[Scope, ...] | None:
        """What a token of this hub allows; None for another's, a forged or an expired one."""
        signed, _, signature = token.rpartition(".")
        if not signed or not self.holds(signed, signature):
            return None
        claims = jwt_claims(token)
        return (jwt_access(token) or ()) if claims is not None and claims["exp"] > now else None


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """`private`: only `accounts` get content."""

    row: Registry
    seal: Seal
    clock: Clock
    repositories: Mapping[str, Repository]
    accounts: Mapping[str, str]
    private: bool

    def knows(self, name: str, password: str) -> bool:
        """Whether this is the login of an account."""
        return bool(name) and self.accounts.get(name) == password
