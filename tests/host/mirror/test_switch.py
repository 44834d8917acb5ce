"""`mirror on` and `off` on a tree: our mirror first, theirs kept behind it, every byte back, also after a kill at any step."""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.host.fake_machine import AUTHORITY, Killed, Systemd, debian, kill_at, listing, plant
from tests.share import share

from pullscope.host import HostError
from pullscope.host.mirror import runtimes, switch
from pullscope.host.mirror.configs import Wish
from pullscope.host.routes import containerd, podman
from pullscope.host.routes.route import Node
from pullscope.host.tree import Tree
from pullscope.oci.reference import Reference

OURS = "http://127.0.0.1:8600"
CERTS = "/etc/containerd/certs.d"
V3 = f'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\n  config_path = "{CERTS}"\n'
HOSTS = '# ours\nserver = "https://hub.lan"\n\n# the cache\n[host."https://cache.lan"]\n  capabilities = ["pull", "resolve"]\n'
CONF = '[[registry]]\nlocation = "docker.io"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "cache.lan/hub"\n'

BUILDKIT = (
    'debug = true\n[registry."docker.io"]\n  mirrors = [\n    "cache.lan",\n  ]\n[registry."cache.lan"]\n  http = true'
)
CACHE = '  # the cache\n  "docker.io":\n    endpoint:\n      - "https://cache.lan"\n'
REGISTRIES = f"mirrors:\n{CACHE}configs:\n  cache.lan:\n    tls:\n"

BEFORE: dict[str, tuple[str, dict[str, str]]] = {
    "containerd, nothing there": ("containerd", {"/etc/containerd/config.toml": V3}),
    "containerd, hosts.toml": (
        "containerd",
        {"/etc/containerd/config.toml": V3, f"{CERTS}/docker.io/hosts.toml": HOSTS},
    ),
    "containerd, _default": (
        "containerd",
        {"/etc/containerd/config.toml": V3, f"{CERTS}/_default/hosts.toml": HOSTS.rstrip()},
    ),
    "containerd, only a server": ("containerd", {f"{CERTS}/docker.io/hosts.toml": 'server = "https://hub.lan"'}),
    "containerd, certificates": (
        "containerd",
        {"/etc/containerd/config.toml": V3, f"{CERTS}/docker.io/ca.crt": AUTHORITY},
    ),
    "docker, nothing there": ("docker", {}),
    "docker, mirrors": (
        "docker",
        {"/etc/docker/daemon.json": '{\n  "registry-mirrors": [\n    "https://cache.lan"\n  ]\n}\n'},
    ),
    "docker, other settings": ("docker", {"/etc/docker/daemon.json": '{"debug":true}'}),
    "podman, nothing there": ("podman", {}),
    "podman, a mirror": ("podman", {"/etc/containers/registries.conf": CONF}),
    "buildkit, nothing there": ("buildkit", {}),
    "buildkit, mirrors": ("buildkit", {"/etc/buildkit/buildkitd.toml": BUILDKIT}),
    "k3s, nothing there": ("k3s", {"/etc/rancher/k3s/x": ""}),
    "k3s, mirrors": ("k3s", {"/etc/rancher/k3s/registries.yaml": REGISTRIES}),
    "rke2, another registry": (
        "rke2",
        {"/etc/rancher/rke2/registries.yaml": "mirrors:\n  ghcr.io:\n    endpoint: [a]\n"},
    ),
    "crio": ("crio", {"/etc/containers/registries.conf.d/50.conf": CONF, "/etc/crio/x": ""}),
}


def node_of(systemd: Systemd, fault: Callable[[str], None] | None = None) -> Node:
    return Node(tree=Tree(systemd.root, fault=fault) if fault else systemd.tree, run=systemd, sudo="")


def turn_on(node: Node, runtime: str, **wish: object) -> list[str]:
    told: list[str] = []
    planned = switch.plan(node, runtimes.named(runtime), Wish(**wish))  # type: ignore[arg-type]  # words of each test
    switch.on(node, planned, told.append)
    return [*told, *planned.notes]


def turn_off(node: Node, runtime: str) -> list[str]:
    told: list[str] = []
    undone = switch.off(node, runtimes.named(runtime), told.append)
    assert undone.left == ()
    return told


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("until", [None, "2030-01-01 00:00:00 UTC"])
def test_off_restores_what_was_there(tmp_path: Path, before: str, until: str | None) -> None:
    """After `on` and `off` every path has its bytes, mode and owner, and dockerd its mirrors, without a restart."""
    runtime, files = BEFORE[before]
    systemd = Systemd(debian(tmp_path, **files))
    then, mirrors, starts = listing(tmp_path), systemd.mirrors, systemd.starts
    turn_on(node_of(systemd), runtime, until=until)
    assert listing(tmp_path) != then
    if runtime == "docker":
        assert systemd.mirrors == [f"{OURS}/", *mirrors]
    turn_off(node_of(systemd), runtime)
    assert listing(tmp_path) == then
    assert (systemd.mirrors, systemd.starts) == (mirrors, starts)


@pytest.mark.parametrize("before", share(BEFORE))
def test_killed_at_any_step_off_restores_every_byte(tmp_path: Path, before: str) -> None:
    """For every step of `on`, and of `off`: killed there, a later `off` brings every byte and every mirror back."""
    runtime, files = BEFORE[before]
    systemd = Systemd(debian(tmp_path, **files))
    then, mirrors = listing(tmp_path), systemd.mirrors
    steps = 0
    for during in ("on", "off"):
        for step in itertools.count():
            if during == "off":
                turn_on(node_of(systemd), runtime, until="2030-01-01 00:00:00 UTC")
            node = node_of(systemd, kill_at(step))
            try:
                if during == "on":
                    turn_on(node, runtime, until="2030-01-01 00:00:00 UTC")
                else:
                    turn_off(node, runtime)
            except Killed:
                steps += 1
            else:
                turn_off(node_of(systemd), runtime)
                break
            turn_off(node_of(systemd), runtime)
            assert listing(tmp_path) == then, f"after step {step} of {during}"
            assert systemd.mirrors == mirrors, f"after step {step} of {during}"
    assert steps > 12


@pytest.mark.parametrize("before", BEFORE)
def test_a_second_on_changes_nothing(tmp_path: Path, before: str) -> None:
    """The same wish again leaves every byte but the journal's as it is."""
    runtime, files = BEFORE[before]
    systemd = Systemd(debian(tmp_path, **files))
    turn_on(node_of(systemd), runtime)
    then = listing(tmp_path)
    assert not [line for line in turn_on(node_of(systemd), runtime) if line.endswith("written")]
    assert {path: item for path, item in listing(tmp_path).items() if "journal" not in path} == {
        path: item for path, item in then.items() if "journal" not in path
    }


@pytest.mark.parametrize("before", [name for name in BEFORE if name.startswith("containerd")])
def test_containerd_asks_ours_first_and_theirs_behind_it(tmp_path: Path, before: str) -> None:
    """`doctor containerd` of the written tree: ours, then what was asked before, in its order."""
    _, files = BEFORE[before]
    node = node_of(Systemd(debian(tmp_path, **{"/etc/containerd/config.toml": V3, **files})))
    reference = Reference.parse("nginx")
    was = containerd.route(node, reference).endpoints
    turn_on(node, "containerd")
    now = containerd.route(node, reference).endpoints
    assert now[0].url == f"{OURS}/v2/library/nginx"
    assert [(item.url, item.trust) for item in now[1:]] == [(item.url, item.trust) for item in was]


@pytest.mark.parametrize("before", ["podman, nothing there", "podman, a mirror", "crio"])
def test_podman_asks_ours_first_and_theirs_behind_it(tmp_path: Path, before: str) -> None:
    """`doctor podman` of the written tree: ours, then what was asked before, and the settings of the user's table stay."""
    runtime, files = BEFORE[before]
    node = node_of(Systemd(debian(tmp_path, **files)))
    reference = f"docker.io/library/nginx@sha256:{'a' * 64}"
    was = podman.route(node, reference).endpoints
    turn_on(node, runtime)
    now = podman.route(node, reference).endpoints
    assert now[0].url == "https://127.0.0.1:8600/v2/docker.io/library/nginx"
    assert now[0].trust.endswith("plain http")
    assert [item.url for item in now[1:]] == [item.url for item in was]
    by_tag = [item.url for item in podman.route(node, "docker.io/library/nginx").endpoints]
    assert len(by_tag) == (2 if before == "podman, nothing there" else 1)


def test_what_a_user_changed_since_stays(tmp_path: Path) -> None:
    """A host added behind ours, a mirror added before ours: theirs stays, ours goes."""
    files = {f"{CERTS}/docker.io/hosts.toml": HOSTS, "/etc/docker/daemon.json": '{"debug": true}'}
    systemd = Systemd(debian(tmp_path, **files))
    node = node_of(systemd)
    turn_on(node, "containerd")
    turn_on(node, "docker")
    hosts, settings = tmp_path / f"{CERTS[1:]}/docker.io/hosts.toml", tmp_path / "etc/docker/daemon.json"
    hosts.write_text(hosts.read_text() + '[host."https://new.lan"]\n')
    settings.write_text('{"debug": true, "registry-mirrors": ["https://new.lan", "http://127.0.0.1:8600"]}')
    turn_off(node, "containerd")
    turn_off(node, "docker")
    assert hosts.read_text() == HOSTS + '[host."https://new.lan"]\n'
    assert json.loads(settings.read_text()) == {"debug": True, "registry-mirrors": ["https://new.lan"]}


def test_docker_on_and_mirror_on_undo_in_any_order(tmp_path: Path) -> None:
    """Two journals for one daemon.json: the one that was first may go first."""
    from pullscope.host import plan
    from pullscope.host import switch as docker_switch
    from pullscope.host.requested import Wish as DockerWish

    systemd = Systemd(debian(tmp_path, **{"/etc/docker/daemon.json": '{\n  "debug": true\n}\n'}))
    then = listing(tmp_path)
    turn_on(node_of(systemd), "docker")
    planned = plan.plan(systemd.look(), DockerWish(authority=AUTHORITY, insecure=("r.lan",)))
    docker_switch.on(systemd.look(), planned, lambda _: None)
    turn_off(node_of(systemd), "docker")
    docker_switch.off(systemd.look(), lambda _: None)
    assert listing(tmp_path) == then


REFUSED: dict[str, tuple[str, dict[str, str], str]] = {
    "hosts.toml": ("containerd", {f"{CERTS}/docker.io/hosts.toml": "[host\n"}, "is not TOML"),
    "daemon.json": ("docker", {"/etc/docker/daemon.json": "{,}"}, "is not JSON"),
    "mirrors that are not list": ("docker", {"/etc/docker/daemon.json": '{"registry-mirrors": "x"}'}, "not a list"),
    "registries.conf": ("podman", {"/etc/containers/registries.conf": "[[registry]]\n"}, "without a location"),
    "a flag": (
        "docker",
        {
            "/lib/systemd/system/docker.service": "[Service]\nExecStart=/usr/sbin/dockerd --registry-mirror https://m.lan\n"
        },
        "--registry-mirror",
    ),
    "a symbolic link": ("docker", {"/etc/docker/real.json": "{}"}, "symbolic link"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_understood_is_refused_and_nothing_changed(tmp_path: Path, case: str) -> None:
    """A file that the client itself would refuse is left as it is, with a sentence that names it."""
    runtime, files, words = REFUSED[case]
    systemd = Systemd(plant(debian(tmp_path), files)) if "daemon.json" not in str(files) else None
    if systemd is None:
        systemd = Systemd(debian(tmp_path))
        plant(tmp_path, files)
    if case == "a symbolic link":
        (tmp_path / "etc/docker/daemon.json").symlink_to("real.json")
    then = listing(tmp_path)
    with pytest.raises(HostError, match=words) as refused:
        turn_on(node_of(systemd), runtime)
    assert "Nothing changed" in str(refused.value)
    assert listing(tmp_path) == then


def test_a_reload_that_fails_puts_everything_back(tmp_path: Path) -> None:
    """dockerd that refuses the signal keeps its files."""
    systemd = Systemd(debian(tmp_path))
    then = listing(tmp_path)
    node = node_of(systemd)
    from pullscope.host.command import Outcome

    def run(argv: object) -> Outcome:
        words = list(argv)  # type: ignore[call-overload]  # a command line
        return Outcome(code=1, err="no") if words[1] == "reload" else systemd(words)

    with pytest.raises(HostError, match="Everything was put back"):
        turn_on(Node(tree=node.tree, run=run, sudo=""), "docker")
    assert listing(tmp_path) == then


def test_only_what_is_here_is_found(tmp_path: Path) -> None:
    """Docker's own containerd, whose CRI is off, is none; each other client is known by its files."""
    here = [runtime.id for runtime in runtimes.here(Node(tree=Tree(debian(tmp_path))))]
    assert here == ["docker"]
    plant(
        tmp_path,
        {"/lib/systemd/system/containerd.service": "", "/etc/containerd/config.toml": 'disabled_plugins = ["cri"]\n'},
    )
    assert [runtime.id for runtime in runtimes.here(Node(tree=Tree(tmp_path)))] == ["docker"]
    plant(tmp_path, {"/etc/containerd/config.toml": V3, "/usr/bin/skopeo": ""})
    assert [runtime.id for runtime in runtimes.here(Node(tree=Tree(tmp_path)))] == ["containerd", "docker", "podman"]


def test_hub_is_called_by_its_name() -> None:
    """registry-1.docker.io as a registry is refused with the name that references have."""
    with pytest.raises(ValueError, match=r"docker\.io"):
        Wish(hosts=("registry-1.docker.io",))


def test_buildkit_asks_ours_first_in_plain_http(tmp_path: Path) -> None:
    """The mirrors that were there stay behind ours, and ours is http."""
    node = node_of(Systemd(debian(tmp_path, **BEFORE["buildkit, mirrors"][1])))
    turn_on(node, "buildkit", hosts=("docker.io", "ghcr.io"))
    written = tomllib.loads((tmp_path / "etc/buildkit/buildkitd.toml").read_text())
    assert written == {
        "debug": True,
        "registry": {
            "docker.io": {"mirrors": ["127.0.0.1:8600", "cache.lan"]},
            "ghcr.io": {"mirrors": ["127.0.0.1:8600"]},
            "cache.lan": {"http": True},
            "127.0.0.1:8600": {"http": True},
        },
    }


def test_k3s_endpoints_are_kept_behind_ours(tmp_path: Path) -> None:
    """A registry that is there gets ours first; one that is not is added; everything else stays."""
    node = node_of(Systemd(debian(tmp_path, **BEFORE["k3s, mirrors"][1])))
    turn_on(node, "k3s", hosts=("docker.io", "ghcr.io"))
    assert (tmp_path / "etc/rancher/k3s/registries.yaml").read_text() == (
        'mirrors:\n  "ghcr.io":\n    endpoint:\n      - "http://127.0.0.1:8600"\n  # the cache\n  "docker.io":\n    endpoint:\n'
        '      - "http://127.0.0.1:8600"\n      - "https://cache.lan"\nconfigs:\n  cache.lan:\n    tls:\n'
    )


OTHER_YAML = [
    "mirrors: {docker.io: {}}\n",
    "mirrors:\n  docker.io:\n    endpoint: [a]\n",
    "[]\n",
    "mirrors: ~\n",
    "a: 1\n...\n",
    "a: [\n",
]


@pytest.mark.parametrize("text", OTHER_YAML)
def test_yaml_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    """What is not block style is left as it is."""
    systemd = Systemd(debian(tmp_path, **{"/etc/rancher/k3s/registries.yaml": text}))
    with pytest.raises(HostError, match="form that is not edited here"):
        turn_on(node_of(systemd), "k3s")
    assert (tmp_path / "etc/rancher/k3s/registries.yaml").read_text() == text


@pytest.mark.parametrize(
    "order",
    [("containerd", "podman", "docker"), ("docker", "podman", "containerd"), ("podman", "docker", "containerd")],
)
def test_several_are_undone_in_any_order(tmp_path: Path, order: tuple[str, ...]) -> None:
    """Directories that two of them needed go with the last, whichever made them."""
    root = plant(tmp_path, {"/var/lib/.keep": "", "/etc/.keep": ""})
    then = listing(root)
    node = Node(tree=Tree(root), sudo="")
    for runtime in ("containerd", "docker", "podman"):
        turn_on(node, runtime, until="2030-01-01 00:00:00 UTC")
    for runtime in order:
        turn_off(node, runtime)
    assert listing(root) == then


def test_what_k3s_writes_is_left_to_k3s(tmp_path: Path) -> None:
    """k3s' containerd is not found as one of its own, and asked for by name it is refused with the right one."""
    base = "/var/lib/rancher/k3s/agent/etc/containerd"
    files = {f"{base}/config.toml": V3.replace(CERTS, f"{base}/certs.d"), "/etc/rancher/k3s/x": ""}
    node = Node(tree=Tree(plant(tmp_path, files)), sudo="")
    assert [runtime.id for runtime in runtimes.here(node)] == ["k3s"]
    with pytest.raises(HostError, match="--for k3s"):
        turn_on(node, "containerd")


def test_a_user_file_stays_out_of_the_drop_in(tmp_path: Path) -> None:
    """The mirrors of one user's registries.conf are not given to every user; that they rest is said."""
    own = "/home/ann/.config/containers/registries.conf"
    root = plant(tmp_path, {own: CONF, "/var/lib/.keep": "", "/etc/.keep": ""})
    node = Node(tree=Tree(root), sudo="", home="/home/ann")
    assert f"{own} has a [[registry]] docker.io of its own" in "\n".join(turn_on(node, "podman"))
    assert "cache.lan" not in (root / "etc/containers/registries.conf.d/zzz-pullscope.conf").read_text()
