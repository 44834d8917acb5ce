"""The sample hub as an addon, with faults to choose: `mitmdump -s addons/sample_registry.py --set pullscope_faults=...`.

Faults can be changed while the proxy runs (`:set pullscope_faults=...` in the console); the hub begins anew then.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from mitmproxy import addonmanager, ctx, exceptions

from pullscope.mitm.answer import Answer, Patience
from pullscope.mitm.settings import listen_here
from pullscope.worlds.hub.faults.table import FAULTS, faulty_hub

logger = logging.getLogger(__name__)


class FaultyHub(Answer):
    """Answers as the sample hub; what goes wrong there is chosen by an option."""

    def __init__(self) -> None:
        super().__init__(faulty_hub(()), late=Patience())

    def load(self, loader: addonmanager.Loader) -> None:
        """Add the option, and keep the proxy to this machine."""
        loader.add_option(
            "pullscope_faults",
            Sequence[str],
            [],
            f"What goes wrong at the sample registry, by the finding that it causes: {', '.join(FAULTS)}.",
        )
        listen_here()

    def configure(self, updated: set[str]) -> None:
        """Lay the chosen faults around a new hub."""
        if "pullscope_faults" not in updated:
            return
        # Several may be in one value, with commas: `--set` gives it as it is.
        chosen = [code.strip() for value in ctx.options.pullscope_faults for code in value.split(",") if code.strip()]
        try:
            self._world = faulty_hub(chosen, sleep=self._late)
        except ValueError as error:
            raise exceptions.OptionsError(f"pullscope_faults: {error}") from None
        for code in chosen:
            fault = FAULTS[code]
            logger.info(
                "pullscope: playing %s (%s); to meet it: %s, with %s.", code, fault.title, fault.client, fault.pulls
            )
