"""podman, buildah, skopeo, CRI-O: which endpoints are asked for a name, from registries.conf(5) and its drop-ins.

And what is wrong in these files, each with the line that cures it. Sources: containers/image pkg/sysregistriesv2
(PullSourcesFromReference), pkg/shortnames (Resolve), docker/docker_client.go (certs.d).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pullscope.host.routes import edits, registries_conf, toml_text
from pullscope.host.routes.registries_conf import SYSTEM, Fault, Registries, Registry
from pullscope.host.routes.route import SYSTEM_CAS, Endpoint, Node, Route, find_login, login_files
from pullscope.host.routes.toml_text import Table, TomlText
from pullscope.oci.reference import DOCKER_HUB, HUB_API, Reference
from pullscope.oci.verdicts import Problem, warning
from pullscope.oci.whereabouts import is_this_machine


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
        problems=tuple(problems(node, known, names, short=short)),
        notes=tuple(said),
        files=known.files,
        refused=refused,
    )


def examine(node: Node) -> tuple[Problem, ...]:
    """Everything that is wrong in the files, whatever is pulled."""
    return tuple(problems(node, registries_conf.read(node), [], short=False))


def _full_names(known: Registries, text: str) -> tuple[list[str], list[str], bool]:
    """The full names that a name stands for, in order; why; and whether it is a short one."""
    Reference.parse(text)
    first, slash, _ = text.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return [text], [], False  # shortnames.IsShortName
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
        login=find_login(node, login_files(node), name),
        source=source,
    )


def _authority(node: Node, host: str) -> str:
    """The directory with CAs for a host: the first that exists counts."""
    for root in (f"{node.home}/.config/containers/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d"):
        folder = f"{root}/{host}"
        if node.tree.exists(folder):
            return f"{folder}/*.crt" if any(name.endswith(".crt") for name in node.tree.names(folder)) else ""
    return ""


def problems(node: Node, known: Registries, names: list[str], *, short: bool) -> Iterator[Problem]:
    """The faults of all files; for `names`, which are asked for, what keeps their mirrors from being used."""
    for fault in known.faults:
        yield Problem(
            "registries-conf-refused",
            f"{fault.path} {fault.why}: every pull fails with it.",
            _cure(node, fault),
            f"{fault.path}:{fault.line}" if fault.line else fault.path,
        )
    if known.faults:
        return
    yield from _not_read(node)
    yield from _replaced(node, known)
    for registry in known.registries:
        yield from _loopback(node, registry)
    if short and not names:
        path = f"{SYSTEM}.d/999-search.conf"
        yield Problem(
            "short-name-unresolved",
            "This short name has no alias, and no file names unqualified-search-registries.",
            f"{node.sudo}mkdir -p {node.shown(f'{SYSTEM}.d')} && "
            + edits.append(node, path, f'unqualified-search-registries = ["{DOCKER_HUB}"]'),
            SYSTEM,
        )
    for name in names:
        reference = Reference.parse(name)
        found = known.find(f"{reference.registry}/{reference.repository}")
        if found is not None:
            yield from _asked(node, found)


def _asked(node: Node, found: Registry) -> Iterator[Problem]:
    lines = found.table.keys.get("blocked")
    if found.blocked and lines:
        message = f"{found.prefix} is blocked: every pull from it fails."
        fix = edits.sed(node, found.path, edits.delete(lines))
        yield Problem("registry-blocked", message, fix, f"{found.path}:{lines[0]}")


def _cure(node: Node, fault: Fault) -> str:
    if "a location has no http" in fault.why:
        script = r"s#^([[:space:]]*(location|prefix)[[:space:]]*=[[:space:]]*.)https?://#\1#"
        return edits.sed(node, fault.path, script).replace("sed -i", "sed -E -i")
    table, text = fault.table, fault.text
    if fault.line and "search registry" in fault.why and "://" in fault.why and text is not None:
        first, last = text.tables[0].keys[registries_conf.SEARCH]
        return edits.sed(node, fault.path, f"{first},{last}s#https\\?://##g")
    if fault.line and "alias" in fault.why:
        return edits.sed(node, fault.path, edits.delete((fault.line, fault.line)))
    if table is not None and text is not None:
        below = [table, *_mirror_tables(text, table)]
        both = "pull-from-mirror" in fault.why
        lines = [item.keys["pull-from-mirror"] for item in below if "pull-from-mirror" in item.keys] if both else []
        if lines:
            return edits.sed(node, fault.path, *map(edits.delete, lines))
        if "differ in" in fault.why:
            return _agreed(node, fault, text, table)
        if "[[registry]] without a location" in fault.why and "prefix" in table.keys:
            place = toml_text.get(_settings(text, table), "prefix")
            return edits.sed(node, fault.path, edits.after(table.line, f'location = "{place}"'))
    return edits.broken(node, fault.path)


def _agreed(node: Node, fault: Fault, text: TomlText, table: Table) -> str:
    """The later of two tables says what the earlier one says."""
    key = fault.why.rpartition(" ")[2]
    place = toml_text.get(_settings(text, table), "location")
    earlier = next(item for item in text.data["registry"] if item.get("location") == place)
    value = f"{key} = {'true' if earlier.get(key) else 'false'}"
    known = table.keys.get(key)
    return edits.sed(node, fault.path, edits.replace(known, value) if known else edits.after(table.line, value))


def _not_read(node: Node) -> Iterator[Problem]:
    """A drop-in counts only with the ending .conf."""
    folder = f"{SYSTEM}.d"
    for name in node.tree.names(folder):
        path = f"{folder}/{name}"
        if name.endswith((".conf", ".broken", ".off", "~", ".bak")) or "[[registry]]" not in (node.text(path) or ""):
            continue
        message = f"{path} is not read: its name does not end in .conf."
        fix = edits.rename(node, path, f"{path}.conf")
        yield warning("drop-in-not-read", message, fix, path)


def _replaced(node: Node, known: Registries) -> Iterator[Problem]:
    """Mirrors of an earlier file that a later one takes away: a `[[registry]]` replaces the one of its prefix whole."""
    earlier: dict[str, Registry] = {}
    for found in known.tables:
        before = earlier.get(found.prefix)
        ours = {str(item.get("location")) for item in found.mirrors}
        lost = [str(item.get("location")) for item in before.mirrors] if before else []
        if before is not None and known.find(found.prefix) is found and not set(lost) <= ours:
            yield warning(
                "registry-replaced",
                f"{found.path} replaces the [[registry]] {found.prefix} of {before.path} whole: its mirrors "
                f"({', '.join(lost)}) are not asked.",
                edits.rename(node, found.path, f"{found.path}.off"),
                f"{found.path}:{found.line}",
            )
        earlier[found.prefix] = found


def _loopback(node: Node, registry: Registry) -> Iterator[Problem]:
    """A mirror on loopback that is asked by https only."""
    for mirror, below in zip(registry.mirrors, _mirror_tables(registry.text, registry.table), strict=False):
        location = str(mirror.get("location", ""))
        host = location.partition("/")[0]
        if mirror.get("insecure") is not True and ":" in host and is_this_machine(host):
            message = f"{location} is asked by https only: a mirror that speaks plain http needs insecure = true."
            fix = edits.sed(node, registry.path, edits.after(below.line, "insecure = true"))
            yield warning("mirror-without-insecure", message, fix, f"{registry.path}:{below.line}")


def _mirror_tables(text: TomlText, table: Table) -> list[Table]:
    """The `[[registry.mirror]]` tables that belong to a `[[registry]]`."""
    after = [item.line for item in text.named("registry") if item.line > table.line]
    end = min(after) if after else text.lines + 1
    return [item for item in text.named("registry", "mirror") if table.line < item.line < end]


def _settings(text: TomlText, table: Table) -> object:
    return text.data["registry"][text.named("registry").index(table)]
