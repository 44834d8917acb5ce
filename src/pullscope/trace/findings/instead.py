"""What comes in place of a registry's answer: a login page, another type, an error under 200, what cannot be read; and charts."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.agents import CONTAINERS_IMAGE
from pullscope.oci.documents import Index, Manifest
from pullscope.oci.known_registries import WEBSITES
from pullscope.oci.media import MANIFESTS, MediaClass, media_class
from pullscope.oci.routes import Endpoint, route
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.case import in_storage, name_of
from pullscope.trace.findings.fronts import gate
from pullscope.trace.findings.missing import of_a_website
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import answered_by, filtering, front, quoted, words
from pullscope.trace.findings.storage_steps import of_redirects
from pullscope.trace.findings.tellings import composed
from pullscope.trace.model import Hop, Kind, Outcome, Step
from pullscope.trace.settle import is_schema1


@row(
    needs=Fact.PAGE,
    explains="missing-content-digest redirect-permanent",
    severities="error, warning",
    remedy="let /v2/ pass without that page",
)
def login_page(case: Case) -> Iterator[Found]:
    """A redirect leads to a page at which people log in, or such a page is the answer.

    Single sign-on in front of a registry wants a browser: fscarmen2/Cloudflare-Accel#13, cloudflare/cloudflared#165 (Cloudflare
    Access), Joxit/docker-registry-ui#415 (Authelia), cesanta/docker_auth#230 (a token server). The address that the redirect
    names shows it, or the title of the page. docker login takes its 200 for a success.
    """
    yield from _gated(case, "a login page", check=False)


@row(
    needs=Fact.PAGE,
    explains="missing-content-digest redirect-permanent",
    severities="error, warning",
    remedy="let /v2/ and the token server pass without that page",
)
def browser_check(case: Case) -> Iterator[Found]:
    """A page that checks whether a browser asks is the answer.

    Only scripts of a browser get past it: TecharoHQ/anubis#1231, #1252 (crane, skopeo), #1337 (GitLab's token server),
    docker/login-action#461, #328 (Cloudflare). Its title shows it, under any status.
    """
    yield from _gated(case, "a check for browsers", check=True)


def _gated(case: Case, what: str, *, check: bool) -> Iterator[Found]:
    """What is said of steps that end at such a page."""
    gated = [(step, hop, found) for step in case.steps for hop, found in _leading_to(step, check)]
    if not gated:
        return
    (first, hop, (name, fixes)), last = gated[0], case.stopped_at
    one = Answer(case, first)
    fix = fixes[-1 if first.is_token else 0].format(host=hop.host, path=one.path)
    if check and one.hosted is not None:  # concourse/docker-image-resource#384, docker-library/official-images#4309
        fix = _AT_HOSTED.format(client=case.client, host=hop.host)
    whose = f" ({name})" if check and name != front(hop) else ""
    itself = f"answers with {what}{whose}{quoted(hop)}"
    to = f"redirects to {what} at {hop.target} ({name})" if hop.redirects else itself
    ended = any(step is last for step, *_ in gated) and not (last and last.kind is Kind.VERSION_CHECK and last.last.ok)
    yield Found(
        [step for step, *_ in gated],
        f"{answered_by(hop)} {to}: it is for browsers, and no {'token server' if first.is_token else 'registry'} answered "
        f"{case.client}.",
        fix,
        severity=Severity.ERROR if ended and case.family != "curl" else None,
    )


_AT_HOSTED = (
    "ask with a version of {client} that names itself in User-Agent, as newer ones do, or by another way out (no VPN, no address "
    "that others share): only {host} can change what it lets check clients"
)


def _leading_to(step: Step, check: bool) -> Iterator[tuple[Hop, tuple[str, list[str]]]]:
    """The hops of a step that lead to such a page, or are one; what ends in an answer that is no page leads to none."""
    last = step.last
    answered = last.response is not None and not last.redirects
    if (answered and not last.is_page) or last.is_registrys or any(hop.host in WEBSITES for hop in step.hops):
        return
    for hop in step.hops:
        there = hop.location if hop.redirects else None
        text = there if there is not None and route(there).endpoint is Endpoint.NONE else ""
        if hop is last and hop.follows is None and hop.is_page:
            text = words(hop)
        if text and (found := gate(text, check=check)) is not None:
            yield hop, found


@row(
    needs=Fact.ODD,
    explains="missing-content-digest cdn-failed blob-unknown",
    severities="error, warning",
    suffers="docker, containerd; podman and skopeo guess",
    remedy="send the manifest's own media type",
)
def wrong_content_type(case: Case) -> Iterator[Found]:
    """A manifest whose Content-Type is none of a manifest's, or schema 1's for one of schema 2.

    moby#31318, containerd#3549, #4397; pulp/pulp_container#883 (schema 1's); static hosts need a headers file
    (jpetazzo/registrish). skopeo 1.9.3, run: "unsupported schema version 2". An error where a client that pulls had the manifest
    and asked for nothing more.
    """
    wrong = [
        step
        for step in case.steps
        if step.route.endpoint is Endpoint.MANIFEST
        and step.method in ("GET", "HEAD")
        and step.last.ok
        and (
            (kind := media_class(step.last.content_type)) not in MANIFESTS
            or (kind is MediaClass.SCHEMA1 and step.document is not None and not is_schema1(step))
        )
    ]
    if not wrong:
        return
    shown = next((step for step in wrong if step.last.is_page or step.last.errors or step.last.said), wrong[0])
    last, sent = shown.last, shown.last.content_type or "no type at all"
    if last.is_page:
        message, fix = _of_a_page(case, shown)
    elif last.errors or last.said:
        message = f"{answered_by(last)} answers {last.status} with something else ({sent}) in place of a manifest{quoted(last)}."
        fix = (
            Answer(case, shown).asks_for
            or f"look at what answers at {last.host} in the registry's place, and at its log"
        )
    else:
        of_old = media_class(sent) is MediaClass.SCHEMA1
        what = "the type of schema 1, and it is of schema 2" if of_old else "no manifest's type"
        takes = "docker and containerd refuse it or take it for something else"
        message = f"{last.host} sends a manifest as {sent}, {what}: {takes}."
        own = shown.document.media_type if isinstance(shown.document, Manifest | Index) else ""
        fix = f"let {last.host} send {own or 'the media type that the manifest names itself'}: update it if it is a registry; a "
        fix += "static host needs a headers file for it"
        if in_storage(last) and last.follows is not None:  # go-gitea/gitea#28121
            by = last.follows.host
            itself = f"let {by} send manifests itself, with their media type, and not its storage"
            fix = f"{itself}: {of_redirects(case, by)}"
    # for what only a manifest could have told
    went_on = any(step.expectation is not None for step in case.steps)
    yield Found(
        wrong,
        message,
        fix,
        severity=Severity.ERROR if not went_on and (case.failed or _ended_there(case, wrong)) else Severity.WARNING,
    )


@composed(
    suffers="helm",
    remedy="correct the address; pull charts of a registry by oci://",
)
def chart_unknown(one: Answer) -> str:
    """404, a web page or XML for index.yaml or an archive of a chart repository.

    helm says "looks like … is not a valid chart repository": helm/helm#1332 (XML of a bucket), goharbor/harbor#13170 (a page),
    #18720, chartmuseum/helm-push#173. Its caches and mirrors have index.yaml too.
    """
    what = one.step.route.reference or "index.yaml"
    below = f" below /{one.step.route.repository}" if one.step.route.repository else ""
    if (got := one.step.instead) is not None:
        it_is = "no chart" if one.step.route.reference else "no chart repository"
        return f"{answered_by(one.hop)} answers {got} in place of {what}{below}: that is {it_is}."
    return f"{answered_by(one.hop)} has no {what}{below} ({one.status})."


@row(severities="error, warning", remedy="push it again; check caches and static hosts")
def manifest_unreadable(case: Case) -> Iterator[Found]:
    """Under a manifest's media type something that is none: no JSON, a list, nothing at all.

    Decided by the body, read up to 4 MiB: not JSON, JSON of another form, empty, or not packed as its Content-Encoding says,
    for who asked for that coding ("gzip: invalid header"). Without a manifest's media type it is `wrong-content-type`; where
    the digest is another's, `digest-mismatch` or `size-mismatch`. What only prints a manifest (`crane manifest`) does not mind.
    """
    wrong = [
        step
        for step in case.steps
        if step.instead
        and step.outcome is Outcome.FAILED
        and step.route.endpoint is Endpoint.MANIFEST
        and not (step.last.is_page and media_class(step.last.content_type) not in MANIFESTS)
    ]
    if not wrong:
        return
    step = wrong[0]
    host, miscoded = step.last.host, step.last.finished.miscoded if step.last.finished else None
    message = (
        f"what {host} sent for {name_of(step)} as {step.last.content_type or 'a manifest'} is not one "
        f"({(step.instead or '').removeprefix('no manifest: ')}), so {case.client} cannot continue."
    )
    fix = (
        f"push the image again; if it is sound where it was made, check the caches between {host} and here: caches and static "
        "hosts send what they were given once"
    )
    if miscoded is not None:
        fix = f"send no Content-Encoding with what is not {miscoded}: {host}, or what stands in front of it"
    elif step.last.is_page:
        message, fix = _of_a_page(case, step)
    yield Found(wrong, message, fix)


def _of_a_page(case: Case, step: Step) -> tuple[str, str]:
    """What is said of a web page in a manifest's place, and what to do."""
    last, one = step.last, Answer(case, step)
    said, proxy = f' ("{words(last)}")' if words(last) else "", filtering(last)
    own = f"have {last.host} allowed in the rules of {proxy}, a proxy on the way" if proxy is not None else None
    fix = f"open {last.request.url} in a browser: its page shows who answers; have that let {last.host} through, or "
    return (
        f"{answered_by(last)} answers with a web page{said} where a manifest should be: it is not a registry, or something "
        "stands in front of it (a login page, a filter)."
    ), own or of_a_website(one) or one.asks_for or f"{fix}use its own address"


def _ended_there(case: Case, wrong: list[Step]) -> bool:
    """Whether a client that pulls, rather than looks, had the whole manifest and asked for nothing more."""
    pulls = case.family in (*CONTAINERS_IMAGE, "docker", "containerd", "buildkit", "kaniko")
    return case.over and pulls and any(step.method == "GET" and step is case.steps[-1] for step in wrong)
