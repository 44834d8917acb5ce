"""What is to be done where something is not there: a tag, a manifest, a repository, a blob.
One file, because what a cache may lack is the last word in each of them."""

from __future__ import annotations

import re

from pullscope.oci.agents import CONTAINERS_IMAGE, DAEMONS, UNKNOWN
from pullscope.oci.client_steps import ships_with_k3s
from pullscope.oci.digest import as_digest
from pullscope.oci.known_registries import SEARCHED, WEBSITES, known_registry, login_command
from pullscope.oci.media import OCI_INDEX
from pullscope.oci.moved_images import MOVED, moved_to
from pullscope.oci.reference import DOCKER_HUB, registry_name
from pullscope.oci.routes import Endpoint, below
from pullscope.oci.urls import bare
from pullscope.trace.findings.answers import Answer, look_at_the_log
from pullscope.trace.findings.asked import action, cached, host_within, meant_as_host, of_a_build_cache, takes
from pullscope.trace.findings.case import REFUSALS, in_turn
from pullscope.trace.findings.client_settings import out_of_mirrors
from pullscope.trace.findings.compared import naming
from pullscope.trace.findings.login_commands import list_tags, login
from pullscope.trace.findings.media_types import is_before
from pullscope.trace.findings.paths import added, of_a_path_twice, of_a_remote
from pullscope.trace.findings.put_before import of_no_tag, of_what_it_keeps
from pullscope.trace.findings.said import led_to, says, words
from pullscope.trace.model import Kind
from pullscope.trace.source_gaps import lacking

_CACHE = "if {host} is a cache of another registry, ask that for it too: if it is there, {mend}"
"""What a cache lacks is behind it: kubernetes/registry.k8s.io#258, moby/moby#41687, sonatype/nexus-public#639."""
_MEND = (
    "correct address and login that {host} has for it (proxy.remoteurl, proxy.username, proxy.password in distribution; sync "
    "in Zot), whose log says what failed"
)
_LIBRARY = (
    "if {cache} is a cache of Docker Hub, its official images need library/: {cache}/library/{rest}; if it is one of another "
    "registry, ask that for it too: if it is there, {mend}"
)
_WITHOUT_LIBRARY = frozenset({"harbor", "ecr", "acr"})
"""Registries whose caches hand names on as they are: goharbor/harbor#13446, Azure/azure-cli#29153; docs.aws.amazon.com, "pull
through cache"."""
_OF_CACHES = re.compile(r"[^/]*(?:hub|docker|cache|mirror|proxy)[^/]*/")
_ANEW = (
    "push the image again with all its platforms, and let no clean-up delete versions without a tag, as those that an index "
    "names are"
)
_HAVE_CACHES = frozenset({"ecr", "acr", "artifact-registry", "artifactory"})
_ENDPOINT = re.compile(r"vpce-[\w-]+\.dkr\.ecr\.([a-z0-9-]+)\.vpce\.amazonaws\.com")
"""GoogleContainerTools/kaniko#2753; docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html."""
_SAYS_OF_NAMES = frozenset({"docker-hub", "quay", "ecr", "gitlab"})
"""Registries that say otherwise of a repository that is not there: by 401, 403 or NAME_UNKNOWN, and no missing manifest."""
_LIST = "unqualified-search-registries in registries.conf; if it should be there, correct the name or the tag"
_NO_PROJECT = re.compile(r"\bproject \S+ (?:is )?not found", re.IGNORECASE)
"""Harbor's words: goharbor/harbor#13391."""


def has_the_name(one: Answer) -> bool:
    """Whether the repository of a tag that is missing is known to be there: read in part, or else other words would come."""
    told = one.known is not None and one.known.id in _SAYS_OF_NAMES
    return told or one.is_known_to_be_there or of_no_tag(one) is not None


def named_by(one: Answer) -> str | None:
    """The tag for which the same host named the digest that it has not got."""
    tags = (hop.step.route.reference for hop in naming(one.case, one.step))
    return next((tag for tag in tags if tag is not None), None)


def cache(one: Answer, name: str) -> str:
    """What a cache may lack, as its name has it: a name of one part is an official image of Docker Hub.

    Below a project where it has them, else as it is (distribution/distribution#1058, #3236, docker/cli#2304). ECR's take
    rights of who pulls: aws/containers-roadmap#1614, kubernetes/kops#13457, GoogleContainerTools/kaniko#2994.
    """
    project, _, rest = name.rpartition("/")
    projects = one.known is not None and one.known.id in _WITHOUT_LIBRARY and project and "/" not in project
    official = projects or (one.known is None and not project and not one.is_known_to_be_there)
    here = f"{one.hop.host}/{project}" if projects else one.hop.host
    if one.known is not None and one.known.id == "ecr" and project and not official:
        prefix, rights = name.partition("/")[0], "ecr:BatchImportUpstreamImage and ecr:CreateRepository"
        return f"if {prefix} is the prefix of a cache there, allow {rights} to who pulls, and {one.step_there('cache')}"
    mend = (one.step_there("cache") or _MEND).format(host=one.hop.host)
    if (within := host_within(name)) is not None:
        there = f"ask {within} for {name.partition('/')[2]}"
        return f"if {one.hop.host} is a cache of {within}, {there}: if it is there, pull it from there, or {mend}"
    return (_LIBRARY if official else _CACHE).format(host=one.hop.host, cache=here, rest=rest, mend=mend)


def of_a_cache_behind(one: Answer) -> str | None:
    """What a cache does not get: its name shows which registry to ask, as far as one is named so.

    goharbor/harbor#14802, #14767, #13446, jfrog/charts#1834, gitlab-org/gitlab#499545: a cache says 404, 401 or 403 to what is
    not there.
    """
    name, host, known = one.hop.route.repository or "", one.hop.host, one.known.id if one.known is not None else None
    found = cached(name) if one.act == "read" and one.status in (401, 403, 404) and one.hop.follows is None else None
    codes = ("manifest-unknown", "name-unknown", "blob-unknown", "access-denied", "login-lacks-right")
    is_named = one.step.expectation is not None  # by the index, which it has
    known_there = one.is_known_to_be_there and not is_named
    if found is None or one.code not in codes or one.is_about_a_login or known_there or host_within(name):
        return None
    (prefix, home, rest), mark = found, "@" if one.step.route.digest is not None else ":"
    cannot = one.hosted is not None and one.hosted.id not in _HAVE_CACHES
    if (
        cannot
        or (known in (None, *_WITHOUT_LIBRARY) and "/" not in rest and "dependency_proxy/" not in name)
        or (one.clue is not None and one.clue.name not in ("not there", "upstream"))
    ):
        return None
    at = f"{home if '.' in home else 'REGISTRY'}/{rest}{mark}{one.step.route.reference}"
    of_gitlab = "look at Dependency Proxy in Settings, Packages and registries of that group"
    own = (
        f"correct the rule and the login that {host} has for it" if one.hosted is not None else _MEND.format(host=host)
    )
    mend = of_gitlab if "dependency_proxy/" in name else one.step_there("cache") or own
    if known == "ecr":  # docs.aws.amazon.com/AmazonECR, "Private registry permissions": aws/containers-roadmap#2053
        rights = "ecr:CreateRepository and ecr:BatchImportUpstreamImage, aws ecr put-registry-policy"
        mend += f", and let who pulls do so (of another account: {rights})"
    if is_named:  # goharbor/harbor#23750, #16429, #19067
        home = "docker.io" if rest.startswith("library/") else home
        anew = _ANEW if one.code != "blob-unknown" else "push the image again: its content is not there"
        behind = f"{look_at_the_log(one)}: {home} may have limited or refused it; then {mend}, and try again"
        return f"if {prefix} is a cache of {home}, {behind}; if it is none, {anew}"
    login = f", or log in at {host} ({one.login})" if one.status != 404 and one.no_login else ""
    if one.status != 404 and not one.no_login:  # pulp/pulp_container#1624
        login = f"; or let that login read {one.name} at {host}"
    passed = "" if one.status == 404 else f" ({home} may say {one.status} to that, which a cache passes on)"
    asked = f"ask {home} for {rest} (crane manifest {at}), if {prefix} is a cache of it"
    return f"{asked}: if that does not have it, correct the name or the tag{passed}; if it does, {mend}{login}"


def chart_folder(one: Answer) -> str:
    """Without a version helm lists the tags, of what may be no chart: dragonflydb/dragonfly-operator#328."""
    lists = (one.step.under or one.step).route.endpoint is Endpoint.TAGS and one.case.family == "helm"
    folder = f"add the chart's name behind {one.name}, if that is a folder of charts; else "
    return folder if lists and not one.is_known_to_be_there else ""


def as_host(one: Answer) -> str:
    """What follows the other steps, for it is rarely what was meant."""
    hub, name = one.known is not None and one.known.id == "docker-hub", one.name or ""
    host = meant_as_host(one.name) if hub else ""
    owned = (
        hub
        and one.act == "read"
        and lacking(one.hop.request, "credentials")
        and "/" in name
        and not name.startswith("library/")
        and host_within(name) is None
    )
    # homeassistant-ai/ha-mcp#2312: a name that was copied without its registry
    if hub and re.match(r"\d{2,5}/", name):  # deepfence/ThreatMapper#2241
        return f"; or write its host with a dot before the port (HOST.DOMAIN:{name}), as the first part looks like one"
    there = f"; or name the registry that its project has it at (ghcr.io/{name}, quay.io/{name})" if owned else ""
    return f"{there}; or write {host} (with a dot or a port: else it is an owner's name)" if host else there


def elsewhere(one: Answer) -> str:
    """A name without its registry is Docker Hub's (docker/build-push-action#363); one without an owner may be nobody's
    (SUSE/Portus#1736, goharbor/harbor#11615)."""
    if one.hosted is None and one.case.writes and one.name and "/" not in one.name and not one.no_login:
        return f"; if names have a project or owner there, write one before it: OWNER/{one.name}"
    hub = one.known is not None and one.known.id == "docker-hub" and one.name
    goes = "of" if action(one.case, one.step) == "pull" else "to go to"
    meant = meant_as_host(one.name) if not one.is_about_a_login else ""
    own = f", or {meant}" if meant else ""
    return f"; if it is {goes} another registry, name that first: HOST/{one.name}{own}" if hub else ""


def of_what_is_missing(one: Answer) -> str | None:
    """The name first, then what a cache has behind it."""
    host, step = one.hop.host, one.step
    name = one.hop.route.repository or step.route.repository or ""
    caches = one.known is None or (one.known.is_cache and (one.hosted is None or one.hosted.id == "ecr"))
    caches = caches or (one.known is not None and one.known.id == "acr" and _OF_CACHES.match(name) is not None)
    also = f"; {cache(one, name)}" if caches and host not in WEBSITES and not one.hop.is_page else ""
    if led_to(one.hop):
        also = f"; or correct where {step.first.host} redirects to, if {host} is not to have it"
    elif one.known is None and one.behind is not None and "host" in one.behind.at:
        itself = DOCKER_HUB if one.behind.id == "docker-hub" else one.behind.at["host"]
        also = f"; if {itself}, whose challenge {host} passes on, has it, correct what {host} makes of the name"
    if one.clue is not None and one.clue.name != "not there":
        return None  # words that say why
    if says(one.hop, _NO_PROJECT):
        return f"check the project {name.partition('/')[0]}, which {host} does not have, or make it"
    asked = in_turn(one.case, step) if one.code in ("name-unknown", "manifest-unknown") else []
    if len(asked) > 1 or (asked and (one.code == "name-unknown" or host in SEARCHED) and "/" not in name):
        # podman-container-tools/podman#9336, #336
        change = "add that to" if len(asked) > 1 else f"take {host} out of"
        hub = f"docker.io/{name}" if "/" in name else f"docker.io/library/{name}"
        typed = hub if DOCKER_HUB not in asked else f"REGISTRY/{name.removeprefix('library/')}"
        return f"if none stands before it, write its registry ({typed}), or {change} {_LIST}"
    if one.code == "name-unknown":
        if (within := host_within(name)) is not None:
            return f"leave {within} out of the name, if it is the registry that was meant{also}"
        renamed = one.step.first.host != host
        if one.act == "list" and one.takes_no_login:
            by_name = f"ask for a tag by its name, as {host} may have no list of it"
            return f"{by_name}, or correct the name, if it is not {name}"
        rule = " or the rule that renames it," if renamed else ""
        made = one.step_there("creates") if one.case.family not in (*DAEMONS, *CONTAINERS_IMAGE) else None
        create = f", or make it, if it is to be pushed: {made}" if made else ""  # plexsystems/sinker#55
        return f"{of_a_remote(one)}{chart_folder(one)}correct the name{rule} if it is not {name}{create}{also}"
    if (home := step.first.mirror_of) is not None and step.route.digest is not None:
        copy = (
            f"crane {'blob' if step.route.endpoint is Endpoint.BLOB else 'manifest'} {home}/{name}@{step.route.digest}"
        )
        mend = (one.step_there("cache") or _MEND).format(host=host)
        out = f"take it {out_of_mirrors(one.case.pull.client, home)}"
        return f"ask {home} for it ({copy}): if it is there, {out}, or {mend}; if not, push the image there again"
    if one.code == "blob-unknown":
        if step.first.host != host:
            kept = "or let it forget the manifest, if it keeps an old one"
            return f"correct where {step.first.host} sends on to, which does not have the content, {kept}"
        if step.expectation and of_a_build_cache(one.case):
            return (
                "do nothing, if the build went on: BuildKit makes what its cache lacks, and --cache-to writes that anew"
            )
        if step.expectation or (step.method == "GET" and lacking(one.hop.request, "bodies")):
            return f"push the image again: its manifest is there, its content is not{also}"
        return f"ask for it in the repository that it was pushed to, if that is not {name}"
    if one.code != "manifest-unknown":
        return None
    at = registry_name(host if one.hop.route.repository else step.first.host)
    tags = f"{list_tags(one.case, f'{at}/{name}')} lists"
    if below(one.hop.request.url) and one.hop.route.endpoint is Endpoint.MANIFEST:
        tags = f"curl {one.hop.request.url.partition('/manifests/')[0]}/tags/list lists"
    if step.kind is Kind.DELETE and step.expectation is not None and step.expectation.kind in (Kind.CONFIG, Kind.LAYER):
        part = f"{step.route.reference} is a part of it, and no manifest"  # genuinetools/reg#166
        return f"delete it by the digest of its manifest, as crane digest {at}/{name}:TAG tells it: {part}"
    if step.kind is Kind.DELETE:
        return of_what_it_keeps(one) or f"do nothing if it was deleted before; else correct the name: {tags} its tags"
    if (twice := of_a_path_twice(one)) is not None:
        return twice
    if (untagged := of_no_tag(one)) is not None:
        return untagged[1] + (
            "" if step.route.digest is not None else f"; if another was meant, {tags} those that exist"
        )
    if one.known is not None and one.known.copies is not None:
        configured = f" (in registries.conf as a [[registry.mirror]] of {one.known.copies}, not as its location)"
        beside = configured if one.case.family in CONTAINERS_IMAGE else ""
        return f"ask {one.known.copies} for {name}, and {host} only beside it{beside}: it keeps some of what is there"
    if one.known is not None and one.known.id == "harbor" and "MANIFEST_UNKNOWN" in one.hop.codes:
        # goharbor/harbor#18024, #16992: its core says NOT_FOUND of what its database has not
        lost = f"its registry has not got it: {look_at_the_log(one)}, and repair its storage or Redis, or push it again"
        return f"if Harbor's pages list it, {lost}; if they do not, correct the tag: {tags} those that exist"
    if step.route.digest is None and name.startswith("bitnami/") and registry_name(host) == DOCKER_HUB:
        # bitnami/containers#96169, bitnami/charts#36407, RedPlanetHQ/core#79, docker/hub-feedback#2500
        return f"ask for bitnamilegacy/{name[8:]}, to where Bitnami moved its images in 2025, or for one that is kept up to date"
    if (other := moved_to(registry_name(host), name)) is not None and one.act == "read":
        return f"ask for {other}, to where it moved; else correct the tag: {tags} those that exist"
    hexes = re.fullmatch("[0-9a-f]{64}", step.route.reference or "")
    if hexes is not None and one.case.family != "kaniko":  # whose caches have such tags
        # getwud/wud#99, testcontainers/testcontainers-node#273, docker/docker-py#1912, apocas/dockerode#152
        splits = f"update {one.case.client}, if it was named so: some split a name at its last colon"
        return f"write its digest behind @, as no tag but a digest looks so: {at}/{name}@sha256:{hexes[0]}; {splits}"
    if step.route.digest is None:
        # fossas/fossa-cli#1309, nicholas-fedor/watchtower#728, Mic92/niks3#229: HEAD, and so without a word
        named = one.hop.request.headers.get("accept") is not None and takes(one.hop, OCI_INDEX)
        narrow = one.hop.request.method == "HEAD" and one.case.family == UNKNOWN and not named
        none = "" if has_the_name(one) else ", and fails where there is no such repository"
        if one.hop.agent.startswith("gitlab-runner") or (one.known is not None and one.known.id == "gitlab"):
            # DataBiosphere/azul#6812; docs.gitlab.com, "Reduce container registry storage"
            cleans = "a cleanup policy of its project may have removed it: Settings, Packages and registries"
            also = f"; if it was there, run the job that pushes it again ({cleans}){also}"
        if one.hop.agent == "cloud-run":  # docker/build-push-action#755
            again = "push it without attestations (--provenance=false --sbom=false)"
            also = f"; if it is there, {again}, of which Cloud Run says the same{also}"
        if is_before(one.case, "docker", 20, 10) and one.act == "read":  # jlesage/docker-crashplan-pro#413
            older = f"as docker before 20.10 does not know an index of OCI, and says {one.status} of it"
            return f"update docker, of a NAS its system, {older}; else correct the tag: {tags} those that exist{none}{also}"
        types = f"name the types of manifests in Accept, {OCI_INDEX} too; if it is 404 then, " if narrow else ""
        lists = one.case.family == "docker-cli" and not one.case.writes  # docker/cli#2396
        reads = "; or push it first, if a list is made of it: docker manifest create reads the registry alone"
        first = reads if lists else ""
        return f"{types}{added(one, name)}correct the tag: {tags} those that exist{none}{first}{also}"
    if step.expectation is not None:  # snok/container-retention-policy#43, #97, vlaurin/action-ghcr-prune#76
        if one.hosted is not None and one.no_login:  # shizunge/endlessh-go#83
            return f"ask who publishes {name} to {_ANEW}; until then pull another tag: {tags} them{also}"
        return f"{_ANEW}{also}"
    if (there := _at_another(one)) is not None:  # kubernetes/registry.k8s.io#324
        goes = f"{step.first.host} redirects to hosts that do not all have the same, which only who runs it can mend"
        return f"try again, or ask {there} for it: that has it, and {goes}"
    if named_by(one) is not None:
        anew = f"push {name}:{named_by(one)} again: {host} does not have what it names"
        if also and _OF_CACHES.match(name):  # goharbor/harbor#19359
            return f"{also.removeprefix('; ')}; else {anew}"
        return f"{anew}{also}"
    if one.hop.agent == "amazon-ecs-agent":  # docs.aws.amazon.com/AmazonECS, "Container image resolution"
        again = "aws ecs update-service --cluster CLUSTER --service SERVICE --force-new-deployment"
        kept = f"keep what runs in the rules that clean up {host}"
        by_hand = f"{kept}; if it is named so by hand, {tags} the tags"
        return f"deploy anew, as ECS keeps to the digest of the deployment: {again}; {by_hand}"
    return f"name a digest that is there, as a clean-up deletes what no tag names: {tags} the tags{also}"


def _at_another(one: Answer) -> str | None:
    """Where that manifest was just seen: at another host to which the same registry redirects."""
    digest, hop = one.step.route.digest, one.hop
    if digest is None or not led_to(hop):
        return None
    others = (other for other in one.case.hops if other.ok and led_to(other) and other.host != hop.host)
    same = (other for other in others if other.step.first.host == one.step.first.host)
    seen = (
        other
        for other in same
        if digest in (other.route.digest, as_digest(other.header("docker-content-digest") or ""))
    )
    return next((f"{other.host}/{other.route.repository}@{digest}" for other in seen), None)


def of_a_chart(one: Answer) -> str | None:
    """No chart repository, or a chart that it has no more. Harbor has none since 2.8: goharbor/harbor#18720, #18677, #19797."""
    name, host = one.step.route.repository or "", one.host
    if one.case.family == "helm" and one.act == "write" and one.status == 404 and words(one.hop) == "not found":
        # chartmuseum/helm-push#13, #109, helm/chartmuseum#674
        own = f"helm plugin install https://github.com/chartmuseum/helm-push, helm cm-push CHART.tgz https://{host}"
        whose = f"if {host} is ChartMuseum, whose words these are and which takes no oci://"
        return f"{own}, {whose}; else correct the path in oci://{host}/PATH"
    if one.code != "chart-unknown":
        return None
    if (archive := one.step.route.reference) is not None and one.step.instead is not None:
        every = "a rule there that answers every path with one file may do so"
        return f"let {host} send {archive} itself at {bare(one.hop.request.url)}: {every}"
    if archive is not None:
        again = f"if it lists this, upload {archive} again"
        return f"run helm repo update, and ask for a version that helm search repo -l lists; {again}"
    harbor = name.startswith("chartrepo") or (one.known is not None and one.known.id == "harbor")
    if harbor or (one.hosted is not None and one.hosted.id != "artifactory"):
        path = "/".join(filter(None, (host, name.removeprefix("chartrepo").strip("/"), "CHART")))
        whose = "from 2.8 Harbor" if harbor else host
        itself = "" if harbor or not name else f" (oci://{host}/{name}, if that ends in the chart's own name)"
        return f"run helm pull oci://{path} --version VERSION{itself}: {whose} has charts as artifacts alone"
    theirs = "https://HOST/repository/NAME in Nexus, https://HOST/artifactory/api/helm/KEY in Artifactory"
    other = f"if {host} is a registry, run helm pull oci://{host}/PATH/CHART"
    return f"correct the address behind helm repo add NAME ({theirs}); {other}"


def of_what_cannot_be_read(one: Answer) -> str | None:
    """What a cache has got, and not understood: distribution/distribution#3530, sonatype/nexus-public#292."""
    if one.act != "read" or one.status != 400 or not one.hop.codes & {"MANIFEST_INVALID", "DIGEST_INVALID"}:
        return None
    look = one.step_there("cache") or "look at its log"
    return f"pull it from where it comes from, if {one.hop.host} is a cache, and {look}: it cannot read the manifest that it got"


def of_a_website(one: Answer) -> str | None:
    """A page of the pages that a registry has for people; or a part of it that is for itself alone."""
    if (now := MOVED.get(one.host)) is not None:
        there = (
            f", and log in there: {login(one.case, now)}" if one.hop.status in REFUSALS and login_command(now) else ""
        )
        return f"name {now} in place of {one.host}, which is closed{there}"
    if (endpoint := _ENDPOINT.match(one.host)) is not None:
        itself = f"ACCOUNT.dkr.ecr.{endpoint[1]}.amazonaws.com, which leads to the endpoint where it has private DNS"
        return f"name the registry itself ({itself}): the endpoint's own name does not say whose registry is asked"
    # goharbor/harbor#14605, bitnami/charts#3631; Harbor's make/photon/prepare/templates/registry/config.yml.jinja
    if any(asked.realm == "harbor-registry-basic-realm" for asked in one.hop.challenges):
        inner = "that is the realm of the registry inside, which knows no account of Harbor"
        return f"send /v2/ and /service/ of {one.host} to Harbor's core, in the proxy or Ingress in front: {inner}"
    if not one.hop.is_page:
        return None
    within = re.match(r"repository/([^/]+)/(.+)", one.name or "")
    if one.known is not None and one.known.id == "nexus" and one.status == 404 and (within or one.act == "read"):
        # GoogleContainerTools/jib#993, microsoft/vscode-docker#537, ansible-ThoTeam/nexus3-oss#299
        what = f"its docker repository {within[1]}" if within else "its docker repositories"
        name = f", as {within[2]}" if within else ""
        there = f"at the port that its settings give it (Repositories, HTTP or HTTPS connector){name}"
        return f"ask {what} {there}: {one.host} is Nexus as browsers have it"
    return of_a_site_for_people(one)


def of_a_site_for_people(one: Answer) -> str | None:
    """docker.io itself is one, and redirects to www.docker.com, with no page to HEAD: project-zot/zot#1703."""
    if not one.hop.is_page and not (led_to(one.hop) and one.hop.host in WEBSITES):
        return None
    asked = (hop.host for hop in one.step.hops if hop.host in WEBSITES)
    site = next((host for host in asked if WEBSITES[host] != one.step.first.host), None)  # not ghcr.io's own way there
    if site is None:
        home = one.step.first.host
        led = led_to(one.hop) and one.hop.host in WEBSITES and one.code in (None, "registry-failed")
        if not led or (registry := known_registry(home)) is None:
            return None
        check = f"check name and tag of {registry_name(home)}/{one.name or 'NAME'}: {home} sends to its website what it does not"
        return f"{check} serve; if they are right, try again later, and see {registry.status}"
    in_hosts_toml = one.case.family in ("containerd", "nerdctl") and not ships_with_k3s(one.case.pull.client)
    where = "server in hosts.toml, " if in_hosts_toml else ""
    where = "docker login without a host, " if one.case.family == "docker" and "docker" in site else where
    return f"name {WEBSITES[site]} in its place ({where}a mirror's address): {site} is the website"
