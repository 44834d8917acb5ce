"""Keeps a service's recording bounded: past a size the `pullscope_out` file is put aside, and a new one begun.

`trace.jsonl` becomes `trace.jsonl.1`, that one `.2`, and so on; the oldest goes. An addon file of its own for mitmproxy's
-s: a recording that a person asked for is never cut into pieces.
"""

from __future__ import annotations

import logging
from pathlib import Path

from mitmproxy import addonmanager, ctx, http

from pullscope.mitm.settings import listen_here

logger = logging.getLogger(__name__)


class Rotation:
    """Looks at the size after each response; opening anew is the tracer's own work, through its option."""

    def load(self, loader: addonmanager.Loader) -> None:
        loader.add_option("pullscope_rotate_mb", int, 50, "Put the recording aside when it is larger than this.")
        loader.add_option("pullscope_rotate_keep", int, 4, "How many recordings that were put aside are kept.")
        listen_here()

    def response(self, _flow: http.HTTPFlow) -> None:
        self.look()

    def look(self) -> None:
        """Rotate where the file has become too large. An observer never breaks a pull: failures are only logged."""
        out: str = getattr(ctx.options, "pullscope_out", "")
        if not out.startswith("+"):
            return
        path = Path(out.removeprefix("+"))
        try:
            if path.stat().st_size < ctx.options.pullscope_rotate_mb * 1_000_000:
                return
            put_aside(path, ctx.options.pullscope_rotate_keep)
            ctx.options.update(pullscope_out=out)
        except OSError as error:
            logger.warning("pullscope: the recording cannot be put aside: %s", error)


def put_aside(path: Path, keep: int) -> None:
    """Shift `path` to `.1`, `.1` to `.2`, …; at most `keep` of them stay."""
    for number in range(keep, 0, -1):
        source = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
        if source.exists():
            source.replace(path.with_name(f"{path.name}.{number}"))
    if keep == 0:
        path.unlink(missing_ok=True)


addons = [Rotation()]
