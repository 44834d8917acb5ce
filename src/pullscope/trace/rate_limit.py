"""What a registry says of its limit, as a plain value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """What the registry's ratelimit headers said first and last (Docker Hub; counts are pulls)."""

    limit: int | None
    remaining_before: int
    remaining_after: int
    window_seconds: int | None
    source: str | None
