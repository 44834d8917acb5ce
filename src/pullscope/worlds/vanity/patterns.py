"""How each platform compares a path with a rule's `from`. Pure; no platform's file syntax is known here.

A pattern from a file is a stranger's text: what becomes a regular expression is matched by `regexes`, in bounded time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from pullscope.worlds.vanity.regexes import Regex, regex

LONGEST_PATH = 4096


@lru_cache(maxsize=256)
def _parts(path: str) -> tuple[tuple[str, ...], bool]:
    """The segments of a path, and whether it ends in a slash: asked once for each of thousands of rules.

    Netlify decodes before it compares; `%2F` then counts as a slash (docs/sources.md).
    """
    parts = tuple(unquote(path).removeprefix("/").split("/"))
    return (parts[:-1], True) if parts[-1] == "" else (parts, False)


@dataclass(frozen=True, slots=True)
class SegmentPattern:
    """Netlify's: whole segments, `:name` for exactly one of them, a final `*` for any rest, and slashes at the end ignored.

    `/v2/*` matches `/v2`, `/v2/` and `/v2/a`, not `/v2x`; `/a-:x` is literal (docs/sources.md, Netlify).
    """

    text: str
    segments: tuple[str, ...]
    ends_in_splat: bool

    @classmethod
    def parse(cls, text: str) -> SegmentPattern:
        segments = tuple(part for part in text.split("/") if part)
        ends_in_splat = bool(segments) and segments[-1] == "*"
        return cls(text, segments[:-1] if ends_in_splat else segments, ends_in_splat)

    @property
    def takes_any_rest(self) -> bool:
        return self.ends_in_splat

    @property
    def has_inner_splat(self) -> bool:
        return "*" in self.segments

    def match(self, path: str) -> Mapping[str, str] | None:
        given, trailing = _parts(path)
        if self.segments and given[:1] != self.segments[:1] and self.segments[0][0] not in "*:":
            return None
        if len(given) < len(self.segments) or (len(given) > len(self.segments) and not self.ends_in_splat):
            return None
        values: dict[str, str] = {}
        for wanted, part in zip(self.segments, given, strict=False):
            if wanted == "*":
                values.setdefault("splat", part)
            elif wanted.startswith(":") and len(wanted) > 1:
                if not part:
                    return None
                values[wanted[1:]] = part
            elif wanted != part:
                return None
        if self.ends_in_splat:
            rest = given[len(self.segments) :]
            values.setdefault("splat", "/".join(rest) + ("/" if trailing and rest else ""))
        return values

    def example(self, rest: str) -> str:
        fixed = "/".join("x" if part == "*" or part.startswith(":") else part for part in self.segments)
        if self.ends_in_splat:
            return f"/{fixed}/{rest}" if fixed else f"/{rest}"
        return f"/{fixed}/" if self.text.endswith("/") and fixed else f"/{fixed}"


@dataclass(frozen=True, slots=True)
class RegexPattern:
    """A path as a regular expression, whole and case-sensitive: Cloudflare's, Vercel's and nginx's."""

    text: str
    regex: Regex
    takes_any_rest: bool
    template: str
    """`text` with `\\0` where it takes any rest, for `example`."""

    def match(self, path: str) -> Mapping[str, str] | None:
        if len(path) > LONGEST_PATH:
            return None
        found = self.regex.search(path)
        return found.values if found is not None else None

    def example(self, rest: str) -> str:
        return self.template.replace("\0", rest)


# `:` then a letter, then word characters: workers-sdk packages/workers-shared/asset-worker/src/utils/rules-engine.ts
_CLOUDFLARE_NAME = re.compile(r":([A-Za-z]\w*)")


def cloudflare_pattern(source: str) -> RegexPattern:
    """`*` is any text, once; `:name` is any text without a slash; everything else is exact, the slash at the end too."""
    if source.count("*") > 1:
        # Two groups named `splat` make the expression invalid there, and the rule is left out.
        raise ValueError("a source can hold one *")
    names = _CLOUDFLARE_NAME.findall(source)
    if len(set(names)) != len(names):
        raise ValueError("a placeholder can be named once")
    pieces: list[str] = []
    example: list[str] = []
    for piece in re.split(r"(\*|:[A-Za-z]\w*)", source):
        if piece == "*":
            pieces.append("(?P<splat>.*)")
            example.append("\0")
        elif _CLOUDFLARE_NAME.fullmatch(piece):
            pieces.append(f"(?P<{piece[1:]}>[^/]+)")
            example.append("x")
        else:
            pieces.append(re.escape(piece))
            example.append(piece)
    return RegexPattern(source, regex(f"^{''.join(pieces)}$", dot_all=True), "*" in source, "".join(example))


# path-to-regexp 6.1 as Vercel vendors it: a name, an optional group, an optional modifier; or a bare group; or braces.
_VERCEL_KEY = re.compile(
    r"\\(?P<escaped>.)|(?P<open>\{)|(?P<close>\}[?*+]?)|:(?P<name>\w+)|(?P<group>\()|(?P<text>.)", re.DOTALL
)


def vercel_pattern(source: str) -> RegexPattern:
    """path-to-regexp with `strict` and `sensitive`: vercel packages/routing-utils/src/superstatic.ts, sourceToRegex.

    Strict means that the slash at the end counts: `/v2/:path*` matches `/v2` and `/v2/a`, but not `/v2/`.
    """
    pieces: list[str] = []
    example: list[str] = []
    names: set[str] = set()
    any_rest = False
    position = 0
    while position < len(source):
        token = _VERCEL_KEY.match(source, position)
        if token is None:  # pragma: no cover - the last alternative takes any character
            raise ValueError(f"{source!r} cannot be read at character {position + 1}")
        position = token.end()
        if token["open"] or token["close"]:
            if len(token["close"] or "") > 1:
                raise ValueError(f"{source!r} repeats a group in braces, which pullscope does not read")
            continue
        if token["escaped"] or token["text"]:
            text = token["escaped"] or token["text"]
            pieces.append(re.escape(text))
            example.append(text)
            continue
        name = token["name"]
        if name is not None and name in names:
            raise ValueError(f"{source!r} names :{name} twice")
        inner = "[^/]+?"
        if token["group"] or source[position : position + 1] == "(":
            start = position - 1 if token["group"] else position
            inner, position = _group(source, start)
            if re.search(r"(?<!\\)\((?!\?)", inner):
                raise ValueError(f"the pattern ({inner[:40]}) holds a capturing group, which Vercel refuses")
        modifier = source[position] if source[position : position + 1] in {"?", "*", "+"} else ""
        position += len(modifier)
        if name is not None:
            names.add(name)
        opening = f"(?P<{name}>" if name is not None and not name[0].isdigit() else "("
        slashed = bool(pieces) and pieces[-1] == "/"
        if slashed:
            pieces.pop()
        prefix = "/" if slashed else ""
        body = f"(?:{inner})(?:{prefix}(?:{inner}))*" if modifier in {"*", "+"} else inner
        optional = "?" if modifier in {"?", "*"} else ""
        pieces.append(f"(?:{prefix}{opening}{body})){optional}" if prefix else f"{opening}{body}){optional}")
        takes_rest = modifier in {"*", "+"} or inner in {".*", ".+"}
        any_rest = any_rest or takes_rest
        example.append("\0" if takes_rest else "x")
    try:
        compiled = regex(f"^(?:{''.join(pieces)})$", dot_all=True, engine="JavaScript")
    except ValueError as error:
        raise ValueError(f"{source[:80]!r} is not a pattern that can be read ({error})") from error
    return RegexPattern(source, compiled, any_rest, "".join(example))


_BRACKET = re.compile(r"\\.|[()]", re.DOTALL)


def _group(source: str, start: int) -> tuple[str, int]:
    """The regular expression in the brackets that open at `start`, and the position after them."""
    depth = 0
    for found in _BRACKET.finditer(source, start):
        depth += {"(": 1, ")": -1}.get(found.group(), 0)
        if depth == 0:
            return source[start + 1 : found.start()], found.end()
    raise ValueError(f"{source!r} has a bracket that is not closed")


@dataclass(frozen=True, slots=True)
class PrefixPattern:
    """nginx's `location /v2/`, pullscope's own rewriting: everything that begins with this text, or this path and no other."""

    text: str
    takes_any_rest: bool = True

    def match(self, path: str) -> Mapping[str, str] | None:
        if not self.takes_any_rest:
            return {} if path == self.text else None
        return {"splat": path[len(self.text) :]} if path.startswith(self.text) else None

    def example(self, rest: str) -> str:
        return self.text + (rest if self.takes_any_rest else "")


def exact_pattern(text: str) -> PrefixPattern:
    """nginx's `location = /v2/`, Caddy's `/v2/`."""
    return PrefixPattern(text, takes_any_rest=False)


def beginning_pattern(expression: str) -> PrefixPattern:
    """The beginning of a server's own regular expression, or of a name such as nginx's `@name`: what is literal in it.

    A server's configuration plays itself; its patterns only say which repositories it is about.
    """
    literal = re.match(r"\^?([/\w.-]*)", expression)
    return PrefixPattern((literal[1] if literal else "/").rpartition("/")[0] + "/")
