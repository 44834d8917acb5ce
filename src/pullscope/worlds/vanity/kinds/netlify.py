"""Netlify as a platform: `[[redirects]]` of netlify.toml and `_redirects`, how it answers, and what is said of it.
One file, because what a key means, what is said of it and how the edge answers are one knowledge.

What a key means follows netlify/build packages/redirect-parser (`normalize.js`, `line_parser.js`, `merge.ts`); what the edge
makes of the rules is in `decide`. A rule that Netlify would refuse is left out and named.
"""

from __future__ import annotations

import re

# ruff: noqa: TRY004 - what a file holds is a wrong value, of whatever type: readers raise ValueError and nothing else
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any
from urllib.parse import SplitResult, quote

from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.blocks import names
from pullscope.worlds.vanity.config_tree import Place, places, read_toml, toml_lines
from pullscope.worlds.vanity.patterns import SegmentPattern
from pullscope.worlds.vanity.platform import PUBLIC, Design, Kind, Project, Read, Values, by_program
from pullscope.worlds.vanity.rules import Condition, Dialect, Rule, refused, remark, unplayed
from pullscope.worlds.vanity.targets import PATH_CHARACTERS

Pair = tuple[list[Rule], list[Problem]]

_KEYS = {
    "from": ("from", "origin"),
    "to": ("to", "destination"),
    "query": ("query", "params", "parameters"),
    "signed": ("signed", "signing", "sign"),
}
_KNOWN = (
    {name for names in _KEYS.values() for name in names}
    | {"status", "force", "conditions", "headers"}
    | {"rate_limit", "edge_handler", "edge_handlers"}
)
_UNPLAYED = (
    ("rate_limit", "answers 429 or rewrites once a caller asks too often"),
    ("edge_handler", "runs code"),
    ("edge_handlers", "runs code"),
)
_TABLES = names("build context dev edge_functions functions headers images plugins redirects template forms")
"""The tables of a netlify.toml (docs.netlify.com/build/configure-builds/file-based-configuration)."""
_CONDITIONS = {"language", "country", "role", "cookie"}
_URL = re.compile(r"https?://", re.IGNORECASE)


def read_netlify_toml(text: str, file: str) -> Pair:
    """The rules of a netlify.toml; ValueError, with the line, for a text that is not TOML."""
    document = read_toml(text, file)
    tables = document.get("redirects", [])
    if not isinstance(tables, list):
        raise ValueError(f"{file}: redirects must be a list of tables: write [[redirects]]")
    lines = toml_lines(text)
    found = places(lines, "redirects")
    rules: list[Rule] = []
    remarks: list[Problem] = []
    for key in document:
        if key not in _TABLES and (near := get_close_matches(key, _TABLES, 1, 0.75)):
            where = f"{file}:{lines.get((key,)) or lines.get((key, 0), 1)}"
            remarks.append(
                refused(
                    where,
                    f"Netlify knows no table {key!r} and ignores it.",
                    f"Write {near[0]}: [[{near[0]}]]." if near[0] == "redirects" else f"Write {near[0]}.",
                )
            )
    edges = document.get("edge_functions", [])
    for index, table in enumerate(edges if isinstance(edges, list) else []):
        path = table.get("path") if isinstance(table, dict) else None
        if isinstance(path, str) and path.startswith("/"):
            rules.append(_edge_function(path, file, lines.get(("edge_functions", index), 1)))
    for index, table in enumerate(tables):
        place = found[index]
        if not isinstance(table, dict):
            remarks.append(_refused(f"{file}:{place.line}", "a redirect must be a table"))
            continue
        _add(table, place, file, rules, remarks)
    return rules, remarks


def _edge_function(path: str, file: str, line: int) -> Rule:
    """An edge function answers before every redirect (docs.netlify.com/build/edge-functions/declarations)."""
    return Rule(
        file=file,
        line=line,
        source=path,
        pattern=SegmentPattern.parse(path),
        status=200,
        force=True,
        unplayed="an edge function",
    )


def read_netlify_redirects(text: str, file: str) -> Pair:
    """The rules of a `_redirects` file: `from [key=value …] [to] [status[!]] [Condition=…]`."""
    rules: list[Rule] = []
    remarks: list[Problem] = []
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        comment = next((index for index, word in enumerate(words) if word.startswith("#")), len(words))
        words = words[:comment]
        if not words:
            continue
        where = f"{file}:{number}"
        try:
            table = _line(words)
        except ValueError as error:
            remarks.append(_refused(where, str(error)))
            continue
        _add(table, Place(number), file, rules, remarks)
    return rules, remarks


def merge(first: Sequence[Rule], second: Sequence[Rule]) -> tuple[list[Rule], list[Problem]]:
    """`_redirects` before netlify.toml, and of exact duplicates only the last (redirect-parser/src/merge.ts)."""
    remarks: list[Problem] = []
    kept: list[Rule] = []
    seen: dict[object, Rule] = {}
    for rule in reversed([*first, *second]):
        same = (rule.source, rule.target, rule.status, rule.force, rule.conditions, rule.request_headers)
        if same in seen:
            message = f"the same rule is at {seen[same].where}; Netlify keeps only that one."
            remarks.append(remark(rule.where, "rule-unreachable", "warning", message, "remove one of the two"))
            continue
        seen[same] = rule
        kept.append(rule)
    kept.reverse()
    return kept, remarks


def _line(words: list[str]) -> dict[str, Any]:
    source, *rest = words
    if not rest:
        raise ValueError("the destination path or URL is missing")
    table: dict[str, Any] = {"from": source}
    if _status(rest[0]) is not None:
        last = rest
    else:
        index = next((i for i, word in enumerate(rest) if word.startswith("/") or _URL.match(word)), None)
        if index is None:
            raise ValueError('the destination must start with "/", "http:" or "https:"')
        table["query"] = dict(_pair(word) for word in rest[:index])
        table["to"] = rest[index]
        last = rest[index + 1 :]
    if last:
        status = _status(last[0])
        if status is None:
            raise ValueError(f"{last[0]} is not a status code")
        table["status"] = status
        table["force"] = last[0].endswith("!")
        pairs = dict(_pair(word) for word in last[1:])
        signed = pairs.pop("signed", pairs.pop("Sign", None))
        if signed:
            table["signed"] = signed
        table["conditions"] = {key: value.split(",") for key, value in pairs.items()}
    return table


def _pair(word: str) -> tuple[str, str]:
    key, _, value = word.partition("=")
    return key, value


def _status(word: str) -> int | None:
    digits = word.removesuffix("!")
    # parseInt, as Netlify reads it, would take `301abc` too; a status is what is meant here.
    return int(digits) if digits.isascii() and digits.isdigit() and 100 <= int(digits[:4]) <= 599 else None


def _refused(where: str, reason: str) -> Problem:
    fix = "correct the rule; the deploy leaves it out or fails"
    return refused(where, f"Netlify refuses this rule: {reason}.", fix)


def _add(table: Mapping[str, Any], place: Place, file: str, rules: list[Rule], remarks: list[Problem]) -> None:
    where = f"{file}:{place.line}"
    try:
        rule = _rule(table, place, file)
    except ValueError as error:
        remarks.append(_refused(where, str(error)))
        return
    rules.append(rule)
    remarks.extend(_remarks(table, rule))


def _value(table: Mapping[str, Any], name: str) -> Any:
    return next((table[key] for key in _KEYS[name] if key in table), None)


# docs.netlify.com/functions/get-started: the address that a function has without a path of its own.
_FUNCTION = re.compile(r"https?://[^/]+/\.netlify/functions/")


def _rule(table: Mapping[str, Any], place: Place, file: str) -> Rule:
    source, target = _value(table, "from"), _value(table, "to")
    if not isinstance(source, str) or not source:
        raise ValueError('"from" is missing')
    status = table.get("status", 301)
    if isinstance(status, str):
        status = _status(status) or status
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
        raise ValueError(f"{status!r} is not a status code")
    headers = table.get("headers", {})
    if not isinstance(headers, dict):
        raise ValueError('"headers" must be a table')
    if target is None:
        if not (source.endswith("/*") and 200 <= status < 300):
            raise ValueError('"to" is missing')
        target = source.removesuffix("*") + ":splat"
    if not isinstance(target, str):
        raise ValueError('"to" must be a text')
    target = target.strip()
    path, conditions = source, []
    if _URL.match(source):
        host, slash, path = source.partition("://")[2].partition("/")
        path = slash + path
        if not host:
            raise ValueError(f"{source} names no host")
        conditions.append(Condition(kind="host", values=(host.lower(),)))
    elif not path.startswith("/"):
        raise ValueError('"from" must start with "/" or be a URL')
    if path.startswith("/.netlify"):
        raise ValueError('"from" must not start with "/.netlify"')
    conditions.extend(_conditions(table))
    return Rule(
        file=file,
        line=place.line,
        source=source,
        pattern=SegmentPattern.parse(path),
        status=status,
        target=target,
        force=table.get("force") is True,
        conditions=tuple(conditions),
        request_headers=tuple((str(key), str(value)) for key, value in headers.items()),
        lines=place.keys,
        unplayed="a function" if status == 200 and _FUNCTION.match(target) else "",
    )


def _conditions(table: Mapping[str, Any]) -> list[Condition]:
    query = _value(table, "query") or {}
    if not isinstance(query, dict):
        raise ValueError('"query" must be a table')
    found = [Condition(kind="query", key=str(key), values=(str(value),)) for key, value in query.items()]
    given = table.get("conditions") or {}
    if not isinstance(given, dict):
        raise ValueError('"conditions" must be a table')
    for key, value in given.items():
        values = tuple(str(one) for one in value) if isinstance(value, list) else tuple(str(value).split(","))
        kind, unknown = str(key).lower(), str(key).lower() not in _CONDITIONS
        found.append(Condition(kind="unknown" if unknown else kind, key=kind if unknown else "", values=values))
    return found


def _remarks(table: Mapping[str, Any], rule: Rule) -> Iterator[Problem]:
    """What the rule says and Netlify does not do, or does otherwise than one may think."""
    if rule.request_headers and not rule.is_proxy:
        yield unplayed(
            rule.line_of("headers"),
            f"`headers` has no effect on a {rule.status}: Netlify adds them to requests that it proxies (status 200).",
            "remove them, or leave them: they do no harm",
            severity="info",
        )
    for key in table:
        if key not in _KNOWN:
            message = f"Netlify does not know the key {str(key)!r} in a redirect and ignores it."
            yield unplayed(rule.line_of(key), message, "correct its spelling or remove it")
    for key, effect in _UNPLAYED:
        if key in table:
            yield unplayed(rule.line_of(key), f"{key} {effect}; pullscope does not play that.")
    if _value(table, "signed"):
        message = "Netlify signs the proxied request with x-nf-sign; pullscope sends it without."
        yield unplayed(rule.line_of(*_KEYS["signed"]), message)
    for condition in rule.conditions:
        if condition.kind == "unknown":
            message = f"Netlify knows no condition {condition.key!r}; the rule never matches here."
            yield unplayed(rule.where, message)
        elif condition.kind in _CONDITIONS:
            yield unplayed(
                rule.line_of("conditions"),
                f"the rule asks for {condition}: a container client sends no language, cookie or login, and pullscope "
                "knows no country, so it does not match here.",
                "keep conditions off the rules for /v2/",
            )
    if isinstance(rule.pattern, SegmentPattern) and rule.pattern.has_inner_splat:
        yield unplayed(
            rule.where,
            f"{rule.source}: a * before the end is not documented; Netlify's own matcher takes it for one segment.",
            "use a :placeholder for one segment, and * only at the end",
        )


_PLACEHOLDER = re.compile(r":([A-Za-z_][\w-]*)")
_NOT_FOUND = (
    '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Page not found</title></head>\n'
    "<body><h1>Page not found</h1>\n<p>Looks like you've followed a broken link or entered a URL that doesn't exist on this"
    " site.</p></body>\n</html>\n"
)


def _fill(target: str, values: Values, _: SplitResult) -> str:
    return _PLACEHOLDER.sub(
        lambda found: quote(values[found[1]], safe=PATH_CHARACTERS) if found[1] in values else found[0], target
    )


def _read(text: str, name: str) -> Read:
    found, remarks = (read_netlify_toml if name.endswith(".toml") else read_netlify_redirects)(text, name)
    kept, doubles = merge(found, [])
    return Read(rules=kept, remarks=[*remarks, *doubles])


KIND = Kind(
    id="netlify",
    label="Netlify",
    turn=1,
    is_file=lambda name, _: name.endswith((".toml", "_redirects")) or name.startswith("_redirects"),
    read=_read,
    dialect=Dialect(
        server="Netlify",
        redirect_type="text/plain; charset=utf-8",
        redirect_body="Redirecting to {location}",
        absolute_location=True,
        not_found_body=_NOT_FOUND,
        extra=(("Cache-Control", "public,max-age=0,must-revalidate"),),
    ),
    fill=_fill,
    has_site=True,
    slash_finds_files=True,
    refused_statuses=frozenset({304, 305, 306, 307, 308}),
    code_at=lambda path: "the site's own function" if path.startswith("/.netlify/") else None,
    # docs/sources.md, Netlify: what is not known.
    unproven_status="that Netlify answers 307 and 308 rules with 404 was reported in 2019 and has not been seen since",
    unproven_proxy="whether Netlify's proxy passes on Authorization and a registry's own redirects unchanged",
    ping_fix="add before the others: /v2/ https://{target}/v2/ 302! "
    '(in netlify.toml: from = "/v2/", to = "https://{target}/v2/", status = 302, force = true)',
    shadow_fix="write 302! (in netlify.toml: force = true), or put a rule above it",
    permanent_by_default=True,
    address="Netlify's address",
    projects={
        Design.REDIRECT: Project(
            rules="netlify.toml", files={"netlify.toml": "rules-netlify", **PUBLIC}, steps="steps-netlify.md"
        ),
        # docs.netlify.com/build/edge-functions/declarations: a path is an URLPattern; a handler is the default export.
        Design.PROXY: by_program(
            "netlify/edge-functions/registry.js",
            'export default answer;\nexport const config = { path: "/v2/*" };',
            "steps-netlify.md",
            {"netlify.toml": "netlify-proxy.toml"},
        ),
        Design.STATIC: Project(
            rules="netlify.toml", files={"netlify.toml": "rules-netlify-static", **PUBLIC}, steps="steps-netlify.md"
        ),
    },
    row=(
        "`netlify.toml`, `_redirects` (which comes first)",
        "`*` at the end, `:segment`; slashes at the end do not count",
        "301",
    ),
)
