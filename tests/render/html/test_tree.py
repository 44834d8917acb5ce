"""The image as a tree: what of it came, and of a push what went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.render.samples import recorded
from tests.trace.images import Image, digest, get_blob, get_manifest
from tests.trace.wire import CONTAINERD, HUB, SKOPEO, Wire, played

from pullscope.oci.documents import read_manifest
from pullscope.render.html.tree import Node, image_tree
from pullscope.trace.model import Pull

IMAGE = Image(repository="team/app")


def lines(nodes: Sequence[Node], depth: int = 0) -> Iterator[str]:
    """The tree as indented lines."""
    for node in nodes:
        yield f"{'  ' * depth}{node.name}: {node.state}" + (f", {node.size}" if node.size else "")
        yield from lines(node.children, depth + 1)


def pushed(*sent: tuple[str, str], blobs: Sequence[str] = (), there: Sequence[str] = (), status: int = 201) -> Pull:
    """A push of these blobs and of manifests, each with its reference; what the trace does not keep is put back."""
    wire = Wire(agent=SKOPEO)
    for text in there:
        wire.ask("HEAD", IMAGE.url("blobs", digest(text)), 200)
    for text in blobs:
        wire.ask("PUT", f"{HUB}/v2/team/app/blobs/uploads/1?digest={digest(text)}", 201, sent=text)
    for reference, text in sent:
        headers = {"Docker-Content-Digest": digest(text)}
        wire.ask("PUT", IMAGE.url("manifests", reference), status, sent=text, answer=headers)
    [pull] = played(wire).pulls
    texts = {digest(text): text for _, text in sent}
    for step in pull.steps:
        if step.digest in texts:
            step.document = read_manifest(texts[step.digest])
    return pull


def test_pull_of_one_platform() -> None:
    """The index, the platform that was taken with its blobs and its attestation, and those that were left."""
    told = list(lines(image_tree(recorded("dockerd-29.7-containerd-hub").pulls[0])))

    assert told[0] == "index, 6 manifests: fetched, verified"
    assert told[1].startswith("  linux/amd64: fetched, verified, ")
    assert told[2].startswith("    config: fetched, verified, ")
    assert [line.partition(":")[0] for line in told[3:7]] == [f"    layer {number}/4" for number in (1, 2, 3, 4)]
    assert told[7].startswith("  its attestation: fetched, verified, ")
    assert "  linux/arm64/v8: not asked for, 903 B" in told


def test_an_attestation_of_another_platform_was_not_fetched_for_it() -> None:
    """Two platforms name the same attestation here: it came once, and stands once."""
    told = list(lines(image_tree(recorded("dockerd-29.7-containerd-hub").pulls[0])))

    assert [line.strip() for line in told if line.startswith("  its attestation")] == [
        "its attestation: fetched, verified, 484 B",
        *["its attestation: the same as above"] * 2,
    ]


def test_manifests_that_were_only_looked_at_have_nothing_here() -> None:
    """A client that fetches the manifests of all platforms, as containerd 2.1 does, has the blobs of one."""
    wire = Wire(agent=CONTAINERD)
    config, base, app = IMAGE.blobs()
    for text in (IMAGE.index, IMAGE.manifest(), IMAGE.manifest("arm64")):
        get_manifest(wire, IMAGE, text)
    for text in (config, base, app):
        get_blob(wire, IMAGE, text)
    [pull] = played(wire).pulls
    told = list(lines(image_tree(pull)))

    at = next(number for number, line in enumerate(told) if line.startswith("  linux/arm64: fetched"))
    assert [line.partition(": ")[2].partition(",")[0] for line in told[at + 1 : at + 4]] == ["not asked for"] * 3
    assert not any("already here" in line for line in told)


def test_push_is_as_deep_as_a_pull() -> None:
    """The index that was sent holds the manifest that was sent, and that its blobs, each with what became of it."""
    config, base, app = IMAGE.blobs()
    manifest = IMAGE.manifest()
    told = pushed((digest(manifest), manifest), ("latest", IMAGE.index), blobs=(config, app), there=(base,))

    assert list(lines(image_tree(told))) == [
        "index, 2 manifests: sent",
        f"  linux/amd64: sent, {len(manifest)} B",
        f"    config: sent, {len(config)} B",
        "    layer 1/2: there already, 4 B",
        "    layer 2/2: sent, 3 B",
        f"  linux/arm64: not sent, {len(IMAGE.manifest('arm64'))} B",
    ]


def test_push_that_is_refused_says_so_of_the_manifest() -> None:
    """The blobs went, the manifest was not taken."""
    told = list(lines(image_tree(pushed(("latest", IMAGE.manifest()), blobs=IMAGE.blobs(), status=400))))

    assert told[0].startswith("manifest: refused")
    assert told[1].startswith("  config: sent")


def test_push_whose_manifest_was_not_seen_is_flat() -> None:
    """What nothing names stands beside the manifest."""
    wire = Wire(agent=SKOPEO)
    wire.ask("PUT", f"{HUB}/v2/team/app/blobs/uploads/1?digest={digest('base')}", 201, sent="base")
    wire.ask("PUT", IMAGE.url("manifests", "latest"), 201, sent=500, answer={"Docker-Content-Digest": digest("it")})
    [pull] = played(wire).pulls

    assert list(lines(image_tree(pull))) == ["manifest: sent, 500 B", "blob: sent"]
