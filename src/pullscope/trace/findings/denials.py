"""Pushes and deletes that are refused for who asks, or for what a registry lets nobody do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.challenge import read_scopes
from pullscope.oci.known_registries import known_registry
from pullscope.trace.findings.case import REFUSALS, Case, codes, found, in_storage, is_page, is_write, was_anonymous
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.grants import allows, issued_for, pushes, rights
from pullscope.trace.findings.login_commands import login
from pullscope.trace.findings.logins import refuses_access, subject
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import answered_by, front, is_specific, quoted, says, words
from pullscope.trace.findings.uploads import refuses_manifest
from pullscope.trace.model import Hop, Kind, Step

UNSUPPORTED = frozenset({400, 405, 501})
"""Statuses by which registries say that they delete nothing, or no tags: regclient/regclient#335."""

_QUOTA = re.compile(
    r"quota|storage resource|upper limit|storage limit|no space left|insufficient storage", re.IGNORECASE
)
_FIXED = re.compile(r"immutab|already exists|cannot be overwritten|overwrit", re.IGNORECASE)
"""Tags that may not be moved: ECR's ImageTagAlreadyExistsException, Harbor's 412, Nexus and Artifactory in their own words."""
_READ_ONLY = re.compile(r"read-?only|writes? (?:operations )?are (?:currently )?suspended", re.IGNORECASE)
_REDEPLOY = re.compile(r"does not allow updating|cannot be updated|redeploy", re.IGNORECASE)
"""Nexus, where a repository takes nothing twice: GoogleContainerTools/jib#3057, sonatype/nexus-public#967."""
_BY_WORDS = (
    (_QUOTA, "make room at {host}, or raise the quota that it names"),
    (_REDEPLOY, "allow redeploy for that repository at {host}, or push what it has not got: it takes nothing twice"),
    (
        # Azure/acr-cli#70, Azure/acr#561
        re.compile(r"\bdisallowed\b|is locked", re.IGNORECASE),
        "unlock the image or repository at {host} (in ACR: az acr repository update --write-enabled true --delete-enabled true)",
    ),
    (
        # Harbor: goharbor/harbor#20092
        re.compile(r"referenced by", re.IGNORECASE),
        "delete what refers to it first: an index, or the image that it is a signature of",
    ),
    (
        # IAM, pytorch/pytorch#137361
        re.compile(r"is not authorized to perform", re.IGNORECASE),
        "give that user or role the permission that the answer names, at the repository of {host} too",
    ),
    (
        # Nexus: sigstore/cosign#2189
        re.compile(r"deploying to groups|PRO-licensed", re.IGNORECASE),
        "push to the hosted repository, at its own address, and not to the group at {host} that collects it",
    ),
    (_FIXED, "push under a new tag; this one may not be changed"),
    (_READ_ONLY, "wait until {host} takes writes again, or switch its read-only mode off"),
)
"""What some answers ask for, by their own words; the first that fits."""
_SCOPES = re.compile(r"\bscopes\b", re.IGNORECASE)
"""Scopes of a personal token, in words: GHCR's "does not match expected scopes", Docker Hub's "insufficient scopes"."""


@row(
    "write-denied",
    needs=Fact.FAILURE,
    explains=(
        "registry-failed",
        "upload-refused",
        "access-denied",
        "credentials-not-used",
        "login-lacks-right",
        "retried",
        "scope-refused",
        "token-not-requested",
        "upload-lost",
    ),
    severities="error",
    suffers="those that push or delete",
    remedy="a login that may write there; the registry's own reason",
    recording="field/live/push28-quota.mitm",
)
def write_denied(case: Case) -> Iterator[Finding]:
    """A push, a mount or a delete is refused: without a login, without the right, by a quota, or by a registry that only reads.

    Docker Hub says 401 with insufficient_scope to an anonymous push (dockerd 20.10.24) and delete (skopeo 1.22), Harbor 403
    with the quota's figures, distribution in read-only mode 405 UNSUPPORTED (also to a delete unless
    `storage.delete.enabled` is set), ECR refuses to move an immutable tag with 400 TAG_INVALID (moby/buildkit#3776).
    Nexus takes nothing twice where redeploy is off (GoogleContainerTools/jib#3057); crane gets its token for push and pull, and
    deletes with it (google/go-containerregistry#2184). Whether a repository is private has nothing to do with it.
    """
    denied = [
        step
        for step in case.bad
        if (
            is_write(step)
            and (step.last.status in (405, 412, 423, 507) or _is_reason(step.last))
            and not refuses_manifest(step)
        )
        or (step.kind is Kind.DELETE and step.last.status in UNSUPPORTED)
        or (
            case.writes
            and not step.is_token
            and step.last.status in REFUSALS
            and step.last.request.authorization != "basic"
        )
        or (is_write(step) and step.last.status in REFUSALS)
        or (
            step.is_token
            and pushes(step)
            and refuses_access(step.last)
            and (was_anonymous(step) or step.last.status == 403)
        )
    ]
    denied = [step for step in denied if not in_storage(step.last)]
    if not denied:
        return
    step = next((one for one in denied if words(one.last)), denied[0])
    last = step.last
    what = _what(step)
    name = subject(case, step)
    to = f" {'from' if what == 'a delete' else 'to'} {name}" if name else ""
    why, fix = _reason(case, step, what)
    yield found(
        "write-denied",
        case.severity(*denied, otherwise=Severity.ERROR if case.over and case.failed else Severity.WARNING),
        denied,
        f"{answered_by(last)} refused {what}{to} with {last.status}{quoted(last)}.{why}",
        fix,
    )


def _is_reason(hop: Hop) -> bool:
    return hop.status in (400, 409, 429, 500, 507) and any(says(hop, one) for one in (_QUOTA, _FIXED, _REDEPLOY))


def _what(step: Step) -> str:
    """What is refused; skopeo asks for a token for `*` before a delete: podman-container-tools/skopeo#856."""
    if not step.is_token:
        return "a delete" if step.kind is Kind.DELETE else "a push"
    scopes = read_scopes(step.token.scope or "") if step.token is not None else ()
    actions = {action for scope in scopes for action in scope.actions}
    return "a push" if "push" in actions else "a delete" if "delete" in actions else "every right (*)"


def _reason(case: Case, step: Step, what: str) -> tuple[str, str]:
    """What is known of why, and the fix."""
    last = step.last
    host = step.under.first.host if step.under is not None else last.host
    issued = issued_for(case, last)
    name = step.route.repository or case.pull.repository or "that repository"
    fixed = says(last, _FIXED) or (last.status == 412 and step.kind is Kind.MANIFEST_PUT)
    if fixed and step.route.cosign:
        return "", f"leave the tags of signatures (sha256-*.sig, .att, .sbom) out of the rule for fixed tags at {host}"
    if fixed and what == "a delete":
        return (
            "",
            f"take {step.route.reference or 'it'} out of the rule for fixed tags at {host} before the delete",
        )
    said = next((fix for pattern, fix in _BY_WORDS if says(last, pattern)), None)
    if said is not None or fixed:
        return "", (said or "push under a new tag; this one may not be changed").format(host=host)
    if last.status == 405 or (what == "a delete" and last.status in UNSUPPORTED):
        if what == "a delete":
            return (
                "",
                f"switch deletes on at {host} (storage.delete.enabled in distribution), or delete there by other means",
            )
        if not last.errors and front(last) is not None:
            return "", f"let {front(last)} hand {last.request.method} below /v2/ on to the registry behind it"
        if any(is_write(one) and one.last.ok for one in case.steps):
            return (
                "",
                f"check the name and the tag of what is pushed: {host} takes no {last.request.method} at that address",
            )
        return f" {host} is read-only.", f"push to the registry that {host} mirrors, or switch its read-only mode off"
    unknown = was_anonymous(step) if step.is_token else issued.anonymous if issued is not None else False
    bare = last.request.authorization == "none" and not step.is_token
    if last.status in REFUSALS and (unknown or bare):
        return f" {case.client} showed no login.", f"log in: {login(case, host)}"
    action = "delete" if what == "a delete" else "push" if what == "a push" else "also delete"
    short = _asked_short(case, last, name) if what == "a delete" else None
    if short is not None and last.status in REFUSALS:
        return (
            f" {case.client} asked for {short} when it got its token, and a delete may need more.",
            f"delete with a client that asks for delete or * (skopeo), and with an account that may delete {name}",
        )
    if _lacks_pull(step, name, granted=issued.facts.granted if issued is not None else None):
        return (
            " The token of its login does not grant pull, and a push looks at what is there.",
            f"log in with an account that may pull and push {name}",
        )
    if issued is not None and issued.facts.granted is not None and not allows(issued.facts.granted, name, action):
        return f" The token of its login does not grant {action}.", f"log in with an account that may {action} {name}"
    if last.status not in REFUSALS:
        return "", f"do what the answer asks for, or look at the log of {host} for this request"
    if is_page(last) and not step.is_token:
        return (
            "",
            f"let {front(last) or 'what stands in front of ' + host} pass it on: a page answered, not the registry",
        )
    if "MANIFEST_INVALID" in codes(last):
        return (
            "",
            f"push under a new tag, or with an account that may overwrite tags of {name} (in Artifactory: delete)",
        )
    known = known_registry(host)
    if known is not None and known.id == "ghcr" and action in _AT_GHCR:
        return "", _AT_GHCR[action].format(name=name)
    if says(last, _SCOPES):
        return "", f"log in with a token whose scopes let it {action} {name}"
    if is_specific(last):
        return "", f"do what the answer asks for, or log in with an account that may {action} {name}"
    return "", f"log in with an account that may {action} {name}: {login(case, host)}"


_AT_GHCR = {
    "push": "log in with an account that may push {name}: a token with write:packages (in a workflow, permissions: "
    "packages: write), and the package's own settings",
    "delete": "log in with a token that has delete:packages, of an account that is an admin of the package {name}",
}
"""What GHCR wants; a package that was pushed by hand knows no workflow: Snowfork/snowbridge#1272, tridz-dev/huf#349."""


def _asked_short(case: Case, hop: Hop, name: str) -> str | None:
    """What a token was asked for, where delete is not in it: google/go-containerregistry#724, #2184."""
    issuer = case.issuer_of(hop)
    asked = issuer.token.scope if issuer is not None and issuer.token is not None else None
    return rights(asked) if asked and not allows(asked, name, "delete") else None


def _lacks_pull(step: Step, name: str, *, granted: str | None) -> bool:
    """Whether a look before or after an upload is refused to a token that may push only: goharbor/harbor#13973."""
    return granted is not None and not is_write(step) and not step.is_token and not allows(granted, name, "pull")
