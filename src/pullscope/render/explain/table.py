"""The one table of explanations: what a step of each kind is for. Words only, no logic; the ideas are in `ideas`.

The lesson, the HTML report and docs/how-a-pull-works.md say these words and no others. Sentences hold places such as
`{host}` that `lesson` fills with what was seen. Beginner sentences assume nothing and explain a word where it first
appears; expert sentences say what is particular about the step.
"""

from __future__ import annotations

from dataclasses import dataclass

from pullscope.trace.model import Kind

_DISTRIBUTION = "https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md"
_IMAGE = "https://github.com/opencontainers/image-spec/blob/v1.1.1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A section of a specification."""

    title: str
    url: str


def _distribution(title: str, anchor: str) -> Section:
    return Section(title=f"OCI distribution-spec 1.1, {title}", url=f"{_DISTRIBUTION}#{anchor}")


def _image(title: str, page: str) -> Section:
    return Section(title=f"OCI image-spec 1.1, {title}", url=f"{_IMAGE}/{page}")


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
ENDPOINTS = _distribution("Endpoints", "endpoints")
INDEX = _image("Image Index", "image-index.md")
MANIFEST = _image("Image Manifest", "manifest.md")
CONFIG = _image("Image Configuration", "config.md")
LAYER = _image("Image Layer Filesystem Changeset", "layer.md")
DIGESTS = _image("Digests", "descriptor.md#digests")
TOKENS = Section(
    title="Distribution, Token Authentication", url="https://distribution.github.io/distribution/spec/auth/token/"
)
SCOPES = Section(
    title="Distribution, Token Scope Documentation", url="https://distribution.github.io/distribution/spec/auth/scope/"
)
ATTESTATIONS = Section(
    title="Docker, Attestation storage",
    url="https://docs.docker.com/build/metadata/attestations/attestation-storage/",
)
CHALLENGES = Section(title="RFC 9110, 401 Unauthorized", url="https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2")
REDIRECTIONS = Section(title="RFC 9110, Redirection 3xx", url="https://www.rfc-editor.org/rfc/rfc9110#section-15.4")
COSIGN = Section(
    title="Sigstore, Signing containers", url="https://docs.sigstore.dev/cosign/signing/signing_with_containers/"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What a step is for."""

    beginner: str
    expert: str
    section: Section
    again: str = ""
    """What a beginner reads when a step of this kind comes again; empty for the same words."""


LOOKED_FOR = Explanation(
    beginner="Does the registry have this blob? 200 means yes, and a push need not send it; 404 means that it has not.",
    again="The same question about another blob.",
    expert="HEAD by digest; after a 404 a push uploads the blob, or mounts it from another repository.",
    section=EXISTENCE,
)
"""What HEAD of a blob is for, whatever blob it is."""

KINDS: dict[Kind, Explanation] = {
    Kind.VERSION_CHECK: Explanation(
        beginner="Is this a registry? {client} asks for {host}/v2/, the one address that every registry answers.",
        expert="GET /v2/: 200 means open, 401 names the token server. Clients since docker 29 leave it out.",
        section=SUPPORT,
    ),
    Kind.TOKEN: Explanation(
        beginner=(
            "A token is a ticket: good for a short time and only for what it names. The client fetches one from {host}. "
            "Public images need one too; without a name and password it is an anonymous one, which anybody gets."
        ),
        again="Another token, {why}. Parts of {client} that do not share tokens each fetch their own.",
        expert="The scope is `repository:NAME:ACTIONS`, such as pull or pull,push; the token may grant less than was asked.",
        section=TOKENS,
    ),
    Kind.RESOLVE: Explanation(
        beginner="What does {tag} mean right now? The answer is one line among the headers: a digest.",
        again="The client asks once more what {tag} means.",
        expert="HEAD by tag; Docker-Content-Digest is the answer. On Docker Hub a HEAD does not count against the limit.",
        section=EXISTENCE,
    ),
    Kind.MANIFEST_LIST: Explanation(
        beginner=(
            "One name, several machines: the answer is an index, also called manifest list: a table with the digest of one "
            "manifest for each platform."
        ),
        again="The manifest list once more, by digest.",
        expert="An image index; the chosen entry's digest is what is asked for next. On Docker Hub this GET counts as a pull.",
        section=INDEX,
    ),
    Kind.MANIFEST: Explanation(
        beginner=(
            "The manifest is the packing list of the image for one platform: one config (how to start it) and the layers "
            "(its files), each named by its digest and its size. It holds no file itself."
        ),
        again="Another manifest: the packing list of one more image.",
        expert="Config and layer descriptors; whatever of these is in the local store is not asked for.",
        section=MANIFEST,
    ),
    Kind.CONFIG: Explanation(
        beginner=(
            "The config: what to run, as whom, with which environment, and how the image was made. It holds no file of the image."
        ),
        expert="A small JSON blob; its digest is the image ID in docker's classic store.",
        section=CONFIG,
    ),
    Kind.LAYER: Explanation(
        beginner=(
            "A layer: a compressed archive of files, laid over the layers below it. Config and layers are blobs: content that "
            "is fetched by its digest. A layer that this machine has already is not asked for: equal digest, equal bytes."
        ),
        again="The next layer, in the same way. Layers come at the same time, so they end in any order.",
        expert="Fetched in parallel (3 at a time by default), in no order; the digest is of the compressed bytes.",
        section=LAYER,
    ),
    Kind.ATTESTATION: Explanation(
        beginner=(
            "A statement about the image rather than a part of it: how it was built (provenance) or what is in it (SBOM). "
            "It sits beside the image in the manifest list, under the platform unknown/unknown."
        ),
        again="One more piece of the statement about the image.",
        expert="BuildKit's attestation manifest; containerd fetches its blobs like those of an image.",
        section=ATTESTATIONS,
    ),
    Kind.REFERRERS: Explanation(
        beginner="Does anything refer to this image, a signature for instance? A 404 or an empty list is the normal answer: no.",
        again="The same question in the older way, by a tag that is made of the digest.",
        expert="GET /v2/NAME/referrers/DIGEST, then the fallback tag sha256-HEX where the registry has no such API.",
        section=REFERRERS,
    ),
    Kind.SIGNATURE: Explanation(
        beginner="The client looks for a signature of the image, stored under a tag that is made of the digest.",
        expert="cosign's tag scheme: sha256-HEX.sig, .att, .sbom.",
        section=COSIGN,
    ),
    Kind.TAGS: Explanation(
        beginner="Which tags does this repository have?", expert="Pages are linked by the Link header.", section=TAGS
    ),
    Kind.CATALOG: Explanation(
        beginner="Which repositories does this registry have? Public registries do not answer that.",
        expert="GET /v2/_catalog is an extension of Docker's registry; Docker Hub refuses it.",
        section=ENDPOINTS,
    ),
    Kind.SEARCH: Explanation(
        beginner="A search for names, answered by the registry's own index.",
        expert="/v1/search is a leftover of the first registry protocol that Docker Hub still answers.",
        section=ENDPOINTS,
    ),
    Kind.UPLOAD_START: Explanation(
        beginner="The client asks to upload a blob; the registry answers with the URL to send it to.",
        expert="POST /v2/NAME/blobs/uploads/; the Location of the 202 is opaque and may be on another host.",
        section=UPLOADS,
    ),
    Kind.UPLOAD_CHUNK: Explanation(
        beginner="The bytes of a layer or config go up to the registry.",
        expert="PATCH; the next Location comes with each answer.",
        section=UPLOADS,
    ),
    Kind.UPLOAD_FINISH: Explanation(
        beginner="The upload is complete, and this is its digest: the registry hashes the bytes and refuses what does not match.",
        expert="PUT with ?digest=, 201 once stored.",
        section=UPLOADS,
    ),
    Kind.MOUNT: Explanation(
        beginner=(
            "The registry may have these bytes in another repository: it is asked to mount them from there, so that nothing "
            "needs to be sent."
        ),
        expert="POST with ?mount=&from=: 201 when mounted, 202 falls back to an upload.",
        section=MOUNTS,
    ),
    Kind.MANIFEST_PUT: Explanation(
        beginner="The packing list comes last, when everything that it names is there. From now on the tag means this digest.",
        expert="PUT by tag or digest; with a subject, the registry answers OCI-Subject.",
        section=PUTS,
    ),
    Kind.DELETE: Explanation(
        beginner="Something is taken out of the registry.",
        expert="202; many registries refuse with 405.",
        section=DELETES,
    ),
    Kind.UNKNOWN: Explanation(
        beginner="A request that the distribution-spec does not define; it is shown as it was.",
        expert="Not a route of the distribution-spec.",
        section=ENDPOINTS,
    ),
}


FIRST_TRY_UNSEEN = "{client} asks {host} and is told to get a token. The same request comes again below."
"""Of a log that shows no credentials: whether there was a token before is not in it."""

FIRST_TRY = (
    "{client} asks {host} without a token at first, and is told to get one. The same request comes again below, with the "
    "token."
)
FIRST_TRY_EXPERT = "No preemptive token: the challenge (WWW-Authenticate) names realm, service and scope."
