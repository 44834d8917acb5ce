"""Which rule answers a request, why the ones before it did not, and with what: pure, for every platform.

Netlify, Cloudflare and Vercel have lists of rules: the first match from the top, and on Vercel redirects, then its files, then
rewrites. A server's configuration (nginx, Caddy, Apache) plays itself: `RuleFile.play`.
`Decision.forward` is what the platform would fetch from another host (status 200): who fetches it is the caller's matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

from pullscope.oci.messages import Request, Response
from pullscope.worlds.vanity.platform import Kind
from pullscope.worlds.vanity.platforms import PLATFORMS
from pullscope.worlds.vanity.regexes import UndecidedError, bounded
from pullscope.worlds.vanity.rules import (
    Condition,
    Decision,
    NotPlayedError,
    Rule,
    RuleFile,
    expression,
    printable,
    told,
)
from pullscope.worlds.vanity.targets import absolute, is_url, with_query

LONGEST_LOCATION = 8192


def decide(rules: RuleFile, request: Request) -> Decision:
    """The platform's answer to `request`. Never raises for what a client sent or a file holds."""
    return _guarded(rules, request, lambda: (rules.play or (lambda asked: _first_match(rules, asked)))(request))


def _guarded(rules: RuleFile, request: Request, play: Callable[[], Decision]) -> Decision:
    """What `play` decides, within its bounds; what ends it becomes "not known"."""
    try:
        with bounded():
            decision = play()
    except NotPlayedError as error:
        return _not_known(rules, str(error))
    except (UndecidedError, RecursionError) as error:
        return _not_known(rules, f"{rules.name}: {error}")
    if rules.as_proxy:
        decision = _fetched_instead(decision, request)
    then = decision.after
    if then is None:
        return decision
    return replace(decision, after=lambda response: _guarded(rules, request, lambda: then(response)))


def _not_known(rules: RuleFile, why: str) -> Decision:
    return Decision(response=told(501, why), because="not known", file=rules.name, not_played=why)


def _fetched_instead(decision: Decision, request: Request) -> Decision:
    """The same for a proxy in the place of a redirect to another host."""
    if decision.response is None or not 300 <= decision.response.status < 400 or decision.rule is None:
        return decision
    location = decision.response.headers.get("Location") or ""
    if not is_url(location) or urlsplit(location).hostname in {None, urlsplit(request.url).hostname}:
        return decision
    return replace(decision, response=None, forward=_forwarded(decision.rule, location, request))


def _first_match(rules: RuleFile, request: Request) -> Decision:
    """For the platforms whose file is a list: the first rule that matches."""
    kind = PLATFORMS[rules.platform]
    code = next(iter(kind.code_files & rules.published), None)
    if code is not None:
        raise NotPlayedError(rules.name, f"{code} beside it is code that answers first, which is not played")
    asked = _split(request.url)
    slash = _trailing_slash(rules, asked)
    if slash is not None:
        return slash
    passed: list[tuple[Rule, str]] = []
    file = _published(rules, asked.path)
    for rule in sorted(rules.rules, key=lambda rule: rule.after_files):
        if rule.after_files and file is not None:
            passed.append((rule, f"the file {file} is there, and rewrites come after files"))
            continue
        values = rule.pattern.match(asked.path)
        if values is None:
            passed.append((rule, f"{rule.source} does not match {asked.path}"))
            continue
        filled = dict(values)
        missed = next((one for one in rule.conditions if _found(one, request, asked, filled) is one.absent), None)
        if missed is not None:
            passed.append((rule, f"it asks for {missed}"))
            continue
        if file is not None and not rule.force:
            passed.append((rule, f"the file {file} is there and the rule has no force"))
            continue
        return _answer(rules, rule, filled, asked, request, tuple(passed))
    if file is not None:
        return _own(rules, f"the file {file}", kind.dialect.published(file), passed)
    if kind.index_for_all and "/index.html" in rules.published and "/404.html" not in rules.published:
        # Without a 404.html Pages takes the site for a single-page application and serves its root for every path
        # (developers.cloudflare.com/pages/configuration/serving-pages).
        page = kind.dialect.published("/index.html")
        return _own(rules, "index.html for every path, since there is no 404.html", page, passed)
    return _own(rules, "no rule", kind.dialect.not_found(rules.not_found), passed)


def _own(rules: RuleFile, because: str, response: Response, passed: list[tuple[Rule, str]]) -> Decision:
    return Decision(response=response, because=because, passed=tuple(passed), file=rules.name)


def _split(url: str) -> SplitResult:
    try:
        split = urlsplit(url)
    except ValueError:
        return urlsplit("https://invalid/")
    return split._replace(path=split.path or "/")


def _published(rules: RuleFile, path: str) -> str | None:
    """The file that answers for `path` on its own: itself, its index.html, or `path.html` (pretty URLs)."""
    if not rules.published:
        return None
    bare = path.rstrip("/")
    spellings = (f"{bare}/index.html",) if path.endswith("/") else (path, f"{bare}.html", f"{bare}/index.html")
    if PLATFORMS[rules.platform].slash_finds_files and path.endswith("/"):
        spellings = (*spellings, bare, f"{bare}.html")
    return next((one for one in spellings if one in rules.published), None)


def _trailing_slash(rules: RuleFile, asked: SplitResult) -> Decision | None:
    """Vercel's `trailingSlash`, which comes before every rule (superstatic.ts, convertTrailingSlash)."""
    path = asked.path
    moved = path
    if rules.trailing_slash is False and path != "/" and path.endswith("/"):
        moved = path.removesuffix("/")
    elif rules.trailing_slash is True and not path.startswith("/.well-known"):
        if re.fullmatch(r"/(?:[^/]+/)*[^/.]+", path):
            moved = f"{path}/"
        elif re.fullmatch(r"/(?:[^/]+/)*[^/]+\.\w+/", path):
            moved = path.removesuffix("/")
    if moved == path:
        return None
    location = moved + (f"?{asked.query}" if asked.query else "")
    response = PLATFORMS[rules.platform].dialect.redirect(308, location)
    return Decision(response=response, because=f"trailingSlash {str(rules.trailing_slash).lower()}", file=rules.name)


def _found(condition: Condition, request: Request, asked: SplitResult, values: dict[str, str]) -> bool:
    """Whether the request has what it asks for; a placeholder in a query condition is added to `values`."""
    match condition.kind:
        case "host" if condition.regex:
            return _meets(condition, asked.hostname or "", values)
        case "host":
            host = asked.netloc.rpartition("@")[2].lower()
            return host in condition.values or (asked.hostname or "") in condition.values
        case "query":
            given = dict(parse_qsl(asked.query, keep_blank_values=True))
            if condition.key not in given:
                return False
            if condition.regex:
                return _meets(condition, given[condition.key], values)
            for wanted in condition.values:
                if wanted.startswith(":"):
                    values[wanted[1:]] = given[condition.key]
                elif wanted != given[condition.key]:
                    return False
            return True
        case "header":
            return _meets(condition, request.headers.get(condition.key), values)
        case "method":
            return request.method in condition.values
    # A container client sends no cookie, language or role, and is at an unknown place.
    return False


def _meets(condition: Condition, value: str | None, values: dict[str, str]) -> bool:
    if value is None or not condition.regex:
        return value is not None and (not condition.values or value in condition.values)
    for wanted in condition.values:
        found = expression(f"^(?:{wanted})$", condition.where, engine="JavaScript").search(value)
        if found is not None:
            # Its named groups can stand in the target; numbers are those of the path.
            values.update({name: text for name, text in found.values.items() if not name.isdigit()})
            return True
    return not condition.values


def _target_of(kind: Kind, rule: Rule, values: dict[str, str], asked: SplitResult) -> str | None:
    """The absolute or host-relative URL, placeholders and query filled in; None for a rule without target."""
    if rule.target is None:
        return None
    base, hash_mark, fragment = kind.fill(rule.target, values, asked).partition("#")
    if rule.keeps_query and asked.query:
        base = with_query(base, asked.query, joins=kind.joins_query)
    return f"{base}{hash_mark}{fragment}"


def _answer(
    rules: RuleFile,
    rule: Rule,
    values: dict[str, str],
    asked: SplitResult,
    request: Request,
    passed: tuple[tuple[Rule, str], ...],
) -> Decision:
    def decision(response: Response | None, forward: Request | None = None) -> Decision:
        return Decision(response=response, forward=forward, rule=rule, passed=passed, file=rules.name)

    kind = PLATFORMS[rules.platform]
    answers = kind.dialect
    if rule.unplayed:
        raise NotPlayedError(rule.where, f"{rule.unplayed} answers, which is not played")
    target = _target_of(kind, rule, values, asked)
    if target is not None and len(target) > LONGEST_LOCATION:
        return decision(answers.plain(414, b"URI too long", "text/plain"))
    if target is not None and not is_url(target):
        return decision(answers.plain(502, b"the target is not a URL", "text/plain"))
    if target is None:
        return decision(answers.plain(rule.status, rule.body or b"", rule.content_type))
    if rule.status in kind.refused_statuses:
        return decision(answers.not_found(rules.not_found))
    if rule.is_redirect:
        location = absolute(target, asked) if answers.absolute_location else target
        return decision(answers.redirect(rule.status, printable(location)))
    if urlsplit(target).netloc:
        if rule.status == 200:
            return decision(None, _forwarded(rule, target, request))
        return decision(answers.not_found(rules.not_found, status=rule.status))
    # A path on the same site: the file there, with the rule's status, or the page for what is not there.
    path = target.partition("?")[0].partition("#")[0]
    file = _published(rules, path)
    if file is None:
        code = kind.code_at(path)
        if code is not None:
            raise NotPlayedError(rule.where, f"{code} {path} answers, which is not played")
        if rule.after_files and path.endswith(".html"):
            # A page that the build makes.
            return decision(answers.published(path, status=rule.status))
        return decision(answers.not_found(rules.not_found))
    return decision(answers.published(file, status=rule.status))


def _forwarded(rule: Rule, target: str, request: Request) -> Request:
    """The request as the platform sends it on: the origin sees its own name in Host (Netlify's rewrites-proxies page)."""
    split = urlsplit(printable(target))
    headers = request.headers.replacing("Host", split.netloc) if "Host" in request.headers else request.headers
    for name, value in rule.request_headers:
        headers = headers.replacing(name, value)
    url = urlunsplit((split.scheme, split.netloc, split.path or "/", split.query, ""))
    return replace(request, url=url, headers=headers)
