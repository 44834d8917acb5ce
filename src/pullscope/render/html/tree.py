"""The image as a tree: index, platforms, configs and layers, attestations beside what they attest; what of it was fetched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pullscope.oci.amounts import size
from pullscope.oci.documents import Descriptor, Index, Manifest
from pullscope.oci.plain import plain
from pullscope.trace.model import Ending, Kind, Outcome, Pull, Step

HERE, FETCHED, NOT_WANTED, MISSING = "already here", "fetched", "not asked for", "did not come"
SENT_ON = "sent on, not seen"
AGAIN = "the same as above"
NOT_SENT, REFUSED = "not sent", "refused"
"""Of a push: what it did not touch, for it is at the registry already or was not built here; what the registry did not take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One document or blob."""

    name: str
    digest: str
    size: str
    state: str
    """What became of it, in a word or two; it is also the class of its mark, with dashes."""
    children: Sequence[Node] = field(default=())

    @property
    def mark(self) -> str:
        return self.state.partition(",")[0].replace(" ", "-")


def image_tree(pull: Pull) -> list[Node]:
    """The roots: an index, or the manifests that were fetched without one."""
    known = _Known(pull)
    if pull.action == "push":
        return known.pushed()
    if pull.index is not None:
        return [known.index(pull.index, pull.digest)]
    return [known.manifest(image.digest or "", image.platform, image.manifest, None) for image in pull.images]


def _used(pull: Pull) -> list[Manifest]:
    """The manifests whose blobs a whole pull has, fetched now or before: those of other platforms it only looked at."""
    whole = pull.action == "pull" and pull.partner is None and pull.closed and pull.outcome is Ending.COMPLETE
    return [image.manifest for image in pull.chosen] if whole else []


class _Known:
    """What this pull knows of each digest."""

    def __init__(self, pull: Pull) -> None:
        self._pull = pull
        self._pushes = pull.action == "push"
        self._documents: dict[str, Manifest | Index] = {}
        self._settled: dict[str, str] = {}
        self._used = _used(pull)
        self._shown: set[str] = set()
        for step in pull.steps:
            if step.document is not None and step.digest:
                self._documents[step.digest] = step.document
            if step.digest and step.sent_on_to is not None:
                self._settled.setdefault(step.digest, SENT_ON)
            elif step.digest and step.outcome is Outcome.OK:
                word = _DONE.get(step.kind)
                if step.method != "HEAD" or word is not None:
                    verified = ", verified" if step.verified and word is None else ""
                    self._settled.setdefault(step.digest, f"{word or FETCHED}{verified}")
                elif pull.action == "push":
                    self._settled.setdefault(step.digest, "there already")
            if step.digest and step.verified is False:
                self._settled[step.digest] = "wrong bytes"
            if step.digest and step.kind is Kind.MANIFEST_PUT and step.outcome is Outcome.FAILED:
                self._settled.setdefault(step.digest, REFUSED)

    def index(self, index: Index, digest: str | None) -> Node:
        attested: dict[str | None, list[Descriptor]] = {}
        for entry in index.manifests:
            if entry.is_attestation:
                attested.setdefault(entry.attests, []).append(entry)
        children: list[Node] = []
        for entry in index.manifests:
            if entry.is_attestation:
                continue
            children.append(self._entry(entry, str(entry.platform) if entry.platform else "manifest"))
            children.extend(self._entry(other, "its attestation") for other in attested.pop(entry.digest, ()))
        children.extend(self._entry(other, "attestation") for others in attested.values() for other in others)
        name = f"index, {len(index.manifests)} manifests"
        return self._node(name, digest, None, REFUSED if self._pushes else FETCHED, children)

    def pushed(self) -> list[Node]:
        """What a push put there or found there, below the manifests that name it; the rest of it beside them."""
        read = [step for step in self._pull.steps if step.kind is Kind.MANIFEST_PUT or step.document is not None]
        documents = {step.digest or step.place: step for step in read}
        named = {entry.digest for step in read if step.document is not None for entry in step.document.parts}
        roots = [self._document(step) for step in documents.values() if step.digest not in named]
        others = {step.digest: step for step in self._pull.steps if step.digest and step.digest not in documents}
        return roots + [
            self._node("blob" if step.kind in _OF_BLOBS else "manifest", digest, step.size, NOT_SENT)
            for digest, step in others.items()
            if digest not in named
        ]

    def _document(self, step: Step) -> Node:
        match step.document:
            case Index():
                return self.index(step.document, step.digest)
            case Manifest():
                return self.manifest(step.digest or "", step.platform, step.document, step.size)
        return self._node("manifest", step.digest, step.size, REFUSED if step.outcome is Outcome.FAILED else "sent")

    def manifest(self, digest: str, name: str | None, manifest: Manifest, length: int | None) -> Node:
        otherwise = REFUSED if self._pushes else FETCHED
        return self._node(plain(name or "manifest", 80), digest, length, otherwise, list(self._parts(manifest)))

    def _entry(self, entry: Descriptor, name: str) -> Node:
        document = self._documents.get(entry.digest or "")
        image = next((image.manifest for image in self._pull.images if image.digest == entry.digest), None)
        found = document if isinstance(document, Manifest) else image
        if found is not None and entry.digest in self._shown:
            return Node(name=plain(name, 80), digest=entry.digest or "", size="", state=AGAIN)
        if found is not None:
            self._shown.add(entry.digest or "")
            return self.manifest(entry.digest or "", name, found, entry.size)
        return self._node(plain(name, 80), entry.digest, entry.size, NOT_SENT if self._pushes else NOT_WANTED)

    def _parts(self, manifest: Manifest) -> Iterator[Node]:
        ended_well = self._pull.closed and self._pull.outcome is Ending.COMPLETE
        otherwise = (
            NOT_SENT if self._pushes else HERE if manifest in self._used else NOT_WANTED if ended_well else MISSING
        )
        if manifest.config is not None:
            yield self._node("config", manifest.config.digest, manifest.config.size, otherwise)
        for number, layer in enumerate(manifest.layers, start=1):
            predicate = layer.annotations.get("in-toto.io/predicate-type", "")
            name = f"statement, {predicate}" if predicate else f"layer {number}/{len(manifest.layers)}"
            yield self._node(plain(name, 100), layer.digest, layer.size, otherwise)

    def _node(
        self, name: str, digest: str | None, length: int | None, otherwise: str, children: Sequence[Node] = ()
    ) -> Node:
        """One of them; its state as the steps have settled it, else `otherwise`."""
        return Node(
            name=name,
            digest=plain(digest or ""),
            size=size(length) if length is not None else "",
            state=self._settled.get(digest or "", otherwise),
            children=children,
        )


_OF_BLOBS = frozenset({Kind.LAYER, Kind.CONFIG, Kind.UPLOAD_CHUNK, Kind.UPLOAD_FINISH, Kind.UPLOAD_START, Kind.MOUNT})
"""Kinds of step whose digest is a blob's."""

_DONE: dict[Kind, str] = {
    Kind.UPLOAD_FINISH: "sent",
    Kind.UPLOAD_CHUNK: "sent",
    Kind.MOUNT: "mounted",
    Kind.MANIFEST_PUT: "sent",
}
"""Kinds of step after which a digest is at the registry rather than here."""
