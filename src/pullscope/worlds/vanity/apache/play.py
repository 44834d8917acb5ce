"""One request played through an Apache virtual host: mod_rewrite, then mod_proxy, then mod_alias, and the headers of answers.

The order is that of the modules' translate_name hooks. What cannot be known from the file (an `<If>`, a file, the caller's
address) is a `NotPlayedError` where it decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

from pullscope.oci.messages import Headers, Response
from pullscope.worlds.vanity.apache.rewriting import Rewriting, Rewritten, redirect_of, rewrites
from pullscope.worlds.vanity.apache.tree import DIALECT, State, changed_header, is_below
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.rules import CLIENT_CERTIFICATE, Decision, NotPlayedError, Rule, check_name, printable
from pullscope.worlds.vanity.targets import PATH_CHARACTERS, is_url

_OF_ENV = re.compile(r"%\{(\w+)\}e")


@dataclass(slots=True, kw_only=True)
class Play(State):
    """The way of one request; `answer` is asked once."""

    rules: Mapping[int, Rule]
    login: str | None = None

    def answer(self) -> Decision:
        refused = self._access()
        if refused is not None:
            return refused
        rewritten = Rewriting(self).run()
        if rewritten is not None:
            return self._as_rewritten(rewritten)
        return self._proxied() or self._redirected() or self._file()

    def _as_rewritten(self, rewritten: Rewritten) -> Decision:
        if rewritten.fetched:
            return self._fetched(rewritten.to, rewritten.one)
        if rewritten.status == 0:
            # mod_rewrite has made a file's name of the path; only with [PT] the other modules see it.
            return self._file()
        if 300 <= rewritten.status < 400:
            return self._moved_to(rewritten.status, rewritten.to, rewritten.one)
        return self._own(rewritten.status, self.rules.get(id(rewritten.one)))

    # Access.

    def _access(self) -> Decision | None:
        for one in self.here():
            if one.name in {"if", "elseif", "else"}:
                raise NotPlayedError(one.where, f"<{one.name} {' '.join(one.args)[:40]}> is not played")
            if one.name == "sslverifyclient" and one.args[:1] == ["require"]:
                raise NotPlayedError(one.where, CLIENT_CERTIFICATE)
            if one.name in {"sslrequire", "proxypassinherit"} or (one.name == "include" and not _is_about_tls(one)):
                raise NotPlayedError(one.where, f"{one.name} {' '.join(one.args)[:40]} is not played")
        basic = None
        for section in self.sections():
            inside = [each for row in section.block or [] for each in self._for_method(row)]
            for one in inside:
                words = [word.lower() for word in one.args]
                if one.name == "require" and words[:2] == ["all", "denied"]:
                    return self._own(403, self.rules.get(id(one)))
                if one.name == "require" and words[:1] in (["ip"], ["host"], ["expr"], ["env"], ["not"], ["local"]):
                    raise NotPlayedError(one.where, f"who is let in depends on {words[0]}")
                if one.name == "authtype":
                    if words[:1] != ["basic"]:
                        raise NotPlayedError(one.where, f"AuthType {' '.join(one.args)} is not played")
                    basic = one.where
            # Of sections, the last that says who is let in; of its rows, one is enough (mod_authz_core).
            asked = [one.args[0].lower() for one in inside if one.name == "require" and one.args]
            if asked and basic is not None:
                self.login = None if "all" in asked else basic
        return None

    def _for_method(self, row: Directive) -> list[Directive]:
        """A directive; those of a <Limit> or <LimitExcept> where it is for this method (core: GET is HEAD too)."""
        if row.name not in {"limit", "limitexcept"}:
            return [row]
        methods = {word.upper() for word in row.args} | ({"HEAD"} if "GET" in row.args else set())
        return row.block or [] if (self.request.method in methods) is (row.name == "limit") else []

    # mod_proxy.

    def _proxied(self) -> Decision | None:
        for one in self.host.directives:
            if one.name == "proxypass" and len(one.args) >= 2 and is_below(one.args[0], self.path):
                if one.args[1] == "!":
                    return None
                rest = quote(self.path.removeprefix(one.args[0]), safe=PATH_CHARACTERS)
                return self._fetched(self._with_query(one.args[1] + rest), one)
            if one.name == "proxypassmatch" and len(one.args) >= 2:
                found = self.search(one.args[0], self.path, one)
                if found is not None:
                    if one.args[1] == "!":
                        return None
                    target = self.fill(one.args[1], one, found.values, {})
                    has_path = "$" in one.args[1] or target.partition("://")[2].partition("/")[1]
                    return self._fetched(self._with_query(target if has_path else target + self.path), one)
        for section in reversed(self.sections()):
            for one in section.block or []:
                if one.name == "proxypass" and one.args:
                    if one.args[0] == "!":
                        return None
                    if section.name == "locationmatch":
                        raise NotPlayedError(one.where, "ProxyPass in <LocationMatch> is not played")
                    rest = quote(self.path.removeprefix(section.args[0]), safe=PATH_CHARACTERS)
                    return self._fetched(self._with_query(one.args[0] + rest), one)
                if one.name == "sethandler" and one.args and one.args[0] != "none":
                    raise NotPlayedError(one.where, f"SetHandler {one.args[0][:40]} is not played")
        return None

    def _with_query(self, target: str) -> str:
        return f"{target}?{self.query}" if self.query and "?" not in target else target

    def _fetched(self, target: str, one: Directive) -> Decision:
        if target.startswith("unix:") and "|" in target:
            target = target.partition("|")[2]
        if target.startswith("balancer://"):
            target = self._balanced(target)
        if not target.lower().startswith(("http://", "https://", "h2://", "h2c://")) or not is_url(target):
            raise NotPlayedError(one.where, f"{target[:60]} is not an address that is played")
        target = re.sub(r"\Ah2(c?)://", lambda found: "http://" if found[1] else "https://", target)
        split = urlsplit(target)
        name = split.netloc.lower()
        here = self.here()
        preserve = next((row for row in reversed(here) if row.name == "proxypreservehost"), None)
        headers = self.request.headers
        if preserve is None or preserve.args[:1] == ["Off"] or preserve.args[:1] == ["off"]:
            headers = headers.replacing("Host", name)
        for row in here:
            if row.name == "requestheader":
                headers = changed_header(headers, self._with_env(row))
        check_name(one.where, name, headers.get("Host") or self.request.host)
        url = split._replace(netloc=name, path=split.path or "/", fragment="").geturl()
        forward = replace(self.request, url=url, headers=headers)
        rule = self.rules.get(id(one))

        def after(response: Response) -> Decision:
            fields = Headers(
                (key, self._reversed(value) if key.lower() in {"location", "content-location", "uri"} else value)
                for key, value in response.headers
            )
            return self._told(replace(response, headers=fields), rule, fetched=True)

        return Decision(forward=forward, after=after, rule=rule, file=self.config.file, login=self.login)

    def _with_env(self, one: Directive) -> Directive:
        """A header's directive with %{NAME}e filled in; a name that no rule has set stays: it may be Apache's own."""
        filled = (_OF_ENV.sub(lambda found: self.env.get(found[1], found[0]), word) for word in one.words)
        return Directive(one.where, [*filled], one.block)

    def _balanced(self, target: str) -> str:
        """The address at the first member of a `<Proxy balancer://NAME>`."""
        name, slash, path = target.removeprefix("balancer://").partition("/")
        for one in self.host.directives:
            if one.name == "proxy" and one.args[:1] in ([f"balancer://{name}"], [f"balancer://{name}/"]):
                member = next(
                    (row.args[0] for row in one.block or [] if row.name == "balancermember" and row.args), None
                )
                if member is not None:
                    return f"{member.rstrip('/')}{slash}{path}"
        return target

    def _reversed(self, location: str) -> str:
        """ProxyPassReverse: an address of the other server becomes one of this."""
        pairs = [one.args[:2] for one in self.host.directives if one.name == "proxypassreverse" and len(one.args) >= 2]
        for section in self.sections():
            pairs += [
                [section.args[0], one.args[0]]
                for one in section.block or []
                if one.name == "proxypassreverse" and len(one.args) == 1 and section.args
            ]
        for path, target in pairs:
            if location.startswith(target):
                return f"https://{self.request.host}{path}{location.removeprefix(target)}"
        return location

    # mod_alias, files, headers.

    def _redirected(self) -> Decision | None:
        for one in self.here():
            status, words = redirect_of(one)
            if (
                one.name in {"redirect", "redirectpermanent", "redirecttemp"}
                and words
                and is_below(words[0], self.path)
            ):
                if len(words) < 2:
                    return self._own(status, self.rules.get(id(one)))
                rest = quote(self.path.removeprefix(words[0]), safe=PATH_CHARACTERS)
                return self._moved_to(status, self._with_query(words[1] + rest), one)
            if one.name == "redirectmatch" and words:
                found = self.search(words[0], self.path, one)
                if found is not None:
                    if len(words) < 2:
                        return self._own(status, self.rules.get(id(one)))
                    return self._moved_to(status, self._with_query(self.fill(words[1], one, found.values, {})), one)
            if one.name in {"alias", "aliasmatch", "scriptalias"} and words and words[0].startswith("/v2"):
                raise NotPlayedError(one.where, f"{self.path} is a file there, or none")
        return None

    def _file(self) -> Decision:
        fallback = next((one for one in self.host.directives if one.name == "fallbackresource" and one.args), None)
        if fallback is not None and fallback.args[0] != "disabled":
            raise NotPlayedError(fallback.where, f"{fallback.args[0]} answers, which is not played")
        for one in self.host.directives:
            # Those of a folder come last, for what the proxy and mod_alias have left (mod_rewrite, hook_fixup).
            if one.name == "directory" and rewrites(one):
                raise NotPlayedError(one.where, "rewrite rules in <directory> are not played")
        if self.path.endswith((".php", ".cgi", ".py")):
            raise NotPlayedError(self.config.file, f"{self.path} answers, which is not played")
        if self.path.endswith((".html", ".htm")):
            page = DIALECT.published(self.path)
            return Decision(response=page, because=f"the file {self.path}", file=self.config.file, login=self.login)
        root = next((one for one in self.host.directives if one.name == "documentroot"), None)
        about_v2 = any("v2" in rule.source for rule in self.rules.values())
        if root is not None and self.path.startswith("/v2") and not about_v2:
            # Images may lie in the published folder as files.
            raise NotPlayedError(root.where, f"{self.path} is a file there, or none")
        return self._own(404, None, "no rule")

    def _moved_to(self, status: int, location: str, one: Directive) -> Decision:
        if location.startswith("/"):
            location = f"https://{self.request.host}{location}"
        return self._told(DIALECT.redirect(status, printable(location)), self.rules.get(id(one)))

    def _own(self, status: int, rule: Rule | None, because: str = "") -> Decision:
        return self._told(DIALECT.not_found(status=status), rule, because)

    def _told(self, response: Response, rule: Rule | None, because: str = "", *, fetched: bool = False) -> Decision:
        headers = response.headers
        for one in self.here():
            if one.name == "header":
                words = one.args[1:] if one.args[:1] in (["always"], ["onsuccess"]) else one.args
                if one.args[:1] == ["always"]:
                    # A table of its own, which is sent beside what the other server has set.
                    words = ["add" if words[:1] == ["set"] else words[0] if words else "", *words[1:]]
                    if words[0] in {"add", "append", "merge"}:
                        headers = changed_header(headers, Directive(one.where, ["header", *words]))
                elif fetched or response.status < 300:
                    headers = changed_header(headers, Directive(one.where, ["header", *words]))
        changed = replace(response, headers=headers)
        return Decision(response=changed, rule=rule, because=because, file=self.config.file, login=self.login)


def _is_about_tls(one: Directive) -> bool:
    name = " ".join(one.args).lower()
    return any(word in name for word in ("ssl", "tls", "letsencrypt", "mods-enabled", "modules", "security", "log"))
