"""auth.docker.io: who may pull what, as a token that lives five minutes.

The forms of question and answer are those of distribution's docs/content/spec/auth/token.md and oauth.md. What is
asked for and not known is left out of the token, as on Docker Hub; a `strict` server answers 403 to the whole
request, as ghcr.io, Harbor and Google's registries do (containerd#9648, #8415, #4358).
"""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Container, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from pullscope.oci.challenge import Scope, read_scopes
from pullscope.oci.messages import Request, Response
from pullscope.worlds.hub.answers import Clock, finished, json_answer, registry_error, text_answer
from pullscope.worlds.hub.seal import Seal

REALM_HOST = "auth.docker.io"
REALM = f"https://{REALM_HOST}/token"
SERVICE = "registry.docker.io"
LIFETIME = 300


class TokenServer:
    """Answers for the realm. Every token is another one, also for the same question."""

    def __init__(
        self,
        *,
        seal: Seal,
        clock: Clock,
        repositories: Container[str],
        strict: bool = False,
        accounts: Mapping[str, str] | None = None,
    ) -> None:
        self._seal = seal
        self._clock = clock
        self._repositories = repositories
        self._strict = strict
        self._accounts = accounts or {}
        self._serial = itertools.count(1)

    def __call__(self, request: Request) -> Response:
        return finished(request, self._answer(request), self._clock)

    def _answer(self, request: Request) -> Response:
        split = urlsplit(request.url)
        if split.path != "/token":
            return text_answer(404, "404 page not found\n")
        if request.method == "POST":
            return self._from_form(request)
        if request.method not in ("GET", "HEAD"):
            return registry_error(405, "UNSUPPORTED", "The operation is unsupported.")
        authorization = request.headers.get("Authorization")
        account = self._account(*_basic(authorization)) if authorization else ""
        if account is None:
            return _wrong_password()
        return self._issue(_scopes(parse_qs(split.query)), account)

    def _from_form(self, request: Request) -> Response:
        form = parse_qs(request.body.decode(errors="replace"))
        if form.get("grant_type") != ["password"]:
            return registry_error(400, "UNSUPPORTED", "only grant_type=password is served here")
        account = self._account(form.get("username", [""])[0], form.get("password", [""])[0])
        return _wrong_password() if account is None else self._issue(_scopes(form), account)

    def _account(self, name: str, password: str) -> str | None:
        return name if name and self._accounts.get(name) == password else None

    def _issue(self, asked: tuple[Scope, ...], account: str) -> Response:
        known = [scope for scope in asked if scope.type == "repository" and scope.name in self._repositories]
        if self._strict and len(known) < len(asked):
            return registry_error(403, "DENIED", "requested access to the resource is denied")
        now = int(self._clock())
        claims: dict[str, object] = {
            "iss": REALM_HOST,
            "aud": SERVICE,
            "sub": account,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": f"{next(self._serial):08d}",
            "access": [{"type": scope.type, "name": scope.name, "actions": ["pull"]} for scope in known],
        }
        token = self._seal.token(claims)
        issued = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        document = {"token": token, "access_token": token, "expires_in": LIFETIME, "issued_at": issued}
        return json_answer(200, document, [("Cache-Control", "no-store")])


def _scopes(parameters: Mapping[str, list[str]]) -> tuple[Scope, ...]:
    # Repeated in a query, separated by spaces in a form; some clients do either in both.
    return tuple(scope for text in parameters.get("scope", []) for scope in read_scopes(text))


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (name, password) if scheme.lower() == "basic" else ("", "")


def _wrong_password() -> Response:
    return registry_error(401, "UNAUTHORIZED", "incorrect username or password")
