"""One request on its way through nginx: its variables, and what is made of them for the server behind and for the client.

Texts with `$name`, `map`, the conditions of `if`; ngx_http_proxy_module (proxy_pass, proxy_set_header, proxy_redirect) and
ngx_http_headers_module (add_header).

A variable that depends on what is not known here (the caller's address, a certificate, a file) is a `NotPlayedError` where its
value decides something.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote

from pullscope.oci.messages import Headers, Request, Response
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.nginx.tree import Config, Location, Scope
from pullscope.worlds.vanity.regexes import Found
from pullscope.worlds.vanity.rules import NotPlayedError, check_name, expression
from pullscope.worlds.vanity.targets import PATH_CHARACTERS, is_url

# ngx_http_script_compile: a capture is one digit, whatever follows it.
NAME = re.compile(r"\$(?:\{(\w+)\}|([1-9]|\w+))")
MOST_MAPS = 20
LONGEST = 65_536


@dataclass(slots=True)
class State:
    """One request on its way through nginx."""

    config: Config
    request: Request
    host: str
    raw: str
    """Path and query as the client sent them."""
    uri: str
    """The path now, decoded."""
    args: str
    captures: dict[str, str] = field(default_factory=dict)
    values: dict[str, str | NotPlayedError] = field(default_factory=dict)
    """What `set` has set: an error, told where it is used, for what is not known."""
    upstream: Response | None = None
    status: int = 200
    server_name: str = ""
    proxy_host: str = ""
    depth: int = 0
    changed: bool = False
    """True once the path is no longer the one that was asked."""

    def fill(self, text: str, where: str) -> str:
        """`text` with every variable's value; NotPlayedError, at `where`, for one that is not known."""
        if "$" not in text:
            return text
        filled = NAME.sub(lambda found: self.value(found[1] or found[2], where), text)
        if len(filled) > LONGEST:
            raise NotPlayedError(where, "a text grows too long")
        return filled

    def value(self, name: str, where: str) -> str:
        if (held := self.values.get(name)) is not None:
            if isinstance(held, NotPlayedError):
                raise held
            return held
        if name.isdigit() or name in self.captures:
            return self.captures.get(name, "")
        if name in self.config.maps:
            return self._mapped(self.config.maps[name], where)
        known = self._known()
        if name in known:
            return known[name]
        prefix, _, rest = name.partition("_")
        if prefix == "http":
            return self.request.headers.get(rest.replace("_", "-")) or ""
        if prefix == "arg":
            return next((value for key, value in parse_qsl(self.args, keep_blank_values=True) if key == rest), "")
        if prefix == "cookie":
            return ""
        if name.startswith("upstream_http_"):
            return (
                self.upstream.headers.get(name.removeprefix("upstream_http_").replace("_", "-")) or ""
                if self.upstream is not None
                else ""
            )
        raise NotPlayedError(where, f"${name} is not known here")

    def _known(self) -> Mapping[str, str]:
        return {
            "request_uri": self.raw,
            "uri": self.uri,
            "document_uri": self.uri,
            "args": self.args,
            "query_string": self.args,
            "is_args": "?" if self.args else "",
            "host": self.host,
            "http_host": self.request.headers.get("Host") or self.request.host,
            "scheme": "https",
            "https": "on",
            "server_port": "443",
            "server_name": self.server_name,
            "request_method": self.request.method,
            "proxy_host": self.proxy_host,
            "status": str(self.status),
            "upstream_status": str(self.upstream.status) if self.upstream is not None else "",
            "remote_user": "",
            "request_body": "",
        }

    def _mapped(self, block: Directive, where: str) -> str:
        if block.name != "map":
            raise NotPlayedError(block.where, f"{block.name} is not played")
        self.depth += 1
        try:
            if self.depth > MOST_MAPS:
                raise NotPlayedError(block.where, "maps name each other without end")
            return self._chosen(block, self.fill(block.args[0], where))
        finally:
            self.depth -= 1

    def _chosen(self, block: Directive, given: str) -> str:
        rows = [one for one in block.block or [] if one.words]
        unknown = next((one for one in rows if one.name == "include"), None)
        default = ""
        for one in rows:
            key = one.name.removeprefix("\\")
            value = one.args[0] if one.args else ""
            if one.name == "default":
                default = value
            elif not one.name.startswith("~") and key.lower() == given.lower():
                return self.fill(value, one.where)
        if any(one.name == "hostnames" for one in rows):
            for one in rows:
                if one.name.startswith("*.") and given.endswith(one.name[1:]) and one.args:
                    return self.fill(one.args[0], one.where)
        for one in rows:
            if one.name.startswith("~") and self.matches(one.name, given, one.where):
                return self.fill(one.args[0] if one.args else "", one.where)
        if unknown is not None:
            raise NotPlayedError(unknown.where, "this include is not read")
        return self.fill(default, block.where)

    def matches(self, pattern: str, text: str, where: str) -> bool:
        """Whether `~pattern` or `~*pattern` matches."""
        return self.found(pattern, text, where) is not None

    def found(self, pattern: str, text: str, where: str) -> Found | None:
        """The match of `~pattern` or `~*pattern`; its captures are $1 and so on from then on."""
        ignore = pattern.startswith("~*")
        found = expression(pattern[2 if ignore else 1 :], where, ignore_case=ignore).search(text)
        if found is not None:
            self.captures.update(found.values)
        return found

    def holds(self, words: list[str], where: str) -> bool:
        """The condition of an `if`, its brackets included in the words (ngx_http_rewrite_module, if)."""
        words = [*words]
        if words[:1] == ["("]:
            words.pop(0)
        elif words:
            words[0] = words[0].removeprefix("(")
        if words[-1:] == [")"]:
            words.pop()
        elif words:
            words[-1] = words[-1].removesuffix(")")
        if len(words) == 1:
            return self.fill(words[0], where) not in {"", "0"}
        if len(words) == 3 and words[1] in {"=", "!="}:
            return (self.fill(words[0], where) == self.fill(words[2], where)) is (words[1] == "=")
        if len(words) == 3 and words[1] in {"~", "~*", "!~", "!~*"}:
            found = self.matches(words[1].removeprefix("!") + words[2], self.fill(words[0], where), where)
            return found is not words[1].startswith("!")
        raise NotPlayedError(where, f"if ({' '.join(words)[:60]}) is not known here")


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
    given = {one.args[0].lower(): one for one in scope.find("proxy_set_header") if len(one.args) == 2}
    headers = headers.replacing("Host", host)
    for name, one in given.items():
        try:
            value = state.fill(one.args[1], one.where)
        except NotPlayedError:
            if name in {"authorization", "host"}:
                raise
            continue
        headers = headers.replacing(one.args[0], value or None)
        if name == "host" and strict:
            check_name(one.where, host, value)
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
