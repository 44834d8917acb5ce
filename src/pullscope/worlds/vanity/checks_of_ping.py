"""Checks on `/v2/`, which most clients ask first: one function a code. Pure; what they look at is in `following.Subject`."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from pullscope.oci.verdicts import Problem, Severity
from pullscope.worlds.vanity.following import Subject, has_unsupported_status
from pullscope.worlds.vanity.platforms import PLATFORMS
from pullscope.worlds.vanity.upstreams import is_inside, no_registry, upstream


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
        code="ping-not-redirected",
        message=f"/v2/ answers {ping.response.status} ({ping.decisions[-1].answered_by}): docker's classic store, podman, "
        "skopeo and crane ask it first and cannot pull without it.",
        fix=fix_of_ping(subject),
        where=ping.where if ping.rule else subject.here,
    )


def ping_not_a_registry(subject: Subject) -> Iterator[Problem]:
    ping = subject.ping
    if ping.loops:
        return
    if ping.url is not None:
        if truth := no_registry(ping.host or ""):
            message = f"/v2/ leads to {ping.host}, {truth}."
        elif ping.fetched and is_inside(ping.host or ""):
            # What stands behind knows how it is asked.
            return
        elif ping.path.removeprefix(ping.mount).rstrip("/") != "/v2":
            message = f"/v2/ ends at {ping.url}, which is not the /v2/ of a registry."
        else:
            return
        yield Problem(code="ping-not-a-registry", message=message, fix=fix_of_ping(subject), where=ping.where)
        return
    if ping.response is None or ping.response.status >= 300:
        return
    if not ping.is_registry_like:
        shadow = PLATFORMS[subject.rules.platform].shadow_fix
        yield Problem(
            code="ping-not-a-registry",
            message=f"/v2/ is answered with a page ({ping.decisions[-1].answered_by}), which no client accepts as a registry.",
            fix=f"Give /v2/ its own rule: {shadow}.",
            where=ping.where if ping.rule else subject.here,
        )
        return
    for _, landing in subject.followed:
        known = upstream(landing.host or "")
        if known.tokens is not False and not landing.fetched:
            yield Problem(
                code="ping-not-a-registry",
                severity=Severity.ERROR if known.tokens else Severity.WARNING,
                message=f"/v2/ says 200, so docker's classic store, podman and crane ask for no token, but {known.host} "
                f"{'wants' if known.tokens else 'may want'} one.",
                fix="Redirect /v2/ to that registry too, or use a registry that needs no token.",
                where=ping.where,
            )
            return


def ping_hides_challenge(subject: Subject) -> Iterator[Problem]:
    ping = subject.ping
    asking = next((landing for _, landing in subject.followed if landing.login), None)
    if asking is not None and ping.fetched and not ping.login:
        yield Problem(
            code="ping-hides-challenge",
            message=f"/v2/ asks for no login, and {urlsplit(asking.asked).path} for one: docker's classic store, podman, skopeo "
            "and buildah learn at /v2/ alone whether to show it.",
            fix="Ask for the login at /v2/ too, or nowhere.",
            where=asking.login,
        )


def ping_slash_lost(subject: Subject) -> Iterator[Problem]:
    ping = subject.ping
    lost_here = any(
        one.rule is None and one.response is not None and (one.response.headers.get("Location") or "") == "/v2"
        for one in ping.decisions
    )
    if ping.path.removeprefix(ping.mount) == "/v2" or lost_here:
        rule = ping.rule
        yield Problem(
            code="ping-slash-lost",
            message=f"/v2/ loses its slash on the way to {ping.url or 'its target'}: docker's classic store keeps its "
            'challenge under /v2/ and answers "unauthorized".',
            fix="Remove trailingSlash from vercel.json." if lost_here else "End the target with /v2/.",
            where=rule.line_of("to", "destination") if rule and not lost_here else subject.here,
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
            code="ping-other-host",
            message=f"/v2/ leads to {ping.host} but {name} to {landing.host}: docker's classic store sends its token only to the "
            "registry where /v2/ led.",
            fix="One vanity host for each registry, or a proxy.",
            where=landing.where,
        )
