"""What a job runs beside its pulls: failures of pip, npm, apt, git, Maven and others are no answers of a registry."""

from __future__ import annotations

import re

OF_A_STEP = re.compile(
    r"(?:#\d+ )?\d+\.\d{2,3} (?!\d*/|error: (?:failed commit on ref \"|unexpected status from [A-Z]+ request to ))"
)
"""What a command of a build printed (BuildKit's plain progress); but what BuildKit itself tries again is printed so, too
(util/resolver/retryhandler; run: buildx 0.29)."""
ELSEWHERE = re.compile(
    r"(?:\b(?:GET|HEAD|PUT|POST|[Gg]etting|[Ff]etch(?:ing)?|access|[Rr]eading|[Dd]ownload(?:ing)?|Ignoring|occurred:|url:|from|for)"
    r"\s+|\w \()['\"]?(https?://[^\s'\"]+)"
)
"""An address that was asked: help is named by other words (see, visit)."""
OTHERS = re.compile(
    r"npm (?:ERR!|error)|Could not (?:transfer|find) artifact |error NU\d{4}|while reading '[\w-]+' metadata|"
    r"\Afetch failed after status: \d{3} [A-Z][\w ]*\Z|"
    r"\bcurl: \(\d+\)|\bremote: |Error from server \(|\bE: |\bfatal: (?:unable|could|Auth)"
)
"""Who speaks of no registry: npm, Maven, NuGet, Google's helper of its machine, curl, git, kubectl, apt; and a note of
containerd 2.1 on a request that its error names below."""
DONE = re.compile(
    r"Status: (?:Downloaded newer image|Image is up to date) for |Successfully pulled image |: digest: sha256:[0-9a-f]{64} size: "
    r"|S(?:tep|TEP) \d+(?:/\d+)? ?: (?!FROM)"
)
"""The image came, or was sent (docker, a kubelet); a build went on after it."""
