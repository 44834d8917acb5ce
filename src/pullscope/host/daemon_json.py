"""dockerd's daemon.json as text: our entries go in and come out, every other byte stays.

Strict JSON as dockerd reads it (no comments, no byte order mark, no key twice); what is not that raises ValueError
with a sentence, and is not touched. Knows nothing of files: text in, text out.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

INSECURE = "insecure-registries"
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
    return {member.key: member.value for member in _members(_text(content))}


def add_insecure(content: bytes | None, hosts: tuple[str, ...]) -> bytes:
    """`content` (None: no file) with `hosts` among the insecure registries."""
    if content is None:
        return (json.dumps({INSECURE: list(hosts)}, indent=2) + "\n").encode()
    text = _text(content)
    found = next((member for member in _members(text) if member.key == INSECURE), None)
    if found is None:
        return _add_member(text, INSECURE, list(hosts)).encode()
    new = [host for host in hosts if host not in _list(found)]
    return _add_items(text, found, new).encode() if new else content


def remove_insecure(content: bytes, hosts: tuple[str, ...], *, keep_empty: bool) -> bytes:
    """`content` without `hosts` among the insecure registries; an emptied list goes too unless `keep_empty`."""
    text = _text(content)
    found = next((member for member in _members(text) if member.key == INSECURE), None)
    if found is None or not set(hosts) & set(_list(found)):
        if found is not None and found.value == [] and not keep_empty:
            return _remove_member(text, found).encode()
        return content
    if set(_list(found)) <= set(hosts) and not keep_empty:
        return _remove_member(text, found).encode()
    return _remove_items(text, found, hosts).encode()


def set_member(content: bytes, key: str, value: Any) -> bytes:
    """`content` with another value for `key`, in its place, or added at the end."""
    text = _text(content)
    found = next((member for member in _members(text) if member.key == key), None)
    if found is None:
        return _add_member(text, key, value).encode()
    return (text[: found.value_start] + json.dumps(value) + text[found.end :]).encode()


def with_empty_insecure(content: bytes | None) -> bytes:
    """`content` with an explicit `[]`: on reload dockerd keeps the old list where the key is absent (reload.go:251)."""
    if content is None:
        return b'{"insecure-registries": []}\n'
    text = _text(content)
    if any(member.key == INSECURE for member in _members(text)):
        return content
    return _add_member(text, INSECURE, []).encode()


def _text(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        raise ValueError("begins with a byte order mark, which older daemons refuse")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 (byte {error.start})") from error


def _list(member: Member) -> list[str]:
    if not isinstance(member.value, list):
        raise ValueError(f'has "{member.key}" that is not a list')  # noqa: TRY004  # a fault of the file, not of a type
    return member.value


def _members(text: str) -> list[Member]:
    """Every member of the outermost object, with its place in the text."""
    if not text.strip():
        raise ValueError("is empty, which is not JSON")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ValueError(f"is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004  # a fault of the file, not of a type
    decoder = json.JSONDecoder()
    members: list[Member] = []
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        key, after = decoder.raw_decode(text, at)
        value_start = _skip(text, _skip(text, after) + 1)
        value, end = decoder.raw_decode(text, value_start)
        if any(member.key == key for member in members):
            raise ValueError(f'has the key "{key}" twice')
        members.append(Member(key=key, start=at, value_start=value_start, end=end, value=value))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return members


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
    members = _members(text)
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
    members = _members(text)
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


def _add_items(text: str, member: Member, new: list[str]) -> str:
    spans = _items(text, member)
    if not spans:
        return text[: member.value_start] + json.dumps(new) + text[member.end :]
    start, end, _ = spans[-1]
    between = _space_before(text, start)
    if len(spans) == 1 and not between:
        between = " "
    added = "".join(f",{between}{json.dumps(item)}" for item in new)
    return text[:end] + added + text[end:]


def _remove_items(text: str, member: Member, gone: tuple[str, ...]) -> str:
    spans = _items(text, member)
    for place in range(len(spans) - 1, -1, -1):
        start, end, value = spans[place]
        if value not in gone:
            continue
        if place > 0:
            start = spans[place - 1][1]
        elif len(spans) > 1:
            end = spans[1][0]
        else:
            start, end = member.value_start + 1, text.rindex("]", end, member.end)
        text = text[:start] + text[end:]
        member = next(other for other in _members(text) if other.key == member.key)
        spans = _items(text, member)
    return text
