"""How long more of an operation is waited for. Decides no outcome; the times, in seconds of event time, are in `times`.

What its states are, and what moves it from one to the next, is in docs/how-correlation-works.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pullscope.oci.bounds import count
from pullscope.trace.model import Pull, Step
from pullscope.trace.settle import RETRIED, failures, has_everything, has_next_move
from pullscope.trace.times import (
    BUSY_QUIET,
    FAILED_QUIET,
    LONGEST_WAIT,
    NEXT_MOVE,
    QUIET,
    RELAY_QUIET,
    RETRY_QUIET,
    SOONEST,
    STEP_QUIET,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long to wait for more, after the last thing that was seen; the first row that holds counts."""

    name: str
    holds: Callable[[Pull], bool]
    seconds: Callable[[Pull], float]
    why: str


def _wait_asked_for(pull: Pull) -> float:
    """`Retry-After` in seconds (RFC 9110, 10.2.3), within bounds, and some more for the client to come again."""
    asked = [count(step.last.header("retry-after")) or 0 for step in failures(pull)]
    return RETRY_QUIET + min(max(asked, default=0), LONGEST_WAIT)


PATIENCE: Sequence[Patience] = (
    Patience(
        name="a step may go on",
        holds=lambda pull: any(not has_next_move(step) for step in pull.open_steps),
        seconds=lambda _: STEP_QUIET,
        why="a client that goes on after a failure does so at once: GET after HEAD",
    ),
    Patience(
        name="told where to go next",
        holds=lambda pull: bool(pull.open_steps),
        seconds=lambda _: NEXT_MOVE,
        why="the host of a redirect, or of a token, has to be found and reached first",
    ),
    Patience(
        name="bytes are passed on unread",
        holds=lambda pull: bool(pull.unread.live),
        seconds=lambda _: RELAY_QUIET,
        why="a connection that is relayed shows bytes and no ends",
    ),
    Patience(
        name="everything came, or the tag was put",
        holds=lambda pull: pull.put or has_everything(pull),
        seconds=lambda _: STEP_QUIET,
        why="what may still come are attestations, asked for side by side with the layers",
    ),
    Patience(
        name="told to come again",
        holds=lambda pull: any(step.last.status in RETRIED for step in failures(pull)),
        seconds=_wait_asked_for,
        why="429 and 5xx are asked again: oras after Retry-After, docker after 5 s and more",
    ),
    Patience(
        name="failed",
        holds=lambda pull: bool(failures(pull)),
        seconds=lambda _: FAILED_QUIET,
        why="a client that waits longer before it tries again goes on with the operation that ended",
    ),
    Patience(name="otherwise", holds=lambda _: True, seconds=lambda _: QUIET, why="nothing says that it is over"),
)


def deadline(pull: Pull) -> float | None:
    """The event time at which something is due for this pull if nothing happens before; None where nothing ever is."""
    if pull.open_steps and pull.in_flight:
        first = min((_patience(step) for step in pull.open_steps if _waits(step)), default=None)
        return (
            first + SOONEST if first is not None else None
        )  # what is due until then is done with it: each look sees them all
    row = next(row for row in PATIENCE if row.holds(pull))
    return pull.last + row.seconds(pull)


def out_of_patience(pull: Pull, now: float) -> list[Step]:
    """The open steps that nothing continued for long enough."""
    if pull.in_flight:
        return [step for step in pull.open_steps if _waits(step) and _patience(step) <= now]
    if pull.last + NEXT_MOVE <= now:
        return [*pull.open_steps]
    return [step for step in pull.open_steps if pull.last + STEP_QUIET <= now and not has_next_move(step)]


def _waits(step: Step) -> bool:
    return not step.in_flight and not any(token.in_flight for token in step.tokens)


def _patience(step: Step) -> float:
    """While other requests of its operation are under way, which may take minutes."""
    ended = [step.ended or step.started, *(token.ended or token.started for token in step.tokens)]
    return max(ended) + (NEXT_MOVE if has_next_move(step) else BUSY_QUIET)
