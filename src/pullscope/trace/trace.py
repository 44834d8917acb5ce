"""The trace: events in, changes out. `feed` each event in the order of its time, `tick` with the time when live, `finish`.
One file, because `feed`, `tick` and `finish` share the open steps and operations.

This file holds the order of things and the memory: exchanges that are under way, and the pulls that are told.
What belongs together is decided in `stitch` (requests to steps) and `grouping` (steps to pulls, by `evidence`), what a step is
in `kinds`, when it is over in `settle`, when a pull is in `lifecycle`, and what it came to in `conclude`; `open_pulls` holds the
pulls that are open. Time is event time only, so a replay is the live path with old timestamps. An error of ours in one
operation is not a reason to lose the others: it is handed to `on_error`, and that operation ends as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TypeVar

from pullscope.oci.documents import read_manifest
from pullscope.oci.routes import Endpoint, route
from pullscope.trace.bounded_table import Newest
from pullscope.trace.conclude import came_whole, conclude, guess_of, is_another_site, link_copy
from pullscope.trace.events import Event, Failed, Finished, Relayed, Requested, Responded, TlsRefused, Uploaded
from pullscope.trace.findings.finding import Finding
from pullscope.trace.findings.watching import Findings
from pullscope.trace.grouping import Grouper, is_worth_telling, line_up
from pullscope.trace.kinds import learn_pushed
from pullscope.trace.lifecycle import deadline, out_of_patience
from pullscope.trace.model import Action, Change, Hop, Kind, Outcome, Pull, Step
from pullscope.trace.open_pulls import OpenPulls
from pullscope.trace.open_steps import OpenSteps
from pullscope.trace.reading import read
from pullscope.trace.refusals import Refusal, Refusals
from pullscope.trace.relayed_bytes import Relays, never_came
from pullscope.trace.settle import is_unfinished, may_continue, number, over_at, resume, settle, was_asked_and_not_there
from pullscope.trace.stitch import Stitcher
from pullscope.trace.tokens import read_token_facts
from pullscope.trace.unseen_hosts import (
    host_out_of_sight,
    is_refused,
    is_relayed,
    may_have_gone_on,
    note_answered,
    note_asked,
    through_mirror,
    turns_out_sent_on,
)

MOST_LEFT_OVER = 1_000
"""Exchanges without an operation that are remembered."""

MOST_JUST_ENDED = 64
"""Exchanges that have ended and may be asked for once more."""

MOST_STEPS_KEPT = 100_000
"""Steps of ended pulls that are remembered, where the number of pulls is bounded at all."""


def _raise(error: Exception) -> None:
    raise error


T = TypeVar("T")


class Trace:
    """What happened so far. `keep` bounds how many ended pulls are remembered (None: all of them).

    `on_error` is told of an error of ours, and everything else goes on; without it, it is raised.
    """

    def __init__(self, *, keep: int | None = None, on_error: Callable[[Exception], None] = _raise) -> None:
        self.pulls: list[Pull] = []
        self.unattributed: list[Hop] = []
        self._keep = keep
        self._on_error = on_error
        self._open_pulls = OpenPulls()
        self._grouper = Grouper(self._open_pulls)
        self._stitcher = Stitcher(self._grouper.affinity, self._grouper.moved, self._grouper.is_fresh)
        self._hops: dict[int, Hop] = {}
        self._just_ended: Newest[int, Hop] = Newest(MOST_JUST_ENDED)
        self._refusals = Refusals()
        self._relays = Relays()
        self._findings = Findings()
        self._opened = 0
        self._told_steps = 0
        self._changes: list[Change] = []

    @property
    def refusals(self) -> list[Refusal]:
        """The clients that would not talk to the proxy, each once for each host."""
        return self._refusals.all()

    @property
    def findings(self) -> list[Finding]:
        """What is wrong and belongs to no single pull."""
        return self._findings.of_no_operation

    def feed(self, event: Event) -> list[Change]:
        """Take in one event; what changed for a viewer."""
        self._changes = []
        self._advance(event.time)
        try:
            self._take_in(event)
        except Exception as error:
            self._on_error(error)
            hop = None if isinstance(event, TlsRefused | Relayed) else self.hop(event.exchange)
            if hop is not None and hop.step.pull is not None:
                self._give_up(hop.step.pull)
        return self._changes

    def _take_in(self, event: Event) -> None:
        match event:
            case Requested():
                self._requested(event)
            case Uploaded():
                self._uploaded(event)
            case Responded():
                self._responded(event)
            case Finished() | Failed():
                self._ended(event)
            case TlsRefused():
                self._refused(event)
            case Relayed():
                self._relayed(event)

    def tick(self, now: float) -> list[Change]:
        """Let time pass without an event: what has been quiet for long enough is closed."""
        self._changes = []
        self._advance(now)
        return self._changes

    def finish(self, *, cut_off: bool = False, at: float | None = None) -> list[Change]:
        """The input has ended: nothing more will come. `cut_off`: its end is known to be missing.

        `at`: when it did, where a client was connected then. What had only just been sent on may not have come.
        """
        self._changes = []
        if at is not None:
            self._advance(at)
        for pull in [*self._open_pulls.open]:
            self._alone(pull, partial(self._finish, pull, cut_off=cut_off, connected=at is not None))
        return self._changes

    def _finish(self, pull: Pull, *, cut_off: bool, connected: bool) -> None:
        no_way_to_know = cut_off or (connected and not through_mirror(pull))
        for step in [*pull.open_steps]:
            if not step.in_flight:
                unfinished = is_unfinished(step, cut_off=cut_off)
                self._settle(step, unfinished=unfinished, cut_off=no_way_to_know)
        self._close(pull, cut_off=cut_off)

    def hop(self, exchange: int) -> Hop | None:
        """The hop of an exchange that is under way or has just ended; None for traffic that is not a registry's."""
        return self._hops.get(exchange) or self._just_ended.get(exchange)

    # -- events -------------------------------------------------------------------------------------------------------

    def _requested(self, event: Requested) -> None:
        if event.exchange in self._hops:
            self._ended(Failed(time=event.time, exchange=event.exchange, reason="its end was not seen"))
        hop, answers = self._stitcher.place(event, route(event.url, event.headers))
        if hop is None:
            return
        self._hops[event.exchange] = hop
        step = hop.step
        if step.settled:
            self._resume(step)
        if len(step.hops) > 1:
            self._grouper.correct(hop)
        if len(step.hops) == 1:
            for over in self._grouper.begin(step, answers):
                self._alone(over, partial(self._close, over))
            if step.answers is not None:
                self._stitcher.answered(event, step.answers)
            if step.under is not None and step.under.settled:
                self._resume(step.under)
        pull = step.pull
        if pull is None:
            self.unattributed.append(hop)
            del self.unattributed[:-MOST_LEFT_OVER]
            return
        note_asked(hop, pull)
        turns_out_sent_on(pull, self._refusals)
        if pull.pushing or pull.process is not None:
            for other in [*pull.open_steps]:
                if other is not step and was_asked_and_not_there(other):
                    self._settle(other)
        if len(step.hops) == 1 and len(pull.open_steps) > 1:
            self._settle_superseded(step, pull)
        self._grouper.heard(hop)
        self._touch(pull, event.time)
        self._announce(pull)

    def _settle_superseded(self, step: Step, pull: Pull) -> None:
        """What is asked for elsewhere by now (a mirror, then the registry) will not be asked for again there, nor `/v2/`."""
        places, named = (step.place, (Endpoint.PING, None, None)), (step.route.named, None)
        for other in [other for name in dict.fromkeys(named) for other in pull.open_steps.of(name)]:
            if not (step.is_token or other is step or other.is_token or other.in_flight) and other.place in places:
                self._settle(other)

    def _uploaded(self, event: Uploaded) -> None:
        hop = self.hop(event.exchange)  # a server may answer before it has heard everything
        if hop is not None:
            hop.uploaded = replace(event, document=None)
            if event.document is not None and hop.step.is_token:
                hop.step.token = read_token_facts(hop, event.document)
            elif event.document is not None and hop.step.route.endpoint is Endpoint.MANIFEST:
                hop.step.document = read_manifest(event.document, hop.request.headers.get("content-type"))

    def _responded(self, event: Responded) -> None:
        hop = self._hops.get(event.exchange)
        if hop is None:
            return
        hop.response, hop.status = event, event.status
        self._stitcher.responded(hop)
        if hop.step.pull is not None:
            self._touch(hop.step.pull, event.time)

    def _ended(self, event: Finished | Failed) -> None:
        hop = self._hops.pop(event.exchange, None)
        if hop is None:
            return
        self._just_ended[event.exchange] = hop
        step = hop.step
        step.under_way -= 1
        if isinstance(event, Failed) and came_whole(hop, event):
            event = Finished(time=event.time, exchange=event.exchange, bytes=event.bytes, sha256=None)
        if isinstance(event, Failed):
            hop.failed = event
            self._stitcher.failed(hop)
        else:
            hop.finished = replace(event, document=None) if event.document is not None else event
            read(hop, event, self._open_pulls, self._stitcher, self._findings)
        if step.pull is not None:
            note_answered(hop, step.pull)
            self._touch(step.pull, event.time)
        if not may_continue(step) or is_relayed(step):
            self._settle(step)

    def _relayed(self, event: Relayed) -> None:
        """Bytes of a connection that is only relayed: the client that was redirected there goes on unseen."""
        for pull in self._relays.hear(event, self._open_pulls.of_client(event.client)):
            self._touch(pull, event.time)
            for step in [*pull.open_steps]:
                if is_relayed(step):
                    self._settle(step)

    def _refused(self, event: TlsRefused) -> None:
        """A client that does not trust the proxy tries again and again; that it refuses is news once."""
        if not self._findings.is_spare(event, self.pulls) and self._refusals.add(event):
            finding = self._findings.refused(event, self.pulls)
            self._changes.append(Change(what="refused", text=event.host, finding=finding, time=event.time))

    # -- endings ------------------------------------------------------------------------------------------------------

    def _settle(self, step: Step, *, unfinished: bool = False, cut_off: bool = False) -> None:
        if step.settled:
            return
        if step.last.redirects:
            if step.pull is not None and not cut_off:
                step.sent_on_to = host_out_of_sight(step, step.pull, self._refusals)
                unfinished = step.sent_on_to is None and (unfinished or may_have_gone_on(step, self._refusals))
            unfinished = unfinished and not is_refused(step.last, self._refusals)
        settle(step, step.pull, unfinished=unfinished)
        self._stitcher.forget(step)
        line_up(step)
        if step.pull is not None:
            if step.digest is not None and step.digest == step.pull.digest:
                self._open_pulls.inherit(step.pull)
            if step.kind is Kind.MANIFEST_PUT and step.outcome is Outcome.OK:
                learn_pushed(step.pull, step)
            self._announce(step.pull)

    def _resume(self, step: Step) -> None:
        if step.pull is not None:
            self._told_steps -= step.n > 0
            resume(step, step.pull)
            self._stitcher.may_repeat(step.first)

    def _announce(self, pull: Pull) -> None:
        """Give numbers to what is settled, and tell a viewer once it is known what the pull is about."""
        if not pull.opened:
            if not is_worth_telling(pull):
                return
            self._open(pull)
        if not pull.ready:
            return
        # What waited for its end to be certain (a HEAD that was answered with 404) is told at its place.
        ready, pull.ready = pull.ready, []
        if len(ready) > 1:
            ready.sort(key=over_at)
        for step in ready:
            number(step, pull)
            self._changes.append(Change(what="step", pull=pull, step=step, time=step.ended or step.started))
        if pull.action is Action.LOOK and any(step.kind is Kind.LAYER and step.method == "GET" for step in ready):
            pull.action = Action.PULL  # who fetches layers does more than look
        self._told_steps += len(ready)
        self._changes.extend(self._findings.after(pull, ready))

    def _open(self, pull: Pull) -> None:
        if pull.opened:
            return
        self._opened += 1
        pull.id = self._opened
        pull.opened = True
        pull.action = guess_of(pull)
        self.pulls.append(pull)
        self._changes.append(Change(what="opened", pull=pull, time=pull.started))

    def _close(self, pull: Pull, *, cut_off: bool = False) -> None:
        """Nothing more is expected of this pull; or, where the input was cut off, nothing more can be seen."""
        for step in [*pull.open_steps]:
            if not step.in_flight:
                self._settle(step)
        if is_another_site(pull):
            self._give_up(pull)
            return
        self._open(pull)
        pull.ready.extend(pull.unused)
        pull.unused.clear()
        self._announce(pull)
        pull.closed = True
        never_came(pull)
        if pull.repository is None and len(pull.promised) == 1:
            self._open_pulls.name(pull, next(iter(pull.promised)))  # no request named it, but a token's scope did
        conclude(pull, cut_off=cut_off)
        link_copy(pull, chain(self._open_pulls.of_client(pull.client_key[0]), self._open_pulls.recent))
        for step in [*pull.open_steps]:
            settle(step, pull)
            self._stitcher.forget(step)
            line_up(step)
        self._announce(pull)
        self._open_pulls.end(pull)
        self._findings.at_the_end(pull, over=not cut_off)
        self._changes.append(Change(what="closed", pull=pull, time=pull.last))
        if self._keep is not None:
            self._forget_the_oldest(self._keep)

    def _forget_the_oldest(self, keep: int) -> None:
        while len(self.pulls) > keep or self._told_steps > MOST_STEPS_KEPT:
            place = next((place for place, pull in enumerate(self.pulls) if pull.closed), None)
            if place is None:
                return
            self._told_steps -= len(self.pulls[place].steps)
            del self.pulls[place]

    # -- time ---------------------------------------------------------------------------------------------------------

    def _touch(self, pull: Pull, time: float) -> None:
        if time > pull.last:
            pull.last = time
        if pull.closed:
            pull.closed = False
            self._open_pulls.add(pull)
            self._changes.append(Change(what="reopened", pull=pull, time=time))
        self._open_pulls.touch(pull, time)

    def _advance(self, now: float) -> None:
        """Do everything that was due before `now`, in the order in which it was due."""
        if not self._open_pulls.has_due(now):
            return
        for when, pull in self._open_pulls.due(now, lambda pull: self._alone(pull, partial(deadline, pull))):
            self._alone(pull, partial(self._do_due, pull, when))

    def _do_due(self, pull: Pull, when: float) -> None:
        overdue = out_of_patience(pull, when)
        for step in overdue:
            self._settle(step)
        if not overdue:
            self._close(pull)
        else:
            self._open_pulls.touch(pull, when)

    # -- errors of ours -----------------------------------------------------------------------------------------------

    def _alone(self, pull: Pull, work: Callable[[], T]) -> T | None:
        """Do what is due for one operation; an error in it ends this one, as it stands, and is not another's."""
        try:
            return work()
        except Exception as error:
            self._on_error(error)
            self._give_up(pull)
        return None

    def _give_up(self, pull: Pull) -> None:
        """Let go of an operation in which something was left half done: as it is, nothing can be made of it any more."""
        pull.closed = True
        self._hops = {number: hop for number, hop in self._hops.items() if hop.step.pull is not pull}
        lost, pull.open_steps = pull.open_steps, OpenSteps()
        for let_go in (*(partial(self._stitcher.forget, step) for step in lost), partial(self._open_pulls.drop, pull)):
            with suppress(Exception):
                let_go()
        if pull.opened:
            self._changes.append(Change(what="closed", pull=pull, time=pull.last))
