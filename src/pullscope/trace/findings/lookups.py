"""What only a later operation shows: a build that went on without its cache, a version check that was asked again with a login.

Nothing names what these have in common but who asked, and where; so this looks from one operation at an earlier one.
"""

from __future__ import annotations

from collections import OrderedDict
from inspect import cleandoc
from typing import Any

from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.row import Row
from pullscope.trace.model import Ending, Kind, Pull, Step

BUILDERS = frozenset({"buildkit", "kaniko"})

MOST = 100
"""Lookups that are remembered."""

CACHE_MISSING = Row(
    code="cache-missing",
    shows="BuildKit or kaniko asks for a tag that is not there, and later pushes to the same repository",
    severities="info",
    suffers="none",
    remedy="none needed: the first build has no cache",
    recording="field/live/build-push-cache-from-missing.mitm",
    known=cleandoc(
        """
        `--cache-from type=registry` asks for the manifest of a tag, and goes on without it after 404 (run with BuildKit of
        dockerd 28.5.2); kaniko asks its cache for each layer and pushes what it has not found (GoogleContainerTools/kaniko#1269).
        A base image that is missing ends a build, so nothing is pushed. Told as `manifest-unknown` until the
        push is over.
        """
    ),
)

_Place = tuple[str, str, str]


class Lookups:
    """The tags that builds did not find and the version checks that wanted a login, until it is known what became of them."""

    def __init__(self) -> None:
        self._missed: OrderedDict[_Place, Pull] = OrderedDict()
        self._refused: OrderedDict[tuple[str, str], Pull] = OrderedDict()
        self._shown: OrderedDict[tuple[str, str], float] = OrderedDict()

    def checked(self, step: Step) -> None:
        """A version check was made with a login or token: the one before it, without, was not an end."""
        last = step.last
        if step.kind is not Kind.VERSION_CHECK or last.request.authorization == "none":
            return
        who = (last.request.client, last.host)
        _keep(self._shown, who, last.request.time)
        before = self._refused.pop(who, None)
        if before is not None and before.started <= last.request.time:
            _clear(before)

    def ended(self, pull: Pull) -> None:
        """An operation is over: what may have gone on is remembered, and what shows that something did is looked at."""
        if pull.steps and all(step.kind is Kind.VERSION_CHECK for step in pull.steps):
            self._checked_only(pull)
        place = _place(pull)
        if place is None:
            return
        if pull.action == "push" and pull.outcome is Ending.COMPLETE:
            missed = self._missed.pop(place, None)
            if missed is not None:
                missed.findings = [_cache_missing(missed)]
                missed.outcome = Ending.COMPLETE
        elif [one.code for one in pull.findings if one.severity is Severity.ERROR] in (
            ["manifest-unknown"],
            ["name-unknown"],
        ):
            _keep(self._missed, place, pull)

    def _checked_only(self, pull: Pull) -> None:
        if [one.code for one in pull.findings] != ["credentials-not-used"]:
            return
        last = pull.steps[-1].last
        who = (last.request.client, last.host)
        if self._shown.get(who, 0.0) >= pull.started:
            _clear(pull)
            return
        _keep(self._refused, who, pull)


def _keep(kept: OrderedDict[Any, Any], key: tuple[str, ...], value: Any) -> None:
    kept[key] = value
    if len(kept) > MOST:
        kept.popitem(last=False)


def _clear(pull: Pull) -> None:
    pull.findings = []
    pull.outcome = Ending.COMPLETE


def _place(pull: Pull) -> _Place | None:
    if pull.client.family not in BUILDERS or pull.repository is None:
        return None
    return (pull.client_key[0], pull.registry, pull.repository)


def _cache_missing(pull: Pull) -> Finding:
    steps = tuple(step.n for step in pull.steps if step.last.status == 404)
    return Finding(
        code="cache-missing",
        severity=Severity.INFO,
        message=f"{pull.registry} has no {pull.tag or 'such tag'} in {pull.repository} yet; the build went on without it and "
        "pushed there.",
        fix="none needed, if it is the build's cache: the first build has none",
        steps=steps or tuple(step.n for step in pull.steps[:1]),
    )
