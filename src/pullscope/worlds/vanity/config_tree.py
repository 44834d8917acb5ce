"""YAML, TOML and JSON documents with their lines, within bounds; YAML and TOML as one kind of tree. Knows no platform.

Scalars stay as they are written: what is a number or true is the reader's matter. Names are found whatever their case, as
Traefik and Kubernetes' own readers take them. The scanners for places run on text that the real parser has accepted.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
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


# More parts than a key has: the deepest that Netlify knows has five. A string may stand between the dots.
_LONG_KEY = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){12}(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*[\]=.]"""
)


def _depth(text: str) -> int:
    """Of brackets, those in strings too."""
    return max(accumulate((char in "[{") - (char in "]}") for char in text if char in "[]{}"), default=0)


def read_toml(text: str, file: str) -> dict[str, Any]:
    """The document; ValueError, as `file:line: what`, for a text that is not TOML, or would take tomllib very long."""
    if (long := _LONG_KEY.search(text)) is not None or _depth(text) > 4 * MOST_NESTED:
        line = text.count("\n", 0, long.start() if long is not None else len(text)) + 1
        raise ValueError(f"{file}:{line}: nested too deeply to be a rule file")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(_toml_complaint(error, file, text)) from error


def _toml_complaint(error: Exception, file: str, text: str) -> str:
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


MAX_YAML = 96 * 1024
"""Characters; a reader in Python takes seconds for them."""
MOST_NESTED = 60


@dataclass(slots=True)
class Item:
    """A scalar's text, the items of a list, or those of a mapping by their names in lower case."""

    where: str
    """`ingress.yaml:12`."""
    text: str = ""
    rows: list[Item] = field(default_factory=list)
    fields: dict[str, Item] = field(default_factory=dict)

    def at(self, *names: str) -> Item:
        """What stands under these names, one below the other; an empty item where there is nothing."""
        one: Item | None = self
        for name in names:
            one = one.fields.get(name.lower()) if one is not None else None
        return one if one is not None else Item(self.where)

    def __bool__(self) -> bool:
        return bool(self.text or self.rows or self.fields)

    @property
    def is_true(self) -> bool:
        return self.text.lower() == "true"

    @property
    def words(self) -> list[str]:
        """The texts of a list, or the one of a scalar."""
        return [one.text for one in self.rows] if self.rows else [self.text] if self.text else []

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The names, in lower case, and texts of a mapping."""
        return [(name, one.text) for name, one in self.fields.items()]


def read_items(text: str, file: str) -> list[Item]:
    """The documents of a .toml or YAML file; ValueError, with the line, for any other text."""
    if file.lower().endswith(".toml"):
        return [_of_toml(read_toml(text, file), (), toml_lines(text), file, f"{file}:1")]
    if len(text) > MAX_YAML:
        raise ValueError(f"{file} is larger than {MAX_YAML // 1024} KiB; that is not a rule file")
    if _depth(text) > 4 * MOST_NESTED:
        raise ValueError(f"{file}: nested too deeply to be a rule file")
    # Here, since most commands read none and its import takes a while.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    reader = YAML(typ="safe", pure=True)
    reader.composer.warn_double_anchors = False  # YAML 1.2, 3.2.2.2: an anchor may be set anew
    try:
        return [_of_yaml(node, {}, file, 0) for node in reader.compose_all(text) if node is not None]
    except (YAMLError, RecursionError) as error:
        raise ValueError(_complaint(error, file)) from error


def _complaint(error: Exception, file: str) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"{file}:{mark.line + 1}" if mark is not None else file
    told = getattr(error, "problem", None) or "nested too deeply to be a rule file"
    return f"{where}: {' '.join(str(told).split())[:200]}"


def _of_yaml(node: Any, known: dict[int, Item], file: str, depth: int) -> Item:
    if id(node) in known:
        # An alias, which may stand inside what it names.
        return known[id(node)]
    where = f"{file}:{node.start_mark.line + 1}"
    if depth > MOST_NESTED:
        raise ValueError(f"{where}: nested too deeply to be a rule file")
    item = known[id(node)] = Item(where)
    if isinstance(node.value, str):
        item.text = "" if node.tag.endswith(":null") else node.value
    elif node.id == "sequence":
        item.rows = [_of_yaml(one, known, file, depth + 1) for one in node.value]
    else:
        merged: dict[str, Item] = {}
        for key, value in node.value:
            below = _of_yaml(value, known, file, depth + 1)
            if key.tag.endswith(":merge"):
                for one in (below, *below.rows):
                    merged |= {name: inner for name, inner in one.fields.items() if name not in merged}
            elif isinstance(key.value, str):
                # The line of the name, which is where one looks.
                below.where = f"{file}:{key.start_mark.line + 1}" if below.text or not below else below.where
                item.fields[key.value.lower()] = below
        item.fields = {**merged, **item.fields}
    return item


def _of_toml(value: object, path: Path, lines: Mapping[Path, int], file: str, where: str) -> Item:
    where = f"{file}:{lines[path]}" if path in lines else where
    match value:
        case dict():
            below = {str(name): _of_toml(one, (*path, name), lines, file, where) for name, one in value.items()}
            return Item(where, fields={name.lower(): one for name, one in below.items()})
        case list():
            return Item(where, rows=[_of_toml(one, (*path, i), lines, file, where) for i, one in enumerate(value)])
        case bool():
            return Item(where, str(value).lower())
    return Item(where, str(value))


def every(item: Item) -> Iterator[Item]:
    """The items of a list, or the item itself if it is not a list."""
    return iter(item.rows or ([item] if item else []))
