"""The clients of containers/image (skopeo, podman) pull and push through mitmdump with the tracer."""

from __future__ import annotations

import json
import re
import tempfile
import urllib.request
from pathlib import Path

import pytest
from tests.e2e.images import Image
from tests.e2e.parts import Docker, Forgetful, Proxy
from tests.e2e.standin import AUTH, REGISTRY, VANITY, Hub
from tests.e2e.told import assert_fetched, assert_no_secret, chain, exchanges_of, kinds, report, steps

pytestmark = pytest.mark.real


def test_skopeo_pulls(proxy: Proxy, run: Forgetful, hub: Hub, zephykus: Image, tmp_path: Path) -> None:
    """skopeo's pull, which resolves with GET and has no HEAD, is one complete pull."""
    done = run("skopeo", "copy", "docker://docker.io/timonback/zephykus", f"dir:{tmp_path / 'copy'}")
    proxy.finish()
    told = report(proxy.recording)

    assert done.returncode == 0, done.stderr
    pull = told.pull
    assert pull["client"]["family"] == "skopeo"
    assert pull["reference"] == "docker.io/timonback/zephykus:latest"
    assert pull["digest"] == zephykus.index
    assert kinds(pull) == {"version-check": 1, "token": 1, "manifest-list": 1, "manifest": 1, "config": 1, "layer": 4}
    assert_fetched(pull, zephykus.platforms["linux/amd64"])
    assert told.exchanges == exchanges_of(hub)
    assert_no_secret(proxy, hub, told.document)


def test_skopeo_copies_every_platform(proxy: Proxy, run: Forgetful, hub: Hub, zephykus: Image, tmp_path: Path) -> None:
    """A copy of all platforms is one complete pull with each platform's manifest and each attestation in it."""
    source = "docker://docker.io/timonback/zephykus"
    done = run("skopeo", "copy", "--all", "--preserve-digests", source, f"oci:{tmp_path / 'copy'}:latest")
    proxy.finish()
    told = report(proxy.recording)

    assert done.returncode == 0, done.stderr
    pull = told.pull
    assert pull["outcome"] == "complete"
    assert {step["digest"] for step in steps(pull, "manifest")} == {
        built.manifest for built in zephykus.platforms.values()
    }
    wanted = {digest for built in zephykus.platforms.values() for digest in built.layers}
    assert {step["digest"] for step in steps(pull, "layer") if step["verified"]} == wanted
    assert told.exchanges == exchanges_of(hub)


def test_skopeo_pushes(proxy: Proxy, run: Forgetful, hub: Hub, registry: int, nginx: Image) -> None:
    """A push is one push: an upload for each blob and the manifest put last, and the registry has it afterwards."""
    target = "docker://docker.io/timonback/pushed:1"
    done = run("skopeo", "copy", "--preserve-digests", f"oci:{nginx.directory}:latest", target)
    story = proxy.finish()
    told = report(proxy.recording)

    assert done.returncode == 0, done.stderr
    built = nginx.platforms["linux/amd64"]
    with urllib.request.urlopen(f"http://127.0.0.1:{registry}/v2/timonback/pushed/tags/list") as answer:
        assert json.load(answer)["tags"] == ["1"]
    push = told.pull
    assert (push["action"], push["outcome"]) == ("push", "complete")
    assert push["reference"] == "docker.io/timonback/pushed:1"
    assert kinds(push)["upload-start"] == len(built.blobs)
    assert {step["digest"] for step in steps(push, "upload-finish")} == set(built.blobs)
    assert len(steps(push, "manifest-put")) == 1
    assert told.exchanges == exchanges_of(hub)
    assert_no_secret(proxy, hub, told.document)
    assert re.search(r"push (\d+  |to )docker\.io/timonback/pushed", story)


def test_skopeo_mounts(proxy: Proxy, run: Forgetful, hub: Hub, nginx: Image) -> None:
    """A push of blobs that skopeo saw in another repository mounts them, with the second token that this needs."""
    run("skopeo", "copy", "--preserve-digests", f"oci:{nginx.directory}:latest", "docker://docker.io/timonback/one:1")
    run("skopeo", "copy", "--preserve-digests", f"oci:{nginx.directory}:latest", "docker://docker.io/timonback/two:1")
    story = proxy.finish()
    told = report(proxy.recording)

    [one], [two] = told.of("timonback/one"), told.of("timonback/two")
    assert [push["outcome"] for push in (one, two)] == ["complete", "complete"]
    assert two["reference"] == "docker.io/timonback/two:1"
    mounted = {step["digest"] for step in steps(two, "mount")}
    assert mounted == set(nginx.platforms["linux/amd64"].layers)
    # skopeo looks for the blob in the other repository first, with the token of this push.
    assert {hop["host"] for step in two["steps"] for hop in step["hops"]} == {REGISTRY, AUTH}
    looked = [hop for step in two["steps"] for hop in step["hops"] if "/timonback/one/" in hop["url"]]
    assert len(looked) == len(mounted)
    assert kinds(two)["token"] == 2
    assert told.exchanges == exchanges_of(hub)
    assert_no_secret(proxy, hub, told.document)
    assert re.search(r"push (\d+  |to )docker\.io/timonback/two", story)


def test_second_push_uploads_nothing(proxy: Proxy, run: Forgetful, hub: Hub, zephykus: Image) -> None:
    """A push of blobs that the registry has is complete without an upload."""
    target = "docker://docker.io/timonback/zephykus:again"
    done = run("skopeo", "copy", "--preserve-digests", f"oci:{zephykus.directory}:latest", target)
    proxy.finish()
    told = report(proxy.recording)

    assert done.returncode == 0, done.stderr
    push = told.pull
    assert (push["action"], push["outcome"]) == ("push", "complete")
    assert kinds(push)["upload-start"] == 0
    assert told.exchanges == exchanges_of(hub)


def test_skopeo_fails_at_vanity_host(proxy: Proxy, run: Forgetful, hub: Hub, tmp_path: Path) -> None:
    """skopeo drops its token at the redirect: the pull failed, and its hops are unfolded to show where."""
    done = run("skopeo", "copy", f"docker://{VANITY}/timonback/zephykus", f"dir:{tmp_path / 'copy'}")
    story = proxy.finish()
    told = report(proxy.recording)

    assert done.returncode != 0
    pull = told.pull
    assert pull["outcome"] == "failed"
    assert pull["reference"] == f"{VANITY}/timonback/zephykus:latest"
    assert chain(steps(pull, "resolve")[0]) == [("vanity", 302), ("registry", 401)]
    assert [hop["authorization"] for hop in steps(pull, "resolve")[0]["hops"]] == ["bearer", "none"]
    assert told.exchanges == exchanges_of(hub)
    assert_no_secret(proxy, hub, told.document)
    assert f"GET {VANITY}" in " ".join(story.split())
    assert "UNAUTHORIZED" in story


def test_podman_pulls(proxy: Proxy, run: Forgetful, hub: Hub, nginx: Image) -> None:
    """podman's pull is one complete pull by a client of the containers family."""
    with tempfile.TemporaryDirectory(prefix="podman-") as short:  # podman wants a --runroot of at most 50 characters
        storage = ["--root", f"{short}/root", "--runroot", f"{short}/run", "--storage-driver", "vfs"]
        done = run("podman", *storage, "pull", "--quiet", "docker.io/library/nginx:1.27")
    proxy.finish()
    told = report(proxy.recording)

    assert done.returncode == 0, done.stderr
    built = nginx.platforms["linux/amd64"]
    assert done.stdout.strip() == built.config.removeprefix("sha256:")
    pull = told.pull
    assert pull["client"]["family"] in ("podman", "containers")
    assert_fetched(pull, built)
    assert told.exchanges == exchanges_of(hub)
    assert_no_secret(proxy, hub, told.document)


def test_two_clients_with_one_image(
    docker: Docker, proxy: Proxy, run: Forgetful, hub: Hub, zephykus: Image, tmp_path: Path
) -> None:
    """docker and skopeo pulling the same image at the same time are two pulls, each with its own requests."""
    held = hub.hold(zephykus.platforms["linux/amd64"].layers[3])
    with docker.start("pull", "timonback/zephykus") as first:
        assert held.reached.wait(60), first.output
        copy = f"dir:{tmp_path / 'copy'}"
        second = run("skopeo", "copy", "docker://docker.io/timonback/zephykus", copy)
        held.released.set()
        assert first.process.wait(60) == 0, first.output
    proxy.finish()
    told = report(proxy.recording)

    assert second.returncode == 0, second.stderr
    by_family = {pull["client"]["family"]: pull for pull in told.pulls}
    assert set(by_family) == {"docker", "skopeo"}
    assert len(told.pulls) == 2
    for pull in told.pulls:
        assert_fetched(pull, zephykus.platforms["linux/amd64"])
    assert told.exchanges == exchanges_of(hub)
