"""Answer: a mitmproxy addon that plays a world. The hosts of the world need not exist; all others are left alone.

An answer is set in `requestheaders`: later, a body may be streaming to a server already, and mitmproxy crashes where a
request that streams is answered. A request with a body is answered in two steps: a stand-in at once, which keeps the
server from being asked, and the real answer when the body is there. A world that gives no answer ends the connection.
Any other exception in here is logged once and the flow goes on with the stand-in, for without it the request would go to
a host that was meant to be played. A world that wants to be slow owes its time to a `Patience`, and that answer alone is
late: a sleep in here would stop every client of the proxy.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from mitmproxy import addonmanager, ctx, exceptions, http

from pullscope.mitm import settings
from pullscope.mitm.flow_events import answer_flow, request_of
from pullscope.mitm.flow_notes import ANSWERED_BY
from pullscope.mitm.settings import NAMES, Option, declare
from pullscope.oci.messages import Headers, Request, Response, World
from pullscope.worlds.clients.steps import NoAnswerError
from pullscope.worlds.hub.faults.table import FAULTS
from pullscope.worlds.hub.scenario import faults_at, play
from pullscope.worlds.registries.table import DOCKER_HUB, REGISTRIES, registry

logger = logging.getLogger(__name__)

_STAND_IN = Response(status=502, headers=Headers([("Content-Type", "text/plain")]), body=b"pullscope: no answer\n")
_WAITS_FOR_BODY = "pullscope_waits_for_body"


OPTIONS: tuple[Option, ...] = (
    ("pullscope_registry", str, DOCKER_HUB.id, f"Which registry the sample plays: {', '.join(REGISTRIES)}."),
    (
        "pullscope_faults",
        NAMES,
        [],
        (
            f"What goes wrong at the sample registry, by the finding that it causes: {', '.join(FAULTS)}. "
            "Registries have faults of their own besides; docs/registries.md lists them."
        ),
    ),
)


class Patience:
    """A `sleep` that returns at once; the time is owed, in seconds, by the answer that is being made."""

    def __init__(self) -> None:
        self._owed = 0.0

    def __call__(self, seconds: float) -> None:
        self._owed += seconds

    def take(self) -> float:
        """What is owed since this was asked last."""
        owed, self._owed = self._owed, 0.0
        return owed


class Answer:
    """Answers for the hosts of `world`. `late` is the patience that the world was made with, if it is slow somewhere."""

    def __init__(self, world: World, *, late: Patience | None = None) -> None:
        self._world = world
        self._late = late or Patience()
        self._failed = False

    def running(self) -> None:
        """A host that does not exist is refused at CONNECT unless connections wait until they are needed."""
        settings.connect_when_needed()

    def requestheaders(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """Answer, or hold the place of an answer that needs the body."""
        # As every addon of mitmproxy begins: another addon may have answered.
        if flow.response or flow.error or not flow.live:
            return None
        try:
            return self._take(flow)
        except Exception as error:
            self._report(flow, error)
            return None

    def request(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        if not flow.metadata.pop(_WAITS_FOR_BODY, False):
            return None
        try:
            return self._answer(flow, request_of(flow))
        except Exception as error:
            self._report(flow, error)
            return None

    def _take(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        request = request_of(flow)
        if request.host not in self._world:
            return None
        flow.request.stream = False
        flow.metadata[ANSWERED_BY] = "sample"
        answer_flow(flow, _STAND_IN)
        if "Transfer-Encoding" in request.headers or (request.headers.get("Content-Length") or "0") != "0":
            flow.metadata[_WAITS_FOR_BODY] = True
            return None
        return self._answer(flow, request)

    def _answer(self, flow: http.HTTPFlow, request: Request) -> Awaitable[None] | None:
        try:
            response = self._world[request.host](request)
        except NoAnswerError:
            flow.response = None
            flow.kill()
            return None
        owed = self._late.take()
        if owed:
            return _answer_late(flow, response, owed)
        answer_flow(flow, response)
        return None

    def _report(self, flow: http.HTTPFlow, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            host = flow.request.pretty_host
            logger.error("Could not answer for %s; further failures are not logged.", host, exc_info=error)


async def _answer_late(flow: http.HTTPFlow, response: Response, seconds: float) -> None:
    await asyncio.sleep(seconds)
    answer_flow(flow, response)


class FaultyHub(Answer):
    """Answers as the registry of one option; what goes wrong there is chosen by another. In `addons/sample_registry.py`.

    It plays any registry of the table, healthy or with faults. Both can be changed while the proxy runs
    (`:set pullscope_faults=...` in the console); the registry begins anew then.
    """

    def __init__(self) -> None:
        super().__init__(play().world, late=Patience())

    def load(self, loader: addonmanager.Loader) -> None:
        declare(loader, OPTIONS)

    def configure(self, updated: set[str]) -> None:
        """Lay the chosen faults around a new registry."""
        if not updated & {"pullscope_faults", "pullscope_registry"}:
            return
        # Several may be in one value, with commas: `--set` gives it as it is.
        chosen = [code.strip() for value in ctx.options.pullscope_faults for code in value.split(",") if code.strip()]
        try:
            row = registry(ctx.options.pullscope_registry)
        except ValueError as error:
            raise exceptions.OptionsError(f"pullscope_registry: {error}") from None
        try:
            played = play(row, chosen, sleep=self._late)
        except ValueError as error:
            raise exceptions.OptionsError(f"pullscope_faults: {error}") from None
        self._world = played.world
        for code in chosen:
            fault = faults_at(row)[code]
            logger.info("pullscope: playing %s (%s); meant for %s.", code, fault.title, fault.client)
        if chosen or row is not DOCKER_HUB:
            account = " with the login sample-user and sample-password," if played.login else ""
            aim = "to meet it" if chosen else f"to try {row.name}"
            logger.info("pullscope: %s, pull %s,%s through this proxy.", aim, played.reference, account)
