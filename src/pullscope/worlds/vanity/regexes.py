"""Regular expressions of rule files, matched within a bound of time, whatever the pattern.

A pattern from a file is a stranger's text, and so is the path that it meets: Python's `re` can be made to take forever. The
library `regex` takes a time limit. Of its syntax only that is played which the servers' engines read alike; anything else (a
look-behind, a back-reference) is a `RegexError`, so that the rule is named as not played; `LACKS` has what single engines lack.
`bounded` limits the work of one decision.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex as library

SECONDS = 0.4
"""For all the matching of one decision; a registry path of 300 characters takes microseconds for each pattern."""
LONGEST = 4096
MOST_COUNTED = 4000
"""What counted repeats come to, one inside the other: the library writes each of them out."""
LARGEST = 40_000
"""Characters of a pattern once its groups are written out: compiling is under no time limit, and this takes 0.05 s."""

_left: ContextVar[list[float] | None] = ContextVar("seconds left", default=None)


class RegexError(ValueError):
    """The pattern is not one that is played here; the message says which part."""


class UndecidedError(ValueError):
    """Whether a pattern matches is not known: the decision has cost more time than it is given, or the library is missing."""


@contextmanager
def bounded(seconds: float = SECONDS) -> Iterator[None]:
    """All matching inside shares these seconds; then UndecidedError."""
    token = _left.set([seconds])
    try:
        yield
    finally:
        _left.reset(token)


@dataclass(frozen=True, slots=True)
class Found:
    """A match: where it is, and the text of its groups, by number and by name; "" for one that took no part."""

    start: int
    end: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Regex:
    """A pattern that was read; make one with `regex`."""

    compiled: library.Pattern[str] | None
    """None without the library."""
    names: frozenset[str]

    def search(self, text: str) -> Found | None:
        """The first match anywhere in `text`; UndecidedError where that is not known."""
        return next(self.every(text), None)

    def every(self, text: str) -> Iterator[Found]:
        """The matches from left to right."""
        if self.compiled is None:
            raise UndecidedError("its regular expressions are not played without the package regex: pip install regex")
        left = _left.get() or [SECONDS]
        if left[0] <= 0:
            raise UndecidedError("its regular expressions take too long")
        began = time.thread_time()
        try:
            for one in self.compiled.finditer(text, timeout=left[0]):
                groups = {"0": one[0], **{str(number): value for number, value in enumerate(one.groups(""), 1)}}
                yield Found(one.start(), one.end(), {**groups, **one.groupdict("")})
        except TimeoutError:
            left[0] = 0.0
            raise UndecidedError("its regular expressions take too long") from None
        finally:
            left[0] -= time.thread_time() - began


@lru_cache(maxsize=4096)
def regex(text: str, *, ignore_case: bool = False, dot_all: bool = False, engine: str = "") -> Regex:
    """The pattern `text`, as an `engine` of LACKS reads it; RegexError if it is not a pattern, or not one that is played."""
    if len(text) > LONGEST:
        raise RegexError("it is too long")
    spelt = _in_common(text, LACKS.get(engine, frozenset()), engine)
    names = frozenset(re.findall(r"\(\?P?<(\w+)>", spelt))
    try:
        # Here, since most commands read none and its import takes a while.
        import regex as library
    except ImportError:
        return Regex(None, names)

    flags = library.ASCII | (library.IGNORECASE if ignore_case else 0) | (library.DOTALL if dot_all else 0)
    try:
        return Regex(library.compile(spelt, flags), names)
    except (library.error, OverflowError) as error:
        raise RegexError(str(error)) from error
    except RecursionError:
        raise RegexError("it is nested too deeply") from None


LACKS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("Go", "RE2"), frozenset({"(?=", "(?!", "(?>", "+"})),
    "JavaScript": frozenset({"(?>", "+"}),
}
"""Groups that an engine refuses, and + for a possessive repeat: go.dev/s/re2syntax; ECMA-262, 22.2.1."""

_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_PART = re.compile(
    rf"(?P<set>\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\])|(?P<escape>{_ESCAPE.pattern})"
    r"|(?P<group>\(\*|\(\?(?:[:=!>]|P?<(?P<name>[^\W\d]\w*)>|[is]+:|(?P<flags>[is]+)\))?)"
    r"|(?P<count>\{(?P<low>\d+)(?:,(?P<high>\d*))?\}\+?)|(?P<stacked>[*+?]\+)|(?P<sign>[{$])",
    re.DOTALL,
)
_BEFORE_FLAGS = re.compile(r"(?:\^|\(\?:|\(\?[is]+\))*")


def _in_common(text: str, lacks: frozenset[str], engine: str) -> str:
    """`text` as the library spells it; RegexError for what the servers' engines do not all have, or this one has not."""
    names: set[str] = set()
    repeats = counted = 1
    pieces: list[str] = []
    position = 0
    for part in _PART.finditer(text):
        written = part[0]
        if written in lacks or ("+" in lacks and (part["count"] or part["stacked"] or "").endswith("+")):
            raise RegexError(f"{engine} has no {written}")
        if part["set"] or part["escape"]:
            written = _ESCAPE.sub(_escape, written)
        elif part["group"]:
            if written in {"(?", "(*"} or (part["flags"] and not _BEFORE_FLAGS.fullmatch(text[: part.start()])):
                raise RegexError(f"the group {text[part.start() : part.start() + 8]} is not played")
            if part["name"] in names:
                raise RegexError(f"two groups are named {part['name']}")
            names.update(filter(None, [part["name"]]))
        elif part["count"]:
            most = max(1, int(part["high"] or part["low"]))
            if text[: part.start()].endswith(")"):
                repeats *= most
            else:
                counted += most
            if repeats * counted > MOST_COUNTED or (repeats > 1 and repeats * len(text) > LARGEST):
                raise RegexError("it is too long")
        elif part["sign"]:
            # `$` is the very end; a brace that counts nothing is itself.
            written = {"$": r"\Z", "{": r"\{"}[written]
        pieces += [text[position : part.start()], written]
        position = part.end()
    return "".join([*pieces, text[position:]])


def _escape(found: re.Match[str]) -> str:
    char = found[1]
    if char[0].isalnum() and char[0] not in "dDwWsShbBAzZnrtfvae" and len(char) == 1:
        raise RegexError(f"\\{char} is not played")
    return {"e": r"\x1b", "z": r"\Z"}.get(char, found[0])


def replace_all(pattern: Regex, replacement: str, text: str, fill: Callable[[str], str] = str) -> str:
    """Go's Regexp.ReplaceAllString: `$1`, `${name}`, the longest name that can be; `fill` has the last word on each."""
    pieces: list[str] = []
    position = 0
    for found in pattern.every(text):
        # Of an empty match right behind another one Go makes nothing.
        if not pieces or found.end > position:
            pieces += [text[position : found.start], fill(spelled(found, replacement))]
            position = found.end
    return "".join([*pieces, text[position:]])


def spelled(found: Found, replacement: str) -> str:
    """A replacement with what a match has found."""
    values = {**found.values, "$": "$"}
    return re.sub(r"\$(?:(\$)|\{(\w+)\}|(\w+))", lambda one: values.get(one[one.lastindex or 0], ""), replacement)
