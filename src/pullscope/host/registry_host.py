"""`HOST[:PORT]` as it is written in an image reference: its grammar, its parts, its limits. Text in, values out."""

from __future__ import annotations

import ipaddress

from pullscope.oci.reference import is_registry

_LONGEST_NAME, _LONGEST_LABEL = 253, 63  # RFC 1035, 2.3.4, without the dot at the end
_PORTS = range(1, 65536)


def check(text: str) -> str:
    """`text`, where it is a registry's host; ValueError with a sentence where it is not."""
    shown = repr(text if len(text) <= 100 else f"{text[:100]}…")
    if "/" in text:
        raise ValueError(f"{shown} has a path; give only the host[:port] of the reference")
    if not is_registry(text):
        raise ValueError(f"{shown} is not a host[:port] as written in a reference")
    name, port = parts(text)
    if name.startswith("["):
        try:
            ipaddress.IPv6Address(name[1:-1])
        except ValueError:
            raise ValueError(f"{shown} is not an IPv6 address") from None
    elif len(name) > _LONGEST_NAME or any(len(label) > _LONGEST_LABEL for label in name.split(".")):
        raise ValueError(
            f"{shown} is not a host: a name has at most {_LONGEST_NAME} characters, {_LONGEST_LABEL} between dots"
        )
    if port is None and name != text:
        raise ValueError(f"{shown} has a port that is not between 1 and 65535")
    return text


def is_host(text: str) -> bool:
    """Whether `text` is a registry's host."""
    try:
        check(text)
    except ValueError:
        return False
    return True


def check_insecure(text: str) -> str:
    """The same for a word of `insecure-registries`, which may be a network, too (10.0.0.0/8)."""
    if "/" not in text:
        return check(text)
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        shown = repr(text if len(text) <= 100 else f"{text[:100]}…")
        raise ValueError(f"{shown} is not a host[:port] or a network such as 10.0.0.0/8") from None
    return text


def parts(text: str) -> tuple[str, int | None]:
    """Name and port of a registry's host; the port is None if it is missing or not valid."""
    name, colon, port = text.rpartition(":")
    if not colon or name.startswith("[") != name.endswith("]") or text.endswith("]"):
        return text, None
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0
    return name, number if number in _PORTS else None
