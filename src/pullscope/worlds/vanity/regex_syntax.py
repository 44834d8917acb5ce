"""The syntax of regular expressions in rule files: a pattern's text as nodes.

What PCRE, RE2 and JavaScript have in common; anything else is a `RegexError` that says which part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

MOST_DEPTH = 40


class RegexError(ValueError):
    """The pattern is not one that is played here; the message says which part."""


Test = Callable[[str], bool]


class Node(NamedTuple):
    kind: str
    """char, cat, alt, repeat, group, assert, look, atomic."""
    parts: tuple[Node, ...] = ()
    test: Test | None = None
    low: int = 0
    high: int | None = None
    lazy: bool = False
    number: int = 0
    word: str = ""


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
    """A pattern's text, read into nodes."""

    def __init__(self, text: str, *, ignore_case: bool, dot_all: bool) -> None:
        self.text = text
        self.at = 0
        self.ignore_case = ignore_case
        self.dot_all = dot_all
        self.groups = 0
        self.names: dict[str, int] = {}
        self.depth = 0

    def read(self) -> Node:
        node = self._alternatives()
        if self.at < len(self.text):
            raise RegexError("a ) without its (")
        return node

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _alternatives(self) -> Node:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise RegexError("it is nested too deeply")
        branches = [self._sequence()]
        while self._peek() == "|":
            self.at += 1
            branches.append(self._sequence())
        self.depth -= 1
        return branches[0] if len(branches) == 1 else Node("alt", tuple(branches))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while (char := self._peek()) and char not in "|)":
            atom = self._atom()
            if atom is not None:
                parts.append(self._repeated(atom))
        return Node("cat", tuple(parts))

    def _atom(self) -> Node | None:
        char = self._peek()
        self.at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return Node("char", test=self._cased(self._class()))
        if char == ".":
            return Node("char", test=(lambda _: True) if self.dot_all else _not("\n".__eq__))
        if char in "^$":
            return Node("assert", word=char)
        if char == "\\":
            return self._escape()
        if char in "*+?":
            raise RegexError(f"a {char} has nothing to repeat")
        return self._literal(char)

    def _literal(self, char: str) -> Node:
        return Node("char", test=self._cased(char.__eq__), word=char)

    def _cased(self, test: Test) -> Test:
        if not self.ignore_case:
            return test
        return lambda char: test(char) or test(char.lower()) or test(char.upper())

    def _escape(self) -> Node | None:
        char = self._peek()
        self.at += 1
        if not char:
            raise RegexError("it ends in a backslash")
        if char in "AzZ":
            return Node("assert", word="^" if char == "A" else "$")
        if char in "bB":
            return Node("assert", word=char)
        if char.lower() in _CLASSES:
            test = _CLASSES[char.lower()]
            return Node("char", test=test if char.islower() else _not(test))
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

    def _group(self) -> Node | None:
        if self._peek() != "?":
            return self._captured("")
        self.at += 1
        rest = self.text[self.at : self.at + 2]
        if rest[:1] in {":", ">", "=", "!"}:
            self.at += 1
            return self._closed({":": "cat", ">": "atomic", "=": "look", "!": "unlook"}[rest[0]])
        if rest == "P<" or (rest[:1] == "<" and rest[1:] not in {"=", "!"}):
            self.at += rest.index("<") + 1
            return self._named()
        return self._flags()

    def _flags(self) -> Node | None:
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

    def _named(self) -> Node:
        end = self.text.find(">", self.at)
        name = self.text[self.at : end] if end >= 0 else ""
        if not name.isidentifier():
            raise RegexError("a group has no proper name")
        if name in self.names:
            raise RegexError(f"two groups are named {name}")
        self.at = end + 1
        return self._captured(name)

    def _captured(self, name: str) -> Node:
        self.groups += 1
        number = self.groups
        if name:
            self.names[name] = number
        inside = self._closed("cat")
        return Node("group", (inside,), number=number)

    def _closed(self, kind: str) -> Node:
        inside = self._alternatives()
        if self._peek() != ")":
            raise RegexError("a ( is never closed")
        self.at += 1
        return Node(kind, (inside,))

    def _repeated(self, atom: Node) -> Node:
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
            atom = Node("repeat", (atom,), low=low, high=high, lazy=lazy)
            if possessive:
                atom = Node("atomic", (atom,))

    def _counted(self) -> tuple[int, int | None] | None:
        end = self.text.find("}", self.at, self.at + 16)
        low, comma, high = self.text[self.at + 1 : end].partition(",") if end >= 0 else ("", "", "")
        if not (low.isascii() and low.isdigit()) or (high and not (high.isascii() and high.isdigit())):
            return None
        self.at = end + 1
        return int(low), (int(high) if high else None) if comma else int(low)
