"""YAML and TOML documents as one kind of tree, in which everything has its line. Text in, items out; knows no platform.

Scalars stay as they are written: what is a number or true is the reader's matter. Names are found whatever their case, as Traefik
and Kubernetes' own readers take them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from pullscope.worlds.vanity.source_positions import read_toml, toml_lines

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
    if max(accumulate((char in "[{") - (char in "]}") for char in text if char in "[]{}"), default=0) > 4 * MOST_NESTED:
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


_Keys = tuple[str | int, ...]


def _of_toml(value: object, path: _Keys, lines: Mapping[_Keys, int], file: str, where: str) -> Item:
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
