"""The platforms whose rule files are read: a table, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping

from pullscope.worlds.vanity.apache.kind import APACHE
from pullscope.worlds.vanity.caddy.kind import CADDY
from pullscope.worlds.vanity.cloudflare import CLOUDFLARE
from pullscope.worlds.vanity.netlify.kind import NETLIFY
from pullscope.worlds.vanity.nginx.kind import NGINX
from pullscope.worlds.vanity.own import REWRITE
from pullscope.worlds.vanity.platform import Kind
from pullscope.worlds.vanity.rules import Platform
from pullscope.worlds.vanity.vercel import VERCEL

PLATFORMS: Mapping[Platform, Kind] = {
    kind.id: kind for kind in (REWRITE, NETLIFY, CLOUDFLARE, VERCEL, CADDY, APACHE, NGINX)
}
"""In the order in which a file is offered to them."""

LABELS: Mapping[Platform, str] = {name: kind.label for name, kind in PLATFORMS.items()}
