"""One request on its way through an Apache virtual host: its path and query now, what is in effect for it, its variables,
and how Apache words its own answers and changes headers (mod_headers).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from pullscope.oci.messages import Headers, Request
from pullscope.worlds.vanity.apache.tree import Config, Host
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.decision import DECIDING, NotPlayedError, expression
from pullscope.worlds.vanity.dialects import Dialect
from pullscope.worlds.vanity.regexes import Found
from pullscope.worlds.vanity.targets import normal_path

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


_VARIABLE = re.compile(r"%\{([^{}]+)\}|([$%])(\d)")


@dataclass(slots=True)
class State:
    """What the modules read and change."""

    config: Config
    host: Host
    request: Request
    path: str = field(init=False)
    query: str = field(init=False)

    def __post_init__(self) -> None:
        split = urlsplit(self.request.url)
        self.path = normal_path(unquote(split.path or "/"))
        self.query = split.query

    def sections(self) -> list[Directive]:
        """The <Location>s of this path, in order."""
        return [
            one for one in self.host.directives if one.name in {"location", "locationmatch"} and self._in_section(one)
        ]

    def _in_section(self, one: Directive) -> bool:
        words = one.args
        if one.name == "locationmatch" or words[:1] == ["~"]:
            return self.search(words[-1], self.path, one) is not None
        return bool(words) and is_below(words[0], self.path)

    def here(self) -> list[Directive]:
        """The directives in effect for this path: the host's, then those of its sections."""
        found = [*self.host.directives]
        for section in self.sections():
            found.extend(section.block or [])
        return found

    def search(self, pattern: str, text: str, one: Directive, *, ignore_case: bool = False) -> Found | None:
        """The first match; NotPlayedError where the expression is not played."""
        return expression(pattern, one.where, ignore_case=ignore_case).search(text)

    def fill(self, text: str, one: Directive, groups: Mapping[str, str], matched: Mapping[str, str]) -> str:
        """`text` with $1, %1 and %{NAME} filled in."""

        def value(found: re.Match[str]) -> str:
            name, kind, number = found.groups()
            if number is not None:
                return (groups if kind == "$" else matched).get(number, "")
            known = self._variable(name)
            if known is None:
                raise NotPlayedError(one.where, f"{found[0]} is not known here")
            return known

        return _VARIABLE.sub(value, text)

    def _variable(self, name: str) -> str | None:
        if name.startswith("HTTP:"):
            return self.request.headers.get(name[5:]) or ""
        known = {
            "REQUEST_URI": self.path,
            "QUERY_STRING": self.query,
            "REQUEST_METHOD": self.request.method,
            "REQUEST_SCHEME": "https",
            "HTTPS": "on",
            "SERVER_PORT": "443",
            "HTTP_HOST": self.request.headers.get("Host") or self.request.host,
            "SERVER_NAME": next(iter(self.host.names), urlsplit(self.request.url).hostname or ""),
            "REQUEST_FILENAME": self.path,
            "THE_REQUEST": f"{self.request.method} {self.path}{f'?{self.query}' if self.query else ''} HTTP/1.1",
            "HTTP_USER_AGENT": self.request.headers.get("User-Agent") or "",
            "HTTP_REFERER": self.request.headers.get("Referer") or "",
            "HTTP_COOKIE": "",
            "HTTP_ACCEPT": self.request.headers.get("Accept") or "",
        }
        return known.get(name)


def is_below(prefix: str, path: str) -> bool:
    """mod_alias, alias_matches: a prefix that ends at a slash or with the path."""
    if not path.startswith(prefix):
        return False
    return prefix.endswith("/") or len(path) == len(prefix) or path[len(prefix)] == "/"
