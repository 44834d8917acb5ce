"""dockerd's daemon.json as text: our entries go in and come out, every other byte stays.

Strict JSON as dockerd reads it (no comments, no byte order mark, no key twice); what is not that raises ValueError
with a sentence, and is not touched. Knows nothing of files: text in, text out.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

INSECURE = "insecure-registries"
MIRRORS = "registry-mirrors"
PROXIES = "proxies"

_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A member of an object or an item of a list: where it begins, where its value does, and where both end."""

    key: str
    start: int
    colon: str
    """What stands between key and value."""
    value_start: int
    end: int
    value: Any


def read(content: bytes) -> dict[str, Any]:
    """The settings of a daemon.json, or ValueError with the reason why it is not one."""
    return _decoded(_text(content))


def listed(settings: Mapping[str, Any], key: str) -> list[str]:
    """The registries that `settings` lists under `key`; ValueError where the value is not a list of strings."""
    found = settings.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise ValueError(f'has "{key}" that is not a list of strings')
    return found


def proxies(settings: Mapping[str, Any]) -> dict[str, str]:
    """The proxies that `settings` names, empty where it names none; ValueError where they are not strings by name."""
    found = settings.get(PROXIES, {})
    if not isinstance(found, dict) or not all(isinstance(item, str) for item in found.values()):
        raise ValueError(f'has "{PROXIES}" that is not an object of strings')
    return found


def add_listed(content: bytes | None, key: str, new: tuple[str, ...], *, first: bool = False) -> bytes:
    """`content` (None: no file) with `new` in the list under `key`: behind what is there, or before it."""
    if content is None:
        return (json.dumps({key: list(new)}, indent=2) + "\n").encode()
    text = _text(content)
    members = _members(text)
    known = set(_registries(members, key))
    found = members.get(key)
    if found is None:
        return _add_member(text, key, list(new)).encode()
    added = [item for item in dict.fromkeys(new) if item not in known]
    return _add_items(text, found, added, first=first).encode() if added else content


def remove_listed(content: bytes, key: str, gone: tuple[str, ...], *, keep_empty: bool) -> bytes:
    """`content` without `gone` in the list under `key`; an emptied list goes too unless `keep_empty`."""
    text = _text(content)
    members = _members(text)
    known = set(_registries(members, key))
    found = members.get(key)
    if found is None:
        return content
    if known <= set(gone) and not keep_empty:
        return _without(text, list(members.values()), [found], text.index("{"), text.rindex("}")).encode()
    items = _parts(text, found.value_start)
    unwanted = [item for item in items if item.value in gone]
    return _without(text, items, unwanted, found.value_start, found.end - 1).encode() if unwanted else content


def set_member(content: bytes, key: str, value: Any) -> bytes:
    """`content` with another value for `key`, in its place, or added at the end."""
    text = _text(content)
    found = _members(text).get(key)
    if found is None:
        return _add_member(text, key, value).encode()
    return (text[: found.value_start] + json.dumps(value) + text[found.end :]).encode()


def with_empty(content: bytes | None, key: str) -> bytes:
    """`content` with an explicit `[]`: on reload dockerd keeps the old list where the key is absent (reload.go:251)."""
    if content is None:
        return f'{{"{key}": []}}\n'.encode()
    text = _text(content)
    if key in _members(text):
        return content
    return _add_member(text, key, []).encode()


def _text(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        raise ValueError("begins with a byte order mark, which older daemons refuse")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 (byte {error.start})") from error


def _registries(members: Mapping[str, Part], key: str) -> list[str]:
    return listed({name: member.value for name, member in members.items() if name == key}, key)


def _members(text: str) -> dict[str, Part]:
    """Every member of the outermost object by its key, in order."""
    _decoded(text)
    return {member.key: member for member in _parts(text, _skip(text, 0))}


def _parts(text: str, at: int) -> list[Part]:
    """What is in the object or the list that begins at `at`."""
    decoder = json.JSONDecoder()
    closing = "}" if text[at] == "{" else "]"
    found: list[Part] = []
    at = _skip(text, at + 1)
    while text[at] != closing:
        start, key, colon = at, "", ""
        if closing == "}":
            key, after = decoder.raw_decode(text, at)
            at = _skip(text, _skip(text, after) + 1)
            colon = text[after:at]
        value, end = decoder.raw_decode(text, at)
        found.append(Part(key=key, start=start, colon=colon, value_start=at, end=end, value=value))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _decoded(text: str) -> dict[str, Any]:
    """The document; ValueError with the reason where dockerd would not read it either."""
    if not text.strip():
        raise ValueError("is empty, which is not JSON")
    outermost: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal outermost
        outermost = pairs  # the last object to be complete
        return dict(pairs)

    try:
        document = json.loads(text, parse_constant=_no_constant, object_pairs_hook=keep)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON ({error})") from error
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ValueError as error:
        # Python reads no number of more than 4,300 digits, and says so in words of its own.
        reason = str(error) if str(error).startswith("is not JSON") else "has a number with too many digits"
        raise ValueError(reason) from None
    if not isinstance(document, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004  # a fault of the file, not of a type
    if len(document) != len(outermost):
        twice = next(key for key, count in Counter(key for key, _ in outermost).items() if count > 1)
        raise ValueError(f"has the key {json.dumps(twice[:100])} twice")
    return document


def _no_constant(name: str) -> Any:
    raise ValueError(f"is not JSON ({name} is not a number there)")


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _space_before(text: str, at: int) -> str:
    """The white space that ends at `at`: the style in which this file separates things."""
    start = at
    while start > 0 and text[start - 1] in " \t\r\n":
        start -= 1
    return text[start:at]


def _add_member(text: str, key: str, value: Any) -> str:
    members = list(_members(text).values())
    if not members:
        opening = text.index("{")
        newline = "\r\n" if "\r\n" in text else "\n"
        body = f"{newline}  {json.dumps(key)}: {json.dumps(value)}{newline}"
        return text[: opening + 1] + body + text[text.rindex("}") :]
    last = members[-1]
    between = _space_before(text, last.start)
    if not between and len(members) == 1 and " " in last.colon:
        between = " "
    return text[: last.end] + f",{between}{json.dumps(key)}{last.colon}{json.dumps(value)}" + text[last.end :]


def _add_items(text: str, member: Part, new: list[str], *, first: bool) -> str:
    items = _parts(text, member.value_start)
    if not items:
        return text[: member.value_start] + json.dumps(new) + text[member.end :]
    if first:
        at = items[0].start
        between = _space_before(text, at) or " "
        return text[:at] + "".join(f"{json.dumps(item)},{between}" for item in new) + text[at:]
    last = items[-1]
    between = _space_before(text, last.start)
    if len(items) == 1 and not between:
        between = " "
    added = "".join(f",{between}{json.dumps(item)}" for item in new)
    return text[: last.end] + added + text[last.end :]


def _without(text: str, parts: list[Part], gone: list[Part], opening: int, closing: int) -> str:
    """`text` without some parts between these brackets: each goes with the comma before it, the first with that after it."""
    if len(gone) == len(parts):
        return text[: opening + 1] + text[closing:]
    kept, without = "", {part.start for part in gone}
    for place, part in enumerate(parts):
        if part.start not in without:
            kept += text[parts[place - 1].end if kept else part.start : part.end]
    return text[: parts[0].start] + kept + text[parts[-1].end :]
