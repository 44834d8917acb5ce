"""Netlify as a platform: how it answers, what of that was never seen, and what is said of it."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote

from pullscope.worlds.vanity.dialects import Dialect
from pullscope.worlds.vanity.netlify.reading import merge, read_netlify_redirects, read_netlify_toml
from pullscope.worlds.vanity.platform import PUBLIC, Design, Kind, Project, Read, Values, by_program
from pullscope.worlds.vanity.targets import PATH_CHARACTERS

_PLACEHOLDER = re.compile(r":([A-Za-z_][\w-]*)")
_NOT_FOUND = (
    '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Page not found</title></head>\n'
    "<body><h1>Page not found</h1>\n<p>Looks like you've followed a broken link or entered a URL that doesn't exist on this"
    " site.</p></body>\n</html>\n"
)


def _fill(target: str, values: Values, _: SplitResult) -> str:
    return _PLACEHOLDER.sub(
        lambda found: quote(values[found[1]], safe=PATH_CHARACTERS) if found[1] in values else found[0], target
    )


def _read(text: str, name: str) -> Read:
    found, remarks = (read_netlify_toml if name.endswith(".toml") else read_netlify_redirects)(text, name)
    kept, doubles = merge(found, [])
    return Read(rules=kept, remarks=[*remarks, *doubles])


KIND = Kind(
    id="netlify",
    label="Netlify",
    turn=1,
    is_file=lambda name, _: name.endswith((".toml", "_redirects")) or name.startswith("_redirects"),
    read=_read,
    dialect=Dialect(
        server="Netlify",
        redirect_type="text/plain; charset=utf-8",
        redirect_body="Redirecting to {location}",
        absolute_location=True,
        not_found_body=_NOT_FOUND,
        extra=(("Cache-Control", "public,max-age=0,must-revalidate"),),
    ),
    fill=_fill,
    has_site=True,
    slash_finds_files=True,
    refused_statuses=frozenset({304, 305, 306, 307, 308}),
    code_at=lambda path: "the site's own function" if path.startswith("/.netlify/") else None,
    # docs/sources.md, Netlify: what is not known.
    unproven_status="that Netlify answers 307 and 308 rules with 404 was reported in 2019 and has not been seen since",
    unproven_proxy="whether Netlify's proxy passes on Authorization and a registry's own redirects unchanged",
    ping_fix='Add before the others: from = "/v2/", to = "https://{target}/v2/", status = 302, force = true.',
    shadow_fix="force = true, or a rule above it",
    permanent_by_default=True,
    address="Netlify's address",
    projects={
        Design.REDIRECT: Project(
            rules="netlify.toml", files={"netlify.toml": "rules-netlify", **PUBLIC}, steps="steps-netlify.md"
        ),
        # docs.netlify.com/build/edge-functions/declarations: a path is an URLPattern; a handler is the default export.
        Design.PROXY: by_program(
            "netlify/edge-functions/registry.js",
            'export default answer;\nexport const config = { path: "/v2/*" };',
            "steps-netlify.md",
            {"netlify.toml": "netlify-proxy.toml"},
        ),
        Design.STATIC: Project(
            rules="netlify.toml", files={"netlify.toml": "rules-netlify-static", **PUBLIC}, steps="steps-netlify.md"
        ),
    },
    row=(
        "`netlify.toml`, `_redirects` (which comes first)",
        "`*` at the end, `:segment`; slashes at the end do not count",
        "301",
    ),
)
