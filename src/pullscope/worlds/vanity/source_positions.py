"""TOML and JSON texts with the line numbers that `tomllib` and `json` do not give, within bounds.

`read_toml` refuses what would take tomllib time that grows with the square of the text. The scanners for places run on text
that the real parser has accepted, so they need no care about what is not valid; what they cannot place gets the line of its
table, never an exception.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Place:
    """The line where a table begins and the lines of its keys."""

    line: int
    keys: dict[str, int] = field(default_factory=dict)


# Strings first, so that a bracket or # inside one is not seen; then what structures a TOML text (toml.io 1.0).
_TOML = re.compile(
    r'"""(?:\\.|[^\\])*?"""|'
    r"'''.*?'''|"
    r'"(?:\\.|[^"\\\n])*"|'
    r"'[^'\n]*'|#[^\n]*|\n|[\[\]{}=,]|[^\s\[\]{}=,#\"']+",
    re.DOTALL,
)


MOST_PARTS = 12
"""Parts of a dotted key; the deepest that Netlify knows has five."""
MOST_NESTED = 40


def read_toml(text: str, file: str) -> dict[str, Any]:
    """The document; ValueError, as `file:line: what`, for a text that is not TOML or not a rule file."""
    depth = parts = 0
    previous = ""
    for token, line in _tokens(_TOML, text):
        if token in "[{":
            depth += 1
            parts = 0
        elif token in "]}":
            depth -= 1
            parts = 0
        elif token in {"\n", "=", ","}:
            parts = 0
        else:
            # A string may stand between the dots of a key.
            parts += token.count(".") if token[0] not in "\"'#" else previous.endswith(".")
        previous = token
        if depth > MOST_NESTED or (parts > MOST_PARTS and token[0] not in "\"'#"):
            raise ValueError(f"{file}:{line}: nested too deeply to be a rule file")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(_complaint(error, file, text)) from error


def _complaint(error: Exception, file: str, text: str) -> str:
    """tomllib's message as `file:line: what`."""
    if isinstance(error, RecursionError):
        return f"{file}: nested too deeply to be a rule file"
    found = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", str(error), re.DOTALL)
    if found is None:
        # "(at end of document)"
        return f"{file}:{text.rstrip().count(chr(10)) + 1}: {error}"
    return f"{file}:{found[2]}: {found[1]} (column {found[3]})"


Path = tuple[str | int, ...]
"""The keys and, in arrays, numbers that lead to a value."""


def toml_lines(text: str) -> dict[Path, int]:
    """The line of each table and key, by its path; `[[…]]` and inline arrays count from 0."""
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}

    def element(path: Path) -> Path:
        """The last element of the array of tables that stands at each part of a header's path."""
        found: Path = ()
        for part in path:
            found = (*found, part)
            found = (*found, counts[found]) if found in counts else found
        return found

    table: Path = ()
    stack: list[tuple[str, Path, int]] = []
    """Open brackets of a value: which, where it stands, and how many elements an array has begun."""
    parts: list[str] = []
    value: Path | None = None
    header = ""
    for token, line in _tokens(_TOML, text):
        if token.startswith("#"):
            continue
        if token == "\n":
            if not stack and not header:
                parts, value = [], None
        elif header:
            if token == "[":
                header += token
            elif token != "]":
                parts += _names(token)
            else:
                path = element(tuple(parts[:-1])) + tuple(parts[-1:])
                if header == "[[":
                    counts[path] = counts.get(path, -1) + 1
                elif path in counts:
                    path = (*path, counts[path])
                table = (*path, counts[path]) if header == "[[" else path
                lines.setdefault(table, line)
                header, parts, value = "", [], ()
        elif token == "[" and not stack and value is None and not parts:
            header = token
        elif token == "=":
            value = (*(stack[-1][1] if stack else table), *parts)
            for length in range(len(parts)):
                lines.setdefault(value[: len(value) - length], line)
            parts = []
        elif token in "[{":
            at = value if value is not None else (*stack[-1][1], stack[-1][2]) if stack else ()
            lines.setdefault(at, line)
            stack.append((token, at, 0))
            value = None
        elif token in "]}":
            if stack:
                stack.pop()
            value = ()
        elif token == ",":
            if stack and stack[-1][0] == "[":
                stack[-1] = ("[", stack[-1][1], stack[-1][2] + 1)
            parts, value = [], None
        elif value is None and not (stack and stack[-1][0] == "["):
            parts += _names(token)
    return lines


def _names(token: str) -> list[str]:
    """The parts of a key that one token holds."""
    if token[0] in "\"'":
        return [token[1:-1]]
    return [part for part in token.split(".") if part]


def places(lines: Mapping[Path, int], array: str) -> Mapping[str | int, Place]:
    """The places of the elements of an outermost array, by their numbers; the first line for one that has none."""
    found: defaultdict[str | int, Place] = defaultdict(lambda: Place(1))
    for path, line in lines.items():
        if len(path) == 2 and path[0] == array:
            found[path[1]] = Place(line)
        elif len(path) == 3 and path[0] == array:
            found[path[1]].keys.setdefault(str(path[2]), line)
    return found


_JSON = re.compile(r'"(?:\\.|[^"\\])*"|\n|[\[\]{}:,]|[^\s\[\]{}:,"]+', re.DOTALL)


def json_lines(text: str) -> dict[Path, int]:
    """The lines in a JSON text by path, as deep as the keys of what stands in an outermost array."""
    lines: dict[Path, int] = {}
    path: list[str | int] = []
    previous = ""
    for token, line in _tokens(_JSON, text):
        if token == ":":
            path[-1] = previous.strip('"')
        elif token == "," and isinstance(path[-1], int):
            path[-1] += 1
        elif token in "]}":
            path.pop()
        if token in ":[{" and len(path) <= 3:
            lines.setdefault(tuple(path), line)
        if token in "[{":
            path.append(0 if token == "[" else "")
        previous = token if token != "\n" else previous
    return lines


def _tokens(grammar: re.Pattern[str], text: str) -> Iterator[tuple[str, int]]:
    line = 1
    for found in grammar.finditer(text):
        yield found.group(), line
        line += found.group().count("\n")
