"""What a web server must say with the files of a static registry, in the words of each server.

One table of places and their header fields; a function for each server that writes it down. Nothing here looks at a disk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

API = ("Docker-Distribution-Api-Version", "registry/2.0")
JSON = ("Content-Type", "application/json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A path, or all that begins with it, and the fields that are said there."""

    path: str
    prefix: bool = False
    fields: tuple[tuple[str, str], ...]

    @property
    def pattern(self) -> str:
        """As a regular expression, which minds the case of a tag."""
        return f"^{re.escape(self.path)}{'' if self.prefix else '$'}"


def places(names: Iterable[str], manifests: Iterable[tuple[str, str, str]]) -> list[Place]:
    """For repositories (`/v2/NAME`) and manifests (path, media type, digest)."""
    found = [Place(path="/v2/", fields=(JSON, API)), Place(path="/v2/index.html", fields=(JSON, API))]
    for name in names:
        kept = ("Cache-Control", "public, max-age=31536000, immutable")
        found.append(
            Place(path=f"{name}/blobs/", prefix=True, fields=(("Content-Type", "application/octet-stream"), kept))
        )
        found.append(Place(path=f"{name}/tags/list", fields=(JSON,)))
    for path, media_type, digest in manifests:
        said = (("Content-Type", media_type), ("Docker-Content-Digest", digest), API)
        found.append(Place(path=path, fields=said))
    return found


def netlify(found: Iterable[Place]) -> list[str]:
    """`_headers`, which Cloudflare reads too."""
    lines = []
    for one in found:
        lines += [f"{one.path}{'*' if one.prefix else ''}", *(f"  {name}: {value}" for name, value in one.fields)]
    return lines


def nginx(found: Iterable[Place]) -> list[str]:
    """Locations. `types { }` keeps the ending of a name from deciding on the type."""
    lines = []
    for one in found:
        lines += [f"location {'^~' if one.prefix else '='} {one.path} {{", "    types { }"]
        if one.path == "/v2/":
            lines.append("    index index.html;")
        for name, value in one.fields:
            lines.append(
                f"    default_type {value};" if name == "Content-Type" else f'    add_header {name} "{value}" always;'
            )
        lines.append("}")
    return lines


def caddy(found: Iterable[Place]) -> list[str]:
    """Matchers and header directives; file_server keeps a Content-Type that is there already."""
    lines = []
    for number, one in enumerate(found):
        lines.append(f"@v2_{number} path_regexp {one.pattern}")
        lines += [f'header @v2_{number} {name} "{value}"' for name, value in one.fields]
    return lines


def apache(found: Iterable[Place]) -> list[str]:
    """Locations, for mod_headers."""
    lines = []
    for one in found:
        lines.append(f'<LocationMatch "{one.pattern}">')
        for name, value in one.fields:
            lines.append(f"    ForceType {value}" if name == "Content-Type" else f'    Header set {name} "{value}"')
        lines.append("</LocationMatch>")
    return lines


FILES: Mapping[str, tuple[Callable[[Iterable[Place]], list[str]], str]] = {
    "_headers": (netlify, "# For Netlify and Cloudflare, written by pullscope vanity static"),
    "nginx.conf": (nginx, "# For a server block with `root` on this folder: include THIS_FILE;"),
    "headers.caddy": (caddy, "# For a site with `root` on this folder and file_server: import THIS_FILE"),
    "apache.conf": (
        apache,
        "# For a virtual host with DocumentRoot on this folder, with mod_headers: Include THIS_FILE",
    ),
}
"""Each file with the function that writes it, and its first line."""
