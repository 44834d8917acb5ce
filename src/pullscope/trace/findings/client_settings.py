"""How a client is told to ask by plain http or TLS, which CA to trust, and where its mirrors and proxy are, by `client_steps`."""

from __future__ import annotations

import re

from pullscope.oci.agents import UNKNOWN, Client
from pullscope.oci.client_steps import row_of, ships_with_k3s, step
from pullscope.oci.whereabouts import is_local, is_loopback

# docs.oracle.com, keytool; requests.readthedocs.io, "SSL Cert Verification"; nodejs.org/api/cli.html
_BY_LANGUAGE = {
    r"PKIX|SSLHandshake|sun\.security|peer not auth|only secure": "import {ca} into the trust store of the Java that runs it "
    "(keytool -importcert -cacerts -alias NAME -file FILE)",
    r"_ssl\.c|SSLCertVerif|SSLError\(": "set REQUESTS_CA_BUNDLE and SSL_CERT_FILE to {ca} where that Python program runs",
    r"SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY|GET)": "set NODE_EXTRA_CA_CERTS to {ca} where that program of Node.js runs",
}
"""Words of a language's library, of whatever program, and where that reads CAs."""
_WORDS = {
    "plain": "let {family} ask {host} by plain http",
    "tls": "write https:// for {host} in the settings of {family}",
    "ca": "trust {ca} where {family} runs: SSL_CERT_FILE, or the system's CA store",
}
"""Of a client whose settings are not known."""
# docs.k3s.io, docs.rke2.io, "Configuring an HTTP proxy"
_OF_K3S = "/etc/systemd/system/k3s.service.env or k3s-agent.service.env; rke2: /etc/default/rke2-server or rke2-agent"
DOCKER_HUB = ("docker.io", "docker.com")
"""Domains of Docker Hub's own hosts: the only ones for which clients' settings go by another name than the host's."""


def _told(what: str, client: Client, host: str, home: str | None = None, ca: str = "the CA") -> str:
    family = "the client" if client.family == UNKNOWN else client.family
    said = step(row_of(client), what) or _WORDS[what]
    return said.format(host=host, home=home or host, family=family, ca=ca)


def proxy_setting(client: Client) -> str:
    """Where the proxy is named by which a client goes out."""
    if ships_with_k3s(client):
        return f"HTTPS_PROXY of its service ({_OF_K3S})"
    if (unit := step(client.family, "proxy")) is None:
        return f"HTTPS_PROXY where {'the client' if client.family == UNKNOWN else client.family} runs"
    return f"HTTPS_PROXY of its service (systemctl edit {unit})"


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
    where = _mirrors(client, home)
    return f" (a cache is named elsewhere: {where})" if where else ""


def _mirrors(client: Client, home: str) -> str:
    return (step(row_of(client), "mirror") or "").format(home=home)


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
    return _told("plain", client, host, home)


def by_tls_only(host: str, client: Client, home: str | None = None) -> str:
    """How it is told not to go on without TLS, to a registry or a mirror of `home`.

    BuildKit asks localhost by plain http unless it is told otherwise (util/resolver, fillInsecureOpts): docker/buildx#347.
    """
    if client.family == "buildkit" and is_local(host):
        return f"set http = false for {host} in buildkitd.toml"
    if client.family == "helm" and is_loopback(host):  # oras-project/oras-go docker.MatchLocalhost: helm/helm#11092
        port = host.rpartition(":")[2]
        return f"name it by another name than localhost (HOST:{port}, in /etc/hosts): helm asks localhost by plain http"
    return _told("tls", client, host, home)


def trust_by_words(words: str, otherwise: str) -> str:
    """How a program of which only the words are known is told to trust the CA, where they are not its language's."""
    own = next((way for known, way in _BY_LANGUAGE.items() if re.search(known, words)), None)
    of_any = f"trust the CA where it runs (SSL_CERT_FILE, or the system's CA store); of docker, {otherwise}"
    if own is None:
        return otherwise if "SSL_CERT_FILE" in otherwise else of_any
    return own.format(ca="the CA")


def how_to_trust(host: str, client: Client | None, ca: str = "the CA", home: str | None = None) -> str:
    """How a client is told to trust a CA at a registry, or at a mirror of `home`."""
    client = client or Client(family=UNKNOWN)
    family, hub = client.family, host.endswith(DOCKER_HUB)
    whose, both = ("the CA", "") if ca == "the CA" else ("mitmproxy's CA", " (pullscope docker on does both)")
    if family != "docker" and not (both and family == UNKNOWN):
        return _told("ca", client, "docker.io" if hub else host, home, ca)
    shell = 'for commands of a shell, run eval "$(pullscope env)" in it; for the docker daemon, '
    shell = shell if family == UNKNOWN else ""
    environment = f"set SSL_CERT_DIR in dockerd's environment to a directory with {whose} and restart it{both}"
    if not hub:
        copy = _told("ca", Client(family="docker"), host, ca=ca)
        return f"{shell}{copy} (the host as it is written in the reference; no restart), or {environment}"
    return {
        "graphdriver": f"{environment}; for Docker Hub the classic store reads neither insecure-registries nor certs.d",
        "containerd": f"copy {ca} to /etc/docker/certs.d/docker.io/ca.crt (not {host}), or {environment}",
        None: f"{shell}{environment}. For Docker Hub, insecure-registries and certs.d do not help on the classic store; "
        "docker 29's containerd store reads /etc/docker/certs.d/docker.io/ca.crt",
    }[client.store]


# argo-cd.readthedocs.io, "Repositories using self-signed TLS certificates": bitnami/charts#32685, argoproj/argo-cd#6599
_TRUST_FOR_ANOTHER = {
    # knative.dev, "Tag resolution"
    "knative": "mount the CA into the deployment controller of knative-serving and name its folder there in SSL_CERT_DIR",
    "argocd helm": "argocd cert add-tls {host} --from FILE, with the CA in FILE, and refresh the application",
}


def trust_for_another(agent: str, host: str) -> str | None:
    """How that program is told to trust a CA for the client that it runs."""
    return own.format(host=host.partition(":")[0]) if (own := _TRUST_FOR_ANOTHER.get(agent)) is not None else None
