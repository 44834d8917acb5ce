"""What an answer says, in its own words, and who gave it: one place for what findings quote.

Words come from JSON errors and `details`, XML `<Code>` and `<Message>`, plain text, the title of a page; the border has
made them short and taken the secrets out. Who answered comes from headers, never from a host's name.
"""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime

from pullscope.oci.routes import Endpoint
from pullscope.oci.statuses import PHRASES
from pullscope.trace.model import Hop
from pullscope.trace.source_gaps import lacking

MOST = 200
"""Characters of an answer that are quoted."""

GENERIC = frozenset(
    {
        "access denied",
        "access forbidden",
        "access to the requested resource is denied",
        "access to the requested resource is not authorized",
        "access to the resource is denied",
        "authentication is required",
        "authentication required",
        "authorization required",
        "denied",
        "forbidden",
        "insufficient scope",
        "invalid credentials",
        "not authorized",
        "permission denied",
        "requested access to the resource is denied",
        "the operation is unsupported",
        "unauthorized",
        "unauthenticated",
        "unsupported",
        *(phrase.lower() for phrase in PHRASES),
    }
)
"""Words that say no more than the status does (distribution errcode/register.go, and what others make of it)."""

_USUAL = GENERIC | {
    "blob unknown", "blob unknown to registry", "blob upload invalid", "invalid parameters", "manifest invalid",
    "manifest unknown", "name unknown", "repository name not known to registry", "unknown error", "unsupported"
}  # fmt: skip
"""Messages that say no more than their code (distribution errcode/register.go)."""
_TELLING = ("description", "message", "reason", "error", "msg")
_SPECIFICATION = ("During ", "This error ", "The operation ", "If ", "When ")
"""How descriptions begin that are the specification's own, and say nothing of the case (distribution errors.go; Zot)."""

_ADDRESSES = re.compile(r"https?://([A-Za-z0-9.-]+(?::\d+)?)/")
_FILTERS = re.compile(r"squid|zscaler", re.IGNORECASE)
"""Proxies through which people go out, as their Server header names them."""
_REPEATED = re.compile(r"^(.{3,}?): \1$", re.DOTALL)  # Harbor: `unauthorized: …: unauthorized: …`
_DIGEST = re.compile(r"\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b")
"""A digest as people know it: ECR lists whole ones before it says what is wrong with them."""
_DEEPEST = 6
_ERRNO = {
    5: "input/output error",
    13: "permission denied",
    16: "device or resource busy",
    24: "too many open files",
    28: "no space left on device",
    30: "read-only file system",
    104: "connection reset by peer",
    110: "connection timed out",
    111: "connection refused",
    113: "no route to host",
    116: "stale NFS file handle",
    122: "disk quota exceeded",
}
"""Linux's numbers in Go's words (syscall/zerrors_linux_amd64.go): as JSON a syscall.Errno is its number."""
_NAMED = re.compile(r"(?:error|reason|message|cause): ", re.IGNORECASE)
"""How the line of a text begins that has the reason, where others have other things (dragonflyoss/dragonfly#1311)."""
_NUMBERED = re.compile(r"^\d{3}[ :-]+")

_HAPROXY = re.compile(
    r"your browser (?:sent an invalid request|didn't send a complete)|^service unavailable no server is available to handle|"
    r"request forbidden by administrative rules|^gateway time-out the server didn't respond in time",
    re.IGNORECASE,
)
"""Its pages, which come without Server: podman-container-tools/skopeo#2723, tutumcloud/haproxy#101, docker/hub-feedback#302."""


def words(hop: Hop) -> str:
    """What an answer says of itself, in one line; empty where it says nothing."""
    said = _of_errors(hop) if hop.errors else _of_text(hop.said or "")
    line = _DIGEST.sub(r"\1", " ".join(said.split()).strip(" :"))
    return line if len(line) <= MOST else f"{line[: MOST - 1].rstrip()}…"


def quoted(hop: Hop, *, otherwise: str = "") -> str:
    """What it says, in quotation marks with a colon before; or what stands in for it."""
    line = re.sub(r"(?<!\.)\.$", "", words(hop)).replace('"', "'")
    return f': "{line}"' if line else otherwise


def reason(hop: Hop) -> str:
    """What it says in quotation marks with a colon before, where that is more than that it refuses."""
    return quoted(hop) if is_specific(hop) else ""


def in_brackets(hop: Hop) -> str:
    """The status, and what is said beside it: ` (401, UNAUTHORIZED: …)`."""
    return f" ({hop.status}, {words(hop)})" if is_specific(hop) else f" ({hop.status})"


def is_specific(hop: Hop) -> bool:
    """Whether the words of an answer say more than that it refuses."""
    if not hop.errors:
        return bool(words(hop)) and _plain(words(hop)) not in GENERIC
    parts = (part for error in hop.errors for part in (error.message, described(error.detail)) if part)
    return any(_plain(part) not in GENERIC for part in parts)


def says(hop: Hop, pattern: re.Pattern[str]) -> bool:
    """Whether the words of an answer hold something."""
    return bool(pattern.search(words(hop)))


CACHING_PROXY = "docker-registry-proxy"
"""What reads TLS and caches images, with logins of its own (rpardini/docker-registry-proxy, README)."""


def front(hop: Hop) -> str | None:
    """What an answer names as its sender, where that is not only the host: `nginx/1.25.3`, `cloudflare`, `Varnish`."""
    if hop.response is None:
        return None
    get = hop.response.headers.get
    if get("cf-ray") is not None:
        return "Cloudflare"
    if get("x-docker-registry-proxy-cache-upstream-status") is not None:
        return CACHING_PROXY
    server = (get("server") or "").strip()[:40]
    via = (get("via") or "").strip()
    if server:
        return server.partition(" ")[0] if server.lower() != "cloudflare" else "Cloudflare"
    if via:
        # `1.1 varnish`, `1.1 proxy.example.com (squid/5.7)` (RFC 9110, 7.6.3)
        inside = re.search(r"\(([^()]{2,40})\)", via)
        return inside[1] if inside else via.split(",")[0].split()[-1][:40]
    for name, service in (
        ("x-served-by", "Fastly"),
        ("x-amz-cf-id", "CloudFront"),
        ("x-azure-ref", "Azure Front Door"),
    ):
        if get(name) is not None:
            return service
    return "HAProxy" if says(hop, _HAPROXY) else None


def filtering(hop: Hop) -> str | None:
    """The proxy of one's own network that answered in a host's place, where it names itself."""
    name = front(hop)
    return name if name is not None and _FILTERS.match(name) else None


def takes_no_head(hop: Hop) -> bool:
    """Whether it is ECR Public, to HEAD of a blob: distribution/distribution#4383, aws/containers-roadmap#2671,
    sky22333/hubproxy#65."""
    asked = hop.request.method == "HEAD" and hop.route.endpoint is Endpoint.BLOB and hop.host == "public.ecr.aws"
    return asked and hop.status == 401 and (hop.request.authorization != "none" or lacking(hop.request, "credentials"))


def date_of(hop: Hop) -> float | None:
    """The Date of an answer (RFC 9110, 6.6.1), in seconds since the epoch."""
    return seconds_of(hop.header("date"))


def seconds_of(text: str | None) -> float | None:
    """A date of HTTP, in seconds since the epoch."""
    if text is None or len(text) > 40:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None


def other_host(hop: Hop) -> str | None:
    """Another host that an answer names by its address: the upstream that failed it."""
    return next((host for host in _ADDRESSES.findall(words(hop)) if host != hop.host), None)


def answered_by(hop: Hop) -> str:
    """The host that answered, and what it names itself: `registry.example.com (nginx/1.25.3)`."""
    name = front(hop)
    return f"{hop.host} ({name})" if name else hop.host


def led_to(hop: Hop) -> str:
    """Behind the name of a host that answered: that another one's redirect led there, which may be what is wrong."""
    before = hop.follows.host if hop.follows is not None else hop.host
    return f", to which {before} redirects," if before != hop.host else ""


def is_not_played(hop: Hop) -> bool:
    """Whether pullscope answered in a host's place, and does not play the rule that answers there (worlds/vanity/decide)."""
    return hop.response is not None and (hop.response.answered_by or "").endswith(": not known")


def said_status(hop: Hop) -> str:
    """`registry.example.com (nginx) said 502: "Bad Gateway"`, or that nothing came."""
    if hop.status is not None:
        return f"{answered_by(hop)}{led_to(hop)} said {hop.status}{quoted(hop)}"
    why = hop.failed.reason.strip().removesuffix(".") if hop.failed is not None else ""
    return f"{hop.host} gave no answer" + (f" ({why})" if why else "")


def _of_errors(hop: Hop) -> str:
    told = []
    for error in hop.errors[:3]:
        message = _REPEATED.sub(r"\1", error.message.strip())
        detail = described(error.detail) if not message or is_usual(message) else ""
        text = detail or message
        # `UNAUTHORIZED: authentication required`; `DENIED` alone where there is nothing more.
        told.append(": ".join(part for part in (error.code, text) if part))
    return "; ".join(dict.fromkeys(part for part in told if part))


def tells_more(hop: Hop) -> bool:
    """Whether the words of an error say more than its code does."""
    return any((error.message and not is_usual(error.message)) or described(error.detail) for error in hop.errors)


def is_usual(message: str) -> bool:
    """Whether a message says no more than the code beside it."""
    return _plain(message) in _USUAL


def described(detail: str) -> str:
    """What a `detail` says in words: itself, or its `description` or `message` (Artifactory: sigstore/cosign#3758)."""
    if not detail.startswith(("{", "[")):
        return detail
    try:
        read = json.loads(detail)
    except ValueError:
        return ""
    if isinstance(read, dict) and isinstance(read.get("errors"), list):  # a cache's, of its upstream
        return "; ".join(f"{one.get('code')}: {one.get('message')}" for one in read["errors"] if isinstance(one, dict))
    told = [read.get(key) for key in _TELLING] if isinstance(read, dict) else read if isinstance(read, list) else []
    texts = (one for one in told if isinstance(one, str) and one not in ("", "null"))
    return next((one for one in texts if not one.startswith(_SPECIFICATION)), "") or _of_go(read)


def _of_go(read: object) -> str:
    """What Go's own errors say, each around the next, down to the system's number.

    A storage driver's of distribution (registry/storage/driver/storagedriver.go, Error), PathError, url.Error, net.OpError.
    """
    parts = []
    for _ in range(_DEEPEST):
        if not isinstance(read, dict) or not read.keys() & {"DriverName", "Op", "Syscall", "Enclosed", "Err"}:
            break
        where = read.get("Addr")
        at = f"{where.get('IP')}:{where.get('Port')}" if isinstance(where, dict) else None
        said = [*(read.get(key) for key in ("DriverName", "Op", "Net", "URL", "Path", "Name", "Syscall")), at]
        parts.append(" ".join(part for part in said if isinstance(part, str) and part))
        read = read["Enclosed"] if "Enclosed" in read else read.get("Err")
        if isinstance(read, dict):
            parts += [part for key in ("Message", "Code") if isinstance(part := read.get(key), str)]
    if parts:
        parts.append(_ERRNO.get(read, "") if isinstance(read, int) else read if isinstance(read, str) else "")
    return ": ".join(part for part in parts if part)


def _of_text(said: str) -> str:
    if said.startswith("<XML> "):
        code, _, message = said.removeprefix("<XML> ").partition(" ")
        return f"{code}: {message}" if message else code
    if said.startswith("<HTML>"):
        return _NUMBERED.sub("", said.removeprefix("<HTML>").strip())
    if re.match(r"\s*(?:[<{]|\[\s*[\[{\"])", said):
        return ""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if _NAMED.match(line)), lines[0] if lines else "")


def _plain(text: str) -> str:
    return text.strip().strip(".!").lower().removeprefix("unauthorized: ")
