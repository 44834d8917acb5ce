"""Secrets out of URLs, forms, documents and text. One file, because the forms of tokens are a part of every rule for text.

A URL keeps its scheme, host and path, and of its query the parameters of a keep-list: whatever else a registry or
CDN puts there is its own business and often a signature. Text is the harder case, because nothing says where a
secret starts; there the rules err on the side of taking too much. Every function is total, is unchanged by a second
pass, and takes time linear in its input: each pattern is possessive or bounded.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping

from pullscope.oci.keep import LONGEST_VALUE, PARAMETERS, Kept
from pullscope.oci.urls import unquoted

_TAIL = r"[A-Za-z0-9_-]{6,}+"

FORMS: Mapping[str, tuple[str, ...]] = {
    # docs.github.com, "About authentication to GitHub", token formats
    "GitHub": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    # docs.gitlab.com, "GitLab token overview", token prefixes
    "GitLab": (
        *("glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-"),
        *("glimt-", "glagent-", "gloas-", "glsoat-", "glffct-"),
    ),
    # docs.docker.com, personal and organization access tokens
    "Docker": ("dckr_pat_", "dckr_oat_"),
    # docs.aws.amazon.com, IAM identifiers, unique ID prefixes
    "AWS": ("AKIA", "ASIA", "ABIA", "ACCA"),
    "npm": ("npm_",),
    "Slack": ("xoxa-", "xoxb-", "xoxc-", "xoxd-", "xoxe-", "xoxp-", "xoxr-", "xoxs-", "xapp-"),
    "Google": ("AIza", "ya29.", "GOCSPX-"),
    "PyPI": ("pypi-AgE",),
    "Hugging Face": ("hf_",),
    "HashiCorp": ("hvs.", "hvb.", "hvr."),
    "DigitalOcean": ("dop_v1_", "doo_v1_", "dor_v1_"),
    "Stripe, OpenAI": ("sk_live_", "sk-"),
}
"""Credentials that are known by their form, by who gives them out: the words that they begin with.

A form that is searched for begins with a word that few texts hold, so that a text without any is passed quickly.
"""

_BEGINNINGS = tuple(word for words in FORMS.values() for word in words)
_KEY = "-----BEGIN "
_UPPER = frozenset(FORMS["AWS"])
_SHORT = frozenset({"hf_", "sk-"})
"""Beginnings that other words have too: what follows must be long."""

_PATTERN = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    + "|".join(
        re.escape(word) + (r"[A-Z0-9]{8,}+" if word in _UPPER else r"[A-Za-z0-9_-]{20,}+" if word in _SHORT else _TAIL)
        for word in _BEGINNINGS
    )
    + r")"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)", re.DOTALL)


def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """Finds one of these; grouped by their first character, for that is how `re` is quick."""
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(word[0], []).append(re.escape(word[1:]))
    return re.compile("|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in groups.items()))


_HINT = _any_of((*_BEGINNINGS, _KEY))


def has_known_form(text: str) -> bool:
    """Whether a text may hold one; seldom wrong, and quick."""
    return _HINT.search(text) is not None


def without_known_forms(text: str, gone: str) -> str:
    """The text with `gone` in the place of each."""
    if not has_known_form(text):
        return text
    text = _PATTERN.sub(gone, text)
    return _PRIVATE_KEY.sub(gone, text) if _KEY in text else text


GONE = "REDACTED"

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
# Others that name a value; a digest (`multihash+base58:Qm=`) and the padding at the end of base64 name none.
_ASSIGNED_SEGMENT = re.compile(r"([A-Za-z0-9_.~-]{1,64}(?:=|%3[dD]))(?!(?:=|%3[dD])?$)(?!REDACTED$).")
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
    r"(?=[\w.-]*?(?:token|passw|pwd|secret|jwt|hmac|signature|credential|cookie|session|authorization|verify|key(?![\w.-]))"
    r"|(?:sig|_state|user(?:name)?|account|pat|auth|otp)(?![\w.-]))"
    r"([\w.-]++(?:\s{0,4}+=\s{0,4}+|\\{0,4}+[\"']\s{0,4}+:\s{0,4}+))"
    r"(?:(\\++[\"'])[^\"'\\]*+|(\")(?:[^\"\\]|\\.)*+|(')[^']*+|[^\s\"'\\&;,<>{}\[\]]++)",
    re.DOTALL | re.IGNORECASE,
)
# A request's head, echoed.
_HEADER_LINE = re.compile(
    r"^([ \t>]*+(?:(?:proxy-)?authorization|(?:set-)?cookie|x-[a-z-]*(?:token|key|secret)[a-z-]*)[ \t]*+:[ \t]*+)\S.*$",
    re.IGNORECASE | re.MULTILINE,
)
# A login that a command was given (curl, wget, httpie, skopeo, docker login), where somebody pasted that with what it printed.
_OPTION = re.compile(
    r"(?<= )((?:-[ua]|--(?:proxy-)?(?:user|auth)|--(?:src-|dest-)?creds)(?:[ =]|(?=\w))[\"']?)[^\s\"':]++:[^\s\"']++|"
    r"(?<= )(--(?:password|passwd|secret) {1,4}[\"']?)(?!(?:via|is|or|and|with|on|to|instead|flag|option)\b)[^\s\"'-][^\s\"']*+|"
    r"(\blogin [^\n|]{0,200}?(?<= )-p[ ]?[\"']?)(?=\S)(?!assword)[^\s\"']++",
    re.IGNORECASE,
)
# A string with none of these is kept without a further look.
_SUSPICIOUS = re.compile(r"[=@]|//| -(?:[uap]|-\w)|eyJ|bearer|basic|[\"']\s{0,4}:|:[ \t]", re.IGNORECASE)

# JSON: keys whose value goes, compared without case, `_` and `-`; and whatever ends like the last ones.
_KEYS = """
accesstoken account apikey assertion auth authorization clientassertion cookie credential credentials hmac idtoken
identitytoken jwt otp passphrase passwd password pat privatekey pwd refreshtoken registrytoken secret session sessionid
setcookie sig signature sshkey token username
"""
_SECRET_KEYS = frozenset(_KEYS.split())
_SECRET_ENDINGS = (
    "token",
    "password",
    "secret",
    "apikey",
    "privatekey",
    "accesskey",
    "accesskeyid",
    "accountkey",
)

# A document without any of these matches no rule of this file. Most manifests have none.
_LOUD = "= @ \\ // ; eyj bearer basic token pass secret key account assertion auth cookie credential hmac jwt session"
_LOUD_WORDS = (*_LOUD.split(), " -u", " -a", " -p", "creds", "user", "sig", "verify", "state", 'pat"', "pwd", "otp")

MAX_DOCUMENT = 4 * 1024 * 1024
# Characters that are searched for secrets word by word, which takes a microsecond each; this runs in the proxy's event
# loop. An error that is not JSON says enough with that many; what is suspicious in a larger document goes unread.
MAX_TEXT = 64 * 1024
_MAX_PASSES = 8


def redact_url(url: str) -> str:
    """`url`, absolute or relative, without user info, fragment, signatures and whatever is not on the keep-list."""
    if _HARMLESS_URL.fullmatch(url) and not has_known_form(url):
        return url
    rest, asked, query = url.partition("#")[0].partition("?")
    head = _AUTHORITY.match(rest)
    origin, path = "", rest
    if head is not None:
        origin, path = head[1] + head[2].rpartition("@")[2], rest[head.end() :]
    if not _HARMLESS_PATH.fullmatch(path) or has_known_form(path):
        path = _redact_path(path)
        if head is None and _AUTHORITY.match(path):
            path = redact_url(path)  # a host came into view
    return f"{origin}{path}?{redact_query(query, PARAMETERS)}" if asked else f"{origin}{path}"


def redact_query(query: str, kept: Mapping[str, Kept]) -> str:
    """A query or a form with the names that are plain, and the values that are kept."""
    parts = _SEPARATORS.split(query)
    # Every second part is a separator, kept as it is.
    parts[::2] = [_redact_parameter(part, kept) for part in parts[::2]]
    return "".join(parts)


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


def _is_quiet(text: str) -> bool:
    # Keys are compared without these two.
    plain = text.lower().replace("_", "").replace("-", "")
    return not any(word in plain for word in _LOUD_WORDS) and not has_known_form(text)


def _redact_once(text: str) -> str:
    if not _SUSPICIOUS.search(text):
        return without_known_forms(text, GONE)
    text = _HEADER_LINE.sub(rf"\1{GONE}", text)
    text = _OPTION.sub(lambda found: f"{found[1] or found[2] or found[3]}{GONE}", text)
    text = _URL_IN_TEXT.sub(lambda found: redact_url(found[0]), text)
    text = _USER_IN_TEXT.sub(r"\1", text)
    text = _QUERY_IN_TEXT.sub(_redact_asked, text)
    if "eyJ" in text:
        text = _JWT.sub(GONE, text)
    text = _CREDENTIAL.sub(_redact_credential, text)
    text = without_known_forms(text, GONE)
    return _ASSIGNED.sub(_redact_assigned, text)


def _redact_path(path: str) -> str:
    signed = _SIGNED_PATH.match(path)
    if signed is not None:
        path = signed[1] + GONE + path[signed.end() :]
    return "/".join(map(_redact_segment, path.split("/")))


def _redact_segment(segment: str) -> str:
    if len(segment) > _MAX_SEGMENT or _SIGNED_SEGMENT.search(segment) or _JWT.search(segment):
        return GONE
    segment = without_known_forms(segment, GONE)
    assigned = _ASSIGNED_SEGMENT.match(segment)
    if assigned is not None:
        return f"{assigned[1]}{GONE}"
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


def _redact_parameter(part: str, kept: Mapping[str, Kept]) -> str:
    if not part:
        return part
    name, equals, value = part.partition("=")
    if not equals:
        # A bare word may be a value as well as a name.
        return name if name in kept else GONE
    known = kept.get(name)
    if known is not None:
        plain = unquoted(value) if len(value) <= LONGEST_VALUE else GONE
        if not value or (known.looks_like.fullmatch(plain) and not _is_secret_word(plain)):
            return part
    elif not _PLAIN_NAME.fullmatch(name) or _is_secret_word(name):
        return f"{GONE}={GONE}"
    return f"{name}={GONE}" if value else part


def _is_secret_word(text: str) -> bool:
    return ("eyJ" in text and _JWT.search(text) is not None) or without_known_forms(text, GONE) != text


def _redact_asked(found: re.Match[str]) -> str:
    separator, name, value = found.groups()
    return separator + _redact_parameter(f"{name}={value}", PARAMETERS)


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
    bracket = ")" if found[0].endswith(")") and "(" not in found[0] else ""  # it was opened before
    return f"{found[1]}{found[2] or found[3] or found[4] or ''}{GONE}{bracket}"


def _is_secret(key: str) -> bool:
    plain = key.lower().replace("_", "").replace("-", "")
    return plain in _SECRET_KEYS or plain.endswith(_SECRET_ENDINGS)
