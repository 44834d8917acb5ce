"""Apache before a registry of one's own: what sends uploads astray, with its line. Plays nothing.

Apache streams bodies and adds X-Forwarded-Host by itself (mod_proxy, ProxyAddHeaders), so that only the scheme is missing. Its
LimitRequestBody is "not applicable to proxy requests", and mod_deflate leaves Content-Length to HEAD (seen with Apache 2.4.71).
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.worlds.vanity.apache.tree import Host, answering
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.rules import Remark
from pullscope.worlds.vanity.upstreams import is_inside

_UPLOADS = ("/", "/v2", "/v2/")


# Apache 2.4.71 before docker-registry 2.8: Location is http://NAME/… without the field, with and without ProxyPreserveHost and
# with ProxyPassReverse to the registry; https with it, and with ProxyAddHeaders Off, where ProxyPassReverse makes it right.
def own_registry(host: Host) -> Iterator[Remark]:
    """Remarks on a virtual host with TLS that leads to a host inside."""
    if not host.tls or any(_tells(one) for top in host.directives for one in top.everything()):
        return
    for one, within in answering(host.directives, {"proxypass"}):
        words = one.args if one.args[:1] and one.args[0].startswith("/") else [within, *one.args]
        if words[0] in _UPLOADS and len(words) > 1 and words[1].startswith("http://") and _leads_inside(words[1]):
            message = (
                "a registry that builds addresses from what it is told (distribution) is not told that it was asked over "
                "https, and sends uploads to http://, where pushes end."
            )
            fix = 'Write RequestHeader set X-Forwarded-Proto "https".'
            yield Remark(one.where, "upload-location-elsewhere", "warning", message, fix)


def _tells(one: Directive) -> bool:
    """Whether a directive tells the scheme, or may change the answer's address."""
    words = [word.lower() for word in one.args]
    if one.name in {"requestheader", "header"}:
        return bool({"x-forwarded-proto", "x-forwarded-scheme", "forwarded", "location"} & set(words))
    if one.name == "proxyaddheaders":
        return words[:1] == ["off"]
    # With the name that clients ask for, ProxyPassReverse changes http://NAME/ too.
    return one.name == "proxypassreverse" and bool(words) and not _leads_inside(words[-1])


def _leads_inside(url: str) -> bool:
    host = url.partition("://")[2].partition("/")[0]
    return bool(host) and is_inside(host)
