"""What a trace consists of: hops in steps in pulls. `trace` fills them in, other rooms only read them.
One file, because these values refer to each other.

A hop is one exchange. A step is one thing that the client wanted, with every hop it took: the 401 that asked for a token
and the repeat after it, each redirect, the retry, the continuation of a range. A pull is the steps by which one client
did one thing at one registry: fetched or pushed a reference, looked at it, listed, logged in, deleted; the docs say
operation. Nothing here decides: that is done in `stitch`, `grouping`, `kinds`, `settle` and `conclude`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from pullscope.oci.agents import Client
from pullscope.oci.bounds import count
from pullscope.oci.documents import Descriptor, Index, Manifest, RegistryError
from pullscope.oci.reference import is_below
from pullscope.oci.routes import Endpoint, Route
from pullscope.trace.findings.finding import Finding
from pullscope.trace.hop import REDIRECTS as REDIRECTS
from pullscope.trace.hop import Hop as Hop
from pullscope.trace.open_steps import OpenSteps
from pullscope.trace.processes import Process
from pullscope.trace.relayed_bytes import Unread as Unread
from pullscope.trace.tokens import TokenFacts as TokenFacts
from pullscope.trace.vocabulary import Action as Action
from pullscope.trace.vocabulary import Ending as Ending
from pullscope.trace.vocabulary import Kind as Kind
from pullscope.trace.vocabulary import Layers as Layers
from pullscope.trace.vocabulary import Outcome as Outcome
from pullscope.trace.vocabulary import RateLimit as RateLimit
from pullscope.trace.vocabulary import Reason as Reason
from pullscope.trace.vocabulary import Strength as Strength


@dataclass(kw_only=True, slots=True)
class Expectation:
    """What a manifest or index that was seen says about a digest. Never changed; frozen, it would cost twice as much."""

    kind: Kind
    descriptor: Descriptor
    number: int | None = None
    """1 for the first layer of its manifest."""
    of: int | None = None
    """How many layers that manifest has."""
    platform: str | None = None


@dataclass(kw_only=True, slots=True, eq=False)
class Step:
    """One thing that a client wanted. `kind` and what follows it are final once `n` or `settled` is set."""

    first: Hop = field(init=False)
    route: Route
    """The route of the address that the client set out for."""
    hops: list[Hop] = field(default_factory=list)
    pull: Pull | None = None
    under: Step | None = None
    """For a token: the step that needed it."""
    doubtful: bool = False
    """For a token: whether it could answer several challenges alike, so that only its use tells whose it is."""
    answers: Step | None = None
    """For a token: the step whose challenge it answers."""
    after: Step | None = None
    """For what was sent to an upload's Location: the step that was told it."""
    tokens: list[Step] = field(default_factory=list)
    is_token: bool = False
    method: str = "GET"
    """The method that the client last asked the first address with; a redirect may have turned it into GET."""
    under_way: int = 0
    """Hops that have not ended."""
    n: int = 0
    settled: bool = False
    kind: Kind = Kind.UNKNOWN
    outcome: Outcome = Outcome.OK
    expectation: Expectation | None = None
    document: Index | Manifest | None = None
    instead: str | None = None  # what came where a manifest or a token should be: `not JSON`
    token: TokenFacts | None = None
    listed: str | None = None  # the repository that a list of tags says it is of
    listed_count: int | None = None  # how many tags, repositories or results a list holds
    digest: str | None = None
    verified: bool | None = None
    platform: str | None = None
    sent_on_to: str | None = None
    """The host of which nothing was seen, where the last redirect led; the client went on, so it got there."""
    reasons: list[Reason] = field(default_factory=list)
    """Why it is in its operation, and why each later request is in this step, in the order of the requests."""
    rivals: tuple[Pull, ...] = ()
    """The operations that could have asked for this just as well."""

    @property
    def because(self) -> list[str]:
        """The reasons as sentences, each once, and what could not be told."""
        said = list(dict.fromkeys(reason.words for reason in self.reasons))
        whole = dict.fromkeys(rival.became or rival for rival in self.rivals)
        others = [str(rival.id) for rival in whole if rival.id and rival is not self.pull]
        return [*said, f"could be operation {' or '.join(others)} too"] if others else said

    @property
    def last(self) -> Hop:
        return self.hops[-1]

    @property
    def is_foreign(self) -> bool:
        """Whether it asks for a layer at an address that the manifest names (image-spec, `urls`), and not at a registry."""
        named = self.expectation.descriptor.urls if self.expectation is not None else ()
        return self.route.endpoint is Endpoint.NONE and self.first.request.url in named

    @property
    def place(self) -> tuple[str | None, ...]:
        """What was asked for, whichever host was asked: a later success at the same place makes a failure good."""
        route = self.route
        repository, meant = route.repository, self.pull.repository if self.pull is not None else None
        if meant is not repository and is_below(repository, meant):
            repository = meant  # a mirror's own name for it, or that of another registry of a search list
        return (route.endpoint, repository, route.named)

    @property
    def in_flight(self) -> bool:
        return self.under_way > 0

    @property
    def started(self) -> float:
        return self.hops[0].request.time

    @property
    def ended(self) -> float | None:
        if len(self.hops) == 1:
            return self.hops[0].ended
        times = [ended for hop in self.hops if (ended := hop.ended) is not None]
        return max(times, default=None)

    @property
    def seconds(self) -> float | None:
        return None if self.ended is None or not self.first.timed else max(0.0, self.ended - self.started)

    @property
    def bytes(self) -> int:
        """Body bytes received in answers that carried what was asked for."""
        return sum(hop.bytes or 0 for hop in self.hops if hop.ok)

    @property
    def size(self) -> int | None:
        """The descriptor's size, or that of the document itself, in bytes."""
        if self.expectation is not None and self.expectation.descriptor.size is not None:
            return self.expectation.descriptor.size
        if self.method == "PUT" and self.route.endpoint is Endpoint.MANIFEST:  # what was sent; the answer is about it
            return next((hop.uploaded.bytes for hop in self.hops if hop.uploaded), None)
        counted = self.last.ok and self.route.endpoint in (Endpoint.MANIFEST, Endpoint.BLOB)
        return count(self.last.header("content-length")) if counted else None

    @property
    def fell_short(self) -> bool:
        """Whether bytes that are wrong are so because the rest of them did not come."""
        last = self.last
        coded = last.header("content-encoding") not in (None, "identity")
        known = self.verified is False and not coded and last.bytes is not None and self.size is not None
        return known and (last.bytes or 0) < (self.size or 0)

    @property
    def media_type(self) -> str | None:
        if self.document is not None and self.document.media_type:
            return self.document.media_type
        if self.expectation is not None:
            return self.expectation.descriptor.media_type
        # HEAD says what GET would bring.
        last = self.last
        looked = self.route.endpoint is Endpoint.MANIFEST and self.method == "HEAD" and last.ok
        return last.content_type or None if looked else None

    @property
    def passes(self) -> list[list[Hop]]:
        """The hops in chains: a new one begins wherever the client asked the first address again."""
        chains: list[list[Hop]] = []
        for hop in self.hops:
            if hop.follows is None or not chains:
                chains.append([hop])
            else:
                home = next((chain for chain in chains if chain[-1] is hop.follows), chains[-1])
                home.append(hop)
        return chains

    @property
    def errors(self) -> tuple[RegistryError, ...]:
        """What the registry itself said in the last answer that had a body."""
        return next((hop.errors for hop in reversed(self.hops) if hop.errors), ())


@dataclass(kw_only=True, slots=True, eq=False)
class Image:
    """An image manifest that this pull fetched."""

    digest: str | None
    platform: str | None
    manifest: Manifest


@dataclass(kw_only=True, slots=True, eq=False)
class Pull:
    """What one client did at one registry, for one end: its `action`."""

    id: int = 0
    """Given when the pull is opened, from 1."""
    client_key: tuple[str, str]
    """Address and User-Agent: what tells two clients apart."""
    client: Client
    action: Action = Action.OTHER
    """What it was for, as far as that is known by now; final once it is closed."""
    registry: str
    """The host of the reference: docker.io for registry-1.docker.io, else as the client wrote it."""
    repository: str | None = None
    tag: str | None = None
    by_digest: str | None = None
    """The digest of a reference that names one."""
    digest: str | None = None
    """What the reference resolved to."""
    platform: str | None = None
    steps: list[Step] = field(default_factory=list)
    """Settled steps in the order of `n`."""
    numbered: int = 0
    """How many numbers its steps have been given."""
    open_steps: OpenSteps = field(default_factory=OpenSteps)
    ready: list[Step] = field(default_factory=list)
    """Settled steps that have no number yet, because the pull has no name yet."""
    promised: set[str] = field(default_factory=set)
    """The repositories for which a token was asked before any of them was."""
    tag_step: Step | None = None
    """The step that asked for the tag last."""
    asked_manifest: bool = False
    """Whether a manifest was asked for, by tag or digest."""
    asked_digest: bool = False
    """Whether anything was asked for by its digest."""
    asked_itself: bool = False
    """Whether a list, a search or a delete was asked for: questions for their own sake."""
    looked_for: set[str] = field(default_factory=set)
    """The digests of blobs that were looked for with HEAD."""
    uploads: int = 0
    """How many uploads it asked to begin."""
    streams: set[str] = field(default_factory=set)
    """The hosts that were asked over HTTP/2."""
    only_looked_for_blobs: bool = True
    """Whether all that was asked so far, but for version checks and tokens, is which blobs are there."""
    pushing: bool = False
    """Whether it has written something, or tried to."""
    put: bool = False
    """Whether the tag of a push stands."""
    scheduled: bool = False
    """Whether the agenda of the open pulls holds this one."""
    process: Process | None = None
    """The run of a command-line client that this is part of; None for a daemon's, and where that is not known."""
    credentials: set[int] = field(default_factory=set)
    """The numbers of the tokens that were issued for it, or that it used."""
    used: set[int] = field(default_factory=set)
    """The numbers of the tokens that its requests carried."""
    unused: list[Step] = field(default_factory=list)
    """Token requests whose token no request has carried yet: the one that does shows whose they are."""
    became: Pull | None = None
    """The operation that claimed it, of one that had no name."""
    deleted: float = inf
    """When the first delete that went well began."""
    had_before: bool = False
    """Whether this client was seen fetching the digest that it resolved to, from here, before."""
    partner: Pull | None = None
    """Of a copy: the operation at the other registry."""
    expected: dict[str, Expectation] = field(default_factory=dict)
    images: list[Image] = field(default_factory=list)
    index: Index | None = None
    fetched: set[str] = field(default_factory=set)
    verified: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    """Configs and layers of the image manifests that have not arrived."""
    sent_on: set[str] = field(default_factory=set)
    """What a redirect sent on to a host of which nothing was seen."""
    unread: Unread = field(default_factory=Unread)
    hosts: set[str] = field(default_factory=set)
    """The hosts that were asked."""
    pointed_at: dict[str, float] = field(default_factory=dict)
    """For each host to which redirects led: when the first of them had ended."""
    went_on: float = 0.0
    """When something was asked for that nothing had been asked for before."""
    failing: list[Step] = field(default_factory=list)
    """Steps that failed, or whose end was not seen, and that the client could not do without, made good later or not."""
    failed_at: dict[tuple[str | None, ...], Step] = field(default_factory=dict)  # the last of them, by its place
    unfollowed: dict[str, list[Step]] = field(default_factory=dict)  # those whose redirect may have been, by its host
    answered: dict[tuple[str | None, ...], float] = field(default_factory=dict)
    """When each place (`Step.place`) was last answered well, by the purpose of the request."""
    started: float
    last: float
    opened: bool = False
    closed: bool = False
    outcome: Ending = Ending.INCOMPLETE
    findings: list[Finding] = field(default_factory=list)
    """What is wrong, known in full once the pull is closed."""
    told: list[tuple[int, Finding]] = field(default_factory=list)
    """What was certain after a step, by its number."""

    @property
    def reference(self) -> str | None:
        """As the client's user would write it, normalised; None where no repository was named."""
        if self.repository is None:
            return None
        name = f"{self.registry}/{self.repository}"
        if self.by_digest is not None:
            return f"{name}@{self.by_digest}"
        return name if self.tag is None else f"{name}:{self.tag}"

    @property
    def hops(self) -> list[Hop]:
        return [hop for step in (*self.steps, *self.ready, *self.open_steps, *self.unused) for hop in step.hops]

    @property
    def in_flight(self) -> bool:
        return any(step.under_way for step in self.open_steps)

    @property
    def timed(self) -> bool:
        """Whether the source says how long things took."""
        step = self._some_step
        return step is None or step.first.timed

    @property
    def dated(self) -> bool:
        """Whether the source says when."""
        step = self._some_step
        return step is None or step.first.dated

    @property
    def _some_step(self) -> Step | None:
        return next(iter((*self.steps, *self.ready, *self.open_steps, *self.unused)), None)

    @property
    def seconds(self) -> float | None:
        """None where the source does not say."""
        return max(0.0, self.last - self.started) if self.timed else None

    @property
    def bytes(self) -> int:
        return sum(hop.bytes or 0 for hop in self.hops)

    @property
    def bytes_sent(self) -> int:
        return sum(hop.uploaded.bytes for hop in self.hops if hop.uploaded)

    @property
    def layers(self) -> Layers:
        """The layers of the chosen platform: that of which a layer was fetched, or the only one that was looked at."""
        chosen = self.chosen
        if not chosen:
            # A client that kept the manifests asks for layers alone (dockerd, after a pull that was given up).
            good = [s for s in self.steps if s.kind is Kind.LAYER and s.outcome is Outcome.OK and s.method == "GET"]
            came = {str(step.route.digest) for step in good if step.sent_on_to is None}
            sound = len(came & self.verified)
            sent_on = len({str(step.route.digest) for step in good} - came)
            return Layers(total=None, fetched=len(came), already_present=0, verified=sound, sent_on=sent_on)
        wanted = dict.fromkeys(layer.digest for image in chosen for layer in image.manifest.layers if layer.digest)
        fetched = [digest for digest in wanted if digest in self.fetched]
        sent_on = sum(digest in self.sent_on and digest not in self.fetched for digest in wanted)
        pulled = self.action is Action.PULL and self.partner is None
        complete = self.closed and self.outcome is Ending.COMPLETE and pulled
        present = len(wanted) - len(fetched) - sent_on if complete else 0
        sound = sum(digest in self.verified for digest in fetched)
        return Layers(total=len(wanted), fetched=len(fetched), already_present=present, verified=sound, sent_on=sent_on)

    @property
    def chosen(self) -> list[Image]:
        """The images of which a layer was asked for; without one the only image, and none where there are several."""
        asked = {
            str(step.route.digest)
            for step in (*self.steps, *self.ready, *self.open_steps)
            if step.route.endpoint is Endpoint.BLOB and step.method == "GET"
        }
        of_image = [(image, asked & {str(layer.digest) for layer in image.manifest.layers}) for image in self.images]
        found: list[Image] = []
        covered: set[str] = set()
        for image, theirs in sorted(of_image, key=lambda pair: -len(pair[1])):  # platforms share layers
            if theirs - covered:
                found.append(image)
                covered |= theirs
        return found or (self.images if len(self.images) == 1 else [])


@dataclass(kw_only=True, slots=True)
class Change:
    """A pull was `opened`, `reopened` or `closed`, a `step` settled, a `finding` is certain, or TLS was `refused`."""

    what: str
    pull: Pull | None = None
    step: Step | None = None
    text: str | None = None
    finding: Finding | None = None
    time: float = 0.0
