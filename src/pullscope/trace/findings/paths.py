"""What stands in an address or a name and should not: paths before /v2/ or behind it, and what clients add; other interfaces."""

from __future__ import annotations

import re

from pullscope.oci.agents import CONTAINERS_IMAGE
from pullscope.oci.beside import api_of
from pullscope.oci.challenge import read_scopes
from pullscope.oci.client_steps import ships_with_k3s
from pullscope.oci.known_registries import KNOWN
from pullscope.oci.reference import registry_name
from pullscope.oci.registry_steps import STEPS
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import bare, path_of
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.asked import action, host_within, meant_as_host
from pullscope.trace.findings.case import REFUSALS, Case, asked_repositories, harmless
from pullscope.trace.findings.compared import OF_THE_REWRITE, rewritten
from pullscope.trace.findings.login_commands import list_tags
from pullscope.trace.findings.media_types import is_before
from pullscope.trace.findings.said import is_specific, says
from pullscope.trace.source_gaps import lacking

_FIRST = "helm of 3.18 and later looks before a push with the right to pull alone, which who may create has not yet"
_ARTIFACTORY = re.compile(r"((?:artifactory/)?api/(?:docker|oci))/([^/]+)/(?:v2/)?(.+)")
"""The path of its API, taken for a part of a name: google/go-containerregistry#1464, renovatebot/renovate#17200."""


def of_a_path_twice(one: Answer) -> str | None:
    """An address that ends with /v2, behind which a client writes its own: aws/eks-anywhere#10765, goharbor/harbor#18530."""
    if one.step.route.digest is not None or "/v2/" not in f"/{one.hop.route.repository or ''}/":
        return None
    host = one.hop.host
    if one.case.family not in ("containerd", "nerdctl") or ships_with_k3s(one.case.pull.client):
        return f"leave /v2 out of the address of {host}, for {one.case.client} writes it itself: the path has it twice"
    return f"set override_path = true beside {host} in hosts.toml, or leave /v2 out of its address there: the path has it twice"


def of_a_path(one: Answer) -> str | None:
    """A path that stands before /v2/ or behind it, and should not."""
    host, path = one.hop.host, path_of(one.hop.request.url)
    if not 400 <= one.status < 500:
        return None
    if (inside := _ARTIFACTORY.match(one.hop.route.repository or "")) is not None:
        api = f"{inside[1]} is the path of its own interface, which has /v2/ behind it"
        return f"ask for {host}/{inside[2]}/{inside[3]}: {api}, and {one.case.client} writes /v2/ first"
    if (keyless := re.fullmatch(r"(/.*api/(?:docker|oci))/v2/([^/]+)/(.+)", path)) is not None:
        return f"ask for {keyless[1]}/{keyless[2]}/v2/{keyless[3]}: Artifactory wants the key of the repository before /v2/"
    name = one.hop.route.repository or ""
    if one.behind is not None and one.behind.id == "quay" and re.match(r"repository/[^/]+/", name):
        # redhat-performance/jetlag#381
        own = name.removeprefix("repository/")
        return (
            f"leave repository/ out of the name ({registry_name(one.host)}/{own}): it is of the address of Quay's pages"
        )
    if (charts := re.fullmatch(r"chartrepo/([^/]+)/.+", name)) is not None:  # goharbor/harbor#18656
        where = f"oci://{registry_name(one.host)}/{charts[1]}"
        why = "chartrepo/ is the path of ChartMuseum, which is no part of a name"
        return f"leave chartrepo/ out of the address ({where}): {why} at a Harbor"
    if re.fullmatch(r"(?:.+/)?(?<!coredns/)coredns", name) and re.match(r"v1\.\d", one.step.route.reference or ""):
        # DaoCloud/public-image-mirror#42559; kubeadm leaves coredns/ out where imageRepository is not its own
        own = f"{registry_name(one.host)}/{name}"
        why = (
            "registry.k8s.io and its mirrors call it coredns/coredns, which kubeadm makes coredns at an imageRepository"
        )
        return f"set dns: imageRepository: {own} in ClusterConfiguration (which asks for {own}/coredns): {why}"
    if path.startswith("/v1/v2/"):  # argoproj-labs/argocd-image-updater#705
        return f"take /v1/ out of the address of {host} that {one.case.client} was given: it writes /v2/ behind that address"
    tag, at, digest = (one.step.route.reference or "").partition("@")
    if at and one.status not in REFUSALS:  # containrrr/watchtower#752, #1528
        name = f"{registry_name(one.host)}/{one.name}"
        why = "a path has one of the two, and docker pull of both asks for the digest"
        return f"have {one.case.client} ask for {name}:{tag} or {name}@{digest} (as a newer one may): {why}"
    if path.startswith(f"/{host.partition(':')[0]}/"):
        return f"write https:// before {host} in the address that it is given: without that {one.case.client} took it for a path"
    return None


def of_a_first_look(one: Answer) -> str | None:
    """A push that looks with the right to pull alone, where the repository is yet to be made: helm/helm#32144, #30987."""
    look = (
        one.step.route.endpoint is Endpoint.MANIFEST and one.step.method == "HEAD" and one.step.route.digest is not None
    )
    if look and one.case.family == "helm" and one.status == 401 and lacking(one.hop.request, "tokens"):  # before a push
        account = f"make the repository {one.name} at {one.host} first, if it is not there"
        return (
            f"{account}, and log in with an account that may push it ({one.login}); or push it with helm 3.17: {_FIRST}"
        )
    issuer, asks = one.case.issuer_of(one.hop), one.step.route.endpoint is Endpoint.BLOB and one.step.method == "HEAD"
    named = {right for kind in one.hop.challenges for scope in read_scopes(kind.scope or "") for right in scope.actions}
    of_today = one.case.family == "helm" and not is_before(one.case, "helm", 3, 18)
    if one.code != "write-denied" or not asks or not of_today or named != {"pull"} or issuer is None:
        return None
    return f"make the repository {one.name} at {one.host} first, or push it with helm 3.17: {_FIRST}"


def at_docker_hub(one: Answer, name: str) -> str | None:
    """A name that none has at Docker Hub: a host or a path in it, or an official image's that is none."""
    parts = name.count("/") + 1
    within = host_within(name)
    if parts > 2 or (parts == 1 and (one.act == "write" or one.case.family == "oras")):
        if (mirror := rewritten(one.case, one.step)) is not None:
            return f"{OF_THE_REWRITE}, or repair {mirror}"
        if within is not None and name.partition("/")[0] == within:  # crazy-max/diun#660
            own = f"{within} is a host, of another registry, and Docker Hub has names of two parts"
            return f"name it {name}, with nothing before it (docker.io/, a mirror or a default registry): {own}"
        own = name.removeprefix("library/")  # podman-container-tools/podman#9619
        whole = own if own.count("/") == 1 else f"OWNER/{name}" if parts == 1 else "OWNER/NAME"
        whole = f"library/{name}, or {whole}" if parts == 1 and one.act != "write" else whole  # datawire/forge#125
        meant = f"write {host}; else " if (host := meant_as_host(name)) else ""
        return f"{meant}name it {whole}: Docker Hub has names of two parts, and {name} has {parts}"
    if parts == 2 and within is None and one.status == 401 and is_not_readable(one) and not _OWNER.match(name):
        # podman-container-tools/podman#7780
        others = f"names of owners at Docker Hub are lower-case letters and digits, and {name.partition('/')[0]} has other signs"
        whole = f"; or write {host}" if (host := meant_as_host(name)) else ""
        return f"correct the name, if it is not {name}: {others}{whole}"
    if name.startswith("library/") and within is not None:
        # GoogleContainerTools/kaniko#616, ghkdqhrbals/spring-chatting-server#109
        is_host = f"it is a host, of a registry or mirror, which {one.case.client} took for a name at Docker Hub"
        return f"write a name behind the host ({within}/NAME): {is_host}"
    if (
        name in ("library/inline", "library/gha", "library/local") and one.act == "write"
    ):  # rocker-org/rocker-versioned2#274
        return f"write type={name[8:]} in --cache-to (cache-to), which takes a word alone for the name of an image"
    if name.startswith("library/") and action(one.case, one.step) == "push":
        # roboreg/roboreg#117, keikoproj/upgrade-manager#354, docker/hub-feedback#1222
        there = f"at another registry HOST/{name[8:]}, as {name[8:]} alone is an official image of Docker Hub"
        own = f"; and log in: {one.login}" if one.no_login else ""  # google/go-containerregistry#1617
        return f"name it OWNER/{name[8:]}, with the account or organization that it is of, or {there}{own}"
    if name.startswith("library/") and one.status == 401 and is_not_readable(one):
        # project-zot/zot#1569, sigstore/cosign#3173: official images need no right
        why = f"library/ has official images alone, which all may pull, and {name[8:]} is none"
        return f"correct the name, if it is not {name} (OWNER/NAME at Docker Hub, HOST/NAME at another registry): {why}"
    return None


_OWNER = re.compile(r"[a-z0-9_]+/")
"""docs.docker.com/accounts/create-account; older owners have _ too."""


def is_not_readable(one: Answer) -> bool:
    """Whether Docker Hub gave a token for a name, and says that it lacks the right to read it."""
    issuer = one.case.issuer_of(one.hop)
    asked = issuer is not None and one.name in asked_repositories(issuer)
    return asked and any(kind.error == "insufficient_scope" for kind in one.hop.challenges)


def of_a_short_name(one: Answer) -> str | None:
    """A name that lacks a part; DigitalOcean's token server says 400 to it, without a word (fluxcd/flux2#2477)."""
    form, name = one.behind.names if one.behind is not None else None, one.hop.route.repository or one.name or ""
    if form is None or not name or name.count("/") >= form.count("/") or not 400 <= one.status <= 500:
        return None
    asked = one.step.under or one.step
    led = asked.first.host if asked.first.host != asked.last.host else None
    how = f"write all of it ({form}) into the rule by which {led} redirects" if led else f"name it {one.host}/{form}"
    return f"{how}: names there have {form.count('/') + 1} parts, and {name} has {name.count('/') + 1}"


def of_an_open_registry(one: Answer) -> str | None:
    """A registry that is open to all, and takes no login: microsoft/containerregistry#188, kubernetes/registry.k8s.io#138."""
    if (
        not one.takes_no_login
        or one.status not in REFUSALS
        or one.act != "read"
        or one.hop.is_page
        or is_specific(one.hop)
    ):
        return None
    other = f"{one.host} takes no login, and refuses an address at times, or for good"
    return f"try again, and from another network: {other}; if it is refused there too, correct the name {one.name or ''}".rstrip()


_HARBORS_LIST = re.compile("unauthorized to list catalog")
"""goharbor/harbor, src/server/middleware/v2auth."""


def of_the_catalog(one: Answer) -> str | None:
    """Registries keep lists of everything to administrators, or have none: nexspence/nexspence#261; goharbor/harbor#7898."""
    if one.step.route.endpoint is not Endpoint.CATALOG or one.status not in (*REFUSALS, 404, 405, 501):
        return None
    if one.status in REFUSALS and one.case.family in CONTAINERS_IMAGE and one.hop.request.authorization == "bearer":
        return unscoped(one.case, one.host)
    if one.status == 405 and one.step.method == "HEAD":
        return f"ask for it by GET, which registries have for lists: curl -s {one.hop.request.url} (without -I)"
    else_ = f", or log in: {one.login}" if one.no_login and one.status in REFUSALS else ""
    if (own := one.step_there("lists")) is not None:
        return f"list its repositories by its own command: {own}{else_}"
    if says(one.hop, _HARBORS_LIST):
        api = f"curl -u USER:PASSWORD https://{one.host}/api/v2.0/projects/PROJECT/repositories"
        return (
            f"log in as a system administrator, to whom alone Harbor shows its catalog ({one.login}); as another, {api}"
        )
    return f"list the tags of a repository by its name: {one.host} may show its catalog to administrators only{else_}"


def unscoped(case: Case, host: str) -> str:
    """podman search asks for a token without a scope, which opens no catalog: podman-container-tools/podman#15704,
    container-libs#250 there, goharbor/harbor#13573, #20173."""
    tags = list_tags(case, f"{registry_name(host)}/NAME")
    return (
        f"list the tags of a repository by its name ({tags}): {case.client} asks for no scope here, whatever its login"
    )


_NO_PATH = re.compile(r"\bpath \S+ (?:was |is )?not found", re.IGNORECASE)


def of_an_api(one: Answer) -> str | None:
    """What a registry has beside the API of the specification: what it takes is known by its path, and it is not known whether
    what was asked is right. goharbor/harbor#19769, #16398, docker/hub-feedback#1919, #2171; others say 404 to what an account may
    not see."""
    url = one.hop.request.url
    if one.step.route.endpoint is not Endpoint.BESIDE or (key := api_of(url)) is None or not 400 <= one.status < 500:
        return None
    is_of = f"by its path this is {KNOWN[key].name}'s own API, beside the registry's"
    how = f"{STEPS[key]['api'].format(url=harmless(bare(url)))}: {is_of}"
    if one.status == 401 and one.hop.request.authorization == "none":
        return f"show it a login: {how}"
    if one.status == 401:
        return f"correct the login: {how}"
    if one.status == 403:
        return f"use a login that may do that: {how}"
    if one.status == 404 and says(one.hop, _NO_PATH):  # goharbor/terraform-provider-harbor#186
        return f"update {KNOWN[key].name} at {one.host}, or use a client that is as old: it has no {path_of(url)}"
    if one.status == 404 and (charts := re.match(r"/api/chartrepo/([^/]+)/", path_of(url))) is not None:
        way = f"helm push CHART.tgz oci://{one.host}/{charts[1]}"  # goharbor/harbor#18720
        return f"run {way}: from 2.8 Harbor has charts as artifacts alone; up to 2.7, correct the name of the project"
    if one.status == 404:
        return f"correct the path and the names in it, or use a login that may see that: {how}"
    return None


def added(one: Answer, name: str) -> str:
    """What a client puts into a name, or leaves out of it: to be looked at before the tag."""
    host, route = one.hop.host, one.step.route
    known = one.known.id if one.known is not None else ""
    if one.step.first.mirror_of is not None or one.hop.host != one.step.first.host:
        return ""
    if one.is_known_to_be_there:
        name = "-/-"  # it is right
    if (within := host_within(name)) is not None:
        return f"leave {within} out of the name, if {host} itself has {name.removeprefix(f'{within}/')}; else "
    if known == "artifactory" and "/" not in name:  # jfrog/charts#908, #87
        keyed = f"put the key of the docker repository before the name ({host}/KEY/{name})"
        return f"{keyed}, where no subdomain or port is its own; else "
    if name.startswith("library/") and known not in ("docker-hub", "harbor"):
        return f"leave library/ out of the name, if {name[8:]} is no official image of Docker Hub; else "
    if one.case.family == "kaniko" and "/" not in name and not known:  # GoogleContainerTools/kaniko#1172
        older = "older kaniko leaves that out at a mirror"
        return f"write library/{name} behind FROM, if it is an image of Docker Hub ({older}); else "
    if route.reference == "latest":
        return "name a tag, if none was named (latest is taken then); else "
    return ""


_OF_CACHES = re.compile(r"[^/]*(?:hub|docker|cache|mirror|proxy)[^/]*")


def is_remote(one: Answer) -> bool:
    """Whether a list may be asked of Artifactory's remote of Docker Hub, for a name of one part: renovatebot/renovate#20675."""
    key, _, rest = (one.hop.route.repository or "").rpartition("/")
    part = not key or ("/" not in key and _OF_CACHES.fullmatch(key) is not None)
    return one.act == "list" and one.known is not None and one.known.id == "artifactory" and part and rest != "library"


def of_a_remote(one: Answer) -> str:
    """What stands before the other steps there, or nothing."""
    if not is_remote(one):
        return ""
    at, _, last = f"{one.hop.host}/{one.hop.route.repository}".rpartition("/")
    official = "if it is an official image of Docker Hub: pulls go without library/ there, lists do not"
    return f"name it {at}/library/{last} (in FROM, or where {one.case.client} has its name), {official}; else "
