"""What stands on an arrow of a sequence diagram, there and back, in a few words. Plain text; drawing is others' matter."""

from __future__ import annotations

from pullscope.render.plain import plain, size
from pullscope.trace.model import Hop, Outcome

MOST = 24
"""Characters of one part of a path."""


def asked(hop: Hop) -> str:
    """`HEAD manifests/latest, token`; an address that was handed out is called so, for nobody typed it."""
    words = plain(hop.request.method, 12)
    carried = {"none": "", "bearer": ", token"}.get(hop.request.authorization, ", login")
    if hop.follows is not None and hop.host != hop.follows.host and hop.route.digest is None:
        return f"{words} the address it was given{carried}"
    path = plain(hop.request.url.partition("://")[2].partition("?")[0].partition("/")[2], 300)
    parts = [part for part in path.split("/") if part]
    if len(parts) > 2 and parts[0] == "v2":
        parts = parts[-2:]
    return f"{words} {'/'.join(_name(part) for part in parts) or '/'}{carried}"


def answered(hop: Hop) -> str:
    """`307, look elsewhere`, `401, get a token`, `200, 40.2 kB`."""
    if hop.failed is not None:
        return "cut off" if hop.status else "no answer"
    if hop.redirects:
        return f"{hop.status}, look elsewhere"
    if hop.status == 401 and hop.step.outcome is not Outcome.FAILED:
        return "401, get a token"
    return f"{hop.status}, {size(hop.bytes)}" if hop.bytes else str(hop.status or "no answer")


def _name(part: str) -> str:
    """A digest by its first twelve digits, anything else cut."""
    _, colon, digits = part.partition(":")
    if colon and len(digits) >= 32:
        return digits[:12]
    return part if len(part) <= MOST else f"{part[: MOST - 2]}.."
