"""Regular expressions of rule files, matched in time that grows with pattern times text and never faster.

A pattern from a file is a stranger's text, and so is the path that it meets: Python's `re` can be made to take forever.
This one reads what PCRE (nginx, Apache), RE2 (Caddy, Traefik) and JavaScript (Vercel) have in common, and tries each
instruction at each position at most once. What it does not know (a look-behind, a back-reference) is a `RegexError`, so that
the rule is named as not played; `bounded` limits the work of one decision.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from pullscope.worlds.vanity.regex_syntax import Code, Reader, RegexError, is_word

__all__ = ["Found", "Regex", "RegexError", "TooSlowError", "bounded", "regex", "replace_all"]

STEPS = 400_000
"""Instructions tried for one decision; a registry path of 300 characters takes some hundreds for each pattern."""

_left: ContextVar[list[int] | None] = ContextVar("steps left", default=None)


class TooSlowError(ValueError):
    """A decision has cost more steps than it is given."""


@contextmanager
def bounded(steps: int = STEPS) -> Iterator[None]:
    """All matching inside shares `steps`; then TooSlowError."""
    token = _left.set([steps])
    try:
        yield
    finally:
        _left.reset(token)


def _run(code: Code, text: str, starts: range, left: list[int]) -> tuple[int, int, dict[int, int]] | None:
    """Start, end and saved positions of the first match; each (instruction, position) is tried once for all starts."""
    width = len(text) + 1
    seen: set[int] = set()
    for start in starts:
        stack: list[tuple[int, int, dict[int, int]]] = [(0, start, {})]
        while stack:
            at, position, saved = stack.pop()
            while True:
                key = at * width + position
                if key in seen:
                    break
                seen.add(key)
                left[0] -= 1
                if left[0] < 0:
                    raise TooSlowError("its regular expressions take too long")
                one = code[at]
                op = one.op
                if op == "char":
                    if position >= len(text) or one.test is None or not one.test(text[position]):
                        break
                    position += 1
                    at += 1
                elif op == "split":
                    stack.append((at + one.b, position, saved))
                    at += one.a
                elif op == "jump":
                    at += one.a
                elif op == "save":
                    saved = {**saved, one.a: position}
                    at += 1
                elif op == "match":
                    return start, position, saved
                elif op == "assert":
                    if not _holds(one.word, text, position):
                        break
                    at += 1
                else:
                    found = _run(one.inner, text, range(position, position + 1), left)
                    if (found is None) is not (op == "unlook"):
                        break
                    if found is not None:
                        saved = {**saved, **found[2]}
                        position = found[1] if op == "atomic" else position
                    at += 1
    return None


def _holds(word: str, text: str, position: int) -> bool:
    if word == "^":
        return position == 0
    if word == "$":
        return position == len(text)
    before = position > 0 and is_word(text[position - 1])
    after = position < len(text) and is_word(text[position])
    return (before != after) is (word == "b")


@dataclass(frozen=True, slots=True)
class Found:
    """A match: where it is, and the text of its groups, by number and by name; "" for one that took no part."""

    start: int
    end: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Regex:
    """A pattern that was read; make one with `regex`."""

    text: str
    code: Code
    names: Mapping[str, int]
    groups: int
    anchored: bool
    prefix: str
    """What every match begins with; "" where that is not known."""

    def search(self, text: str) -> Found | None:
        """The first match anywhere in `text`; TooSlowError where the work is more than is given."""
        if self.anchored and not text.startswith(self.prefix):
            return None
        left = _left.get()
        found = _run(
            self.code, text, range(1) if self.anchored else range(len(text) + 1), [STEPS] if left is None else left
        )
        if found is None:
            return None
        start, end, saved = found

        def group(number: int) -> str:
            low, high = saved.get(2 * number), saved.get(2 * number + 1)
            return text[low:high] if low is not None and high is not None else ""

        values = {"0": text[start:end], **{str(number): group(number) for number in range(1, self.groups + 1)}}
        values.update({name: group(number) for name, number in self.names.items()})
        return Found(start, end, values)


@lru_cache(maxsize=4096)
def regex(text: str, *, ignore_case: bool = False, dot_all: bool = False) -> Regex:
    """The pattern `text`; RegexError if it is not a pattern, or not one that is played."""
    if len(text) > 4096:
        raise RegexError("it is too long")
    reader = Reader(text, ignore_case=ignore_case, dot_all=dot_all)
    code = reader.read()
    literal = takewhile(str, (one.word if one.op == "char" else "" for one in code[1:]))
    anchored = code[0].op == "assert" and code[0].word == "^"
    return Regex(text, code, reader.names, reader.groups, anchored, "".join(literal) if anchored else "")


def replace_all(pattern: Regex, replacement: str, text: str, fill: Callable[[str], str] = str) -> str:
    """Go's Regexp.ReplaceAllString: `$1`, `${name}`, the longest name that can be; `fill` has the last word on each."""
    done, rest = "", text
    for _ in range(100):
        found = pattern.search(rest)
        if found is None or (found.end == found.start and found.end >= len(rest) and done):
            break
        filled = spelled(found, replacement)
        step = max(found.end, found.start + 1)
        done += rest[: found.start] + fill(filled) + rest[found.end : step]
        rest = rest[step:]
        if pattern.anchored:
            break
    return done + rest


def spelled(found: Found, replacement: str) -> str:
    """A replacement with what a match has found."""
    values = {**found.values, "$": "$"}
    return re.sub(r"\$(?:(\$)|\{(\w+)\}|(\w+))", lambda one: values.get(one[one.lastindex or 0], ""), replacement)
