"""containerd's route: the order and trust of its endpoints, and planted faults that their own fixes cure."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.host.fake_machine import AUTHORITY, plant

from pullscope.host.routes import containerd
from pullscope.host.routes.route import Node, Route
from pullscope.host.tree import Tree
from pullscope.oci.reference import Reference
from pullscope.oci.verdicts import Severity

V2 = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n'
V3 = 'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\n  config_path = "/etc/containerd/certs.d"\n'
CONFIG = "/etc/containerd/config.toml"
DEFAULT = "/etc/containerd/certs.d/_default/hosts.toml"
HUB = "/etc/containerd/certs.d/docker.io/hosts.toml"
MIRROR = '[host."http://127.0.0.1:8600"]\n  capabilities = ["pull", "resolve"]\n'


def node(root: Path) -> Node:
    return Node(tree=Tree(root), sudo="")


def route(root: Path, reference: str = "nginx") -> Route:
    return containerd.route(node(root), Reference.parse(reference))


def asked(found: Route) -> list[tuple[str, str]]:
    return [(endpoint.url, endpoint.asks) for endpoint in found.endpoints]


FAULTS: dict[str, tuple[str, dict[str, str]]] = {
    "no config.toml": ("config-path-not-set", {DEFAULT: MIRROR}),
    "empty config.toml": ("config-path-not-set", {DEFAULT: MIRROR, CONFIG: ""}),
    "config_path empty": ("config-path-not-set", {DEFAULT: MIRROR, CONFIG: V2.replace("/etc/containerd/certs.d", "")}),
    "config_path absent": ("config-path-not-set", {DEFAULT: MIRROR, CONFIG: "version = 3\n[grpc]\n  uid = 0\n"}),
    "table of version 2 in version 3": ("config-in-wrong-table", {DEFAULT: MIRROR, CONFIG: V2.replace("= 2", "= 3")}),
    "no version": ("config-in-wrong-table", {DEFAULT: MIRROR, CONFIG: V2.replace("version = 2\n", "")}),
    "mirrors beside config_path": (
        "mirrors-and-config-path",
        {
            DEFAULT: MIRROR,
            CONFIG: V2
            + '[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\nendpoint = ["https://m.lan"]\n[grpc]\n',
        },
    ),
    "config.toml is not TOML": ("config-toml-unreadable", {CONFIG: "version = \n"}),
    "hosts.toml is not TOML": ("hosts-toml-refused", {CONFIG: V3, HUB: f"{MIRROR}\nserver = https://a.lan\n"}),
    "unknown capability": ("hosts-toml-refused", {CONFIG: V3, HUB: MIRROR.replace('"resolve"', '"resolv"')}),
    "no resolve": ("capability-missing", {CONFIG: V3, HUB: MIRROR.replace(', "resolve"', "")}),
    "server below a table": ("server-in-host-table", {CONFIG: V3, HUB: f'{MIRROR}server = "https://hub.lan"\n'}),
    "hosts for host": ("hosts-for-host", {CONFIG: V3, HUB: MIRROR.replace("[host.", "[hosts.")}),
    "empty directory hides _default": (
        "own-directory-wins",
        {CONFIG: V3, DEFAULT: MIRROR, "/etc/containerd/certs.d/docker.io/x": ""},
    ),
    "CA alone hides _default": (
        "own-directory-wins",
        {CONFIG: V3, DEFAULT: MIRROR, "/etc/containerd/certs.d/docker.io/ca.crt": AUTHORITY},
    ),
    "no such CA": ("ca-unreadable", {CONFIG: V3, HUB: '[host."https://m.lan"]\n  ca = "/etc/ssl/m.crt"\n'}),
    "CA that is a key": (
        "ca-unreadable",
        {
            CONFIG: V3,
            "/etc/ssl/m.crt": "-----BEGIN PRIVATE",
            HUB: '[host."https://m.lan"]\nca = [\n  "/etc/ssl/m.crt",\n]\n',
        },
    ),
    "http on 443": ("scheme-and-port", {CONFIG: V3, HUB: '[host."http://m.lan:443"]\n'}),
    "https on 80": ("scheme-and-port", {CONFIG: V3, HUB: '[host."https://m.lan:80"]\n'}),
    "http with skip_verify": (
        "http-with-tls-settings",
        {CONFIG: V3, HUB: '[host."http://m.lan"]\nskip_verify = true\n'},
    ),
    "no override_path": ("override-path-missing", {CONFIG: V3, HUB: '[host."https://m.lan/v2/hub"]\n'}),
    "override_path without /v2": (
        "override-path-without-api",
        {CONFIG: V3, HUB: '[host."https://m.lan"]\noverride_path = true\n'},
    ),
    "directory of the API host": (
        "directory-of-api-host",
        {CONFIG: V3, HUB.replace("docker.io", "registry-1.docker.io"): MIRROR},
    ),
    "hosts.toml beside the directories": (
        "hosts-toml-outside",
        {CONFIG: V3, "/etc/containerd/certs.d/hosts.toml": MIRROR},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_named_and_its_fix_cures_it(tmp_path: Path, fault: str) -> None:
    """Each fault has its code, alone; after its printed fix, run as it stands, doctor says nothing."""
    code, files = FAULTS[fault]
    root = plant(tmp_path, files)
    if fault.startswith("empty directory"):
        (root / "etc/containerd/certs.d/docker.io/x").unlink()
    found = route(root)
    assert [problem.code for problem in found.problems] == [code], found.problems
    problem = found.problems[0]
    assert problem.fix is not None
    subprocess.run(["sh", "-ec", problem.fix], check=True)
    assert route(root).problems == ()


@pytest.mark.parametrize("config", [V2, V3, V2 + "[grpc]\nuid = 0\n"])
def test_sound_configuration_has_no_problem(tmp_path: Path, config: str) -> None:
    """The near miss of every fault: a mirror, a server above the tables, a CA that is there, a port of its own."""
    hosts = f'server = "https://hub.lan"\n\n{MIRROR}\n[host."https://m.lan:5000/v2"]\n  ca = "m.crt"\n  override_path = true\n'
    root = plant(tmp_path, {CONFIG: config, HUB: hosts, HUB.replace("hosts.toml", "m.crt"): AUTHORITY, DEFAULT: MIRROR})
    found = route(root)
    assert found.problems == ()
    assert asked(found) == [
        ("http://127.0.0.1:8600/v2/library/nginx", "tag and content"),
        ("https://m.lan:5000/v2/library/nginx", "tag and content"),
        ("https://hub.lan/v2/library/nginx", "tag and content"),
    ]
    assert [endpoint.trust for endpoint in found.endpoints] == [
        "no TLS",
        "CA /etc/containerd/certs.d/docker.io/m.crt and system CAs",
        "system CAs",
    ]
    assert [endpoint.namespace for endpoint in found.endpoints] == ["docker.io"] * 3


def test_registry_itself_is_last_without_server(tmp_path: Path) -> None:
    """Docker Hub's API host ends the list, without ns; a digest is asked for by content alone."""
    root = plant(tmp_path, {CONFIG: V3, DEFAULT: MIRROR})
    last = route(root, f"nginx@sha256:{'a' * 64}").endpoints[-1]
    assert (last.url, last.asks, last.namespace) == ("https://registry-1.docker.io/v2/library/nginx", "content", None)


def test_directory_with_port_wins_over_default(tmp_path: Path) -> None:
    """`HOST_PORT_` counts before `HOST:PORT`, both before `_default`."""
    folder = "/etc/containerd/certs.d"
    files = {
        f"{folder}/r.lan_5000_/hosts.toml": '[host."https://one.lan"]\n',
        f"{folder}/r.lan:5000/hosts.toml": '[host."https://two.lan"]\n',
        DEFAULT: MIRROR,
    }
    root = plant(tmp_path, files | {CONFIG: V3})
    assert [url for url, _ in asked(route(root, "r.lan:5000/app"))] == [
        "https://one.lan/v2/app",
        "https://r.lan:5000/v2/app",
    ]


def test_refused_file_leaves_the_registry_itself(tmp_path: Path) -> None:
    """A hosts.toml with a fault is as if it were not there; the fault names the line."""
    root = plant(tmp_path, {CONFIG: V3, HUB: f"{MIRROR}server = oops\n"})
    found = route(root)
    assert [url for url, _ in asked(found)] == ["https://registry-1.docker.io/v2/library/nginx"]
    assert "line 3" in found.problems[0].message


def test_imported_file_sets_config_path(tmp_path: Path) -> None:
    """What an imported file sets counts."""
    files = {CONFIG: 'version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n', DEFAULT: MIRROR}
    root = plant(tmp_path, files | {"/etc/containerd/conf.d/10.toml": V2})
    assert route(root).problems == ()
    assert route(root).endpoints[0].url == "http://127.0.0.1:8600/v2/library/nginx"


def test_config_path_without_a_slash_is_below_the_root(tmp_path: Path) -> None:
    """A service of systemd runs in /, and so counts what it reads."""
    found = route(plant(tmp_path, {CONFIG: V2.replace('"/etc', '"etc'), DEFAULT: MIRROR}))
    assert found.endpoints[0].url == "http://127.0.0.1:8600/v2/library/nginx"


def test_deprecated_mirrors_are_told_with_their_login(tmp_path: Path) -> None:
    """Without config_path the mirrors of config.toml are asked, and the registry itself after them."""
    table = 'plugins."io.containerd.grpc.v1.cri".registry'
    config = (
        f'version = 2\n[{table}.mirrors."docker.io"]\nendpoint = ["https://m.lan"]\n'
        f'[{table}.configs."m.lan".auth]\nusername = "u"\npassword = "hunter2"\n'
    )
    found = route(plant(tmp_path, {CONFIG: config}))
    assert [url for url, _ in asked(found)] == [
        "https://m.lan/v2/library/nginx",
        "https://registry-1.docker.io/v2/library/nginx",
    ]
    assert found.endpoints[0].login == f"{CONFIG}: registry.configs"
    assert "hunter2" not in str(found.as_json())


def test_ctr_is_told_of_its_option(tmp_path: Path) -> None:
    """`ctr` reads no host directory by itself, and the note has the command that does."""
    found = route(plant(tmp_path, {CONFIG: V3, DEFAULT: MIRROR}))
    assert found.notes == (
        "ctr does not read this by itself: ctr images pull --hosts-dir /etc/containerd/certs.d docker.io/library/nginx:latest",
    )


def test_everything_is_examined_without_a_reference(tmp_path: Path) -> None:
    """Each directory is looked at once, with the registry that it is for."""
    folder = "/etc/containerd/certs.d"
    files = {CONFIG: V3, f"{folder}/r.lan_5000_/hosts.toml": "[", f"{folder}/ghcr.io/hosts.toml": "]", DEFAULT: "="}
    found = containerd.examine(node(plant(tmp_path, files)))
    assert sorted(str(problem.where) for problem in found) == [
        f"{folder}/{name}/hosts.toml" for name in ("_default", "ghcr.io", "r.lan_5000_")
    ]
    assert {problem.severity for problem in found} == {Severity.ERROR}


def test_what_k3s_writes_is_read_and_not_mended(tmp_path: Path) -> None:
    """The files of k3s count where there are no others; the file that they come from is named, and no cure edits them."""
    base = "/var/lib/rancher/k3s/agent/etc/containerd"
    files = {
        f"{base}/config.toml": V3.replace("/etc/containerd/certs.d", f"{base}/certs.d"),
        f"{base}/certs.d/docker.io/hosts.toml": MIRROR.replace(', "resolve"', ""),
    }
    found = route(plant(tmp_path, files))
    assert asked(found)[0] == ("http://127.0.0.1:8600/v2/library/nginx", "content")
    assert [(problem.code, problem.fix) for problem in found.problems] == [("capability-missing", None)]
    assert "/etc/rancher/k3s/registries.yaml" in found.notes[-1]
