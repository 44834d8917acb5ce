"""What is said of steps and pulls, in the words of the report format: kinds, endings, reasons, and counts. Plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a step is, in the words of the report format."""

    VERSION_CHECK = "version-check"
    TOKEN = "token"
    RESOLVE = "resolve"
    MANIFEST_LIST = "manifest-list"
    MANIFEST = "manifest"
    CONFIG = "config"
    LAYER = "layer"
    ATTESTATION = "attestation"
    REFERRERS = "referrers"
    TAGS = "tags"
    CATALOG = "catalog"
    SIGNATURE = "signature"
    UPLOAD_START = "upload-start"
    UPLOAD_CHUNK = "upload-chunk"
    UPLOAD_STATUS = "upload-status"
    UPLOAD_FINISH = "upload-finish"
    MOUNT = "mount"
    MANIFEST_PUT = "manifest-put"
    DELETE = "delete"
    SEARCH = "search"
    CHARTS = "charts"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How a step ended."""

    OK = "ok"
    FAILED = "failed"
    EXPECTED_401 = "expected-401"
    EXPECTED_404 = "expected-404"
    NOT_SEEN = "not-seen"
    """The input ended before the step did: it may have gone either way."""


class Action(StrEnum):
    """What an operation was for."""

    PULL = "pull"
    PUSH = "push"
    LOOK = "look"
    """Manifests or configs only: inspect, digest, a HEAD alone."""
    LIST = "list"
    """Tags, repositories, referrers, or a search."""
    LOGIN = "login"
    DELETE = "delete"
    ATTACH = "attach"
    """A signature, or another attachment, that was pushed."""
    OTHER = "other"


class Ending(StrEnum):
    """How a pull ended."""

    COMPLETE = "complete"
    FAILED = "failed"
    INCOMPLETE = "incomplete"


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Layers:
    """The layers of the image manifests that were fetched; `total` is None while no manifest is known."""

    total: int | None
    fetched: int
    already_present: int
    verified: int
    sent_on: int = 0
    """Those whose bytes came from a host of which nothing was seen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """What the registry's ratelimit headers said first and last (Docker Hub; counts are pulls)."""

    limit: int | None
    remaining_before: int
    remaining_after: int
    window_seconds: int | None
    source: str | None
