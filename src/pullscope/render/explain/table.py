"""The one table of explanations: what a step of each kind is for. Words only, no logic; the ideas are in `ideas`.

The lesson, the HTML report and docs/how-a-pull-works.md use these words and no others. Sentences hold places such as
`{host}` that `lesson` fills with what was seen. Beginner sentences assume nothing and explain a word where it first
appears; expert sentences say what is particular about the step.
"""

from __future__ import annotations

from dataclasses import dataclass

from pullscope.oci.text_table import rows
from pullscope.trace.model import Kind

_DISTRIBUTION = "https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md"
_IMAGE = "https://github.com/opencontainers/image-spec/blob/v1.1.1"


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a specification."""

    title: str
    url: str


def _distribution(title: str, anchor: str) -> Section:
    return Section(f"OCI distribution-spec 1.1, {title}", f"{_DISTRIBUTION}#{anchor}")


def _image(title: str, page: str) -> Section:
    return Section(f"OCI image-spec 1.1, {title}", f"{_IMAGE}/{page}")


SUPPORT = _distribution("Determining Support", "determining-support")
MANIFESTS = _distribution("Pulling manifests", "pulling-manifests")
ERRORS = _distribution("Error Codes", "error-codes")
BLOBS = _distribution("Pulling blobs", "pulling-blobs")
EXISTENCE = _distribution("Checking if content exists in the registry", "checking-if-content-exists-in-the-registry")
REFERRERS = _distribution("Listing Referrers", "listing-referrers")
UPLOADS = _distribution("Pushing a blob in chunks", "pushing-a-blob-in-chunks")
MOUNTS = _distribution("Mounting a blob from another repository", "mounting-a-blob-from-another-repository")
PUTS = _distribution("Pushing Manifests", "pushing-manifests")
TAGS = _distribution("Listing Tags", "listing-tags")
DELETES = _distribution("Content Management", "content-management")
CHARTS = Section("Helm, The Chart Repository Guide", "https://helm.sh/docs/topics/chart_repository/")
ENDPOINTS = _distribution("Endpoints", "endpoints")
INDEX = _image("Image Index", "image-index.md")
MANIFEST = _image("Image Manifest", "manifest.md")
CONFIG = _image("Image Configuration", "config.md")
LAYER = _image("Image Layer Filesystem Changeset", "layer.md")
DIGESTS = _image("Digests", "descriptor.md#digests")
TOKENS = Section("Distribution, Token Authentication", "https://distribution.github.io/distribution/spec/auth/token/")
SCOPES = Section(
    "Distribution, Token Scope Documentation", "https://distribution.github.io/distribution/spec/auth/scope/"
)
ATTESTATIONS = Section(
    "Docker, Attestation storage", "https://docs.docker.com/build/metadata/attestations/attestation-storage/"
)
CHALLENGES = Section("RFC 9110, 401 Unauthorized", "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2")
REDIRECTIONS = Section("RFC 9110, Redirection 3xx", "https://www.rfc-editor.org/rfc/rfc9110#section-15.4")
COSIGN = Section("Sigstore, Signing containers", "https://docs.sigstore.dev/cosign/signing/signing_with_containers/")
NAMES = Section("Docker, docker image tag", "https://docs.docker.com/reference/cli/docker/image/tag/")
PROXY = Section("Docker, Daemon proxy configuration", "https://docs.docker.com/engine/daemon/proxy/")
LIMIT = Section("Docker Hub, Pull usage and limits", "https://docs.docker.com/docker-hub/usage/pulls/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What a step is for."""

    beginner: str
    expert: str
    section: Section
    again: str = ""
    """What a beginner reads when a step of this kind comes again; empty for the same words."""


SECTIONS: dict[str, Section] = {name: value for name, value in [*globals().items()] if isinstance(value, Section)}
"""By their names here, which rows give."""

TABLE = r"""
version-check: SUPPORT
    beginner Is this a registry, and does it want a token? {client} asks for {host}/v2/, a path that every registry answers;
        everything else is below it.
    expert GET /v2/: 200 means no token is needed, 401 names the token server. docker 29, containerd, buildx and regctl do not
        ask.
token: TOKENS
    beginner A token is a ticket from the token server, {host}. It is valid only for what it names, and for the seconds in the
        answer's `expires_in` (60 if it does not say); then the client gets a new one. The client sends it to the registry with
        each later request, in the header `Authorization: Bearer TOKEN`.
    expert A scope is `repository:NAME:ACTIONS`, with the actions pull and push. The token may grant less than was asked.
    again Another token, {why}. Parts of {client} that do not share tokens each get their own.
resolve: EXISTENCE
    beginner Which image is {tag} right now? The answer is a digest, in the header Docker-Content-Digest. A registry should send
        this header; without it the client has to fetch the document and hash it.
    expert The tag's digest is in Docker-Content-Digest. Docker Hub does not count a HEAD as a pull.
    again The client asks once more which image {tag} is.
manifest-list: INDEX
    beginner An image can be for several platforms, kinds of machine. Then the answer is an index (also called manifest list): a
        JSON document with the digest of one manifest for each platform. It may list attestations too, under unknown/unknown:
        statements about an image, such as how it was built. If the tag stands for a single manifest, that comes at once and there
        is no such step.
    expert An image index. The client asks for the digest of one entry next. Docker Hub counts GETs of manifests.
    again The manifest list again, by digest.
manifest: MANIFEST
    beginner The manifest is the packing list of the image for one platform: a JSON document with the digests and sizes of one
        config (how to start the image) and of the layers (its files).
    expert Descriptors of config and layers. The client does not ask for those that it has.
    again Another manifest, of one more image.
config: CONFIG
    beginner The config is a JSON document. It says which program to run, as which user and with which environment, and how the
        image was built. It also has the digests of the layers before compression (`diff_ids`).
    expert A small JSON blob; its digest is the image ID in docker's classic store.
layer: LAYER
    beginner A layer is a compressed archive of files. Unpacked one over the other, the layers are the image's file system. Config
        and layers are blobs: files at /v2/NAME/blobs/DIGEST. A layer that this machine already has is not fetched: same digest,
        same bytes.
    expert docker fetches 3 at a time by default; they finish in any order. The digest is of the compressed bytes; the config
        lists the digests of the unpacked ones (`diff_ids`).
    again More layers, in the same way. Layers are fetched at the same time, so they end in any order.
attestation: ATTESTATIONS
    beginner A statement about the image, not a part of it: how it was built (provenance) or which software is in it (SBOM). The
        manifest list has it beside the image, under the platform unknown/unknown.
    expert BuildKit's attestation manifest; containerd fetches its blobs like those of an image.
    again Another part of the statement about the image.
referrers: REFERRERS
    beginner Does anything refer to this image, such as a signature? The normal answer is no: a 404 or an empty list.
    expert GET /v2/NAME/referrers/DIGEST, then the fallback tag sha256-HEX where the registry has no such API.
    again The same question in the older way, by a tag made from the digest.
signature: COSIGN
    beginner The client looks for a signature of the image, stored under a tag made from the digest.
    expert cosign's tag scheme: sha256-HEX.sig, .att, .sbom.
tags: TAGS
    beginner Which tags does this repository have?
    expert Pages are linked by the Link header.
catalog: ENDPOINTS
    beginner Which repositories does this registry have? Public registries do not answer this.
    expert GET /v2/_catalog is an extension of Docker's registry; Docker Hub refuses it.
search: ENDPOINTS
    beginner A search for images by name.
    expert /v1/search is part of the first registry protocol. Docker Hub still answers it.
charts: CHARTS
    beginner A chart repository is not a registry: it has a list of its charts, index.yaml, and each chart as a file.
    expert index.yaml, and the archives at the addresses that it names; helm caches the first. Charts in a registry are pulled by
        oci://.
upload-start: UPLOADS
    beginner The client asks to upload a blob. The registry answers with the URL for it.
    expert POST /v2/NAME/blobs/uploads/. The Location of the 202 is opaque and may be on another host.
upload-chunk: UPLOADS
    beginner The bytes of a layer or config are sent to the registry.
    expert PATCH. Each answer has the next Location.
upload-status: UPLOADS
    beginner The client asks how much of its upload the registry has, to go on from there.
    expert GET of the Location, after a part had no answer or 416: 204, and Range has what is there.
upload-finish: UPLOADS
    beginner The upload is complete, and this is its digest. The registry hashes the bytes and refuses them if they differ.
    expert PUT with ?digest=, 201 once stored.
mount: MOUNTS
    beginner The registry may have these bytes in another repository. The client asks it to use them from there (mount), so that
        nothing needs to be sent.
    expert POST with ?mount=&from=. 201: mounted; 202: upload it instead.
manifest-put: PUTS
    beginner The manifest comes last, when everything in it has been uploaded. From now on the tag means this digest.
    expert PUT by tag or digest. For a manifest with a subject the registry answers OCI-Subject.
delete: DELETES
    beginner The client removes something from the registry.
    expert 202. Many registries refuse with 405.
unknown: ENDPOINTS
    beginner A request that the distribution-spec does not define, shown as it is.
    expert Not a route of the distribution-spec.
looked-for: EXISTENCE
    beginner Does the registry have this blob? 200 means yes, so a push need not send it; 404 means no.
    expert HEAD by digest; after a 404 a push uploads the blob, or mounts it from another repository.
    again The same question about another blob.
"""
"""The kinds of step, and what HEAD of a blob is for, whatever blob it is: a section, and the fields of `Explanation`."""

_ROWS = {key: Explanation(section=SECTIONS[section], **said) for key, section, said in rows(TABLE)}
LOOKED_FOR = _ROWS.pop("looked-for")
KINDS: dict[Kind, Explanation] = {Kind(key): explanation for key, explanation in _ROWS.items()}

FIRST_TRY_UNSEEN = "{client} asks {host}, which wants a token. The same request comes again below."
"""For a log that shows no credentials: whether there was a token before is not in it."""

FIRST_TRY = (
    "{client} asks {host} without a token first and is told to get one. The same request comes again below, with the "
    "token."
)
FIRST_TRY_REDIRECTED = (
    "{host} redirects {client}, which knows already that a token is wanted there: it gets one before it follows, below."
)
FIRST_TRY_AGAIN = "Again without a token first: this part of {client} does not have the one that another part got."
FIRST_TRY_EXPERT = "No preemptive token: the challenge (WWW-Authenticate) names realm, service and scope."
