"""Keeps a service's recording bounded: past a size the `pullscope_out` file is put aside, and a new one begun.

`trace.jsonl` becomes `trace.jsonl.1`, that one `.2`, and so on; the oldest goes. An addon file of its own for mitmproxy's
-s: a recording that a person asked for is never cut into pieces. It only has the options; who writes the recording does it
(`recorder`), in its own thread.
"""

from __future__ import annotations

from mitmproxy import addonmanager

from pullscope.mitm.settings import Option, declare

OPTIONS: tuple[Option, ...] = (
    ("pullscope_rotate_mb", int, 50, "Put the recording aside when it is larger than this."),
    ("pullscope_rotate_keep", int, 4, "How many recordings that were put aside are kept."),
)


class Rotation:
    """The options."""

    def load(self, loader: addonmanager.Loader) -> None:
        declare(loader, OPTIONS)


addons = [Rotation()]
