"""What a source cannot show, and what must not be concluded from not seeing it.

A log of a client may have no token requests: that none is in it says nothing about the client. Each word here is one such
gap; a request of such a source carries its words (`Requested.lacks`), and the codes beside a word are not found there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pullscope.trace.events import Requested

MIRROR = "mirror"
"""What is seen by a mirror that sends every request home: neither tokens nor logins, no storage, and not what its client asks
of the registry itself where the mirror has not got it."""

HERE = "here"
"""No gap: a client on this machine was its own pipeline, without the proxy between."""

SILENCED: Mapping[str, frozenset[str]] = {
    gap: frozenset(codes.split())
    for gap, codes in {
        "times": "slow-hop clocks-differ signed-url-stale",
        "durations": "slow-hop",
        "redirects": "ping-other-host ping-not-redirected path-not-redirected",
        "tokens": "token-not-requested token-request-elsewhere ping-hides-challenge credentials-not-used",
        # A token beside a signature is refused in the words of `signed-url-invalid`; `challenge-unreadable` and `write-denied`
        # say that no login was shown, or that none helps; a version check is answered to a login, too.
        "credentials": "token-not-requested token-not-used credentials-not-used authorization-dropped authorization-leaked "
        "login-not-needed signed-url-invalid challenge-unreadable write-denied ping-hides-challenge",
        "headers": "challenge-unreadable head-unusable missing-content-digest ping-not-a-registry path-not-redirected "
        "redirect-unreadable wrong-content-type",
        "bodies": "manifest-unreadable",
    }.items()
}
"""The gaps, and for each the codes that speak of what would not be seen."""

_AT_A_MIRROR = """
clocks-differ descriptor-size-wrong digest-mismatch manifest-too-large manifest-unreadable mirror-missed missing-content-digest
rate-limit-low rate-limited registry-failed retried schema1-only size-mismatch slow-hop upstream-unreachable wrong-content-type
"""
AT_A_MIRROR = frozenset(_AT_A_MIRROR.split())
"""The codes that what a mirror sees can show at all: those of tokens, logins and refusals it cannot."""

GAPS: Mapping[str, str] = {gap: gap for gap in SILENCED} | {"tokens": "token requests"}
"""The gaps as a sentence names them."""


def said(lacks: str) -> str:
    """What a recording that was made from a log lacks, as a sentence; empty where that is nothing."""
    gaps = [words for word, words in GAPS.items() if word in lacks.split()]
    return f"this was made from a log that does not show: {', '.join(gaps)}." if gaps else ""


def lacking(request: Requested, *words: str) -> bool:
    """Whether the source of a request cannot show one of these."""
    return request.lacks is not None and any(word in words for word in request.lacks.split())


def silenced(lacks: Iterable[str | None]) -> frozenset[str]:
    """The codes that must not be found where these words are on the requests."""
    words = {word for each in lacks if each for word in each.split()}
    return frozenset().union(*(SILENCED.get(word, frozenset()) for word in words)) if words else frozenset()
