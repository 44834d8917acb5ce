"""containers-registries.conf(5): podman, buildah, skopeo and CRI-O read one file and its drop-ins as this does.

containers/image pkg/sysregistriesv2: the user's own registries.conf stands in place of the system's; `*.conf` of the system's
and then the user's registries.conf.d go over it in the order of their names. A `[[registry]]` of a later file replaces the
one with the same prefix whole. One faulty file is an error of every pull.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pullscope.host.routes import toml_text
from pullscope.host.routes.route import Node
from pullscope.host.routes.toml_text import Table, TomlText
from pullscope.oci.reference import is_registry, is_repository

SYSTEM = "/etc/containers/registries.conf"
SEARCH = "unqualified-search-registries"
_PULL_FROM = ("all", "digest-only", "tag-only", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """One `[[registry]]`. `settings` is all of it, as written; `table` where it stands in the file."""

    prefix: str
    location: str
    settings: dict[str, Any]
    path: str
    text: TomlText = field(repr=False)
    table: Table

    @property
    def line(self) -> int:
        return self.table.line

    @property
    def mirrors(self) -> list[dict[str, Any]]:
        found = self.settings.get("mirror")
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    @property
    def blocked(self) -> bool:
        return self.settings.get("blocked") is True

    def matches(self, name: str) -> bool:
        """refMatchingPrefix and refMatchingSubdomainPrefix."""
        if self.prefix.startswith("*."):
            return name.partition("/")[0].partition(":")[0].endswith(self.prefix[1:])
        rest = name.removeprefix(self.prefix)
        return rest == "" or (len(rest) < len(name) and rest[0] in ":/@")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Why a file is refused, and where: every pull fails with it."""

    path: str
    why: str
    line: int = 0
    text: TomlText | None = field(default=None, repr=False)
    table: Table | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Registries:
    """All files together."""

    tables: tuple[Registry, ...]
    """All that are sound, in the order in which they are read."""
    search: tuple[str, ...]
    search_path: str
    aliases: dict[str, tuple[str, str]]
    """Short name to its full one and the file that says so."""
    mode: str
    faults: tuple[Fault, ...]
    files: tuple[str, ...]

    @property
    def registries(self) -> list[Registry]:
        """Those that count: the last one of each prefix."""
        return list({table.prefix: table for table in self.tables}.values())

    def find(self, name: str) -> Registry | None:
        """The registry whose prefix is the longest that matches a full name (FindRegistry)."""
        found = [registry for registry in self.registries if registry.matches(name)]
        return max(found, key=lambda registry: len(registry.prefix), default=None)


def files(node: Node) -> list[str]:
    """The files that are read for the node's user, in order."""
    named = node.environment.get("CONTAINERS_REGISTRIES_CONF")
    own = f"{node.home}/.config/containers/registries.conf"  # which stands in place of the system's
    first = named or (own if node.tree.exists(own) else SYSTEM)
    found = [first] if node.tree.exists(first) else []
    for folder in (f"{SYSTEM}.d", f"{own}.d"):
        found += [f"{folder}/{name}" for name in node.tree.names(folder) if name.endswith(".conf")]
    return found


def read(node: Node, *, without: tuple[str, ...] = ()) -> Registries:
    """Everything that the files say; `without` leaves some of them out."""
    tables: list[Registry] = []
    search: tuple[str, ...] = ()
    search_path, mode = SYSTEM, "permissive"
    aliases: dict[str, tuple[str, str]] = {}
    faults: list[Fault] = []
    read_files: list[str] = []
    for path in files(node):
        if path in without:
            continue
        read_files.append(path)
        try:
            text = toml_text.read(node.text(path) or "")
        except ValueError as error:
            faults.append(Fault(path=path, why=str(error)))
            continue
        found = list(_registries(path, text))
        faults += [item for item in found if isinstance(item, Fault)]
        tables += [item for item in found if isinstance(item, Registry)]
        faults += _names(path, text)
        if SEARCH in text.data:
            search, search_path = tuple(item.rstrip("/") for item in toml_text.texts(text.data[SEARCH])), path
        mode = str(text.data.get("short-name-mode", mode))
        named = text.data.get("aliases")
        for name, full in named.items() if isinstance(named, dict) else ():
            if isinstance(full, str):
                aliases[name] = (full, path)
        if "registries" in text.data:
            old = toml_text.texts(toml_text.get(text.data, "registries", "search", "registries"))
            search = search or tuple(filter(is_registry, old))
    return Registries(
        tables=tuple(tables),
        search=search,
        search_path=search_path,
        aliases={name: value for name, value in aliases.items() if value[0]},
        mode=mode,
        faults=tuple(faults),
        files=tuple(read_files),
    )


def _names(path: str, text: TomlText) -> Iterator[Fault]:
    """Search registries that are not hosts (postProcessRegistries), and aliases of what is not a full name (shortnames.go)."""
    for item in toml_text.texts(text.data.get(SEARCH)):
        if not is_registry(item.rstrip("/")):
            line = text.tables[0].keys.get(SEARCH, (0, 0))[0]
            yield Fault(path=path, why=f"has the search registry {item}, which is not a host", line=line, text=text)
    named = text.data.get("aliases")
    for name, full in named.items() if isinstance(named, dict) else ():
        host, _, rest = full.partition("/") if isinstance(full, str) else ("", "", "")
        if full and not (
            is_registry(host) and ("." in host or ":" in host or host == "localhost") and is_repository(rest)
        ):
            line = next((table.keys[name][0] for table in text.named("aliases") if name in table.keys), 0)
            yield Fault(
                path=path, why=f"has the alias {name} of {full}, which is not a full name", line=line, text=text
            )


def sources(registry: Registry, *, by_digest: bool) -> list[dict[str, Any]]:
    """The mirrors that are asked, in order (PullSourcesFromReference)."""
    if registry.settings.get("mirror-by-digest-only") is True and not by_digest:
        return []
    unwanted = "tag-only" if by_digest else "digest-only"
    return [mirror for mirror in registry.mirrors if mirror.get("pull-from-mirror") != unwanted]


def _registries(path: str, text: TomlText) -> Iterator[Registry | Fault]:
    """postProcessRegistries: each table, or why the file is refused."""
    tables = text.named("registry")
    found = text.data.get("registry")
    items = found if isinstance(found, list) else []
    if items and "registries" in text.data:
        yield Fault(path=path, why="mixes the old form ([registries.…]) with [[registry]]", text=text)
        return
    for number, settings in enumerate(items):
        table = tables[number] if number < len(tables) else Table(path=("registry",), line=0)
        why = _why_refused(settings)
        if why is not None:
            yield Fault(path=path, why=why, line=table.line, text=text, table=table)
            continue
        conflict = _conflict(items[:number], settings)
        if conflict is not None:
            yield Fault(path=path, why=conflict, line=table.line, text=text, table=table)
            continue
        prefix, location = str(settings.get("prefix", "")).rstrip("/"), str(settings.get("location", "")).rstrip("/")
        yield Registry(
            prefix=prefix or location, location=location, settings=settings, path=path, text=text, table=table
        )


def _conflict(earlier: list[dict[str, Any]], settings: dict[str, Any]) -> str | None:
    """Two tables of one file with the same location must agree on these."""
    for other in earlier:
        for key in ("insecure", "blocked"):
            same = other.get("location") == settings.get("location") and settings.get("location")
            if same and bool(other.get(key)) != bool(settings.get(key)):
                return f"has two [[registry]] for {settings['location']} that differ in {key}"
    return None


def _why_refused(settings: dict[str, Any]) -> str | None:
    prefix, location = str(settings.get("prefix", "")), str(settings.get("location", ""))
    if not location and not prefix.startswith("*."):
        return "has a [[registry]] without a location"
    if "pull-from-mirror" in settings:
        return "sets pull-from-mirror for a registry; it belongs to a [[registry.mirror]]"
    mirrors = settings.get("mirror")
    listed = [item for item in mirrors if isinstance(item, dict)] if isinstance(mirrors, list) else []
    for place in (prefix, location, *(str(item.get("location", "")) for item in listed)):
        if place.startswith(("http://", "https://")):
            return f"names {place}: a location has no http:// or https://"
    for mirror in listed:
        if not mirror.get("location"):
            return "has a [[registry.mirror]] without a location"
        if mirror.get("pull-from-mirror", "") not in _PULL_FROM:
            return f'has pull-from-mirror = "{mirror["pull-from-mirror"]}"; it is all, digest-only or tag-only'
        if "pull-from-mirror" in mirror and settings.get("mirror-by-digest-only") is True:
            return "sets mirror-by-digest-only and pull-from-mirror for the same registry"
    return None
