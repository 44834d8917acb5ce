"""podman, buildah, skopeo, CRI-O: which endpoints are asked for a name, from registries.conf(5) and its drop-ins.

containers/image pkg/sysregistriesv2 (PullSourcesFromReference), pkg/shortnames (Resolve), docker/docker_client.go (certs.d).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pullscope.host.routes import logins, podman_checks, registries_conf
from pullscope.host.routes.registries_conf import Registries
from pullscope.host.routes.route import SYSTEM_CAS, Endpoint, Node, Route
from pullscope.oci.reference import DOCKER_HUB, HUB_API, Reference
from pullscope.oci.verdicts import Problem


def route(node: Node, text: str) -> Route:
    """What `podman pull TEXT` does; a short name may become several full ones, which are tried in order."""
    known = registries_conf.read(node)
    names, said, short = ([], [], False) if known.faults else _full_names(known, text)
    endpoints: list[Endpoint] = []
    refused: str | None = None
    for name in names:
        reference = Reference.parse(name)
        full = f"{reference.registry}/{reference.repository}"
        found = known.find(full)
        if found is not None and found.blocked:
            refused = f"{found.prefix} is blocked in {found.path}:{found.line}"
            continue
        endpoints += _endpoints(node, known, reference)
        by_digest = reference.digest is not None
        if found is not None and found.mirrors and not registries_conf.sources(found, by_digest=by_digest):
            kind = "tags" if by_digest else "digests"
            said.append(f"the mirrors of {found.prefix} are for {kind} only ({found.path}:{found.line})")
    if known.faults:
        refused = f"{known.faults[0].path} {known.faults[0].why}"
    elif not names:
        refused = f"the short name {text} has no alias, and there is no unqualified-search registry"
    if endpoints:
        refused = None
    return Route(
        client="podman",
        reference=text,
        endpoints=tuple(endpoints),
        problems=tuple(podman_checks.problems(node, known, names, short=short)),
        notes=tuple(said),
        files=known.files,
        refused=refused,
    )


def examine(node: Node) -> tuple[Problem, ...]:
    """Everything that is wrong in the files, whatever is pulled."""
    return tuple(podman_checks.problems(node, registries_conf.read(node), [], short=False))


def is_short(text: str) -> bool:
    """Whether a name has no registry (shortnames.IsShortName)."""
    first, slash, _ = text.partition("/")
    return not (slash and ("." in first or ":" in first or first == "localhost"))


def _full_names(known: Registries, text: str) -> tuple[list[str], list[str], bool]:
    """The full names that a name stands for, in order; why; and whether it is a short one."""
    Reference.parse(text)
    if not is_short(text):
        return [text], [], False
    base = text.partition("@")[0]
    name, _, _ = base.rpartition(":") if ":" in base.rpartition("/")[2] else (base, "", "")
    alias = known.aliases.get(name)
    if alias is not None:
        return [alias[0] + text.removeprefix(name)], [f"{name} is an alias of {alias[0]} in {alias[1]}"], True
    said = (
        [f"{text} is a short name: {', '.join(known.search)} from {known.search_path}, in this order"]
        if known.search
        else []
    )
    if known.mode == "enforcing" and len(known.search) > 1:
        said.append("short-name-mode is enforcing: with several registries and no terminal to ask on, the pull fails")
    if said:
        said.append("skopeo takes a short name from Docker Hub")
    return [f"{registry}/{text}" for registry in known.search], said, True


def _endpoints(node: Node, known: Registries, reference: Reference) -> Iterator[Endpoint]:
    """The mirrors of the registry whose prefix is the longest that matches, then the registry itself."""
    full = f"{reference.registry}/{reference.repository}"
    found = known.find(full)
    if found is None:
        yield _endpoint(node, full, {}, "default")
        return
    source = f"{found.path}:{found.line}" if found.line else found.path
    matched = full.partition("/")[0] if found.prefix.startswith("*.") else found.prefix
    for mirror in registries_conf.sources(found, by_digest=reference.digest is not None):
        yield _endpoint(node, str(mirror.get("location")).rstrip("/") + full.removeprefix(matched), mirror, source)
    yield _endpoint(node, (found.location or matched) + full.removeprefix(matched), found.settings, source)


def _endpoint(node: Node, name: str, settings: dict[str, Any], source: str) -> Endpoint:
    host, _, path = name.partition("/")
    insecure = settings.get("insecure") is True
    authority = _authority(node, host)
    trust = f"CA {authority} and {SYSTEM_CAS}" if authority else SYSTEM_CAS
    return Endpoint(
        url=f"https://{HUB_API if host == DOCKER_HUB else host}/v2/{path}",
        trust="https without verification, then plain http" if insecure else trust,
        login=logins.find(node, logins.files(node), name),
        source=source,
    )


def _authority(node: Node, host: str) -> str:
    """The directory with CAs for a host: the first that exists counts."""
    for root in (f"{node.home}/.config/containers/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d"):
        folder = f"{root}/{host}"
        if node.tree.exists(folder):
            return f"{folder}/*.crt" if any(name.endswith(".crt") for name in node.tree.names(folder)) else ""
    return ""
