"""What is said of one answer (`answers`): who said what to which request, in its own words; the fix is made in `fixes`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pullscope.trace.findings.answers import Answer, took_long
from pullscope.trace.findings.asked import doing, request, thing
from pullscope.trace.findings.case import CONTAINERS_IMAGE, Case, Found, was_anonymous
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.fixes import fix_of
from pullscope.trace.findings.logins import refused_pings
from pullscope.trace.findings.rights import why_refused
from pullscope.trace.findings.said import answered_by, is_specific, quoted, words
from pullscope.trace.findings.sent import is_read_only
from pullscope.trace.findings.uploads import unknown_subject


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


def _upload_refused(one: Answer) -> str:
    subject = unknown_subject(one.step)
    seconds = took_long(one)
    late = f" after {seconds:.0f} s" if seconds is not None else ""
    means = f", and means {subject.short}, the subject of that manifest" if subject is not None else ""
    return f"{answered_by(one.hop)} said {one.status} to {request(one.step)}{late}{quoted(one.hop)}{means}."


_MESSAGES: dict[str, Callable[[Answer], str]] = {
    "access-denied": _access_denied,
    "write-denied": _write_denied,
    "upload-refused": _upload_refused,
}
