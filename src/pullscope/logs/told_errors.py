"""What a client's own sentence says of the answer behind it: its status and the registry's words, or why there was none."""

from __future__ import annotations

import json
import re

# The words of docker/distribution's errcode as it prints them (`unauthorized: authentication required`) and the statuses it
# gives them (registry/api/errcode/register.go, api/v2/errors.go). The first that is found wins: `denied` stands beside
# `unauthorized` where a 401 says insufficient_scope (registry/client/errors.go), seen with skopeo and dockerd.
_CODES = (
    ("unauthorized", "UNAUTHORIZED", 401),
    ("toomanyrequests", "TOOMANYREQUESTS", 429),
    ("manifest unknown", "MANIFEST_UNKNOWN", 404),
    ("name unknown", "NAME_UNKNOWN", 404),
    ("blob unknown", "BLOB_UNKNOWN", 404),
    ("unsupported", "UNSUPPORTED", 405),
    ("denied", "DENIED", 403),
)
_STATUS = re.compile(
    r"(?:HTTP status:?|StatusCode:|[Ss]tatus code(?: from registry)?:?|[Uu]nexpected status(?: code)?(?: \S+)??:?) (\d{3})\b"
)
_NAMED = re.compile(r"\b(401|403) (?:[Uu]nauthorized|[Ff]orbidden)")
_NO_ANSWER = re.compile(
    r"dial tcp|no such host|connection refused|connection reset|i/o timeout|deadline exceeded|Client\.Timeout|x509:|tls:|EOF|"
    r"network is unreachable|no route to host|server gave HTTP response to HTTPS client"
)
LONGEST_SENTENCE = 4_000
"""Characters of a message that are looked at."""
URL_ERROR = re.compile(r'\b(Get|Head|Post|Put|Patch|Delete) \\?"?(https?://[^\s"\\]+?)\\?"?: (.+)', re.DOTALL)
"""How Go's net/url prints what became of a request (url.Error); without quotes before Go 1.14."""


def status_of(text: str) -> tuple[int, bytes | None] | None:
    """The status that the words name or stand for, and the registry's own error as a document; None where they do neither."""
    found = _STATUS.search(text) or _NAMED.search(text)
    if found:
        return int(found[1]), None
    for words, code, status in _CODES:
        told = re.search(rf"\b{words}: ([^\n]+)", text)
        if told:
            return status, json.dumps({"errors": [{"code": code, "message": told[1].strip()}]}).encode()
    if "requested access to the resource is denied" in text:
        return 401, None
    return None


def failure_of(text: str) -> str | None:
    """Why there was no answer, if that is what the words say."""
    told = URL_ERROR.search(text)
    if told:
        return told[3].strip()
    return text if _NO_ANSWER.search(text) else None
