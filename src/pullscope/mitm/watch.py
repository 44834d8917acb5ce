"""The observer: a mitmproxy addon that turns flows into a trace, streams and hashes bodies, and tells its views.

An observer never breaks a pull. Every hook is wrapped by `never_raising`: an exception is reported once and the flow goes
on. Bodies are never altered and layers never held; a small config is kept on its flow, for mitmproxy's windows, and in no
recording. Everything here runs in the proxy's one event loop, so nothing here waits for a disk or a terminal: lines leave
through an `Outlet`. Views are handed in; this room never imports `render`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec

from mitmproxy import addonmanager, command, ctx, exceptions, flow, http, tls, types

from pullscope.mitm import content_view, settings
from pullscope.mitm.bodies import (
    Body,
    announced_length,
    body_of_message,
    body_of_tap,
    coding_of,
    is_small_config,
    streams_up,
    wants_document,
    wants_upload,
)
from pullscope.mitm.flow_events import Border, events_of_saved, seen_of
from pullscope.mitm.log_lines import BorrowedOutput
from pullscope.mitm.marks import Marks, said_of
from pullscope.mitm.outlet import Outlet
from pullscope.mitm.private_file import write_private
from pullscope.mitm.recorder import Recorder
from pullscope.mitm.tap import MOST_KEPT, SendTap, Tap
from pullscope.mitm.view import Labels, Listener, MakeView, OwnsScreen, Report, View
from pullscope.trace.events import Event, Requested, TlsRefused
from pullscope.trace.model import Change, Hop
from pullscope.trace.trace import Trace

logger = logging.getLogger(__name__)
P = ParamSpec("P")

KEPT_PULLS = 500
"""Ended pulls that a running proxy remembers, for `pullscope.pulls` and `pullscope.report`."""

TICK = 0.5
"""Seconds between looks at the clock."""

REFUSED_AGAIN, MOST_REFUSED = 60.0, 1_000
"""Seconds within which a client that refuses the same host again is not news; how many of them are remembered."""

SLACK = 0.5
"""Seconds that a tick stays behind the clock, for an event's time lies a little before its hook."""


def never_raising(hook: Callable[Concatenate[Watch, P], None]) -> Callable[Concatenate[Watch, P], None]:
    """The hook, but an exception in it is reported once and goes no further: an observer never breaks a pull."""

    def guarded(self: Watch, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            hook(self, *args, **kwargs)
        except Exception as error:
            self.trouble(hook.__name__, error)

    guarded.__name__, guarded.__doc__ = hook.__name__, hook.__doc__
    return guarded


class Watch:
    """Watches registry traffic; see `settings` for its options and `commands` below for its commands."""

    def __init__(
        self,
        *,
        make_view: MakeView | None = None,
        labels: Labels | None = None,
        report: Report | None = None,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self.trace = Trace(keep=KEPT_PULLS)
        self._make_view = make_view
        self._report = report
        self._listeners = listeners
        self._border = Border()
        self._marks = Marks(labels)
        self._exchanges: weakref.WeakKeyDictionary[flow.Flow, int] = weakref.WeakKeyDictionary()
        self._taps: weakref.WeakValueDictionary[int, Tap] = weakref.WeakValueDictionary()
        self._loaded: list[Event] = []
        self._loaded_before = 0
        self._refused: dict[tuple[str, str], float] = {}
        self._view: View | None = None
        self._screen: Outlet | None = None
        self._borrowed: BorrowedOutput | None = None
        self._recorder: Recorder | None = None
        self._clock: asyncio.Task[None] | None = None
        self._troubles: set[str] = set()

    # -- life -----------------------------------------------------------------------------------------------------------

    def load(self, loader: addonmanager.Loader) -> None:
        """Declare the options, and set what a tracing proxy needs where the user has not."""
        settings.declare(loader)
        settings.make_fit()
        content_view.add()

    def configure(self, updated: set[str]) -> None:
        """Check and apply options; OptionsError is mitmproxy's way to refuse one."""
        settings.check(updated)
        if "pullscope_out" in updated:
            self._record_to(ctx.options.pullscope_out)

    def running(self) -> None:
        """The proxy is up: open the view, start the clock."""
        if self._clock is not None:
            return
        if self._make_view is not None and settings.prints_here():
            self._screen = Outlet(sys.stdout, on_error=lambda _error: None, owns=False)
            self._view = self._make_view(
                settings.view_for(sys.stdout),
                self._screen.write,
                color=settings.wants_color(sys.stdout),
                verbose=ctx.options.pullscope_verbose,
            )
            if isinstance(self._view, OwnsScreen):
                self._borrowed = BorrowedOutput(self._view.print_above)
        self._clock = asyncio.get_running_loop().create_task(self._tick_for_ever())

    def done(self) -> None:
        """The proxy ends: tell what is known of pulls that were under way, and write out what waits."""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        # The proxy is going down: what fails in one of these must not keep the others from being done.
        for last in (self._feed_loaded, self._finish, self._close_view, self._close_outlets, content_view.remove):
            try:
                last()
            except Exception as error:
                self.trouble("done", error)

    def _finish(self) -> None:
        self._show(self.trace.finish())

    def _close_view(self) -> None:
        view, self._view = self._view, None
        if view is not None:
            view.close()
        if self._screen is not None:
            self._screen.close()
        if self._borrowed is not None:
            self._borrowed.give_back()

    def _close_outlets(self) -> None:
        recorder, self._recorder, self._screen = self._recorder, None, None
        if recorder is not None:
            recorder.close()

    def trouble(self, where: str, error: Exception) -> None:
        """Report an error of ours, once for each place; its message stays out of the log, for it may quote the wire."""
        name = f"{where}: {type(error).__name__}"
        if name not in self._troubles and len(self._troubles) < 100:
            self._troubles.add(name)
            logger.error("pullscope: an error in %s; the traffic is not affected. Please report it.", name)
            logger.debug("pullscope: %s", where, exc_info=error)

    # -- hooks ----------------------------------------------------------------------------------------------------------

    @never_raising
    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if not flow.live:
            return
        event = self._border.requested(flow)
        changes = self._feed(event, remember=False)
        hop = self.trace.hop(event.exchange)
        if hop is None:
            self._show(changes)
            return
        self._exchanges[flow] = event.exchange
        self._marks.know(event.exchange, flow)
        self._record(event)
        if not settings.is_dump():
            self._marks.put([hop], announce=False)
        if flow.response is not None:
            # An answer made by another addon and a streamed request crash together (mitmproxy 11 and 12).
            flow.request.stream = False
        elif streams_up(flow, hop):
            flow.request.stream = SendTap(flow)
        self._show(changes)

    @never_raising
    def request(self, flow: http.HTTPFlow) -> None:
        exchange = self._exchanges.get(flow)
        if exchange is None:
            return
        tap = flow.request.stream
        hop = self.trace.hop(exchange)
        if isinstance(tap, SendTap) and tap.bytes:
            body = body_of_tap(tap)
        elif flow.request.raw_content:
            body = body_of_message(flow.request, keep=hop is not None and wants_upload(hop.route.endpoint))
        else:
            return
        seen_of(flow).update(sent_bytes=body.length, sent_sha256=body.sha256)
        self._show(self._feed(self._border.uploaded(flow, exchange, body)))

    @never_raising
    def responseheaders(self, flow: http.HTTPFlow) -> None:
        exchange = self._exchanges.get(flow)
        response = flow.response
        if response is None:
            return
        length = announced_length(response)
        hop = self.trace.hop(exchange) if exchange is not None else None
        if exchange is None or hop is None:
            # Somebody else's traffic: nothing to read, but a large download must not fill the memory either.
            if flow.live and length is not None and length > MOST_KEPT and not response.stream:
                response.stream = True
            return
        changes = self._feed(self._border.responded(flow, exchange))
        read = wants_document(hop.step.route.endpoint, response.status_code, is_token=hop.step.is_token)
        seen_of(flow)["read"] = read
        if response.stream or not read or length is None or length > MOST_KEPT:
            keep = read or is_small_config(hop)
            response.stream = Tap(coding=coding_of(response), keep=keep, after=response.stream)
        if isinstance(response.stream, Tap):
            self._taps[exchange] = response.stream
        self._show(changes)

    @never_raising
    def response(self, flow: http.HTTPFlow) -> None:
        if not flow.live and flow not in self._exchanges:
            self._load(flow)
            return
        exchange = self._exchanges.get(flow)
        hop = self.trace.hop(exchange) if exchange is not None else None
        response = flow.response
        if exchange is None or hop is None or response is None:
            return
        seen = seen_of(flow)
        tap = response.stream
        if isinstance(tap, Tap) and (tap.bytes or not response.raw_content):
            body = body_of_tap(tap)
            if tap.raw is not None and not response.raw_content:
                # The client has it already (mitmproxy sends nothing of a streamed flow after this); it is for whoever
                # looks at the flow, or reads it from a file: as it went by, so that it fits its headers.
                response.data.content = tap.raw
        elif response.stream and not response.raw_content:
            body = Body()  # somebody else's stream function came after ours
        else:
            body = body_of_message(response, keep=True)
        if not seen.get("read"):
            body.content = None
        seen.update(bytes=body.length, sha256=body.sha256)
        self._ended(hop, self._border.finished(flow, exchange, body))

    @never_raising
    def error(self, flow: http.HTTPFlow) -> None:
        exchange = self._exchanges.get(flow)
        hop = self.trace.hop(exchange) if exchange is not None else None
        if exchange is None or hop is None:
            if not flow.live and flow.error is not None and exchange is None:
                self._load(flow)
            return
        tap = flow.response.stream if flow.response is not None else None
        body = body_of_tap(tap) if isinstance(tap, Tap) else None
        if body is not None:
            seen_of(flow).update(bytes=body.length)
        self._ended(hop, self._border.failed(flow, exchange, body))

    @never_raising
    def tls_failed_client(self, data: tls.TlsData) -> None:
        client = data.context.client
        now = time.time()
        refusal = str(client.peername[0]), client.sni or (data.context.server.address or ("",))[0]
        if now - self._refused.get(refusal, 0.0) < REFUSED_AGAIN:
            return  # a client that retries, or an app that never stops
        if len(self._refused) > MOST_REFUSED:
            self._refused.clear()
        self._refused[refusal] = now
        event = TlsRefused(time=now, client=refusal[0], host=refusal[1], reason=(data.conn.error or "")[:300])
        self._show(self._feed(event))

    # -- commands -------------------------------------------------------------------------------------------------------

    @command.command("pullscope.pulls")
    def pulls(self) -> Sequence[str]:
        """List the pulls that were seen."""
        return [
            f"{pull.id}  {pull.reference or pull.registry}  {pull.outcome if pull.closed else 'under way'}"
            for pull in self.trace.pulls
        ]

    @command.command("pullscope.step")
    def step(self, flow: flow.Flow) -> str:
        """Say which step of which pull a flow is."""
        return said_of(flow) or "not part of a pull"

    @command.command("pullscope.report")
    def report(self, path: types.Path) -> None:
        """Write a report of what was seen so far: .json for the JSON report, anything else for text."""
        if self._report is None:
            raise exceptions.CommandError("this proxy was started without a report writer")
        target = Path(path).expanduser()
        text = self._report(self.trace, "json" if target.suffix == ".json" else "text")
        try:
            write_private(target, text)
        except OSError as error:
            raise exceptions.CommandError(f"cannot write {target}: {error.strerror or error}") from error
        logger.info("pullscope: wrote %s", target)

    # -- inside ---------------------------------------------------------------------------------------------------------

    def _feed(self, event: Event, *, remember: bool = True) -> list[Change]:
        if remember:
            self._record(event)
        return self.trace.feed(event)

    def _record(self, event: Event) -> None:
        if self._recorder is not None:
            self._recorder.write(event)

    def _record_to(self, path: str) -> None:
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None
        if path:
            self._recorder = Recorder.open(path, on_error=lambda text: logger.error("pullscope: %s", text))

    def _ended(self, hop: Hop, event: Event) -> None:
        self._taps.pop(hop.request.exchange, None)
        changes = self._feed(event)
        if not any(change.step is hop.step for change in changes):
            self._marks.put([hop], announce=False)  # provisional; it may be saved now (-w)
        self._show(changes)

    def _show(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        for listener in self._listeners:
            listener.show(changes)
        if self._view is not None:
            self._view.show(changes)
        for change in changes:
            if change.what == "step" and change.step is not None:
                # The flows of a step that settles later have had their hooks: the windows must be told.
                self._marks.put(change.step.hops, announce=not settings.is_dump())

    def _load(self, flow: http.HTTPFlow) -> None:
        """A flow from a file (`mitmdump -nr FILE -s …`): these come in order of completion, so they wait for the end."""
        events = [*events_of_saved(self._border, flow)]
        if isinstance(events[0], Requested):
            self._marks.know(events[0].exchange, flow)
        self._loaded.extend(events)

    def _feed_loaded(self) -> None:
        loaded, self._loaded, self._loaded_before = self._loaded, [], 0
        for event in sorted(loaded, key=lambda event: event.time):
            known = not isinstance(event, TlsRefused) and self.trace.hop(event.exchange) is not None
            changes = self._feed(event, remember=False)
            if known or (isinstance(event, Requested) and self.trace.hop(event.exchange) is not None):
                self._record(event)
            self._show(changes)

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._tick(time.time())

    @never_raising
    def _tick(self, now: float) -> None:
        if self._loaded and len(self._loaded) == self._loaded_before:
            self._feed_loaded()  # the file has ended, or whoever loads flows in mitmweb has
        self._loaded_before = len(self._loaded)
        self._show(self.trace.tick(now - SLACK))
        if self._view is not None:
            self._view.tick(self.trace, now, self._arriving)

    def _arriving(self, exchange: int) -> int:
        tap = self._taps.get(exchange)
        return tap.bytes if tap is not None else 0
