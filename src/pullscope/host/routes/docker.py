"""dockerd: which endpoints are asked for a reference, from daemon.json and certs.d, and what keeps mirrors from being used.

`registry-mirrors` are asked for Docker Hub only (moby daemon/config, registry/service_v2.go), in their order, then the registry
itself. The login is what the docker CLI sends with the pull; a token for a mirror of Docker Hub is asked for with it too.
"""

from __future__ import annotations

import contextlib
import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pullscope.host import daemon_json, docker_daemon
from pullscope.host.layout import SYSTEM
from pullscope.host.routes import edits
from pullscope.host.routes.route import NO_TLS, SYSTEM_CAS, Endpoint, Node, Route, find_login, url_parts
from pullscope.host.systemd import read_unit
from pullscope.oci.reference import DOCKER_HUB, Reference
from pullscope.oci.verdicts import Problem, warning
from pullscope.oci.whereabouts import is_this_machine

INSECURE_WORDS = "https without verification, then plain http"


def path(node: Node) -> str:
    """The file that dockerd reads: as its unit says, or the usual one."""
    return read_unit(node.tree, SYSTEM).config_file or SYSTEM.daemon_json


def route(node: Node, reference: Reference) -> Route:
    """What dockerd does for `reference`."""
    settings = _settings(node)
    where = path(node)
    endpoints: list[Endpoint] = []
    mirrors = [url for url in _listed(settings, daemon_json.MIRRORS) if _as_mirror(url) is not None]
    login = find_login(node, [f"{node.home}/.docker/config.json"], f"{reference.registry}/{reference.repository}")
    login = login and f"{login}, of the user who runs docker"
    containerd_store = _containerd_store(node, settings)
    if reference.registry == DOCKER_HUB:
        for url in mirrors:
            parts = urlsplit(url)
            endpoints.append(
                Endpoint(
                    url=f"{url.rstrip('/')}/v2/{reference.repository}",
                    trust=NO_TLS if parts.scheme == "http" else _trust(node, parts.netloc, settings),
                    login=login,
                    namespace=DOCKER_HUB if containerd_store else None,
                    source=where,
                )
            )
    endpoints.append(
        Endpoint(
            url=f"https://{reference.api_host}/v2/{reference.repository}",
            trust=_trust(node, reference.registry, settings),
            login=login,
        )
    )
    notes = []
    if mirrors and reference.registry != DOCKER_HUB:
        notes.append(f"the mirrors of {where} are asked for Docker Hub only, not for {reference.registry}")
    return Route(
        client="docker",
        reference=str(reference),
        endpoints=tuple(endpoints),
        problems=examine(node),
        notes=tuple(notes),
        files=(where,) if node.tree.exists(where) else (),
    )


def _containerd_store(node: Node, settings: dict[str, Any]) -> bool:
    """Whether images are kept by containerd, whose resolver names the registry in `ns` (28.5.2; the classic store does not)."""
    daemon = docker_daemon.ask(node.run, SYSTEM)
    features = settings.get("features")
    chosen = isinstance(features, dict) and features.get("containerd-snapshotter") is True
    return daemon.containerd_store if daemon is not None else chosen


def examine(node: Node) -> tuple[Problem, ...]:
    """What is wrong with daemon.json, as far as mirrors hang on it."""
    return tuple(_problems(node))


def _settings(node: Node) -> dict[str, Any]:
    try:
        return daemon_json.read((node.tree.text(path(node)) or "{}").encode())
    except ValueError:
        return {}


def _listed(settings: dict[str, Any], key: str) -> list[str]:
    try:
        return daemon_json.listed(settings, key)
    except ValueError:
        return []


def _trust(node: Node, host: str, settings: dict[str, Any]) -> str:
    if host in _listed(settings, daemon_json.INSECURE) or is_this_machine(host):
        return INSECURE_WORDS
    folder = f"{SYSTEM.certs_d}/{host}"
    own = any(name.endswith(".crt") for name in node.tree.names(folder))
    return f"CA {folder}/*.crt and {SYSTEM_CAS}" if own else SYSTEM_CAS


def _problems(node: Node) -> Iterator[Problem]:
    where = path(node)
    content = node.tree.text(where)
    restart = node.then_restart("docker")
    if content is None:
        return
    try:
        settings = daemon_json.read(content.encode())
        mirrors = daemon_json.listed(settings, daemon_json.MIRRORS)
    except ValueError as error:
        yield unreadable(node, where, error, restart)
        return
    for url in mirrors:
        if _as_mirror(url) != url:
            mirrors_only = json.dumps([good for item in mirrors if (good := _as_mirror(item)) is not None])
            yield Problem(
                "mirror-not-an-origin",
                f"{where} has the mirror {url}; dockerd takes http:// or https:// and a host, without a path, and does "
                "not start with anything else.",
                changed(node, where, f'all["{daemon_json.MIRRORS}"] = {mirrors_only}') + restart,
                where,
            )
            break
    wrong = [key for key in ("mirrors", "registry-mirror", "registryMirrors", "registry_mirrors") if key in settings]
    if wrong:
        message = (
            f'{where} has "{wrong[0]}", which dockerd does not know: it does not start. The key is "registry-mirrors".'
        )
        fix = changed(node, where, f'all["{daemon_json.MIRRORS}"] = all.pop("{wrong[0]}")') + restart
        yield Problem("mirrors-by-another-name", message, fix, where)
    daemon = docker_daemon.ask(node.run, SYSTEM)
    if daemon is not None and daemon.mirrors != tuple(url.rstrip("/") for url in mirrors):
        message = f"The running docker asks {', '.join(daemon.mirrors) or 'no mirror'}: it has not read {where} since."
        yield warning("mirrors-not-read", message, f"{node.sudo}systemctl reload docker", where)


def _as_mirror(url: str) -> str | None:
    """A mirror as dockerd takes it (ValidateMirror); None where nothing can be made of it."""
    parts = url_parts(url if "://" in url else f"https://{url}")
    if parts is None or parts.scheme not in {"http", "https"} or not parts.netloc:
        return None
    good = f"{parts.scheme}://{parts.netloc}"
    return url if url.rstrip("/") == good else good


def unreadable(node: Node, where: str, error: ValueError, restart: str) -> Problem:
    """A byte order mark can be taken off; any other file is moved aside, to be fixed while docker runs."""
    fix = f"{edits.broken(node, where)}{restart}"
    content = node.tree.look(where).content
    if content.startswith(BOM_UTF8):
        with contextlib.suppress(ValueError):
            daemon_json.read(content.removeprefix(BOM_UTF8))
            fix = f"{node.sudo}sed -i '1s/^\\xEF\\xBB\\xBF//' {node.shown(where)}{restart}"
    return Problem("daemon-json-unreadable", f"{where} {error}; docker does not start with it.", fix, where)


def changed(node: Node, where: str, change: str) -> str:
    """The command that makes a change, in Python, to `all` that stands in a daemon.json."""
    return (
        f"{node.sudo}python3 -c 'import json, sys; path = sys.argv[1]; all = json.load(open(path)); {change}; "
        f'json.dump(all, open(path, "w"), indent=2)\' {node.shown(where)}'
    )
