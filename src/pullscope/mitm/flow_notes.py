"""Notes on a flow (`flow.metadata`), for another addon, a window, or the reader of a flow file; its comment and marker, for
mitmproxy's own windows. What a person wrote on a flow is left alone.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

from mitmproxy import ctx, flow, hooks, http

from pullscope.mitm.view import Labels
from pullscope.trace.model import Hop

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


class Marks:
    """Finds the flows of a trace's exchanges, as long as mitmproxy holds them too."""

    def __init__(self, labels: Labels | None) -> None:
        self._labels = labels
        self._flows: weakref.WeakValueDictionary[int, http.HTTPFlow] = weakref.WeakValueDictionary()

    def know(self, exchange: int, flow: http.HTTPFlow) -> None:
        """This flow is that exchange."""
        self._flows[exchange] = flow

    def put(self, hops: Iterable[Hop], *, announce: bool) -> None:
        """Name the step of each hop on its flow; `announce` where no hook of mitmproxy's will redraw the flow."""
        if self._labels is None:
            return
        touched: list[flow.Flow] = []
        for hop in hops:
            marked = self._flows.get(hop.request.exchange)
            if marked is None:
                continue
            comment, marker = self._labels(hop)
            seen = seen_of(marked)
            # Ours are remembered beside the flow's own, so that a person's can be told from them, also in a file.
            if marked.comment in ("", seen.get("comment")):
                marked.comment = comment
            if marked.marked in ("", seen.get("marker")):
                marked.marked = marker
            seen.update(step=str(hop.step.kind), comment=comment, marker=marker)
            touched.append(marked)
        if touched and announce:
            ctx.master.addons.trigger(hooks.UpdateHook(touched))


def said_of(flow: flow.Flow) -> str | None:
    """What was said of a flow, whatever its comment is by now."""
    seen = flow.metadata.get(SEEN)
    comment = seen.get("comment") if isinstance(seen, dict) else None
    return comment if isinstance(comment, str) else None
