"""Caddy before a registry of one's own: what stops uploads and HEAD, each with its line. Plays nothing.

Caddy streams bodies both ways and has no time limits unless told (caddyserver.com/docs/caddyfile/directives/reverse_proxy), so
that only a limit of bodies and compression of manifests remain. The codes are those under which the same shows on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.caddy.tree import Site, matcher_of, upstream_base
from pullscope.worlds.vanity.rules import Remark
from pullscope.worlds.vanity.upstreams import is_inside

LEAST_BODY = 100_000_000
"""Bytes; layers of ordinary images come near it."""
_MANIFEST = "application/vnd.oci.image.index.v1+json"
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def own_registry(site: Site) -> Iterator[Remark]:
    """Remarks on a site that leads to a host inside."""
    every = [one for top in site.block for one in top.everything()]
    inside = any(
        is_inside(base.partition("://")[2])
        for one in every
        if one.name == "reverse_proxy"
        for base in (upstream_base(word) for word in matcher_of(one)[1])
        if base is not None
    )
    for one in every if inside else ():
        if one.name == "request_body":
            for limit in one.block or []:
                written = limit.args[0] if limit.name == "max_size" and limit.args else ""
                size = re.fullmatch(r"([0-9]{1,12}) ?([kmg]?i?)b?", written.lower())
                if size is not None and 0 < int(size[1]) * _UNITS.get(size[2], 1) < LEAST_BODY:
                    fix = "Leave request_body out where the registry is."
                    yield Remark.too_large(limit.where, written, "max_size", fix)
        elif one.name == "encode" and any(fnmatchcase(_MANIFEST, each) for each in _types(one)):
            # Caddy 2.6: HEAD with Accept-Encoding: gzip then says Content-Length: 20. Its own list of types has no manifest.
            message = (
                "manifests are compressed: HEAD of one has a wrong Content-Length for clients that send Accept-Encoding: gzip, "
                "as a CDN in front may."
            )
            fix = "Leave the match out of encode, or encode where the registry is."
            yield Remark(one.where, "head-unusable", "warning", message, fix)


def _types(encode: Directive) -> Iterator[str]:
    """The types that a response matcher of `encode` names."""
    for match in encode.block or []:
        if match.name == "match":
            rows = [match.args, *([row.name, *row.args] for row in match.block or [])]
            yield from (
                word for row in rows if row[:1] == ["header"] and row[1:2] == ["Content-Type"] for word in row[2:]
            )
