"""Who cannot have sent a request that begins a step, and who may have. One file, because every clue is a row of one table.

Two of the three tables of evidence: `VETOES`, and `MAY_ASK` with a row for each form of question. What decides between those
who may have asked is in `evidence`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pullscope.oci.agents import DAEMONS, GRAPHDRIVER_STORE, STARTS_OVER, UNKNOWN
from pullscope.oci.routes import Endpoint
from pullscope.trace.clues import UPLOADS, Clue, Form, alike, has_token, is_same_process, is_theirs, names_tag
from pullscope.trace.model import Outcome, Pull, Step
from pullscope.trace.settle import RETRIED, failures, found_no_tag, has_everything, knows, reads_to_look, wants
from pullscope.trace.times import AT_ONCE, BACK_OFF, LAST_BYTE, NEXT_MOVE, REOPEN, STEP_QUIET

MOST_STEPS = 10_000
"""Steps that an operation takes in; a client that never rests begins another then."""

# -- who cannot have asked ----------------------------------------------------------------------------------------------


def _is_full(_: Clue, pull: Pull) -> bool:
    """It has taken in as many steps as are kept of one operation."""
    return len(pull.steps) >= MOST_STEPS


def _is_too_old(clue: Clue, pull: Pull) -> bool:
    """Nothing was seen of it for so long that this is something new."""
    quiet = clue.time - pull.last
    if quiet <= REOPEN or pull.in_flight:
        return False
    return not (quiet <= BACK_OFF and _tries_again(clue, pull)) and (quiet > LAST_BYTE or not wants(pull, clue.digest))


def _is_another_process(clue: Clue, pull: Pull) -> bool:
    """The request came on a connection of another run of a command-line client, and carries no token of this one."""
    known = clue.process is not None and pull.process is not None and not is_same_process(clue, pull)
    if not known or has_token(clue, pull) or _was_guessed(clue):
        return False
    return pull.in_flight or not _as_if_anew(clue, pull)


def _has_its_own_stream(clue: Clue, pull: Pull) -> bool:
    """Over HTTP/2 a command-line client has one connection to a host: another one is another run's (crane, oras: seen)."""
    first = clue.step.first
    two = first.request.http_version == "HTTP/2.0" and first.request.connection is not None and clue.process is None
    if not two or clue.family in DAEMONS or first.host not in pull.streams or pull in clue.spoken:
        return False
    return not has_token(clue, pull) and not _as_if_anew(clue, pull)


def _is_another_client(clue: Clue, pull: Pull) -> bool:
    """Another User-Agent, which no process of this client is known to send, on a connection that this one never used."""
    return not (is_same_process(clue, pull) or pull in clue.spoken or alike(clue.agent, clue.family, pull))


def _is_over(clue: Clue, pull: Pull) -> bool:
    """It has ended, and nothing says that this request goes on with it."""
    if not pull.closed or is_theirs(clue, pull) or (clue.form is Form.PING and has_token(clue, pull)):
        return False
    if _as_if_anew(clue, pull) or (clue.form is Form.DIGEST and clue.spoken == (pull,)):
        return False
    if clue.form in (Form.WRITE, Form.DIGEST) and not pull.put and (pull.pushing or found_no_tag(pull)):
        return False  # where the tag is not there, the look for it was the question before a push
    if clue.form is Form.TAG and clue.method == "GET" and not clue.announced and not pull.pushing:
        # Whoever asks with HEAD goes on with GET, also where HEAD failed (docker, containerd, crane: seen).
        return pull.tag != clue.route.reference or pull.tag_step is None or pull.tag_step.method != "HEAD"
    return clue.form is Form.TAG or clue.form is Form.LIST or not wants(pull, clue.digest)


def _has_another_token(clue: Clue, pull: Pull) -> bool:
    """It carries a token that was issued for another operation, and this one has its own."""
    another = clue.issued_to and pull.credentials and not has_token(clue, pull)
    return bool(another) and not (is_same_process(clue, pull) or _as_if_anew(clue, pull) or _was_guessed(clue))


def _was_guessed(clue: Clue) -> bool:
    """Whether those that its connection or its token speaks for have put the tag: that they are theirs was a guess.

    podman 4.3 asks for a token for each of five blobs at once; nothing tells the tokens of two pushes apart (seen).
    """
    return any(_puts_it_itself(clue, owner) for owner in (*clue.spoken, *clue.issued_to))


def _puts_it_itself(clue: Clue, pull: Pull) -> bool:
    """It has put this very tag, or is about to: whoever puts it now is another (three at once of skopeo, podman: seen)."""
    if clue.method != "PUT" or not names_tag(clue.route):
        return False
    puts = (step for step in pull.open_steps if step.method == "PUT" and step.place == clue.step.place)
    return (*clue.step.place, "PUT") in pull.answered or any(puts)


VETOES: Mapping[str, Callable[[Clue, Pull], bool]] = {
    "full": _is_full,
    "too old": _is_too_old,
    "over": _is_over,
    "another process": _is_another_process,
    "another HTTP/2 connection": _has_its_own_stream,
    "another client": _is_another_client,
    "another token": _has_another_token,
    "another put": _puts_it_itself,
}
"""Who cannot have asked, whatever else speaks for it."""


# -- who goes on as if it began -----------------------------------------------------------------------------------------

ANEW = {(Form.LIST, "skopeo"): NEXT_MOVE, (Form.TAG, "docker-cli"): STEP_QUIET}
"""Questions for which a client begins anew: `skopeo inspect` for the tags (1.9, 1.22), `docker manifest inspect` for its second
reading (28.5): seen. And within how long: a person may run the latter again."""

ON_NODES = frozenset({"containerd", "cri-o"})
"""Families that pull for kubelet."""

LOOKS_FIRST = frozenset({"ollama", UNKNOWN})
"""Families that look at a blob before they fetch it: ollama/ollama#4992, #7244. Others look where they push."""

TAGS = frozenset({"crane", "go-containerregistry", "helm", "oras"})
"""Families with a command that reads a manifest to put it under a tag."""


def _as_if_anew(clue: Clue, pull: Pull) -> bool:
    """Whether a client goes on with the same thing on other connections, with a version check and another token."""
    soon = ANEW.get((clue.form, clue.family))
    if soon is not None and clue.began - pull.last <= soon and not pull.in_flight and not pull.asked_itself:
        return True
    return _starts_over(clue, pull) or _tries_again(clue, pull) or _goes_on_by_writing(clue, pull)


def _starts_over(clue: Clue, pull: Pull) -> bool:
    """Whether it begins again, for a storage or registry has failed it: with the tag, or a push with its blobs (podman 5.8)."""
    pushes = pull.pushing and not pull.put and clue.route.endpoint is Endpoint.BLOB and clue.method == "HEAD"
    soon = clue.began - pull.last <= NEXT_MOVE
    if clue.family not in STARTS_OVER or not (clue.form is Form.TAG or (pushes and soon)):
        return False
    troubled = (*failures(pull), *(old for old in pull.open_steps if not old.in_flight))
    return any(
        (soon and _got_nowhere(old))
        or old.last.status in RETRIED
        or (old.route.endpoint is Endpoint.BLOB and old.last.status == 404)
        for old in troubled
    )


def _got_nowhere(step: Step) -> bool:
    """Whether a step had no answer that a client gets on with, which may be another the next time."""
    return step.last.status in RETRIED or (step.last.failed is not None and not step.last.hung_up)


def _tries_again(clue: Clue, pull: Pull) -> bool:
    """Whether a node asks once more for a tag that it could not have: kubelet does so until it gets it."""
    if clue.form is not Form.TAG or clue.family not in ON_NODES or clue.family != pull.client.family:
        return False
    last = pull.tag_step
    return last is not None and last.outcome is Outcome.FAILED and pull.tag == clue.route.reference


def _goes_on_by_writing(clue: Clue, pull: Pull) -> bool:
    """Whether what was only looked at is tagged or signed, for which crane 0.21 and cosign 2.6 take other connections.

    At once; but cosign gets a certificate first, with a login by browser, and asks with HEAD only before it writes. helm puts
    the tag of a manifest that is there, and that it has read by digest (helm/helm#31567).
    """
    if pull.pushing or pull.fetched - {pull.digest}:
        return False
    at_once = clue.began - pull.last <= STEP_QUIET
    if clue.family in TAGS:
        return at_once and clue.form is Form.WRITE and clue.route.endpoint is Endpoint.MANIFEST
    signs = clue.family == "cosign" and clue.form is Form.DIGEST and clue.digest in (None, pull.digest)
    return signs and clue.announced and (at_once or clue.method == "HEAD")


# -- who may have asked -------------------------------------------------------------------------------------------------


def _asks_ping(clue: Clue, pull: Pull) -> bool:
    """An operation of the same process, or one that has its token; or one without a name that tries http after https.

    A version check with the token of a pull is no login: that has no scope (token spec; helm 4.2 and client libraries do it).
    """
    alone = clue.spoken == (pull,) and clue.family not in DAEMONS and not pull.closed
    a_login_has_it = pull.repository is not None and any(other.repository is None for other in clue.issued_to)
    if is_same_process(clue, pull) or alone or (has_token(clue, pull) and not a_login_has_it):
        return True
    if pull.repository is not None:
        return False
    others = [*pull.steps, *pull.open_steps, *pull.ready, *pull.unused]
    # http after https, /v1/_ping after /v2/ (skopeo 1.9): one attempt to find out what this host speaks.
    elsewhere = all(other.first.request.url_id != clue.step.first.request.url_id for other in others)
    shown = clue.step.first.request.authorization == "basic" and bool(others) and others[-1].last.status == 401
    # containers/image waits for as long as the answer asks, and then asks again (skopeo 1.22, podman 5.8: seen).
    again = bool(others) and clue.family not in DAEMONS and _got_nowhere(others[-1])
    return bool(others) and (elsewhere or shown or again)


def _asks_tag(clue: Clue, pull: Pull) -> bool:
    """One that is still resolving this tag, or has named nothing so far; a push with HEAD, before it puts the tag."""
    tag = clue.route.reference
    if pull.tag not in (None, tag) and not (pull.pushing or pull.asked_itself):
        return False  # asked first, for a client may have a thousand tags open at once
    if _deleted(clue, pull):
        return True
    mine = is_theirs(clue, pull)
    looks = clue.method == "HEAD" and not _still_pushes_blobs(clue, pull)
    if pull.pushing:
        alone = clue.method == "HEAD" and clue.spoken == (pull,) and clue.time - pull.last < AT_ONCE
        if pull.put:
            return pull.tag == tag and (is_same_process(clue, pull) or alone)
        return mine or alone or (looks and pull.tag in (None, tag))
    if pull.tag is None and pull.by_digest is None:
        asked = pull.asked_manifest or pull.asked_digest
        return not asked or mine or (looks and pull.only_looked_for_blobs)
    if pull.tag == tag:
        return is_same_process(clue, pull) or goes_on(pull, clue)
    return False


def _deleted(clue: Clue, pull: Pull) -> bool:
    """Whether it has deleted what is asked for, to see that it is gone (distribution-spec, conformance tests)."""
    return pull.asked_itself and (*clue.step.place, "DELETE") in pull.answered


def _still_pushes_blobs(clue: Clue, pull: Pull) -> bool:
    """Whether a daemon has a blob under way: it asks for the tag when all of them are there (dockerd 28.5, containerd store)."""
    if clue.family not in DAEMONS:
        return False
    return any(step.route.endpoint in UPLOADS or step.route.endpoint is Endpoint.BLOB for step in pull.open_steps)


def _looked_for_it(clue: Clue, pull: Pull) -> bool:
    """Whether a push has looked for this blob, which it does once unless that failed (containerd pusher.go; run: three pushes at
    once of dockerd 28.5.2 with the containerd store).
    """
    # The classic store looks for it when it has put it; buildx imagetools (as containerd) for each index that is copied.
    once = clue.family == "docker" and pull.client.store != GRAPHDRIVER_STORE
    if clue.method != "HEAD" or not once or clue.digest not in pull.looked_for or has_token(clue, pull):
        return False
    return not any(step.last.failed or step.last.status in RETRIED for step in failures(pull))


def _asks_digest(clue: Clue, pull: Pull) -> bool:
    """One that was told of the digest, or resolved a tag without fetching what it names; a push looks with HEAD."""
    digest, route = clue.digest, clue.route
    if is_same_process(clue, pull) or _deleted(clue, pull):
        return True
    if digest is None:  # a signature's tag
        return not pull.put
    reads_blob = route.endpoint is Endpoint.BLOB and clue.method == "GET"
    if _looked_for_it(clue, pull):
        return False
    if pull.pushing:
        if pull.put:  # oras-go adds what it pushed to the list of its subject's referrers, where that is a tag
            return route.fallback_for is not None and clue.time - pull.last < STEP_QUIET
        return not reads_blob or is_theirs(clue, pull) or reads_to_look(pull)
    if route.endpoint is Endpoint.REFERRERS or route.fallback_for is not None or route.cosign:
        return True
    if clue.method == "HEAD" and route.endpoint is Endpoint.BLOB and clue.family in LOOKS_FIRST and wants(pull, digest):
        return True
    if clue.method == "HEAD" and route.endpoint is Endpoint.BLOB:
        # A push looks for a blob, in its own repository or where it may be mounted from (skopeo 1.9).
        goes_on = found_no_tag(pull) or (pull.only_looked_for_blobs and digest not in pull.looked_for)
        new = clue.announced and not goes_on  # a version check waits: another run begins
        return clue.issued_to == (pull,) or (not pull.fetched and not new and _may_go_on_as_push(clue, pull))
    if wants(pull, digest):
        return True
    if knows(pull, digest):
        again = route.endpoint is Endpoint.MANIFEST and clue.method == "GET" and digest in pull.fetched
        anew = pull.by_digest == digest or clue.announced  # a version check waits: the next pull of the same image
        return not (again and anew) or pull in clue.spoken
    if pull in clue.issued_to or pull in clue.spoken:
        return True
    last = pull.tag_step.last if pull.tag_step is not None else None
    unnamed = last is not None and last.ok and last.header("docker-content-digest") is None
    if (
        unnamed
        and route.endpoint is Endpoint.MANIFEST
        and clue.family not in DAEMONS
        and clue.time - pull.last < AT_ONCE
    ):
        return True  # a cache asks for what it has read by its digest too (Nexus: ollama/ollama#5298)
    # A client that has the index already asks for its children without fetching it (containerd 2.1, transfer service).
    knows_nothing = pull.index is None and not pull.images and not pull.put
    return knows_nothing and (pull.tag is not None or route.endpoint is not Endpoint.MANIFEST)


def _asks_write(clue: Clue, pull: Pull) -> bool:
    """A push whose tag does not stand yet; or one that has fetched nothing, where a client may begin a push so.

    A manifest right after another is of the same push, as an index after its children: what begins a push looks at blobs or tags.
    """
    if is_same_process(clue, pull):
        return True
    if pull.put:
        # dockerd: one tag after the other, and what all have is not looked for again (moby push_v2.go, pushV2Tag).
        if clue.family == "docker" and names_tag(clue.route):
            return False
        at_once = not (clue.issued_to or clue.announced or pull.in_flight) and clue.time - pull.last < STEP_QUIET
        return clue.route.endpoint is Endpoint.MANIFEST and (at_once or is_theirs(clue, pull) or pull in clue.spoken)
    if pull.pushing or _goes_on_by_writing(clue, pull):
        return True
    return is_theirs(clue, pull) or (not pull.fetched and _may_go_on_as_push(clue, pull))


def _may_go_on_as_push(clue: Clue, pull: Pull) -> bool:
    """A daemon asks for the blobs first and for the tag last, so what began with a tag is something else: a pull, or the
    look for a cache that BuildKit takes before it builds (dockerd 28.5, BuildKit of dockerd 28.5).
    """
    same_tag = pull.tag is None or (clue.route.reference is not None and pull.tag == clue.route.reference)
    return clue.family not in DAEMONS or same_tag or is_theirs(clue, pull)


def _asks_list(clue: Clue, pull: Pull) -> bool:
    """One that is still looking at the same repository (skopeo inspect, crane delete).

    Or that has put another in place of what it deletes: oras-go does so with a list of referrers by tag.
    """
    replaced = clue.method == "DELETE" and pull.pushing and clue.digest in pull.fetched
    return is_same_process(clue, pull) or replaced or (not has_everything(pull) and not pull.put)


def _asks_stray(clue: Clue, pull: Pull) -> bool:
    """One that wants the digest: from a descriptor's own `urls`, or the beginning of its redirect was not seen.

    Signatures beside a registry are those of a manifest that it has.
    """
    return wants(pull, clue.digest) or (clue.route.endpoint is Endpoint.SIGNATURES and knows(pull, clue.digest or ""))


MAY_ASK: Mapping[Form, Callable[[Clue, Pull], bool]] = {
    Form.PING: _asks_ping,
    Form.TAG: _asks_tag,
    Form.DIGEST: _asks_digest,
    Form.WRITE: _asks_write,
    Form.LIST: _asks_list,
    Form.STRAY: _asks_stray,
}
"""For each form of question, which operations may have asked it."""


def goes_on(pull: Pull, clue: Clue) -> bool:
    """Whether a request for the tag is still the same operation's, and not the beginning of the next."""
    step, last = clue.step, pull.tag_step
    if last is None:
        return True
    if not last.settled:
        first, again = last.first.request, step.first.request
        # The same once more would be a repeat of that step: this is another client that looks the same.
        return not last.in_flight and (first.url_id, last.method) != (again.url_id, step.method)
    if _as_if_anew(clue, pull):
        return True
    if last.outcome is Outcome.FAILED:
        return not clue.announced  # a new version check: a new attempt
    # Where its digest is not there, dockerd 20.10 reads the tag (moby/moby#41749); its next pull begins with HEAD.
    read = not pull.asked_digest or any(old.digest == last.digest for old in pull.failing)
    return last.method == "OPTIONS" or (last.method == "HEAD" and step.method == "GET" and read)
