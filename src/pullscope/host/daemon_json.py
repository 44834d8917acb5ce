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
class Member:
    """One member of the outermost object: where its key begins, and where its value begins and ends."""

    key: str
    start: int
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
    if found is None or not known & set(gone):
        if found is not None and not known and not keep_empty:
            return _remove_member(text, found).encode()
        return content
    if known <= set(gone) and not keep_empty:
        return _remove_member(text, found).encode()
    return _remove_items(text, found, frozenset(gone)).encode()


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


def _registries(members: Mapping[str, Member], key: str) -> list[str]:
    return listed({name: member.value for name, member in members.items() if name == key}, key)


def _members(text: str) -> dict[str, Member]:
    """Every member of the outermost object by its key, in order, with its place in the text."""
    _decoded(text)
    decoder = json.JSONDecoder()
    members: dict[str, Member] = {}
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        key, after = decoder.raw_decode(text, at)
        value_start = _skip(text, _skip(text, after) + 1)
        value, end = decoder.raw_decode(text, value_start)
        members[key] = Member(key=key, start=at, value_start=value_start, end=end, value=value)
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return members


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
    colon = text[_key_end(text, last) : last.value_start]
    between = _space_before(text, last.start)
    if not between and len(members) == 1 and " " in colon:
        between = " "
    return text[: last.end] + f",{between}{json.dumps(key)}{colon}{json.dumps(value)}" + text[last.end :]


def _key_end(text: str, member: Member) -> int:
    return json.JSONDecoder().raw_decode(text, member.start)[1]


def _remove_member(text: str, member: Member) -> str:
    members = list(_members(text).values())
    place = next(number for number, other in enumerate(members) if other.start == member.start)
    if place > 0:
        return text[: members[place - 1].end] + text[member.end :]
    if len(members) > 1:
        return text[: member.start] + text[members[1].start :]
    return text[: text.index("{") + 1] + text[text.rindex("}") :]


def _items(text: str, member: Member) -> list[tuple[int, int, Any]]:
    decoder = json.JSONDecoder()
    spans: list[tuple[int, int, Any]] = []
    at = _skip(text, member.value_start + 1)
    while text[at] != "]":
        value, end = decoder.raw_decode(text, at)
        spans.append((at, end, value))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return spans


def _add_items(text: str, member: Member, new: list[str], *, first: bool) -> str:
    spans = _items(text, member)
    if not spans:
        return text[: member.value_start] + json.dumps(new) + text[member.end :]
    if first:
        at = spans[0][0]
        between = _space_before(text, at) or " "
        return text[:at] + "".join(f"{json.dumps(item)},{between}" for item in new) + text[at:]
    start, end, _ = spans[-1]
    between = _space_before(text, start)
    if len(spans) == 1 and not between:
        between = " "
    added = "".join(f",{between}{json.dumps(item)}" for item in new)
    return text[:end] + added + text[end:]


def _remove_items(text: str, member: Member, gone: frozenset[str]) -> str:
    """`text` without the items in `gone`: each goes with the comma before it, the first ones with the comma after."""
    spans = _items(text, member)
    kept = [place for place, (_, _, value) in enumerate(spans) if value not in gone]
    if not kept:
        return text[: member.value_start + 1] + text[text.rindex("]", spans[-1][1], member.end) :]
    pieces = [text[: spans[0][0]]]
    for number, place in enumerate(kept):
        start = spans[place][0] if number == 0 else spans[place - 1][1]
        pieces.append(text[start : spans[place][1]])
    return "".join((*pieces, text[spans[-1][1] :]))
