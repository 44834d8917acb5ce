"""nginx as a platform: a configuration as a `RuleFile`'s parts, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.blocks import Directive, names, nginx_directives
from pullscope.worlds.vanity.decision import Dialect
from pullscope.worlds.vanity.nginx.directives import is_known, may_be_left_out
from pullscope.worlds.vanity.nginx.own_registry import own_registry
from pullscope.worlds.vanity.nginx.play import DIALECT, Play
from pullscope.worlds.vanity.nginx.tree import Config, Location, Server, config, default_server, returned
from pullscope.worlds.vanity.patterns import PrefixPattern, beginning_pattern, exact_pattern
from pullscope.worlds.vanity.platform import Kind, Read, Statements, served
from pullscope.worlds.vanity.rules import Pattern, Rule, unplayed, unread
from pullscope.worlds.vanity.upstreams import is_inside


def read_directives(directives: list[Directive], file: str, dialect: Dialect = DIALECT) -> Read:
    """ValueError, with the line, for directives among which there is no server."""
    tree = config(directives, file, dialect)
    known: dict[int, Rule] = {}
    default = default_server(tree.servers)
    for server in tree.servers:
        hosts = () if server is default else server.names
        found = [pair for location in _locations(server) for pair in _rules(location, tree, hosts)]
        known |= {id(one): rule for _, one, rule in sorted(found, key=lambda each: each[0])}
    remarks = [remark for server in tree.servers for remark in _remarks(server, tree)]
    return Read(
        rules=list(known.values()),
        remarks=remarks,
        play=lambda request: Play(tree, known, request).answer(),
        hosts=frozenset(name for server in tree.servers for name in server.names),
    )


def _locations(server: Server) -> Iterator[Location]:
    yield from server.root.everything()
    for named in server.named.values():
        yield from named.everything()


def _pattern(location: Location) -> Pattern:
    if location.modifier == "=":
        return exact_pattern(location.path)
    if location.path.startswith("@"):
        return exact_pattern("/")
    if location.is_regex:
        return beginning_pattern(location.path)
    return PrefixPattern(location.path or "/")


def _rules(
    location: Location, tree: Config, hosts: tuple[str, ...]
) -> Iterator[tuple[tuple[int, int], Directive, Rule]]:
    pattern = _pattern(location)
    order = {"=": (0, 0), "~": (1, 0), "~*": (1, 0)}.get(location.modifier, (2, -len(location.path)))
    for one in _answering(location.scope.block.block or []):
        rule = Rule.of_server(one.where, location.source or "/", pattern, _status(one), _to(one, tree), hosts)
        yield order if location.path else (-1, 0), one, rule


def _answering(block: list[Directive]) -> Iterator[Directive]:
    for one in block:
        if one.name in {"return", "proxy_pass", "deny"} or (one.name == "rewrite" and _is_redirect(one)):
            yield one
        elif one.name == "if" and one.block is not None:
            yield from _answering(one.block)


def _is_redirect(one: Directive) -> bool:
    return one.args[2:3] in (["redirect"], ["permanent"]) or (
        len(one.args) > 1 and one.args[1].startswith(("http://", "https://", "$scheme"))
    )


def _status(one: Directive) -> int:
    if one.name == "return":
        return returned(one)[0]
    if one.name == "rewrite":
        return 301 if one.args[2:3] == ["permanent"] else 302
    return 403 if one.name == "deny" else 200


def _to(one: Directive, tree: Config) -> str | None:
    if one.name == "proxy_pass" and one.args:
        scheme, separator, rest = one.args[0].partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}{separator}{tree.server_of(host)}{slash}{path}"
    if one.name == "rewrite":
        return one.args[1]
    if one.name == "return" and 300 <= _status(one) < 400:
        return returned(one)[1] or None
    return None


def _remarks(server: Server, tree: Config) -> Iterator[Problem]:
    for location in _locations(server):
        if location.unread:
            message = f"location {location.source} is not played: {location.unread}."
            yield unplayed(location.where, message)
        yield from _unknown(location.scope.block.block or [])
        for one in location.scope.own.get("proxy_pass", ()):
            if one.args:
                yield from _foreign_host(location, one, tree)
    yield from own_registry(server, tree)


def _unknown(block: list[Directive]) -> Iterator[Problem]:
    for one in block:
        if one.name == "include" and one.args and not may_be_left_out(one.args[0]):
            yield unread(one.where, f"include {one.args[0]}")
        elif not is_known(one.name) and one.name:
            yield unplayed(one.where, f"the directive {one.name} is not played.")
        if one.name in {"if", "limit_except"} and one.block is not None:
            yield from _unknown(one.block)


def _foreign_host(location: Location, one: Directive, tree: Config) -> Iterator[Problem]:
    host = next((field for field in location.scope.find("proxy_set_header") if field.args[:1] == ["Host"]), None)
    given = (each.args for scope in location.scope.levels() for each in scope.own.get("set", ()))
    to = next((args[-1] for args in given if args[:1] == one.args[:1]), one.args[0])
    authority = tree.server_of(to.partition("://")[2].partition("/")[0])
    own = authority and "$" not in authority and is_inside(authority)
    if host is None or host.args[1:2] not in (["$host"], ["$http_host"]) or to.startswith("http://") or own:
        return
    yield unplayed(
        host.where,
        f"{one.args[0]} is asked with the vanity host's name in Host ({host.args[1]}): a server that chooses by "
        "Host may refuse it, which is not played.",
        "Leave proxy_set_header Host out, or name the other host in it.",
    )


_TELLS = re.compile(r"^\s*(?:(?:server|http|events)\s*|(?:upstream|location)\s[^\n;{}]*)\{", re.MULTILINE)

SERVER = Statements(nginx_directives, read_directives, names("include"))
KIND = Kind(
    id="nginx",
    label="nginx",
    turn=2,
    is_file=lambda name, text: name.endswith((".conf", ".nginx")) or name == "nginx" or _TELLS.search(text) is not None,
    read=SERVER.read,
    server=SERVER,
    dialect=DIALECT,
    ping_fix="Add: location = /v2/ {{ return 302 https://{target}/v2/; }}",
    query_fix="Use $request_uri, which holds the query.",
    address="nginx's address",
    projects=served("vanity.conf", "nginx", proxy_steps="steps-nginx-proxy.md"),
    row=(
        "`*.conf` (`location`, `return`, `rewrite`, `proxy_pass`, `error_page`, `map`, `if`)",
        "prefix, `=` exact, `~` regular expression",
        "302 for a bare URL",
    ),
)
