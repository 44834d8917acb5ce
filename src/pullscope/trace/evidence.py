"""What speaks for one operation rather than another: the third table of evidence, and the matcher that reads all three.

The matcher keeps those that pass the tables of `candidates`; each row of `WHOSE` narrows the choice, the strongest first. Of
equals the one that waited longest is taken. Whom only weak rows put behind is kept as a rival, so that a view can say what could
not be told.
The row that decided is the `because` of the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from pullscope.oci.agents import DAEMONS
from pullscope.oci.routes import Endpoint
from pullscope.trace.candidates import MAY_ASK, VETOES
from pullscope.trace.clues import UPLOADS, Clue, Form, has_token, is_same_process
from pullscope.trace.model import Pull, Reason, Strength
from pullscope.trace.settle import wants

AT_ONE_TIME = 4
"""Blobs that a daemon asks for side by side, unless it is told otherwise: the config, and layers by three."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One kind of evidence."""

    name: str
    strength: Strength
    holds: Callable[[Clue, Pull], bool]
    words: str
    source: str


def _has_begun_its_blobs(clue: Clue, pull: Pull) -> bool:
    if clue.family not in DAEMONS or clue.route.endpoint is not Endpoint.BLOB or clue.method != "GET":
        return False
    blobs = (step for step in pull.open_steps if step.route.endpoint is Endpoint.BLOB)
    return 0 < len([*islice(blobs, AT_ONE_TIME)]) < AT_ONE_TIME


def _has_more_to_upload(clue: Clue, pull: Pull) -> bool:
    if clue.method != "POST" or clue.route.endpoint not in UPLOADS:
        return False
    return not pull.failing and pull.uploads < len(pull.looked_for)


WHOSE: Sequence[Row] = (
    Row(
        name="connection",
        strength=Strength.CERTAIN,
        holds=is_same_process,
        words="came from the process that this operation belongs to, by its connection",
        source="measured: a connection of skopeo, podman, crane or oras was never shared by two runs (0 of 2,404)",
    ),
    Row(
        name="token",
        strength=Strength.CERTAIN,
        holds=lambda clue, pull: clue.issued_to == (pull,),
        words="carries a token that was issued for this operation",
        source="token spec: a token is issued for one request's scope; measured: 0 of 1,000 wrong where tokens differ",
    ),
    Row(
        name="lone connection",
        strength=Strength.CERTAIN,
        holds=lambda clue, pull: clue.spoken == (pull,),
        words="came on a connection on which only this operation has spoken",
        source="measured: dockerd 28.5 with the containerd store, 0 of 235 connections shared by two daemons",
    ),
    Row(
        name="shared token",
        strength=Strength.LIKELY,
        holds=has_token,
        words="carries a token that this operation was given too",
        source="token servers that cache give one token to several clients (measured: one token for all)",
    ),
    Row(
        name="wanted digest",
        strength=Strength.LIKELY,
        holds=lambda clue, pull: wants(pull, clue.digest),
        words="asks for a digest that this operation has still to fetch",
        source="distribution-spec 1.1: a manifest names what a client pulls next",
    ),
    Row(
        name="open push",
        strength=Strength.LIKELY,
        holds=lambda clue, pull: clue.form is Form.WRITE and not pull.put and (pull.pushing or bool(pull.looked_for)),
        words="writes to the repository to which this operation pushes",
        source="distribution-spec 1.1, Pushing: blobs first, the manifest last",
    ),
    Row(
        name="same tag",
        strength=Strength.LIKELY,
        holds=lambda clue, pull: pull.tag is not None and pull.tag == clue.route.reference,
        words="asks for the tag that this operation is resolving",
        source="seen: docker and containerd ask HEAD, then GET",
    ),
    Row(
        name="side by side",
        strength=Strength.WEAK,
        holds=_has_begun_its_blobs,
        words="same address and client, and this operation had begun to fetch its blobs",
        source="dockerd asks for the config and three layers at once (max-concurrent-downloads; measured: 20.10, 28.5)",
    ),
    Row(
        name="more to upload",
        strength=Strength.WEAK,
        holds=_has_more_to_upload,
        words="same address and client, and this operation had looked for more blobs than it had begun to upload",
        source="run: dockerd 28.5, podman 4.3, three pushes at once; each looks for a blob before it uploads it",
    ),
    Row(
        name="still open",
        strength=Strength.WEAK,
        holds=lambda _, pull: not pull.closed,
        words="same address and client, and this operation was not over",
        source="seen: a client that goes on does so before its operation is over",
    ),
    Row(
        name="address",
        strength=Strength.WEAK,
        holds=lambda *_: True,
        words="same address, and of those that could have asked the one that has waited longest",
        source="what is left; skopeo 1.9 and crane ask for one thing after the other",
    ),
)
"""What speaks for one operation rather than another: the first row that leaves one has decided."""

_REASONS = {row.name: Reason(evidence=row.name, strength=row.strength, words=row.words) for row in WHOSE}


@dataclass(kw_only=True, slots=True)
class Match:
    """The operation that asked, why, and who could have asked as well."""

    pull: Pull
    reason: Reason
    rivals: tuple[Pull, ...] = ()


def match(clue: Clue, pulls: Iterable[Pull]) -> Match | None:
    """The operation to which a request belongs; None where it begins one. `pulls` in the order in which they began."""
    may_ask = MAY_ASK[clue.form]
    left = [pull for pull in pulls if may_ask(clue, pull) and not _is_forbidden(clue, pull)]
    if not left:
        return None
    deciding, equals = WHOSE[-1], left
    for row in WHOSE:
        held = [pull for pull in left if row.holds(clue, pull)]
        if not held:
            continue
        if row.strength is not Strength.WEAK:
            equals = held  # a weak row picks one, but does not rule out the others
        if deciding is WHOSE[-1] or len(held) < len(left):
            deciding = row
        left = held
        if len(left) == 1:
            break
    # of clients that ask one thing after the other, the one whose last answer came first asks first
    chosen = min(left, key=lambda pull: (pull.in_flight, pull.last))
    rivals = tuple(pull for pull in equals if pull is not chosen and (chosen.closed or not pull.closed))[:3]
    return Match(pull=chosen, reason=_REASONS[deciding.name], rivals=rivals)


def _is_forbidden(clue: Clue, pull: Pull) -> bool:
    for forbids in VETOES.values():  # noqa: SIM110 - a generator for each request costs more than what it asks
        if forbids(clue, pull):
            return True
    return False


BEGINS = Reason(
    evidence="begins", strength=Strength.CERTAIN, words="begins an operation: no open operation asks for this"
)
