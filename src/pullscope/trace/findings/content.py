"""The bytes of blobs and manifests: cut off, corrupt, or kept back by the storage that should send them."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from pullscope.oci.amounts import part_of
from pullscope.oci.bounds import count
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.asked import request
from pullscope.trace.findings.case import CONTENT, name_of
from pullscope.trace.findings.client_settings import out_of_mirrors
from pullscope.trace.findings.compared import other_digest, said_size
from pullscope.trace.findings.fronts import cut, limits, patience
from pullscope.trace.findings.login_commands import print_command
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import answered_by, front, quoted
from pullscope.trace.model import Hop, Kind, Outcome, Step


@row(
    needs=None,
    severities="error, warning",
    remedy="raise the time and size limits of proxies",
)
def size_mismatch(case: Case) -> Iterator[Found]:
    """Another number of bytes than the manifest or Content-Length says.

    Not judged where a content coding makes the numbers differ, nor where the client went away. nginx ends at 1 GiB what
    it keeps for a slow client (proxy_max_temp_file_size: containers/podman#14481).
    """
    short: list[tuple[Step, Hop, int, int]] = []
    for hop in case.hops:
        step = hop.step
        if step.route.endpoint not in CONTENT or hop.request.method != "GET" or hop.response is None:
            continue
        came, wanted = hop.bytes, _announced(hop)
        if came is None or wanted is None or came == wanted or hop.client_left:
            continue  # right, or the client had enough
        if step.verified and hop is step.last:
            continue  # whole, by its digest: `descriptor-size-wrong`
        if (hop.status == 200 and hop.header("content-range") is None) or hop.failed is not None:
            short.append((step, hop, came, wanted))
    if not short:
        return
    step, hop, came, wanted = short[0]
    steps = [one for one, *_ in short]
    if came < wanted:
        exact = f"{came} of {wanted} bytes"
        how = f"ended after {exact if wanted < 1000 else f'{part_of(came, wanted)} ({exact})'}"
    else:
        how = f"has {came} bytes instead of {wanted}"
    again = [other for one, other, *_ in short if one.place == step.place and other.host == hop.host and came < wanted]
    (alike, fix), home = _ends(hop, again), step.first.mirror_of
    yield Found(
        steps,
        f"what {'the mirror ' if home is not None else ''}{hop.host} sent for {name_of(step)} {how}{alike}.",
        (
            f"have {hop.host} forget what it keeps of that, or push it again"
            if came > wanted or hop.header("content-length") == str(came)  # distribution/distribution#4381
            else cut(hop, came) or fix
        )
        + (f"; or take it {out_of_mirrors(case.pull.client, home)}" if home is not None else ""),
    )


def _ends(hop: Hop, again: list[Hop]) -> tuple[str, str]:
    """What bodies that were cut off have in common, and what to do: the same byte is no accident, nor is the same time."""
    who, times = front(hop) or hop.host, len(again)
    seconds = [one.seconds or 0.0 for one in again]
    if not hop.bytes and front(hop) is not None:  # distribution/distribution#4237
        return (
            f"{f', {times} times' if times > 1 else ''}",
            f"read the log of {who} at {hop.host}: it ends the answer at its start",
        )
    if times > 1 and len({one.bytes for one in again}) == 1:
        fix = (
            f"have {who} forget what its cache holds of this, pull past it, or push it again (if {hop.host} is yours, after a "
            "restart: it may know of what its disk has no more)"
        )
        return f", {times} times at that very byte: that is a limit or what is stored there, not the network", fix
    late = patience(hop.seconds)
    if times > 1 and min(seconds) >= LONGEST_WAIT and max(seconds) - min(seconds) < min(seconds) / 20:
        known = limits(hop)
        fix = known[1] if known is not None else f"raise the limit of time of {who}, or of what is between it and here"
        return f", {times} times after {round(min(seconds))} s: that is a limit of time", fix
    ask = f"curl -sLo /dev/null -w '%{{size_download}}' {quote(hop.step.first.request.url)}"
    if hop.bytes == 0:  # distribution/distribution#2778, #4845
        fix = (
            f"push it again, or have {hop.host}, if a cache, fetch it anew; after a garbage collection restart it first"
        )
        return "", fix
    if hop.failed is not None and "stream error" in hop.failed.reason:  # tiiuae/ghaf-infra#1115
        plain = f"switch HTTP/2 off in what is in front of {hop.host} (http2 off in nginx), if that is yours"
        return "", f"try again; if it keeps failing, {plain}: these words are of a stream of HTTP/2 that was reset"
    fix = f"run {ask} here and past the proxies in front of {hop.host}: the one that cuts it off has a limit of time or size"
    return "", f"{fix}; {late}" if late is not None else fix


LONGEST_WAIT = 10.0
"""Seconds from which on the same time, twice, is taken for a limit."""


def _announced(hop: Hop) -> int | None:
    """How many bytes an answer should have; None where a content coding makes that another number."""
    if hop.header("content-encoding") not in (None, "identity"):
        return None
    if hop.status == 200 and hop.step.expectation is not None:
        return hop.step.expectation.descriptor.size
    return count(hop.header("content-length")) if hop.failed is not None else None


@row(
    severities="error, warning",
    remedy="check proxies and caches in between",
)
def digest_mismatch(case: Case) -> Iterator[Found]:
    """Bytes that do not hash to the digest asked for.

    Hashed while streaming, after content coding (RFC 9110, 8.4); null where the beginning was not seen. Caches keep wrong bytes
    until they are told to forget them (podman-container-tools/podman#7298); that it came from one is seen in Age or X-Cache.
    """
    wrong = [step for step in case.steps if step.verified is False]
    for step in wrong[:1]:
        coded = step.last.header("content-encoding")
        age = step.last.header("age") or ""
        which = "that digest" if step.route.digest is not None else "the Docker-Content-Digest that is sent with it"
        kept = "hit" in (step.last.header("x-cache") or "").lower() or (age.isdecimal() and age.strip("0") != "")
        yield Found(
            wrong,
            f"what {step.last.host} sent for {name_of(step)} does not hash to {which}{other_digest(step)}: it is "
            + ("corrupt, or something on the way has rewritten it" if step.last.bytes else "empty, 0 bytes")
            + (f" (content coding {coded})" if coded else "")
            + (f". It comes from a cache ({f'Age {age} s' if age else 'X-Cache'})." if kept else "."),
            f"have the cache of {step.last.host} forget it, and fetch it again"
            if kept
            else f"run {print_command(case, step)} | sha256sum here and in another network: what is wrong here alone, a proxy on "
            "the way rewrites, which must pass it on byte for byte; what is wrong everywhere is to be pushed again",
        )


@row(needs=Fact.BLOB, suffers="docker", remedy="send no Content-Encoding")
def blob_coded(case: Case) -> Iterator[Found]:
    """A blob that is right, by its digest, comes with Content-Encoding, and is fetched again and again.

    Clients undo that coding before they take the digest, and have other bytes then (RFC 9110, 8.4). httpd's mod_mime_magic and
    AddEncoding put it on what is a gzip file: moby/moby#17595.
    """
    fetched: dict[tuple[str | None, ...], list[Step]] = {}
    for step in case.steps:
        got = step.route.endpoint is Endpoint.BLOB and step.method == "GET" and step.last.status == 200
        if got and step.last.header("content-encoding") not in (None, "identity"):
            fetched.setdefault(step.place, []).append(step)
    again = next((steps for steps in fetched.values() if sum(len(step.passes) for step in steps) > 2), [])
    if again and case.over:
        hop = again[-1].last
        yield Found(
            again,
            f"{answered_by(hop)} sent {name_of(again[0])} with Content-Encoding {hop.header('content-encoding')}, and "
            f"{case.client} fetched it again and again: it decodes the body, and then the bytes do not match the digest.",
            f"take Content-Encoding off blobs at {hop.host} (mod_mime_magic and AddEncoding in httpd; compression in proxies)",
            severity=Severity.ERROR,
        )


def _of_blobs(case: Case, *statuses: int) -> list[tuple[Hop, str]]:
    """Answers about blobs, and the Range that was asked for."""
    blobs = (hop for hop in case.hops if hop.step.route.endpoint is Endpoint.BLOB)
    return [(hop, (hop.request.headers.get("range") or "").strip()) for hop in blobs if hop.status in statuses]


@row(
    needs=Fact.PART,
    severities="warning, error",
    suffers="those that resume",
    remedy="serve ranges",
)
def range_ignored(case: Case) -> Iterator[Found]:
    """200 to a request for the rest.

    Classic dockerd wants 206 (client/transport/http_reader.go); containerd takes 200 too, and throws away what it had.
    """
    rest = [(hop, asked) for hop, asked in _of_blobs(case, 200) if asked not in ("", "bytes=0-")]
    whole = [(hop, asked) for hop, asked in rest if hop.header("content-range") is None]
    for hop, asked in whole[:1]:
        yield Found(
            [one.step for one, _ in whole],
            f"{hop.host} was asked for {asked} of {name_of(hop.step)} and answered 200, which is all of it, instead of 206.",
            f"let {hop.host} serve ranges (nginx: proxy_force_ranges on): without them a download begins again at every attempt",
        )


@row(
    needs=Fact.PART,
    severities="error, warning",
    suffers="those that ask for parts: stargz, nydus, resumed downloads; of 206, podman and skopeo",
    remedy="send 206 only to a request with Range",
    recording="field/wire/range-200-partial.mitm",
)
def part_as_whole(case: Case) -> Iterator[Found]:
    """200 with Content-Range, a part that is sent as if it were the whole; or 206 to a request without Range, which failed.

    RFC 9110, 15.3.7 and 14.4: a part has status 206. dragonflyoss/client#1874: a client took 52 bytes for the whole layer.
    Of 206 docker 20.10 and containerd 1.6 take what comes for the whole, and skopeo 1.9 takes nothing (run).
    """
    unasked = [step for step in case.steps if step.outcome is Outcome.FAILED and step.last.unasked_part]
    if unasked:
        hop = unasked[0].last
        yield Found(
            unasked,
            f"{answered_by(hop)} answered 206, which is a part, to {request(unasked[0])} without Range.",
            f"let {hop.host}, and caches in front of it, answer 206 only to who sends Range",
        )
    parts = [hop for hop, _ in _of_blobs(case, 200) if hop.header("content-range") is not None]
    for hop in parts[:1]:
        yield Found(
            (one.step for one in parts),
            f"{answered_by(hop)} sent a part of {name_of(hop.step)} ({hop.header('content-range')}) with 200 instead of 206: "
            "clients take it for the whole.",
            f"let {hop.host} answer ranges with 206",
            severity=Severity.WARNING,
        )


@row(
    needs=Fact.PART,
    severities="error, warning",
    suffers="those that resume",
    remedy="let ranges through",
)
def range_refused(case: Case) -> Iterator[Found]:
    """400, 416 or 501 to a Range: the rest of a download that was cut off, or a part of one that is fetched in parts.

    A registry should answer ranges with 206 (distribution-spec 1.1, "Pulling blobs"), and may ignore them; refused, the
    download can only begin again. containerd 2.1 begins each blob with `bytes=0-` (containerd/containerd#11998), and asks again
    without the range after a 416 only if it had nothing yet.
    """
    refused = [(hop, asked) for hop, asked in _of_blobs(case, 400, 416, 501) if asked]
    for hop, asked in refused[:1]:
        part = f"{'a part' if asked == 'bytes=0-' else 'the rest'} of {name_of(hop.step)}"
        yield Found(
            (one.step for one, _ in refused),
            f"{answered_by(hop)} said {hop.status} when {case.client} asked for {part} ({asked}){quoted(hop)}.",
            f"let {hop.host}, and proxies in front of it, take Range requests for blobs",
        )


@row(
    needs=Fact.INDEX_OR_IMAGE,
    severities="error, warning",
    suffers="containerd, docker's containerd store, BuildKit; docker's classic store ignores it",
    remedy="build the image again",
    recording="field/wire/index-size-wrong.mitm",
)
def descriptor_size_wrong(case: Case) -> Iterator[Found]:
    """What came hashes right and has another size than the index, manifest or HEAD says.

    containerd says "failed size validation" (core/content/helpers.go): rancher/rancher#22415, containerd/containerd#2401; oras
    "mismatch Content-Length". Of a HEAD: containerd/containerd#8438, #3323, oras-project/oras-go#1176 (Harbor, Artifactory). An
    error where the client asked for nothing after it.
    """
    odd = [
        (step, said)
        for step in case.steps
        if step.verified and step.last.header("content-encoding") in (None, "identity")
        if None not in (step.last.bytes, said := said_size(case, step)) and said != step.last.bytes
    ]
    if not odd:
        return
    wrong, (step, said) = [one for one, _ in odd], odd[0]
    ended, kind = case.stopped_at in wrong, step.expectation.kind if step.expectation is not None else None
    index = "manifest" if step.route.endpoint is Endpoint.BLOB else "index"
    what = {None: f"answer of {step.last.host} to HEAD", Kind.SIGNATURE: "list of referrers"}.get(kind, index)
    yield Found(
        wrong,
        f"the {what} says {said} bytes for {name_of(step)}, which has {step.last.bytes}: what came is whole, by its digest, and "
        f"{case.client if ended else 'containerd'} refuses it.",
        f"let {step.last.host} answer HEAD with the length that GET has; if it is a cache, have it fetch that tag anew"
        if kind is None
        else f"report it to the registry {step.last.host}, which makes that list; a client that takes no size from it goes on"
        if kind is Kind.SIGNATURE
        else f"build and push the {what} of {case.pull.repository} again",
        severity=Severity.ERROR if ended or case.failed else Severity.WARNING,
    )
