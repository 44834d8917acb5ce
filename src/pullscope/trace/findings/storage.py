"""The storage behind a registry: signed addresses, clocks, and those who serve what a blob redirect leads to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.amounts import period
from pullscope.oci.known_registries import known_registry
from pullscope.oci.urls import query, split
from pullscope.oci.whereabouts import expiry_of
from pullscope.trace.findings.case import in_storage, listed, name_of
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import answered_by, date_of, quoted, said_status, says, seconds_of, words
from pullscope.trace.findings.storage_steps import KEYS, OF_ITS_KEYS, handed_out_by, is_signed, told_by_storage
from pullscope.trace.model import Hop, Outcome
from pullscope.trace.settle import RETRIED

APART = 120.0
"""Seconds between two hosts' clocks from which that is told: signatures and tokens allow for less."""

LONG_AGO = 60.0
"""Seconds after which an address that is handed out again counts as kept by a cache."""

_REFUSED = frozenset({400, 401, 403, 410})
_EXPIRED = re.compile(r"expired", re.IGNORECASE)
_SIGNATURE = re.compile(
    r"SignatureDoesNotMatch|InvalidSignature|signature|AuthenticationFailed|InvalidAccessKeyId|MissingKey"
    rf"|MalformedPolicy|AuthorizationQueryParametersError|failed to authenticate the request|invalid (?:key|token)|{OF_ITS_KEYS}",
    re.IGNORECASE,
)
"""S3, MinIO, Azure Blob Storage, CloudFront and Google Cloud Storage, in the codes and messages of their error bodies."""
_UNSIGNED = re.compile(r"Missing Key-Pair-Id", re.IGNORECASE)
_TWO = re.compile(
    r"x-amz-content-sha256|only one auth mechanism|unsupported authorization type|authentication information is not given",
    re.IGNORECASE,
)
"""S3, R2 and Azure Blob Storage, of an Authorization that is none of theirs."""
_SKEWED = re.compile(
    r"RequestTimeTooSkewed|request time and the (?:current|server)|not yet valid|clock skew", re.IGNORECASE
)
_FRAME = re.compile(r"time frame:(?: Start \[(.+?)\] -)? Expiry \[(.+?)\] - Current \[(.+?)\]")
"""Azure's words of both (learn.microsoft.com, "Troubleshoot SAS"): distribution's addresses begin at the time of its clock."""


def _early(hop: Hop) -> bool | None:
    """Whether an address is refused because its time has not come yet; None if it is not refused for its time."""
    if says(hop, KEYS):
        return None
    if frame := _FRAME.search(words(hop)):
        start, _, current = (seconds_of(date) for date in frame.groups())
        return start is not None and current is not None and current < start
    return True if says(hop, _SKEWED) else False if says(hop, _EXPIRED) else None


def _refused(case: Case) -> list[Hop]:
    """The answers by which a storage refused a signed address: that of a blob, or one that it was handed on an upload by."""
    refused = (hop for hop in case.hops if hop.status in _REFUSED and hop.step in case.bad)
    return [
        hop for hop in refused if in_storage(hop) or (handed_out_by(hop) != hop.host and is_signed(hop.request.url))
    ]


@row(
    explains="authorization-leaked",
    suffers="clients that send their token to a storage",
    remedy="let the storage send no challenge",
)
def two_auth_mechanisms(case: Case) -> Iterator[Found]:
    """A signed storage address got an Authorization, and refused.

    Amazon S3 says "Only one auth mechanism allowed": renovate#3877, container-libs#216, moby#50065. Where the registry's own
    host hands on to the storage, the client does right, and the proxy there is to take the header out: quay/quay#13. So is one
    that follows the redirect itself, as its storage's words show: cmliu/CF-Workers-docker.io#90.
    """
    refused = [
        step
        for step in case.bad
        if step.last.request.authorization != "none"
        and step.last.status in (400, 401, 403)
        and (query(step.last.request.url) if in_storage(step.last) else says(step.last, _TWO))
    ]
    if refused:
        last = refused[0].last
        kind = {"bearer": "token", "basic": "login"}.get(last.request.authorization, "Authorization")
        within = not in_storage(last)
        yield Found(
            refused,
            f"{answered_by(last)} said {last.status} to {name_of(refused[0])} in a storage's words{quoted(last)}: it follows "
            f"the redirect there itself, and hands on the {kind} that was for the registry."
            if within
            else f"{case.client} sent its {kind} to {last.host} too, whose address is signed already, and {last.host} "
            f"said {last.status}: storages take one of the two, never both.",
            f"let {last.host} leave Authorization out where it follows a redirect to another host, or hand the redirect on to "
            f"{case.client} (a worker: redirect: 'manual' in its fetch)"
            if within
            else f"let the proxy at {last.host} take Authorization out of what it hands on to the storage"
            if last.follows is not None and last.follows.host == last.host
            else f"let {last.host} answer signed addresses without a challenge"
            if last.challenges
            else f"give the storage a name of its own: {case.client} sends Authorization on to any port of a host"
            if last.follows is not None and split(last.follows.request.url).host == split(last.request.url).host
            else f"update {case.client}, or what it is built on: it must not send Authorization on to another host",
        )


@row(
    suffers="all, until the cache forgets it",
    remedy="do not cache redirects of blobs for longer than they live",
)
def signed_url_stale(case: Case) -> Iterator[Found]:
    """A signed address had expired when it was handed out: by its own times, or because a cache hands out an old redirect.

    Caches keep 302 and 307 for longer than a signature lives: rpardini/docker-registry-proxy#26 (`proxy_cache_valid 301 302
    307`), pulp/pulpcore#3077 (redis). The times are those of the address itself (X-Amz-Date and X-Amz-Expires, Expires, se)
    against the Date of the redirect.
    """
    for hop in _refused(case):
        by = hop.follows
        if by is None or by.response is None:
            continue
        given = date_of(by) or by.response.time
        ends = expiry_of(hop.request.url) or expiry_of(by.location or "")
        old = given - ends if ends is not None else 0.0
        age = by.header("age") or ""
        kept = (age.isdecimal() and len(age) < 9 and int(age) > 0) or any(
            one.response is not None
            and one.response.location_id == by.response.location_id
            and one.response.time < by.response.time - LONG_AGO
            for one in case.hops
        )
        if old < 1 and not (kept and says(hop, _EXPIRED)):
            continue
        yield Found(
            [hop.step],
            f"{by.host} handed out an address at {hop.host} that had expired"
            + (f" {period(old)} before" if old >= 1 else "")
            + (f"; it comes from a cache (Age {age} s)" if kept and age else "")
            + f": {hop.host} said {hop.status}{quoted(hop)}.",
            f"let no cache in front of {by.host} keep redirects of blobs for longer than their signature lives",
        )


@row(
    explains="write-denied upload-refused",
    remedy="keep the signed host, path and query unchanged",
    recording="field/wire/minio-signature-mismatch.mitm",
)
def signed_url_invalid(case: Case) -> Iterator[Found]:
    """The storage refuses the signature of an address (SignatureDoesNotMatch and its likes).

    A signature covers host, path and query (AWS Signature Version 4): a proxy that rewrites one of them breaks it.
    distribution/distribution#3139, docker/hub-feedback#1636. Others are the registry's own keys: withdrawn, wrong, or temporary
    and over, which the address is not yet (distribution/distribution#4175, aws/aws-sdk-ruby#1182, testdouble/azure-blob#14).
    """
    wrong = [hop for hop in _refused(case) if says(hop, _SIGNATURE) and _early(hop) is None]
    if wrong:
        hop = wrong[0]
        by = handed_out_by(hop)
        if says(hop, _UNSIGNED):
            refuses = f"an address without the key pair's id, as {by} handed it out"
        elif says(hop, KEYS):
            refuses = f"the key that {by} signed its address with"
        else:
            refuses = f"the signature of the address that {by} handed out"
        yield Found(
            (one.step for one in wrong),
            f"{answered_by(hop)} refuses {refuses}, with {hop.status}{quoted(hop)}.",
            told_by_storage(case, hop)
            or ("try again; if it fails again, " if known_registry(by) is not None else "")
            + f"keep host, path and query of signed addresses as they are between {by} and {hop.host}"
            + (
                " (a proxy on the way may change them)"
                if known_registry(by) is not None  # TencentBlueKing/bk-cmdb#5082
                else f", or let {by} serve blobs itself instead of redirecting; if nothing changes them, correct the secret key "
                f"that {by} signs with"
            ),
        )


@row(
    suffers="all, and first those with slow queues",
    remedy="check clocks and queues",
)
def signed_url_expired(case: Case) -> Iterator[Found]:
    """The storage refuses, and says that the address has expired.

    Amazon S3's words, "Request has expired", of which the names are kept; R2 says ExpiredRequest (cloudflare-docs#32436).
    """
    late = [hop for hop in case.hops if in_storage(hop) and hop.status in _REFUSED and _early(hop) is False]
    if late:
        hop = late[0]
        by = handed_out_by(hop)
        age = hop.request.time - hop.follows.response.time if hop.follows and hop.follows.response else 0.0
        yield Found(
            [one.step for one in late],
            f"{hop.host} said {hop.status}: the signed address of {name_of(hop.step)} had expired, "
            f"{period(age) if age >= 1 else 'just'} after {by} had handed it out.",
            "start the pull again, for new addresses; if it keeps failing, take out the cache or proxy that keeps "
            f"redirects of {by}"
            if known_registry(by) is not None
            else f"set the clocks of {by} and {hop.host} by NTP, and let {by} sign for longer, if the client waited"
            if age >= 1
            else f"set the clocks of {by} and {hop.host} by NTP, and let no cache in front of {by} keep its redirects",
        )


@row(
    needs=None,
    explains="signed-url-invalid",
    severities="warning, error",
    suffers="all, where signatures or tokens expire",
    remedy="set the clock that is wrong",
)
def clocks_differ(case: Case) -> Iterator[Found]:
    """Date headers of two hosts are minutes apart, or a storage says that the time of a request is too far from its own.

    S3 allows 15 minutes and says RequestTimeTooSkewed: distribution/distribution#710. Answers that come from a cache (Age) have
    an old Date and do not count.
    """
    skewed = [hop for hop in case.hops if (hop.status or 0) >= 400 and hop.step in case.bad and _early(hop)]
    if skewed:
        hop = skewed[0]
        by = hop.follows.host if hop.follows is not None else hop.host
        yield Found(
            [hop.step],
            f"{answered_by(hop)} said {hop.status}{quoted(hop)}.",
            f"set the clock of {by}, which signs the addresses"
            if by != hop.host
            else f"set the clock behind {hop.host}",
        )
    apart: dict[str, tuple[float, Hop]] = {}
    for hop in case.hops:
        if hop.host in apart or hop.response is None or (date := date_of(hop)) is None:
            continue
        if hop.header("age") is None and "hit" not in (hop.header("x-cache") or "").lower():
            apart[hop.host] = (date - hop.response.time, hop)
    if len(apart) < 2:
        return
    behind, ahead = min(apart.values(), key=lambda pair: pair[0]), max(apart.values(), key=lambda pair: pair[0])
    if ahead[0] - behind[0] < APART:
        return
    yield Found(
        [behind[1].step, ahead[1].step],
        f"the clocks of {ahead[1].host} and {behind[1].host} are {period(ahead[0] - behind[0])} apart, by their Date headers: "
        "tokens and signed addresses of one are too old, or not valid yet, for the other.",
        f"set the clock of {max((ahead, behind), key=lambda pair: abs(pair[0]))[1].host} (timedatectl set-ntp true)",
        severity=Severity.WARNING,
    )


@row(
    needs=Fact.BLOB,
    explains="blob-unknown",
    severities="info, error",
    suffers="those whose network does not let that host through",
    remedy="allow that host, or use another image",
    recording="field/wire/foreign-layer.mitm",
)
def foreign_layer(case: Case) -> Iterator[Found]:
    """A layer is asked for at the `urls` of its descriptor, not at the registry; an error where it does not come.

    Windows base images have such layers, tried there first by containerd and containers/image, and by docker where the registry
    does not have them (moby/moby#33151; image-spec descriptor.md, `urls`; containerd/cri#1015, dotnet/dotnet-docker#92,
    microsoft/containerregistry#67).
    """
    asked = [step for step in case.steps if step.is_foreign and not step.last.client_left]
    refused = [
        step
        for step in asked
        if step in case.bad
        and (step.last.status or 0) >= 400
        and (step.last.status, step.last.request.authorization) != (401, "none")  # a registry that wants a token
    ]
    taken = [step for step in asked if step.outcome is Outcome.OK]
    registry = case.pull.registry
    if refused:
        step, last = refused[0], refused[0].last
        other = f"use an image whose layers are all at {registry}"
        hosts = listed(hop.host for hop in step.hops)
        yield Found(
            refused,
            f"the manifest of {case.pull.repository} says that {name_of(step)} is to be had at {step.first.host} (urls), not at "
            f"{registry}. {said_status(last)}.",
            f"{other}, a newer one: {last.host} does not have it (any more)"
            if last.status in (404, 410)
            else f"try again later, or {other}"
            if last.status in RETRIED
            else f"if a proxy or firewall on the way refuses {hosts}, allow that; else {other}",
        )
    elif taken:
        step = taken[0]
        yield Found(
            taken,
            f"{name_of(step)} came from {step.first.host}, as its manifest says, and not from {registry}.",
            f"let {step.first.host} through wherever this image is pulled",
            severity=Severity.INFO,
        )
