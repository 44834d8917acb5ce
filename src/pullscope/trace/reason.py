"""Why a request was put where it was, and how much that proves. Values that `evidence` and `stitch` make."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Strength(StrEnum):
    """How much a piece of evidence proves."""

    CERTAIN = "certain"
    LIKELY = "likely"
    WEAK = "weak"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why a request was put where it was: the row of the table of evidence that decided it, and that in a sentence."""

    evidence: str
    strength: Strength
    words: str
