"""nginx as a platform."""

from __future__ import annotations

import re

from pullscope.worlds.vanity.blocks import nginx_directives
from pullscope.worlds.vanity.nginx.dialect import DIALECT
from pullscope.worlds.vanity.nginx.reading import read_directives
from pullscope.worlds.vanity.platform import Kind
from pullscope.worlds.vanity.project import served

_TELLS = re.compile(r"^\s*(?:(?:server|http|events)\s*|(?:upstream|location)\s[^\n;{}]*)\{", re.MULTILINE)

KIND = Kind(
    id="nginx",
    label="nginx",
    turn=2,
    is_file=lambda name, text: name.endswith((".conf", ".nginx")) or name == "nginx" or _TELLS.search(text) is not None,
    read=lambda text, file: read_directives(nginx_directives(text, file), file),
    includes=re.compile(r"(?<![\w$.-])include\s+([^\s;{}]+)\s*;"),
    dialect=DIALECT,
    ping_fix="Add: location = /v2/ {{ return 302 https://{target}/v2/; }}",
    query_fix="Use $request_uri, which holds the query.",
    address="nginx's address",
    projects=served("vanity.conf", "nginx", proxy_steps="steps-nginx-proxy.md"),
    row=(
        "`*.conf` (`location`, `return`, `rewrite`, `proxy_pass`, `error_page`, `map`, `if`)",
        "prefix, `=` exact, `~` regular expression",
        "302 for a bare URL",
    ),
)
