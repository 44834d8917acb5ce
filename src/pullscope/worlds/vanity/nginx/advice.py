"""What breaks registries behind nginx, though every answer to a pull looks right: advice with its line. Plays nothing.

The codes are those under which the same shows on the wire (docs/findings.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.nginx.tree import Config, Location, Server
from pullscope.worlds.vanity.rules import Remark
from pullscope.worlds.vanity.upstreams import is_inside

LEAST_BODY = 100 * 1024 * 1024
"""Bytes; a layer of an ordinary image has more than nginx's 1 MB."""
_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def advice(tree: Config) -> Iterator[Remark]:
    """Remarks on the proxies of the file."""
    for server in tree.servers:
        for location in (*server.root.everything(), *server.named.values()):
            for one in location.scope.own.get("proxy_pass", ()):
                if one.args:
                    yield from _foreign_host(location, one, tree)
                if one.args and _is_own_registry(location, one, tree):
                    yield from _own_registry(server, location, one, tree)


def _foreign_host(location: Location, one: Directive, tree: Config) -> Iterator[Remark]:
    host = next((field for field in location.scope.find("proxy_set_header") if field.args[:1] == ["Host"]), None)
    if (
        host is None
        or host.args[1:2] not in (["$host"], ["$http_host"])
        or not one.args[0].startswith(("https://", "$"))
    ):
        return
    yield Remark(
        where=f"{tree.file}:{host.line}",
        code="rule-unsupported",
        severity="warning",
        message=f"{one.args[0]} is asked with the vanity host's name in Host ({host.args[1]}): a server that chooses by "
        "Host may refuse it, which is not played.",
        fix="Leave proxy_set_header Host out, or name the other host in it.",
    )


def _is_own_registry(location: Location, one: Directive, tree: Config) -> bool:
    host = tree.server_of(one.args[0].partition("://")[2].partition("/")[0])
    takes_uploads = location.path in {"/", "/v2", "/v2/"} and location.modifier != "="
    return takes_uploads and "$" not in host and is_inside(host)


def _own_registry(server: Server, location: Location, one: Directive, tree: Config) -> Iterator[Remark]:
    limit = location.scope.last("client_max_body_size")
    size = re.fullmatch(r"(\d{1,12})([kmg]?)", limit.args[0].lower()) if limit is not None and limit.args else None
    allowed = int(size[1]) * _UNITS[size[2]] if size is not None else 1024 * 1024
    if (limit is None or size is not None) and 0 < allowed < LEAST_BODY:
        yield Remark(
            where=f"{tree.file}:{limit.line if limit is not None else one.line}",
            code="upload-too-large",
            severity="warning",
            message=f"client_max_body_size is {limit.args[0] if limit is not None else '1m (the default)'}: a push of a larger "
            "layer is answered 413.",
            fix="Write client_max_body_size 0; for no limit.",
        )
    names = {field.args[0].lower() for field in location.scope.find("proxy_set_header") if field.args}
    if server.tls and "x-forwarded-proto" not in names and one.args[0].startswith("http://"):
        yield Remark(
            where=f"{tree.file}:{one.line}",
            code="upload-location-elsewhere",
            severity="warning",
            message="the registry behind is not told that it was asked over https, so it sends uploads and tokens to http://, "
            "where pushes end.",
            fix="Write proxy_set_header X-Forwarded-Proto $scheme; beside proxy_set_header Host $http_host;",
        )
