"""Two things of one conversation that should agree, and in what they differ: read once here, for all rules to say.

A comparison names both sides as they were seen. Where one was not seen, was taken out as a secret, or both agree, it is None:
nothing here is guessed, and nothing decides what is wrong.
"""

from __future__ import annotations

import re

from pullscope.oci.bounds import count
from pullscope.oci.digest import as_digest
from pullscope.oci.reference import DOCKER_HUB, registry_name
from pullscope.oci.scrub import GONE
from pullscope.oci.urls import bare, parameters, path_of, query, split
from pullscope.trace.findings.case import Case, listed
from pullscope.trace.findings.said import words
from pullscope.trace.model import Hop, Step

OF_THE_REWRITE = (
    "let names be rewritten for the mirror alone (rewrite in registries.yaml: newer versions of k3s and rke2 do), for Docker Hub "
    "has none of that name"
)

_PORTS = {"http": 80, "https": 443}
SIZED = frozenset({"containerd", "nerdctl", "buildkit", "oras"})
"""Families that take a length from HEAD and compare what comes with it."""
_LIMIT = re.compile(
    r"(?:\bmax(?:imum)?|\bat most|\bup to|\bno(?:t)? more than|\bor equal to|\bbetween \d+ and|\blimit of|\bexceeds?|<=|≤)"
    r"\W{1,3}(?:[a-z]+ ){0,3}(\d{1,6})\b",
    re.IGNORECASE,
)
"""Words that say how much is allowed: google/go-containerregistry#1963 (Quay), goharbor/harbor#16976."""


def service_lost(case: Case, hop: Hop) -> tuple[str, str] | None:
    """The service that a token was not asked for, though the challenge names it, and what was asked: a realm with a query of its
    own, behind which some clients put a second question mark (GoogleContainerTools/jib#3955)."""
    issuer = case.issuer_of(hop)
    if (
        issuer is None
        or issuer.first.request.method != "GET"
        or "service" in parameters(query(issuer.first.request.url))
    ):
        return None
    realm = bare(issuer.first.request.url)
    asked = (one for _, one in case.challenges if one.realm and "?" in one.realm and bare(one.realm) == realm)
    return next(((one.service, realm) for one in asked if one.service), None)


def lost(asked: str, named: str) -> str | None:
    """What an address lacks that is otherwise of the host that was asked: `the port 8443 is lost`.

    Servers that stand behind others write the address that they know: goharbor/harbor#3032, #7672, docker/cli#5114 (Gitea).
    Another port that is spelled may be meant so, and so may https where http was asked.
    """
    here, there = split(asked), split(named)
    if not here.host or here.host != there.host:
        return None
    gone = ["https"] if (here.scheme, there.scheme) == ("https", "http") else []
    if here.port not in (None, _PORTS.get(here.scheme)) and there.port is None:
        gone.append(f"the port {here.port}")
    return f"{listed(gone)} {'is' if len(gone) == 1 else 'are'} lost" if gone else None


def realm_lost(case: Case, token: Hop) -> tuple[str, str] | None:
    """The registry whose challenge names a realm at its own host, and what that address lacks, as a sentence."""
    named = bare(token.step.first.request.url)
    for hop, one in case.challenges:
        what = lost(hop.request.url, token.request.url)  # what was asked in the end, behind redirects
        if bare(one.realm or "") == named and what is not None:
            asked = f"{split(hop.request.url).scheme}://{hop.host}"
            return hop.host, f"The realm says {named}, and the registry was asked at {asked}: {what}."
    return None


def next_page(case: Case, step: Step) -> str | None:
    """Where the page before said that the list goes on, and where it was asked to: CodesWhat/drydock#927."""
    asked = parameters(query(step.last.request.url)).get("last", [""])[0]
    before = [one for one in case.steps if one.place == step.place and one.last.ok and one.started < step.started]
    there = before[-1].last.next_page if before else None
    if not asked or asked == GONE or there is None:
        return None
    named = parameters(query(there)).get("last", [""])[0]
    if named == asked:
        return None
    mark = f"last={named}" if named and named != GONE else "a mark of its own"
    return f"Link of the page before names {mark}, and last={asked} was asked"


def page_size(step: Step) -> tuple[int, int | None] | None:
    """How many entries of a list were asked for at a time, and how many the answer allows, where it says a smaller limit."""
    asked = parameters(query(step.last.request.url)).get("n", [""])[0]
    if not asked.isdecimal() or len(asked) > 9:
        return None
    limit = _LIMIT.search(words(step.last))
    return int(asked), int(limit[1]) if limit is not None and 0 < int(limit[1]) < int(asked) else None


def rewritten(case: Case, step: Step) -> str | None:
    """The mirror whose name for an image Docker Hub was asked by, which has two parts: k3s-io/k3s#7007, rancher/wharfie#25."""
    name = step.last.route.repository or ""
    if name.count("/") < 2 or registry_name(step.first.host) != DOCKER_HUB:
        return None
    mirrored = (one for one in case.steps if one.first.mirror_of is not None and one.last.route.repository == name)
    return next((one.first.host for one in mirrored), None)


def upload_address(case: Case, hop: Hop) -> str | None:
    """The last Location of an upload and the address that was then asked, where that is another path of the same host."""
    began = [one for one in case.hops if one.status == 202 and one.route.repository == hop.route.repository]
    told = [one.location for one in began if one.location and one.step is not hop.step]
    asked = hop.request.url
    if not told or any(path_of(one) == path_of(asked) for one in told) or split(told[-1]).host != split(asked).host:
        return None
    return f"Location said {bare(told[-1])}, and {hop.request.method} went to {bare(asked)}"


def kept_address(case: Case, hop: Hop, by: str) -> str | None:
    """What to do where an address gave something with the Referer of a redirect, which is missing now that it refuses
    (awslabs/soci-snapshotter#1974)."""
    gave = {bare(other.request.url) for other in case.hops if other.ok and "referer" in other.request.headers}
    if "referer" in hop.request.headers or bare(hop.request.url) not in gave:
        return None
    kept = "at an address that it kept from a redirect, which may be over, or be good only with the Referer of one"
    return f"update {case.client}, or have it ask {by} each time: it asked {hop.host} itself, {kept}"


def other_digest(step: Step) -> str:
    """The digest that the answer names itself, where another was asked for."""
    named = step.last.header("docker-content-digest")
    other = as_digest(named) if named is not None and step.route.digest is not None else None
    return f", and its own Docker-Content-Digest is {other.short}" if other not in (None, step.route.digest) else ""


def naming(case: Case, step: Step) -> list[Hop]:
    """The answers before a step in which its host named the digest that it asks for (Docker-Content-Digest)."""
    before = (hop for hop in case.hops if hop.ok and hop.request.time < step.last.request.time)
    digest = str(step.route.digest)
    return [hop for hop in before if hop.host == step.last.host and hop.header("docker-content-digest") == digest]


def said_size(case: Case, step: Step) -> int | None:
    """How long a body should be: by what names it, or by HEAD of the same, where a client stopped at it that compares these."""
    if step.expectation is not None:
        return step.expectation.descriptor.size
    compares = case.family in SIZED or case.pull.client.store == "containerd"
    heads = [hop for hop in naming(case, step) if hop.request.method == "HEAD"] if step is case.stopped_at else []
    return count(heads[-1].header("content-length")) or None if heads and compares else None
