"""Kubernetes Ingress for ingress-nginx: its objects read as the directives that the controller writes for them.
One file, because each annotation is read where its directive is made. Plays nothing.

rootfs/etc/nginx/template/nginx.tmpl, internal/ingress/controller/template/template.go and controller/location.go of
kubernetes/ingress-nginx. Each directive has the line of the path or annotation that it is made of. An annotation that is neither
here nor harmless becomes a directive of that name, which nginx' play does not know: no verdict where it decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.blocks import Directive, nginx_directives, refuse_template
from pullscope.worlds.vanity.config_tree import Item, read_items
from pullscope.worlds.vanity.kinds.nginx import read_directives
from pullscope.worlds.vanity.nginx.play import DIALECT
from pullscope.worlds.vanity.not_read import OWN_FORM
from pullscope.worlds.vanity.platform import Kind, Read, routed
from pullscope.worlds.vanity.rules import unplayed
from pullscope.worlds.vanity.traefik.ingress import is_of_traefik

PREFIX = "nginx.ingress.kubernetes.io/"
_HEADERS = {
    "X-Forwarded-Host": "$http_host",
    "X-Forwarded-Port": "$server_port",
    "X-Forwarded-Proto": "$scheme",
    "X-Scheme": "$scheme",
}
_DIRECTIVES = {
    "proxy-body-size": "client_max_body_size",
    "proxy-max-temp-file-size": "proxy_max_temp_file_size",
    "proxy-request-buffering": "proxy_request_buffering",
    "proxy-buffering": "proxy_buffering",
    "proxy-http-version": "proxy_http_version",
    "proxy-read-timeout": "proxy_read_timeout",
    "proxy-send-timeout": "proxy_send_timeout",
    "client-body-timeout": "client_body_timeout",
}
"""Annotations whose value is that of a directive; times are seconds."""
_F5 = {one: one for one in _DIRECTIVES} | {"client-max-body-size": "proxy-body-size"}
_F5_DECIDING = {"rewrites", "location-snippets", "server-snippets", "path-regex", "basic-auth-secret"}
_PLAYED = (
    {"permanent-redirect", "permanent-redirect-code", "temporal-redirect", "temporal-redirect-code"}
    | {"rewrite-target", "use-regex", "app-root", "upstream-vhost", "backend-protocol", "auth-type", "server-alias"}
    | {"configuration-snippet", "canary", "proxy-redirect-from", "proxy-redirect-to", "custom-http-errors"}
)
_HARMLESS = re.compile(
    r"affinity|session-cookie|canary-|auth-(?:secret|realm|secret-type|cache|proxy-set)|backend-|client-body-buffer|connection-proxy|"
    r"cors-|default-backend|enable-|force-ssl-redirect|from-to-www|hsts|http2-|limit-|load-balance|mirror|preserve-trailing|"
    r"proxy-(?:buffer|busy|connect|cookie|next|ssl|set-headers)|satisfy|service-upstream|ssl-(?:redirect|ciphers|prefer)|upstream-hash|"
    r"use-port|x-forwarded-prefix|stream-snippet|modsecurity|opentelemetry|opentracing|relative-redirects"
)
# proxy_pass goes to a group of pods; other protocols have directives of their own (buildProxyPass).
_PASSES = {"HTTP": "http", "AUTO_HTTP": "http", "HTTPS": "https"}


@dataclass(slots=True)
class _Path:
    """One path of a rule, with the annotations of its Ingress."""

    path: str
    kind: str
    where: str
    target: str
    annotations: dict[str, Item]

    def word(self, name: str) -> str:
        return self.annotations[name].text.strip() if name in self.annotations else ""

    @property
    def rewrites(self) -> bool:
        return self.word("rewrite-target") not in {"", self.path}


def directives(documents: list[Item], file: str) -> tuple[list[Directive], list[Problem]]:
    """One `server` for each host; ValueError where there is no Ingress, or one that is another controller's."""
    found = [inner for one in documents for inner in (one.at("items").rows or [one])]
    ingresses = [one for one in found if one.at("kind").text == "Ingress"]
    if not ingresses:
        raise ValueError(f"{file}: there is no Ingress in it")
    services = {one.at("metadata", "name").text: one for one in found if one.at("kind").text == "Service"}
    hosts: dict[str, list[_Path]] = {}
    aliases: dict[str, list[str]] = {}
    remarks: list[Problem] = []
    for one in ingresses:
        annotations = {
            name.removeprefix(PREFIX): item
            for name, item in one.at("metadata", "annotations").fields.items()
            if name.startswith(PREFIX)
        }
        if not annotations:
            annotations = dict(_of_f5(one.at("metadata", "annotations")))
        _check_class(one, annotations)
        remarks += _remarks(annotations)
        remarks += _without_effect(one.at("metadata", "annotations"), annotations)
        if "canary" in annotations and annotations["canary"].is_true:
            continue
        for host, path in _paths(one, services, annotations):
            hosts.setdefault(host, []).append(path)
        for rule in one.at("spec", "rules").rows:
            alias = annotations["server-alias"].text if "server-alias" in annotations else ""
            aliases.setdefault(rule.at("host").text, []).extend(re.split(r"[\s,]+", alias.strip()) if alias else [])
    if unfilled := variable_host(hosts, file):
        remarks.append(taken_as_tried(unfilled, hosts[unfilled][0].where))
        hosts = {"": hosts.pop(unfilled)}
    servers = [_server(host, paths, aliases.get(host, []), file) for host, paths in hosts.items()]
    if "" not in hosts:
        # The controller's default backend, for a name that no Ingress has.
        listen = Directive(ingresses[0].where, ["listen", "443", "ssl", "default_server"])
        servers.append(Directive(ingresses[0].where, ["server"], [listen]))
    return servers, remarks


def _of_f5(written: Item) -> Iterator[tuple[str, Item]]:
    """The annotations of F5's controller, whose class is `nginx` too, by the names that they have here (docs.nginx.com)."""
    for name, item in written.fields.items():
        own = name.removeprefix("nginx.org/")
        if own != name and (own in _F5 or own in _F5_DECIDING):
            yield _F5.get(own, name), item


def variable_host(hosts: Collection[str], file: str) -> str | None:
    """The only host, where it has a variable in it; ValueError for such a one beside others."""
    unfilled = sorted(host for host in hosts if re.search(r"[^a-z0-9.*_-]", host))
    if unfilled and len(hosts) > 1:
        raise ValueError(f"{file}: {unfilled[0][:60]} is a template's: fill it in first, then try what comes out")
    return unfilled[0] if unfilled else None


def taken_as_tried(host: str, where: str) -> Problem:
    message = f"the host {host[:60]} has no value here: it is taken as the host that is tried."
    return unplayed(where, message, severity="info")


def _check_class(one: Item, annotations: dict[str, Item]) -> None:
    name = one.at("spec", "ingressClassName")
    name = name or one.at("metadata", "annotations").fields.get("kubernetes.io/ingress.class", name)
    if name.text and "nginx" not in name.text and not annotations:
        raise ValueError(
            f"{name.where}: an Ingress of the class {name.text[:60]} is not played: of Ingress controllers pullscope "
            f"knows ingress-nginx and Traefik; {OWN_FORM}"
        )


def _remarks(annotations: dict[str, Item]) -> Iterator[Problem]:
    for name, item in annotations.items():
        if name == "configuration-snippet":
            message = "a snippet is refused unless the controller has allow-snippet-annotations: true; it is played as allowed."
            yield unplayed(item.where, message, severity="info")
        elif name == "canary" and item.is_true:
            yield unplayed(
                item.where, "a canary answers a part of the requests: only the other one is played.", severity="info"
            )
        elif not _is_known(name):
            yield unplayed(item.where, f"the annotation {name[:60]} can change what a path answers, and is not played.")


def _without_effect(every: Item, annotations: dict[str, Item]) -> Iterator[Problem]:
    for name, item in every.fields.items():
        own = name.rpartition("/")[2]
        if not name.startswith(PREFIX) and own in _PLAYED | _DIRECTIVES.keys() and own not in annotations:
            message = f"the annotation {name[:60]} is another controller's, and has no effect in ingress-nginx."
            yield unplayed(item.where, message, severity="info")


def _is_known(name: str) -> bool:
    return name in _PLAYED or name in _DIRECTIVES or _HARMLESS.match(name) is not None


def _paths(one: Item, services: dict[str, Item], annotations: dict[str, Item]) -> Iterator[tuple[str, _Path]]:
    spec = one.at("spec")
    namespace = one.at("metadata", "namespace").text or "default"
    rows = [
        (rule.at("host").text.lower(), path) for rule in spec.at("rules").rows for path in rule.at("http", "paths").rows
    ]
    for host, path in rows:
        backend = path.at("backend")
        target = _target(backend, services, namespace, annotations)
        yield host, _Path(path.at("path").text or "/", path.at("pathType").text, path.where, target, annotations)
    hosts = {rule.at("host").text.lower() for rule in spec.at("rules").rows} or {""}
    backend = spec.at("defaultBackend") or spec.at("backend")
    for host in hosts if backend or not rows else ():
        yield host, _Path("/", "Prefix", spec.where, _target(backend, services, namespace, annotations), annotations)


def _target(backend: Item, services: dict[str, Item], namespace: str, annotations: dict[str, Item]) -> str:
    """Scheme, host and port of a service: its name in the cluster, or the name that an ExternalName stands for."""
    name = backend.at("service", "name").text or backend.at("serviceName").text or "nothing"
    port = backend.at("service", "port", "number").text or backend.at("servicePort").text
    service = services.get(name, Item(""))
    host = service.at("spec", "externalName").text or f"{name}.{namespace}.svc"
    protocol = annotations["backend-protocol"].text.upper() if "backend-protocol" in annotations else "HTTP"
    scheme = _PASSES.get(protocol, protocol.lower())
    shown = f":{port}" if port.isdigit() and (scheme, port) not in {("http", "80"), ("https", "443")} else ""
    return f"{scheme}://{host}{shown}"


def _server(host: str, paths: list[_Path], aliases: list[str], file: str) -> Directive:
    where = paths[0].where
    inside = [Directive(where, ["listen", "443", "ssl", *(["default_server"] if not host else [])])]
    if host:
        inside.append(Directive(where, ["server_name", host, *aliases]))
    # On one host either every path is a regular expression or none is (enforceRegexModifier).
    regex = any(one.rewrites or one.word("use-regex").lower() == "true" for one in paths)
    for one in sorted(paths, key=lambda each: -len(each.path)):
        if one.word("app-root"):
            root = one.annotations["app-root"]
            answer = Directive(root.where, ["return", "302", f"$scheme://$http_host{root.text}"])
            inside.append(Directive(root.where, ["if", "($uri", "=", "/)"], [answer]))
        block = _location(one, file)
        exact = {each.path for each in paths if each.kind == "Exact"}
        ways = _matching(one, exact, regex=regex)
        inside.extend(Directive(one.where, ["location", *words], block) for words in ways)
    if errors := next(filter(None, (one.annotations.get("custom-http-errors") for one in paths)), None):
        answer = Directive(errors.where, ["custom-http-errors"])
        inside.append(Directive(errors.where, ["location", "@custom"], [answer]))
    return Directive(where, ["server"], inside)


def _matching(one: _Path, exact: set[str], *, regex: bool) -> Iterator[list[str]]:
    """What stands after `location`: buildLocation, updateServerLocations."""
    if regex:
        yield ["~*", f"^{one.path}"]
    elif one.kind == "Exact":
        yield ["=", one.path]
    elif one.kind != "Prefix" or one.path == "/":
        yield [one.path]
    else:
        yield [one.path if one.path.endswith("/") else f"{one.path}/"]
        if one.path not in exact:
            yield ["=", one.path]


def _location(one: _Path, file: str) -> list[Directive]:
    """The directives of a location, in the template's order."""
    found: list[Directive] = []

    def put(name: str, *words: str) -> None:
        item = one.annotations.get(name)
        found.append(Directive(item.where if item is not None else one.where, list(words)))

    for name, item in one.annotations.items():
        if not _is_known(name):
            found.append(Directive(item.where, [name, item.text]))
    if one.word("auth-type"):
        put("auth-type", "auth_basic" if one.word("auth-type") == "basic" else "auth_digest", "login")
        put("auth-type", "proxy_set_header", "Authorization", "")
    # Of two, the temporal one is first (annotations/redirect/redirect.go).
    for name, default in (("temporal-redirect", "302"), ("permanent-redirect", "301")):
        if one.word(name):
            code = one.word(f"{name}-code")
            put(name, "return", code if re.fullmatch(r"30[0-8]", code) else default, one.word(name))
    for name, directive in _DIRECTIVES.items():
        if one.word(name):
            seconds = "s" if name.endswith("timeout") and one.word(name).isdigit() else ""
            put(name, directive, f"{one.word(name)}{seconds}")
    if "proxy-http-version" not in one.annotations:
        put("", "proxy_http_version", "1.1")
    put("upstream-vhost", "proxy_set_header", "Host", one.word("upstream-vhost") or "$http_host")
    for header, value in _HEADERS.items():
        put("", "proxy_set_header", header, value)
    if "configuration-snippet" in one.annotations:
        snippet = one.annotations["configuration-snippet"]
        # The text of a block begins on the line after its name.
        found += nginx_directives("\n" * int(snippet.where.rpartition(":")[2]) + snippet.text, file)
    if one.word("custom-http-errors"):
        put("custom-http-errors", "proxy_intercept_errors", "on")
        put("custom-http-errors", "error_page", *re.split(r"[\s,]+", one.word("custom-http-errors")), "@custom")
    if one.rewrites:
        put("rewrite-target", "rewrite", f"(?i){one.path}", one.word("rewrite-target"), "break")
    scheme = one.target.partition("://")[0]
    if scheme in {"http", "https"}:
        put("backend-protocol", "proxy_pass", one.target)
    else:
        put("backend-protocol", f"backend-protocol {scheme}")
    origin = one.word("proxy-redirect-from") or "off"
    to = [] if origin in {"off", "default"} else [one.word("proxy-redirect-to")]
    put("proxy-redirect-from", "proxy_redirect", origin, *to)
    return found


_ANNOTATION = {
    "client_max_body_size 0; for no limit": 'the annotation proxy-body-size: "0" for no limit',
    "proxy_request_buffering off; and proxy_http_version 1.1;": 'the annotation proxy-request-buffering: "off"',
    "proxy_max_temp_file_size 0; or proxy_buffering off;": 'the annotation proxy-max-temp-file-size: "0"',
    "proxy_read_timeout 900s;": 'the annotation proxy-read-timeout: "900"',
    "proxy_send_timeout 900s;": 'the annotation proxy-send-timeout: "900"',
}
"""What nginx' own advice becomes here."""
_TELLS = re.compile(r"^\s*(?:- )?kind:\s*[\"']?Ingress[\"']?\s*(?:#.*)?$", re.MULTILINE)


def _read(text: str, file: str) -> Read:
    """ValueError, with the line, for a text that is not YAML or holds no Ingress of ingress-nginx."""
    refuse_template(text, file)
    found, remarks = directives(read_items(text, file), file)
    read = read_directives(found, file)
    for one in read.remarks:
        fix = one.fix or ""
        for written, instead in _ANNOTATION.items():
            fix = fix.replace(written, instead)
        remarks.append(replace(one, fix=fix or None))
    return replace(read, remarks=list(dict.fromkeys(remarks)))


KIND = Kind(
    id="ingress",
    label="Ingress (ingress-nginx)",
    is_file=lambda name, text: (
        name.endswith((".yml", ".yaml")) and _TELLS.search(text) is not None and not is_of_traefik(text)
    ),
    read=_read,
    dialect=DIALECT,
    ping_fix="add a path /v2/ of an Ingress with temporal-redirect: https://{target}$request_uri",
    path_fix="leave rewrite-target out: then the path goes on as it came",
    query_fix="use $request_uri, which holds the query",
    status_fix="use temporal-redirect",
    permanent_by_default=True,
    address="the cluster's address",
    projects=routed("ingress.yaml", "ingress"),
    row=(
        (
            "`*.yaml` with `kind: Ingress` (`permanent-redirect`, `temporal-redirect`, `rewrite-target`, `app-root`, "
            "`upstream-vhost`, `backend-protocol`, snippets)"
        ),
        "`pathType`; a regular expression with `rewrite-target` or `use-regex`",
        "301 for `permanent-redirect`",
    ),
)
