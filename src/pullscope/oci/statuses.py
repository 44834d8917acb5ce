"""What a status is called: in Go's words, which clients and most registries print, and by every name that it has had.

golang/go net/http/status.go. RFC 9110 named some anew (15.5.14 and others); Python has the new names from 3.13 on, so its table
is not a place to look them up.
"""

from __future__ import annotations

from http import HTTPStatus

_GO = {
    413: "Request Entity Too Large",
    414: "Request URI Too Long",
    416: "Requested Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
}
"""Where Go's name is not that of one of the Pythons."""

_OTHERS = {
    413: ("Content Too Large", "Payload Too Large"),
    414: ("URI Too Long", "Request-URI Too Long"),
    416: ("Range Not Satisfiable",),
    422: ("Unprocessable Content",),
}

_PHRASES = {status.value: _GO.get(status.value, status.phrase) for status in HTTPStatus}
NAMES = {status: (name, *_OTHERS.get(status, ())) for status, name in _PHRASES.items()}
"""Every name of each status, Go's first."""
PHRASES = frozenset(name for names in NAMES.values() for name in names)
"""All of them."""


def phrase(status: int) -> str:
    """`Not Found`; empty where there is no such status."""
    return _PHRASES.get(status, "")


def status_line(status: int) -> str:
    """`404 Not Found`, as Go has it in `Response.Status` (over HTTP/1, where a server says nothing else)."""
    return f"{status} {phrase(status)}".rstrip()
