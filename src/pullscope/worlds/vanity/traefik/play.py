"""One request played through Traefik: the router, its middlewares in their order, the service, and the way back.

Each middleware follows its file below pkg/middlewares of traefik/traefik; compared with Traefik 3.7. What cannot be known
from the file (a plugin, who is asked for a login elsewhere, the caller's address) is a `NotPlayedError` where it decides.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlsplit

from pullscope.oci.messages import Headers, Request, Response
from pullscope.worlds.vanity.blocks import names
from pullscope.worlds.vanity.config_tree import Item
from pullscope.worlds.vanity.regexes import replace_all
from pullscope.worlds.vanity.rules import (
    CLIENT_CERTIFICATE,
    Decision,
    Dialect,
    NotPlayedError,
    Rule,
    check_name,
    expression,
    printable,
)
from pullscope.worlds.vanity.targets import PATH_CHARACTERS, is_url
from pullscope.worlds.vanity.traefik.config import Dynamic, Router, middleware_of, service_of, tls_options_of
from pullscope.worlds.vanity.traefik.matching import Asked, matches

DIALECT = Dialect(server="Traefik", not_found_type="text/plain; charset=utf-8", not_found_body="404 page not found\n")
MOST_STEPS = 100

HARMLESS = names("buffering circuitbreaker compress contenttype grpcweb inflightreq passtlsclientcert ratelimit retry")
"""Middlewares that change nothing of what one pull meets."""
PLAYED = names(
    """
    addprefix basicauth chain errors headers redirectregex redirectscheme replacepath replacepathregex stripprefix
    stripprefixregex
    """
)
_RESERVED = re.compile(r"%(?:3A|2F|3F|23|5B|5D|40|21|24|26|27|28|29|2A|2B|2C|3B|3D|25)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _State:
    """The request as the next middleware sees it."""

    path: str
    """Escaped."""
    query: str
    host: str
    headers: Headers

    @property
    def uri(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(slots=True)
class Play:
    """The way of one request; `answer` is asked once."""

    config: Dynamic
    rules: Mapping[int, Rule]
    request: Request
    login: str | None = None
    left: int = MOST_STEPS

    def answer(self) -> Decision:
        split = urlsplit(self.request.url)
        path = clean(split.path or "/")
        state = _State(path, split.query, self.request.host, self.request.headers)
        asked = Asked(
            method=self.request.method,
            host=(split.hostname or "").lower(),
            authority=self.request.host,
            path=_routed(path),
            query=split.query,
            headers=self.request.headers,
            one_host=self.config.one_host,
        )
        for router in self.config.reached():
            if matches(router.term, asked, router.rule_where):
                asks = (tls_options_of(self.config, router) or Item("")).at("clientAuth", "clientAuthType")
                if asks.text.lower().startswith("require"):
                    raise NotPlayedError(asks.where, CLIENT_CERTIFICATE)
                steps = tuple(middleware for named in router.middlewares for middleware in self._named(named))
                return self._through(router, steps, state)
        return Decision(response=DIALECT.not_found(), because="no router", file=self.config.file)

    def _named(self, one: Item) -> list[tuple[str, Item]]:
        """The middlewares behind a name, a chain's own among them, each with its type."""
        self.left -= 1
        if self.left < 0:
            raise NotPlayedError(one.where, "the middlewares lead to each other")
        found = middleware_of(self.config, one.text)
        if found is None:
            return [("", one)]
        steps: list[tuple[str, Item]] = []
        for kind, options in found.fields.items():
            if kind == "chain":
                inner = options.at("middlewares")
                for each in inner.rows:
                    # A custom resource names them one below the other.
                    steps += self._named(Item(each.where, each.at("name").text) if each.fields else each)
            else:
                steps.append((kind, options))
        return steps

    # Middlewares.

    def _through(self, router: Router, steps: tuple[tuple[str, Item], ...], state: _State) -> Decision:
        if not steps:
            return self._served(router, router.service, state)
        (kind, options), rest = steps[0], steps[1:]
        where = options.where
        path = unquote(state.path)
        match kind:
            case "":
                raise NotPlayedError(where, f"the middleware {options.text} is not in this file")
            case "redirectregex" | "redirectscheme":
                redirect = self._redirected(kind, options, state)
                if redirect is not None:
                    return self._told(redirect, self.rules.get(id(options)) or self.rules.get(id(router)))
            case "stripprefix":
                prefix = next((one for one in options.at("prefixes").words if path.startswith(one)), None)
                if prefix is not None:
                    state = replace(state, path=_stripped(state.path, prefix, slash=options.at("forceSlash").is_true))
            case "stripprefixregex":
                for text in options.at("regex").words:
                    found = expression(text.strip(), where, engine="Go").search(path)
                    if found is not None and found.start == 0 and found.end > 0:
                        state = replace(state, path=_stripped(state.path, path[: found.end]))
                        break
            case "addprefix":
                prefix = options.at("prefix").text
                state = replace(
                    state,
                    path=f"{'' if prefix.startswith('/') else '/'}{quote(prefix, safe=PATH_CHARACTERS)}{state.path}",
                )
            case "replacepath":
                state = replace(state, path=quote(unquote(options.at("path").text), safe=PATH_CHARACTERS))
            case "replacepathregex":
                pattern = expression(options.at("regex").text.strip(), where, engine="Go")
                replacement = options.at("replacement").text.strip()
                if replacement and pattern.search(state.path):
                    state = replace(state, path=replace_all(pattern, replacement, state.path))
            case "headers":
                return self._with_headers(router, rest, state, options)
            case "basicauth":
                self.login = self.login or where
                if options.at("removeHeader").is_true:
                    state = replace(state, headers=state.headers.replacing("Authorization", None))
            case "errors":
                return self._or_errors(self._through(router, rest, state), options)
            case _ if kind not in HARMLESS:
                raise NotPlayedError(where, f"the middleware {kind} is not played")
        return self._through(router, rest, state)

    def _redirected(self, kind: str, options: Item, state: _State) -> Response | None:
        """pkg/middlewares/redirect: the URL as asked, rewritten; nothing where that changes nothing."""
        asked = f"https://{state.host.removesuffix(':443')}{state.uri}"
        where = options.where
        if kind == "redirectscheme":
            scheme, port = options.at("scheme").text.lower(), options.at("port").text
            host = re.sub(r":\d+\Z", "", state.host)
            shown = f":{port}" if port and (scheme, port) not in {("https", "443"), ("http", "80")} else ""
            to = f"{scheme}://{host}{shown}{state.uri}"
        else:
            pattern = expression(options.at("regex").text, where, engine="Go")
            if pattern.search(asked) is None:
                return None
            to = replace_all(pattern, options.at("replacement").text, asked)
        if to == asked:
            return None
        if not is_url(to):
            return DIALECT.plain(500, b"Internal Server Error", None)
        codes = (301, 308) if options.at("permanent").is_true else (302, 307)
        return DIALECT.redirect(codes[self.request.method != "GET"], printable(to))

    def _with_headers(
        self, router: Router, rest: tuple[tuple[str, Item], ...], state: _State, options: Item
    ) -> Decision:
        if options.at("allowedHosts"):
            raise NotPlayedError(options.at("allowedHosts").where, "allowedHosts is not played")
        for name, value in options.at("customRequestHeaders").pairs:
            if name == "host" and value:
                state = replace(state, host=value)
            else:
                state = replace(state, headers=state.headers.replacing(name.title(), value or None))

        def changed(response: Response) -> Response:
            headers = response.headers
            for name, value in options.at("customResponseHeaders").pairs:
                headers = headers.replacing(name.title(), value or None)
            return replace(response, headers=headers)

        return _on_the_way_back(self._through(router, rest, state), changed)

    def _or_errors(self, decision: Decision, options: Item) -> Decision:
        """pkg/middlewares/customerrors: an answer of these statuses is another service's."""
        ranges = [word.partition("-") for text in options.at("status").words for word in text.split(",")]

        def checked(response: Response) -> Response:
            if any(low.isdigit() and int(low) <= response.status <= int(high or low) for low, _, high in ranges):
                place = options.where
                raise NotPlayedError(place, f"the page that stands for {response.status} is not played")
            return response

        return _on_the_way_back(decision, checked)

    # Services.

    def _served(self, router: Router, named: Item, state: _State) -> Decision:
        rule = self.rules.get(id(router))
        where = named.where
        if named.text == "noop@internal":
            return self._told(DIALECT.plain(418, b"I'm a teapot", None), rule)
        service = service_of(self.config, named.text)
        self.left -= 1
        if service is None or self.left < 0:
            raise NotPlayedError(where, f"the service {named.text or '(none)'} is not in this file")
        if service.at("mirroring"):
            return self._served(router, service.at("mirroring", "service"), state)
        weighted = service.at("weighted", "services").rows
        if len(weighted) == 1:
            return self._served(router, weighted[0].at("name"), state)
        balancer = service.at("loadBalancer")
        servers = balancer.at("servers").rows
        urls = [one.at("url") for one in servers if one.at("url")]
        if not balancer or weighted:
            kinds = ", ".join(service.fields) or "nothing"
            raise NotPlayedError(service.where, f"the service {named.text} is {kinds}, which is not played")
        if not urls:
            return self._told(DIALECT.plain(503, b"no available server", "text/plain; charset=utf-8"), rule)
        return self._fetched(urls[0], balancer, servers[0], state, rule)

    def _fetched(self, url: Item, balancer: Item, server: Item, state: _State, rule: Rule | None) -> Decision:
        where = url.where
        split = urlsplit(url.text) if is_url(url.text) else urlsplit("")
        if split.scheme not in {"http", "https", "h2c"} or not split.hostname:
            raise NotPlayedError(where, f"{url.text[:60]} names no host that can be asked")
        host = split.netloc.lower()
        passes = balancer.at("passHostHeader").text.lower() != "false"
        name = state.host if passes else host
        check_name(where, host, name, " (passHostHeader: false)" if passes else "")
        path = state.path
        if server.at("preservePath").is_true and split.path:
            path = f"{split.path.rstrip('/')}/{path.lstrip('/')}"
        base = f"{'http' if split.scheme == 'h2c' else split.scheme}://{host}"
        target = f"{base}{path or '/'}" + (f"?{state.query}" if state.query else "")
        headers = state.headers.replacing("Host", name)
        forward = replace(self.request, url=target, headers=headers)
        return Decision(forward=forward, rule=rule, file=self.config.file, login=self.login)

    def _told(self, response: Response, rule: Rule | None) -> Decision:
        return Decision(response=response, rule=rule, file=self.config.file, login=self.login)


def _on_the_way_back(decision: Decision, change: Callable[[Response], Response]) -> Decision:
    if decision.response is not None:
        return replace(decision, response=change(decision.response))
    inner = decision.after

    def after(response: Response) -> Decision:
        ended = inner(response) if inner is not None else replace(decision, forward=None, response=response)
        return _on_the_way_back(ended, change)

    return replace(decision, after=after)


def clean(path: str) -> str:
    """The path as an entry point hands it on: unreserved characters decoded, slashes and dots resolved (server.go)."""
    path = re.sub(r"%([0-9A-Fa-f]{2})", _unreserved, path)
    cleaned = posixpath.normpath(re.sub(r"/{2,}", "/", path if path.startswith("/") else f"/{path}"))
    return cleaned if cleaned == "/" or not path.endswith(("/", "/.", "/..")) else f"{cleaned}/"


def _unreserved(found: re.Match[str]) -> str:
    char = chr(int(found[1], 16))
    return char if char.isascii() and (char.isalnum() or char in "-._~") else found[0].upper()


def _routed(path: str) -> str:
    """Decoded but for reserved characters (pkg/muxer/http/mux.go, withRoutingPath)."""
    pieces = re.split(f"({_RESERVED.pattern})", path, flags=re.IGNORECASE)
    return "".join(piece if index % 2 else unquote(piece) for index, piece in enumerate(pieces))


def _stripped(path: str, prefix: str, *, slash: bool = False) -> str:
    rest = path[len(prefix) :] if path.startswith(prefix) else quote(unquote(path)[len(prefix) :], safe=PATH_CHARACTERS)
    return f"/{rest.lstrip('/')}" if slash else rest if not rest or rest.startswith("/") else f"/{rest}"
