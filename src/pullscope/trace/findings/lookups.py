"""Lookups in vain: what a build asked for, did not find, and went on without.

Only what the same client did later shows that; so this looks from one operation at an earlier one.
"""

from __future__ import annotations

from collections import OrderedDict
from inspect import cleandoc

from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.row import Row
from pullscope.trace.model import Ending, Pull

MOST = 100
"""Lookups that are remembered."""

CACHE_MISSING = Row(
    code="cache-missing",
    shows="BuildKit asks for a tag that is not there, and later pushes to the same repository",
    severities="info",
    suffers="none",
    remedy="none needed: the first build has no cache",
    recording="field/live/build-push-cache-from-missing.mitm",
    known=cleandoc(
        """
        `--cache-from type=registry` asks for the manifest of a tag, and goes on without it after 404 (run with BuildKit of
        dockerd 28.5.2). A base image that is missing ends a build, so nothing is pushed. Told as `manifest-unknown` until the
        push is over.
        """
    ),
)

_Place = tuple[str, str, str]


class Lookups:
    """The tags that builds did not find, until it is known whether they needed them."""

    def __init__(self) -> None:
        self._missed: OrderedDict[_Place, Pull] = OrderedDict()

    def ended(self, pull: Pull) -> None:
        """An operation is over: a lookup in vain is remembered, a push shows that an earlier one was none that mattered."""
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
            self._missed[place] = pull
            if len(self._missed) > MOST:
                self._missed.popitem(last=False)


def _place(pull: Pull) -> _Place | None:
    if pull.client.family != "buildkit" or pull.repository is None:
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
