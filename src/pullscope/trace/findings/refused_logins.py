"""What is said and done about a login that was refused itself, is over, or was not needed.

Each of these speaks of who asked; what an account may not do is in `rights`.
"""

from __future__ import annotations

import re

from pullscope.oci.agents import CONTAINERS_IMAGE
from pullscope.oci.amounts import period
from pullscope.oci.challenge import read_scopes
from pullscope.oci.urls import bare
from pullscope.trace.findings.answers import OF_RIGHTS, Answer
from pullscope.trace.findings.asked import action, check, host_within
from pullscope.trace.findings.case import asked_repositories
from pullscope.trace.findings.compared import realm_lost
from pullscope.trace.findings.grants import rights
from pullscope.trace.findings.login_commands import log_in, logout, own_logout, renewal
from pullscope.trace.findings.missing import elsewhere
from pullscope.trace.findings.rights import began_with_it, the_right
from pullscope.trace.findings.said import answered_by, is_specific, quoted, says, words
from pullscope.trace.source_gaps import lacking

_OF_PASSWORDS = re.compile(r"password|credential|user ?name", re.IGNORECASE)


def of_a_login(one: Answer) -> str | None:
    """A login that was refused itself, or by a token server that may mean the right."""
    if not one.is_about_a_login or one.code != "access-denied":
        return None
    client, hop, again = one.case.client, one.hop, log_in(one.case, one.host, again=True)
    forbidden = one.step.is_token and one.status == 403
    if says(hop, OF_RIGHTS) or (forbidden and one.known is not None and one.known.forbids):
        return again if forbidden and not asked_repositories(one.step) else the_right(one)
    if asks_for_another(one):
        kind = "what stands in front for Basic or the registry for tokens"
        return f"let {one.host} ask for one kind of login only: {kind}"
    if one.step.is_token and hop.request.method == "POST" and hop.is_page:
        page = "a web page answered (a newer version of the registry may)"
        token = f"a token, or with 405, after which {client} asks by GET"
        return f"let {hop.host} answer POST of a token request with {token}: {page}. Else {again}"
    ways, own = [again], realm_lost(one.case, hop) if one.step.is_token else None
    if own is not None:
        ways.append(f"if it is good, another server refused it: {own[1][0].lower()}{own[1][1:-1]}")
    if took_before(one) is not None:
        how = f"let {hop.host} take a refresh token more than once: {client} shows the same one until its next login"
        ways = [f"{again}; if only the first request after each login works, {how}"]
    elif voided(one):
        reads = bool(asked_repositories(one.step)) and action(one.case, one.step) == "pull"
        ways = [f"if it is public, {logout(one.case, one.host)}"] * reads
        ways.append(f"if its token has expired or was revoked, {again}")
        if asked_repositories(one.step):
            ways.append(f"if it is good, {the_right(one)}{', or make the package public there' * reads}")
    elif forbidden and hop.request.method == "POST" and not is_specific(hop):
        ways.append(f"if it is good, {one.host} may take no POST for tokens, and {client} did not ask by GET")
    elif forbidden and asked_repositories(one.step):
        ways.append(f"if it is good, {the_right(one)}")
    elif asked_for_more(one) is not None:
        part = f"let the token server of {one.host} grant the part that it may, as a newer one does"
        ways.append(f"if it is good, {the_right(one)}; if that is only to pull, {part}, or update {client}")
    if _bcrypt_only(one):
        bcrypt = "only bcrypt lines count there (htpasswd -Bbn USER PASSWORD)"
        ways.append(f"if it is right, check the htpasswd file: {bcrypt}")
    if one.login == "docker login" and one.case.pull.action == "login":
        # tech-shrimp/docker_image_pusher#160, docker-library/docker#259, docker/docs#14222
        ways.append("if another registry was meant, name it behind docker login (a variable may be empty)")
    if asked_repositories(one.step) and host_within(one.name) is not None:  # SUSE/Portus#2204
        ways.append(f"if it is good, {check(one.name or '')}")
    return "; ".join(ways) + elsewhere(one) + _public(one)


def _is_open(one: Answer) -> bool:
    """Whether it is a pull of what Docker Hub lets all read: official images, and those that Testcontainers runs on
    (testcontainers/testcontainers-java#1711, #5121)."""
    hub = one.known is not None and one.known.id == "docker-hub" and action(one.case, one.step) == "pull"
    return hub and (one.name or "").startswith(("library/", "testcontainers/"))


def asked_for_more(one: Answer) -> str | None:
    """What a token server refused with 401, where it was more than to pull: it may refuse the whole for a part, where it could
    grant less (cesanta/docker_auth#22). Words of a name or password are about the login alone."""
    asked = one.step.token.scope if one.step.is_token and one.step.token is not None else None
    more = asked and any(set(scope.actions) - {"pull"} for scope in read_scopes(asked) if scope.type == "repository")
    return rights(asked or "") if more and one.status == 401 and not says(one.hop, _OF_PASSWORDS) else None


def took_before(one: Answer) -> float | None:
    """Seconds since the token server took a refresh token of this client, where it refuses one now: one that is good for one use
    breaks clients, which keep it (moby/moby#39718, artifact-keeper/artifact-keeper#2477, #2244)."""
    realm, asked = bare(one.step.first.request.url), one.hop.request
    if not (one.step.is_token and one.step.token is not None and one.step.token.renews):
        return None
    taken = [
        token.time
        for token in one.case.issued.values()
        if token is not None and token.facts.renews and (token.realm, token.client) == (realm, asked.client)
    ]
    return min((asked.time - time for time in taken if time <= asked.time), default=None)


def voided(one: Answer) -> bool:
    """Whether ghcr.io refuses a login, or its access: akuity/kargo#777, riverqueue/riverui#182, camicroscope/Distro#210."""
    voids = one.known is not None and one.known.voids
    return voids and one.step.is_token and one.status == 403 and not is_specific(one.hop)


def _bcrypt_only(one: Answer) -> bool:
    """Whether distribution itself refuses Basic, of whose file it reads bcrypt only: distribution/distribution#2817."""
    hop, basic = one.hop, {challenge.scheme for challenge in one.hop.challenges} == {"basic"}
    own = one.known is None and hop.header("docker-distribution-api-version") is not None
    shown = hop.request.authorization == "basic" and not one.step.is_token
    return own and shown and basic and "UNAUTHORIZED" in hop.codes


def asks_for_another(one: Answer) -> bool:
    """Whether Basic was wanted and shown, and a token is wanted then, as no header holds both: distribution/distribution#1167."""
    wanted = [{challenge.scheme for challenge in hop.challenges} for hop in one.case.hops if hop.host == one.hop.host]
    shown = one.hop.request.authorization == "basic" and {challenge.scheme for challenge in one.hop.challenges}
    return shown == {"bearer"} and {"basic"} in wanted


def refused_login(one: Answer) -> str:
    hop, client = one.hop, one.case.client
    who = f"the token server {answered_by(hop)}" if one.step.is_token else answered_by(hop)
    if asks_for_another(one):
        wants = f"{who} wants Basic of {client}, gets it, and then wants a token"
        return f"{wants} ({one.status}): no client can send both."
    if (since := took_before(one)) is not None:
        said = f"{who} refused the refresh token of {client}, with {one.status}{quoted(hop)}."
        return f"{said} It took one of {client} {period(since)} before."
    if voided(one):
        said = f"{who} refused the login of {client} with {one.status}{quoted(hop)}"
        return f"{said}. It does so to a token that has expired or was revoked, and to an account without access to the package."
    if one.step.is_token and (one.status == 403 or says(hop, OF_RIGHTS)) and asked_repositories(one.step):
        return f"{who} gives the login of {client} no token for {one.name}, with {one.status}{quoted(hop)}."
    if one.known is not None and one.status in one.known.refuses:
        return f"{who} said {one.status} to the login of {client}{quoted(hop)}: {one.known.name} refuses logins so."
    shown = "token" if hop.request.authorization == "bearer" else "login"
    sends_empty = one.case.family in CONTAINERS_IMAGE and hop.request.authorization == "basic"
    empty = " It is wrong, or empty, which is what skopeo, podman and buildah send where they have none."
    may_be = empty if sends_empty and not one.step.is_token and not is_specific(hop) else ""
    if (more := asked_for_more(one)) is not None:
        may_be = f" It was asked for {more}: a login that may do less is refused by some as if it were wrong."
    return f"{who} refused the {shown} of {client}, with {one.status}{quoted(hop)}.{may_be}"


def _public(one: Answer) -> str:
    """That the login that a token server refused may not be needed: riverqueue/riverui#182, dexidp/dex#2672 (ghcr.io)."""
    private = one.name is None or voided(one) or (one.behind is not None and one.behind.id == "ecr")
    open_to_all = one.known is not None and one.known.all_may_read  # aws/containers-roadmap#2835
    if private or not (one.step.is_token or open_to_all) or action(one.case, one.step) != "pull":
        return ""
    return f"; a public image needs none: {logout(one.case, one.host)}"


def of_an_old_login(one: Answer) -> str | None:
    """One that is over, or that was not needed."""
    if one.code == "login-not-needed":
        seen = not one.step.is_token and not lacking(
            one.hop.request, "credentials"
        )  # of a message only that there was one
        basic = one.hop.request.authorization == "basic" and seen  # SgtSilvio/gradle-oci#143
        again = "show it to its token server alone" if basic else log_in(one.case, one.host, over=True)
        public = one.known is not None and one.known.all_may_read
        return f"log out: {logout(one.case, one.host)}{f'; or {again}' if public else ''}"
    if one.code == "access-denied" and one.is_about_a_login and _is_open(one):
        open_to_all = f"{one.name} is public, and a login that is refused stands in its way"
        return f"log out: {logout(one.case, one.host)} ({open_to_all}); or {log_in(one.case, one.host, again=True)}"
    if began_with_it(one) is not None:
        return f"{log_in(one.case, one.host, over=True)}, and push again: what was sent whole is not sent again"
    if one.code != "login-expired":
        # To HEAD it says no more than that; helm 3.13.0 sends one that it made up: helm/helm#12423
        silent = one.status == 400 and one.act == "read" and not words(one.hop)
        if (
            not silent
            or one.known is None
            or one.known.id != "ecr-public"
            or not lacking(one.hop.request, "credentials")
        ):
            return None
        over = "it says so to a login that is over or wrong, and its images need none"
        return f"{own_logout('helm', one.host)}, and update helm, if it is 3.13.0: {over}"
    helped = one.known is not None and one.known.login_life is not None
    return log_in(one.case, one.host, over=True) + (f"; {renewal(one.case)}" if helped else "") + _public(one)
