"""Logins: none shown, the wrong one, one that has expired, one that is not needed, one without the right to read.

The same words never serve two of these. What a registry says of a refusal is quoted, and no advice goes against it. The
same for writing is in `denials`, refusals with a login in hand are in `refusals`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.amounts import period
from pullscope.oci.challenge import read_scopes
from pullscope.oci.known_registries import known_registry
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.asked import subject
from pullscope.trace.findings.case import (
    REFUSALS,
    Case,
    Found,
    asked_repositories,
    in_storage,
    is_write,
    listed,
    only_a_token,
    pings,
    repositories,
    was_anonymous,
)
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.grants import (
    EXPIRED,
    allows,
    challenger,
    issued_for,
    pushes,
    refused_pings,
    refuses_access,
    rights,
    wrong_logins,
)
from pullscope.trace.findings.login_commands import login, logout
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import answered_by, in_brackets, quoted, says
from pullscope.trace.model import Hop, Step

LOOKERS = frozenset({"unknown", "curl"})
"""Families that may ask `/v2/` for its own sake."""


@row(
    "login-not-needed",
    needs=Fact.TROUBLE,
    explains="access-denied login-expired token-server-failed",
    severities="error",
    suffers="those that keep an old login",
    remedy="log out",
    report="aws/deep-learning-containers#6104",
)
def login_not_needed(case: Case) -> Iterator[Found]:
    """A login is refused for an image that was had without one, or by a registry that takes none.

    A stored login is sent even where none is needed, and registries refuse it rather than ignore it:
    aws/containers-roadmap#1296, aws/deep-learning-containers#6104, llaville/umlwriter#24 (ghcr.io, after `docker logout`).
    Told only where the same repository was seen being read without a login, or the registry takes no login at all.
    """
    for step in wrong_logins(case):
        host = step.under.first.host if step.under is not None else step.first.host
        name = subject(case, step)
        open_ = {repository for _, repository in case.open_to_all} if name is None else set()
        known = known_registry(host)
        takes_none = known is not None and known.login is None
        if not takes_none and (name is None or (host, name) not in case.open_to_all) and not open_:
            continue
        yield Found(
            [step],
            f"{answered_by(step.last)} refused the login of {case.client} with {step.last.status}{quoted(step.last)}. "
            + (f"{host} takes no login." if takes_none else f"{name or host} can be read there without one."),
            f"log out: {logout(case, host)}",
            severity=Severity.ERROR,
        )


@row(
    "login-expired",
    needs=Fact.TROUBLE,
    explains="access-denied credentials-not-used scope-refused token-rejected token-server-failed write-denied",
    severities="error",
    suffers="all with that login",
    remedy="log in again, or use a credential helper",
    report="causify-ai/helpers#20",
)
def login_expired(case: Case) -> Iterator[Found]:
    """400, 401 or 403 to a login, with words that say it has expired.

    ECR's password lives 12 hours and is refused with 403 or 400, as text/plain or JSON: awslabs/amazon-ecr-credential-helper#286,
    CircleCI-Public/aws-ecr-orb#277, aws/eks-anywhere#1628. How long a login lives is in `oci.known_registries`. A token that was
    seen being issued and is over is `token-rejected`.
    """
    late = [
        step
        for step in [*case.bad, *refused_pings(case)]
        if step.last.status in (400, 401, 403)
        and not in_storage(step.last)
        and says(step.last, EXPIRED)
        and (
            not was_anonymous(step)
            if step.is_token
            else step.last.request.authorization != "none" and issued_for(case, step.last) is None
        )
    ]
    if not late:
        return
    last = late[0].last
    host = late[0].under.first.host if late[0].under is not None else last.host
    known = known_registry(host)
    life = known.login_life if known is not None else None
    yield Found(
        late,
        f"{answered_by(last)} said {last.status} to the login of {case.client}{quoted(last)}."
        + (f" A login there lives {period(life)}." if life else ""),
        f"log in again: {login(case, host)}; a credential helper does so by itself",
        severity=case.severity(*late, otherwise=Severity.ERROR),
    )


@row(
    "login-lacks-right",
    needs=Fact.FAILURE,
    explains="access-denied scope-refused",
    severities="error",
    suffers="that account",
    remedy="the right, or another account",
    recording="field/wire/harbor-basic-after-bearer.mitm",
)
def login_lacks_right(case: Case) -> Iterator[Found]:
    """The token of a login does not grant what was then asked, and the registry refused it.

    A token server may issue a token that grants less than was asked, or nothing (distribution, docs/content/spec/auth/token.md);
    the token's `access` claim says so where it is a JWT. Harbor does it for robot accounts: goharbor/harbor#18856, #11632.
    """
    for step in case.bad:
        last, issued = step.last, issued_for(case, step.last)
        name = last.route.repository
        if last.status not in REFUSALS or issued is None or issued.anonymous or name is None or is_write(step):
            continue
        granted = issued.facts.granted
        lacks = [action for action in _wanted(last, name) if granted is not None and not allows(granted, name, action)]
        if granted is None or not lacks:
            continue
        what = "pull" if "pull" in lacks else f"do {listed(lacks)} with"
        yield Found(
            [step, *([issuer] if (issuer := case.issuer_of(last)) else [])],
            f"the login of {case.client} may not {what} {name} from {last.host}: its token grants "
            f"{rights(granted)}{in_brackets(last)}.",
            f"give that account the right to {what} {name}, or log in with one that has it",
        )


def _wanted(hop: Hop, name: str) -> list[str]:
    """What a challenge wants to be allowed: `pull`, or ACR's `metadata_read` for tags (Azure/acr#600)."""
    scopes = [one for challenge in hop.challenges for one in read_scopes(challenge.scope or "") if one.name == name]
    return [action for one in scopes for action in one.actions] or ["pull"]


@row(
    "credentials-not-used",
    needs=Fact.TROUBLE,
    explains="access-denied",
    severities="error",
    suffers="all without that login",
    remedy="log in to the host that really answers",
)
def credentials_not_used(case: Case) -> Iterator[Found]:
    """A login is wanted and none was shown, or to another host only.

    A login is kept for the host in the reference (docker config.json, containers auth.json), so one for a vanity host is
    not shown to its upstream: run with dockerd 20.10.24, dockerd 29.7.2 and skopeo 1.9.3. Artifact Registry and GHCR refuse
    the anonymous token itself: GoogleCloudPlatform/aactl#233, mubeng/mubeng#286. A version check that ends at Basic is a
    finding too, where the client is none that may only look. So is Basic beside Bearer, which Gitea 1.26.0 asked everybody
    for: distribution's client answers every challenge or fails (go-gitea/gitea#37289; run with dockerd 20.10.24).
    """
    for step in pings(case):
        # Clients that know no password end here, before they have asked for anything.
        wants = {challenge.scheme for challenge in step.last.challenges} if step.last.status == 401 else set()
        bare = step.last.request.authorization == "none"
        why = None
        if wants == {"basic"} and step is case.stopped_at:
            why = f"wants a login, and {case.client}, which has none for it,"
        elif wants == {"basic", "bearer"} and case.pull.client.family == "docker" and only_a_token(case):
            why = "asks for Basic beside Bearer; docker answers both or gives up: it got a token, had no login, and"
        if why is not None and bare and case.pull.client.family not in LOOKERS:
            yield Found(
                [step],
                f"{step.last.host} {why} asked nothing more.",
                f"log in: {login(case, step.last.host)}",
                severity=Severity.ERROR,
            )
    logged_in = {hop.host for hop in case.hops if hop.request.authorization == "basic" and not hop.step.is_token}
    logged_in |= {step.first.host for step in case.steps if step.token is not None and not step.token.anonymous}
    for step in case.bad:
        last = step.last
        if step.is_token:
            if is_unknown_without_login(case, step):
                yield _no_anonymous_token(case, step)
                return
            continue
        if last.status != 401 or in_storage(last) or case.writes:
            continue
        schemes = {challenge.scheme for challenge in last.challenges}
        issuer = case.issuer_of(last)
        anonymous = issuer is not None and was_anonymous(issuer)
        basic = schemes == {"basic"} and last.request.authorization == "none"
        elsewhere = sorted(host for host in logged_in if host != last.host) if anonymous else []
        if not basic and not elsewhere:
            continue
        where = f"; its login for {elsewhere[0]} does not carry over" if elsewhere else ""
        yield Found(
            [step],
            f"{last.host} wants a login, and {case.client} asked without one{where}.",
            f"log in to the host that really answers ({login(case, last.host)}), or let {step.first.host} proxy to it"
            if step.first.host != last.host
            else f"log in: {login(case, last.host)}",
        )


def is_unknown_without_login(case: Case, step: Step) -> bool:
    """Whether a token server gives nothing to one who shows no login, for a name that nobody has changed on the way."""
    if not was_anonymous(step) or not refuses_access(step.last) or pushes(step):
        return False
    moved = any(one.first.host != one.last.host for one in case.steps if not one.is_token)
    # That of a version check names none, or a placeholder (ghcr.io: repository:user/image:pull).
    wanted = {
        name
        for hop in case.hops
        if hop.status == 401 and hop.step.route.endpoint is not Endpoint.PING
        for one in hop.challenges
        for name in repositories(one.scope)
    }
    # A challenge that names repositories has the last word: another name in the request is the client's own.
    wanted = wanted or {hop.route.repository for hop in case.hops if hop.route.repository is not None}
    return not moved and (not wanted or set(asked_repositories(step)) <= wanted)


def _no_anonymous_token(case: Case, step: Step) -> Found:
    last = step.last
    name = subject(case, step)
    host = step.under.first.host if step.under is not None else challenger(case, step) or last.host
    return Found(
        [step, *([step.under] if step.under else [])],
        f"{case.client} showed no login, and {answered_by(last)} gives no token for {name or 'that'} without one"
        f" ({last.status}{_after_comma(last)}).",
        f"log in: {login(case, host)}; without the right to see it, the answer is the same for a name that does not exist",
        severity=case.severity(step, otherwise=Severity.ERROR if case.over else Severity.WARNING),
    )


def _after_comma(hop: Hop) -> str:
    return quoted(hop).replace(": ", ", ", 1)
