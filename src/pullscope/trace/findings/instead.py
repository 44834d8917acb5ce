"""What comes in place of a manifest: another type, a web page, an error under 200, something that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.agents import CONTAINERS_IMAGE
from pullscope.oci.media import MANIFESTS, media_class
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.case import Case, Found, content_type, is_page, name_of
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.fixes import of_a_website
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import answered_by, filtering, quoted, words
from pullscope.trace.model import Outcome, Step


@row(
    "wrong-content-type",
    needs=Fact.ODD,
    explains="digest-mismatch missing-content-digest no-matching-platform size-mismatch",
    severities="error, warning",
    suffers="docker, containerd; podman and skopeo guess",
    remedy="send the manifest's own",
)
def wrong_content_type(case: Case) -> Iterator[Found]:
    """A manifest whose Content-Type is none of a manifest's.

    moby#31318, containerd#3549, #4397; static hosts need a headers file (jpetazzo/registrish). skopeo 1.9.3, run:
    "unsupported schema version 2". An error where a client that pulls had the manifest and asked for nothing more.
    """
    wrong = [
        step
        for step in case.steps
        if step.route.endpoint is Endpoint.MANIFEST
        and step.method in ("GET", "HEAD")
        and step.last.ok
        and media_class(content_type(step.last)) not in MANIFESTS
    ]
    if not wrong:
        return
    shown = next((step for step in wrong if is_page(step.last) or step.last.errors or step.last.said), wrong[0])
    last, kind = shown.last, content_type(shown.last) or "no type at all"
    if is_page(last):
        message, fix = _of_a_page(case, shown)
    elif last.errors or last.said:
        message = f"{answered_by(last)} answers {last.status} with something else ({kind}) in place of a manifest{quoted(last)}."
        fix = (
            Answer(case, shown).asks_for
            or f"look at what answers at {last.host} in the registry's place, and at its log"
        )
    else:
        message = (
            f"{last.host} sends a manifest as {kind}, which is not one of the four media types of manifests: docker and "
            "containerd refuse it or take it for something else."
        )
        fix = "send the media type that the manifest names itself; a static host needs a headers file for it"
    yield Found(
        wrong,
        message,
        fix,
        severity=Severity.ERROR
        if not _went_on(case) and (case.failed or _ended_there(case, wrong))
        else Severity.WARNING,
    )


@row("manifest-unreadable", severities="error, warning", remedy="push it anew; caches and static hosts")
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
        and not (is_page(step.last) and media_class(content_type(step.last)) not in MANIFESTS)
    ]
    if not wrong:
        return
    step = wrong[0]
    host, miscoded = step.last.host, step.last.finished.miscoded if step.last.finished else None
    message = (
        f"what {host} sent for {name_of(step)} as {content_type(step.last) or 'a manifest'} is not one "
        f"({(step.instead or '').removeprefix('no manifest: ')}), so {case.client} cannot continue."
    )
    fix = (
        f"push the image again; if it is sound where it was made, check the caches between {host} and here: caches and static "
        "hosts send what they were given once"
    )
    if miscoded is not None:
        fix = f"send no Content-Encoding with what is not {miscoded}: {host}, or what stands in front of it"
    elif is_page(step.last):
        message, fix = _of_a_page(case, step)
    yield Found(wrong, message, fix)


def _of_a_page(case: Case, step: Step) -> tuple[str, str]:
    """What is said of a web page in a manifest's place, and what to do."""
    last, one = step.last, Answer(case, step)
    said, proxy = f' ("{words(last)}")' if words(last) else "", filtering(last)
    own = f"have {last.host} allowed in the rules of {proxy}, a proxy on the way" if proxy is not None else None
    fix = f"ask {last.host} from another network too and see who answers; let the registry through in what stands between, or "
    return (
        f"{answered_by(last)} answers with a web page{said} where a manifest should be: it is not a registry, or something "
        "stands in front of it (a login page, a filter)."
    ), own or of_a_website(one) or one.asks_for or f"{fix}use its own address"


def _went_on(case: Case) -> bool:
    """Whether the client asked for something that only a manifest could have told it."""
    return any(step.expectation is not None for step in case.steps)


def _ended_there(case: Case, wrong: list[Step]) -> bool:
    """Whether a client that pulls, rather than looks, had the whole manifest and asked for nothing more."""
    pulls = case.pull.client.family in (*CONTAINERS_IMAGE, "docker", "containerd", "buildkit", "kaniko")
    return case.over and pulls and any(step.method == "GET" and step is case.steps[-1] for step in wrong)
