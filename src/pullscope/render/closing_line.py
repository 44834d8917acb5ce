"""What an operation came to, in the words of its closing line: one function an action, in one table. Text only.

Each counts what its action is about, and claims what was seen: a layer that was not requested is "already here" only in a pull,
and "nothing new" is said only where this client was seen fetching the same digest before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pullscope.oci.agents import UNKNOWN
from pullscope.oci.amounts import count, duration, part_of, size
from pullscope.oci.documents import Index
from pullscope.oci.plain import plain
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import parameters, query
from pullscope.render.names import short
from pullscope.render.wording import LISTED, attached_by
from pullscope.trace.conclude import RUNS_IMAGES, hung_up, sent
from pullscope.trace.model import Action, Ending, Kind, Layers, Outcome, Pull, Step
from pullscope.trace.settle import failures
from pullscope.trace.unseen_hosts import through_mirror


def verdict(pull: Pull, *, ended: float | None = None) -> str:
    """How it went, after its outcome: `440 ms, 42 requests, 4 of 4 layers, 10 of 10 digests verified`."""
    hops = [hop for step in pull.steps for hop in step.hops]
    seconds = pull.seconds if ended is None or not pull.timed else max(0.0, ended - pull.started)
    return ", ".join([took(seconds), count(len(hops), "request"), *_stopped(pull), *came_to(pull)])


def came_to(pull: Pull) -> list[str]:
    """What the operation brought, sent, found or deleted, in parts."""
    parts = ["a token, nothing more"] if _only_a_token(pull) else list(CAME_TO[pull.action](pull))
    if pull.partner is not None:
        where = "from" if pull.pushing else "to"
        parts.append(
            plain(f"copied {where} {pull.partner.reference or pull.partner.registry} ({pull.partner.id})", 200)
        )
    return parts


def _only_a_token(pull: Pull) -> bool:
    """Whether a token for a repository was got, and nothing of it was asked for."""
    good = {step.kind for step in _good(pull)}
    asked = {step.kind for step in pull.steps} <= {Kind.TOKEN, Kind.VERSION_CHECK}
    return asked and Kind.TOKEN in good and pull.action not in (Action.LOGIN, Action.OTHER)


def took(seconds: float | None) -> str:
    """How long a whole operation took, where that is known."""
    return duration(seconds) or "times not known"


def _stopped(pull: Pull) -> Iterator[str]:
    if through_mirror(pull) and failures(pull):
        yield "goes on past the mirror, not seen"
        return
    hop = hung_up(pull) if pull.outcome is not Ending.COMPLETE else None
    if hop is not None:
        total = hop.step.size
        yield f"stopped by the client, after {part_of(hop.bytes or 0, total) if total else size(hop.bytes or 0)}"


def _pull(pull: Pull) -> Iterator[str]:
    layers = pull.layers
    if layers.sent_on:
        yield from _sent_on(pull, layers)
    elif layers.total is None and not layers.fetched:
        yield from _without_layers(pull)
        return
    elif layers.total is None:
        yield count(layers.fetched, "blob")  # only a manifest tells layers from configs
    else:
        nothing_asked = pull.partner is not None and not layers.fetched
        yield "no layer asked for" if nothing_asked else f"{layers.fetched} of {count(layers.total, 'layer')}"
        if layers.already_present:
            unknown = pull.client.family in (UNKNOWN, "flux")  # Flux wants one layer of all, and others may
            yield f"{layers.already_present} {'not asked for' if unknown else 'already here'}"
    yield from _verified(pull)


def _without_layers(pull: Pull) -> Iterator[str]:
    if pull.outcome is not Ending.COMPLETE:
        came = any(hop.failed is not None and hop.bytes for hop in pull.hops)
        sent_on = any(step.outcome is Outcome.NOT_SEEN and step.last.redirects for step in pull.steps)
        yield "nothing came whole" if came else "nothing seen coming" if sent_on else "nothing downloaded"
    elif pull.images or pull.index is not None or _read_attestation(pull):
        yield _none_asked_for(pull)
        yield from _verified(pull)
    elif pull.had_before:
        yield f"nothing new: {pull.tag or 'it'} is still {short(pull.digest)}"
    elif pull.digest is not None:
        yield f"resolved to {short(pull.digest)}, nothing downloaded"
    else:
        yield "nothing downloaded"


def _none_asked_for(pull: Pull) -> str:
    """What the client left out: of an index alone it is not known whether it wanted more."""
    if not pull.images and _read_attestation(pull):
        return "only an attestation asked for"
    if pull.images or pull.index is None:
        return "no layer asked for"
    asked = any(step.expectation is not None for step in pull.steps)
    return f"none of the index's entries {'came' if asked else 'asked for'}"


def _read_attestation(pull: Pull) -> bool:
    return any(step.kind is Kind.ATTESTATION for step in _good(pull))


def _look(pull: Pull) -> Iterator[str]:
    read = [step for step in _good(pull) if step.method == "GET" and step.route.endpoint in CONTENT]
    manifests = sum(step.route.endpoint is Endpoint.MANIFEST for step in read)
    configs = sum(step.kind is Kind.CONFIG for step in read)
    if not read:
        if pull.outcome is not Ending.COMPLETE:
            yield "nothing downloaded"
        elif pull.had_before and pull.client.family in RUNS_IMAGES:
            yield f"nothing new: {pull.tag or 'it'} is still {short(pull.digest)}"
        else:
            there = any(step.route.endpoint is Endpoint.MANIFEST for step in _good(pull))
            found = f"resolved to {short(pull.digest)}" if pull.digest else "is there" if there else ""
            yield f"{found}, nothing downloaded" if found else "not there"
        return
    yield f"read {count(manifests, 'manifest')}" + (f" and {count(configs, 'config')}" if configs else "")
    yield _none_asked_for(pull)
    yield from _verified(pull)


def _push(pull: Pull) -> Iterator[str]:
    came = sent(pull)
    blobs = [
        *([f"{count(came.uploaded, 'blob')} sent"] if came.uploaded else []),
        *([f"{came.mounted} mounted"] if came.mounted else []),
        *([f"{came.there} there already"] if came.there else []),
    ]
    yield from blobs or ["no blob sent"]
    if came.bytes and (not came.uploaded or _sent_bytes(pull)):
        yield f"{size(came.bytes)} in all"
    if pull.put:
        name = pull.tag or "manifest"
        yield plain(f"{name} is {short(pull.digest)}" if pull.digest else f"{name} stored", 120)
    elif pull.outcome is not Ending.COMPLETE:
        yield "no tag written"
    elif by_digest := [step for step in _good(pull) if step.kind is Kind.MANIFEST_PUT and step.digest]:
        yield f"{short(by_digest[-1].digest)} put by digest, no tag"


def _sent_bytes(pull: Pull) -> bool:
    """Whether the bytes of its uploads were seen: a flow file made without pullscope has none of a streamed body."""
    uploads = [step for step in _good(pull) if step.kind in (Kind.UPLOAD_START, Kind.UPLOAD_CHUNK, Kind.UPLOAD_FINISH)]
    return any(hop.uploaded is not None and hop.uploaded.bytes for step in uploads for hop in step.hops)


def _attach(pull: Pull) -> Iterator[str]:
    # The list of referrers that a client keeps under a tag, where the registry keeps none, is no attachment.
    put = [step for step in _good(pull) if step.kind is Kind.MANIFEST_PUT and step.route.fallback_for is None]
    nouns = {attached_by(step) or "attachment" for step in put}
    yield f"{count(len(put), nouns.pop() if len(nouns) == 1 else 'attachment')} stored" if put else "nothing stored"
    subjects = {_subject(step) for step in put} - {None}
    if len(subjects) == 1:
        yield f"attached to {short(subjects.pop())}"


def _subject(step: Step) -> str | None:
    """The digest of what a manifest was attached to, by its `subject` or by the tag that is made of it."""
    if step.document is not None and step.document.subject is not None:
        return step.document.subject.digest
    algorithm, _, rest = str(step.route.reference).partition("-")
    return f"{algorithm}:{rest.partition('.')[0]}" if step.route.cosign else None


def _delete(pull: Pull) -> Iterator[str]:
    gone = [step for step in _good(pull) if step.method == "DELETE"]
    names = [plain(str(step.route.reference or step.route.digest or ""), 80) for step in gone]
    yield (
        f"deleted {' and '.join(short(name) if ':' in name else name for name in names)}" if gone else "nothing deleted"
    )


def _list(pull: Pull) -> Iterator[str]:
    good = _good(pull)
    for step in good:
        if step.kind is Kind.SEARCH:
            terms = parameters(query(step.first.request.url)).get("q") or []
            yield plain(f"search for '{' '.join(terms)}'" if terms else "search", 80)
        elif step.kind is Kind.CHARTS:
            name, kind = step.route.reference or "index.yaml", step.last.content_type
            as_text = name.endswith(".tgz") and kind.startswith("text/")  # no archive
            yield plain(f"{name} {f'came as {kind}' if as_text else 'downloaded'}", 80)
    for kind, names in LISTED.items():
        counts = [step.listed_count for step in good if step.kind is kind]  # a page each
        if counts:
            known = [one for one in counts if one is not None]
            yield (
                f"{sum(known)} {names[sum(known) != 1]}"
                if len(known) == len(counts)
                else f"{names[1]} not counted: the body was not kept"
            )
    referrers = [step for step in pull.steps if step.kind is Kind.REFERRERS]
    if referrers:
        found = [step.document.manifests for step in referrers if isinstance(step.document, Index)]
        yield count(sum(map(len, found)), "referrer")
    elif not any(step.kind in (*LISTED, Kind.CHARTS) for step in good):
        yield "nothing listed"


def _login(pull: Pull) -> Iterator[str]:
    yield "login accepted" if pull.outcome is Ending.COMPLETE else "login not accepted"


def _other(pull: Pull) -> Iterator[str]:
    asked = {step.kind for step in pull.steps}
    yield "version check, nothing more" if asked <= {Kind.VERSION_CHECK, Kind.TOKEN} else "nothing downloaded"


CAME_TO: Mapping[Action, Callable[[Pull], Iterator[str]]] = {
    Action.PULL: _pull,
    Action.LOOK: _look,
    Action.PUSH: _push,
    Action.ATTACH: _attach,
    Action.DELETE: _delete,
    Action.LIST: _list,
    Action.LOGIN: _login,
    Action.OTHER: _other,
}
DOES: Mapping[Action, tuple[str, str]] = {
    Action.PULL: ("a pull", "of"),
    Action.LOOK: ("a read", "of"),
    Action.PUSH: ("a push", "to"),
    Action.ATTACH: ("an attachment", "to"),
    Action.DELETE: ("a delete", "from"),
    Action.LIST: ("a list", "of"),
    Action.LOGIN: ("a login", "at"),
    Action.OTHER: ("requests", "to"),
}
"""What an operation turned out to be, and the preposition before what it is about."""
CONTENT = frozenset({Endpoint.MANIFEST, Endpoint.BLOB})


def _good(pull: Pull) -> list[Step]:
    return [step for step in pull.steps if step.outcome is Outcome.OK]


def _verified(pull: Pull) -> Iterator[str]:
    checked = [step.verified for step in pull.steps if step.verified is not None]
    if checked:
        yield f"{sum(checked)} of {count(len(checked), 'digest')} verified"


def _much(pull: Pull, lengths: list[int | None]) -> str:
    """The bytes of relayed connections; those that came for several operations are said to be of all of them."""
    known = [length for length in lengths if length is not None]
    if len(known) < len(lengths):
        return "bytes not known"
    shared = pull.unread.shared.values()
    more = sum(each.bytes for each in shared)
    if not more:
        return size(sum(known))
    others = sorted({number for each in shared for number in each.between} - {pull.id})
    names = " and ".join(map(str, others)) if len(others) < 4 else f"{len(others)} others"
    own = f"{size(sum(known))} and " if sum(known) else ""
    return f"{own}{size(more)} between this and operation {names}"


def _sent_on(pull: Pull, layers: Layers) -> Iterator[str]:
    """Layers that came, if they did, from hosts that were not watched."""
    hosts = dict.fromkeys(step.sent_on_to for step in pull.steps if step.sent_on_to)
    total = count(layers.total if layers.total is not None else layers.sent_on + layers.fetched, "layer")
    if layers.fetched:
        yield f"{layers.fetched} of {total}"
    unread = [length for host, length in pull.unread.bytes.items() if host in hosts]
    where = plain(" and ".join(hosts), 120)
    if len(unread) == len(hosts):
        yield f"{layers.sent_on} of {total} from {where} relayed unseen, {_much(pull, unread)}"
    else:
        yield f"{layers.sent_on} of {total} sent on to {where}, not seen"
    if layers.already_present:
        yield f"{layers.already_present} not asked for"
