"""The debug log of podman and skopeo (containers/image) as what was asked: each source that is tried, and why it failed.

docker/docker_image_src.go: `Trying to access "SOURCE"` before each, `Accessing "SOURCE" failed: WHY` after one that failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pullscope.host.watched.asked import Asked
from pullscope.oci.reference import Reference

_LINE = re.compile(r'level=debug msg="(Trying to access|Accessing) \\"([^"\\ ]{1,500})\\"(?: failed: (.*))?"$')


def asked(lines: Iterable[str]) -> tuple[Asked, ...]:
    """Each source once, in the order in which it was tried; the last one that did not fail answered."""
    found: dict[str, Asked] = {}
    for line in lines:
        match = _LINE.search(line.rstrip())
        if match is None:
            continue
        url = _endpoint(match[2])
        if match[1] == "Trying to access":
            found.setdefault(url, Asked(url=url, came="answered", good=True))
        elif match[3] is not None:
            found[url] = Asked(url=url, came=match[3].replace('\\"', '"'))
    return tuple(found.values())


def _endpoint(source: str) -> str:
    try:
        reference = Reference.parse(source)
    except ValueError:
        return f"https://{source}"
    return f"https://{reference.api_host}/v2/{reference.repository}"
