"""`mirror on` and `off` in front of running clients: ours first, theirs after it, no restart, and afterwards as before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.e2e import parts
from tests.e2e.listener import Listeners
from tests.e2e.parts import Ctr, Proxy
from tests.e2e.processes import Running
from tests.e2e.test_mirror import mirror
from tests.e2e.test_node_routes import podman_pull, registries, root
from tests.host.fake_machine import listing

from pullscope.host import HostError, command
from pullscope.host.command import Outcome
from pullscope.host.mirror import runtimes, switch
from pullscope.host.mirror.configs import Wish
from pullscope.host.routes.route import Node
from pullscope.host.tree import Tree
from pullscope.oci.verdicts import Problem

pytestmark = pytest.mark.real
__all__ = ["mirror", "registries", "root"]


def turn_on(node: Node, runtime: str, **wish: object) -> None:
    planned = switch.plan(node, runtimes.named(runtime), Wish(**wish))  # type: ignore[arg-type]  # words of each test
    switch.on(node, planned, lambda _: None)


def asked(registries: Listeners) -> list[int]:
    """The listeners in the order of their first request for a manifest since the last call: 0 is ours."""
    ports = [int(url.split("/")[2].rpartition(":")[2]) for url in registries.manifests()]
    registries.asked.clear()
    return [registries.ports.index(port) for port in dict.fromkeys(ports)]


def test_running_dockerd_takes_and_forgets_the_mirror(root: Path, registries: Listeners) -> None:
    """By SIGHUP alone: the same process asks ours before the user's mirror, and after `off` the user's alone."""
    (root / "etc/docker").mkdir(parents=True)
    (root / "var/lib").mkdir(parents=True)
    settings = root / "etc/docker/daemon.json"
    settings.write_text('{\n  "debug": false\n}\n')
    theirs, ours = f"http://127.0.0.1:{registries.ports[1]}", f"http://127.0.0.1:{registries.ports[0]}"
    socket = f"unix://{root / 'd.sock'}"
    daemon: list[str | Path] = [
        "dockerd", "--config-file", settings, "--data-root", root / "data", "--exec-root", root / "exec",
        "-H", socket, "-p", root / "d.pid", "--storage-driver", "vfs",
        "--iptables=false", "--ip6tables=false", "--bridge=none",
    ]  # fmt: skip
    with Running(daemon) as program:
        program.wait_for("API listen on")

        def run(argv: Sequence[str]) -> Outcome:
            match list(argv):
                case ["systemctl", "is-active", *_]:
                    return Outcome(code=0)
                case ["systemctl", "reload", *_]:
                    os.kill(program.process.pid, signal.SIGHUP)
                    return Outcome(code=0)
                case ["docker", "-H", _, *words]:
                    return command.run(["docker", "-H", socket, *words])
            return command.run(argv)

        def pull() -> list[int]:
            words = ["docker", "-H", socket, "pull", "org/app:1"]
            subprocess.run(words, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
            return asked(registries)

        def known() -> list[str]:
            done = command.run(["docker", "-H", socket, "info", "--format", "{{json .RegistryConfig.Mirrors}}"])
            return [url.rstrip("/") for url in json.loads(done.out) or []]

        def wait_until(wanted: list[str]) -> None:
            for _ in range(200):
                if known() == wanted:
                    return
            raise AssertionError(known())

        node = Node(tree=Tree(root), run=run, sudo="")
        then, started = listing(root, ("etc", "var")), program.process.pid
        assert pull() == []
        turn_on(node, "docker", url=ours)
        wait_until([ours])
        assert pull() == [0]
        switch.off(node, runtimes.named("docker"), lambda _: None)
        assert known() == []
        assert pull() == []
        assert listing(root, ("etc", "var")) == then

        settings.write_text(json.dumps({"registry-mirrors": [theirs]}))
        then = listing(root, ("etc", "var"))
        turn_on(node, "docker", url=ours)
        wait_until([ours, theirs])
        assert pull() == [0, 1]
        switch.off(node, runtimes.named("docker"), lambda _: None)
        assert known() == [theirs]
        assert pull() == [1]
        assert listing(root, ("etc", "var")) == then
        assert program.process.poll() is None
        assert program.process.pid == started


def test_running_containerd_asks_ours_first(root: Path, registries: Listeners) -> None:
    """Without a restart: ours, then the user's host, then his server; after `off` as before."""
    folder = root / "etc/containerd/certs.d/r.invalid"
    folder.mkdir(parents=True)
    (root / "var/lib").mkdir(parents=True)
    ours, host, server = (f"http://127.0.0.1:{port}" for port in registries.ports)
    (folder / "hosts.toml").write_text(
        f'server = "{server}"\n\n[host."{host}"]\n  capabilities = ["pull", "resolve"]\n'
    )
    settings = root / "plain.toml"
    settings.write_text(
        f"version = 2\nroot = '{root / 'lib'}'\nstate = '{root / 'run'}'\n"
        f"disabled_plugins = ['io.containerd.grpc.v1.cri']\n[grpc]\naddress = '{root / 'c.sock'}'\n"
    )
    node = Node(tree=Tree(root), sudo="")
    then = listing(root, ("etc", "var"))
    with Running(["containerd", "--config", settings]) as program:
        program.wait_for("containerd successfully booted")

        def pull() -> list[int]:
            words: list[str | Path] = [
                "ctr",
                "--address",
                root / "c.sock",
                "content",
                "fetch",
                "--hosts-dir",
                folder.parent,
                "r.invalid/a:1",
            ]
            subprocess.run(words, check=False, capture_output=True, timeout=60)
            return asked(registries)

        assert pull() == [1, 2]
        turn_on(node, "containerd", url=ours, hosts=("r.invalid",))
        assert pull() == [0, 1, 2]
        switch.off(node, runtimes.named("containerd"), lambda _: None)
        assert pull() == [1, 2]
    assert listing(root, ("etc", "var")) == then


def test_podman_asks_ours_first(root: Path, registries: Listeners) -> None:
    """Ours with the registry as the first part of the path, then the user's mirror, then the registry."""
    ours, mirror, server = (f"127.0.0.1:{port}" for port in registries.ports)
    conf = root / "etc/containers/registries.conf"
    conf.parent.mkdir(parents=True)
    (root / "var/lib").mkdir(parents=True)
    conf.write_text(
        f'[[registry]]\nprefix = "r.invalid"\nlocation = "{server}"\ninsecure = true\n'
        f'[[registry.mirror]]\nlocation = "{mirror}"\ninsecure = true\n'
    )
    node = Node(tree=Tree(root), sudo="")
    podman_pull(root, "r.invalid/a:1")
    assert asked(registries) == [1, 2]
    then = listing(root, ("etc", "var"))
    turn_on(node, "podman", url=f"http://{ours}", hosts=("r.invalid",))
    podman_pull(root, "r.invalid/a:1")
    assert registries.manifests()[0] == f"http://{ours}/v2/r.invalid/a"
    assert asked(registries) == [0, 1, 2]
    switch.off(node, runtimes.named("podman"), lambda _: None)
    podman_pull(root, "r.invalid/a:1")
    assert asked(registries) == [1, 2]
    assert listing(root, ("etc", "var")) == then


def test_the_tracer_is_known_and_proves_itself(registries: Listeners, mirror: Proxy) -> None:
    """One request shows that a registry answers, or that the mirror was not started for it; a stranger is refused."""
    address = mirror.url.removeprefix("http://")
    switch.refuse_stranger(address)
    assert switch.prove(address, "docker.io", "start") == (
        "docker.io answers through the mirror (401: authentication required, as expected)"
    )
    other = switch.prove(address, "ghcr.io", "start")
    assert isinstance(other, Problem)
    assert (other.code, other.fix) == ("mirror-without-registry", "start")
    with pytest.raises(HostError, match="is not pullscope"):
        switch.refuse_stranger(f"127.0.0.1:{registries.ports[0]}")
    missing = switch.prove(f"127.0.0.1:{parts.free_port()}", "docker.io", "start")
    assert isinstance(missing, Problem)
    assert missing.code == "mirror-not-listening"


@pytest.mark.usefixtures("proxy", "zephykus")
def test_containerd_pulls_through_what_on_wrote_and_past_it(root: Path, ctr: Ctr, mirror: Proxy) -> None:
    """With the tracer running the pull is in its story; with the tracer gone the next pull succeeds all the same."""
    (root / "etc/containerd").mkdir(parents=True)
    (root / "var/lib").mkdir(parents=True)
    node = Node(tree=Tree(root), sudo="")
    turn_on(node, "containerd", url=mirror.url)
    words = (
        "content",
        "fetch",
        "--hosts-dir",
        str(root / "etc/containerd/certs.d"),
        "docker.io/timonback/zephykus:latest",
    )
    done = ctr(*words)
    assert done.returncode == 0, done.stderr
    assert "through the mirror" in mirror.finish()
    ctr.remove_images()
    done = ctr(*words)
    assert done.returncode == 0, done.stderr
