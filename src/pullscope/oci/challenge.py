"""How registries ask for a token and what a token is for: challenges, scopes, and the claims of a JWT.

Header values are read as RFC 9110 writes them, leniently, in one pass that cannot go back. No token is verified
here, and none is kept.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pullscope.oci.bounds import read_json
from pullscope.oci.urls import parameters, query

_MAX_HEADER = 16 * 1024
_MAX_TOKEN = 64 * 1024
_MAX_SCOPES = 1000

# RFC 9110, 11.2 and 5.6.2. A parameter's value should be a token or quoted; registries also write a bare URL. An
# unfinished quotation ends with the line.
_GAP = re.compile(r"[\s,]*+")
_WORD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]++")
_PARAMETER = re.compile(r"""\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?|([^\s,"=][^\s,]*+))""", re.DOTALL)
_TOKEN68 = re.compile(r"\s++([A-Za-z0-9._~+/-]++=*+)(?=\s*+(?:,|\Z))")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What a token may do: `repository:library/nginx:pull`."""

    type: str
    name: str
    actions: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.type}:{self.name}:{','.join(self.actions)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Challenge:
    """One way to authenticate that a 401 offers; `scheme` is in lower case."""

    scheme: str
    realm: str | None = None
    service: str | None = None
    scope: str | None = None
    error: str | None = None

    @property
    def scopes(self) -> tuple[Scope, ...]:
        return read_scopes(self.scope or "")


_BETWEEN_SCOPES = re.compile(r"\s+|,(?=[a-z]{1,32}(?:\([a-z]{1,32}\))?:)")


def read_scopes(text: str) -> tuple[Scope, ...]:
    """The scopes of a space-separated list; anything else is left out.

    A name may hold a colon of its own (`localhost:5000/app`), so the type is cut from the left and the actions from
    the right (distribution, docs/content/spec/auth/scope.md). Some write a comma between two (distribution/distribution#2504).
    """
    scopes = []
    for part in _BETWEEN_SCOPES.split(text.strip(), _MAX_SCOPES)[:_MAX_SCOPES]:
        kind, _, rest = part.partition(":")
        name, colon, actions = rest.rpartition(":")
        if kind and name and colon:
            scopes.append(Scope(type=kind, name=name, actions=tuple(filter(None, actions.split(",")))))
    return tuple(scopes)


def scopes_asked(url: str) -> list[str]:
    """The scopes that a token request's address names, each for itself."""
    text = query(url)
    if "scope=" not in text:
        return []
    return [scope for value in parameters(text).get("scope", ()) for scope in value.split()]


def split_challenges(value: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """One header line as (scheme, parameters), as spelled; a token68 is a parameter without a name."""
    value = value[:_MAX_HEADER]
    challenges: list[tuple[str, list[tuple[str, str]]]] = []
    position = 0
    while position < len(value):
        gap = _GAP.match(value, position)
        position = gap.end() if gap else position
        word = _WORD.match(value, position)
        if word is None:
            # Not a word where one should be: go on at the next comma.
            position = value.find(",", position)
            if position < 0:
                break
            continue
        position = word.end()
        parameter = _PARAMETER.match(value, position)
        if parameter is not None:
            position = parameter.end()
            quoted, bare = parameter.groups()
            if challenges:
                challenges[-1][1].append((word[0], bare if quoted is None else _ESCAPED.sub(r"\1", quoted)))
            continue
        challenges.append((word[0], []))
        token68 = _TOKEN68.match(value, position)
        # `Bearer, Basic realm=…` has no token68: what follows the scheme is the comma.
        if token68 is not None:
            challenges[-1][1].append(("", token68[1]))
            position = token68.end()
    return challenges


def read_challenges(values: Iterable[str]) -> tuple[Challenge, ...]:
    """The challenges of all WWW-Authenticate lines, in order; several may share a line."""
    read = []
    for value in values:
        for scheme, given in split_challenges(value):
            named: dict[str, str] = {}
            for name, text in given:
                named.setdefault(name.lower(), text)
            read.append(
                Challenge(
                    scheme=scheme.lower(),
                    realm=named.get("realm"),
                    service=named.get("service"),
                    scope=named.get("scope"),
                    error=named.get("error"),
                )
            )
    return tuple(read)


def jwt_claims(token: str) -> dict[str, Any] | None:
    """What a JWT claims, unverified (RFC 7519, 3); None of any other token."""
    parts = token.split(".", 3)
    if len(parts) != 3 or len(token) > _MAX_TOKEN:
        return None
    try:
        claims = read_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None


def jwt_access(token: str) -> tuple[Scope, ...] | None:
    """What a token says that it grants, unverified; None where it is not a JWT or says nothing of it.

    The claim is `access`: distribution, docs/content/spec/auth/jwt.md.
    """
    access = (jwt_claims(token) or {}).get("access")
    if not isinstance(access, list):
        return None
    scopes = []
    for entry in access[:_MAX_SCOPES]:
        if not isinstance(entry, dict):
            continue
        kind, name, actions = entry.get("type"), entry.get("name"), entry.get("actions")
        if isinstance(kind, str) and isinstance(name, str):
            named = actions if isinstance(actions, list) else []
            scopes.append(Scope(type=kind, name=name, actions=tuple(a for a in named if isinstance(a, str))))
    return tuple(scopes)
