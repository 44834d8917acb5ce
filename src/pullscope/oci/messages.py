"""The two values that both roads speak: `Request` and `Response`, and a `World` that answers.

Nothing here does I/O or knows a protocol beyond HTTP's shape: a method, an absolute URL, a status, header fields
that may repeat and whose names are compared without regard to case (RFC 9110, 5.1), and a body of bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pullscope.oci.urls import split

_lower = lru_cache(maxsize=256)(str.lower)
"""Header names are few, and kept for each message."""


class Headers:
    """An immutable list of header fields, in the order and spelling in which they were given."""

    __slots__ = ("_fields", "_values")

    def __init__(self, fields: Iterable[tuple[str, str]] | Mapping[str, str] = ()) -> None:
        # A list is the common case, and what is asked of it first costs less.
        pairs = fields if isinstance(fields, list) or not isinstance(fields, Mapping) else fields.items()
        self._fields: tuple[tuple[str, str], ...] = tuple(pairs)
        self._values: dict[str, str] | None = None  # the first by its lower-case name, made at first use

    def get(self, name: str) -> str | None:
        """The first value of `name`, or None."""
        values = self._values if self._values is not None else self._by_name()
        found = values.get(name)
        if found is None and not name.islower():
            found = values.get(name.lower())
        return found

    def get_all(self, name: str) -> tuple[str, ...]:
        """Every value of `name`, one for each field line."""
        name = name.lower()
        return tuple([value for key, value in self._fields if key.lower() == name]) if name in self._by_name() else ()

    def _by_name(self) -> dict[str, str]:
        if self._values is None:
            self._values = {_lower(key): value for key, value in reversed(self._fields)}
        return self._values

    def replacing(self, name: str, value: str | None) -> Headers:
        """These fields without `name`, and with `value` for it at the end unless that is None."""
        kept = [(key, old) for key, old in self._fields if key.lower() != name.lower()]
        if value is not None:
            kept.append((name, value))
        return Headers(kept)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._fields == other._fields

    def __hash__(self) -> int:
        return hash(self._fields)

    def __repr__(self) -> str:
        # Values may be secrets; a repr ends up in logs and tracebacks.
        return f"Headers({', '.join(name for name, _ in self._fields)})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a client asks: `url` is absolute, `https://host[:port]/path?query`."""

    method: str
    url: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = field(default=b"", repr=False)

    @property
    def host(self) -> str:
        """The authority of the URL in lower case, with the port only where the URL spells one; no user info."""
        return split(self.url).netloc

    def with_header(self, name: str, value: str | None) -> Request:
        """The same request with this value for a header, or without that header."""
        return replace(self, headers=self.headers.replacing(name, value))


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What a server answers. A redirect is an answer like any other: nothing here follows it."""

    status: int
    headers: Headers = field(default_factory=Headers)
    body: bytes = field(default=b"", repr=False)


Answerer = Callable[[Request], Response]
World = Mapping[str, Answerer]
"""Who answers for which host: the authority as `Request.host` spells it, to the function that answers for it."""
