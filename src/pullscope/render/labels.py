"""A flow's name in mitmproxy's own windows: a comment in a few words, and a marker that shows its kind.

A step that is not settled may still turn out to be something else, so what is said of it is provisional.
"""

from __future__ import annotations

from pullscope.oci.plain import plain
from pullscope.render.names import numbered
from pullscope.render.wording import sayings, title
from pullscope.trace.hosts import Roles
from pullscope.trace.kinds import kind_of
from pullscope.trace.model import Hop, Kind, Outcome, Step

MARKERS: dict[Kind, str] = {
    Kind.VERSION_CHECK: ":wave:",
    Kind.TOKEN: ":key:",
    Kind.RESOLVE: ":mag:",
    Kind.MANIFEST_LIST: ":bookmark_tabs:",
    Kind.MANIFEST: ":page_facing_up:",
    Kind.CONFIG: ":gear:",
    Kind.LAYER: ":package:",
    Kind.ATTESTATION: ":lock_with_ink_pen:",
    Kind.REFERRERS: ":paperclip:",
    Kind.SIGNATURE: ":lock_with_ink_pen:",
    Kind.UPLOAD_START: ":arrow_up:",
    Kind.UPLOAD_CHUNK: ":arrow_up:",
    Kind.UPLOAD_FINISH: ":arrow_up:",
    Kind.MANIFEST_PUT: ":arrow_up:",
}
"""Emoji shortcodes that mitmproxy shows as one glyph (mitmproxy.utils.emoji)."""

LONGEST_PART = 80
"""Characters of what stands between two dots: a platform or a name comes from the wire, and may have megabytes of escapes."""

FAILED, REDIRECT, OTHER = ":x:", ":leftwards_arrow_with_hook:", ":grey_question:"


def label(hop: Hop) -> tuple[str, str]:
    """Comment and marker of one exchange: `layer 3/4 · linux/amd64 · 307 to cdn · pull 1`, the action as far as it is known."""
    step = hop.step
    pull = step.pull
    kind = step.kind if step.settled else kind_of(step, pull)
    parts = [name_of(step)]
    platform = _platform(step)
    if platform:
        parts.append(platform)
    if hop.redirects and pull is not None:
        following = next((other for other in step.hops if other.follows is hop), None)
        role = Roles(step.hops).of_hop(following) if following is not None else "another place"
        parts.append(f"{hop.status} to {role}")
    elif hop.status == 401 and (step.outcome is not Outcome.FAILED or hop is not step.last):
        parts.append("401: token required")
    elif pull is not None and hop is step.last and step.settled:
        parts.append(next(iter(sayings(step, pull))).removeprefix(f"{platform}: "))
    elif hop.failed is not None:
        parts.append("cut off" if hop.response is not None else "no response")
    elif hop.status is not None:
        parts.append(str(hop.status))
    if pull is not None and pull.id:
        parts.append(numbered(pull))
    failed = step.settled and hop is step.last and step.outcome is Outcome.FAILED
    marker = FAILED if failed else REDIRECT if hop.redirects else MARKERS.get(kind, OTHER)
    return " · ".join(plain(part, LONGEST_PART) for part in parts if part), marker


def name_of(step: Step) -> str:
    """The name of a step, settled or not: `layer 3/4`, as far as the manifests seen by now tell it."""
    if step.settled:
        return title(step)
    kind = kind_of(step, step.pull)
    digest = step.route.digest
    expected = step.pull.expected.get(digest) if step.pull is not None and digest is not None else None
    if kind is Kind.LAYER and expected is not None and expected.number is not None:
        return f"layer {expected.number}/{expected.of}"
    return title(step, kind)


def _platform(step: Step) -> str | None:
    if step.settled or step.pull is None or step.route.digest is None:
        return step.platform
    expected = step.pull.expected.get(step.route.digest)
    return expected.platform if expected is not None else None
