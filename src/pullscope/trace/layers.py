"""What became of the layers of an operation, in numbers. `model` makes this value, the rest only reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Layers:
    """The layers of the image manifests that were fetched; `total` is None while no manifest is known."""

    total: int | None
    fetched: int
    already_present: int
    verified: int
    sent_on: int = 0
    """Those whose bytes came from a host of which nothing was seen."""
