"""A recording: one JSON object a line, the first naming the schema, each later one an event as it was seen.

Reads leniently where a recording was cut off in the middle of a line, and refuses in one sentence what it cannot know: a
newer schema, or something that is not a recording. Unknown keys of a known schema are ignored, so that it may grow.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields
from functools import lru_cache
from typing import Any

from pullscope.oci.bounds import LATEST, MOST, counted, moment, sha256_hex, writable
from pullscope.oci.messages import Headers
from pullscope.trace.events import Event, Failed, Finished, Relayed, Requested, Responded, TlsRefused, Uploaded

SCHEMA_VERSION = 1
NAMES: dict[str, type[Event]] = {
    "requested": Requested,
    "uploaded": Uploaded,
    "responded": Responded,
    "finished": Finished,
    "failed": Failed,
    "tls-refused": TlsRefused,
    "relayed": Relayed,
}
_Readers = dict[str, Callable[[object], object]]
_NAME_OF = {kind: name for name, kind in NAMES.items()}
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in NAMES.values()}


def _written(value: object) -> str | None:
    return writable(value) if isinstance(value, str) else None


def _field(name: object, text: object) -> tuple[str, str]:
    return writable(str(name)), writable(str(text))


# What is the same in event after event is kept once: with it goes a quarter of what a recording takes in memory.
_word = lru_cache(maxsize=1024)(_written)
_known_field = lru_cache(maxsize=4096)(_field)
_same_headers = lru_cache(maxsize=1024)(Headers)


def _headers(value: object) -> Headers:
    fields: Any = value
    return Headers([_known_field(name, text) for name, text in fields])


def _request_headers(value: object) -> Headers:
    fields: Any = value
    return _same_headers(tuple([_known_field(name, text) for name, text in fields]))


class NotARecordingError(ValueError):
    """The input is not a recording that can be read here; the message says why and what to do."""


def first_line(**about: str | bool) -> str:
    """The line that a recording begins with; `about` names what wrote it."""
    return json.dumps({"event": "recording", "schema_version": SCHEMA_VERSION, **about})


def last_line(at: float | None = None) -> str:
    """The line that a recording ends with whose first line promises one (`ends`); without it, its writer was killed or goes on.

    `at`: when that was, where a client was connected then.
    """
    return json.dumps({"event": "end"} if at is None else {"event": "end", "time": at})


def missing_line(what: str) -> str:
    """A line that says why events are missing from here on, in a sentence; readers say it."""
    return json.dumps({"event": "missing", "what": what})


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
    """The event of a line; None for the first line and for unknown events. Raises ValueError."""
    record = _object(line)
    shape = _SHAPES.get(str(record.get("event")))
    if shape is None:
        return None
    kind, readers, may_be_none, left_out = shape
    values = dict(left_out)
    try:
        for name, value in record.items():
            read = readers.get(name)
            of = type(value)  # most are plainly what they should be, and a call costs twice as much
            if (
                (of is int and read is counted and 0 <= value <= MOST)
                or (of is str and read is _written and value.isascii())
                or (of is float and read is moment and 0.0 <= value <= LATEST)
            ):
                values[name] = value
            elif read is not None:
                values[name] = found = read(value)
                if found is None and (name not in may_be_none if value is None else read is not sha256_hex):
                    raise ValueError(f"{name} is not what it should be")
        return kind(**values)
    except TypeError as error:
        raise ValueError("a field is missing, or is not what it should be") from error


def _object(line: str | bytes) -> dict[str, Any]:
    """What `json.loads` makes of a line, at half the cost for one that begins with its object."""
    text = line if isinstance(line, str) else line.decode("utf-8", "surrogatepass")
    try:
        record, end = _scan(text, 0) if text[:1] == "{" else (json.loads(text), len(text))
    except StopIteration as error:
        raise ValueError("not JSON") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if text[end:].strip():
        raise ValueError("more than one object")
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - callers expect one kind of error
    return record


_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # typeshed lacks it


_BY_TYPE: dict[str, Callable[[object], object]] = {
    "int": counted,
    "float": moment,
    "str": _written,
    "Headers": _headers,
    "bool": lambda value: value is True,
}


def _shape(kind: type[Event]) -> tuple[type[Event], _Readers, frozenset[str], dict[str, Any]]:
    """An event's type, what reads each of its fields, which may be None, and what those are that a line may leave out."""
    types = {field.name: str(field.type) for field in fields(kind)}
    readers = {
        name: sha256_hex if name == "sha256" else _BY_TYPE[of.removesuffix(" | None")] for name, of in types.items()
    }
    if kind is Requested:  # of which a client makes many alike
        readers |= dict.fromkeys(("client", "method", "http_version", "authorization"), _word)
        readers["headers"] = _request_headers
    may_be_none = frozenset(name for name, of in types.items() if of.endswith(" | None"))
    unsaid = {field.name: None for field in fields(kind) if field.name in may_be_none and field.default is MISSING}
    return kind, readers, may_be_none, unsaid | ({"headers": Headers()} if "headers" in types else {})


_SHAPES = {event: _shape(kind) for event, kind in NAMES.items()}


class Reader:
    """Turns lines into events; `problem` says afterwards in one sentence what could not be read, or is None.

    `cut_off` says whether that was the last line, or a last line is missing that was promised: what came after is missing too.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.problem: str | None = None
        self.connected_at: float | None = None
        """When it ended, where a client was connected then."""
        self._unread_last = False
        self._ends: bool | None = None
        self._seen_first = False
        self._line = 0
        self._first_unread = 0
        self._unread = 0

    @property
    def cut_off(self) -> bool:
        return self._unread_last or self._ends is False

    def read(self, lines: Iterable[str | bytes]) -> Iterator[Event]:
        """The events of the lines. Raises NotARecordingError if the first line says that this cannot be one."""
        return filter(None, map(self.line, lines))

    def line(self, line: str | bytes) -> Event | None:
        """The event of the next line, or None if it holds none."""
        self._line += 1
        if not line or line.isspace():
            return None
        self._unread_last = False
        if not self._seen_first:
            self._first(line)
            return None
        try:
            event = from_line(line)
        except ValueError as error:
            self._first_unread = self._first_unread or self._line
            self._unread += 1
            which = f"line {self._first_unread}" + (f" and {self._unread - 1} more" if self._unread > 1 else "")
            self.problem = f"{self.name}: {which} could not be read ({_short(error)})."
            self._unread_last = True
            return None
        if event is None:
            self._note(line)
        elif self._ends:
            self._ends = False  # another run added to it
        return event

    def _note(self, line: str | bytes) -> None:
        record = json.loads(line)
        if record.get("event") == "end" and self._ends is not None:
            self._ends = True
            self.connected_at = moment(record.get("time"))
        if record.get("event") == "missing":
            what = str(record.get("what"))[:300]
            self.problem = f"{self.name} is not whole, pullscope says in line {self._line}: {what}"

    def _first(self, line: str | bytes) -> None:
        self._seen_first = True
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        version = record.get("schema_version") if isinstance(record, dict) else None
        if not isinstance(version, int) or not isinstance(record, dict) or record.get("event") != "recording":
            kinds = "a pullscope recording (.jsonl) nor a mitmproxy flow file (.mitm)"
            raise NotARecordingError(f"{self.name} is neither {kinds}.")
        self._ends = False if record.get("ends") is True else None
        if version > SCHEMA_VERSION:
            raise NotARecordingError(
                f"{self.name} was written by a newer pullscope (schema {version}; this one reads up to {SCHEMA_VERSION}). "
                "Upgrade pullscope to read it."
            )


def _short(error: Exception) -> str:
    return str(error).partition(":")[0][:80]
