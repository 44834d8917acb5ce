"""Which hosts a pull touched, what each did there, and what the registry said about its limit.

A host's roles come from what it did in this pull, never from a list of names: it sent a version check or a manifest on to
another registry (vanity), it was asked for tokens (auth), only redirects and manifests led to its files (cdn), it was asked in
place of another (`?ns=`: mirror), it answered (registry). Labels such as "Amazon S3" rest on evidence that is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter

from pullscope.oci.agents import SEARCHES
from pullscope.oci.bounds import count
from pullscope.oci.known_registries import known_registry
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.urls import split
from pullscope.trace.events import Responded
from pullscope.trace.model import Hop, Pull
from pullscope.trace.settle import steps_of
from pullscope.trace.vocabulary import RateLimit

ORDER = ("vanity", "mirror", "registry", "auth", "cdn", "other")
"""The order in which the hosts of a pull are listed."""

EVIDENCE: tuple[tuple[str, str], ...] = (
    ("x-amz-cf-id", "Amazon CloudFront"),
    ("x-amz-storage-class", "Amazon S3"),
    ("x-amz-request-id", "Amazon S3"),
    ("x-goog-stored-content-length", "Google Cloud Storage"),
    ("x-ms-blob-type", "Azure Blob Storage"),
    ("cf-ray", "Cloudflare"),
    ("x-nf-request-id", "Netlify"),
    ("x-vercel-id", "Vercel"),
    ("x-github-request-id", "GitHub"),
    ("x-served-by", "Fastly"),
)
"""A header that only one service sends, and that service; the first that is found names what stores, the next what fronts."""

FRONTS = frozenset({"Cloudflare", "Amazon CloudFront", "Fastly"})


@dataclass(frozen=True, kw_only=True, slots=True)
class HostTally:
    """What one host did in a pull."""

    host: str
    roles: tuple[str, ...]
    requests: int
    bytes: int
    """Body bytes it sent."""
    hops: tuple[Hop, ...] = field(repr=False)

    @property
    def label(self) -> tuple[str, str] | None:
        """What it seems to be, and the headers that say so."""
        return label_of(self.hops)

    @property
    def address(self) -> str:
        """Host and port: `registry-1.docker.io:443`."""
        url = split(self.hops[0].request.url)
        return self.host if url.port is not None else f"{self.host}:{80 if url.scheme == 'http' else 443}"


class Roles:
    """The roles of each host, as far as the hops that were added tell."""

    def __init__(self, hops: Iterable[Hop] = ()) -> None:
        self._found: dict[str, set[str]] = {}
        self._only_content: dict[str, bool] = {}
        for hop in hops:
            self.add(hop)

    def add(self, hop: Hop) -> None:
        """Take in what one hop shows."""
        roles = self._found.setdefault(hop.host, set())
        if hop.step.is_token:
            roles.add("auth")
            self._only_content[hop.host] = False
            return
        asked, follows = hop.step.route.endpoint, hop.follows
        is_blob = asked in (Endpoint.BLOB, Endpoint.NONE)  # NONE: an address that a manifest names for its layer
        is_registry = bool(hop.challenges) or hop.request.authorization == "bearer"
        is_api = hop.route.endpoint is not Endpoint.NONE
        is_other = asked is not Endpoint.BLOB and follows is not None and not is_api and hop.is_page
        gives = not is_api or (is_blob and follows is not None)
        only = self._only_content.get(hop.host, True) and gives
        self._only_content[hop.host] = only and not (is_registry or is_other)
        if is_blob and is_registry and follows is not None and follows.host != hop.host:
            # Only a registry asks for its own token: who sent the client there for a blob is a vanity host.
            self._found.setdefault(follows.host, set()).add("vanity")
            roles.add("registry")
        if is_other:
            roles.add("other")
        elif not is_blob and hop.crosses and _is_api(hop.location):
            roles.add("vanity")
        elif hop.mirror_of is not None or _stood_in(hop):
            roles.add("mirror")
        elif (is_api and not is_blob) or (is_registry and asked is Endpoint.NONE):
            roles.add("registry")

    @property
    def hosts(self) -> list[str]:
        """Every host, in the order of its first hop."""
        return list(self._found)

    def of(self, host: str) -> tuple[str, ...]:
        """The roles of a host, the one that it is called by first."""
        if self._only_content.get(host):
            return ("cdn",)
        # Blobs only, from the first hop on: who is asked for a blob directly is the registry.
        roles = self._found.get(host) or {"registry"}
        return tuple([role for role in ORDER if role in roles])

    def of_hop(self, hop: Hop) -> str:
        """What the host of this hop is in it: the token server of a registry may be the registry itself."""
        mine = self.of(hop.host)
        if hop.step.is_token:
            return "auth"
        return next((role for role in mine if role != "auth"), "other")

    @property
    def has_vanity(self) -> bool:
        """Whether one of the hosts only points elsewhere."""
        return any("vanity" in roles for roles in self._found.values())


def _stood_in(hop: Hop) -> bool:
    """Whether a host was asked first for what the client then got from the registry that was meant: its mirror."""
    pull = hop.step.pull
    asked = hop.follows is None and hop.step.after is None and hop.step.route.endpoint is not Endpoint.NONE
    return (
        asked and pull is not None and registry_name(hop.route.ns or hop.host) != pull.registry and not is_searched(hop)
    )


def is_searched(hop: Hop) -> bool:
    """Whether a host may be one of the list of registries that podman and CRI-O ask for a short name.

    A list asks each for what was typed, Docker Hub for library/NAME. A mirror is asked for the registry's own name, or for one
    below a path: where names are the same, nothing on the wire tells which of the two it is (run: podman 4.3.1 with both).
    """
    pull = hop.step.pull
    if pull is None or pull.client.family not in SEARCHES or hop.route.ns is not None:
        return False
    asked = (step.route.repository for step in steps_of(pull) if step.first.host == hop.host)
    name, meant = next(filter(None, asked), pull.repository) or "", pull.repository or ""
    known = known_registry(hop.host)
    copies = known is not None and known.copies is not None
    return not copies and (name == meant.removeprefix("library/") or registry_name(hop.host) == pull.registry)


def _is_api(location: str | None) -> bool:
    """Whether a redirect leads to a registry, and not to a website or a storage."""
    return location is not None and route(location).endpoint is not Endpoint.NONE


def tally(hops: list[Hop], roles: Roles | None = None) -> list[HostTally]:
    """Every host, in the order of its role and then of its first request; `roles` are those of these hops, if they are known."""
    roles = Roles(hops) if roles is None else roles
    found = []
    for host in roles.hosts:
        own = [hop for hop in hops if hop.host == host]
        found.append(
            HostTally(
                host=host,
                roles=roles.of(host),
                requests=len(own),
                bytes=sum(hop.bytes or 0 for hop in own),
                hops=tuple(own),
            )
        )
    return sorted(found, key=lambda host: ORDER.index(host.roles[0]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Needed:
    """What one host and port did in many operations."""

    name: str
    """`registry-1.docker.io:443`."""
    roles: tuple[str, ...]
    operations: int
    requests: int
    bytes: int


def needed(tallies: Iterable[Iterable[HostTally]]) -> list[Needed]:
    """Every host and port that was asked by operations of which these are the tallies, most requests first."""
    found: dict[str, list[HostTally]] = {}
    for hosts in tallies:
        for host in hosts:
            found.setdefault(host.address, []).append(host)
    every = [
        Needed(
            name=name,
            roles=tuple(role for role in ORDER if any(role in one.roles for one in of_it)),
            operations=len(of_it),
            requests=sum(one.requests for one in of_it),
            bytes=sum(one.bytes for one in of_it),
        )
        for name, of_it in found.items()
    ]
    return sorted(every, key=lambda one: -one.requests)


def label_of(hops: Iterable[Hop]) -> tuple[str, str] | None:
    """What a host seems to be, and by which headers."""
    seen = {name.lower() for hop in hops if hop.response for name, _ in hop.response.headers}
    named = [(name, service) for name, service in EVIDENCE if name in seen]
    store = next((pair for pair in named if pair[1] not in FRONTS), None)
    front = next((pair for pair in named if pair[1] in FRONTS), None)
    if store and front:
        return f"{store[1]} behind {front[1]}", f"{store[0]}, {front[0]}"
    only = store or front
    return (only[1], only[0]) if only else None


def rate_limit_of(pull: Pull) -> RateLimit | None:
    """What the ratelimit headers of this pull said first and last (docs.docker.com, "Docker Hub pull usage and limits")."""
    known: list[tuple[float, Responded, int]] = []
    for hop in pull.hops:
        said = hop.response.headers.get("ratelimit-remaining") if hop.response is not None else None
        left = _count(said) if said is not None else None
        if hop.response is not None and left is not None:
            known.append((hop.request.time, hop.response, left))
    if not known:
        return None
    known.sort(key=itemgetter(0))
    last = known[-1][1]
    limit = last.headers.get("ratelimit-limit")
    return RateLimit(
        limit=_count(limit),
        remaining_before=known[0][2],
        remaining_after=known[-1][2],
        window_seconds=_window(limit or last.headers.get("ratelimit-remaining")),
        source=last.headers.get("docker-ratelimit-source"),
    )


def _count(text: str | None) -> int | None:
    return count((text or "").partition(";")[0])


def _window(text: str | None) -> int | None:
    parts = (part.strip().partition("=") for part in (text or "").split(";")[1:])
    return next((count(value) for name, _, value in parts if name == "w"), None)
