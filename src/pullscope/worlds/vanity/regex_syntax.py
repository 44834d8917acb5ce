"""The syntax of regular expressions in rule files: a pattern's text as instructions.

What PCRE, RE2 and JavaScript have in common; anything else is a `RegexError` that says which part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

MOST_DEPTH = 40
MOST_INSTRUCTIONS = 4000


class RegexError(ValueError):
    """The pattern is not one that is played here; the message says which part."""


Test = Callable[[str], bool]


class Instruction(NamedTuple):
    """One step of a match; `a` and `b` are how far on the next ones are, so that codes are put together as they are."""

    op: str
    """char, split, jump, save, assert, look, unlook, atomic, match."""
    test: Test | None = None
    a: int = 0
    b: int = 0
    word: str = ""
    """The character, where only one matches; the kind of an assert."""
    inner: tuple[Instruction, ...] = ()


Code = tuple[Instruction, ...]
MATCH = Instruction("match")


_DIGITS: Test = str.isdecimal
_SPACE: Test = frozenset(" \t\n\r\f\v").__contains__


def is_word(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char == "_")


_CLASSES: Mapping[str, Test] = {"d": _DIGITS, "w": is_word, "s": _SPACE, "h": frozenset(" \t").__contains__}
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a", "e": "\x1b"}
_POSIX: Mapping[str, Test] = {
    "alpha": str.isalpha,
    "digit": _DIGITS,
    "alnum": str.isalnum,
    "lower": str.islower,
    "upper": str.isupper,
    "space": _SPACE,
    "word": is_word,
    "xdigit": frozenset("0123456789abcdefABCDEF").__contains__,
}


def _not(test: Test) -> Test:
    return lambda char: not test(char)


class Reader:
    """A pattern's text, read into instructions."""

    def __init__(self, text: str, *, ignore_case: bool, dot_all: bool) -> None:
        self.text = text
        self.at = 0
        self.ignore_case = ignore_case
        self.dot_all = dot_all
        self.groups = 0
        self.names: dict[str, int] = {}
        self.depth = 0

    def read(self) -> Code:
        code = self._alternatives()
        if self.at < len(self.text):
            raise RegexError("a ) without its (")
        return (*code, MATCH)

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _alternatives(self) -> Code:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise RegexError("it is nested too deeply")
        branches = [self._sequence()]
        while self._peek() == "|":
            self.at += 1
            branches.append(self._sequence())
        self.depth -= 1
        code = branches.pop()
        for branch in reversed(branches):
            split, jump = Instruction("split", a=1, b=len(branch) + 2), Instruction("jump", a=len(code) + 1)
            code = _bounded((split, *branch, jump, *code))
        return code

    def _sequence(self) -> Code:
        code: Code = ()
        while (char := self._peek()) and char not in "|)":
            code = _bounded((*code, *self._repeated(self._atom())))
        return code

    def _atom(self) -> Code:
        char = self._peek()
        self.at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return (Instruction("char", self._cased(self._class())),)
        if char == ".":
            return (Instruction("char", (lambda _: True) if self.dot_all else _not("\n".__eq__)),)
        if char in "^$":
            return (Instruction("assert", word=char),)
        if char == "\\":
            return self._escape()
        if char in "*+?":
            raise RegexError(f"a {char} has nothing to repeat")
        return self._literal(char)

    def _literal(self, char: str) -> Code:
        return (Instruction("char", self._cased(char.__eq__), word="" if self.ignore_case else char),)

    def _cased(self, test: Test) -> Test:
        if not self.ignore_case:
            return test
        return lambda char: test(char) or test(char.lower()) or test(char.upper())

    def _escape(self) -> Code:
        char = self._peek()
        self.at += 1
        if not char:
            raise RegexError("it ends in a backslash")
        if char in "AzZ":
            return (Instruction("assert", word="^" if char == "A" else "$"),)
        if char in "bB":
            return (Instruction("assert", word=char),)
        if char.lower() in _CLASSES:
            test = _CLASSES[char.lower()]
            return (Instruction("char", test if char.islower() else _not(test)),)
        return self._literal(self._escaped(char))

    def _escaped(self, char: str) -> str:
        if char in _CONTROL:
            return _CONTROL[char]
        if char == "x":
            digits = self.text[self.at : self.at + 2]
            try:
                value = int(digits, 16)
            except ValueError:
                raise RegexError(f"\\x{digits} is not a character") from None
            self.at += 2
            return chr(value)
        if char.isalnum():
            raise RegexError(f"\\{char} is not played")
        return char

    def _class(self) -> Test:
        negated = self._peek() == "^"
        self.at += negated
        tests: list[Test] = []
        start = self.at
        while True:
            char = self._peek()
            if not char:
                raise RegexError("a [ is never closed")
            self.at += 1
            if char == "]" and self.at > start + 1:
                break
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
                tests.append(char.__eq__)
        return lambda one: any(test(one) for test in tests) is not negated

    def _group(self) -> Code:
        if self._peek() != "?":
            return self._captured("")
        self.at += 1
        rest = self.text[self.at : self.at + 2]
        if rest[:1] in {":", ">", "=", "!"}:
            self.at += 1
            inside, op = self._closed(), {":": "", ">": "atomic", "=": "look", "!": "unlook"}[rest[0]]
            return (Instruction(op, inner=(*inside, MATCH)),) if op else inside
        if rest == "P<" or (rest[:1] == "<" and rest[1:] not in {"=", "!"}):
            self.at += rest.index("<") + 1
            return self._named()
        return self._flags()

    def _flags(self) -> Code:
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
            return ()
        code = self._closed()
        self.ignore_case, self.dot_all = before
        return code

    def _named(self) -> Code:
        end = self.text.find(">", self.at)
        name = self.text[self.at : end] if end >= 0 else ""
        if not name.isidentifier():
            raise RegexError("a group has no proper name")
        if name in self.names:
            raise RegexError(f"two groups are named {name}")
        self.at = end + 1
        return self._captured(name)

    def _captured(self, name: str) -> Code:
        self.groups += 1
        number = self.groups
        if name:
            self.names[name] = number
        return (Instruction("save", a=2 * number), *self._closed(), Instruction("save", a=2 * number + 1))

    def _closed(self) -> Code:
        inside = self._alternatives()
        if self._peek() != ")":
            raise RegexError("a ( is never closed")
        self.at += 1
        return inside

    def _repeated(self, atom: Code) -> Code:
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
            atom = _times(atom, low, high, lazy=lazy)
            if possessive:
                atom = (Instruction("atomic", inner=(*atom, MATCH)),)

    def _counted(self) -> tuple[int, int | None] | None:
        end = self.text.find("}", self.at, self.at + 16)
        low, comma, high = self.text[self.at + 1 : end].partition(",") if end >= 0 else ("", "", "")
        if not (low.isascii() and low.isdigit()) or (high and not (high.isascii() and high.isdigit())):
            return None
        self.at = end + 1
        return int(low), (int(high) if high else None) if comma else int(low)


def _bounded(code: Code) -> Code:
    if len(code) >= MOST_INSTRUCTIONS:
        raise RegexError("it is too long")
    return code


def _times(atom: Code, low: int, high: int | None, *, lazy: bool) -> Code:
    size = len(atom)
    if size * low + (size + 1) * ((low if high is None else high) - low) >= MOST_INSTRUCTIONS:
        raise RegexError("it is too long")

    def split(after: int) -> Instruction:
        return Instruction("split", a=after if lazy else 1, b=1 if lazy else after)

    more: Code = (split(size + 2), *atom, Instruction("jump", a=-size - 1)) if high is None else ()
    for _ in range(0 if high is None else high - low):
        more = (split(1 + size + len(more)), *atom, *more)
    return _bounded(atom * low + more)
