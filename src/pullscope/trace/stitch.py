"""Which step a request belongs to: it follows a redirect, repeats what failed, answers a challenge, or begins something.
One file, because the ways to continue a step are tried in one order.

Its tables are bounded by number and by age: redirects not followed yet, open steps by their first address,
challenges by realm, addresses that a descriptor names, and where uploads go on.
Of several that fit alike, the one whose operation the request is nearest to is taken (`TokenOwners.affinity`: its connection,
its token), then the oldest.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import TypeVar

from pullscope.oci.agents import identify
from pullscope.oci.challenge import Challenge, scopes_asked
from pullscope.oci.digest import Digest, as_digest
from pullscope.oci.documents import Index, Manifest
from pullscope.oci.routes import Endpoint, Route
from pullscope.oci.urls import bare, host_of, parameters, path_of, query
from pullscope.trace.bounded_table import Remembered
from pullscope.trace.clues import LISTS, UPLOADS
from pullscope.trace.events import Requested
from pullscope.trace.followers import Followers
from pullscope.trace.model import Hop, Pull, Reason, Step, Strength
from pullscope.trace.settle import RETRIED
from pullscope.trace.source_gaps import lacking
from pullscope.trace.times import AT_ONCE, MEMORY, REOPEN
from pullscope.trace.tokens import is_account_login

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

MOST_ALIKE = 16
"""Steps with the same address, by clients that look the same, which may still go on."""

MOST = 2_000
"""Entries that a table holds at the most; the oldest go first."""


class Stitcher:
    """Finds the step of each request, and remembers what later requests may continue."""

    def __init__(
        self,
        affinity: Callable[[Requested, Pull | None], int],
        moved: Callable[[Hop, Pull, Pull], None],
        is_fresh: Callable[[Requested], bool],
    ) -> None:
        self._affinity = affinity
        self._is_fresh = is_fresh
        self._followers = Followers(moved)
        self._redirects: Remembered[tuple[str, int], Hop] = Remembered(most=MOST, seconds=MEMORY)
        self._sources: Remembered[tuple[str, int], Hop] = Remembered(most=MOST, seconds=MEMORY)
        self._open: OrderedDict[tuple[str, str, int], list[Step]] = OrderedDict()
        self._realms: Remembered[tuple[str, str], _Asked] = Remembered(most=MOST, seconds=MEMORY)
        self._foreign: Remembered[tuple[str, str], Digest] = Remembered(most=MOST, seconds=REOPEN, each=1)
        self._told: Remembered[tuple[str, str], Hop] = Remembered(most=MOST, seconds=REOPEN, each=1)

    def place(self, event: Requested, route: Route) -> tuple[Hop | None, list[tuple[Challenge, Step]] | None]:
        """A hop in the step that this request continues or begins, and the challenges that it may answer.

        No hop if it is not registry traffic.
        """
        origin, doubtful = self._followed_redirect(event)
        if origin is not None:
            origin.followed = True
            self._forget_redirect(origin)
            origin.step.reasons.append(FOLLOWS)
            hop = self._append(origin.step, event, route, origin)
            if event.headers.get("range") is not None:
                self.may_repeat(hop)  # one redirect may do for all parts (ollama/ollama#7244)
            if doubtful:
                self._followers.chose(hop, self._opened(event))
            return hop, None
        repeated = self._repeated_step(event)
        if repeated is not None:
            last = repeated.last
            origin = last.follows if last.request.url_id == event.url_id else None
            repeated.reasons.append(AGAIN[bool(last.challenges)])
            return self._append(repeated, event, route, origin), None
        needed_by = self.challenges_for(event)
        is_token = bool(needed_by) or looks_like_token_request(event, route)
        told = self._told if len(self._told) and not is_token else None
        told_by = next(iter(told.of((event.client, bare(event.url)))), None) if told else None
        if told_by is not None:
            route = _told_route(event, route, told_by)
        for digest in self._foreign.of((event.client, event.url)):
            route = Route(endpoint=Endpoint.NONE, digest=digest)  # whatever its path looks like
        # What looks like nothing, but names a digest may be a blob whose redirect was not seen.
        stray = event.method in ("GET", "HEAD") and route.digest is not None
        if not is_token and not stray and not _is_registrys(event, route):
            return None, None
        step = Step(route=route, is_token=is_token, after=told_by.step if told_by is not None else None)
        hop = step.first = self._append(step, event, route, None)
        self.may_repeat(hop)
        return hop, needed_by

    def responded(self, hop: Hop) -> None:
        """Remember what an answer makes possible: a redirect to follow, a realm to ask."""
        if hop.response is None:
            return
        location = hop.response.location_id
        if hop.redirects and location is not None:
            for table, number in ((self._redirects, location), (self._sources, hop.request.url_id)):
                table.add((hop.request.client, number), hop, hop.response.time)
        elif hop.status == 202 and hop.location and hop.route.endpoint in UPLOADS:
            # Where the upload goes on: anywhere, and with more in its query (distribution-spec 1.1, "Pushing a blob").
            self._told.add((hop.request.client, bare(hop.location)), hop, hop.response.time)
        elif (
            hop.route.endpoint in LISTS
            and (there := hop.next_page) is not None
            and bare(there) != bare(hop.request.url)
        ):
            self._told.add((hop.request.client, bare(there)), hop, hop.response.time)
        if hop.follows is not None and (hop.status in RETRIED or hop.refuses_head):
            self.may_repeat(hop)  # oras and podman ask the storage itself again, not the registry (seen: 503)
        if hop.status == 401:
            if hop.follows is not None:
                # crane from 0.21.8 asks the host that it was led to once more, with that host's token (ggcr#2360).
                self.may_repeat(hop)
            for challenge in hop.challenges:
                if (
                    challenge.realm and challenge.scheme != "basic"
                ):  # whose realm may be an address too: serverless-registry
                    key = (hop.request.client, bare(challenge.realm))
                    asked = _Asked(challenge=challenge, step=hop.step, time=hop.response.time)
                    self._realms.add(key, asked, hop.response.time)

    def failed(self, hop: Hop) -> None:
        """Where no whole answer came after a redirect, the same address may be asked once more (oras 1.3.3: seen)."""
        if hop.follows is not None and not hop.hung_up:
            self.may_repeat(hop)

    def may_come_from_elsewhere(self, hop: Hop, document: Index | Manifest) -> None:
        """Remember the addresses elsewhere that a descriptor names for its content (image-spec 1.1, descriptor, `urls`)."""
        for layer in document.layers if isinstance(document, Manifest) else ():
            for url in layer.urls[:8]:
                if layer.digest is not None and host_of(url) != hop.host:
                    self._foreign.add((hop.request.client, url), layer.digest, hop.request.time)

    def forget(self, step: Step) -> None:
        """Nothing continues a step that is settled, but who shows the token that was got for it."""
        if step.last.status == 401 and step.tokens:
            return
        for hop in step.hops:
            key = (hop.request.client, hop.agent, hop.request.url_id)
            waiting = self._open.get(key)
            if waiting is not None and step in waiting:
                waiting.remove(step)
                if not waiting:
                    del self._open[key]

    def may_repeat(self, hop: Hop) -> None:
        """The same request may come again, and is of the same step then."""
        waiting = self._open.setdefault((hop.request.client, hop.agent, hop.request.url_id), [])
        if hop.step not in waiting:
            waiting.append(hop.step)
            del waiting[:-MOST_ALIKE]
        while len(self._open) > MOST:
            self._open.popitem(last=False)

    def challenges_for(self, event: Requested) -> list[tuple[Challenge, Step]]:
        """The challenges that this request may answer, the best first: asked for nothing so far, then the newest.

        The User-Agent may differ (dockerd 29).
        """
        known = (
            [one for one in self._realms.of((event.client, bare(event.url))) if event.time - one.time <= MEMORY]
            if len(self._realms)
            else []
        )
        if not known:
            return []
        wanted = set(scopes_asked(event.url))
        fits = [one for one in known if not wanted or not one.scopes or wanted & one.scopes]
        unanswered = [one for one in fits if not one.answered]
        rest = [one for one in reversed(fits) if one.answered]
        return [(one.challenge, one.step) for one in (*unanswered, *rest)] or [(known[-1].challenge, known[-1].step)]

    def answered(self, event: Requested, step: Step) -> None:
        """A token request answers the oldest open challenge of this step."""
        for one in self._realms.of((event.client, bare(event.url))):
            if one.step is step and not one.answered:
                one.answered = True
                return

    def _followed_redirect(self, event: Requested) -> tuple[Hop | None, bool]:
        """The redirect that this request follows: a Location equal to its URL, told apart by connection, Referer and
        User-Agent, then by order; and whether several would have done.

        A client may write the Location differently when it asks for it; then its Referer alone says where it came from
        (Go's net/http sends one: refererForURL in client.go).
        """
        candidates = self._unfollowed(self._redirects, (event.client, event.url_id), event)
        if candidates:
            return self._likeliest(event, candidates)
        if event.referer_id is not None:
            sources = self._unfollowed(self._sources, (event.client, event.referer_id), event)
            agent = event.headers.get("user-agent") or ""
            same = [hop for hop in sources if hop.agent == agent]
            if len(same) == 1 and host_of(same[0].location or "") == host_of(event.url):
                return same[0], False
        return None, False

    def _likeliest(self, event: Requested, candidates: list[Hop]) -> tuple[Hop | None, bool]:
        """Of the redirects to this address the one that this request follows, if any; and whether others would have done."""
        agent = event.headers.get("user-agent") or ""
        likeness = [
            (
                self._affinity(event, hop.step.pull),
                hop.request.url_id == event.referer_id,
                hop.agent == agent,
                not hop.step.settled,
            )
            for hop in candidates
        ]
        best = max(likeness)
        if not (best[1] or best[2]):
            return None, False
        equal = [hop for hop, like in zip(candidates, likeness, strict=True) if like == best]
        chosen = self._followers.answered_before(equal, self._opened(event))[0]
        rivals = {hop.step.pull: None for hop in equal if hop is not chosen and hop.step.pull is not None}
        if best[0] == 0 and chosen.step.pull is not None and not rivals:
            self._followers.belongs(event, chosen.step.pull)
        chosen.step.rivals = tuple(rivals)[:3] or chosen.step.rivals
        return chosen, bool(rivals) or best[0] <= 1

    def _opened(self, event: Requested) -> float:
        """When a request was on its way: when its connection was opened for it, or when it was asked."""
        return event.connected if event.connected is not None and self._is_fresh(event) else event.time

    def _forget_redirect(self, hop: Hop) -> None:
        """A redirect that was followed leads nowhere else."""
        location = hop.response.location_id if hop.response else None
        for table, number in ((self._redirects, location), (self._sources, hop.request.url_id)):
            if number is not None:
                table.discard((hop.request.client, number), hop)

    def _unfollowed(self, table: Remembered[tuple[str, int], Hop], key: tuple[str, int], event: Requested) -> list[Hop]:
        open_ones = [hop for hop in table.of(key) if not hop.followed]
        return [hop for hop in open_ones if event.time - (hop.response or hop.request).time <= MEMORY]

    def _repeated_step(self, event: Requested) -> Step | None:
        """The step that this request may repeat: of the nearest operation the one last asked on its connection, then the
        oldest."""
        waiting = self._open.get((event.client, event.headers.get("user-agent") or "", event.url_id))
        if waiting is None:
            return None
        fits = [step for step in waiting if _repeats(event, step) and self._affinity(event, step.pull)]
        if len(fits) <= 1:
            return fits[0] if fits else None

        def likeness(step: Step) -> tuple[bool, bool, int, bool]:
            same = event.connection is not None and step.last.request.connection == event.connection
            return (not step.settled, same, self._affinity(event, step.pull), _got(event, step))

        return max(fits, key=likeness, default=None)

    def _append(self, step: Step, event: Requested, route: Route, origin: Hop | None) -> Hop:
        hop = Hop(request=event, route=route, step=step, follows=origin)
        step.hops.append(hop)
        step.under_way += 1
        if origin is None:
            step.method = event.method
        return hop


@dataclass(kw_only=True, slots=True, eq=False)
class _Asked:
    """A challenge that was sent, and whether a token request has answered it."""

    challenge: Challenge
    step: Step
    time: float
    answered: bool = False

    @property
    def scopes(self) -> set[str]:
        return set((self.challenge.scope or "").split())


FOLLOWS = Reason(evidence="redirect", strength=Strength.CERTAIN, words="follows the redirect before it")
AGAIN = {
    True: Reason(evidence="repeat", strength=Strength.CERTAIN, words="asks again after the 401"),
    False: Reason(evidence="repeat", strength=Strength.LIKELY, words="asks for the same again"),
}


def _got(event: Requested, step: Step) -> bool:
    """Whether a request shows a token that was got for a step."""
    if event.credential is None:
        return False
    return any(token.token is not None and token.token.number == event.credential for token in step.tokens)


def _repeats(event: Requested, step: Step) -> bool:
    """Whether a request for the address of a step may be that step's."""
    if step.settled and (event.credential == step.last.request.credential or not _got(event, step)):
        return False
    if step.in_flight:
        # Ranges of one blob may be asked for side by side (containerd's concurrent_layer_fetch_buffer);
        # the same request twice without one is another client's.
        return event.headers.get("range") is not None and step.route.endpoint is Endpoint.BLOB
    at_once = event.time - (step.last.ended or event.time) < AT_ONCE
    if step.route.endpoint is Endpoint.UPLOAD_START and at_once and not (step.last.status == 401 and _got(event, step)):
        return False  # the next blob's: no client begins an upload anew as soon (docker, containerd, crane, oras)
    if event.method != step.method:
        return (step.method, event.method) == ("HEAD", "GET")
    last = step.last
    if last.hung_up and step.route.digest is not None:
        # Who hung up does not ask again as if nothing had happened: that is the next run, with its own manifest (measured).
        return event.headers.get("range") is not None or event.credential == step.first.request.credential
    elsewhere = event.connection is None or event.connection != last.request.connection
    if last.redirects and elsewhere and event.time - (last.ended or event.time) < AT_ONCE:
        return False  # who was just sent on follows; the same request from elsewhere is another run's (measured)
    if last.redirects:
        # Who was sent on has no reason to ask again with another token.
        return event.credential == last.request.credential
    # Who was told here to get a token comes back with it; who was told so elsewhere may have it for that host alone.
    shown = event.authorization != "none" or lacking(event, "credentials")
    # On the same connection, with a token that was got meanwhile and is not shown: the same client still (containerd#1952).
    unshown = bool(step.tokens) and not elsewhere
    return shown or unshown or last.status != 401 or last.follows is not None or not last.challenges


def _is_registrys(event: Requested, route: Route) -> bool:
    """Whether an address is one of a registry or chart repository: archives of npm have names like those of charts."""
    if route.endpoint is Endpoint.CHARTS and route.reference is not None:
        return identify(event.headers.get("user-agent")).family == "helm"
    return route.endpoint is not Endpoint.NONE


def looks_like_token_request(event: Requested, route: Route) -> bool:
    """Whether a request for which no challenge was seen asks for a token (token spec: `service` and `scope`).

    BuildKit's client and a tracer that was started late make such requests.
    """
    if event.method not in ("GET", "POST") or route.endpoint not in (Endpoint.NONE, Endpoint.PING):
        return False
    if is_account_login(event):
        return True
    asked = query(event.url)
    if "service=" not in asked:
        return False
    if any(word in asked for word in ("scope=", "account=", "client_id=")):
        return True
    # A script that leaves the scope out (distribution/distribution#2624); not git's info/refs, nor a login page that goes back.
    path = path_of(event.url).rstrip("/")
    return path.endswith(("/token", "/auth")) and "://" not in asked.replace("%3A", ":").replace("%2F", "/")


def _told_route(event: Requested, found: Route, told_by: Hop) -> Route:
    """The route of an upload's Location, or of a list's Link: its own where it has one, else that of what it belongs to."""
    if found.endpoint is not Endpoint.NONE:
        return found
    if told_by.route.endpoint in LISTS:
        return told_by.route
    digest = parameters(query(event.url)).get("digest", [None])[0]
    return replace(found, endpoint=Endpoint.UPLOAD, repository=told_by.route.repository, digest=as_digest(digest))
