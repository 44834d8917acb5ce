"""An Apache configuration as virtual hosts with their directives. Text in, a tree out; answers nothing.

Lines, quotes and sections follow httpd.apache.org/docs/2.4/configuring.html; which virtual host a name meets,
vhosts/details.html.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from pullscope.worlds.vanity.blocks import MAX_DEPTH, Directive, refuse_template
from pullscope.worlds.vanity.targets import likeliest

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
    for one in top:
        if one.name == "virtualhost":
            # What stands outside comes after what is in the host (mod_proxy, mod_alias: merged in that order).
            found.hosts.append(_host(one, [*(one.block or []), *(each for each in outside if not _is_rewrite(each))]))
    if not found.hosts:
        found.hosts.append(_host(Directive(f"{file}:1", ["virtualhost", "*"], outside), outside))
    encrypted = {name for host in found.hosts if host.tls for name in host.names}
    found.hosts = [host for host in found.hosts if host.tls or not encrypted & set(host.names)]
    return found


def _is_rewrite(one: Directive) -> bool:
    return one.name.startswith("rewrite")


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
