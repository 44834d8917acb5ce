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
        before = parts.recorded.before(path)
        content = before.content.decode("utf-8", "surrogateescape") if before.is_file else ""
        if content.strip():
            pieces = _inserted(content, block, wish.url, path)
            if pieces is None:
                continue
            made, claims = pieces.done()
            parts.file(path, "pieces", made.encode("utf-8", "surrogateescape"), claims=claims)
        else:
            parts.file(
                path, "lines", (_certificates(parts, folder) + block).encode(), claims=_lines(parts, folder, block)
            )
        if posixpath.basename(folder) == hosts_toml.DEFAULT:
            said.append(
                f"{path} is for every registry without a directory: the mirror answers 404 for those it was not given"
            )
    return said


def _directory(parts: Parts, roots: list[str], host: str) -> str:
    """The directory that counts without our own; where there is none, that of the host in the first root."""
    found = (f"{root}/{name}" for root in roots for name in hosts_toml.candidates(host))
    there = next((path for path in found if not parts.recorded.before(path).absent), None)
    return there or f"{roots[0]}/{host}"


def _inserted(content: str, block: str, url: str, path: str) -> Pieces | None:
    """The file with the block before its first table; None where it is there already."""
    try:
        text = toml_text.read(content)
    except ValueError as error:
        raise HostError(f"{path} {error}; containerd leaves it out. Fix it first. Nothing changed") from error
    if toml_text.get(text.data, "host", url) is not None:
        return None
    pieces = Pieces(content)
    first = next((table.line for table in text.tables if table.path), None)
    if first is None:
        pieces.append(block)
    else:
        pieces.before(first, f"{block}\n")
    return pieces


def _certificates(parts: Parts, folder: str) -> str:
    """Certificates in docker's layout count only without a hosts.toml: beside ours they are named in it."""
    names = parts.recorded.tree.names(folder)
    authorities = [name for name in names if name.endswith(".crt")]
    pairs = [(name, f"{name.removesuffix('.cert')}.key") for name in names if name.endswith(".cert")]
    lines = []
    if authorities:
        lines.append(f"ca = [{', '.join(map(_quoted, authorities))}]")
    if pairs:
        shown = (f"[{_quoted(cert)}, {_quoted(key)}]" if key in names else _quoted(cert) for cert, key in pairs)
        lines.append(f"client = [{', '.join(shown)}]")
    return "".join(f"{line}\n" for line in lines) + ("\n" if lines else "")


def _lines(parts: Parts, folder: str, block: str) -> tuple[str, ...]:
    return tuple(line for line in (_certificates(parts, folder) + block).splitlines() if line.strip())


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
