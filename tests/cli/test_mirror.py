"""`pullscope mirror` and `pullscope doctor` as commands: exit codes, words, JSON, on a tree."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.host.fake_machine import debian, listing, plant
from typer.testing import CliRunner

from pullscope.cli.main import app

V3 = 'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\n  config_path = "/etc/containerd/certs.d"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return debian(tmp_path, **{"/etc/containerd/config.toml": V3, "/usr/bin/podman": ""})


def run(*words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.output


def test_on_status_off_by_hand(root: Path) -> None:
    """`on` for all that is here says an undo that works; `status` names the files; `off` leaves nothing."""
    then = listing(root)
    code, words = run("mirror", "on", "--root", root)
    assert code == 0, words
    assert words.count("undo  ") == 3
    assert f"mirror off --for docker --root {root}" in words
    code, words = run("mirror", "status", "--root", root, "--json")
    found = {item["runtime"]: item for item in json.loads(words)["runtimes"]}
    assert {name for name, item in found.items() if item["on"]} == {"containerd", "docker", "podman"}
    assert found["docker"]["files"] == ["/etc/docker/daemon.json"]
    code, words = run("mirror", "off", "--root", root)
    assert code == 0, words
    assert listing(root) == then
    assert "Nothing was on" in run("mirror", "off", "--root", root)[1]


def test_on_says_what_else_keeps_the_mirror_from_being_asked(root: Path) -> None:
    """Without config_path CRI reads nothing of what was written: said at once, with the cure, which then is all."""
    (root / "etc/containerd/config.toml").write_text("version = 3\n")
    code, words = run("mirror", "on", "--root", root, "--for", "containerd")
    assert code == 0
    assert "sets no config_path" in words
    fix = words.partition(" fix    ")[2].partition("\n")[0]
    subprocess.run(["sh", "-ec", fix], check=True)
    assert "sets no config_path" not in run("mirror", "on", "--root", root, "--for", "containerd")[1]


def test_dry_run_writes_nothing(root: Path) -> None:
    """Every change is a diff, every command a line, and no byte is written."""
    then = listing(root)
    code, words = run("mirror", "on", "--root", root, "--for", "docker", "--for", "30m", "-n")
    assert code == 0
    assert '+  "registry-mirrors": ["http://127.0.0.1:8600"]' in words.replace("[\n+    ", "[").replace("\n+  ]", "]")
    assert "run: systemctl reload docker.service" in words
    assert "pullscope-mirror-docker-off.timer" in words
    assert listing(root) == then


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--for", "kaniko"), "not one of containerd, docker, podman"),
        (("--for", "30m", "--for", "1h"), "two times"),
        (("--for", "docker", "--host", "registry-1.docker.io"), "it is called docker.io"),
        (("--for", "30 parsecs"), "not a time span"),
    ],
)
def test_wrong_words_are_usage(root: Path, words: tuple[str, ...], said: str) -> None:
    """Each is refused with 2 and one sentence."""
    code, output = run("mirror", "on", "--root", root, *words)
    assert (code, said in output) == (2, True), output


def test_doctor_ends_with_three_for_an_error(root: Path) -> None:
    """A fault of severity error is 3, its JSON has the fix; a sound machine is 0."""
    assert run("doctor", "containerd", "nginx", "--root", root)[0] == 0
    plant(root, {"/etc/containerd/certs.d/docker.io/hosts.toml": "["})
    code, words = run("doctor", "containerd", "nginx", "--root", root, "--json")
    document = json.loads(words)
    assert (code, document["verdict"], document["problems"][0]["code"]) == (3, "problems", "hosts-toml-refused")
    assert document["endpoints"][0]["url"] == "https://registry-1.docker.io/v2/library/nginx"
    code, words = run("doctor", "podman", "quay.io/a/b", "--root", root)
    assert code == 0
    assert words.splitlines() == [
        "podman asks these endpoints for quay.io/a/b:",
        "  1  https://quay.io/v2/a/b",
        "     tag and content; system CAs; from default",
        "healthy: podman's configuration",
    ]
    assert run("doctor", "docker", "UPPER", "--root", root)[0] == 2


def test_trace_says_the_on_that_goes_with_it() -> None:
    """What `trace --mirror` prints as the next step is this command, with the hosts and the port that it has."""
    from pullscope.cli.trace import _next_steps

    said = list(_next_steps("http://127.0.0.1:8600", ["docker.io"], 8600))
    assert said[1] == "next    sudo pullscope mirror on"
    said = list(_next_steps("http://127.0.0.1:9", ["ghcr.io", "docker.io"], 9))
    assert said[1] == "next    sudo pullscope mirror on --host ghcr.io --host docker.io --port 9"
