"""Who meets a fault: every modelled pull, and what else clients do, by the command that a person would type."""

from __future__ import annotations

from collections.abc import Mapping

from pullscope.oci.reference import Reference
from pullscope.worlds.clients.client_catalog import CLIENTS, Start
from pullscope.worlds.clients.containers import Containers
from pullscope.worlds.clients.crane import Crane
from pullscope.worlds.clients.docker_classic import DockerClassic
from pullscope.worlds.clients.steps import Outcome, Steps
from pullscope.worlds.hub.image import hello_image

HELLO_REFERENCE = "library/hello:1.0"
LIST_TAGS = "crane ls"
PUSH = "docker push"
WITHOUT_TLS = "skopeo --tls-verify=false"


def _lists_tags(reference: Reference) -> Steps[Outcome]:
    return Crane(reference=reference).list_tags()


def _pushes(reference: Reference) -> Steps[Outcome]:
    """The image that the hub has under `HELLO_REFERENCE`, and so its blobs too."""
    hello = hello_image()
    [manifest] = hello.manifests.values()
    return DockerClassic(reference=reference, version="20.10.24").push(manifest.body, manifest.media_type)


def _without_tls(reference: Reference) -> Steps[Outcome]:
    return Containers(reference=reference, tls_verify=False).pull()


MET_BY: Mapping[str, Start] = {**CLIENTS, LIST_TAGS: _lists_tags, PUSH: _pushes, WITHOUT_TLS: _without_tls}
