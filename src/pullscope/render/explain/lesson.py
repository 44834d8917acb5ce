"""The lesson: each step of a pull with what was asked, what came, what it means, how to do it by hand and which section
of the specification says so. The words are those of `table`; what fills their places is the traffic.
One file, because a sentence is read with what fills its places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from pullscope.oci.amounts import count, size
from pullscope.oci.challenge import Challenge
from pullscope.oci.plain import plain
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import parameters, query
from pullscope.render.explain.ideas import BEFORE, IDEAS, Idea, Thought
from pullscope.render.explain.table import (
    CHALLENGES,
    FIRST_TRY,
    FIRST_TRY_AGAIN,
    FIRST_TRY_EXPERT,
    FIRST_TRY_REDIRECTED,
    FIRST_TRY_UNSEEN,
    KINDS,
    LOOKED_FOR,
    Explanation,
    Section,
)
from pullscope.render.exports.curl import asked_of, curl_words
from pullscope.render.names import client_line, short
from pullscope.render.wording import title, what
from pullscope.trace.findings.said import words as said_words
from pullscope.trace.hosts import Roles, tally
from pullscope.trace.model import Hop, Kind, Outcome, Pull, Step
from pullscope.trace.source_gaps import lacking


class Values(dict[str, str]):
    """What fills the places of the sentences: `{host}`, `{scope}` and the like, from what one step showed.

    Each by its name, made plain, and no sooner than a sentence names it: most sentences have one or two places.
    """

    def __init__(self, step: Step, pull: Pull, roles: Roles) -> None:
        super().__init__()
        self.step, self.pull, self.roles = step, pull, roles

    def __missing__(self, name: str) -> str:
        value = self[name] = VALUES[name](self)
        return value

    @property
    def challenges(self) -> list[Challenge]:
        return [challenge for hop in self.step.hops for challenge in hop.challenges]

    @property
    def vanity(self) -> Hop | None:
        """The redirect of a vanity domain."""
        return next((hop for hop in self.step.hops if hop.redirects and self.roles.of_hop(hop) == "vanity"), None)

    @property
    def sent_on(self) -> tuple[Hop, Hop] | None:
        """The redirect that is worth telling and the hop that it led to: that to storage, else that of a vanity domain."""
        vanity, storage = self.vanity, to_storage(self.step)
        if vanity is None or storage is not None:
            return storage
        after = next((hop for hop in self.step.hops if hop.follows is vanity), None)
        return (vanity, after) if after is not None else None


def _challenge(values: Values) -> str:
    """The challenge as in its header, with spaces where a line may break."""
    one = values.challenges[0]
    said = {"realm": one.realm, "service": one.service, "scope": one.scope}
    return plain(f"{one.scheme.capitalize()} " + ", ".join(f'{key}="{it}"' for key, it in said.items() if it), 300)


def _why(values: Values) -> str:
    under = values.step.under
    if under is None:
        return "because the first has run out or names something else"
    return "for the request under way" if under.kind is Kind.UNKNOWN else f"for the {title(under)}"


VALUES: Mapping[str, Callable[[Values], str]] = {
    "client": lambda it: it.pull.client.family if it.pull.client.family != "unknown" else "the client",
    "host": lambda it: plain(it.step.first.host, 80),
    "tag": lambda it: plain(it.step.route.reference or it.pull.tag or "the name", 80),
    "digest": lambda it: short(it.step.digest),
    "reference": lambda it: plain(it.pull.reference or "/".join((it.pull.registry, it.pull.repository or "")), 200),
    "platform": lambda it: plain(it.pull.platform or "not known", 40),
    "scope": lambda it: scope(it.step),
    "challenge": _challenge,
    "vanity": lambda it: plain(it.vanity.host, 80) if it.vanity else "",
    "target": lambda it: plain((it.sent_on[1] if it.sent_on else it.step.last).host, 80),
    "status": lambda it: str((it.sent_on[0] if it.sent_on else it.step.last).status or "no response"),
    "size": lambda it: size(it.step.bytes),
    "why": _why,
    "failure": lambda it: failure(it.step),
}


def to_storage(step: Step) -> tuple[Hop, Hop] | None:
    """The redirect of a blob and the hop that it led to, where that is another host."""
    if step.route.endpoint is not Endpoint.BLOB:
        return None
    last = step.last
    if last.follows is None or not last.ok or last.host == last.follows.host:
        return None
    return last.follows, last


def scope(step: Step) -> str:
    """The first scope that a token was asked for."""
    return plain(next(iter(parameters(query(step.first.request.url)).get("scope", ())), ""), 120)


def address(hop: Hop) -> str:
    """Host and path, the repository left out and a digest by its first digits: `registry/.../manifests/latest`."""
    path = hop.request.url.partition("://")[2].partition("?")[0].partition("/")[2]
    *before, last = path.split("/")
    name = last if len(last) < 64 else short(last) if ":" in last else f"{last[:19]}.."
    if len(before) > 2:
        return plain(f"{hop.host}/.../{before[-1]}/{name}", 300)
    return plain("/".join((hop.host, *before, name)), 300)


def failure(step: Step) -> str:
    last = step.last
    host = plain(last.host, 80)
    if step.verified is False:
        return f"the bytes from {host} do not have the digest that was asked for"
    if last.failed is not None:
        return f"{host} did not answer to the end ({plain(last.failed.reason)})"
    said = said_words(last)
    return plain(f"{host} answered {last.status}" + (f", {said}" if said else ""))


def answers(hops: list[Hop]) -> str:
    said: list[str] = []
    for hop in hops:
        status = str(hop.status) if hop.failed is None and hop.status else "no response"
        if not said or said[-1] != status:
            said.append(status)
    return " > ".join(said[-6:])


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """An idea with what was seen in its places."""

    idea: str
    name: str
    text: str
    section: Section


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """One step, or several that are alike, explained."""

    steps: tuple[Step, ...]
    shown: Step
    """The one of them that is worth showing."""
    hops: list[Hop]
    """What is told here of that one."""
    pull: Pull
    beginner: str
    expert: str
    section: Section
    by_hand: tuple[str, ...]
    """A line of curl, in pieces that may stand on lines of their own; empty where an earlier step has it, or there is none."""
    hand: str
    """What stands above it, `By hand, with the token of step 2`, or in its place, `By hand: as in step 1`; else empty."""
    ideas: tuple[Said, ...]
    """What is understood here for the first time in this pull."""
    begins: bool = False
    """Whether this is how a step began, whose number and end come below."""

    @property
    def aside(self) -> bool:
        """Whether a beginner can do without: statements about the image, signatures, and what was asked to get at them."""
        return all(_aside(step) or (step.under is not None and _aside(step.under)) for step in self.steps)

    @property
    def title(self) -> str:
        if len(self.steps) == 1:
            return title(self.shown)
        return "config, layers" if len({step.kind for step in self.steps}) > 1 else f"{self.shown.kind}s"

    @property
    def asked(self) -> str:
        """`GET registry-1.docker.io/v2/`."""
        method = self.hops[0].request.method if self.begins else self.shown.method
        return f"{plain(method, 8)} {address(self.hops[0] if self.hops else self.shown.first)}"

    @property
    def answered(self) -> str:
        """`401`, or `307 > 200`: the statuses in the order in which they came, from one host after the other."""
        return answers(self.hops)

    @property
    def came(self) -> str:
        """Its result, in a few words."""
        if self.begins:
            return "at first" if _no_token_seen(self.hops) else "at first, without a token"
        if len(self.steps) == 1:
            return what(self.shown, self.pull)
        came = sum(step.bytes for step in self.steps)
        rest = f"{size(came)} in all; this is the largest one" if came else "this is one"
        return f"{len(self.steps)} blobs, {rest}"

    @property
    def number(self) -> str:
        if self.begins:
            return ""
        first, last = self.steps[0].n, self.steps[-1].n
        return str(first) if first == last else f"{first}-{last}"


def lessons(pull: Pull, *, fold: bool = True, roles: Roles | None = None) -> list[Lesson]:
    """The pull as lessons, in the order of its steps; blobs that follow each other are one lesson unless not folded."""
    roles = roles or Roles(pull.hops)
    told: set[str] = set()
    explained: set[Explanation] = set()
    found: list[Lesson] = []
    begun: dict[int, int] = {}
    by_hand: dict[tuple[str, ...], str] = {}
    for group in _groups(pull.steps, fold=fold):
        asked, first = group[0].under, None
        if asked is not None and asked.n > group[0].n and asked.n not in begun:
            before = [hop for hop in asked.hops if hop.request.time < group[0].started]
            if before:
                first = _first_try(asked, before, pull, roles, told, again=bool(begun))
                found += [first] if fold else []
                begun[asked.n] = len(before)
        again = _explanation(group[0]) in explained
        lesson = _lesson(group, pull, roles, told, again=again, shown=begun.get(group[0].n, 0) if fold else 0)
        if first is not None and not fold:  # each step is one lesson there
            both = f"{first.beginner} {lesson.beginner}"
            lesson = replace(lesson, beginner=both, ideas=(*first.ideas, *lesson.ideas))
        if lesson.by_hand in by_hand:
            lesson = replace(lesson, by_hand=(), hand=f"By hand: as in step {by_hand[lesson.by_hand]}")
        elif lesson.by_hand:
            by_hand[lesson.by_hand] = lesson.number
        found.append(lesson)
        explained.add(_explanation(group[0]))
    return found


def _first_try(step: Step, hops: list[Hop], pull: Pull, roles: Roles, told: set[str], *, again: bool) -> Lesson:
    """What a step began with before its token was there: the token's own lesson comes next, and then the rest of it."""
    places = Values(step, pull, roles)
    seen = _of_the_first(pull, told)
    seen += [Idea.VANITY] if any(roles.of_hop(hop) == "vanity" and hop.redirects for hop in hops) else []
    if any(hop.status == 401 and hop.challenges for hop in hops):
        seen.append(Idea.CHALLENGE)
    refused = any(hop.status == 401 for hop in hops)
    said = FIRST_TRY_UNSEEN if _no_token_seen(hops) else FIRST_TRY_AGAIN if again else FIRST_TRY
    said = said if refused else FIRST_TRY_REDIRECTED
    return Lesson(
        steps=(step,),
        shown=step,
        hops=hops,
        pull=pull,
        beginner=said.format_map(places),
        expert=FIRST_TRY_EXPERT,
        section=CHALLENGES,
        by_hand=(),
        hand="",
        ideas=tuple(_fill(idea, places, told) for idea in seen if idea not in told),
        begins=True,
    )


def _no_token_seen(hops: list[Hop]) -> bool:
    return lacking(hops[0].request, "credentials")


def _aside(step: Step) -> bool:
    return step.kind in (Kind.ATTESTATION, Kind.REFERRERS, Kind.SIGNATURE) and step.outcome is not Outcome.FAILED


def _groups(steps: list[Step], *, fold: bool) -> list[list[Step]]:
    groups: list[list[Step]] = []
    for step in steps:
        if fold and groups and _alike(groups[-1][-1], step):
            groups[-1].append(step)
        else:
            groups.append([step])
    return groups


def _alike(one: Step, other: Step) -> bool:
    """Good blobs of one image after each other; a beginner's first layer and the ninth have the same story."""
    blobs = (Kind.LAYER, Kind.CONFIG)
    same = one.kind is other.kind or (one.kind in blobs and other.kind in blobs)
    is_blob = one.route.endpoint is Endpoint.BLOB and other.route.endpoint is Endpoint.BLOB
    return same and is_blob and one.outcome is Outcome.OK and other.outcome is Outcome.OK


def _explanation(step: Step) -> Explanation:
    return LOOKED_FOR if step.method == "HEAD" and step.route.endpoint is Endpoint.BLOB else KINDS[step.kind]


def _lesson(group: list[Step], pull: Pull, roles: Roles, told: set[str], *, again: bool, shown: int = 0) -> Lesson:
    # The largest blob is the one worth showing; for a single step it is that step.
    step = max(group, key=lambda one: one.bytes)
    explanation = _explanation(step)
    places = Values(step, pull, roles)
    words = explanation.again if again and explanation.again else explanation.beginner
    if explanation is not LOOKED_FOR and len(group) > 1 and {one.kind for one in group} == {Kind.LAYER, Kind.CONFIG}:
        words = f"{KINDS[Kind.CONFIG].beginner} {KINDS[Kind.LAYER].beginner}"
    by_hand = tuple(curl_words(step))
    return Lesson(
        steps=tuple(group),
        shown=step,
        hops=step.hops[shown:],
        pull=pull,
        beginner=words.format_map(places),
        expert=explanation.expert,
        section=explanation.section,
        by_hand=by_hand,
        hand=_hand(step, pull) if any("$TOKEN" in word for word in by_hand) else "By hand" if by_hand else "",
        ideas=tuple(_fill(idea, places, told) for idea in _ideas(step, pull, roles, told) if idea not in told),
    )


def _hand(step: Step, pull: Pull) -> str:
    """Where the token comes from that the line needs."""
    used = asked_of(step).request.credential
    same = [one for one in pull.steps if one.token is not None and one.token.number == used is not None]
    source = next((one for one in same if one.under is step), same[0] if same else None)
    return f"By hand, with the token of step {source.n}" if source else "By hand, with a token in TOKEN"


def _fill(idea: str, places: Mapping[str, str], told: set[str]) -> Said:
    told.add(idea)
    thought: Thought = IDEAS[idea]
    return Said(idea=idea, name=thought.name, text=thought.beginner.format_map(places), section=thought.section)


def about(ideas: Iterable[str], pull: Pull) -> list[Said]:
    """Ideas that belong to no step, with what this pull through a vanity domain showed."""
    places, roles = Values(pull.steps[0], pull, Roles(pull.hops)), tally(pull.hops)
    own = next(host for host in roles if "vanity" in host.roles)
    places |= {
        "vanity": plain(own.host, 80),
        "by": client_line(pull),
        "asked": count(own.requests, "request"),
        "sent": size(own.bytes),
    }
    return [_fill(idea, places, set()) for idea in ideas]


def _of_the_first(pull: Pull, told: set[str]) -> list[Idea]:
    """What is said before anything was asked."""
    return [] if told or not pull.repository or pull.pushing else [*BEFORE]


def _ideas(step: Step, pull: Pull, roles: Roles, told: set[str]) -> list[Idea]:
    found = _of_the_first(pull, told)
    if any(roles.of_hop(hop) == "vanity" and hop.redirects for hop in step.hops):
        found.append(Idea.VANITY)
    if any(hop.status == 401 and hop.challenges for hop in step.hops) and step.outcome is not Outcome.FAILED:
        found.append(Idea.CHALLENGE)
    if step.is_token and scope(step):
        found += [Idea.NEEDED, Idea.SCOPE]
    if step.digest and step.outcome is Outcome.OK and step.kind in (Kind.RESOLVE, Kind.MANIFEST_LIST, Kind.MANIFEST):
        found += [Idea.DIGEST, Idea.TYPES]
        found += [Idea.COUNTS] if step.kind is Kind.RESOLVE and step.method == "HEAD" else []
    if step.kind is Kind.MANIFEST_LIST and step.outcome is Outcome.OK and pull.platform:
        found.append(Idea.PLATFORM)
    if to_storage(step) is not None:
        found += [Idea.ELSEWHERE, Idea.SIGNED]
    if step.verified and step.route.endpoint is Endpoint.BLOB:
        found.append(Idea.VERIFIED)
    if step.outcome is Outcome.FAILED or step.verified is False:
        found.append(Idea.FAILED)
    return found
