"""Requests and answers as they are on the wire: `ctr images pull --http-dump`, each line a message of its log; or bare.

containerd cmd/ctr/commands/resolver.go; ctr 1.6 and 2.1 (seen). An answer does not name its request: it belongs to the
oldest that has none. What runs side by side may be mixed, and a blob's bytes are not text: such bodies are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from pullscope.logs.entries import REQUEST, STATUS, Entry, body_of, entries, fields_and_body
from pullscope.logs.exchange import Exchange, Waiting, header

MARK = re.compile(
    r'(?:level=info msg="|"msg": ?"|INFO\[[^\]\s]+\] )(?:GET|HEAD|POST|PUT|PATCH) /v2/\S* HTTP/1\.1'
    r"|^(?:GET|HEAD|POST|PUT|PATCH|DELETE) (?:https?://[^/\s]+)?/(?:v2/?|[^\s?]*\?(?:\S*&)?(?:service|scope)=)\S* "
    r"HTTP/[\d.]+\s*?\n[A-Za-z-]+: ",
    re.MULTILINE,
)
_DIGEST = re.compile(r"sha256[:/](?:[0-9a-f]{2}/)?([0-9a-f]{64})")
_LOCAL = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$")
_GLUED = re.compile(r"(?:GET|HEAD|POST|PUT|PATCH|DELETE) /\S* HTTP/1\.1$|HTTP/1\.1 \d{3} [A-Z][A-Za-z ]+$")
_FAILED = re.compile(r"^curl: \(\d+\) (.+)", re.MULTILINE)
"""Below a request that was made by hand (`by_hand`)."""
MOST_LINES = 10_000
"""Lines of a message that are looked at: what is longer is a blob."""


def read(lines: Iterable[str]) -> Iterator[Exchange]:
    found, waiting = list[Exchange](), Waiting()
    for block in _blocks(lines):
        first = block[0]
        fields, text = fields_and_body([entry.message for entry in block[1:]])
        if request := REQUEST.match(first.message):
            host = header(fields, "host") or "unknown"
            # Not in the dump. containerd asks over plain http where the host is this machine (docker.MatchLocalhost).
            scheme = "http" if _LOCAL.match(host) else "https"
            url = request[2] if "://" in request[2] else f"{scheme}://{host}{request[2]}"
            made = Exchange(method=request[1], url=url, asked_line=first.line, asked=first.time, sent=fields)
            found.append(waiting.add(made))
            if (failed := _FAILED.search(text or "")) is not None:
                made.fail(failed[1], first.line)
        elif status := STATUS.match(first.message):
            one, sure = _answered([*waiting], fields)
            if one is not None:
                code, has_body = int(status[1]), sure and one.method != "HEAD"
                body = body_of(text, header(fields, "content-length"), code) if has_body else None
                one.answer(code, body, first.line, first.time)
                one.fields = fields if sure else _of_any(fields)
    yield from found


def _answered(waiting: list[Exchange], fields: list[tuple[str, str]]) -> tuple[Exchange | None, bool]:
    """The request that an answer belongs to, and whether that is sure.

    One alone is; of several the one whose digest the answer names, a registry's answer for a registry's path, else the oldest.
    """
    location = header(fields, "location") or ""
    named = " ".join((location, header(fields, "docker-content-digest") or "", header(fields, "etag") or ""))
    is_api = header(fields, "docker-distribution-api-version") is not None

    def likeness(one: Exchange) -> int:
        digest = _DIGEST.search(one.url)
        same = digest is not None and digest[1] in named and one.url != location
        return 2 * same + (("/v2/" in one.url) == is_api)

    best = max(waiting, key=likeness, default=None)  # of equals max keeps the first
    sure = best is not None and sum(likeness(one) == likeness(best) for one in waiting) == 1
    return best, sure


def _of_any(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What an answer says that would be the same for its neighbours: who answers, and no word of the content."""
    return [(name, value) for name, value in fields if name.lower() in ("server", "via", "date", "location")]


def _blocks(lines: Iterable[str]) -> Iterator[list[Entry]]:
    """The messages, each from its first line to the next one's; what else is logged is in none."""
    block: list[Entry] = []
    for entry in chain.from_iterable(map(_unglued, entries(lines))):
        if REQUEST.match(entry.message) or STATUS.match(entry.message):
            if block:
                yield block
            block = [entry]
        elif block and len(block) < MOST_LINES and entry.fields.get("level", "info") == "info" and not _extra(entry):
            block.append(entry)
    if block:
        yield block


def _unglued(entry: Entry) -> list[Entry]:
    """A body has no newline at its end: what is logged next stands on its last line."""
    glued = _GLUED.search(entry.message)
    if glued is None or glued.start() == 0:
        return [entry]
    return [replace(entry, message=part) for part in (entry.message[: glued.start()], entry.message[glued.start() :])]


def _extra(entry: Entry) -> bool:
    """Whether a line is the log's own, which has fields beside its message."""
    return bool(set(entry.fields) - {"time", "level", "msg"})
