"""Caddy as a platform: a Caddyfile as a `RuleFile`'s parts, and what is said of it.

Before a registry of one's own Caddy streams bodies both ways and has no time limits unless told
(caddyserver.com/docs/caddyfile/directives/reverse_proxy), so that only a limit of bodies and compression of manifests remain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from pullscope.oci.messages import Request
from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.blocks import Directive, names
from pullscope.worlds.vanity.caddy.play import DIALECT, Play
from pullscope.worlds.vanity.caddy.tree import (
    HARMLESS,
    Site,
    matcher_of,
    redir_status,
    site_for,
    sites,
    statements,
    status_among,
    upstream_base,
    with_values,
)
from pullscope.worlds.vanity.patterns import PrefixPattern, beginning_pattern, exact_pattern
from pullscope.worlds.vanity.platform import Kind, Read, Statements, served
from pullscope.worlds.vanity.rules import Decision, Pattern, Rule, refused, remark, too_large, unplayed, unread
from pullscope.worlds.vanity.upstreams import is_inside

_PLAYED = names(
    """
    handle handle_path route redir respond error abort rewrite uri try_files header request_header basicauth basic_auth
    reverse_proxy file_server map
    """
)


def _read(directives: list[Directive], file: str) -> Read:
    every = sites(directives, file)
    rules: list[Rule] = []
    known: dict[int, Rule] = {}
    remarks: list[Problem] = []
    old = next((one for site in every for one in site.block if one.name == "proxy"), None)
    if old is not None:
        raise ValueError(f"{old.where}: proxy is a directive of Caddy 1, which Caddy 2 refuses: write reverse_proxy")
    for site in every:
        hosts = () if site.takes_any else site.hosts
        for one, within in _answering(site.block, "/*", site.matchers):
            rules.append(known.setdefault(id(one), _rule(one, within, hosts, site.matchers)))
        known[id(site)] = Rule.of_server(site.where, "(nothing handles it)", PrefixPattern("/"), hosts=hosts)
        remarks.extend(_remarks(site))

    def play(request: Request) -> Decision:
        site = site_for(every, request.host)
        if site is None:
            return Decision(response=DIALECT.not_found(), because="no site has this name", file=file)
        return Play(file, request, site=site, rules=known).answer()

    return Read(rules=rules, remarks=remarks, play=play, hosts=frozenset(name for site in every for name in site.hosts))


def _answering(
    block: list[Directive], within: str, matchers: Mapping[str, Directive]
) -> Iterator[tuple[Directive, str]]:
    for one in block:
        if one.name in {"handle", "handle_path", "route", "handle_response"}:
            yield from _answering(one.block or [], _path_of(one, within, matchers), matchers)
        elif one.name in {"redir", "respond", "reverse_proxy", "error", "abort"}:
            yield one, within
            yield from _answering(one.block or [], within, matchers)


def _path_of(one: Directive, within: str, matchers: Mapping[str, Directive]) -> str:
    matcher = matcher_of(one)[0]
    if matcher.startswith("/"):
        return matcher
    named = matchers.get(matcher)
    if named is not None:
        for row in named.block or []:
            if row.name == "path" and len(row.words) > 1:
                return next((word for word in row.words if word.startswith("/v2")), row.words[1])
            if row.name == "path_regexp" and len(row.words) > 1:
                return row.words[-1]
    return within


def _rule(one: Directive, within: str, hosts: tuple[str, ...], matchers: Mapping[str, Directive]) -> Rule:
    path = _path_of(one, within, matchers)
    pattern: Pattern
    if path.startswith("^") or "(" in path:
        pattern = beginning_pattern(path)
    else:
        pattern = PrefixPattern(path[:-1] or "/") if path.endswith("*") else exact_pattern(path)
    words = matcher_of(one)[1]
    status, target = 200, None
    if one.name == "redir" and words:
        status, target = redir_status(words[1] if len(words) > 1 else ""), words[0]
    elif one.name == "reverse_proxy":
        addresses = [*words, *(word for each in one.block or [] if each.name == "to" for word in each.args)]
        target = upstream_base(addresses[0]) if addresses else None
    else:
        status = status_among(words, 200)
    return Rule.of_server(one.where, path, pattern, status, target, hosts)


def _remarks(site: Site) -> Iterator[Problem]:
    for address in site.addresses:
        if "{" in address or (site.takes_any and site.hosts):
            why = "has no value here" if "{" in address else "is a variable's default"
            message = f"the site's address {address} {why}: it is taken as the host that is tried."
            yield unplayed(site.where, message, severity="info")
    yield from _unknown(site.block)
    yield from own_registry(site)


def _unknown(block: list[Directive]) -> Iterator[Problem]:
    for one in block:
        if one.name == "import":
            yield unread(one.where, f"import {' '.join(one.args)}")
        elif one.name not in _PLAYED and one.name not in HARMLESS and not one.name.startswith("@") and one.name:
            yield unplayed(one.where, f"the directive {one.name} can change what a path answers, and is not played.")
        if one.name in {"handle", "handle_path", "route"}:
            yield from _unknown(one.block or [])
        for word in matcher_of(one)[1] if one.name == "reverse_proxy" else ():
            if upstream_base(word) is None and "{" not in word:
                message = f"Caddy refuses reverse_proxy {word[:60]}: an upstream is scheme, host and port."
                yield refused(one.where, message, "leave the path out; uri or rewrite changes it")


LEAST_BODY = 100_000_000
"""Bytes; layers of ordinary images come near it."""
_MANIFEST = "application/vnd.oci.image.index.v1+json"
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def own_registry(site: Site) -> Iterator[Problem]:
    """Remarks on a site that leads to a host inside."""
    every = [one for top in site.block for one in top.everything()]
    inside = any(
        is_inside(base.partition("://")[2])
        for one in every
        if one.name == "reverse_proxy"
        for base in (upstream_base(word) for word in matcher_of(one)[1])
        if base is not None
    )
    for one in every if inside else ():
        if one.name == "request_body":
            for limit in one.block or []:
                written = limit.args[0] if limit.name == "max_size" and limit.args else ""
                size = re.fullmatch(r"([0-9]{1,12}) ?([kmg]?i?)b?", written.lower())
                if size is not None and 0 < int(size[1]) * _UNITS.get(size[2], 1) < LEAST_BODY:
                    fix = "leave request_body out where the registry is"
                    yield too_large(limit.where, written, "max_size", fix)
        elif one.name == "encode" and any(fnmatchcase(_MANIFEST, each) for each in _types(one)):
            # Caddy 2.6: HEAD with Accept-Encoding: gzip then says Content-Length: 20. Its own list of types has no manifest.
            message = (
                "manifests are compressed: HEAD of one has a wrong Content-Length for clients that send Accept-Encoding: gzip, "
                "as a CDN in front may."
            )
            fix = "leave the match out of encode, or encode where the registry is"
            yield remark(one.where, "head-unusable", "warning", message, fix)


def _types(encode: Directive) -> Iterator[str]:
    """The types that a response matcher of `encode` names."""
    for match in encode.block or []:
        if match.name == "match":
            rows = [match.args, *([row.name, *row.args] for row in match.block or [])]
            yield from (
                word for row in rows if row[:1] == ["header"] and row[1:2] == ["Content-Type"] for word in row[2:]
            )


KIND = Kind(
    id="caddy",
    label="Caddy",
    is_file=lambda name, _: "caddyfile" in name or name.endswith(".caddy"),
    read=Statements(statements, _read, names("import")),
    dialect=DIALECT,
    with_values=with_values,
    ping_fix="add: redir /v2/ https://{target}/v2/ 302",
    path_fix="write handle /v2/* instead of handle_path, without uri strip_prefix: then the path goes on as it came",
    query_fix="use {uri}, which holds the query",
    address="Caddy's address",
    projects=served("Caddyfile", "caddy"),
    row=(
        "`Caddyfile` (`redir`, `respond`, `handle`, `route`, `rewrite`, `uri`, `reverse_proxy`, named matchers)",
        "exact, or `*` at an end; `path_regexp`",
        "302",
    ),
)
