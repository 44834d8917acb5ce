"""A Kubernetes Ingress of Traefik's class as the routers that Traefik makes of it. Items in, items out; plays nothing.

doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress; pkg/provider/kubernetes/ingress/kubernetes.go. A router
has TLS by its annotation or by its entry point, which the file does not tell: it is left out where it is on a plain one alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.config_tree import Item
from pullscope.worlds.vanity.rules import unplayed

_PREFIX = "traefik.ingress.kubernetes.io/"
_PLAYED = frozenset({"entrypoints", "middlewares", "priority", "pathmatcher", "tls"})
_HARMLESS = re.compile(
    r"router\.(?:tls\.|rulesyntax|observability)|service\.(?:sticky|nativelb|serverstransport|passhostheader)"
)
_OF_CLASS = re.compile(
    r"^\s*(?:ingressClassName|[\"']?kubernetes\.io/ingress\.class[\"']?):\s*[\"']?(\S+?)[\"']?\s*(?:#.*)?$",
    re.MULTILINE,
)
_IS_INGRESS = re.compile(r"^\s*(?:- )?kind:\s*[\"']?Ingress[\"']?\s*(?:#.*)?$", re.MULTILINE)


def is_of_traefik(text: str) -> bool:
    """Whether the Ingresses of a text are Traefik's: by their class, or where they have none by their annotations."""
    if _IS_INGRESS.search(text) is None:
        return False
    classes = _OF_CLASS.findall(text)
    return any("traefik" in one for one in classes) if classes else _PREFIX in text and "nginx.ingress" not in text


@dataclass(frozen=True, slots=True)
class Routed:
    """What a path of an Ingress becomes."""

    name: str
    where: str
    rule: str
    router: Item
    """Its entry points, priority and TLS."""
    middlewares: tuple[Item, ...]
    service: Item
    """As a route of an IngressRoute has it."""


def routers(document: Item, services: dict[str, Item]) -> Iterator[Routed]:
    """The routers of an Ingress; `services` are those of the file, by their names."""
    spec, annotations = document.at("spec"), document.at("metadata", "annotations")

    def written(name: str) -> Item:
        return annotations.at(f"{_PREFIX}router.{name}")

    entries = [Item(document.where, word) for word in re.split(r"[,\s]+", written("entrypoints").text) if word]
    tls = written("tls") or Item(document.where, "true")
    fields = {"entrypoints": Item(document.where, rows=entries), "priority": written("priority")}
    plain = entries and not written("tls").is_true
    router = Item(document.where, fields=fields if plain else {**fields, "tls": tls})
    named = written("middlewares")
    middlewares = tuple(Item(named.where, one.strip()) for one in named.text.split(",") if one.strip())
    name = document.at("metadata", "name").text
    rows = [(rule.at("host").text, path) for rule in spec.at("rules").rows for path in rule.at("http", "paths").rows]
    for index, (host, path) in enumerate(rows):
        rule = _rule(host, path, written("pathmatcher").text)
        service = _service(path.at("backend"), services)
        yield Routed(f"{name}-{index}", path.where, rule, router, middlewares, service)
    if backend := spec.at("defaultBackend") or spec.at("backend"):
        last = Item(backend.where, fields={**router.fields, "priority": Item(backend.where, "-1")})
        yield Routed(
            f"{name}-default", backend.where, "PathPrefix(`/`)", last, middlewares, _service(backend, services)
        )


def unknown(document: Item) -> Iterator[Problem]:
    """The annotations that can change an answer and are not played."""
    for name, one in document.at("metadata", "annotations").fields.items():
        own = name.removeprefix(_PREFIX)
        if own != name and own.removeprefix("router.") not in _PLAYED and _HARMLESS.match(own) is None:
            yield unplayed(one.where, f"the annotation {name[:60]} can change what a path answers, and is not played.")
        elif own.rpartition("/")[2] == "rewrite-target":
            message = f"the annotation {name[:60]} is another controller's, and has no effect in Traefik."
            yield unplayed(one.where, message, severity="info")


def _rule(host: str, path: Item, matcher: str) -> str:
    kind = "Path" if path.at("pathType").text == "Exact" else matcher or "PathPrefix"
    if host.startswith("*."):
        of_host = f"HostRegexp(`^[a-zA-Z0-9-]+{re.escape(host[1:])}$`)"
    else:
        of_host = f"Host(`{host}`)" if host else ""
    return " && ".join(filter(None, (of_host, f"{kind}(`{path.at('path').text or '/'}`)")))


def _service(backend: Item, services: dict[str, Item]) -> Item:
    name = backend.at("service", "name") or backend.at("serviceName")
    port = backend.at("service", "port", "number") or backend.at("service", "port", "name") or backend.at("servicePort")
    annotations = services.get(name.text, Item("")).at("metadata", "annotations")
    scheme = annotations.at("traefik.ingress.kubernetes.io/service.serversscheme")
    if not scheme and port.text.startswith("https"):
        scheme = Item(port.where, "https")
    keeps = annotations.at("traefik.ingress.kubernetes.io/service.passhostheader")
    return Item(backend.where, fields={"name": name, "port": port, "scheme": scheme, "passhostheader": keeps})
