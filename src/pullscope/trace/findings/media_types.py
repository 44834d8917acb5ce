"""Manifests that are there and whole, and that clients do not take for their media types: which refuse what, and what to do.

Read in the clients' sources, each below its rows; what a client takes is never told as refused, and what it only looked at
(oras, helm, cosign, crane, regctl) is none of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pullscope.oci.agents import CONTAINERS_IMAGE
from pullscope.oci.documents import Index, Manifest
from pullscope.oci.media import DOCKER_MANIFEST, OCI_EMPTY, OCI_MANIFEST
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.asked import LOOKERS, takes
from pullscope.trace.findings.case import name_of
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.model import Kind, Step
from pullscope.trace.settle import is_schema1

ARTIFACTS = r"""
application/vnd.cncf.helm.config: a Helm chart
    pull it with helm (helm pull oci://{place} --version {tag})
application/vnd.docker.plugin: a plugin of docker
    install it: docker plugin install {place}:{tag}
application/vnd.docker.ai.model.config: a model
    pull it as a model: docker model pull {place}:{tag}, or podman artifact pull
application/vnd.cncf.model.config: a model
    pull it with modctl (modctl pull {place}:{tag})
application/vnd.devcontainers: a feature or template of dev containers
    name it in devcontainer.json, which the tools for dev containers read
application/vnd.wasm.config|application/vnd.bytecodealliance.wasm: a WebAssembly module
    give it to a runtime for WebAssembly, or wkg oci pull {place}:{tag}
application/vnd.cncf.flux.config: an artifact of Flux
    pull it with flux (flux pull artifact oci://{place}:{tag} --output .)
application/vnd.sylabs.sif.config: an image of Singularity
    pull it with apptainer (apptainer pull oras://{place}:{tag})
\S*buildkit: a build's cache
    name the image's own tag: that of its cache is for --cache-from
application/vnd: an artifact
    pull it with oras (oras pull {place}:{tag})
"""
"""What a config says that a manifest is, where it is no image's, and below it how that is had."""

_ARTIFACTS = re.findall(r"^(\S+): (.+)\n +(.+)$", ARTIFACTS, re.MULTILINE)
_RUNNERS = frozenset({"docker", "podman", "buildah", "cri-o", "containers", "kaniko", "nerdctl"})
"""Families that take a manifest to run what it names; docker 24 to 29 and podman: confidential-containers/trustee#1561."""
_DOCKERS_LAYERS = re.compile(r"application/vnd\.docker\.image\.rootfs\.(?:diff|foreign\.diff)\.tar(?:\.gzip)?")
_NOT_OCI = re.compile(r"19\.03\.[0-3](?!\d)")
ONE_FAMILY = "build it with types of one family (oci-mediatypes=true in buildx)"
_OF_CHARTS = "application/vnd.cncf.helm.config.v1+json"
_CHARTS = frozenset({"application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/tar+gzip"})
_OCIS_CONFIG = "application/vnd.oci.image.config.v1+json"
_DOCKERS_CONFIG = "application/vnd.docker.container.image.v1+json"


@dataclass(frozen=True, slots=True)
class Look:
    """A manifest or index that was read, and by which client."""

    case: Case
    step: Step
    manifest: Manifest | Index

    @property
    def family(self) -> str:
        return self.case.family

    @property
    def sent(self) -> str:
        return self.step.last.content_type

    @property
    def config(self) -> str:
        return self.manifest.config.media_type if isinstance(self.manifest, Manifest) and self.manifest.config else ""

    @property
    def layers(self) -> list[str]:
        return [layer.media_type for layer in self.manifest.layers] if isinstance(self.manifest, Manifest) else []


Told = tuple[str, str]
"""What it is that came, and what to do."""


def _of_another_type(look: Look) -> Told | None:
    """distribution manifest/schema2 UnmarshalJSON; containers/image docker_schema2.go: podman-container-tools/buildah#2266."""
    own = look.manifest.media_type
    refuses = look.family in CONTAINERS_IMAGE and look.sent == DOCKER_MANIFEST
    refuses = refuses or (look.family == "docker" and look.case.pull.client.store != "containerd")
    if not refuses or {look.sent, own} != {DOCKER_MANIFEST, OCI_MANIFEST}:
        return None
    how = f"let {look.step.last.host}, or its cache, send the type that it calls itself"
    return f"sent as {look.sent} and calls itself {own}", how


def _of_old_docker(look: Look) -> Told | None:
    """docker before it knew OCI's types, "missing signature key": redis/docker-library-redis#381, ansible/ansible-runner#1095,
    gotify/server#776, testcontainers/testcontainers-java#9868. 19.03.0 to .3, "mediaType in manifest should be": moby/moby#39727,
    mended in docker-archive/engine#405. Before 1.10 it asks by no Accept, and reads schema 1 only: notaryproject/notary#521.
    """
    client, of_oci = look.case.pull.client, look.manifest.media_type == OCI_MANIFEST
    asks = look.family == "docker" and bool(look.sent)
    if is_before(look.case, "docker", 1, 10):
        why = "before, it reads schema 1 only, to which a registry converts no digest"
        return f"{look.sent}, which {client} does not read", f"use docker 1.10 or later: {why}"
    if not asks or (takes(look.step.last, look.sent) and not (of_oci and _NOT_OCI.match(client.version or ""))):
        return None
    how = "buildx: --provenance=false -o type=image,oci-mediatypes=false"
    return f"{look.sent}, which {client} does not read", f"use a later docker, or push it with Docker's types ({how})"


def _of_mixed_layers(look: Look) -> Told | None:
    """containers/image SupportedSchema2MediaType: imjasonh/kontain.me#222; zstd: MekayelAnik/ispyagentdvr-docker#48."""
    refuses = look.family in CONTAINERS_IMAGE and look.sent == DOCKER_MANIFEST
    wrong = next((one for one in look.layers if refuses and not _DOCKERS_LAYERS.fullmatch(one)), None)
    if wrong is None:
        return None
    what = "layers in zstd, which only OCI's may have" if "zstd" in wrong else f"a layer typed {wrong or 'as nothing'}"
    told = f"a manifest of Docker's type with {what}: podman, skopeo, buildah and CRI-O refuse that"
    return told, ONE_FAMILY + (", or with gzip" if "zstd" in wrong else "")


def _of_mixed_config(look: Look) -> Told | None:
    """containers/image NewNonImageArtifactError: docker-library/official-images#13983."""
    runs = look.family in _RUNNERS & set(CONTAINERS_IMAGE)
    if not runs or look.sent != OCI_MANIFEST or look.config != _DOCKERS_CONFIG:
        return None
    what = f"a manifest of OCI's type with a config of Docker's, which {look.case.client} takes for no image"
    return what, ONE_FAMILY


def _of_no_image(look: Look) -> Told | None:
    """moby distribution/pull_v2.go (moby/moby#44405); containers/image as above: podman-container-tools/podman#22738, #25758.

    dockerd takes generic types of a config for an image's too (moby distribution/registry.go).
    """
    artifact = look.manifest.artifact_type if look.config in ("", OCI_EMPTY) else None
    kind = artifact or look.config
    refuses = look.family in _RUNNERS and kind not in (_DOCKERS_CONFIG, _OCIS_CONFIG)
    known = next(((what, how) for begins, what, how in _ARTIFACTS if refuses and re.match(begins, kind)), None)
    if known is None:
        return None
    place = f"{registry_name(look.step.first.host)}/{look.step.route.repository}"
    return f"{known[0]} ({kind}), and no image", known[1].format(place=place, tag=look.case.pull.tag or "TAG")


def _of_no_chart(look: Look) -> Told | None:
    """helm, "could not load config with mediatype": opencost/opencost-helm-chart#375; an index: helm/helm#31775."""
    if look.family != "helm" or "helm" in look.config or (not look.config and isinstance(look.manifest, Manifest)):
        return None
    what = f"no chart (its config is {look.config})" if look.config else "an index, and no chart"
    other = f"{look.step.route.repository} at {look.step.last.host} is an image or something else"
    version = "; or a --version of it that is one, where charts and images share a name"  # helm/helm#11566
    return what, f"name the chart: {other}; helm search hub shows where charts are{version}"


def _of_helm_3_18(look: Look) -> Told | None:
    """helm 3.18.0, "media type … is not allowed, found in descriptor": helm/helm#30890, mended in 3.18.1."""
    wrong = next((one for one in look.layers if one not in _CHARTS), None)
    if look.family != "helm" or look.case.pull.client.version != "3.18.0" or wrong is None or look.config != _OF_CHARTS:
        return None
    return f"a chart with {wrong} beside it, which helm 3.18.0 takes for an error", "use helm 3.18.1 or later"


PROBLEMS: tuple[Callable[[Look], Told | None], ...] = (
    _of_another_type,
    _of_old_docker,
    _of_mixed_layers,
    _of_mixed_config,
    _of_no_image,
    _of_no_chart,
    _of_helm_3_18,
)


@row(
    needs=Fact.INDEX_OR_IMAGE,
    suffers="clients that are made for something else",
    remedy="use media types of one family, or the client that is made for it",
)
def content_unusable(case: Case) -> Iterator[Found]:
    """A manifest came whole, its media types are such as this client refuses, and nothing that it names was fetched.

    By the type of its config: dockerd and podman take images only (moby distribution/pull_v2.go, "unsupported media type";
    containers/image internal/manifest/errors.go): confidential-containers/trustee#1561, podman-container-tools/podman#22738,
    danielbraun89/devcontainer-features#546; helm takes charts: opencost/opencost-helm-chart#375. By types of two families:
    containers/image manifest/docker_schema2.go, "unsupported docker v2s2 media type": imjasonh/kontain.me#222,
    imagegenius/docker-immich#717, triggerdotdev/trigger.dev#4184 (zstd); docker-library/official-images#13983 (Docker's config).
    By a Content-Type that is not its own: podman-container-tools/buildah#2266. By an old docker: moby/moby#39727. containerd
    takes all of them; oras, cosign, crane and regctl take what is no image.
    """
    step = case.stopped_at
    sent = step.document if step is not None and step.method == "GET" and step.last.ok else None
    if (
        step is None
        or sent is None
        or sent.subject is not None
        or case.writes
        or step.kind is Kind.SIGNATURE
        or is_schema1(step)
    ):
        return
    look = Look(case, step, sent)
    for what, fix in filter(None, (problem(look) for problem in PROBLEMS)):
        yield Found(
            [step],
            f"what {step.last.host} has as {name_of(step)} is {what}, and {case.client} requested nothing that it names.",
            fix,
            severity=Severity.ERROR,
        )


@row(
    needs=Fact.BLOB,
    severities="warning",
    suffers="docker before 23.0 and containerd before 1.5 with zstd; every docker with encrypted layers",
    remedy="update the client, or push layers in gzip, not encrypted",
)
def layers_not_unpacked(case: Case) -> Iterator[Found]:
    """Layers that this client fetches and cannot unpack, by their media types.

    docker says `archive/tar: invalid tar header` to zstd before 23.0: aws/amazon-ecs-agent#4179, DIYgod/RSSHub#20654,
    docker-hardened-images/catalog#184; and containerd before 1.5 (containerd/containerd#4809, home-operations/containers#1177).
    Encrypted layers (containers/ocicrypt) are read by containerd, podman and skopeo with a
    key. On the wire all of it is there, so this is a warning.
    """
    fetched = {step.route.digest for step in case.steps if step.route.endpoint is Endpoint.BLOB}
    for image in case.pull.images:
        types = {layer.media_type: layer for layer in image.manifest.layers if layer.digest in fetched}
        zstd = next((one for one in types if one.endswith("zstd")), None)
        locked = next((one for one in types if one.endswith("+encrypted")), None)
        family = case.family
        least = _UNPACKS_ZSTD.get(family, (0, 0))
        locks = locked and family == "docker"
        if case.writes or not (locks or (zstd and is_before(case, family, *least))):
            continue
        known = "{}.{}".format(*least)
        yield Found(
            [step for step in case.steps if step.document is image.manifest],
            f"layers of {case.pull.reference} are {'encrypted' if locks else 'compressed by zstd'} "
            f"({locked if locks else zstd}), which {family}{'' if locks else f' before {known}'} cannot unpack.",
            "decrypt it in a copy: skopeo copy --decryption-key KEY"
            if locks
            else f"use {family} {known} or later, or push it with compression=gzip",
        )


_UNPACKS_ZSTD = {"docker": (23, 0), "containerd": (1, 5)}
"""The first version of each that does."""


def is_before(case: Case, family: str, *least: int) -> bool:
    """Whether this is a client of that family, and older than that version."""
    version = re.match(r"(\d{1,4})(?:\.(\d{1,4}))?", case.pull.client.version or "")
    return case.family == family and version is not None and tuple(int(n or 0) for n in version.groups()) < least


@row(
    needs=Fact.ODD,
    explains="blob-unknown",
    severities="error, warning, info",
    suffers="docker from 26.0, containerd from 2.0, oras",
    remedy="convert it: `skopeo copy --format=v2s2`",
)
def schema1_only(case: Case) -> Iterator[Found]:
    """A schema 1 manifest; info where the request names no newer type, for which registries convert what they have.

    docker refuses it by default from 26.0 (moby/moby#47459, docker/cli#4938), and always from 28.5 (#50036); containerd from 2.0
    (containerd.io, "Deprecated features"). docker 20.10 was run and pulls it. skopeo copies it as it is, which registries of
    today refuse with 500 or keep, unless told --format=v2s2 (podman-container-tools/skopeo#651, #959, #1624). oras 1.3 was run:
    it asks for such a manifest once more, as a blob. Converted:
    distribution/distribution#1281, goharbor/harbor#16075 (registry.redhat.io), docker-library/docs#597.
    """
    manifests = (step for step in case.steps if step.route.endpoint is Endpoint.MANIFEST and step.method != "PUT")
    old = [step for step in manifests if step.last.ok and is_schema1(step)]
    client = case.pull.client
    if not old or case.pull.pushing:
        return  # a push looks at the tag, and writes over what is there
    accept = ", ".join(old[0].last.request.headers.get_all("accept"))
    named = any(kind in accept for kind in (DOCKER_MANIFEST, OCI_MANIFEST)) if accept else client.family not in LOOKERS
    took = any(layer.digest in case.pull.fetched for image in case.pull.images for layer in image.manifest.layers)
    digest = old[0].last.header("docker-content-digest")
    as_blob = [step for step in case.bad if step.route.endpoint is Endpoint.BLOB and str(step.route.digest) == digest]
    refuses = bool(as_blob) or client.store == "containerd" or client.family in ("containerd", "buildkit")
    refuses = refuses or (client.family == "docker" and bool(re.match(r"2[6-9]|[3-9]\d", client.version or "")))
    only = " only: docker refuses that by default from 26.0, containerd from 2.0; older ones, podman and skopeo still read it"
    yield Found(
        [*old, *as_blob],
        f"{old[0].last.host} offers {case.pull.repository} as a schema 1 manifest{only if named else ' to such an Accept'}.",
        f"build it again, or convert it: skopeo copy --format=v2s2 docker://{case.pull.reference} docker://TO"
        if named
        else f"name {DOCKER_MANIFEST} and {OCI_MANIFEST} in Accept: registries convert for a request that names neither",
        severity=Severity.INFO if not named else Severity.ERROR if not took and refuses else Severity.WARNING,
    )
