"""Puts each new step into its operation: finds which may have asked, lets `evidence` choose, or begins a new one.
One file, because the ways into an operation are tried in one order.

What has no name is in `waiting`, whose a token is in `token_owners`; here is what is begun, what is over because of it, and
what a request tells of its operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pullscope.oci.agents import COMMANDS, NO_MIRRORS, Client, identify
from pullscope.oci.reference import DOCKER_HUB, is_below, registry_name
from pullscope.oci.routes import Endpoint
from pullscope.trace.clues import PINGS, QUESTIONS, UPLOADS, Clue, Form, alike, clue_of, names_tag
from pullscope.trace.events import Requested
from pullscope.trace.evidence import BEGINS, match
from pullscope.trace.model import Hop, Pull, Reason, Step, Strength
from pullscope.trace.open_pulls import OpenPulls
from pullscope.trace.processes import Connections, Process, join
from pullscope.trace.settle import failures, has_next_move, steps_of, turns_out_a_push
from pullscope.trace.times import NEXT_MOVE, STEP_QUIET
from pullscope.trace.token_owners import TokenOwners, Waiting
from pullscope.trace.waiting import WaitingRoom

MOST_LOOKED_FOR = 1_000
"""Blobs of one operation that were looked for, as far as they are remembered."""

_CORRECTED = Reason(
    evidence="token", strength=Strength.CERTAIN, words="the redirect led to a request with the token of this operation"
)
_MOUNT_SOURCE = Reason(
    evidence="mount source", strength=Strength.LIKELY, words="looks elsewhere for a blob that its push did not find"
)
_TOLD = Reason(
    evidence="told",
    strength=Strength.CERTAIN,
    words="goes to the Location of its upload, or to the next page of its list",
)
_FALLBACK = Reason(
    evidence="fallback", strength=Strength.LIKELY, words="asks here for what another place had just refused"
)


class Grouper:
    """Puts each new step into its operation."""

    def __init__(self, open_pulls: OpenPulls) -> None:
        self._open_pulls = open_pulls
        self._connections: Connections[Pull] = Connections()
        self._waiting = WaitingRoom(open_pulls, self._connections)
        self._tokens = TokenOwners(open_pulls, self._connections, self._waiting, self._new)
        self.affinity = self._tokens.affinity

    def begin(self, step: Step, answers: Waiting | None) -> list[Pull]:
        """Put a new step into its operation, if it has one; return the operations that are over because of it."""
        over: list[Pull] = []
        if step.is_token:
            pull: Pull | None = self._tokens.owner(step, answers or ())
        elif step.after is not None and step.after.pull is not None:
            pull = step.after.pull
            step.reasons.append(_TOLD)
        else:
            clue = self._clue(step)
            pull = self._choose(clue)
            if pull is None and clue.form is not Form.STRAY:
                pull = self._fallback(clue) or self._mount_source(clue)
                if pull is None:
                    over = self._superseded(clue)
                    pull = self._new(clue.step, clue.process)
                    step.reasons.append(BEGINS)
            if pull is not None:
                self._waiting.claim(clue, pull)
                anew = step.reasons[0] in (BEGINS, _FALLBACK) and clue.family not in NO_MIRRORS
                if anew and (clue.form is not Form.PING or clue.registry == DOCKER_HUB):
                    self._waiting.turned_away(clue, pull)
                self._learn_name(clue, pull)
        if pull is None:
            return over
        oldest = self._open_pulls.one_too_many(step.first.request.client)
        if oldest is not None and oldest not in over:
            over.append(oldest)
        step.pull = pull
        pull.open_steps.add(step)
        _note(step, pull)
        if _writes(step):
            if not pull.pushing:
                turns_out_a_push(pull)
                pull.by_digest = pull.digest = None  # a look whether the digest is there was the push's beginning
            pull.pushing = True
            if step.route.endpoint is Endpoint.MANIFEST and names_tag(step.route):
                pull.tag = step.route.reference
        return [old for old in over if old is not pull]

    def correct(self, hop: Hop) -> None:
        """A redirect led to a request that carries another operation's token: the step was that one's from the beginning.

        Through a vanity host the first request of a step has no token, so whose it is may be a guess (dockerd 20.10).
        """
        step, number = hop.step, hop.request.credential
        old = step.pull
        if hop.follows is None and hop.request.connection == step.first.request.connection:
            return
        if old is None or number is None or number in old.credentials or step.is_token or not old.credentials:
            return
        owners = {owner.pull for owner in self._open_pulls.issuers(hop.request.client, number)} - {None}
        new = next(iter(owners)) if len(owners) == 1 else None
        if new is None or new is old or (new.registry, new.repository) != (old.registry, old.repository) or new.closed:
            return
        if old.open_steps.discard(step):
            new.open_steps.add(step)
            step.pull = new
            step.rivals = ()
            step.reasons.append(_CORRECTED)

    def is_fresh(self, event: Requested) -> bool:
        """Whether nothing has spoken on this connection before."""
        return not self._connections.spoken(event.connection)

    def moved(self, hop: Hop, old: Pull, new: Pull) -> None:
        """A request that was thought one operation's is the other's, and so is its connection."""
        self._connections.moved(hop.request.connection, old, new, new.process)

    def heard(self, hop: Hop) -> None:
        """A request has a place by now: its connection, and its token, speak for its operation from here on."""
        pull = hop.step.pull
        if pull is None:
            return
        request = hop.request
        if request.http_version == "HTTP/2.0":
            pull.streams.add(hop.host)
        if request.connection is not None:
            known = self._connections.process(request.connection)
            if known is None and identify(hop.agent).family in COMMANDS:
                known = pull.process = pull.process or Process()
            elif known is not None and pull.process is None:
                pull.process = known
            self._connections.note(request.connection, pull, known)
        if request.credential is not None:
            self._tokens.used(hop, pull, request.credential)

    # -- whose it is ----------------------------------------------------------------------------------------------------

    def _clue(self, step: Step) -> Clue:
        event = step.first.request
        registry = registry_of(step)
        issuers = self._open_pulls.issuers(event.client, event.credential)
        issued_to = {issuer.pull: None for issuer in issuers if issuer.pull is not None}
        if issued_to and step.route.digest is not None:  # one token for all tags (docker pull -a)
            there = self._open_pulls.open.at((event.client, registry, step.route.repository))
            issued_to |= {pull: None for pull in there if event.credential in pull.used}
        waiting = [
            pull.started
            for pull in self._waiting.at(event.client, registry)
            if alike(step.first.agent, identify(step.first.agent).family, pull)
            and (not pull.promised or step.route.repository in pull.promised)
        ]
        return clue_of(
            step,
            registry=registry,
            process=self._connections.process(event.connection),
            spoken=self._connections.spoken(event.connection),
            issued_to=tuple(issued_to),
            announced=min(waiting, default=None),
        )

    def _choose(self, clue: Clue) -> Pull | None:
        found = match(clue, self._candidates(clue))
        if found is None:
            return None
        clue.step.reasons.append(found.reason)
        clue.step.rivals = found.rivals
        if clue.process is not None and found.pull.process is not clue.process and found.reason.evidence == "token":
            join(found.pull.process, clue.process)
        return found.pull

    def _candidates(self, clue: Clue) -> Iterator[Pull]:
        """The operations that may have asked, in the order in which they began; those that ended lately come last."""
        client = clue.step.first.request.client
        if clue.form is Form.STRAY:
            yield from self._open_pulls.of_client(client)
            yield from (pull for pull in reversed([*self._open_pulls.recent]) if pull.client_key[0] == client)
            return
        if clue.form is Form.PING:
            theirs = self._open_pulls.of_client(client) if clue.process is not None else (*clue.issued_to, *clue.spoken)
            kept = (pull for pull in theirs if not pull.closed or pull in self._open_pulls.recent)
            waiting = self._waiting.at(client, clue.registry)
            yield from dict.fromkeys([*waiting, *(pull for pull in kept if pull.registry == clue.registry)])
            return
        place = (client, clue.registry, clue.route.repository)
        if clue.route.repository is None:
            yield from (pull for pull in self._open_pulls.open.at(place) if pull.opened)
            return
        yield from self._open_pulls.open.at(place)
        yield from reversed(self._open_pulls.recent.at(place))

    def _superseded(self, clue: Clue) -> list[Pull]:
        """What is over because the same client asks for the same tag anew."""
        if clue.form is not Form.TAG:
            return []
        place = (clue.step.first.request.client, clue.registry, clue.route.repository)
        return [
            pull
            for pull in self._open_pulls.open.at(place)
            if pull.tag == clue.route.reference
            and pull.client_key[1] == clue.agent
            and not pull.in_flight
            and all(step.last.hung_up for step in pull.open_steps)
            and not pull.pushing
            and not (clue.issued_to and clue.time - pull.last < STEP_QUIET and _has_more_to_ask(pull))
        ]

    def _fallback(self, clue: Clue) -> Pull | None:
        """The operation that another host has just refused what this request asks for: a mirror, and what is behind it."""
        asks = clue.form in (Form.TAG, Form.DIGEST) and clue.method in ("GET", "HEAD")
        if not asks or clue.family in NO_MIRRORS:
            return None
        client, registry, host = clue.step.first.request.client, clue.registry, clue.step.first.host
        turned_to = min([clue.time, *(pull.started for pull in self._waiting.at(client, registry))])
        for pull in (*reversed(self._open_pulls.of_client(client)), *reversed(self._open_pulls.recent)):
            # With `?ns=` a mirror and what is behind it have one name.
            if (pull.registry == registry and host in pull.hosts) or pull.pushing or pull.client_key[0] != client:
                continue
            if not is_below(pull.repository, clue.route.repository):
                continue
            if turned_to - pull.last > NEXT_MOVE or not alike(clue.agent, clue.family, pull):
                continue
            asked = clue.step.place
            refused = [
                step
                for step in steps_of(pull)
                if (step.place[0], step.place[2]) == (asked[0], asked[2]) and is_below(step.place[1], asked[1])
            ]
            # A mirror may have the manifests only, after which docker begins anew elsewhere.
            half = (
                clue.form is Form.TAG
                and pull.tag == clue.route.reference
                and any(step.route.endpoint is Endpoint.BLOB and step.last.status == 404 for step in failures(pull))
            )
            if half or (not pull.fetched and refused and all(_was_refused(step) for step in refused)):
                for index in (self._open_pulls.open, self._open_pulls.recent):
                    if pull in index:
                        index.move(pull, clue.registry, clue.route.repository)
                clue.step.reasons.append(_FALLBACK)
                return pull
        return None

    def _mount_source(self, clue: Clue) -> Pull | None:
        """The push that was told that a blob is not in its own repository, and looks for it where it may be mounted from.

        containers/image asks so (docker_image_dest.go, TryReusingBlob; seen: skopeo 1.9, 1.22), with a token for each.
        """
        # A version check waits: another run.
        begins = clue.announced and clue.process is None and clue.credential is None
        if clue.route.endpoint is not Endpoint.BLOB or clue.method != "HEAD" or clue.digest is None or begins:
            return None
        not_there = {
            pull: pull.looked_for
            - {
                str(one.route.digest)
                for one in pull.open_steps
                if one.in_flight and one.route.repository == pull.repository
            }
            for pull in self._open_pulls.of_client(clue.step.first.request.client)
            if pull.registry == clue.registry
            and pull.repository not in (None, clue.route.repository)
            and not pull.put
            and (pull.pushing or pull.only_looked_for_blobs)
            and alike(clue.agent, clue.family, pull)
        }
        # The blob may be known there by the digest of another compression (buildah 1.28, podman 4.3: seen).
        looking = [pull for pull, missed in not_there.items() if clue.digest in missed] or [
            pull for pull, missed in not_there.items() if missed and clue.time - pull.last < STEP_QUIET
        ]
        if not looking:
            return None
        near = [pull for pull in looking if self.affinity(clue.step.first.request, pull) > 1] or looking
        chosen = min(near, key=lambda pull: pull.last)
        clue.step.rivals = tuple(pull for pull in near if pull is not chosen)[:3]
        clue.step.reasons.append(_MOUNT_SOURCE)
        return chosen

    # -- names come late ------------------------------------------------------------------------------------------------

    def _learn_name(self, clue: Clue, pull: Pull) -> None:
        """What an operation is about, as far as this request says it."""
        route = clue.route
        if clue.form in (Form.PING, Form.STRAY):
            return
        if pull.repository is None and route.repository is not None:
            self._open_pulls.open.name(pull, route.repository)
        if pull.client.family == "unknown" or not pull.opened:
            found = _client_of(clue.step)
            if found.family != "unknown" or pull.client.family == "unknown":
                pull.client, pull.client_key = found, (pull.client_key[0], clue.agent)
        if clue.form is Form.TAG and pull.tag is None and pull.by_digest is None:
            pull.tag = route.reference
        reads = route.endpoint is Endpoint.MANIFEST and clue.method in ("GET", "HEAD") and not pull.pushing
        first = reads and not pull.asked_manifest
        if first and clue.form is Form.DIGEST and pull.tag is None and route.digest is not None:
            pull.by_digest = pull.digest = str(route.digest)

    def _new(self, step: Step, process: Process | None) -> Pull:
        event = step.first.request
        pull = Pull(
            client_key=(event.client, step.first.agent),
            client=_client_of(step),
            registry=registry_of(step),
            repository=None if step.is_token else step.route.repository,
            started=event.time,
            last=event.time,
            process=process,
        )
        self._open_pulls.add(pull)
        return pull


def line_up(step: Step) -> None:
    """A step is over: it is next in line for a number. A token that could be another's waits until a request carries it."""
    pull = step.pull
    if pull is None:
        return
    pull.open_steps.discard(step)
    number = step.token.number if step.token is not None else None
    if step.doubtful and number is not None and number not in pull.used and not pull.closed:
        pull.unused.append(step)
    else:
        pull.ready.append(step)


def is_worth_telling(pull: Pull) -> bool:
    """Whether it is known by now what the operation is about: a version check may still become anything.

    HEAD of a manifest begins pulls and pushes alike; its answer, or what comes next, tells.
    """
    if pull.pushing:
        return True
    if pull.repository is not None and (pull.tag or pull.by_digest):
        asked = [step for step in (*pull.ready, *pull.open_steps) if step.route.endpoint is Endpoint.MANIFEST]
        return any(step.settled or step.method != "HEAD" for step in asked)
    # A blob that is read is one of an image whose manifest the client has kept; one that is looked for may begin a push.
    return bool(pull.ready) and (pull.asked_itself or (pull.asked_digest and not pull.only_looked_for_blobs))


def _has_more_to_ask(pull: Pull) -> bool:
    return bool(pull.missing or (pull.index and not pull.images))


def _was_refused(step: Step) -> bool:
    last = step.last
    if step.in_flight or last.redirects or (last.request.authorization == "none" and has_next_move(step)):
        return False
    page = step.route.endpoint is Endpoint.MANIFEST and last.content_type == "text/html"
    return not last.ok or page or step.instead is not None


def _writes(step: Step) -> bool:
    return step.route.endpoint in UPLOADS or (step.route.endpoint is Endpoint.MANIFEST and step.method == "PUT")


def _client_of(step: Step) -> Client:
    """The client that sends a request; a search does not tell which store a docker daemon has."""
    found = identify(step.first.agent, step.first.request.headers.get_all("accept"))
    return replace(found, store=None) if step.route.endpoint is Endpoint.V1_SEARCH else found


def _note(step: Step, pull: Pull) -> None:
    """Index what a step asks for, so that no search goes through all steps."""
    route = step.route
    if step.is_token or route.endpoint in PINGS:
        return
    if names_tag(route):
        pull.tag_step = step
    if route.endpoint is Endpoint.MANIFEST and not route.cosign and route.fallback_for is None:
        pull.asked_manifest = True
    asks = route.endpoint in QUESTIONS or step.method == "DELETE"
    pull.asked_itself = pull.asked_itself or (asks and route.endpoint is not Endpoint.BESIDE)
    pull.asked_digest = pull.asked_digest or route.digest is not None
    looks = route.endpoint is Endpoint.BLOB and step.method == "HEAD"
    if looks and len(pull.looked_for) < MOST_LOOKED_FOR:
        pull.looked_for.add(str(route.digest))
    pull.uploads += step.method == "POST" and route.endpoint in UPLOADS
    pull.only_looked_for_blobs = pull.only_looked_for_blobs and looks


def registry_of(step: Step) -> str:
    """The registry that the client means, by `?ns=` or by its host."""
    first = step.first
    return registry_name(first.route.ns or first.host)
