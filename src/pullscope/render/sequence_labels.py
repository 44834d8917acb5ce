"""What stands on an arrow of a sequence diagram, there and back, in a few words. Plain text; drawing is others' matter."""

from __future__ import annotations

from pullscope.oci.amounts import size
from pullscope.render.plain import plain
from pullscope.trace.model import Hop, Outcome

MOST = 24
"""Characters of one part of a path."""


def asked(hop: Hop) -> str:
    """`HEAD manifests/latest with token`; an address that came in a Location is named as one."""
    words = plain(hop.request.method, 12)
    carried = {"none": "", "bearer": " with token"}.get(hop.request.authorization, " with login")
    if hop.follows is not None and hop.host != hop.follows.host and hop.route.digest is None:
        return f"{words} the redirect target{carried}"
    path = plain(hop.request.url.partition("://")[2].partition("?")[0].partition("/")[2], 300)
    parts = [part for part in path.split("/") if part]
    if len(parts) > 2 and parts[0] == "v2":
        parts = parts[-2:]
    return f"{words} {'/'.join(_name(part) for part in parts) or '/'}{carried}"


def answered(hop: Hop) -> str:
    """`307 redirect`, `401 token required`, `200 with 40.2 kB`."""
    if hop.failed is not None:
        return "cut off" if hop.status else "no response"
    if hop.redirects:
        return f"{hop.status} redirect"
    if hop.status == 401 and hop.step.outcome is not Outcome.FAILED:
        bearer = any(challenge.scheme == "bearer" for challenge in hop.challenges)
        return "401 token required" if bearer else "401 login required"
    return f"{hop.status} with {size(hop.bytes)}" if hop.bytes else str(hop.status or "...")


def _name(part: str) -> str:
    """A digest by its first twelve digits, anything else cut."""
    _, colon, digits = part.partition(":")
    if colon and len(digits) >= 32:
        return digits[:12]
    return part if len(part) <= MOST else f"{part[: MOST - 2]}.."
