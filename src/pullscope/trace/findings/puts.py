"""What registries were seen taking, in whichever operation: remembered by name, until a delete in the same repository."""

from __future__ import annotations

from dataclasses import dataclass

from pullscope.oci.media import essence
from pullscope.oci.routes import Endpoint
from pullscope.trace.bounded_table import Newest
from pullscope.trace.kinds import said_digest
from pullscope.trace.model import Kind, Step

MOST = 1_000
"""Names that are remembered."""

Place = tuple[str, str | None, str | None]
"""A host, a repository, and a tag or digest in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Put:
    """A manifest or blob that was answered with 201."""

    time: float
    client: tuple[str, str]
    operation: int


def held_type(step: Step) -> str | None:
    """The media type of what a tag holds after a step that read it or put it; None of another step."""
    last, route = step.last, step.route
    if route.endpoint is not Endpoint.MANIFEST or route.digest is not None or not last.ok:
        return None
    sent = last.request.headers.get("content-type") if step.kind is Kind.MANIFEST_PUT else last.header("content-type")
    return essence(sent) or None


class Puts:
    """What was put and not deleted, the oldest first."""

    def __init__(self) -> None:
        self.known: Newest[Place, Put] = Newest(MOST)
        self.held: Newest[Place, tuple[float, str]] = Newest(MOST)
        """When tags were last seen, and the media types that they had."""

    def note(self, step: Step) -> None:
        """A step is over: it may have put something, or deleted it. What a delete takes with it is not known, so all goes."""
        route, last = step.route, step.last
        if step.kind is Kind.DELETE and last.ok:
            for place in [place for place in self.known if place[:2] == (step.first.host, route.repository)]:
                del self.known[place]
        if (kind := held_type(step)) is not None:
            self.held[(step.first.host, route.repository, route.reference)] = (step.started, kind)
        if last.status != 201 or step.pull is None:
            return
        is_manifest = step.kind is Kind.MANIFEST_PUT
        names = {route.reference, said_digest(last)} if is_manifest else {route.digest}
        if not is_manifest and route.endpoint not in (Endpoint.UPLOAD, Endpoint.UPLOAD_START):
            return
        put = Put(time=last.ended or last.request.time, client=step.pull.client_key, operation=step.pull.id)
        for name in names - {None}:
            self.known[(step.first.host, route.repository, name)] = put
