"""What breaks registries behind nginx, though every answer to a pull looks right: advice with its line."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.nginx.own_registry import own_registry
from pullscope.worlds.vanity.nginx.tree import Config, Location
from pullscope.worlds.vanity.rules import Remark


def advice(tree: Config) -> Iterator[Remark]:
    """Remarks on the proxies of the file."""
    for server in tree.servers:
        for location in (*server.root.everything(), *server.named.values()):
            for one in location.scope.own.get("proxy_pass", ()):
                if one.args:
                    yield from _foreign_host(location, one, tree)
        yield from own_registry(server, tree)


def _foreign_host(location: Location, one: Directive, tree: Config) -> Iterator[Remark]:
    host = next((field for field in location.scope.find("proxy_set_header") if field.args[:1] == ["Host"]), None)
    if (
        host is None
        or host.args[1:2] not in (["$host"], ["$http_host"])
        or not one.args[0].startswith(("https://", "$"))
    ):
        return
    yield Remark.unplayed(
        f"{tree.file}:{host.line}",
        f"{one.args[0]} is asked with the vanity host's name in Host ({host.args[1]}): a server that chooses by "
        "Host may refuse it, which is not played.",
        "Leave proxy_set_header Host out, or name the other host in it.",
    )
