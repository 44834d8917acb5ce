"""What a client asked of one endpoint, and the result. Plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One endpoint that was asked, as far as it was seen."""

    url: str
    """With its path up to `/manifests/` and `/blobs/`; `https://HOST` alone where TLS hides the path."""
    came: str
    """What came of it, in words: `200`, `connection refused`."""
    good: bool = False
    """Whether it answered, so that the pull could go on with it."""
    surely: bool = True
    """Whether it is known to have been this client; else it may be another program of the machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulled:
    """How the one pull ended."""

    by: str
    """What pulled, as sentences name it."""
    asked: tuple[Asked, ...]
    """In the order of the first request to each."""
    error: str = ""
    """The client's own last words; empty where the pull succeeded."""
    left: str = ""
    """What it left on the machine, as a sentence; empty where that is nothing."""
    started: float = 0.0
    """When the daemon was started, in seconds since 1970; 0 where there is no daemon."""
    missed: int = 0
    """Packets that the kernel had to drop, so that something may have been asked unseen."""
