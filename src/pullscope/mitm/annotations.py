"""Comments and markers on flows, for mitmproxy's own windows and files. What a person wrote on a flow is left alone."""

from __future__ import annotations

import weakref
from collections.abc import Iterable

from mitmproxy import ctx, flow, hooks, http

from pullscope.mitm.flow_notes import SEEN, seen_of
from pullscope.mitm.view import Labels
from pullscope.trace.model import Hop


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
