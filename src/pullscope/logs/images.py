"""An image that a log names, and the addresses that a client asks for it."""

from __future__ import annotations

from pullscope.oci.reference import Reference


def parsed(name: str) -> Reference | None:
    """The image of that name, where it is one."""
    try:
        return Reference.parse(name.replace(":443/", "/", 1))  # the port of https, which some clients write
    except ValueError:
        return None


def manifest_of(image: Reference) -> str:
    """The address of its manifest, over https as clients ask first; a chart without a version is looked for among the tags."""
    named = image.digest or image.tag
    return f"{at(image)}/manifests/{named}" if named is not None else f"{at(image)}/tags/list"


def at(image: Reference) -> str:
    """The address of its repository."""
    return f"https://{image.api_host}/v2/{image.repository}"
