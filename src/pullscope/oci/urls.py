"""URLs as the wire spells them: taken apart, joined and compared, and never refused.

`urllib.parse` raises on what a header may hold (`https://[x/`, a port of words) and forgets that a URL from the wire may
be a megabyte of anything. Here every string has parts, if only empty ones; what is not a URL joins to nothing and is a place of
its own. RFC 3986 says what the parts are; nothing is decoded except the names and values of parameters.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus

MOST_PARAMETERS = 100
MOST_SEGMENTS = 1_000
"""Dots in a path with more segments are left as they are: no registry has such a path."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,63}+:")
_LARGEST_PORT = 65_535
_HOST_AND_PORT = re.compile(r"(?:[A-Za-z0-9._~%!$&'()*+;=-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
"""Without the comma, which is what joins two Host lines."""


class Url(NamedTuple):
    """The parts of a URL as they are spelled; what a string does not have is empty."""

    scheme: str
    """In lower case."""
    authority: str
    """User info, host and port."""
    path: str
    query: str
    fragment: str

    def __str__(self) -> str:
        scheme = f"{self.scheme}:" if self.scheme else ""
        authority = f"//{self.authority}" if self.authority or self.path.startswith("//") else ""
        asked, sharp = ("?" if self.query else ""), ("#" if self.fragment else "")
        return f"{scheme}{authority}{self.path}{asked}{self.query}{sharp}{self.fragment}"

    @property
    def netloc(self) -> str:
        """Host and port in lower case, without user info."""
        return self.authority.rpartition("@")[2].lower()

    @property
    def host(self) -> str:
        """The host in lower case, without port and without the brackets of an IPv6 address."""
        name, _, _ = _host_and_port(self.netloc)
        return name[1:-1] if name.startswith("[") and name.endswith("]") else name

    @property
    def port(self) -> int | None:
        """The port that is spelled; None without one, or if it is not a port."""
        text = _host_and_port(self.netloc)[2]
        if not text.isascii() or not text.isdigit() or len(text) > 5:
            return None
        return int(text) if int(text) <= _LARGEST_PORT else None


def is_host(authority: str) -> bool:
    """Whether this is a host and maybe a port, as RFC 3986 spells them (3.2.2), without user info."""
    return _HOST_AND_PORT.fullmatch(authority) is not None


def split(url: str) -> Url:
    """The parts of a URL, absolute or relative."""
    rest, _, fragment = url.partition("#")
    rest, _, query = rest.partition("?")
    found = _SCHEME.match(rest)
    scheme = found[0][:-1].lower() if found else ""
    rest = rest[found.end() :] if found else rest
    if not rest.startswith("//"):
        return Url(scheme, "", rest, query, fragment)
    end = rest.find("/", 2)
    if end < 0:
        return Url(scheme, rest[2:], "", query, fragment)
    return Url(scheme, rest[2:end], rest[end:], query, fragment)


def joined(base: str, reference: str) -> str:
    """What a reference (a Location, a Link) means where it was said (RFC 3986, 5.2)."""
    reference = reference.strip()
    found = _SCHEME.match(reference)
    if found is not None:
        return reference
    there = split(base)
    origin = f"{there.scheme}:" if there.scheme else ""
    if reference.startswith("//"):
        return origin + reference
    origin += f"//{there.authority}" if there.authority or origin else ""
    rest, sharp, fragment = reference.partition("#")
    path, asked, query = rest.partition("?")
    if not path:
        if not asked:
            asked, query = ("?" if there.query else ""), there.query
        path = there.path
    elif not path.startswith("/"):
        path = _without_dots(there.path[: there.path.rfind("/") + 1] or "/", path)
    elif "/." in path:
        path = _without_dots("", path)
    return f"{origin}{path}{asked}{query}{sharp}{fragment}"


def canonical(url: str) -> str:
    """The URL with scheme and host in lower case, without default port, user info and fragment (RFC 3986, 6.2)."""
    scheme, found, rest = url.partition("://")
    if not found:
        return url
    cut = min((place for place in (rest.find("/"), rest.find("?"), rest.find("#")) if place >= 0), default=len(rest))
    path = rest[cut:].partition("#")[0]
    return _origin(scheme, rest[:cut]) + (path if path.startswith("/") else f"/{path}")


def host_of(url: str) -> str:
    """Host and port of an absolute URL in lower case, without user info; empty where there is none."""
    rest = url.partition("://")[2].partition("/")[0]
    return rest.partition("?")[0].partition("#")[0].rpartition("@")[2].lower()


def path_of(url: str) -> str:
    """The path, as it is spelled."""
    return split(url).path


def bare(url: str) -> str:
    """The URL without query, fragment and default port, its host in lower case: what makes a realm, or an upload, the same
    place (artifacthub/hub#4114)."""
    place = url.partition("#")[0].partition("?")[0]
    in_lower_case = place[: place.find("/", len("https://"))].islower()
    return place if in_lower_case and ":443" not in place and ":80" not in place else canonical(place)


def query(url: str) -> str:
    """What follows the question mark."""
    return url.partition("#")[0].partition("?")[2]


def pairs(text: str) -> list[tuple[str, str]]:
    """The parameters of a query or of a form, decoded, in order; the first `MOST_PARAMETERS` of them."""
    found = []
    for part in text.split("&", MOST_PARAMETERS)[:MOST_PARAMETERS]:
        name, _, value = part.partition("=")
        if part:
            found.append((unquoted(name), unquoted(value)))
    return found


def parameters(text: str) -> dict[str, list[str]]:
    """The parameters of a query or of a form that have a value, by name."""
    named: dict[str, list[str]] = {}
    for name, value in pairs(text):
        if value:
            named.setdefault(name, []).append(value)
    return named


def unquoted(text: str) -> str:
    """A name or a value of a query, decoded."""
    return unquote_plus(text) if "%" in text or "+" in text else text


def _host_and_port(netloc: str) -> tuple[str, str, str]:
    if netloc.startswith("["):
        name, bracket, port = netloc.partition("]")
        return name + bracket, ":", port.removeprefix(":")
    return netloc.partition(":")


def _without_dots(start: str, path: str) -> str:
    """RFC 3986, 5.2.4."""
    whole = start + path
    segments = whole.split("/", MOST_SEGMENTS)
    if len(segments) > MOST_SEGMENTS:
        return whole
    kept: list[str] = []
    for segment in segments[1:]:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


@lru_cache(maxsize=1024)
def _origin(scheme: str, authority: str) -> str:
    scheme, authority = scheme.lower(), authority.rpartition("@")[2].lower()
    port = f":{_DEFAULT_PORTS.get(scheme, '')}"
    if len(port) > 1 and authority.endswith(port):
        authority = authority[: -len(port)]
    return f"{scheme}://{authority}"
