"""Checks on the paths of repositories: one function a code. Pure; what they look at is in `following.Subject`."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

from pullscope.oci.challenge import read_challenges
from pullscope.oci.messages import Headers, Response
from pullscope.oci.urls import path_of, split
from pullscope.oci.verdicts import Problem, Severity
from pullscope.worlds.vanity.following import DIGEST, Landing, Subject, follow, has_unsupported_status
from pullscope.worlds.vanity.platforms import PLATFORMS
from pullscope.worlds.vanity.rules import Auth
from pullscope.worlds.vanity.upstreams import DOCKER_HUB_HOSTS, is_inside, upstream


def path_not_redirected(subject: Subject) -> Iterator[Problem]:
    if not subject.followed:
        if subject.not_played:
            return
        if any(
            landing.not_played or landing.loops or has_unsupported_status(subject, landing.rule)
            for _, landing in subject.landings
        ):
            return
        wanted = subject.names[0] if subject.names else "any repository"
        yield Problem(
            code="path-not-redirected",
            message=f"no rule leads {wanted} to a registry: {subject.host} answers with its own page.",
            fix="Add a rule for /v2/YOUR-ORGANISATION/ and everything under it.",
            where=subject.here,
        )
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
            code="path-not-redirected",
            message=f"{path.replace(DIGEST, '<digest>')} is not covered ({landing.decisions[-1].answered_by}): clients get "
            "that page instead of the image.",
            fix=f"Cover everything under /v2/{name}/.",
            where=landing.where if landing.rule else subject.here,
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
            code="scope-mismatch",
            severity=Severity.ERROR if known.tokens else Severity.WARNING,
            message=f"{name} is renamed to {landing.repository} on {known.host}: docker's classic store asks for a token "
            f"for {name}"
            f"{', and with a strict token server every client fails' if known.strict else ' and is denied'}.",
            fix="Keep the path of the registry, or use a proxy that rewrites realm and scope.",
            where=rule.line_of("to", "destination", "prefix"),
        )


def _token_renamed_too(subject: Subject, name: str, landing: Landing) -> bool:
    """True where the host names itself as the token server, and asks the registry's for the name that it has there."""
    after = landing.decisions[-1].after
    if after is None:
        return False
    challenge = f'Bearer realm="https://{landing.host}/token",service="{landing.host}"'
    told = after(Response(status=401, headers=Headers({"WWW-Authenticate": challenge}))).response
    realm = (
        next((one.realm for one in read_challenges(told.headers.get_all("WWW-Authenticate"))), None) if told else None
    )
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
            yield Problem(
                code="library-prefix-missing",
                severity=Severity.ERROR if named else Severity.WARNING,
                message=f"{subject.host}/{word} reaches Docker Hub as {word}, and Docker Hub knows it only as library/{word}.",
                fix=f"Let people pull {subject.host}/library/{word}, or keep one-word names out of the rule.",
                where=rule.where,
            )
            return


def redirect_loop(subject: Subject) -> Iterator[Problem]:
    told: set[str] = set()
    for landing in (subject.ping, *(landing for _, landing in subject.landings)):
        if landing.loops and landing.where not in told:
            told.add(landing.where)
            yield Problem(
                code="redirect-loop",
                message=f"{urlsplit(landing.asked).path.replace(DIGEST, '<digest>')} leads back to {subject.host} again and "
                "again.",
                fix="Point the rule at the registry, not at the vanity host itself.",
                where=landing.where,
            )


def query_dropped(subject: Subject) -> Iterator[Problem]:
    told: set[str] = set()
    for name in subject.names:
        landing = follow(subject.rules, subject.host, f"/v2/{name}/tags/list?n=1&last=a")
        rule = landing.rule
        if landing.url is None or rule is None or rule.where in told or "last=a" in urlsplit(landing.url).query:
            continue
        told.add(rule.where)
        yield Problem(
            code="query-dropped",
            severity=Severity.WARNING,
            message="the query (?n=, ?last=, ?ns=, ?digest=) is lost on the way: lists of tags longer than one page never end.",
            fix=PLATFORMS[subject.rules.platform].query_fix,
            where=rule.line_of("to", "destination"),
        )
