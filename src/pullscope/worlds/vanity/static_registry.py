"""An image as a folder of plain files that any web server can serve as a read-only registry.
One file, because what is said with a file is written beside it, in the words of each server.

    v2/index.html                       "{}", for the version check
    v2/NAME/manifests/TAG, .../DIGEST   the same bytes under both names
    v2/NAME/blobs/DIGEST
    v2/NAME/tags/list
    _headers                            for Netlify and Cloudflare
    nginx.conf                          for nginx: what its server block includes
    headers.caddy                       for Caddy: what its site block imports
    apache.conf                         for Apache: what its virtual host includes

Every byte is hashed on its way in and nothing is linked. A second run copies only what is not there yet. What the headers
files say is read back from the folder, so that several images can share one.
"""

# ruff: noqa: TRY004 - what a file holds is a wrong value, of whatever type: readers raise ValueError and nothing else

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pullscope.oci.digest import Digest
from pullscope.oci.documents import Index, read_manifest
from pullscope.oci.media import OCI_INDEX, OCI_MANIFEST
from pullscope.oci.reference import is_repository, is_tag

API = ("Docker-Distribution-Api-Version", "registry/2.0")
JSON = ("Content-Type", "application/json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A path, or all that begins with it, and the fields that are said there."""

    path: str
    prefix: bool = False
    fields: tuple[tuple[str, str], ...]

    @property
    def pattern(self) -> str:
        """As a regular expression, which minds the case of a tag."""
        return f"^{re.escape(self.path)}{'' if self.prefix else '$'}"


def places(names: Iterable[str], manifests: Iterable[tuple[str, str, str]]) -> list[Place]:
    """For repositories (`/v2/NAME`) and manifests (path, media type, digest)."""
    found = [Place(path="/v2/", fields=(JSON, API)), Place(path="/v2/index.html", fields=(JSON, API))]
    for name in names:
        kept = ("Cache-Control", "public, max-age=31536000, immutable")
        found.append(
            Place(path=f"{name}/blobs/", prefix=True, fields=(("Content-Type", "application/octet-stream"), kept))
        )
        found.append(Place(path=f"{name}/tags/list", fields=(JSON,)))
    for path, media_type, digest in manifests:
        said = (("Content-Type", media_type), ("Docker-Content-Digest", digest), API)
        found.append(Place(path=path, fields=said))
    return found


def netlify(found: Iterable[Place]) -> list[str]:
    """`_headers`, which Cloudflare reads too."""
    lines = []
    for one in found:
        lines += [f"{one.path}{'*' if one.prefix else ''}", *(f"  {name}: {value}" for name, value in one.fields)]
    return lines


def nginx(found: Iterable[Place]) -> list[str]:
    """Locations. `types { }` keeps the ending of a name from deciding on the type."""
    lines = []
    for one in found:
        lines += [f"location {'^~' if one.prefix else '='} {one.path} {{", "    types { }"]
        if one.path == "/v2/":
            lines.append("    index index.html;")
        for name, value in one.fields:
            lines.append(
                f"    default_type {value};" if name == "Content-Type" else f'    add_header {name} "{value}" always;'
            )
        lines.append("}")
    return lines


def caddy(found: Iterable[Place]) -> list[str]:
    """Matchers and header directives; file_server keeps a Content-Type that is there already."""
    lines = []
    for number, one in enumerate(found):
        lines.append(f"@v2_{number} path_regexp {one.pattern}")
        lines += [f'header @v2_{number} {name} "{value}"' for name, value in one.fields]
    return lines


def apache(found: Iterable[Place]) -> list[str]:
    """Locations, for mod_headers."""
    lines = []
    for one in found:
        lines.append(f'<LocationMatch "{one.pattern}">')
        for name, value in one.fields:
            lines.append(f"    ForceType {value}" if name == "Content-Type" else f'    Header set {name} "{value}"')
        lines.append("</LocationMatch>")
    return lines


FILES: Mapping[str, tuple[Callable[[Iterable[Place]], list[str]], str]] = {
    "_headers": (netlify, "# For Netlify and Cloudflare, written by pullscope vanity static"),
    "nginx.conf": (nginx, "# For a server block with `root` on this folder: include THIS_FILE;"),
    "headers.caddy": (caddy, "# For a site with `root` on this folder and file_server: import THIS_FILE"),
    "apache.conf": (
        apache,
        "# For a virtual host with DocumentRoot on this folder, with mod_headers: Include THIS_FILE",
    ),
}
"""Each file with the function that writes it, and its first line."""


MAX_MANIFEST = 4 * 1024 * 1024
MAX_DEPTH = 8
CLOUDFLARE_HEADER_RULES = 100
"""workers-sdk, utils/configuration/constants.ts: MAX_HEADER_RULES."""
PIECE = 1024 * 1024

Progress = Callable[[int], None]
"""Told of each piece: how many bytes of a blob are done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A blob or manifest of the layout that has to be in the folder."""

    digest: Digest
    size: int
    is_manifest: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    digest: Digest
    copied: int
    already: int
    bytes: int
    warnings: tuple[str, ...] = ()


class Layout:
    """An OCI image layout (image-spec, image-layout.md), read with care: a digest is never taken for a file's name as it is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self._index = json.loads(self._small(folder / "index.json"))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{folder} is not an OCI layout: its index.json cannot be read ({error})") from error
        if not isinstance(self._index, dict) or not isinstance(self._index.get("manifests"), list):
            raise ValueError(f"{folder} is not an OCI layout: its index.json lists no manifests")

    def root(self, tag: str | None) -> tuple[Digest, str]:
        """The digest of the image called `tag`, or of the only one, and the tag to give it."""
        named: dict[str, Digest] = {}
        every: list[Digest] = []
        for entry in self._index["manifests"]:
            if not isinstance(entry, dict):
                continue
            digest = Digest(str(entry.get("digest")))
            every.append(digest)
            annotations = entry.get("annotations")
            name = annotations.get("org.opencontainers.image.ref.name") if isinstance(annotations, dict) else None
            if isinstance(name, str) and is_tag(name):
                named[name] = digest
        if tag is not None and tag in named:
            return named[tag], tag
        if len(every) == 1:
            return every[0], tag or next(iter(named), "latest")
        known = ", ".join(sorted(named)[:10]) or "none has a name"
        raise ValueError(f"{self._folder} holds {len(every)} images ({known}): choose one with --name NAME:TAG")

    def path(self, digest: Digest) -> Path:
        """Digests have passed `Digest`, so neither part can hold a slash."""
        return self._folder / "blobs" / digest.algorithm / digest.encoded

    def manifest(self, digest: Digest) -> bytes:
        content = self._small(self.path(digest))
        if digest.algorithm == "sha256" and Digest.of(content) != digest:
            raise ValueError(f"{digest.short} in {self._folder} does not match the digest in its name")
        return content

    @staticmethod
    def _small(path: Path) -> bytes:
        if not path.is_file():
            raise ValueError(f"{path} is missing, or not a plain file")
        with path.open("rb") as file:
            content = file.read(MAX_MANIFEST + 1)
        if len(content) > MAX_MANIFEST:
            raise ValueError(f"{path} is larger than a manifest may be")
        return content


def everything(layout: Layout, root: Digest) -> list[Wanted]:
    """The root and all that it leads to, each once; manifests before their blobs."""
    found: dict[Digest, Wanted] = {}

    def add(digest: Digest, depth: int) -> None:
        if digest in found:
            return
        if depth > MAX_DEPTH:
            raise ValueError(f"{root.short} nests indexes more than {MAX_DEPTH} deep")
        content = layout.manifest(digest)
        document = read_manifest(content, None)
        if document is None:
            raise ValueError(f"{digest.short} is neither a manifest nor an index")
        found[digest] = Wanted(digest=digest, size=len(content), is_manifest=True)
        if isinstance(document, Index):
            for entry in document.manifests:
                if entry.digest is not None:
                    add(entry.digest, depth + 1)
            return
        for descriptor in (document.config, *document.layers):
            if descriptor is not None and descriptor.digest is not None:
                if descriptor.urls and not layout.path(descriptor.digest).exists():
                    # A layer that may not be distributed: clients get it from its own URL.
                    continue
                size = descriptor.size or 0
                found.setdefault(descriptor.digest, Wanted(digest=descriptor.digest, size=size, is_manifest=False))

    add(root, 0)
    return list(found.values())


def write_static(source: Path, out: Path, name: str, tag: str | None, progress: Progress = lambda _: None) -> Done:
    """Puts the image of the layout at `source` into `out` as `name:tag`. ValueError in one sentence where it cannot be."""
    if not is_repository(name):
        raise ValueError(f"{name[:100]!r} is not a repository: write org/image, in lower case")
    layout = Layout(source)
    root, tag = layout.root(tag)
    if not is_tag(tag):
        raise ValueError(f"{tag[:100]!r} is not a tag")
    _keep_foreign(out)
    top = out / "v2" / name
    copied = already = total = 0
    for wanted in everything(layout, root):
        target = top / ("manifests" if wanted.is_manifest else "blobs") / wanted.digest
        if _is_there(target, wanted.digest):
            already += 1
            progress(wanted.size)
        else:
            total += _copy(layout.path(wanted.digest), target, wanted.digest, progress)
            copied += 1
    _put(top / "manifests" / tag, layout.manifest(root))
    tags = sorted(path.name for path in (top / "manifests").iterdir() if ":" not in path.name)
    _put(top / "tags" / "list", json.dumps({"name": name, "tags": tags}).encode())
    _put(out / "v2" / "index.html", b"{}")
    warnings = _write_headers(out)
    return Done(digest=root, copied=copied, already=already, bytes=total, warnings=warnings)


def _is_there(path: Path, digest: Digest) -> bool:
    if path.is_symlink():
        raise ValueError(f"{path} is a symbolic link; a static registry has none. Remove it")
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, digest.algorithm).hexdigest() == digest.encoded


def _copy(source: Path, target: Path, digest: Digest, progress: Progress) -> int:
    seen = hashlib.new(digest.algorithm)
    total = 0

    if not source.is_file():
        raise ValueError(f"{digest.short} is missing in the layout: copy all platforms of the image into it")

    def pieces() -> Iterator[bytes]:
        nonlocal total
        with source.open("rb") as file:
            while piece := file.read(PIECE):
                seen.update(piece)
                total += len(piece)
                progress(len(piece))
                yield piece
        if seen.hexdigest() != digest.encoded:
            raise ValueError(f"{digest.short} in the layout does not match the digest in its name")

    _write(target, pieces())
    return total


def _put(path: Path, content: bytes) -> None:
    _write(path, iter([content]))


def _write(path: Path, pieces: Iterator[bytes]) -> None:
    """Whole or not at all: a server never shows half a blob."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                file.write(piece)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _served(out: Path) -> list[tuple[str, str, str]]:
    """The manifests in the folder: path, media type and digest of each."""
    paths = (path for path in sorted((out / "v2").rglob("manifests/*")) if path.is_file() and path.name[0] != ".")
    every = ((f"/{path.relative_to(out).as_posix()}", path.read_bytes()) for path in paths)
    return [(url, _media_type(content), str(Digest.of(content))) for url, content in every]


# RFC 6838, 4.2: what a media type may be made of; what is written into a configuration must be no more than that.
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#&^_.+-]{0,126}")


def _media_type(content: bytes) -> str:
    document = read_manifest(content, None)
    written: Any = None
    try:
        parsed = json.loads(content)
        written = parsed.get("mediaType") if isinstance(parsed, dict) else None
    except (ValueError, RecursionError):
        pass
    if isinstance(written, str) and _MEDIA_TYPE.fullmatch(written):
        return written
    return OCI_INDEX if isinstance(document, Index) else OCI_MANIFEST


def _keep_foreign(out: Path) -> None:
    """Refuse a folder with a headers file that is not ours: a site may have its own."""
    for name, (_, first) in FILES.items():
        path = out / name
        if path.exists() and path.read_text(encoding="utf-8", errors="replace").splitlines()[:1] != [first]:
            raise ValueError(
                f"{path} was not written by this command and would be lost; choose another folder for --out"
            )


def _write_headers(out: Path) -> tuple[str, ...]:
    served = _served(out)
    found = places(sorted({path.split("/manifests/")[0] for path, *_ in served}), served)
    for name, (words, first) in FILES.items():
        _put(out / name, "".join(f"{line}\n" for line in (first, *words(found))).encode())
    if len(found) > CLOUDFLARE_HEADER_RULES:
        most = CLOUDFLARE_HEADER_RULES
        return (f"_headers has {len(found)} rules, of which Cloudflare reads {most}: use more folders there.",)
    return ()


def total_size(source: Path, tag: str | None) -> int:
    """The bytes that have to be there in the end, for a progress bar."""
    layout = Layout(source)
    root, _ = layout.root(tag)
    return sum(one.size for one in everything(layout, root))
