"""The demo: a sample registry, a real mitmproxy and a client, all in this process and on 127.0.0.1.

What is shown is what the watching addon saw on the wire: the client speaks TLS through the proxy, which answers as the
sample hub. The addon is handed in; nothing is printed here, and nothing is left when it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pullscope.mitm.answer import Answer, Patience
from pullscope.mitm.proxy_thread import ProxyThread, Tunnel
from pullscope.oci.messages import Request, Response
from pullscope.oci.reference import Reference
from pullscope.worlds.clients.drive import run_with_threads
from pullscope.worlds.clients.steps import Outcome
from pullscope.worlds.hub.faults.fault import VANITY_HOST
from pullscope.worlds.hub.scenario import play, start_of
from pullscope.worlds.registries.row import Registry
from pullscope.worlds.registries.table import DOCKER_HUB

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
    registry: Registry = DOCKER_HUB,
    vanity: bool = False,
    fault: str | None = None,
    watch_addon: object,
    settings: Sequence[str] = (),
    on_ready: Callable[[Reference], None] | None = None,
) -> Demo:
    """Pull the sample image once, or what a fault is about; with a login where the registry gives nothing without one.

    `settings` are the proxy's options as `--set` takes them; `on_ready` is called when the proxy is up, just before the
    first request. Raises ValueError for what cannot be played, RuntimeError if the proxy cannot start.
    """
    late = Patience()
    played = play(registry, [fault] if fault is not None else (), vanity=vanity, sleep=late)
    start, reference = start_of(client, login=played.login), played.reference
    world, unseen = played.world, played.unseen
    with ProxyThread(watch_addon, Answer(world, late=late), settings=settings) as proxy:
        if on_ready is not None:
            on_ready(reference)
        with Tunnel(proxy.port, proxy.ca_file) as wire:

            def answer(request: Request) -> Response:
                return world[request.host](request) if request.host in unseen else wire(request)

            outcome = run_with_threads(start(reference), answer)
    return Demo(reference=reference, outcome=outcome, errors=proxy.errors)
