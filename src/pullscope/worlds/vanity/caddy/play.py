"""One request played through a Caddy site: matchers, handlers in their order, and what is made of an upstream's answer.

A handler either answers or hands on to the next. What a handler does follows its page at
caddyserver.com/docs/caddyfile/directives; what cannot be known from the file (an expression, a plugin, the caller's address)
is a `NotPlayedError` where it decides.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from pullscope.oci.messages import Headers, Response
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.caddy.state import State, matches, merged
from pullscope.worlds.vanity.caddy.tree import (
    HARMLESS,
    Site,
    in_order,
    matcher_of,
    redir_status,
    status_among,
    upstream_base,
)
from pullscope.worlds.vanity.rules import (
    CLIENT_CERTIFICATE,
    DECIDING,
    Decision,
    Dialect,
    NotPlayedError,
    Rule,
    check_name,
    printable,
)

MOST_HANDLERS = 5000
DIALECT = Dialect(server="Caddy")


@dataclass(slots=True, kw_only=True)
class Play(State):
    """The way of one request; `answer` is asked once."""

    site: Site
    rules: Mapping[int, Rule]
    response_ops: list[Directive] = field(default_factory=list)
    login: str | None = None
    left: int = MOST_HANDLERS

    def answer(self) -> Decision:
        self._refuse_strangers()
        ended = self._run(in_order(self.site, self.site.block))
        if ended is not None:
            return ended
        # A site that handles nothing else answers 200 with nothing in it, for every path.
        rule = self.rules.get(id(self.site))
        return self._told(DIALECT.plain(200, b"", None), rule)

    def _refuse_strangers(self) -> None:
        inside = (each for one in self.site.block if one.name == "tls" for each in one.block or [])
        for asked in (each for each in inside if each.name == "client_auth"):
            mode = next((row.args for row in asked.block or [] if row.name == "mode"), ["require"])
            if mode[:1] not in (["request"], ["verify_if_given"]):
                raise NotPlayedError(asked.where, CLIENT_CERTIFICATE)

    def _run(self, directives: list[Directive], *, literal: bool = False) -> Decision | None:
        handled = rewritten = False
        for one in directives:
            self.left -= 1
            if self.left < 0:
                raise NotPlayedError(one.where, "it has more handlers than pullscope tries")
            if one.name in HARMLESS or one.name.startswith("@"):
                continue
            if one.name in {"handle", "handle_path"} and handled:
                continue
            if one.name == "rewrite" and rewritten and not literal:
                continue
            matcher, words = matcher_of(one)
            if matcher and not matches(self, self.site.matchers, matcher, one):
                continue
            handled = handled or one.name in {"handle", "handle_path"}
            rewritten = rewritten or one.name == "rewrite"
            ended = self._handle(one, matcher, words)
            if ended is not None:
                return ended
        return None

    def _handle(self, one: Directive, matcher: str, words: list[str]) -> Decision | None:
        rule = self.rules.get(id(one))
        match one.name:
            case "handle" | "handle_path":
                if one.name == "handle_path":
                    self.strip_prefix(matcher.removesuffix("*").rstrip("/"))
                return self._run(in_order(self.site, one.block) if one.block else [])
            case "route":
                return self._run([each for each in one.block or [] if each.name], literal=True)
            case "redir" if words:
                return self._redir(one, words, rule)
            case "respond":
                return self._respond(one, words, rule)
            case "error":
                return self._told(DIALECT.plain(status_among(words, 500), b"", None), rule)
            case "abort":
                return self._told(DIALECT.plain(502, b"", None), rule)
            case "rewrite" if words:
                self.rewrite(words[0], one)
            case "map" if len(words) > 1:
                self.map(one, words)
            case "uri" if len(words) > 1:
                self._uri(one, words)
            case "try_files" if words:
                self.rewrite(words[-1], one)
            case "header":
                rows = [words] if words else []
                rows += [each.words for each in one.block or [] if each.words and each.name != "defer"]
                self.response_ops.extend(Directive(one.where, row) for row in rows)
            case "request_header" if words:
                headers = self._with(self.request.headers, Directive(one.where, words))
                self.request = replace(self.request, headers=headers)
            case "basicauth" | "basic_auth":
                self.login = one.where
            case "reverse_proxy":
                return self._proxied(one, words, rule)
            case "file_server":
                # A site that says nothing else of /v2 may have images in it as files.
                others = (each for each in self.rules.values() if each.status != 200 or each.target is not None)
                if self.path.startswith("/v2") and (matcher or not any("v2" in each.source for each in others)):
                    raise NotPlayedError(one.where, f"{self.path} is a file there, or none")
                return self._file()
            case _:
                raise NotPlayedError(one.where, f"{one.name} is not played")
        return None

    def _file(self) -> Decision:
        if self.path.endswith((".html", ".htm")):
            page = DIALECT.published(self.path)
            return Decision(response=page, because=f"the file {self.path}", file=self.file, login=self.login)
        return self._told(DIALECT.not_found(), None, "no rule")

    # Handlers.

    def _uri(self, one: Directive, words: list[str]) -> None:
        operation, first = words[0], self.fill(words[1], one) if words[0] != "path_regexp" else words[1]
        match operation:
            case "strip_prefix":
                self.strip_prefix(first if first.startswith("/") else f"/{first}")
            case "strip_suffix":
                self.path = merged(self.path).removesuffix(first)
            case "replace" if len(words) > 2:
                limit = int(words[3][:6]) if len(words) > 3 and words[3].isdigit() else -1
                self.path = merged(self.path).replace(first, self.fill(words[2], one), limit)
            case "path_regexp" if len(words) > 2:
                self.path = self.replaced(first, words[2], self.path, one)
            case _:
                raise NotPlayedError(one.where, f"uri {operation} is not played")

    def _redir(self, one: Directive, words: list[str], rule: Rule | None) -> Decision:
        location = self.fill(words[0], one)
        code = self.fill(words[1], one) if len(words) > 1 else "temporary"
        if code == "html":
            return self._told(DIALECT.plain(200, b"<!DOCTYPE html>\n", "text/html; charset=utf-8"), rule)
        return self._told(DIALECT.redirect(redir_status(code), printable(location)), rule)

    def _respond(self, one: Directive, words: list[str], rule: Rule | None) -> Decision:
        words = [*words, *(word for each in one.block or [] if each.name == "body" for word in each.args)]
        body = self.fill(next((word for word in words if not re.fullmatch(r"[1-5]\d\d", word)), ""), one)
        content_type = "application/json" if body.startswith("{") else "text/plain; charset=utf-8"
        return self._told(DIALECT.plain(status_among(words, 200), body.encode(), content_type), rule)

    def _proxied(self, one: Directive, words: list[str], rule: Rule | None) -> Decision:
        inside = one.block or []
        addresses = [*words, *(word for each in inside if each.name == "to" for word in each.args)]
        if not addresses:
            raise NotPlayedError(one.where, "reverse_proxy names no upstream that can be played")
        if self.upstream is not None and self.left < MOST_HANDLERS - 500:
            raise NotPlayedError(one.where, "reverse_proxy asks again and again")
        base = upstream_base(self.fill(addresses[0], one))
        if base is None:
            raise NotPlayedError(
                one.where, f"reverse_proxy {addresses[0][:60]}: Caddy takes scheme, host and port only"
            )
        self.upstream_host = urlsplit(base).netloc
        if base.startswith("https://") and ":" not in self.upstream_host:
            self.upstream_host += ":443"
        self._changed_inside(inside)
        headers = self.request.headers
        for each in inside:
            if each.name == "header_up" and each.args:
                headers = self._with(headers, Directive(each.where, each.args))
        sent_host = headers.get("Host") or self.request.host
        check_name(one.where, urlsplit(base).netloc, sent_host, " (header_up Host)")
        forward = replace(self.request, url=base + self.uri, headers=headers)

        def after(response: Response) -> Decision:
            self.upstream = response
            for each in inside:
                if each.name == "handle_response" and self._response_matches(each, inside):
                    ended = self._run(
                        [row for row in each.block or [] if row.name != "copy_response_headers"], literal=True
                    )
                    if ended is not None:
                        return ended
                    break
            fields = response.headers
            for each in inside:
                if each.name == "header_down" and each.args:
                    fields = self._with(fields, Directive(each.where, each.args))
            return self._told(replace(response, headers=fields), rule)

        return Decision(forward=forward, after=after, rule=rule, file=self.file, login=self.login)

    def _changed_inside(self, inside: list[Directive]) -> None:
        for each in inside:
            if each.name == "rewrite" and each.args:
                self.rewrite(each.args[0], each)
            elif each.name == "method" and each.args:
                raise NotPlayedError(each.where, "another method is not played")
            elif each.name in {"dynamic", "import"}:
                raise NotPlayedError(each.where, f"{each.name} is not played")

    def _response_matches(self, one: Directive, inside: list[Directive]) -> bool:
        if not one.args:
            return True
        named = next((each for each in inside if each.name == one.args[0]), None)
        if named is None or self.upstream is None:
            return False
        rows = (
            [Directive(named.where, named.args)] if named.args else [each for each in named.block or [] if each.words]
        )
        for row in rows:
            if row.name == "status":
                status = str(self.upstream.status)
                if not any(word == status or word == f"{status[0]}xx" for word in row.args):
                    return False
            elif row.name == "header" and row.args:
                if self.upstream.headers.get(row.args[0]) is None:
                    return False
            else:
                raise NotPlayedError(row.where, f"the matcher {row.name} is not played")
        return True

    # Headers.

    def _with(self, headers: Headers, one: Directive) -> Headers:
        """The headers after one change of them, `one`: the name with its sign, and what follows."""
        word = one.name
        try:
            if word.startswith("-"):
                kept = [(k, v) for k, v in headers if not fnmatch.fnmatchcase(k.lower(), word[1:].lower())]
                return Headers(kept)
            name = word.lstrip("+>?")
            if len(one.words) > 2:
                found = self.fill(one.words[1], one)
                return Headers(
                    (
                        key,
                        self.replaced(found, one.words[2], value, one) if key.lower() == name.lower() else value,
                    )
                    for key, value in headers
                )
            if word.startswith("?") and name in headers:
                return headers
            value = self.fill(one.words[1], one) if len(one.words) > 1 else ""
            return (
                Headers([*headers, (name, value)]) if word.startswith("+") else headers.replacing(name, value or None)
            )
        except NotPlayedError:
            if word.lstrip("+->?").lower() in {*DECIDING, "*"}:
                raise
            return headers

    def _told(self, response: Response, rule: Rule | None, because: str = "") -> Decision:
        headers = response.headers
        for one in self.response_ops:
            headers = self._with(headers, one)
        changed = replace(response, headers=headers)
        return Decision(response=changed, rule=rule, because=because, file=self.file, login=self.login)
