"""Tests of the choice among platforms."""

from __future__ import annotations

import pytest

from pullscope.oci.documents import Descriptor, Index, Platform
from pullscope.worlds.clients.image_pull import choose


def index(*platforms: str) -> Index:
    entries = []
    for text in platforms:
        os, architecture, *variant = text.split("/")
        platform = Platform(os=os, architecture=architecture, variant=variant[0] if variant else None)
        entries.append(Descriptor(platform=platform))
    return Index(media_type="", manifests=tuple(entries))


@pytest.mark.parametrize(
    ("offered", "wanted", "chosen"),
    [
        (("linux/amd64", "linux/arm64/v8"), ("linux", "amd64", None), "linux/amd64"),
        (("linux/amd64", "linux/arm64"), ("linux", "arm64", "v8"), "linux/arm64"),
        (("linux/arm/v6", "linux/arm/v7", "linux/arm/v5"), ("linux", "arm", "v7"), "linux/arm/v7"),
        (("linux/arm/v5", "linux/arm/v6"), ("linux", "arm", "v7"), "linux/arm/v6"),
        (("linux/arm/v7",), ("linux", "arm", "v6"), None),
        (("windows/amd64", "unknown/unknown"), ("linux", "amd64", None), None),
        ((), ("linux", "amd64", None), None),
    ],
)
def test_takes_the_entry_that_runs_here(
    offered: tuple[str, ...], wanted: tuple[str, str, str | None], chosen: str | None
) -> None:
    """The same os and architecture; for arm the newest variant that is not newer than ours."""
    os, architecture, variant = wanted
    found = choose(index(*offered), Platform(os=os, architecture=architecture, variant=variant))

    assert (str(found.platform) if found else None) == chosen
