"""What the page carries of pulls: plain values, from which its script draws what is opened.

A text stands once in a pack of pulls, and everywhere else is its place; the script knows which fields are numbers. Marks in a
text stand for the pull's repository and digests: without these, two pulls of one kind say the same. The fields of exchanges
and steps are columns, and digests stand once, among each other: what is alike packs best side by side. What is not known is
None or left out. Texts pass `plain` here; the script makes text nodes of them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from urllib.parse import quote

from pullscope.oci.amounts import count, size
from pullscope.oci.messages import Headers
from pullscope.oci.plain import plain
from pullscope.render.closing_line import took, verdict
from pullscope.render.explain.lesson import Lesson, lessons
from pullscope.render.explain.table import Section
from pullscope.render.hop_words import hop_note, hop_status, reached_words
from pullscope.render.html.tree import Node, image_tree
from pullscope.render.names import client_line
from pullscope.render.sequence import answered, asked, pieces
from pullscope.render.wording import limit_words, title, what
from pullscope.trace.hosts import HostTally, Roles, rate_limit_of
from pullscope.trace.model import Hop, Outcome, Pull, Step

Value = int | list["Value"] | dict[str, "Value"] | None

TICK = 1e-4
"""Seconds in one unit of a time; the script has the same number."""
LONGEST = 2000
SHORT, WHOLE = 12, 64
"""Digits by which a digest is called, and of all of it."""
SHORTEST = 4
"""Characters of a name that is worth a mark."""
VERIFIED = {True: "yes, the bytes have this digest", False: "NO: the bytes have another digest"}


class Texts(dict[str, int]):
    """The place of each text of a pack, with the names and digests of the pull at hand as marks. Most are asked for often."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.digests: dict[str, int] = {}
        self._marked: list[str] = []
        """What has another place in another pull."""

    def begin(self, pull: Pull) -> None:
        """From here on they are another pull's."""
        name = plain(pull.repository or "", LONGEST)
        self.names = (name, quote(name, safe="!'()*")) if len(name) >= SHORTEST else ()  # as encodeURIComponent does
        self.own: dict[str, str] = {}
        """Its digests, by how each is called."""
        self._numbers: dict[str, int] = {}
        while self._marked:
            del self[self._marked.pop()]

    def __missing__(self, text: str) -> int:
        whole = marked = plain(text, LONGEST)  # which has no control codes: a mark is what stands between two
        for number, name in enumerate(self.names):
            marked = marked.replace(name, f"\x01{number}\x02")
        marked = _HEX.sub(self._mark, marked)
        if marked != whole:
            self._marked.append(text)
        self[text] = place = self.places.setdefault(marked, len(self.places))
        return place

    def _mark(self, found: re.Match[str]) -> str:
        """A digest of this pull, or how it begins, once it is known."""
        digits = found[0]
        called = digits[:SHORT]
        if len(digits) == WHOLE and called not in self.own:
            self._numbers[called] = len(self.names) + len(self.own)
            self.own[called] = digits
            self.digests.setdefault(digits, len(self.digests))
        if not self.own.get(called, "").startswith(digits):
            return digits
        return f"\x01{self._numbers[called]}" + (f":{len(digits)}\x02" if len(digits) < WHOLE else "\x02")


_HEX = re.compile(rf"[0-9a-f]{{{SHORT},{WHOLE}}}")


class Pack:
    """Pulls that are carried together."""

    def __init__(self) -> None:
        self._texts = Texts()
        self._pulls: list[dict[str, object]] = []
        self._steps: list[dict[str, Value]] = []
        self._hops: list[dict[str, Value]] = []

    def values(self) -> dict[str, object]:
        """All that is carried of them."""
        return {
            "texts": list(self._texts.places),
            "digests": base64.b64encode(bytes.fromhex("".join(self._texts.digests))).decode("ascii"),
            "pulls": self._pulls,
            "steps": _columns(self._steps),
            "hops": _columns(self._hops),
        }

    def add(self, pull: Pull, hosts: Sequence[HostTally], roles: Roles) -> None:
        """Everything that is drawn when a pull is opened; `hosts` and `roles` are those of its hops."""
        texts = self._texts
        texts.begin(pull)
        hops = [hop for step in pull.steps for hop in step.hops]
        told = {id(hop): place for place, hop in enumerate(hops)}
        # An exchange that has not ended, or belongs to no step yet, has a place on its connection only.
        hops += [hop for hop in pull.hops if id(hop) not in told]
        order = [told[id(hop)] for _, some in pieces(pull) for hop in some]
        told_of = lessons(pull, fold=False, roles=roles)
        limit = rate_limit_of(pull)
        facts = {
            "began": datetime.fromtimestamp(pull.started, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            if pull.dated
            else None,
            "digest": pull.digest,
            "platform": pull.platform,
            "rate limit": limit_words(limit) if limit is not None else None,
        }
        values: dict[str, object] = {
            "id": pull.id,
            "verdict": texts[f"{pull.outcome}: {verdict(pull)}" if pull.closed else _so_far(pull)],
            "client": texts[client_line(pull)],
            "facts": _facts(facts, texts),
            "steps": len(pull.steps),
            "hops": len(hops),
            "order": order if order != sorted(order) else None,
            "untimed": None if pull.timed else 1,
            "tree": [_node(node, texts) for node in image_tree(pull)],
            "hosts": [_host(host, texts) for host in hosts],
        }
        self._steps += [_step(step, pull, lesson, texts) for step, lesson in zip(pull.steps, told_of, strict=True)]
        start = min((hop.request.time for hop in hops), default=pull.started)
        before = 0
        for hop in hops:
            at = _ticks(hop.request.time - start)
            self._hops.append(_hop(hop, at - before, pull, roles, texts))
            before = at
        places = [texts.digests[digest] for digest in texts.own.values()]
        values["digests"] = [place - last for last, place in pairwise([0, *places])]
        self._pulls.append({**values, "name": texts.names[0] if texts.names else None})


def _so_far(pull: Pull) -> str:
    moved = size(pull.bytes + pull.bytes_sent)
    return f"under way: {took(pull.seconds)}, {count(len(pull.hops), 'request')}, {moved} so far"


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
        "title": texts[name],
        "says": texts[says],
        "outcome": texts[str(step.outcome)],
        "token": 1 if step.is_token else 0,
        "beginner": texts[lesson.beginner],
        "expert": texts[lesson.expert],
        **_section(lesson.section, texts),
        "ideas": [
            {
                "name": texts[idea.name],
                "lines": [texts[line] for line in idea.text.split("\n")],
                **_section(idea.section, texts),
            }
            for idea in lesson.ideas
        ],
        "facts": _facts(facts, texts),
        "hand": texts[lesson.hand],
        "curl": [texts[word] for word in lesson.by_hand],
    }


def _hop(hop: Hop, since: int, pull: Pull, roles: Roles, texts: Texts) -> dict[str, Value]:
    request, response, uploaded, ended = hop.request, hop.response, hop.uploaded, hop.ended
    note = hop_note(hop, pull)
    head = 0 if response is None else _ticks(response.time - request.time)
    bad = hop.failed is not None or ((hop.status or 0) >= 400 and hop.step.outcome is Outcome.FAILED)
    return {
        "at": since,
        "method": texts[request.method],
        "url": texts[request.url],
        "host": texts[hop.host],
        "role": texts[roles.of_hop(hop)],
        "status": texts[hop_status(hop)],
        "head": None if response is None else head,
        "took": None if ended is None else _ticks(ended - request.time) - head,
        "upload": _ticks(uploaded.time - request.time) if uploaded is not None and uploaded.bytes else None,
        "bytes": hop.bytes,
        "reached": [texts[word] for word in reached_words(hop)],
        "asked": texts[asked(hop)],
        "answered": texts[answered(hop)],
        "note": texts[note] if note else None,
        "bad": 1 if bad else None,
        "connection": request.connection,
        "version": texts[request.http_version],
        "location": texts[response.location] if response is not None and response.location else None,
        "sent": _headers(request.headers, texts),
        "received": _headers(response.headers, texts) if response is not None else None,
    }


def _ticks(seconds: float) -> int:
    return max(0, round(seconds / TICK))


def _facts(facts: dict[str, str | None], texts: Texts) -> Value:
    return {name: texts[value] for name, value in facts.items() if value}


def _headers(headers: Headers, texts: Texts) -> Value:
    return [texts[f"{name}: {value}"] for name, value in headers]


def _section(section: Section, texts: Texts) -> dict[str, Value]:
    return {"section": texts[section.title], "href": texts[section.url]}


def _node(node: Node, texts: Texts) -> Value:
    words = {"name": node.name, "digest": node.digest, "size": node.size, "state": node.state, "mark": node.mark}
    return {
        **{name: texts[word] for name, word in words.items() if word},
        "children": [_node(child, texts) for child in node.children],
    }


def _host(host: HostTally, texts: Texts) -> Value:
    text, evidence = host.label or ("", "")
    return {
        "host": texts[host.host],
        "address": texts[host.address],
        "roles": [texts[role] for role in host.roles],
        **({"label": texts[text], "evidence": texts[evidence]} if text else {}),
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
