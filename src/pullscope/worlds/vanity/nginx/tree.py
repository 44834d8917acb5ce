"""An nginx configuration as servers, locations and what each inherits. Directives in, a tree out; answers nothing.
One file, because each directive inherits from those around it.

Which server and which location a request meets follows ngx_http_core_module (server_name, listen, location) and
ngx_http_core_find_location: an exact location, the longest prefix, then regular expressions in their order, with nested
locations inside each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.regexes import Regex, RegexError, regex
from pullscope.worlds.vanity.rules import Dialect, NotPlayedError
from pullscope.worlds.vanity.targets import likeliest

MOST_SERVERS = 10_000
MOST_LOCATIONS = 10_000
"""In one block."""


PROXY_PARAMS = [
    ["proxy_set_header", "Host", "$http_host"],
    ["proxy_set_header", "X-Real-IP", "$remote_addr"],
    ["proxy_set_header", "X-Forwarded-For", "$proxy_add_x_forwarded_for"],
    ["proxy_set_header", "X-Forwarded-Proto", "$scheme"],
]
"""/etc/nginx/proxy_params, as Debian's package nginx-common 1.22 has it."""


@dataclass(slots=True, eq=False)
class Scope:
    """A block with its own directives by name, and the block around it."""

    block: Directive
    parent: Scope | None
    own: dict[str, list[Directive]] = field(default_factory=dict)

    @classmethod
    def of(cls, block: Directive, parent: Scope | None) -> Scope:
        scope = cls(block, parent)
        for one in block.block or []:
            if one.name == "include" and one.args and one.args[0].rpartition("/")[2] == "proxy_params":
                for words in PROXY_PARAMS:
                    scope.own.setdefault(words[0], []).append(Directive(one.where, words))
            else:
                scope.own.setdefault(one.name, []).append(one)
        return scope

    def find(self, *names: str) -> list[Directive]:
        """The directives of these names at the nearest level that has any: how nginx inherits."""
        levels = ([one for name in names for one in scope.own.get(name, ())] for scope in self.levels())
        return next(filter(None, levels), [])

    def last(self, name: str) -> Directive | None:
        found = self.find(name)
        return found[-1] if found else None

    def is_on(self, name: str) -> bool:
        one = self.last(name)
        return one is not None and one.args[:1] == ["on"]

    def levels(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


@dataclass(slots=True, eq=False)
class Location:
    """A `location`, or the server itself, with the locations in it."""

    scope: Scope
    path: str = ""
    modifier: str = ""
    pattern: Regex | None = None
    unread: str = ""
    """Why its regular expression cannot be used."""
    exact: dict[str, Location] = field(default_factory=dict)
    prefixes: dict[str, Location] = field(default_factory=dict)
    regexes: list[Location] = field(default_factory=list)

    @property
    def where(self) -> str:
        return self.scope.block.where

    @property
    def source(self) -> str:
        return " ".join(self.scope.block.args)

    @property
    def is_regex(self) -> bool:
        return self.modifier in {"~", "~*"}

    def everything(self) -> Iterator[Location]:
        yield self
        for one in (*self.exact.values(), *self.prefixes.values(), *self.regexes):
            yield from one.everything()


@dataclass(slots=True, eq=False)
class Server:
    root: Location
    names: tuple[str, ...]
    tls: bool
    is_default: bool
    ports: frozenset[str]
    named: dict[str, Location] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Config:
    file: str
    dialect: Dialect
    servers: list[Server] = field(default_factory=list)
    upstreams: dict[str, Directive] = field(default_factory=dict)
    maps: dict[str, Directive] = field(default_factory=dict)

    def server_of(self, authority: str) -> str:
        """The first server of the upstream `authority`; itself where it is not an upstream, or one behind a socket."""
        group = self.upstreams.get(authority.lower())
        inside = group.block if group is not None and group.block is not None else []
        server = next((one.args[0] for one in inside if one.name == "server" and one.args), authority)
        return authority if server.startswith("unix:") else server


def config(directives: list[Directive], file: str, dialect: Dialect) -> Config:
    """The tree of the file; ValueError where it holds no server."""
    found = Config(file, dialect)
    # What stands beside the servers of a file that is included in http {…} is for all of them.
    _collect(directives, Scope.of(Directive(f"{file}:1", ["http"], directives), None), found)
    if not found.servers:
        raise ValueError(f"{file}: there is no server {{…}} in it")
    if len(found.servers) > MOST_SERVERS:
        raise ValueError(f"{file}: {len(found.servers)} servers are more than pullscope tries ({MOST_SERVERS})")
    encrypted = {name for server in found.servers if server.tls for name in server.names or ("",)}
    # A client never meets a server of port 80 whose names another one serves with TLS.
    found.servers = [one for one in found.servers if one.tls or not encrypted & set(one.names or ("",))]
    return found


def _collect(directives: list[Directive], parent: Scope | None, found: Config) -> None:
    loose = [one for one in directives if one.name == "location" and one.block is not None]
    if loose:
        # A snippet that is included in a server.
        found.servers.append(_server(Directive(f"{found.file}:1", ["server"], directives), None, found.file))
        return
    for one in directives:
        if one.name in {"js_set", "perl_set"} and one.args:
            found.maps[one.args[0].removeprefix("$")] = one
        if one.block is None:
            continue
        if one.name == "server":
            found.servers.append(_server(one, parent, found.file))
        elif one.name == "upstream" and one.args:
            found.upstreams[one.args[0].lower()] = one
        elif one.name == "map" and len(one.args) == 2:
            found.maps[one.args[1].removeprefix("$")] = one
        elif one.name in {"geo", "split_clients"} and one.args:
            found.maps[one.args[-1].removeprefix("$")] = one
        elif one.name == "http":
            _collect(one.block, Scope.of(one, parent), found)


def _server(block: Directive, parent: Scope | None, file: str) -> Server:
    scope = Scope.of(block, parent)
    listens = [one.args for one in scope.own.get("listen", ())]
    names = tuple(
        name if name.startswith("~") else name.lower()
        for one in scope.own.get("server_name", ())
        for name in one.args
        if name not in {"_", '""', ""}
    )
    tls = any(
        "ssl" in words or "quic" in words or re.search(r"(?:^|:)443$", words[0]) is not None
        for words in listens
        if words
    ) or any(one.args[:1] == ["on"] for one in scope.own.get("ssl", ()))
    default = any({"default_server", "default"} & set(words) for words in listens)
    root = Location(scope)
    ports = frozenset(words[0].rpartition(":")[2] for words in listens if words)
    server = Server(root, names, tls, default, ports)
    _locations(root, server, file)
    return server


def _locations(inside: Location, server: Server, file: str) -> None:
    found = inside.scope.own.get("location", [])
    if len(found) > MOST_LOCATIONS:
        raise ValueError(f"{file}: {len(found)} locations are more than pullscope tries ({MOST_LOCATIONS})")
    for one in found:
        if one.block is None or not one.args:
            raise ValueError(f"{one.where}: a location needs a path and braces")
        modifier, path = (one.args[0], one.args[1]) if len(one.args) > 1 else ("", one.args[0])
        if not modifier and path[:1] in {"=", "~"}:
            # `location =/v2/ {` and `location ~^/v2/ {` are legal without the space (ngx_http_core_location).
            spelt = re.match(r"=|~\*|~", path)
            modifier, path = (spelt.group(), path[spelt.end() :]) if spelt else ("", path)
        location = Location(Scope.of(one, inside.scope), path, modifier)
        if path.startswith("@") and not modifier:
            server.named.setdefault(path, location)
        elif modifier == "=":
            inside.exact.setdefault(path, location)
        elif modifier in {"~", "~*"}:
            try:
                location.pattern = regex(path, ignore_case=modifier == "~*")
            except RegexError as error:
                location.unread = str(error)
            inside.regexes.append(location)
        elif modifier in {"", "^~"}:
            inside.prefixes.setdefault(path, location)
        else:
            raise ValueError(f"{one.where}: location {modifier} {path} is not a location that nginx knows")
        _locations(location, server, file)


def returned(one: Directive) -> tuple[int, str]:
    """The status of a `return`, and its text or address (ngx_http_rewrite_module, return)."""
    code, *rest = one.args or [""]
    return (int(code[:4]), " ".join(rest)) if code.isascii() and code.isdigit() else (302, code)


def server_for(config: Config, host: str, port: str = "") -> Server:
    """The server of `host`: by name, by wildcard, by regular expression, by a name with variables, else the default."""
    servers = [one for one in config.servers if port in one.ports] or config.servers
    wanted = (
        [one for one in servers if host in one.names]
        or _by_wildcard(servers, host)
        or _by_regex(servers, host)
        or likeliest(host, ((one.root.where, name, one) for one in servers for name in one.names if name[0] != "~"))
    )
    return next((one for one in wanted if one.tls), wanted[0]) if wanted else default_server(servers)


def default_server(servers: list[Server]) -> Server:
    """The one that answers for a name that no server has."""
    able = [one for one in servers if one.tls] or servers
    return next((one for one in able if one.is_default), able[0])


def _by_wildcard(servers: list[Server], host: str) -> list[Server]:
    found: list[tuple[int, int, Server]] = []
    for one in servers:
        for name in one.names:
            if name.startswith(("*.", ".")):
                ending = name.lstrip("*")
                if host.endswith(ending) or host == ending[1:]:
                    found.append((0, -len(name), one))
            elif name.endswith(".*") and host.startswith(name[:-1]):
                found.append((1, -len(name), one))
    return [one for *_, one in sorted(found, key=lambda row: row[:2])]


def _by_regex(servers: list[Server], host: str) -> list[Server]:
    for one in servers:
        for name in one.names:
            if name.startswith("~"):
                try:
                    if regex(name[1:]).search(host):
                        return [one]
                except RegexError as error:
                    raise NotPlayedError(one.root.where, f"server_name {name} is not played ({error})") from error
    return []


def captured(config: Config, server: Server, host: str) -> dict[str, str]:
    """The groups that server names have: those of the name by which `server` was found, and "" for the others."""
    found: dict[str, str] = {}
    for one in config.servers:
        for name in one.names if any(word.startswith("~") for word in one.names) else ():
            try:
                known = regex(name[1:]) if name.startswith("~") else None
            except RegexError:
                continue
            if known is not None:
                met = known.search(host) if one is server and host not in server.names else None
                found |= {group: met.values[group] if met is not None else "" for group in known.names}
    return found


@dataclass(frozen=True, slots=True)
class Met:
    """The location of a URI, with what its regular expression captured; `slash`: nginx sends to the same with a slash."""

    location: Location
    captures: dict[str, str] = field(default_factory=dict)
    slash: bool = False
    final: bool = True


def find_location(inside: Location, uri: str, file: str) -> Met:
    """The location in `inside` that answers `uri`; `inside` itself where there is none."""
    exact = inside.exact.get(uri)
    if exact is not None:
        return Met(exact)
    met = Met(inside, final=False)
    beginnings = (uri[:length] for length in range(len(uri), -1, -1))
    prefix = next((inside.prefixes[one] for one in beginnings if one in inside.prefixes), None)
    # An exact location has it too (ngx_http_find_static_location, auto_redirect; seen with nginx 1.22).
    slashed = inside.exact.get(f"{uri}/") or inside.prefixes.get(f"{uri}/")
    if slashed is not None and slashed.scope.own.get("proxy_pass") and uri not in inside.prefixes:
        return Met(slashed, slash=True)
    if prefix is not None:
        met = find_location(prefix, uri, file)
        if met.final or prefix.modifier == "^~":
            return met
    for one in inside.regexes:
        if one.pattern is None:
            if _may_match(one.path, uri):
                raise NotPlayedError(one.where, f"location {one.source} is not played ({one.unread})")
            continue
        found = one.pattern.search(uri)
        if found is not None:
            inner = find_location(one, uri, file)
            return Met(inner.location, {**found.values, **inner.captures}, slash=inner.slash)
    return met


def _may_match(pattern: str, uri: str) -> bool:
    """False where a pattern that cannot be read begins with a text that `uri` does not begin with."""
    literal = re.match(r"\^([/\w-]+)(?![*?{])", pattern)
    return literal is None or uri.startswith(literal[1][:-1])
