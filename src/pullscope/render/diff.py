"""Two pulls beside each other: the same content, and which requests, hosts, bytes and seconds the second costs more.

It reads two pulls as the JSON report has them (docs/report-format.md), so that recordings and saved reports are compared
alike. What is missing there is not known here, and is not taken for a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pullscope.oci.verdicts import Problem
from pullscope.render.plain import plain

Json = Mapping[str, Any]

_LONGEST_REFERENCE, _LONGEST_WORD, _MOST_CODES = 300, 80, 20
"""Characters of a reference and of a digest, host or number; findings that are named."""

_CONTENT = ("manifest-list", "manifest", "config", "layer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """What counts of one pull."""

    reference: str
    client: str
    outcome: str
    digest: str | None
    platform: str | None
    content: frozenset[str]
    """Digests of what was fetched."""
    requests: int
    redirects: int
    bytes: int
    seconds: float | None
    """None where one of them does not say."""
    hosts: Mapping[str, tuple[int, int]]
    """Host to requests and bytes."""
    kinds: Mapping[str, int]
    findings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Two sides, and what follows from them."""

    a: Side
    b: Side

    @property
    def same_digest(self) -> bool | None:
        """None where one of them was never resolved."""
        if self.a.digest is None or self.b.digest is None:
            return None
        return self.a.digest == self.b.digest

    @property
    def only_in(self) -> tuple[frozenset[str], frozenset[str]]:
        """Content that only one side fetched; of two platforms, or where one had some of it already, that is expected."""
        return self.a.content - self.b.content, self.b.content - self.a.content

    @property
    def new_hosts(self) -> tuple[str, ...]:
        return tuple(host for host in self.b.hosts if host not in self.a.hosts)

    @property
    def gone_hosts(self) -> tuple[str, ...]:
        return tuple(host for host in self.a.hosts if host not in self.b.hosts)

    def problems(self) -> tuple[Problem, ...]:
        """What makes the second no stand-in for the first, or keeps that from being known."""
        found = []
        if self.same_digest is False:
            message = f"{_named(self.a)} is {_word(self.a.digest)}, {_named(self.b)} is {_word(self.b.digest)}."
            found.append(Problem(code="digest-differs", message=message))
        if self.a.outcome == "complete" and self.b.outcome != "complete":
            message = f"The first pull is complete, the second is {_word(self.b.outcome)}."
            found.append(Problem(code="outcome-differs", message=message))
        if "complete" not in (self.a.outcome, self.b.outcome):
            outcomes = self.a.outcome if self.a.outcome == self.b.outcome else f"{self.a.outcome} and {self.b.outcome}"
            message = f"Neither pull is complete ({_word(outcomes)}), so their likeness proves nothing."
            found.append(Problem(code="neither-complete", message=message))
        return tuple(found)


def side_of(pull: Json) -> Side:
    """One pull of a report; ValueError for anything else."""
    try:
        hops = [hop for step in pull["steps"] for hop in step["hops"]]
        return Side(
            reference=str(pull["reference"]),
            client=" ".join(str(word) for word in (pull["client"]["family"], pull["client"]["version"]) if word),
            outcome=str(pull["outcome"]),
            digest=pull["digest"],
            platform=pull["platform"],
            content=frozenset(
                str(step["digest"])
                for step in pull["steps"]
                if step["kind"] in _CONTENT and step["digest"] and step["outcome"] == "ok"
            ),
            requests=len(hops),
            redirects=sum(1 for hop in hops if hop["location"]),
            bytes=int(pull["bytes"] or 0),
            seconds=None if pull["seconds"] is None else float(pull["seconds"]),
            hosts={str(host["host"]): (int(host["requests"]), int(host["bytes"] or 0)) for host in pull["hosts"]},
            kinds=Counter(str(step["kind"]) for step in pull["steps"]),
            findings=tuple(str(one["code"]) for one in pull["findings"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("a pull in it is not in the form of a report") from error


def difference_json(found: Difference) -> dict[str, Any]:
    """The facts, for `--json`; problems and verdict are put around it."""
    only_a, only_b = found.only_in
    return {
        "a": _side_json(found.a),
        "b": _side_json(found.b),
        "same_digest": found.same_digest,
        "content": {"both": len(found.a.content & found.b.content), "only_a": sorted(only_a), "only_b": sorted(only_b)},
        "extra": {
            "requests": found.b.requests - found.a.requests,
            "redirects": found.b.redirects - found.a.redirects,
            "bytes": found.b.bytes - found.a.bytes,
            "seconds": _longer(found.a, found.b),
        },
        "hosts": {"only_a": list(found.gone_hosts), "only_b": list(found.new_hosts)},
        "steps": {
            kind: found.b.kinds.get(kind, 0) - found.a.kinds.get(kind, 0)
            for kind in sorted({*found.a.kinds, *found.b.kinds})
            if found.b.kinds.get(kind, 0) != found.a.kinds.get(kind, 0)
        },
    }


def _longer(a: Side, b: Side) -> float | None:
    return None if a.seconds is None or b.seconds is None else round(b.seconds - a.seconds, 6)


def _seconds(value: float | None, sign: str = "") -> str:
    return "not known" if value is None else f"{value:{sign}.2f}"


def difference_lines(found: Difference) -> Iterator[str]:
    """The same for a person. A report may come from another machine, so each value is made plain and cut."""
    a, b = found.a, found.b
    for label, side in (("A", a), ("B", b)):
        yield f"{label}  {_named(side)}  {_word(side.client)}, {_word(side.outcome)}"
    yield from _content_lines(found)
    rows: Sequence[tuple[str, str, str, str]] = (
        ("requests", str(a.requests), str(b.requests), _more(b.requests - a.requests)),
        ("redirects", str(a.redirects), str(b.redirects), _more(b.redirects - a.redirects)),
        ("bytes", _word(a.bytes), _word(b.bytes), _word(_more(b.bytes - a.bytes))),
        ("seconds", _seconds(a.seconds), _seconds(b.seconds), _seconds(_longer(a, b), sign="+")),
    )
    yield f"  {'':<12}{'A':>10}{'B':>10}{'B - A':>10}"
    for name, left, right, more in rows:
        yield f"  {name:<12}{left:>10}{right:>10}{more:>10}"
    for host in [*b.hosts, *found.gone_hosts]:
        before, after = a.hosts.get(host, (0, 0)), b.hosts.get(host, (0, 0))
        mark = "only B" if host in found.new_hosts else "only A" if host in found.gone_hosts else "both"
        counts = f"{_word(before[0]):>4} → {_word(after[0]):<4} requests, {_word(before[1])} → {_word(after[1])} B"
        yield f"  {mark:<7}{_word(host):<40}{counts}"
    for label, own, other in (("A", a, b), ("B", b, a)):
        codes = [code for code in own.findings if code not in other.findings]
        if codes:
            more = f", and {len(codes) - _MOST_CODES} more" if len(codes) > _MOST_CODES else ""
            yield f"  only {label}: {', '.join(_word(code) for code in codes[:_MOST_CODES])}{more}"


def _content_lines(found: Difference) -> Iterator[str]:
    same = found.same_digest
    if same is None:
        yield "Not known whether it is the same: one of them was never resolved."
    elif same:
        yield f"Same digest: {_word(found.a.digest)}"
    else:
        yield f"DIFFERENT: A is {_word(found.a.digest)}"
        yield f"           B is {_word(found.b.digest)}"
    only_a, only_b = found.only_in
    if (only_a or only_b) and found.a.outcome == found.b.outcome == "complete":
        yield f"Fetched by A only: {len(only_a)}, by B only: {len(only_b)}, by both: {len(found.a.content & found.b.content)}."


def _named(side: Side) -> str:
    return plain(side.reference, _LONGEST_REFERENCE)


def _word(value: object) -> str:
    return plain(str(value), _LONGEST_WORD)


def _more(number: int) -> str:
    return f"{number:+d}" if number else "0"


def _side_json(side: Side) -> dict[str, Any]:
    return {
        "reference": side.reference,
        "client": side.client,
        "outcome": side.outcome,
        "digest": side.digest,
        "platform": side.platform,
        "requests": side.requests,
        "redirects": side.redirects,
        "bytes": side.bytes,
        "seconds": side.seconds,
        "findings": list(side.findings),
    }
