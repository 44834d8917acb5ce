"""The token server of the registry that is played: who may pull what, as a token.

The forms of question and answer are those of distribution's docs/content/spec/auth/token.md and oauth.md. What is
made of a scope that is not known, under which names the token is answered, how long it lives and with which words it is
refused is the row's.
"""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Mapping
from datetime import UTC, datetime

from pullscope.oci.challenge import Scope, read_scopes
from pullscope.oci.messages import Request, Response
from pullscope.oci.urls import parameters, split
from pullscope.worlds.hub.held import Held, finished, json_answer, not_found, registry_error, said
from pullscope.worlds.registries.row import Said, Scopes, Tokens

REALM_HOST = "auth.docker.io"

_FOR_EVER = 10 * 365 * 24 * 3600
_DENIED = Said(status=403, code="DENIED", message="requested access to the resource is denied")
_WRONG = Said(status=401, code="UNAUTHORIZED", message="incorrect username or password")


class TokenServer:
    """Answers for the realm. Every token is another one, also for the same question."""

    def __init__(self, held: Held, tokens: Tokens, *, strict: bool | None) -> None:
        """`strict` overrides what the row says of unknown scopes."""
        self._held, self._row, self._clock = held, held.row, held.clock
        self._tokens = tokens
        self._path = split(tokens.realm).path
        self._private = held.private or held.row.needs_login
        self._scopes = held.row.scopes.value if held.row.scopes is not None else Scopes.LEFT_OUT
        if strict is not None:
            self._scopes = Scopes.REFUSED if strict else Scopes.LEFT_OUT
        self._serial = itertools.count(1)

    def __call__(self, request: Request) -> Response:
        return finished(request, self._answer(request), self._clock)

    def _answer(self, request: Request) -> Response:
        parts = split(request.url)
        if parts.path != self._path:
            return not_found()
        if request.method == "POST" and self._tokens.post:
            return self._from_form(request)
        if request.method not in ("GET", "HEAD"):
            return registry_error(405, "UNSUPPORTED", "The operation is unsupported.")
        authorization = request.headers.get("Authorization")
        account = self._account(*basic(authorization)) if authorization else ""
        if account is None:
            return self._wrong_login()
        return self._issue(parameters(parts.query), account)

    def _from_form(self, request: Request) -> Response:
        form = parameters(request.body.decode(errors="replace"))
        if form.get("grant_type") != ["password"]:
            return registry_error(400, "UNSUPPORTED", "only grant_type=password is served here")
        account = self._account(form.get("username", [""])[0], form.get("password", [""])[0])
        return self._wrong_login() if account is None else self._issue(form, account)

    def _account(self, name: str, password: str) -> str | None:
        return name if self._held.knows(name, password) else None

    def _wrong_login(self) -> Response:
        return said(self._row.wrong_login.value if self._row.wrong_login is not None else _WRONG)

    def _issue(self, form: dict[str, list[str]], account: str) -> Response:
        asked = _asked(form)
        known = [scope for scope in asked if scope.type == "repository" and scope.name in self._held.repositories]
        if self._private and not account:
            known = []
        if self._refuses(len(asked), len(known), account):
            names = ", ".join(scope.name for scope in asked)
            return said(self._refusal(account), repository=names)
        if not self._tokens.named and (account or not self._private):
            known = [Scope(type="repository", name=name, actions=("pull",)) for name in self._held.repositories]
        now = int(self._clock())
        claims: dict[str, object] = {
            "iss": split(self._tokens.realm).netloc,
            "aud": form.get("service", [self._row.host])[0],
            "sub": account,
            "iat": now,
            "exp": now + (self._tokens.life or _FOR_EVER),
            "jti": f"{next(self._serial):08d}",
            "access": [{"type": scope.type, "name": scope.name, "actions": ["pull"]} for scope in known],
        }
        document: dict[str, object] = dict.fromkeys(self._tokens.fields, self._held.seal.token(claims))
        if self._tokens.expires_in is not None:
            issued = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            document.update(expires_in=self._tokens.expires_in, issued_at=issued)
        return json_answer(200, document, [("Cache-Control", "no-store")])

    def _refuses(self, asked: int, known: int, account: str) -> bool:
        if self._row.needs_login and not account:
            return True
        if self._scopes is Scopes.REFUSED:
            return known < asked
        return self._scopes is Scopes.REFUSED_ALONE and asked > 0 and known == 0

    def _refusal(self, account: str) -> Said:
        if self._row.refusal is not None:
            return self._row.refusal.value
        asks = self._row.asks.value if self._row.asks is not None else None
        if self._row.needs_login and not account and asks is not None and asks.says is not None:
            return asks.says
        return _DENIED


def basic(authorization: str) -> tuple[str, str]:
    """Name and password of a Basic login, both empty without one."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (name, password) if scheme.lower() == "basic" else ("", "")


def _asked(parameters: Mapping[str, list[str]]) -> tuple[Scope, ...]:
    # Repeated in a query, separated by spaces in a form; some clients do either in both.
    return tuple(scope for text in parameters.get("scope", []) for scope in read_scopes(text))
