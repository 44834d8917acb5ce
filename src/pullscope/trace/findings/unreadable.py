"""Answers that send a client somewhere and do not say where: a redirect without a target, a challenge without a realm."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from pullscope.trace.findings.case import Case, found, in_storage, pings
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.tokens import LOOKERS
from pullscope.trace.model import REDIRECTS, Hop, Step


def redirect_unreadable(case: Case) -> Iterator[Finding]:
    """A redirect that names no address."""
    lost = [step for step in case.bad if step.last.status in REDIRECTS and not _has_target(step.last)]
    if not lost:
        return
    last = lost[0].last
    said = last.response.location if last.response else None
    yield found(
        "redirect-unreadable",
        case.severity(*lost),
        lost,
        f"{last.host} said {last.status} and "
        + (f"sent {case.client} to {said!r}, which is no address" if said else "not where: there is no Location")
        + f", so {case.client} has nothing to follow.",
        f"let {last.host} write the whole address of its target in Location; a rule with a variable that is empty makes "
        "such a redirect",
    )


def _has_target(hop: Hop) -> bool:
    try:
        target = urlsplit(hop.response.location or "") if hop.response else None
    except ValueError:
        return False
    return target is not None and target.scheme in ("http", "https") and bool(target.netloc)


def challenge_unreadable(case: Case) -> Iterator[Finding]:
    """A 401 that says neither which login is wanted nor where tokens are to be had."""
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
