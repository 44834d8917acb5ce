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
from urllib.parse import SplitResult

from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.config_tree import Place, json_lines, places
from pullscope.worlds.vanity.patterns import RegexPattern, vercel_pattern
from pullscope.worlds.vanity.platform import PUBLIC, Design, Kind, Project, Read, Values, by_program
from pullscope.worlds.vanity.regexes import regex
from pullscope.worlds.vanity.rules import Condition, Dialect, Rule, refused, unplayed

_KNOWN = {
    "redirects": {"source", "destination", "permanent", "statusCode", "has", "missing", "env"},
    "rewrites": {"source", "destination", "has", "missing", "statusCode", "env"},
}
# Keys of vercel.json that change what a path answers and that pullscope does not play.
_STATIC = (".html", ".htm", ".txt", ".json", ".md", ".css")
_UNPLAYED = ("middleware", "bulkRedirectsPath")


def read_vercel_json(text: str, file: str) -> Read:
    """ValueError, with the line, for a text that is not a JSON object."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}:{error.lineno}: {error.msg} (column {error.colno})") from error
    except (RecursionError, ValueError) as error:
        raise ValueError(f"{file}: nested too deeply to be a rule file") from error
    if not isinstance(document, dict):
        raise ValueError(f"{file}:1: a vercel.json is an object, {{…}}")
    rules: list[Rule] = []
    remarks: list[Problem] = []
    lines = json_lines(text)
    slash = document.get("trailingSlash")
    for kind in ("redirects", "rewrites"):
        tables = document.get(kind, [])
        if not isinstance(tables, list):
            raise ValueError(f"{file}: {kind} must be a list")
        found = places(lines, kind)
        for index, table in enumerate(tables):
            place = found[index]
            try:
                rule = _rule(kind, table, place, file)
            except ValueError as error:
                remarks.append(_refused(f"{file}:{place.line}", str(error)))
                continue
            rules.append(rule)
            remarks.extend(_remarks(kind, table, rule))
    rules[:0] = _legacy_routes(document.get("routes"), file, remarks)
    for key in _UNPLAYED:
        if document.get(key):
            message = f"{key} in a vercel.json can answer requests too; pullscope plays redirects and rewrites only."
            remarks.append(unplayed(file, message))
    return Read(
        rules=rules,
        remarks=remarks,
        trailing_slash=slash if isinstance(slash, bool) else None,
        clean_urls=document.get("cleanUrls") is True,
    )


def _legacy_routes(routes: object, file: str, remarks: list[Problem]) -> list[Rule]:
    """`routes`, the older form: a regular expression, and where it leads (vercel.com/docs/project-configuration#routes)."""
    if not isinstance(routes, list):
        return []
    found: list[Rule] = []
    after_files = False
    for table in routes:
        if not isinstance(table, dict) or table.get("continue") is True:
            continue
        if "handle" in table:
            after_files = after_files or table["handle"] == "filesystem"
            continue
        source, target, status = table.get("src"), table.get("dest"), table.get("status")
        headers = table.get("headers")
        fields = headers.items() if isinstance(headers, dict) else ()
        location = next((str(value) for key, value in fields if key.lower() == "location"), None)
        if not isinstance(source, str):
            continue
        try:
            pattern = RegexPattern(
                source, regex(f"^(?:{source.removeprefix('^').removesuffix('$')})$", engine="JavaScript"), True, "/"
            )
        except ValueError as error:
            remarks.append(
                _refused(file, f"the route {source[:60]!r} is not a regular expression that is played ({error})")
            )
            continue
        code = status if isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599 else None
        to = location if location is not None else target if isinstance(target, str) else None
        found.append(
            Rule(
                file=file,
                line=1,
                source=source,
                pattern=pattern,
                status=code or 200,
                target=to if to is not None or code is not None else "/",
                force=not after_files,
                after_files=after_files,
            )
        )
    return found


def _refused(where: str, reason: str) -> Problem:
    fix = "correct the rule; Vercel refuses the deploy"
    return refused(where, f"this rule cannot be used: {reason}.", fix)


def _rule(kind: str, table: object, place: Place, file: str) -> Rule:
    if not isinstance(table, dict):
        raise ValueError("it is not an object")
    source, target = table.get("source"), table.get("destination")
    if not isinstance(source, str) or not source.startswith("/"):
        raise ValueError('"source" must be a text that starts with "/"')
    if not isinstance(target, str) or not target:
        raise ValueError('"destination" must be a text')
    pattern = vercel_pattern(source)
    where = f"{file}:{place.line}"
    names = pattern.regex.names
    conditions = [*_conditions(table, "has", where), *_conditions(table, "missing", where)]
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
            raise ValueError(f"{code!r} is not a redirect status")
        status = code if code is not None else 307 if permanent is False else 308
    return Rule(
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


def _conditions(table: Mapping[str, Any], key: str, where: str) -> list[Condition]:
    given = table.get(key, [])
    if not isinstance(given, list):
        raise ValueError(f'"{key}" must be a list')
    found = []
    for one in given:
        if not isinstance(one, dict) or one.get("type") not in {"host", "header", "cookie", "query"}:
            raise ValueError(f'"{key}" holds something that is not a host, header, cookie or query')
        value = one.get("value")
        if value is not None and not isinstance(value, str):
            raise ValueError(f'"{key}" holds a value that is not text, which pullscope does not play')
        found.append(
            Condition(
                kind=one["type"],
                key=str(one.get("key", "")),
                values=() if value is None else (value,),
                # A value is a regular expression; one without its signs is plain text (superstatic.ts, collectHasSegments).
                regex=value is not None and re.search(r"[\\^$*+?()\[\]{}|]", value) is not None,
                absent=key == "missing",
                where=where,
            )
        )
    return found


def _remarks(kind: str, table: Mapping[str, Any], rule: Rule) -> list[Problem]:
    return [
        unplayed(
            rule.line_of(key),
            f"Vercel does not know the key {key!r} in {kind} and refuses the deploy.",
            "correct its spelling or remove it",
        )
        for key in table
        if key not in _KNOWN[kind]
    ]


_PLACEHOLDER = re.compile(r":([A-Za-z]\w*)[*+?]?|\$(\d+|[A-Za-z]\w*)|\{:([A-Za-z]\w*)\}")


def _fill(target: str, values: Values, _: SplitResult) -> str:
    return _PLACEHOLDER.sub(lambda found: values.get(found[1] or found[2] or found[3], found[0]), target)


KIND = Kind(
    id="vercel",
    label="Vercel",
    is_file=lambda name, _: name.endswith("vercel.json"),
    read=read_vercel_json,
    dialect=Dialect(
        server="Vercel",
        redirect_type="text/plain",
        redirect_body="Redirecting...\n",
        not_found_type="text/plain; charset=utf-8",
        not_found_body="The page could not be found\n\nNOT_FOUND\n",
        extra=(("Cache-Control", "public, max-age=0, must-revalidate"),),
        missing=(("X-Vercel-Error", "NOT_FOUND"),),
    ),
    fill=_fill,
    has_site=True,
    joins_query=True,
    # vercel.com/docs/routing-middleware: it runs before redirects and rewrites are answered.
    code_files=frozenset({"/middleware.ts", "/middleware.js"}),
    code_at=lambda path: None if path.endswith(_STATIC) else "the site's own function or page",
    ping_fix='add: {{"source": "/v2/", "destination": "https://{target}/v2/", "permanent": false}}',
    status_fix="use 302 (permanent: false gives 307)",
    permanent_by_default=True,
    address="Vercel's address",
    # None is static: its headers stand in vercel.json, and `vanity static` writes none there.
    projects={
        Design.REDIRECT: Project(
            rules="vercel.json", files={"vercel.json": "rules-vercel", **PUBLIC}, steps="steps-vercel.md"
        ),
        # vercel.com/docs/routing-middleware/js-reference: middleware.js at the root, a default export, `config.matcher`.
        Design.PROXY: by_program(
            "middleware.js",
            'export default answer;\nexport const config = { matcher: "/v2/(.*)" };',
            "steps-vercel.md",
        ),
    },
    row=("`vercel.json` (`redirects`, `rewrites`, `routes`)", "path-to-regexp, exact to the slash", "308"),
)
