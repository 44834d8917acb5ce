"""nginx as a platform: a configuration as a `RuleFile`'s parts, and what is said of it.
One file, because what is said of a directive and which directives are known is one subject.

Before a registry of one's own: what stops large layers, uploads and HEAD, each with its line. The codes are those under which the
same shows on the wire (docs/findings.md). A directive that breaks pulls is a warning; a default that ordinary images live with is
a note. Defaults are those of nginx.org, ngx_http_proxy_module, ngx_http_core_module and ngx_http_gzip_module; what is said of
compression and of temporary files was seen with nginx 1.22.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import SplitResult, urlsplit

from pullscope.oci.messages import Headers, Request
from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.blocks import Directive, names, nginx_directives
from pullscope.worlds.vanity.nginx.directives import is_known, may_be_left_out
from pullscope.worlds.vanity.nginx.play import DIALECT, Play
from pullscope.worlds.vanity.nginx.state import State, moved, sent_headers, target_of
from pullscope.worlds.vanity.nginx.tree import (
    Config,
    Location,
    Server,
    config,
    default_server,
    find_location,
    returned,
    server_for,
)
from pullscope.worlds.vanity.patterns import PrefixPattern, beginning_pattern, exact_pattern
from pullscope.worlds.vanity.platform import Kind, Read, Statements, served
from pullscope.worlds.vanity.rules import Dialect, NotPlayedError, Pattern, Rule, remark, unplayed, unread
from pullscope.worlds.vanity.upstreams import is_inside

LEAST_BODY = 100 * 1024 * 1024
"""Bytes; a layer of an ordinary image has more than nginx's 1 MB."""
LEAST_TIMEOUT = 60.0
"""Seconds, nginx's own default."""
TEMPORARY_FILE = 1024 * 1024 * 1024
"""Bytes of an answer that nginx keeps in a file, unless told."""
UPLOAD = "/v2/org/img/blobs/uploads/"
MANIFESTS = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.v2+json")

_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_SECONDS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def own_registry(server: Server, tree: Config) -> Iterator[Problem]:
    """Remarks on the location that uploads go to, where it leads to a host inside."""
    try:
        location = find_location(server.root, UPLOAD, tree.file).location
    except NotPlayedError:
        return
    for one in location.scope.own.get("proxy_pass", ()):
        host = tree.server_of(one.args[0].partition("://")[2].partition("/")[0]) if one.args else "$"
        if "$" not in host and is_inside(host):
            case = _Case(server, location, one, tree)
            pushes = case.takes_pushes()
            yield from (remark for remark in _advice(case) if pushes or not remark.code.startswith("upload-"))


class _Case:
    """One proxy_pass and where it stands."""

    def __init__(self, server: Server, location: Location, one: Directive, tree: Config) -> None:
        self.tls, self.scope, self.one, self._location = server.tls, location.scope, one, location
        self._tree = replace(tree, servers=[server])
        self.host = next((name for name in server.names if re.fullmatch(r"[a-z0-9.-]+", name)), "docker.example.com")

        self._client = Request(method="POST", url=f"https://{self.host}{UPLOAD}", headers=Headers({"Host": self.host}))

    def takes_pushes(self) -> bool:
        """False where the server itself refuses one: limit_except, an if on $request_method."""
        try:
            answer = Play(self._tree, {}, self._client).answer().response
        except (NotPlayedError, ValueError, RecursionError):
            return True
        return answer is None or answer.status < 400

    def upload_address(self) -> SplitResult | None:
        """Where a client is sent to upload, if the registry builds addresses as distribution does; None: not known.

        distribution 2.8, registry/api/v2/urls.go: X-Forwarded-Proto and X-Forwarded-Host, else what it was asked by.
        """
        state = State(self._tree, self._client, self.host, UPLOAD, UPLOAD, "", server_name=self.host)
        try:
            target, state.proxy_host, _ = target_of(state, self._location, self.one, left_location=False)
            told = sent_headers(state, self.scope, state.proxy_host, strict=False)
            scheme = told.get("X-Forwarded-Proto") or urlsplit(target).scheme
            host = told.get("X-Forwarded-Host") or told.get("Host") or urlsplit(target).netloc
            address = f"{scheme}://{host}{UPLOAD}id?_state=s"
            return urlsplit(moved(state, self.scope, self._location.path, address, self.one))
        except (NotPlayedError, ValueError):
            return None

    def word(self, name: str, default: str = "") -> str:
        """What a directive says first, in lower case."""
        found = self.scope.last(name)
        return found.args[0].lower() if found is not None and found.args else default

    def said(self, name: str, default: str) -> tuple[str, str]:
        """The directive as it is named in a sentence, and what it says; the default where it is not written."""
        return (name, self.word(name)) if self.word(name) else (f"{name}, the default", default)

    def remark(self, code: str, message: str, fix: str, *, at: str = "", severity: str = "warning") -> Problem:
        """At the line of the directive `at`, else at that of proxy_pass."""
        place = (self.scope.last(at) if at else None) or self.one
        return remark(place.where, code, severity, message, fix)


_TIMEOUTS = {
    # tiiuae/ghaf-infra#1040 and distribution/distribution#755: 408.
    "client_body_timeout": "a push whose client pauses for {} is answered 408",
    # goharbor/harbor#9394, docker-archive/docker-registry#900 and #320: 504.
    "proxy_read_timeout": "a registry that takes {} to store a layer is given up on, and the push is answered 504",
    "proxy_send_timeout": "a registry that stops reading an upload for {} is given up on, and the push is answered 504",
    "send_timeout": "the connection of a client that stops reading a layer for {} is closed",
}


def _advice(case: _Case) -> Iterator[Problem]:
    written, limit = case.said("client_max_body_size", "1m")
    size = _bytes(limit)
    if size is not None and 0 < size < LEAST_BODY:
        message = f"a push of a layer of more than {limit} is answered 413 ({written})."
        fix = "write client_max_body_size 0; for no limit"
        yield case.remark("upload-too-large", message, fix, at="client_max_body_size")

    # distribution/distribution#479, #1177, #970, moby/moby#18469. nginx 1.22 before docker-registry 2.8: without a word on Host
    # and scheme, proxy_redirect's default makes the address right; with only one of them nothing does.
    where = case.upload_address() if case.tls else None
    if where is not None and where.netloc and (where.scheme, where.netloc.removesuffix(":443")) != ("https", case.host):
        yield case.remark(
            "upload-location-elsewhere",
            f"a registry that builds addresses from what it is told (distribution) sends uploads to "
            f"{where.scheme}://{where.netloc[:60]}, where pushes end.",
            "write proxy_set_header Host $http_host; and proxy_set_header X-Forwarded-Proto $scheme;",
        )

    # distribution/distribution#970 and the recipe that it corrects: behind a load balancer the scheme is its own.
    told = next(
        (one for one in case.scope.find("proxy_set_header") if one.args[0].lower() == "x-forwarded-proto"), None
    )
    if not case.tls and told is not None and told.args[1:] == ["$scheme"]:
        message = (
            "nginx has no TLS here: where it ends in front of nginx (a load balancer, Cloudflare), $scheme is http, and a "
            "registry that builds addresses from it sends uploads to http://, where pushes end."
        )
        fix = "write proxy_set_header X-Forwarded-Proto https; if clients ask over https"
        yield remark(told.where, "upload-location-elsewhere", "info", message, fix)

    # Joxit/docker-registry-ui#152 (layers of 10 GB: unexpected EOF), linuxserver/docker-swag#84,
    # AtlasOfLivingAustralia/ala-install#208.
    # nginx 1.22, a file of 4m, a client that pauses: cut where the other side gives up after 3 s, whole where it waits.
    written, limit = case.said("proxy_max_temp_file_size", "1024m")
    size = _bytes(limit)
    if case.word("proxy_buffering", "on") != "off" and size is not None and 0 < size <= TEMPORARY_FILE:
        yield case.remark(
            "size-mismatch",
            f"a layer of more than {limit} is cut if the registry's side gives up before the client has caught up: "
            f"nginx reads no further ahead ({written}).",
            "write proxy_max_temp_file_size 0; or proxy_buffering off;",
            at="proxy_max_temp_file_size",
            severity="warning" if size < TEMPORARY_FILE else "info",
        )

    # The first: Joxit/docker-registry-ui#282 (500 with layers of 20 GB), sini/nix-config#164 (502),
    # cloudfoundry-community/docker-registry-boshrelease#44 (500, disk full). The second: gitlab-org/omnibus-gitlab!2386.
    version = case.word("proxy_http_version")
    if case.word("proxy_request_buffering", "on") != "off":
        waits = case.word("proxy_read_timeout")
        then = "" if waits else ", which then has 60 s to answer (proxy_read_timeout, the default)"
        yield case.remark(
            "upload-cut-off",
            f"each layer of a push is written to nginx's disk before it is sent to the registry{then}: large layers need the "
            "room and take twice the time.",
            "write proxy_request_buffering off; and proxy_http_version 1.1;",
            at="proxy_request_buffering",
            severity="info",
        )
    elif version in {"", "1.0"}:
        yield case.remark(
            "upload-cut-off",
            "each layer of a push is still written to nginx's disk first: docker sends it in chunks, for which "
            "proxy_request_buffering off has no effect with HTTP/1.0 to the registry "
            f"({'proxy_http_version 1.0' if version else 'the default before nginx 1.29.7'}).",
            "write proxy_http_version 1.1;",
            at="proxy_http_version" if version else "proxy_request_buffering",
        )

    for name, effect in _TIMEOUTS.items():
        given = case.word(name)
        seconds = _seconds(given)
        if given and seconds is not None and seconds < LEAST_TIMEOUT:
            code = "size-mismatch" if name == "send_timeout" else "upload-cut-off"
            shown = f"{given} s" if given.isdigit() else given
            yield case.remark(code, f"{effect.format(shown)} ({name}).", f"write {name} 900s;", at=name)

    # cloudflare/cloudflared#500, distribution/distribution#2475, ahmetb/serverless-registry-proxy#10: no Content-Length, and
    # docker stops.
    # nginx 1.22: HEAD with Accept-Encoding: gzip loses it where gzip_types names the type or is *, and keeps it where it is
    # application/json, or where HEAD has no Accept-Encoding.
    types = next(iter(case.scope.find("gzip_types")), None)
    if case.word("gzip") == "on" and types is not None and {"*", *MANIFESTS} & set(types.args):
        yield case.remark(
            "head-unusable",
            "manifests are compressed: HEAD of one has no Content-Length for clients that send Accept-Encoding: gzip, as a CDN "
            "in front may, and docker stops at that.",
            "write gzip off; where the registry is: layers are compressed already",
            at="gzip_types",
        )


def _bytes(text: str) -> int | None:
    """A size as nginx writes it; None for another text."""
    size = re.fullmatch(r"([0-9]{1,12})([kmg]?)", text)
    return int(size[1]) * _UNITS[size[2]] if size is not None else None


def _seconds(text: str) -> float | None:
    """A time as nginx writes it, `1m30s`; None for another text."""
    if not re.fullmatch(r"(?:[0-9]{1,9}(?:ms|[smhdw])?)+", text):
        return None
    return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"([0-9]+)(ms|[smhdw]|)", text))


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
    places = {id(one): {each.where for each in one.root.scope.block.everything()} for one in tree.servers}

    def foreign(host: str) -> set[str]:
        name, _, port = host.partition(":")
        own = server_for(tree, name, port)
        return set().union(*(each for one, each in places.items() if one != id(own))) - places[id(own)]

    return Read(
        rules=list(known.values()),
        remarks=remarks,
        play=lambda request: Play(tree, known, request).answer(),
        hosts=frozenset(name for server in tree.servers for name in server.names),
        foreign=foreign,
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
    whole = len(one.args) > 1 and one.args[1].startswith(("http://", "https://", "$scheme"))
    return whole or one.args[2:3] in (["redirect"], ["permanent"])


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
    secure = default_server(tree.servers)
    if server.ports == {"80"} and secure.tls and "443" in secure.ports:
        # goharbor/harbor#14593.
        name = next(iter(server.names), "this server")
        message = (
            f"the name {name} has port 80 only: over https, which clients ask first, port 443 answers with another server "
            f"({secure.root.where})."
        )
        yield remark(
            server.root.where,
            "rule-unreachable",
            "warning",
            message,
            "add listen 443 ssl, unless TLS ends in front of nginx",
        )
    for location in _locations(server):
        if location.unread:
            message = f"location {location.source} is not played: {location.unread}."
            yield unplayed(location.where, message)
        yield from _unknown(location.scope.block.block or [])
        for one in location.scope.own.get("proxy_pass", ()):
            if one.args:
                yield from _foreign_host(location, one, tree)
    yield from own_registry(server, tree)


WHOLE = "give the whole configuration, as nginx -T prints it: sudo nginx -T > nginx-T.conf"


def _unknown(block: list[Directive]) -> Iterator[Problem]:
    for one in block:
        if one.name == "include" and one.args and not may_be_left_out(one.args[0]):
            yield unread(one.where, f"include {one.args[0]}", WHOLE)
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
        "leave proxy_set_header Host out, or name the other host in it",
    )


_TELLS = re.compile(r"^\s*(?:(?:server|http|events)\s*|(?:upstream|location)\s[^\n;{}]*)\{", re.MULTILINE)

KIND = Kind(
    id="nginx",
    label="nginx",
    turn=2,
    is_file=lambda name, text: name.endswith((".conf", ".nginx")) or name == "nginx" or _TELLS.search(text) is not None,
    read=Statements(nginx_directives, read_directives, names("include")),
    dialect=DIALECT,
    ping_fix="add: location = /v2/ {{ return 302 https://{target}/v2/; }}",
    path_fix="write proxy_pass with the host alone, without a / at its end: then the path goes on as it came",
    query_fix="use $request_uri, which holds the query",
    address="nginx's address",
    projects=served("vanity.conf", "nginx", proxy_steps="steps-nginx-proxy.md"),
    row=(
        "`*.conf` (`location`, `return`, `rewrite`, `proxy_pass`, `error_page`, `map`, `if`)",
        "prefix, `=` exact, `~` regular expression",
        "302 for a bare URL",
    ),
)
