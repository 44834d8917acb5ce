"""A real docker daemon (classic store) pulls through mitmdump with the tracer; recording and story are checked."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from tests.e2e.images import Image
from tests.e2e.parts import Docker, Proxy, Trust, mitmdump
from tests.e2e.standin import CDN, LIMIT, REGISTRY, SOURCE, VANITY, WINDOW, Hub
from tests.e2e.told import (
    assert_fetched,
    assert_no_secret,
    chain,
    exchanges_of,
    kinds,
    report,
    steps,
)

pytestmark = pytest.mark.real

WHOLE = {
    "version-check": 1,
    "token": 1,
    "resolve": 1,
    "manifest-list": 1,
    "manifest": 1,
    "config": 1,
    "layer": 4,
}


def test_storage_is_relayed_unread(
    docker: Docker, hub: Hub, trust: Trust, port: int, zephykus: Image, tmp_path: Path
) -> None:
    """The daemon gets its blobs from the storage itself; the trace has their bytes in all, and no request for them."""
    with mitmdump(tmp_path / "proxy", trust, hub, port, "--set", "pullscope_blobs=relay") as proxy:
        pulled = docker("pull", "timonback/zephykus")
        story = proxy.finish()
    told = report(proxy.recording)

    assert pulled.returncode == 0, pulled.stderr
    built = zephykus.platforms["linux/amd64"]
    assert docker("image", "inspect", "timonback/zephykus", "--format", "{{.Id}}").stdout.strip() == built.config
    assert sum(seen.host == CDN for seen in hub.seen) == 5
    pull = told.pull
    assert pull["outcome"] == "complete"
    for blob in [*steps(pull, "config"), *steps(pull, "layer")]:
        assert chain(blob) == [("registry", 307)]
    [relayed] = pull["layers"]["relayed"]
    assert relayed["host"] == CDN
    blobs = sum(built.sizes[blob] for blob in built.blobs)
    assert blobs < relayed["bytes"] < blobs + 5 * 10_000
    assert pull["findings"] == []
    assert f"4 of 4 layers from {CDN}" in " ".join(story.split())
    assert "relayed unseen" in " ".join(story.split())


def test_pull_is_told_whole(docker: Docker, proxy: Proxy, hub: Hub, zephykus: Image) -> None:
    """A pull of Docker Hub is one complete pull: each request in its step, each digest checked, nothing left over."""
    pulled = docker("pull", "timonback/zephykus")
    story = proxy.finish()
    told = report(proxy.recording)

    assert pulled.returncode == 0, pulled.stderr
    built = zephykus.platforms["linux/amd64"]
    assert docker("image", "inspect", "timonback/zephykus", "--format", "{{.Id}}").stdout.strip() == built.config
    pull = told.pull
    assert pull["action"] == "pull"
    assert pull["reference"] == "docker.io/timonback/zephykus:latest"
    assert (pull["registry"], pull["repository"], pull["tag"]) == ("docker.io", "timonback/zephykus", "latest")
    assert pull["digest"] == zephykus.index
    assert pull["platform"] == "linux/amd64"
    assert kinds(pull) == WHOLE
    assert_fetched(pull, built)
    assert told.exchanges == exchanges_of(hub)
    assert told.document["unattributed"] == []
    for blob in [*steps(pull, "config"), *steps(pull, "layer")]:
        assert chain(blob) == [("registry", 307), ("cdn", 200)]
    assert [finding["code"] for finding in pull["findings"] if finding["severity"] != "info"] == []
    assert_no_secret(proxy, hub, told.document)
    assert "docker.io/timonback/zephykus:latest" in story
    assert "4 of 4 layers" in story


def test_client_is_the_daemon(docker: Docker, proxy: Proxy) -> None:
    """The client is named as the daemon names itself, with its classic store."""
    docker("pull", "timonback/zephykus")
    proxy.finish()
    client = report(proxy.recording).pull["client"]

    version = docker("version", "--format", "{{.Server.Version}}").stdout.strip()
    assert (client["family"], client["store"]) == ("docker", "graphdriver")
    assert client["version"]
    assert version.startswith(client["version"])


def test_hosts_and_limit(docker: Docker, proxy: Proxy, hub: Hub) -> None:
    """Each host has the role it played, and the rate limit is the one that the registry counted."""
    docker("pull", "timonback/zephykus")
    proxy.finish()
    pull = report(proxy.recording).pull

    assert {host["host"]: set(host["roles"]) for host in pull["hosts"]} == {
        REGISTRY: {"registry"},
        "auth.docker.io": {"auth"},
        CDN: {"cdn"},
    }
    limit = pull["rate_limit"]
    assert (limit["limit"], limit["window_seconds"], limit["source"]) == (LIMIT, WINDOW, SOURCE)
    assert limit["remaining_after"] == hub.remaining


def test_overlapping_pulls_stay_apart(docker: Docker, proxy: Proxy, hub: Hub, zephykus: Image, nginx: Image) -> None:
    """A pull that starts and ends in the middle of another's layer takes none of its steps."""
    held = hub.hold(zephykus.platforms["linux/amd64"].layers[3])
    with docker.start("pull", "timonback/zephykus") as first:
        assert held.reached.wait(60), first.output
        second = docker("pull", "nginx:1.27")
        held.released.set()
        assert first.process.wait(60) == 0, first.output
    story = proxy.finish()
    told = report(proxy.recording)

    assert second.returncode == 0, second.stderr
    [ours], [other] = told.of("timonback/zephykus"), told.of("library/nginx")
    assert_fetched(ours, zephykus.platforms["linux/amd64"])
    assert_fetched(other, nginx.platforms["linux/amd64"])
    assert other["reference"] == "docker.io/library/nginx:1.27"
    assert kinds(ours) == WHOLE
    assert kinds(other) == {**WHOLE, "layer": 3}
    assert told.exchanges == exchanges_of(hub)
    assert_no_secret(proxy, hub, told.document)
    assert "4 of 4 layers" in story
    assert "3 of 3 layers" in story


def test_pulls_at_once(docker: Docker, proxy: Proxy, hub: Hub, zephykus: Image, nginx: Image) -> None:
    """Two pulls that are started together are two pulls."""
    with docker.start("pull", "timonback/zephykus") as first, docker.start("pull", "nginx:1.27") as second:
        assert first.process.wait(60) == 0, first.output
        assert second.process.wait(60) == 0, second.output
    proxy.finish()
    told = report(proxy.recording)

    [ours], [other] = told.of("timonback/zephykus"), told.of("library/nginx")
    assert_fetched(ours, zephykus.platforms["linux/amd64"])
    assert_fetched(other, nginx.platforms["linux/amd64"])
    assert told.exchanges == exchanges_of(hub)


def test_second_pull_has_nothing_new(docker: Docker, proxy: Proxy, hub: Hub, zephykus: Image) -> None:
    """A pull that stops after resolving, because the image is there, is complete and says that nothing is new."""
    docker("pull", "timonback/zephykus")
    again = docker("pull", "timonback/zephykus")
    story = proxy.finish()
    told = report(proxy.recording)

    assert "up to date" in again.stdout
    first, second = told.pulls
    assert_fetched(first, zephykus.platforms["linux/amd64"])
    assert second["outcome"] == "complete"
    assert kinds(second) == {"version-check": 1, "token": 1, "resolve": 1}
    assert second["digest"] == zephykus.index
    assert second["layers"]["fetched"] == 0
    assert told.exchanges == exchanges_of(hub)
    assert "nothing new" in story


def test_layers_already_here(docker: Docker, proxy: Proxy, hub: Hub, zephykus: Image) -> None:
    """The same image under another name fetches no layer again, and is told as complete."""
    docker("pull", "timonback/zephykus")
    docker("pull", f"timonback/zephykus@{zephykus.index}")
    proxy.finish()
    told = report(proxy.recording)

    first, second = told.pulls
    assert_fetched(first, zephykus.platforms["linux/amd64"])
    assert second["outcome"] == "complete"
    assert second["layers"]["fetched"] == 0
    assert told.exchanges == exchanges_of(hub)


def test_pull_through_vanity_host(docker: Docker, proxy: Proxy, hub: Hub, zephykus: Image) -> None:
    """A pull through a redirecting host is one pull under that host's name, with the redirect in every step's chain."""
    pulled = docker("pull", f"{VANITY}/timonback/zephykus")
    story = proxy.finish()
    told = report(proxy.recording)

    assert pulled.returncode == 0, pulled.stderr
    pull = told.pull
    assert pull["reference"] == f"{VANITY}/timonback/zephykus:latest"
    assert pull["registry"] == VANITY
    assert_fetched(pull, zephykus.platforms["linux/amd64"])
    assert kinds(pull) == WHOLE
    assert chain(steps(pull, "version-check")[0]) == [("vanity", 302), ("registry", 401)]
    assert chain(steps(pull, "resolve")[0])[0] == ("vanity", 302)
    for blob in [*steps(pull, "config"), *steps(pull, "layer")]:
        assert chain(blob) == [("vanity", 302), ("registry", 307), ("cdn", 200)]
    assert told.exchanges == exchanges_of(hub)
    assert_no_secret(proxy, hub, told.document)
    assert VANITY in story


def test_missing_tag_fails(docker: Docker, proxy: Proxy, hub: Hub) -> None:
    """A tag that does not exist is a failed pull, and the registry's own code is the last thing that is said."""
    pulled = docker("pull", "timonback/zephykus:nope")
    story = proxy.finish()
    told = report(proxy.recording)

    assert pulled.returncode == 1
    pull = told.pull
    assert pull["outcome"] == "failed"
    assert pull["reference"] == "docker.io/timonback/zephykus:nope"
    assert "failed" in {step["outcome"] for step in steps(pull, "resolve")}
    assert told.exchanges == exchanges_of(hub)
    assert "MANIFEST_UNKNOWN" in story


def test_corrupted_layer_is_noticed(docker: Docker, proxy: Proxy, hub: Hub, zephykus: Image) -> None:
    """A layer that is not what its digest says is marked so, whatever its status and length say."""
    bad = zephykus.platforms["linux/amd64"].layers[1]
    hub.corrupt(bad)
    pulled = docker("pull", "timonback/zephykus")
    proxy.finish()
    pull = report(proxy.recording).pull

    assert pulled.returncode == 1
    checked = {step["digest"]: step["verified"] for step in steps(pull, "layer")}
    assert checked[bad] is False
    assert [digest for digest, verified in checked.items() if verified is False] == [bad]
    assert pull["outcome"] != "complete"


def test_killed_in_a_layer(docker: Docker, proxy: Proxy, hub: Hub, zephykus: Image) -> None:
    """A pull that is given up in the middle of a layer is incomplete, and that layer is not taken for fetched."""
    cut = zephykus.platforms["linux/amd64"].layers[3]
    held = hub.hold(cut)
    with docker.start("pull", "timonback/zephykus") as client:
        assert held.reached.wait(60), client.output
        client.stop(with_signal=signal.SIGKILL)
    proxy.program.wait_for("incomplete")
    held.released.set()
    proxy.finish()
    told = report(proxy.recording)

    pull = told.pull
    assert pull["outcome"] == "incomplete"
    assert pull["layers"]["fetched"] < 4
    [layer] = [step for step in steps(pull, "layer") if step["digest"] == cut]
    assert layer["verified"] is not True
    assert_no_secret(proxy, hub, told.document)


def test_pull_after_one_given_up(
    docker: Docker, proxy: Proxy, hub: Hub, trust: Trust, port: int, tmp_path: Path, zephykus: Image
) -> None:
    """A daemon that kept the manifests of a pull that was given up asks for blobs alone: that is not "nothing new"."""
    held = hub.hold(zephykus.platforms["linux/amd64"].layers[3])
    with docker.start("pull", "timonback/zephykus") as client:
        assert held.reached.wait(60), client.output
        client.stop(with_signal=signal.SIGKILL)
    proxy.program.wait_for("incomplete")
    held.released.set()
    proxy.finish()
    with mitmdump(tmp_path / "again", trust, hub, port) as again:
        pulled = docker("pull", "timonback/zephykus")
        story = again.finish()
    pull = report(again.recording).pull

    assert pulled.returncode == 0, pulled.stderr
    assert kinds(pull)["manifest"] == 0
    assert pull["outcome"] == "complete"
    assert pull["digest"] == zephykus.index
    fetched = {step["digest"] for step in pull["steps"] for hop in step["hops"] if hop["role"] == "cdn"}
    assert zephykus.platforms["linux/amd64"].layers[3] in fetched
    assert {step["verified"] for step in pull["steps"] if step["digest"] in fetched} == {True}
    assert "nothing new" not in story


def test_push_mounts_and_uploads(docker: Docker, proxy: Proxy, hub: Hub) -> None:
    """A push that mounts what the registry has and uploads the rest is one push, with a token for each mount."""
    docker("pull", "timonback/zephykus")
    docker("tag", "timonback/zephykus", "timonback/by-docker:1")
    pushed = docker("push", "timonback/by-docker:1")
    proxy.finish()
    told = report(proxy.recording)

    assert pushed.returncode == 0, pushed.stderr
    [push] = told.of("timonback/by-docker")
    assert (push["action"], push["outcome"]) == ("push", "complete")
    assert push["reference"] == "docker.io/timonback/by-docker:1"
    assert kinds(push)["mount"] == 4
    assert kinds(push)["upload-finish"] == 1
    assert (
        len([seen for seen in hub.seen if seen.path == "/token"])
        == kinds(told.pulls[0])["token"] + kinds(push)["token"]
    )
    [put] = steps(push, "manifest-put")
    assert f"digest: {put['digest']} " in pushed.stdout
    assert told.exchanges == exchanges_of(hub)
    assert_no_secret(proxy, hub, told.document)


def test_saved_flows_tell_the_same(docker: Docker, proxy: Proxy) -> None:
    """What mitmproxy saved beside it (-w) gives the same pulls as pullscope's own recording."""
    docker("pull", f"{VANITY}/timonback/zephykus")
    docker("pull", "timonback/zephykus:nope")
    proxy.finish()

    own, saved = report(proxy.recording), report(proxy.flows)
    assert [(pull["reference"], pull["outcome"], kinds(pull)) for pull in saved.pulls] == [
        (pull["reference"], pull["outcome"], kinds(pull)) for pull in own.pulls
    ]
    assert saved.exchanges == own.exchanges
