"""What an address says of itself: that it is of one machine or network only, or good for a time. Nothing is looked up."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime

from pullscope.oci.urls import host_of, is_host, parameters, query, split

_LOCAL_ENDINGS = (".local", ".internal", ".lan", ".home.arpa", ".localdomain", ".intranet")
"""Names that no public DNS has (RFC 6762, RFC 8375, ICANN's .internal)."""

_INSIDE = re.compile(r"(?:^|[.-])(?:internal|intranet|privatelink|vpce|vpc\d*)(?=[.-])")

_SIGNED = (("X-Amz-Date", "X-Amz-Expires"), ("X-Goog-Date", "X-Goog-Expires"))
"""AWS Signature Version 4 and Google's V4 signing: when an address was made, and for how many seconds."""


def is_loopback(host: str) -> bool:
    """Whether a host, with or without port, is the client's own machine."""
    address = _address(_name(host))
    unspecified = address is not None and address.is_unspecified
    return is_this_machine(host) or unspecified or _name(host).endswith(".localhost")


def is_this_machine(host: str) -> bool:
    """Whether it is `localhost` or a literal loopback address: what Go asks without a proxy (httpproxy, useProxy)."""
    address = _address(_name(host))
    return _name(host) == "localhost" or (address is not None and address.is_loopback)


def is_ip(name: str) -> bool:
    """Whether a name is an IP address, an IPv6 one without brackets; one with a scope (`%eth0`) is not."""
    return "%" not in name and _address(name) is not None


def is_local(host: str) -> bool:
    """Whether a host means something on one machine or network only."""
    name = _name(host)
    address = _address(name)
    if address is not None:
        return not address.is_global
    return is_loopback(host) or "." not in name or name.endswith(_LOCAL_ENDINGS) or is_service(host)


def is_service(host: str) -> bool:
    """Whether a host is a Service of Kubernetes by its name: NAME.NAMESPACE.svc, or NAMESPACE alone, where no such TLD can be."""
    name, last = _name(host), _name(host).rpartition(".")[2]
    return name.endswith((".svc", ".cluster.local")) or ("." in name and "-" in last and not last.startswith("xn--"))


def is_inside(host: str) -> bool:
    """Whether only machines of one network or cloud reach a host, by its name: a local one, or an endpoint inside a cloud.

    OSS and COS have NAME-internal, S3 NAME.vpce, Azure privatelink, Alibaba's registries registry-vpc.
    """
    return is_local(host) or _INSIDE.search(_name(host)) is not None


def is_address(url: str) -> bool:
    """Whether a URL is one that a client can ask: http or https, and one host with at most one port.

    One of two names, or with backslashes, is taken for a path (distribution/distribution#794).
    """
    return url.startswith(("http://", "https://")) and is_host(host_of(url)) and "://" not in split(url).path


def where_it_is(host: str) -> str:
    """What a host is, in words: `every client's own machine`, `an address of a private network`, `another host`."""
    if is_loopback(host):
        return "every client's own machine"
    if _address(_name(host)) is not None and is_local(host):
        return "an address of a private network"
    if is_local(host):
        return "a name that only one network knows"
    if is_inside(host):
        return "a name for machines inside one network or cloud"
    return "another host"


def _name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return (host.rpartition(":")[0] if host.count(":") == 1 else host).lower().rstrip(".")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def expiry_of(url: str) -> float | None:
    """When a signed address ends by its own parameters, in seconds since the epoch."""
    text = query(url)
    if "xpires" not in text and "se=" not in text:
        return None
    asked = {name: values[0] for name, values in parameters(text).items()}
    for made, lives in _SIGNED:
        start, life = _instant(asked.get(made), "%Y%m%dT%H%M%SZ"), asked.get(lives, "")
        if start is not None and life.isdecimal() and len(life) < 9:
            return start + int(life)
    expires = asked.get("Expires", "")  # CloudFront, Google's V2 signing, S3's Signature Version 2
    if expires.isdecimal() and len(expires) < 12:
        return float(expires)
    return _instant(asked.get("se"), "%Y-%m-%dT%H:%M:%SZ")  # Azure's shared access signatures


def _instant(text: str | None, form: str) -> float | None:
    try:
        return datetime.strptime(text or "", form).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None
