"""Who got which token, for what, and who refused it. Tokens are numbers here; what they hold is not known.

A token belongs to the hosts that sent the client to its realm. Scopes are what was asked for: what a token server really
granted is inside the token, which is not read.
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.reference import DOCKER_HUB, registry_name
from pullscope.trace.addresses import bare
from pullscope.trace.findings.case import (
    CONTAINERS_IMAGE,
    Case,
    asked_repositories,
    codes,
    content_type,
    found,
    in_storage,
    listed,
    pings,
    repositories,
)
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.model import Hop, Kind, Step

REFUSALS = frozenset({401, 403})
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


def authorization_dropped(case: Case) -> Iterator[Finding]:
    """A token went to the first host, not over the redirect, and the second host wanted it."""
    dropped: list[tuple[Step, Hop]] = []
    for step in case.bad:
        chain = step.passes[-1]
        last = chain[-1]
        giver = next((hop for hop in chain[:-1] if hop.request.authorization != "none" and hop.host != last.host), None)
        if last.status == 401 and last.request.authorization == "none" and giver is not None:
            dropped.append((step, giver))
    if not dropped:
        return
    step, giver = dropped[0]
    last, family = step.last, case.pull.client.family
    what = "token" if giver.request.authorization == "bearer" else "login"
    alike = [name for name in ("skopeo", "podman", "buildah") if name != family]
    if family not in CONTAINERS_IMAGE and family not in ("crane", "go-containerregistry"):
        alike = ["skopeo", *alike[1:]]
    fails = listed([*alike, *([] if family in ("crane", "go-containerregistry") else ["crane up to 0.21.7"])])
    issuer = case.issuer_of(giver)
    status = giver.status or 302
    yield found(
        "authorization-dropped",
        case.severity(*(one for one, _ in dropped)),
        [*(one for one, _ in dropped), *([issuer] if issuer else [])],
        f"{case.client} gave its {what} to {giver.host}, then followed the redirect to {last.host} without it. "
        f"No login will help. {fails} fail alike; docker does not.",
        f"let {giver.host} proxy (200) instead of redirecting ({status}), or redirect to a registry that needs no token",
    )


def authorization_leaked(case: Case) -> Iterator[Finding]:
    """A token or login went to a host that it was not made for."""
    for hop in case.hops:
        if hop.step.is_token or hop.request.authorization == "none":
            continue
        if hop.request.authorization == "basic":
            before = hop.follows
            if before is None or before.host == hop.host or before.request.authorization != "basic":
                continue
            yield found(
                "authorization-leaked",
                Severity.WARNING,
                [hop.step],
                f"{case.client} sent the login that it has for {before.host} on to {hop.host}, after a redirect.",
                f"whoever runs {hop.host} can use that login: change the password if that is not you",
            )
            return
        issuer = case.issuer_of(hop)
        homes = case.challengers.get(bare(issuer.first.request.url), set()) if issuer else set()
        if issuer is None or not homes or hop.host in homes:
            continue
        anonymous = issuer.token is not None and issuer.token.anonymous
        yield found(
            "authorization-leaked",
            Severity.INFO if anonymous else Severity.WARNING,  # what anybody can get is no secret
            [
                issuer,
                *(other.step for other in case.hops if other.host == hop.host and case.issuer_of(other) is issuer),
            ],
            f"{case.client} sent the token of {issuer.first.host}, made for {listed(sorted(homes))}, to {hop.host}"
            + (
                ". Anybody can get such a token, for it is anonymous."
                if anonymous
                else ", which can pull with it while it lives."
            ),
            f"let only hosts that you trust redirect to {listed(sorted(homes))}, or answer the challenge at {hop.host} itself, "
            "as a proxy does",
        )
        return


def scope_mismatch(case: Case) -> Iterator[Finding]:
    """A token for one name was refused for another: the path was renamed on the way."""
    for step in case.bad:
        last = step.last
        issuer = case.issuer_of(last)
        if last.status not in REFUSALS or issuer is None or in_storage(last):
            continue
        have = asked_repositories(issuer)
        said = [name for challenge in last.challenges for name in repositories(challenge.scope)]
        wanted = said or ([last.route.repository] if last.route.repository else [])
        if not have or not wanted or set(have) & set(wanted):
            continue
        yield found(
            "scope-mismatch",
            case.severity(step),
            [step, issuer],
            f"{case.client} has a token for {listed(have)}, but {last.host} wants one for {listed(wanted)}: the path is "
            "renamed between the two.",
            f"keep the path {wanted[0]} as it is at {last.host}, or use a proxy that rewrites realm and scope",
        )
        return


def scope_refused(case: Case) -> Iterator[Finding]:
    """A token server that gives nothing, or less, for one of the scopes."""
    for step in case.bad:
        if step.is_token and step.token is not None and step.token.anonymous and step.last.status in (400, 403):
            names = asked_repositories(step)
            wanted = {
                name
                for hop in case.hops
                if hop.status == 401
                for one in hop.challenges
                for name in repositories(one.scope)
            }
            yield found(
                "scope-refused",
                case.severity(step),
                [step, *([step.under] if step.under else [])],
                f"{step.last.host} said {step.last.status} when {case.client} asked for {listed(names) or 'no scope'}"
                + _whose(names, wanted, case.client)
                + ".",
                "keep the registry's own path, so that every name in the scope exists there; log in if it is private",
            )
            return
    for step in case.bad:
        issuer = case.issuer_of(step.last)
        if step.last.status not in REFUSALS or issuer is None:
            continue
        have = asked_repositories(issuer)
        short = any(challenge.error == "insufficient_scope" for challenge in step.last.challenges)
        if len(have) > 1 and short:
            yield found(
                "scope-refused",
                case.severity(step),
                [step, issuer],
                f"{issuer.last.host} gave {case.client} a token when it asked for {listed(have)}, but {step.last.host} finds "
                "less in it than it wants.",
                "keep the registry's own path, so that only one name is asked for; log in if it is private",
            )
            return


def _whose(names: tuple[str, ...], wanted: set[str], client: str) -> str:
    own = [name for name in names if name not in wanted]
    asked = [name for name in names if name in wanted]
    if own and asked:
        return f"; {listed(asked)} is what the registry's challenge names, {listed(own)} was added by {client}"
    return f", which {client} made of the name it was given" if own and wanted else ""


def token_rejected(case: Case) -> Iterator[Finding]:
    """A token that was refused as such, or no longer taken where it had been."""
    welcome: set[tuple[int, str, str | None]] = set()
    for hop in case.hops:
        number = hop.request.credential
        if number is None or in_storage(hop):
            continue
        place = (number, hop.host, hop.route.repository)
        if hop.status is not None and hop.status < 400:
            welcome.add(place)
        invalid = any(challenge.error == "invalid_token" for challenge in hop.challenges)
        if hop.status != 401 or not (invalid or place in welcome):
            continue
        issuer = case.issuer_of(hop)
        token = issuer.token if issuer is not None else None
        age = hop.request.time - issuer.ended if issuer is not None and issuer.ended is not None else None
        lifetime = token.expires_in if token is not None else None
        # A client that gets a new one when the old one is over does as it should.
        over = age is not None and lifetime is not None and age >= lifetime
        if (over or age is None) and hop.step not in case.bad:
            continue
        told = f", {age:.0f} s after it was issued" if age is not None else ""
        if lifetime is not None:
            told += f" for {lifetime} s"
        yield found(
            "token-rejected",
            case.severity(hop.step),
            [hop.step, *([issuer] if issuer else [])],
            f"{hop.host} no longer takes the token of {issuer.first.host if issuer else 'an earlier time'}{told}: "
            + ("it is over." if over else "it calls it invalid." if invalid else "it took it before."),
            "let tokens live longer than a slow pull takes"
            if over
            else f"compare the clocks of {hop.host} and of its token server, and the key that they share",
        )
        return


def token_server_failed(case: Case) -> Iterator[Finding]:
    """A realm that answers, but not with a token."""
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


def credentials_not_used(case: Case) -> Iterator[Finding]:
    """A login is wanted, and none was shown; or it was shown to another host."""
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


def access_denied(case: Case) -> Iterator[Finding]:
    """No, with a token in hand."""
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
