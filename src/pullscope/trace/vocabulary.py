"""What kinds of steps there are, and how steps and pulls end, in the words of the report format."""

from __future__ import annotations

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
    UPLOAD_FINISH = "upload-finish"
    MOUNT = "mount"
    MANIFEST_PUT = "manifest-put"
    DELETE = "delete"
    SEARCH = "search"
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
    SIGN = "sign"
    """A signature, or another attachment, that was pushed."""
    OTHER = "other"


class Ending(StrEnum):
    """How a pull ended."""

    COMPLETE = "complete"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
