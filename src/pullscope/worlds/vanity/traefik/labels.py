"""Labels of containers as the dynamic configuration that Traefik makes of them. Items in, an item out.

doc.traefik.io/traefik/reference/routing-configuration/other-providers/docker: a label is a path of names and a value. A compose
file writes $ as $$. A router without a service has its container's only one, which is reached by the name in the compose file.
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.worlds.vanity.config_tree import Item

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
