"""What only another operation shows: a build that went on without its cache, a version check that its client made twice.

Nothing names what these have in common but who asked, and where; so this looks from one operation at an earlier one.
"""

from __future__ import annotations

import re

from pullscope.oci.routes import Endpoint
from pullscope.trace.bounded_table import Newest, Remembered
from pullscope.trace.findings.finding import Finding
from pullscope.trace.findings.row import Case, Severity, row
from pullscope.trace.model import Ending, Kind, Pull, Step
from pullscope.trace.times import AT_ONCE, MEANWHILE, REOPEN

BUILDERS = frozenset({"buildkit", "kaniko"})

MOST = 100
"""Lookups that are remembered."""


@row(
    found_elsewhere=True,
    severities="info",
    suffers="none",
    remedy="none needed: the first build has no cache",
    recording="field/live/build-push-cache-from-missing.mitm",
)
def cache_missing(_: Case) -> None:
    """BuildKit or kaniko asks for a tag that is not there, and later pushes to the same repository.

    `--cache-from type=registry` asks for the manifest of a tag, and goes on without it after 404 (run with BuildKit of
    dockerd 28.5.2). A base image that is missing ends a build, so nothing is pushed. Told as `manifest-unknown` until the
    push is over. kaniko asks for each layer below `/cache` of what it pushes to, by a SHA-256 as its tag (pkg/cache/cache.go,
    pkg/executor/composite_cache.go), and makes what is not there (GoogleContainerTools/kaniko#1269): told so at once.
    """


@row(
    found_elsewhere=True,
    severities="warning",
    suffers="a build that is made from it",
    remedy="none needed for a cache; else what the answer asks for",
)
def cache_failed(_: Case) -> None:
    """BuildKit cannot have a manifest by its tag, and begins at once to fetch the blobs of another image.

    A build ends where an image that it is made from cannot be had, before any blob is asked for; of a cache it says so and goes
    on: an address where nothing answers (docker/buildx#1090), a login that may not read it (okteto/okteto#3420). Two builds at
    once look the same, so it is not known which of the two it was.
    """


_Place = tuple[str, str, str]
_MISSING = (["manifest-unknown"], ["name-unknown"])
_LAYER_KEY = re.compile(r"[0-9a-f]{64}")


class Lookups:
    """The tags that builds did not find and the version checks that wanted a login, until it is known what became of them."""

    def __init__(self) -> None:
        self._missed: Newest[_Place, list[Pull]] = Newest(MOST)
        self._given_up: Newest[str, list[Pull]] = Newest(MOST)
        self._went_on: Remembered[str, Pull] = Remembered(most=MOST, seconds=REOPEN, each=8)
        self._refused: Newest[tuple[str, str], Pull] = Newest(MOST)
        self._shown: Newest[tuple[str, str], float] = Newest(MOST)
        self._followed: Remembered[tuple[str, str], float] = Remembered(most=MOST, seconds=REOPEN)

    def checked(self, step: Step) -> None:
        """A version check was made with a login or token, or more followed it: another of that client was not an end.

        One that came before the login, or at the same time: moby/moby#11067, carvel-dev/imgpkg#290,
        google/go-containerregistry#740.
        """
        last, pull = step.last, step.pull
        if step.kind is not Kind.VERSION_CHECK:
            return
        who = (last.request.client, last.host)
        if last.request.authorization != "none":
            self._shown[who] = last.request.time
        elif pull is not None and (pull.repository is not None or not _only_checks(pull)):
            self._followed.add(who, last.request.time, last.request.time)
        if (other := self._refused.get(who)) is not None and self._was_no_end(who, other):
            clear(self._refused.pop(who))

    def ended(self, pull: Pull) -> None:
        """An operation is over: what may have gone on is remembered, and what shows that something did is looked at."""
        if pull.steps and _only_checks(pull):
            self._checked_only(pull)
        place = _place(pull)
        if place is not None:
            self._looked(place, pull)
        if pull.client.family == "buildkit":
            self._built(pull)

    def _looked(self, place: _Place, pull: Pull) -> None:
        if pull.action == "push":  # its very tag was a question before it, however the push ended (moby/buildkit#699)
            found = self._missed.pop(place, [])
            asked = [one for one in found if pull.outcome is Ending.COMPLETE or one.tag == pull.tag]
            for missed in asked:
                _is_cache(missed)
            if left := [one for one in found if one not in asked]:
                self._missed[place] = left
        elif [one.code for one in pull.findings if one.severity is Severity.ERROR] in _MISSING:
            if pull.client.family == "kaniko" and _LAYER_KEY.fullmatch(pull.tag or ""):
                _is_cache(pull)
            else:
                self._missed[place] = [*self._missed.get(place, [])[-MOST:], pull]

    def _built(self, pull: Pull) -> None:
        who = pull.client_key[0]
        if pull.outcome is Ending.COMPLETE and pull.fetched:
            self._went_on.add(who, pull, pull.last)
            failed = self._given_up.pop(who, [])
            for one in failed:
                if _went_on_to(one, pull):
                    _may_be_a_cache(one)
            if left := [one for one in failed if one.outcome is Ending.FAILED]:
                self._given_up[who] = left
        elif pull.outcome is Ending.FAILED and pull.tag is not None and not pull.pushing and pull.digest is None:
            if any(_went_on_to(pull, other) for other in self._went_on.of(who)):
                _may_be_a_cache(pull)
            else:
                self._given_up[who] = [*self._given_up.get(who, [])[-8:], pull]

    def _checked_only(self, pull: Pull) -> None:
        last = pull.steps[-1].last
        if not pull.findings or last.status != 401 or last.request.authorization != "none":
            return
        who = (last.request.client, last.host)
        if self._was_no_end(who, pull):
            clear(pull)
        else:
            self._refused[who] = pull

    def _was_no_end(self, who: tuple[str, str], pull: Pull) -> bool:
        for_a_login = [one.code for one in pull.findings] == ["credentials-not-used"]
        return (for_a_login and self._shown.get(who, 0.0) >= pull.started) or any(
            abs(time - pull.started) <= AT_ONCE for time in self._followed.of(who)
        )


def _only_checks(pull: Pull) -> bool:
    return all(step.kind is Kind.VERSION_CHECK for step in pull.steps)


def clear(pull: Pull) -> None:
    pull.findings = []
    pull.outcome = Ending.COMPLETE


def _place(pull: Pull) -> _Place | None:
    if pull.client.family not in BUILDERS or pull.repository is None:
        return None
    return (pull.client_key[0], pull.registry, pull.repository)


def _went_on_to(failed: Pull, other: Pull) -> bool:
    """Whether the first blob of the other was asked for when this had failed, at once, and it was begun by then."""
    blobs = (step.first.request.time for step in other.steps if step.route.endpoint is Endpoint.BLOB)
    began = min(blobs, default=0.0)
    return other.started - failed.last <= AT_ONCE and 0 <= began - failed.last <= MEANWHILE


def _may_be_a_cache(pull: Pull) -> None:
    error = next((one for one in pull.findings if one.severity is Severity.ERROR), None)
    if error is None:  # told otherwise since: it has it under another name, or pushed it
        return
    pull.outcome = Ending.INCOMPLETE
    pull.findings = [
        Finding(
            code="cache-failed",
            severity=Severity.WARNING,
            message=f"if {pull.reference} is a build's cache, the build went on without it, for blobs of another image were "
            f"asked for at once: {error.message}",
            fix=f"none needed, if it is a cache; else {error.fix}",
            steps=error.steps,
        )
    ]


def _is_cache(pull: Pull) -> None:
    clear(pull)
    pull.findings = [
        Finding(
            code="cache-missing",
            severity=Severity.INFO,
            message=f"{pull.registry} has no {pull.tag or 'such tag'} in {pull.repository} yet; a build goes on without that.",
            fix="none needed, if it is the build's cache: the first build has none",
            steps=tuple(step.n for step in pull.steps if step.last.status == 404),
        )
    ]
