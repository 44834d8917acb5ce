"""One conclusion: what an operation was for, how it ended, and what it comes to, from its ledger and its steps.

It claims what was seen and no more: a client that asked for no layer looked, unless it is one that only asks for manifests to
run what they name (`oci.agents.FETCHES_LAYERS`). A step that failed and then succeeded is no failure, nor is a client that
hung up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pullscope.oci.agents import CONTAINERD_STORE, CONTAINERS_IMAGE, DAEMONS, FETCHES_LAYERS, Client
from pullscope.oci.bounds import count
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import parameters, path_of, query
from pullscope.trace.clues import LISTS, PINGS
from pullscope.trace.events import Failed
from pullscope.trace.kinds import OPTIONAL, WRITING
from pullscope.trace.model import Action, Ending, Hop, Kind, Outcome, Pull, Step
from pullscope.trace.processes import is_same
from pullscope.trace.settle import ended_at_a_lookup, ended_unsigned, failures, has_everything, steps_of, unused_token
from pullscope.trace.times import MEANWHILE, QUIET
from pullscope.trace.tokens import is_account_login, rights_asked
from pullscope.trace.unseen_hosts import through_mirror

SENDS_BLOBS = frozenset({"oras", "regctl"})
"""Families with a command for one blob: `oras blob push`, `regctl blob put`."""
RUNS_IMAGES = DAEMONS | {"podman", "buildah", "nerdctl", "kaniko"}
"""Families that look at an image to pull it, most of the time."""


def conclude(pull: Pull, *, cut_off: bool = False) -> None:
    """Make the action and the outcome of an operation final. `cut_off`: an input ended of which the rest is missing."""
    pull.action = action_of(pull)
    if pull.action is Action.LOGIN:
        # With the containerd store, too, the daemon asks for /v2/ by its other name (dockerd 28.5.2: seen).
        pull.client = replace(pull.client, store=None)
    pull.outcome = ending_of(pull, cut_off=cut_off)


def link_copy(pull: Pull, others: Iterable[Pull]) -> None:
    """A push of a manifest that another operation of the same client read meanwhile is a copy: the two name each other."""
    if ended_unsigned(pull) and any(_compared(pull, other) for other in others):
        pull.outcome = Ending.COMPLETE
    if not pull.pushing or pull.partner is not None or pull.client.family == "docker-cli":
        return  # docker manifest makes a list of its own of what it looked at
    written = {step.digest for step in pull.steps if step.kind is Kind.MANIFEST_PUT and step.digest}
    for other in others:
        if other.pushing or other is pull or other.client_key[0] != pull.client_key[0] or not other.opened:
            continue
        meanwhile = other.last >= pull.started - MEANWHILE and other.client.family == pull.client.family
        elsewhere = (other.registry, other.repository, other.tag) != (pull.registry, pull.repository, pull.tag)
        if (
            elsewhere
            and (meanwhile or is_same(pull.process, other.process))
            and written & (other.fetched | {other.digest or ""})
        ):
            pull.partner, other.partner = other, pull
            other.action = Action.PULL
            return


def _compared(pull: Pull, other: Pull) -> bool:
    """Whether its client read the same manifest elsewhere then, and was done: skopeo sync, of what is there already."""
    same = other.client_key == pull.client_key and other.registry != pull.registry
    return same and pull.digest in (other.digest, *other.fetched) and 0 <= other.last - pull.last <= QUIET


def action_of(pull: Pull) -> Action:
    """What an operation was for, from all that was asked so far."""
    others = (step for step in steps_of(pull) if not step.is_token and step.method != "OPTIONS")
    asked = [step for step in others if step.route.endpoint not in PINGS]
    if any(step.is_token for step in steps_of(pull)):  # an API beside the registry was asked with it
        asked = [step for step in asked if step.route.endpoint is not Endpoint.BESIDE]
    if pull.pushing:
        puts = [step for step in asked if step.route.endpoint is Endpoint.MANIFEST and step.method == "PUT"]
        return Action.ATTACH if puts and all(map(_is_attachment, puts)) else Action.PUSH
    if any(step.method == "DELETE" for step in asked):
        return Action.DELETE
    if not asked:
        return _action_of_nameless(pull)
    manifests = [
        step
        for step in asked
        if step.route.endpoint is Endpoint.MANIFEST and step.route.fallback_for is None and not step.route.cosign
    ]
    if any(_asks_for_layer(step, pull) for step in asked):
        return Action.PULL
    heads = all(step.method == "HEAD" for step in asked)
    # go-containerregistry looks first whether it is there: it was (seen), or HEAD was refused (403)
    if "push" in _rights_asked(pull) and (heads or not any(step.last.ok for step in asked)):
        return Action.PUSH
    if manifests:
        # What has no manifest of that digest, containerd asks for it at the place of blobs (core/remotes/docker/resolver.go).
        named = {step.route.digest for step in manifests}
        blobs = any(_looks_for_blob(step) and step.route.digest not in named for step in asked)
        if blobs and all(step.method == "HEAD" for step in asked):
            return Action.PUSH  # everything was there already (dockerd 28.5, skopeo sync: seen)
        return Action.PULL if _only_pulls(pull, manifests) else Action.LOOK
    if any(step.route.endpoint in LISTS for step in asked):
        return Action.LIST
    if any(step.route.cosign or step.route.fallback_for is not None for step in asked):
        return Action.LOOK
    return Action.PUSH if all(map(_looks_for_blob, asked)) else Action.OTHER


def guess_of(pull: Pull) -> Action:
    """What an operation is for, as far as its first requests tell: a client that runs images looks at one to pull it."""
    action = action_of(pull)
    return Action.PULL if action is Action.LOOK and pull.client.family in RUNS_IMAGES else action


def _is_attachment(put: Step) -> bool:
    """Whether a manifest that was put belongs to another: a signature's tag, or a `subject` (image-spec 1.1)."""
    if put.route.cosign or put.route.fallback_for is not None:
        return True
    return put.document is not None and put.document.subject is not None


def _asks_for_layer(step: Step, pull: Pull) -> bool:
    if step.route.endpoint not in (Endpoint.BLOB, Endpoint.NONE) or step.method != "GET":
        return False
    expected = pull.expected.get(str(step.route.digest))
    if expected is not None and expected.kind is Kind.ATTESTATION and pull.client.family in CONTAINERS_IMAGE:
        return expected.number is not None  # it takes one for an image, as `--all-platforms` has it do (podman#21596)
    return expected.kind is Kind.LAYER if expected is not None else True


def _looks_for_blob(step: Step) -> bool:
    return step.route.endpoint is Endpoint.BLOB and step.method == "HEAD"


def _only_pulls(pull: Pull, manifests: list[Step]) -> bool:
    """Whether this client asks for manifests only to run what they name, or came to nothing before that could be told.

    A containerd daemon turns HTTP/2 off for a registry (hosts configuration of its own); who sends its name over HTTP/2 is
    another program with its library, such as buildx (seen: containerd 2.1.9, buildx 0.29.1).
    """
    configs = {str(image.manifest.config.digest) for image in pull.images if image.manifest.config is not None}
    if pull.client.family in FETCHES_LAYERS or (pull.client.family in ("podman", "buildah") and configs & pull.fetched):
        return True  # of an image that is here podman reads the config again (5.8: seen); to look, its manifests
    resolved = all(step.method == "HEAD" for step in manifests)
    if pull.client.family == "containerd":
        came = resolved and any(step.last.ok for step in manifests)
        return manifests[0].first.request.http_version != "HTTP/2.0" and not came
    if resolved or pull.client.family == "docker-cli" or pull.images:
        return False
    return all(step.outcome is Outcome.FAILED for step in manifests)


def is_another_site(pull: Pull) -> bool:
    """Whether someone with curl only asked for a path that ends with /v2/, and no answer was a registry's; or was told what a
    registry's other API has."""
    asked = [hop for step in steps_of(pull) for hop in step.hops]
    if asked and all(
        hop.step.route.endpoint is Endpoint.BESIDE and hop.status is not None and hop.status < 400 for hop in asked
    ):
        return True
    below = all(hop.step.route.endpoint in PINGS and not path_of(hop.request.url).startswith("/v") for hop in asked)
    return below and pull.client.family == "curl" and not any(hop.is_registrys or hop.challenges for hop in asked)


def _action_of_nameless(pull: Pull) -> Action:
    """What version checks and tokens were for: the scope says it, or that there was a login and no scope."""
    if wanted := _rights_asked(pull):
        # crane and skopeo have words for both
        reads = Action.PULL if pull.client.family in RUNS_IMAGES else Action.LOOK
        return Action.PUSH if "push" in wanted else Action.DELETE if wanted & {"delete", "*"} else reads
    asks = [parameters(query(step.first.request.url)) for step in steps_of(pull) if step.is_token]
    hops = [hop for step in steps_of(pull) for hop in step.hops]
    shown = {hop.request.authorization for hop in hops} - {"none"}
    shown |= {"account" for step in steps_of(pull) if step.is_token and is_account_login(step.first.request)}
    if not any(step.is_token or step.first.status == 401 for step in steps_of(pull)):
        shown.discard("bearer")  # a token that was got before, for whatever it was: no login
    return Action.LOGIN if shown or any("offline_token" in one or "account" in one for one in asks) else Action.OTHER


def _rights_asked(pull: Pull) -> set[str]:
    """What the tokens were asked for: `pull`, `push`, `delete`."""
    return {right for step in steps_of(pull) if step.is_token for right in rights_asked(step)}


def was_cut_off(step: Step) -> bool:
    """Whether the step's last answer never ended, or ended before its time."""
    return step.in_flight or (step.last.failed is not None and step.last.response is not None)


def came_whole(hop: Hop, event: Failed) -> bool:
    """Whether an exchange that ended early did so after the last byte: crane resets a stream that it has read (HTTP/2).

    Or after the last that its descriptor has: containerd reads no further, where a Content-Length was too large, or the last
    chunk did not come; docker does ("unexpected EOF": seen). A Content-Length that is no number of bytes fails them all.
    """
    if not hop.ok or hop.request.method != "GET" or hop.response is None or not event.bytes:
        return False
    headers, pull = hop.response.headers, hop.step.pull
    said = headers.get("content-length")
    length = count(said)
    if event.bytes == length:
        return True
    if pull is None or not _reads_no_further(pull.client) or (said is not None and length is None):
        return False
    expected = pull.expected.get(str(hop.step.route.digest)) if hop.status == 200 else None
    return expected is not None and headers.get("content-encoding") is None and event.bytes == expected.descriptor.size


def _reads_no_further(client: Client) -> bool:
    """Whether a client has containerd's fetcher: of a blob or manifest it reads as many bytes as the descriptor says."""
    return client.family in ("containerd", "nerdctl", "buildkit") or client.store == CONTAINERD_STORE


def hung_up(pull: Pull) -> Hop | None:
    """The hop in the middle of which the client went away, where that was the last of it."""
    failed = [step.last for step in failures(pull) if step.last.failed is not None]
    gone = [hop for hop in failed if hop.hung_up]
    return gone[-1] if gone and len(gone) == len(failures(pull)) else None


def ending_of(pull: Pull, *, cut_off: bool = False) -> Ending:
    """How an operation that is being closed has ended. `cut_off`: because an input ended of which the rest is missing."""
    failed = [*failures(pull), *ended_at_a_lookup(pull)]
    if any(was_cut_off(step) and not step.last.malformed for step in (*failed, *pull.open_steps)):
        return Ending.INCOMPLETE
    if has_everything(pull):
        return Ending.COMPLETE
    if hung_up(pull) is not None:
        return Ending.INCOMPLETE  # also where no answer had begun: nothing refused it
    if failed and through_mirror(pull):
        return Ending.INCOMPLETE  # what a mirror has not got is asked of the registry itself, past it
    if ended_unsigned(pull):
        return Ending.INCOMPLETE
    # what the client could not do without, and of which no end was seen
    wanted = (step for step in (*pull.steps, *pull.ready) if step.kind not in OPTIONAL)
    missed = unused_token(pull) is not None or any(step.outcome is Outcome.NOT_SEEN for step in wanted)
    if missed or (cut_off and not failed and not pull.put):
        return Ending.INCOMPLETE
    if pull.pushing and not any(step.kind is Kind.MANIFEST_PUT for step in failed):
        # The registry takes a manifest only when it has what the manifest names, so what failed before was made good; helm reads
        # it again to tag it, and has no tag where that is refused (goharbor/harbor#22908).
        puts = [step for step in pull.steps if step.kind is Kind.MANIFEST_PUT and step.outcome is Outcome.OK]
        read = Endpoint.MANIFEST, "GET"
        needed = [step for step in failed if step.kind in WRITING or (step.route.endpoint, step.method) == read]
        failed = [step for step in needed if step.started > puts[-1].started] if puts else failed
        if not failed and (puts or _pushed_a_blob(pull)):
            return Ending.COMPLETE
        return Ending.FAILED if failed else Ending.INCOMPLETE
    if pull.action is Action.PUSH and not pull.pushing and all(step is pull.tag_step for step in failed):
        # Only the answer that the manifest is there, too, ends a push that has written nothing.
        there = any(step.route.endpoint is Endpoint.MANIFEST and step.last.ok for step in steps_of(pull))
        return Ending.COMPLETE if there else Ending.INCOMPLETE
    return Ending.FAILED if failed else Ending.COMPLETE


def _pushed_a_blob(pull: Pull) -> bool:
    """Whether one blob was all that was to be sent, as by `oras blob push`: an image has a config beside its layers."""
    finished = [step for step in pull.steps if step.kind is Kind.UPLOAD_FINISH and step.outcome is Outcome.OK]
    return len(finished) == 1 and not pull.asked_manifest and not pull.open_steps and pull.client.family in SENDS_BLOBS


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What a push came to, in blobs: each digest counts once, as the best that became of it."""

    uploaded: int
    mounted: int
    there: int
    bytes: int
    """Body bytes that were sent."""


def sent(pull: Pull) -> Sent:
    """The blobs that a push sent, mounted, and found there."""
    ok = [step for step in pull.steps if step.outcome is Outcome.OK]
    uploaded = {_blob(step) for step in ok if step.kind is Kind.UPLOAD_FINISH}
    uploaded |= {_blob(step) for step in ok if step.kind is Kind.UPLOAD_START and step.last.status == 201}
    mounted = {str(step.route.mount) for step in ok if step.kind is Kind.MOUNT and step.last.status == 201}
    there = {_blob(step) for step in ok if _looks_for_blob(step)}
    return Sent(
        uploaded=len(uploaded),
        mounted=len(mounted - uploaded),
        there=len(there - uploaded - mounted),
        bytes=pull.bytes_sent,
    )


def _blob(step: Step) -> str:
    return str(step.route.digest or step.first.request.url)
