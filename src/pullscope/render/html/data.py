"""What the page carries of a pull: plain values, from which its script draws what is opened.

A text stands once: in the pull's own list, or, from the second pull that has it on, in a list of the whole page. Everywhere
else is its place, in the pull's list from 0 up, in the page's from -1 down; the script knows which fields are numbers. The
fields of exchanges and steps are columns, for what is alike packs best side by side. What is not known is None or left out.
Texts pass `plain` here; the script makes text nodes of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pullscope.oci.amounts import count, size
from pullscope.oci.messages import Headers
from pullscope.render.closing_line import took, verdict
from pullscope.render.explain.lesson import Lesson, lessons
from pullscope.render.explain.table import Section
from pullscope.render.hop_words import hop_note, reached_words
from pullscope.render.html.tree import Node, image_tree
from pullscope.render.names import client_line
from pullscope.render.plain import plain
from pullscope.render.reading_order import pieces
from pullscope.render.sequence_labels import answered, asked
from pullscope.render.wording import limit_words, title, what
from pullscope.trace.hosts import HostTally, Roles, rate_limit_of
from pullscope.trace.model import Hop, Outcome, Pull, Step

Value = int | list["Value"] | dict[str, "Value"] | None

TICK = 1e-4
"""Seconds in one unit of a time; the script has the same number."""
LONGEST = 2000
VERIFIED = {True: "yes, the bytes have this digest", False: "NO: other bytes came"}


class Texts:
    """The texts of a page, and those of the pull at hand."""

    def __init__(self) -> None:
        self.shared: list[str] = []
        self.own: list[str] = []
        self._shared: dict[str, int] = {}
        self._own: dict[str, int] = {}
        self._seen: dict[str, str] = {}
        """What earlier pulls had, as it is written."""

    def begin(self) -> None:
        """From here on they are another pull's."""
        self._seen |= zip(self._own, self.own, strict=True)
        self._own, self.own = {}, []

    def __call__(self, text: str) -> int:
        place = self._own.get(text)
        if place is None:
            place = self._shared.get(text)
        if place is not None:
            return place
        if text in self._seen:
            self.shared.append(self._seen.pop(text))
            place = self._shared[text] = -len(self.shared)
        else:
            place = self._own[text] = len(self.own)
            self.own.append(plain(text, LONGEST))
        return place


def pull_data(pull: Pull, hosts: Sequence[HostTally], roles: Roles, texts: Texts) -> dict[str, object]:
    """Everything that is drawn when a pull is opened; `hosts` and `roles` are those of its hops."""
    texts.begin()
    hops = [hop for step in pull.steps for hop in step.hops]
    told = {id(hop): place for place, hop in enumerate(hops)}
    # What has not ended, or is nobody's yet, has a place on its connection, and no step.
    hops += [hop for hop in pull.hops if id(hop) not in told]
    start = min((hop.request.time for hop in hops), default=pull.started)
    order = [told[id(hop)] for _, some in pieces(pull) for hop in some]
    told_of = lessons(pull, fold=False, roles=roles)
    limit = rate_limit_of(pull)
    facts = {
        "began": datetime.fromtimestamp(pull.started, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if pull.dated else None,
        "digest": pull.digest,
        "platform": pull.platform,
        "rate limit": limit_words(limit) if limit is not None else None,
    }
    so_far = (
        f"under way: {took(pull.seconds)}, {count(len(hops), 'request')}, {size(pull.bytes + pull.bytes_sent)} so far"
    )
    return {
        "id": pull.id,
        "verdict": texts(f"{pull.outcome}: {verdict(pull)}" if pull.closed else so_far),
        "client": texts(client_line(pull)),
        "facts": _facts(facts, texts),
        "steps": _columns([_step(step, pull, lesson, texts) for step, lesson in zip(pull.steps, told_of, strict=True)]),
        "hops": _columns([_hop(hop, pull, roles, start, texts) for hop in hops]),
        "order": order if order != sorted(order) else None,
        "untimed": None if pull.timed else 1,
        "tree": [_node(node, texts) for node in image_tree(pull)],
        "hosts": [_host(host, texts) for host in hosts],
        "texts": texts.own,
    }


def _columns(rows: Sequence[dict[str, Value]]) -> dict[str, list[Value]]:
    """The rows by field; a field of which nothing is known in any row is left out."""
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    return {name: column for name, column in columns.items() if any(value not in _NOTHING for value in column)}


_NOTHING: tuple[Value, ...] = (None, [], {})


def _step(step: Step, pull: Pull, lesson: Lesson, texts: Texts) -> dict[str, Value]:
    name, says = _told_apart(step, pull)
    facts = {
        "digest": step.digest,
        "media type": step.media_type,
        "size": f"{step.size} bytes" if step.size is not None else None,
        "platform": step.platform,
        "verified": VERIFIED.get(step.verified) if step.verified is not None else None,
        "because": "; ".join(step.because),
    }
    return {
        "n": step.n,
        "hops": len(step.hops),
        "title": texts(name),
        "says": texts(says),
        "outcome": texts(str(step.outcome)),
        "token": 1 if step.is_token else 0,
        "beginner": texts(lesson.beginner),
        "expert": texts(lesson.expert),
        **_section(lesson.section, texts),
        "ideas": [
            {"name": texts(idea.name), "text": texts(idea.text), **_section(idea.section, texts)}
            for idea in lesson.ideas
        ],
        "facts": _facts(facts, texts),
        "hand": texts(lesson.hand),
        "curl": [*map(texts, lesson.by_hand)],
    }


def _hop(hop: Hop, pull: Pull, roles: Roles, start: float, texts: Texts) -> dict[str, Value]:
    request, response, uploaded, ended = hop.request, hop.response, hop.uploaded, hop.ended
    note = hop_note(hop, pull)
    bad = hop.failed is not None or ((hop.status or 0) >= 400 and hop.step.outcome is Outcome.FAILED)
    return {
        "method": texts(request.method),
        "url": texts(request.url),
        "host": texts(hop.host),
        "role": texts(roles.of_hop(hop)),
        "status": texts(_status(hop)),
        "at": _ticks(request.time - start),
        "head": None if response is None else _ticks(response.time - request.time),
        "took": None if ended is None else _ticks(ended - request.time),
        "upload": _ticks(uploaded.time - request.time) if uploaded is not None and uploaded.bytes else None,
        "bytes": hop.bytes,
        "reached": [*map(texts, reached_words(hop))],
        "asked": texts(asked(hop)),
        "answered": texts(answered(hop)),
        "note": texts(note) if note else None,
        "bad": 1 if bad else None,
        "connection": request.connection,
        "version": texts(request.http_version),
        "location": texts(response.location) if response is not None and response.location else None,
        "sent": _headers(request.headers, texts),
        "received": _headers(response.headers, texts) if response is not None else None,
    }


def _ticks(seconds: float) -> int:
    return max(0, round(seconds / TICK))


def _facts(facts: dict[str, str | None], texts: Texts) -> Value:
    return {name: texts(value) for name, value in facts.items() if value}


def _headers(headers: Headers, texts: Texts) -> Value:
    return [texts(f"{name}: {value}") for name, value in headers]


def _section(section: Section, texts: Texts) -> dict[str, Value]:
    return {"section": texts(section.title), "href": texts(section.url)}


def _node(node: Node, texts: Texts) -> Value:
    words = {"name": node.name, "digest": node.digest, "size": node.size, "state": node.state, "mark": node.mark}
    return {
        **{name: texts(word) for name, word in words.items() if word},
        "children": [_node(child, texts) for child in node.children],
    }


def _host(host: HostTally, texts: Texts) -> Value:
    text, evidence = host.label or ("", "")
    return {
        "host": texts(host.host),
        "address": texts(host.address),
        "roles": [*map(texts, host.roles)],
        **({"label": texts(text), "evidence": texts(evidence)} if text else {}),
        "requests": host.requests,
        "bytes": host.bytes,
    }


def _told_apart(step: Step, pull: Pull) -> tuple[str, str]:
    """Title and words; a push asks for its blobs before its manifest says what each is, and a report knows both."""
    name, says = title(step), what(step, pull)
    known = pull.expected.get(step.digest) if pull.pushing and step.digest and step.expectation is None else None
    if known is None:
        return name, says
    blob = f"{known.kind} {known.number}/{known.of}" if known.number else str(known.kind)
    return (blob, says) if name == "blob" else (name, f"{says}, {blob}")


def _status(hop: Hop) -> str:
    if hop.failed is not None:
        return f"{hop.status} cut off" if hop.status is not None else "no response"
    return str(hop.status) if hop.status is not None else "no response"
