"""Caddy's matchers: whether a directive is for the request at hand (caddyserver.com/docs/caddyfile/matchers)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from urllib.parse import parse_qs

from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.caddy.state import State
from pullscope.worlds.vanity.decision import NotPlayedError
from pullscope.worlds.vanity.regexes import regex


def matches(state: State, named_matchers: Mapping[str, Directive], matcher: str, one: Directive) -> bool:
    """Whether the directive's matcher holds: a path, or a name such as @v2."""
    if matcher.startswith("/"):
        return _path_matches(matcher, state.path)
    named = named_matchers.get(matcher)
    if named is None:
        raise NotPlayedError(one.where, f"there is no matcher {matcher}")
    return _all_hold(state, named, named.name[1:])


def _all_hold(state: State, named: Directive, name: str) -> bool:
    unknown: NotPlayedError | None = None
    merged: dict[str, list[Directive]] = {}
    for row in named.block or []:
        merged.setdefault(row.name, []).append(row)
    for kind, same in merged.items():
        try:
            # Rows of the same kind are alternatives, but for `not` and headers of different names.
            results = (_holds(state, row, name) for row in same)
            if not (
                all(results) if kind in {"not", "header", "query", "header_regexp", "expression"} else any(results)
            ):
                return False
        except NotPlayedError as error:
            unknown = error
    if unknown is not None:
        raise unknown
    return True


def _holds(state: State, row: Directive, name: str) -> bool:
    words = row.args
    match row.name:
        case "path":
            return state.once(
                row, lambda: any(_path_matches(state.fill(word, row), state.path) for word in dict.fromkeys(words))
            )
        case "path_regexp" if words:
            label, pattern = (words[0], words[1]) if len(words) > 1 else (name, words[0])
            return state.matches(pattern, state.path, row, label)
        case "method":
            return state.request.method in {word.upper() for word in words}
        case "host":
            return any(fnmatch.fnmatchcase(state.host, word.lower()) for word in words)
        case "protocol" if words:
            return words[0].lower() in {"https", "http/1.1", "http/2"}
        case "header" if words:
            return _header_holds(state, words, row)
        case "header_regexp" if len(words) > 1:
            field_name, pattern = words[-2], words[-1]
            label = words[0] if len(words) > 2 else name
            return state.matches(pattern, state.request.headers.get(field_name) or "", row, label)
        case "query":
            given = parse_qs(state.query, keep_blank_values=True)
            pairs = [word.partition("=") for word in words]
            return all(key in given and (value == "*" or value in given[key]) for key, _, value in pairs)
        case "not":
            inside = row.block or []
            return not (inside and all(_holds(state, each, name) for each in inside))
        case _:
            raise NotPlayedError(row.where, f"the matcher {row.name} is not played")


def _header_holds(state: State, words: list[str], row: Directive) -> bool:
    value = state.request.headers.get(words[0].lstrip("!"))
    if words[0].startswith("!"):
        return value is None
    if len(words) == 1:
        return value is not None
    return value is not None and any(fnmatch.fnmatchcase(value, state.fill(word, row)) for word in words[1:])


def _path_matches(pattern: str, path: str) -> bool:
    """caddyserver.com/docs/caddyfile/matchers#path-matchers: exact, or with * at an end; without regard to case."""
    pattern, path = pattern.lower(), path.lower()
    if pattern == "*":
        return True
    if pattern.startswith("*") and pattern.endswith("*") and len(pattern) > 1:
        return pattern[1:-1] in path
    if pattern.endswith("*") and "*" not in pattern[:-1]:
        return path.startswith(pattern[:-1])
    if pattern.startswith("*") and "*" not in pattern[1:]:
        return path.endswith(pattern[1:])
    if "*" not in pattern and "?" not in pattern:
        return path == pattern
    expression = "".join(
        "[^/]*" if part == "*" else "[^/]" if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern)
    )
    return regex(f"^{expression}$").search(path) is not None
