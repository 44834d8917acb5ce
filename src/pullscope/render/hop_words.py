"""What is worth knowing of one exchange, in words: whose token it carried, what the answer said, how long it took."""

from __future__ import annotations

from pullscope.oci.amounts import duration, part_of, size
from pullscope.oci.plain import plain
from pullscope.render.names import short
from pullscope.trace.findings.said import words
from pullscope.trace.model import Hop, Pull


def hop_note(hop: Hop, pull: Pull) -> str:
    """What is worth knowing of one hop: whose token it carried, and what the answer said."""
    notes = []
    request = hop.request
    if request.authorization == "bearer":
        issuer = next(
            (step.n for step in pull.steps if step.token is not None and step.token.number == request.credential), None
        )
        notes.append(f"with the token of step {issuer}" if issuer else "with a token")
    elif request.authorization == "basic":
        notes.append("with a login")
    elif request.authorization == "other":
        notes.append("with an Authorization of another kind")
    elif hop.status in (401, 403) and _had_token_before(hop):
        notes.append("without the token")
    step = hop.step
    if hop is step.last and step.fell_short:
        notes.append(f"cut off after {part_of(hop.bytes or 0, step.size or 0)}")
    elif step.verified is False and hop is step.last and hop.finished is not None:
        notes.append(f"sent bytes with sha256:{(hop.finished.sha256 or '')[:12]}, wanted {short(step.digest)}")
    if step.sent_on_to is not None and hop is step.last:
        unread = step.pull is not None and step.sent_on_to in step.pull.unread.bytes
        notes.append(f"to {plain(step.sent_on_to, 80)}, which is {'relayed unseen' if unread else 'not traced'}")
    note = ", ".join(notes)
    if hop.failed is not None:
        said = plain(hop.failed.reason)
        return f"{note}: {said}" if note else said
    said = plain(words(hop)) if (hop.status or 0) >= 400 else ""
    return f"{note}: {said}" if note and said else note or said


def hop_status(hop: Hop) -> str:
    """`200`, `200 cut off`, `no response`; with `...` for what is still under way."""
    if hop.failed is not None:
        if hop.hung_up:
            return f"{hop.status or ''} stopped".lstrip()
        return f"{hop.status} cut off" if hop.status is not None else "no response"
    if hop.status is None:
        return "..."
    return str(hop.status) if hop.done else f"{hop.status} ..."


def hop_times(hop: Hop) -> list[str]:
    """How long one hop took, and how much came: `DNS and TCP 3 ms`, `TLS 8 ms`, `first byte 25 ms`, `end 27 ms`, `541 B`."""
    if not hop.timed:
        return ["times not known"]
    times = reached_words(hop)
    if hop.first_byte_seconds is not None:
        times.append(f"first byte {duration(hop.first_byte_seconds)}")
    if hop.seconds is not None:
        times.append(f"end {duration(hop.seconds)}")
    return [*times, size(hop.bytes)] if hop.bytes else times


def reached_words(hop: Hop) -> list[str]:
    """How the server was reached, where that is known."""
    reached = hop.reached
    if reached is None:
        return []
    if reached.open_already:
        return ["connection open already"]
    tls = [f"TLS {duration(reached.tls)}"] if reached.tls is not None else []
    return [f"DNS and TCP {duration(reached.tcp)}", *tls]


def _had_token_before(hop: Hop) -> bool:
    before = hop.follows
    while before is not None:
        if before.request.authorization == "bearer":
            return True
        before = before.follows
    return False
