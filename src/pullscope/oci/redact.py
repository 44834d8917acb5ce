"""What may be kept of a request or an answer: decided by keep-lists, so that an unknown name is never kept.

Everything that is recorded, logged or shown passes through here first; docs/redaction.md says what is kept and why.
URLs, forms and documents are `scrub`'s work, headers are done here. `Numbers` is the one thing in this room that
remembers, and it remembers fingerprints only.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache

from pullscope.oci.bounds import writable
from pullscope.oci.challenge import split_challenges
from pullscope.oci.keep import HEADERS
from pullscope.oci.messages import Headers
from pullscope.oci.scrub import GONE, redact_text, redact_url

KEPT_HEADERS = frozenset().union(*HEADERS.values())

# RFC 9110, 11.1: the scheme says how a client authenticated, what follows it is the secret.
_SCHEMES = frozenset({"basic", "bearer", "digest", "dpop", "hmac", "negotiate", "ntlm", "aws4-hmac-sha256"})
# Parameters of a challenge that say where and for what to get a token.
_KEPT_CHALLENGE = frozenset(
    {"realm", "service", "scope", "error", "error_description", "charset", "algorithm", "title"}
)
_LINK = re.compile(r"<([^<>]*+)>")
_RELATION = re.compile(r";\s*+(rel=(?:\"[A-Za-z -]*+\"|[A-Za-z-]++))", re.IGNORECASE)
_MAX_VALUE = 64 * 1024
# Clients and servers say most of their fields again with every message: what such a value becomes is known by then.
_MOST_KNOWN = 256


def redact_headers(headers: Headers) -> Headers:
    """Every field, in order and spelling; the values of those that are on the keep-list, and of no other."""
    return Headers([_known_field(*field) if len(field[1]) <= _MOST_KNOWN else _field(*field) for field in headers])


def _field(name: str, value: str) -> tuple[str, str]:
    if len(value) > _MAX_VALUE:
        return writable(name), GONE
    lowered = name.lower()
    rule = _RULES.get(lowered) or (redact_text if lowered in KEPT_HEADERS else None)
    return writable(name), GONE if rule is None else rule(writable(value))


_known_field = lru_cache(maxsize=2048)(_field)


def _redact_credentials(value: str) -> str:
    scheme, space, _ = value.strip().partition(" ")
    return f"{scheme} {GONE}" if space and scheme.lower() in _SCHEMES else GONE


def _redact_challenges(value: str) -> str:
    challenges = []
    for scheme, parameters in split_challenges(value):
        # A word in a scheme's or a parameter's place may be the secret itself.
        known = scheme if scheme.lower() in _SCHEMES else GONE
        kept = ",".join(_redact_challenge_parameter(name, text) for name, text in parameters)
        challenges.append(f"{known} {kept}" if kept else known)
    return ", ".join(challenges) if challenges else GONE


def _redact_challenge_parameter(name: str, text: str) -> str:
    if not name:
        return GONE
    lowered = name.lower()
    if lowered not in _KEPT_CHALLENGE:
        return f'{GONE}="{GONE}"'
    clean = redact_url(text) if lowered == "realm" and ("/" in text or "?" in text) else redact_text(text)
    escaped = clean.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{escaped}"'


# `name/1.2 (comment; comment)` (RFC 9110, 10.1.5): nothing in there assigns a value.
_ASSIGNED_WORD = re.compile(r"((?:=|\b(?:token|key|secret|password|auth)\s{0,4}:)\s{0,4})[^\s;,()]++", re.IGNORECASE)


def _redact_link(value: str) -> str:
    """RFC 8288: `</v2/_catalog?last=x&n=5>; rel="next"`, several with commas between."""
    links = []
    for link in _LINK.finditer(value):
        following = value.find("<", link.end())
        relation = _RELATION.search(value, link.end(), len(value) if following < 0 else following)
        links.append(f"<{redact_url(link[1])}>" + (f"; {relation[1]}" if relation else ""))
    return ", ".join(links) if links else GONE


_RULES: dict[str, Callable[[str], str]] = {
    "authorization": _redact_credentials,
    "proxy-authorization": _redact_credentials,
    "content-location": redact_url,
    "location": redact_url,
    "origin": redact_url,
    "referer": redact_url,
    "link": _redact_link,
    "user-agent": lambda value: _ASSIGNED_WORD.sub(rf"\1{GONE}", redact_text(value)),
    "www-authenticate": _redact_challenges,
    "proxy-authenticate": _redact_challenges,
}


class Numbers:
    """Small numbers for secrets, so that "the same token" can be said without keeping one.

    The first secret of a kind is 1, the next new one 2. What is kept is a fingerprint under a salt that is random
    for each instance and is never written. The oldest are forgotten beyond `limit`; one that comes back then gets a
    new number, and no number is given twice.
    """

    __slots__ = ("_given", "_known", "_limit", "_salt")

    def __init__(self, *, limit: int = 65_536) -> None:
        if limit < 1:
            raise ValueError("Numbers needs room for at least one secret.")
        self._salt = secrets.token_bytes(32)
        self._limit = limit
        self._given: dict[str, int] = {}
        self._known: OrderedDict[tuple[str, bytes], int] = OrderedDict()

    def number(self, kind: str, secret: str) -> int:
        """The number of `secret` among those of its kind, from 1."""
        data = secret.encode("utf-8", "surrogatepass")
        key = kind, hashlib.blake2b(data, digest_size=16, key=self._salt).digest()
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        number = self._given[kind] = self._given.get(kind, 0) + 1
        self._known[key] = number
        if len(self._known) > self._limit:
            self._known.popitem(last=False)
        return number

    def __repr__(self) -> str:
        return f"Numbers({self._given})"
