"""What the observer makes of what its hooks took note of: events, their trace, words on the flows, a recording.

Each method is the work of one hook, done in the order of the hooks but maybe a moment after them (`backlog`), so nothing
here may rely on a flow's messages still being what they were: those were taken note of (`message_heads`). Where a hook waits for
its work (`Watch` says which), that work also decides whether the body streams.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence

from mitmproxy import http
from mitmproxy.flow import Error

from pullscope.mitm import settings
from pullscope.mitm.bodies import (
    Tap,
    WentBy,
    body_of_tap,
    is_small_config,
    let_pass,
    streams_up,
    tap_if_needed,
)
from pullscope.mitm.flow_events import events_of_saved, failed, requested, responded
from pullscope.mitm.flow_notes import Marks
from pullscope.mitm.message_heads import Asked, ResponseHead
from pullscope.mitm.recorder import Recorder
from pullscope.mitm.safety import OnError, stream_past
from pullscope.mitm.view import Labels
from pullscope.trace.border import Border, wants_document, wants_upload
from pullscope.trace.events import Event, Relayed, Requested, TlsRefused
from pullscope.trace.model import Change, Hop
from pullscope.trace.trace import Trace


class FlowPipeline:
    """Feeds one trace; what changes is handed to `show`."""

    def __init__(
        self, trace: Trace, *, labels: Labels | None, show: Callable[[Sequence[Change]], None], on_error: OnError
    ) -> None:
        self.recorder: Recorder | None = None
        self._trace = trace
        self._show = show
        self._on_error = on_error
        self._border = Border()
        self._marks = Marks(labels)
        self._taps: weakref.WeakValueDictionary[int, Tap] = weakref.WeakValueDictionary()
        self._loaded: list[Event] = []
        self._loaded_before = 0

    # -- the work of hooks ----------------------------------------------------------------------------------------------

    def asked(self, asked: Asked, open_flow: http.HTTPFlow | None = None) -> None:
        """The head of a request; with `open_flow` it is the time to decide whether its body streams."""
        event = requested(self._border, asked.head)
        changes = self._trace.feed(event)
        hop = self._trace.hop(event.exchange)
        if hop is None:
            asked.foreign = True
            self._border.forget(event.exchange)
            self.tell(changes)
            return
        asked.exchange = event.exchange
        self._record(event)
        flow = asked.flow()
        if flow is not None:
            self._marks.know(event.exchange, flow)
            if not settings.is_dump():
                self._marks.put([hop], announce=False)
        if open_flow is not None and open_flow.response is not None:
            # An answer made by another addon and a streamed request crash together (mitmproxy 11 and 12).
            open_flow.request.stream = False
        elif open_flow is not None and streams_up(open_flow, hop):
            open_flow.request.stream = stream_past(
                Tap(), after=open_flow.request.stream, on_error=self._on_error, unless_answered=open_flow
            )
        self.tell(changes)

    def sent(self, asked: Asked, went_by: WentBy, at: float) -> None:
        """The body of a request went through."""
        if not asked.exchange:
            return
        hop = self._trace.hop(asked.exchange)
        body = went_by.body(keep=hop is not None and wants_upload(hop.route.endpoint))
        asked.note(sent_bytes=body.length, sent_sha256=body.sha256)
        self._feed(self._border.uploaded(asked.exchange, body, time=at))

    def answered(
        self, asked: Asked, head: ResponseHead, answered_by: object, open_response: http.Response | None = None
    ) -> None:
        """The head of an answer; with `open_response` it is the time to decide what becomes of its body."""
        hop = self._trace.hop(asked.exchange)
        if hop is None:
            if open_response is not None:
                let_pass(open_response)
            return
        if open_response is not None:
            asked.reads = wants_document(hop.step.route.endpoint, head.status, is_token=hop.step.is_token)
            keep = is_small_config(hop)
            tap = tap_if_needed(open_response, self._on_error, reads=asked.reads, keep=keep)
            if tap is not None:
                self._taps[asked.exchange] = tap
        asked.note(read=asked.reads)
        self._feed(responded(self._border, asked.exchange, asked.head.started, head, answered_by))

    def ended(self, asked: Asked, went_by: WentBy, at: float) -> None:
        """The body of an answer went through."""
        hop = self._trace.hop(asked.exchange)
        if hop is None:
            self._border.forget(asked.exchange)
            return
        body = went_by.body(keep=asked.reads)
        if not asked.reads:
            body.content = None  # a config that was kept to be looked at, and not to be read
        asked.note(bytes=body.length, sha256=body.sha256)
        self._over(hop, self._border.finished(asked.exchange, body, time=at))

    def broke(self, asked: Asked, error: Error | None, tap: Tap | None) -> None:
        """The exchange ended before its time."""
        hop = self._trace.hop(asked.exchange)
        if hop is None:
            self._border.forget(asked.exchange)
            return
        body = body_of_tap(tap) if tap is not None else None
        if body is not None:
            asked.note(bytes=body.length)
        length = body.length if body is not None else None
        self._over(hop, failed(self._border, asked.exchange, asked.head.started, error, length))

    def stopped(self, now: float) -> None:
        """The proxy ends while bodies are under way: their result is reported, and that their servers did not cause it."""
        for exchange, tap in [*self._taps.items()]:
            length = body_of_tap(tap).length
            self._feed(self._border.failed(exchange, "the proxy was stopped", time=now, length=length))

    def refused(self, client: str, host: str, reason: str, now: float) -> None:
        """A client would not talk to the proxy."""
        self._feed(self._border.refused(time=now, client=client, host=host, reason=reason))

    def relayed(self, number: int, client: str, host: str, length: int | None, over: bool, at: float) -> None:
        """A connection is passed on unread."""
        self._feed(self._border.relayed(time=at, relay=number, client=client, host=host, length=length, over=over))

    # -- flows from a file ----------------------------------------------------------------------------------------------

    def load(self, flow: http.HTTPFlow) -> None:
        """A flow from a file (`mitmdump -nr FILE -s …`): these come in order of completion, so they wait for the end."""
        events = [*events_of_saved(self._border, flow)]
        if isinstance(events[0], Requested):
            self._marks.know(events[0].exchange, flow)
        self._loaded.extend(events)

    def feed_loaded(self, *, all_of_it: bool = False) -> None:
        """Feed what was loaded, once nothing has come since the last look: the file, or its loading, has ended."""
        loaded = self._loaded
        if loaded and (all_of_it or len(loaded) == self._loaded_before):
            self._loaded = []
            for event in sorted(loaded, key=lambda event: event.time):
                self._feed_saved(event)
        self._loaded_before = len(self._loaded)

    def _feed_saved(self, event: Event) -> None:
        known = not isinstance(event, TlsRefused | Relayed) and self._trace.hop(event.exchange) is not None
        changes = self._trace.feed(event)
        if known or (isinstance(event, Requested) and self._trace.hop(event.exchange) is not None):
            self._record(event)
        self.tell(changes)

    # -- both -----------------------------------------------------------------------------------------------------------

    def tell(self, changes: Sequence[Change]) -> None:
        """Show what changed, and say it on the flows."""
        if not changes:
            return
        self._show(changes)
        for change in changes:
            if change.what == "step" and change.step is not None:
                # The flows of a step that settles later have had their hooks: the windows must be told.
                self._marks.put(change.step.hops, announce=not settings.is_dump())

    def arriving(self, exchange: int) -> int:
        """The body bytes so far of an exchange that is under way."""
        tap = self._taps.get(exchange)
        return tap.bytes if tap is not None else 0

    def _over(self, hop: Hop, event: Event) -> None:
        self._taps.pop(hop.request.exchange, None)
        self._record(event)
        changes = self._trace.feed(event)
        if not any(change.step is hop.step for change in changes):
            self._marks.put([hop], announce=False)  # provisional; it may be saved now (-w)
        self.tell(changes)

    def _feed(self, event: Event) -> None:
        self._record(event)
        self.tell(self._trace.feed(event))

    def _record(self, event: Event) -> None:
        if self.recorder is not None:
            self.recorder.write(event)
