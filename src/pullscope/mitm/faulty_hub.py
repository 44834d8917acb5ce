"""The sample registry as an addon: `mitmdump -s addons/sample_registry.py --set pullscope_registry=ghcr`.

It plays any registry of the table, healthy or with faults (`--set pullscope_faults=...`). Both can be changed while the
proxy runs (`:set pullscope_faults=...` in the console); the registry begins anew then.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from mitmproxy import addonmanager, ctx, exceptions

from pullscope.mitm.answer import Answer, Patience
from pullscope.mitm.settings import listen_here
from pullscope.worlds.hub.faults.table import FAULTS
from pullscope.worlds.hub.scenario import faults_at, play
from pullscope.worlds.registries.hosted import DOCKER_HUB
from pullscope.worlds.registries.table import REGISTRIES, registry

logger = logging.getLogger(__name__)


class FaultyHub(Answer):
    """Answers as the registry of one option; what goes wrong there is chosen by another."""

    def __init__(self) -> None:
        super().__init__(play().world, late=Patience())

    def load(self, loader: addonmanager.Loader) -> None:
        """Add the options, and keep the proxy to this machine."""
        loader.add_option(
            "pullscope_registry",
            str,
            DOCKER_HUB.id,
            f"Which registry the sample plays: {', '.join(REGISTRIES)}.",
        )
        loader.add_option(
            "pullscope_faults",
            Sequence[str],
            [],
            f"What goes wrong at the sample registry, by the finding that it causes: {', '.join(FAULTS)}. "
            "Registries have faults of their own besides; docs/registries.md lists them.",
        )
        listen_here()

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
