"""What to do about a refusal: log in, with another account, or give that one the right; and why, where that is known.
One file, because each of these is told where the one before it does not know."""

from __future__ import annotations

import re

from pullscope.oci.amounts import period
from pullscope.oci.challenge import read_scopes
from pullscope.oci.moved_images import moved_to
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.answers import Answer, look_at_the_log
from pullscope.trace.findings.asked import PLACEHOLDER, action, check, host_within, request, thing
from pullscope.trace.findings.case import REFUSALS, asked_repositories, is_write, listed, repositories
from pullscope.trace.findings.compared import service_lost
from pullscope.trace.findings.grants import ACCESS, allows, pushes, rights, showed_it_with
from pullscope.trace.findings.login_commands import as_typed, by_hand, log_in, login, logout, or_open, own_logout
from pullscope.trace.findings.media_types import is_before
from pullscope.trace.findings.missing import as_host, cache, chart_folder, elsewhere
from pullscope.trace.findings.said import CACHING_PROXY, front, is_specific, says, takes_no_head, words
from pullscope.trace.findings.short_names import short
from pullscope.trace.model import Kind
from pullscope.trace.source_gaps import lacking

_OF_LOGIN = re.compile(r"not authori[sz]ed|unauthori[sz]ed|authenticat|log ?in\b", re.IGNORECASE)
"""Words of a login that is missing: openshift/origin#27952 (IBM), #24539 (Red Hat), Zipstack/unstract#269 (Google)."""


def the_right(one: Answer) -> str:
    """What to give an account, by the step of that registry where it is known; else whom to ask for it."""
    right, account = action(one.case, one.step), f"the account that {one.case.client} uses"
    may = f"the right to {right} {one.name}" if one.name else "the right to what it asked for"
    step = one.step_there(right)
    if step is not None or one.hosted is not None:
        return f"give {account} {may}" + (f": {step}" if step else "")
    return f"have an administrator of {one.host} give {account} {may}{_in_its_rules(one)}"


def _in_its_rules(one: Answer) -> str:
    """Where a token server of one's own, whose product is not known, may have its rules (cesanta/docker_auth#3)."""
    own = one.step.is_token and one.known is None and one.hosted is None
    return " (docker_auth: a rule of acl in its config that fits the whole name)" if own else ""


def _named(one: Answer, name: str) -> str:
    """The name, and where the registry shows it to people."""
    page = one.step_there("page")
    other = moved_to(registry_name(one.host), name) if action(one.case, one.step) == "pull" else None
    return (
        (f"ask for {other}, to where it moved; else " if other is not None else "")
        + chart_folder(one)
        + check(name)
        + (f" ({page} shows it, if it is public)" if page and host_within(name) is None else "")
    )


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
    if lacking(one.hop.request, "credentials"):  # of a message: dexidp/dex#2672
        return "it is private or does not exist, or a login that came is over or may not read it: the answer does not say which"
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
    return f"log in with an account that may {lacks} {one.name}: {one.login}; or {the_right(one)}{several_scopes(one)}"


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


def several_scopes(one: Answer) -> str:
    """What a token server may have left out: of several scopes in one request some grant one (helm/helm#12121,
    estesp/manifest-tool#53, GoogleContainerTools/kaniko#181)."""
    issuer = one.case.issuer_of(one.hop)
    scopes = read_scopes(issuer.token.scope or "") if issuer is not None and issuer.token is not None else []
    short = any(kind.error == "insufficient_scope" for kind in one.hop.challenges) or bool(one.lacks)
    if issuer is None or len(scopes) < 2 or not short:
        return ""
    asked = f"each of the {len(scopes)} scopes that {one.case.client} asked it for in one request"
    return f"; if it may, let {issuer.last.host} grant {asked}: some token servers grant one of several"


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
    helm = one.case.pull.client.version if one.case.family == "helm" else None
    if helm in ("3.13.0", "3.13.1") and unseen and one.status == 401:  # helm/helm#12423: its login is not shown
        lost = f"{helm} shows some registries no login, though it has one"
        return f"update helm to 3.13.2 or later, or use 3.12.3: {lost}; if it has none, {log_in(one.case, one.host)}"
    if helm == "3.13.0" and one.no_login and one.status == 400:
        # helm/helm#12478, #12483, #12463, #12423
        out = own_logout("helm", one.host)
        return f"update helm to 3.13.1 or later: 3.13.0 breaks what is pulled without a login; else {out}"
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
        kept = known is not None and known.voids and words(one.hop).rstrip(".") == "DENIED: denied"
        to_write = one.step.token is not None and "push" in (one.step.token.scope or "")
        kept = kept and lacking(one.hop.request, "credentials") and not to_write
        out = f"; if it is public, log out: {logout(one.case, one.host)} (to a login that is over it says so)"
        out = out if kept else ""
        return f"{_named(one, name)}{short(one)}{out}; if it is private, {account}{as_host(one)}"
    relay = any(
        "docker-proxy" in (asked.service or "") for asked in one.hop.challenges
    )  # ciiiii/cloudflare-docker-proxy#132
    official = known is None and "/" not in name and one.act == "read" and (relay or lacking(one.hop.request, "tokens"))
    if known is not None and known.id == "openshift" and one.case.writes:  # a pod shows its service account's login
        return f"{the_right(one)}; if that is refused too, {account}"
    official = official or (one.act == "read" and known is not None and known.id in ("nexus", "artifactory", "harbor"))
    opens = or_open(one.case, one.host) if one.no_login else ""
    return f"{account}; if that is refused too, {the_right(one)}{opens}" + (
        f"; {cache(one, name).partition('; ')[0]}" if official else ""  # ciiiii/cloudflare-docker-proxy#95
    )


def is_filtered(one: Answer) -> bool:
    """Whether another than Docker Hub refused: that says 401 to what is private (rancher-sandbox/rancher-desktop#9759)."""
    hub = one.known is not None and one.known.id == "docker-hub" and one.step.route.endpoint is Endpoint.MANIFEST
    bare = one.status == 403 and one.code in (None, "access-denied") and not is_specific(one.hop) and not one.hop.codes
    return hub and bare and one.act == "read" and lacking(one.hop.request, "credentials")


def of_a_filter(one: Answer) -> str | None:
    if front(one.hop) == CACHING_PROXY and one.status in REFUSALS and not one.step.is_token:
        # rpardini/docker-registry-proxy#127: its logins are by the host that issues tokens
        host = next((step.first.host for step in one.case.steps if step.is_token), one.host)
        own = f'AUTH_REGISTRIES="{host}:USER:PASSWORD" and REGISTRIES="{one.host}" in its environment'
        return f"give {CACHING_PROXY}, which answers here, a login for {host}: {own}"
    if not is_filtered(one):
        return None
    asked = f"run curl -sI https://{one.hop.host}/v2/ where {one.case.client} runs: Docker Hub itself answers 401"
    allow = "in Rancher Desktop's Preferences, Container Engine, Allowed Images; in a company's proxy or firewall"
    return f"{asked}, and says that of what is private, too; so have the filter on the way let {one.name} through ({allow})"


def of_a_lookup(one: Answer) -> str | None:
    """A signature that may not be there: S3 says 403 to that, without the right to list (containers/image#538)."""
    if takes_no_head(one.hop):
        pull = f"pull from {one.host} itself in place of a cache that looks by HEAD, as distribution with proxy.remoteurl does"
        return f"ask for it by GET, which {one.host} answers; or {pull}"
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
    if (lost := service_lost(one.case, one.hop)) is not None:
        query = "the realm has a query of its own, behind which a second ? begins none"
        other = f"let the realm of {host} have no query, or use another client (docker push)"
        return f"{other}: {one.case.client} did not ask {lost[1]} for service={lost[0]}, as {query}"
    if one.code == "write-denied":
        taken = any(hop.ok and hop.request.authorization == "basic" and hop.host == host for hop in one.case.hops)
        if one.is_about_a_login and not one.step.is_token and not taken:
            return f"{log_in(one.case, one.host, again=True)}; if the login is good, {the_right(one)}{elsewhere(one)}"
        account = f"log in with an account that may {action(one.case, one.step)} {name}"
        step = one.step_there(action(one.case, one.step))
        give = f"have an administrator of {host} give it that right{_in_its_rules(one)}"
        now = f"let the present one do so: {step}" if step else give
        if one.known is not None and one.known.id == "openshift" and not one.no_login:  # BIX-Digital/ods-pipeline#567
            return f"{now}; or {account}: {one.login}"
        return f"{account}: {one.login}; or {now.partition(', or HOST/')[0]}{elsewhere(one)}{several_scopes(one)}"
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
    if one.known is not None and one.known.doubt is not None and says(one.hop, _OF_LOGIN):  # goharbor/harbor#18026
        again = log_in(one.case, one.host, again=True)
        return f"{again}, which says whether the login is good; if it is, {the_right(one)}"
    if one.status == 401 and one.hop.request.authorization == "bearer" and one.issued is None:  # Homebrew/brew#16669
        return f"{log_in(one.case, one.host, again=True)}; if its token is good, {the_right(one)}"
    return f"{the_right(one)}, if its words name no other reason; else {look_at_the_log(one)}"
