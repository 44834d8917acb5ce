"""A Caddyfile: site blocks with `redir`, `respond`, `reverse_proxy` and `file_server`. Text in, rules and remarks out.

Only what a redirecting or proxying vanity host needs is read; other directives that can answer are named. The rules come in
Caddy's order: `redir` before `respond` before `reverse_proxy`, and within one the longer path first
(caddyserver.com/docs/caddyfile/directives, "Directive order" and "Sorting algorithm").
"""

from __future__ import annotations

from collections.abc import Mapping

from pullscope.worlds.vanity.blocks import Directive, caddy_directives
from pullscope.worlds.vanity.patterns import ExactPattern, PrefixPattern
from pullscope.worlds.vanity.rules import Condition, Pattern, Platform, Remark, Rule

_ORDER = {"redir": 0, "handle": 1, "respond": 2, "reverse_proxy": 3, "file_server": 4}
_SILENT = {"root", "tls", "encode", "log", "header", "bind", "import", "servers", "request_body", ""}
_CODES: Mapping[str, int] = {"permanent": 301, "temporary": 302}

Ranked = tuple[tuple[int, int, int], Rule]


def read_caddyfile(text: str, file: str) -> tuple[list[Rule], list[Remark]]:
    """The rules of every site; ValueError, with the line, for a text whose braces do not fit."""
    rules: list[Rule] = []
    remarks: list[Remark] = []
    sites = caddy_directives(text, file)
    for site in sites:
        if site.block is None or not site.words or site.name.startswith("("):
            continue
        hosts = tuple(host for word in site.words if (host := _host(word)))
        conditions = (Condition(kind="host", values=hosts),) if hosts else ()
        found: list[Ranked] = []
        named = {one.name: one for one in site.block if one.name.startswith("@")}
        _block(site.block, file, conditions, named, found, remarks)
        rules.extend(rule for _, rule in sorted(found, key=lambda pair: pair[0]))
        if not any(one.name == "file_server" for one in _all(site.block)):
            # A site that handles nothing else answers 200 with nothing in it, for every path.
            rules.append(
                _rule(file, site.line, "(nothing handles it)", PrefixPattern("/"), 200, None, conditions, body=b"")
            )
    if not any(site.block is not None for site in sites):
        raise ValueError(f"{file}: there is no site block, name {{…}}, in it")
    return rules, remarks


def _all(block: list[Directive]) -> list[Directive]:
    return [inner for one in block for inner in (one, *_all(one.block or []))]


def _host(word: str) -> str:
    word = word.rstrip(",").partition("://")[2] if "://" in word else word.rstrip(",")
    host = word.partition("/")[0].lower()
    return "" if host.startswith(":") else host


def _block(
    block: list[Directive],
    file: str,
    conditions: tuple[Condition, ...],
    named: Mapping[str, Directive],
    found: list[Ranked],
    remarks: list[Remark],
    within: str | None = None,
) -> None:
    for one in block:
        if one.name.startswith("@") or one.name in _SILENT:
            continue
        if one.name not in _ORDER:
            message = f"{one.name} can change what a path answers; pullscope plays redir, respond, reverse_proxy and file_server."
            remarks.append(
                Remark(where=f"{file}:{one.line}", code="rule-unsupported", severity="warning", message=message)
            )
            continue
        words = one.words[1:]
        paths = [within or "*"]
        if words and words[0].startswith("/"):
            paths, words = [words[0]], words[1:]
        elif words and words[0] == "*":
            words = words[1:]
        elif words and words[0].startswith("@"):
            matcher = named.get(words[0])
            if matcher is None or matcher.words[1:2] != ["path"]:
                message = f"{words[0]} is no list of paths; pullscope does not play other matchers."
                remarks.append(
                    Remark(where=f"{file}:{one.line}", code="rule-unsupported", severity="warning", message=message)
                )
                continue
            paths, words = matcher.words[2:], words[1:]
        for path in paths:
            if one.name == "handle":
                _block(one.block or [], file, conditions, named, found, remarks, path)
                continue
            rule = _directive(one, path, words, file, conditions)
            if rule is not None:
                found.append(((_ORDER[one.name], -len(path.rstrip("*")), one.line), rule))


def _directive(
    one: Directive, path: str, words: list[str], file: str, conditions: tuple[Condition, ...]
) -> Rule | None:
    pattern: Pattern = ExactPattern(path) if not path.endswith("*") else PrefixPattern(path.removesuffix("*"))
    if one.name == "redir" and words:
        code = words[1] if len(words) > 1 else "temporary"
        status = _CODES.get(code, int(code[:4]) if code.isascii() and code.isdigit() else 302)
        return _rule(file, one.line, path, pattern, status, words[0], conditions)
    if one.name == "respond":
        body = next((word for word in words if not (word.isdigit() and len(word) == 3)), "")
        status = next((int(word) for word in words if word.isascii() and word.isdigit() and len(word) == 3), 200)
        return _rule(file, one.line, path, pattern, status, None, conditions, body=body.encode())
    if one.name == "reverse_proxy" and words:
        upstream = words[0] if "://" in words[0] else f"http://{words[0]}"
        return _rule(file, one.line, path, pattern, 200, f"{upstream.rstrip('/')}{{uri}}", conditions)
    return None


def _rule(
    file: str,
    line: int,
    source: str,
    pattern: Pattern,
    status: int,
    target: str | None,
    conditions: tuple[Condition, ...],
    *,
    body: bytes | None = None,
) -> Rule:
    return Rule(
        platform=Platform.CADDY,
        file=file,
        line=line,
        source=source,
        pattern=pattern,
        status=status,
        target=target,
        force=True,
        conditions=conditions,
        keeps_query=False,
        body=body,
        content_type=None
        if body is None
        else "application/json"
        if body.startswith(b"{")
        else "text/plain; charset=utf-8",
    )
