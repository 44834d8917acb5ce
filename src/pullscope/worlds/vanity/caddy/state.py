"""One request on its way through a Caddy site: its path and query now, placeholders, and which matchers hold for it.

The placeholders are those of caddyserver.com/docs/caddyfile/concepts#placeholders, the matchers those of
caddyserver.com/docs/caddyfile/matchers; one that depends on what is not known
here is a `NotPlayedError` where its value decides something.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, quote_plus, unquote, urlsplit

from pullscope.oci.messages import Request, Response
from pullscope.worlds.vanity.blocks import Directive
from pullscope.worlds.vanity.regexes import Found, Regex, regex, replace_all, spelled
from pullscope.worlds.vanity.rules import NotPlayedError, expression
from pullscope.worlds.vanity.targets import PATH_CHARACTERS

LONGEST = 65_536
_PLACEHOLDER = re.compile(r"\{([^{}\s]+)\}")


def merged(path: str) -> str:
    """Doubled slashes are one where a path is changed (modules/caddyhttp/rewrite)."""
    return re.sub(r"/{2,}", "/", path)


@dataclass(slots=True)
class State:
    """What the handlers read and change."""

    file: str
    request: Request
    path: str = field(init=False)
    """Decoded."""
    query: str = field(init=False)
    raw: str = field(init=False)
    """Path and query as the client sent them."""
    regexes: dict[str, Found] = field(default_factory=dict)
    mapped: dict[str, str] = field(default_factory=dict)
    """What `map` has filled."""
    upstream: Response | None = None
    upstream_host: str = ""
    answered: dict[tuple[int, str], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        split = urlsplit(self.request.url)
        self.path = unquote(split.path or "/")
        self.query = split.query
        self.raw = (split.path or "/") + (f"?{split.query}" if split.query else "")

    def once(self, row: Directive, ask: Callable[[], bool]) -> bool:
        """`ask`'s answer for the path as it is now: a matcher with thousands of paths is used by many directives."""
        key = id(row), self.path
        if key not in self.answered:
            self.answered[key] = ask()
        return self.answered[key]

    @property
    def host(self) -> str:
        return (urlsplit(self.request.url).hostname or "").lower()

    @property
    def uri(self) -> str:
        """Path and query now; as the client spelled them where they are still the same."""
        path, _, query = self.raw.partition("?")
        if unquote(path) == self.path and query == self.query:
            return self.raw
        return quote(self.path, safe=PATH_CHARACTERS) + (f"?{self.query}" if self.query else "")

    def rewrite(self, to: str, one: Directive) -> None:
        """`rewrite`: a path keeps the query, a query of its own replaces it, with its values escaped."""
        path, mark, query = to.partition("?")
        filled, more, own = self.fill(path, one).partition("?")
        if mark:
            own = self.fill(query, one, escaped=True)
        if filled:
            self.path = unquote(filled if filled.startswith("/") else f"/{filled}")
        if mark or more:
            self.query = own

    def strip_prefix(self, prefix: str) -> None:
        """The path without `prefix`, whatever its case; what the client escaped stays so."""
        if not self.path.lower().startswith(prefix.lower()):
            return
        path, mark, query = self.raw.partition("?")
        if path.lower().startswith(prefix.lower()):
            path = merged(path[len(prefix) :])
            self.raw = f"{path if path.startswith('/') else f'/{path}'}{mark}{query}"
        rest = merged(self.path[len(prefix) :])
        self.path = rest if rest.startswith("/") else f"/{rest}"

    def map(self, one: Directive, words: list[str]) -> None:
        """The first row that the source meets fills the placeholders; what is not known of it is told where one is used."""
        try:
            source = self.fill(words[0], one)
            met = default = None
            for row in one.block or []:
                if row.name == "default":
                    default = row.args
                elif met is None and row.name.startswith("~"):
                    found = self.compiled(row.name[1:], row).search(source)
                    met = None if found is None else [spelled(found, each) for each in row.args]
                elif met is None and row.name == source:
                    met = row.args
            outputs = [self.fill(each, one) for each in met or default or []]
        except NotPlayedError:
            return
        self.mapped.update(zip((word.strip("{}") for word in words[1:]), outputs, strict=False))

    def compiled(self, pattern: str, one: Directive) -> Regex:
        """The regular expression; NotPlayedError for one that is not played."""
        return expression(pattern, one.where, engine="Go")

    def matches(self, pattern: str, text: str, one: Directive, label: str = "") -> bool:
        """Whether it matches; its groups are {re.label.1} from then on."""
        found = self.compiled(self.fill(pattern, one), one).search(text)
        if found is not None:
            self.regexes[label] = self.regexes[""] = found
        return found is not None

    def replaced(self, pattern: str, replacement: str, text: str, one: Directive) -> str:
        """Every match replaced, with `$1` and `${name}` in the replacement (Go's regexp.ReplaceAllString)."""
        return replace_all(self.compiled(pattern, one), replacement, text, lambda filled: self.fill(filled, one))

    def fill(self, text: str, one: Directive, *, escaped: bool = False) -> str:
        """`text` with every placeholder's value, escaped for a query; NotPlayedError for one that is not known."""
        if "{" not in text:
            return text

        def filled_in(found: re.Match[str]) -> str:
            known = self.value(found[1])
            if known is None:
                reason = "has no value and no default" if found[1].startswith("$") else "is not known here"
                raise NotPlayedError(one.where, f"{found[0]} {reason}")
            return quote_plus(unquote(known)) if escaped and not found[1].endswith("query") else known

        filled = _PLACEHOLDER.sub(filled_in, text)
        if len(filled) > LONGEST:
            raise NotPlayedError(one.where, "a text grows too long")
        return filled

    def value(self, name: str) -> str | None:
        """The value of a placeholder, None for one that is not known."""
        name = name.removeprefix("http.request.")
        escaped = quote(self.path, safe=PATH_CHARACTERS)
        raw_path, _, raw_query = self.raw.partition("?")
        known = {
            "uri": self.uri,
            "path": escaped,
            "uri.path": escaped,
            "query": self.query,
            "uri.query": self.query,
            "orig_uri": self.raw,
            "orig_uri.path": raw_path,
            "orig_uri.query": raw_query,
            "orig_path": raw_path,
            "orig_query": raw_query,
            "host": self.host,
            "hostport": self.request.host,
            "port": "443",
            "scheme": "https",
            "method": self.request.method,
            "%3F": "?",
            "?query": f"?{self.query}" if self.query else "",
            "prefixed_query": f"?{self.query}" if self.query else "",
            "upstream_hostport": self.upstream_host,
            "http.reverse_proxy.upstream.hostport": self.upstream_host,
            "http.reverse_proxy.upstream.host": self.upstream_host.partition(":")[0],
        }
        if name in known or name in self.mapped:
            return known.get(name, self.mapped.get(name))
        beginning, _, rest = name.rpartition("header.")
        if beginning in {"", "http.request."} and name.startswith("header."):
            return self.request.headers.get(rest) or ""
        if beginning in {"rp.", "http.reverse_proxy."}:
            return self.upstream.headers.get(rest) or "" if self.upstream is not None else None
        if name in {"rp.status_code", "http.reverse_proxy.status_code"} and self.upstream is not None:
            return str(self.upstream.status)
        for start in ("re.", "http.regexp.", "regexp."):
            if name.startswith(start):
                label, _, group = name.removeprefix(start).rpartition(".")
                found = self.regexes.get(label)
                return found.values.get(group, "") if found is not None else ""
        if re.fullmatch(r"(?:path|uri\.path)\.\d{1,3}", name):
            parts = self.path.strip("/").split("/")
            index = int(name.rpartition(".")[2])
            return parts[index] if index < len(parts) else ""
        if name.startswith("labels.") and name[7:].isdigit():
            labels = self.host.split(".")[::-1]
            return labels[int(name[7:10])] if int(name[7:10]) < len(labels) else ""
        if name.startswith(("query.", "uri.query.")):
            return parse_qs(self.query).get(name.rpartition("query.")[2], [""])[0]
        return None


def matches(state: State, named_matchers: Mapping[str, Directive], matcher: str, one: Directive) -> bool:
    """Whether the directive's matcher holds: a path, or a name such as @v2."""
    if matcher.startswith("/"):
        return _path_matches(matcher, state.path)
    named = named_matchers.get(matcher)
    if named is None:
        raise NotPlayedError(one.where, f"there is no matcher {matcher}")
    return _all_hold(state, named, named.name[1:])


def _all_hold(state: State, named: Directive, name: str) -> bool:
    unknown: NotPlayedError | None = None
    merged: dict[str, list[Directive]] = {}
    for row in named.block or []:
        merged.setdefault(row.name, []).append(row)
    for kind, same in merged.items():
        try:
            # Rows of the same kind are alternatives, but for `not` and headers of different names.
            results = (_holds(state, row, name) for row in same)
            if not (
                all(results) if kind in {"not", "header", "query", "header_regexp", "expression"} else any(results)
            ):
                return False
        except NotPlayedError as error:
            unknown = error
    if unknown is not None:
        raise unknown
    return True


def _holds(state: State, row: Directive, name: str) -> bool:
    words = row.args
    match row.name:
        case "path":
            return state.once(
                row, lambda: any(_path_matches(state.fill(word, row), state.path) for word in dict.fromkeys(words))
            )
        case "path_regexp" if words:
            label, pattern = (words[0], words[1]) if len(words) > 1 else (name, words[0])
            return state.matches(pattern, state.path, row, label)
        case "method":
            return state.request.method in {word.upper() for word in words}
        case "host":
            return any(fnmatch.fnmatchcase(state.host, word.lower()) for word in words)
        case "protocol" if words:
            return words[0].lower() in {"https", "http/1.1", "http/2"}
        case "header" if words:
            return _header_holds(state, words, row)
        case "header_regexp" if len(words) > 1:
            field_name, pattern = words[-2], words[-1]
            label = words[0] if len(words) > 2 else name
            return state.matches(pattern, state.request.headers.get(field_name) or "", row, label)
        case "query":
            given = parse_qs(state.query, keep_blank_values=True)
            pairs = [word.partition("=") for word in words]
            return all(key in given and (value == "*" or value in given[key]) for key, _, value in pairs)
        case "not":
            inside = row.block or []
            return not (inside and all(_holds(state, each, name) for each in inside))
        case _:
            raise NotPlayedError(row.where, f"the matcher {row.name} is not played")


def _header_holds(state: State, words: list[str], row: Directive) -> bool:
    value = state.request.headers.get(words[0].lstrip("!"))
    if words[0].startswith("!"):
        return value is None
    if len(words) == 1:
        return value is not None
    return value is not None and any(fnmatch.fnmatchcase(value, state.fill(word, row)) for word in words[1:])


def _path_matches(pattern: str, path: str) -> bool:
    """caddyserver.com/docs/caddyfile/matchers#path-matchers: exact, or with * at an end; without regard to case."""
    pattern, path = pattern.lower(), path.lower()
    if pattern == "*":
        return True
    if pattern.startswith("*") and pattern.endswith("*") and len(pattern) > 1:
        return pattern[1:-1] in path
    if pattern.endswith("*") and "*" not in pattern[:-1]:
        return path.startswith(pattern[:-1])
    if pattern.startswith("*") and "*" not in pattern[1:]:
        return path.endswith(pattern[1:])
    if "*" not in pattern and "?" not in pattern:
        return path == pattern
    expression = "".join(
        "[^/]*" if part == "*" else "[^/]" if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern)
    )
    return regex(f"^{expression}$").search(path) is not None
