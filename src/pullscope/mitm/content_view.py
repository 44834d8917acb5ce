"""Documents of registries for mitmproxy's windows: what a manifest, an index, a config, a token or an error says.

A summary to be read; the whole document is one key away, in mitmproxy's JSON view. Of a token answer the claims are shown,
never the token. One class fits mitmproxy 11 (which calls the view) and 12 (which asks it to `prettify`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from mitmproxy import contentviews

from pullscope.mitm.flow_notes import SEEN
from pullscope.oci.amounts import count
from pullscope.oci.bounds import read_object
from pullscope.oci.challenge import jwt_claims
from pullscope.oci.documents import (
    Descriptor,
    Index,
    Manifest,
    TokenAnswer,
    read_config,
    read_errors,
    read_manifest,
    read_token_answer,
)
from pullscope.oci.media import MediaClass, media_class
from pullscope.oci.plain import plain

NAME = "Registry"
OURS, NOT_OURS = 10.0, -1.0
"""Render priorities: mitmproxy's own JSON view has 1, and below 0 means that a view does not fit."""

CLAIMS = ("iss", "sub", "aud", "iat", "nbf", "exp")
"""Registered claims of a JWT that are shown (RFC 7519, 4.1); others may hold anything."""

MOST_LINES = 2_000
Rows = Iterator[tuple[str, str]]


class RegistryView:
    """The content view; see the module's first words."""

    name = NAME
    syntax_highlight = "none"

    def prettify(self, data: bytes, metadata: Any = None) -> str:
        """mitmproxy 12. Raises ValueError for what is not a document of a registry."""
        content_type = getattr(metadata, "content_type", None)
        text = describe(data, content_type)
        if text is None:
            raise ValueError("no document of a registry")
        return text

    def __call__(self, data: bytes, *, content_type: str | None = None, **_: Any) -> tuple[str, Iterator[Any]] | None:
        """mitmproxy 11; None lets it fall back to the raw view."""
        text = describe(data, content_type)
        return None if text is None else (NAME, ([("text", line)] for line in text.splitlines()))

    def render_priority(self, data: bytes, metadata: Any = None, **given: Any) -> float:
        """High for a registry's media types, and for what a traced registry or token server said in JSON."""
        content_type = given.get("content_type") if metadata is None else metadata.content_type
        of = given.get("flow") if metadata is None else metadata.flow
        if not data or not (media_class(content_type) in _DOCUMENTS or (of is not None and SEEN in of.metadata)):
            return NOT_OURS
        return NOT_OURS if describe(data, content_type) is None else OURS

    def __lt__(self, other: Any) -> bool:
        return bool(self.name < other.name)


_VIEW = RegistryView()


def add() -> None:
    """Offer the view; more than once is fine."""
    registry: Any = getattr(contentviews, "registry", None)
    known = registry.get(NAME.lower()) if registry is not None else contentviews.get(NAME)
    if known is None:
        offer: Any = contentviews.add  # it asks for a subclass, and needs none
        offer(_VIEW)


def remove() -> None:
    """Take it back, for a script that is unloaded."""
    registry: Any = getattr(contentviews, "registry", None)
    if registry is not None:
        registry._by_name.pop(NAME.lower(), None)  # noqa: SLF001 - mitmproxy 12 has no way to remove a view
    elif contentviews.get(NAME) is not None:
        view: Any = _VIEW
        contentviews.remove(view)


def describe(data: bytes, content_type: str | None) -> str | None:
    """The document in words; None if it is not a registry's."""
    manifest = read_manifest(data, content_type)
    token = read_token_answer(data) if manifest is None else None
    if isinstance(manifest, Index):
        lines = _index(manifest)
    elif isinstance(manifest, Manifest):
        lines = _manifest(manifest)
    elif token is not None:
        title = "token answer (the token itself is not shown here)"
        lines = _aligned(title, _token_rows(token, jwt_claims(token.token)))
    elif config := _as_config(data, content_type):
        lines = _config(config, data)
    elif errors := read_errors(data):
        lines = (
            line
            for error in errors
            for line in _aligned(
                f"error {error.code}".strip(), iter((("says", error.message), ("detail", error.detail)))
            )
        )
    else:
        return None
    shown = [plain(line, None) for line in islice(lines, MOST_LINES)]
    return "\n".join([*shown, "..."] if len(shown) == MOST_LINES else shown)


_DOCUMENTS = frozenset({MediaClass.INDEX, MediaClass.MANIFEST, MediaClass.SCHEMA1, MediaClass.CONFIG})


def _index(index: Index) -> Iterator[str]:
    attested = sum(entry.is_attestation for entry in index.manifests)
    platforms = len(index.manifests) - attested
    title = f"index: {count(platforms, 'manifest')}" + (f", {count(attested, 'attestation')}" if attested else "")
    yield from _aligned(title, _about(index))
    for entry in index.manifests:
        name = str(entry.platform or "no platform")
        if entry.is_attestation:
            name = f"attestation of {entry.attests or 'a manifest'}"
        yield from ("", *_aligned(name, _descriptor(entry)))


def _manifest(manifest: Manifest) -> Iterator[str]:
    sizes = [layer.size for layer in manifest.layers]
    total = f", {_bytes(sum(size or 0 for size in sizes))}" if sizes and None not in sizes else ""
    kind = "attestation manifest" if manifest.is_attestation else "manifest"
    yield from _aligned(f"{kind}: {count(len(manifest.layers), 'layer')}{total}", _about(manifest))
    if manifest.config is not None:
        yield from ("", *_aligned("config", _descriptor(manifest.config)))
    for number, layer in enumerate(manifest.layers, start=1):
        yield from ("", *_aligned(f"layer {number}/{len(manifest.layers)}", _descriptor(layer)))


def _about(document: Index | Manifest) -> Rows:
    yield "media type", document.media_type
    yield "artifact", document.artifact_type or ""
    if document.subject is not None:
        yield "subject", str(document.subject.digest or "")
    yield from document.annotations.items()


def _descriptor(descriptor: Descriptor) -> Rows:
    yield "digest", str(descriptor.digest or "none that is valid")
    yield "size", _bytes(descriptor.size) if descriptor.size is not None else ""
    yield "media type", descriptor.media_type
    yield "artifact", descriptor.artifact_type or ""
    for url in descriptor.urls:
        yield "url", url
    yield from descriptor.annotations.items()


def _token_rows(token: TokenAnswer, claims: dict[str, Any] | None) -> Rows:
    yield "lives for", f"{token.expires_in} s" if token.expires_in is not None else ""
    yield "issued at", token.issued_at or ""
    yield "scope", token.scope or ""
    yield "kind", "JWT" if claims is not None else "opaque, or none that can be read"
    for scope in token.access or ():
        yield "grants", str(scope)
    if claims is not None and token.access == ():
        yield "grants", "nothing"
    for claim in CLAIMS:
        yield claim, str(claims[claim])[:200] if claims is not None and claim in claims else ""


def _as_config(data: bytes, content_type: str | None) -> dict[str, Any] | None:
    """An image config (image-spec config.md): it has a platform and a root filesystem, or says that it is one."""
    if read_config(data) is None:
        return None
    read = read_object(data)
    return read if "rootfs" in read or media_class(content_type) is MediaClass.CONFIG else None


def _config(config: dict[str, Any], data: bytes) -> Iterator[str]:
    run = config.get("config")
    run = run if isinstance(run, dict) else {}
    yield from _aligned(f"image config for {read_config(data)}", _config_rows(config, run))
    history = config.get("history")
    steps = [step for step in history if isinstance(step, dict)] if isinstance(history, list) else []
    if steps:
        yield ""
        yield "history"
    for step in steps:
        mark = "-" if step.get("empty_layer") else "+"
        yield f"  {mark} {' '.join(str(step.get('created_by') or step.get('comment') or '?').split())}"


def _config_rows(config: dict[str, Any], run: dict[str, Any]) -> Rows:
    root = config.get("rootfs")
    layers = root.get("diff_ids") if isinstance(root, dict) else None
    for name, value in (
        ("created", config.get("created")),
        ("author", config.get("author")),
        ("layers", len(layers) if isinstance(layers, list) else None),
        ("entrypoint", run.get("Entrypoint")),
        ("command", run.get("Cmd")),
        ("user", run.get("User")),
        ("directory", run.get("WorkingDir")),
        ("ports", run.get("ExposedPorts")),
        ("volumes", run.get("Volumes")),
    ):
        if value is not None:
            yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    environment, labels = run.get("Env"), run.get("Labels")
    for value in environment if isinstance(environment, list) else []:
        yield "environment", str(value)
    for key, value in labels.items() if isinstance(labels, dict) else ():
        yield "label", f"{key}={value}"


def _aligned(title: str, rows: Rows) -> Iterator[str]:
    """A title, and below it names and values in two columns; a row without a value is left out."""
    yield title
    known = [(name, value) for name, value in rows if value]
    width = min(24, max((len(name) for name, _ in known), default=0))
    for name, value in known:
        yield f"  {name:<{width}}  {' '.join(value.split())}"


def _bytes(size: int) -> str:
    return f"{size:,} bytes".replace(",", " ")
