"""HTTP messages as text, as Go's httputil dumps them: a first line, header fields, an empty line, a body."""

from __future__ import annotations

import re

REQUEST = re.compile(r"([A-Z]{3,8}) (/\S*|https?://\S+) HTTP/[0-9.]+$")
STATUS = re.compile(r"HTTP/[0-9.]+ (\d{3})(?: .*)?$")
LONGEST_BODY = 4 * 1024 * 1024


def fields_and_body(lines: list[str]) -> tuple[list[tuple[str, str]], str | None]:
    """The header fields of the lines after the first, and the text after the empty line; None where there is no such line."""
    fields: list[tuple[str, str]] = []
    for place, line in enumerate(lines):
        if not line.strip():
            return fields, "".join(f"{each}\n" for each in lines[place + 1 :])
        name, colon, value = line.partition(":")
        if not colon or " " in name:
            return fields, None
        fields.append((name, value.strip()))
    return fields, None


def whole_body(text: str | None, length: str | None) -> bytes | None:
    """The body of the text where it is all there: as long as Content-Length says."""
    if text is None or length is None or not length.isdecimal() or len(length) > 9:
        return None
    raw = text.encode("utf-8", "surrogateescape")
    wanted = int(length)
    if wanted > LONGEST_BODY or len(raw) < wanted or (wanted == 0):
        return None
    return raw[:wanted]
