"""A router's rule, "Host(`…`) && PathPrefix(`…`)", as a tree that a request matches or not.

pkg/rules/parser.go and pkg/muxer/http/matcher.go of traefik/traefik: Go's operators, several spellings of a name. Where a rule
is written as Traefik 2 had it (more than one value, `{name:regex}`), it is taken so: matcher_v2.go.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs

from pullscope.oci.messages import Headers
from pullscope.worlds.vanity.rules import NotPlayedError, expression

MOST_TERMS = 200
_TOKEN = re.compile(r"\s*(?:(?P<op>&&|\|\||[!(),])|(?P<name>\w+)|`(?P<raw>[^`]*)`|\"(?P<text>(?:\\.|[^\"\\])*)\")")
_HOLE = re.compile(r"\{[\w-]+(?::((?:[^{}]|\{[^{}]*\})*))?\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a rule can ask of a request."""

    method: str
    host: str
    """Without its port."""
    authority: str
    path: str
    """As routed: decoded but for reserved characters."""
    query: str
    headers: Headers
    one_host: str = ""
    """A variable that is every host's name in the file: the host that is tried is taken for it."""


@dataclass(frozen=True, slots=True)
class Term:
    """`and`, `or` or `not` with what it is about, or a matcher with its values."""

    name: str
    values: tuple[str, ...] = ()
    below: tuple[Term, ...] = ()

    def find(self, *names: str) -> Iterator[str]:
        """The values of the matchers of these names that are not negated."""
        if self.name in names:
            yield from self.values
        for one in self.below if self.name != "not" else ():
            yield from one.find(*names)


_SPELT = {"&&": " and ", "||": " or ", "!": " not "}


def read_rule(text: str, where: str) -> Term:
    """ValueError, with the place, for a rule that Traefik refuses. Its grammar is that of Python's expressions, signs apart."""
    pieces: list[str] = []
    position = 0
    text = text.strip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None or len(pieces) > 8 * MOST_TERMS:
            raise ValueError(
                f"{where}: the rule cannot be read at character {position + 1}: {text[position : position + 30]}"
            )
        sign, name = found["op"], found["name"]
        value = found["raw"] if found["raw"] is not None else found["text"]
        # A name may be a word of Python's; strings side by side are not one.
        pieces.append(_SPELT.get(sign, sign) if sign else f" _{name} " if name else f"({value!r})")
        position = found.end()
    try:
        return _term(ast.parse("".join(pieces).strip(), mode="eval").body, where, 0)
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(
            f"{where}: the rule has no matcher where one is wanted, or a bracket that does not fit"
        ) from None


def _term(node: ast.expr, where: str, depth: int) -> Term:
    if depth > 30:
        raise ValueError(f"{where}: the rule is nested too deeply")
    match node:
        case ast.BoolOp(op=sign, values=below):
            name = "and" if isinstance(sign, ast.And) else "or"
            return Term(name, (), tuple(_term(one, where, depth + 1) for one in below))
        case ast.UnaryOp(op=ast.Not(), operand=one):
            return Term("not", (), (_term(one, where, depth + 1),))
        case ast.Call(func=ast.Name(id=name), args=args):
            values = tuple(one.value for one in args if isinstance(one, ast.Constant) and isinstance(one.value, str))
            if len(values) == len(args):
                return Term(name[1:].lower(), values)
            raise ValueError(f"{where}: the rule's {name[1:].lower()}(…) wants values in backticks")
    raise ValueError(f"{where}: the rule has no matcher where one is wanted")


def matches(term: Term, asked: Asked, where: str) -> bool:
    """Whether the request is the router's; NotPlayedError where that hangs on what is not known."""
    match term.name:
        case "and":
            return _all(term.below, asked, where, wanted=True)
        case "or":
            return not _all(term.below, asked, where, wanted=False)
        case "not":
            return not matches(term.below[0], asked, where)
        case "host" | "hostheader":
            # A wildcard is one label (Traefik 3.7).
            names = {asked.host.rstrip("."), f"*.{asked.host.rstrip('.').partition('.')[2]}"}
            met = any(value.lower().rstrip(".") in names for value in term.values)
            if not met and (unfilled := next((value for value in term.values if "$" in value), None)):
                if unfilled == asked.one_host:
                    return True
                raise NotPlayedError(where, f"{unfilled} has no value here (--env NAME=VALUE)")
            return met
        case "hostregexp":
            return any(_search(_of_version_2(value, "[^.]+") or value, asked.authority, where) for value in term.values)
        case "path":
            return any(_path(value, asked.path, where, "$") for value in term.values)
        case "pathprefix":
            return any(_path(value, asked.path, where, "") for value in term.values)
        case "pathregexp":
            return any(_search(value, asked.path, where) for value in term.values)
        case "method":
            return asked.method in {value.upper() for value in term.values}
        case "header" | "headers" if len(term.values) == 2:
            return term.values[1] in asked.headers.get_all(term.values[0])
        case "headerregexp" | "headersregexp" if len(term.values) == 2:
            return any(_search(term.values[1], value, where) for value in asked.headers.get_all(term.values[0]))
        case "query" | "queryregexp" if term.values:
            name, mark, value = term.values[0].partition("=")
            if len(term.values) == 2 and not mark:
                value = term.values[1]
            found = parse_qs(asked.query, keep_blank_values=True).get(name, [])
            return any(_search(value, one, where) if term.name == "queryregexp" else one == value for one in found)
    raise NotPlayedError(where, f"the matcher {term.name} is not played")


def _all(terms: tuple[Term, ...], asked: Asked, where: str, *, wanted: bool) -> bool:
    """Whether each of them is `wanted`: what is not known counts only where the others leave it to that."""
    unknown: NotPlayedError | None = None
    for one in terms:
        try:
            if matches(one, asked, where) is not wanted:
                return False
        except NotPlayedError as error:
            unknown = unknown or error
    if unknown is not None:
        raise unknown
    return True


def _search(pattern: str, text: str, where: str) -> bool:
    return expression(pattern, where, engine="Go").search(text) is not None


def _path(value: str, path: str, where: str, end: str) -> bool:
    pattern = _of_version_2(value, "[^/]+")
    if pattern is not None:
        return _search(pattern.removesuffix("$") + end, path, where)
    return path == value if end else path.startswith(value)


def _of_version_2(value: str, hole: str) -> str | None:
    """Traefik 2's `/v2/{name:.+}` as a regular expression; None for what has no such part."""
    found = _HOLE.search(value)
    if found is None or found[0][1:-1].isdigit():
        return None
    pieces, position = [], 0
    for each in _HOLE.finditer(value):
        pieces += [re.escape(value[position : each.start()]), f"(?:{each[1] or hole})"]
        position = each.end()
    return f"^{''.join(pieces)}{re.escape(value[position:])}$"


def names_of(term: Term) -> tuple[str, ...]:
    """The hosts that the rule is for."""
    return tuple(dict.fromkeys(value.lower() for value in term.find("host", "hostheader") if "$" not in value))
