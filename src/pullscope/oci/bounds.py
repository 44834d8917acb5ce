"""JSON, numbers, times and text from outside, within bounds that all later code can hold: 400 digits are not a length.

What is not JSON or nested too deep, and what is out of bounds is not known (None), rather than something near it.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any


def read_json(text: bytes | str) -> Any:
    """The value that it spells; None where it spells none, or null."""
    try:
        return json.loads(text if isinstance(text, str) else text.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


def read_first(text: bytes | str) -> Any:
    """The first value that it spells, whatever stands behind it, as docker and containerd read an answer (Go, json.Decoder)."""
    try:
        said = text if isinstance(text, str) else text.decode("utf-8-sig", "replace")
        return json.JSONDecoder().raw_decode(said.lstrip())[0]
    except (ValueError, RecursionError):
        return None


def read_object(text: bytes | str) -> dict[str, Any]:
    """The members of an object; none of anything else."""
    read = read_json(text)
    return read if isinstance(read, dict) else {}


MOST = 2**63 - 1
"""Of anything that is counted: image-spec's sizes are int64 (descriptor.md)."""

LATEST = 253_402_300_799.0
"""The last second of the year 9999, which is the last that RFC 3339 and `datetime` can write."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def count(text: str | None) -> int | None:
    """A number of bytes, seconds or requests as a header spells it (RFC 9110, 8.6: digits only)."""
    text = (text or "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        return None
    return counted(int(text))


def counted(value: object) -> int | None:
    """A number that was counted elsewhere: an integer, not negative, of 63 bits."""
    return value if type(value) is int and 0 <= value <= MOST else None  # True is none


def moment(value: object) -> float | None:
    """A time in seconds since the epoch, from 1970 to the end of the year 9999."""
    if type(value) is float and 0.0 <= value <= LATEST:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LATEST:
        return None  # NaN is neither more nor less than anything
    return float(value) if math.isfinite(value) else None


def writable(text: str) -> str:
    """The text, with a mark in the place of half a surrogate pair: JSON may spell one, UTF-8 may not."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def sha256_hex(value: object) -> str | None:
    """A hash as 64 hex digits; a file may say anything there."""
    return value if isinstance(value, str) and _SHA256.fullmatch(value) else None
