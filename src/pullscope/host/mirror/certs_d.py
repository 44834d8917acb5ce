"""containerd: our mirror as the first `[host]` of the directory that counts for a registry; `server` stays as it is."""

from __future__ import annotations

import posixpath

from pullscope.host import HostError
from pullscope.host.change_list import Parts
from pullscope.host.mirror.pieces import Pieces
from pullscope.host.mirror.runtime import Wish
from pullscope.host.routes import containerd_config, hosts_toml, toml_text
from pullscope.host.routes.containerd_config import CERTS_D
from pullscope.host.routes.route import Node
from pullscope.host.routes.toml_text import quoted


def write(parts: Parts, node: Node, wish: Wish) -> list[str]:
    """Each registry's hosts.toml. One that `_default` stands for is put into `_default`, which hides nothing of the user's."""
    said: list[str] = []
    config = containerd_config.read(node)
    if config.source is not None:
        raise HostError(f"{config.path} is written from {config.source}: use --for k3s or --for rke2. Nothing changed")
    roots = config.roots or [CERTS_D]
    block = f'[host."{wish.url}"]\n  capabilities = ["pull", "resolve"]\n'
    for host in wish.hosts:
        folder = _directory(parts, roots, host)
        path = f"{folder}/hosts.toml"
        if any(item.path == path for item in parts.changes):
            continue
        pieces = Pieces(parts, path)
        if not pieces.content.strip():
            parts.lines(path, _certificates(parts, folder) + block)
        elif not _insert(pieces, block, wish.url, path):
            continue
        if posixpath.basename(folder) == hosts_toml.DEFAULT:
            said.append(
                f"{path} is for every registry without a directory: the mirror answers 404 for those it was not given"
            )
    return said


def _directory(parts: Parts, roots: list[str], host: str) -> str:
    """The directory in use without our own, or that of the host in the first root."""
    found = (f"{root}/{name}" for root in roots for name in hosts_toml.candidates(host))
    there = next((path for path in found if not parts.recorded.before(path).absent), None)
    return there or f"{roots[0]}/{host}"


def _insert(pieces: Pieces, block: str, url: str, path: str) -> bool:
    """Put the block before the first table; False where it is there already."""
    try:
        text = toml_text.read(pieces.content)
    except ValueError as error:
        raise HostError(f"{path} {error}; containerd ignores it. Fix it first. Nothing changed") from error
    if toml_text.get(text.data, "host", url) is not None:
        return False
    first = next((table.line for table in text.tables if table.path), None)
    if first is None:
        pieces.append(block)
    else:
        pieces.before(first, f"{block}\n")
    pieces.done()
    return True


def _certificates(parts: Parts, folder: str) -> str:
    """Certificates in docker's layout count only without a hosts.toml: beside ours they are named in it."""
    names = parts.recorded.tree.names(folder)
    authorities = [name for name in names if name.endswith(".crt")]
    pairs = [(name, f"{name.removesuffix('.cert')}.key") for name in names if name.endswith(".cert")]
    lines = []
    if authorities:
        lines.append(f"ca = [{', '.join(map(quoted, authorities))}]")
    if pairs:
        shown = (f"[{quoted(cert)}, {quoted(key)}]" if key in names else quoted(cert) for cert, key in pairs)
        lines.append(f"client = [{', '.join(shown)}]")
    return "".join(f"{line}\n" for line in lines) + ("\n" if lines else "")
