"""Sends finished pulls to an OpenTelemetry collector: traces and metrics, OTLP over HTTP.

An addon beside `Watch`, which hands it what changed. The proxy's loop only puts a pull into a bounded queue; making traces,
sending and waiting happen in a thread of its own. What cannot be sent is counted and said, once for each trouble. The SDK is
an extra (`pip install 'pullscope[otel]'`) and is imported only when `pullscope_otlp` is set.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from mitmproxy import addonmanager, ctx, exceptions

from pullscope.mitm.settings import Option, declare
from pullscope.trace.model import Change, Pull

logger = logging.getLogger(__name__)

MOST_WAITING = 1_000
"""Pulls that wait to be sent; more are dropped, for the alternative is memory without end."""

BATCH = 50
TIMEOUT = 5.0
"""Seconds that the collector has for one answer."""

LAST_WAIT = 10.0
"""Seconds that the end of the proxy waits for what is still to be sent."""

Traces = Callable[[Pull], dict[str, Any]]
"""Makes a TracesData of one pull, its own span first."""


OPTIONS: tuple[Option, ...] = (
    ("pullscope_otlp", str, "", "Send finished pulls to this OpenTelemetry collector: http://HOST:4318."),
)


class Sender(Protocol):
    """Speaks to one collector. `send` is False for what did not arrive; called from one thread only."""

    def send(self, pulls: Sequence[Pull]) -> bool: ...

    def close(self) -> None: ...


def make_otel_sender(endpoint: str, traces: Traces) -> Sender:
    """The SDK's; ImportError if that is not installed."""
    from pullscope.mitm.otlp_sender import OtelSender

    return OtelSender(endpoint, traces)


class OtlpLive:
    """The option `pullscope_otlp`, the queue and the thread."""

    def __init__(self, traces: Traces, *, make_sender: Callable[[str, Traces], Sender] = make_otel_sender) -> None:
        self._traces = traces
        self._make_sender = make_sender
        self._waiting: queue.Queue[Pull | None] = queue.Queue(maxsize=MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._failing = False
        self.sent = self.lost = self.dropped = 0

    # -- mitmproxy's side -----------------------------------------------------------------------------------------------

    def load(self, loader: addonmanager.Loader) -> None:
        declare(loader, OPTIONS)

    def configure(self, updated: set[str]) -> None:
        """Check the address and start; OptionsError is mitmproxy's way to refuse one."""
        if "pullscope_otlp" not in updated:
            return
        self.done()
        endpoint = ctx.options.pullscope_otlp
        if endpoint:
            self.start(checked(endpoint))

    def done(self) -> None:
        """The proxy ends, or sends elsewhere from now on: wait a little for what is still to be sent."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        try:
            self._waiting.put(None, timeout=LAST_WAIT)
        except queue.Full:
            logger.warning("pullscope: the collector did not take the last %d pulls.", self._waiting.qsize())
            return
        thread.join(timeout=LAST_WAIT)
        if self.dropped or self.lost or thread.is_alive():
            late = self._waiting.qsize()
            logger.warning(
                "pullscope: %d pulls reached the collector, %d did not.", self.sent, self.dropped + self.lost + late
            )

    # -- Watch's side ---------------------------------------------------------------------------------------------------

    def show(self, changes: Sequence[Change]) -> None:
        """Take the pulls that have ended; never waits."""
        if self._thread is None:
            return
        for change in changes:
            if change.what != "closed" or change.pull is None:
                continue
            try:
                self._waiting.put_nowait(change.pull)
            except queue.Full:
                if not self.dropped:
                    logger.warning("pullscope: the collector is too slow or away; pulls are dropped from now on.")
                self.dropped += 1

    # -- the thread -----------------------------------------------------------------------------------------------------

    def start(self, endpoint: str) -> None:
        try:
            sender = self._make_sender(endpoint, self._traces)
        except ImportError:
            raise exceptions.OptionsError(
                "pullscope_otlp needs OpenTelemetry's SDK: pip install 'pullscope[otel]' into the Python that runs mitmproxy."
            ) from None
        self._waiting = queue.Queue(maxsize=MOST_WAITING)
        self._thread = threading.Thread(
            target=self._run, args=(sender, self._waiting), name="pullscope-otlp", daemon=True
        )
        self._thread.start()

    def _run(self, sender: Sender, waiting: queue.Queue[Pull | None]) -> None:
        going = True
        while going:
            batch, going = _next(waiting)
            if batch:
                self._send(sender, batch)
        try:
            sender.close()
        except Exception as error:
            logger.debug("pullscope: closing the sender", exc_info=error)

    def _send(self, sender: Sender, batch: list[Pull]) -> None:
        try:
            arrived = sender.send(batch)
        except Exception as error:
            logger.debug("pullscope: sending to the collector", exc_info=error)
            arrived = False
        if arrived:
            self.sent += len(batch)
            if self._failing:
                logger.info("pullscope: the collector is back; %d pulls did not reach it.", self.lost + self.dropped)
        else:
            self.lost += len(batch)
            if not self._failing:
                logger.warning("pullscope: the collector refuses what is sent to it; the proxy is not affected.")
        self._failing = not arrived


def _next(waiting: queue.Queue[Pull | None]) -> tuple[list[Pull], bool]:
    """What waits, as one batch; and whether more may come."""
    batch: list[Pull] = []
    while len(batch) < BATCH:
        try:
            pull = waiting.get(block=not batch)
        except queue.Empty:
            break
        if pull is None:
            return batch, False
        batch.append(pull)
    return batch, True


def checked(endpoint: str) -> str:
    """The collector's base address; OptionsError for one that cannot be."""
    try:
        parts = urlsplit(endpoint)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise exceptions.OptionsError(
            "pullscope_otlp is the address of a collector, like http://127.0.0.1:4318, without user and query."
        )
    return endpoint.rstrip("/")
