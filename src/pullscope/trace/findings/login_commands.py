"""How a client is logged in and out: the registry's own command where it is known, else the client's.
One file, because each of these asks the others which command it is.

A client without a login in `client_steps` is told in words, for what it reads is not known: libraries, and what has no name.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pullscope.oci.agents import UNKNOWN, identify
from pullscope.oci.amounts import period
from pullscope.oci.client_steps import row_of, ships_with_k3s, step
from pullscope.oci.known_registries import KnownRegistry, known_registry, named_inside, registry_behind
from pullscope.oci.reference import DOCKER_HUB, registry_name
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import bare, path_of, split
from pullscope.trace.findings.case import Case
from pullscope.trace.findings.platform_logins import for_another, names_secret, out_of_platform, way_by_hand
from pullscope.trace.findings.said import front, words
from pullscope.trace.model import Step
from pullscope.trace.tokens import is_account_login

ONE_NAME = (
    "let only one proxy in front set X-Forwarded-Host (one name, no port, no backslashes) and X-Forwarded-Proto, or "
)
"""For an address of two names, before `own_address`."""
ON_NODES = ("containerd", "cri-o")
"""Families that a kubelet drives: it hands them the logins of pull secrets."""
_BY_NGINX = "nginx: proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $http_host;"
# httpd.apache.org, mod_headers, mod_proxy; docs.haproxy.org, "http-request set-header": distribution/distribution#1059, #842,
# docker-archive/docker-registry#953; sameersbn/docker-gitlab#1246
_FORWARDS = {
    "apache": 'Apache: RequestHeader set X-Forwarded-Proto "https", ProxyPreserveHost On',
    "haproxy": "HAProxy: http-request set-header X-Forwarded-Proto https if { ssl_fc }",
}
_AS_ASKED = frozenset({"gitea"})
"""Registries that name themselves by the Host that they are asked for: go-gitea/gitea#34729, #37418, #31907."""
_IN_KUBERNETES = re.compile(
    r"([\w-]+-controller|openshift-importer|argo-[\w-]*|argocd-image-updater|flux|keel|kubelet|kyverno)\b",
    re.IGNORECASE,
)
"""Clients that read their login from a secret, by their User-Agent (fluxcd/image-reflector-controller#71)."""
_BY_A_KUBELET = re.compile(r"UpstreamClient\(Go-http-client")
"""What dockerd sends for a client in Go that names itself by no product, as the kubelet's (kubernetes/community#4003)."""
_PIPED = re.compile(r"(?:echo )?(.+) \| docker login .*(?:-u|--username) (\S+)")


def as_named(case: Case, host: str) -> str:
    """The host as the client names it: also with a default port, which no address has, and by which its logins are kept."""
    named = {f"{host}:443", f"{host}:80"}
    spelled = ((hop.request.headers.get("host") or "").lower() for hop in case.hops if hop.host == host)
    return next((name for name in spelled if name in named), host)


def login(case: Case, host: str) -> str:
    """The command by which this client is logged in to a host, as it names it."""
    other = ""
    if host == "registry.hub.docker.com":  # GoogleContainerTools/jib#564, #1256
        other = f", and name the image docker.io/NAME: a login for Docker Hub is none for {host}"
    return _login(case, host).replace(host, as_named(case, host)) + other


def _login(case: Case, host: str) -> str:
    """The registry's own command where it is known, else the client's.

    Docker Hub's login goes by another name than its host: docker keeps it as https://index.docker.io/v1/, which is where
    `docker login` without a name puts it.
    """
    helper = known.helper if (known := known_registry(host)) is not None else None
    agent, image = _for_a_sandbox(case) or (case.hops[0].agent if case.hops else ""), case.pull.reference or "IMAGE"
    if (own := for_another(agent, registry_name(host), image, helper)) is not None:
        secret, user = _shown_there(registry_at(case, host))
        made = " " in secret and not agent.startswith("gitlab-runner")
        told = own.replace("USER:PASSWORD", f'{user}:"$({secret})"').replace(" USER ", f" {user} ")
        return told.replace(" PASSWORD ", f' "$({secret})" ') if made else own
    charts = next((step for step in case.steps if step.route.endpoint is Endpoint.CHARTS), None)
    # goharbor/harbor#7131; from helm 3.6.1 its login goes to no other host or port: helm/helm#9820, #9868
    if charts is not None:
        url = "URL" if charts.route.reference else charts.first.request.url.removesuffix("/index.yaml")
        other = " --pass-credentials" if charts.route.reference else ""
        return f"echo PASSWORD | helm repo add NAME {url} --username USER --password-stdin --force-update{other}"
    if (own := by_hand(case, host)) is not None:
        return own
    family, known, row = case.family, registry_at(case, host), row_for(case)
    command, _, where = (step(row, "login") or "").partition(" {host}")
    node = is_on_a_node(case)
    if node or _controller(case) is not None:
        secret, user = _shown_there(known)
        password = f'"$({secret})"' if " " in secret else secret
        # without --docker-server it is Docker Hub's (kubernetes.io, "kubectl create secret docker-registry")
        server = "" if known is not None and known.id == "docker-hub" else f" --docker-server={registry_name(host)}"
        kubectl = (
            f"kubectl create secret docker-registry NAME{server} --docker-username={user} "
            f"--docker-password={password} --dry-run=client -o yaml | kubectl apply -f -"
        )
        own = known.step("identity") if known is not None and node else None  # of the nodes
        nodes = (
            f"; for all pods: {known.step('nodes')}" if known is not None and "nodes" in known.steps and not own else ""
        )
        itself = f"; {'or' if row == 'k3s' else 'by hand:'} {own_login(row, host)}" if family in ON_NODES else ""
        named = (
            f" (NAME in the pod's imagePullSecrets{nodes}{itself})" if node else names_secret(_controller(case) or "")
        )
        return f"{own}; elsewhere {kubectl}{named}" if own is not None else f"{kubectl}{named}"
    # kaniko's README, "Kubernetes secret"
    if known is not None and known.id == "artifact-registry" and family == "kaniko":
        return "GOOGLE_APPLICATION_CREDENTIALS=/secret/KEY.json in kaniko's environment, with that key mounted"
    if known is not None and known.helper is not None and family == "kaniko":
        return f'{{"credHelpers": {{"{host}": "{known.helper}"}}}} in /kaniko/.docker/config.json'
    if not command and (known is None or known.login is None or "docker login" in known.login):
        secret, user = _shown_there(known)
        shown = f" (user {user}, password {f'by {secret}' if ' ' in secret else secret})" if user != "USER" else ""
        there = known.step("nodes") if family == "go-containerregistry" and known is not None else None
        return f"{own_login(row, host)}{shown}{f' (in Kubernetes: {there})' if there else ''}"
    if (
        known is not None
        and known.id != "docker-hub"
        and known.login is not None
        and (not command or " login" in command)
    ):
        piped = known.piped or known.login
        if command in ("docker login", "") or "docker login" not in piped:
            return known.login + where
        # regctl takes --user (cmd/regctl/registry.go), apptainer docker:// before the host
        if "--password-stdin" in piped and not command.startswith(("regctl", "apptainer", "singularity")):
            piped = piped.replace("docker login", command)
            return (piped.replace(" -u ", " --username ") if family == "trivy" else piped) + where
    return own_login(row, host)


def row_for(case: Case) -> str:
    """The row of `client_steps` for its client; docker's where a log names none, which many read."""
    named = case.family != UNKNOWN or any(hop.agent for hop in case.hops)
    return row_of(case.pull.client) if named else "docker"


def is_on_a_node(case: Case) -> bool:
    """Whether a kubelet has it pulled."""
    kubelets = case.family == "docker" and bool(case.hops) and _BY_A_KUBELET.search(case.hops[0].agent) is not None
    return kubelets or (case.family in ON_NODES and not case.writes)


def _for_a_sandbox(case: Case) -> str | None:
    """What `logs.speakers` calls a client on a node that pulls the image of a pod's sandbox, by the name that all give it."""
    pulls = is_on_a_node(case) and not case.writes
    family = "k3s" if ships_with_k3s(case.pull.client) else case.family
    return f"sandbox {family}" if pulls and _PAUSE.fullmatch(case.pull.repository or "") else None


_PAUSE = re.compile(r"(?:.+/)?pause(?:-(?:amd64|arm64|arm|ppc64le|s390x))?")
"""kubernetes/kops#13377, cri-o/cri-o#2614, containerd/containerd#10916."""


def by_hand(case: Case, host: str) -> str | None:
    """Where a client that is no container tool takes its login from: a token server's it has to ask by itself."""
    agent = case.hops[0].agent if case.hops and case.family in (UNKNOWN, "curl", "brew") else ""
    way = way_by_hand(agent)
    asked = (one for hop, one in case.challenges if hop.host == host and one.scheme == "bearer" and one.realm)
    if way is None:
        return None
    api = next(
        (hop.request for hop in case.hops if hop.request.method == "POST" and is_account_login(hop.request)), None
    )
    if api is not None:  # docker/hub-feedback#2171
        return f"""curl -H 'Content-Type: application/json' -d '{{"username":"USER","password":"PASSWORD"}}' {bare(api.url)}"""
    if way.startswith("curl") and (one := next(asked, None)) is not None:
        named = "&".join(f"{key}={value}" for key, value in (("service", one.service), ("scope", one.scope)) if value)
        way += f" '{one.realm}?{named}', with the token of its answer as Authorization: Bearer"
        if one.realm is not None and (there := split(one.realm).host) != host:  # NVIDIA/enroot#99, which is curl
            way += f" (enroot: machine {there} login USERNAME password PASSWORD in its .credentials)"
    secret, user = _shown_there(registry_at(case, host))
    told = f'"$({secret})"' if " " in secret and way.startswith("curl") else "PASSWORD"
    return way.replace("{host}", host).replace("{user}", user).replace("PASSWORD", told)


def _shown_there(known: KnownRegistry | None) -> tuple[str, str]:
    """The secret, or the command that tells it, and the user of a registry's logins."""
    made = _PIPED.search((known.piped or known.login or "") if known is not None else "")
    return ("PASSWORD", "USER") if made is None else (made[1], made[2])


@lru_cache(maxsize=8)
def registry_at(case: Case, host: str) -> KnownRegistry | None:
    """The registry at a host, by its name, by its challenges, and by what it names itself."""
    here = [hop for hop in case.hops if hop.host == host]
    challenges = [challenge for hop in here for challenge in hop.challenges]
    marks = [
        mark
        for hop in here
        for mark in (*map(hop.header, _NAMES), hop.status != 404 and path_of(hop.request.url), words(hop))
        if mark
    ]
    known = known_registry(host, challenges, marks)
    return known or named_inside(host)


_NAMES = ("server", "x-jfrog-version")
"""Headers in which a registry names itself: Artifactory from 7.12 has no Server, or a proxy's (containerd/containerd#6339)."""


@lru_cache(maxsize=8)
def registry_behind_it(case: Case, host: str) -> KnownRegistry | None:
    """The registry whose challenge a host passes on: names and rights are those of that one."""
    return registry_behind(one for hop in case.hops if hop.host == host for one in hop.challenges)


def _controller(case: Case) -> str | None:
    """The product by which a client names itself that runs in Kubernetes, and for which no command logs in."""
    found = _IN_KUBERNETES.match(case.hops[0].agent) if case.hops and case.family in (UNKNOWN, "flux") else None
    return found[1] if found is not None else None


def renewal(case: Case) -> str:
    """What renews a login that has an end of its own."""
    if _controller(case) is not None:
        return "let a job do so in time, or let it use the identity that the cloud gives it (provider in Flux)"
    if case.hops and case.hops[0].agent.startswith("argocd-"):  # which keeps a password, and asks no helper
        return "let a job do so in time"
    return "a credential helper does so by itself"


def or_open(case: Case, host: str) -> str:
    """What lets all read there without a login, where that takes more than one setting."""
    opens = known.step("open") if (known := registry_at(case, host)) is not None else None
    return f"; if all may read it, let {host} take who has none: {opens}" if opens and not case.writes else ""


def log_in(case: Case, host: str, *, again: bool = False, over: bool = False, mirror: bool = False) -> str:
    """What to do so that this client shows a login at a host: one for the first time, another, or the same made anew.

    containerd keeps those of mirrors by their hosts, and not by the registry's: containerd/nerdctl#2844, containerd#4005,
    k3s-io/k3s#11185, #3211; docs.k3s.io, "Private Registry Configuration"; docs.siderolabs.com, RegistryAuthConfig.
    """
    known, mirrored = registry_at(case, host), any(hop.host == host and hop.mirror_of is not None for hop in case.hops)
    if mirrored and case.family == "containerd":
        k3s = own_login("k3s", host)
        other = f"an Authorization header for it in hosts.toml (k3s and rke2: {k3s}; Talos: RegistryAuthConfig)"
        return f"give containerd a login for {host} itself: {k3s if ships_with_k3s(case.pull.client) else other}"
    if case.family == "docker" and (
        mirror or mirrored
    ):  # moby/moby#30880, #33071, #42022, distribution/distribution#1486
        by_name = f"name the image by it ({registry_name(host)}/NAME, after docker login {registry_name(host)})"
        return f"let {host} be read without a login, or {by_name}: docker shows registry-mirrors no login of their own"
    if case.family == "jib" and any(hop.host == host and hop.request.url[:5] == "http:" for hop in case.hops):
        # GoogleContainerTools/jib#613, #641, #3574
        return f"serve {host} by https, or give jib -DsendCredentialsOverHttp=true: by plain http it shows no login"
    secret = f" with {known.secret}" if again and known is not None and known.secret is not None else ""
    lives = known.login_life if again and known is not None else None
    if (controller := _controller(case)) is not None:
        ends = f"; {renewal(case)}" if lives else ""
        return f"{'renew' if again or over else 'make'} the secret that {controller} reads: {login(case, host)}{ends}"
    life = f"; a login there lives {period(lives)}" if lives else ""
    return f"log in{' again' if again or over else ''}{secret}: {login(case, host)}{life}"


def as_typed(command: str, host: str) -> str:
    """Where docker keeps a login: goharbor/harbor#17845, docker/cli#987, containerd/nerdctl#3748."""
    whole = command == f"docker login {host}" and ":" not in host
    return f" ({host}:PORT, if the image is named so: a login is kept by the name as typed)" if whole else ""


def list_tags(case: Case, name: str) -> str:
    """The command that lists the tags of a repository: the client's own, where it has one."""
    return (step(case.family, "tags") or "crane ls {name}").format(name=name)


def own_address(case: Case, host: str, setting: str = "auth.token.realm") -> str:
    """What to do so that a registry names itself as clients do: in its own settings, or in the proxy in front of it.

    nginx.org, ngx_http_proxy_module; distribution, docs/content/about/configuration.md, "http" and "token".
    """
    known, url = registry_at(case, host), next((hop.request.url for hop in case.hops if hop.host == host), "https:")
    if known is not None and setting == "auth.token.realm" and (realm := known.step("realm")) is not None:
        return realm
    own = known.step("public") if known is not None else None
    own = own or f"{setting} in distribution, external_url in Harbor, ROOT_URL in Gitea"
    who = next((name for hop in case.hops if hop.host == host and (name := front(hop))), "nginx").lower()
    proxy = f"X-Forwarded-Proto and Host ({next((way for name, way in _FORWARDS.items() if who.startswith(name)), _BY_NGINX)})"
    at = f"{url.partition(':')[0]}://"
    own = f"set the address of {host} to {at}{host} ({own.replace('https://', at)})"
    proxy = f"let the proxy in front send {proxy}"
    return f"{proxy}, or {own}" if known is not None and known.id in _AS_ASKED else f"{own}, or {proxy}"


def logout(case: Case, host: str) -> str:
    """The command by which this client forgets a login."""
    if (own := out_of_platform(case.hops[0].agent if case.hops else "", registry_name(host))) is not None:
        return own
    if case.family in ON_NODES:
        return "take its secret out of the pod's imagePullSecrets"
    if (controller := _controller(case)) is not None:
        return f"take out the secret that {controller} reads"
    return own_logout(row_for(case), host)


def own_logout(row: str, host: str) -> str:
    """The client's own command."""
    out = step(row, "logout") or "take the login of {host} out of what the program that asks has"
    return _for_registry(out, row, host)


def login_by_words(agent: str, host: str, image: str) -> str:
    """How the client that a message is from is logged in, whatever the registry's documentation says."""
    known, own = known_registry(host), way_by_hand(agent)
    given = for_another(agent, registry_name(host), image, known.helper if known is not None else None)
    return given or (
        own.replace("{host}", host)
        if own is not None
        else own_login(identify(agent).family if agent else "docker", host)
    )


def own_login(row: str, host: str) -> str:
    """The client's own command, whatever the registry's documentation says."""
    return _for_registry(step(row, "login") or "give the program that asks a login for {host}", row, host)


def _for_registry(command: str, row: str, host: str) -> str:
    known = known_registry(host)
    registry = DOCKER_HUB if known is not None and known.id == "docker-hub" else registry_name(host)
    if registry == DOCKER_HUB:
        registry = "registry-1.docker.io" if row == "helm" else registry  # its references name that host
        command = command.replace("docker login {host}", "docker login").replace(
            "docker logout {host}", "docker logout"
        )
        if row == "kaniko":  # GoogleContainerTools/kaniko#1574
            command = command.replace("/config.json", "/config.json, under https://index.docker.io/v1/")
    return command.format(host=registry)


def print_command(case: Case, step: Step) -> str:
    """The command that prints a manifest or blob as the registry has it, with the token that it wants: crane_blob.md of crane.

    Where that library failed itself, another's: oras 0.15.0, "--output" ("-" prints).
    """
    of = "blob" if step.route.endpoint is Endpoint.BLOB else "manifest"
    mark = "@" if step.route.digest is not None else ":"
    tool = f"oras {of} fetch --output -" if case.family in ("crane", "go-containerregistry") else f"crane {of}"
    return f"{tool} {registry_name(step.first.host)}/{step.route.repository}{mark}{step.route.named}"
