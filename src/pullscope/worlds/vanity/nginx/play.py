"""One request played through an nginx configuration: rewrite, access, content, and what is made of an upstream's answer.
One file, because a request goes through nginx's phases in one order.

The order of the phases is that of ngx_http_core_module: the server's rewrite directives, the location, the location's rewrite
directives (and the location again where they changed the path), access, try_files, content. What an `error_page` catches goes on
from there. Anything that decides and is not played ends it with `NotPlayedError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pullscope.oci.messages import Headers, Request, Response
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.nginx.directives import CONTENT, is_known, may_be_left_out
from pullscope.worlds.vanity.nginx.state import State, added, matters, moved, sent_headers, target_of
from pullscope.worlds.vanity.nginx.tree import (
    Config,
    Location,
    Scope,
    Server,
    captured,
    find_location,
    returned,
    server_for,
)
from pullscope.worlds.vanity.rules import CLIENT_CERTIFICATE, Decision, Dialect, NotPlayedError, Rule, printable
from pullscope.worlds.vanity.targets import PATH_CHARACTERS, normal_path

MOST_JUMPS = 10
"""nginx answers 500 after ten changes of the URI (ngx_http_core_module, `internal`)."""

# ngx_http_special_response.c
_PAGE = (
    "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
DIALECT = Dialect(
    server="nginx",
    redirect_type="text/html",
    redirect_body=_PAGE,
    absolute_location=True,
    not_found_type="text/html",
    not_found_body=_PAGE,
)

_REDIRECTS = {301, 302, 303, 307, 308}


class _Turn(Enum):
    JUMP = "the path has changed, and the location is to be found again"
    STAY = "the rewrite directives are done with here (`break`)"


_Ended = Decision | _Turn | None


class Play:
    """The way of one request; `answer` is asked once."""

    def __init__(self, config: Config, rules: Mapping[int, Rule], request: Request) -> None:
        self._config = config
        self._rules = rules
        split = urlsplit(request.url)
        path = split.path or "/"
        host = (split.hostname or "").lower()
        raw = f"{path}?{split.query}" if split.query else path
        self._state = State(config, request, host, raw, normal_path(unquote(path)), split.query)
        self._server: Server = server_for(config, host, request.host.partition(":")[2])
        self._state.server_name = next(iter(self._server.names), "")
        self._state.captures.update(captured(config, self._server, host))
        self._location: Location = self._server.root
        self._scope: Scope = self._location.scope
        self._left_location = False
        """True after `rewrite … break`: the location's prefix says nothing about the path any more."""
        self._jumps = 0
        self._caught = False
        self._status: int | None = None
        """What an error_page wants as the status."""
        self._login: str | None = None
        self._fallback: str | None = None
        """The path that a try_files has fallen back to."""
        self._kept: list[tuple[str, str]] = []
        """What an error page shows of the answer that it stands for."""

    def answer(self) -> Decision:
        ended = self._rewritten(self._server.root.scope)
        return ended if isinstance(ended, Decision) else self._at_location()

    # Rewrite and location.

    def _at_location(self, named: Location | None = None) -> Decision:
        while True:
            self._jumps += 1
            if self._jumps > MOST_JUMPS:
                return self._own(500, b"", None, because="the rules lead in a circle")
            if named is not None:
                self._location, named = named, None
            else:
                met = find_location(self._server.root, self._state.uri, self._config.file)
                self._location = met.location
                self._state.captures.update(met.captures)
                if met.slash:
                    location = f"https://{self._state.request.host}{quote(self._state.uri, safe=PATH_CHARACTERS)}/"
                    location += f"?{self._state.args}" if self._state.args else ""
                    return self._redirect(301, location, self._rule_in(self._location))
            self._scope = self._location.scope
            self._unknown_includes()
            if self._location.scope.own.get("internal") and not (self._state.changed or self._caught):
                return self._own(404, None, None, self._rule_in(self._location))
            # The server's own rewrite directives have run already.
            ended = None if self._location is self._server.root else self._rewritten(self._scope)
            if isinstance(ended, Decision):
                return ended
            if ended is _Turn.JUMP:
                continue
            return self._accessed() or self._content()

    def _unknown_includes(self) -> None:
        for level in self._scope.levels():
            for one in level.own.get("include", ()):
                if level.block.name != "http" and one.args and not may_be_left_out(one.args[0]):
                    raise NotPlayedError(one.where, f"include {one.args[0]} is not read (give what nginx -T prints)")

    def _rewritten(self, scope: Scope) -> _Ended:
        changed = False
        for one in scope.block.block or []:
            ended: _Ended = None
            if one.name == "set" and len(one.args) == 2:
                self._state.values[one.args[0].removeprefix("$")] = self._maybe(one.args[1], one.where)
            elif one.name == "return":
                return self._returned(one)
            elif one.name == "break":
                return _Turn.STAY
            elif one.name == "rewrite" and len(one.args) >= 2:
                before = self._state.uri
                ended = self._rewrite(one)
                changed = changed or (ended is None and self._state.uri != before)
            elif one.name == "if" and one.block is not None:
                ended = self._if(one, scope)
            elif "_by_lua" in one.name and one.name.startswith(("rewrite", "set")):
                raise NotPlayedError(one.where, f"{one.name} is code")
            if ended is not None:
                return ended
        return _Turn.JUMP if changed and self._location is not self._server.root else None

    def _maybe(self, text: str, where: str) -> str | NotPlayedError:
        """A value that may never be used."""
        try:
            return self._state.fill(text, where)
        except NotPlayedError as error:
            return error

    def _if(self, one: Directive, outer: Scope) -> _Ended:
        deciding = {"return", "rewrite", "set", "break", "proxy_pass", "deny", "allow", "if", "error_page", *CONTENT}
        inside = one.block or []
        if not any(inner.name in deciding or not is_known(inner.name) for inner in inside) and not any(
            inner.name in {"add_header", "proxy_set_header"} and matters(inner) for inner in inside
        ):
            return None
        if not self._state.holds(one.args, one.where):
            return None
        scope = Scope.of(one, outer)
        if any(inner.name not in {"return", "rewrite", "set", "break"} for inner in inside):
            self._scope = scope
        return self._rewritten(scope)

    def _rewrite(self, one: Directive) -> _Ended:
        pattern, replacement = one.args[0], one.args[1]
        flag = one.args[2] if len(one.args) > 2 else ""
        if not self._state.matches(f"~{pattern}", self._state.uri, one.where):
            return None
        keeps = not replacement.endswith("?")
        replacement = replacement.removesuffix("?")
        filled = self._state.fill(replacement, one.where)
        # Only a ? that is written there begins a query; one of a variable, as $request_uri, is a part of the path.
        asks = "?" in replacement
        if flag in {"redirect", "permanent"} or replacement.startswith(("http://", "https://", "$scheme")):
            filled += ("&" if asks else "?") + self._state.args if keeps and self._state.args else ""
            location = filled if "://" in filled[:9] else f"https://{self._state.request.host}{filled}"
            return self._redirect(301 if flag == "permanent" else 302, location, self._rule(one))
        path, _, args = filled.partition("?") if asks else (filled, "", "")
        kept = self._state.args if keeps else ""
        self._state.uri, self._state.changed = path, True
        self._state.args = f"{args}&{kept}" if args and kept else args or kept
        if flag == "last":
            return _Turn.JUMP
        if flag == "break":
            self._left_location = True
            return _Turn.STAY
        return None

    def _returned(self, one: Directive) -> Decision:
        status, text = returned(one)
        rule = self._rule(one)
        if status in _REDIRECTS and text:
            location = self._state.fill(text, one.where)
            return self._redirect(status, location, rule)
        kind = self._scope.last("default_type")
        content_type = kind.args[0] if kind is not None and kind.args else "text/plain"
        if text:
            return self._own(status, self._state.fill(text, one.where).encode(), content_type, rule)
        return self._catch(status) or self._own(status, None, None, rule)

    # Access.

    def _accessed(self) -> Decision | None:
        for level in self._scope.levels():
            for name, found in level.own.items():
                if not is_known(name) and name not in CONTENT:
                    raise NotPlayedError(found[0].where, f"{name} is not played")
        limit = self._scope.last("limit_except")
        scope = self._scope
        if limit is not None and limit.block is not None:
            allowed = {word.upper() for word in limit.args} | ({"HEAD"} if "GET" in limit.args else set())
            if self._state.request.method not in allowed:
                scope = Scope.of(limit, self._scope)
        rules, satisfy, basic = scope.find("allow", "deny"), scope.last("satisfy"), scope.last("auth_basic")
        asks = basic is not None and basic.args[:1] != ["off"]
        # Who is let in by address needs no login, and who has one needs no address: both pull.
        either = asks and satisfy is not None and satisfy.args[:1] == ["any"]
        if rules and not either and (refusal := self._refused(rules)):
            return refusal
        certificate = scope.last("ssl_verify_client")
        if certificate is not None and certificate.args[:1] == ["on"]:
            raise NotPlayedError(certificate.where, CLIENT_CERTIFICATE)
        self._login = basic.where if basic is not None and asks else self._login
        return None

    def _refused(self, rules: list[Directive]) -> Decision | None:
        first = rules[0]
        if all(one.name == "deny" for one in rules) and first.args[:1] == ["all"]:
            return self._catch(403) or self._own(403, None, None, self._rule_in(self._location))
        if any(one.name == "deny" and one.args[:1] == ["all"] for one in rules) and first.args[:1] != ["all"]:
            raise NotPlayedError(first.where, "who is let in depends on the caller's address")
        return None

    # Content.

    def _content(self) -> Decision:
        content = next((one for name in CONTENT for one in self._scope.own.get(name, ())), None) or next(
            (one for name in CONTENT for one in self._location.scope.own.get(name, ())), None
        )
        tried = self._scope.own.get("try_files") or self._location.scope.own.get("try_files")
        if tried and tried[0].args:
            return self._tried(tried[0])
        if content is not None:
            raise NotPlayedError(content.where, f"{content.name} answers, which is not played")
        passing = self._scope.own.get("proxy_pass") or self._location.scope.own.get("proxy_pass")
        return self._proxied(passing[0]) if passing else self._file()

    def _file(self) -> Decision:
        path = self._location.path
        if self._state.uri.startswith("/v2") and self._may_be_static():
            raise NotPlayedError(self._location.where, f"{self._state.uri} is a file there, or none")
        about_v2 = self._location.is_regex or path.startswith("/v2") or "alias" in self._location.scope.own
        if about_v2 and self._state.uri.startswith("/v2"):
            raise NotPlayedError(self._location.where, f"{self._state.uri} is a file there, or none")
        if self._state.uri.endswith((".html", ".htm")):
            page = self._config.dialect.published(self._state.uri, status=self._status or 200)
            return Decision(response=page, because=f"the file {self._state.uri}", file=self._config.file)
        return self._catch(404) or self._own(404, None, None, because="no rule")

    def _may_be_static(self) -> bool:
        """True where a folder is published and no rule is about /v2: images may lie in it as files."""
        return bool(self._scope.find("root")) and not any("v2" in rule.source for rule in self._rules.values())

    def _tried(self, one: Directive) -> Decision:
        last = one.args[-1]
        if self._fallback == self._state.uri:
            # It was sent here by a try_files: where it is not a file, that leads in a circle.
            return self._file()
        if last.startswith("="):
            if self._location.path.startswith("/v2") or (self._state.uri.startswith("/v2") and self._may_be_static()):
                raise NotPlayedError(one.where, f"{self._state.uri} is a file there, or none")
            status = int(last[1:4]) if last[1:4].isdigit() else 404
            return self._catch(status) or self._own(status, None, None, because="no file, no rule")
        if self._state.uri.startswith("/v2") and last.endswith((".html", ".htm")) and self._may_be_static():
            raise NotPlayedError(one.where, f"{self._state.uri} is a file there, or none")
        if not last.startswith("@"):
            self._fallback = normal_path(self._state.fill(last, one.where).partition("?")[0])
        return self._internal(last, one.where)

    def _internal(self, to: str, where: str) -> Decision:
        """An internal redirect, to a named location or a path."""
        if to.startswith("@"):
            named = self._server.named.get(to)
            if named is None:
                return self._own(500, None, None, because=f"there is no location {to}")
            return self._at_location(named)
        path, _, args = self._state.fill(to, where).partition("?")
        self._state.uri, self._state.args, self._state.changed = normal_path(path), args or self._state.args, True
        return self._at_location()

    def _proxied(self, one: Directive) -> Decision:
        rule = self._rule(one)
        target, host, path = target_of(self._state, self._location, one, left_location=self._left_location)
        self._state.proxy_host = host
        headers = sent_headers(self._state, self._scope, host, strict=not self._caught)
        url = urlunsplit((urlsplit(target).scheme, urlsplit(target).netloc, path[0], path[1], ""))
        forward = replace(self._state.request, url=url, headers=headers)

        def after(response: Response) -> Decision:
            self._state.upstream = response
            if response.status >= 300 and self._scope.is_on("proxy_intercept_errors"):
                if response.status == 401:
                    # ngx_http_upstream_intercept_errors keeps the challenge.
                    self._kept = [("WWW-Authenticate", one) for one in response.headers.get_all("WWW-Authenticate")]
                caught = self._catch(response.status)
                if caught is not None:
                    return caught
                self._kept = []
            return self._handed_on(response, rule, one)

        return Decision(forward=forward, after=after, rule=rule, file=self._config.file, login=self._login)

    # What comes back.

    def _handed_on(self, response: Response, rule: Rule | None, one: Directive) -> Decision:
        hidden = {field.args[0].lower() for field in self._scope.find("proxy_hide_header") if field.args}
        fields = []
        for name, value in response.headers:
            if name.lower() in hidden:
                continue
            if name.lower() == "location":
                value = moved(self._state, self._scope, self._location.path, value, one)
            fields.append((name, value))
        status = self._status or response.status
        headers = Headers(added(self._state, self._scope, fields, status))
        changed = replace(response, status=status, headers=headers)
        return Decision(response=changed, rule=rule, file=self._config.file, login=self._login)

    def _catch(self, status: int) -> Decision | None:
        """What an error_page for `status` leads to; None where there is none, or one was followed already."""
        if self._caught and not self._scope.is_on("recursive_error_pages"):
            return None
        for one in self._scope.find("error_page"):
            codes = [word for word in one.args[:-1] if word.isdigit()]
            if str(status) not in codes:
                continue
            wanted = next((word for word in one.args[:-1] if word.startswith("=")), None)
            self._caught = True
            if wanted is None:
                self._status = status
            elif wanted != "=":
                self._status = int(wanted[1:4]) if wanted[1:4].isdigit() else None
            self._state.status = status
            to = one.args[-1]
            if "://" in to[:9]:
                code = self._status if self._status in _REDIRECTS else 302
                self._status = None
                return self._redirect(code, self._state.fill(to, one.where), self._rule_in(self._location))
            if not to.startswith("@") and self._state.request.method != "HEAD":
                self._state.request = replace(self._state.request, method="GET")
            return self._internal(to, one.where)
        return None

    # Answers.

    def _rule(self, one: Directive) -> Rule | None:
        return self._rules.get(id(one))

    def _rule_in(self, location: Location) -> Rule | None:
        return next(
            (rule for each in location.scope.block.block or [] if (rule := self._rules.get(id(each))) is not None), None
        )

    def _redirect(self, status: int, location: str, rule: Rule | None) -> Decision:
        if location.startswith("/"):
            location = f"https://{self._state.request.host}{location}"
        return self._told(self._config.dialect.redirect(self._status or status, printable(location)), rule)

    def _own(
        self, status: int, body: bytes | None, content_type: str | None, rule: Rule | None = None, because: str = ""
    ) -> Decision:
        status = self._status or status
        response = (
            self._config.dialect.not_found(status=status)
            if body is None
            else self._config.dialect.plain(status, body, content_type)
        )
        return self._told(response, rule, because)

    def _told(self, response: Response, rule: Rule | None, because: str = "") -> Decision:
        headers = Headers(added(self._state, self._scope, [*response.headers, *self._kept], response.status))
        return Decision(
            response=replace(response, headers=headers),
            rule=rule,
            because=because,
            file=self._config.file,
            login=self._login,
        )
