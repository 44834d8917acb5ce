"""One request played through an Apache virtual host: mod_rewrite, then mod_proxy, then mod_alias, and the headers of answers.

The order is that of the modules' translate_name hooks. What cannot be known from the file (an `<If>`, a file, the caller's
address) is a `NotPlayedError` where it decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlsplit

from pullscope.oci.messages import Headers, Request, Response
from pullscope.worlds.vanity.apache.answers import DIALECT, changed_header
from pullscope.worlds.vanity.apache.tree import Config, Host
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.decision import Decision, NotPlayedError
from pullscope.worlds.vanity.dialects import printable
from pullscope.worlds.vanity.regexes import Found, RegexError, regex
from pullscope.worlds.vanity.rules import Rule
from pullscope.worlds.vanity.targets import PATH_CHARACTERS, is_url, normal_path
from pullscope.worlds.vanity.upstreams import answers_only_its_own_name

MOST_ROUNDS = 10
STATUS: Mapping[str, int] = {"permanent": 301, "temp": 302, "seeother": 303, "gone": 410}
_VARIABLE = re.compile(r"%\{([^{}]+)\}|([$%])(\d)")


@dataclass(slots=True)
class Play:
    """The way of one request; `answer` is asked once."""

    config: Config
    host: Host
    rules: Mapping[int, Rule]
    request: Request
    path: str = field(init=False)
    query: str = field(init=False)
    login: str | None = None
    _to: str = ""
    """What the last rewrite rule made of the path, with its query."""
    _is_file: bool = False

    def __post_init__(self) -> None:
        split = urlsplit(self.request.url)
        self.path = normal_path(unquote(split.path or "/"))
        self.query = split.query

    def answer(self) -> Decision:
        """What Apache does with the request."""
        refused = self._access()
        if refused is not None:
            return refused
        ended = self._rewritten()
        if ended is not None:
            return ended
        if self._is_file:
            # mod_rewrite has made a file's name of the path; only with [PT] the other modules see it.
            return self._file()
        return self._proxied() or self._redirected() or self._file()

    def _place(self, one: Directive) -> str:
        return f"{self.config.file}:{one.line}"

    def _sections(self) -> list[Directive]:
        """The <Location>s of this path, in order."""
        return [
            one for one in self.host.directives if one.name in {"location", "locationmatch"} and self._in_section(one)
        ]

    def _in_section(self, one: Directive) -> bool:
        words = one.args
        if one.name == "locationmatch" or words[:1] == ["~"]:
            return self._search(words[-1], self.path, one) is not None
        return bool(words) and _is_below(words[0], self.path)

    def _here(self) -> list[Directive]:
        """The directives in effect for this path: the host's, then those of its sections."""
        found = [*self.host.directives]
        for section in self._sections():
            found.extend(section.block or [])
        return found

    def _search(self, pattern: str, text: str, one: Directive, *, ignore_case: bool = False) -> Found | None:
        try:
            return regex(pattern, ignore_case=ignore_case).search(text)
        except RegexError as error:
            told = f"the regular expression {pattern[:60]} is not played ({error})"
            raise NotPlayedError(self._place(one), told) from None

    # Access.

    def _access(self) -> Decision | None:
        for one in self._here():
            if one.name in {"if", "elseif", "else"}:
                raise NotPlayedError(self._place(one), f"<{one.name} {' '.join(one.args)[:40]}> is not played")
            if one.name in {"sslrequire", "proxypassinherit"} or (one.name == "include" and not _is_about_tls(one)):
                raise NotPlayedError(self._place(one), f"{one.name} {' '.join(one.args)[:40]} is not played")
        for section in self._sections():
            inside = list(section.block or [])
            if self.request.method not in {"GET", "HEAD"}:
                inside += [each for row in inside if row.name == "limitexcept" for each in row.block or []]
            for one in inside:
                words = [word.lower() for word in one.args]
                if one.name == "require" and words[:2] == ["all", "denied"]:
                    return self._own(403, self.rules.get(id(one)))
                if one.name == "require" and words[:1] in (["ip"], ["host"], ["expr"], ["env"], ["not"], ["local"]):
                    raise NotPlayedError(self._place(one), f"who is let in depends on {words[0]}")
                if one.name == "authtype":
                    if words[:1] != ["basic"]:
                        raise NotPlayedError(self._place(one), f"AuthType {' '.join(one.args)} is not played")
                    self.login = self._place(one)
        return None

    # mod_rewrite.

    def _rewritten(self) -> Decision | None:
        rows = self._flat_rewrites()
        if not any(one.name == "rewriteengine" and one.args[:1] and one.args[0].lower() == "on" for one in rows):
            return None
        for _ in range(MOST_ROUNDS):
            before = self.path
            ended = self._rewrite_once(rows)
            if ended is not None or not self.config.per_directory or self.path == before:
                return ended
        raise NotPlayedError(self._place(rows[0]), "its rewrite rules have no end")

    def _flat_rewrites(self) -> list[Directive]:
        found = []
        for one in self.host.directives:
            if one.name.startswith("rewrite"):
                found.append(one)
            elif one.name in {"directory", "location"} and any(
                row.name.startswith("rewrite") for row in one.block or []
            ):
                raise NotPlayedError(self._place(one), f"rewrite rules in <{one.name}> are not played")
        return found

    def _rewrite_once(self, rows: list[Directive]) -> Decision | None:
        conditions: list[Directive] = []
        for one in rows:
            if one.name == "rewritecond":
                conditions.append(one)
            elif one.name == "rewriterule" and len(one.args) >= 2:
                mine, conditions = conditions, []
                ended = self._rule(one, mine)
                if ended is False:
                    break
                if isinstance(ended, Decision):
                    return ended
        return None

    def _rule(self, one: Directive, conditions: list[Directive]) -> Decision | bool | None:
        """A decision; False where no further rule is tried; None to go on."""
        flags = _flags(one.args[2] if len(one.args) > 2 else "")
        pattern = one.args[0]
        text = self.path.removeprefix("/") if self.config.per_directory else self.path
        found = self._search(pattern.removeprefix("!"), text, one, ignore_case="NC" in flags)
        if (found is None) is not pattern.startswith("!"):
            return None
        groups = dict(found.values) if found is not None else {}
        matched: dict[str, str] = {}
        if not self._all_hold(conditions, groups, matched):
            return None
        if {"C", "S", "N", "CHAIN", "SKIP", "NEXT"} & flags.keys():
            raise NotPlayedError(self._place(one), f"the flags {one.args[2]} are not played")
        if "F" in flags or "G" in flags:
            return self._own(403 if "F" in flags else 410, self.rules.get(id(one)))
        to = one.args[1]
        if to != "-":
            self._go(self._fill(to, one, groups, matched), flags)
            self._is_file = not self.config.per_directory and not {"PT", "PASSTHROUGH"} & flags.keys()
        if "P" in flags:
            return self._fetched(self._to, one)
        if "R" in flags or self._to.startswith(("http://", "https://")):
            status = flags.get("R", "302") or "302"
            code = STATUS.get(status, int(status) if status.isdigit() and len(status) == 3 else 302)
            if not 300 <= code < 400:
                return self._own(code, self.rules.get(id(one)))
            location = self._to if "://" in self._to[:9] else f"https://{self.request.host}{self._to}"
            return self._moved_to(code, location, one)
        return False if {"L", "END", "LAST"} & flags.keys() else None

    def _go(self, filled: str, flags: Mapping[str, str]) -> None:
        base, mark, query = filled.partition("?")
        if mark:
            query = f"{query}&{self.query}" if "QSA" in flags and self.query else query
        elif "QSD" not in flags:
            query = self.query
        full = base if base.startswith("/") or "://" in base[:9] else f"/{base}"
        self._to = f"{full}?{query}" if query else full
        if "://" not in base[:9]:
            self.path, self.query = full, query

    def _all_hold(self, conditions: list[Directive], groups: Mapping[str, str], matched: dict[str, str]) -> bool:
        alternative = False
        for one in conditions:
            flags = _flags(one.args[2] if len(one.args) > 2 else "")
            is_or = "OR" in flags or "ORNEXT" in flags
            if alternative:
                # An earlier one of these alternatives holds.
                alternative = is_or
                continue
            holds = self._holds(one, flags, groups, matched)
            if holds and is_or:
                alternative = True
            elif not holds and not is_or:
                return False
        return True

    def _holds(
        self, one: Directive, flags: Mapping[str, str], groups: Mapping[str, str], matched: dict[str, str]
    ) -> bool:
        if len(one.args) < 2:
            raise NotPlayedError(self._place(one), "this RewriteCond is not complete")
        wanted = one.args[1]
        if wanted.lstrip("!") in {"-f", "-d", "-s", "-l", "-F", "-U"}:
            # No file is taken to be under /v2/: a registry's paths are no files of a site.
            if wanted.lstrip("!") in {"-f", "-d", "-s", "-l"}:
                return wanted.startswith("!")
            raise NotPlayedError(self._place(one), f"{wanted} is not played")
        if one.args[0] == "expr":
            raise NotPlayedError(self._place(one), "expr is not played")
        text = self._fill(one.args[0], one, groups, matched)
        negated = wanted.startswith("!")
        wanted = wanted.removeprefix("!")
        if wanted[:1] in {"=", "<", ">"}:
            if wanted[0] != "=":
                raise NotPlayedError(self._place(one), f"{wanted[0]} is not played")
            return (text == wanted[1:].strip('"')) is not negated
        found = self._search(wanted, text, one, ignore_case="NC" in flags)
        if found is not None and not negated:
            matched.update(found.values)
        return (found is not None) is not negated

    def _fill(self, text: str, one: Directive, groups: Mapping[str, str], matched: Mapping[str, str]) -> str:
        def value(found: re.Match[str]) -> str:
            name, kind, number = found.groups()
            if number is not None:
                return (groups if kind == "$" else matched).get(number, "")
            known = self._variable(name)
            if known is None:
                raise NotPlayedError(self._place(one), f"{found[0]} is not known here")
            return known

        return _VARIABLE.sub(value, text)

    def _variable(self, name: str) -> str | None:
        if name.startswith("HTTP:"):
            return self.request.headers.get(name[5:]) or ""
        known = {
            "REQUEST_URI": self.path,
            "QUERY_STRING": self.query,
            "REQUEST_METHOD": self.request.method,
            "REQUEST_SCHEME": "https",
            "HTTPS": "on",
            "SERVER_PORT": "443",
            "HTTP_HOST": self.request.headers.get("Host") or self.request.host,
            "SERVER_NAME": next(iter(self.host.names), urlsplit(self.request.url).hostname or ""),
            "REQUEST_FILENAME": self.path,
            "THE_REQUEST": f"{self.request.method} {self.path}{f'?{self.query}' if self.query else ''} HTTP/1.1",
            "HTTP_USER_AGENT": self.request.headers.get("User-Agent") or "",
            "HTTP_REFERER": self.request.headers.get("Referer") or "",
            "HTTP_COOKIE": "",
            "HTTP_ACCEPT": self.request.headers.get("Accept") or "",
        }
        return known.get(name)

    # mod_proxy.

    def _proxied(self) -> Decision | None:
        for one in self.host.directives:
            if one.name == "proxypass" and len(one.args) >= 2 and _is_below(one.args[0], self.path):
                if one.args[1] == "!":
                    return None
                rest = quote(self.path.removeprefix(one.args[0]), safe=PATH_CHARACTERS)
                return self._fetched(self._with_query(one.args[1] + rest), one)
            if one.name == "proxypassmatch" and len(one.args) >= 2:
                found = self._search(one.args[0], self.path, one)
                if found is not None:
                    if one.args[1] == "!":
                        return None
                    target = self._fill(one.args[1], one, found.values, {})
                    has_path = "$" in one.args[1] or target.partition("://")[2].partition("/")[1]
                    return self._fetched(self._with_query(target if has_path else target + self.path), one)
        for section in reversed(self._sections()):
            for one in section.block or []:
                if one.name == "proxypass" and one.args:
                    if one.args[0] == "!":
                        return None
                    if section.name == "locationmatch":
                        raise NotPlayedError(self._place(one), "ProxyPass in <LocationMatch> is not played")
                    rest = quote(self.path.removeprefix(section.args[0]), safe=PATH_CHARACTERS)
                    return self._fetched(self._with_query(one.args[0] + rest), one)
                if one.name == "sethandler" and one.args and one.args[0] != "none":
                    raise NotPlayedError(self._place(one), f"SetHandler {one.args[0][:40]} is not played")
        return None

    def _with_query(self, target: str) -> str:
        return f"{target}?{self.query}" if self.query and "?" not in target else target

    def _fetched(self, target: str, one: Directive) -> Decision:
        if target.startswith("unix:") and "|" in target:
            target = target.partition("|")[2]
        if not target.lower().startswith(("http://", "https://", "h2://", "h2c://")) or not is_url(target):
            raise NotPlayedError(self._place(one), f"{target[:60]} is no address that is played")
        target = re.sub(r"\Ah2(c?)://", lambda found: "http://" if found[1] else "https://", target)
        split = urlsplit(target)
        name = split.netloc.lower()
        here = self._here()
        preserve = next((row for row in reversed(here) if row.name == "proxypreservehost"), None)
        headers = self.request.headers
        if preserve is None or preserve.args[:1] == ["Off"] or preserve.args[:1] == ["off"]:
            headers = headers.replacing("Host", name)
        for row in here:
            if row.name == "requestheader":
                headers = changed_header(self.config.file, headers, row)
        sent = headers.get("Host") or self.request.host
        if sent.removesuffix(":443") != name.removesuffix(":443") and answers_only_its_own_name(name):
            raise NotPlayedError(self._place(one), f"{name} is asked as {sent}, and what it answers then is not known")
        url = split._replace(netloc=name, path=split.path or "/", fragment="").geturl()
        forward = Request(method=self.request.method, url=url, headers=headers, body=self.request.body)
        rule = self.rules.get(id(one))

        def after(response: Response) -> Decision:
            fields = Headers(
                (key, self._reversed(value) if key.lower() in {"location", "content-location", "uri"} else value)
                for key, value in response.headers
            )
            return self._told(replace(response, headers=fields), rule, fetched=True)

        return Decision(forward=forward, after=after, rule=rule, file=self.config.file, login=self.login)

    def _reversed(self, location: str) -> str:
        """ProxyPassReverse: an address of the other server becomes one of this."""
        pairs = [one.args[:2] for one in self.host.directives if one.name == "proxypassreverse" and len(one.args) >= 2]
        for section in self._sections():
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
        for one in self._here():
            words = one.args
            status = {"redirectpermanent": 301, "redirecttemp": 302}.get(one.name, 302)
            if one.name in {"redirect", "redirectmatch"} and words and (words[0] in STATUS or words[0].isdigit()):
                status = STATUS.get(words[0], int(words[0][:4]) if words[0].isdigit() else 302)
                words = words[1:]
            if (
                one.name in {"redirect", "redirectpermanent", "redirecttemp"}
                and words
                and _is_below(words[0], self.path)
            ):
                if len(words) < 2:
                    return self._own(status, self.rules.get(id(one)))
                rest = quote(self.path.removeprefix(words[0]), safe=PATH_CHARACTERS)
                return self._moved_to(status, self._with_query(words[1] + rest), one)
            if one.name == "redirectmatch" and words:
                found = self._search(words[0], self.path, one)
                if found is not None:
                    if len(words) < 2:
                        return self._own(status, self.rules.get(id(one)))
                    return self._moved_to(status, self._with_query(self._fill(words[1], one, found.values, {})), one)
            if one.name in {"alias", "aliasmatch", "scriptalias"} and words and words[0].startswith("/v2"):
                raise NotPlayedError(self._place(one), f"{self.path} is a file there, or none")
        return None

    def _file(self) -> Decision:
        fallback = next((one for one in self.host.directives if one.name == "fallbackresource" and one.args), None)
        if fallback is not None and fallback.args[0] != "disabled":
            raise NotPlayedError(self._place(fallback), f"{fallback.args[0]} answers, which is not played")
        if self.path.endswith((".php", ".cgi", ".py")):
            raise NotPlayedError(self.config.file, f"{self.path} answers, which is not played")
        if self.path.endswith((".html", ".htm")):
            page = DIALECT.published(self.path)
            return Decision(response=page, because=f"the file {self.path}", file=self.config.file, login=self.login)
        return self._own(404, None, "no rule")

    def _moved_to(self, status: int, location: str, one: Directive) -> Decision:
        if location.startswith("/"):
            location = f"https://{self.request.host}{location}"
        return self._told(DIALECT.redirect(status, printable(location)), self.rules.get(id(one)))

    def _own(self, status: int, rule: Rule | None, because: str = "") -> Decision:
        return self._told(DIALECT.not_found(status=status), rule, because)

    def _told(self, response: Response, rule: Rule | None, because: str = "", *, fetched: bool = False) -> Decision:
        headers = response.headers
        for one in self._here():
            if one.name == "header":
                words = one.args[1:] if one.args[:1] in (["always"], ["onsuccess"]) else one.args
                if one.args[:1] == ["always"]:
                    # A table of its own, which is sent beside what the other server has set.
                    words = ["add" if words[:1] == ["set"] else words[0] if words else "", *words[1:]]
                    if words[0] in {"add", "append", "merge"}:
                        headers = changed_header(self.config.file, headers, Directive(one.line, ["header", *words]))
                elif fetched or response.status < 300:
                    headers = changed_header(self.config.file, headers, Directive(one.line, ["header", *words]))
        changed = replace(response, headers=headers)
        return Decision(response=changed, rule=rule, because=because, file=self.config.file, login=self.login)


def _flags(text: str) -> dict[str, str]:
    """`[R=302,L]` as names in upper case with their values."""
    inside = text.strip("[]")
    return {
        name.strip().upper(): value for name, _, value in (part.partition("=") for part in inside.split(",")) if name
    }


def _is_below(prefix: str, path: str) -> bool:
    """mod_alias, alias_matches: a prefix that ends at a slash or with the path."""
    if not path.startswith(prefix):
        return False
    return prefix.endswith("/") or len(path) == len(prefix) or path[len(prefix)] == "/"


def _is_about_tls(one: Directive) -> bool:
    name = " ".join(one.args).lower()
    return any(word in name for word in ("ssl", "tls", "letsencrypt", "mods-enabled", "modules", "security", "log"))
