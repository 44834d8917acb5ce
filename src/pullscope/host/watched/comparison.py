"""What was listed before a pull, held against what was asked in it: as listed, not asked, or asked but not listed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import urlsplit

from pullscope.host.routes.route import Endpoint, Node, Route, url_parts
from pullscope.host.watched.conversations import Asked, Pulled
from pullscope.oci.verdicts import Problem, note, warning

AS_SAID, NOT_ASKED, NOT_SAID, BESIDES = "as listed", "not asked", "asked but not listed", "also asked"
_HIDDEN = "probably a token server or a storage host: requests in TLS are not seen"
_MISSED = "packets were missed, so more endpoints may have been asked: try again."
_TOO_SHORT = "the connection was too short to be looked up, so it may be another program's"

AT_ONCE = 1.0
"""Seconds between a file and a start after it: a file that is so little newer was there at the start."""

Addresses = Callable[[str], set[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One endpoint: `number` as it was listed, None where it was not."""

    number: int | None
    url: str
    state: str
    cause: str


@dataclass(slots=True)
class _Said:
    endpoint: Endpoint
    asked: list[Asked] = field(default_factory=list)
    first: int = 0
    """The place of the first request to it in the order of the pull."""

    @property
    def good(self) -> bool:
        return any(item.good for item in self.asked)

    @property
    def came(self) -> str:
        by_image = [item for item in self.asked if "/v2/" in item.url] or self.asked
        best = next((item for item in by_image if item.good), by_image[-1])
        return best.came if best.surely or best.url.startswith("//") else f"{best.came} ({_TOO_SHORT})"


def addresses(host: str) -> set[str]:
    """What a name stands for on this machine; empty where it has no address."""
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return set()


class Comparison:
    """`rows`: each endpoint that was listed, then what else was asked; `problems`: where the two do not agree."""

    def __init__(self, node: Node, route: Route, pulled: Pulled, addresses: Addresses = addresses) -> None:
        self._route, self._pulled, self._addresses = route, pulled, addresses
        self._said = [_Said(endpoint) for endpoint in route.endpoints]
        others: list[tuple[int, Asked]] = []
        for place, asked in enumerate(pulled.asked):
            found = [item for item in self._said if _is(item.endpoint, asked, addresses)]
            for item in found:
                item.first = item.first if item.asked else place
                item.asked.append(asked)
            if not found and asked.surely:
                others.append((place, asked))
        self._leave_doubtful()
        first = min((item.first for item in self._said if item.asked), default=len(pulled.asked))
        self._others = [_other(asked, after=place > first) for place, asked in others]
        self._changed = _changed_since(node, route, pulled)
        self.rows = [*(self._row(at) for at in range(len(self._said))), *self._others]
        fix = f"{node.sudo}systemctl restart {route.client}" if self._changed else None
        missed = warning("packets-missed", f"{pulled.missed} {_MISSED}")
        self.problems = (missed,) if pulled.missed else tuple(self._problems(fix))

    def _leave_doubtful(self) -> None:
        """Of a pull that went well, what may be another program's counts only before an endpoint that was surely asked."""
        may_count = bool(self._pulled.error) or not any(asked.surely for asked in self._pulled.asked)
        for item in reversed(self._said):
            if not may_count:
                item.asked = [asked for asked in item.asked if asked.surely]
            may_count = may_count or any(asked.surely for asked in item.asked)

    def _row(self, at: int) -> Row:
        item = self._said[at]
        state = AS_SAID if item.asked else NOT_ASKED
        return Row(number=at + 1, url=item.endpoint.url, state=state, cause=item.came if item.asked else self._why(at))

    def _why(self, at: int) -> str:
        """Why an endpoint was not asked."""
        before = next((number for number, one in enumerate(self._said[:at], 1) if one.good), None)
        if before is not None:
            return f"not needed: {before} answered"
        if not self._passed_over(at):
            return "the pull ended before it" if self._pulled.error else "not asked in this pull"
        name = urlsplit(self._said[at].endpoint.url).hostname or ""
        if not self._addresses(name):
            return f"{name} has no address on this machine"
        if self._changed:
            return f"{self._changed} changed after {self._route.client} was started, which has not read it since"
        return "the cause is not known"

    def _passed_over(self, at: int) -> bool:
        """Whether something that comes after it, or that was not said at all, was asked in its place."""
        alike = [one for one in self._said[at + 1 :] if one.endpoint.asks == self._said[at].endpoint.asks]
        return any(one.asked for one in alike) or any(row.state == NOT_SAID for row in self._others)

    def _problems(self, fix: str | None) -> Iterator[Problem]:
        passed = [
            at
            for at, item in enumerate(self._said)
            if not item.asked and self._passed_over(at) and not any(one.good for one in self._said[:at])
        ]
        if passed:
            urls = ", ".join(self._said[at].endpoint.url for at in passed)
            message = f"{urls} {'were' if passed[1:] else 'was'} not asked: {self._why(passed[0])}."
            where = self._said[passed[0]].endpoint.source
            yield Problem("endpoint-not-asked", message, fix, where)
        for row in self._others:
            if row.state == NOT_SAID:
                message = f"{row.url} was asked, which the configuration does not name: {row.cause}."
                yield Problem("endpoint-not-said", message, fix, self._changed)
        for one, other in pairwise(item for item in self._said if item.asked):
            if one.first > other.first and one.endpoint.asks == other.endpoint.asks:
                message = f"{other.endpoint.url} was asked before {one.endpoint.url}."
                yield Problem("endpoint-order", message, where=one.endpoint.source)
        if self._pulled.error:
            message = f"The pull failed, in {self._pulled.by}'s words: {self._pulled.error}."
            yield warning("pull-failed", message)
        elif not self._others and not any(item.asked for item in self._said):
            message = "No registry was asked: the image is here already, and its digest was all that was needed."
            yield note("nothing-asked", message)


def _is(endpoint: Endpoint, asked: Asked, addresses: Addresses) -> bool:
    """Whether that is this endpoint. A scheme may fall back to http where the endpoint is insecure, so hosts are compared."""
    there, here = urlsplit(endpoint.url), url_parts(asked.url)
    if here is None:
        return False
    try:
        ports = [parts.port or {"http": 80}.get(parts.scheme, 443) for parts in (there, here)]
    except ValueError:
        return False
    same = here.hostname == there.hostname or (not here.scheme and here.hostname in addresses(there.hostname or ""))
    return same and ports[0] == ports[1] and here.path in {"", there.path}


def _other(asked: Asked, *, after: bool) -> Row:
    """TLS hides what is asked of a host: after an endpoint it may be where that one led, to a token or to a layer."""
    if "/v2/" in asked.url or not after:
        return Row(number=None, url=asked.url, state=NOT_SAID, cause=asked.came)
    return Row(number=None, url=asked.url, state=BESIDES, cause=f"{asked.came} ({_HIDDEN})")


def _changed_since(node: Node, route: Route, pulled: Pulled) -> str | None:
    """A file that a daemon reads when it starts, and that has changed since."""
    for path in route.files if pulled.started else ():
        try:
            changed = node.tree.at(path).stat().st_mtime
        except OSError:
            continue
        if changed > pulled.started + AT_ONCE and not path.endswith("hosts.toml"):
            return path
    return None
