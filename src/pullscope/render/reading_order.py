"""A pull's exchanges in the order in which they can be read: nothing stands before what it answers.

Steps are numbered when they end, so a step that was told to get a token has a later number than the token, and began before
it. Here such a step is in two pieces: what came before its token, and the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.trace.model import Hop, Pull, Step


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
