"""What is said of one answer (`answers`): who said what to which request, in its own words; the fix is made in `fixes`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pullscope.oci.amounts import size
from pullscope.trace.findings.answers import Answer, after
from pullscope.trace.findings.asked import doing, request, thing, unknown_subject
from pullscope.trace.findings.case import CONTAINERS_IMAGE, Case, Found, was_anonymous
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.fixes import GATEWAY, fix_of
from pullscope.trace.findings.grants import refused_pings
from pullscope.trace.findings.rights import why_refused
from pullscope.trace.findings.said import answered_by, front, is_specific, quoted, reason, words
from pullscope.trace.findings.sent import is_read_only


def told(case: Case, code: str) -> Iterator[Found]:
    """The finding of a code, on all the answers that make it."""
    answers = [one for one in (Answer(case, step) for step in [*case.bad, *refused_pings(case)]) if one.code == code]
    if not answers:
        return
    of_login = [one for one in answers if one.is_about_a_login] if code == "access-denied" else []
    answers = of_login or answers
    one = next((answer for answer in answers if words(answer.hop)), answers[0])
    steps = [answer.step for answer in answers]
    issuer = case.issuer_of(one.hop)
    sure = of_login or (code == "write-denied" and case.over and case.failed)
    yield Found(
        [*steps, *([issuer] if issuer and code == "access-denied" and not of_login else [])],
        _MESSAGES[code](one),
        fix_of(one),
        severity=case.severity(*steps, otherwise=Severity.ERROR if sure else Severity.WARNING),
    )


def _access_denied(one: Answer) -> str:
    hop, client = one.hop, one.case.client
    if one.is_about_a_login:
        who = f"the token server {answered_by(hop)}" if one.step.is_token else answered_by(hop)
        shown = "token" if hop.request.authorization == "bearer" else "login"
        sends_empty = one.case.pull.client.family in CONTAINERS_IMAGE and hop.request.authorization == "basic"
        empty = sends_empty and not one.step.is_token and not is_specific(hop)
        return f"{who} refused the {shown} of {client}, with {one.status}{quoted(hop)}." + (
            " It is wrong, or empty, which is what skopeo, podman and buildah send where they have none."
            if empty
            else ""
        )
    issuer = one.case.issuer_of(hop)
    with_what = " and an anonymous token" if issuer is not None and was_anonymous(issuer) else ""
    what = thing(one.step) if one.is_known_to_be_there else hop.route.repository or thing(one.step) or "access"
    said = f"refused {what} to {client}, with {one.status}{with_what}"
    if is_specific(hop) or one.by_page:
        return f"{answered_by(hop)} {said}{quoted(hop)}."
    if hop.route.repository is None or one.is_known_to_be_there:
        return f"{hop.host} {said}{quoted(hop)}."
    line = words(hop).removesuffix(".")
    return f"{hop.host} {said}{f' ({line})' if line else ''}: it is private or does not exist, and registries do not say which."


def _write_denied(one: Answer) -> str:
    what = doing(one.step)
    to = f" {'from' if what == 'a delete' else 'to'} {one.name}" if one.name else ""
    return f"{answered_by(one.hop)} refused {what}{to} with {one.status}{quoted(one.hop)}." + (
        f" {one.host} is read-only." if one.clue is None and is_read_only(one) else why_refused(one)
    )


def _upload(one: Answer) -> str:
    """What was sent, how much, and for how long it took."""
    sent = one.hop.uploaded.bytes if one.hop.uploaded is not None else 0
    return f"{request(one.step)}{f' ({size(sent)})' if sent > 100_000 else ''}{after(one)}"


def _upload_refused(one: Answer) -> str:
    subject = unknown_subject(one.step)
    means = f", and means {subject.short}, the subject of that manifest" if subject is not None else ""
    return f"{answered_by(one.hop)} said {one.status} to {_upload(one)}{quoted(one.hop)}{means}."


def _upload_too_large(one: Answer) -> str:
    said = f"{answered_by(one.hop)} said 413 to {_upload(one)}{reason(one.hop)}"
    return f"{said}: it does not accept a body of that size."


def _upload_cut_off(one: Answer) -> str:
    if one.hop.status is None:
        return f"{one.hop.host} ended the connection in the middle of {_upload(one)}.".replace(",.", ".")
    return f"{answered_by(one.hop)} said {one.status} to {_upload(one)}{quoted(one.hop)}."


def _upload_lost(one: Answer) -> str:
    return f"{answered_by(one.hop)} said {one.status} to an upload that it had begun itself{quoted(one.hop)}."


def _registry_failed(one: Answer) -> str:
    hop = one.hop
    instead = one.clue is not None and one.clue.name == "filter"
    behind = not instead and hop.status in GATEWAY and not hop.errors and front(hop) is not None
    return f"{answered_by(hop)} said {hop.status}{quoted(hop)}: " + (
        "it stands in front and did not get an answer from the registry behind it."
        if behind
        else "it answers in the registry's place."
        if instead
        else f"the fault is there, not with {one.case.client}."
    )


_MESSAGES: dict[str, Callable[[Answer], str]] = {
    "access-denied": _access_denied,
    "registry-failed": _registry_failed,
    "write-denied": _write_denied,
    "upload-refused": _upload_refused,
    "upload-too-large": _upload_too_large,
    "upload-cut-off": _upload_cut_off,
    "upload-lost": _upload_lost,
}
