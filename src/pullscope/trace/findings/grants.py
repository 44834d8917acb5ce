"""What a token was asked for, and what it grants: by its scopes, and by its own claims where it can be read."""

from __future__ import annotations

from pullscope.oci.challenge import read_scopes
from pullscope.trace.findings.case import Case, Issued, listed
from pullscope.trace.model import Hop, Step


def issued_for(case: Case, hop: Hop) -> Issued | None:
    """The token that a request carries, where it was seen being issued."""
    number = hop.request.credential
    return case.issued.get(number) if number is not None else None


def allows(granted: str, repository: str, action: str) -> bool:
    """Whether the scopes of a token allow something."""
    return any(
        scope.type == "repository" and scope.name in (repository, "*") and {action, "*"} & set(scope.actions)
        for scope in read_scopes(granted)
    )


def rights(granted: str) -> str:
    """The scopes of a token in words."""
    scopes = [f"{', '.join(scope.actions) or 'nothing'} of {scope.name}" for scope in read_scopes(granted)[:3]]
    return listed(scopes) or "nothing"


def pushes(token: Step) -> bool:
    """Whether a token was asked for in order to write."""
    scopes = read_scopes(token.token.scope or "") if token.token is not None else ()
    return any({"push", "delete", "*"} & set(scope.actions) and scope.type == "repository" for scope in scopes)
