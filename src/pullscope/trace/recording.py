"""A recording: one JSON object a line, the first naming the schema, each later one an event as it was seen.

Reads leniently where a recording was cut off in the middle of a line, and refuses in one sentence what it cannot know: a
newer schema, or something that is no recording. Unknown keys of a known schema are ignored, so that it may grow.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from pullscope.oci.messages import Headers
from pullscope.trace.events import Event, Failed, Finished, Requested, Responded, TlsRefused, Uploaded

SCHEMA_VERSION = 1
NAMES: dict[str, type[Event]] = {
    "requested": Requested,
    "uploaded": Uploaded,
    "responded": Responded,
    "finished": Finished,
    "failed": Failed,
    "tls-refused": TlsRefused,
}
_NAME_OF = {kind: name for name, kind in NAMES.items()}
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in NAMES.values()}
_NUMBER = (int, type(None))
_TEXT = (str, type(None))
_TYPES: dict[str, type | tuple[type, ...]] = {
    "time": (int, float),
    "exchange": int,
    "connection": _NUMBER,
    "connected": (int, float, type(None)),
    "url_id": int,
    "referer_id": _NUMBER,
    "location_id": _NUMBER,
    "credential": _NUMBER,
    "issued": _NUMBER,
    "bytes": _NUMBER,
    "status": int,
    "sha256": _TEXT,
    "document": _TEXT,
    "granted": _TEXT,
    "location": _TEXT,
    "answered_by": _TEXT,
    "url": str,
    "method": str,
    "client": str,
    "host": str,
    "reason": str,
    "http_version": str,
    "authorization": str,
}


class NotARecordingError(ValueError):
    """The input is no recording that can be read here; the message says why and what to do."""


def first_line(**about: str) -> str:
    """The line that a recording begins with; `about` names what wrote it."""
    return json.dumps({"event": "recording", "schema_version": SCHEMA_VERSION, **about})


def to_line(event: Event) -> str:
    """The event as a line of JSON, without the newline. Keys that are None are left out."""
    kind = type(event)
    record: dict[str, Any] = {"event": _NAME_OF[kind]}
    for name in _FIELDS[kind]:
        value = getattr(event, name)
        if value is not None:
            record[name] = list(value) if isinstance(value, Headers) else value
    return json.dumps(record, ensure_ascii=True, separators=(",", ":"))


def from_line(line: str | bytes) -> Event | None:
    """The event of a line; None for a line that is none (the first, or a kind that is not known here). Raises ValueError."""
    try:
        record = json.loads(line)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - whoever reads a recording expects one kind of error
    kind = NAMES.get(str(record.get("event")))
    if kind is None:
        return None
    values = {name: record[name] for name in _FIELDS[kind] if name in record}
    for name, value in values.items():
        wanted = _TYPES.get(name)
        if wanted is not None and (not isinstance(value, wanted) or isinstance(value, bool)):
            raise ValueError(f"{name} is not what it should be")
    if not math.isfinite(values.get("time", 0.0)) or not math.isfinite(values.get("connected") or 0.0):
        raise ValueError("time is not what it should be")
    if "headers" in _FIELDS[kind]:
        values["headers"] = Headers([(str(key), str(value)) for key, value in values.get("headers", ())])
    for name in _FIELDS[kind]:
        if name in _MAY_BE_NONE:
            values.setdefault(name, None)
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError("a field is missing") from error


_MAY_BE_NONE = frozenset({"connection", "referer_id", "credential", "location", "location_id", "bytes", "sha256"})


class Reader:
    """Turns lines into events; `problem` says afterwards in one sentence what could not be read, or is None.

    `cut_off` says whether that was the last line: what came after is missing too.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.problem: str | None = None
        self.cut_off = False
        self._seen_first = False
        self._line = 0

    def read(self, lines: Iterable[str | bytes]) -> Iterator[Event]:
        """The events of the lines. Raises NotARecordingError if the first line says that this cannot be one."""
        for line in lines:
            event = self.line(line)
            if event is not None:
                yield event

    def line(self, line: str | bytes) -> Event | None:
        """The event of the next line, or None if it holds none."""
        self._line += 1
        if not line.strip():
            return None
        self.cut_off = False
        if not self._seen_first:
            self._first(line)
            return None
        try:
            return from_line(line)
        except (ValueError, TypeError) as error:
            self.problem = f"{self.name}: line {self._line} could not be read ({_short(error)}); the rest was."
            self.cut_off = True
            return None

    def _first(self, line: str | bytes) -> None:
        self._seen_first = True
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        version = record.get("schema_version") if isinstance(record, dict) else None
        if not isinstance(version, int) or not isinstance(record, dict) or record.get("event") != "recording":
            raise NotARecordingError(
                f"{self.name} is neither a pullscope recording (.jsonl) nor a mitmproxy flow file (.mitm)."
            )
        if version > SCHEMA_VERSION:
            raise NotARecordingError(
                f"{self.name} was written by a newer pullscope (schema {version}; this one reads up to {SCHEMA_VERSION}). "
                "Upgrade pullscope to read it."
            )


def _short(error: Exception) -> str:
    return str(error).partition(":")[0][:80]
