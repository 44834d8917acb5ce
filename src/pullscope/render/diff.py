"""Two pulls beside each other: the same content, and which requests, hosts, bytes and seconds the second costs more.

It reads two pulls as the JSON report has them (docs/report-format.md), so that recordings and saved reports are compared
alike. What is missing there is not known here, and is not taken for a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pullscope.oci.amounts import duration, size
from pullscope.oci.plain import plain
from pullscope.oci.verdicts import Problem
from pullscope.render.layout import WIDTH, Line, wrapped
from pullscope.render.names import media_name

Json = Mapping[str, Any]
T = TypeVar("T", int, float)

_LONGEST_REFERENCE, _LONGEST_WORD, _MOST_CODES = 300, 80, 20
"""Characters of a reference and of a digest, host or number; findings and pieces of content that are named."""

_CONTENT = ("manifest-list", "manifest", "config", "layer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """What counts of one pull."""

    reference: str
    client: str
    outcome: str
    digest: str | None
    platform: str | None
    content: Mapping[str, tuple[str, str]]
    """Digest to kind and media type of what was fetched."""
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
        return frozenset(self.a.content) - set(self.b.content), frozenset(self.b.content) - set(self.a.content)

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
            found.append(Problem("digest-differs", message))
        if self.a.outcome == "complete" and self.b.outcome != "complete":
            message = f"A is complete, B is not: {_word(self.b.outcome)}."
            found.append(Problem("outcome-differs", message))
        if "complete" not in (self.a.outcome, self.b.outcome):
            outcomes = self.a.outcome if self.a.outcome == self.b.outcome else f"{self.a.outcome} and {self.b.outcome}"
            message = f"Neither pull is complete ({_word(outcomes)}), so the comparison proves nothing."
            found.append(Problem("neither-complete", message))
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
            content={
                str(step["digest"]): (str(step["kind"]), str(step.get("media_type") or ""))
                for step in pull["steps"]
                if step["kind"] in _CONTENT and step["digest"] and step["outcome"] == "ok"
            },
            requests=len(hops),
            redirects=sum(1 for hop in hops if hop["location"]),
            bytes=_bytes(pull["bytes"]),
            seconds=None if pull["seconds"] is None else float(pull["seconds"]),
            hosts={str(host["host"]): (int(host["requests"]), _bytes(host["bytes"])) for host in pull["hosts"]},
            kinds=Counter(str(step["kind"]) for step in pull["steps"]),
            findings=tuple(str(one["code"]) for one in pull["findings"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("a pull in it does not have the form of a report") from error


def _bytes(said: Any) -> int:
    """A number of bytes; more than there can be are as many as can."""
    return min(int(said or 0), 2**63)


def difference_json(found: Difference) -> dict[str, Any]:
    """The facts, for `--json`; problems and verdict are put around it."""
    only_a, only_b = found.only_in
    return {
        "a": _side_json(found.a),
        "b": _side_json(found.b),
        "same_digest": found.same_digest,
        "content": {
            "both": len({*found.a.content} & {*found.b.content}),
            "only_a": sorted(only_a),
            "only_b": sorted(only_b),
        },
        "extra": {
            "requests": found.b.requests - found.a.requests,
            "redirects": found.b.redirects - found.a.redirects,
            "bytes": found.b.bytes - found.a.bytes,
            "seconds": None
            if found.a.seconds is None or found.b.seconds is None
            else round(found.b.seconds - found.a.seconds, 6),
        },
        "hosts": {"only_a": list(found.gone_hosts), "only_b": list(found.new_hosts)},
        "steps": {
            kind: found.b.kinds.get(kind, 0) - found.a.kinds.get(kind, 0)
            for kind in sorted({*found.a.kinds, *found.b.kinds})
            if found.b.kinds.get(kind, 0) != found.a.kinds.get(kind, 0)
        },
    }


def difference_lines(found: Difference, width: int = WIDTH) -> Iterator[Line]:
    """The same for a person. A report may come from another machine, so each value is made plain and cut."""
    a, b = found.a, found.b
    for label, side in (("A", a), ("B", b)):
        yield from _text(label, f"{_named(side)}, {_word(side.client.partition('+')[0])}, {_word(side.outcome)}", width)
    for words in _content_words(found):
        yield from _text("", words, width)
    longer = None if a.seconds is None or b.seconds is None else b.seconds - a.seconds
    rows = (
        ("requests", str(a.requests), str(b.requests), _more(b.requests - a.requests, str)),
        ("redirects", str(a.redirects), str(b.redirects), _more(b.redirects - a.redirects, str)),
        ("bytes", size(a.bytes), size(b.bytes), _more(b.bytes - a.bytes, size)),
        ("time", _time(a.seconds), _time(b.seconds), "not known" if longer is None else _more(longer, _time)),
    )
    yield [(f"   {'':<10}{'A':>11}{'B':>11}{'B - A':>11}", "dim")]
    for name, left, right, more in rows:
        yield [(f"   {name:<10}{_word(left):>11}{_word(right):>11}{_word(more):>11}", None)]
    yield from _host_lines(found, width)
    yield from _fetched_lines(found, width)
    for label, own, other in (("A", a, b), ("B", b, a)):
        codes = [code for code in own.findings if code not in other.findings]
        if codes:
            more = f", and {len(codes) - _MOST_CODES} more" if len(codes) > _MOST_CODES else ""
            found_only = ", ".join(_word(code) for code in codes[:_MOST_CODES])
            yield from _text("", f"Found in {label} only: {found_only}{more}", width)


def _host_lines(found: Difference, width: int) -> Iterator[Line]:
    """Which hosts each side asked; a host on a line of its own where both do not fit into one."""
    rows = []
    for host in [*found.b.hosts, *found.gone_hosts]:
        mark = "only B" if host in found.new_hosts else "only A" if host in found.gone_hosts else "both"
        before, after = found.a.hosts.get(host, (0, 0)), found.b.hosts.get(host, (0, 0))
        requests = _word(_change(*map(str, (before[0], after[0]))))
        noun = "request" if requests == "1" else "requests"
        rows.append((mark, _word(host), f"{requests} {noun}", _word(_change(size(before[1]), size(after[1])))))
    name, counts = (max((len(row[at]) for row in rows), default=0) for at in (1, 2))
    apart = any(3 + 8 + name + 2 + counts + 2 + len(row[3]) > width for row in rows)
    for mark, host, requests, volume in rows:
        if apart:
            yield [(f"   {mark:<8}{host}", None)]
        yield [
            (f"   {'' if apart else mark:<8}{'' if apart else f'{host:<{name}}  '}{requests:>{counts}}  {volume}", None)
        ]


def _fetched_lines(found: Difference, width: int) -> Iterator[Line]:
    """What each side fetched, by its whole digest, where that and the media type have the room."""
    rows = []
    for digest, (kind, media_type) in {**found.a.content, **found.b.content}.items():
        mark = "only B" if digest not in found.a.content else "both" if digest in found.b.content else "only A"
        rows.append(
            f"   {mark:<8}{_word(kind).replace('-', ' '):<14}{_word(digest)}  {media_name(media_type)}".rstrip()
        )
    if max(map(len, rows), default=0) <= width:
        for row in rows[:_MOST_CODES]:
            yield [(row, None)]


def _change(before: str, after: str) -> str:
    return after if before == after else f"{before} → {after}"


def _content_words(found: Difference) -> Iterator[str]:
    same = found.same_digest
    if same is None:
        yield "Not known whether it is the same image: one of them was never resolved."
    elif same:
        yield f"Same digest: {_word(found.a.digest)}"
    else:
        yield f"DIFFERENT: A is {_word(found.a.digest)}"
        yield f"B is {_word(found.b.digest)}"
    only_a, only_b = found.only_in
    both = len({*found.a.content} & {*found.b.content})
    if (only_a or only_b) and found.a.outcome == found.b.outcome == "complete":
        yield f"Fetched by A only: {len(only_a)}, by B only: {len(only_b)}, by both: {both}."


def _text(label: str, words: str, width: int) -> Iterator[Line]:
    return wrapped([(f"{label:<3}", "bold"), (words, None)], width)


def _named(side: Side) -> str:
    return plain(side.reference, _LONGEST_REFERENCE)


def _word(value: object) -> str:
    return plain(str(value), _LONGEST_WORD)


def _time(seconds: float | None) -> str:
    return duration(seconds) or "not known"


def _more(number: T, words: Callable[[T], str]) -> str:
    """`+12`, `-1.5 kB`, `0`."""
    return f"{'+' if number > 0 else '-'}{words(abs(number))}" if number else "0"


def _side_json(side: Side) -> dict[str, Any]:
    names = ("reference", "client", "outcome", "digest", "platform", "requests", "redirects", "bytes", "seconds")
    hosts = [{"host": host, "requests": asked, "bytes": came} for host, (asked, came) in side.hosts.items()]
    return {name: getattr(side, name) for name in names} | {"hosts": hosts, "findings": list(side.findings)}
