"""Logins: none shown, the wrong one, too old a one, one without the right, and the same for writing."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.reference import DOCKER_HUB, registry_name
from pullscope.trace.findings.case import (
    REFUSALS,
    Case,
    codes,
    found,
    in_storage,
    pings,
)
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.row import row

LOGINS = {
    "podman": "podman login",
    "buildah": "buildah login",
    "skopeo": "skopeo login",
    "containers": "podman login",
    "cri-o": "podman login",
    "containerd": "nerdctl login",
    "crane": "crane auth login",
    "regctl": "regctl registry login",
}
"""What a family's logins are made with; what is not here reads those of docker (~/.docker/config.json)."""


LOOKERS = frozenset({"unknown", "curl"})
"""Families that may ask `/v2/` for its own sake."""


@row(
    "credentials-not-used",
    needs=Fact.TROUBLE,
    explains=("access-denied",),
    severities="error",
    suffers="all without that login",
    remedy="log in to the host that really answers",
)
def credentials_not_used(case: Case) -> Iterator[Finding]:
    """A login is wanted, and none was shown, or to another host only.

    dockerd's containerd store gives stored credentials to the host of the login only (daemon/containerd/resolver.go "Host
    doesn't match"): docker/for-mac#7658. containers/image asks nothing more where `/v2/` wants Basic and it knows no
    password.
    """
    for step in pings(case):
        # Clients that know no password end here, before they have asked for anything.
        wants = {challenge.scheme for challenge in step.last.challenges} if step.last.status == 401 else set()
        if wants == {"basic"} and step is case.steps[-1] and case.over and case.pull.client.family not in LOOKERS:
            yield found(
                "credentials-not-used",
                Severity.ERROR,
                [step],
                f"{step.last.host} wants a login, and {case.client}, which has none for it, asked nothing more.",
                f"log in: {_login(case, step.last.host)}",
            )
            return
    logged_in = {hop.host for hop in case.hops if hop.request.authorization == "basic" and not hop.step.is_token}
    logged_in |= {step.first.host for step in case.steps if step.token is not None and not step.token.anonymous}
    for step in case.bad:
        last = step.last
        if step.is_token or last.status != 401 or in_storage(last):
            continue
        schemes = {challenge.scheme for challenge in last.challenges}
        issuer = case.issuer_of(last)
        anonymous = issuer is not None and issuer.token is not None and issuer.token.anonymous
        basic = schemes == {"basic"} and last.request.authorization == "none"
        elsewhere = sorted(host for host in logged_in if host != last.host) if anonymous else []
        if not basic and not elsewhere:
            continue
        where = f"; its login for {elsewhere[0]} does not carry over" if elsewhere else ""
        yield found(
            "credentials-not-used",
            case.severity(step),
            [step],
            f"{last.host} wants a login, and {case.client} asked without one{where}.",
            f"log in to the host that really answers ({_login(case, last.host)}), or let {step.first.host} proxy to it"
            if step.first.host != last.host
            else f"log in: {_login(case, last.host)}",
        )
        return


@row(
    "access-denied",
    needs=Fact.FAILURE,
    severities="error",
    suffers="all without the right",
    remedy="the name, or a login",
)
def access_denied(case: Case) -> Iterator[Finding]:
    """401 or 403 with a token in hand.

    Docker Hub answers alike for what is private and what does not exist.
    """
    denied = [
        step
        for step in case.bad
        if not step.is_token
        and step.last.status in REFUSALS
        and not in_storage(step.last)
        and (step.last.request.authorization != "none" or (step.last.status == 403 and "DENIED" in codes(step.last)))
    ]
    wrong = [
        step
        for step in case.bad
        if step.is_token and step.token is not None and not step.token.anonymous and step.last.status in REFUSALS
    ]
    if wrong:
        host = wrong[0].last.host
        yield found(
            "access-denied",
            case.severity(*wrong),
            wrong,
            f"the token server {host} refused the login of {case.client}, with {wrong[0].last.status}.",
            f"log in again; the password or access token that {case.client} has for this registry is not taken",
        )
        return
    if not denied:
        return
    last = denied[0].last
    issuer = case.issuer_of(last)
    name = last.route.repository or last.host
    anonymous = issuer is not None and issuer.token is not None and issuer.token.anonymous
    yield found(
        "access-denied",
        case.severity(*denied),
        [*denied, *([issuer] if issuer else [])],
        f"{last.host} refused {name} to {case.client}, with {last.status}"
        + (" and an anonymous token" if anonymous else "")
        + (
            ": the login that it sent is wrong, or empty, which is what skopeo, podman and buildah send where they have none."
            if last.request.authorization == "basic"
            else ": it is private or does not exist, and registries do not say which."
        ),
        f"check the name {name}; if it is private, log in with an account that may pull it: {_login(case, last.host)}",
    )


def _login(case: Case, host: str) -> str:
    """The command by which this client is logged in to a host: Docker Hub's login goes by another name than its host.

    docker keeps it as https://index.docker.io/v1/, which is where `docker login` without a name puts it.
    """
    registry, command = registry_name(host), LOGINS.get(case.pull.client.family, "docker login")
    return command if registry == DOCKER_HUB and command == "docker login" else f"{command} {registry}"
