"""What is asked of many operations together: which hosts they need, and how many ended how. Text, made of the same trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from pullscope.oci.amounts import count, size
from pullscope.oci.plain import plain
from pullscope.render.formats import Told
from pullscope.render.layout import Line, paint, wrapped
from pullscope.render.lines import SEVERITY_STYLES
from pullscope.render.names import client_line, reference_line
from pullscope.trace.findings.finding import Finding
from pullscope.trace.hosts import Needed, needed, tally
from pullscope.trace.model import Ending, Pull

COUNTS = 29
"""Columns of the counts of a summary; where they leave no room for each of the names, these stand above them."""

HEADS = ("host and port", "role", "operations", "requests", "bytes")
LEAST = ("host and port", "role", "bytes")
"""What stays where the line is too narrow for all."""

STYLES = {Ending.COMPLETE: "green", Ending.FAILED: "red", Ending.INCOMPLETE: "yellow"}

OF_STORAGE = (
    "The hosts of a CDN can change: allow those that the registry's owner publishes. This list is what was needed here."
)


def hosts(told: Told) -> str:
    """Each host and port that an operation asked, most requests first: what a firewall has to let through."""
    found = needed(tally(pull.hops) for pull in told.pulls)
    if not found:
        return ""
    table = [HEADS, *((plain(host.name, 260), "+".join(host.roles), *_numbers(host)) for host in found)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    columns = [*range(len(HEADS))]
    while sum(widths[at] + 2 for at in columns) - 2 > told.width and len(columns) > len(LEAST):
        del columns[len(LEAST) - 1]
    lines: list[Line] = []
    for row in table:
        cells = [f"{row[at]:<{widths[at]}}" if at < 2 else f"{row[at]:>{widths[at]}}" for at in columns]
        style = "dim" if row is HEADS else None
        lines.append([(f"{cells[0]}  ", style), (cells[1], style or "cyan"), ("  " + "  ".join(cells[2:]), style)])
    if any("cdn" in host.roles for host in found):
        lines += [[("", None)], *wrapped([("", None), (OF_STORAGE, "dim")], told.width)]
    return _text(lines, told)


def _numbers(host: Needed) -> tuple[str, str, str]:
    return f"{host.operations:,}", f"{host.requests:,}", size(host.bytes)


def summary(told: Told) -> str:
    """How many operations there were, and of each outcome, image, client and finding."""
    pulls = told.pulls
    ends = Counter(pull.outcome for pull in pulls)
    line: Line = [(f"{count(len(pulls), 'operation')}: ", "bold")]
    for number, (ending, style) in enumerate(STYLES.items()):
        line += [(", " if number else "", None), (f"{ends[ending]} {ending}", style if ends[ending] else "dim")]
    lines: list[Line] = [line, *wrapped([("", None), (_when_and_how_much(pulls), "dim")], told.width)]
    for title, name_of in (("image", reference_line), ("client", client_line)):
        lines += _by(title, pulls, name_of, told.width)
    lines += _by_finding([*told.findings, *(finding for pull in pulls for finding in _once(pull))])
    return _text(lines, told)


def _when_and_how_much(pulls: Sequence[Pull]) -> str:
    came, went = sum(pull.bytes for pull in pulls), sum(pull.bytes_sent for pull in pulls)
    words = f"received {size(came)}, sent {size(went)}"
    dated = [pull for pull in pulls if pull.dated]
    if not dated:
        return words
    first, last = min(pull.started for pull in dated), max(pull.last for pull in dated)
    began, ended = _instant(first), _instant(last)
    return f"{words}, {began} UTC" if began == ended else f"{words}, {began} to {ended} UTC"


def _instant(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _by(title: str, pulls: Sequence[Pull], name_of: Callable[[Pull], str], width: int) -> Iterator[Line]:
    """A line a name, the most frequent first, of equals the first seen."""
    groups: dict[str, list[Pull]] = {}
    for pull in pulls:
        groups.setdefault(name_of(pull), []).append(pull)
    yield [("", None)]
    yield [(f"count  not complete  received  {title}", "dim")]
    beside = COUNTS + 2 + max(map(len, groups), default=0) <= width
    for name, group in sorted(groups.items(), key=lambda item: -len(item[1])):
        bad = sum(pull.outcome is not Ending.COMPLETE for pull in group)
        row: Line = [(f"{len(group):>5}", None), (f"{bad or '':>14}", "red")]
        numbers = f"  {size(sum(pull.bytes for pull in group)):>8}"
        if beside:
            yield [*row, (f"{numbers}  {name}", None)]
        else:
            yield [(name, None)]
            yield [*row, (numbers, None)]


def _once(pull: Pull) -> list[Finding]:
    """Its findings, each code once, the most severe of it."""
    return list({finding.code: finding for finding in reversed(pull.findings)}.values())


def _by_finding(findings: Sequence[Finding]) -> Iterator[Line]:
    if not findings:
        return
    yield [("", None)]
    yield [("count  severity  finding", "dim")]
    counted = Counter((finding.severity, finding.code) for finding in findings)
    for (severity, code), number in sorted(counted.items(), key=lambda item: (item[0][0].rank, -item[1])):
        yield [(f"{number:>5}  ", None), (f"{severity:<8}  {code}", SEVERITY_STYLES[severity])]


def _text(lines: Sequence[Line], told: Told) -> str:
    return "".join(f"{paint(line, color=told.color)}\n" for line in lines)
