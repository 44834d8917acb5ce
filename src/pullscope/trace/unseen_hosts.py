"""Redirects to hosts of which nothing was seen: relayed unread (`--only`, `--ignore`,
`--blobs relay`), or asked past the proxy.

A client that did not get what it was sent for stops, or asks for it again. One that goes on to ask for something else has
got it, so that redirect is not a failure, although nothing more is known of it. A host counts as out of sight only if none of
the pull's requests went there. At a mirror every redirect leads out of sight: that is what makes it one.
"""

from __future__ import annotations

from pullscope.oci.whereabouts import is_loopback
from pullscope.trace.model import Ending, Hop, Outcome, Pull, Step
from pullscope.trace.refusals import Refusals
from pullscope.trace.settle import credit, is_unfinished
from pullscope.trace.source_gaps import MIRROR, lacking


def through_mirror(pull: Pull) -> bool:
    """Whether an operation was seen by a mirror, so that much of it was not."""
    step = next(iter(pull.steps or pull.ready or pull.open_steps or pull.unused), None)
    return step is not None and lacking(step.first.request, MIRROR)


def went_wrong(pull: Pull) -> bool:
    """Whether it did not end well; how a pull goes on past a mirror is not known."""
    return pull.outcome is not Ending.COMPLETE and not (pull.outcome is Ending.INCOMPLETE and through_mirror(pull))


def note_asked(hop: Hop, pull: Pull) -> None:
    """A host was asked, maybe for something new."""
    pull.hosts.add(hop.host)
    step = hop.step
    if len(step.hops) > 1 or step.is_token or hop.request.time <= pull.went_on:
        return
    failed = pull.failed_at.get(step.place)
    if failed is None or failed.outcome not in (Outcome.FAILED, Outcome.NOT_SEEN):
        pull.went_on = hop.request.time
    elif failed.last.target is not None and failed.method == step.method:
        failed.outcome = Outcome.FAILED  # whatever became of it, the client has not got it


def note_answered(hop: Hop, pull: Pull) -> None:
    """An answer is over; where it is a redirect, the client knows another host now."""
    host = hop.target
    if host is not None and hop.ended is not None:
        pull.pointed_at.setdefault(host, hop.ended)


def host_out_of_sight(step: Step, pull: Pull, refusals: Refusals) -> str | None:
    """The host of which nothing was seen and to which this step led; None where it led to none, or was not followed."""
    last = step.last
    host = last.target
    if host is None or last.followed or step.in_flight or step.method not in ("GET", "HEAD"):
        return None
    if lacking(last.request, MIRROR):
        return host  # clients follow themselves
    if host in pull.hosts:
        return None
    if host in pull.unread.bytes:
        return host
    if is_refused(last, refusals):
        return None
    return host if pull.went_on > pull.pointed_at.get(host, pull.went_on) else None


def turns_out_sent_on(pull: Pull, refusals: Refusals) -> None:
    """What nothing had followed for so long that it counted as failed, and whose client goes on by now: it took its time.

    Each step is looked at once, when it is known whether its host is in sight.
    """
    for host, steps in [*pull.unfollowed.items()]:
        known = host in pull.hosts or host in pull.unread.bytes or is_refused(steps[0].last, refusals)
        if known or pull.went_on > pull.pointed_at.get(host, pull.went_on):
            for step in filter(pull.failing.__contains__, pull.unfollowed.pop(host)):
                step.sent_on_to = host_out_of_sight(step, pull, refusals)
                step.outcome = Outcome.FAILED if step.sent_on_to is None else Outcome.OK
                if step.sent_on_to is not None:
                    pull.failing.remove(step)
                    credit(pull, step)


def may_have_gone_on(step: Step, refusals: Refusals) -> bool:
    """Whether a redirect that was not seen being followed may have been: what it names can be asked past the proxy.

    Not where its host is in sight or on this machine, or in plain http, nor by a client that asked for the same before.
    """
    pull, last = step.pull, step.last
    host, location = last.target, last.location or ""
    if pull is None or host is None or not is_unfinished(step, cut_off=False) or step.method not in ("GET", "HEAD"):
        return False
    if not location.startswith("https:") or is_loopback(host) or is_refused(last, refusals):
        return False
    before = pull.failed_at.get(step.place)
    again = before not in (None, step) and (before.last.target, before.method) == (host, step.method)
    return host not in pull.hosts and not again and [hop.target for hop in step.hops].count(host) == 1


def is_relayed(step: Step) -> bool:
    """Whether a step has led to a host to which its client's connections are passed on unread."""
    last, pull = step.last, step.pull
    if pull is None or not pull.unread.bytes or step.in_flight or last.followed:
        return False
    host = last.target
    return host in pull.unread.bytes and host not in pull.hosts


def is_refused(hop: Hop, refusals: Refusals) -> bool:
    """Whether the client does not follow a redirect because it does not trust the proxy's certificate for its target."""
    host = hop.target
    return host is not None and (hop.request.client, host.partition(":")[0]) in refusals
