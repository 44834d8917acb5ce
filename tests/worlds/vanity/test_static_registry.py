"""An image as a folder: complete, verified, without links, and written again only where something is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pullscope.oci.digest import Digest
from pullscope.worlds.vanity.static_registry import FILES, write_static


def layout(folder: Path) -> Digest:
    """An OCI layout with one index, one manifest, a config and a layer."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(content: bytes, media_type: str, **more: object) -> dict[str, object]:
        digest = Digest.of(content)
        (blobs / digest.encoded).write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content), **more}

    config = put(b"{}", "application/vnd.oci.image.config.v1+json")
    layer = put(b"layer", "application/vnd.oci.image.layer.v1.tar")
    manifest_type = "application/vnd.oci.image.manifest.v1+json"
    manifest = put(
        json.dumps({"schemaVersion": 2, "mediaType": manifest_type, "config": config, "layers": [layer]}).encode(),
        manifest_type,
        platform={"os": "linux", "architecture": "amd64"},
    )
    index_type = "application/vnd.oci.image.index.v1+json"
    index = put(json.dumps({"schemaVersion": 2, "mediaType": index_type, "manifests": [manifest]}).encode(), index_type)
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [index]}))
    return Digest(str(index["digest"]))


def test_every_file_is_there_under_tag_and_digest(tmp_path: Path) -> None:
    """Index and manifest by digest, the index by tag too, the blobs, the tags and the headers files."""
    root = layout(tmp_path / "layout")

    done = write_static(tmp_path / "layout", tmp_path / "out", "org/app", "1.0")

    top = tmp_path / "out" / "v2" / "org" / "app"
    assert (done.digest, done.copied, done.already) == (root, 4, 0)
    assert (top / "manifests" / "1.0").read_bytes() == (top / "manifests" / root).read_bytes()
    assert len(list((top / "blobs").iterdir())) == 2
    assert json.loads((top / "tags" / "list").read_text()) == {"name": "org/app", "tags": ["1.0"]}
    assert f"Docker-Content-Digest: {root}" in (tmp_path / "out" / "_headers").read_text()
    assert "application/vnd.oci.image.index.v1+json" in (tmp_path / "out" / "nginx.conf").read_text()
    assert not [path for path in tmp_path.rglob("*") if path.is_symlink()]


def test_second_run_copies_nothing_and_mends_what_is_broken(tmp_path: Path) -> None:
    """What is there is hashed, not trusted."""
    layout(tmp_path / "layout")
    write_static(tmp_path / "layout", tmp_path / "out", "org/app", "1.0")
    again = write_static(tmp_path / "layout", tmp_path / "out", "org/app", "1.0")
    blob = next((tmp_path / "out" / "v2" / "org" / "app" / "blobs").iterdir())
    blob.write_bytes(b"spoilt")
    mended = write_static(tmp_path / "layout", tmp_path / "out", "org/app", "1.0")

    assert (again.copied, again.already) == (0, 4)
    assert (mended.copied, mended.already) == (1, 3)
    assert Digest.of(blob.read_bytes()) == blob.name


@pytest.mark.parametrize("name", FILES)
def test_a_headers_file_of_the_user_is_kept(tmp_path: Path, name: str) -> None:
    """A site's own is not overwritten, and nothing is written beside it."""
    layout(tmp_path / "layout")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("/*\n  X-Frame-Options: DENY\n")
    with pytest.raises(ValueError, match="would be lost"):
        write_static(tmp_path / "layout", tmp_path / "out", "org/app", "1.0")
    assert (tmp_path / "out" / name).read_text() == "/*\n  X-Frame-Options: DENY\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]


def test_wrong_bytes_in_the_layout_are_refused(tmp_path: Path) -> None:
    """A blob that does not hash to its name is not published, not even half."""
    layout(tmp_path / "layout")
    for path in (tmp_path / "layout" / "blobs" / "sha256").iterdir():
        if path.read_bytes() == b"layer":
            path.write_bytes(b"other")

    with pytest.raises(ValueError, match="does not match the digest"):
        write_static(tmp_path / "layout", tmp_path / "out", "org/app", "1.0")

    assert not list((tmp_path / "out").rglob("*.part"))


def test_link_in_the_folder_is_refused(tmp_path: Path) -> None:
    """A symbolic link in the place of a blob is not written through."""
    layout(tmp_path / "layout")
    write_static(tmp_path / "layout", tmp_path / "out", "org/app", "1.0")
    blob = next((tmp_path / "out" / "v2" / "org" / "app" / "blobs").iterdir())
    blob.unlink()
    blob.symlink_to("/etc/passwd")

    with pytest.raises(ValueError, match="symbolic link"):
        write_static(tmp_path / "layout", tmp_path / "out", "org/app", "1.0")


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("../escape", None),
        ("org/app", "[]"),
        ("org/app", "{"),
        ("org/app", '{"manifests": [{"digest": "sha256:../../etc/passwd"}]}'),
        ("org/app", '{"manifests": []}'),
    ],
)
def test_hostile_layout_or_name_is_refused(tmp_path: Path, name: str, index: str | None) -> None:
    """Neither a name nor a digest can lead out of the folder."""
    layout(tmp_path / "layout")
    if index is not None:
        (tmp_path / "layout" / "index.json").write_text(index)

    with pytest.raises(ValueError, match=r"\w"):
        write_static(tmp_path / "layout", tmp_path / "out", name, "1.0")
