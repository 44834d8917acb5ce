"""Which entry of an index a client takes for a platform.

containerd/platforms compare.go, `Only`: the same os and architecture; for arm the wanted variant or an older one, the
newest of those first; no variant of arm64 means v8, of arm v7.
"""

from __future__ import annotations

from pullscope.oci.documents import Descriptor, Index, Platform

_DEFAULT_VARIANT = {"arm64": "v8", "arm": "v7"}


def choose(index: Index, wanted: Platform) -> Descriptor | None:
    """The entry for `wanted`; attestations never match, their platform is unknown/unknown."""
    matching = [entry for entry in index.manifests if entry.platform is not None and _matches(entry.platform, wanted)]
    # Of equals, the first in the index.
    return max(matching, key=lambda entry: _variant(entry.platform), default=None)


def _matches(offered: Platform, wanted: Platform) -> bool:
    if (offered.os, offered.architecture) != (wanted.os, wanted.architecture):
        return False
    return _variant(offered) == _variant(wanted) or (
        wanted.architecture == "arm" and _variant(offered) < _variant(wanted)
    )


def _variant(platform: Platform | None) -> str:
    if platform is None:
        return ""
    return platform.variant or _DEFAULT_VARIANT.get(platform.architecture, "")
