"""What registries were seen taking, in whichever operation: remembered by name, until a delete in the same repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pullscope.oci.documents import Index, Manifest
from pullscope.oci.media import essence
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint
from pullscope.trace.bounded_table import Newest
from pullscope.trace.kinds import said_digest
from pullscope.trace.model import Kind, Step

MOST = 1_000
"""Names that are remembered."""

SOON = 3_600.0
"""Seconds; later, what was put may well have been taken away by a rule, or by another client."""

Place = tuple[str, str | None, str | None]
"""A registry as references name it, a repository, and a tag or digest in it; None for whichever tag was put there last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Put:
    """A manifest or blob that was answered with 201."""

    time: float
    client: tuple[str, str]
    operation: int
    by_digest: str | None = None
    """The digest of a manifest that was put by it, and not by a tag."""


def place_of(step: Step) -> Place:
    return (registry_name(step.first.host), step.route.repository, step.route.named)


def held_type(step: Step) -> str | None:
    """The media type of what a tag holds after a step that read it or put it; None of another step."""
    last, route = step.last, step.route
    if route.endpoint is not Endpoint.MANIFEST or route.digest is not None or not last.ok:
        return None
    sent = last.request.headers.get("content-type") if step.kind is Kind.MANIFEST_PUT else last.header("content-type")
    return essence(sent) or None


def put_alone(every: Mapping[Place, Put], step: Step) -> tuple[Place, Put] | None:
    """What was put by its digest, where no tag was put there since; for a digest also where it was put elsewhere.

    buildx with push-by-digest, whose merge step puts the tag (docker/build-push-action#745), crane push and mutate, oras push
    without a tag: l3montree-dev/devguard#2073, google/go-containerregistry#1323, oras-project/oras#79, moby/moby#50194.
    """
    *at, named = place_of(step)
    for place, put in [*every.items()][::-1]:
        here = list(place[:2]) == at
        tagged = every.get((*place[:2], None)) if here else None
        alone = put.by_digest == place[2] and (tagged is None or tagged.time < put.time)
        wanted = (alone and here) if step.route.digest is None else named == place[2] and (alone or not here)
        if wanted and 0 <= step.started - put.time <= SOON:
            return place, put
    return None


class Puts:
    """What was put and not deleted, the oldest first."""

    def __init__(self) -> None:
        self.known: Newest[Place, Put] = Newest(MOST)
        self.held: Newest[Place, tuple[float, str]] = Newest(MOST)
        """When tags were last seen, and the media types that they had."""

    def note(self, step: Step) -> None:
        """A step is over: it may have put something, or deleted it. What a delete takes with it is not known, so all goes."""
        route, last = step.route, step.last
        if route.endpoint is not Endpoint.MANIFEST and last.status != 201 and step.kind is not Kind.DELETE:
            return  # of most steps nothing is kept
        place = place_of(step)
        if step.kind is Kind.DELETE and last.ok:
            for other in [other for other in self.known if other[:2] == place[:2]]:
                del self.known[other]
        if (kind := held_type(step)) is not None:
            self.held[place] = (step.started, kind)
        if last.status != 201 or step.pull is None:
            return
        is_manifest = step.kind is Kind.MANIFEST_PUT
        names = {route.reference, route.digest, said_digest(last)} if is_manifest else {route.digest}
        if not is_manifest and route.endpoint not in (Endpoint.UPLOAD, Endpoint.UPLOAD_START):
            return
        alone = route.digest if is_manifest and not _refers(step) else None
        last_tag = {None} if is_manifest and route.digest is None else set()
        put = Put(
            time=last.ended or last.request.time, client=step.pull.client_key, operation=step.pull.id, by_digest=alone
        )
        for name in (names - {None}) | last_tag:
            self.known[(*place[:2], name)] = put


def _refers(step: Step) -> bool:
    """Whether it is a signature or another attachment, which needs no tag."""
    return isinstance(step.document, Manifest | Index) and step.document.subject is not None
