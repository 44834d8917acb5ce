"""Secrets out of URLs, forms, documents and text.

A URL keeps its scheme, host and path, and of its query the parameters of a keep-list: whatever else a registry or
CDN puts there is its own business and often a signature. Text is the harder case, because nothing says where a
secret starts; there the rules err on the side of taking too much. Every function is total, is unchanged by a second
pass, and takes time linear in its input: each pattern is possessive or bounded.
"""

from __future__ import annotations

import base64
import json
import re

GONE = "REDACTED"

# go-containerregistry internal/redact/redact.go:61 keeps the first seven; the rest name no secret and explain a
# request.
_PARAMETERS = """
scope service mount from digest n last artifactType ns tag client_id offline_token grant_type digest-algorithm
"""
_KEPT_PARAMETERS = frozenset(_PARAMETERS.split())
# The fields of a token request (distribution, docs/content/spec/auth/oauth.md) less username, password,
# refresh_token.
_KEPT_FIELDS = _KEPT_PARAMETERS | {"access_type"}

# What the values of those look like, percent-encoded or not. Anything else in such a place is not what its name says.
_PLAIN_VALUE = re.compile(r"(?:[A-Za-z0-9:/,._~+*()!=-]|%(?:20|28|29|2[AaBbCcFf]|3[AaDd])){0,4096}")
# When a signed address was made and how long it lives: AWS SigV4 query, CloudFront and GCS v2 (`Expires`), Azure SAS (`se`).
_TIMES = frozenset({"X-Amz-Date", "X-Amz-Expires", "X-Goog-Date", "X-Goog-Expires", "Expires", "se"})
_TIME = re.compile(r"[0-9]{1,12}|[0-9]{8}T[0-9]{6}Z|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}(?:(?::|%3[Aa])[0-9]{2}){1,2}Z")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.\-\[\]]{1,64}")
_SEPARATORS = re.compile(r"([&;])")

_AUTHORITY = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)([^/?#\\]*)")

# Signatures in paths. A name in a registry has at most 128 characters (a tag) and a digest 135, so a longer segment
# is something else. Google's downloads carry about 1000 (ahmetb/serverless-registry-proxy#8).
_MAX_SEGMENT = 144
_SIGNED_PATH = re.compile(
    r"(/artifacts-(?:downloads|uploads)/(?:[^/]++/)*?(?:downloads|uploads)/)[^/]++", re.IGNORECASE
)
# Akamai and its like: `/__token__=exp=…~hmac=…/`.
_SIGNED_SEGMENT = re.compile(r"(?:token|hmac|sig|signature|policy|jwt|auth|password|secret)[^/]{0,8}=", re.IGNORECASE)
_PARAMETERS_IN_PATH = re.compile(r";|%3[bf]", re.IGNORECASE)
_PINNED = ("sha256:", "sha384:", "sha512:")
# What needs no more than a look: nothing signed, escaped, long, and no user info.
_PLAIN_PATH = r"(?!.*(?:eyJ|/artifacts-))(?:/[A-Za-z0-9._:-]{0,144}+)*+"
_HARMLESS_PATH = re.compile(_PLAIN_PATH)
_HARMLESS_URL = re.compile(rf"(?:https?:/)?{_PLAIN_PATH}")

# Parts in base64url, of which the first starts like `{"` (RFC 7519; RFC 7515, 7.1), and the word it stands in. A word
# is looked at once, from its start: `eyJ` may be repeated a million times.
_JWT = re.compile(r"(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*?eyJ[A-Za-z0-9_-]{5})[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]*+){1,4}")
# `Bearer …` and `Basic …` wherever they are quoted.
_CREDENTIAL = re.compile(r"\b(bearer|basic)(\s{1,8}+|%20|\+)([^\s\"'\\<>]++)", re.IGNORECASE)
# What may follow them in a sentence.
_SENTENCE = re.compile(
    r"(?:auth|authentication|authorization|challenges?|credentials?|schemes?|tokens?|REDACTED)[,.:;!?)]*+|(?:realm|token)=.*",
    re.IGNORECASE | re.DOTALL,
)
_URL_IN_TEXT = re.compile(r"https?://[^\s\"'<>\\`{}|]++", re.IGNORECASE)
# User info and queries where no whole URL is to be seen, as in `https:\/\/…`, or after a cut.
_USER_IN_TEXT = re.compile(r"(\\?/\\?/)[^/\s@\"'\\?#]++@(?!sha(?:256|384|512):)")
_QUERY_IN_TEXT = re.compile(r"([?&])([A-Za-z0-9_.\-\[\]%~$]++)=([^\s&\"'<>\\]*+)")
# `token=…`, `"token": "…"`, `\"token\": \"…`. Not `token: …`, which is a sentence. The name is looked at before the
# value, so that a value of another name is searched in its turn.
_ASSIGNED = re.compile(
    r"(?<![\w.-])"
    r"(?=[\w.-]*?(?:token|passw|secret|jwt|hmac|signature|credential|cookie|session|authorization|api_?key|verify)"
    r"|(?:sig|_state|user(?:name)?|account)(?![\w.-]))"
    r"([\w.-]++(?:\s{0,4}+=\s{0,4}+|\\{0,4}+[\"']\s{0,4}+:\s{0,4}+))"
    r"(?:(\\++[\"'])[^\"'\\]*+|(\")(?:[^\"\\]|\\.)*+|(')[^']*+|[^\s\"'\\&;,<>{}\[\]]++)",
    re.DOTALL | re.IGNORECASE,
)
# A request's head, echoed.
_HEADER_LINE = re.compile(
    r"^([ \t>]*+(?:(?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]*(?:token|key|secret)[a-z-]*)[ \t]*+:[ \t]*+)\S.*$",
    re.IGNORECASE | re.MULTILINE,
)
# A string with none of these is kept without a further look.
_SUSPICIOUS = re.compile(r"[=@]|//|eyJ|bearer|basic|[\"']\s{0,4}:|:[ \t]", re.IGNORECASE)

# JSON: keys whose value goes, compared without case, `_` and `-`; and whatever ends like the last ones.
_KEYS = """
accesstoken account apikey assertion auth authorization clientassertion cookie credential credentials hmac idtoken
identitytoken jwt passwd password privatekey refreshtoken registrytoken secret session setcookie token username
"""
_SECRET_KEYS = frozenset(_KEYS.split())
_SECRET_ENDINGS = ("token", "password", "secret", "apikey", "privatekey")

# A document that holds none of these has nothing that a rule of this file could find. Most manifests are such.
_LOUD = "= @ \\ // ; eyj bearer basic token passw secret key account assertion auth cookie credential hmac jwt session"
_LOUD_WORDS = (*_LOUD.split(), "user", "sig", "verify", "state")

MAX_DOCUMENT = 4 * 1024 * 1024
ERROR_TEXT = 2_000
"""Characters kept of an error body that is not JSON: a web page says enough with its title."""
# Characters that are searched for secrets word by word, which takes a microsecond each; this runs in the proxy's event
# loop. An error that is no JSON says enough with that many; what is suspicious in a larger document goes unread.
MAX_TEXT = 64 * 1024
_MAX_PASSES = 8


def redact_url(url: str) -> str:
    """`url`, absolute or relative, without user info, fragment, signatures and whatever is not on the keep-list."""
    if _HARMLESS_URL.fullmatch(url):
        return url
    rest, asked, query = url.partition("#")[0].partition("?")
    head = _AUTHORITY.match(rest)
    origin, path = "", rest
    if head is not None:
        origin, path = head[1] + head[2].rpartition("@")[2], rest[head.end() :]
    if not _HARMLESS_PATH.fullmatch(path):
        path = _redact_path(path)
        if head is None and _AUTHORITY.match(path):
            path = redact_url(path)  # a host came into view
    return f"{origin}{path}?{_redact_query(query, _KEPT_PARAMETERS)}" if asked else f"{origin}{path}"


def redact_location(location: str) -> str:
    """A Location or Referer value, which may be relative; what a URL may not keep, this may not either."""
    return redact_url(location)


def redact_form(text: str) -> str:
    """The body of a token request, with the values of a keep-list of fields."""
    return _redact_query(text, _KEPT_FIELDS)


def redact_text(text: str) -> str:
    """Text of any kind without credentials, tokens, and the secret parts of URLs."""
    for _ in range(_MAX_PASSES):
        clean = _redact_once(text)
        if clean == text:
            return text
        text = clean  # what was taken out may have hidden something
    return GONE


def redact_document(text: str, _passes: int = 2) -> str:
    """A manifest, error body or token answer without its secrets; JSON that has none stays as it is spelled."""
    text = text[:MAX_DOCUMENT]
    if _is_quiet(text):
        return text
    changed = False
    room = MAX_TEXT

    def clean(value: object) -> object:
        nonlocal changed, room
        if isinstance(value, str):
            if _is_quiet(value):
                return value
            room -= len(value)
            kept = redact_text(value) if room >= 0 else GONE
            changed = changed or kept != value
            return kept
        if isinstance(value, list):
            return [clean(item) for item in value]
        return value  # an object has been through `pairs`; a number or null is nothing

    def pairs(found: list[tuple[str, object]]) -> dict[str, object]:
        # Called for each object, innermost first, with every pair: a repeated key cannot hide a value.
        nonlocal changed
        kept: dict[str, object] = {}
        for key, value in found:
            name = str(clean(key))
            if _is_secret(key) and value not in (None, True, False, GONE):
                kept[name] = GONE
                changed = True
            else:
                kept[name] = clean(value)
        return kept

    try:
        document = clean(json.loads(text, object_pairs_hook=pairs))
        if not changed:
            return text
        # Half a surrogate pair can be spelled in JSON, not in UTF-8: it stays an escape.
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8")
    # Not JSON; nested too deep; an integer of more than 4300 digits.
    except (ValueError, RecursionError):
        kept = redact_text(text[:MAX_TEXT])
    # What is left may be JSON by now.
    return kept if kept == text or _passes == 0 else redact_document(kept, _passes - 1)


def text_of(content: bytes, status: int) -> str:
    """A document as text, without secrets; of an error that is no JSON only what names it."""
    if status < 400 or content.lstrip()[:1] in (b"{", b"["):
        return redact_document(content.decode("utf-8", "replace"))
    text = content[: ERROR_TEXT * 4].decode("utf-8", "replace")
    if text.lstrip().startswith("<") and not text.startswith(("<HTML> ", "<XML> ")):
        # A page, or a storage error whose XML echoes the signature it refused: keep the names only.
        said = [_between(text, f"<{tag}>", f"</{tag}>") for tag in ("title", "Code", "Message")]
        kind = "HTML" if "<html" in text.lower() or "<!doctype html" in text.lower() else "XML"
        return redact_document(f"<{kind}> " + " ".join(part for part in said if part))[:ERROR_TEXT]
    return redact_document(text)[:ERROR_TEXT]


def _between(text: str, start: str, end: str) -> str:
    found = text.partition(start)[2].partition(end)
    return found[0].strip()[:300] if found[1] else ""


def _is_quiet(text: str) -> bool:
    # Keys are compared without these two.
    plain = text.lower().replace("_", "").replace("-", "")
    return not any(word in plain for word in _LOUD_WORDS)


def _redact_once(text: str) -> str:
    if not _SUSPICIOUS.search(text):
        return text
    text = _HEADER_LINE.sub(rf"\1{GONE}", text)
    text = _URL_IN_TEXT.sub(lambda found: redact_url(found[0]), text)
    text = _USER_IN_TEXT.sub(r"\1", text)
    text = _QUERY_IN_TEXT.sub(_redact_asked, text)
    if "eyJ" in text:
        text = _JWT.sub(GONE, text)
    text = _CREDENTIAL.sub(_redact_credential, text)
    return _ASSIGNED.sub(_redact_assigned, text)


def _redact_path(path: str) -> str:
    signed = _SIGNED_PATH.match(path)
    if signed is not None:
        path = signed[1] + GONE + path[signed.end() :]
    return "/".join(map(_redact_segment, path.split("/")))


def _redact_segment(segment: str) -> str:
    if len(segment) > _MAX_SEGMENT or _SIGNED_SEGMENT.search(segment) or _JWT.search(segment):
        return GONE
    if not segment:
        return segment
    # Parameters (`;jsessionid=…`) and escaped queries are none of a registry's names. Nothing may be left empty: with
    # its neighbours it would read as `//`, and what follows as a host.
    segment = _PARAMETERS_IN_PATH.split(segment, maxsplit=1)[0] or GONE
    user, at, rest = segment.rpartition("@")
    # `name:tag@sha256:…` is a reference.
    if at and (":" in user or "\\" in user) and not rest.startswith(_PINNED):
        return rest or GONE
    return segment


def _redact_query(query: str, kept: frozenset[str]) -> str:
    parts = _SEPARATORS.split(query)
    # Every second part is a separator, kept as it is.
    parts[::2] = [_redact_parameter(part, kept) for part in parts[::2]]
    return "".join(parts)


def _redact_parameter(part: str, kept: frozenset[str]) -> str:
    if not part:
        return part
    name, equals, value = part.partition("=")
    if not equals:
        # A bare word may be a value as well as a name.
        return name if name in kept else GONE
    if not _PLAIN_NAME.fullmatch(name) or _JWT.search(name):
        return f"{GONE}={GONE}"
    if name in kept and _PLAIN_VALUE.fullmatch(value) and not _JWT.search(value):
        return part
    if name in _TIMES and _TIME.fullmatch(value):
        return part
    return f"{name}={GONE}" if value else part


def _redact_asked(found: re.Match[str]) -> str:
    separator, name, value = found.groups()
    return separator + _redact_parameter(f"{name}={value}", _KEPT_PARAMETERS)


def _redact_credential(found: re.Match[str]) -> str:
    scheme, space, secret = found.groups()
    if _SENTENCE.fullmatch(secret):
        return found[0]
    if scheme.lower() == "basic" and not _is_basic(secret):
        return found[0]
    return f"{scheme}{space}{GONE}"


def _is_basic(text: str) -> bool:
    """Whether `text` is a name and a password (RFC 7617, 2), rather than the next word of a sentence."""
    try:
        return b":" in base64.b64decode(text.rstrip(",.;:=") + "==")
    except ValueError:
        return False


def _redact_assigned(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2] or found[3] or found[4] or ''}{GONE}"


def _is_secret(key: str) -> bool:
    plain = key.lower().replace("_", "").replace("-", "")
    return plain in _SECRET_KEYS or plain.endswith(_SECRET_ENDINGS)
