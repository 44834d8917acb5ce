"""vercel.json: `redirects`, `rewrites`, `trailingSlash`, `cleanUrls`. Text in, rules and remarks out.

What they mean follows vercel/vercel packages/routing-utils (`superstatic.ts`, `index.ts`): redirects are tried before the
site's files, rewrites after them; the status is 308 unless `permanent` or `statusCode` says otherwise.
"""

# ruff: noqa: TRY004 - what a file holds is a wrong value, of whatever type: readers raise ValueError and nothing else

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pullscope.worlds.vanity.patterns import vercel_pattern
from pullscope.worlds.vanity.places import Place, json_places
from pullscope.worlds.vanity.rules import Condition, Platform, Remark, Rule

_KNOWN = {
    "redirects": {"source", "destination", "permanent", "statusCode", "has", "missing", "env"},
    "rewrites": {"source", "destination", "has", "missing", "statusCode", "env"},
}
# Keys of vercel.json that change what a path answers and that pullscope does not play.
_UNPLAYED = ("routes", "headers", "functions", "crons", "middleware", "bulkRedirectsPath")


class VercelFile:
    """What was read: plain attributes, since `reading` copies them into a RuleFile."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.remarks: list[Remark] = []
        self.trailing_slash: bool | None = None
        self.clean_urls = False


def read_vercel_json(text: str, file: str) -> VercelFile:
    """ValueError, with the line, for a text that is no JSON object."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}:{error.lineno}: {error.msg} (column {error.colno})") from error
    except (RecursionError, ValueError) as error:
        raise ValueError(f"{file}: nested too deeply to be a rule file") from error
    if not isinstance(document, dict):
        raise ValueError(f"{file}:1: a vercel.json is an object, {{…}}")
    read = VercelFile()
    places = json_places(text)
    slash = document.get("trailingSlash")
    read.trailing_slash = slash if isinstance(slash, bool) else None
    read.clean_urls = document.get("cleanUrls") is True
    for kind in ("redirects", "rewrites"):
        tables = document.get(kind, [])
        if not isinstance(tables, list):
            raise ValueError(f"{file}: {kind} must be a list")
        for index, table in enumerate(tables):
            found = places.get(kind, [])
            place = found[index] if index < len(found) else Place(1)
            try:
                rule = _rule(kind, table, place, file)
            except ValueError as error:
                read.remarks.append(_refused(f"{file}:{place.line}", str(error)))
                continue
            read.rules.append(rule)
            read.remarks.extend(_remarks(kind, table, rule))
    for key in _UNPLAYED:
        if document.get(key):
            message = f"{key} in a vercel.json can answer requests too; pullscope plays redirects and rewrites only."
            read.remarks.append(Remark(where=file, code="rule-unsupported", severity="warning", message=message))
    return read


def _refused(where: str, reason: str) -> Remark:
    return Remark(
        where=where,
        code="rule-invalid",
        severity="error",
        message=f"this rule cannot be used: {reason}.",
        fix="Correct the rule; Vercel refuses the deploy.",
    )


def _rule(kind: str, table: object, place: Place, file: str) -> Rule:
    if not isinstance(table, dict):
        raise ValueError("it is not an object")
    source, target = table.get("source"), table.get("destination")
    if not isinstance(source, str) or not source.startswith("/"):
        raise ValueError('"source" must be a text that starts with "/"')
    if not isinstance(target, str) or not target:
        raise ValueError('"destination" must be a text')
    pattern = vercel_pattern(source)
    names = set(pattern.regex.names)
    conditions = [*_conditions(table, "has"), *_conditions(table, "missing")]
    if not conditions:
        for name in re.findall(r":([A-Za-z]\w*)", re.sub(r"^https?://", "", target)):
            if name not in names:
                raise ValueError(f'"destination" uses :{name}, which "source" does not have')
    status = 200
    if kind == "redirects":
        permanent, code = table.get("permanent"), table.get("statusCode")
        if permanent is not None and code is not None:
            raise ValueError('it can have "permanent" or "statusCode", not both')
        if code is not None and (
            isinstance(code, bool) or not isinstance(code, int) or code not in {301, 302, 303, 307, 308}
        ):
            raise ValueError(f"{code!r} is no redirect status")
        status = code if code is not None else 307 if permanent is False else 308
    return Rule(
        platform=Platform.VERCEL,
        file=file,
        line=place.line,
        source=source,
        pattern=pattern,
        status=status,
        target=target,
        force=kind == "redirects",
        after_files=kind == "rewrites",
        conditions=tuple(conditions),
        lines=place.keys,
    )


def _conditions(table: Mapping[str, Any], key: str) -> list[Condition]:
    given = table.get(key, [])
    if not isinstance(given, list):
        raise ValueError(f'"{key}" must be a list')
    found = []
    for one in given:
        if not isinstance(one, dict) or one.get("type") not in {"host", "header", "cookie", "query"}:
            raise ValueError(f'"{key}" holds something that is no host, header, cookie or query')
        value = one.get("value")
        found.append(
            Condition(
                kind=one["type"],
                key=str(one.get("key", "")),
                values=() if value is None else (str(value),),
                absent=key == "missing",
            )
        )
    return found


def _remarks(kind: str, table: Mapping[str, Any], rule: Rule) -> list[Remark]:
    found = [
        Remark(
            where=rule.line_of(key),
            code="rule-unsupported",
            severity="warning",
            message=f"Vercel does not know the key {key!r} in {kind} and refuses the deploy.",
            fix="Correct its spelling or remove it.",
        )
        for key in table
        if key not in _KNOWN[kind]
    ]
    for condition in rule.conditions:
        value = condition.values[0] if condition.values else ""
        if re.search(r"[\\^$.*+?()\[\]{}|]", value.replace(".", "") if condition.kind == "host" else value):
            message = f"the condition {condition} is a regular expression; pullscope compares it as plain text."
            found.append(
                Remark(
                    where=rule.line_of("has", "missing"), code="rule-unsupported", severity="warning", message=message
                )
            )
    return found
