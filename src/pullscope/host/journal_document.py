"""The journal's JSON: a record as a document and back, every value checked before any of it is believed.

A document is read whole or refused whole, with the place of what is wrong (`entries[2].mode`): an undo that stops in its
middle for a value of the wrong type is worse than none.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pullscope.host.tree import ABSENT, Snapshot

SCHEMA = 1
NAMES = "names"
"""The key in `options` for the names that `pullscope vanity hosts` added: name to address."""
KINDS = frozenset({"directory", "own", "lines", "certificate", "daemon-json", "docker-mirrors", "pieces", "hosts"})
"""The kinds of an entry; change.py knows how each is taken back."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_TIME = 2**63 - 1
_NUMBERS = {
    "mode": (0, 0o7777),
    "uid": (0, 2**32 - 2),
    "gid": (0, 2**32 - 2),
    "mtime_ns": (-_MOST_TIME, _MOST_TIME),
}
"""Between which these are: chmod(2), chown(2) (-1 is "leave it"), utimensat(2)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One path that is ours to undo. `ours`: the SHA-256 of every content that we give it; `kind`: how edits merge."""

    path: str
    kind: str
    before: Snapshot = ABSENT
    ours: tuple[str, ...] = ()
    mode: int = 0o644
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """All of one `on`: what was asked for, and every path in the order in which it is changed."""

    options: dict[str, Any]
    entries: tuple[Entry, ...]
    version: str = ""
    made: tuple[str, ...] = field(default=())
    """Directories that were made for the journal itself."""


def written(record: Record) -> bytes:
    """The record as the bytes of a file."""
    document = {
        "schema": SCHEMA,
        "version": record.version,
        "options": record.options,
        "made": list(record.made),
        "entries": [_document(entry) for entry in record.entries],
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def read(content: bytes) -> Record:
    """The record in a file; ValueError, as the end of a sentence that begins with its path, for any other file."""
    try:
        document = json.loads(content)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError:
        raise ValueError("is not JSON") from None
    top = _Value(document, "").mapping()
    schema = top.member("schema").number(0, _MOST_TIME)
    if schema != SCHEMA:
        raise ValueError(f"has schema {schema}, this version knows {SCHEMA}: use the version that wrote it")
    options = top.member("options").mapping()
    for key, check in _OPTIONS.items():
        if key in options.value:
            check(options.member(key))
    return Record(
        options=options.value,
        version=top.member("version").text(),
        made=tuple(item.path() for item in top.member("made").items()),
        entries=tuple(_entry(item.mapping()) for item in top.member("entries").items()),
    )


@dataclass(frozen=True, kw_only=False, slots=True)
class _Value:
    """A value of the document and its place in it; every method returns it as what it must be, or raises ValueError."""

    value: Any
    place: str

    def wrong(self, wanted: str) -> ValueError:
        return ValueError(f"has {self.place or 'a document'} that is not {wanted}")

    def mapping(self) -> _Value:
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self

    def member(self, key: str) -> _Value:
        place = f"{self.place}.{key}" if self.place else key
        if key not in self.value:
            raise ValueError(f"has no {place}")
        return _Value(self.value[key], place)

    def items(self) -> list[_Value]:
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return [_Value(item, f"{self.place}[{number}]") for number, item in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str) or not _encodes(self.value):
            raise self.wrong("a text")
        return self.value

    def texts(self) -> tuple[str, ...]:
        return tuple(item.text() for item in self.items())

    def text_or_null(self) -> str | None:
        return None if self.value is None else self.text()

    def boolean(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def number(self, least: int, most: int) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not least <= self.value <= most:
            raise self.wrong(f"a number between {least} and {most}")
        return self.value

    def path(self) -> str:
        text = self.text()
        if not text.startswith("/") or "\0" in text or ".." in text.split("/") or os.path.normpath(text) != text:
            raise self.wrong("an absolute path")
        return text

    def content(self) -> bytes:
        try:
            return base64.b64decode(self.text(), validate=True)
        except (binascii.Error, ValueError):
            raise self.wrong("base64") from None

    def one_of(self, *known: str) -> str:
        if self.text() not in known:
            raise self.wrong(f"one of {', '.join(known)}")
        return self.text()

    def names(self) -> dict[str, str]:
        return {name: self.member(name).text() for name in self.mapping().value}


_OPTIONS: dict[str, Callable[[_Value], object]] = {
    "mode": lambda value: value.one_of("proxy", "hosts"),
    "trust": lambda value: value.one_of("env", "certs.d"),
    "proxy_host": _Value.text,
    "proxy_port": lambda value: value.number(1, 65535),
    "hosts": _Value.texts,
    "insecure": _Value.texts,
    "no_proxy": _Value.text_or_null,
    "proxy_storage": _Value.boolean,
    "until": _Value.text_or_null,
    "confdir": _Value.text_or_null,
    "off_command": _Value.texts,
    NAMES: _Value.names,
    "port": lambda value: value.number(1, 65535),
    "mirror": _Value.texts,
    "otlp": _Value.text_or_null,
    "out": _Value.text_or_null,
}
"""What the options that this version knows must be; those of another version are kept as they are."""


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


def _entry(item: _Value) -> Entry:
    before = item.member("before")
    ours = item.member("ours")
    for digest in ours.items():
        if not _SHA256.fullmatch(digest.text()):
            raise digest.wrong("a SHA-256")
    kind = item.member("kind").one_of(*sorted(KINDS))
    return Entry(
        path=item.member("path").path(),
        kind=kind,
        before=ABSENT if before.value is None else _snapshot(before.mapping()),
        ours=ours.texts(),
        mode=item.member("mode").number(*_NUMBERS["mode"]),
        claims=item.member("claims").texts(),
    )


def _snapshot(item: _Value) -> Snapshot:
    numbers = {key: item.member(key).number(*between) for key, between in _NUMBERS.items()}
    return Snapshot(kind="file", content=item.member("content").content(), **numbers)


def _document(entry: Entry) -> dict[str, Any]:
    before = entry.before
    content = {"content": base64.b64encode(before.content).decode()}
    return {
        "path": entry.path,
        "kind": entry.kind,
        "mode": entry.mode,
        "ours": list(entry.ours),
        "claims": list(entry.claims),
        "before": None if before.absent else content | {key: getattr(before, key) for key in _NUMBERS},
    }
