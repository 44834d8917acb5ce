"""From a rule's `to` and what its `from` matched: the URL that a client is sent to, or that is fetched. Pure.

Each platform writes placeholders in its own way and has its own rule for the query; both are tables here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from pullscope.worlds.vanity.rules import Platform, Rule

Values = Mapping[str, str]

# `:name` and `$1`, `{uri}`, `$request_uri`: each is replaced in one pass, so that a value is never read as a placeholder.
_NETLIFY = re.compile(r":([A-Za-z_][\w-]*)")
_CLOUDFLARE = re.compile(r":([A-Za-z]\w*)")
_VERCEL = re.compile(r":([A-Za-z]\w*)[*+?]?|\$(\d+)|\{:([A-Za-z]\w*)\}")
_CADDY = re.compile(r"\{(uri|path|query|host|http\.request\.(?:uri|uri\.path|uri\.query|orig_uri|host))\}")
_NGINX = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_OWN = re.compile(r":(splat)\Z")

# The characters that stay as they are in a path (RFC 3986, 3.3: pchar, and the slash).
PATH_CHARACTERS = "/:@!$&'()*+,;=~-._"


def target_of(rule: Rule, values: Values, asked: SplitResult) -> str | None:
    """The absolute or host-relative URL, placeholders and query filled in; None for a rule without target."""
    if rule.target is None:
        return None
    filled = _FILL[rule.platform](rule.target, values, asked)
    base, hash_mark, fragment = filled.partition("#")
    if rule.keeps_query and asked.query:
        base = _with_query(rule, base, asked.query)
    return f"{base}{hash_mark}{fragment}"


def _with_query(rule: Rule, base: str, query: str) -> str:
    if "?" not in base:
        return f"{base}?{query}"
    if rule.platform is Platform.VERCEL:
        # Vercel joins both; what the destination says wins over the same name in the request.
        own = base.partition("?")[2]
        taken = {name for name, _ in parse_qsl(own, keep_blank_values=True)}
        more = urlencode([pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] not in taken])
        return f"{base}&{more}" if more else base
    return base


def _fill_netlify(target: str, values: Values, _: SplitResult) -> str:
    return _NETLIFY.sub(
        lambda found: quote(values[found[1]], safe=PATH_CHARACTERS) if found[1] in values else found[0], target
    )


def _fill_cloudflare(target: str, values: Values, _: SplitResult) -> str:
    filled = _CLOUDFLARE.sub(lambda found: values.get(found[1], found[0]), target)
    # Only relative targets lose doubled slashes (rules-engine.ts, generateRedirectsMatcher).
    return filled if "://" in filled[:9] else re.sub(r"/+", "/", filled)


def _fill_vercel(target: str, values: Values, _: SplitResult) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[3]
        return values.get(name, found[0])

    return _VERCEL.sub(value, target)


def _fill_caddy(target: str, _: Values, asked: SplitResult) -> str:
    uri = asked.path + (f"?{asked.query}" if asked.query else "")
    known = {"uri": uri, "path": asked.path, "query": asked.query, "host": asked.hostname or "", "orig_uri": uri}

    def value(found: re.Match[str]) -> str:
        return known[found[1].removeprefix("http.request.").removeprefix("uri.")]

    return _CADDY.sub(value, target)


def _fill_nginx(target: str, values: Values, asked: SplitResult) -> str:
    uri = asked.path + (f"?{asked.query}" if asked.query else "")
    known = {
        "request_uri": uri,
        "uri": asked.path,
        "document_uri": asked.path,
        "args": asked.query,
        "query_string": asked.query,
        "is_args": "?" if asked.query else "",
        "host": asked.hostname or "",
        "scheme": asked.scheme,
        **values,
    }
    return _NGINX.sub(lambda found: known.get(found[1] or found[2], found[0]), target)


def _fill_own(target: str, values: Values, _: SplitResult) -> str:
    return _OWN.sub(lambda _found: values.get("splat", ""), target)


_FILL: Mapping[Platform, Callable[[str, Values, SplitResult], str]] = {
    Platform.NETLIFY: _fill_netlify,
    Platform.CLOUDFLARE: _fill_cloudflare,
    Platform.VERCEL: _fill_vercel,
    Platform.CADDY: _fill_caddy,
    Platform.NGINX: _fill_nginx,
    Platform.REWRITE: _fill_own,
}


def is_url(text: str) -> bool:
    """Whether `text` can be taken apart as a URL or a path; a client's path may have been put where a host or port is."""
    try:
        port = urlsplit(text).port
    except ValueError:
        return False
    return port is None or port > 0


def absolute(target: str, asked: SplitResult) -> str:
    """`target` as a URL with a host, of the asked one where it names none."""
    if urlsplit(target).netloc:
        return target
    return f"{asked.scheme}://{asked.netloc}{target if target.startswith('/') else '/' + target}"
