"""Names of operations, clients and digests, as their users know them."""

from __future__ import annotations

from pullscope.oci.digest import Digest
from pullscope.oci.media import MediaClass, media_class
from pullscope.oci.plain import plain
from pullscope.trace.model import Action, Pull
from pullscope.trace.source_gaps import lacking
from pullscope.trace.unseen_hosts import through_mirror

NAMELESS = frozenset({Action.LOGIN, Action.LIST, Action.OTHER})
"""Actions that need no image."""

FAMILIES = {"docker-cli": "docker CLI", "buildkit": "BuildKit", "cri-o": "CRI-O"}
"""Clients by the name their users know, where it is not that of the family."""

BUILDKIT_IN_DOCKERD = "0.0-dev"
"""The version that BuildKit names where dockerd is built with it (docker 28.5.2, seen); a builder of its own has a real one."""

STORES = {"containerd": "containerd store", "graphdriver": "classic store"}


def client_line(pull: Pull) -> str:
    """`docker 29.7.2, containerd store`; a distribution's suffix of a version is left out."""
    client = pull.client
    family = FAMILIES.get(client.family, client.family)
    name = f"{family} {client.version.partition('+')[0]}" if client.version else family
    if client.family == "buildkit" and client.version == BUILDKIT_IN_DOCKERD:
        name = "BuildKit in dockerd"
    if client.family == "unknown":
        agent = pull.client_key[1]
        unnamed = any(lacking(hop.request, "proxy") for hop in pull.hops[:1])
        silent = "client not in the log" if unnamed else "a client without User-Agent"
        name = f"unknown client ({agent[:60]})" if agent else silent
    store = STORES.get(client.store or "")
    name = f"{name}, {store}" if store else name
    return plain(f"{name}, through the mirror" if through_mirror(pull) else name)


def verb(pull: Pull) -> str:
    """What an operation does. One without a layer reads; so does one that turns out to be a pull, while that is not known."""
    return "read" if pull.action is Action.LOOK else str(pull.action)


def numbered(pull: Pull) -> str:
    """`push 2`."""
    return f"{verb(pull)} {pull.id}"


def heading(pull: Pull) -> str:
    """`push 2  docker.io/library/app`: what an operation is about, as far as that is known by now."""
    return f"{numbered(pull)}  {reference_line(pull)}"


def in_words(pull: Pull) -> str:
    """`push 2 docker.io/library/app`: the same for a title or a label."""
    return f"{numbered(pull)} {reference_line(pull)}"


def reference_line(pull: Pull) -> str:
    """What the operation is about, in its header; a digest is cut to its first digits, as everywhere in the story."""
    if pull.repository is None:
        named = pull.action in NAMELESS
        name = pull.registry if named else f"{pull.registry}, no image named"
    elif pull.by_digest is not None:
        name = f"{pull.registry}/{pull.repository}@{short(pull.by_digest)}"
    else:
        name = pull.reference or pull.registry
    return plain(name, 400)


def media_name(media_type: str) -> str:
    """`oci manifest`, `docker layer gzip`: the media type in a column; one that is not known as it is, without `application/`."""
    subtype = media_type.rpartition("/")[2].removeprefix("vnd.")
    maker, kind = subtype.partition(".")[0], media_class(media_type)
    if maker not in ("oci", "docker") or kind is MediaClass.OTHER:
        return plain(subtype, 60)
    packed = next((f" {word}" for word in ("gzip", "zstd") if word in subtype), "")
    return f"{maker} {kind}{packed}"


def short(digest: str | None) -> str:
    """`sha256:8e77458de855`, or the text as it is where it is not a digest."""
    try:
        return Digest(digest or "").short
    except ValueError:
        return plain(digest or "?", 40)
