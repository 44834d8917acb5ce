"""A pull as the rules look at it: its steps and hops in order, what failed for good, whose token is whose.

Everything is worked out at most once for a look, however many rules ask. Nothing here decides what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter

from pullscope.oci.challenge import Challenge, read_scopes
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import bare, path_of
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.puts import Place, Put
from pullscope.trace.hosts import is_searched
from pullscope.trace.kinds import OPTIONAL, WRITING
from pullscope.trace.model import Ending, Hop, Kind, Outcome, Pull, Step, TokenFacts
from pullscope.trace.settle import ended_at_a_lookup, failures

CONTENT = frozenset({Endpoint.MANIFEST, Endpoint.BLOB})
PINGS = frozenset({Endpoint.PING})
REFUSALS = frozenset({401, 403})
_OF_A_SHELL = re.compile(r"[^\w./:@%+=,~\[\]-]")
"""What a shell may take for its own. No reference has it (distribution/reference, regexp.go), but a URL or a log may."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued:
    """A token that was seen being issued."""

    host: str
    realm: str
    time: float
    anonymous: bool
    client: str
    facts: TokenFacts


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One look at one pull."""

    pull: Pull
    outcome: Ending
    """How it ended, or how it would if nothing more came."""
    issued: Mapping[int, Issued | None] = field(default_factory=dict)
    """All tokens that were seen being issued, by their numbers, in whichever operation; None while that is not over."""
    open_to_all: Collection[tuple[str, str]] = frozenset()
    """Registries and repositories that were seen being read without a login."""
    put: Mapping[Place, Put] = field(default_factory=dict)
    """What was put with 201 and not deleted, by host, repository, and tag or digest."""
    held: Mapping[Place, tuple[float, str]] = field(default_factory=dict)
    """When tags were last seen, in whichever operation, and the media type of what they held."""
    over: bool = True
    """Whether this is the end of the pull, or only of a step."""
    refused: frozenset[str] = frozenset()
    """Hosts whose certificate this client refused."""

    @cached_property
    def steps(self) -> list[Step]:
        return [step for step in self.pull.steps if step.hops]

    @cached_property
    def hops(self) -> list[Hop]:
        """Every hop of the numbered steps, in the order of the requests."""
        return sorted([hop for step in self.steps for hop in step.hops], key=attrgetter("request.time"))

    @cached_property
    def bad(self) -> list[Step]:
        """The steps that failed, that the client needed, and that nothing later made good."""
        numbered = set(map(id, self.steps))
        went_on = any(step.last.ok and step.route.endpoint in CONTENT for step in self.steps)
        return [
            step
            for step in failures(self.pull)
            if id(step) in numbered
            and not is_a_question(step)
            and not (step.kind is Kind.VERSION_CHECK and went_on)  # whatever it said, what it asks for was had
        ] + (ended_at_a_lookup(self.pull) if self.over else [])

    @cached_property
    def were_read(self) -> set[str | None]:
        """The repositories of which something was read: they exist, and may be read in part."""
        return {step.route.repository for step in self.steps if step.last.ok}

    @cached_property
    def failed(self) -> bool:
        """Whether the pull came to nothing, as far as its steps tell."""
        return self.outcome is not Ending.COMPLETE

    @cached_property
    def made_good(self) -> list[Step]:
        """The steps that failed, and what they asked for was had elsewhere, or later."""
        bad = set(map(id, self.bad))
        return [step for step in self.steps if step.outcome is Outcome.FAILED and id(step) not in bad]

    @cached_property
    def writes(self) -> bool:
        """Whether the operation is to change something at the registry."""
        return self.pull.action in ("push", "delete", "attach") or any(is_write(step) for step in self.steps)

    @cached_property
    def stopped_at(self) -> Step | None:
        """The last thing that was asked for, once nothing more can come."""
        return max(self.steps, key=lambda step: step.last.request.time) if self.over and self.steps else None

    @property
    def family(self) -> str:
        return self.pull.client.family

    @property
    def client(self) -> str:
        """What to call the client in a sentence."""
        return "the client" if self.family == "unknown" else self.family

    @cached_property
    def reading(self) -> list[Step]:
        """The steps that asked for a manifest or blob."""
        return [step for step in self.steps if step.route.endpoint in CONTENT]

    @cached_property
    def pings(self) -> list[Step]:
        return [step for step in self.steps if step.kind is Kind.VERSION_CHECK and step.route.endpoint in PINGS]

    @property
    def only_a_token(self) -> bool:
        """Whether a token was got, and nothing was asked with it."""
        last = self.stopped_at
        return last is not None and last.is_token and last.last.status == 200 and len(self.steps) == 1 + len(self.pings)

    @cached_property
    def issuers(self) -> dict[int, Step]:
        """Which step brought which token."""
        return {step.token.number: step for step in self.steps if step.token and step.token.number is not None}

    @cached_property
    def challenges(self) -> list[tuple[Hop, Challenge]]:
        """The challenges of each 401."""
        return [(hop, one) for hop in self.hops if hop.status == 401 for one in hop.challenges]

    @cached_property
    def challengers(self) -> dict[str, set[str]]:
        """For each realm, the hosts that sent the client there."""
        found: dict[str, set[str]] = {}
        for hop, one in self.challenges:
            if one.realm:
                found.setdefault(bare(one.realm), set()).add(hop.host)
        return found

    @cached_property
    def pointing(self) -> set[str]:
        """Hosts that sent a request for something other than a blob on to another host: vanity hosts."""
        return {hop.host for hop in self.hops if hop.crosses and hop.step.route.endpoint is not Endpoint.BLOB}

    @cached_property
    def asked_at_home(self) -> set[tuple[str | None, ...]]:
        """What was asked for past all mirrors."""
        return {step.place for step in self.steps if step.first.mirror_of is None}

    @cached_property
    def not_for_a_shell(self) -> Mapping[str, str]:
        """What was asked for under names that a shell would read as more than names, the longest first, and how to write it."""
        asked = {text for hop in self.hops for text in (hop.host, hop.route.repository, hop.route.reference)}
        parts = {part for text in asked if text for part in text.split("/") if _OF_A_SHELL.search(part)}
        return {part: harmless(part) for part in sorted(parts, key=len, reverse=True)}

    def severity(self, *steps: Step, otherwise: Severity = Severity.WARNING) -> Severity:
        """An error if one of the steps is why the pull failed."""
        return Severity.ERROR if self.failed and any(step in self.bad for step in steps) else otherwise

    def issuer_of(self, hop: Hop) -> Step | None:
        """The step that brought the token which a request carries."""
        number = hop.request.credential
        return self.issuers.get(number) if number is not None else None


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found: what shows it, what is said of it, and what to do."""

    steps: Iterable[Step]
    message: str
    fix: str
    severity: Severity | None = None
    """None: an error if one of the steps is why the pull failed, else a warning."""

    def under(self, code: str, case: Case, only: Severity | None = None) -> Finding:
        """The finding of a code, with the one severity that it ever has. Its fix may hold commands, which people paste."""
        steps, fix = list(self.steps), self.fix
        for text, harmless in case.not_for_a_shell.items():
            fix = fix.replace(text, harmless)
        numbers = sorted({step.n for step in steps if step.n})
        severity = only or self.severity or case.severity(*steps)
        return Finding(code=code, severity=severity, message=self.message, fix=fix, steps=tuple(numbers))


def harmless(name: str) -> str:
    """A name as it may be pasted into a shell."""
    return _OF_A_SHELL.sub("_", name)


# What rules ask of a step.


def is_write(step: Step) -> bool:
    """Whether a step is to change something at the registry."""
    return not step.is_token and (step.kind in WRITING or step.kind is Kind.DELETE)


def is_a_question(step: Step) -> bool:
    """Whether a client could do without what a step asked for: no is an answer to it."""
    if is_write(step):
        return False
    missing = step.last.status in (404, 405, 501)
    if step.kind in OPTIONAL or (missing and (step.route.cosign or step.route.fallback_for is not None)):
        return True
    blob, pull = step.route.endpoint is Endpoint.BLOB, step.pull
    # containerd asks for a manifest that is missing as a blob too: containerd/containerd#2840, #12402
    again = blob and pull is not None and (Endpoint.MANIFEST, *step.place[1:]) in pull.failed_at
    writes = pull is not None and pull.action in ("push", "attach")
    return missing and (again or (step.method == "HEAD" and (writes or blob)))


def was_anonymous(token: Step) -> bool:
    """Whether a token was asked for without a login, or the login was lost at a redirect on the way."""
    facts = token.token
    return facts is None or facts.anonymous or lost_its_login(token)


def lost_its_login(token: Step) -> bool:
    """Whether a token request set out with a login and arrived without one."""
    set_out, arrived = token.first.request.authorization, token.last.request.authorization
    return token.is_token and len(token.hops) > 1 and set_out == "basic" and arrived == "none"


# What rules ask of a hop.


def in_storage(hop: Hop) -> bool:
    """Whether a hop is what a registry's redirect of content led to: a storage by what was done, whatever its path looks like."""
    before = hop.follows
    # GitLab keeps those in S3 too: moby/moby#50065
    if hop.step.route.endpoint is Endpoint.MANIFEST and before is not None:
        return hop.route.endpoint is Endpoint.NONE and "=REDACTED" in hop.request.url
    if hop.step.route.endpoint is not Endpoint.BLOB or before is None:
        return False
    if hop.route.endpoint is not Endpoint.BLOB or "=REDACTED" in hop.request.url:
        return True  # a registry's own address is a path of the API, and has no signature in its query
    if before.host == hop.host or before.request.authorization == "none":
        return False
    # What is asked for other things too is a registry, behind a vanity host.
    others = hop.step.pull.hops if hop.step.pull is not None else hop.step.hops
    here = [one for one in others if one.host == hop.host]
    return all(one.step.route.endpoint is Endpoint.BLOB and one.follows is not None for one in here)


def repositories(scope: str | None) -> tuple[str, ...]:
    """The repositories that a scope names, each once."""
    return tuple(dict.fromkeys(item.name for item in read_scopes(scope or "") if item.type == "repository"))


def asked_repositories(token: Step) -> tuple[str, ...]:
    """The repositories for which a token was asked."""
    return repositories(token.token.scope) if token.token else ()


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    every = list(dict.fromkeys(words))
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} and {every[-1]}" if every else ""


def in_turn(case: Case, step: Step) -> list[str]:
    """The registries of podman's search list that were asked for the same as in this step, and gave the same status."""
    same = [one for one in case.steps if (one.place, one.last.status) == (step.place, step.last.status)]
    return list(dict.fromkeys(registry_name(one.first.host) for one in same if is_searched(one.first)))


def name_of(step: Step) -> str:
    """A digest as people know it; a name and tag where there is none."""
    route = step.route
    if route.digest is not None:
        return route.digest.short
    if route.endpoint is Endpoint.BLOB:
        return "a blob"  # of which a message does not say the digest
    return f"{route.repository}:{route.reference}" if route.reference else path_of(step.first.request.url)
