"""What the hosts of one sample have in common: whom they play, what they hold, whom they know, one clock and one seal.

With the seal tokens and links to blobs are signed. Both are checked by recomputing an HMAC, so nothing has to be remembered,
and a token or link of another hub is refused. They are made up, and yet no output may show them: the trace treats them as it
treats real ones.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pullscope.oci.challenge import Scope, jwt_access, jwt_claims
from pullscope.worlds.hub.answers import Clock
from pullscope.worlds.hub.image import Repository
from pullscope.worlds.registries.row import Registry


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
