"""What one answer of a registry, its token server or its storage is enough to tell: refusals, failures, what is missing.
One file, because each of these rows is also told by what the others do not say."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.amounts import period
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.answers import GATEWAY, Answer
from pullscope.trace.findings.asked import request, thing
from pullscope.trace.findings.case import REFUSALS, in_turn, listed, name_of, repositories, was_anonymous
from pullscope.trace.findings.client_settings import out_of_mirrors
from pullscope.trace.findings.fixes import fix_of, where_to_ask
from pullscope.trace.findings.fronts import may_be_on_the_way
from pullscope.trace.findings.grants import rights, waits_for_a_token
from pullscope.trace.findings.missing import has_the_name, named_by
from pullscope.trace.findings.paths import is_remote, of_a_short_name
from pullscope.trace.findings.put_before import has_no_delete, keeps, of_no_tag
from pullscope.trace.findings.refused_logins import refused_login
from pullscope.trace.findings.rights import is_filtered, what_it_lacks, what_it_may_be
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import (
    MOST,
    answered_by,
    filtering,
    in_brackets,
    is_not_played,
    is_specific,
    is_usual,
    led_to,
    quoted,
    said_status,
    takes_no_head,
    words,
)
from pullscope.trace.findings.sent import slow_storage
from pullscope.trace.findings.storage_steps import of_where_it_was_named
from pullscope.trace.findings.tellings import composed
from pullscope.trace.model import Kind, Outcome, Step
from pullscope.trace.source_gaps import lacking


@composed(
    needs=Fact.TROUBLE,
    explains="access-denied login-expired token-rejected token-server-failed",
    suffers="those that keep an old login",
    remedy="log out",
)
def login_not_needed(one: Answer) -> str:
    """A login is refused for an image that was had without one, or by a registry that takes none.

    A stored login is sent even where none is needed, and registries refuse it rather than ignore it:
    aws/containers-roadmap#1296, aws/deep-learning-containers#6104, llaville/umlwriter#24 (ghcr.io, after `docker logout`).
    Told only where the same repository was seen being read without a login, or the registry takes no login, or has nothing that
    is not public.
    """
    public = one.known is not None and one.known.all_may_read
    what = "all that it has" if public else one.name or one.host
    why = f"{one.host} takes no login." if one.takes_no_login else f"There {what} can be read without one."
    return f"{answered_by(one.hop)} refused the login of {one.case.client} with {one.status}{quoted(one.hop)}. {why}"


@composed(
    needs=Fact.TROUBLE,
    explains="access-denied credentials-not-used scope-refused token-rejected token-server-failed write-denied",
    suffers="all with that login",
    remedy="log in again, or use a credential helper",
)
def login_expired(one: Answer) -> str:
    """400, 401 or 403 to a login, with words that say it has expired.

    ECR's password lives 12 hours and is refused with 403 or 400, as text/plain or JSON: awslabs/amazon-ecr-credential-helper#286,
    CircleCI-Public/aws-ecr-orb#277, aws/eks-anywhere#1628. How long a login lives is in `oci.known_registries`. A token that was
    seen being issued and is over is `token-rejected`.
    """
    life = one.known.login_life if one.known is not None else None
    lives = f" A login there lives {period(life)}." if life else ""
    return f"{answered_by(one.hop)} said {one.status} to the login of {one.case.client}{quoted(one.hop)}.{lives}"


@composed(
    explains="access-denied scope-refused",
    suffers="that account",
    remedy="give the account that right, or use another account",
    recording="field/wire/harbor-basic-after-bearer.mitm",
)
def login_lacks_right(one: Answer) -> str:
    """The token of a login does not grant what was then asked, and the registry refused it.

    A token server may issue a token that grants less than was asked, or nothing (distribution, docs/content/spec/auth/token.md);
    the token's `access` claim says so where it is a JWT. Harbor does it for robot accounts: goharbor/harbor#18856, #11632.
    """
    granted = rights(one.issued.facts.granted or "") if one.issued is not None else ""
    may_not = f"the login of {one.case.client} may not {what_it_lacks(one)} {one.name} from {one.hop.host}"
    return f"{may_not}: its token grants {granted}{in_brackets(one.hop)}."


@composed(needs=Fact.TROUBLE, suffers="all without the right", remedy="check the name, or log in")
def access_denied(one: Answer) -> str:
    """401 or 403 with a token or login in hand, or a login that the token server refuses.

    Docker Hub says 401 with an anonymous token, 403 with an account's; ghcr.io 403 DENIED for both. Registries do not say
    whether a repository is private or not there, so the finding does not either (distribution-spec 1.1, "Error Codes";
    containerd#9648). Where the answer has a reason of its own (a firewall, a policy), that is quoted and nothing is guessed:
    Azure/acr#412. skopeo, podman and buildah send an empty Basic login where they have none.
    """
    hop, client = one.hop, one.case.client
    if one.is_about_a_login:
        return refused_login(one)
    issuer = one.case.issuer_of(hop)
    shown = "" if issuer is None else "an anonymous token" if was_anonymous(issuer) else "the token of a login"
    what = thing(one.step) if one.is_known_to_be_there else hop.route.repository or thing(one.step) or "access"
    said = f"refused {what} to {client}, with {one.status}{f' and {shown}' if shown else ''}"
    if is_specific(hop) or one.by_page:
        return f"{answered_by(hop)}{led_to(hop)} {said}{quoted(hop)}."
    if hop.route.repository is None or one.is_known_to_be_there:
        return f"{hop.host}{led_to(hop)} {said}{quoted(hop)}."
    line = f" ({words(hop).removesuffix('.')})" if words(hop) else ""
    return f"{hop.host}{led_to(hop)} {said}{line}: {what_it_may_be(one)}."


@composed(
    explains="upload-refused upload-lost head-not-allowed",
    severities="error, warning",
    remedy="read the registry's logs",
)
def registry_failed(one: Answer) -> str:
    """5xx from the registry, or from what stands in front of it, for anything but a token; or another status, and words of
    its storage, or of the registry behind it, that failed (goharbor/harbor#1309, ustclug/mirrorrequest#111). No success after it.

    502, 503, 504 and Cloudflare's 52x come from a proxy that did not reach the registry behind it: what answered is named by
    its Server header. A cache tells which upstream failed it (distribution/distribution#4252). 5xx are asked again by
    containerd and containers/image; what a retry made good is told as `retried` alone.
    """
    if is_not_played(one.hop):
        return f"What {one.host} would answer is not known: {words(one.hop).removeprefix('pullscope: ')}."
    return f"{answered_by(one.hop)}{_or_who(one)} said {one.status}{quoted(one.hop)}: " + (
        "it answers in the registry's place."
        if one.clue is not None and one.clue.name == "filter"
        else f"that is a proxy on the way, which got no answer from {one.hop.host}."
        if filtering(one.hop) is not None and one.in_front is not None
        else "it stands in front and did not get an answer from the registry behind it."
        if one.in_front is not None
        else "it may say so to a name that lacks a part."
        if of_a_short_name(one) is not None
        else "the fault is there, or with a proxy on the way."
        if may_be_on_the_way(one.hop) or (one.status in GATEWAY and one.hosted is None and not one.hop.errors)
        else f"the fault is there, not with {one.case.client}."
    )


def _or_who(one: Answer) -> str:
    """Who else it may have been, of a source that shows no redirects: the client names only the address that it began with.

    Run: podman 5.8 and skopeo 1.22 do so of a blob, docker 20.10 of the HEAD before which it asks for a token.
    """
    if one.in_front is not None or not lacking(one.hop.request, "redirects"):
        return ""
    endpoint, method = one.step.route.endpoint, one.step.method
    if endpoint is Endpoint.BLOB and method == "GET":
        return ", or the storage that it leads to,"
    asked_for_a_token = endpoint is Endpoint.MANIFEST and method == "HEAD" and one.case.family == "docker"
    return ", or its token server," if asked_for_a_token else ""


@composed(remedy="check the tag, or push what the index names")
def manifest_unknown(one: Answer) -> str:
    """404 for a tag or digest.

    Distribution specification, "Error Codes". The recording `dockerd-20.10-missing-tag`. containerd asks by HEAD only, so
    a missing repository looks the same there.
    """
    name, step = one.hop.route.repository or one.step.route.repository, one.step
    where = f"{one.hop.host}{led_to(one.hop)}"
    if (read := keeps(one)) is not None:
        later = read.request.time > one.hop.request.time
        gave = f"which it gave with {read.status} {'after that: it has it' if later else 'before'}"
        return f"{where} said {one.status} to a delete of {name_of(step)} in {name}{_why(one)}, {gave}."
    if has_no_delete(one):
        return f"{where} takes no delete of {name_of(step)} in {name}{_why(one)}: these words are of its router, not of an image."
    if step.kind is Kind.DELETE:
        return f"{where} has no {step.route.reference} in {name} to delete{_why(one)}."
    if len(asked := in_turn(one.case, step)) > 1:
        return f"none of the registries that {one.case.client} asked in turn has {name_of(step)}: {listed(asked)}."
    if "@" in (step.route.reference or ""):
        return f"{where} knows no reference {step.route.reference}{_why(one)}: that is a tag and a digest in one."
    put = f" {untagged[0]}" if (untagged := of_no_tag(one)) is not None else ""
    if step.route.digest is None:
        what = f"tag {step.route.reference} in {name}" if has_the_name(one) else name_of(step)
        return f"{where} has no {what}{_why(one)}.{put}"
    before = f", which it named for {tag} just before" if (tag := named_by(one)) is not None else ""
    listed_in = " that the image's index names" if step.expectation is not None else ""
    return f"{where} has no manifest {name_of(step)}{listed_in} in {name}{_why(one)}{before}.{put}"


@composed(remedy="check the repository's name")
def name_unknown(one: Answer) -> str:
    """404 NAME_UNKNOWN, or words of a repository that is not found, or 404 for the tags of a repository.

    Distribution specification, "Error Codes". Harbor says NOT_FOUND "repository … not found", also where its cache does not
    reach the registry behind it: goharbor/harbor#23051.
    """
    # Microsoft's has images of it: containerregistry#57
    # of what its remotes have behind them Artifactory says NAME_UNKNOWN too: dependabot/dependabot-core#7210
    lists = one.act == "list" and ("NAME_UNKNOWN" not in one.hop.codes or is_remote(one))
    what = "list of tags for" if lists else "repository"
    return f"{one.hop.host}{led_to(one.hop)} has no {what} {one.hop.route.repository}{_why(one)}."


@composed(suffers="all that have not got it", remedy="push the image again")
def blob_unknown(one: Answer) -> str:
    """404 for a blob at the registry itself.

    Distribution specification, "Error Codes" (BLOB_UNKNOWN).
    """
    name = one.hop.route.repository
    whose = f", which the manifest of {name} names" if one.step.expectation else f" in {name}"
    return f"{one.hop.host} does not have {name_of(one.step)}{_why(one)}{whose}."


@composed(severities="error, warning", remedy="repair the storage")
def cdn_failed(one: Answer) -> str:
    """The storage behind a blob, or a manifest, fails for another reason.

    To HEAD of an address that is signed for GET storages say 403 or 400 without a word: the method is signed too (AWS
    Signature Version 4, "canonical request"; minio/minio#6558, moby/moby#50065, distribution/distribution#2055).
    A storage is what a blob redirect led to, whatever its path looks like. What recovers when asked again at once is
    `retried`. 5xx of the registry itself is `registry-failed`, of a mirror `mirror-failed`.
    """
    hop = one.hop
    ended = f"ended the connection{f' ({hop.failed.reason})' if hop.failed is not None else ''}"
    said = f"said {hop.status}{quoted(hop)}" if hop.status is not None else ended
    return f"{answered_by(hop)}, which has the bytes of {name_of(one.step)}, {said}."


def _why(one: Answer) -> str:
    """What an answer says beside that something is missing, in brackets."""
    if one.hop.errors:
        said = (error.message for error in one.hop.errors if error.message and not is_usual(error.message))
        return next((f" ({text[:MOST].removesuffix('.')})" for text in said), "")
    return f" ({words(one.hop)})" if is_specific(one.hop) else ""


@row(
    needs=None,
    suffers="the client that asked",
    remedy="do what the answer asks for",
    last_resort=True,
)
def request_failed(case: Case) -> Iterator[Found]:
    """The operation failed or was cut off and no other rule knows why: who said what status to which request, in its own words.

    Asked only where no other rule has found an error. Harbor's policies (412 PROJECTPOLICYVIOLATION), export control pages of
    Docker Hub, licences of Artifactory and plain http on a TLS port come here with the words of the answer; so do pages by
    which a proxy of one's own network refuses a host (virtuald/docker-registry-cache#14).
    """
    # docker waits 15 s: urlstechie/urlchecker-action#103
    left = (one for one in case.steps[-3:] if one.last.response is None and one.last.client_left)
    waited = next((one for one in left if (one.last.seconds or 0.0) >= 10), None)
    answers = (Answer(case, step) for step in case.bad if not step.last.client_left)
    candidates = [one.step for one in answers if not waits_for_a_token(case, one.step)] or _ended_badly(case)
    if waited is not None:
        last, home = waited.last, waited.first.mirror_of
        yield Found(
            [waited],
            f"{last.host} gave no answer to {request(waited)} within {period(last.seconds or 0.0)}, and {case.client} waited "
            "no longer.",
            f"take {last.host} {out_of_mirrors(case.pull.client, home)}"
            if home is not None
            else of_where_it_was_named(Answer(case, waited))
            or slow_storage(Answer(case, waited))
            or f"try again; if it keeps failing, run curl -v {where_to_ask(Answer(case, waited))} here, to see at what",
            severity=Severity.ERROR,
        )
    elif (
        cancelled := next((one for one in case.steps[-3:] if _was_cancelled(one)), None)
    ) is not None and not candidates:
        last = cancelled.last
        yield Found(
            [cancelled],
            f"{case.client} ended {request(cancelled)} to {last.host} itself (context canceled), before that was answered whole.",
            "see what ended it: containerd does after image_pull_progress_timeout (5 min) without progress, and journalctl -u "
            'containerd says so ("because of no progress"); else who asked went away (a pod that was deleted, Ctrl-C, a time '
            f"limit of what runs it); if the download is stuck, run curl -v {where_to_ask(Answer(case, cancelled))} there"
            if case.family == "containerd"
            else f"see what ended {case.client}: Ctrl-C, another image of the same command that failed, or a time limit of what "
            "runs it",
            severity=Severity.ERROR,
        )
    elif candidates:
        step = next((one for one in candidates if words(one.last)), candidates[-1])
        told_of = f"{said_status(step.last)} to {request(step)}.{_any_of_three(case, step)}"
        yield Found([step], told_of, fix_of(Answer(case, step)), severity=Severity.ERROR)


def _was_cancelled(step: Step) -> bool:
    """Whether its client's own message says that it ended it: kubernetes/kubernetes#131521, containerd/containerd#12811."""
    last = step.last
    return last.failed is not None and "context canceled" in last.failed.reason and lacking(last.request, "times")


def _any_of_three(case: Case, step: Step) -> str:
    """What a refusal may mean where the source does not show which login came with the request."""
    last = step.last
    if takes_no_head(last):
        return " ECR Public says so to each HEAD of a blob, whatever the token."
    if last.status not in REFUSALS or last.is_page or is_specific(last) or not lacking(last.request, "credentials"):
        return ""
    if is_filtered(Answer(case, step)) or (Answer(case, step).takes_no_login and not case.pull.pushing):
        return ""
    names = repositories(step.token.scope) if step.token else tuple(filter(None, [step.route.repository]))
    if case.pull.pushing or not names:
        right = "the right to push" if case.pull.pushing else "the right"
        return f" As a rule the login was missing, wrong or without {right}: which of these is not shown here."
    return f" As a rule {listed(names)} is private or does not exist, or a login that came is wrong or may not pull it."


def _ended_badly(case: Case) -> list[Step]:
    """The last steps that were refused or had no answer, where none counts as needed."""
    return [
        step
        for step in case.steps[-3:]
        if (step.outcome is not Outcome.NOT_SEEN or step.last.request.authorization != "none")  # else: `token-not-used`
        and ((step.last.status or 0) >= 400 or (step.last.status is None and step.last.failed is not None))
        and not step.last.client_left
        and (step.outcome is not Outcome.EXPECTED_404 or (case.pull.pushing and step is case.stopped_at))
        and step.kind is not Kind.VERSION_CHECK
        and step not in case.made_good
    ]
