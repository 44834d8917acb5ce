"""An image that a log names, and the addresses that a client asks for it."""

from __future__ import annotations

import re

from pullscope.oci.reference import Reference


def parsed(name: str) -> Reference | None:
    """The image of that name, where it is one."""
    try:
        return Reference.parse(name.replace(":443/", "/", 1))  # the port of https, which some clients write
    except ValueError:
        return None


_ARN = re.compile(r"\becr:\w+ on resource: arn:aws[\w-]*:ecr:([a-z0-9-]+):(\d{12}):repository/([\w./-]*\w)")
"""What IAM says of a repository of ECR (ZhangYuanhan-AI/CelebASpoofChallengeSubmissionExample#9)."""


def of_arn(text: str) -> Reference | None:
    """The image of the repository that a refusal of IAM names."""
    found = _ARN.search(text)
    return parsed(f"{found[2]}.dkr.ecr.{found[1]}.amazonaws.com/{found[3]}") if found is not None else None


def manifest_of(image: Reference) -> str:
    """The address of its manifest, over https as clients ask first; a chart without a version is looked for among the tags."""
    named = image.digest or image.tag
    return f"{at(image)}/manifests/{named}" if named is not None else f"{at(image)}/tags/list"


def at(image: Reference) -> str:
    """The address of its repository."""
    return f"https://{image.api_host}/v2/{image.repository}"
