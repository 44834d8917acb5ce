"""The story of a pull in lines: a header, a line a step, what went wrong unfolded, a closing line. Standard library only.
One file, because the lines of a pull follow on each other, and share their columns.

A function of what changed (`Change`), nothing else: no clock, no terminal. Lines are lists of styled pieces, so that the
same story is plain when piped and coloured on a terminal. As wide as it is told to be; strings from the wire pass `plain`.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from pullscope.oci.amounts import count, size
from pullscope.oci.plain import plain
from pullscope.render.closing_line import DOES, verdict
from pullscope.render.layout import WIDTH, Line, Piece, paint, wrap, wrap_command, wrap_fix, wrapped
from pullscope.render.names import client_line, heading, numbered, reference_line
from pullscope.render.step_lines import step_lines
from pullscope.render.wording import limit_words
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.hosts import Roles, rate_limit_of, tally
from pullscope.trace.model import Change, Ending, Pull
from pullscope.trace.source_gaps import lacking
from pullscope.trace.trace import Trace
from pullscope.trace.unseen_hosts import through_mirror

MOST_CLOSED = 64
"""Operations of which it is remembered what was told at their end; a trace lets no more of them go on."""

MOST_STEPS = 8
"""Step numbers that a finding's headline lists."""

FIX = " fix    "
"""What leads a fix; a severity is as wide."""

_MARGIN = " " * len(FIX)

_WORDS = {Severity.ERROR: "error", Severity.WARNING: "warn", Severity.INFO: "info"}

SEVERITY_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


class Story:
    """Writes changes as lines. `write` gets one finished line at a time."""

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        color: bool = False,
        verbose: bool = False,
        columns: Callable[[], int] = lambda: WIDTH,
    ) -> None:
        """`columns` is asked anew for each line, for a terminal may change."""
        self._write = write
        self._columns = columns
        self._color = color
        self._verbose = verbose
        self._active: dict[int, Pull] = {}
        self._roles: dict[int, Roles] = {}
        self._woven: set[int] = set()
        self._gone_on: set[int] = set()
        """Those that were said to go on after their end: once is enough."""
        self._headings: dict[int, str] = {}
        """What each open operation was called in its header: a guess, which its closing line corrects."""
        self._closed: OrderedDict[int, tuple[Finding, ...]] = OrderedDict()
        """The findings that were told of operations that ended a while ago, should one go on."""
        self._told = False

    def show(self, changes: Iterable[Change]) -> None:
        for change in changes:
            pull = change.pull
            if change.what == "refused":
                self._emit(refusal_lines(change, self._columns()), None)
            elif change.what == "finding" and change.finding is not None:
                self._emit(finding_lines(change.finding, self._width(pull)), pull)
            elif pull is None:
                continue
            elif change.what == "opened":
                if self._told:
                    self._emit([[("", None)]], None)
                self._begin(pull)
                self._roles[pull.id] = Roles()
                self._headings[pull.id] = heading(pull)
                self._emit(header_lines(pull, self._width(pull)), pull)
            elif change.what == "step" and change.step is not None:
                roles = self._roles.setdefault(pull.id, Roles())
                for hop in change.step.hops:
                    roles.add(hop)
                told = step_lines(change.step, pull, roles, verbose=self._verbose, width=self._width(pull))
                self._emit(told, pull)
            elif change.what == "reopened":
                self._begin(pull)
                self._headings[pull.id] = heading(pull)
                if pull.id not in self._gone_on:
                    self._emit([[(f"{numbered(pull)}  goes on", "bold")]], pull)
                self._gone_on.add(pull.id)
            elif change.what == "closed":
                self._emit(
                    closing_lines(
                        pull,
                        ended=change.time,
                        width=self._width(pull),
                        verbose=self._verbose,
                        called=self._headings.pop(pull.id, None),
                        known=self._closed.pop(pull.id, None),
                    ),
                    pull,
                )
                self._remember(pull)
                self._active.pop(pull.id, None)
                self._roles.pop(pull.id, None)
                self._woven.discard(pull.id)

    def tick(self, trace: Trace, now: float, arriving: Callable[[int], int]) -> None:
        """Lines do not move by themselves."""

    def close(self) -> None:
        """Nothing is open."""

    def _remember(self, pull: Pull) -> None:
        self._closed[pull.id] = bare_findings(pull)
        if len(self._closed) > MOST_CLOSED:
            self._gone_on.discard(self._closed.popitem(last=False)[0])

    def _begin(self, pull: Pull) -> None:
        """Two pulls at once are told side by side: each line says whose it is, until both have ended."""
        self._active[pull.id] = pull
        if len(self._active) > 1:
            self._woven.update(self._active)

    def _width(self, pull: Pull | None) -> int:
        return self._columns() - len(self._gutter(pull))

    def _gutter(self, pull: Pull | None) -> str:
        return f"{pull.id}| " if pull is not None and pull.id in self._woven else ""

    def _emit(self, lines: Iterable[Line], pull: Pull | None) -> None:
        gutter = self._gutter(pull)
        for line in lines:
            self._told = True
            self._write(paint([(gutter, "dim"), *line] if gutter else line, color=self._color))


def bare_findings(pull: Pull) -> tuple[Finding, ...]:
    """What was found, whatever the steps that it is found on: what was told once is not told again of more of them."""
    return tuple(map(_bare, pull.findings))


def _bare(finding: Finding) -> Finding:
    return replace(finding, steps=(), message=re.sub(r" \d+ times\b", "", finding.message))


def story_of(
    pull: Pull,
    *,
    verbose: bool = False,
    after: int = 0,
    known: Collection[Finding] | None = None,
    width: int = WIDTH,
) -> Iterator[Line]:
    """The whole story of a pull that is over; or, of one that went on after its end, what came `after` that step."""
    if after:
        yield [(f"{numbered(pull)}  goes on", "bold")]
    else:
        yield from header_lines(pull, width)
    roles = Roles()  # grows with the story, as it does live, so that both tell the same lines
    for step in pull.steps:
        for hop in step.hops:
            roles.add(hop)
        if step.n <= after:
            continue
        yield from step_lines(step, pull, roles, verbose=verbose, width=width)
        for place, finding in pull.told:
            if place == step.n:
                yield from finding_lines(finding, width)
    yield from closing_lines(pull, verbose=verbose, known=known, width=width)


def header_lines(pull: Pull, width: int = WIDTH) -> Iterator[Line]:
    """Whose pull, of what."""
    yield [(heading(pull), "bold")]
    margin = " " * len(f"{numbered(pull)}  ")
    yield from wrapped([(margin, None), (client_line(pull), "dim")], width)
    if through_mirror(pull):
        text = "(token requests, logins and what lies past the mirror are not seen)"
        yield from wrapped([(margin, None), (text, "dim")], width)


def closing_lines(
    pull: Pull,
    *,
    ended: float | None = None,
    width: int = WIDTH,
    verbose: bool = False,
    called: str | None = None,
    known: Collection[Finding] | None = None,
) -> Iterator[Line]:
    """What was wrong, how it ended, who sent what, and how much of the limit is left.

    `ended` is when it was closed, should it have gone on since; `called` what its header said, should that have been wrong;
    `known` are the findings that were told at an end before this one.
    """
    hops = [hop for step in pull.steps for hop in step.hops]
    yield from _found_lines(pull, width, known or (), verbose=verbose)
    style = {"complete": "green", "failed": "red", "incomplete": "yellow"}[pull.outcome]
    words = verdict(pull, ended=ended)
    if called is not None and not heading(pull).startswith(called):  # a push names its tag last
        noun, preposition = DOES[pull.action]
        same = called.partition("  ")[2] == reference_line(pull)
        words = f"{noun}, {words}" if same else f"{noun} {preposition} {reference_line(pull)}, {words}"
    yield from wrapped([(f"{pull.outcome}  ", style), (words, None)], width)
    if known is not None and pull.outcome is not Ending.COMPLETE:
        return  # once more what it was before: who did what was told then
    hosts = tally(hops)
    requests = max((len(count(host.requests, "request")) for host in hosts), default=0)
    roles = max((len("+".join(host.roles)) for host in hosts), default=0)
    room = width - len("  ") - max(roles, 8) - 2 - 2 - requests - 2 - 9
    names = max((len(plain(host.host, room)) for host in hosts), default=0)
    for host in hosts:
        unseen = any(hop.ok and hop.bytes is None and lacking(hop.request, "proxy") for hop in host.hops)
        came = "not known" if unseen and not host.bytes else size(host.bytes)
        tail = f"{count(host.requests, 'request'):>{requests}}  {came:>9}"
        name = plain(host.host, room)[:room]
        yield [("  ", None), (f"{'+'.join(host.roles):<{max(roles, 8)}}  ", "cyan"), (f"{name:<{names}}  {tail}", None)]
    for host in hosts:
        if "vanity" in host.roles and pull.outcome is Ending.COMPLETE:
            answers = count(host.requests, "request")
            sent = sum(hop.bytes or 0 for hop in hops if hop.host == host.host and hop.step.route.digest and hop.ok)
            text = f"{plain(host.host, 253)} answered {answers} and sent {sent} bytes of the image"
            yield from wrapped([("  ", None), (text, "dim")], width)
    yield from _limit_lines(pull, width)


def _limit_lines(pull: Pull, width: int) -> Iterator[Line]:
    limit = rate_limit_of(pull)
    if limit is None:
        return
    low = limit.limit is not None and limit.remaining_after * 10 < limit.limit
    yield from wrapped([("  rate limit: ", "dim"), (limit_words(limit), "yellow" if low else "dim")], width)


def _found_lines(pull: Pull, width: int, known: Collection[Finding], *, verbose: bool) -> Iterator[Line]:
    """The findings at the end: those that were told a while ago by name, those that were just told not again."""
    told = {(one.code, one.severity, one.fix): (after, one) for after, one in pull.told}
    failed = any(finding.severity is Severity.ERROR for finding in pull.findings)
    for finding in pull.findings:
        if _bare(finding) in known:
            continue
        after, before = told.get((finding.code, finding.severity, finding.fix), (None, None))
        if after is None:
            if verbose or not (failed and finding.severity is Severity.INFO):  # first things first
                yield from finding_lines(finding, width)
        elif after < len(pull.steps) or before != finding:
            yield [
                severity_lead(finding.severity),
                (f"{_headline(finding)}: see above", SEVERITY_STYLES[finding.severity]),
            ]


def finding_lines(finding: Finding, width: int = WIDTH) -> Iterator[Line]:
    """What is wrong, why, and what to do."""
    return told_lines(finding.severity, _headline(finding), finding.message, finding.fix, width)


def told_lines(
    severity: Severity, headline: str, message: str, fix: str | None, width: int, *, pasted: bool = False
) -> Iterator[Line]:
    """How the story and every command say what is wrong; a `pasted` fix is a command as a whole."""
    yield from wrapped([severity_lead(severity), (headline, SEVERITY_STYLES[severity])], width)
    for text in wrap(plain(message, 1200), width - len(_MARGIN)):
        yield [(_MARGIN, None), (text, None)]
    yield from fix_lines(plain(fix or "", None if pasted else 1200), width, pasted=pasted)


def fix_lines(fix: str, width: int, *, pasted: bool = False) -> Iterator[Line]:
    wrapping = wrap_command if pasted else wrap_fix
    for number, text in enumerate(wrapping(fix, width - len(_MARGIN)) if fix else ()):
        yield [(FIX, "green") if number == 0 else (_MARGIN, None), (text, None)]


def severity_lead(severity: Severity) -> Piece:
    return (f" {_WORDS[severity]:<6} ", SEVERITY_STYLES[severity])


def _headline(finding: Finding) -> str:
    numbers = [str(number) for number in finding.steps[:MOST_STEPS]]
    if len(finding.steps) > MOST_STEPS:
        numbers.append("...")
    if not numbers:
        return finding.code
    return f"{finding.code} ({'step' if len(finding.steps) == 1 else 'steps'} {', '.join(numbers)})"


def refusal_lines(change: Change, width: int = WIDTH) -> Iterator[Line]:
    """A client that would not talk to the proxy."""
    host = plain(change.text or "an unnamed host", 60)
    yield from wrapped(
        [("refused  ", "red"), (f"a client does not trust the proxy's certificate for {host}", "red")], width
    )
    if change.finding is not None:
        yield from finding_lines(change.finding, width)
