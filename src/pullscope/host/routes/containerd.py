"""containerd: which endpoints CRI (the kubelet, crictl) asks for a reference, and why a hosts.toml is not used.

`config_path` in config.toml names the directories; `ctr` reads none of them without `--hosts-dir`. Sources:
core/remotes/docker/config/hosts.go, internal/cri/server/images/image_pull.go (registryHosts, registryEndpoints, ParseAuth).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from pullscope.host.routes import containerd_checks, containerd_config, hosts_toml, toml_text
from pullscope.host.routes.containerd_config import CERTS_D, Config
from pullscope.host.routes.hosts_toml import DEFAULT, Host, HostDirectory
from pullscope.host.routes.route import NO_TLS, NOT_VERIFIED, SYSTEM_CAS, Endpoint, Node, Route, url_parts
from pullscope.oci.reference import DOCKER_HUB, Reference
from pullscope.oci.verdicts import Problem

KUBELET_LOGIN = "the pull secret that the kubelet passes, if this endpoint asks for one"


def route(node: Node, reference: Reference) -> Route:
    """What containerd's CRI does for `reference`."""
    config = containerd_config.read(node)
    found = containerd_checks.directory(node, config, reference.registry)
    endpoints: tuple[Endpoint, ...]
    if found is None:
        endpoints = tuple(_deprecated(config, reference)) or (
            _endpoint(hosts_toml.own_server(reference.registry), reference, "default"),
        )
    else:
        endpoints = tuple(
            _endpoint(host, reference, _source(found, host))
            for host in found.hosts
            if host.asks is not None and not (reference.digest and host.asks == "tag")
        )
    return Route(
        client="containerd",
        reference=str(reference),
        endpoints=endpoints,
        problems=tuple(containerd_checks.problems(node, config, [reference.registry])),
        notes=tuple(_notes(node, config, reference)),
        files=(*config.files, *((found.file,) if found and node.tree.exists(found.file) else ())),
        refused=None if endpoints else "no host has the capability to be asked: every pull fails",
    )


def examine(node: Node) -> tuple[Problem, ...]:
    """Everything that is wrong, for each registry that has a directory."""
    config = containerd_config.read(node)
    roots = config.roots or [CERTS_D]
    names = dict.fromkeys(
        name for root in roots for name in node.tree.names(root) if node.tree.exists(f"{root}/{name}/.")
    )
    registries = [_registry(name) for name in names if name != DEFAULT]
    return tuple(
        containerd_checks.problems(node, config, [*registries, "any.invalid"] if DEFAULT in names else registries)
    )


def _registry(name: str) -> str:
    """The registry that a directory is for: `host_5000_` is `host:5000`."""
    host, mark, port = name.removesuffix("_").rpartition("_")
    return f"{host}:{port}" if mark and name.endswith("_") and port.isdigit() else name


def _endpoint(host: Host, reference: Reference, source: str, login: str = KUBELET_LOGIN) -> Endpoint:
    asks = host.asks or ""
    mirror = host.host != reference.registry and (reference.registry, host.host) != (DOCKER_HUB, reference.api_host)
    return Endpoint(
        url=f"{host.scheme}://{host.host}{host.path}/{reference.repository}",
        asks="content" if reference.digest else asks,
        trust=host.trust,
        login=login,
        namespace=reference.registry if mirror else None,  # resolver.go, isProxy
        source=source,
    )


def _source(found: HostDirectory, host: Host) -> str:
    if host.table is None:
        return found.path if host.has_tls and host.authorities else "default"
    return f"{found.file}:{host.table.line}" if host.table.line else found.file


def _notes(node: Node, config: Config, reference: Reference) -> Iterator[str]:
    """`ctr` takes no configuration: containerd#12550, #11478; k3s#5277."""
    roots = config.roots or [CERTS_D]
    if hosts_toml.directory(node.tree, roots, reference.registry) is not None:
        yield f"ctr does not read this by itself: ctr images pull --hosts-dir {roots[0]} {reference}"
    if config.source is not None:
        yield f"{config.path} and its certs.d are written from {config.source} at each start: make changes there"


def _deprecated(config: Config, reference: Reference) -> Iterator[Endpoint]:
    """`registry.mirrors` of config.toml, where no config_path is set (registryEndpoints)."""
    mirrors = config.registry.get("mirrors")
    if config.roots or not isinstance(mirrors, dict):
        return
    named = mirrors.get(reference.registry, mirrors.get("*"))
    urls = toml_text.texts(toml_text.get(named, "endpoint"))
    own = hosts_toml.own_server(reference.registry)
    urls = [url if "://" in url else f"https://{url}" for url in urls]
    urls = [url for url in urls if url_parts(url) is not None]
    if not any(urlsplit(url).netloc == reference.registry for url in urls):
        urls.append(f"{own.scheme}://{own.host}")
    configs = config.registry.get("configs")
    for url in urls:
        parts = urlsplit(url)
        settings = toml_text.get(configs, parts.netloc)
        authority = toml_text.get(settings, "tls", "ca_file")
        insecure = toml_text.get(settings, "tls", "insecure_skip_verify") is True
        host = Host(
            key=url,
            scheme=parts.scheme,
            host=parts.netloc,
            path=parts.path or "/v2",
            capabilities=frozenset(hosts_toml.CAPABILITIES),
        )
        trust = NOT_VERIFIED if insecure else f"CA {authority} and {SYSTEM_CAS}" if authority else SYSTEM_CAS
        login = f"{config.path}: registry.configs" if toml_text.get(settings, "auth") else KUBELET_LOGIN
        made = _endpoint(host, reference, config.path if named else "default", login)
        yield replace(made, trust=NO_TLS if parts.scheme == "http" else trust)
