"""Notes on a flow (`flow.metadata`), for another addon, a window, or the reader of a flow file."""

from __future__ import annotations

from typing import Any

from mitmproxy import http

SEEN = "pullscope"
"""The key under which the observer keeps what a flow file would lose: bytes, sha256, what was said of the step."""

ANSWERED_BY = "pullscope_answered_by"
"""The key under which an addon that answers in a server's place leaves its name."""

MIRRORED = "pullscope_mirrored"
"""The key that a request has which was asked of a mirror: for which registry."""


def seen_of(flow: http.HTTPFlow) -> dict[str, Any]:
    """What the observer left on a flow, to read and to add to; a file may hold anything there."""
    seen = flow.metadata.get(SEEN)
    if not isinstance(seen, dict):
        seen = flow.metadata[SEEN] = {}
    return seen
