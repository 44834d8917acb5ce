"""Mirrors: hosts that are asked in place of another. What one has not got is had elsewhere; what fails there is its own."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.mirrored import STAND_IN
from pullscope.oci.urls import path_of
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.case import CONTENT, Case, Found, listed, mirror_of, name_of
from pullscope.trace.findings.compared import rewritten
from pullscope.trace.findings.connections import failure, told
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.fixes import OF_THE_REWRITE, fix_of
from pullscope.trace.findings.login_commands import log_in
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import answered_by, said_status
from pullscope.trace.hop import client_left, is_page, is_registrys
from pullscope.trace.model import Hop, Step
from pullscope.trace.unseen_hosts import through_mirror

MISSED = frozenset({404, 410})


def at_mirrors(case: Case) -> list[Step]:
    """Steps that asked a mirror: by `?ns=`, or because another host was then asked for the same and had it."""
    asked: dict[tuple[str | None, ...], str] = {}
    for step in case.steps:
        if step.last.ok and step.route.endpoint in CONTENT:
            asked[step.place] = step.first.host
    found_ = []
    for step in case.steps:
        if step.route.endpoint not in CONTENT:
            continue
        elsewhere = asked.get(step.place)
        fell_back = step in case.made_good and elsewhere is not None and elsewhere != step.first.host
        if mirror_of(step.first) is not None or fell_back:
            found_.append(step)
    return found_


@row(
    "path-without-v2",
    needs=Fact.ERROR,
    explains="access-denied blob-unknown manifest-unknown mirror-failed mirror-missed name-unknown "
    "path-not-redirected request-failed wrong-content-type",
    severities="error, warning",
    suffers="containerd, k3s, rke2",
    remedy="/v2 in the mirror's address, or no path",
    report="k3s-io/k3s#5502",
)
def path_without_v2(case: Case) -> Iterator[Found]:
    """A manifest or blob is asked for at a path that /v2 is not part of, and what answers is no registry.

    containerd takes the path of a mirror as it is written where it has one (k3s's registries.yaml: k3s-io/k3s#5502), and with
    override_path in hosts.toml (containerd/containerd#6634); docker and podman put /v2 in themselves (moby/moby#47144). Seen as
    a registry's traffic by `?ns=` or by an Accept header of manifests alone. A path that answers as a registry is not told.
    """
    asked = [step for step in case.steps if _is_without_v2(step.first)]
    bad = [step for step in asked if is_page(step.last) or step.last.status in (400, 403, *MISSED)]
    if not bad or any(is_registrys(step.last) or (step.last.ok and step not in bad) for step in asked):
        return
    last = next((step.last for step in bad if is_page(step.last)), bad[-1].last)
    shown = f"answers {last.status}" + (" with a web page" if is_page(last) else "")
    yield Found(
        bad,
        f"{case.client} asks for {path_of(last.request.url)}, in which /v2 is missing: that is no address of a registry's API, "
        f"and {answered_by(last)} {shown}.",
        f"let the path of the mirror begin with /v2 (https://{last.host}/v2/PATH and override_path = true in hosts.toml), or "
        'leave it out; in registries.yaml of k3s and rke2 write it as a rewrite: "(.*)": "PATH/$1"',
        severity=None if any(step in case.made_good for step in bad) else Severity.ERROR,
    )


def _is_without_v2(hop: Hop) -> bool:
    """Whether content was asked for at a path in which a registry's API is not."""
    return hop.follows is None and hop.route.endpoint in CONTENT and "/v2/" not in path_of(hop.request.url)


@row(
    "mirror-missed",
    explains="retried",
    severities="info",
    suffers="none",
    remedy="none needed",
    recording="field/wire/mirror-404-fallback.mitm",
)
def mirror_missed(case: Case) -> Iterator[Found]:
    """A mirror says 404, and the next place has it.

    containerd's hosts.toml, docker's registry-mirrors and registries.conf all go on to the next host: k3s-io/k3s#11857,
    spegel-org/spegel#469, k0sproject/k0s#5478. Run with containerd 2.1.9, dockerd 28.5.2 and podman 5.8. Where pullscope
    itself is the mirror (docs/mirror.md), the next place is not seen: whatever is refused there, 401 and 403 too, is told so.
    """
    if through_mirror(case.pull):
        yield from _refused_here(case)
        return
    missed = [
        step
        for step in at_mirrors(case)
        if step in case.made_good and step.last.status in MISSED and not is_page(step.last)
    ]
    if not missed:
        return
    hosts = list(dict.fromkeys(step.first.host for step in missed))
    mirrors = all(mirror_of(step.first) is not None for step in missed)
    had = {step.place for step in case.steps if step.last.ok and not is_page(step.last)}
    went_on = "got it from" if all(step.place in had for step in missed) else "asked"
    which = ("the mirror " if len(hosts) == 1 else "the mirrors ") if mirrors else ""
    yield Found(
        missed,
        f"{which}{listed(hosts)} did not have {_what(missed)}; {case.client} {went_on} the next place.",
        f"none needed; a mirror that is to have everything must be able to reach {case.pull.registry}",
        severity=Severity.INFO,
    )


def _refused_here(case: Case) -> Iterator[Found]:
    """What was refused by pullscope's own mirror, or by the registry through it."""
    refused = [step for step in case.bad if 400 <= (step.last.status or 0) < 500 and step.last.status != 429]
    if not refused:
        return
    last, registry = refused[0].last, case.pull.registry
    if last.response is not None and last.response.answered_by == STAND_IN:
        yield Found(
            refused,
            f"this mirror does not stand in for {registry}: it says 404, and {case.client} asks {registry} itself.",
            f"none needed; to trace it too, name it: --host {registry}",
            severity=Severity.INFO,
        )
    login = f"; most clients keep a login for {registry} itself" if last.status in (401, 403) else ""
    yield Found(
        refused,
        f"through the mirror {said_status(last)}{login}. {case.client} asks {registry} itself next, which is not seen here.",
        "none needed; to see all of a pull, trace it through a proxy: pullscope docker on, pullscope run",
        severity=Severity.INFO,
    )


def _what(steps: list[Step]) -> str:
    number = len({step.place for step in steps})
    return name_of(steps[0]) if number == 1 else f"{number} of the things that were asked for"


@row(
    "mirror-failed",
    needs=Fact.MIRROR,
    explains="access-denied blob-unknown cdn-failed credentials-not-used digest-mismatch manifest-unknown manifest-unreadable "
    "missing-content-digest name-unknown path-not-redirected registry-failed retried size-mismatch "
    "upstream-unreachable wrong-content-type",
    severities="warning, error",
    suffers="those that use the mirror",
    remedy="take it out of the mirrors, or repair it",
    recording="field/wire/manifest-html-mirror.mitm",
)
def mirror_failed(case: Case) -> Iterator[Found]:
    """A mirror answers with another error than 404, with a web page, or not at all.

    Public mirrors close down and leave a web page: containerd/nerdctl#3264, #2676, kubernetes-sigs/cri-tools#1137,
    moby/moby#19526. Run with containerd 2.1.9 and a mirror that says 500: it goes on to Docker Hub. A refusal or 5xx
    with a page says nothing of whether a registry is there: moby/moby#44939, moby/buildkit#1972.
    """
    broken = [step for step in at_mirrors(case) if _is_broken(step.last)]
    if not broken:
        return
    step = broken[0]
    last = step.last
    bad = [one for one in broken if one in case.bad or (is_page(one.last) and one not in case.made_good)]
    home = mirror_of(step.first) or case.pull.registry
    page = (
        is_page(last)
        and (last.ok or last.status in MISSED)
        and not any(hop.ok and hop.host == last.host and not is_page(hop) for hop in case.hops)
    )
    moved = f"{step.first.host} redirects to {answered_by(last)}, which"
    who = f"{answered_by(last) if last.host == step.first.host else moved} answers"
    severity = case.severity(*bad) if bad else Severity.WARNING
    there = _at_home(case, step)
    rename = there is not None and rewritten(case, there) is not None
    if bad and page and case.over and not case.pull.images:
        severity = Severity.ERROR  # nothing came of it, whatever the status said
    yield Found(
        broken,
        f"the mirror {who} {last.status} with a web page: it is not a registry (any more)."
        if page
        else f"the mirror {said_status(last)}"
        + (f", and {said_status(there.last)}" if there is not None else "")
        + (f" to {name_of(there)}, the mirror's name for it." if there is not None and rename else "."),
        f"repair {step.first.host}, or take it out of the mirrors of {home}; {OF_THE_REWRITE}"
        if rename
        else f"take {step.first.host} out of the mirrors of {home}" + ("" if page else _or_mend(case, step, there)),
        severity=severity,
    )


def _at_home(case: Case, step: Step) -> Step | None:
    """What asked the registry itself for the same, where that did not help either (k3s-io/k3s#10351)."""
    home = next((one for one in case.bad if one.place == step.place and mirror_of(one.first) is None), None)
    return home if home is not step else None


def _or_mend(case: Case, step: Step, there: Step | None) -> str:
    """What else to do: for the mirror, and where the registry itself refused too, for that."""
    mend, known = log_in(case, step.first.host) if step.last.status == 401 else "repair it", failure(step.last)
    if known is not None and known.reached:
        mend = told(case, known, [step.last])[1]
    return f", or {mend}" + (f"; for the registry itself, {fix_of(Answer(case, there))}" if there is not None else "")


def _is_broken(hop: Hop) -> bool:
    if hop.status is None:
        return hop.failed is not None and not client_left(hop)
    return (hop.status >= 400 and hop.status not in (*MISSED, 416, 429)) or is_page(hop)
