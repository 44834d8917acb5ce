"""Times that answers and addresses name: Date headers, and when a signed address ends. What cannot be read is None."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pullscope.oci.urls import parameters, query
from pullscope.trace.findings.case import header
from pullscope.trace.model import Hop

_SIGNED = (("X-Amz-Date", "X-Amz-Expires"), ("X-Goog-Date", "X-Goog-Expires"))
"""AWS Signature Version 4 and Google's V4 signing: when an address was made, and for how many seconds."""


def date_of(hop: Hop) -> float | None:
    """The Date of an answer (RFC 9110, 6.6.1), in seconds since the epoch."""
    text = header(hop, "date")
    if text is None or len(text) > 40:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None


def expiry_of(url: str) -> float | None:
    """When a signed address ends by its own parameters, in seconds since the epoch."""
    text = query(url)
    if "xpires" not in text and "se=" not in text:
        return None
    asked = {name: values[0] for name, values in parameters(text).items()}
    for made, lives in _SIGNED:
        start, life = _instant(asked.get(made), "%Y%m%dT%H%M%SZ"), asked.get(lives, "")
        if start is not None and life.isdecimal() and len(life) < 9:
            return start + int(life)
    expires = asked.get("Expires", "")  # CloudFront, Google's V2 signing, S3's Signature Version 2
    if expires.isdecimal() and len(expires) < 12:
        return float(expires)
    return _instant(asked.get("se"), "%Y-%m-%dT%H:%M:%SZ")  # Azure's shared access signatures


def _instant(text: str | None, form: str) -> float | None:
    try:
        return datetime.strptime(text or "", form).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None
