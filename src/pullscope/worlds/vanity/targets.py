"""Hosts and URLs that rules name: whether a text is one, what becomes of the query, which host a variable may stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TypeVar
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from pullscope.worlds.vanity.rules import NotPlayedError

# The characters that stay as they are in a path (RFC 3986, 3.3: pchar, and the slash).
PATH_CHARACTERS = "/:@!$&'()*+,;=~-._"


def with_query(base: str, query: str, *, joins: bool) -> str:
    """`base` with the query of the request; where it has one of its own, both only where the platform `joins` them."""
    if "?" not in base:
        return f"{base}?{query}"
    if not joins:
        return base
    # What the target says wins over the same name in the request.
    taken = {name for name, _ in parse_qsl(base.partition("?")[2], keep_blank_values=True)}
    more = urlencode([pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in taken])
    return f"{base}&{more}" if more else base


def is_url(text: str) -> bool:
    """Whether `text` can be taken apart as a URL or a path; a client's path may have been put where a host or port is."""
    try:
        split = urlsplit(text)
        port = split.port
    except ValueError:
        return False
    return (port is None or port > 0) and ".." not in split.netloc


def absolute(target: str, asked: SplitResult) -> str:
    """`target` as a URL with a host, of the asked one where it names none."""
    if urlsplit(target).netloc:
        return target
    return f"{asked.scheme}://{asked.netloc}{target if target.startswith('/') else '/' + target}"


def normal_path(path: str) -> str:
    """A decoded path as nginx (merge_slashes) and Apache (MergeSlashes) see it: doubled slashes are one, dots resolved."""
    path = re.sub(r"/{2,}", "/", path) if path.startswith("/") else f"/{path}"
    if "/." not in path:
        return path
    kept: list[str] = []
    for part in path.split("/")[1:]:
        if part == "..":
            kept[-1:] = []
        elif part != ".":
            kept.append(part)
    ending = "/" if path.endswith(("/.", "/..")) else ""
    return "/" + "/".join(kept) + (ending if not (kept and kept[-1] == "") else "")


_Site = TypeVar("_Site")
_VARIABLE = re.compile(r"\$?\{[^{}]*\}|\$\w+")


def told(name: str, host: str) -> int | None:
    """How many characters of `host` the name tells; None for one without a variable, and for one that cannot be it."""
    pieces = _VARIABLE.split(name)
    if len(pieces) == 1 or not fnmatchcase(host, "*".join(piece.replace("[", "[[]") for piece in pieces)):
        return None
    return len("".join(pieces))


def likeliest(host: str, named: Iterable[tuple[str, str, _Site]]) -> list[_Site]:
    """The sites, each with its place and a name, whose name tells most of `host`; NotPlayedError where names do so alike."""
    fits = [(many, where, name, site) for where, name, site in named if (many := told(name, host)) is not None]
    most = max((many for many, *_ in fits), default=0)
    best = [one for one in fits if one[0] == most]
    for _, where, name, _ in best:
        if name != best[0][2]:
            raise NotPlayedError(where, f"{best[0][2]} and {name} have no value here, and either may be {host}")
    return [site for *_, site in best]
