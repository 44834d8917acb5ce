"""Words and braces: the grammar that nginx's and Caddy's files share. Text in, a tree of directives out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_DEPTH = 20

_TOKEN = re.compile(
    r'"((?:\\.|[^"\\])*)"|\'((?:\\.|[^\'\\])*)\'|`([^`]*)`|(#[^\n]*)|(\n)|([{};])|([^\s;"\'`#]+)', re.DOTALL
)


@dataclass(slots=True)
class Directive:
    """One statement: its words, and what stands in its braces (None without any)."""

    line: int
    words: list[str]
    block: list[Directive] | None = None

    @property
    def name(self) -> str:
        return self.words[0] if self.words else ""


@dataclass(slots=True)
class _Open:
    directive: Directive
    inside: list[Directive] = field(default_factory=list)


def nginx_directives(text: str, file: str) -> list[Directive]:
    """Statements end with `;`. ValueError, with the line, where braces or semicolons are missing."""
    return _directives(_nginx_tokens(text), file, ends_at_line=False)


def caddy_directives(text: str, file: str) -> list[Directive]:
    """Statements end with the line. ValueError, with the line, where braces do not match."""
    return _directives(_caddy_tokens(text), file, ends_at_line=True)


def _directives(tokens: Iterator[tuple[str, str, int]], file: str, *, ends_at_line: bool) -> list[Directive]:
    top: list[Directive] = []
    stack: list[_Open] = []
    current: Directive | None = None
    line = 1
    for kind, text, line in tokens:
        inside = stack[-1].inside if stack else top
        if kind == "word":
            if current is None:
                current = Directive(line, [])
            current.words.append(text)
        elif kind == "end" or (kind == "line" and ends_at_line):
            if current is not None:
                inside.append(current)
            current = None
        elif kind == "open":
            if len(stack) >= MAX_DEPTH:
                raise ValueError(f"{file}:{line}: nested too deeply to be a rule file")
            stack.append(_Open(current or Directive(line, [])))
            current = None
        elif kind == "close":
            if not stack:
                raise ValueError(f"{file}:{line}: a }} without its {{")
            if current is not None:
                if not ends_at_line:
                    raise ValueError(f"{file}:{current.line}: a ; is missing after {' '.join(current.words)[:60]}")
                inside.append(current)
                current = None
            opened = stack.pop()
            opened.directive.block = opened.inside
            (stack[-1].inside if stack else top).append(opened.directive)
    if stack:
        raise ValueError(f"{file}:{stack[-1].directive.line}: this {{ is never closed")
    if current is not None:
        if not ends_at_line:
            raise ValueError(f"{file}:{current.line}: a ; is missing after {' '.join(current.words)[:60]}")
        top.append(current)
    return top


def _nginx_tokens(text: str) -> Iterator[tuple[str, str, int]]:
    line = 1
    # `${name}` and the braces of a regular expression are rare; a brace that stands alone opens a block.
    for found in _TOKEN.finditer(text):
        double, single, raw, _comment, newline, mark, word = found.groups()
        if mark:
            yield {"{": "open", "}": "close", ";": "end"}[mark], mark, line
        elif word is not None:
            yield "word", word, line
        elif newline is None and not _comment:
            quoted = next(text for text in (double, single, raw) if text is not None)
            yield "word", re.sub(r"\\(.)", r"\1", quoted), line
        line += found.group().count("\n")


def _caddy_tokens(text: str) -> Iterator[tuple[str, str, int]]:
    for number, raw in enumerate(text.split("\n"), 1):
        for found in re.finditer(r'"((?:\\.|[^"\\])*)"|`([^`]*)`|(#.*)|(\S+)', raw):
            double, raw_text, comment, word = found.groups()
            if comment:
                break
            if word == "{":
                yield "open", word, number
            elif word == "}":
                yield "close", word, number
            else:
                text_of = next(one for one in (double, raw_text, word) if one is not None)
                yield "word", re.sub(r'\\(["\\])', r"\1", text_of) if double is not None else text_of, number
        yield "line", "", number
