"""The JSON that registries and token servers answer with: indexes, manifests, configs, errors, tokens.
One file, because the documents share how JSON of a stranger is read.

Read leniently and within bounds: a missing or wrong field is None, and bytes that are no such document are None or
empty. Nothing here raises, whatever the bytes; nothing here verifies a digest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pullscope.oci.bounds import counted, read_first, read_object, writable
from pullscope.oci.challenge import Scope, jwt_access
from pullscope.oci.digest import Digest, as_digest
from pullscope.oci.media import SCHEMA1, MediaClass, essence, media_class

MAX_DOCUMENT = 4 * 1024 * 1024  # what registries accept as a manifest: spec.md, "Pushing Manifests"
MAX_DESCRIPTORS = 10_000
_MAX_ERRORS = 100
_MAX_DETAIL = 2000

_MANIFESTS = (MediaClass.INDEX, MediaClass.MANIFEST, MediaClass.SCHEMA1)

# BuildKit docs/attestations/attestation-storage.md
_REFERENCE_TYPE = "vnd.docker.reference.type"
_REFERENCE_DIGEST = "vnd.docker.reference.digest"
_ATTESTATION_MANIFEST = "attestation-manifest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """What an image runs on: `linux/arm64/v8`."""

    os: str
    architecture: str
    variant: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    @property
    def is_known(self) -> bool:
        """Whether something runs on it: unknown/unknown is that of statements about an image."""
        return self.os != "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptor:
    """What a manifest or index says of another document or blob."""

    media_type: str = ""
    digest: Digest | None = None
    size: int | None = None
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    artifact_type: str | None = None
    urls: tuple[str, ...] = ()

    @property
    def is_attestation(self) -> bool:
        """Whether this is BuildKit's attestation of another manifest, or a statement in one."""
        return (
            self.annotations.get(_REFERENCE_TYPE) == _ATTESTATION_MANIFEST
            or media_class(self.media_type) is MediaClass.ATTESTATION
            or media_class(self.artifact_type) is MediaClass.ATTESTATION
        )

    @property
    def attests(self) -> Digest | None:
        """The manifest of which this is the attestation."""
        return as_digest(self.annotations.get(_REFERENCE_DIGEST))


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """A list of manifests, one a platform (OCI) or Docker's manifest list; also the answer to referrers."""

    media_type: str
    manifests: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def parts(self) -> tuple[Descriptor, ...]:
        """What it cannot be without."""
        return self.manifests


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """One image or artifact: a config and layers, the base first. A schema 1 manifest has no config and no sizes."""

    media_type: str
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    schema_version: int | None = None

    @property
    def parts(self) -> tuple[Descriptor, ...]:
        """What it cannot be without."""
        return self.layers if self.config is None else (self.config, *self.layers)

    @property
    def is_attestation(self) -> bool:
        """Whether this holds statements about an image rather than an image."""
        if media_class(self.artifact_type) is MediaClass.ATTESTATION:
            return True
        return bool(self.layers) and all(layer.is_attestation for layer in self.layers)


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryError:
    """One entry of an error body. `code` is empty where the server gave none."""

    code: str
    message: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenAnswer:
    """What a token server gave. `access` is what the token itself claims, where it can be read."""

    expires_in: int | None
    issued_at: str | None
    scope: str | None
    access: tuple[Scope, ...] | None
    odd: str | None
    """The field that is not as the specification has it, and what it is not."""
    token: str = field(repr=False)


def read_manifest(body: bytes | str, content_type: str | None = None) -> Index | Manifest | None:
    """The manifest in `body`. Its own mediaType counts before the Content-Type, and that before its shape."""
    document = _object(body)
    shape = _shape(document)
    declared = _text(document.get("mediaType")) or ""
    kind = media_class(declared)
    if kind not in _MANIFESTS:
        declared, kind = essence(content_type), media_class(content_type)
        if kind in _MANIFESTS and shape is None and "schemaVersion" not in document:
            return None  # an error or a page under a manifest's Content-Type
    if kind not in _MANIFESTS:
        if shape is None:
            return None
        declared, kind = _text(document.get("mediaType")) or "", shape
    subject, artifact_type = _descriptor(document.get("subject")), _text(document.get("artifactType"))
    annotations = _annotations(document.get("annotations"))
    if kind is MediaClass.INDEX:
        return Index(
            media_type=essence(declared),
            manifests=_descriptors(document.get("manifests")),
            subject=subject,
            artifact_type=artifact_type,
            annotations=annotations,
        )
    if kind is MediaClass.SCHEMA1:
        layers = _schema1_layers(document.get("fsLayers"))
    else:
        # `blobs`: the artifact manifest of image-spec 1.1.0-rc2.
        layers = _descriptors(document["layers"] if "layers" in document else document.get("blobs"))
    return Manifest(
        media_type=essence(declared) or (SCHEMA1 if kind is MediaClass.SCHEMA1 else ""),
        config=_descriptor(document.get("config")),
        layers=layers,
        subject=subject,
        artifact_type=artifact_type,
        annotations=annotations,
        schema_version=counted(document.get("schemaVersion")),
    )


def what_instead(body: bytes | str) -> str:
    """What there is where a manifest should be: `not JSON`, `no manifest: a list`."""
    if len(body) > MAX_DOCUMENT:
        return "too large to be read"
    try:
        read = json.loads(body if isinstance(body, str) else body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return "not JSON" if body else "empty"
    return f"no manifest: {_CALLED.get(type(read), 'a number')}"


_CALLED = {dict: "an object", list: "a list", str: "a text", type(None): "null", bool: "true or false"}


_SAYING = ("error_description", "details", "message", "detail", "msg", "reason", "title", "Message", "error_msg")
"""Where an error of one object says what it is: RFC 6749, 5.2; docker's special case (registry_errors.go); RFC 9457; AWS;
APISIX."""


def read_errors(body: bytes | str) -> tuple[RegistryError, ...]:
    """The errors in an error body; none in plain text, HTML or nothing at all."""
    document = _object(body)
    listed = document.get("errors")
    if isinstance(listed, list):
        # spec.md, "Error Codes"; some servers list plain sentences.
        return tuple(
            RegistryError(
                code=_text(entry.get("code")) or "",
                message=_text(entry.get("message")) or "",
                detail=_detail(entry.get("detail")),
            )
            for entry in ({"message": one} if isinstance(one, str) else one for one in listed[:_MAX_ERRORS])
            if isinstance(entry, dict)
        )
    # Google's APIs: {"error": {"code": 403, "message": "…", "status": "PERMISSION_DENIED"}}
    inner = document.get("error")
    said = {**inner, "error": inner.get("status")} if isinstance(inner, dict) else document
    code = _text(said.get("error")) or _text(said.get("code")) or ""
    told = next((text for key in _SAYING if (text := _text(said.get(key)))), "")
    return (RegistryError(code=code, message=told),) if code or told else ()


def read_token_answer(body: bytes | str) -> TokenAnswer | None:
    """The answer of a token server; None where it holds no token (distribution, docs/content/spec/auth/token.md)."""
    first = read_first(body) if len(body) <= MAX_DOCUMENT else None
    document = first if isinstance(first, dict) else {}
    token = _text(document.get("token")) or _text(document.get("access_token"))
    if not token:
        return None
    return TokenAnswer(
        expires_in=counted(document.get("expires_in")),
        issued_at=_text(document.get("issued_at")),
        scope=_text(document.get("scope")),
        access=jwt_access(token),
        odd=_odd(document),
        token=token,
    )


_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def _odd(answer: Mapping[str, object]) -> str | None:
    """Go takes neither the number as a string nor the time as a number: distribution/distribution#1746, moby/moby#20970."""
    life, since = answer.get("expires_in"), answer.get("issued_at")
    if life is not None and (not isinstance(life, int) or isinstance(life, bool)):
        return "expires_in is not a whole number"
    wrong = since is not None and not (isinstance(since, str) and _RFC_3339.fullmatch(since))
    return "issued_at is not a time of RFC 3339" if wrong else None


def read_listed_name(body: bytes | str) -> str | None:
    """The repository that a list of tags names (spec.md, "Listing Tags")."""
    return _text(_object(body).get("name"))


def read_listed_count(body: bytes | str) -> int | None:
    """How many tags, repositories or results a list holds (spec.md, "Listing Tags"; `_catalog`; Docker Hub's search)."""
    document = _object(body)
    for key in ("tags", "repositories", "results"):
        listed = document.get(key)
        if isinstance(listed, list):
            return len(listed)
        if key in document and listed is None:
            return 0  # a registry without a tag may say null (distribution)
    return None


def read_config(body: bytes | str) -> Platform | None:
    """The platform that an image config names."""
    return _platform(_object(body))


def _object(body: bytes | str) -> dict[str, object]:
    return read_object(body) if len(body) <= MAX_DOCUMENT else {}


def _shape(document: dict[str, object]) -> MediaClass | None:
    """What a document is by its fields alone. An image config has a `config` too, but not one with a digest."""
    if isinstance(document.get("manifests"), list):
        return MediaClass.INDEX
    if isinstance(document.get("fsLayers"), list):
        return MediaClass.SCHEMA1
    config = document.get("config")
    if isinstance(document.get("layers"), list) or (isinstance(config, dict) and "digest" in config):
        return MediaClass.MANIFEST
    return None


def _text(value: object) -> str | None:
    return writable(value) if isinstance(value, str) else None


def _annotations(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    pairs = ((_text(key), _text(text)) for key, text in value.items())
    return {key: text for key, text in pairs if key is not None and text is not None}


def _platform(value: object) -> Platform | None:
    if not isinstance(value, dict):
        return None
    os, architecture = _text(value.get("os")), _text(value.get("architecture"))
    if not os and not architecture:
        return None
    return Platform(
        os=os or "unknown",
        architecture=architecture or "unknown",
        variant=_text(value.get("variant")) or None,
    )


def _descriptor(value: object) -> Descriptor | None:
    if not isinstance(value, dict):
        return None
    urls = value.get("urls")
    return Descriptor(
        media_type=_text(value.get("mediaType")) or "",
        digest=as_digest(value.get("digest")),
        size=counted(value.get("size")),
        platform=_platform(value.get("platform")),
        annotations=_annotations(value.get("annotations")),
        artifact_type=_text(value.get("artifactType")),
        urls=tuple(url for url in map(_text, urls) if url) if isinstance(urls, list) else (),
    )


def _descriptors(value: object) -> tuple[Descriptor, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(found for found in map(_descriptor, value[:MAX_DESCRIPTORS]) if found is not None)


def _schema1_layers(value: object) -> tuple[Descriptor, ...]:
    """Schema 1 lists layers from the top; ours start at the base (distribution, manifest-v2-1.md)."""
    listed = value[:MAX_DESCRIPTORS] if isinstance(value, list) else []
    sums = (as_digest(entry.get("blobSum")) for entry in reversed(listed) if isinstance(entry, dict))
    return tuple(Descriptor(digest=digest) for digest in sums)


def _detail(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return (_text(value) or "")[:_MAX_DETAIL]
    try:
        return json.dumps(value, ensure_ascii=True)[:_MAX_DETAIL]
    except (ValueError, RecursionError):
        return ""
