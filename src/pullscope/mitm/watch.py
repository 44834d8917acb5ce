"""The observer: a mitmproxy addon that turns flows into a trace, streams and hashes bodies, and tells its views.
One file, because mitmproxy calls the hooks of one addon.

An observer never breaks a pull. Every hook is wrapped by `never_raising`: an exception is reported once and the flow goes
on; what mitmproxy calls beside hooks has its net in `safety`. After an error that leaves no order in what was seen, it stops
looking and says so: a story with holes that are not reported is worse than none. Bodies are never altered and layers never
held; a small config is kept on its flow, for mitmproxy's windows, and in no recording. Everything here runs in the proxy's
one event loop, so nothing here waits for a disk or a terminal: lines leave through an `Outlet`. Views are handed in; this
room never imports `render`.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
import weakref
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from mitmproxy import addonmanager, command, connection, ctx, exceptions, flow, http, tls, types
from mitmproxy.proxy import server_hooks

from pullscope.mitm import content_view, settings
from pullscope.mitm.backlog import Backlog
from pullscope.mitm.bodies import WITH_BODY, let_pass, tap_if_needed, tap_of, what_came, what_was_sent
from pullscope.mitm.flow_events import error_of
from pullscope.mitm.flow_notes import ANSWERED_BY, said_of
from pullscope.mitm.flow_pipeline import FlowPipeline
from pullscope.mitm.line_writer import BorrowedOutput, Outlet
from pullscope.mitm.message_heads import Asked, ResponseHead
from pullscope.mitm.private_file import write_private
from pullscope.mitm.recorder import Recorder
from pullscope.mitm.relay import Relay
from pullscope.mitm.safety import caught
from pullscope.mitm.view import Labels, Listener, MakeView, OwnsScreen, Report, View
from pullscope.trace.bounded_table import Newest
from pullscope.trace.model import Change
from pullscope.trace.trace import Trace

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

KEPT_PULLS = 500
"""Ended pulls that a running proxy remembers, for `pullscope.pulls` and `pullscope.report`."""

TICK = 0.5
"""Seconds between looks at the clock."""

REFUSED_AGAIN, MOST_REFUSED = 60.0, 1_000
"""Seconds within which a client that refuses the same host again is not news; how many of them are remembered."""

SLACK = 0.5
"""Seconds that a tick stays behind the clock, for an event's time lies a little before its hook."""


def never_raising(hook: Callable[Concatenate[Watch, P], R]) -> Callable[Concatenate[Watch, P], R | None]:
    """The hook, but an exception in it is reported once and goes no further: an observer never breaks a pull."""

    def guarded(self: Watch, /, *args: P.args, **kwargs: P.kwargs) -> R | None:
        if self.stopped_looking:
            return None
        try:
            return hook(self, *args, **kwargs)
        except Exception as error:
            with suppress(Exception):
                self.trouble(hook.__name__.lstrip("_"), error)
            return None

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
        patient: bool = False,
    ) -> None:
        """`patient`: no window shows the flows, so their events may come a moment later."""
        self.trace = Trace(keep=KEPT_PULLS, on_error=partial(self.trouble, "the trace"))
        self._make_view = make_view
        self._report = report
        self._listeners = listeners
        self._pipeline = FlowPipeline(self.trace, labels=labels, show=self._show, on_error=self.trouble)
        self._asked: weakref.WeakKeyDictionary[flow.Flow, Asked] = weakref.WeakKeyDictionary()
        self._backlog = Backlog(self.trouble, on_broken=self._stop_looking)
        self._patient = patient
        self._relay = Relay(self._relayed)
        self._relays = False
        self._refused: Newest[tuple[str, str], float] = Newest(MOST_REFUSED)
        self._clients: set[str] = set()
        self._view: View | None = None
        self._screen: Outlet | None = None
        self._borrowed: BorrowedOutput | None = None
        self._clock: asyncio.Task[None] | None = None
        self._troubles: set[str] = set()
        self.stopped_looking = False

    # -- life -----------------------------------------------------------------------------------------------------------

    def load(self, loader: addonmanager.Loader) -> None:
        """Declare the options, and set what a tracing proxy needs where the user has not."""
        settings.declare(loader, settings.OPTIONS)
        settings.make_fit()
        content_view.add()

    def configure(self, updated: set[str]) -> None:
        """Check and apply options; OptionsError is mitmproxy's way to refuse one."""
        settings.check(updated)
        self._relays = settings.relays()
        if "pullscope_out" in updated:
            self._record_to(ctx.options.pullscope_out)
        if self._pipeline.recorder is not None:
            self._pipeline.recorder.rotate(settings.rotation())
        self._backlog.patient = self._patient and not settings.flows_are_looked_at()

    def running(self) -> None:
        """The proxy is up: open the view, start the clock."""
        if self._clock is not None:
            return
        if self._make_view is not None and settings.prints_here():
            self._screen = Outlet(sys.stdout, on_error=lambda _error: None, owns=False)
            name = settings.view_for(sys.stdout)
            self._view = self._make_view(name, self._screen.write, verbose=ctx.options.pullscope_verbose)
            if isinstance(self._view, OwnsScreen):
                self._borrowed = BorrowedOutput(self._view.print_above)
        self._clock = asyncio.get_running_loop().create_task(self._tick_for_ever())
        ended = caught(self._clock_ended, partial(self.trouble, "the clock"))
        self._clock.add_done_callback(lambda _clock: ended())
        if self._screen is not None:
            self._each("running", settings.say_what_next)

    def done(self) -> None:
        """The proxy ends: tell what is known of pulls that were under way, and write out what waits."""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        if not self.stopped_looking:
            self._each(
                "done",
                self._relay.stop,
                self._backlog.catch_up,
                partial(self._pipeline.feed_loaded, all_of_it=True),
                self._finish,
            )
        self._each("done", self._backlog.close, self._close_view, self._close_outlets, content_view.remove)

    def _each(self, where: str, *steps: Callable[[], object]) -> None:
        """What fails in one of these must not keep the others from being done."""
        for step in steps:
            try:
                step()
            except Exception as error:
                self.trouble(where, error)

    def _finish(self) -> None:
        now = time.time()
        self._pipeline.stopped(now)
        at = now if self._clients else None
        if self._pipeline.recorder is not None:
            self._pipeline.recorder.connected_at = at
        self._pipeline.tell(self.trace.finish(at=at))

    def _close_view(self) -> None:
        view, self._view = self._view, None
        if view is not None:
            view.close()
        if self._screen is not None:
            self._screen.close()
        if self._borrowed is not None:
            self._borrowed.give_back()

    def _close_outlets(self) -> None:
        self._screen = None
        self._record_to("", wait=True)

    def trouble(self, where: str, error: Exception) -> None:
        """Report an error of ours, once for each place; its message stays out of the log, for it may quote the wire."""
        name = f"{where}: {type(error).__name__}"
        if name not in self._troubles and len(self._troubles) < 100:
            self._troubles.add(name)
            logger.debug("pullscope: %s", where, exc_info=error)
            self._say(f"an error in {name}; what it would have seen is missing.")

    def _stop_looking(self, error: Exception) -> None:
        """After an error that leaves no order: nothing more is told, also not how a pull ended that was under way."""
        if self.stopped_looking:
            return
        self.stopped_looking = True
        logger.debug("pullscope: the backlog", exc_info=error)
        self._say(
            f"it stopped looking after an error in the backlog: {type(error).__name__}; what follows is not seen."
        )

    def _say(self, what: str) -> None:
        """In the log, which stands beside the story, and in the recording."""
        logger.error("pullscope: %s The traffic is not affected. Please report it.", what)
        if self._pipeline.recorder is not None:
            self._pipeline.recorder.missing(what)

    # -- hooks ----------------------------------------------------------------------------------------------------------

    # A hook takes note of what it sees and decides what it must, such as whether a body streams. What comes of it in the
    # trace is work for the backlog, which is done at once unless this is mitmdump and the wire is busy.

    @never_raising
    def requestheaders(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        if not flow.live:
            return None
        asked = self._asked[flow] = Asked.by(flow)
        if self._relays:
            self._each("a relay", partial(self._relay.asked, flow))  # what fails there is no reason not to look
        if asked.head.method in WITH_BODY or (flow.response is not None and flow.request.stream):
            return self._backlog.turn("requestheaders", self._pipeline.asked, asked, flow)
        self._backlog.later("requestheaders", 0, self._pipeline.asked, asked)
        return None

    @never_raising
    def request(self, flow: http.HTTPFlow) -> None:
        asked, sent = self._asked.get(flow), what_was_sent(flow.request)
        if asked is not None and sent is not None:
            ended = flow.request.timestamp_end or asked.head.started
            self._backlog.later("request", sent.held, self._pipeline.sent, asked, sent, ended)

    def responseheaders(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        if flow.live and flow.response is not None:
            self._each("responseheaders", partial(let_pass, flow.response))
        return self._responseheaders(flow)

    @never_raising
    def _responseheaders(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        asked, response = self._asked.get(flow), flow.response
        if response is None or asked is None or asked.foreign:
            return None
        if self._relays:
            self._each("a relay", partial(self._relay.answered, flow))
        head, answered_by = ResponseHead.of(response, flow.server_conn), flow.metadata.get(ANSWERED_BY)
        if not asked.wants_manifest:
            # Whether it is a document is for the trace to say, which remembers what led here.
            return self._backlog.turn("responseheaders", self._pipeline.answered, asked, head, answered_by, response)
        asked.reads = True
        tap_if_needed(response, self.trouble, reads=True)
        self._backlog.later("responseheaders", 0, self._pipeline.answered, asked, head, answered_by)
        return None

    @never_raising
    def response(self, flow: http.HTTPFlow) -> None:
        asked, response = self._asked.get(flow), flow.response
        if asked is None and not flow.live:
            self._pipeline.load(flow)
        if asked is None or asked.foreign or response is None:
            return
        came = what_came(response)
        ended = response.timestamp_end or response.timestamp_start or asked.head.started
        self._backlog.later("response", came.held, self._pipeline.ended, asked, came, ended)

    @never_raising
    def error(self, flow: http.HTTPFlow) -> None:
        asked = self._asked.get(flow)
        if asked is None:
            if not flow.live and flow.error is not None:
                self._pipeline.load(flow)
            return
        tap = tap_of(flow.response) if flow.response is not None else None
        self._backlog.later("error", 0, self._pipeline.broke, asked, error_of(flow), tap)

    @never_raising
    def tls_failed_client(self, data: tls.TlsData) -> None:
        client = data.context.client
        now = time.time()
        refusal = str(client.peername[0]), client.sni or (data.context.server.address or ("",))[0]
        if now - self._refused.get(refusal, 0.0) < REFUSED_AGAIN:
            return  # a client that retries, or an app that never stops
        self._refused[refusal] = now
        self._backlog.later("tls_failed_client", 0, self._pipeline.refused, *refusal, data.conn.error or "", now)

    @never_raising
    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        if self._relays and self._relay.passes(data):
            data.ignore_connection = True

    @never_raising
    def server_connected(self, data: server_hooks.ServerConnectionHookData) -> None:
        self._relay.connected(data.client, data.server)

    @never_raising
    def client_connected(self, client: connection.Client) -> None:
        self._clients.add(client.id)

    @never_raising
    def client_disconnected(self, client: connection.Client) -> None:
        self._clients.discard(client.id)
        self._relay.ended(client)

    def _relayed(self, *noted: Any) -> None:
        self._backlog.later("a relay", 0, self._pipeline.relayed, *noted)

    # -- commands -------------------------------------------------------------------------------------------------------

    @command.command("pullscope.pulls")
    def pulls(self) -> Sequence[str]:
        """List the pulls that were seen."""
        self._backlog.catch_up()
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
        self._backlog.catch_up()
        target = Path(path).expanduser()
        text = self._report(self.trace, "json" if target.suffix == ".json" else "text")
        try:
            write_private(target, text)
        except OSError as error:
            raise exceptions.CommandError(f"cannot write {target}: {error.strerror or error}") from error
        logger.info("pullscope: wrote %s", target)

    # -- inside ---------------------------------------------------------------------------------------------------------

    def _record_to(self, path: str, *, wait: bool = False) -> None:
        recorder, self._pipeline.recorder = self._pipeline.recorder, None
        if recorder is not None:
            recorder.close(wait=wait)
        if path:
            self._pipeline.recorder = Recorder.open(path, on_error=lambda text: logger.error("pullscope: %s", text))

    def _show(self, changes: Sequence[Change]) -> None:
        shown = [*self._listeners]
        if self._view is not None:
            shown.append(self._view.show)
        # One at a time: what cannot be shown of one operation is not a reason to leave out another's.
        self._each("a view", *(partial(show, [change]) for change in changes for show in shown))

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._each("the clock", partial(self._tick, time.time()))

    def _clock_ended(self) -> None:
        if self._clock is not None and self._clock.done() and not self._clock.cancelled():
            error = self._clock.exception()
            if isinstance(error, Exception):
                raise error

    @never_raising
    def _tick(self, now: float) -> None:
        self._relay.tick(now)
        self._pipeline.feed_loaded()
        if not self._backlog:  # time passes with what was seen, and some of it has not been told yet
            self._pipeline.tell(self.trace.tick(now - SLACK))
        if self._view is not None:
            self._view.tick(self.trace, now, self._pipeline.arriving)
