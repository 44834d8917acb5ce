"""pullscope's own rule file: "rewrite this host to that one". Text in, rules out.

    [[rewrite]]
    from = "docker.example.com"      # the host that people type
    to = "registry-1.docker.io"      # the registry that answers
    auth = "token-aware"             # plain (default), token-aware or always-200
    only = ["timonback"]             # first word of the repositories that are served; all of them without it
    prefix = "timonback/"            # put before each repository's name; nothing without it

The request goes on to the other host, and no redirect is on the wire.
"""

# ruff: noqa: TRY004 - what a file holds is a wrong value, of whatever type: readers raise ValueError and nothing else

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import SplitResult

from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.config_tree import Place, places, read_toml, toml_lines
from pullscope.worlds.vanity.patterns import PrefixPattern, exact_pattern
from pullscope.worlds.vanity.platform import Kind, Read, Values
from pullscope.worlds.vanity.rules import Auth, Condition, Dialect, Pattern, Rule, RuleFile, refused, unplayed

_KNOWN = {"from", "to", "auth", "only", "prefix"}
# host[:port], as it stands in a URL; letters, digits, dots and hyphens (RFC 1123, 2.1) or an address in brackets.
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?\Z")
# One path component of a repository's name (distribution-spec v1.1.1, "Pulling manifests").
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*\Z")


def read_rewrites(text: str, file: str) -> Read:
    """The rules of the file; ValueError, with the line, for a text that is not TOML or holds no rewrite."""
    document = read_toml(text, file)
    tables = document.get("rewrite", [])
    if not isinstance(tables, list) or not tables:
        raise ValueError(f"{file}: there is no [[rewrite]] in it")
    found = places(toml_lines(text), "rewrite")
    rules: list[Rule] = []
    remarks: list[Problem] = []
    for index, table in enumerate(tables):
        place = found[index]
        if not isinstance(table, dict):
            raise ValueError(f"{file}:{place.line}: a rewrite must be a table")
        try:
            rules.extend(_rules(table, place, file))
        except ValueError as error:
            remarks.append(refused(f"{file}:{place.line}", f"{error}."))
        remarks.extend(_doubled(table, place, file))
        for key in table:
            if key not in _KNOWN:
                where = f"{file}:{place.keys.get(key, place.line)}"
                remarks.append(unplayed(where, f"a rewrite has no key {key!r}; it is ignored."))
    return Read(rules=rules, remarks=remarks)


def _doubled(table: dict[str, object], place: Place, file: str) -> Iterator[Problem]:
    """A name in `only` that `prefix` begins with: it is looked for in what people type, before the prefix is put there."""
    only, prefix = table.get("only"), table.get("prefix")
    first = prefix.partition("/")[0] if isinstance(prefix, str) else ""
    if isinstance(only, list) and isinstance(prefix, str) and first and first in only:
        doubled = f"{prefix.rstrip('/')}/{first}/app"
        yield refused(
            f"{file}:{place.keys.get('only', place.line)}",
            f"only names what people type, and prefix is put before that: {first}/app becomes {doubled}.",
            f'leave out prefix, for HOST/{first}/app, or leave out "{first}" in only, for HOST/app',
        )


def rewrite_rules(source: str, target: str, auth: Auth = Auth.PLAIN, *, named: str = "pullscope_rewrite") -> list[Rule]:
    """The rules of one `pullscope_rewrite=HOST=OTHER`; ValueError where one of the two is not a host."""
    return _rules({"from": source, "to": target, "auth": str(auth)}, Place(1), named)


def _rules(table: dict[str, object], place: Place, file: str) -> list[Rule]:
    source, target = table.get("from"), table.get("to")
    for key, value in (("from", source), ("to", target)):
        if not isinstance(value, str) or not _HOST.match(value):
            raise ValueError(f'"{key}" must be a host, such as docker.example.com, not {value!r}')
    try:
        auth = Auth(str(table.get("auth", Auth.PLAIN)))
    except ValueError:
        raise ValueError(f'"auth" is {table["auth"]!r}; it can be {", ".join(Auth)}') from None
    only = table.get("only", [])
    if not isinstance(only, list) or not all(isinstance(one, str) and _COMPONENT.match(one) for one in only):
        raise ValueError('"only" must be a list of names such as "timonback"')
    prefix = table.get("prefix", "")
    if not isinstance(prefix, str) or (
        prefix and not all(_COMPONENT.match(part) for part in prefix.rstrip("/").split("/"))
    ):
        raise ValueError('"prefix" must be the beginning of a repository\'s name, such as "timonback/"')
    prefix = f"{prefix.rstrip('/')}/" if prefix else ""

    def rule(pattern: Pattern, to: str, status: int = 200, body: bytes | None = None) -> Rule:
        return Rule(
            file=file,
            line=place.line,
            source=f"{source}{pattern.example('*')}",
            pattern=pattern,
            status=status,
            target=to or None,
            force=True,
            conditions=(Condition(kind="host", values=(str(source).lower(),)),),
            lines=place.keys,
            auth=auth,
            prefix=prefix,
            body=body,
            content_type="application/json" if body is not None else None,
        )

    base = f"https://{str(target).lower()}"
    ping = rule(exact_pattern("/v2/"), f"{base}/v2/")
    if auth is Auth.ALWAYS_200:
        ping = rule(exact_pattern("/v2/"), "", body=b"{}")
    found = [ping]
    if auth is Auth.TOKEN_AWARE:
        # The realm that the rewritten challenge names (`world.TOKEN_PATH`); where it leads is learnt from the registry.
        found.append(rule(exact_pattern("/token"), f"{base}/token"))
    if only:
        found.extend(rule(PrefixPattern(f"/v2/{one}/"), f"{base}/v2/{prefix}{one}/:splat") for one in only)
    else:
        found.append(rule(PrefixPattern("/v2/"), f"{base}/v2/{prefix}:splat"))
    return found


def rewrite_file(rules: Iterable[Rule], name: str = "pullscope_rewrite") -> RuleFile:
    """Rules made by `rewrite_rules` as a file that is nowhere."""
    return RuleFile(platform="rewrite", name=name, rules=tuple(rules))


def _is_file(name: str, text: str) -> bool:
    if not name.endswith(".toml"):
        return False
    try:
        document = read_toml(text, name)
    except ValueError:
        # The reader of Netlify's words the complaint, with the line.
        return False
    return "rewrite" in document and "redirects" not in document


def _fill(target: str, values: Values, _: SplitResult) -> str:
    return re.sub(r":splat\Z", lambda _found: values.get("splat", ""), target)


_UNKNOWN_NAME = {"code": "NAME_UNKNOWN", "message": "this host does not serve that name", "detail": None}

KIND = Kind(
    id="rewrite",
    label="the rewriting proxy",
    is_file=_is_file,
    read=read_rewrites,
    dialect=Dialect(
        server="pullscope", not_found_type="application/json", not_found_body=json.dumps({"errors": [_UNKNOWN_NAME]})
    ),
    fill=_fill,
    ping_fix="add a [[rewrite]] for this host",
    address="the proxy's address",
    row=("`*.toml` with `[[rewrite]]`", "a host", "proxied"),
)
