"""The demo's pulls without a proxy: every client's model against the sample registry, in memory, for what a lesson needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pullscope.render.explain.chapters import Demo
    from pullscope.trace.model import Pull
    from pullscope.worlds.clients.client_catalog import Client
    from pullscope.worlds.clients.drive import Ran

NOON = 1795424400.0
"""Any time: tokens and links of the sample are good for some minutes after it."""


def demo_pulls() -> Demo:
    """Each client straight, and through docker.example.com, which answers 302."""
    from pullscope.render.explain.chapters import Demo, Tried
    from pullscope.worlds.clients.client_catalog import ROSTER

    tried: list[Tried] = []
    for client in ROSTER.values():
        if not client.login:
            through = _run(client, vanity=True).outcome
            said = ": ".join(through.message.split(": ")[-2:])  # the code and its sentence, without where
            straight = _pull(_run(client, vanity=False))
            tried.append(Tried(client=client.label, straight=straight, through=None if through.pulled else said))
    return Demo(vanity=_pull(_run(ROSTER["docker-classic"], vanity=True)), tried=tried)


def _run(client: Client, *, vanity: bool) -> Ran:
    from pullscope.worlds.clients.drive import pull
    from pullscope.worlds.hub.scenario import play

    played = play(vanity=vanity, clock=lambda: NOON)
    return pull(client.model(played.reference, None, frozenset()), played.world)


def _pull(ran: Ran) -> Pull:
    from pullscope.judge import traced

    return traced(ran).pulls[0]
