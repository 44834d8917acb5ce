"""Kubernetes Ingress for ingress-nginx, as a platform."""

from __future__ import annotations

import re
from dataclasses import replace

from pullscope.worlds.vanity.blocks import refuse_template
from pullscope.worlds.vanity.config_tree import read_items
from pullscope.worlds.vanity.ingress.locations import directives
from pullscope.worlds.vanity.kinds.nginx import read_directives
from pullscope.worlds.vanity.nginx.play import DIALECT
from pullscope.worlds.vanity.platform import Kind, Read
from pullscope.worlds.vanity.project import routed

_ANNOTATION = {
    "client_max_body_size 0; for no limit": 'the annotation proxy-body-size: "0" for no limit',
    "proxy_request_buffering off; and proxy_http_version 1.1;": 'the annotation proxy-request-buffering: "off"',
    "proxy_max_temp_file_size 0; or proxy_buffering off;": 'the annotation proxy-max-temp-file-size: "0"',
    "proxy_read_timeout 900s;": 'the annotation proxy-read-timeout: "900"',
    "proxy_send_timeout 900s;": 'the annotation proxy-send-timeout: "900"',
}
"""What nginx' own advice becomes here."""
_TELLS = re.compile(r"^\s*(?:- )?kind:\s*[\"']?Ingress[\"']?\s*(?:#.*)?$", re.MULTILINE)


def _read(text: str, file: str) -> Read:
    """ValueError, with the line, for a text that is not YAML or holds no Ingress of ingress-nginx."""
    refuse_template(text, file)
    found, remarks = directives(read_items(text, file), file)
    read = read_directives(found, file)
    for one in read.remarks:
        fix = one.fix
        for written, instead in _ANNOTATION.items():
            fix = fix.replace(written, instead)
        remarks.append(replace(one, fix=fix))
    return replace(read, remarks=list(dict.fromkeys(remarks)))


KIND = Kind(
    id="ingress",
    label="Ingress (ingress-nginx)",
    is_file=lambda name, text: name.endswith((".yml", ".yaml")) and _TELLS.search(text) is not None,
    read=_read,
    dialect=DIALECT,
    ping_fix="Add a path /v2/ of an Ingress with temporal-redirect: https://{target}$request_uri",
    query_fix="Use $request_uri, which holds the query.",
    status_fix="Use temporal-redirect.",
    permanent_by_default=True,
    address="the cluster's address",
    projects=routed("ingress.yaml", "ingress"),
    row=(
        (
            "`*.yaml` with `kind: Ingress` (`permanent-redirect`, `temporal-redirect`, `rewrite-target`, `app-root`, "
            "`upstream-vhost`, `backend-protocol`, snippets)"
        ),
        "`pathType`; a regular expression with `rewrite-target` or `use-regex`",
        "301 for `permanent-redirect`",
    ),
)
