"""Words and braces: the grammar that nginx's and Caddy's files share, and the files that such a file takes in.

Each scanner goes over the text once. A quote or a brace that is never closed is refused with its line, as the servers do.

A file that a statement names is read where it lies in the folder of the rule file or below it, whatever links lead elsewhere;
another one stays a statement, which its platform names as not read. Each statement knows the file that it is in. What `nginx -T`
prints holds every file, each below a line with its name.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path, PurePosixPath

MAX_DEPTH = 20


@dataclass(slots=True, eq=False)
class Directive:
    """One statement: its words, and what stands in its braces (None without any)."""

    where: str
    """`nginx.conf:12`."""
    words: list[str]
    block: list[Directive] | None = None
    varies: bool = False
    """True for one whose line holds a variable, which has a default."""

    @property
    def name(self) -> str:
        return self.words[0] if self.words else ""

    @property
    def args(self) -> list[str]:
        return self.words[1:]

    def everything(self) -> Iterator[Directive]:
        """Itself, and what stands in its braces, however deep."""
        yield self
        for one in self.block or ():
            yield from one.everything()


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


Token = tuple[str, str, int]
"""word, open, close, end or line; its text; its line."""


def nginx_directives(text: str, file: str) -> list[Directive]:
    """Statements end with `;`. ValueError, with the line, where quotes, braces or semicolons are missing."""
    refuse_template(text, file)
    # What nginx -T says of itself, where it was saved with the rest (2>&1).
    text = re.sub(r"^nginx: .*$", "", text, flags=re.MULTILINE)
    return _directives(_nginx_tokens(text, file), file, ends_at_line=False)


def caddy_directives(text: str, file: str) -> list[Directive]:
    """Statements end with the line. ValueError, with the line, where quotes or braces do not match."""
    refuse_template(text, file)
    return _directives(_caddy_tokens(text, file), file, ends_at_line=True)


_TEMPLATE = re.compile(r"\{\{[^{}\n]{1,200}\}\}|\{%[^{}\n]{1,200}%\}")


def refuse_template(text: str, file: str) -> None:
    found = _TEMPLATE.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise ValueError(
            f"{file}:{line}: {found.group()[:60]} is a template's: fill it in first, then try what comes out"
        )


def _directives(tokens: Iterator[Token], file: str, *, ends_at_line: bool) -> list[Directive]:
    top: list[Directive] = []
    open_: list[tuple[Directive, list[Directive]]] = []
    """The directives whose braces are open, each with what it stands among."""
    inside, current = top, Directive(file, [])
    for kind, text, line in chain(tokens, [("last", "", 0)]):
        if kind == "word":
            current = current if current.words else Directive(f"{file}:{line}", [])
            current.words.append(text)
        elif kind == "open":
            if len(open_) >= MAX_DEPTH:
                raise ValueError(f"{file}:{line}: nested too deeply to be a rule file")
            current = current if current.words else Directive(f"{file}:{line}", [])
            open_.append((current, inside))
            inside = current.block = []
            current = Directive(file, [])
        else:
            if kind in {"close", "last"} and current.words and not ends_at_line:
                raise ValueError(f"{current.where}: a ; is missing after {' '.join(current.words)[:60]}")
            if current.words:
                inside.append(current)
                current = Directive(file, [])
            if kind == "close":
                if not open_:
                    raise ValueError(f"{file}:{line}: a }} without its {{")
                closed, inside = open_.pop()
                inside.append(closed)
    if open_:
        raise ValueError(f"{open_[-1][0].where}: this {{ is never closed")
    return top


_STRING = r'"(?P<double>(?:[^"\\]|\\(?s:.))*)"'
# ngx_conf_file.c, ngx_conf_read_token: a quote opens a string only where a word begins; `{` ends a word unless it
# follows a $; `}` and # end none.
_NGINX = re.compile(
    rf"(?P<space>\s+|#[^\n]*)|(?P<mark>[;{{}}])|{_STRING}|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<unclosed>[\"'])"
    r"|(?P<word>(?:\\.|\$\{[^\s;{}]*\}?|[^\s;{\\])(?:\\.|\$\{|[^\s;{\\])*|\\)",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LUA = re.compile(r"[{}]")


def _unescaped(found: re.Match[str]) -> str:
    char = found[1]
    return char if char in "\"'\\" else {"t": "\t", "r": "\r", "n": "\n"}.get(char, found[0])


def _nginx_tokens(text: str, file: str) -> Iterator[Token]:
    position, line, last = 0, 1, ""
    while found := _NGINX.match(text, position):
        start, position = position, found.end()
        mark = found["mark"]
        if found["unclosed"]:
            raise ValueError(f"{file}:{line}: this {found['unclosed']} is never closed")
        if mark == "{" and last.endswith("_by_lua_block"):
            position = _end_of_code(text, position, file, line)
            yield "end", ";", line
        elif mark:
            yield {"{": "open", "}": "close", ";": "end"}[mark], mark, line
        elif not found["space"]:
            word = found["double"] or found["single"] or found["word"] or ""
            yield "word", _ESCAPED.sub(_unescaped, word), line
        last = "" if mark else found["word"] or last
        line += text.count("\n", start, position)


def _end_of_code(text: str, position: int, file: str, line: int) -> int:
    depth = 1
    for found in _LUA.finditer(text, position):
        depth += 1 if found.group() == "{" else -1
        if depth == 0:
            return found.end()
    raise ValueError(f"{file}:{line}: this {{ is never closed")


# caddyserver/caddy caddyconfig/caddyfile/lexer.go: a quote or backtick opens a string where a word begins, a string may
# hold line breaks, a backslash at the end of a line joins it with the next, <<NAME begins a heredoc.
_CADDY = re.compile(
    rf"\\\n|(?P<line>\n)|[^\S\n]+|#[^\n]*|{_STRING}|`(?P<raw>[^`]*)`|(?P<unclosed>[\"`])"
    r"|<<(?P<name>[A-Za-z0-9_-]+)\n(?:(?P<text>(?:[^\n]*\n)*?)[ \t]*(?P=name)[ \t]*(?=\n|\Z))?|(?P<word>(?:\\[^\S\n]|\S)+)",
)


def _caddy_tokens(text: str, file: str) -> Iterator[Token]:
    line = 1
    for found in _CADDY.finditer(text):
        word, heredoc = found["word"], found["name"]
        if found["unclosed"]:
            raise ValueError(f"{file}:{line}: this {found['unclosed']} is never closed")
        if heredoc and found["text"] is None:
            raise ValueError(f"{file}:{line}: the text <<{heredoc} is never closed")
        if found["line"]:
            yield "line", "", line
        elif found["double"] is not None:
            yield "word", found["double"].replace('\\"', '"'), line
        elif heredoc or found["raw"] is not None:
            yield "word", found["text"].rstrip("\n") if heredoc else found["raw"], line
        elif word:
            yield {"{": "open", "}": "close"}.get(word, "word"), word.replace("\\ ", " "), line
        line += found[0].count("\n")
    yield "line", "", line


# src/core/nginx.c, ngx_dump_config; seen with nginx 1.22.
_PRINTED = re.compile(r"# configuration file (/.+):")


def printed(text: str, statements: list[Directive]) -> dict[str, list[Directive]]:
    """The statements of `nginx -T` by the files that they stand in, the first of which takes in the others; else empty."""
    heads = [
        (number, found[1]) for number, line in enumerate(text.split("\n"), 1) if (found := _PRINTED.fullmatch(line))
    ]
    files: dict[str, list[Directive]] = {name: [] for _, name in heads}
    for one in statements if heads else ():
        at = bisect(heads, (int(one.where.rpartition(":")[2]), ""))
        files[heads[max(at - 1, 0)][1]].append(one)
    return files


MOST_DEPTH = 10
MOST_FILES = 200
MOST_STATEMENTS = 200_000


@dataclass(slots=True)
class Includes:
    """The files of one folder, as the statements of one configuration take them in; `sources` are those that were."""

    folder: Path
    names: frozenset[str]
    """Of the statements that take in a file."""
    statements: Callable[[Path, str], list[Directive] | None]
    """Those of a file, which is called so in places; None for what is not text."""
    sources: list[Path] = field(default_factory=list)
    printed: Mapping[str, list[Directive]] = field(default_factory=dict)
    """Of each file that is at hand without being read."""
    left: int = MOST_STATEMENTS

    def resolved(self, block: list[Directive], within: tuple[Path, ...]) -> list[Directive]:
        """The statements with those of the files that they name; `within` are the files that they stand in."""
        found: list[Directive] = []
        for one in block:
            self.left -= 1
            if one.block is not None:
                one.block = self.resolved(one.block, within)
            named = one.args[0] if one.name in self.names and len(one.args) == 1 and one.block is None else ""
            taken = list(self._taken(named, within)) if named and len(within) <= MOST_DEPTH and self.left > 0 else []
            found += taken or ([] if named and self.printed else [one])
        return found

    def _taken(self, named: str, within: tuple[Path, ...]) -> Iterator[Directive]:
        if self.printed:
            wanted = str(PurePosixPath(next(iter(self.printed))).parent / named)
            for name, block in self.printed.items():
                if (name == wanted or fnmatchcase(name, wanted)) and Path(name) not in within:
                    yield from self.resolved(block, (*within, Path(name)))
            return
        for path in self._files(named):
            if path not in within and len(self.sources) < MOST_FILES:
                read = self.statements(path, str(path.relative_to(self.folder.resolve())))
                if read is not None:
                    self.sources.append(path)
                    yield from self.resolved(read, (*within, path))

    def _files(self, name: str) -> list[Path]:
        """The files of this name, or of this pattern in its last part, that lie below the folder."""
        if "$" in name or "{" in name:
            return []
        home = self.folder.resolve()
        wanted = home / name
        try:
            if re.search(r"[*?\[]", wanted.name):
                beside = sorted(one for one in wanted.parent.iterdir() if fnmatchcase(one.name, wanted.name))
                found = [one for one in beside if not one.name.startswith(".")]
            else:
                found = [wanted]
            return [real for one in found if (real := one.resolve()).is_relative_to(home) and real.is_file()]
        except (OSError, ValueError, RuntimeError):
            return []
