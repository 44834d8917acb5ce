"""Which login or token was shown, what it was asked for and grants, and whether it was refused itself.

What a token grants is known by its scopes, and by its own claims where it can be read.
"""

from __future__ import annotations

import re

from pullscope.oci.challenge import Challenge, read_scopes
from pullscope.oci.known_registries import known_registry
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import bare, host_of
from pullscope.oci.whereabouts import is_address
from pullscope.trace.findings.advice import clue
from pullscope.trace.findings.case import REFUSALS, Case, Issued, in_storage, listed, repositories, was_anonymous
from pullscope.trace.findings.login_commands import registry_at
from pullscope.trace.findings.said import is_specific, says
from pullscope.trace.model import Hop, Kind, Step
from pullscope.trace.tokens import is_account_login, rights_asked


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
    wanted = {"push", "delete", "*"} & rights_asked(token)
    return any(wanted & set(scope.actions) and scope.type == "repository" for scope in scopes)


def not_asked_for(issuer: Step, hop: Hop) -> list[str]:
    """What a token was not asked for, and that is wanted where it was refused: a scope, or more of one.

    A scope is a repository's, or of all, as a catalog's is (goharbor/harbor#13573).
    """
    asked = (issuer.token.scope if issuer.token is not None else None) or ""
    # a client comes back from 401 with another token, not from 403: devcontainers/cli#945
    read = hop.request.method in ("GET", "HEAD")
    too_little = hop.status == 403 and any(one.error == "insufficient_scope" for one in hop.challenges)
    named = [one.scope for one in hop.challenges if one.scope] if hop.status == 401 or too_little else []
    if not asked:
        return [*map(listed, filter(None, map(repositories, named)))] or [
            one for one in named if one.startswith("registry:")
        ]
    if was_anonymous(issuer) or not (read or too_little):
        return []
    wanted = [scope for one in named for scope in read_scopes(one) if scope.name in repositories(asked)]
    return [f"{right} of {one.name}" for one in wanted for right in one.actions if not allows(asked, one.name, right)]


EXPIRED = re.compile(r"expired|reauthenticate|no longer valid", re.IGNORECASE)
ACCESS = re.compile(
    r"unauthori[sz]ed|authenti|denied|credential|password|login|permission|anonymous|access|invalid_grant|expired",
    re.IGNORECASE,
)
"""Words by which a 400 is about who asks, rather than what was asked."""


def refuses_access(hop: Hop) -> bool:
    """Whether an answer of a token server is about who asks: 401, 403, or 400 that says so; a page with 403 is a filter's."""
    found = clue(hop, "token") if hop.status == 403 else None
    by_a_filter = found is not None and found.name == "filter"
    if hop.status == 403 and (
        by_a_filter or (hop.is_page and (hop.request.method == "GET" or is_account_login(hop.request)))
    ):
        return False
    return hop.status in REFUSALS or (hop.status == 400 and says(hop, ACCESS))


def is_wrong_login(case: Case, step: Step) -> bool:
    """Whether a step is one at which a login itself was refused: by a token server, or as Basic by the registry."""
    if step is case.stopped_at and step in refused_pings(case):
        return not is_basic_for_token(case, step.last)
    if step not in case.bad:
        return False
    if step.is_token:
        return not was_anonymous(step) and refuses_access(step.last)
    basic = step.last.request.authorization == "basic"
    wrong = basic and _refuses_a_login(case, step.last) and not in_storage(step.last)
    return wrong and not is_basic_for_token(case, step.last)


def is_answerable(challenge: Challenge) -> bool:
    """Whether it says where to get a token."""
    return challenge.scheme == "bearer" and bool(challenge.realm)


def leads_nowhere(hop: Hop) -> bool:
    """Whether a client does not get where a challenge says: oras and helm from another host, and none if that is no address."""
    nowhere = any(is_answerable(one) and not is_address(one.realm or "") for one in hop.challenges)
    return nowhere or (hop.follows is not None and hop.follows.crosses)


def gets_no_token(case: Case, hop: Hop) -> bool:
    """Whether a challenge leads nowhere, or to a process that is not traced and got none (run: buildx 0.29, the client's)."""
    bearer = any(one.scheme == "bearer" and one.realm for one in hop.challenges)
    elsewhere = bearer and case.family == "buildkit" and not any(step.is_token for step in case.steps)
    return elsewhere or leads_nowhere(hop)


def waits_for_a_token(case: Case, step: Step) -> bool:
    """Whether a challenge was answered in vain, as the token server gave nothing; or with a login, which it did not ask for.

    Requests that were sent side by side wait for one token: containerd asks for every blob of a push first (2.1: run).
    """
    if step.is_token or step.last.request.authorization != "none" or step.last.status != 401:
        return is_basic_for_token(case, step.last)
    realms = {host_of(one.realm) for one in step.last.challenges if one.realm}
    after = (one for one in case.bad if one.is_token and one.started >= step.started)
    return any(one.under is step or one.first.host in realms for one in after)


def goes_another_way(case: Case, step: Step) -> bool:
    """Whether a refusal ends nothing here: another step tells it, content has more addresses, or regctl deletes a tag otherwise.

    It puts a manifest of its own under the tag then, and deletes that by its digest (regclient scheme/reg/tag.go).
    """
    tried = case.family == "regctl" and step.kind is Kind.DELETE and step.route.digest is None
    return step.is_foreign or waits_for_a_token(case, step) or (tried and (not case.over or step is not case.steps[-1]))


def is_basic_for_token(case: Case, hop: Hop) -> bool:
    """Whether a login is shown as Basic where only a token is asked for, at a host that neither asked for one nor took one."""
    if hop.status != 401 or hop.request.authorization != "basic" or hop.step.is_token:
        return False
    here = [one for one in case.hops if one.host == hop.host and not one.step.is_token]
    asked = {challenge.scheme for one in here for challenge in one.challenges}
    taken = any(one.ok and one.request.authorization == "basic" for one in here)
    return asked == {"bearer"} and not taken and any(map(is_answerable, hop.challenges))


_THE_CATALOG = re.compile(r"list (?:the )?catalog", re.IGNORECASE)
"""Harbor of who is no administrator, whatever the login: xelalexv/dregsy#81, goharbor/harbor#22194."""


def _refuses_a_login(case: Case, hop: Hop) -> bool:
    if hop.status in (400, 403) and says(hop, EXPIRED):
        return True
    known = registry_at(case, hop.host)
    if hop.route.endpoint is Endpoint.CATALOG and says(hop, _THE_CATALOG):
        return False
    return hop.status == 401 or (known is not None and hop.status in known.refuses and not is_specific(hop))


def refused_pings(case: Case) -> list[Step]:
    """The version check that ends an operation with a refusal, although a login or token was shown."""
    last = case.stopped_at
    if last is None or last.last.ok or last not in case.pings or last.last.request.authorization == "none":
        return []
    return [last] if last.last.status in REFUSALS or _refuses_a_login(case, last.last) else []


def public_front(token: Step) -> str | None:
    """The host that takes no login, and whose challenge a token request answers, or that of the host to which it redirected.

    dotnet/dotnet-docker#7246: mcr.microsoft.com, whose challenge is of a registry behind it.
    """
    first = token.under.first.host if token.under is not None else None
    known = known_registry(first) if first is not None else None
    return first if known is not None and known.login is None else None


def challenger(case: Case, token: Step) -> str | None:
    """The host whose challenge a token request answers."""
    homes = case.challengers.get(bare(token.first.request.url), set())
    return min(homes, default=None)


def showed_it_with(case: Case, hop: Hop) -> str | None:
    """The methods of the same operation with which a login was shown at a host, where a request there has none."""
    taken = [one for one in case.hops if one.host == hop.host and not one.step.is_token and one.status not in REFUSALS]
    shown = [one for one in taken if one.request.authorization != "none"]
    by_login = [one for one in shown if (issuer := case.issuer_of(one)) is None or not was_anonymous(issuer)]
    methods = listed(one.request.method for one in by_login if one.request.method != hop.request.method)
    return methods or None if hop.request.authorization == "none" else None
