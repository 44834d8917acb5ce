"""k3s and rke2: our mirror first among the endpoints of registries.yaml, from which they write hosts.toml at their start.

docs.k3s.io "Private Registry Configuration". YAML is a large language: what is edited is the block style of those pages, and a
file in another form is refused.
"""

from __future__ import annotations

import re

from pullscope.host import HostError
from pullscope.host.change_list import Parts
from pullscope.host.mirror.pieces import Pieces
from pullscope.host.mirror.runtime import Wish
from pullscope.host.routes.route import Node

FILES = {"k3s": "/etc/rancher/k3s/registries.yaml", "rke2": "/etc/rancher/rke2/registries.yaml"}

_KEY = re.compile(
    r"(?P<indent> *)(?P<quote>[\"']?)(?P<key>[^\s\"'#:\[\]{}]+(?::\d+)?)(?P=quote):\s*(?P<value>[^#]*?)\s*(?:#.*)?$"
)
_ITEM = re.compile(r"(?P<indent> *)- +\S")


def write(path: str, parts: Parts, _: Node, wish: Wish) -> list[str]:
    """Each registry below `mirrors`; its own endpoints stay behind ours."""
    pieces = Pieces(parts, path)
    lines = pieces.content.splitlines()
    mirrors = _find(lines, 0, len(lines), "mirrors", 0)
    new = ""
    for host in wish.hosts:
        block = f'  "{host}":\n    endpoint:\n      - "{wish.url}"\n'
        if mirrors is None:
            new += block
            continue
        end = _end(lines, mirrors)
        at = next((line for line in _below(lines, mirrors, end) if _key(lines[line]) == host), None)
        if at is None:
            indent = next((_indent(lines[line]) for line in _below(lines, mirrors, end)), 2)
            pieces.after(mirrors + 1, re.sub(r"^  ", " " * indent, block, flags=re.MULTILINE) if indent != 2 else block)
            continue
        _endpoint(pieces, lines, at, wish, path)
    if mirrors is None:
        if any(
            re.match(r"\S", line) and _KEY.match(line) is None and not line.startswith(("#", "---")) for line in lines
        ):
            raise _other_form(path)
        pieces.append(f"mirrors:\n{new}")
    pieces.done()
    return []


def _endpoint(pieces: Pieces, lines: list[str], at: int, wish: Wish, path: str) -> None:
    end = _end(lines, at)
    if any(wish.url in line for line in lines[at:end]):
        return
    place = next((line for line in _below(lines, at, end) if _key(lines[line]) in {"endpoint", "endpoints"}), None)
    first = next((line for line in range(place + 1, end) if lines[line].strip()), None) if place is not None else None
    item = _ITEM.match(lines[first]) if first is not None else None
    if place is None or first is None or item is None:
        raise _other_form(path)
    pieces.replace((first + 1, first + 1), f'{item["indent"]}- "{wish.url}"\n{lines[first]}')


def _other_form(path: str) -> HostError:
    return HostError(f"{path} is written in a form that is not edited here: add the endpoint by hand. Nothing changed")


def _key(line: str) -> str | None:
    match = _KEY.match(line)
    return match["key"] if match else None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _find(lines: list[str], start: int, end: int, key: str, indent: int) -> int | None:
    found = next((at for at in range(start, end) if _key(lines[at]) == key and _indent(lines[at]) == indent), None)
    if found is not None and (match := _KEY.match(lines[found])) and match["value"]:
        raise HostError(
            f"line {found + 1} of registries.yaml has {key} in a form that is not edited here. Nothing changed"
        )
    return found


def _end(lines: list[str], at: int) -> int:
    """The first line after a key's block."""
    own = _indent(lines[at])
    for line in range(at + 1, len(lines)):
        text = lines[line]
        if text.strip() and not text.lstrip().startswith("#") and _indent(text) <= own and not _ITEM.match(text):
            return line
    return len(lines)


def _below(lines: list[str], at: int, end: int) -> list[int]:
    """The keys directly below a key."""
    inside = [line for line in range(at + 1, end) if lines[line].strip() and not lines[line].lstrip().startswith("#")]
    least = min((_indent(lines[line]) for line in inside), default=0)
    return [line for line in inside if _indent(lines[line]) == least and _key(lines[line]) is not None]
