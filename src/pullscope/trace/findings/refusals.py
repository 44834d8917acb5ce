"""Refusals with a login or token in hand: the wrong login, or one without the right; what an answer asks for is the fix."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.trace.findings.case import Case, Found
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.row import row
from pullscope.trace.findings.tellings import told


@row(
    "access-denied",
    needs=Fact.TROUBLE,
    severities="error",
    suffers="all without the right",
    remedy="the name, or a login",
)
def access_denied(case: Case) -> Iterator[Found]:
    """401 or 403 with a token or login in hand, or a login that the token server refuses.

    Docker Hub says 401 with an anonymous token, 403 with an account's; ghcr.io 403 DENIED for both. Registries do not say
    whether a repository is private or not there, so the finding does not either (distribution-spec 1.1, "Error Codes";
    containerd#9648). Where the answer has a reason of its own (a firewall, a policy), that is quoted and nothing is guessed:
    Azure/acr#412. skopeo, podman and buildah send an empty Basic login where they have none.
    """
    yield from told(case, "access-denied")
