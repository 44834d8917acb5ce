"""Whether a step failed for good at the moment it is told: no later request of its client can make up for it.

What one host does not have, or cannot give, a client asks of the next: of another mirror, then of the registry. What is wrong
with a read is certain only when its operation is over, unless other bytes came; a write has no other place to go.
"""

from __future__ import annotations

from pullscope.oci.agents import CONTAINERS_IMAGE
from pullscope.oci.routes import Endpoint
from pullscope.trace.kinds import WRITING, gives_up
from pullscope.trace.model import Kind, Outcome, Step
from pullscope.trace.settle import RETRIED

TOKEN_REFUSED = frozenset({401, 403})
"""What no client gets past that has no other place to ask; after 404 and 405 to POST, GET is tried (helm 3.17, containerd)."""


def is_final(step: Step) -> bool:
    """Whether a step failed in a way after which clients do not ask again; what was cut off, they do.

    After 416 to a part of an upload they ask how far it is, and go on (distribution-spec 1.1, "Pushing a blob in chunks").
    """
    if step.outcome is not Outcome.FAILED or step.last.failed is not None:
        return False
    goes_on = step.last.status in RETRIED or (step.last.status == 416 and step.route.endpoint is Endpoint.UPLOAD)
    return not (step.fell_short if step.verified is False else goes_on)


def _by_cosign(step: Step) -> bool:
    return step.pull is not None and step.pull.client.family == "cosign"


def failed_for_good(step: Step) -> bool:
    """Whether this is an error now, and not only perhaps at the end."""
    if step.is_token:
        pull = step.pull
        goes_on = pull is not None and not pull.closed and not pull.pushing and pull.client.family in CONTAINERS_IMAGE
        return is_final(step) and step.last.status in TOKEN_REFUSED and not goes_on
    # What was asked for by tag, not every client checks; cosign clean asks for tags that may not be there.
    deletes = step.kind is Kind.DELETE and not gives_up(step) and not (step.route.cosign and _by_cosign(step))
    wrong = step.verified is False and step.route.digest is not None
    return is_final(step) and (wrong or step.kind in WRITING or deletes)
