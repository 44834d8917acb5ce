"""What a report tells: the pulls that were chosen, and what belongs to no pull. What every form is a function of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pullscope.render.layout import WIDTH

if TYPE_CHECKING:
    from pullscope.trace.findings.finding import Finding
    from pullscope.trace.model import Hop, Pull
    from pullscope.trace.refusals import Refusal
    from pullscope.trace.trace import Trace


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """Pulls and the rest; and, for the forms that people read in a terminal, how they are to look."""

    source: str
    pulls: Sequence[Pull]
    unattributed: Sequence[Hop] = ()
    refusals: Sequence[Refusal] = ()
    findings: Sequence[Finding] = ()
    """Those of no single pull."""
    color: bool = False
    verbose: bool = False
    width: int = WIDTH

    @classmethod
    def of(cls, trace: Trace, source: str) -> Self:
        """All of a trace."""
        return cls(
            source=source,
            pulls=trace.pulls,
            unattributed=trace.unattributed,
            refusals=trace.refusals,
            findings=trace.findings,
        )
