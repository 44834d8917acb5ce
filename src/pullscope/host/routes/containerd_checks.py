"""What is wrong in containerd's configuration, for the registries that are asked about: each with the line that cures it.

Whether a fault is one was tried with containerd 1.6.20 and 2.1.9 (tests/e2e/test_node_routes.py) or is in the source that
containerd.py names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from pullscope.host.routes import containerd_config, edits, hosts_toml, toml_text
from pullscope.host.routes.containerd_config import CERTS_D, Config
from pullscope.host.routes.hosts_toml import DEFAULT, Host, HostDirectory
from pullscope.host.routes.route import Node
from pullscope.host.routes.toml_text import Table, TomlText, header
from pullscope.oci.reference import DOCKER_HUB, HUB_API
from pullscope.oci.verdicts import Problem, Severity, warning

_HUB_NAMES = (HUB_API, "index.docker.io", "hub.docker.com")


def problems(node: Node, config: Config, registries: list[str]) -> Iterator[Problem]:
    """What is wrong for these registries. What a program writes anew at its start is not cured in the file itself."""
    for problem in _problems(node, config, registries):
        yield replace(problem, fix=None) if config.source else problem


def _problems(node: Node, config: Config, registries: list[str]) -> Iterator[Problem]:
    """config.toml first, then each directory once."""
    yield from _config_problems(node, config)
    yield from _misplaced(node, config)
    seen: set[str] = set()
    for registry in registries:
        found = directory(node, config, registry)
        if found is None or found.path in seen:
            continue
        seen.add(found.path)
        yield from _own_wins(node, config, found)
        yield from _directory_problems(node, found)


def directory(node: Node, config: Config, registry: str) -> HostDirectory | None:
    path = hosts_toml.directory(node.tree, config.roots, registry)
    return None if path is None else hosts_toml.read(node.tree, path, registry)


def _config_problems(node: Node, config: Config) -> Iterator[Problem]:
    restart = node.then_restart("containerd")
    if config.trouble:
        yield Problem(
            "config-toml-unreadable",
            f"{config.path} {config.trouble}; containerd does not start with it.",
            f"{edits.broken(node, config.path)}{restart}",
            config.path,
        )
        return
    misplaced = config.misplaced()
    if misplaced:
        yield Problem(
            "config-in-wrong-table",
            f"{config.path} has {header(misplaced[0])}, which containerd {config.major}.x does not read in a file of "
            f"version {config.version}; it reads {header(config.table)}.",
            f"{edits.sed(node, config.path, *_moved(config, misplaced))}{restart}",
            f"{config.path}:{config.text.line(*misplaced[0]) if config.text else 0}",
        )
    elif not config.roots and any(
        node.tree.exists(f"{CERTS_D}/{name}/hosts.toml") for name in node.tree.names(CERTS_D)
    ):
        fix = _set_config_path(node, config)
        message = f"{config.path} sets no config_path, so CRI does not read {CERTS_D}."
        yield Problem("config-path-not-set", message, None if fix is None else f"{fix}{restart}", config.path)
    if config.roots and config.text is not None:
        below = [
            item for item in config.text.tables if item.path[: len(config.table) + 1] == (*config.table, "mirrors")
        ]
        if below:
            spans = [edits.delete(config.text.span(item)) for item in below]
            yield Problem(
                "mirrors-and-config-path",
                f"{config.path} sets registry.mirrors beside config_path: containerd does not load its CRI plugin.",
                f"{edits.sed(node, config.path, *spans)}{restart}",
                f"{config.path}:{below[0].line}",
            )


def _moved(config: Config, misplaced: list[tuple[str, ...]]) -> list[str]:
    """The lines that make the misplaced tables count."""
    if config.text is None:
        return []
    target = config.table
    scripts = [
        edits.replace((table.line, table.line), header((*target, *table.path[len(path) :])))
        for table in config.text.tables
        for path in misplaced
        if table.path[: len(path)] == path and path != target
    ]
    if config.version == 1:
        known = config.text.tables[0].keys.get("version")
        scripts.append(edits.replace(known, "version = 2") if known else edits.at_top("version = 2"))
    return scripts


def _set_config_path(node: Node, config: Config) -> str | None:
    setting = f'config_path = "{CERTS_D}"'
    if config.registry.get("mirrors"):
        return None  # both together are refused: which of them is meant is for its owner to say
    if config.text is None or not config.text.lines:
        version = 3 if config.major >= 2 else 2
        table = containerd_config.V3 if version == 3 else containerd_config.V2
        folder = config.path.rpartition("/")[0]
        made = "" if node.tree.exists(folder) else f"{node.sudo}mkdir -p {node.shown(folder)} && "
        return made + edits.append(node, config.path, f"version = {version}\n{header(table)}\n{setting}")
    tables = config.text.named(*config.table)
    if tables:
        known = tables[0].keys.get("config_path")
        script = edits.replace(known, setting) if known else edits.after(tables[0].line, setting)
        return edits.sed(node, config.path, script)
    fix = edits.append(node, config.path, f"{header(config.table)}\n{setting}")
    if (config.version, config.major) == (1, 2):
        fix = f"{edits.sed(node, config.path, edits.at_top('version = 2'))} && {fix}"
    return fix


def _misplaced(node: Node, config: Config) -> Iterator[Problem]:
    """Files that no registry's name leads to."""
    for root in config.roots or [CERTS_D]:
        loose = f"{root}/hosts.toml"
        default = f"{root}/{DEFAULT}"
        if node.tree.exists(loose) and not node.tree.exists(default):
            message = f"{loose} is read for no registry: each has a directory, and {DEFAULT} is for all others."
            fix = f"{node.sudo}mkdir {node.shown(default)} && {node.sudo}mv {node.shown(loose)} {node.shown(default)}/"
            yield Problem("hosts-toml-outside", message, fix, loose)
        for name in _HUB_NAMES:
            path, right = f"{root}/{name}", f"{root}/{DOCKER_HUB}"
            if node.tree.exists(f"{path}/hosts.toml") and not node.tree.exists(right):
                message = f"{path} is not read for Docker Hub images: their registry is called {DOCKER_HUB}."
                fix = edits.rename(node, path, right)
                yield Problem("directory-of-api-host", message, fix, path)


def _own_wins(node: Node, config: Config, found: HostDirectory) -> Iterator[Problem]:
    """A directory of its own without mirrors hides `_default`, of which nothing is added."""
    default = next((path for root in config.roots if node.tree.exists(path := f"{root}/{DEFAULT}/hosts.toml")), None)
    if default is None or found.path == default.rpartition("/")[0] or found.refused:
        return
    if any(host.key for host in found.hosts) or (found.text and "server" in found.text.data):
        return
    names = node.tree.names(found.path)
    certificates = [name for name in names if name.endswith((".crt", ".cert"))]
    if certificates or found.text is not None:
        lines = (f'"{name}"' for name in certificates if name.endswith(".crt"))
        first = f"printf '%s\\n' 'ca = [{', '.join(lines)}]'; " if certificates else ""
        fix = f"{{ {first}cat {node.shown(default)}; }} | {node.sudo}tee {node.shown(found.file)} >/dev/null"
    else:
        fix = f"{node.sudo}rmdir {node.shown(found.path)}"
    message = f"{found.path} hides {default}: only the registry's own directory is read, and it names no mirror."
    yield warning("own-directory-wins", message, fix, found.path)


def _directory_problems(node: Node, found: HostDirectory) -> Iterator[Problem]:
    if found.refused is not None:
        where = f"{found.file}:{found.line}" if found.line else found.file
        fix = edits.broken(node, found.file)
        tables = found.text.tables if found.text is not None else ()
        spans = [table.keys["capabilities"] for table in tables if "capabilities" in table.keys]
        span = next((lines for lines in spans if lines[0] == found.line), None)
        if span is not None:
            fix = edits.sed(node, found.file, edits.replace(span, 'capabilities = ["pull", "resolve"]'))
        message = f"{found.file} {found.refused}; containerd ignores the whole file."
        yield Problem("hosts-toml-refused", message, fix, where)
        return
    told = partial(_in_file, node, found.file)
    if found.text is not None:
        yield from _keys(told, found.file, found.text)
    for host in found.hosts:
        if host.table is not None:
            yield from _authorities(node, told, host, host.table)
            if host.key:
                yield from _host_problems(told, host, host.table)


Told = Callable[..., Problem]
"""Makes a problem of a file: its code, its message, the line, and the scripts of sed that cure it."""


def _in_file(
    node: Node, file: str, code: str, message: str, line: int, *scripts: str, severity: Severity = Severity.ERROR
) -> Problem:
    fix = edits.sed(node, file, *scripts) if scripts else None
    return Problem(code, message, fix, f"{file}:{line}", severity=severity)


def _keys(told: Told, file: str, text: TomlText) -> Iterator[Problem]:
    for table in text.tables:
        if len(table.path) == 2 and table.path[0] == "host" and "server" in table.keys:
            value = toml_text.get(text.data, *table.path, "server")
            lines = table.keys["server"]
            message = (
                f"{file} sets server below {header(table.path)}, where it belongs to that table and is not read: it must "
                "stand above the first table."
            )
            moved = edits.at_top(f'server = "{value}"'), edits.delete(lines)
            yield told("server-in-host-table", message, lines[0], *moved)
    renamed = [table for table in text.tables if table.path[:1] == ("hosts",)]
    if renamed:
        scripts = [edits.replace((item.line, item.line), header(("host", *item.path[1:]))) for item in renamed]
        message = f"{file} has [hosts.…], which is not read: the table is called host."
        yield told("hosts-for-host", message, renamed[0].line, *scripts)


def _authorities(node: Node, told: Told, host: Host, table: Table) -> Iterator[Problem]:
    for authority in host.authorities:
        text = node.tree.text(authority)
        if text is None or "-----BEGIN CERTIFICATE-----" not in text:
            missing = "is not a file that this user can read" if node.tree.exists(authority) else "does not exist"
            why = missing if text is None else "holds no certificate (PEM)"
            message = f"{authority}, the CA for {host.key or host.host}, {why}: every pull of these images fails."
            lines = table.keys.get("ca")
            yield told("ca-unreadable", message, *((lines[0], edits.delete(lines)) if lines else (table.line or 1,)))


def _host_problems(told: Told, host: Host, table: Table) -> Iterator[Problem]:
    named, line = host.key, table.line or 1
    warned = partial(told, severity=Severity.WARNING)
    written = urlsplit(hosts_toml.url_of(host.key)).path
    lines = table.keys.get("capabilities")
    if lines and "resolve" not in host.capabilities and "pull" in host.capabilities:
        words = ", ".join(f'"{word}"' for word in hosts_toml.CAPABILITIES if word in host.capabilities | {"resolve"})
        message = f'{named} lacks the capability "resolve": it is asked for digests only, never for a tag.'
        yield warned("capability-missing", message, lines[0], edits.replace(lines, f"capabilities = [{words}]"))
    if (host.scheme == "http" and host.host.endswith(":443")) or (host.scheme == "https" and host.host.endswith(":80")):
        other = named.replace("http://", "https://") if host.scheme == "http" else f"http://{host.host}{written}"
        message = f"{named}: {host.scheme} on port {host.host.rpartition(':')[2]}."
        yield warned("scheme-and-port", message, line, edits.replace((table.line, table.line), header(("host", other))))
    elif host.scheme == "http" and host.has_tls:
        message = f"{named} is http, but ca, client or skip_verify is set: https is tried first."
        scripts = [edits.delete(table.keys[key]) for key in ("ca", "client", "skip_verify") if key in table.keys]
        yield warned("http-with-tls-settings", message, line, *scripts)
    written = written.rstrip("/")
    if "/v2/" in f"{written}/" and not written.endswith("/v2") and not host.override_path:
        message = f"{named}: containerd adds /v2 to this path and asks {host.scheme}://{host.host}{host.path}/…"
        yield told("override-path-missing", message, line, edits.after(table.line, "override_path = true"))
    if host.override_path and "/v2" not in written:
        lines = table.keys["override_path"]
        message = f"{named} has override_path, so no /v2 is added: it is asked for "
        message += f"{host.scheme}://{host.host}{host.path}/NAME/manifests/…"
        yield warned("override-path-without-api", message, lines[0], edits.delete(lines))
