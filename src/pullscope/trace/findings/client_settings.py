"""How each client is told to ask a registry by plain http, to insist on TLS, and which CA to trust there.

From the clients' own documentation; docker's was tried with dockerd 20.10.24 and 29.7.2 (docs/findings.md, ca-not-trusted).
docs.siderolabs.com, RegistryMirrorConfig, RegistryTLSConfig (siderolabs/talos#12120); help of regctl registry set, cosign verify.
"""

from __future__ import annotations

import re

from pullscope.oci.agents import UNKNOWN, Client
from pullscope.oci.whereabouts import is_local, is_loopback

TABLE = """
docker: add {host} to insecure-registries in /etc/docker/daemon.json and restart docker
    | take {host} out of insecure-registries in /etc/docker/daemon.json
    | copy {ca} to /etc/docker/certs.d/{host}/ca.crt
containerd: write [host."http://{host}"] into /etc/containerd/certs.d/{home}/hosts.toml (config_path in config.toml has to
    name that folder; k3s: mirrors: {{"{host}": {{endpoint: ["http://{host}"]}}}} in /etc/rancher/k3s/registries.yaml; Talos:
    RegistryMirrorConfig)
    | write https:// for {host} in /etc/containerd/certs.d/{home}/hosts.toml, without skip_verify (k3s: registries.yaml;
    Talos: RegistryMirrorConfig)
    | name {ca} with ca = in /etc/containerd/certs.d/{home}/hosts.toml (config_path in config.toml has to name that folder; k3s:
    configs, {host}, tls, ca_file in registries.yaml; Talos: ca in RegistryTLSConfig)
k3s: name http://{host} as an endpoint in mirrors of /etc/rancher/k3s/registries.yaml (rke2: /etc/rancher/rke2) and restart it
    | write https:// for {host} in /etc/rancher/k3s/registries.yaml (rke2: /etc/rancher/rke2), without insecure_skip_verify
    | name {ca} as ca_file in /etc/rancher/k3s/registries.yaml (configs, {host}, tls; rke2: /etc/rancher/rke2) and restart it
# ctr images pull --help; k3s-io/k3s#2799
ctr: give ctr images pull --plain-http (it reads neither registries.yaml nor, without --hosts-dir, certs.d)
    | leave out --plain-http
    | give ctr images pull --tlscacert {ca}
# cli/command/manifest: docker/cli#3250, #4484, #1951, docker/for-linux#767
docker-cli: give docker manifest --insecure, and write the port into the name (HOST:80/NAME, where it has none)
    | leave out --insecure, or use docker buildx imagetools create: docker manifest asks this machine itself by plain http
    | copy {ca} to /etc/docker/certs.d/{host}/ca.crt where docker runs
nerdctl: give nerdctl --insecure-registry | leave out --insecure-registry
    | name {ca} with ca = in /etc/containerd/certs.d/{home}/hosts.toml
podman buildah cri-o containers bootc: set insecure = true for {host} in /etc/containers/registries.conf
    | leave out --tls-verify=false, or insecure=true in /etc/containers/registries.conf, for {host}
    | copy {ca} to /etc/containers/certs.d/{host}/ca.crt
skopeo: give skopeo --tls-verify=false (copy: --src-tls-verify=false or --dest-tls-verify=false)
    | leave out --tls-verify=false, or insecure=true in /etc/containers/registries.conf, for {host}
    | copy {ca} to /etc/containers/certs.d/{host}/ca.crt
buildkit: set http = true below [registry."{host}"] in buildkitd.toml (docker's own: insecure-registries in daemon.json)
    | take http and insecure of {host} out of buildkitd.toml
    | set ca=["FILE"], with {ca}, below [registry."{host}"] in buildkitd.toml
helm: give helm --plain-http | write https:// behind helm repo add, and leave out --plain-http | give helm --ca-file {ca}
oras: give oras --plain-http | leave out --plain-http and --insecure | give oras --ca-file {ca}
kaniko: give kaniko --insecure (for what it pulls: --insecure-pull) | leave out --insecure and --insecure-pull
    | give kaniko --registry-certificate {host}={ca}
# trivy.dev, "Self-Hosted" (TRIVY_NON_SSL); aquasecurity/trivy-db#372
trivy: set TRIVY_NON_SSL=true | leave out TRIVY_NON_SSL and --insecure | set SSL_CERT_FILE to {ca} where trivy runs
crane: give crane --insecure | leave out --insecure | set SSL_CERT_FILE to {ca} where crane runs
cosign: give cosign --allow-http-registry | leave out --allow-http-registry and --allow-insecure-registry
    | give cosign --registry-cacert {ca}
regctl: run regctl registry set --tls disabled {host} | run regctl registry set --tls enabled {host}
    | run regctl registry set --cacert "$(cat FILE)" {host}, with {ca} in FILE
jib: set allowInsecureRegistries in jib | take allowInsecureRegistries out of jib's settings
    | import {ca} into the trust store of the Java that runs jib
# docs.renovatebot.com, "insecureRegistry", "Self-signed TLS/SSL certificates"; renovatebot/renovate#4753
renovate: set insecureRegistry: true in the hostRules whose matchHost is {host} (hostType docker)
    | take insecureRegistry of {host} out of hostRules | set NODE_EXTRA_CA_CERTS to {ca} where Renovate runs
# fluxcd.io, "Insecure", "Cert secret reference"; fluxcd/flux2#3442, fluxcd/source-controller#821, #1268, #1898
flux: write insecure: true into the OCIRepository, HelmRepository or ImageRepository of {host}
    | take insecure: true out of the OCIRepository, HelmRepository or ImageRepository of {host}
    | put {ca} as ca.crt into a secret that certSecretRef of the OCIRepository, HelmRepository or ImageRepository names
# ko.build/reference; notation's cmd/notation/internal/flag; curl(1); regclient's docs/regsync.md; ollama/ollama#7244
ko: give ko --insecure-registry | leave out --insecure-registry | set SSL_CERT_FILE to {ca} where ko runs
notation: give notation --insecure-registry | leave out --insecure-registry | set SSL_CERT_FILE to {ca} where notation runs
curl: write http:// before {host} | write https:// before {host} | give curl --cacert FILE, with {ca} in FILE
regsync: write tls: disabled beside registry: {host} in creds of regsync.yml | take tls: of {host} out of creds in regsync.yml
    | write regcert: with {ca} beside registry: {host} in creds of regsync.yml
ollama: give ollama --insecure | leave out --insecure | set SSL_CERT_FILE to {ca} where ollama serve runs
apptainer singularity: give it --no-https | leave out --no-https | set SSL_CERT_FILE to {ca} where it runs
"""
"""Families, and behind each: by plain http, by TLS only, with a CA of one's own."""

_ROWS: dict[str, list[str]] = {
    family: ways.split(" | ")
    for families, ways in (
        row.split(": ", 1) for row in re.sub(r"#.*\n", "", TABLE).replace("\n    ", " ").strip().split("\n")
    )
    for family in families.split()
}
# docs.oracle.com, keytool; requests.readthedocs.io, "SSL Cert Verification"; nodejs.org/api/cli.html
_BY_LANGUAGE = {
    r"PKIX|SSLHandshake|sun\.security|peer not auth|only secure": "import {ca} into the trust store of the Java that runs it "
    "(keytool -importcert -cacerts -alias NAME -file FILE)",
    r"_ssl\.c|SSLCertVerif|SSLError\(": "set REQUESTS_CA_BUNDLE and SSL_CERT_FILE to {ca} where that Python program runs",
    r"SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY|GET)": "set NODE_EXTRA_CA_CERTS to {ca} where that program of Node.js runs",
}
"""Words of a language's library, of whatever program, and where that reads CAs."""
_ANY = [
    "let the client ask {host} by plain http (docker: insecure-registries; containerd: hosts.toml; podman: registries.conf)",
    "write https:// for {host} in the client's settings (docker: take it out of insecure-registries)",
    "trust {ca} where {family} runs: SSL_CERT_FILE, or the system's CA store",
]
_NAMED = ["let {family} ask {host} by plain http", "write https:// for {host} in the settings of {family}", _ANY[2]]
"""Of a client that is known, and whose settings are not."""
# docs.docker.com/engine/daemon/proxy; docs.k3s.io, docs.rke2.io, "Configuring an HTTP proxy"
_UNITS = {"docker": "docker", "containerd": "containerd", "nerdctl": "containerd", "cri-o": "crio"}
_OF_K3S = "/etc/systemd/system/k3s.service.env or k3s-agent.service.env; rke2: /etc/default/rke2-server or rke2-agent"
# docs.docker.com, "Mirror the Docker Hub library"; containerd's docs/hosts.md, "CRI" (config_path); docs.k3s.io, docs.rke2.io,
# "Private Registry Configuration"; containers-registries.conf.d(5); BuildKit's docs/buildkitd.toml.md; kaniko's README
_MIRRORS = {
    "docker": "registry-mirrors in /etc/docker/daemon.json, and a restart",
    "containerd": "/etc/containerd/certs.d/{home}/hosts.toml; Talos: RegistryMirrorConfig",
    "nerdctl": "/etc/containerd/certs.d/{home}/hosts.toml",
    "k3s": "mirrors in /etc/rancher/k3s/registries.yaml, rke2: /etc/rancher/rke2, and a restart",
    "buildkit": 'mirrors of [registry."{home}"] in buildkitd.toml',
    "kaniko": "--registry-mirror",
    **dict.fromkeys(
        ("podman", "buildah", "skopeo", "cri-o", "containers"), "its [[registry.mirror]] in registries.conf"
    ),
}
DOCKER_HUB = ("docker.io", "docker.com")
"""Domains of Docker Hub's own hosts: the only ones for which clients' settings go by another name than the host's."""


def ships_with_k3s(client: Client) -> bool:
    """Whether it is the containerd of k3s or rke2, which read registries.yaml (`containerd/v2.0.2-k3s2`: k3s-io/k3s#11857)."""
    return client.family == "containerd" and "-k3s" in (client.version or "")


def _family(client: Client) -> str:
    return "k3s" if ships_with_k3s(client) else client.family


def _row(client: Client) -> list[str]:
    return _ROWS.get(_family(client), _ANY if client.family == UNKNOWN else _NAMED)


def proxy_setting(client: Client) -> str:
    """Where the proxy is named by which a client goes out."""
    if (unit := _UNITS.get(client.family)) is None:
        return f"HTTPS_PROXY where {'the client' if client.family == UNKNOWN else client.family} runs"
    return f"HTTPS_PROXY of its service ({_OF_K3S if ships_with_k3s(client) else f'systemctl edit {unit}'})"


def by_its_proxy(client: Client) -> str:
    """How another address is asked from, in brackets: a filter of the network itself may be what refuses (ollama/ollama#676)."""
    return f" (or by the proxy of this network, if it has one, named in {proxy_setting(client)})"


def past_the_proxy(host: str, client: Client) -> str:
    """How a client is told to ask a host without the proxy by which it goes out."""
    return f"add {host} to {proxy_setting(client).replace('HTTPS_PROXY', 'NO_PROXY', 1)}"


def out_of_mirrors(client: Client, home: str) -> str:
    """Where a client's mirrors of a registry are named, from which one is to be taken."""
    return f"out of the mirrors of {home}{f' ({where})' if (where := _mirrors(client, home)) else ''}"


def cache_setting(client: Client, home: str) -> str:
    """Where a client is told of a cache, which is no proxy, in brackets."""
    where = "docker: registry-mirrors" if client.family == UNKNOWN else _mirrors(client, home)
    return f" (a cache is named elsewhere: {where})" if where else ""


def _mirrors(client: Client, home: str) -> str:
    return _MIRRORS.get(_family(client), "").format(home=home)


def after_mirrors(client: Client, home: str) -> str:
    """How it is told, in brackets, to ask a registry itself for what its mirrors have not; empty where that is not known.

    containerd's docs/hosts.md, "server"; docs.k3s.io, "Default Endpoint Fallback".
    """
    if ships_with_k3s(client):
        return f" (no --disable-default-registry-endpoint, or https://{home} as the last endpoint in registries.yaml)"
    return f' (server = "https://{home}" in hosts.toml)' if client.family in ("containerd", "nerdctl") else ""


def mirror_path(client: Client, host: str) -> str:
    """How its mirror's path is to be written (containerd/containerd#6634, k3s-io/k3s#5502)."""
    if ships_with_k3s(client):
        return 'leave the path out of the mirror\'s address in registries.yaml, and write it as a rewrite: "(.*)": "PATH/$1"'
    of_containerd = " and override_path = true in hosts.toml" if client.family in ("containerd", "nerdctl") else ""
    k3s = (
        '; in registries.yaml of k3s and rke2 write it as a rewrite: "(.*)": "PATH/$1"'
        if client.family == "containerd"
        else ""
    )
    return f"let the mirror's path begin with /v2 (https://{host}/v2/PATH{of_containerd}), or leave it out{k3s}"


def by_plain_http(host: str, client: Client, home: str | None = None) -> str:
    """How a client is told to ask a registry without TLS, or a mirror of `home` (whose folder containerd reads)."""
    return _row(client)[0].format(host=host, home=home or host, family=client.family)


def by_tls_only(host: str, client: Client, home: str | None = None) -> str:
    """How it is told not to go on without TLS, to a registry or a mirror of `home`.

    BuildKit asks localhost by plain http unless it is told otherwise (util/resolver, fillInsecureOpts): docker/buildx#347.
    """
    if client.family == "buildkit" and is_local(host):
        return f"set http = false for {host} in buildkitd.toml"
    if client.family == "helm" and is_loopback(host):  # oras-project/oras-go docker.MatchLocalhost: helm/helm#11092
        port = host.rpartition(":")[2]
        return f"name it by another name than localhost (HOST:{port}, in /etc/hosts): helm asks localhost by plain http"
    return _row(client)[1].format(host=host, home=home or host, family=client.family)


def trust_by_words(words: str, docker: str) -> str:
    """How a program of which only the words are known is told to trust the CA; `docker` is how docker is."""
    own = next((way for known, way in _BY_LANGUAGE.items() if re.search(known, words)), None)
    return (own or f"{_ANY[2]}; of docker, {docker}").format(ca="the CA", family="it")


def how_to_trust(host: str, client: Client | None, ca: str = "the CA", home: str | None = None) -> str:
    """How a client is told to trust a CA at a registry, or at a mirror of `home`."""
    client = client or Client(family=UNKNOWN)
    family, hub = client.family, host.endswith(DOCKER_HUB)
    if family not in ("docker", UNKNOWN):
        host = "docker.io" if hub else host
        return _row(client)[2].format(host=host, ca=ca, family=family, home=home or host)
    whose, both = ("the CA", "") if ca == "the CA" else ("mitmproxy's CA", " (pullscope docker on does both)")
    shell = 'for commands of a shell, run eval "$(pullscope env)" in it; for the docker daemon, '
    shell = shell if both and family == UNKNOWN else ""
    environment = f"set SSL_CERT_DIR in dockerd's environment to a directory with {whose} and restart it{both}"
    if not hub:
        copy = _ROWS["docker"][2].format(host=host, ca=ca)
        return f"{shell}{copy} (the host as it is written in the reference; no restart), or {environment}"
    return {
        "graphdriver": f"{environment}; for Docker Hub the classic store reads neither insecure-registries nor certs.d",
        "containerd": f"copy {ca} to /etc/docker/certs.d/docker.io/ca.crt (not {host}), or {environment}",
        None: f"{shell}{environment}. For Docker Hub, insecure-registries and certs.d do not help on the classic store; "
        "docker 29's containerd store reads /etc/docker/certs.d/docker.io/ca.crt",
    }[client.store]


# podman-container-tools/skopeo#2882, #2892; regclient/regclient#836, #875; podman-manifest-push(1); docker image push
WHOLE_INDEX = {
    "skopeo": "copy all platforms (skopeo copy --all), or let --strip-sparse-manifest-list take those that are not copied out "
    "of the index",
    "regctl": "copy all platforms (regctl image copy without --platforms), or one alone (--platform)",
    **dict.fromkeys(("podman", "buildah"), "push the list with its images: manifest push --all"),
    # distribution/distribution#3100, docker/for-linux#736
    "docker-cli": "push its images first, and make the list anew, of which docker keeps an old one: docker manifest rm IMAGE, "
    "docker manifest create, docker manifest push",
    "docker": "push one platform alone (docker push --platform), or pull all of them before",
}
"""How clients push an index with all that it names, or none that names more than they push."""


# argo-cd.readthedocs.io, "Repositories using self-signed TLS certificates": bitnami/charts#32685, argoproj/argo-cd#6599
_TRUST_FOR_ANOTHER = {
    # knative.dev, "Tag resolution"
    "knative": "mount the CA into the deployment controller of knative-serving and name its folder there in SSL_CERT_DIR",
    "argocd helm": "argocd cert add-tls {host} --from FILE, with the CA in FILE, and refresh the application",
}


def trust_for_another(agent: str, host: str) -> str | None:
    """How that program is told to trust a CA for the client that it runs."""
    return own.format(host=host.partition(":")[0]) if (own := _TRUST_FOR_ANOTHER.get(agent)) is not None else None
