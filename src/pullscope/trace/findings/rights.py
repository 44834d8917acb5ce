"""What to do about a refusal: log in, with another account, or give that one the right; and why, where that is known."""

from __future__ import annotations

import re

from pullscope.oci.amounts import period
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.answers import Answer, by_hand
from pullscope.trace.findings.asked import action, check, thing
from pullscope.trace.findings.case import REFUSALS, asked_repositories, codes, is_page, listed, repositories
from pullscope.trace.findings.grants import ACCESS, allows, rights
from pullscope.trace.findings.login_commands import login, logout
from pullscope.trace.findings.said import is_specific, says
from pullscope.trace.model import Kind
from pullscope.trace.source_gaps import lacking

_OF_RIGHTS = re.compile(r"permission|insufficient|privilege|not allowed", re.IGNORECASE)


def of_a_login(one: Answer) -> str | None:
    """A login that was refused itself."""
    if not one.is_about_a_login or one.code != "access-denied":
        return None
    if says(one.hop, _OF_RIGHTS):
        return f"give the account that {one.case.client} uses the right to what it asked for, or log in with another"
    by_post = one.step.is_token and one.hop.request.method == "POST" and one.status == 403 and not is_specific(one.hop)
    if one.step.is_token and one.hop.request.method == "POST" and is_page(one.hop):
        return (
            f"let {one.hop.host} answer POST of a token request with a token, or with 405, after which {one.case.client} asks by "
            f"GET: a web page answered (a newer version of the registry may). Else log in again: {one.login}"
        )
    return f"log in again: {one.login}" + (
        f"; if it is good, {one.host} may take no POST for tokens, and {one.case.client} did not ask by GET"
        if by_post
        else f"; a public image needs none: {logout(one.case, one.host)}"
        if _may_be_public(one)
        else ""
    )


def _may_be_public(one: Answer) -> bool:
    """Whether the login that a token server refused may not be needed: riverqueue/riverui#182, dexidp/dex#2672 (ghcr.io)."""
    private = one.behind is not None and one.behind.id == "ecr"
    return one.step.is_token and one.name is not None and action(one.case, one.step) == "pull" and not private


def of_an_old_login(one: Answer) -> str | None:
    """One that is over, or that was not needed."""
    if one.code == "login-not-needed":
        return f"log out: {logout(one.case, one.host)}"
    return f"log in again: {one.login}; a credential helper does so by itself" if one.code == "login-expired" else None


def without_a_login(one: Answer) -> str | None:
    if one.code != "write-denied" or one.status not in REFUSALS or not one.no_login:
        return None
    other = is_specific(one.hop) and not says(one.hop, ACCESS)
    return f"log in{', if that is what these words want' if other else ''}: {one.login}"


def without_the_right(one: Answer) -> str | None:
    if lacks_delete(one) is not None:
        return (
            f"delete with a client that asks for delete or * (skopeo), and with an account that may delete {one.name}"
        )
    if one.code not in ("write-denied", "login-lacks-right") or not one.lacks:
        return None
    if other := _granted_instead(one):
        return f"mend what the token server grants: it was asked for {one.name}, and its token is for {listed(other)}"
    lacks = what_it_lacks(one)
    if one.code == "login-lacks-right":
        return f"give that account the right to {lacks} {one.name}, or log in with one that has it"
    return f"log in with an account that may {lacks} {one.name}"


def what_it_lacks(one: Answer) -> str:
    """The rights that a token does not grant, as a verb."""
    if one.case.writes:
        return "pull and push" if "pull" in one.lacks else listed(one.lacks)
    return "pull" if "pull" in one.lacks else f"do {listed(one.lacks)} with"


def _granted_instead(one: Answer) -> list[str]:
    """The other repositories that a token grants, where it was asked for that one (distribution/distribution#2504)."""
    issuer, granted = one.case.issuer_of(one.hop), one.issued.facts.granted if one.issued is not None else None
    names = repositories(granted)
    return [*names] if issuer is not None and one.name in asked_repositories(issuer) and one.name not in names else []


def lacks_delete(one: Answer) -> str | None:
    """What a token was asked for, where delete is not in it: google/go-containerregistry#724, #2184."""
    issuer = one.case.issuer_of(one.hop)
    asked = issuer.token.scope if issuer is not None and issuer.token is not None else None
    if one.act != "delete" or one.status not in REFUSALS or not asked or one.name is None:
        return None
    return rights(asked) if not allows(asked, one.name, "delete") else None


def why_refused(one: Answer) -> str:
    """What is known of why a write is refused, beside the answer's words."""
    client = "The client" if one.case.pull.client.family == "unknown" else one.case.client
    if (one.clue is not None and not one.of_a_right) or one.by_page:
        return ""
    if without_a_login(one) is not None:
        return f" {client} showed no login."
    asked = lacks_delete(one)
    if asked is not None:
        return f" {client} asked for {asked} when it got its token, and a delete may need more."
    if not one.lacks or one.issued is None:
        return ""
    if "pull" in one.lacks:
        return " The token of its login does not grant pull, and a push looks at what is there."
    return f" The token of its login does not grant {listed(one.lacks)}: it grants {rights(one.issued.facts.granted or '')}."


def at_the_registry(one: Answer) -> str | None:
    """What GHCR wants; a package that was pushed by hand knows no workflow: Snowfork/snowbridge#1272, tridz-dev/huf#349."""
    other = one.clue is not None and one.clue.name != "scopes"
    if one.code != "write-denied" or one.known is None or one.known.id != "ghcr" or one.status not in REFUSALS:
        return None
    if other or one.no_login or one.by_page or lacks_delete(one) is not None:
        return None
    if action(one.case, one.step) == "delete":
        return f"log in with a token that has delete:packages, of an account that is an admin of the package {one.name}"
    return (
        f"log in with an account that may push {one.name}: a token with write:packages (in a workflow, permissions: "
        "packages: write), and the package's own settings"
    )


def of_the_unseen(one: Answer) -> str | None:
    """A refusal of which the source cannot show whether there was a login."""
    if one.code is not None or one.status not in REFUSALS or not lacking(one.hop.request, "credentials"):
        return None
    return "check the name, and that the client is logged in with an account that may have it: no login is in the log"


def of_a_lookup(one: Answer) -> str | None:
    """A signature that may not be there: S3 says 403 to that, without the right to list (containers/image#538)."""
    if one.step.kind is not Kind.SIGNATURE or one.act != "read" or one.status not in REFUSALS:
        return None
    if one.step.route.repository is not None and (one.no_login or one.known is not None):
        may_be = f"there may be no signature yet: {one.host} says the same then"
        return (
            f"log in: {one.login}; {may_be}"
            if one.no_login
            else f"give the account the right to read {one.name}; {may_be}"
        )
    if one.step.route.repository is None:
        return f"let {one.hop.host} say 404 to what is not there (in S3 by s3:ListBucket), or let signatures be read"
    return (
        f"let {one.hop.host} answer 404 to a tag that it has not got (there may be none yet): give the account the right to read "
        f"{one.name}, in every repository behind it"
    )


def of_a_blob(one: Answer) -> str | None:
    """403 to a look at a blob with a login in hand: ECR, aws-actions/amazon-ecr-login#14."""
    shown = one.hop.request.authorization != "none"
    if one.code is not None or one.status != 403 or not shown or one.step.route.endpoint is not Endpoint.BLOB:
        return None
    in_iam = ": in IAM ecr:BatchCheckLayerAvailability" if one.hop.host.endswith(".amazonaws.com") else ""
    name, life = one.step.route.repository, one.known.login_life if one.known is not None else None
    again = f"log in again, if the login is older than {period(life)} ({one.login}); else " if life else ""
    return f"{again}give the account the right to look at blobs of {name}{in_iam}, which a push needs too"


def of_a_refusal(one: Answer) -> str | None:
    """401 and 403 of which no more is known: the right, and the name."""
    name, host = one.name or one.hop.host, one.hop.host
    if one.status not in REFUSALS or one.code is None:
        return None
    if one.code == "write-denied":
        if "MANIFEST_INVALID" in codes(one.hop):
            return (
                f"push under a new tag, or with an account that may overwrite tags of {name} (in Artifactory: delete)"
            )
        account = f"log in with an account that may {action(one.case, one.step)} {name}"
        return f"{account}, if these words name no other reason" if is_specific(one.hop) else f"{account}: {one.login}"
    if not is_specific(one.hop) and one.is_known_to_be_there:
        return f"give the account that {one.case.client} uses the right to {thing(one.step)} too, or log in with one that has it"
    if not is_specific(one.hop):
        if one.name and not one.no_login and one.hop.request.authorization == "bearer":
            return (
                f"{check(name)}; if it is private, have its owner give the account of this login access, or log in with another: "
                f"{login(one.case, host)}"
            )
        return (
            f"{check(name)}; if it is private, log in with an account that may pull it: {login(one.case, host)}"
            if one.name
            else f"log in with an account that {host} lets do that: {login(one.case, host)}"
        )
    if name.startswith("library/") and one.known is not None and one.known.id == "docker-hub":
        return f"{check(name)}; what belongs to an owner at Docker Hub is named OWNER/NAME"
    if one.no_login:
        return f"log in, if that is what these words want: {login(one.case, host)}; else {by_hand(one)}"
    right = f"give the account that {one.case.client} uses the right to {name}"
    return f"{right}, if these words name no other reason; else {by_hand(one)}"
