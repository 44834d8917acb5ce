"""nginx: `server` blocks with `location`, `return` and `proxy_pass`. Text in, rules and remarks out.

Only what a redirecting or proxying vanity host needs is read; other directives that can answer a request are named. The
rules come in the order in which nginx chooses: an exact location, then the longest prefix (ngx_http_core_module, location).
"""

from __future__ import annotations

from pullscope.worlds.vanity.blocks import Directive, nginx_directives
from pullscope.worlds.vanity.patterns import ExactPattern, PrefixPattern
from pullscope.worlds.vanity.rules import Condition, Pattern, Platform, Remark, Rule

_CODES = {301, 302, 303, 307, 308}
# Directives that change what a path answers and that are not played here.
_UNPLAYED = {
    "rewrite",
    "if",
    "try_files",
    "error_page",
    "auth_basic",
    "auth_request",
    "limit_except",
    "deny",
    "sub_filter",
}


def read_nginx(text: str, file: str) -> tuple[list[Rule], list[Remark]]:
    """The rules of every server; ValueError, with the line, for a text whose braces or semicolons do not fit."""
    servers = list(_servers(nginx_directives(text, file)))
    if not servers:
        raise ValueError(f"{file}: there is no server {{…}} in it")
    rules: list[Rule] = []
    remarks: list[Remark] = []
    encrypted = {name for server in servers if _tls(server) for name in _names(server)}
    for server in servers:
        if not _tls(server) and encrypted & set(_names(server)):
            # The usual pair: port 80 of the same name only sends people to https.
            continue
        _server(server, file, rules, remarks)
    return rules, remarks


def _servers(directives: list[Directive]) -> list[Directive]:
    found = []
    for directive in directives:
        if directive.name == "server" and directive.block is not None:
            found.append(directive)
        elif directive.block is not None:
            found.extend(_servers(directive.block))
    return found


def _names(server: Directive) -> list[str]:
    return [
        name.lower() for one in server.block or [] if one.name == "server_name" for name in one.words[1:] if name != "_"
    ]


def _tls(server: Directive) -> bool:
    return any(
        one.name == "listen" and ("ssl" in one.words or "443" in " ".join(one.words)) for one in server.block or []
    )


def _server(server: Directive, file: str, rules: list[Rule], remarks: list[Remark]) -> None:
    names = tuple(_names(server))
    conditions = (Condition(kind="host", values=names),) if names else ()
    found: list[tuple[tuple[int, int], Rule]] = []
    for one in server.block or []:
        if one.name == "location" and one.block is not None:
            found.extend(_location(one, file, conditions, remarks))
        elif one.name == "return":
            # In the server itself it answers before any location is looked for.
            rule = _return(one, file, PrefixPattern("/"), "/", conditions, None)
            if rule is not None:
                found.append(((-1, 0), rule))
        elif one.name in _UNPLAYED:
            remarks.append(_unplayed(one, file))
    rules.extend(rule for _, rule in sorted(found, key=lambda pair: pair[0]))


def _location(
    location: Directive, file: str, conditions: tuple[Condition, ...], remarks: list[Remark]
) -> list[tuple[tuple[int, int], Rule]]:
    words = location.words[1:]
    modifier, path = (words[0], words[1]) if len(words) > 1 else ("", words[0] if words else "/")
    if modifier in {"~", "~*"} or path.startswith("@"):
        message = f"location {' '.join(words)}: regular expressions and named locations are not played here."
        where = f"{file}:{location.line}"
        remarks.append(
            Remark(where=where, code="rule-unsupported", severity="warning", message=message, fix="Use a plain prefix.")
        )
        return []
    pattern: Pattern = ExactPattern(path) if modifier == "=" else PrefixPattern(path)
    order = (0, 0) if modifier == "=" else (1, -len(path))
    source = " ".join(words)
    content_type = next(
        (one.words[1] for one in location.block or [] if one.name == "default_type" and len(one.words) > 1), None
    )
    for one in location.block or []:
        if one.name == "return":
            rule = _return(one, file, pattern, source, conditions, content_type, path)
            return [(order, rule)] if rule is not None else []
        if one.name == "proxy_pass" and len(one.words) > 1:
            return [(order, _proxy(one, location, file, pattern, source, conditions, path))]
        if one.name in _UNPLAYED:
            remarks.append(_unplayed(one, file))
    return []


def _return(
    one: Directive,
    file: str,
    pattern: Pattern,
    source: str,
    conditions: tuple[Condition, ...],
    content_type: str | None,
    path: str = "/",
) -> Rule | None:
    words = one.words[1:]
    del path
    status, text = 302, ""
    if words and words[0].isascii() and words[0].isdigit():
        status, text = int(words[0][:4]), " ".join(words[1:])
    elif words:
        text = words[0]
    if not 100 <= status <= 599:
        return None
    redirects = status in _CODES
    return Rule(
        platform=Platform.NGINX,
        file=file,
        line=one.line,
        source=source,
        pattern=pattern,
        status=status,
        target=text if redirects else None,
        force=True,
        conditions=conditions,
        keeps_query=False,
        body=None if redirects else text.encode(),
        content_type=None if redirects else content_type or "text/plain",
    )


def _proxy(
    one: Directive,
    location: Directive,
    file: str,
    pattern: Pattern,
    source: str,
    conditions: tuple[Condition, ...],
    path: str,
) -> Rule:
    target = one.words[1]
    after_host = target.partition("://")[2].partition("/")
    exact = isinstance(pattern, ExactPattern)
    if "$" in target:
        filled = target
    elif not after_host[1]:
        # Without a path the request's own goes on (ngx_http_proxy_module, proxy_pass).
        filled = f"{target}$request_uri"
    else:
        filled = f"{target}$is_args$args" if exact else f"{target}$splat$is_args$args"
    del location, path
    return Rule(
        platform=Platform.NGINX,
        file=file,
        line=one.line,
        source=source,
        pattern=pattern,
        status=200,
        target=filled,
        force=True,
        conditions=conditions,
        keeps_query=False,
    )


def _unplayed(one: Directive, file: str) -> Remark:
    message = f"{one.name} can change what a path answers; pullscope plays location, return and proxy_pass only."
    return Remark(where=f"{file}:{one.line}", code="rule-unsupported", severity="warning", message=message)
