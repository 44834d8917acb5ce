"""A pull as a sequence: its exchanges in the order in which they can be read, and a few words for each arrow, there and back.

Steps are numbered when they end, so a step that was told to get a token has a later number than the token, and began before
it. Here such a step is in two pieces: what came before its token, and the rest. Plain text; drawing is others' matter.
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.amounts import size
from pullscope.oci.plain import plain
from pullscope.trace.model import Hop, Outcome, Pull, Step


def pieces(pull: Pull) -> Iterator[tuple[Step, list[Hop]]]:
    """Each step with all of its hops, or with those before a token and, later, with the others."""
    told: set[int] = set()
    for step in pull.steps:
        asked = step.under if step.is_token else None
        if asked is not None:
            before = [hop for hop in asked.hops if hop.request.time < step.started and id(hop) not in told]
            if before and asked.n > step.n:
                told.update(map(id, before))
                yield asked, before
        left = [hop for hop in step.hops if id(hop) not in told]
        told.update(map(id, left))
        if left:
            yield step, left


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
