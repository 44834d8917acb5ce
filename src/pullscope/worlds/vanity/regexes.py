"""Regular expressions of rule files, matched in time that grows with pattern times text and never faster.

A pattern from a file is a stranger's text, and so is the path that it meets: Python's `re` can be made to take for ever.
This one reads what PCRE (nginx, Apache), RE2 (Caddy, Traefik) and JavaScript (Vercel) have in common, and tries each
instruction at each position at most once. What it does not know (a look-behind, a back-reference) is a `RegexError`, so that
the rule is named as not played; `bounded` limits the work of one decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

MOST_INSTRUCTIONS = 4000
MOST_DEPTH = 40
STEPS = 400_000
"""Instructions tried for one decision; a registry path of 300 characters takes some hundreds for each pattern."""

_left: ContextVar[list[int] | None] = ContextVar("steps left", default=None)


class RegexError(ValueError):
    """The pattern is not one that is played here; the message says which part."""


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


Test = Callable[[str], bool]


class _Node(NamedTuple):
    kind: str
    """char, cat, alt, repeat, group, assert, look, atomic."""
    parts: tuple[_Node, ...] = ()
    test: Test | None = None
    low: int = 0
    high: int | None = None
    lazy: bool = False
    number: int = 0
    word: str = ""


_DIGITS: Test = str.isdecimal
_SPACE: Test = frozenset(" \t\n\r\f\v").__contains__


def _is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


_CLASSES: Mapping[str, Test] = {"d": _DIGITS, "w": _is_word, "s": _SPACE, "h": frozenset(" \t").__contains__}
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a", "e": "\x1b"}
_POSIX: Mapping[str, Test] = {
    "alpha": str.isalpha,
    "digit": _DIGITS,
    "alnum": str.isalnum,
    "lower": str.islower,
    "upper": str.isupper,
    "space": _SPACE,
    "word": _is_word,
    "xdigit": frozenset("0123456789abcdefABCDEF").__contains__,
}


def _not(test: Test) -> Test:
    return lambda char: not test(char)


class _Reader:
    """A pattern's text, read into nodes."""

    def __init__(self, text: str, *, ignore_case: bool, dot_all: bool) -> None:
        self.text = text
        self.at = 0
        self.ignore_case = ignore_case
        self.dot_all = dot_all
        self.groups = 0
        self.names: dict[str, int] = {}
        self.depth = 0

    def read(self) -> _Node:
        node = self._alternatives()
        if self.at < len(self.text):
            raise RegexError("a ) without its (")
        return node

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _alternatives(self) -> _Node:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise RegexError("it is nested too deeply")
        branches = [self._sequence()]
        while self._peek() == "|":
            self.at += 1
            branches.append(self._sequence())
        self.depth -= 1
        return branches[0] if len(branches) == 1 else _Node("alt", tuple(branches))

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while (char := self._peek()) and char not in "|)":
            atom = self._atom()
            if atom is not None:
                parts.append(self._repeated(atom))
        return _Node("cat", tuple(parts))

    def _atom(self) -> _Node | None:
        char = self._peek()
        self.at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return _Node("char", test=self._cased(self._class()))
        if char == ".":
            return _Node("char", test=(lambda _: True) if self.dot_all else _not("\n".__eq__))
        if char in "^$":
            return _Node("assert", word=char)
        if char == "\\":
            return self._escape()
        if char in "*+?":
            raise RegexError(f"a {char} has nothing to repeat")
        return self._literal(char)

    def _literal(self, char: str) -> _Node:
        return _Node("char", test=self._cased(char.__eq__), word=char)

    def _cased(self, test: Test) -> Test:
        if not self.ignore_case:
            return test
        return lambda char: test(char) or test(char.lower()) or test(char.upper())

    def _escape(self) -> _Node | None:
        char = self._peek()
        self.at += 1
        if not char:
            raise RegexError("it ends in a backslash")
        if char in "AzZ":
            return _Node("assert", word="^" if char == "A" else "$")
        if char in "bB":
            return _Node("assert", word=char)
        if char.lower() in _CLASSES:
            test = _CLASSES[char.lower()]
            return _Node("char", test=test if char.islower() else _not(test))
        if char == "Q":
            end = self.text.find("\\E", self.at)
            quoted = self.text[self.at : end if end >= 0 else len(self.text)]
            self.at = end + 2 if end >= 0 else len(self.text)
            return _Node("cat", tuple(self._literal(one) for one in quoted))
        return self._literal(self._escaped(char))

    def _escaped(self, char: str) -> str:
        if char in _CONTROL:
            return _CONTROL[char]
        if char == "x":
            digits = self.text[self.at : self.at + 2]
            try:
                value = int(digits, 16)
            except ValueError:
                raise RegexError(f"\\x{digits} is no character") from None
            self.at += 2
            return chr(value)
        if char.isalnum():
            raise RegexError(f"\\{char} is not played")
        return char

    def _class(self) -> Test:
        negated = self._peek() == "^"
        self.at += negated
        tests: list[Test] = []
        singles: set[str] = set()
        first = True
        while True:
            char = self._peek()
            if not char:
                raise RegexError("a [ is never closed")
            self.at += 1
            if char == "]" and not first:
                break
            first = False
            if char == "[" and self._peek() == ":":
                end = self.text.find(":]", self.at)
                name = self.text[self.at + 1 : end] if end >= 0 else ""
                if name not in _POSIX:
                    raise RegexError(f"the class [:{name[:20]}:] is not played")
                tests.append(_POSIX[name])
                self.at = end + 2
                continue
            if char == "\\":
                char = self._peek()
                self.at += 1
                if char and char.lower() in _CLASSES:
                    test = _CLASSES[char.lower()]
                    tests.append(test if char.islower() else _not(test))
                    continue
                char = "\b" if char == "b" else self._escaped(char)
            if self._peek() == "-" and self.text[self.at + 1 : self.at + 2] not in {"]", ""}:
                self.at += 1
                last = self._peek()
                self.at += 1
                if last == "\\":
                    last = self._escaped(self._peek())
                    self.at += 1
                if last < char:
                    raise RegexError(f"the range {char}-{last} is empty")
                tests.append(lambda one, low=char, high=last: low <= one <= high)  # type: ignore[misc] # the defaults bind the two ends
            else:
                singles.add(char)
        frozen = frozenset(singles)

        def holds(one: str) -> bool:
            return (one in frozen or any(test(one) for test in tests)) is not negated

        return holds

    def _group(self) -> _Node | None:
        if self._peek() != "?":
            return self._captured("")
        self.at += 1
        rest = self.text[self.at : self.at + 2]
        if rest[:1] == "#":
            end = self.text.find(")", self.at)
            if end < 0:
                raise RegexError("a comment is never closed")
            self.at = end + 1
            return None
        if rest[:1] in {":", ">", "=", "!"}:
            self.at += 1
            return self._closed({":": "cat", ">": "atomic", "=": "look", "!": "unlook"}[rest[0]])
        if rest[:1] == "P" and rest[1:] == "<":
            self.at += 2
            return self._named(">")
        if rest[:1] == "<" and rest[1:] not in {"=", "!"}:
            self.at += 1
            return self._named(">")
        if rest[:1] == "'":
            self.at += 1
            return self._named("'")
        return self._flags()

    def _flags(self) -> _Node | None:
        start = self.at
        while self._peek() and self._peek() in "ismU-":
            self.at += 1
        flags, end = self.text[start : self.at], self._peek()
        if not flags or end not in {")", ":"} or set(flags) - set("is"):
            raise RegexError(f"the group (?{self.text[start : start + 6]} is not played")
        self.at += 1
        before = self.ignore_case, self.dot_all
        self.ignore_case, self.dot_all = self.ignore_case or "i" in flags, self.dot_all or "s" in flags
        if end == ")":
            return None
        node = self._closed("cat")
        self.ignore_case, self.dot_all = before
        return node

    def _named(self, closing: str) -> _Node:
        end = self.text.find(closing, self.at)
        name = self.text[self.at : end] if end >= 0 else ""
        if not name.isidentifier():
            raise RegexError("a group has no proper name")
        if name in self.names:
            raise RegexError(f"two groups are named {name}")
        self.at = end + 1
        return self._captured(name)

    def _captured(self, name: str) -> _Node:
        self.groups += 1
        number = self.groups
        if name:
            self.names[name] = number
        inside = self._closed("cat")
        return _Node("group", (inside,), number=number)

    def _closed(self, kind: str) -> _Node:
        inside = self._alternatives()
        if self._peek() != ")":
            raise RegexError("a ( is never closed")
        self.at += 1
        return _Node(kind, (inside,))

    def _repeated(self, atom: _Node) -> _Node:
        while True:
            char = self._peek()
            if char in {"*", "+", "?"}:
                low, high = {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
                self.at += 1
            elif char == "{" and (counted := self._counted()) is not None:
                low, high = counted
            else:
                return atom
            lazy = self._peek() == "?"
            possessive = self._peek() == "+"
            self.at += lazy or possessive
            atom = _Node("repeat", (atom,), low=low, high=high, lazy=lazy)
            if possessive:
                atom = _Node("atomic", (atom,))

    def _counted(self) -> tuple[int, int | None] | None:
        end = self.text.find("}", self.at, self.at + 16)
        low, comma, high = self.text[self.at + 1 : end].partition(",") if end >= 0 else ("", "", "")
        if not (low.isascii() and low.isdigit()) or (high and not (high.isascii() and high.isdigit())):
            return None
        self.at = end + 1
        return int(low), (int(high) if high else None) if comma else int(low)


class _Code(NamedTuple):
    op: str
    """char, split, jump, save, assert, look, unlook, atomic, match."""
    test: Test | None = None
    a: int = 0
    b: int = 0
    word: str = ""
    inner: tuple[_Code, ...] = ()


def _compiled(node: _Node) -> tuple[_Code, ...]:
    code: list[_Code] = []

    def emit(one: _Code) -> int:
        if len(code) >= MOST_INSTRUCTIONS:
            raise RegexError("it is too long")
        code.append(one)
        return len(code) - 1

    def put(one: _Node) -> None:
        if one.kind == "char":
            emit(_Code("char", test=one.test))
        elif one.kind == "cat":
            for part in one.parts:
                put(part)
        elif one.kind == "assert":
            emit(_Code("assert", word=one.word))
        elif one.kind == "group":
            emit(_Code("save", a=2 * one.number))
            put(one.parts[0])
            emit(_Code("save", a=2 * one.number + 1))
        elif one.kind in {"look", "unlook", "atomic"}:
            emit(_Code(one.kind, inner=_compiled(one.parts[0])))
        elif one.kind == "alt":
            ends = []
            for part in one.parts[:-1]:
                split = emit(_Code("split"))
                put(part)
                ends.append(emit(_Code("jump")))
                code[split] = _Code("split", a=split + 1, b=len(code))
            put(one.parts[-1])
            for end in ends:
                code[end] = _Code("jump", a=len(code))
        else:
            repeat(one)

    def repeat(one: _Node) -> None:
        for _ in range(one.low):
            put(one.parts[0])
        if one.high is None:
            split = emit(_Code("split"))
            put(one.parts[0])
            emit(_Code("jump", a=split))
            inside, after = split + 1, len(code)
            code[split] = _Code("split", a=after if one.lazy else inside, b=inside if one.lazy else after)
            return
        splits = []
        for _ in range(one.high - one.low):
            splits.append(emit(_Code("split")))
            put(one.parts[0])
        for split in splits:
            inside, after = split + 1, len(code)
            code[split] = _Code("split", a=after if one.lazy else inside, b=inside if one.lazy else after)

    put(node)
    emit(_Code("match"))
    return tuple(code)


def _run(code: tuple[_Code, ...], text: str, starts: range, left: list[int]) -> tuple[int, int, dict[int, int]] | None:
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
                    stack.append((one.b, position, saved))
                    at = one.a
                elif op == "jump":
                    at = one.a
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
    before = position > 0 and _is_word(text[position - 1])
    after = position < len(text) and _is_word(text[position])
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
    code: tuple[_Code, ...]
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
    """The pattern `text`; RegexError where it is none, or none that is played."""
    if len(text) > 4096:
        raise RegexError("it is too long")
    reader = _Reader(text, ignore_case=ignore_case, dot_all=dot_all)
    node = reader.read()
    anchored, prefix = _beginning(node, ignore_case=reader.ignore_case)
    return Regex(text, _compiled(node), reader.names, reader.groups, anchored, prefix)


def _beginning(node: _Node, *, ignore_case: bool) -> tuple[bool, str]:
    if node.kind != "cat" or not node.parts or node.parts[0] != _Node("assert", word="^"):
        return False, ""
    prefix = ""
    for part in node.parts[1:]:
        if part.kind != "char" or not part.word or ignore_case:
            break
        prefix += part.word
    return True, prefix
