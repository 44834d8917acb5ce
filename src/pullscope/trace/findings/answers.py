"""An answer by which a step failed, what is known of it, and which code that makes.
One file, because the codes are one table.

Who answered (a registry, a token server, what stands in front), what was asked (`asked`), what login was shown (`grants`), what
the words are about (`advice`), its error codes, and the status. `tellings` says it. Shapes of a whole conversation (a redirect, a
challenge without an answer) have rules of their own, which may ask this file and what it imports; none of these knows a rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

from pullscope.oci.amounts import period
from pullscope.oci.challenge import read_scopes
from pullscope.oci.known_registries import KnownRegistry, known_registry
from pullscope.oci.registry_steps import STEPS
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import path_of, split
from pullscope.trace.findings.advice import ITS_OWN_PARTS, OUT_OF_REACH, TOO_LARGE, Clue, clue
from pullscope.trace.findings.asked import act, action, asked_by_the_registry, request, subject
from pullscope.trace.findings.case import (
    REFUSALS,
    Case,
    Issued,
    in_storage,
    in_turn,
    is_write,
    listed,
    was_anonymous,
)
from pullscope.trace.findings.client_settings import after_mirrors
from pullscope.trace.findings.connections import failure
from pullscope.trace.findings.grants import (
    EXPIRED,
    allows,
    challenger,
    gets_no_token,
    goes_another_way,
    is_wrong_login,
    issued_for,
    pushes,
    refuses_access,
)
from pullscope.trace.findings.login_commands import login, registry_at, registry_behind_it
from pullscope.trace.findings.puts import Place, Put, put_alone
from pullscope.trace.findings.said import front, says, takes_no_head, words
from pullscope.trace.model import Kind, Step
from pullscope.trace.source_gaps import lacking

NOT_OFFERED = frozenset({400, 405, 501})
"""Statuses by which registries say that they delete nothing, or no tags: regclient/regclient#335."""
_NOT_TAKEN = frozenset({400, 404, 406, 409, 411, 415, 416, 422, 501})
"""Statuses that are about what is written. 501 is Gitea's for artifacts (go-gitea/gitea#25846)."""
_ENDED = frozenset({408, 499, 504, 524})
"""Statuses by which what stands in front waits no longer for what is written."""
_CUT = re.compile(r"unexpected eof|early eof|client disconnected", re.IGNORECASE)
"""A server's words for a body that ended before its end: go-gitea/gitea#31865, #33865, coollabsio/coolify#5358."""
OF_GGCR = frozenset({"crane", "go-containerregistry", "kaniko", "cosign"})
"""Families that show their login where none was asked for (go-containerregistry, pkg/v1/remote/transport, "anonymous")."""
_BARRED = frozenset({405, 412, 423, 507})
_RULES = frozenset({"quota", "fixed", "redeploy"})
"""Kinds of words by which other statuses are a rule about writing too."""
_RULED = frozenset({400, 409, 429, 500, 507})
_LOST = frozenset({"BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"})
PART = re.compile(r"first byte of|layer part|out of order|content-range|invalid range", re.IGNORECASE)
"""Parts that do not follow on each other: ECR's InvalidLayerPartException (GoogleContainerTools/kaniko#607)."""
_NO_REPOSITORY = re.compile(r"^[\w: ]*repository \S+ not found", re.IGNORECASE)
_ROLE = re.compile(r"(?:assumed-role/|client with ip ')([\w+=,.@:-]+)", re.IGNORECASE)
LONG = 30.0
"""Seconds after which the time that something took may be the reason why it was refused: proxies wait 60 s, or 30."""
_REGISTRY = re.compile(r"nexus|artifactory|harbor|quay|zot", re.IGNORECASE)
"""Registries that send pages of their own, as their Server header names them (sonatype/nexus-public, docker/buildx#457)."""
OF_RIGHTS = re.compile(r"\bpermission|\bscopes\b|privilege|insufficient|not allowed", re.IGNORECASE)
"""Words by which a token server refuses a right and not a login: bazelbuild/rules_docker#314."""
_THE_MANIFEST = re.compile(r"image ?manifest|media ?type|artifact", re.IGNORECASE)
GATEWAY = frozenset({502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530})
"""Statuses by which what stands in front speaks of what stands behind it (RFC 9110, 15.6; Cloudflare's 52x)."""


class Answer:
    """One answer, and what is known of it."""

    def __init__(self, case: Case, step: Step) -> None:
        self.case, self.step, self.hop = case, step, step.last
        self.status = self.hop.status or 0
        self.act = act(step)

    @cached_property
    def clue(self) -> Clue | None:
        """The kind of words in it; a login that was not shown is not a wrong one (docker/build-push-action#463)."""
        found = clue(self.hop, self.act)
        unseen = lacking(self.hop.request, "credentials")  # of a message its words are all that is known
        asked, nameless = bool(self.hop.challenges) or not self.no_login, self.step.route.endpoint is Endpoint.CATALOG
        unfit = {"credentials": self.no_login and not unseen, "unasked": asked, "name": nameless}
        return None if found is not None and unfit.get(found.name) else found

    @cached_property
    def asks_for(self) -> str | None:
        """What its words ask for, but for what only who runs a server could do, where others do."""
        if self.clue is None or (self.hosted is not None and self.status >= 500 and self.clue.name in OUT_OF_REACH):
            return None
        # a switch is out of reach where others run it
        fix = self.clue.fix if self.hosted is None else self.clue.fix.partition(", or switch")[0]
        return fix.format(
            login_there=login(self.case, self._named_by_words or self.host),
            host=self.host,
            client=self.case.client,
            name=self.name or "that repository",
            names=listed(asked_by_the_registry(self.step)) or self.name or "the name",
            what=self._named_by_words or "what its answer names",
            path=self.path,
            action=action(self.case, self.step),
            grant=f": {grant}" if (grant := self.step_there(action(self.case, self.step))) else "",
            lets_in=f": {lets_in}" if (lets_in := self.step_there("address")) and "IP" in words(self.hop) else "",
            unlock=self.step_there("unlock") or "its rules for what may not be written",
            cache=f" ({cache})" if (cache := self.step_there("cache")) else "",
            itself=after_mirrors(self.case.pull.client, self.step.first.mirror_of or "REGISTRY"),
            scan=self.step_there("scan") or f"Harbor: {STEPS['harbor']['scan']}; JFrog: {STEPS['artifactory']['scan']}",
            creates=self.step_there("creates") or "create it first",
            login=self.login,
            secret=f" with {self.known.secret}" if self.known is not None and self.known.secret is not None else "",
        )

    @property
    def _named_by_words(self) -> str | None:
        """What a kind of words picks out of them."""
        found = self.clue.words.search(words(self.hop)) if self.clue is not None else None
        return found.groupdict().get("what") if found is not None else None

    @cached_property
    def of_a_right(self) -> bool:
        """Whether its words name a right that an account lacks: of no use to who showed no login."""
        return self.clue is not None and self.clue.name in ("permission", "package rights", "scopes")

    @cached_property
    def name(self) -> str | None:
        """The repository that it is about."""
        return subject(self.case, self.step)

    @cached_property
    def host(self) -> str:
        """The registry that it is about, also where its token server answered."""
        under = self.step.under.first.host if self.step.under is not None else None
        return under or (challenger(self.case, self.step) if self.step.is_token else None) or self.hop.host

    @cached_property
    def path(self) -> str:
        """What a proxy in front has to let pass: the API, or the address of its token server, or of charts."""
        other = self.step.is_token or self.step.route.endpoint is Endpoint.CHARTS
        return path_of(self.step.first.request.url) if other else "/v2/"

    @cached_property
    def known(self) -> KnownRegistry | None:
        """That registry, where it is known by its host, by its challenge or by its Server."""
        return registry_at(self.case, self.host)

    @cached_property
    def hosted(self) -> KnownRegistry | None:
        """That registry, where it is one that others run: its log and its settings are out of reach."""
        return known_registry(self.host)

    @cached_property
    def behind(self) -> KnownRegistry | None:
        """That registry, or the one whose challenge it passes on, or to which it redirects."""
        there = (self.step.under or self.step).last.host
        return self.known or registry_behind_it(self.case, self.host) or registry_at(self.case, there)

    @cached_property
    def login(self) -> str:
        """The command by which this client logs in there."""
        return login(self.case, self.host)

    def step_there(self, need: str) -> str | None:
        """A step at that registry, with the names of what was asked for and of the role that the answer names."""
        if self.known is None or (self.known.id == "docker-hub" and (self.name or "").startswith("library/")):
            return None
        role = _ROLE.search(words(self.hop))
        return self.known.step(need, self.name, role[1] if role is not None else None)

    @cached_property
    def issued(self) -> Issued | None:
        """The token that was shown, where it was seen being issued."""
        return issued_for(self.case, self.hop)

    @cached_property
    def no_login(self) -> bool:
        """Whether no login was shown: nothing, or an anonymous token."""
        if self.step.is_token:
            return was_anonymous(self.step)
        anonymous = self.issued.anonymous if self.issued is not None else False
        return anonymous or self.hop.request.authorization == "none"

    @cached_property
    def asks_for_none(self) -> bool:
        """Whether it answers version checks and was not seen asking for a login, without which most clients show none."""
        here = [hop for hop in self.case.hops if hop.host == self.hop.host and hop.request.authorization == "none"]
        asked = any(hop.status != 401 and hop.response and hop.step.kind is Kind.VERSION_CHECK for hop in here)
        return asked and not any(hop.challenges for hop in here) and self.case.family not in OF_GGCR

    @cached_property
    def takes_no_login(self) -> bool:
        """Whether the registry is known to take none."""
        return self.known is not None and self.known.login is None

    @cached_property
    def lacks(self) -> list[str]:
        """The rights that were wanted, and that the token of a login does not grant, as far as it can be read.

        What a challenge wants (ACR's `metadata_read` for tags: Azure/acr#600); else what was done: a push reads, too.
        """
        granted, name = self.issued.facts.granted if self.issued is not None else None, self.name
        if granted is None or name is None or self.issued is None or self.issued.anonymous:
            return []
        asked = [scope for one in self.hop.challenges for scope in read_scopes(one.scope or "") if scope.name == name]
        own = action(self.case, self.step)
        wanted = [right for scope in asked for right in scope.actions] if self.act in ("read", "list") else []
        wanted = wanted or (["pull", own] if self.act == "read" else [own])
        return [right for right in dict.fromkeys(wanted) if not allows(granted, name, right)]

    @cached_property
    def by_page(self) -> bool:
        """Whether a page answered, which is neither a registry's nor a challenge for a login."""
        told = self.hop.is_registrys or _REGISTRY.match(front(self.hop) or "")
        return self.hop.is_page and not told and not (self.status == 401 and self.hop.challenges)

    @cached_property
    def in_front(self) -> str | None:
        """What, by its status and its Server, did not get an answer from the registry behind it."""
        name, gateway = front(self.hop), self.status in GATEWAY and not self.hop.errors
        return name if gateway and not _REGISTRY.match(name or "") else None

    @cached_property
    def is_known_to_be_there(self) -> bool:
        """Whether something else of the same repository was read: it exists, and may be read in part."""
        return self.hop.route.repository is not None and self.hop.route.repository in self.case.were_read

    @cached_property
    def is_about_a_login(self) -> bool:
        """Whether a login itself was refused, and not what was asked with it."""
        anonymous = self.issued is not None and self.issued.anonymous
        return not anonymous and is_wrong_login(self.case, self.step)

    @cached_property
    def times(self) -> int:
        """How often the same request had this answer, in the end one after the other."""
        method, place = self.hop.request.method, self.step.place
        here = [hop for hop in self.case.hops if hop.step.place == place and hop.request.method == method]
        other = [at for at, hop in enumerate(here) if hop.status != self.hop.status or hop.host != self.hop.host]
        return len(here) - (max(other) + 1 if other else 0)

    @cached_property
    def later(self) -> str:
        """To try again, as far as that has not been done in vain."""
        return "try again" if self.times < 3 else "try again later"

    @cached_property
    def put_alone(self) -> tuple[Place, Put] | None:
        """What was put without a tag, or elsewhere, and is asked for here."""
        return put_alone(self.case.put, self.step)

    @cached_property
    def code(self) -> str | None:
        """The code under which it is told; None where a rule of its own tells it, or nothing is known of it."""
        if self.hop.client_left or goes_another_way(self.case, self.step):
            return None
        if in_storage(self.hop):
            return "cdn-failed" if _is_storage_failure(self) else None
        return next((code for code, fits in CODES if fits(self)), None)


def _is_not_needed(one: Answer) -> bool:
    """Whether the same was seen being read without a login, or the registry takes none."""
    seen = (one.host, one.name) in one.case.open_to_all if one.name else bool(one.case.open_to_all)
    shown = one.step.is_token or one.issued is not None or one.hop.request.authorization == "basic"
    pulls = one.step.is_token and one.name and action(one.case, one.step) == "pull" and not says(one.hop, EXPIRED)
    public = one.known is not None and one.known.all_may_read and (one.act == "read" or pulls)
    refused = public and shown and not one.no_login and refuses_access(one.hop)
    return bool(refused) or (one.is_about_a_login and (seen or one.takes_no_login))


def _has_expired(one: Answer) -> bool:
    if one.status not in (400, 401, 403) or not says(one.hop, EXPIRED):
        return False
    shown = one.hop.request.authorization != "none" and one.issued is None
    return not was_anonymous(one.step) if one.step.is_token else shown


def _is_cut_off(one: Answer) -> bool:
    ended = one.status in _ENDED or (one.status >= 500 and says(one.hop, _CUT))
    broke_off = one.hop.failed is not None and not one.hop.malformed and failure(one.hop) is None
    return one.act == "write" and (ended or broke_off)


def _is_lost(one: Answer) -> bool:
    if one.step.route.endpoint is not Endpoint.UPLOAD or one.act != "write" or one.hop.request.method == "GET":
        return False
    return (one.status == 404 or bool(one.hop.codes & _LOST)) and not says(one.hop, PART) and one.clue is None


def _is_barred(one: Answer) -> bool:
    """Whether it refuses a write: to every client, or to this one."""
    step, hop, status = one.step, one.hop, one.status
    if status == 401 and (takes_no_head(hop) or (hop.request.authorization == "none" and gets_no_token(one.case, hop))):
        return False  # `token-not-requested`
    if step.is_token:
        return pushes(step) and refuses_access(hop) and (one.no_login or status == 403 or says(hop, OF_RIGHTS))
    if step.kind is Kind.DELETE and status in NOT_OFFERED:
        return True
    if is_write(step):
        rule = status in _RULED and one.clue is not None and one.clue.name in _RULES
        return status in REFUSALS or ((status in _BARRED or rule) and not refuses_manifest(step))
    return one.case.writes and status in REFUSALS and hop.request.authorization != "basic"


def _is_refusal(one: Answer) -> bool:
    if one.step.is_token or one.case.writes or one.status not in REFUSALS:
        return False
    return one.hop.request.authorization != "none" or (one.status == 403 and "DENIED" in one.hop.codes)


def _is_storage_failure(one: Answer) -> bool:
    lost = one.hop.failed is not None and one.hop.response is None  # else cut off: `size-mismatch`
    refused = one.hop.failed is None and one.status >= 400 and one.status not in (416, 429)
    return one.step.first.mirror_of is None and (lost or refused)


def _fails(one: Answer) -> bool:
    """Whether the server fails: by its status, or because it says of its own parts that they do."""
    return one.status >= 500 or (one.clue is not None and one.clue.name in ITS_OWN_PARTS)


def _lacks(one: Answer) -> str | None:
    """What is not there, as its code; what the registry itself says decides before what a mirror of it says."""
    step, hop, endpoint = one.step, one.hop, one.step.route.endpoint
    redirected = hop.follows is not None and hop.route.endpoint is endpoint
    if one.status not in (404, 410) or one.act == "write" or (hop.is_page and not redirected) or _fails(one):
        return None  # files on a web server, as moby/moby#30798
    if endpoint is Endpoint.BLOB:
        return "blob-unknown"
    no_list = endpoint is Endpoint.TAGS and not one.is_known_to_be_there
    no_repository = "NAME_UNKNOWN" in hop.codes or says(hop, _NO_REPOSITORY) or no_list
    if one.status == 404 and no_repository and step.route.repository and len(in_turn(one.case, step)) < 2:
        return "name-unknown"
    at_home = step.first.mirror_of is None or step.place not in one.case.asked_at_home
    return "manifest-unknown" if one.status == 404 and endpoint is Endpoint.MANIFEST and at_home else None


CODES: tuple[tuple[str, Callable[[Answer], bool]], ...] = (
    ("login-not-needed", _is_not_needed),
    ("login-expired", _has_expired),
    ("chart-unknown", lambda one: one.step.kind is Kind.CHARTS and (one.status == 404 or bool(one.step.instead))),
    ("upload-too-large", lambda one: is_write(one.step) and (one.status == 413 or says(one.hop, TOO_LARGE))),
    ("upload-cut-off", _is_cut_off),
    ("write-denied", _is_barred),
    ("upload-lost", _is_lost),
    ("upload-refused", lambda one: one.act == "write" and (one.status in _NOT_TAKEN or refuses_manifest(one.step))),
    ("login-lacks-right", lambda one: one.status in REFUSALS and bool(one.lacks) and not is_write(one.step)),
    ("access-denied", lambda one: one.is_about_a_login),
    ("name-unknown", lambda one: _lacks(one) == "name-unknown"),
    ("manifest-unknown", lambda one: _lacks(one) == "manifest-unknown"),
    ("blob-unknown", lambda one: _lacks(one) == "blob-unknown"),
    ("registry-failed", lambda one: _fails(one) and not one.step.is_token and one.step.first.mirror_of is None),
    ("access-denied", _is_refusal),
)
"""What an answer is told as; of those that fit, the first. What fits none is `request-failed`, unless a rule knows better."""


def refuses_manifest(step: Step) -> bool:
    """Whether 405 is about the manifest and not about writing: ECR, to what it cannot read (moby/buildkit#5747)."""
    return step.kind is Kind.MANIFEST_PUT and step.last.status == 405 and says(step.last, _THE_MANIFEST)


def after(one: Answer) -> str:
    """The time that it took, where that may be why."""
    seconds = one.hop.seconds or 0.0
    return f" after {period(seconds)}" if seconds >= (1 if one.code == "upload-cut-off" else LONG) else ""


def look_at_the_log(one: Answer) -> str:
    """What is left where an answer says nothing."""
    late = f":{after(one)} it may be a time limit of the proxy in front" if after(one) else ""
    if one.hosted is not None:
        numbered = next((f" ({name} {value[:40]})" for name in _IDS if (value := one.hop.header(name))), "")
        return f"ask {one.hosted.name}, which alone can see its log, about this request{numbered}{late}"
    url = split(one.hop.request.url)
    port = url.port or {"http": 80}.get(url.scheme, 443)
    where = one.step_there("token_log" if one.step.is_token else "log") or one.step_there("log")
    where = where or f"docker logs $(docker ps -q --filter publish={port}) on it; kubectl logs in a cluster"
    return f"read what {one.hop.host} logged for {request(one.step)} ({where}){late}"


_IDS = ("x-github-request-id", "x-amz-request-id", "x-ms-request-id", "x-azure-ref", "cf-ray")
"""Headers by which hosted registries find a request again."""


def by_its_words(one: Answer) -> str:
    """What is left where an answer has words of its own that no rule knows."""
    return f"do what its words ask for; if they ask for nothing, {look_at_the_log(one)}"
