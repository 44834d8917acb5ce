"""A dynamic configuration as routers, middlewares and services. Items in, values out; answers nothing.

The file provider's `http` (doc.traefik.io/traefik/reference/routing-configuration), the labels of containers, and the custom
resources IngressRoute and Middleware, which say the same. An Ingress is read in `ingress`.

Labels (…/other-providers/docker) are paths of names with a value. A compose file writes $ as $$. A router without a service has
its container's only one, which is reached by the name in the compose file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.config_tree import Item, every
from pullscope.worlds.vanity.rules import refused, unplayed
from pullscope.worlds.vanity.traefik.ingress import routers, unknown
from pullscope.worlds.vanity.traefik.matching import Term, read_rule

MOST_ROUTERS = 5000
_PLAIN = frozenset({"web", "http", "insecure", "http80", "unsecure"})
"""Names that people give to the entry point without TLS (the first is that of Traefik's own documentation)."""


@dataclass(slots=True, eq=False)
class Router:
    """One router: what it asks for, what it does on the way, and who answers."""

    name: str
    where: str
    rule_where: str
    term: Term
    priority: int
    middlewares: tuple[Item, ...]
    service: Item
    entry_points: frozenset[str]
    tls: bool
    tls_options: Item


@dataclass(slots=True)
class Dynamic:
    file: str
    routers: list[Router] = field(default_factory=list)
    middlewares: dict[str, Item] = field(default_factory=dict)
    services: dict[str, Item] = field(default_factory=dict)
    tls_options: dict[str, Item] = field(default_factory=dict)
    remarks: list[Problem] = field(default_factory=list)

    one_host: str = ""
    """The variable in Host(…), where there is but one, and no host beside it."""

    def reached(self) -> list[Router]:
        """The routers that a request over TLS can meet, the most important first (pkg/muxer/http/mux.go)."""
        secure = {name for one in self.routers if one.tls for name in one.entry_points}
        any_tls = any(one.tls for one in self.routers)

        def over_tls(one: Router) -> bool:
            if one.tls:
                return True
            if one.entry_points:
                return not (one.entry_points <= _PLAIN or (any_tls and secure and not one.entry_points & secure))
            return not any_tls

        # Where none can, TLS ends in front of Traefik.
        return sorted(filter(over_tls, self.routers), key=lambda one: -one.priority) or self.routers


def dynamic(documents: list[Item], file: str) -> Dynamic:
    """ValueError where the documents hold no router."""
    found = Dynamic(file)
    documents = [inner for one in documents for inner in (one.at("items").rows or [one])]
    services = {one.at("metadata", "name").text: one for one in documents if one.at("kind").text == "Service"}
    for document in documents:
        kind = document.at("kind").text
        if kind == "Middleware":
            name, space = (document.at("metadata", key).text.lower() for key in ("name", "namespace"))
            found.middlewares.setdefault(name, document.at("spec"))
            found.middlewares.setdefault(f"{space or 'default'}-{name}@kubernetescrd", document.at("spec"))
        elif kind == "IngressRoute":
            _ingress_route(document, found)
        elif kind == "Ingress":
            for path in routers(document, services):
                to = Item(path.where, path.name)
                _add(found, path.name, to, Item(path.where, path.rule), to, path.middlewares, path.router)
                found.services[path.name.lower()] = _of_kubernetes([path.service], document, path.where)
            found.remarks += unknown(document)
        elif kind == "TLSOption":
            found.tls_options[document.at("metadata", "name").text.lower()] = document.at("spec")
        found.tls_options.update(document.at("tls", "options").fields)
        http = document.at("http") or of_containers(document) or Item(document.where)
        found.middlewares.update(http.at("middlewares").fields)
        found.services.update(http.at("services").fields)
        for name, one in http.at("routers").fields.items():
            if not one.at("rule"):
                message = f"the router {name} has no rule: what it answers is told in Traefik's static configuration."
                found.remarks.append(unplayed(one.where, message))
                continue
            _add(found, name, one, one.at("rule"), one.at("service"), tuple(every(one.at("middlewares"))), one)
    if not found.routers and not found.remarks:
        raise ValueError(f"{file}: there is no router in it: the rules are in Traefik's dynamic configuration")
    if len(found.routers) > MOST_ROUTERS:
        raise ValueError(f"{file}: {len(found.routers)} routers are more than pullscope tries ({MOST_ROUTERS})")
    named = {value for router in found.routers for value in router.term.find("host", "hostheader")}
    if len(named) == 1 and "$" in (name := named.pop()):
        found.one_host = name
        message = f"the host {name[:60]} has no value here: it is taken as the host that is tried."
        found.remarks.append(unplayed(found.routers[0].rule_where, message, severity="info"))
    return found


def _ingress_route(document: Item, found: Dynamic) -> None:
    spec = document.at("spec")
    for index, route in enumerate(every(spec.at("routes"))):
        name = f"{document.at('metadata', 'name').text}-{index}"
        middlewares = tuple(Item(one.where, one.at("name").text) for one in every(route.at("middlewares")))
        services = list(every(route.at("services")))
        _add(found, name, route, route.at("match"), Item(route.where, name), middlewares, spec)
        found.services[name.lower()] = _of_kubernetes(services, document, route.where)


def _of_kubernetes(services: list[Item], document: Item, where: str) -> Item:
    """The services of a route as a load balancer, of the names that they have in the cluster."""
    if not services:
        return Item(where)
    one = services[0]
    if len(services) > 1 or one.at("kind").text not in {"", "Service"}:
        return Item(one.where, fields={one.at("kind").text.lower() or "weighted": one})
    port = one.at("port").text
    namespace = one.at("namespace").text or document.at("metadata", "namespace").text or "default"
    scheme = one.at("scheme").text or ("https" if port == "443" else "http")
    url = f"{scheme}://{one.at('name').text}.{namespace}.svc" + (f":{port}" if port.isdigit() else "")
    server = Item(one.where, fields={"url": Item(one.where, url)})
    balancer = {"servers": Item(one.where, rows=[server]), "passhostheader": one.at("passHostHeader")}
    return Item(one.where, fields={"loadbalancer": Item(one.where, fields=balancer)})


def _add(
    found: Dynamic, name: str, one: Item, rule: Item, service: Item, middlewares: tuple[Item, ...], around: Item
) -> None:
    where = rule.where if rule else one.where
    try:
        term = read_rule(rule.text, where)
    except ValueError as error:
        reason = str(error).partition(": ")[2]
        found.remarks.append(refused(where, f"Traefik leaves the router {name} out: {reason}."))
        return
    written = (one.at("priority") or around.at("priority")).text
    priority = int(written[:9]) if written.lstrip("-").isdigit() and written.isascii() else 0
    found.routers.append(
        Router(
            name=name,
            where=one.where,
            rule_where=rule.where,
            term=term,
            priority=priority or len(rule.text),
            middlewares=middlewares,
            service=service,
            entry_points=frozenset(word.lower() for word in around.at("entryPoints").words),
            tls="tls" in around.fields and around.at("tls").text != "false",
            tls_options=around.at("tls", "options"),
        )
    )


def lookups(found: Dynamic) -> Iterator[Problem]:
    """What a router names and the file does not have."""
    for router in found.routers:
        for one in router.middlewares:
            if middleware_of(found, one.text) is None:
                message = f"the middleware {one.text} is not in this file: what it does to {router.name} is not known."
                yield unplayed(one.where, message, "put the middleware into the same file")
        options = tls_options_of(found, router)
        if router.tls_options and options is None:
            own = f"the TLS options of {router.name} are not in this file"
            message = f"{own}: they may ask for the client's certificate."
            yield unplayed(router.tls_options.where, message, severity="info")
        if service_of(found, router.service.text) is None and not router.service.text.endswith("@internal"):
            message = f"the service {router.service.text or '(none)'} of {router.name} is not in this file."
            yield unplayed(router.service.where, message)


def middleware_of(found: Dynamic, name: str) -> Item | None:
    """The middleware that a router or chain names, with or without its provider."""
    return found.middlewares.get(name.lower().removesuffix("@file"))


def tls_options_of(found: Dynamic, router: Router) -> Item | None:
    """What its TLS is to be; the default's, where it names none."""
    named = router.tls_options.at("name").text or router.tls_options.text or "default"
    return found.tls_options.get(named.lower().removesuffix("@file"))


def service_of(found: Dynamic, name: str) -> Item | None:
    return found.services.get(name.lower().removesuffix("@file"))


_START = "traefik.http."
_LISTS = frozenset({"entrypoints", "middlewares", "prefixes", "regex", "status", "users"})


def of_containers(document: Item) -> Item | None:
    """`http` as the labels of the services of a compose file say it; None where none has such labels."""
    http = Item(document.where)
    for name, container in document.at("services").fields.items():
        labels = dict(_labels(container))
        if labels:
            _container(http, name, labels, container.where)
    return http if http.fields else None


def _labels(container: Item) -> Iterator[tuple[str, Item]]:
    for held in (container.at("labels"), container.at("deploy", "labels")):
        for label, value in held.fields.items():
            if label.startswith(_START):
                yield label, Item(value.where, value.text.replace("$$", "$"))
        for row in held.rows:
            label, _, text = row.text.partition("=")
            if label.lower().startswith(_START):
                yield label.strip().lower(), Item(row.where, text.strip().replace("$$", "$"))


def _container(http: Item, name: str, labels: dict[str, Item], where: str) -> None:
    own = Item(where)
    for label, value in labels.items():
        here = own
        parts = label.removeprefix(_START).split(".")
        for part in parts[:-1]:
            # regex is a list in stripPrefixRegex, and a text in the others.
            here = here.fields.setdefault(part, Item(value.where))
        is_list = parts[-1] in _LISTS and not (parts[-1] == "regex" and "stripprefixregex" not in parts)
        rows = [Item(value.where, one.strip()) for one in value.text.split(",")] if is_list else []
        here.fields[parts[-1]] = Item(value.where, "" if rows else value.text, rows)
    services = own.at("services").fields
    for one in services.values():
        server = one.at("loadBalancer", "server")
        scheme, port = server.at("scheme").text or "http", server.at("port").text
        url = server.at("url") or Item(server.where, f"{scheme}://{name}{f':{port}' if port else ''}")
        one.at("loadBalancer").fields["servers"] = Item(server.where, rows=[Item(server.where, fields={"url": url})])
    if not services:
        # The port is one that the image exposes.
        url = Item(where, f"http://{name}")
        servers = Item(where, rows=[Item(where, fields={"url": url})])
        services = {name: Item(where, fields={"loadbalancer": Item(where, fields={"servers": servers})})}
    for router in own.at("routers").fields.values():
        if not router.at("service") and len(services) == 1:
            router.fields["service"] = Item(router.where, next(iter(services)))
    for kind, found in (
        ("routers", own.at("routers").fields),
        ("services", services),
        ("middlewares", own.at("middlewares").fields),
    ):
        http.fields.setdefault(kind, Item(where)).fields.update(found)
        if kind != "routers":
            http.fields[kind].fields.update({f"{one}@docker": found[one] for one in found})
