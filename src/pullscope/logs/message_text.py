"""HTTP messages as text, as Go's httputil dumps them: a first line, header fields, an empty line, a body."""

from __future__ import annotations

import re

from pullscope.oci.json_text import read_object

REQUEST = re.compile(r"([A-Z]{3,8}) (/\S*|https?://\S+) HTTP/[0-9.]+$")
STATUS = re.compile(r"HTTP/[0-9.]+ (\d{3})(?: .*)?$")
_KEY = re.compile(r"(?:^|(?<=\] ))([A-Za-z0-9-]+):\[")
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


def body_of(text: str | None, length: str | None, status: int) -> bytes | None:
    """The body of the text where it is all there: as long as Content-Length says. Of an error, what there is of it."""
    raw = (text or "").encode("utf-8", "surrogateescape")[:LONGEST_BODY]
    wanted = int(length) if length is not None and length.isdecimal() and len(length) < 9 else None
    if wanted is not None and len(raw) >= wanted:
        return raw[:wanted] or None
    return raw.strip() or None if status >= 400 else None


def fields_of_map(text: str) -> list[tuple[str, str]]:
    """Header fields of Go's `map[Name:[value value]]`, where several values of a name are one, or of JSON."""
    if text.startswith("{"):
        return [
            (name, str(value))
            for name, values in read_object(text).items()
            for value in (values if isinstance(values, list) else [values])
        ]
    inner = text.removeprefix("map[").removesuffix("]")
    marks = list(_KEY.finditer(inner))
    ends = [*(mark.start() for mark in marks[1:]), len(inner)][: len(marks)]
    return [
        (mark[1], inner[mark.end() : end].rstrip().removesuffix("]")) for mark, end in zip(marks, ends, strict=True)
    ]
