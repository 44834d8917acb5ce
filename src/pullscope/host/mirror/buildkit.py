"""BuildKit: our mirror first among `mirrors` of buildkitd.toml, and asked in plain http. Read when buildkitd starts.

moby/buildkit docs/buildkitd.toml.md: `[registry."HOST"] mirrors`, and `http` in the table of the mirror itself.
"""

from __future__ import annotations

import json

from pullscope.host import HostError
from pullscope.host.change_list import Parts
from pullscope.host.mirror.pieces import Pieces
from pullscope.host.mirror.runtime import Wish
from pullscope.host.routes import toml_text
from pullscope.host.routes.route import Node
from pullscope.host.routes.toml_text import header

PATH = "/etc/buildkit/buildkitd.toml"


def write(parts: Parts, _: Node, wish: Wish) -> list[str]:
    pieces = Pieces(parts, PATH)
    try:
        text = toml_text.read(pieces.content)
    except ValueError as error:
        raise HostError(f"{PATH} {error}; buildkitd does not start with it. Fix it first. Nothing changed") from error
    for host in wish.hosts:
        known = toml_text.texts(toml_text.get(text.data, "registry", host, "mirrors"))
        if wish.address in known:
            continue
        line = f"  mirrors = {json.dumps([wish.address, *known])}"
        tables = text.named("registry", host)
        if not tables:
            if toml_text.get(text.data, "registry", host) is not None:
                raise HostError(f"{PATH} has registry.{host} in a form that is not edited here. Nothing changed")
            pieces.append(f"{header(('registry', host))}\n{line}\n")
        elif "mirrors" in tables[0].keys:
            pieces.replace(tables[0].keys["mirrors"], line)
        else:
            pieces.after(tables[0].line, line)
    if toml_text.get(text.data, "registry", wish.address) is None:
        pieces.append(f"{header(('registry', wish.address))}\n  http = true\n")
    pieces.done()
    return []
