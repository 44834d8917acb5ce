"""What is kept of a body, by what it is: a token request, a token answer, a manifest, another document, an error.

Of what is sent, and of what a token server gives, only listed fields are kept; of a manifest, a list or an error everything
but secrets, for there the words explain. No JSON is made that was not read: what has no secret stays as it is spelled.
"""

from __future__ import annotations

import json
import re
from html import unescape

from pullscope.oci.bounds import read_first, read_json, writable
from pullscope.oci.documents import MAX_DOCUMENT, read_manifest
from pullscope.oci.keep import ANSWER, FIELDS, MANIFEST
from pullscope.oci.routes import Endpoint
from pullscope.oci.scrub import GONE, redact_document, redact_query, redact_text

ERROR_TEXT = 2_000
"""Characters kept of an error body that is not JSON: a web page says enough with its title."""

MOST_FIELDS = 32
_NAME = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}")
# Python's spelling of bytes, as mitmproxy quotes a line that it cannot read: `Bad HTTP request line: b'...'`.
_BYTES = re.compile(r"""\b(b|bytearray\(b)(?:'(?:[^'\\]|\\.)*+(?:'|$)|"(?:[^"\\]|\\.)*+(?:"|$))""", re.DOTALL)
_FURTHER = ("Details", "AuthenticationErrorDetail")
"""Google's and Azure's reason, beside a message that many have
(cloud.google.com/storage/docs/xml-api/reference-status; learn.microsoft.com, Azure Storage, "Status and error codes")."""
_TAGS = re.compile(r"<[^<>]{0,1000}>")


def sent_of(content: bytes, *, form: bool) -> str:
    """A body that was sent: of a form the fields of a token request, of a manifest what a manifest has, of others nothing."""
    text = content.decode("utf-8", "replace")
    if form:
        return redact_query(text, FIELDS)
    read = read_json(text) if len(content) <= MAX_DOCUMENT else None
    if not isinstance(read, dict):
        return GONE
    if read and read_manifest(text) is None:
        return GONE
    if read.keys() <= MANIFEST:
        return redact_document(text)
    kept = {key: value for key, value in read.items() if key in MANIFEST}
    return redact_document(writable(json.dumps(kept, ensure_ascii=False)))


def token_answer_of(content: bytes) -> str:
    """What a token server answered: of JSON the names of its fields, and the values of those that are not secret."""
    if content[:64].lstrip()[:1] == b"<":
        return text_of(content, 200)  # a page, where a token should be
    read = read_first(content)
    if not isinstance(read, dict):
        return GONE
    kept: dict[str, object] = {}
    for name, value in [*read.items()][:MOST_FIELDS]:
        known = ANSWER.get(name)
        said = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
        if known is not None and (value == "" or (said is not None and known.looks_like.fullmatch(said))):
            kept[name] = value
        elif _NAME.fullmatch(name):
            kept[name] = value if value is None or value is True or value is False or value == "" else GONE
    return json.dumps(kept)


def is_token_answer(content: bytes, endpoint: Endpoint, *, issues: bool) -> bool:
    """Whether a good answer is read as a token server's: it issues a token, or is not a registry's document.

    A storage may give a manifest to which a registry has redirected.
    """
    return issues or (endpoint is Endpoint.NONE and read_manifest(content) is None and not _is_list(content))


def _is_list(content: bytes) -> bool:
    """Whether this is a list of tags or repositories (distribution-spec, "Listing Tags"; Google adds two keys)."""
    if b'"tags"' not in content and b'"repositories"' not in content:
        return False
    read = read_json(content)
    return isinstance(read, dict) and read.keys() <= {"name", "tags", "repositories", "child", "manifest"}


def reason_of(reason: str) -> str:
    """Why an exchange ended, as mitmproxy or a log worded it; bytes that it quotes from the wire are not kept."""
    return redact_text(_BYTES.sub(rf"\1'{GONE}'", writable(reason[:ERROR_TEXT])))


def text_of(content: bytes, status: int) -> str:
    """A document as text, without secrets; of an error that is not JSON only what names it."""
    first = content[:64].lstrip()[:1]
    if first in (b"{", b"[") or (status < 400 and first != b"<"):
        return redact_document(content.decode("utf-8", "replace"))
    text = content[: ERROR_TEXT * 4].decode("utf-8", "replace")
    if text.lstrip().startswith("<") and not text.startswith(("<HTML> ", "<XML> ")):
        # A page, or a storage error whose XML echoes the signature it refused: keep the names only.
        names = ("title", "Code", "Message", *_FURTHER)
        title, code, message, *further = (_between(text, f"<{tag}>", f"</{tag}>") for tag in names)
        # Azure's own go on with ids below, and with what was signed.
        reason = next(filter(None, further), message).partition("\n")[0].partition(" String to sign")[0]
        said = [title, code, reason]
        kind = "HTML" if "<html" in text.lower() or "<!doctype html" in text.lower() else "XML"
        if kind == "HTML" and not any(said):
            said = [_visible(text)]
        return redact_text(f"<{kind}> " + " ".join(part for part in said if part))[:ERROR_TEXT]
    return redact_document(text)[:ERROR_TEXT]


def _between(text: str, start: str, end: str) -> str:
    found = text.partition(start)[2].partition(end)
    return unescape(found[0].strip()[:300]) if found[1] else ""


def _visible(page: str) -> str:
    """What a page without a title says, as a reader would see it: the reason often stands below a heading."""
    body = page.lower().find("<body")
    lines = (line.strip() for line in _TAGS.sub("\n", page[max(body, 0) :]).splitlines())
    return " ".join(line for line in lines if line)[:300]
