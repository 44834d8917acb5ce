"""TOML as data and as lines: what a file says, and on which line each table and key stands, so that words can name it.

Reading only. A file that is not TOML raises ValueError with the line, as the end of a sentence that begins with its path.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A `[table]` or one `[[item]]`. `line`: of its header, 0 for the top of the file; `keys`: first and last line of each."""

    path: tuple[str, ...]
    line: int
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class TomlText:
    """A whole file."""

    data: dict[str, Any]
    tables: tuple[Table, ...]
    lines: int

    def named(self, *path: str) -> list[Table]:
        """The tables of exactly this path, in the order of the file."""
        return [table for table in self.tables if table.path == path]

    def line(self, *path: str) -> int:
        """The line of a table's header; 0 where there is none."""
        return next((table.line for table in self.named(*path)), 0)

    def span(self, table: Table) -> tuple[int, int]:
        """The first and the last line of a table, from its header to the next one."""
        after = [other.line for other in self.tables if other.line > table.line]
        return table.line, (min(after) - 1 if after else self.lines)


def read(text: str) -> TomlText:
    """The file; ValueError with the line where it is not TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"is not TOML: {error}") from error
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    return TomlText(data=data, tables=tuple(_tables(text)), lines=len(text.splitlines()))


def get(data: Any, *path: str) -> Any:
    """The value below nested tables; None where a part of the path is missing or no table."""
    for part in path:
        if not isinstance(data, dict):
            return None
        data = data.get(part)
    return data


def texts(value: Any) -> list[str]:
    """A text or a list of texts as a list; what is neither is passed over."""
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def header(path: tuple[str, ...]) -> str:
    """The header of a table, with quotes where a part needs them."""
    words = (part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"' for part in path)
    return f"[{'.'.join(words)}]"


def _tables(text: str) -> list[Table]:
    found = [Table(path=(), line=0)]
    pending: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not pending and (not stripped or stripped.startswith("#")):
            continue
        if not pending and stripped.startswith("["):
            path = _path(stripped)
            if path is not None:
                found.append(Table(path=path, line=number))
            continue
        pending.append(line)
        key = _path("\n".join(pending))
        if key is not None:
            found[-1].keys[key[0]] = (number - len(pending) + 1, number)
            pending = []
    return found


def _path(text: str) -> tuple[str, ...] | None:
    """The keys that one header or one assignment names; None where it is not complete."""
    try:
        data: Any = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    path: list[str] = []
    while isinstance(data, dict) and len(data) == 1:
        key, data = next(iter(data.items()))
        path.append(key)
        data = data[0] if isinstance(data, list) and data else data
    return tuple(path) or None


def quoted(text: str) -> str:
    """A basic string of TOML, which are spelled as those of JSON."""
    return json.dumps(text, ensure_ascii=False)
