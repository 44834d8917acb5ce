"""What to do about one answer (`answers`): a ladder of rungs, from what says most to what says least.
One file, because a rung is right only after those before it.

First what the request's own name shows, then the words of the answer, then what is known of login and rights, then codes, then
who answered, then the status. Each rung speaks only where it knows; what stands at its end is honest about knowing nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from shlex import quote

from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint
from pullscope.oci.text_table import heads
from pullscope.oci.urls import bare, parameters, query, split
from pullscope.oci.whereabouts import is_local
from pullscope.trace.findings.answers import GATEWAY, Answer, by_its_words, look_at_the_log
from pullscope.trace.findings.asked import host_within
from pullscope.trace.findings.case import REFUSALS, asked_repositories, is_write
from pullscope.trace.findings.client_settings import by_its_proxy, by_plain_http, past_the_proxy, proxy_setting
from pullscope.trace.findings.compared import next_page, page_size
from pullscope.trace.findings.content_trust import of_a_scan, of_content_trust
from pullscope.trace.findings.fronts import may_be_on_the_way, passing, unnamed
from pullscope.trace.findings.login_commands import log_in
from pullscope.trace.findings.missing import (
    cache,
    of_a_cache_behind,
    of_a_chart,
    of_a_site_for_people,
    of_a_website,
    of_what_cannot_be_read,
    of_what_is_missing,
)
from pullscope.trace.findings.paths import (
    at_docker_hub,
    of_a_first_look,
    of_a_path,
    of_a_short_name,
    of_an_api,
    of_an_open_registry,
    of_the_catalog,
)
from pullscope.trace.findings.put_before import of_an_empty_blob, of_fixed_tags, of_one_of_several
from pullscope.trace.findings.refused_logins import of_a_login, of_an_old_login
from pullscope.trace.findings.rights import (
    of_a_filter,
    of_a_look,
    of_a_lookup,
    of_a_refusal,
    of_a_silent_refusal,
    of_the_unseen,
    without_a_login,
    without_the_right,
)
from pullscope.trace.findings.said import filtering, front, is_not_played, is_specific, led_to, other_host, says, words
from pullscope.trace.findings.sent import (
    hangs_up,
    of_a_cache,
    of_a_manifest,
    of_deletes,
    of_names,
    of_size_and_time,
    of_uploads,
    of_writes,
)
from pullscope.trace.findings.short_names import of_a_copied_name
from pullscope.trace.findings.storage_steps import of_storage, of_where_it_was_named
from pullscope.trace.model import Kind

_REFUSES = re.compile(r"unauthori[sz]ed|authentication required|access denied", re.IGNORECASE)
"""A cache's own login, refused (distribution/distribution#3842, #4477)."""

_QUAY = re.compile("access to the requested resource is not authorized", re.IGNORECASE)

_CACHES = re.compile(r"cache|proxy|mirror|hub")  # how organizations that are caches are called: quay/quay#4796

Rung = Callable[[Answer], str | None]


def of_what_is_not_played(one: Answer) -> str | None:
    own = f"take that rule out to try the others, or trace {one.host} itself, without --vanity"
    return own if is_not_played(one.hop) else None


def fix_of(one: Answer) -> str:
    fixes = (fix for rung in LADDER if (fix := rung(one)) is not None)
    return of_a_copied_name(one, next(fixes, "") or look_at_the_log(one))


# What the name and the words say.


def of_a_name(one: Answer) -> str | None:
    """Names that are none there: attune-io/attune#218, docker/build-push-action#1111, ciiiii/cloudflare-docker-proxy#11."""
    if one.status == 500 and one.act == "write" and (whole := of_a_short_name(one)) is not None:
        return whole  # Harbor: goharbor/harbor#2391, #5255
    name, known = one.name or "", one.behind.id if one.behind is not None else ""
    parts = name.count("/") + 1
    helm = re.match(r"helm|source-controller", one.hop.agent, re.IGNORECASE)  # Flux is built on it
    again = re.search(r"(?:^|/)([^/]+)/\1$", name) if helm is not None else None
    twice = one.status in (403, 404) or hangs_up(one) or (known == "docker-hub" and one.status == 401 and parts > 2)
    if again is not None and twice and not (one.is_known_to_be_there or one.code == "login-not-needed"):
        # fluxcd/flux2#2900, helm/helm#31141, #12423, #11017, kubewarden/helm-charts#174, aws-samples/eks-workshop-v2#1239
        other = of_names(one) or of_size_and_time(one) or of_a_login(one) or of_a_refusal(one)
        meant = f"; if it is meant so, {other}" if other is not None else ""
        return f"leave {again[1]} out of the address: helm adds the chart's name to it, and so asks for {name}{meant}"
    if not name or (one.is_about_a_login and not one.of_a_right) or not 400 <= one.status < 500:
        return None
    if host_within(name) == registry_name(one.host):  # aevea/action-kaniko#37
        where = "the rewrite that makes the name" if one.step.first.mirror_of else "the name"  # k3s-io/k3s#10756
        return f"leave {registry_name(one.host)} out of {where}: it is there already, before {name}"
    if (
        one.known is None
        and (within := host_within(name)) is not None
        and one.status == 403
        and one.no_login
        and not words(one.hop)
    ):
        rest = name.partition("/")[2]  # DaoCloud/public-image-mirror#9671, #39525
        why = f"a mirror that has hosts in its names says 403 to what it does not serve, as {one.host} may"
        return f"ask {within} for {rest}: {why}"
    if known == "docker-hub" and (own := at_docker_hub(one, name)) is not None:
        return own
    if one.takes_no_login and one.act == "write":
        who = one.known.name if one.known else one.host
        return f"check that {one.host} is where it is to go: {who} takes no pushes"
    if parts > 2 and one.hosted is None and one.act == "write" and says(one.hop, _QUAY):
        # openshift/openshift-docs#37155, #66666, openshift/oc-mirror#623
        feature = f"FEATURE_EXTENDED_REPOSITORY_NAMES at {one.host}: without it Quay takes no name of {parts} parts"
        return f"name it ORG/NAME (oc adm catalog mirror: --max-components=2, oc-mirror: --max-nested-paths=2), or set {feature}"
    if (
        one.act == "write"
        and one.status == 401
        and says(one.hop, _QUAY)
        and _CACHES.search(owner := name.partition("/")[0])
    ):
        right = f"else {log_in(one.case, one.host, again=not one.no_login)}, as an account that may push {name}"
        return f"push to another organization, if {owner} is a proxy cache of Quay, which takes no pushes; {right}"
    return of_a_short_name(one)


# Who answered.


def of_a_page(one: Answer) -> str | None:
    """A page in the place of a registry's answer: what stands in front refuses, and no login changes that."""
    who = front(one.hop) or f"the proxy in front of {one.host}"
    gateway = (
        passing(one.hop) if who.startswith("Microsoft-Azure-Application-Gateway") else None
    )  # a user's own, mostly
    if not one.by_page or one.step.is_token or one.status not in REFUSALS or (one.code is None and gateway is None):
        return None
    if one.hosted is not None:
        yours = f"if that gateway is yours, {gateway}; else " if gateway is not None else ""
        filters = f"which filter or proxy of this network answers in its place, and have it allow {one.host}"
        return f"{yours}ask from another network: if it is well there, find {filters}"
    begun = one.act != "write" or any(is_write(step) and step.last.ok for step in one.case.steps)
    how = passing(one.hop) or f"let {who} pass {one.hop.request.method} below /v2/ on to the registry"
    other = "" if begun else f"; if {one.host} is not your registry, correct the name of the image"
    return f"{how}: a page answered, not the registry{other}"


def of_a_list(one: Answer) -> str | None:
    """Pages of a list: google/go-containerregistry#1963 (Quay), CodesWhat/drydock#927 (ECR Public)."""
    if one.act == "list" and one.case.family == "skopeo" and one.is_known_to_be_there:
        return f"give skopeo inspect --no-tags: {one.host} has the image, and gives no list of the tags of {one.name}"
    if one.act != "list" or not 400 <= one.status < 500 or one.status in REFUSALS:
        return None
    if one.status == 404 and not one.is_known_to_be_there and "last" in parameters(query(one.hop.request.url)):
        why = f"{one.host} knows no {one.name} (of Artifactory's Link before 7.46.17 the repository's key is missing: update it)"
        return f"look at the Link of the page before, which has to name the list that was asked: {why}"
    page, asked = next_page(one.case, one.step), page_size(one.step)
    if page is not None:
        return f"ask for the next page by Link as it is: {page}"
    if asked is None or (asked[1] is None and (one.clue is None or one.clue.name != "page")):
        return None
    fewer = f"{asked[1]} at a time (n={asked[1]}" if asked[1] is not None else f"fewer at a time (n below {asked[0]}"
    return f"ask for {fewer}; {one.case.client} asked for n={asked[0]}), and follow Link to the next page"


def of_what_it_says(one: Answer) -> str | None:
    if one.act == "write" and one.hop.is_page and one.status < 500:
        log = f"the error log of {front(one.hop) or 'the proxy'} in front of {one.hop.host}"
        return f"read {log}, which refused it itself: a page answered, and registries answer with JSON"
    if one.status >= 500 or one.act == "token" or one.hop.is_page or not is_specific(one.hop):
        return None
    return of_the_status(one) or by_its_words(one)


def where_to_ask(one: Answer) -> str:
    """The address at which a host can be tried by hand: its API, or that of its token server, or of charts."""
    url = one.hop.request.url
    return (
        bare(url)
        if one.hop.step.is_token or one.step.kind is Kind.CHARTS
        else f"{url.partition('://')[0]}://{one.hop.host}/v2/"
    )


def if_yours(one: Answer) -> str:
    """What stands before a step at a host that may be another's: who reads there without a login (ollama/ollama#5298)."""
    theirs = one.act != "write" and one.no_login and not is_local(one.hop.host)
    return f"ask who runs {one.hop.host}, or, if that is you, " if theirs else ""


def of_a_failure(one: Answer) -> str | None:
    """5xx: what stands in front, or the server itself; a cache names its upstream (distribution/distribution#4252). For a host
    of one's own network it may be the proxy out: cri-o/cri-o#3863, dragonflyoss/nydus#676, kubernetes-sigs/cri-tools#1577."""
    hop, host, name = one.hop, one.hop.host, front(one.hop)
    bare_one = one.status in GATEWAY and not hop.errors and (name is None or filtering(hop) is not None)
    by = past_the_proxy(host, one.case.pull.client)
    first = f"{by}, if a proxy is named there; else " if bare_one and is_local(host) else ""
    past = f"; where a proxy answered for it, {by}" if may_be_on_the_way(hop) and not first else ""
    if one.status < 500:
        return None
    if (proxy := filtering(hop)) is not None:
        if (hop.header("x-squid-error") or "").startswith("ERR_DNS_FAIL"):
            return f"{first}let {proxy}, a proxy on the way, ask a DNS server that knows {host} (dns_nameservers in squid.conf)"
        return f"{first}allow {host} in {proxy}, a proxy on the way, and run curl -v {where_to_ask(one)} there: nothing came"
    if one.hosted is not None:
        whole = one.step.route.endpoint is Endpoint.TAGS and one.status in GATEWAY and "n=" not in hop.request.url
        pages = "ask for the tags in pages (?n=100, then what Link names), which take less time; else " if whole else ""
        return f"{pages}try again later, and see {one.hosted.status}"
    if name in ("Cloudflare", None) and one.status in _BY_STATUS:  # these statuses are Cloudflare's alone
        return of_the_status(one)
    if one.in_front is not None and name is not None:
        why = "refused the connection, took too long or sent too large headers"
        # kubernetes.github.io/ingress-nginx, "Troubleshooting"; goharbor/harbor#17091
        if one.status == 503 and name.startswith("nginx"):
            none = "an Ingress says 503 where its Service has no pod that is ready: kubectl get endpoints -A"
            limits = f"raise limit_req and limit_conn in {name}, if it has them"
            return f"{if_yours(one)}start the registry behind {host} ({none}), or {limits}"
        log = "/var/log/nginx/error.log" if name.startswith(("nginx", "openresty")) else f"the error log of {name}"
        return f"{if_yours(one)}read {log} at {host}: it says whether the registry behind it {why}"
    if one.by_page and one.act == "write" and re.match("nginx|openresty", name or ""):  # Joxit/docker-registry-ui#282
        full = "its disk may be full, on which it keeps uploads: proxy_request_buffering off hands them on at once"
        return f"read /var/log/nginx/error.log at {host}, for {name} itself answered: {full}"
    if (other := other_host(hop)) is not None:
        there = "and correct its DNS, its proxy or a firewall, if that fails there too"
        return f"let {host} reach {other}, which its answer names: run curl -v https://{other}/v2/ there, {there}"
    if says(hop, _REFUSES):
        set_there = "its own (proxy.username and proxy.password in distribution), for these words are not of yours"
        its = f"correct the login that {host} has at the registry behind it: {set_there} ({one.status})"
        # distribution/distribution-library-image#146
        return its if one.name is None or "/" in one.name else f"{cache(one, one.name)}; else {its}"
    reaches = f": it may not reach {home}" if (home := one.step.first.mirror_of) is not None else ""
    again, look = "" if one.times > 2 else "try again; if it fails again, ", look_at_the_log(one)
    if one.status in (502, 504) and name is None and not hop.errors:
        look = f"read the log of {unnamed(hop, 'no registry says this itself')}; then {look}"
    return first + again + if_yours(one) + look + reaches + past


_STATUSES = """
400 token read list delete: run curl -i {url}, and the same past the proxy in front of {host}: one of the two finds it malformed
404 list: check the host, the port and the name: {front} knows no such address
405 read list: have {front} hand {method} on to the registry behind it; or check that {host} is one
# renovatebot/renovate#3078, dotnet/sdk-container-builds#382, concourse/docker-image-resource#40
406 token read list write: have {client} ask with Accept: {types} (as a newer one may): {host} has none that was asked for
407 any: write the proxy with its login, http://USER:PASSWORD@PROXY:PORT, in {proxy}
# moby/moby#39223, microsoft/WSL#4225, form3tech-oss/platform-interview#32
408 token read list: if it is so each time, set a smaller MTU where {client} runs (ip link set dev DEVICE mtu 1400): the request
        came in part
409 write delete: let nothing else write or delete the same name meanwhile, and look at the rules of {host} for it
412 read write: look at the policies of the project at {host}: vulnerabilities, signatures, immutable tags
421 any: ask {host} under the name that its certificate and its configuration have
# nginx.org, ngx_http_proxy_module; coreweave/docker-registry-proxy#35
426 any: set proxy_http_version 1.1 in the nginx in front of {host}: before 1.29.7 it asks by HTTP/1.0 unless told
431 any: raise the limit for headers in front of {host} (large_client_header_buffers in nginx): tokens can be long
451 any: pull it from a mirror that can be reached from here
# developers.cloudflare.com, "Cloudflare 5xx errors"
520 any: read what the server behind {host} logged then: it ended the connection, or its answer is none to Cloudflare (headers
        over 128 KB, or empty)
521 any: start the web server behind {host}, or let Cloudflare's addresses (cloudflare.com/ips) in: it refuses the connection
522 any: let Cloudflare's addresses (cloudflare.com/ips) in at the firewall of {host}: the server behind it does not answer
523 any: correct the address that the DNS of Cloudflare has for {host}: nothing leads there
524 any: read what the server behind {host} did meanwhile: it gave Cloudflare no answer within 120 s
525 any: let the server behind {host} speak TLS on the port that Cloudflare asks, or set SSL/TLS of Cloudflare to another mode
526 any: give the server behind {host} a valid certificate for that name, or set SSL/TLS of Cloudflare to Full, not Full (strict)
530 any: start cloudflared, or correct the record of {host} at Cloudflare: it knows no way to the server behind it
"""
"""What a status without words asks for, to which acts."""
_BY_STATUS = {int(head[:3]): tuple(head[4:].split(": ", 1)) for head, _ in heads(_STATUSES)}
_ASKED_FIRST = frozenset({"containerd", "buildkit", "nerdctl"})
"""Families that show a login where a challenge asks for it, and nowhere else: docker/buildx#1528."""
_ASKING = "ask for a login by 401 with WWW-Authenticate, without which"
_SET_THERE = frozenset({405, 412})
"""Statuses that a setting of the registry or its proxy would change: of no use where others run it."""


def of_the_status(one: Answer) -> str | None:
    hop, host = one.hop, one.hop.host
    if one.status == 400 and hop.request.method == "HEAD" and hop.request.authorization == "bearer" and not words(hop):
        issuer = one.case.issuer_of(hop)  # regclient/regclient#955; its FAQ, "repoAuth"
        several = len(asked_repositories(issuer)) if issuer is not None else 0
        how = {"regsync": " (repoAuth: true in regsync.yml)", "regctl": f" (regctl registry set --repo-auth {host})"}
        less = f"; one for each repository is shorter than this for {several}{how.get(one.case.family, '')}"
        why = f"what is in front of {host} may find the token too long, or have changed the request"
        return f"ask by GET, which says why: {why}{less if several > 1 else ''}"
    if one.status == 400 and hop.request.method == "HEAD" and hop.is_registrys:
        return f"run curl -i {quote(hop.request.url)}, which says why, or {look_at_the_log(one)}"
    acts, fix = _BY_STATUS.get(one.status, ("", ""))
    fits = acts == "any" or one.act in acts.split()
    out_of_reach = one.status in _SET_THERE and one.hosted is not None
    fits = fits and not (one.status == 405 and hop.errors and is_specific(hop))  # its own words say why
    if fits and not out_of_reach and (one.status != 412 or hop.route.endpoint is Endpoint.MANIFEST):
        who = front(hop) or f"what is in front of {host}"
        types = "application/json" if one.act in ("list", "token") else "*/*"
        names = {"host": host, "method": hop.request.method, "front": who, "client": one.case.client, "types": types}
        return fix.format(url=quote(hop.request.url), proxy=proxy_setting(one.case.pull.client), **names)
    if hop.status is None:
        scheme = split(hop.request.url).scheme
        answers = (other for other in one.case.hops if other.host == host and other.response is not None)
        if one.hosted is None and any(split(other.request.url).scheme == scheme for other in answers):
            ended = "it answered other requests, so that it, or the proxy in front, ended this one itself"
            return f"{one.later}; if it keeps failing, {look_at_the_log(one)}: {ended}"  # project-zot/zot#4246
        secure = " that speaks TLS" * hop.request.url.startswith("https:")
        runs = "" if one.hosted is not None else f", or nothing runs there{secure}"
        if one.step.kind is Kind.VERSION_CHECK and secure and ":" not in hop.host and runs:  # go-gitea/gitea#24466
            plain = by_plain_http(f"{host}:PORT", one.case.pull.client)
            runs += f": name its own port then ({host}:PORT; Gitea's is 3000), by plain http after this: {plain}"
        ends = f"a firewall or proxy on the way ends it, and has to let that host through{runs}"
        return f"{one.later}; if it keeps failing, run curl -v {where_to_ask(one)} here: if that ends alike, {ends}"
    if one.status == 403 and filtering(hop) is not None:
        rules = f"the rules of {filtering(hop)}, a proxy on the way"
        return f"have {host} allowed in {rules}: it refuses in place of {host}"
    if one.status == 403 and is_specific(hop) and not hop.errors and not hop.is_registrys and not hop.is_page:
        where = f"in front of {host}, or on the way ({past_the_proxy(host, one.case.pull.client)} to go past it)"
        return f"look for the proxy that says so, {where}: a registry answers with JSON"
    if one.status == 403 and (hop.is_page or one.no_login):
        asks = not hop.is_page and not one.takes_no_login and not one.asks_for_none
        challenged = any(other.challenges for other in one.case.hops if other.host == host)
        shown = challenged or one.case.family not in _ASKED_FIRST
        login = f"log in: {one.login}; else " if shown else f"let {host} {_ASKING} {one.case.client} shows none; else "
        login = login if asks else ""
        who = front(hop) or host
        public = one.hosted is not None and (one.hosted.all_may_read or "page" in one.hosted.steps or led_to(hop))
        mirror = f" or pull from a mirror of {one.hosted.name}" if one.hosted is not None and public else ""
        mirror = by_its_proxy(one.case.pull.client) + mirror if hop.is_page and who == host else mirror
        return f"{login}ask from another address{mirror}, or have this one allowed: {who} refuses without asking for a login"
    return None


def of_no_registry(one: Answer) -> str | None:
    """Nothing at /v2/, which each registry has: ansible/galaxy_collection#184, GoogleContainerTools/kaniko#2416."""
    if one.step.kind is not Kind.VERSION_CHECK or one.status != 404 or one.clue is not None:
        return None
    front = f"let what is in front of {one.host} pass /v2/ on to the registry"  # jfrog/charts#629
    so = "something on the way answers in its place" if one.hosted is not None else f"correct host and port, or {front}"
    so = f"correct where {one.step.first.host} redirects to" if led_to(one.hop) and one.hosted is None else so
    return f"run curl -i {bare(one.hop.request.url)}: each registry has that, so {so}"


LADDER: tuple[Rung, ...] = (
    of_what_is_not_played,
    of_an_api,
    of_content_trust,
    of_a_scan,
    of_a_site_for_people,
    of_no_registry,
    of_a_chart,
    of_an_old_login,
    of_a_lookup,
    of_a_look,
    of_a_path,
    of_a_name,
    of_an_empty_blob,
    of_fixed_tags,
    of_a_cache,
    of_a_filter,
    of_a_first_look,
    of_an_open_registry,
    of_a_list,
    of_storage,
    of_what_cannot_be_read,
    of_a_cache_behind,
    of_what_is_missing,
    of_names,
    of_the_unseen,
    of_a_website,
    of_where_it_was_named,
    of_size_and_time,
    of_a_page,
    of_a_login,
    of_deletes,
    of_writes,
    of_the_catalog,
    of_one_of_several,
    without_a_login,
    without_the_right,
    of_uploads,
    of_a_manifest,
    of_a_silent_refusal,
    of_a_refusal,
    of_what_it_says,
    of_a_failure,
    of_the_status,
)
"""The rungs, from the one that knows most."""
