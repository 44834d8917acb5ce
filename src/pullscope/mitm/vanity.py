"""Answers for vanity hosts, from the rule files that will be deployed: mitmproxy's side of `worlds.vanity`.
One file, because mitmproxy calls the hooks of one addon.

A host that has rules needs no DNS, no certificate and no server. What its platform would answer itself is set in
`requestheaders`; what it would fetch (a 200 rule, a rewriting) goes to the other host through mitmproxy's own connections,
streaming as ever, and only heads and a list of tags are rewritten. Rule files are watched and read again off the event loop.
Nothing raised in here reaches a pull: a request that cannot be decided goes on as it came, and the log says so.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from mitmproxy import ctx, exceptions, http
from mitmproxy.addonmanager import Loader

from pullscope.mitm import settings
from pullscope.mitm.flow_events import answer_flow, request_of
from pullscope.mitm.flow_notes import ANSWERED_BY
from pullscope.mitm.message_heads import headers_of
from pullscope.oci.amounts import count
from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.urls import split
from pullscope.oci.verdicts import Severity
from pullscope.oci.whereabouts import is_this_machine
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.kinds.rewrite import rewrite_file, rewrite_rules
from pullscope.worlds.vanity.lint import lint
from pullscope.worlds.vanity.platforms import LABELS
from pullscope.worlds.vanity.reading import FollowedRules
from pullscope.worlds.vanity.rules import Auth, Decision, Rule, RuleFile, told
from pullscope.worlds.vanity.world import (
    Realms,
    incoming,
    is_token_request,
    loop_detected,
    loop_of,
    outgoing,
    realm_unknown,
    without_body,
)

logger = logging.getLogger(__name__)

ASKED = "pullscope_asked_url"
"""The key in `flow.metadata` for the URL that the client asked, since a request that is sent on gets another."""

OPTIONS: tuple[settings.Option, ...] = (
    ("pullscope_vanity", settings.NAMES, [], "Answer for a host from a rule file: HOST=FILE. Repeatable."),
    ("pullscope_vanity_host", str, "", "The host for pullscope_vanity_rules."),
    ("pullscope_vanity_rules", str, "", "The rule file for pullscope_vanity_host."),
    (
        "pullscope_vanity_upstream",
        str,
        "",
        "Send requests for the rules' targets to this registry instead: [http://]HOST[:PORT].",
    ),
    ("pullscope_rewrite", settings.NAMES, [], "Send a host's requests on to another host: HOST=OTHER. Repeatable."),
    (
        "pullscope_rewrite_auth",
        str,
        str(Auth.PLAIN),
        f"What pullscope_rewrite does with authentication: {', '.join(Auth)}.",
        [str(auth) for auth in Auth],
    ),
)


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """Where the rules' targets are sent instead: `pullscope_vanity_upstream`."""

    scheme: str
    host: str
    port: int


@dataclass(kw_only=True)
class _Forwarded:
    """A request that was sent on, until its answer is there."""

    rule: Rule
    asked: Request
    forward: Request
    """Where the rule leads."""
    sent: Request
    """What went there: not the same for a token."""
    was: Upstream
    """Where the flow led before."""
    after: Callable[[Response], Decision] | None = None
    """What the rules make of the answer, where they make something of it."""
    body: bytes | None = None
    """What the client is told instead of the answer's body."""


class Vanity:
    """The addon. `clock` is for tests."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._followed: dict[str, FollowedRules] = {}
        self._fixed: dict[str, RuleFile] = {}
        self._upstream: Upstream | None = None
        self._targets: frozenset[str] = frozenset()
        self._realms: Realms = {}
        self._forwarded: dict[str, _Forwarded] = {}
        self._failed = False

    def load(self, loader: Loader) -> None:
        settings.declare(loader, OPTIONS)

    def configure(self, updated: set[str]) -> None:
        """Reads the rule files again when an option changed; OptionsError in one sentence where that fails."""
        if updated.isdisjoint(name for name, *_ in OPTIONS):
            return
        try:
            followed, fixed = self._read()
            upstream = parse_upstream(ctx.options.pullscope_vanity_upstream)
        except ValueError as error:
            raise exceptions.OptionsError(str(error)) from None
        self._followed, self._fixed, self._upstream = followed, fixed, upstream
        self._find_targets()
        for host, rules in self._all().items():
            logger.info(
                f"{host} is answered from {rules.name}: {count(len(rules.rules), 'rule')} of {LABELS[rules.platform]}."
            )
            self._say_problems(host, rules)

    def running(self) -> None:
        """A host that does not exist is refused at CONNECT unless connections wait until they are needed."""
        if self._all():
            settings.connect_when_needed()

    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Answers for a vanity host, or sends its request on."""
        if flow.response or flow.error or not flow.live:
            return
        try:
            request = request_of(flow)
            rules = await self._rules_of(request.host)
            if rules is not None:
                self._decide(flow, request, rules)
            elif self._upstream is not None and request.host in self._targets:
                self._send(flow, self._upstream, request.host)
        except Exception:
            self._report(flow)

    def request(self, flow: http.HTTPFlow) -> None:
        """A token request with a form: its scope can only be rewritten now that the form is here."""
        forwarded = self._forwarded.get(flow.id)
        if forwarded is None or flow.response or not is_token_request(forwarded.rule, forwarded.asked):
            return
        try:
            body = flow.request.raw_content or b""
            whole, onward = replace(forwarded.asked, body=body), replace(forwarded.forward, body=body)
            sent = outgoing(forwarded.rule, whole, onward, self._realms)
            if sent is not None and whole.method == "POST":
                flow.request.content = sent.body
        except Exception:
            self._report(flow)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Rewrites the head of what came back, and gives the flow the name again under which it was asked."""
        forwarded = self._forwarded.get(flow.id)
        if forwarded is None or flow.response is None:
            return
        try:
            self._put_back(flow, forwarded)
            answered = self._made_of(
                forwarded, Response(status=flow.response.status_code, headers=headers_of(flow.response.headers.fields))
            )
            flow.response.status_code = answered.status
            flow.response.headers = http.Headers(
                [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in answered.headers]
            )
            if answered.body:
                forwarded.body = answered.body
                flow.response.stream = False
            elif _rewrites_body(forwarded):
                flow.response.stream = False
            else:
                del self._forwarded[flow.id]
        except Exception:
            self._report(flow)

    def response(self, flow: http.HTTPFlow) -> None:
        """Rewrites the name in a list of tags: the only body that a token-aware proxy touches."""
        forwarded = self._forwarded.pop(flow.id, None)
        if forwarded is None or flow.response is None or flow.response.raw_content is None:
            return
        try:
            if forwarded.body is not None:
                flow.response.content = b"" if forwarded.asked.method == "HEAD" else forwarded.body
                return
            whole = Response(status=flow.response.status_code, headers=Headers(()), body=flow.response.raw_content)
            body = incoming(forwarded.rule, forwarded.asked, forwarded.sent, whole, self._realms).body
            if body != whole.body:
                flow.response.content = body
        except Exception:
            self._report(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """The other host was not there: nothing waits for its answer any more."""
        forwarded = self._forwarded.pop(flow.id, None)
        if forwarded is not None:
            self._put_back(flow, forwarded)

    def _made_of(self, forwarded: _Forwarded, head: Response) -> Response:
        """What the client is told; a body only where it is another than the answer's."""
        if forwarded.after is None:
            return incoming(forwarded.rule, forwarded.asked, forwarded.sent, head, self._realms)
        decision = forwarded.after(head)
        if decision.response is not None:
            return decision.response
        where = decision.answered_by
        return told(501, f"{where} asks again for this answer, which only pullscope vanity try plays.")

    # What happens to one request.

    async def _rules_of(self, host: str) -> RuleFile | None:
        fixed = self._fixed.get(host)
        if fixed is not None:
            return fixed
        followed = self._followed.get(host)
        if followed is None:
            return None
        if followed.has_changed():
            complaint = await asyncio.to_thread(followed.reload)
            if complaint is not None:
                logger.error(complaint)
            else:
                logger.info(f"{followed.name} was read again: {len(followed.rules.rules)} rules.")
                self._say_problems(host, followed.rules)
                self._find_targets()
        return followed.rules

    def _decide(self, flow: http.HTTPFlow, request: Request, rules: RuleFile) -> None:
        decision = decide(rules, request)
        flow.metadata[ANSWERED_BY] = decision.answered_by
        flow.metadata[ASKED] = request.url
        own = loop_of(rules, request, decision) or decision.response
        if own is not None:
            flow.request.stream = False
            answer_flow(flow, without_body(own) if request.method == "HEAD" else own)
            return
        if decision.forward is None or decision.rule is None:
            return
        sent = outgoing(decision.rule, request, decision.forward, self._realms)
        if sent is None:
            answer_flow(flow, realm_unknown())
            return
        if sent.host in self._all():
            answer_flow(flow, loop_detected(request.host))
            return
        self._forwarded[flow.id] = _Forwarded(
            rule=decision.rule,
            asked=request,
            forward=decision.forward,
            sent=sent,
            was=Upstream(scheme=flow.request.scheme, host=flow.request.host, port=flow.request.port),
            after=decision.after,
        )
        parts = split(sent.url)
        flow.request.path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        for name in {name.lower() for name, _ in decision.forward.headers} | {name.lower() for name, _ in sent.headers}:
            if name not in {"host", "content-length"}:
                flow.request.headers.set_all(name, list(sent.headers.get_all(name)))
        if is_token_request(decision.rule, request) and request.method == "POST":
            flow.request.stream = False
        to = self._upstream if self._upstream is not None and sent.host in self._targets else None
        port = parts.port or (80 if parts.scheme == "http" else 443)
        self._send(flow, to or Upstream(scheme=parts.scheme, host=parts.host, port=port), parts.netloc)

    @staticmethod
    def _send(flow: http.HTTPFlow, to: Upstream, named: str) -> None:
        """Points the flow's request at another server, which is told that it was asked as `named`."""
        flow.request.scheme, flow.request.host, flow.request.port = to.scheme, to.host, to.port
        flow.request.host_header = named

    @staticmethod
    def _put_back(flow: http.HTTPFlow, forwarded: _Forwarded) -> None:
        """The flow is told and saved under the URL that the client asked."""
        parts = split(forwarded.asked.url)
        Vanity._send(flow, forwarded.was, forwarded.asked.headers.get("Host") or parts.netloc)
        flow.request.path = f"{parts.path}?{parts.query}" if parts.query else parts.path

    def _report(self, flow: http.HTTPFlow) -> None:
        if not self._failed:
            self._failed = True
            sentence = f"Could not answer for {flow.request.pretty_host}; further failures are not logged."
            logger.exception(sentence)  # noqa: LOG004 - every caller stands in its except clause

    # What the options say.

    def _read(self) -> tuple[dict[str, FollowedRules], dict[str, RuleFile]]:
        options = ctx.options
        followed: dict[str, FollowedRules] = {}
        pairs = [parse_pair("pullscope_vanity", text) for text in options.pullscope_vanity]
        host, file = options.pullscope_vanity_host, options.pullscope_vanity_rules
        if bool(host) != bool(file):
            raise ValueError("pullscope_vanity_host and pullscope_vanity_rules belong together: set both or neither")
        if host:
            pairs.append((parse_host("pullscope_vanity_host", host), file))
        for name, path in pairs:
            if name in followed:
                raise ValueError(f"pullscope_vanity names {name} twice")
            followed[name] = FollowedRules(Path(path).expanduser(), clock=self._clock)
        auth = options.pullscope_rewrite_auth
        if auth not in list(Auth):
            raise ValueError(f"pullscope_rewrite_auth is {auth!r}; it can be {', '.join(Auth)}")
        fixed: dict[str, RuleFile] = {}
        for text in options.pullscope_rewrite:
            name, other = parse_pair("pullscope_rewrite", text)
            if name in followed or name in fixed:
                raise ValueError(f"{name} is answered for twice: by pullscope_rewrite and before it")
            if parse_host("pullscope_rewrite", other) == name:
                raise ValueError(f"pullscope_rewrite sends {name} to itself")
            rules = rewrite_rules(name, other, Auth(auth))
            fixed[name] = rewrite_file(rules)
        return followed, fixed

    def _all(self) -> dict[str, RuleFile]:
        return {**{host: one.rules for host, one in self._followed.items()}, **self._fixed}

    def _find_targets(self) -> None:
        hosts = {rule.target_host for rules in self._all().values() for rule in rules.rules}
        self._targets = frozenset(host for host in hosts if host) - self._all().keys()

    def _say_problems(self, host: str, rules: RuleFile) -> None:
        for problem in lint(rules, host):
            if problem.severity is Severity.ERROR:
                logger.warning(f"{problem.where}: {problem.code}: {problem.message}")


def _rewrites_body(forwarded: _Forwarded) -> bool:
    return (
        forwarded.rule.auth is Auth.TOKEN_AWARE
        and bool(forwarded.rule.prefix)
        and route(forwarded.sent.url).endpoint is Endpoint.TAGS
    )


def parse_pair(option: str, text: str) -> tuple[str, str]:
    """`HOST=FILE` or `HOST=OTHER`; ValueError names the option."""
    host, found, rest = text.partition("=")
    if not found or not rest.strip():
        raise ValueError(f"{option} is {text!r}; write HOST={'OTHER' if option == 'pullscope_rewrite' else 'FILE'}")
    return parse_host(option, host), rest.strip()


def parse_host(option: str, text: str) -> str:
    """A host as clients name it, in lower case; ValueError for a URL or a path."""
    host = text.strip().lower()
    if not host or "/" in host or "@" in host or any(char.isspace() for char in host):
        raise ValueError(f"{option}: {text!r} is not a host; write a name such as docker.example.com")
    return host


def parse_upstream(text: str) -> Upstream | None:
    """`localhost:5000` and `http://…` are plain http on loopback names and where it is written; else https."""
    text = text.strip()
    if not text:
        return None
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "", text
    named = urlsplit(f"//{rest}")
    try:
        host, port = named.hostname, named.port
    except ValueError:
        host, port = None, None
    if not host or scheme not in {"", "http", "https"} or named.path.strip("/"):
        raise ValueError(f"pullscope_vanity_upstream is {text!r}; write HOST, HOST:PORT or http://HOST:PORT")
    scheme = scheme or ("http" if is_this_machine(host) else "https")
    return Upstream(scheme=scheme, host=host, port=port or (80 if scheme == "http" else 443))
