"""What stands beside a manifest and may bar it: trust data of a Notary server (Docker Content Trust), and a scan's result."""

from __future__ import annotations

import re

from pullscope.oci.reference import DOCKER_HUB, is_registry, registry_name
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.asked import trusted
from pullscope.trace.findings.case import REFUSALS, is_write
from pullscope.trace.findings.login_commands import log_in

_NOTARY = "notary.docker.io"
"""Docker Hub's, whose tokens auth.docker.io makes."""
_OF_NOTARY = re.compile(r"[?&]service=notary\.docker\.io\b")


def of_content_trust(one: Answer) -> str | None:
    """docker asks notary.docker.io for docker.io's images, for others the registry itself, unless it is told of a server
    (docker/cli, cli/trust/trust.go): notaryproject/notary#1275, #1342, #1367, #1370, #1401, goharbor/harbor#2709,
    docker/for-linux#804, docker/notary-official-images#32, Azure/acr#318, #626.
    """
    name, hub = trusted(one.step), one.host == _NOTARY or (one.step.is_token and _OF_NOTARY.search(one.hop.request.url))
    name = name or (one.name if hub else None)
    if name is None:
        return None
    home, off = name.partition("/")[0], "set DOCKER_CONTENT_TRUST=0 for it"
    if hub and home != "docker.io" and is_registry(home) and ("." in home or ":" in home):
        other = f"name the Notary server of {home} in DOCKER_CONTENT_TRUST_SERVER"
        return f"{off}, or {other}: {_NOTARY} has trust data of docker.io's images alone, whatever the login"
    if hub and one.status in REFUSALS:
        return (
            f"log in to Docker Hub, whose logins {_NOTARY} takes: {log_in(one.case, DOCKER_HUB, again=True)}; or {off}"
        )
    if one.status == 404 and not is_write(one.step):
        return (
            f"{off}, or name the server that has its trust data in DOCKER_CONTENT_TRUST_SERVER: {one.hop.host} has none"
        )
    azure = one.known is not None and one.known.id == "acr"
    registry = registry_name(one.host).partition(".")[0]
    if one.status in (404, 405, 501):
        show = f"az acr config content-trust show --registry {registry}"
        only = f" (Azure's only where {show} says enabled: Premium, and none that had it off in June 2026)" * azure
        return f"{off}: {one.host} takes no trust data{only}; to sign, use notation or cosign"
    if azure and one.status in REFUSALS and not one.no_login:
        signs = "assign the role AcrImageSigner beside AcrPush to who signs"
        reads = "if the login is a token of a scope map, log in as a service principal: such tokens read no trust data"
        return f"{signs if one.act == 'write' else reads}; or {off}"
    return None


def of_a_scan(one: Answer) -> str | None:
    """A look at what a project's rule holds back, before a push too: goharbor/harbor#15885, #19408, #23638, #15283."""
    fits = one.status == 412 and one.hop.request.method == "HEAD" and one.hop.route.endpoint is Endpoint.MANIFEST
    if not fits or one.hosted is not None or (one.known is not None and one.known.id != "harbor"):
        return None
    exempt = "exempt its CVEs in the project's CVE allowlist, or switch its rule off (Configuration, \"Prevent vulnerable images"
    exempt += ' from running") while the image that mends it is pushed, or push that under a new tag'
    # goharbor/harbor#19201, website docs/working-with-projects/project-configuration/implementing-content-trust.md
    exempt += "; if Cosign or Notation is ticked there instead, sign it (cosign sign), or untick that"
    harbor = "" if one.known is not None else f"if {one.host} is a Harbor, "
    return f"{harbor}{exempt}: it refuses to show what stands there"
