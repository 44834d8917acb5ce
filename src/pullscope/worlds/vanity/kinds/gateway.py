"""HTTPRoutes of the Gateway API, as a platform, whichever implementation serves them."""

from __future__ import annotations

import re

from pullscope.worlds.vanity.blocks import refuse_template
from pullscope.worlds.vanity.config_tree import read_items
from pullscope.worlds.vanity.dialects import Dialect
from pullscope.worlds.vanity.gateway.locations import directives
from pullscope.worlds.vanity.kinds.nginx import read_directives
from pullscope.worlds.vanity.platform import Kind, Read

_TELLS = re.compile(r"^\s*(?:- )?kind:\s*[\"']?HTTPRoute[\"']?\s*(?:#.*)?$", re.MULTILINE)
_DIALECT = Dialect(server="gateway", absolute_location=True)


def _read(text: str, file: str) -> Read:
    """ValueError, with the line, for a text that is not YAML or holds no HTTPRoute."""
    refuse_template(text, file)
    return read_directives(directives(read_items(text, file), file), file, _DIALECT)


KIND = Kind(
    id="gateway",
    label="Gateway API",
    is_file=lambda name, text: name.endswith((".yml", ".yaml")) and _TELLS.search(text) is not None,
    read=_read,
    dialect=_DIALECT,
    ping_fix="Add a rule for /v2/ with the filter RequestRedirect and hostname: {target}",
    query_fix="Leave the path out of the filter, or replace its prefix.",
    status_fix="Use statusCode: 302.",
    address="the gateway's address",
    row=("`*.yaml` with `kind: HTTPRoute`", "`path.type`", "302 for `RequestRedirect`"),
)
