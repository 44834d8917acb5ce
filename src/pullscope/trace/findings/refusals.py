"""Refusals with a login or token in hand: the wrong login, or one without the right; what an answer asks for is the fix."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.trace.findings.case import REFUSALS, Case, codes, found, in_storage, was_anonymous
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.login_commands import login
from pullscope.trace.findings.logins import challenger, wrong_logins
from pullscope.trace.findings.names import check
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import answered_by, is_specific, quoted, says
from pullscope.trace.model import Hop

_RIGHTS = re.compile(r"permission|insufficient|privilege|not allowed", re.IGNORECASE)
_ADDRESS = re.compile(r"\bclient with ip\b|\bip address\b|firewall|not allowed access|blocked", re.IGNORECASE)
_LIST = re.compile(r"\b(?:allow|white).?list|白名单", re.IGNORECASE)
"""Public mirrors that serve some images only: DaoCloud/public-image-mirror#39575."""
_UPSTREAM = re.compile(r"http status code: \d{3}", re.IGNORECASE)
"""Harbor, of what the registry behind a cache said to it: goharbor/harbor#14767."""
_TOKEN_FOR_PASSWORD = re.compile(r"personal access token|use a token|instead of a password", re.IGNORECASE)
"""Docker Hub and GitLab, where a password alone is not taken: docker/hub-feedback#1981, basecamp/kamal#1498."""


@row(
    "access-denied",
    needs=Fact.TROUBLE,
    severities="error",
    suffers="all without the right",
    remedy="the name, or a login",
)
def access_denied(case: Case) -> Iterator[Finding]:
    """401 or 403 with a token or login in hand, or a login that the token server refuses.

    Docker Hub says 401 with an anonymous token, 403 with an account's; ghcr.io 403 DENIED for both. Registries do not say
    whether a repository is private or not there, so the finding does not either (distribution-spec 1.1, "Error Codes";
    containerd#9648). Where the answer has a reason of its own (a firewall, a policy), that is quoted and nothing is guessed:
    Azure/acr#412. skopeo, podman and buildah send an empty Basic login where they have none.
    """
    wrong = wrong_logins(case)
    if wrong:
        step, last = wrong[0], wrong[0].last
        asked = (challenger(case, step) if step.is_token else None) or last.host
        host = step.under.first.host if step.under is not None else asked
        who = f"the token server {answered_by(last)}" if wrong[0].is_token else answered_by(last)
        shown = "token" if last.request.authorization == "bearer" else "login"
        yield found(
            "access-denied",
            case.severity(*wrong, otherwise=Severity.ERROR),
            wrong,
            f"{who} refused the {shown} of {case.client}, with {last.status}{quoted(last)}."
            + (
                " It is wrong, or empty, which is what skopeo, podman and buildah send where they have none."
                if last.request.authorization == "basic" and not wrong[0].is_token and not is_specific(last)
                else ""
            ),
            f"give the account that {case.client} uses the right to what it asked for, or log in with another"
            if says(last, _RIGHTS)
            else f"log in with a personal access token in place of the password: {login(case, host)}"
            if says(last, _TOKEN_FOR_PASSWORD)
            else f"log in again: {login(case, host)}"
            + (
                f"; if it is good, {host} may take no POST for tokens, and {case.client} did not ask by GET"
                if wrong[0].is_token and last.request.method == "POST" and last.status == 403 and not is_specific(last)
                else ""
            ),
        )
        return
    denied = [
        step
        for step in case.bad
        if not step.is_token
        and not case.writes
        and step.last.status in REFUSALS
        and not in_storage(step.last)
        and (step.last.request.authorization != "none" or (step.last.status == 403 and "DENIED" in codes(step.last)))
    ]
    if not denied:
        return
    last = denied[0].last
    issuer = case.issuer_of(last)
    name, what = last.route.repository or last.host, last.route.repository or "access"
    anonymous = issuer is not None and was_anonymous(issuer)
    specific = is_specific(last)
    with_what = " and an anonymous token" if anonymous else ""
    yield found(
        "access-denied",
        case.severity(*denied),
        [*denied, *([issuer] if issuer else [])],
        f"{answered_by(last) if specific else last.host} refused {what} to {case.client}, with {last.status}{with_what}"
        + (quoted(last) if specific else ": it is private or does not exist, and registries do not say which")
        + ".",
        _what_the_words_ask(case, last, name)
        if specific
        else f"{check(name)}; if it is private, log in with an account that may pull it: {login(case, last.host)}",
    )


def _what_the_words_ask(case: Case, hop: Hop, name: str) -> str:
    if says(hop, _ADDRESS):
        return f"allow the address that {case.client} comes from at {hop.host}"
    if says(hop, _UPSTREAM):
        return (
            f"look at what {hop.host} asks for in its turn: the name there, library/ before an official image of Docker Hub, and "
            f"the login that {hop.host} has there"
        )
    if says(hop, _LIST):
        return f"have {name} put on the list of {hop.host}, or pull it from where it comes from: no login helps"
    if hop.request.authorization == "none" or (
        case.issuer_of(hop) is not None and was_anonymous(case.issuer_of(hop) or hop.step)
    ):
        return f"do what the answer asks for; a login, where it wants one: {login(case, hop.host)}"
    return f"do what the answer asks for, or give the account that {case.client} uses the right to {name}"
