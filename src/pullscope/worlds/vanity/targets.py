"""URLs that rules lead to: whether a text is one, and what becomes of the request's query. Pure."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

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
        port = urlsplit(text).port
    except ValueError:
        return False
    return port is None or port > 0


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
