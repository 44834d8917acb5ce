"""The parts of a URL that a trace compares, read without refusing anything: `urlsplit` raises on what the wire may hold."""

from __future__ import annotations

from urllib.parse import parse_qs

MOST_PARAMETERS = 100


def host_of(url: str) -> str:
    """The authority in lower case, without user info; empty where there is none."""
    rest = url.partition("://")[2]
    for mark in "/?#":
        rest = rest.partition(mark)[0]
    return rest.rpartition("@")[2].lower()


def bare(url: str) -> str:
    """The URL without query and fragment: what makes a realm, or an upload, the same place."""
    return url.partition("#")[0].partition("?")[0]


def parameters(text: str) -> dict[str, list[str]]:
    """The parameters of a form, or of a query."""
    try:
        return parse_qs(text, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return {}


def query(url: str) -> str:
    """What follows the question mark."""
    return url.partition("#")[0].partition("?")[2]


def scopes_asked(url: str) -> list[str]:
    """The scopes that a token request's address names, each for itself."""
    text = query(url)
    if "scope=" not in text:
        return []
    return [scope for value in parameters(text).get("scope", ()) for scope in value.split()]
