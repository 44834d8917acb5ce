"""Checks on `/v2/`, which most clients ask first, and on the paths of repositories: one function a code. Pure.

What they look at is in `following.Subject`.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

from pullscope.oci.challenge import read_challenges
from pullscope.oci.messages import Headers, Response
from pullscope.oci.urls import path_of, split
from pullscope.oci.verdicts import Problem, Severity, warning
from pullscope.worlds.vanity.following import DIGEST, Landing, Subject, follow, has_unsupported_status
from pullscope.worlds.vanity.platforms import PLATFORMS
from pullscope.worlds.vanity.rules import Auth
from pullscope.worlds.vanity.upstreams import DOCKER_HUB_HOSTS, is_inside, no_registry, upstream


def fix_of_ping(subject: Subject) -> str:
    target = next((landing.host for _, landing in subject.followed if not no_registry(landing.host or "")), "REGISTRY")
    return PLATFORMS[subject.rules.platform].ping_fix.format(target=target)


def ping_not_redirected(subject: Subject) -> Iterator[Problem]:
    ping = subject.ping
    if ping.not_played or ping.loops or ping.url is not None or ping.response is None or ping.response.status < 400:
        return
    if has_unsupported_status(subject, ping.rule):
        return
    yield Problem(
        "ping-not-redirected",
        f"/v2/ answers {ping.response.status} ({ping.decisions[-1].answered_by}): docker's classic store, podman, "
        "skopeo and crane ask it first and cannot pull without it.",
        fix_of_ping(subject),
        ping.where if ping.rule else subject.here,
    )


def ping_not_a_registry(subject: Subject) -> Iterator[Problem]:
    ping = subject.ping
    if ping.loops:
        return
    if ping.url is not None:
        if truth := no_registry(ping.host or ""):
            message = f"/v2/ leads to {ping.host}, {truth}."
        elif ping.strips:
            yield _stripped(subject, ping, "ping-not-a-registry")
            return
        elif ping.fetched and is_inside(ping.host or ""):
            # What stands behind knows how it is asked.
            return
        elif ping.path.removeprefix(ping.mount).rstrip("/") != "/v2":
            message = f"/v2/ ends at {ping.url}, which is not the /v2/ of a registry."
        else:
            return
        yield Problem("ping-not-a-registry", message, fix_of_ping(subject), ping.where)
        return
    if ping.response is None or ping.response.status >= 300:
        return
    if not ping.is_registry_like:
        shadow = PLATFORMS[subject.rules.platform].shadow_fix
        yield Problem(
            "ping-not-a-registry",
            f"/v2/ is answered with a page ({ping.decisions[-1].answered_by}), which no client accepts as a registry.",
            f"give /v2/ its own rule: {shadow}",
            ping.where if ping.rule else subject.here,
        )
        return
    for _, landing in subject.followed:
        known = upstream(landing.host or "")
        if known.tokens is not False and not landing.fetched:
            yield Problem(
                "ping-not-a-registry",
                f"/v2/ says 200, so docker's classic store, podman and crane ask for no token, but {known.host} "
                f"{'wants' if known.tokens else 'may want'} one.",
                "redirect /v2/ to that registry too, or use a registry that needs no token",
                ping.where,
                severity=Severity.ERROR if known.tokens else Severity.WARNING,
            )
            return


def ping_hides_challenge(subject: Subject) -> Iterator[Problem]:
    ping = subject.ping
    asking = next((landing for _, landing in subject.followed if landing.login), None)
    free = not ping.login and (ping.fetched or (ping.url is None and _says_yes(ping)))
    if asking is not None and free:
        yield Problem(
            "ping-hides-challenge",
            f"/v2/ asks for no login, and {urlsplit(asking.asked).path} for one: docker's classic store, podman, skopeo "
            "and buildah learn at /v2/ alone whether to show it.",
            "ask for the login at /v2/ too, or nowhere",
            asking.login,
        )
    # distribution/distribution#1028, #1230: a login for all but GET.
    push = (
        follow(subject.rules, subject.host, f"/v2/{subject.names[0]}/blobs/uploads/", "POST") if subject.names else None
    )
    if asking is None and free and push is not None and push.login:
        yield warning(
            "ping-hides-challenge",
            "/v2/ asks for no login, and a push for one: docker's classic store, podman, skopeo and buildah learn at /v2/ "
            "alone whether to show it, so their pushes are refused.",
            "ask for the login at /v2/ too, which pulls then need as well, or take pushes under another name",
            push.login,
        )


def _says_yes(ping: Landing) -> bool:
    return ping.response is not None and ping.response.status == 200 and ping.is_registry_like


def _stripped(subject: Subject, landing: Landing, code: str) -> Problem:
    """A server of one's own that is asked for less than clients ask."""
    asked = urlsplit(landing.asked).path.replace(DIGEST, "<digest>")
    to = (landing.url or "").replace(DIGEST, "<digest>")
    message = f"{asked} is asked as {to}: without /v2/ in its path no registry answers."
    return Problem(code, message, PLATFORMS[subject.rules.platform].path_fix, landing.where)


def ping_slash_lost(subject: Subject) -> Iterator[Problem]:
    ping = subject.ping
    lost_here = any(
        one.rule is None and one.response is not None and (one.response.headers.get("Location") or "") == "/v2"
        for one in ping.decisions
    )
    if ping.path.removeprefix(ping.mount) == "/v2" or lost_here:
        rule = ping.rule
        yield Problem(
            "ping-slash-lost",
            f"/v2/ loses its slash on the way to {ping.url or 'its target'}: docker's classic store keeps its "
            'challenge under /v2/ and answers "unauthorized".',
            "remove trailingSlash from vercel.json" if lost_here else "end the target with /v2/",
            rule.line_of("to", "destination") if rule and not lost_here else subject.here,
        )


def ping_other_host(subject: Subject) -> Iterator[Problem]:
    ping = subject.ping
    if ping.host is None or ping.fetched:
        return
    told: set[str] = set()
    for name, landing in subject.followed:
        if landing.fetched or landing.host in {None, ping.host, *told}:
            continue
        told.add(landing.host or "")
        yield Problem(
            "ping-other-host",
            f"/v2/ leads to {ping.host} but {name} to {landing.host}: docker's classic store sends its token only to the "
            "registry where /v2/ led.",
            "give each registry a vanity host of its own, or proxy it",
            landing.where,
        )


def path_not_redirected(subject: Subject) -> Iterator[Problem]:
    stripped = next((landing for _, landing in subject.followed if landing.strips), None)
    if stripped is not None and not (subject.ping.strips and subject.ping.where == stripped.where):
        yield _stripped(subject, stripped, "path-not-redirected")
    if not subject.followed:
        if subject.not_played:
            return
        if any(
            landing.not_played or landing.loops or has_unsupported_status(subject, landing.rule)
            for _, landing in subject.landings
        ):
            return
        wanted = subject.names[0] if subject.names else "any repository"
        message = f"No rule leads {wanted} to a registry: {subject.host} answers with its own page."
        fix = "add a rule for /v2/YOUR-ORGANISATION/ and everything under it"
        yield Problem("path-not-redirected", message, fix, subject.here)
        return
    covered = {subject.repository, *(name for name, _ in subject.followed)}
    told: set[str] = set()
    for name, landing in subject.landings:
        known = landing.url is not None or landing.not_played or landing.loops
        if known or has_unsupported_status(subject, landing.rule) or name in told or name not in covered:
            continue
        told.add(name)
        path = urlsplit(landing.asked).path
        yield Problem(
            "path-not-redirected",
            f"{path.replace(DIGEST, '<digest>')} is not covered ({landing.decisions[-1].answered_by}): clients get "
            "that page instead of the image.",
            f"cover everything under /v2/{name}/",
            landing.where if landing.rule else subject.here,
        )


def scope_mismatch(subject: Subject) -> Iterator[Problem]:
    told: set[str] = set()
    for name, landing in subject.followed:
        rule = landing.rule
        if rule is None or landing.own_login or rule.auth is Auth.TOKEN_AWARE:
            continue
        if landing.repository in {None, name} or rule.where in told:
            continue
        told.add(rule.where)
        known = upstream(landing.host or "")
        if _token_renamed_too(subject, name, landing):
            continue
        if not known.scoped or (landing.fetched and is_inside(known.host)):
            continue
        yield Problem(
            "scope-mismatch",
            f"{name} is renamed to {landing.repository} on {known.host}: docker's classic store asks for a token "
            f"for {name}"
            f"{', and with a strict token server every client fails' if known.strict else ' and is denied'}.",
            "keep the path of the registry, or use a proxy that rewrites realm and scope",
            rule.line_of("to", "destination", "prefix"),
            severity=Severity.ERROR if known.tokens else Severity.WARNING,
        )


def _token_renamed_too(subject: Subject, name: str, landing: Landing) -> bool:
    """True where the host names itself as the token server, and asks the registry's for the name that it has there."""
    after = landing.decisions[-1].after
    if after is None:
        return False
    challenge = f'Bearer realm="https://{landing.host}/token",service="{landing.host}"'
    told = after(Response(status=401, headers=Headers({"WWW-Authenticate": challenge}))).response
    realms = read_challenges(told.headers.get_all("WWW-Authenticate")) if told else ()
    realm = next((one.realm for one in realms), None)
    if not realm or split(realm).netloc != subject.host:
        return False
    asked = {wanted: urlencode({"scope": f"repository:{wanted}:pull"}) for wanted in (name, landing.repository)}
    token = follow(subject.rules, subject.host, f"{path_of(realm)}?{asked[name]}")
    return token.url is not None and asked[landing.repository] in token.url


def library_prefix_missing(subject: Subject) -> Iterator[Problem]:
    for word in ("alpine", *(name for name in subject.names if "/" not in name)):
        landing = follow(subject.rules, subject.host, f"/v2/{word}/manifests/latest")
        rule = landing.rule
        if landing.host in DOCKER_HUB_HOSTS and landing.repository == word and rule is not None:
            named = word in subject.names
            reaches = f"{subject.host}/{word} reaches Docker Hub as {word}"
            message = f"{reaches}, and Docker Hub knows it only as library/{word}."
            yield Problem(
                "library-prefix-missing",
                message,
                f"let people pull {subject.host}/library/{word}, or keep one-word names out of the rule",
                rule.where,
                severity=Severity.ERROR if named else Severity.WARNING,
            )
            return


def redirect_loop(subject: Subject) -> Iterator[Problem]:
    told: set[str] = set()
    for landing in (subject.ping, *(landing for _, landing in subject.landings)):
        if landing.loops and landing.where not in told:
            told.add(landing.where)
            yield Problem(
                "redirect-loop",
                f"{urlsplit(landing.asked).path.replace(DIGEST, '<digest>')} leads back to {subject.host} again and "
                "again.",
                "point the rule at the registry, not at the vanity host itself",
                landing.where,
            )


def query_dropped(subject: Subject) -> Iterator[Problem]:
    told: set[str] = set()
    for name in subject.names:
        landing = follow(subject.rules, subject.host, f"/v2/{name}/tags/list?n=1&last=a")
        rule = landing.rule
        if landing.url is None or rule is None or rule.where in told or "last=a" in urlsplit(landing.url).query:
            continue
        told.add(rule.where)
        queries = "?n=, ?last=, ?ns=, ?digest="
        message = f"The query ({queries}) is lost on the way: lists of tags longer than one page never end."
        yield warning(
            "query-dropped", message, PLATFORMS[subject.rules.platform].query_fix, rule.line_of("to", "destination")
        )
