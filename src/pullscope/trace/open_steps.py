"""The open steps of an operation, in the order in which they began, found by what they name. Decides nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pullscope.trace.model import Step


class OpenSteps(dict["Step", None]):
    """Of thousands that are open at once, each request looks for those that ask for the same."""

    def __init__(self) -> None:
        self._named: dict[str | None, dict[Step, None]] = {}

    def add(self, step: Step) -> None:
        self[step] = self._named.setdefault(step.route.named, {})[step] = None

    def discard(self, step: Step) -> bool:
        """Take a step away; whether it was there."""
        if step not in self:
            return False
        alike = self._named[step.route.named]
        del self[step], alike[step]
        if not alike:
            del self._named[step.route.named]
        return True

    def of(self, named: str | None) -> Collection[Step]:
        """Those that ask for a tag, a digest or an upload; with None, those that ask for none."""
        return self._named.get(named, ())
