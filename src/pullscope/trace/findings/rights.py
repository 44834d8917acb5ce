"""What to do about a refusal: log in, with another account, or give that one the right; and why, where that is known.
One file, because each advice about a login has to know what the others say.
"""

from __future__ import annotations

import re

from pullscope.oci.agents import CONTAINERS_IMAGE
from pullscope.oci.amounts import period
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import bare
from pullscope.trace.findings.answers import OF_RIGHTS, Answer, look_at_the_log
from pullscope.trace.findings.asked import PLACEHOLDER, action, check, host_within, request, thing
from pullscope.trace.findings.case import REFUSALS, asked_repositories, is_write, listed, repositories
from pullscope.trace.findings.compared import realm_lost
from pullscope.trace.findings.grants import ACCESS, allows, pushes, rights, showed_it_with
from pullscope.trace.findings.login_commands import as_typed, by_hand, log_in, login, logout, renewal
from pullscope.trace.findings.media_types import is_before
from pullscope.trace.findings.missing import as_host, cache, chart_folder, elsewhere, short
from pullscope.trace.findings.said import answered_by, is_specific, quoted, says, words
from pullscope.trace.model import Kind
from pullscope.trace.source_gaps import lacking

_OF_LOGIN = re.compile(r"not authori[sz]ed|unauthori[sz]ed|authenticat|log ?in\b", re.IGNORECASE)
"""Words of a login that is missing: openshift/origin#27952 (IBM), #24539 (Red Hat), Zipstack/unstract#269 (Google)."""


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
    if _bcrypt_only(one):
        bcrypt = "only bcrypt lines count there (htpasswd -Bbn USER PASSWORD)"
        ways.append(f"if it is right, check the htpasswd file: {bcrypt}")
    if one.login == "docker login" and one.case.pull.action == "login":
        # tech-shrimp/docker_image_pusher#160, docker-library/docker#259, docker/docs#14222
        ways.append("if another registry was meant, name it behind docker login (a variable may be empty)")
    if asked_repositories(one.step) and host_within(one.name) is not None:  # SUSE/Portus#2204
        ways.append(f"if it is good, {check(one.name or '')}")
    return "; ".join(ways) + elsewhere(one) + _public(one)


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


def the_right(one: Answer) -> str:
    """What to give an account, by the step of that registry where it is known; else whom to ask for it."""
    right, account = action(one.case, one.step), f"the account that {one.case.client} uses"
    may = f"the right to {right} {one.name}" if one.name else "the right to what it asked for"
    step = one.step_there(right)
    if step is not None or one.hosted is not None:
        return f"give {account} {may}" + (f": {step}" if step else "")
    return f"have an administrator of {one.host} give {account} {may}"


def _named(one: Answer, name: str) -> str:
    """The name, and where the registry shows it to people."""
    page = one.step_there("page")
    return (
        chart_folder(one)
        + check(name)
        + (f" ({page} shows it, if it is public)" if page and host_within(name) is None else "")
    )


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
    if began_with_it(one) is not None:
        return f"{log_in(one.case, one.host, over=True)}, and push again: what was sent whole is not sent again"
    if one.code != "login-expired":
        return None
    helped = one.known is not None and one.known.login_life is not None
    return log_in(one.case, one.host, over=True) + (f"; {renewal(one.case)}" if helped else "") + _public(one)


def began_with_it(one: Answer) -> float | None:
    """Seconds since the same login began the upload that it may not end: cloudflare/moltworker#67."""
    if one.status != 401 or one.hop.request.authorization != "basic" or one.step.route.endpoint is not Endpoint.UPLOAD:
        return None
    same = (hop for hop in one.case.hops if hop.ok and hop.host == one.hop.host and is_write(hop.step))
    return next((one.hop.request.time - hop.request.time for hop in same if hop.request.authorization == "basic"), None)


def what_it_may_be(one: Answer) -> str:
    """What a refusal without words may mean: who asks, what is asked for, and which registry says so."""
    known = one.known
    life = known.login_life if known is not None else None
    if one.no_login:
        return "it is private or does not exist, and registries do not say which"
    if one.hop.request.authorization == "basic" and life:
        return f"the login is over (it lives {period(life)}) or may not read it, and the answer does not say which"
    if known is not None and known.doubt is not None and one.hop.request.authorization == "bearer":
        return f"{known.doubt}, the login may not read it, or it does not exist"
    return "the login may not read it, or it does not exist, and registries do not say which"


def without_a_login(one: Answer) -> str | None:
    if one.code != "write-denied" or one.status not in REFUSALS or not one.no_login:
        return None
    if (reads := showed_it_with(one.case, one.hop)) is not None:
        if one.step.route.endpoint is Endpoint.UPLOAD and is_before(one.case, "docker", 1, 13):  # moby/moby#18469
            port = f"that docker shows none where the Location of an upload spells the port ({one.host}:443)"
            how = "pass on Host without the port, set http.relativeurls: true in distribution, or use a newer docker"
            return f"let the proxy in front of {one.host} {how}: {port}"
        too = f"have {one.case.client} show it with {one.hop.request.method} too, as with {reads}"
        return f"{too}{f' ({own})' if (own := by_hand(one.case, one.host)) is not None else ''}"
    other = is_specific(one.hop) and not says(one.hop, ACCESS)
    if other and not elsewhere(one):
        return f"log in, if that is what these words want: {one.login}"
    return f"{log_in(one.case, one.host)}{elsewhere(one)}"


def without_the_right(one: Answer) -> str | None:
    if lacks_delete(one) is not None:
        delete = f"skopeo delete docker://{one.host}/{one.name}:TAG"
        return f"run {delete}, which asks for it, as an account that may delete it"
    named, issuer = listed(kind.scope or "" for kind in one.hop.challenges), one.case.issuer_of(one.hop)
    if one.act == "write" and named and issuer is not None and not pushes(issuer) and "push" not in named:
        asks = f"which names {named} alone: {one.case.client} asks for what it names"  # oras-project/oras#1599
        return f"let {one.host} name push in its challenge to {one.hop.request.method}, {asks}"
    if one.code not in ("write-denied", "login-lacks-right") or not one.lacks:
        return None
    if other := _granted_instead(one):
        return f"correct the token server's grants: it was asked for {one.name}, and its token is for {listed(other)}"
    lacks = what_it_lacks(one)
    if one.code == "login-lacks-right":
        step = next(filter(None, map(one.step_there, one.lacks)), f"have an administrator of {one.host} do so")
        return f"give that account the right to {lacks} {one.name}: {step}; or log in with one that has it: {one.login}"
    return f"log in with an account that may {lacks} {one.name}: {one.login}; or {the_right(one)}"


def what_it_lacks(one: Answer) -> str:
    """The rights that a token does not grant, as a verb."""
    if one.case.writes:
        return "pull and push" if "pull" in one.lacks else listed(one.lacks)
    return "pull" if "pull" in one.lacks else f"do {listed(one.lacks)} with"


def looks_only(one: Answer) -> bool:
    """Whether it may be a look, for which docker manifest asks for push too, up to 24.0.5: docker/cli#4345, #4512."""
    return one.step.is_token and is_before(one.case, "docker-cli", 25) and not one.no_login and one.status in REFUSALS


def of_a_look(one: Answer) -> str | None:
    if one.code != "write-denied" or not looks_only(one):
        return None
    look = f"docker buildx imagetools inspect {registry_name(one.host)}/{one.name}:TAG, or docker 24.0.6 or later"
    return f"look with {look}; to write, {log_in(one.case, one.host)}, with a token that may push"


def _granted_instead(one: Answer) -> list[str]:
    """The other repositories that a token grants, where it was asked for that one (distribution/distribution#2504)."""
    issuer, granted = one.case.issuer_of(one.hop), one.issued.facts.granted if one.issued is not None else None
    names = repositories(granted)
    return [*names] if issuer is not None and one.name in asked_repositories(issuer) and one.name not in names else []


def lacks_delete(one: Answer) -> str | None:
    """What a token was asked for, where delete is not in it: google/go-containerregistry#724, #2184."""
    issuer = one.case.issuer_of(one.hop)
    asked = issuer.token.scope if issuer is not None and issuer.token is not None else None
    if one.act != "delete" or one.status not in REFUSALS or not asked or one.name is None:
        return None
    return rights(asked) if not allows(asked, one.name, "delete") else None


def why_refused(one: Answer) -> str:
    """What is known of why a write is refused, beside the answer's words."""
    client = "The client" if one.case.family == "unknown" else one.case.client
    if looks_only(one):
        return " docker manifest of that version wants to push also where it only looks."
    if (one.clue is not None and not one.of_a_right) or one.by_page:
        return ""
    if without_a_login(one) is not None:
        later = [step for step in one.case.bad if step.started > one.step.started and step.last.status not in REFUSALS]
        after = f"; {request(later[0])} was answered with {later[0].last.status or 'nothing'} after it" if later else ""
        if (reads := showed_it_with(one.case, one.hop)) is not None:
            return f" {client} showed its login with {reads}, and none with {one.hop.request.method}{after}."
        return f" {client} showed no login with {one.hop.request.method}{after}."
    if (since := began_with_it(one)) is not None:
        return f" It took that login {period(since)} before, and it may have ended since."
    asked = lacks_delete(one)
    if asked is not None:
        return f" {client} asked for {asked} when it got its token, and a delete may need more."
    if not one.lacks or one.issued is None:
        return ""
    if "pull" in one.lacks:
        return " The token of its login does not grant pull, and a push looks at what is there."
    return f" The token of its login does not grant {listed(one.lacks)}: it grants {rights(one.issued.facts.granted or '')}."


def of_the_unseen(one: Answer) -> str | None:
    """What its words ask for, and a refusal of which the source cannot show whether there was a login: a right, which is of no
    use without one, is told with it."""
    unseen, lacks = lacking(one.hop.request, "credentials"), one.of_a_right and one.no_login
    if one.asks_for is not None and (unseen or not lacks):
        return one.asks_for + (f"; if {one.case.client} shows no login there, log in: {one.login}" if lacks else "")
    if not unseen or one.code not in (None, "write-denied") or one.status not in REFUSALS or one.name is None:
        return None
    if PLACEHOLDER in asked_repositories(one.step):  # helm/helm#12449, #12464, actions/runner-images#8475
        asks = f"it asks for {PLACEHOLDER} beside {one.name}, which {one.host} refuses"
        return f"use another helm than 3.13.0 (3.12.3 works): {asks}"
    return _with_a_login(one, one.name)


def _with_a_login(one: Answer, name: str) -> str:
    """The name first, where most images are public; else the login."""
    account = f"log in with an account that may {action(one.case, one.step)} {name}: {one.login}"
    known = one.behind
    public = known is not None and known.hosts is not None and known.id not in ("ecr", "acr", "artifactory")
    if action(one.case, one.step) == "pull" and (public or host_within(name) is not None):
        # korthout/camunda-platform-rest-api#106, dexidp/dex#2672, nilsnolde/docker-valhalla#122: a login that is over
        kept = known is not None and known.voids and words(one.hop) == "DENIED: denied"
        to_write = one.step.token is not None and "push" in (one.step.token.scope or "")
        kept = kept and lacking(one.hop.request, "credentials") and not to_write
        out = f"; if it is public, log out: {logout(one.case, one.host)} (to a login that is over it says so)"
        out = out if kept else ""
        return f"{_named(one, name)}{short(one)}{out}; if it is private, {account}{as_host(one)}"
    relay = any(
        "docker-proxy" in (asked.service or "") for asked in one.hop.challenges
    )  # ciiiii/cloudflare-docker-proxy#132
    official = known is None and "/" not in name and one.act == "read" and (relay or lacking(one.hop.request, "tokens"))
    official = official or (one.act == "read" and known is not None and known.id in ("nexus", "artifactory", "harbor"))
    return f"{account}; if that is refused too, {the_right(one)}" + (
        f"; {cache(one, name).partition('; ')[0]}" if official else ""  # ciiiii/cloudflare-docker-proxy#95
    )


def of_a_lookup(one: Answer) -> str | None:
    """A signature that may not be there: S3 says 403 to that, without the right to list (containers/image#538)."""
    if one.step.kind is not Kind.SIGNATURE or one.act != "read" or one.status not in REFUSALS:
        return None
    if one.step.route.repository is not None and (one.no_login or one.known is not None):
        may_be = f"there may be no signature yet: {one.host} says the same then"
        how = f"log in: {one.login}" if one.no_login else f"give the account the right to read {one.name}"
        return f"{how}; {may_be}"
    if one.step.route.repository is None:
        return f"let {one.hop.host} say 404 to what is not there (in S3 by s3:ListBucket), or let signatures be read"
    right = f"give the account the right to read {one.name}, in every repository behind it"
    return f"let {one.hop.host} answer 404 to a tag that it has not got (there may be none yet): {right}"


def of_a_silent_refusal(one: Answer) -> str | None:
    """A login in hand, and 401 or 403 without words: its age, its rights, whether it is one: aws-actions/amazon-ecr-login#14."""
    shown = one.hop.request.authorization != "none" and not one.no_login
    of_blob = one.code is None and one.status == 403 and one.step.route.endpoint is Endpoint.BLOB
    if (
        not shown
        or is_specific(one.hop)
        or not (of_blob or (one.code == "access-denied" and one.act in ("read", "list")))
    ):
        return None
    life = one.known.login_life if one.known is not None and one.hop.request.authorization == "basic" else None
    again = f"log in again, if the login is older than {period(life)} ({one.login}); else " if life else ""
    if of_blob:
        in_iam = ": in IAM ecr:BatchCheckLayerAvailability" if one.hop.host.endswith(".amazonaws.com") else ""
        return f"{again}give the account the right to look at blobs of {one.name}{in_iam}, which a push needs too"
    if one.known is not None and one.known.doubt is not None:
        again = f"{log_in(one.case, one.host, again=True)}, which says whether it is good; if it is, "
    if not one.name or one.is_known_to_be_there:
        return None
    # distribution and Harbor name the error of a token that reached them
    unnamed = one.known is None and one.hop.challenges and all(kind.error is None for kind in one.hop.challenges)
    passed = "; check that the proxy in front passes Authorization on, too" if unnamed and one.status == 401 else ""
    return f"{again}{the_right(one)}; or correct the name, if it is not {one.name}{short(one)}{passed}{as_host(one)}"


def of_a_refusal(one: Answer) -> str | None:
    """401 and 403 of which no more is known: the right, and the name."""
    name, host = one.name or one.hop.host, one.hop.host
    if one.status not in REFUSALS or one.code is None:
        return None
    if one.code == "write-denied":
        taken = any(hop.ok and hop.request.authorization == "basic" and hop.host == host for hop in one.case.hops)
        if one.is_about_a_login and not one.step.is_token and not taken:
            return f"{log_in(one.case, one.host, again=True)}; if the login is good, {the_right(one)}{elsewhere(one)}"
        account = f"log in with an account that may {action(one.case, one.step)} {name}"
        step = one.step_there(action(one.case, one.step))
        now = f"let the present one do so: {step}" if step else f"have an administrator of {host} give it that right"
        return f"{account}: {one.login}; or {now.partition(', or HOST/')[0]}{elsewhere(one)}"
    if not is_specific(one.hop) and one.is_known_to_be_there:
        log = f"log in with an account that has the right to {thing(one.step)} too"
        own = f"give the account that {one.case.client} uses that right"
        return f"{log}: {one.login}" if one.no_login else f"{own}, or {log}"
    named = f"{_named(one, name)}{short(one)}"
    if one.asks_for_none and one.name and not one.hop.is_page:  # DaoCloud/crproxy#8, DaoCloud/public-image-mirror#45622
        first = f"as a relay of several registries wants theirs first (docker.io/{name})"
        return f"correct the name, if it is not {name}, {first}: {one.host} asks for no login, so that none helps"
    if not is_specific(one.hop):
        if not one.name:
            return f"log in with an account that {host} lets do that: {login(one.case, host)}"
        return _with_a_login(one, name)
    if "OWNER/NAME" in named:
        return named
    if one.no_login and (one.of_a_right or says(one.hop, _OF_LOGIN)):
        return f"log in: {one.login}{as_typed(one.login, host)}; if it is public, {check(name)}"
    if one.no_login:
        return f"log in, if that is what its words ask for: {login(one.case, host)}; else {look_at_the_log(one)}"
    return f"{the_right(one)}, if its words name no other reason; else {look_at_the_log(one)}"
