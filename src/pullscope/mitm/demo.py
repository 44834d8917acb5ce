"""The demo: a sample registry, a real mitmproxy and a client, all in this process and on 127.0.0.1.

What is shown is what the watching addon saw on the wire: the client speaks TLS through the proxy, which answers as the
sample hub. The addon is handed in; nothing is printed here, and nothing is left when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pullscope.mitm.answer import Answer, Patience
from pullscope.mitm.proxy_thread import ProxyThread
from pullscope.mitm.tunnel import Tunnel
from pullscope.oci.messages import Answerer, Request, Response
from pullscope.oci.reference import Reference
from pullscope.worlds.clients.drive import run_with_threads
from pullscope.worlds.clients.roster import CLIENTS
from pullscope.worlds.clients.steps import Outcome
from pullscope.worlds.hub.faults.met_by import MET_BY
from pullscope.worlds.hub.faults.table import FAULTS, VANITY_HOST, with_faults
from pullscope.worlds.hub.redirect_only import redirect_only
from pullscope.worlds.hub.sample import SAMPLE_REFERENCE, sample_hub

__all__ = ["VANITY_HOST", "Demo", "run_demo"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Demo:
    """What happened: how the client ended, and what the proxy logged as errors (none, when all is well)."""

    reference: Reference
    outcome: Outcome
    errors: tuple[str, ...]


def run_demo(
    *,
    client: str = "docker-containerd",
    vanity: bool = False,
    fault: str | None = None,
    watch_addon: object,
    settings: Sequence[str] = (),
    on_ready: Callable[[Reference], None] | None = None,
) -> Demo:
    """Pull the sample image once, or what a fault is about.

    `settings` are the proxy's options as `--set` takes them; `on_ready` is called when the proxy is up, just before the
    first request. Raises RuntimeError if the proxy cannot start.
    """
    start = MET_BY.get(client)
    if start is None:
        raise ValueError(f"There is no client called {client!r}: choose one of {', '.join(CLIENTS)}.")
    world: dict[str, Answerer] = sample_hub()
    reference = Reference.parse(SAMPLE_REFERENCE)
    if vanity:
        world[VANITY_HOST] = redirect_only()
        reference = Reference.parse(f"{VANITY_HOST}/{SAMPLE_REFERENCE}")
    unseen: frozenset[str] = frozenset()
    late = Patience()
    if fault is not None:
        chosen = FAULTS[fault]
        unseen = chosen.unseen
        world = with_faults(world, [fault], sleep=late)
        reference = Reference.parse(f"{VANITY_HOST}/{chosen.reference}" if vanity else chosen.pulls)
    with ProxyThread(watch_addon, Answer(world, late=late), settings=settings) as proxy:
        if on_ready is not None:
            on_ready(reference)
        with Tunnel(proxy.port, proxy.ca_file) as wire:

            def answer(request: Request) -> Response:
                return world[request.host](request) if request.host in unseen else wire(request)

            outcome = run_with_threads(start(reference), answer)
    return Demo(reference=reference, outcome=outcome, errors=proxy.errors)
