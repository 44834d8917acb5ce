"""How each platform words its answers: Location, headers, body and the page for what is not there. Pure.

A registry client mostly looks at the status and at Location, but what it prints when it fails is made of the rest: docker
shows the first characters of a 404 page. Netlify's and Vercel's own pages are longer than the ones here.
Where production was not seen, `facts` of the table below say so (`Decision.unproven` carries it on).
"""

from __future__ import annotations

import html
import http
import json
from collections.abc import Mapping
from dataclasses import dataclass

from pullscope.oci.messages import Headers, Response
from pullscope.worlds.vanity.rules import Platform


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """A platform's manner of answering."""

    server: str
    redirect_type: str | None = None
    redirect_body: str = ""
    """`{location}`, `{status}` and `{reason}` are filled in."""
    absolute_location: bool = False
    not_found_type: str = "text/html; charset=utf-8"
    not_found: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    """Headers of the page for what is not there."""


_NETLIFY_404 = (
    '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Page not found</title></head>\n'
    "<body><h1>Page not found</h1>\n<p>Looks like you've followed a broken link or entered a URL that doesn't exist on this"
    " site.</p></body>\n</html>\n"
)
_NGINX_PAGE = (
    "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)

DIALECTS: Mapping[Platform, Dialect] = {
    Platform.NETLIFY: Dialect(
        server="Netlify",
        redirect_type="text/plain; charset=utf-8",
        redirect_body="Redirecting to {location}",
        absolute_location=True,
        not_found=_NETLIFY_404,
        extra=(("Cache-Control", "public,max-age=0,must-revalidate"),),
    ),
    # asset-worker/src/handler.ts: a redirect is a bare response; Pages' edge adds its name.
    Platform.CLOUDFLARE: Dialect(server="cloudflare", not_found="", extra=(("Access-Control-Allow-Origin", "*"),)),
    Platform.VERCEL: Dialect(
        server="Vercel",
        redirect_type="text/plain",
        redirect_body="Redirecting...\n",
        not_found_type="text/plain; charset=utf-8",
        not_found="The page could not be found\n\nNOT_FOUND\n",
        extra=(("Cache-Control", "public, max-age=0, must-revalidate"),),
        missing=(("X-Vercel-Error", "NOT_FOUND"),),
    ),
    Platform.CADDY: Dialect(server="Caddy"),
    Platform.NGINX: Dialect(
        server="nginx",
        redirect_type="text/html",
        redirect_body=_NGINX_PAGE,
        absolute_location=True,
        not_found_type="text/html",
        not_found=_NGINX_PAGE,
    ),
    Platform.REWRITE: Dialect(
        server="pullscope",
        not_found_type="application/json",
        not_found=json.dumps(
            {"errors": [{"code": "NAME_UNKNOWN", "message": "this host does not serve that name", "detail": None}]}
        ),
    ),
}


def _reason(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _fill(text: str, status: int, location: str = "") -> str:
    return (
        text.replace("{status}", str(status))
        .replace("{reason}", _reason(status))
        .replace("{location}", html.escape(location))
    )


def redirect(platform: Platform, status: int, location: str) -> Response:
    """The platform's redirect to `location`."""
    dialect = DIALECTS[platform]
    body = _fill(dialect.redirect_body, status, location).encode()
    fields = [("Location", location), ("Server", dialect.server), *dialect.extra]
    if dialect.redirect_type is not None:
        fields.append(("Content-Type", dialect.redirect_type))
    return _response(status, fields, body)


def not_found(platform: Platform, own_page: bytes | None = None, *, status: int = 404) -> Response:
    """The platform's page for what is not there, or the site's own 404.html."""
    dialect = DIALECTS[platform]
    body = own_page if own_page is not None else _fill(dialect.not_found, status).encode()
    content_type = "text/html; charset=utf-8" if own_page is not None else dialect.not_found_type
    return _response(status, [("Server", dialect.server), *dialect.missing, ("Content-Type", content_type)], body)


_TYPES = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "css": "text/css",
}


def published(platform: Platform, path: str, *, status: int = 200) -> Response:
    """One of the site's own files. Its bytes are not read: what counts is that it answers at all, and with which type."""
    ending = path.rpartition("/")[2].rpartition(".")
    content_type = _TYPES.get(ending[2] if ending[1] else "", "application/octet-stream")
    body = (
        f"<!DOCTYPE html>\n<title>{html.escape(path)}</title>\n" if "html" in content_type else f"(the file {path})\n"
    )
    return _response(status, [("Server", DIALECTS[platform].server), ("Content-Type", content_type)], body.encode())


def plain(platform: Platform, status: int, body: bytes, content_type: str | None) -> Response:
    """An answer that a rule spells out itself."""
    fields = [("Server", DIALECTS[platform].server)]
    if content_type:
        fields.append(("Content-Type", content_type))
    if content_type == "application/json":
        fields.append(("Docker-Distribution-Api-Version", "registry/2.0"))
    return _response(status, fields, body)


def _response(status: int, fields: list[tuple[str, str]], body: bytes) -> Response:
    return Response(status=status, headers=Headers([*fields, ("Content-Length", str(len(body)))]), body=body)


def printable(location: str) -> str:
    """A header value: a client's path may hold characters that end a header line."""
    return "".join(
        char if 0x20 < ord(char) < 0x7F else "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))
        for char in location
    )


def unknown(platform: Platform, why: str) -> Response:
    """In the place of an answer that is not known."""
    return plain(platform, 501, f"pullscope: {why}\n".encode("utf-8", "replace"), "text/plain; charset=utf-8")
