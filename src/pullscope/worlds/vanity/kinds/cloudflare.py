"""Cloudflare's `_redirects` (Pages, and Workers with static assets). Text in, rules and remarks out.

What a line means follows cloudflare/workers-sdk packages/workers-shared/utils/configuration/parseRedirects.ts and
constants.ts. A line that Cloudflare would skip is left out and named with Cloudflare's reason.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult

from pullscope.oci.verdicts import Problem
from pullscope.worlds.vanity.patterns import cloudflare_pattern
from pullscope.worlds.vanity.platform import PUBLIC, Design, Kind, Project, Read, Values, by_program
from pullscope.worlds.vanity.rules import Dialect, Rule, refused, remark

PERMITTED = (200, 301, 302, 303, 307, 308)
MAX_STATIC = 2000
MAX_DYNAMIC = 100
MAX_LINE = 2000
_ABSOLUTE = re.compile(r"https://+[^/]+", re.IGNORECASE)
_DYNAMIC = re.compile(r"\*|:[A-Za-z]\w*")


def read_cloudflare_redirects(text: str, file: str) -> Read:
    """The rules of the file, in the order in which they are tried: static ones stand before the first dynamic one."""
    rules: list[Rule] = []
    remarks: list[Problem] = []
    seen: dict[str, Rule] = {}
    static = dynamic = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        where = f"{file}:{number}"
        try:
            rule = _rule(line, file, number)
        except ValueError as error:
            remarks.append(_skipped(where, str(error)))
            continue
        if rule.source in seen:
            other = f"the first is at {seen[rule.source].where}"
            message = f"Cloudflare ignores this second rule for {rule.source}; {other}."
            remarks.append(remark(where, "rule-unreachable", "warning", message, "remove one of the two"))
            continue
        if dynamic == 0 and not _DYNAMIC.search(rule.source):
            static += 1
            if static > MAX_STATIC:
                remarks.append(_skipped(where, f"a file can hold {MAX_STATIC} static rules"))
                continue
        else:
            dynamic += 1
            if dynamic > MAX_DYNAMIC:
                reason = f"a file can hold {MAX_DYNAMIC} dynamic rules; the rest of the file is not read"
                remarks.append(_skipped(where, reason))
                break
        seen[rule.source] = rule
        rules.append(rule)
    return Read(rules=rules, remarks=remarks)


def _rule(line: str, file: str, number: int) -> Rule:
    if len(line) > MAX_LINE:
        raise ValueError(f"the line is longer than {MAX_LINE} characters")
    words = line.split()
    comment = next((index for index, word in enumerate(words) if index >= 2 and word.startswith("#")), len(words))
    words = words[:comment]
    if len(words) not in {2, 3}:
        raise ValueError(f"a rule has 2 or 3 words (source, destination, status), this has {len(words)}")
    source, target, *rest = words
    if _ABSOLUTE.match(source):
        raise ValueError("the source must be a path, not a URL")
    if not source.startswith("/"):
        source = f"/{source}"
    absolute = _ABSOLUTE.match(target) is not None
    if not absolute and not target.startswith("/"):
        raise ValueError('the destination must begin with "/" or "https://"')
    if rest and not (rest[0].isascii() and rest[0].isdigit() and int(rest[0][:4]) in PERMITTED):
        raise ValueError(f"the status must be 200, 301, 302, 303, 307 or 308, not {rest[0]}")
    status = int(rest[0]) if rest else 302
    if status == 200 and absolute:
        raise ValueError("status 200 serves another file of the same site and cannot proxy to another host")
    if not absolute and source.endswith("/*") and re.search(r"/index(\.html)?\Z", target):
        raise ValueError("it would loop: /index is redirected to / again")
    return Rule(
        file=file,
        line=number,
        source=source,
        pattern=cloudflare_pattern(source.split("?")[0].split("#")[0]),
        status=status,
        target=target,
        # Redirects are followed whether or not a file is there (developers.cloudflare.com/pages/configuration/redirects).
        force=True,
    )


def _skipped(where: str, reason: str) -> Problem:
    proxy = "cannot proxy" in reason
    fix = "Redirect with 302 instead, or proxy in a Worker." if proxy else "Correct the line."
    return refused(where, f"Cloudflare skips this line: {reason}.", fix)


_PLACEHOLDER = re.compile(r":([A-Za-z]\w*)")


def _fill(target: str, values: Values, _: SplitResult) -> str:
    filled = _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), target)
    # Only relative targets lose doubled slashes (rules-engine.ts, generateRedirectsMatcher).
    return filled if "://" in filled[:9] else re.sub(r"/+", "/", filled)


# Without a 404.html, Cloudflare Pages answers every unknown path with index.html and status 200.
_PAGES = {**PUBLIC, "public/404.html": "404.html", "wrangler.toml": "wrangler-pages.toml"}

KIND = Kind(
    id="cloudflare",
    label="Cloudflare",
    # A _redirects is Netlify's, who invented it, unless a wrangler file lies beside it (`reading`).
    is_file=lambda _name, _text: False,
    read=read_cloudflare_redirects,
    # asset-worker/src/handler.ts: a redirect is a bare response; Pages' edge adds its name.
    dialect=Dialect(server="cloudflare", extra=(("Access-Control-Allow-Origin", "*"),)),
    fill=_fill,
    has_site=True,
    index_for_all=True,
    # developers.cloudflare.com/pages/functions/advanced-mode: with it, _redirects is not used.
    code_files=frozenset({"/_worker.js", "/_worker.js/index.js"}),
    ping_fix="add before the others: /v2/ https://{target}/v2/ 302",
    address="Cloudflare's address",
    projects={
        Design.REDIRECT: Project(
            rules="public/_redirects",
            files={"public/_redirects": "rules-cloudflare", **_PAGES},
            steps="steps-cloudflare.md",
        ),
        # developers.cloudflare.com/workers/static-assets/routing/worker-script: run_worker_first.
        Design.PROXY: by_program(
            "worker.js",
            "export default { fetch: answer };",
            "steps-cloudflare-proxy.md",
            {"wrangler.toml": "wrangler-proxy.toml"},
        ),
        Design.STATIC: Project(rules="wrangler.toml", files=_PAGES, steps="steps-cloudflare.md"),
    },
    row=("`_redirects`", "one `*`, `:name`; exact to the slash", "302"),
)
