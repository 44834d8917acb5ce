"""A Caddyfile as sites with their directives in the order in which Caddy runs them. Text in, a tree out; answers nothing.

Environment variables, snippets and `import` follow caddyserver.com/docs/caddyfile/concepts; the order of directives is that of
caddyconfig/httpcaddyfile/directives.go (`defaultDirectiveOrder`, `sortRoutes`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cmp_to_key

from pullscope.worlds.vanity.blocks import Directive, caddy_directives, names
from pullscope.worlds.vanity.targets import is_url, likeliest

MOST_IMPORTED = 20_000
MOST_IMPORT_DEPTH = 10

_DIRECTIVES = """
import tracing map vars fs root log_append skip_log log_skip log_name header copy_response_headers request_body
redir method rewrite uri try_files basicauth basic_auth forward_auth request_header encode push intercept
templates invoke handle route abort error copy_response respond metrics reverse_proxy php_fastcgi file_server
acme_server
"""
_ORDER = {name: index for index, name in enumerate(_DIRECTIVES.split())}
HARMLESS = names(
    """
    tracing fs root log log_append log_skip skip_log log_name request_body encode push tls bind metrics acme_server servers vars
    templates handle_errors
    """
)
"""Directives that change nothing of what a pull meets; a placeholder that `vars` fills is not known where it is used."""

_VARIABLE = re.compile(r"\{\$([^{}:\s]{1,200})(?::([^{}\n]{0,2000}))?\}")


@dataclass(slots=True, eq=False)
class Site:
    """One site block: its addresses, its directives, and its named matchers."""

    where: str
    addresses: tuple[str, ...]
    hosts: tuple[str, ...]
    """Without scheme and port; empty for a site of every host."""
    takes_any: bool
    """True for `:443`, and for an address that is a variable's default."""
    plain: bool
    """True where every address is http:// or port 80."""
    ports: frozenset[str]
    """Those that its addresses name."""
    block: list[Directive]
    matchers: dict[str, Directive] = field(default_factory=dict)
    ordered: dict[int, list[Directive]] = field(default_factory=dict)
    """By the id of a block: its directives in order."""


def statements(text: str, file: str) -> list[Directive]:
    """The text's directives, with defaults for variables; ValueError, with the line, for one that Caddy would not read."""
    written = text.split("\n")
    top = caddy_directives(_VARIABLE.sub(lambda one: one[0] if one[2] is None else one[2], text), file)
    for one in top:
        one.varies = "{$" in written[int(one.where.rpartition(":")[2]) - 1]
    return top


def sites(top: list[Directive], file: str) -> list[Site]:
    """The sites among the directives; ValueError where there is none."""
    snippets = {one.name[1:-1]: one for one in top if one.name.startswith("(") and one.block is not None}
    blocks = [one for one in top if one.block is not None and not one.name.startswith("(") and one.words]
    loose = [one for one in top if one.block is None and one.name != "import"]
    if loose and loose[0] is next((one for one in top if one.words), None):
        # A file with one site may leave its braces out: the first line is the address, all else is in it.
        rest = [one for one in top if one is not loose[0] and not one.name.startswith("(")]
        blocks = [Directive(loose[0].where, loose[0].words, rest, loose[0].varies)]
    if not blocks:
        raise ValueError(f"{file}: there is no site block, name {{…}}, in it")
    found = []
    for one in blocks:
        left = [MOST_IMPORTED]
        inside = list(_imported(one.block or [], snippets, 0, left))
        # Which host the only site is for is the variable's matter, whatever its default.
        found.append(_site(one, inside, any_host=len(blocks) == 1 and one.varies))
    return found


def with_values(text: str, env: Mapping[str, str]) -> str:
    """`{$NAME}` and `{$NAME:default}` with the values that are given; the others stay."""
    return _VARIABLE.sub(lambda found: env.get(found[1], found[0]), text)


def _imported(
    block: list[Directive], snippets: Mapping[str, Directive], depth: int, left: list[int]
) -> Iterator[Directive]:
    for one in block:
        left[0] -= 1
        if left[0] < 0 or depth > MOST_IMPORT_DEPTH:
            raise ValueError(f"{one.where}: its imports are too many to be a rule file")
        if one.name == "import" and one.args and one.args[0] in snippets:
            snippet = snippets[one.args[0]]
            yield from _imported(_with_args(snippet.block or [], one.args[1:]), snippets, depth + 1, left)
        elif one.block is not None:
            yield Directive(one.where, one.words, list(_imported(one.block, snippets, depth, left)))
        else:
            yield one


def _with_args(block: list[Directive], args: list[str]) -> list[Directive]:
    def filled(word: str) -> str:
        if "{args" not in word:
            return word
        return re.sub(
            r"\{args(?:\.(\d+)|\[(\d+)\])\}",
            lambda found: (args[int(str(found[1] or found[2])[:4]) :] or [""])[0],
            word,
        )

    return [
        Directive(
            one.where,
            [filled(word) for word in one.words],
            _with_args(one.block, args) if one.block is not None else None,
        )
        for one in block
    ]


def _site(one: Directive, inside: list[Directive], *, any_host: bool) -> Site:
    addresses = tuple(word for raw in one.words for word in raw.split(",") if word)
    hosts: list[str] = []
    ports: set[str] = set()
    takes_any = any_host
    plain = True
    for address in addresses:
        scheme, separator, rest = address.partition("://")
        rest = rest if separator else address
        host, _, port = (
            rest.partition("/")[0].lower().rpartition(":") if ":" in rest else (rest.partition("/")[0].lower(), "", "")
        )
        if port or scheme == "http":
            ports.add(port or "80")
        plain = plain and (scheme == "http" if separator else port == "80")
        hosts.extend([host] if host else [])
        takes_any = takes_any or not host
    matchers: dict[str, Directive] = {}
    _scope(inside, {}, matchers)
    return Site(one.where, addresses, tuple(hosts), takes_any, plain, frozenset(ports or {"443"}), inside, matchers)


def _scope(block: list[Directive], outer: Mapping[str, str], matchers: dict[str, Directive]) -> None:
    """The matchers of a block and of those in it; each is for its own block, so one whose name is taken gets another."""
    scope = dict(outer)
    for one in block:
        if one.name.startswith("@"):
            scope[one.name] = one.name if one.name not in matchers else f"{one.name}:{len(matchers)}"
            matchers[scope[one.name]] = _unfolded(one)
    for one in block:
        if len(one.words) > 1 and not one.name.startswith("@"):
            one.words[1] = scope.get(one.words[1], one.words[1])
        if one.name in {"handle", "handle_path", "route"}:
            _scope(one.block or [], scope, matchers)


def _unfolded(one: Directive) -> Directive:
    """A matcher or `not` with its rows in a block, also where it is written on one line."""
    rows = [Directive(one.where, one.args)] if one.args else [each for each in one.block or [] if each.words]
    return Directive(one.where, one.words[:1], [_unfolded(row) if row.name == "not" else row for row in rows])


def site_for(every: list[Site], authority: str) -> Site | None:
    """The site of a host and port: by name, by wildcard, by a name with variables, else one that takes any."""
    host, _, port = authority.partition(":")

    def of_port(some: list[Site]) -> list[Site]:
        # TLS may end in front of a site of another port.
        return [one for one in some if (port or "443") in one.ports] or some

    wildcard = f"*.{host.partition('.')[2]}"
    varying = of_port([one for one in every if any("{" in name for name in one.hosts)])
    found = of_port(
        [one for one in every if host in one.hosts]
        or [one for one in every if wildcard in one.hosts]
        or likeliest(host, ((one.where, name, one) for one in varying for name in one.hosts))
        or [one for one in every if one.takes_any]
    )
    return next((one for one in found if not one.plain), found[0]) if found else None


def matcher_of(one: Directive) -> tuple[str, list[str]]:
    """The matcher of a directive ("" for none) and its other words."""
    words = one.args
    if words and (words[0] == "*" or words[0].startswith(("/", "@"))):
        if one.name in {"rewrite", "root"} and len(words) == 1 and words[0].startswith("/"):
            return "", words
        return ("" if words[0] == "*" else words[0]), words[1:]
    return "", words


def in_order(site: Site, block: list[Directive]) -> list[Directive]:
    """The directives of a block of the site as Caddy runs them; asked once for each block."""
    found = site.ordered.get(id(block))
    if found is None:
        running = [one for one in block if one.name and not one.name.startswith("@")]
        ranks = {id(one): _rank(one, site.matchers) for one in running}
        found = sorted(running, key=cmp_to_key(lambda a, b: _compared(ranks[id(a)], ranks[id(b)])))
        site.ordered[id(block)] = found
    return found


_Rank = tuple[int, str, bool]
"""The directive's place in the order, its one path ("" for none or several), and whether it has a matcher."""


def _rank(one: Directive, matchers: Mapping[str, Directive]) -> _Rank:
    # Only `order` says where a plugin's directive runs. Without it: before all others, so that it is not passed over.
    position = _ORDER.get("handle" if one.name == "handle_path" else one.name, -1)
    matcher = matcher_of(one)[0]
    path = matcher if matcher.startswith("/") else ""
    named = matchers.get(matcher)
    if named is not None:
        rows = [each.words for each in named.block or []]
        if len(rows) == 1 and rows[0][:1] == ["path"] and len(rows[0]) == 2:
            path = rows[0][1]
    return position, path, bool(matcher)


def _compared(a: _Rank, b: _Rank) -> int:
    if a[0] != b[0]:
        return -1 if a[0] < b[0] else 1
    if a[1] and b[1]:
        one, two = a[1].removesuffix("*"), b[1].removesuffix("*")
        return len(a[1]) - len(b[1]) if one == two else len(two) - len(one)
    return int(b[2]) - int(a[2])


def redir_status(code: str) -> int:
    return {"permanent": 301, "temporary": 302}.get(code) or status_among([code], 302)


def status_among(words: list[str], default: int) -> int:
    return next((int(word) for word in words if re.fullmatch(r"[1-5][0-9]{2}", word)), default)


def upstream_base(address: str) -> str | None:
    """`scheme://host[:port]` of an upstream's address, None for one that Caddy refuses or that is not a TCP address."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        scheme, rest = "http", address
    if rest.startswith("unix/"):
        return "http://localhost"
    rest = f"localhost{rest}" if rest.startswith(":") else rest
    host, _, port = rest.rpartition(":")
    if scheme not in {"http", "https", "h2c"} or not rest or "/" in rest or "{" in rest:
        return None
    secure = scheme == "https" or (port == "443" and bool(host))
    rest = rest.removesuffix(":443") if secure else rest
    base = f"{'https' if secure else 'http'}://{rest.lower()}"
    return base if is_url(base) else None
