"""Mirrors: hosts that are asked in place of another. What one has not got is had elsewhere; what fails there is its own."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from pullscope.oci.mirrored import STAND_IN
from pullscope.oci.reference import is_repository
from pullscope.oci.urls import path_of
from pullscope.oci.whereabouts import is_local
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.asked import LOOKERS
from pullscope.trace.findings.case import CONTENT, listed, name_of
from pullscope.trace.findings.client_settings import mirror_path, out_of_mirrors, proxy_setting
from pullscope.trace.findings.compared import OF_THE_REWRITE, rewritten
from pullscope.trace.findings.connections import failure, told
from pullscope.trace.findings.fixes import fix_of
from pullscope.trace.findings.login_commands import log_in
from pullscope.trace.findings.paths import of_a_path_twice
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import answered_by, filtering, said_status
from pullscope.trace.hosts import is_searched
from pullscope.trace.model import Hop, Step
from pullscope.trace.unseen_hosts import through_mirror

MISSED = frozenset({404, 410})


def at_mirrors(case: Case) -> list[Step]:
    """Steps that asked a mirror: by `?ns=`, or because another host was then asked for the same and had it."""
    asked = [step for step in case.steps if step.route.endpoint in CONTENT]
    had = {step.place: step.first.host for step in asked if step.last.ok}
    return [
        step
        for step in asked
        if step.first.mirror_of is not None
        or (step in case.made_good and had.get(step.place, step.first.host) != step.first.host)
    ]


@row(
    explains="mirror-missed",
    severities="error, warning",
    suffers="containerd, k3s, rke2",
    remedy="write /v2 into the mirror's address, or no path",
)
def path_without_v2(case: Case) -> Iterator[Found]:
    """A manifest or blob is asked for at a path that does not begin with /v2, and what answers is no registry.

    containerd takes the path of a mirror as it is written where it has one (k3s's registries.yaml: k3s-io/k3s#5502), and with
    override_path in hosts.toml (containerd/containerd#6634); without that, and with docker and podman, /v2 comes behind it
    (containerd/nerdctl#3757, moby/moby#47144). Seen as a registry's traffic by `?ns=` or by an Accept header of manifests
    alone. A path that answers as a registry is not told.
    """
    asked = [step for step in case.reading if not path_of(step.first.request.url).startswith("/v2/")]
    bad = [step for step in asked if step.last.is_page or step.last.status in (400, 403, *MISSED)]
    if not bad or any(step.last.is_registrys or (step.last.ok and step not in bad) for step in asked):
        return
    last = next((step.last for step in bad if step.last.is_page), bad[-1].last)
    path, shown = path_of(bad[0].first.request.url), f"{last.status}{' with a web page' if last.is_page else ''}"
    missing = "which does not begin with /v2" if "/v2/" in path else "in which /v2 is missing"
    by_hand = last.mirror_of is None and case.family in LOOKERS
    yield Found(
        bad,
        f"{case.client} asks for {path}, {missing}: that is no address of a registry, and {answered_by(last)} answers {shown}.",
        f"ask at https://{last.host}/v2/, or let what is in front hand {path.partition('/v2/')[0]}/ on to the registry"
        if by_hand
        else mirror_path(case.pull.client, last.host),
        severity=None if any(step in case.made_good for step in bad) else Severity.ERROR,
    )


@row(
    explains="retried",
    severities="info",
    suffers="none",
    remedy="none needed",
    recording="field/wire/mirror-404-fallback.mitm",
)
def mirror_missed(case: Case) -> Iterator[Found]:
    """A mirror says 404, and the next place has it.

    containerd's hosts.toml, docker's registry-mirrors and registries.conf all go on to the next host: k3s-io/k3s#11857,
    spegel-org/spegel#469, k0sproject/k0s#5478. Run with containerd 2.1.9, dockerd 28.5.2 and podman 5.8. Caches of peers say
    500 to what no node has (spegel-org/spegel#634, rancher/rke2#5754). Where pullscope itself is the mirror (docs/mirror.md),
    the next place is not seen: whatever is refused there, 401 and 403 too, is told so.
    """
    if through_mirror(case.pull):
        yield from _refused_here(case)
        return
    missed = [
        step
        for step in at_mirrors(case)
        if step in case.made_good
        and ((step.last.status in MISSED and not step.last.is_page) or _is_of_peers(case, step))
    ]
    if not missed:
        return
    mirrors = all(step.first.mirror_of is not None for step in missed)
    had = {step.place for step in case.steps if step.last.ok and not step.last.is_page}
    went_on = "got it from" if all(step.place in had for step in missed) else "asked"
    what = (
        name_of(missed[0])
        if (n := len({step.place for step in missed})) == 1
        else f"{n} of the things that were asked for"
    )
    which = f"the mirror{'s' if len({step.first.host for step in missed}) > 1 else ''} " if mirrors else ""
    yield Found(
        missed,
        f"{which}{listed(step.first.host for step in missed)} did not have {what}; {case.client} {went_on} the next place.",
        f"none needed; to ask {case.pull.registry} alone, where it was not, write it before the name: {case.pull.reference}"
        if all(is_searched(step.first) for step in missed)
        else f"none needed; if it should have everything, check that it reaches {case.pull.registry} (distribution: "
        "proxy.remoteurl)",
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


@row(
    needs=Fact.MIRROR,
    explains="access-denied missing-content-digest retried upstream-unreachable",
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
    asked = [*_passed_by(case), *at_mirrors(case)]
    broken = [
        step
        for step in asked
        if _is_broken(step.last) and not _is_of_peers(case, step) and not (step in case.bad and _is_misnamed(step))
    ]
    if not broken:
        return
    step = broken[0]
    no_token = step.last.status == 401 and step.tokens and not step.tokens[-1].last.ok
    one = Answer(case, step.tokens[-1] if no_token else step)
    last, host, home = step.last, step.first.host, step.first.mirror_of or case.pull.registry
    elsewhere = no_token and one.hop.host != host  # ciiiii/cloudflare-docker-proxy#62
    bad = [each for each in broken if each in case.bad or (each.last.is_page and each not in case.made_good)]
    page = (
        last.is_page
        and (last.ok or last.status in MISSED)
        and not any(hop.ok and hop.host == last.host and not hop.is_page for hop in case.hops)
    )
    severity = case.severity(*bad) if bad else Severity.WARNING
    if bad and page and case.over and not case.pull.images:
        severity = Severity.ERROR  # nothing came of it, whatever the status said
    said = said_status(one.hop)
    if one.status in (401, 403) and (one.no_login or one.step.is_token or one.hop.request.authorization == "basic"):
        said += f", and {case.client} showed no login" if one.no_login else f", to the login of {case.client}"
    mend, also = f"{_mend(one)}; or take {host if elsewhere else 'it'}", ""
    there = next((one for one in case.bad if one.place == step.place and one.first.mirror_of is None), None)
    if page:
        by = answered_by(last) if last.host == host else f"{host} redirects to {answered_by(last)}, which"
        said = f"{by} answers {last.status} with a web page: it is not a registry"
        mend = f"{twice}; or take it" if (twice := of_a_path_twice(one)) else mend if is_local(host) else f"take {host}"
    # What asked the registry itself for the same, where that did not help either (k3s-io/k3s#10351)
    elif there is not None:
        rename = rewritten(case, there) is not None
        named = f" to {name_of(there)}, the mirror's name for it" if rename else ""
        said += f", and {said_status(there.last)}{named}"
        also = f"; {OF_THE_REWRITE}" if rename else f"; for the registry itself, {fix_of(Answer(case, there))}"
    out = out_of_mirrors(case.pull.client, home)
    if is_searched(step.first):
        out = f"out of registries.conf, as one of unqualified-search-registries or a [[registry.mirror]] of {home}"
    which = "" if is_searched(step.first) else "the mirror "
    if elsewhere:
        which += f"{host} leaves tokens to another host, and "
    message, fix = f"{which}{said}", f"{mend} {out}{also}"
    if there is not None and _serves_some(one) and there.last.status in (401, 403, 404, 429):
        message = f"{said_status(there.last)}, as the mirror {host} said {one.status} before"
        fix = f"{fix_of(Answer(case, there))}; for the mirror, {mend} {out}"
    yield Found(broken, f"{message}.", fix, severity=severity)


def _passed_by(case: Case) -> list[Step]:
    """Version checks of docker's registry-mirrors, where no more was asked: dyrnq/install-docker#12. Podman's may be a search."""
    hosts = {step.first.host for step in case.reading}
    went_on = case.family == "docker" and any(step.last.ok for step in case.reading)
    return [step for step in case.pings if went_on and step.first.host not in hosts]


def _is_of_peers(case: Case, step: Step) -> bool:
    """Whether a cache of peers said that none of them has it, and that was had elsewhere."""
    said = Answer(case, step).clue
    return said is not None and said.name == "peers" and step in case.made_good


def _is_misnamed(step: Step) -> bool:
    """Whether a rewrite made a name that no repository can have, which is refused."""
    name = unquote(step.route.repository or "")
    return bool(name) and not is_repository(name) and step.last.status in (400, *MISSED)


def _mend(one: Answer) -> str:
    """What mends a mirror: what its own answer asks for. 403 without a word: DaoCloud/public-image-mirror#45622, #44878."""
    if (known := failure(one.hop)) is not None:
        return told(one.case, known, [one.hop])[1]
    if one.hop.ok:
        return f"correct where {one.hop.host} hands requests on to"
    if one.status == 400 and (filtering(one.hop) or one.hop.host.endswith(":3128")):
        # squid-cache.org, "ERR_INVALID_URL"; rpardini/docker-registry-proxy#149
        goes = f"name it in {proxy_setting(one.case.pull.client)}, as http://{one.hop.host}, and not as a mirror"
        kind = "is a proxy" if filtering(one.hop) else "may be a proxy, by its port"
        return f"{goes}: what answers there {kind}, which takes whole addresses alone"
    if _serves_some(one):
        return f"correct the name, if it is not {one.name}: mirrors that are open to all say 403 to names that they do not serve"
    of_a_login = one.status == 401 and (one.no_login or one.case.family == "docker")
    return log_in(one.case, one.step.first.host, mirror=True) if of_a_login else fix_of(one)


def _serves_some(one: Answer) -> bool:
    """Whether it may be a mirror for all that says 403 to what it does not serve: what its registry refuses is the cause then."""
    return one.status == 403 and one.name is not None and one.no_login and not one.hop.said and not one.hop.errors


def _is_broken(hop: Hop) -> bool:
    if hop.status is None:
        return hop.failed is not None and not hop.client_left
    return (hop.status >= 400 and hop.status not in (*MISSED, 416, 429)) or hop.is_page
