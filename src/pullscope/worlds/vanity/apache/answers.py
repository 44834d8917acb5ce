"""How Apache words its own answers, and what mod_headers makes of a header."""

from __future__ import annotations

import re

from pullscope.oci.messages import Headers
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.decision import DECIDING, NotPlayedError, expression
from pullscope.worlds.vanity.dialects import Dialect

_PAGE = (
    '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>{status} {reason}</title>\n</head><body>\n'
    "<h1>{reason}</h1>\n</body></html>\n"
)
DIALECT = Dialect(
    server="Apache",
    redirect_type="text/html; charset=iso-8859-1",
    redirect_body=_PAGE,
    not_found_type="text/html; charset=iso-8859-1",
    not_found_body=_PAGE,
)


def changed_header(headers: Headers, one: Directive) -> Headers:
    """`set NAME VALUE` and its like; one that decides and is not played is a NotPlayedError."""
    action, *words = one.args or [""]
    if not words:
        return headers
    name = words[0].rstrip(":")
    matters = name.lower() in DECIDING
    plain = len(words) < 2 or ("%{" not in words[1] and not any(word.startswith(("env=", "expr=")) for word in words))
    if matters and not plain:
        raise NotPlayedError(one.where, f"{one.name} {action} {name} is not played")
    match action.lower():
        case "set" | "setifempty" if len(words) > 1:
            return headers if action.lower() == "setifempty" and name in headers else headers.replacing(name, words[1])
        case "unset":
            return headers.replacing(name, None)
        case "add" | "append" | "merge" if len(words) > 1:
            return Headers([*headers, (name, words[1])])
        case "edit" | "edit*" if len(words) > 2:
            return Headers(
                (key, _edited(value, words, one) if key.lower() == name.lower() else value) for key, value in headers
            )
    if matters:
        raise NotPlayedError(one.where, f"{one.name} {action} {name} is not played")
    return headers


def _edited(value: str, words: list[str], one: Directive) -> str:
    found = expression(words[1], one.where).search(value)
    if found is None:
        return value
    filled = re.sub(r"\$(\d)", lambda each: found.values.get(each[1], ""), words[2])
    return value[: found.start] + filled + value[found.end :]
