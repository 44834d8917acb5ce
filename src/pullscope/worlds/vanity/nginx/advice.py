"""What breaks registries behind nginx, though every answer looks right: advice with its line. Reads the tree, plays nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.worlds.vanity.nginx.tree import Config, Location
from pullscope.worlds.vanity.rules import Remark


def advice(tree: Config) -> Iterator[Remark]:
    """Remarks on the proxies of the file."""
    for server in tree.servers:
        for location in (*server.root.everything(), *server.named.values()):
            yield from _foreign_host(location, tree)


def _foreign_host(location: Location, tree: Config) -> Iterator[Remark]:
    for one in location.scope.own.get("proxy_pass", ()):
        host = next((field for field in location.scope.find("proxy_set_header") if field.args[:1] == ["Host"]), None)
        if host is None or not one.args or not host.args[1:] or host.args[1] not in {"$host", "$http_host"}:
            continue
        target = one.args[0]
        if target.startswith(("https://", "$")):
            yield Remark(
                where=f"{tree.file}:{host.line}",
                code="rule-unsupported",
                severity="warning",
                message=f"{target} is asked with the vanity host's name in Host ({host.args[1]}): a server that chooses by "
                "Host may refuse it, which is not played.",
                fix="Leave proxy_set_header Host out, or name the other host in it.",
            )
