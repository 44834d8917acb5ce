"""The credentials of the request at hand, so that no answer, header or reason brings one of them out again.
One file, because a credential has to be found in all of a request's places.

A server may echo what it was sent: `invalid token: X`, a Location with it, a page in which it is base64. `Secrets` knows what a
request carries, whole and in halves, and finds it in any coding that software uses, also where it was cut off. It lives for
one exchange and is never written; its codings are worked out once for each credential, and few are remembered.
"""

from __future__ import annotations

import base64
import html
import json
import re
from binascii import b2a_base64
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from pullscope.oci import urls
from pullscope.oci.bounds import read_json
from pullscope.oci.keep import FIELDS, PARAMETERS, Kept
from pullscope.oci.messages import Headers
from pullscope.oci.scrub import GONE

LEAST = 8
"""Characters from which on a secret is searched for in any coding and within words."""

SHORTEST = 4
"""Characters below which a word says nothing: it would be found everywhere."""

LONGEST = 16 * 1024
_ENOUGH = 18
"""Characters of a secret of which the beginning of any spelling is made."""
MOST_WORDS = 32
MOST_ECHOES = 200
"""Times that a secret is taken out of a text; one that says it more often is not worth the time, and goes."""
BEGINNING = 14
"""Characters of a secret that are enough to know it by, where it was cut off."""

_SECRET_HEADER = re.compile(
    r"auth(?!ority|enticate)|token|secret|passw|cookie|session|credential|(?<!websocket-)key|jwt|signature",
    re.IGNORECASE,
)
_SECRET_FIELD = re.compile(
    r"sig(?!nedheaders)|tok|secret|pass|pwd|cred|key|jwt|session|auth|hmac|verify|polic|code|state|assert|pat$|hash|ticket",
    re.IGNORECASE,
)
_USER_FIELD = re.compile(r"user(?:_?name)?|account|login", re.IGNORECASE)
_RANDOM = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9+_=.~-]{20,}")
_ASSIGNED = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{1,64}+=\"?([^\s\",;]{8,})")
_DOCUMENTED_NAMES = """
AWS oauth2accesstoken oauth2 _json_key _json_key_base64 _dcgcloud_token token x-access-token gitlab-ci-token $oauthtoken
iamapikey 00000000-0000-0000-0000-000000000000 anonymous none unused Bearer Basic
errors error code message detail details name repository registry manifest manifests blob blobs tag token title status unknown
docker library latest pull push true false null denied unauthorized
"""
_DOCUMENTED = frozenset(_DOCUMENTED_NAMES.split())
"""User names from registries' documentation, and words that errors are made of."""


_NO_SECRETS = frozenset({"serveraddress", "registry", *FIELDS})
"""Keys of JSON whose values are addresses and the like."""


class Secrets(NamedTuple):
    """What must not come out of an exchange."""

    words: frozenset[str] = frozenset()
    """To be found in any coding, and anywhere."""
    parts: frozenset[str] = frozenset()
    """Parts of those, to be found as they are."""
    names: frozenset[str] = frozenset()
    """A user's name, and words that are too short to be looked for in addresses and headers: `docker` is a client too."""

    def out_of(self, text: str, *, prose: bool = True) -> str:
        """The text with REDACTED in the place of each of them; `prose` is a message, not an address or a header."""
        words = self.words | self.names if prose and self.names else self.words
        if not text or not words:
            return text
        forms = _forms(words, self.parts)
        if _one_is_in(forms.beginnings, text):
            text = _without(text, _whole(words, self.parts))
        return forms.short.sub(GONE, text) if forms.short is not None else text

    def are_in(self, text: str) -> bool:
        """Whether one of them may be in an address or in headers."""
        return bool(self.words) and _one_is_in(_forms(self.words, self.parts).beginnings, text)


NONE = Secrets()


def secrets_of(url: str, headers: Headers) -> Secrets:
    """What the head of a request carries: `url` is as the client spelled it."""
    values = tuple(value[:LONGEST] for name, value in headers if _is_secret_header(name))
    if "?" not in url and "@" not in url:
        known = _of_values(values) if values else NONE
        return known._replace(names=known.names - _said_by(url)) if known.names else known
    found = _Found()
    for value in values:
        found.add(_of_value(value))
    if "@" in url:
        found.add(_pair(urls.split(url).authority.rpartition("@")[0]))
    found.add(_fields(urls.query(url), PARAMETERS))
    return found.secrets(url)


def secrets_sent(url: str, content: str, *, form: bool) -> Secrets:
    """What the body of a request that is not a manifest carries: the fields of a form, the texts in JSON, or all of it."""
    content, found = content[:LONGEST], _Found()
    if form:
        found.add(_fields(content, FIELDS))
        return found.secrets(url)
    read = read_json(content)
    found.words.update([content.strip()] if read is None else _texts(read))
    return found.secrets(url)


def both(one: Secrets, other: Secrets) -> Secrets:
    return Secrets(*(mine | theirs for mine, theirs in zip(one, other, strict=True))) if any(other) else one


def without_secrets(url: str, at_hand: Secrets) -> str:
    """A redacted URL without the credential of its exchange, which may stand in its path; a host is a host."""
    if not at_hand.are_in(url):
        return url
    place = url.find("/", url.find("://") + 3)
    return url[:place] + at_hand.out_of(url[place:], prose=False) if place >= 0 else url


class _Found:
    """What was found in one request, before it is known what its address says anyway."""

    __slots__ = ("names", "parts", "words")

    def __init__(self) -> None:
        self.words: set[str] = set()
        self.names: set[str] = set()
        self.parts: set[str] = set()

    def add(self, more: _Found) -> None:
        self.words |= more.words
        self.names |= more.names
        self.parts |= more.parts

    def secrets(self, url: str) -> Secrets:
        """A user's name, or a short word, that the address names is not a secret: `/v2/joe/app` says who joe is."""
        self.words = {word for word in self.words if not word.startswith(GONE)}  # it is of a scrubbed file
        if not self.words and not self.names:
            return NONE
        names = self.names | {word for word in self.words if len(word) < LEAST}
        names = {name for name in names if len(name) >= SHORTEST and name not in _DOCUMENTED}
        if names:
            names -= _said_by(url)
        words = sorted((word for word in self.words if len(word) >= LEAST and word not in _DOCUMENTED), key=len)
        return Secrets(frozenset(words[-MOST_WORDS:]), frozenset(self.parts), frozenset([*names][:MOST_WORDS]))


@lru_cache(maxsize=512)
def _is_secret_header(name: str) -> bool:
    return _SECRET_HEADER.search(name) is not None


@lru_cache(maxsize=64)
def _of_values(values: tuple[str, ...]) -> Secrets:
    found = _Found()
    for value in values:
        found.add(_of_value(value))
    return found.secrets("")


def _said_by(url: str) -> frozenset[str]:
    place = urls.bare(url).partition("://")[2].partition("/")[2]
    scopes = " ".join(urls.parameters(urls.query(url)).get("scope", ()))
    return frozenset(re.split(r"[/:@, ]", f"{place} {scopes}"))


@lru_cache(maxsize=64)
def _of_value(value: str) -> _Found:
    """A header's value: the credential after its scheme, and what is within it."""
    found = _Found()
    value = value.strip()
    scheme, space, rest = value.partition(" ")
    secret = rest.strip() if space else value
    found.words.add(secret)
    found.words.update(_ASSIGNED.findall(value))
    parts = secret.split(".")
    if len(parts) >= 3:
        found.parts.update(part for part in parts if len(part) >= 20)  # of a JWT each part for itself
        found.words.add(parts[2])
    try:
        code = secret.rstrip("=").replace("-", "+").replace("_", "/")
        decoded = base64.b64decode(code + "=" * (-len(code) % 4), validate=True).decode("utf-8")
    except (ValueError, UnicodeDecodeError):
        return found
    if scheme.lower() == "basic" or ":" in decoded:
        found.add(_pair(decoded))
    if decoded.startswith("{"):  # X-Registry-Auth (docs.docker.com, Engine API, "Authentication")
        found.words.update(_texts(read_json(decoded)))
    return found


def _pair(pair: str) -> _Found:
    """`user:password`, whole and in halves."""
    found = _Found()
    user, _, word = pair.partition(":")
    found.words |= {pair, word, urls.unquoted(pair), urls.unquoted(word)}
    found.names |= {user, urls.unquoted(user)}
    return found


def _fields(text: str, kept: Mapping[str, Kept]) -> _Found:
    """The values of a query or a form that are not kept and are, or look like, secrets; as spelled and decoded."""
    found = _Found()
    for part in text.split("&", urls.MOST_PARAMETERS)[: urls.MOST_PARAMETERS]:
        name, equals, value = part.partition("=")
        value = value if equals else name
        decoded = urls.unquoted(value)
        known = kept.get(name)
        if known is not None and known.looks_like.fullmatch(decoded):
            continue
        if equals and _USER_FIELD.fullmatch(name):
            found.names |= {value, decoded}
        elif known is not None or _SECRET_FIELD.search(name) or _RANDOM.fullmatch(decoded):
            found.words |= {value, decoded}
    return found


def _texts(value: object, depth: int = 8) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, dict):
        for key, one in value.items():
            if key not in _NO_SECRETS:
                yield from _texts(one, depth - 1)
    elif depth and isinstance(value, list):
        for one in value[:100]:
            yield from _texts(one, depth - 1)


_PLAIN = re.compile(r"[A-Za-z0-9._~-]++")
"""What needs no escape anywhere."""
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class _Forms(NamedTuple):
    beginnings: tuple[str, ...]
    """Of every spelling: where none of these is, there is no secret."""
    short: re.Pattern[str] | None
    """Words that are too short to be looked for within others."""


def _one_is_in(beginnings: tuple[str, ...], text: str) -> bool:
    for beginning in beginnings:  # noqa: SIM110 - a generator takes four times as long
        if beginning in text:
            return True
    return False


@lru_cache(maxsize=64)
def _forms(words: frozenset[str], parts: frozenset[str]) -> _Forms:
    beginnings = {part[:BEGINNING] for part in parts}
    short: set[str] = set()
    for word in words:
        for spelling in _beginnings(word) if len(word) >= _ENOUGH else _spellings(word):
            (beginnings if len(spelling) >= LEAST else short).add(spelling[:BEGINNING])
    joined = "|".join(re.escape(word) for word in sorted(short, key=len, reverse=True))
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{joined})(?![A-Za-z0-9])") if joined else None
    return _Forms(tuple(beginnings), pattern)


def _beginnings(word: str) -> set[str]:
    """What `_spellings` of a long word begin with, at a tenth of the cost: a signature is new with every request."""
    first, last = word[:_ENOUGH], word[-_ENOUGH:]
    if not first.isascii() or not _PLAIN.fullmatch(first):
        return _spellings(first) | {last[::-1]}
    raw = first.encode()
    apart, number = raw.hex("%"), int.from_bytes(raw[:10], "big")
    found = {
        *(first, first.lower(), first.upper(), last[::-1]),
        *(apart.replace("%", ""), apart.replace("%", "").upper(), f"%{apart}", f"%{apart.upper()}"),
        *(f"%{apart}".replace("%", "\\x"), f"%{apart}".replace("%", "\\u00")),
        "".join(f"&#{byte};" for byte in raw[:4]),
        "".join([_BASE32[number >> place & 31] for place in range(75, -5, -5)]),
    }
    for padding, cut in ((b"", 0), (b"\0", 2), (b"\0\0", 3)):
        code = b2a_base64(padding + raw, newline=False).decode()[cut : cut + BEGINNING]
        found.add(code)
        if "+" in code or "/" in code:
            found |= {code.replace("+", "-").replace("/", "_"), quote(code, safe="")}
    return found


@lru_cache(maxsize=8)
def _whole(words: frozenset[str], parts: frozenset[str]) -> dict[str, list[str]]:
    """The beginning of each spelling, to the spellings that begin so, the longest first."""
    whole: dict[str, list[str]] = {}
    for spelling in parts.union(*(_spellings(word) for word in words)):
        if len(spelling) >= LEAST:
            whole.setdefault(spelling[:BEGINNING], []).append(spelling)
    return {beginning: sorted(spellings, key=len, reverse=True) for beginning, spellings in whole.items()}


def _spellings(word: str) -> set[str]:
    """A secret as software writes it: plain, escaped for JSON, HTML and URLs, in hex, base32 and base64."""
    raw = word.encode("utf-8", "surrogatepass")
    quoted = quote(raw, safe="")
    found = {
        word,
        json.dumps(word)[1:-1],
        json.dumps(word).replace("/", "\\/")[1:-1],
        html.escape(word),
        quoted,
        quote(raw, safe="/"),
        quote(raw, safe="").replace("%20", "+"),
        re.sub("%..", lambda part: part[0].lower(), quoted),
        quote(quoted, safe=""),
        raw.hex(),
        raw.hex().upper(),
        "".join(f"%{byte:02x}" for byte in raw),
        "".join(f"%{byte:02X}" for byte in raw),
        "".join(f"\\x{byte:02x}" for byte in raw),
        "".join(f"\\u{ord(character):04x}" for character in word),
        "".join(f"&#{ord(character)};" for character in word),
        *((word[::-1], word.lower(), word.upper()) if len(word) >= LEAST else ()),
        base64.b32encode(raw).decode().rstrip("="),
    }
    # Within something longer a secret is at one of three places of base64; what its neighbours have a part in is left out.
    for before in range(3):
        code = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        whole = (len(raw) + before) * 8 // 6
        part = code[-(-before * 8 // 6) : whole]
        if len(part) >= min(LEAST, len(word)):
            found |= {part, part.replace("+", "-").replace("/", "_"), quote(part, safe="")}
    return found - {""}


def _without(text: str, whole: Mapping[str, list[str]]) -> str:
    for beginning, spellings in whole.items():
        at = text.find(beginning)
        if at < 0:
            continue
        kept, end = [], 0
        while at >= 0:
            kept.append(text[end:at])
            end = at + max(_common(text, at, spelling) for spelling in spellings)
            while text.startswith("=", end):
                end += 1  # the padding of base64
            at = text.find(beginning, end)
            if len(kept) > MOST_ECHOES:
                return GONE
        text = GONE.join([*kept, text[end:]])
    return text


def _common(text: str, at: int, spelling: str) -> int:
    """How many characters of a spelling stand there: it may have been cut off."""
    if text.startswith(spelling, at):
        return len(spelling)
    low, high = 0, min(len(spelling), len(text) - at)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text.startswith(spelling[:middle], at) else (low, middle - 1)
    return low
