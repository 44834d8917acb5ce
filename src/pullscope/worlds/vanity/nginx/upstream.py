"""nginx and the server behind it: what is asked of it, and what becomes of its headers.

ngx_http_proxy_module (proxy_pass, proxy_set_header, proxy_redirect) and ngx_http_headers_module (add_header).
"""

from __future__ import annotations

import re
from urllib.parse import quote

from pullscope.oci.messages import Headers
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.decision import NotPlayedError, check_name
from pullscope.worlds.vanity.nginx.tree import Location, Scope
from pullscope.worlds.vanity.nginx.variables import State
from pullscope.worlds.vanity.targets import PATH_CHARACTERS, is_url

_ADDED_TO = {200, 201, 204, 206, 301, 302, 303, 304, 307, 308}


def target_of(
    state: State, location: Location, one: Directive, *, left_location: bool
) -> tuple[str, str, tuple[str, str]]:
    """Scheme and authority to ask, the name in proxy_pass, and path and query (ngx_http_proxy_module, proxy_pass)."""
    text = one.args[0] if one.args else ""
    filled = state.fill(text, one.where)
    if not filled.lower().startswith(("http://", "https://")):
        raise NotPlayedError(one.where, f"proxy_pass {text} names no http:// or https://")
    scheme, _, rest = filled.partition("://")
    if rest.startswith("unix:"):
        return "http://localhost", "localhost", _path_now(state)
    found = re.match(r"([^/?#]*)(/?)(.*)", rest, re.DOTALL)
    authority, slash, path = found.groups() if found is not None else ("", "", "")
    real = state.config.server_of(authority)
    if not is_url(f"{scheme}://{real}/") or not real:
        raise NotPlayedError(one.where, f"proxy_pass {text[:60]} names no host that can be asked")
    base = f"{scheme.lower()}://{real.lower()}"
    if not slash:
        return base, authority, _path_now(state)
    own, _, query = path.partition("?")
    if "$" in text:
        return base, authority, (f"/{own}", query)
    if location.is_regex or left_location:
        return base, authority, _path_now(state)
    rest_of_uri = state.uri.removeprefix(location.path)
    return base, authority, (f"/{own}{quote(rest_of_uri, safe=PATH_CHARACTERS)}", state.args)


def _path_now(state: State) -> tuple[str, str]:
    if state.changed:
        return quote(state.uri, safe=PATH_CHARACTERS), state.args
    path, _, query = state.raw.partition("?")
    return path, query


def sent_headers(state: State, scope: Scope, host: str, *, strict: bool) -> Headers:
    """The request's headers as nginx sends them on; `strict`: a known registry must be asked by its own name."""
    off = scope.last("proxy_pass_request_headers")
    headers = Headers() if off is not None and off.args[:1] == ["off"] else state.request.headers
    fields = {field.args[0].lower(): field for field in scope.find("proxy_set_header") if len(field.args) == 2}
    headers = headers.replacing("Host", host)
    for name, field in fields.items():
        try:
            value = state.fill(field.args[1], field.where)
        except NotPlayedError:
            if name in {"authorization", "host"}:
                raise
            continue
        headers = headers.replacing(field.args[0], value or None)
        if name == "host" and strict:
            check_name(field.where, host, value)
    return headers


def moved(state: State, scope: Scope, prefix_path: str, location: str, one: Directive) -> str:
    """The upstream's Location as proxy_redirect rewrites it, absolute."""
    found = scope.find("proxy_redirect")
    if not found:
        found = [Directive(one.where, ["proxy_redirect", "default"])]
    for each in found:
        words = each.args
        if words[:1] == ["off"]:
            break
        if words[:1] == ["default"]:
            if "$" in one.args[0]:
                continue
            has_path = one.args[0].partition("://")[2].partition("/")[1]
            words = [one.args[0] if has_path else f"{one.args[0]}/", prefix_path if has_path else "/"]
        if len(words) != 2:
            continue
        if words[0].startswith("~"):
            match = state.found(words[0], location, each.where)
            if match is None:
                continue
            location = location[: match.start] + state.fill(words[1], each.where) + location[match.end :]
            break
        prefix = state.fill(words[0], each.where)
        if location.startswith(prefix):
            location = state.fill(words[1], each.where) + location[len(prefix) :]
            break
    return f"https://{state.request.host}{location}" if location.startswith("/") else location


def added(state: State, scope: Scope, fields: list[tuple[str, str]], status: int) -> list[tuple[str, str]]:
    """`fields` with what add_header adds to an answer of this status."""
    for one in scope.find("add_header"):
        if len(one.args) < 2 or (status not in _ADDED_TO and "always" not in one.args[2:]):
            continue
        try:
            value = state.fill(one.args[1], one.where)
        except NotPlayedError:
            if matters(one):
                raise
            continue
        if value:
            fields.append((one.args[0], value))
    for one in (*scope.find("more_set_headers"), *scope.find("more_clear_headers")):
        if matters(one):
            raise NotPlayedError(one.where, f"{one.name} is not played")
    return fields


def matters(one: Directive) -> bool:
    """True for a header that decides where a client goes, or with what."""
    words = " ".join(one.args[:1] if one.name in {"add_header", "proxy_set_header"} else one.args).lower()
    return any(name in words for name in ("www-authenticate", "location", "authorization", "docker-content-digest"))
