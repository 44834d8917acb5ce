"""Every time that plays a part in a trace: event time, in seconds, each with what was seen."""

from __future__ import annotations

STEP_QUIET = 1.0
"""A client that goes on does so at once: GET after HEAD, and the attestations that it asks for beside the last layer."""

NEXT_MOVE = 10.0
"""A client that was told where to go next, when it has to find that host first: a name that is asked for twice takes 5 s more
(resolv.conf(5), timeout), a lost SYN 1, 3 or 7 s; from a mirror to the next place, 30 to 200 ms (seen). One that takes longer
opens its step again."""

FAILED_QUIET = 2.0
"""After a failure: a client that waits longer before it retries (docker: 5 s and more) reopens its operation."""

RETRY_QUIET = 6.0
"""After 429 or 5xx, beyond what `Retry-After` asks for (docker: 5 s; oras, containers/image: what the answer asks)."""

LONGEST_WAIT = 60
"""Of a `Retry-After`, as much as is waited for."""

RELAY_QUIET = 5.0
"""While connections are passed on unread, after their last byte: clients keep them open for longer than they need them."""

QUIET = 10.0
"""Without a reason to expect nothing more."""

BUSY_QUIET = 5.0
"""For a step that could go on, while other requests of its operation are under way: those may take minutes."""

SOONEST = min(STEP_QUIET, FAILED_QUIET, RETRY_QUIET, QUIET, BUSY_QUIET)
"""Nothing can be due earlier than this after an event, so no check is made before."""

REOPEN = 120.0
"""For as long an operation that ended may still be continued (docker retries for over a minute)."""

LAST_BYTE = 3_600.0
"""For as long what an operation has still to fetch is its own: the fourth layer is asked for when one of three has come."""

BACK_OFF = 330.0
"""kubelet tries again after 10 s, and twice as long each time, up to 300 s (MaxContainerBackOff)."""

MEMORY = 600.0
"""For as long an unfollowed redirect, or a challenge, is remembered."""

AT_ONCE = 0.5
"""Within this long no client repeats a request that was redirected (docker waits 5 s, containerd at least 1 s)."""

MEANWHILE = 2.0
"""By as much a read may have ended before the push of what was read begins."""
