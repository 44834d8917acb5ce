"""How often and how fast: limits of a registry, hops that took most of a pull, and what was asked for again.
One file, because a limit is read from what was asked, when, and again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from statistics import median

from pullscope.oci.amounts import count, duration, period, size
from pullscope.oci.known_registries import known_registry, registry_behind
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.case import in_storage, listed
from pullscope.trace.findings.login_commands import log_in, login, logout, registry_at
from pullscope.trace.findings.row import Case, Found, row
from pullscope.trace.findings.said import front, reason, says
from pullscope.trace.hosts import rate_limit_of
from pullscope.trace.model import Hop
from pullscope.trace.settle import RETRIED
from pullscope.trace.tokens import is_account_login

SLOW_PULL = 2.0
"""Seconds of a pull below which nothing in it is worth calling slow."""

SLOW_WAIT = 1.0
"""Seconds to the first byte below which a hop is not slow, whatever the others did."""

WRITES = ("PUT", "POST", "PATCH")

SLOW_BODY = 1.0
"""Seconds for the rest, likewise."""

MOST_OF = 0.5
"""What part of the pull is most of it."""

LARGE = 256 * 1024
"""Bytes from which a rate says something."""

A_TENTH = 0.1
"""Of the rate of the other hosts."""

_LIMITED = re.compile(r"rate.?limit|rate exceeded|too ?many ?(?:pull )?requests", re.IGNORECASE)
"""Words by which a refusal of another status is a limit (seqeralabs/wave#610: 403 DENIED)."""
_OF_AN_ACCOUNT = re.compile(r"rate limit as '", re.IGNORECASE)
"""Docker Hub's, to an account: scylladb/scylladb#26576."""
_OF_AN_UPSTREAM = re.compile(r"upstream", re.IGNORECASE)
"""Harbor's, of the registry that a project of its caches: goharbor/harbor#19899."""
_OF_DOCKER_HUB = re.compile(r"docker\.com/|reached your (?:unauthenticated )?pull rate limit", re.IGNORECASE)
"""Docker Hub's own words, out of whatever host: dqzboy/Docker-Proxy#29."""
_NOT_OF_REQUESTS = frozenset({"attempts", "traffic", "cache rule"})
"""Kinds of words of other limits: of logins that failed, of bytes, of a registry behind."""
_OF_NOBODY = re.compile(r"unauthenticated pull", re.IGNORECASE)
_OF_ALL = re.compile(r"retry-after: |HAP429", re.IGNORECASE)
"""Limits of all requests: GHCR's (dependabot/cli#380), and of Docker Hub's front (docker/hub-feedback#1907)."""
_OF_A_MINUTE = re.compile(r"allowed: \d+/minute", re.IGNORECASE)
_OF_TRIVY = {"trivy-db": "db", "trivy-java-db": "java-db", "trivy-checks": "checks-bundle"}
"""Its data, and the flags for each (trivy.dev/docs, "Databases"): aquasecurity/trivy-action#389, aquasecurity/trivy-db#308."""
FEW = 10
"""Requests of one operation to a host that are no reason to ask for fewer."""


@row(
    explains="access-denied rate-limit-low",
    severities="error, warning",
    suffers="all behind the same address or account",
    remedy="try again later, or log in",
)
def rate_limited(case: Case) -> Iterator[Found]:
    """429, or a refusal whose words are of a rate limit.

    docs.docker.com/docker-hub/usage/pulls for headers and window; docker/hub-feedback#1907. containerd asks again at
    once, up to five times; containers/image waits for Retry-After. Proxies say 403 DENIED or 503 with words of a limit, which
    docker tells as "pull access denied": seqeralabs/wave#610.
    """
    told = [
        hop
        for hop in case.hops
        if hop.status == 429
        or ((hop.status or 0) >= 400 and hop.status != 404 and ("TOOMANYREQUESTS" in hop.codes or says(hop, _LIMITED)))
    ]
    if not told:
        return
    steps = [hop.step for hop in told]
    last, limit = told[-1], rate_limit_of(case.pull)
    parts = []
    if limit is not None and limit.limit is not None:
        window = f" in {period(limit.window_seconds)}" if limit.window_seconds else ""
        parts.append(f"{limit.limit} pulls{window} are allowed")
    if limit is not None and limit.source:
        parts.append(f"they are counted on {limit.source}")
    words = ", and ".join(parts)
    one = Answer(case, last.step)
    known = last.step.is_token or one.issued is not None or last.request.authorization == "basic"
    logged_in = (known and not one.no_login) or says(last, _OF_AN_ACCOUNT)
    whose = f" These are words of Docker Hub, whose limit {last.host} has reached."
    hubs = whose if _is_docker_hubs(case, last) else ""
    yield Found(
        steps,
        f"{last.host} said {last.status}{', too many requests' if last.status == 429 else ''}"
        f"{f': {words}' if words else reason(last)}.{hubs}",
        _when_to_ask_again(case, last, logged_in=logged_in),
    )


def _is_docker_hubs(case: Case, last: Hop) -> bool:
    """Whether a limit is Docker Hub's, and of another host that asks it in its turn, with a login and address of its own."""
    known = known_registry(last.host) or registry_behind(one for hop in case.hops for one in hop.challenges)
    return says(last, _OF_DOCKER_HUB) and (known is None or known.id != "docker-hub") and not last.step.is_token


def _when_to_ask_again(case: Case, last: Hop, *, logged_in: bool) -> str:
    wait = last.header("retry-after")
    when = f"try again in {period(int(wait))}" if wait and wait.isdecimal() and len(wait) < 9 else "try again later"
    one = Answer(case, last.step)
    if one.clue is not None and one.clue.name in _NOT_OF_REQUESTS:
        return one.asks_for or when
    if last.is_page and not last.errors:
        known = known_registry(last.host)
        if known is not None and known.id == "docker-hub":  # docker/hub-feedback#2023, #2040
            return f"{when}, and ask less often from this address: {known.name} limits all requests from it, whatever the login"
        whose = front(last) or "the proxy in front"
        told = "answer" if last.request.method == "HEAD" else "page"
        page = f"the {told} is of {whose}, whose limits have nothing to do with accounts of the registry"
        return f"{when}, or {'push to' if case.writes else 'pull from'} another host: {page}"
    if is_account_login(last.request):  # docker/hub-feedback#814
        return f"{when}, and log in less often: logins are counted, and one token is good for many requests"
    sent = sum(hop.host == last.host for hop in case.hops)
    if says(last, _OF_ALL) and sent < FEW:
        few = f"{case.client} sent {count(sent, 'request')} here, so the limit is shared with others"
        name = last.route.repository or ""
        if (kind := _OF_TRIVY.get(name.removeprefix("aquasecurity/"))) is not None:
            return f"give trivy --{kind}-repository public.ecr.aws/{name} (its copy), or {when}: {few}"
        soon = when.replace("later", "in a minute, for which it counts") if says(last, _OF_A_MINUTE) else when
        return f"{soon}, or keep what was fetched in a cache: {few}"
    if says(last, _OF_ALL):
        return f"{when}, and send fewer requests at a time: all requests count"
    if _is_docker_hubs(case, last) or says(last, _OF_AN_UPSTREAM):
        known, hub = registry_at(case, last.host), says(last, _OF_DOCKER_HUB)
        where = known.step("upstream") if known is not None else "proxy.username and proxy.password in distribution"
        return (
            f"{when}, or give {last.host} an account at {'Docker Hub' if hub else 'the registry behind it'}"
            f"{f' ({where})' if where else ''}: it limits that host, and no login of {case.client} there changes that"
        )
    if in_storage(last):
        return f"{when}, and fetch less at a time: {last.host} counts what is fetched, whatever the login at the registry is"
    known, fewer = known_registry(last.host), ", with fewer requests at a time" if sent >= FEW else ""
    if (counted := known.step("limit") if known is not None else None) is not None:
        return f"{when}{fewer}; {counted}"
    if logged_in and says(last, _OF_NOBODY):  # docker/hub-feedback#2414, docker/login-action#862
        anew = f"{logout(case, last.host)}, and {login(case, last.host)}"
        return f"log out and in again ({anew}), or {when}: it counted a pull with a login as one without"
    if logged_in:
        return f"{when}{fewer}: the limit is that of the login, whatever uses it"
    own = "an account has its own limit, an address shares one with all behind it"
    none = f"{case.client} showed none here, and " if one.no_login and one.issued is not None else ""
    return f"{when}, or {log_in(case, last.host)}; {none}{own}"


@row(
    needs=None,
    severities="warning",
    suffers="all behind the same address or account",
    remedy="wait, or log in",
)
def rate_limit_low(case: Case) -> Iterator[Found]:
    """Less than a tenth of the pulls is left.

    The same headers; nothing is hard-coded.
    """
    limit = rate_limit_of(case.pull)
    if limit is None or limit.limit is None or limit.remaining_after * 10 >= limit.limit:
        return
    telling = [hop for hop in case.hops if hop.header("ratelimit-remaining") is not None]
    if not telling:
        return  # a step that is still open said it
    whose = f", counted on {limit.source}" if limit.source else ""
    window = f" per {period(limit.window_seconds)}" if limit.window_seconds else ""
    login = log_in(case, telling[-1].host)
    yield Found(
        [telling[-1].step],
        f"{telling[-1].host} leaves {limit.remaining_after} of {limit.limit} pulls{window}{whose}.",
        f"{login}; or pull through a mirror that keeps what it has fetched, before the next ones are refused",
    )


@row(needs=None, severities="info", remedy="check that host and the path to it")
def slow_hop(case: Case) -> Iterator[Found]:
    """One answer took most of a pull of two seconds or more; or a host sent less than a tenth of the others' rate.

    The thresholds are ours: src/pullscope/trace/findings/pace.py.
    """
    whole = case.pull.seconds
    if whole is None or whole < SLOW_PULL:
        return
    waits = [(_wait(hop), hop) for hop in case.hops if hop.response is not None]
    wait, hop = max(waits, key=lambda pair: pair[0], default=(0.0, None))
    if hop is not None and wait >= SLOW_WAIT and wait >= MOST_OF * whole:
        first = hop.first_byte_seconds or 0.0
        if first >= MOST_OF * wait or hop.bytes is None or hop.request.method in WRITES:
            did, why = f"answer {hop.request.method}", "the response was small, so the time is latency, not transfer"
        else:
            did, why = f"send {size(hop.bytes)}", f"the answer began after {duration(first)}, and then waited"
        yield Found(
            [hop.step],
            f"{hop.host} took {duration(wait)} to {did}, of {duration(whole)} in all.",
            f"look at {hop.host} and the network path to it: {why}",
        )
    rates = [(rate, hop) for hop in case.hops if (rate := _rate(hop)) is not None]
    for rate, hop in sorted(rates, key=lambda pair: pair[0])[:1]:
        others = [other for other, there in rates if there.host != hop.host]
        body = (hop.seconds or 0.0) - (hop.first_byte_seconds or 0.0)
        if others and rate < A_TENTH * median(others) and body >= MOST_OF * whole and body >= SLOW_BODY:
            yield Found(
                [hop.step],
                f"{hop.host} sent {size(round(rate))}/s, less than a tenth of what the others did.",
                f"look at {hop.host} and the network path to it: the time went into the transfer",
            )


def _wait(hop: Hop) -> float:
    """Seconds for which a client waited, rather than received; of a body that it sent, after the last byte of that.

    A client may begin to send long before it has what it sends (buildx 0.29 copies over HTTP/2 so): where the end of a body was
    not seen, nothing is known of the wait.
    """
    if hop.request.method in WRITES:
        known = hop.uploaded is not None and hop.response is not None
        return max(0.0, hop.response.time - hop.uploaded.time) if known and hop.response and hop.uploaded else 0.0
    if hop.bytes is not None and hop.bytes < LARGE:
        return hop.seconds or 0.0
    return hop.first_byte_seconds or 0.0


def _rate(hop: Hop) -> float | None:
    body = (hop.seconds or 0.0) - (hop.first_byte_seconds or 0.0)
    return hop.bytes / body if hop.bytes is not None and hop.bytes >= LARGE and body > 0 else None


@row(severities="info", suffers="none", remedy="do nothing if it happened once")
def retried(case: Case) -> Iterator[Found]:
    """The same was asked again after a failure.

    A 401 before a token and HEAD before GET are not failures.
    """
    failed: dict[tuple[object, ...], Hop] = {}
    again: list[tuple[Hop, Hop]] = []  # what failed, and the request that asked for it again
    for step in case.steps:
        failing: Hop | None = None
        for chain in step.passes:
            if failing is not None and failing.request.method == chain[0].request.method:
                again.append((failing, chain[0]))
            last = chain[-1]
            failing = last if (last.failed is not None or last.status in RETRIED) and not last.client_left else None
    for step in case.pull.failing:
        if not step.last.client_left:
            failed.setdefault((step.place, step.method), step.last)
    for step in case.steps:
        before = failed.get((step.place, step.method))
        later = before is not None and before.step is not step and step.started > before.step.started
        if before is not None and later and not step.is_token and before.step.first.host == step.first.host:
            again.append((before, step.first))
    if not again:
        return
    cost = _covered((first.request.time, second.request.time) for first, second in again)
    took = f"; that took {duration(cost)}" if case.pull.timed else ""
    hosts = listed(f"{hop.host} {_what_it_did(hop)}" for hop, _ in again)
    steps = [second.step for _, second in again]
    yield Found(
        steps,
        f"{case.client} asked {count(len(again), 'time')} more, because {hosts}{took}.",
        "see the error of these steps: asking again did not help"
        if any(step in case.bad for step in steps)
        else f"ignore it if it happened once; check {listed(hop.host for hop, _ in again)} if it happens often"
        if not any(step.last.failed is not None or step.last.status in RETRIED for step in steps)
        else f"look at {listed(hop.host for hop, _ in again)}: that asking again helped was not seen",
    )


def _covered(spans: Iterable[tuple[float, float]]) -> float:
    """The seconds that lie in any of the spans: what was asked again side by side took its time once."""
    total, until = 0.0, 0.0
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def _what_it_did(hop: Hop) -> str:
    """Why the client asked again after this."""
    if hop.status is None:
        return "did not answer"
    if hop.failed is not None or (hop is hop.step.last and hop.step.fell_short):
        return "cut it off"
    return "sent other bytes" if hop is hop.step.last and hop.step.verified is False else f"said {hop.status}"
