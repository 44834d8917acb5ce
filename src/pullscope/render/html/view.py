"""What the template shows, computed from the trace: the template itself decides nothing. Wire strings pass `plain` here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from pullscope.oci.amounts import duration, size
from pullscope.oci.messages import Headers
from pullscope.render.closing_line import took, verdict
from pullscope.render.explain.lesson import Lesson, lessons
from pullscope.render.html.drawing import Lane, Scale, axis, connections, step_bar
from pullscope.render.html.sequence import sequence
from pullscope.render.html.tree import Node, image_tree
from pullscope.render.names import client_line, reference_line
from pullscope.render.plain import plain
from pullscope.render.wording import hop_note, hop_times, limit_words, title, what
from pullscope.trace.findings.finding import Finding
from pullscope.trace.hosts import HostTally, Roles, rate_limit_of, tally
from pullscope.trace.model import Hop, Outcome, Pull, Step

OUTCOMES = {"complete": "✓", "failed": "✗", "incomplete": "◐", "under way": "◌"}


@dataclass(frozen=True, kw_only=True, slots=True)
class HopView:
    """One exchange as it is shown."""

    request: str
    role: str
    status: str
    bad: bool
    times: str
    note: str
    sent: list[tuple[str, str]]
    received: list[tuple[str, str]]
    location: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StepView:
    """One step as it is shown."""

    n: int
    id: str
    title: str
    says: str
    chain: list[tuple[str, str]]
    failed: bool
    token: bool
    time: str
    bar: Markup
    lesson: Lesson
    facts: list[tuple[str, str]]
    hops: list[HopView]
    find: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingView:
    """One finding as it is shown."""

    code: str
    severity: str
    message: str
    fix: str
    steps: list[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class HostView:
    """One host of a pull as it is shown."""

    host: str
    roles: Sequence[str]
    label: str
    evidence: str
    requests: int
    bytes: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PullView:
    """One pull as it is shown."""

    id: int
    action: str
    outcome: str
    mark: str
    reference: str
    client: str
    started: str
    clock: str
    """The time of day at which it began."""
    time: str
    bytes: str
    verdict: str
    digest: str
    platform: str
    findings: list[FindingView]
    steps: list[StepView]
    axis: Markup
    lanes: list[Lane]
    sequence: Markup
    tree: list[Node]
    hosts: list[HostView]
    roles: list[str]
    """The roles that occur in it, for the legend."""
    allowlist: str
    limit: str
    moving: str
    """What bytes do that are on their way in it."""
    seconds: float
    moved: int
    span: tuple[float, float]
    """Where in the time of all operations it began, and how much of that it took, in per cent."""
    find: str


def pull_view(pull: Pull, whole: Whole | None = None) -> PullView:
    """Everything that is shown of a pull; `whole` is the time of all that it is shown with."""
    hops = pull.hops
    roles = Roles(hops)
    scale = Scale.of(pull)
    hosts = tally(hops)
    limit = rate_limit_of(pull)
    findings = [finding_view(finding) for finding in pull.findings]
    steps = [
        _step(step, pull, roles, scale, lesson)
        for step, lesson in zip(pull.steps, lessons(pull, fold=False), strict=True)
    ]
    outcome = str(pull.outcome) if pull.closed else "under way"
    words = [
        outcome,
        pull.action,
        reference_line(pull),
        client_line(pull),
        pull.digest or "",
        pull.platform or "",
        *(host.host for host in hosts),
        *(finding.code for finding in findings),
        *(str(status) for status in sorted({hop.status for hop in hops if hop.status})),
    ]
    return PullView(
        id=pull.id,
        action=str(pull.action),
        outcome=outcome,
        mark=OUTCOMES[outcome],
        reference=f"{pull.action} {reference_line(pull)}",
        client=client_line(pull),
        started=_instant(pull, "%Y-%m-%d %H:%M:%S UTC") or "not known",
        clock=_instant(pull, "%H:%M:%S"),
        time=took(pull.seconds),
        bytes=size(pull.bytes_sent if pull.action == "push" else pull.bytes),
        verdict=f"{outcome}: {verdict(pull)}",
        digest=plain(pull.digest or ""),
        platform=plain(pull.platform or ""),
        findings=findings,
        steps=steps,
        axis=axis(scale),
        lanes=connections(pull, roles),
        sequence=sequence(pull, roles),
        tree=image_tree(pull),
        hosts=[_host(host) for host in hosts],
        roles=list(dict.fromkeys(role for host in hosts for role in host.roles)),
        allowlist="\n".join(plain(host.host, 253) for host in hosts),
        limit=limit_words(limit) if limit is not None else "",
        moving=_moving(pull),
        seconds=pull.seconds or 0.0,
        moved=pull.bytes + pull.bytes_sent,
        span=(whole or Whole.of([pull])).span(pull),
        find=plain(" ".join(words), 4000).lower(),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """The time of all operations of a report."""

    start: float
    seconds: float

    @classmethod
    def of(cls, pulls: Sequence[Pull]) -> Whole:
        start = min((pull.started for pull in pulls), default=0.0)
        return cls(start=start, seconds=max(max((pull.last for pull in pulls), default=start) - start, 0.001))

    def span(self, pull: Pull) -> tuple[float, float]:
        """Where a pull begins, and how much it takes, in per cent; never so little that it is not seen."""
        if not pull.dated:
            return 0.0, 0.0
        long = max((pull.last - pull.started) / self.seconds * 100, 1.0)
        return min((pull.started - self.start) / self.seconds * 100, 100 - min(long, 100.0)), min(long, 100.0)


def _instant(pull: Pull, form: str) -> str:
    return datetime.fromtimestamp(pull.started, UTC).strftime(form) if pull.dated else ""


def _told_apart(step: Step, pull: Pull) -> tuple[str, str]:
    """Title and words; a push asks for its blobs before its manifest says what each is, and a report knows both."""
    name, says = title(step), what(step, pull)
    known = pull.expected.get(step.digest) if pull.pushing and step.digest and step.expectation is None else None
    if known is None:
        return name, says
    blob = f"{known.kind} {known.number}/{known.of}" if known.number else str(known.kind)
    return (blob, says) if name == "blob" else (name, f"{says}, {blob}")


def _moving(pull: Pull) -> str:
    ways = [("sending", pull.bytes_sent), ("receiving", pull.bytes)]
    return " or ".join(word for word, number in ways if number) or "receiving"


def _step(step: Step, pull: Pull, roles: Roles, scale: Scale, lesson: Lesson) -> StepView:
    said: dict[tuple[str, str], list[str]] = {}
    for hop in step.hops:
        statuses = said.setdefault((hop.host, roles.of_hop(hop)), [])
        if statuses[-1:] != [_status(hop)]:
            statuses.append(_status(hop))
    chain = [(role, " ".join(statuses[-6:])) for (_, role), statuses in said.items()]
    name, says = _told_apart(step, pull)
    facts = [
        ("digest", plain(step.digest or "")),
        ("media type", plain(step.media_type or "")),
        ("size", f"{step.size} bytes" if step.size is not None else ""),
        ("platform", plain(step.platform or "")),
        (
            "verified",
            {True: "yes, the bytes have this digest", False: "NO: other bytes came"}.get(step.verified, "")
            if step.verified is not None
            else "",
        ),
    ]
    facts.append(("because", plain("; ".join(step.because), 1000)))
    hops = [_hop(hop, pull, roles, scale) for hop in step.hops]
    words = [name, says, str(step.outcome), *(part for place in chain for part in place)]
    words += [hop.host for hop in step.hops] + [step.digest or ""]
    return StepView(
        n=step.n,
        id=f"p{pull.id}-s{step.n}",
        title=name,
        says=says,
        chain=chain,
        failed=step.outcome is Outcome.FAILED,
        token=step.is_token,
        time=duration(step.seconds),
        bar=step_bar(step, scale, roles),
        lesson=lesson,
        facts=[(label, value) for label, value in facts if value],
        hops=hops,
        find=plain(" ".join(words), 2000).lower(),
    )


def _hop(hop: Hop, pull: Pull, roles: Roles, scale: Scale) -> HopView:
    times = [f"at {duration(hop.request.time - scale.start)}"] if hop.timed else []
    times += hop_times(hop)
    response = hop.response
    return HopView(
        request=f"{plain(hop.request.method, 16)} {plain(hop.request.url, 2000)}",
        role=roles.of_hop(hop),
        status=_status(hop),
        bad=hop.failed is not None or ((hop.status or 0) >= 400 and hop.step.outcome is Outcome.FAILED),
        times=" · ".join(times),
        note=hop_note(hop, pull),
        sent=_headers(hop.request.headers),
        received=_headers(response.headers) if response else [],
        location=plain(response.location, 2000) if response and response.location else "",
    )


def hop_view(hop: Hop) -> str:
    """An exchange of no pull, in one line."""
    return f"{plain(hop.request.method, 16)} {plain(hop.request.url, 600)}: {_status(hop)}"


def _headers(headers: Headers) -> list[tuple[str, str]]:
    return [(plain(name, 100), plain(value, 1000)) for name, value in headers]


def _status(hop: Hop) -> str:
    if hop.failed is not None:
        return f"{hop.status} cut off" if hop.status is not None else "no response"
    return str(hop.status) if hop.status is not None else "no response"


def _host(host: HostTally) -> HostView:
    text, evidence = host.label or ("", "")
    return HostView(
        host=plain(host.host, 253),
        roles=host.roles,
        label=text,
        evidence=plain(evidence),
        requests=host.requests,
        bytes=size(host.bytes),
    )


def prose(text: str) -> Markup:
    """Our own sentences, escaped, with what stands in backticks as code."""
    pieces = text.split("`")
    return Markup().join(
        Markup("<code>{}</code>").format(one) if number % 2 else one for number, one in enumerate(pieces)
    )


def finding_view(finding: Finding) -> FindingView:
    """A finding as it is shown."""
    return FindingView(
        code=plain(finding.code, 80),
        severity=str(finding.severity),
        message=plain(finding.message, 2000),
        fix=plain(finding.fix, 2000),
        steps=list(finding.steps),
    )
