"""registries.conf(5): the order of endpoints, short names, and planted faults that their own fixes cure."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.host.fake_machine import plant

from pullscope.host.routes import docker, podman
from pullscope.host.routes.route import Node
from pullscope.host.tree import Tree
from pullscope.oci.reference import Reference

CONF = "/etc/containers/registries.conf"
DROP_IN = f"{CONF}.d/50-hub.conf"
HUB = '[[registry]]\nlocation = "docker.io"\n'
MIRROR = '[[registry.mirror]]\nlocation = "cache.lan/hub"\n'
SEARCH = 'unqualified-search-registries = ["quay.io", "docker.io"]\n'
DIGEST = f"@sha256:{'a' * 64}"


def node(root: Path) -> Node:
    return Node(tree=Tree(root), sudo="")


def urls(root: Path, text: str) -> list[str]:
    return [endpoint.url for endpoint in podman.route(node(root), text).endpoints]


FAULTS: dict[str, tuple[str, dict[str, str]]] = {
    "no TOML": ("registries-conf-refused", {CONF: "[[registry\n"}),
    "scheme in a location": ("registries-conf-refused", {CONF: HUB + MIRROR.replace("cache", "https://cache")}),
    "prefix without location": ("registries-conf-refused", {CONF: HUB.replace("location", "prefix") + MIRROR}),
    "pull-from-mirror of a registry": ("registries-conf-refused", {CONF: f'{HUB}pull-from-mirror = "all"\n{MIRROR}'}),
    "pull-from-mirror of another kind": (
        "registries-conf-refused",
        {CONF: f'{HUB}{MIRROR}pull-from-mirror = "tags"\n'},
    ),
    "both kinds of digest-only": (
        "registries-conf-refused",
        {CONF: f'{HUB}mirror-by-digest-only = true\n{MIRROR}pull-from-mirror = "all"\n'},
    ),
    "old and new form": ("registries-conf-refused", {CONF: f'{HUB}[registries.search]\nregistries = ["quay.io"]\n'}),
    "one location, secure and not": (
        "registries-conf-refused",
        {CONF: f'{HUB}[[registry]]\nprefix = "hub.lan"\nlocation = "docker.io"\ninsecure = true\n'},
    ),
    "search registry with a scheme": (
        "registries-conf-refused",
        {CONF: 'unqualified-search-registries = ["docker.io",\n  "https://quay.io"]\n'},
    ),
    "search registry with a path": (
        "registries-conf-refused",
        {CONF: 'unqualified-search-registries = ["quay.io/org"]\n'},
    ),
    "alias of a short name": ("registries-conf-refused", {CONF: '[aliases]\n"app" = "org/app"\n'}),
    "blocked": ("registry-blocked", {CONF: f"{HUB}blocked = true\n"}),
    "replaced by a drop-in": ("registry-replaced", {CONF: HUB + MIRROR, DROP_IN: HUB}),
    "drop-in without .conf": ("drop-in-not-read", {DROP_IN.removesuffix(".conf"): HUB + MIRROR}),
    "plain http on loopback": ("mirror-without-insecure", {CONF: HUB + MIRROR.replace("cache.lan", "127.0.0.1:5000")}),
    "short name": ("short-name-unresolved", {CONF: HUB}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_named_and_its_fix_cures_it(tmp_path: Path, fault: str) -> None:
    """Each fault has its code, alone; after its printed fix, run as it stands, doctor says nothing."""
    code, files = FAULTS[fault]
    root = plant(tmp_path, files)
    text = "nginx" if fault == "short name" else "docker.io/library/nginx"
    found = podman.route(node(root), text)
    assert [problem.code for problem in found.problems] == [code], found.problems
    assert found.problems[0].fix is not None
    subprocess.run(["sh", "-ec", found.problems[0].fix], check=True)
    assert podman.route(node(root), text).problems == ()


def test_sound_configuration_has_no_problem(tmp_path: Path) -> None:
    """The near miss of the faults: mirrors in a drop-in that says them again, TLS elsewhere, an alias, insecure loopback."""
    local = '[[registry.mirror]]\nlocation = "127.0.0.1:5000"\ninsecure = true\n'
    root = plant(tmp_path, {CONF: SEARCH + HUB + MIRROR, DROP_IN: HUB + MIRROR + local})
    assert podman.route(node(root), "docker.io/library/nginx").problems == ()
    assert urls(root, "docker.io/library/nginx") == [
        "https://cache.lan/v2/hub/library/nginx",
        "https://127.0.0.1:5000/v2/library/nginx",
        "https://registry-1.docker.io/v2/library/nginx",
    ]


def test_longest_prefix_counts_and_rewrites(tmp_path: Path) -> None:
    """A longer prefix wins, its location stands for it; a wildcard stands for the host alone."""
    conf = (
        f'{HUB}{MIRROR}[[registry]]\nprefix = "docker.io/library"\nlocation = "r.lan/base"\n'
        '[[registry]]\nprefix = "*.example.com"\nlocation = "r.lan"\n'
    )
    root = plant(tmp_path, {CONF: conf})
    assert urls(root, "docker.io/library/nginx") == ["https://r.lan/v2/base/nginx"]
    assert urls(root, "docker.io/librarything/nginx")[0] == "https://cache.lan/v2/hub/librarything/nginx"
    assert urls(root, "a.example.com/app") == ["https://r.lan/v2/app"]
    assert urls(root, "example.com/app") == ["https://example.com/v2/app"]


@pytest.mark.parametrize(
    ("kind", "tag", "digest"),
    [
        ('pull-from-mirror = "digest-only"', 1, 2),
        ('pull-from-mirror = "tag-only"', 2, 1),
        ('pull-from-mirror = "all"', 2, 2),
    ],
)
def test_mirrors_for_digests_or_tags_only(tmp_path: Path, kind: str, tag: int, digest: int) -> None:
    """A mirror is left out for the other kind of reference."""
    root = plant(tmp_path, {CONF: f"{HUB}{MIRROR}{kind}\n"})
    assert (len(urls(root, "docker.io/a/b")), len(urls(root, f"docker.io/a/b{DIGEST}"))) == (tag, digest)


def test_short_names_go_by_alias_or_search(tmp_path: Path) -> None:
    """An alias decides alone, also with a tag; else each search registry in its order."""
    root = plant(tmp_path, {CONF: SEARCH, DROP_IN: '[aliases]\n"app" = "r.lan/org/app"\n'})
    assert urls(root, "app:1") == ["https://r.lan/v2/org/app"]
    assert urls(root, "nginx:1") == ["https://quay.io/v2/nginx", "https://registry-1.docker.io/v2/library/nginx"]


def test_login_is_named_by_file_and_key_only(tmp_path: Path) -> None:
    """The first file with the longest key; docker's old key is Docker Hub; what it holds is not told."""
    auth = {
        "auths": {"r.lan": {"auth": "hunter2"}, "r.lan/org": {"auth": "hunter2"}, "https://index.docker.io/v1/": {}}
    }
    root = plant(tmp_path, {"/root/.docker/config.json": json.dumps(auth)})
    found = podman.route(node(root), "r.lan/org/app")
    assert found.endpoints[0].login == "/root/.docker/config.json (r.lan/org)"
    assert podman.route(node(root), "docker.io/a/b").endpoints[0].login.endswith("(https://index.docker.io/v1/)")
    assert podman.route(node(root), "r.landing/org/app").endpoints[0].login == ""
    assert "hunter2" not in str(found.as_json())


def test_blocked_registry_asks_nothing(tmp_path: Path) -> None:
    """A blocked prefix is refused with the line that blocks it."""
    found = podman.route(node(plant(tmp_path, {CONF: f"{HUB}blocked = true\n"})), "docker.io/a/b")
    assert (found.endpoints, found.refused) == ((), f"docker.io is blocked in {CONF}:1")


DOCKER_FAULTS: dict[str, tuple[str, str]] = {
    "no JSON": ("daemon-json-unreadable", '{"registry-mirrors": ["https://m.lan"],}'),
    "a text for a list": ("daemon-json-unreadable", '{"registry-mirrors": "https://m.lan"}'),
    "a mirror with a path": ("mirror-not-an-origin", '{"registry-mirrors": ["https://m.lan/v2/hub"]}'),
    "a mirror without a scheme": ("mirror-not-an-origin", '{"registry-mirrors": ["https://a.lan", "m.lan:5000"]}'),
    "another key": ("mirrors-by-another-name", '{"registry-mirror": ["https://m.lan"]}'),
}


@pytest.mark.parametrize("fault", DOCKER_FAULTS)
def test_planted_fault_of_daemon_json_is_cured_by_its_fix(tmp_path: Path, fault: str) -> None:
    """The same for dockerd."""
    code, content = DOCKER_FAULTS[fault]
    root = plant(tmp_path, {"/etc/docker/daemon.json": content})
    found = docker.examine(node(root))
    assert [problem.code for problem in found] == [code]
    assert found[0].fix is not None
    subprocess.run(["sh", "-ec", found[0].fix], check=True)
    assert docker.examine(node(root)) == ()


def test_dockerd_asks_mirrors_for_docker_hub_only(tmp_path: Path) -> None:
    """Mirrors in their order and the registry last; for another registry none, which is said."""
    settings = '{"registry-mirrors": ["http://127.0.0.1:8600", "https://m.lan/"], "insecure-registries": ["r.lan"]}'
    at = node(plant(tmp_path, {"/etc/docker/daemon.json": settings}))
    hub = docker.route(at, Reference.parse("nginx"))
    assert [(item.url, item.trust) for item in hub.endpoints] == [
        ("http://127.0.0.1:8600/v2/library/nginx", "no TLS"),
        ("https://m.lan/v2/library/nginx", "system CAs"),
        ("https://registry-1.docker.io/v2/library/nginx", "system CAs"),
    ]
    other = docker.route(at, Reference.parse("r.lan/app"))
    assert [(item.url, item.trust) for item in other.endpoints] == [("https://r.lan/v2/app", docker.INSECURE_WORDS)]
    assert "Docker Hub only" in other.notes[0]


def test_the_containerd_store_names_the_registry_to_a_mirror(tmp_path: Path) -> None:
    """dockerd with the containerd store sends `?ns=docker.io`, the classic one nothing."""
    settings = '{"registry-mirrors": ["http://127.0.0.1:8600"], "features": {"containerd-snapshotter": true}}'
    at = node(plant(tmp_path, {"/etc/docker/daemon.json": settings}))
    assert [item.namespace for item in docker.route(at, Reference.parse("nginx")).endpoints] == ["docker.io", None]
    plant(tmp_path, {"/etc/docker/daemon.json": settings.replace("true", "false")})
    assert docker.route(at, Reference.parse("nginx")).endpoints[0].namespace is None
