"""An answer by which a step failed, what is known of it, and which code that makes.

Who answered (a registry, a token server, what stands in front), what was asked (`asked`), what login was shown, what the words
are about (`advice`), the error codes of the distribution specification, and the status. What is said of it is in `tellings`.
Shapes of a whole conversation (a redirect, a challenge that nobody answers, an address that was changed) have rules of their own.
"""

from __future__ import annotations

import re
from functools import cached_property

from pullscope.oci.known_registries import KnownRegistry, known_registry
from pullscope.trace.findings.advice import Clue, clue
from pullscope.trace.findings.asked import act, subject
from pullscope.trace.findings.case import (
    REFUSALS,
    Case,
    Issued,
    client_left,
    codes,
    in_storage,
    is_page,
    is_registrys,
    is_write,
    was_anonymous,
)
from pullscope.trace.findings.grants import issued_for, pushes
from pullscope.trace.findings.logins import challenger, refuses_access, wrong_logins
from pullscope.trace.findings.said import front, says
from pullscope.trace.model import Hop, Kind, Step

NOT_OFFERED = frozenset({400, 405, 501})
"""Statuses by which registries say that they delete nothing, or no tags: regclient/regclient#335."""
NOT_TAKEN = frozenset({400, 404, 406, 409, 411, 415, 416, 422, 501})
"""Statuses that are about what is written. 501 is Gitea's for artifacts (go-gitea/gitea#25846)."""
_BARRED = frozenset({405, 412, 423, 507})
_RULES = frozenset({"quota", "fixed", "redeploy"})
"""Kinds of words by which other statuses are a rule about writing too."""
_RULED = frozenset({400, 409, 429, 500, 507})
PART = re.compile(r"first byte of|layer part|out of order|content-range|invalid range", re.IGNORECASE)
"""Parts that do not follow on each other: ECR's InvalidLayerPartException (GoogleContainerTools/kaniko#607)."""
LONG = 30.0
"""Seconds after which the time that something took may be the reason why it was refused: proxies wait 60 s, or 30."""
_REGISTRY = re.compile(r"nexus|artifactory|harbor|quay|zot", re.IGNORECASE)
"""Registries that send pages of their own, as their Server header names them (sonatype/nexus-public, docker/buildx#457)."""
_OF_RIGHTS = re.compile(r"\bpermission|\bscopes\b|privilege", re.IGNORECASE)
"""Words by which a token server refuses a right and not a login: bazelbuild/rules_docker#314."""
_THE_MANIFEST = re.compile(r"image ?manifest|media ?type|artifact", re.IGNORECASE)


class Answer:
    """One answer, and what is known of it."""

    def __init__(self, case: Case, step: Step) -> None:
        self.case, self.step, self.hop = case, step, step.last
        self.status = self.hop.status or 0
        self.act = act(step)

    @cached_property
    def clue(self) -> Clue | None:
        """The kind of words in it."""
        return clue(self.hop, self.act)

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
    def known(self) -> KnownRegistry | None:
        """That registry, where it is one that is known by its host."""
        return known_registry(self.host)

    @cached_property
    def issued(self) -> Issued | None:
        """The token that was shown, where it was seen being issued."""
        return issued_for(self.case, self.hop)

    @cached_property
    def no_login(self) -> bool:
        """Whether no login was shown: nothing, or a token that anybody gets."""
        if self.step.is_token:
            return was_anonymous(self.step)
        anonymous = self.issued.anonymous if self.issued is not None else False
        return anonymous or self.hop.request.authorization == "none"

    @cached_property
    def by_page(self) -> bool:
        """Whether a page answered, which is neither a registry's nor a challenge for a login."""
        told = (
            is_registrys(self.hop)
            or _REGISTRY.match(front(self.hop) or "")
            or (self.status == 401 and self.hop.challenges)
        )
        return is_page(self.hop) and not told

    @cached_property
    def is_known_to_be_there(self) -> bool:
        """Whether something else of the same repository was read: it exists, and may be read in part."""
        name = self.hop.route.repository
        return name is not None and any(one.last.ok and one.route.repository == name for one in self.case.steps)

    @cached_property
    def is_about_a_login(self) -> bool:
        """Whether a login itself was refused, and not what was asked with it."""
        return self.step in wrong_logins(self.case)

    @cached_property
    def code(self) -> str | None:
        """The code under which it is told; None where a rule of its own tells it, or nothing is known of it."""
        step, hop, status, writes = self.step, self.hop, self.status, self.case.writes
        if in_storage(hop) or client_left(hop) or self._waits_for_a_token:
            return None
        if self._is_barred:
            return "write-denied"
        if is_write(step) and step.kind is not Kind.DELETE and (status in NOT_TAKEN or refuses_manifest(step)):
            return "upload-refused"
        if self.is_about_a_login:
            return "access-denied"
        if step.is_token or writes or status not in REFUSALS:
            return None
        shown = hop.request.authorization != "none"
        return "access-denied" if shown or (status == 403 and "DENIED" in codes(hop)) else None

    @property
    def _waits_for_a_token(self) -> bool:
        """Whether its challenge was answered, and the token server gave nothing: that is told of the token."""
        if self.step.is_token or self.hop.request.authorization != "none" or self.status != 401:
            return False
        return any(one.is_token and one.under is self.step for one in self.case.bad)

    @property
    def _is_barred(self) -> bool:
        """Whether it refuses to let something be written: to anybody, or to who asks."""
        step, hop, status = self.step, self.hop, self.status
        if step.is_token:
            return pushes(step) and refuses_access(hop) and (self.no_login or status == 403 or says(hop, _OF_RIGHTS))
        if step.kind is Kind.DELETE and status in NOT_OFFERED:
            return True
        if is_write(step):
            rule = status in _RULED and self.clue is not None and self.clue.name in _RULES
            return status in REFUSALS or ((status in _BARRED or rule) and not refuses_manifest(step))
        return self.case.writes and status in REFUSALS and hop.request.authorization != "basic"


def refuses_manifest(step: Step) -> bool:
    """Whether 405 is about the manifest and not about writing: ECR, to what it cannot read (moby/buildkit#5747)."""
    return step.kind is Kind.MANIFEST_PUT and step.last.status == 405 and says(step.last, _THE_MANIFEST)


def answer_of(case: Case, hop: Hop) -> Answer:
    """What is known of an answer that is not a step's last."""
    answer = Answer(case, hop.step)
    answer.hop, answer.status = hop, hop.status or 0
    return answer


def took_long(one: Answer) -> float | None:
    """The seconds that it took, where that may be why."""
    seconds = one.hop.seconds or 0.0
    return seconds if seconds >= LONG else None


def look_at_the_log(one: Answer) -> str:
    """What is left where an answer says nothing."""
    seconds = took_long(one)
    late = f": after {seconds:.0f} s it may be a time limit of what stands in front" if seconds is not None else ""
    if one.known is not None:
        return f"ask {one.known.name}, which alone can see its log, about this request{late}"
    return f"look at the log of {one.hop.host} for this request{late}"
