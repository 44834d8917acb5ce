"""What `on` will do, worked out before anything is done: changes as data, commands, and what it covers, in words.

A plan starts from the machine as it would be without us, so a second `on` with other wishes replaces the first, and one
with the same wishes changes nothing. Nothing here writes.
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pullscope.host import HostError, change, daemon_json, hosts_file, registry_host, systemd, trust
from pullscope.host.carry_out import Parts
from pullscope.host.change import Change
from pullscope.host.journal_document import Entry
from pullscope.host.machine import CA_MARK, MARK, Machine
from pullscope.host.requested import Wish
from pullscope.oci.known_storage import STORAGE
from pullscope.oci.reference import DOCKER_HUB, HUB_API

HOSTS_FILE = "/etc/hosts"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All of one `on`. `variables` is what the daemon must have been started with; empty where it needs nothing."""

    wish: Wish
    changes: tuple[Change, ...]
    stale: tuple[Entry, ...]
    variables: dict[str, str]
    restart: bool
    reload: bool
    daemon_reload: bool
    upstream: str | None
    upstream_login: bool
    passed_by: tuple[str, ...]
    """Hosts that the proxy must hand through unread, so that they keep working."""

    @property
    def writes(self) -> tuple[Change, ...]:
        return tuple(item for item in self.changes if item.after.kind == "file")


def plan(machine: Machine, wish: Wish) -> Plan:
    """Work out `on`; HostError where it must not be done."""
    parts = Parts(machine.recorded)
    variables: dict[str, str] = {}
    if wish.mode == "proxy":
        variables = _proxy_parts(machine, parts, wish)
    else:
        for host in wish.hosts:
            _certs_d(machine, parts, wish, DOCKER_HUB if host == HUB_API else host)
    _hosts_file_part(machine, parts, wish)
    _daemon_json_part(machine, parts, wish)
    if wish.until:
        layout = machine.layout
        parts.timer(layout.unit_paths[0], wish.until, wish.off_command, layout.timer, layout.name)
    _trust_for_proxy(machine, parts)
    changes = tuple(parts.changes)
    stale = parts.stale
    restart = bool(machine.active and variables and not _in_force(machine, variables))
    units = machine.layout.unit_paths[0]
    touched = [item for item in changes if item.path.startswith(units) and _differs(machine, item)]
    upstream, login = _upstream(machine, wish)
    json_part = next((item for item in changes if item.entry.kind == "daemon-json"), None)
    json_stale = any(entry.kind == "daemon-json" for entry in stale)
    return Plan(
        wish=wish,
        changes=changes,
        stale=stale,
        variables=variables,
        restart=restart,
        reload=bool(machine.active and not restart and ((json_part and _differs(machine, json_part)) or json_stale)),
        daemon_reload=bool(touched or any(entry.path.startswith(units) for entry in stale))
        or bool(machine.shown and machine.shown.need_reload),
        upstream=upstream,
        upstream_login=login,
        passed_by=_passed_by(machine, wish),
    )


def _proxy_parts(machine: Machine, parts: Parts, wish: Wish) -> dict[str, str]:
    layout = machine.layout
    if machine.unit.flag("https-proxy") or machine.unit.flag("http-proxy"):
        raise HostError(
            f"{machine.unit.fragment} starts dockerd with --https-proxy, which overrides every drop-in. Nothing changed."
        )
    before = machine.original_environment()
    no_proxy = wish.no_proxy
    if no_proxy is None:
        no_proxy = before.get("NO_PROXY") or before.get("no_proxy")
    if not wish.proxy_storage:
        upstream = _upstream(machine, wish)[0]
        if upstream is not None:
            raise HostError(f"docker reaches the network through {upstream}, which --no-proxy-storage would bypass")
        no_proxy = ",".join([*filter(None, [no_proxy]), *STORAGE])
    values: dict[str, str | None] = {
        "HTTPS_PROXY": wish.proxy,
        "HTTP_PROXY": wish.proxy,
        "NO_PROXY": no_proxy if no_proxy or wish.no_proxy is not None else None,
        "SSL_CERT_DIR": None,
        CA_MARK: None,
        MARK: wish.mode,
    }
    if wish.trust == "env":
        here = [folder for folder in trust.DIRECTORIES if machine.tree.exists(folder)] or trust.DIRECTORIES[:1]
        folders = before.get("SSL_CERT_DIR") or ":".join(here)
        values["SSL_CERT_DIR"] = f"{folders}:{layout.ca_directory}"
        values[CA_MARK] = change.sha256(wish.authority.encode())[:16]
        path = f"{layout.ca_directory}/{trust.CERTIFICATE_NAME}"
        parts.file(path, "own", wish.authority.encode(), folder_mode=0o700)
    else:
        if not wish.hosts and not (machine.daemon and machine.daemon.containerd_store):
            raise HostError(
                "--trust certs.d cannot cover Docker Hub on the classic image store: use --trust env, or name the "
                "other registries with --host. Nothing changed."
            )
        for host in wish.hosts or (DOCKER_HUB,):
            _certs_d(machine, parts, wish, host)
    template = (systemd.units() / "docker.service.d" / "pullscope.conf").read_text(encoding="utf-8")
    text = systemd.fill(template, values)
    parts.lines(layout.drop_in, text if layout.is_docker else systemd.of_unit(text, layout))
    return {systemd.variable(name, layout): value for name, value in values.items() if value is not None}


def _hosts_file_part(machine: Machine, parts: Parts, wish: Wish) -> None:
    """One block for both: the names that were added by hand, and in mode hosts those that lead to the proxy."""
    names = machine.names
    if wish.mode == "hosts":
        names |= {registry_host.parts(host)[0]: wish.proxy_host for host in wish.hosts}
    if names:
        before = machine.recorded.before(HOSTS_FILE)
        content = hosts_file.add_block(before.content if before.is_file else b"", names)
        parts.file(HOSTS_FILE, "hosts", content)


def _certs_d(machine: Machine, parts: Parts, wish: Wish, host: str) -> None:
    path = f"{machine.layout.certs_d}/{host}/{trust.CERTIFICATE_NAME}"
    parts.file(path, "certificate", wish.authority.encode())


def _daemon_json_part(machine: Machine, parts: Parts, wish: Wish) -> None:
    path = machine.layout.daemon_json
    settings = _settings(machine) if wish.mode == "proxy" or wish.insecure else {}
    shadow = wish.mode == "proxy" and daemon_json.PROXIES in settings
    if not (shadow or wish.insecure):
        return
    if wish.insecure and machine.unit.flag("insecure-registry"):
        raise HostError(
            f"{machine.unit.fragment} starts dockerd with --insecure-registry, and with the same key in {path} it "
            "would not start: add the host to that command line instead. Nothing changed."
        )
    before = machine.recorded.before(path)
    old = before.content if before.is_file else None
    claims: list[str] = []
    content, interim = old, b""
    try:
        if wish.insecure:
            known = daemon_json.listed(settings, daemon_json.INSECURE)
            claims += [host for host in wish.insecure if host not in known]
            content = daemon_json.add_listed(old, daemon_json.INSECURE, wish.insecure)
            interim = daemon_json.with_empty(old, daemon_json.INSECURE)
        if shadow and content is not None:
            value = {**daemon_json.proxies(settings), "http-proxy": wish.proxy, "https-proxy": wish.proxy}
            content = daemon_json.set_member(content, daemon_json.PROXIES, value)
            claims.append(change.PROXIES_CLAIM + json.dumps(value))
    except ValueError as error:
        raise HostError(f"{path} {error}; fix it first. Nothing changed.") from error
    if content is not None and content != old:
        parts.file(path, "daemon-json", content, claims=tuple(claims), interim=(interim,) if interim else ())


def _settings(machine: Machine) -> dict[str, Any]:
    """What daemon.json sets without us; HostError where it is not one."""
    path = machine.layout.daemon_json
    found = machine.recorded.before(path)
    if not found.is_file:
        if not found.absent:
            raise HostError(
                f"{path} is a symbolic link or not a plain file; nothing is changed behind it. Nothing changed."
            )
        return {}
    try:
        return daemon_json.read(found.content)
    except ValueError as error:
        raise HostError(f"{path} {error}; fix it first. Nothing changed.") from error


def _trust_for_proxy(machine: Machine, parts: Parts) -> None:
    before = machine.original_environment()
    pems = trust.system_bundle(machine.tree, before)
    for folder in filter(None, before.get("SSL_CERT_DIR", "").split(":")):
        pems += trust.directory(machine.tree, folder)
    for registry in trust.registries(machine.tree, machine.layout):
        pems += registry.authorities
    if pems:
        parts.file(f"{machine.layout.public}/proxy-trust.pem", "own", trust.bundle(pems))


def _in_force(machine: Machine, variables: dict[str, str]) -> bool:
    if machine.running is None:
        return False
    if machine.daemon is not None and machine.daemon.https_proxy not in {"", variables["HTTPS_PROXY"]}:
        return False
    return all(machine.running.get(name) == value for name, value in variables.items())


def _differs(machine: Machine, item: Change) -> bool:
    now = machine.tree.look(item.path)
    return now.kind != item.after.kind or now.content != item.after.content


def _upstream(machine: Machine, wish: Wish) -> tuple[str | None, bool]:
    """The proxy that the daemon had, without its login, and whether it has one."""
    value = upstream_url(machine, wish)
    if value is None:
        return None, False
    parts = urlsplit(value)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", "@" in parts.netloc


def upstream_url(machine: Machine, wish: Wish) -> str | None:
    """The proxy that the daemon had, with its login: for a proxy's private configuration, never for a screen."""
    before = machine.original_environment()
    proxies: dict[str, str] = {}
    with contextlib.suppress(ValueError, HostError):
        proxies = daemon_json.proxies(_settings(machine))
    value = proxies.get("https-proxy") or before.get("HTTPS_PROXY") or before.get("https_proxy") or ""
    if not value or value == wish.proxy:
        return None
    url = value if "://" in value else f"http://{value}"
    if not _is_url(url):
        name = machine.layout.name
        raise HostError(f"the proxy that {name} has now is not a URL; fix that setting first. Nothing changed.")
    return url


def _is_url(text: str) -> bool:
    """Whether a proxy's URL can stand on a command line: a host, perhaps a port, in printable ASCII."""
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0 and re.fullmatch(r"[!-~]{1,2000}", text) is not None
    except ValueError:
        return False


def _passed_by(machine: Machine, wish: Wish) -> tuple[str, ...]:
    found = [item.host for item in trust.registries(machine.tree, machine.layout) if item.client_certificate]
    with contextlib.suppress(ValueError, HostError):
        found += filter(registry_host.is_host, daemon_json.listed(_settings(machine), daemon_json.INSECURE))
    return tuple(host for host in dict.fromkeys(found) if host not in wish.hosts)
