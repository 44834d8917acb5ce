"""k3s and rke2: our mirror first among the endpoints of registries.yaml, from which they write hosts.toml at their start.

docs.k3s.io "Private Registry Configuration". YAML is a large language: what is edited is the block style of those pages, and a
file in another form is refused.
"""

from __future__ import annotations

import re
from typing import Any

from pullscope.host import HostError
from pullscope.host.change_list import Parts
from pullscope.host.mirror.pieces import Pieces
from pullscope.host.mirror.runtime import Wish
from pullscope.host.routes.route import Node

FILES = {"k3s": "/etc/rancher/k3s/registries.yaml", "rke2": "/etc/rancher/rke2/registries.yaml"}


class _OtherFormError(Exception):
    """The file is not in the form that is edited here."""


def write(path: str, parts: Parts, _: Node, wish: Wish) -> list[str]:
    """Each registry below `mirrors`; its own endpoints stay behind ours."""
    pieces = Pieces(parts, path)
    try:
        _edit(pieces, wish)
    except (_OtherFormError, KeyError):  # a key that was merged in (`<<`) has no line
        raise HostError(
            f"{path} is written in a form that is not edited here: add the endpoint by hand. Nothing changed"
        ) from None
    pieces.done()
    return []


def _edit(pieces: Pieces, wish: Wish) -> None:
    document = _read(pieces.content)
    if document is None or "mirrors" not in document:
        pieces.append("mirrors:\n" + "".join(_registry(host, wish.url, 2) for host in wish.hosts))
        return
    line, mirrors = document.lc.key("mirrors")[0], document["mirrors"]
    if mirrors is None and not re.match(r"[^:#]*:\s*(?:#.*)?$", pieces.lines[line]):
        raise _OtherFormError
    known: Any = {} if mirrors is None else _block(mirrors)
    indent = min((known.lc.key(host)[1] for host in known), default=2)
    for host in wish.hosts:
        if host in known:
            _put_first(pieces, _block(known[host]), wish.url)
        else:
            pieces.after(line + 1, _registry(host, wish.url, indent))


def _registry(host: str, url: str, indent: int) -> str:
    lines = (f'"{host}":', "  endpoint:", f'    - "{url}"')
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


def _read(text: str) -> Any:
    """The document, which knows its lines; None where there is none."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML().load(text)
    except (YAMLError, ValueError, RecursionError):
        raise _OtherFormError from None
    if document is not None and (_block(document).lc.col != 0 or re.search(r"^\.\.\.", text, re.MULTILINE)):
        raise _OtherFormError
    return document


def _block(node: Any) -> Any:
    """A map or a list that has lines of its own."""
    if not hasattr(node, "fa") or node.fa.flow_style() is not False:
        raise _OtherFormError
    return node


def _put_first(pieces: Pieces, registry: dict[str, Any], url: str) -> None:
    endpoints = _block(registry.get("endpoint", registry.get("endpoints")))
    if url in endpoints:
        return
    line, column = endpoints.lc.item(0)
    text = pieces.lines[line]
    if not re.fullmatch(r" *- +", text[:column]):
        raise _OtherFormError
    pieces.replace((line + 1, line + 1), f'{text[:column]}"{url}"\n{text}')
