"""An Apache configuration as virtual hosts with their directives, and one request on its way through one of them: its path and
query now, what is in effect for it, its variables, and how Apache words its answers and changes headers (mod_headers).

Lines, quotes and sections follow httpd.apache.org/docs/2.4/configuring.html; which host a name meets, vhosts/details.html.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from pullscope.oci.messages import Headers, Request
from pullscope.worlds.vanity.blocks import MAX_DEPTH, Directive, refuse_template
from pullscope.worlds.vanity.regexes import Found
from pullscope.worlds.vanity.rules import DECIDING, Dialect, NotPlayedError, expression
from pullscope.worlds.vanity.targets import likeliest, normal_path

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|(\S+)')
_TRANSPARENT = {"ifmodule", "ifversion", "ifdefine", "requireall", "requireany"}


@dataclass(slots=True, eq=False)
class Host:
    """One `<VirtualHost>`, or the server itself, with all that is in effect in it."""

    where: str
    names: tuple[str, ...]
    tls: bool
    directives: list[Directive]
    """In order, with what stands in <IfModule>; other sections keep their blocks."""


@dataclass(slots=True, eq=False)
class Config:
    file: str
    hosts: list[Host] = field(default_factory=list)
    per_directory: bool = False
    """True for a .htaccess: its paths have no slash in front."""
    defined: set[str] = field(default_factory=lambda: {"SSL"})
    """Parameters of <IfDefine>: servers start without any, but SUSE's and XAMPP's with -D SSL."""
    left_out: list[Directive] = field(default_factory=list)
    """The <IfDefine>s whose parameter is not among them (core, IfDefine)."""


def config(directives: list[Directive], file: str) -> Config:
    found = Config(file, per_directory=file.lower().endswith(".htaccess"))
    top = list(_flat(directives, found))
    outside = [one for one in top if one.name != "virtualhost"]
    # What stands outside comes after what is in the host (mod_proxy, mod_alias: merged in that order).
    merged = [one for one in outside if not one.name.startswith("rewrite")]
    for one in top:
        if one.name == "virtualhost":
            found.hosts.append(_host(one, [*(one.block or []), *merged]))
    if not found.hosts:
        found.hosts.append(_host(Directive(f"{file}:1", ["virtualhost", "*"], outside), outside))
    encrypted = {name for host in found.hosts if host.tls for name in host.names}
    found.hosts = [host for host in found.hosts if host.tls or not encrypted & set(host.names)]
    return found


def _host(one: Directive, directives: list[Directive]) -> Host:
    own = one.block or []
    given = [name.lower() for each in own if each.name in {"servername", "serveralias"} for name in each.args]
    names = tuple(name.rpartition("://")[2] for name in given)
    tls = any(word.endswith(":443") for word in one.args) or any(
        each.name == "sslengine" and each.args[:1] != ["off"] for each in own
    )
    return Host(one.where, tuple(name.partition(":")[0] for name in names), tls, directives)


def _flat(block: list[Directive], found: Config) -> Iterator[Directive]:
    """The directives, with those of <IfModule NAME> and its like in its place; a module is taken as loaded."""
    for one in block:
        if one.block is None:
            found.defined.update(one.args[:1] if one.name == "define" else ())
            yield one
        elif one.name in _TRANSPARENT:
            word = one.args[0] if one.args else ""
            known = one.name != "ifdefine" or word.removeprefix("!") in found.defined
            if known is not word.startswith("!"):
                yield from _flat(one.block, found)
            elif one.name == "ifdefine":
                found.left_out.append(one)
        else:
            one.block = list(_flat(one.block, found))
            yield one


def host_for(tree: Config, name: str) -> Host:
    """The virtual host that answers for `name`: by its names, by one with variables, else the first."""
    able = [one for one in tree.hosts if one.tls] or tree.hosts
    for hosts in (able, tree.hosts):
        for one in hosts:
            if any(fnmatch.fnmatchcase(name, wanted) for wanted in one.names):
                return one
    return (likeliest(name, ((one.where, each, one) for one in able for each in one.names)) or able)[0]


def statements(text: str, file: str) -> list[Directive]:
    """The directives of a text; ValueError, with the line, for one whose sections do not fit."""
    refuse_template(text, file)
    top: list[Directive] = []
    stack: list[tuple[Directive, list[Directive]]] = []
    for number, line in _lines(text):
        inside = stack[-1][1] if stack else top
        if line.startswith("</"):
            name = line[2:].rstrip("> \t").lower()
            if not stack or stack[-1][0].name != name:
                raise ValueError(f"{file}:{number}: </{name[:40]}> closes no open section")
            opened, block = stack.pop()
            opened.block = block
            (stack[-1][1] if stack else top).append(opened)
        elif line.startswith("<"):
            if not line.endswith(">"):
                raise ValueError(f"{file}:{number}: a section must end with >")
            if len(stack) >= MAX_DEPTH:
                raise ValueError(f"{file}:{number}: nested too deeply to be a rule file")
            words = _words(line[1:-1])
            if not words:
                raise ValueError(f"{file}:{number}: a section needs a name")
            stack.append((Directive(f"{file}:{number}", [words[0].lower(), *words[1:]]), []))
        else:
            words = _words(line)
            inside.append(Directive(f"{file}:{number}", [words[0].lower(), *words[1:]]))
    if stack:
        raise ValueError(f"{stack[-1][0].where}: <{stack[-1][0].name}> is never closed")
    return top


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line that says something with its number; a backslash at the end joins it with the next."""
    parts: list[str] = []
    start = 1
    for number, raw in enumerate(text.split("\n"), 1):
        if not parts:
            start = number
        parts.append(raw.removesuffix("\\"))
        if raw.endswith("\\"):
            continue
        line = "".join(parts).strip()
        parts = []
        if line and not line.startswith("#"):
            yield start, line


def _words(line: str) -> list[str]:
    found = []
    for word in _WORD.finditer(line):
        double, single, bare = word.groups()
        if bare is not None:
            found.append(bare)
        else:
            found.append(re.sub(r"\\([\"'\\])", r"\1", double if double is not None else single or ""))
    return found


def answering(block: list[Directive], names: Collection[str], within: str = "/") -> Iterator[tuple[Directive, str]]:
    """The directives of these names, each with the path of the section that it stands in."""
    for one in block:
        if one.name in names:
            yield one, within
        elif one.name in {"location", "locationmatch"} and one.args:
            yield from answering(one.block or [], names, one.args[-1])


_PAGE = (
    '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>{status} {reason}</title>\n</head><body>\n'
    "<h1>{reason}</h1>\n</body></html>\n"
)
DIALECT = Dialect(
    server="Apache",
    redirect_type="text/html; charset=iso-8859-1",
    redirect_body=_PAGE,
    not_found_type="text/html; charset=iso-8859-1",
    not_found_body=_PAGE,
)


def changed_header(headers: Headers, one: Directive) -> Headers:
    """`set NAME VALUE` and its like; one that decides and is not played is a NotPlayedError."""
    action, *words = one.args or [""]
    if not words:
        return headers
    name = words[0].rstrip(":")
    matters = name.lower() in DECIDING
    plain = len(words) < 2 or ("%{" not in words[1] and not any(word.startswith(("env=", "expr=")) for word in words))
    if matters and not plain:
        raise NotPlayedError(one.where, f"{one.name} {action} {name} is not played")
    match action.lower():
        case "set" | "setifempty" if len(words) > 1:
            return headers if action.lower() == "setifempty" and name in headers else headers.replacing(name, words[1])
        case "unset":
            return headers.replacing(name, None)
        case "add" | "append" | "merge" if len(words) > 1:
            return Headers([*headers, (name, words[1])])
        case "edit" | "edit*" if len(words) > 2:
            return Headers(
                (key, _edited(value, words, one) if key.lower() == name.lower() else value) for key, value in headers
            )
    if matters:
        raise NotPlayedError(one.where, f"{one.name} {action} {name} is not played")
    return headers


def _edited(value: str, words: list[str], one: Directive) -> str:
    found = expression(words[1], one.where).search(value)
    if found is None:
        return value
    filled = re.sub(r"\$(\d)", lambda each: found.values.get(each[1], ""), words[2])
    return value[: found.start] + filled + value[found.end :]


_VARIABLE = re.compile(r"%\{([^{}]+)\}|([$%])(\d)")


@dataclass(slots=True)
class State:
    """What the modules read and change."""

    config: Config
    host: Host
    request: Request
    path: str = field(init=False)
    query: str = field(init=False)
    env: dict[str, str] = field(default_factory=dict)
    """What rewrite rules have set ([E=NAME:VALUE])."""

    def __post_init__(self) -> None:
        split = urlsplit(self.request.url)
        self.path = normal_path(unquote(split.path or "/"))
        self.query = split.query

    def sections(self) -> list[Directive]:
        """The <Location>s of this path, in order."""
        return [
            one for one in self.host.directives if one.name in {"location", "locationmatch"} and self._in_section(one)
        ]

    def _in_section(self, one: Directive) -> bool:
        words = one.args
        if one.name == "locationmatch" or words[:1] == ["~"]:
            return self.search(words[-1], self.path, one) is not None
        return bool(words) and is_below(words[0], self.path)

    def here(self) -> list[Directive]:
        """The directives in effect for this path: the host's, then those of its sections."""
        found = [*self.host.directives]
        for section in self.sections():
            found.extend(section.block or [])
        return found

    def search(self, pattern: str, text: str, one: Directive, *, ignore_case: bool = False) -> Found | None:
        """The first match; NotPlayedError where the expression is not played."""
        return expression(pattern, one.where, ignore_case=ignore_case).search(text)

    def fill(self, text: str, one: Directive, groups: Mapping[str, str], matched: Mapping[str, str]) -> str:
        """`text` with $1, %1 and %{NAME} filled in."""

        def value(found: re.Match[str]) -> str:
            name, kind, number = found.groups()
            if number is not None:
                return (groups if kind == "$" else matched).get(number, "")
            known = self._variable(name)
            if known is None:
                raise NotPlayedError(one.where, f"{found[0]} is not known here")
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


def is_below(prefix: str, path: str) -> bool:
    """mod_alias, alias_matches: a prefix that ends at a slash or with the path."""
    if not path.startswith(prefix):
        return False
    return prefix.endswith("/") or len(path) == len(prefix) or path[len(prefix)] == "/"
