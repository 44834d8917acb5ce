"""HTTPRoutes of the Gateway API, whichever implementation serves them: read as nginx directives that do what they say.

gateway-api.sigs.k8s.io/reference/spec, HTTPRoute: an exact path before the longest prefix, a prefix by whole segments, the first
of several rules for one path; the Host that was asked is kept. A match or filter that is not here becomes a directive of its
name, which nginx' play does not know: no verdict where it decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.blocks import Directive, refuse_template
from pullscope.worlds.vanity.config_tree import Item, read_items
from pullscope.worlds.vanity.kinds.ingress import taken_as_tried, variable_host
from pullscope.worlds.vanity.kinds.nginx import read_directives
from pullscope.worlds.vanity.platform import Kind, Read
from pullscope.worlds.vanity.regexes import RegexError, regex
from pullscope.worlds.vanity.rules import Dialect

# What an implementation limits is in its own policies: nothing is said of it.
_UNLIMITED = (
    ("client_max_body_size", "0"),
    ("proxy_request_buffering", "off"),
    ("proxy_http_version", "1.1"),
    ("proxy_max_temp_file_size", "0"),
    ("proxy_set_header", "X-Forwarded-Proto", "$scheme"),
    ("proxy_set_header", "Host", "$http_host"),
)
_WITHOUT_EFFECT = {"RequestMirror", "CORS"}


def directives(documents: list[Item], file: str) -> tuple[list[Directive], list[Problem]]:
    """One `server` for each host, and what is to be said of them; ValueError where there is no HTTPRoute."""
    found = [inner for one in documents for inner in (one.at("items").rows or [one])]
    services = {one.at("metadata", "name").text: one for one in found if one.at("kind").text == "Service"}
    hosts: dict[str, list[Directive]] = {}
    for route in (one for one in found if one.at("kind").text == "HTTPRoute"):
        namespace = route.at("metadata", "namespace").text or "default"
        locations = [one for rule in route.at("spec", "rules").rows for one in _locations(rule, namespace, services)]
        for host in route.at("spec", "hostnames").words or [""]:
            hosts.setdefault(host.lower(), []).extend(locations)
    if not any(hosts.values()):
        raise ValueError(f"{file}: there is no HTTPRoute with rules in it")
    remarks: list[Problem] = []
    if unfilled := variable_host(hosts, file):
        remarks.append(taken_as_tried(unfilled, hosts[unfilled][0].where))
        hosts = {"": hosts.pop(unfilled)}
    where = f"{file}:1"
    listen = Directive(where, ["listen", "443", "ssl"])
    servers = [
        Directive(where, ["server"], [listen, Directive(where, ["server_name", host]), *hosts[host]]) for host in hosts
    ]
    if "" not in hosts:
        # Another host's request meets no route: 404.
        servers.append(Directive(where, ["server"], [Directive(where, [*listen.words, "default_server"])]))
    return servers, remarks


def _locations(rule: Item, namespace: str, services: dict[str, Item]) -> Iterator[Directive]:
    """A `location` or two for each match of a rule; none for one of plain http, which only leads to https."""
    for match in rule.at("matches").rows or [Item(rule.where)]:
        kind, path = match.at("path", "type").text or "PathPrefix", match.at("path", "value").text or "/"
        block = [Directive(rule.where, list(words)) for words in _UNLIMITED]
        block += [Directive(match.where, [name]) for name in match.fields if name != "path"]
        for one in rule.at("filters").rows:
            block += _filtered(one, path.rstrip("/"))
        names_host = [one for one in block if one.words[:2] == ["proxy_set_header", "Host"]]
        block = [one for one in block if one not in names_host[:-1]]
        ways = {"Exact": [["=", path]], "PathPrefix": [[f"{path.rstrip('/')}/"], ["=", path.rstrip("/") or "/"]]}.get(
            kind
        )
        if ways is None:
            try:
                regex(path, engine="RE2")
            except RegexError:  # Envoy refuses it; who takes it is not known (gateway-api.sigs.k8s.io/geps/gep-4359)
                path = ".*"
            ways, block = [["~", f"^(?:{path})$"]], [Directive(match.where, [kind])]
        if not any(one.name in {"return", "if"} for one in block):
            block += _passed(rule, namespace, services)
        if ["upgrade"] not in [one.words for one in block]:
            yield from (Directive(match.where, ["location", *words], block) for words in ways)


def _filtered(one: Item, prefix: str) -> Iterator[Directive]:
    kind = one.at("type").text
    options = one.at(kind)
    moved = options.at("path")
    full, instead = moved.at("replaceFullPath").text, moved.at("replacePrefixMatch").text.rstrip("/")
    beginning = f"^{re.escape(prefix)}(/.*)?$"
    if kind == "RequestRedirect":
        scheme, host, port = options.at("scheme").text or "https", options.at("hostname").text, options.at("port").text
        to = f"{scheme}://{host or '$host'}" + (f":{port}" if port not in {"", "443"} else "")
        code = options.at("statusCode").text or "302"
        if scheme == "https" and not host and not moved:
            yield Directive(one.where, ["upgrade"])
        elif moved and not full:
            answer = Directive(one.where, ["return", code, f"{to}{instead}$1$is_args$args"])
            yield Directive(one.where, ["if", "($uri", "~", f"{beginning})"], [answer])
        else:
            yield Directive(one.where, ["return", code, f"{to}{full}$is_args$args" if full else f"{to}$request_uri"])
    elif kind == "URLRewrite":
        if moved:
            yield Directive(one.where, ["rewrite", *(["^", full] if full else [beginning, f"{instead}$1"]), "break"])
        if host := options.at("hostname").text:
            yield Directive(one.where, ["proxy_set_header", "Host", host])
    elif kind in {"RequestHeaderModifier", "ResponseHeaderModifier"}:
        changes = [
            (row.at("name").text, row.at("value").text) for name in ("set", "add") for row in options.at(name).rows
        ]
        for name, value in [*changes, *((name, "") for name in options.at("remove").words)]:
            to_registry = kind.startswith("Request")
            yield Directive(
                one.where,
                ["proxy_set_header", name, value] if to_registry else ["more_set_headers", f"{name}: {value}"],
            )
    elif kind not in _WITHOUT_EFFECT:
        yield Directive(one.where, [kind])


def _passed(rule: Item, namespace: str, services: dict[str, Item]) -> Iterator[Directive]:
    """What leads to the rule's Service, or to the host that it stands for; 500 where it has none."""
    backends = [one for one in rule.at("backendRefs").rows if one.at("weight").text != "0"]
    if not backends:
        yield Directive(rule.where, ["return", "500"])
        return
    first, *others = backends
    if others or first.at("kind").text not in {"", "Service"} or first.at("filters"):
        yield Directive(first.where, ["backendRefs"])
    host = f"{first.at('name').text}.{first.at('namespace').text or namespace}.svc"
    port = first.at("port").text or "80"
    external = services.get(first.at("name").text, Item("")).at("spec", "externalName").text
    yield Directive(
        first.where,
        ["proxy_pass", f"https://{external}" if external and port == "443" else f"http://{external or host}:{port}"],
    )


_TELLS = re.compile(r"^\s*(?:- )?kind:\s*[\"']?HTTPRoute[\"']?\s*(?:#.*)?$", re.MULTILINE)
_DIALECT = Dialect(server="gateway", absolute_location=True)


def _read(text: str, file: str) -> Read:
    """ValueError, with the line, for a text that is not YAML or holds no HTTPRoute."""
    refuse_template(text, file)
    found, remarks = directives(read_items(text, file), file)
    read = read_directives(found, file, _DIALECT)
    # nginx' own advice, where a filter has named another host.
    own = [
        replace(one, fix="leave hostname out of URLRewrite") if one.code == "upload-location-elsewhere" else one
        for one in read.remarks
    ]
    return replace(read, remarks=[*remarks, *own])


KIND = Kind(
    id="gateway",
    label="Gateway API",
    is_file=lambda name, text: name.endswith((".yml", ".yaml")) and _TELLS.search(text) is not None,
    read=_read,
    dialect=_DIALECT,
    ping_fix="add a rule for /v2/ with the filter RequestRedirect and hostname: {target}",
    query_fix="leave the path out of the filter, or replace its prefix",
    status_fix="use statusCode: 302",
    address="the gateway's address",
    row=("`*.yaml` with `kind: HTTPRoute`", "`path.type`", "302 for `RequestRedirect`"),
)
