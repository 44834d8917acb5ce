"""What a registry says of tokens, and whether one could be had there."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.urls import bare
from pullscope.trace.findings.case import (
    Case,
    content_type,
    found,
    in_storage,
    pings,
)
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.logins import LOOKERS
from pullscope.trace.findings.row import row
from pullscope.trace.model import Kind, Step


@row(
    "challenge-unreadable",
    needs=Fact.TROUBLE,
    severities="error",
    suffers="all",
    remedy="WWW-Authenticate with a realm",
)
def challenge_unreadable(case: Case) -> Iterator[Finding]:
    """401 without a challenge, or with one that has no realm.

    Without a realm nobody knows whom to ask: docker says "no realm specified for token auth challenge", crane "missing realm".
    A 401 without any challenge is the same, whoever removed it: proxies that keep WWW-Authenticate for themselves do.
    """
    refused = [step for step in case.bad if _is_told_nothing(step)]
    # Who learns nothing from its version check ends there; some look at that for its own sake.
    for step in pings(case):
        ended = case.over and step is case.steps[-1] and case.pull.client.family not in LOOKERS
        if ended and step not in refused and _is_told_nothing(step):
            refused.append(step)
    if not refused:
        return
    last = refused[0].last
    yield found(
        "challenge-unreadable",
        case.severity(*refused) if any(step in case.bad for step in refused) else Severity.ERROR,
        refused,
        f"{last.host} said 401, and "
        + (
            "not where to get a token: its challenge has no realm."
            if last.challenges
            else "not what it wants: there is no WWW-Authenticate."
        )
        + f" No login helps {case.client}.",
        f'let {last.host} send WWW-Authenticate: Bearer realm="https://TOKEN-SERVER/token",service="NAME", and what '
        "stands in front of it hand that on",
    )


def _is_told_nothing(step: Step) -> bool:
    """Whether a 401 without a token of ours holds no challenge that a client can answer."""
    last = step.last
    if step.is_token or last.status != 401 or last.request.authorization != "none" or in_storage(last):
        return False
    return all(challenge.scheme == "bearer" and not challenge.realm for challenge in last.challenges)


@row(
    "token-server-failed",
    needs=Fact.TOKEN,
    severities="error",
    suffers="all",
    remedy="the realm's host",
)
def token_server_failed(case: Case) -> Iterator[Finding]:
    """The realm answers 5xx, 404, or 200 without a token.

    distribution docs/content/spec/auth/token.md: `token` or `access_token`. A 200 without either is a failure of the
    step.
    """
    broken = [
        step
        for step in case.steps
        if step.is_token
        and (
            (step.last.status or 0) >= 500
            or step.last.status in (404, 405)
            or (step.last.failed is not None and step.last.response is not None)
            or (step.last.ok and step.kind is Kind.TOKEN and step in case.pull.failing)
        )
    ]
    if not broken:
        return
    last = broken[0].last
    said = f"{last.status}"
    if last.ok:
        kind = content_type(last)
        said = f"{last.status} and no token in it" + (f" ({kind})" if kind else "")
    yield found(
        "token-server-failed",
        case.severity(*broken),
        broken,
        f"the token server {last.host} answered {said}, so {case.client} has nothing to show to the registry.",
        f"look at {bare(last.request.url)}: the registry's challenge names it as its realm",
    )
