"""Configuration files of any kind: a route or a refusal comes of each, never a traceback, and never an escape code."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.host.fake_machine import plant
from tests.host.mirror.test_switch import BEFORE
from tests.host.routes import test_containerd, test_podman

from pullscope.host import HostError
from pullscope.host.mirror import runtimes, switch
from pullscope.host.mirror.configs import Wish
from pullscope.host.routes import containerd, docker, podman
from pullscope.host.routes.route import Node
from pullscope.host.tree import Tree
from pullscope.oci.reference import Reference

FILES = [files for _, files in (*test_containerd.FAULTS.values(), *test_podman.FAULTS.values(), *BEFORE.values())]
FILES = [files for files in FILES if files]
FILES += [{"/etc/docker/daemon.json": text} for _, text in test_podman.DOCKER_FAULTS.values()]
ODD = st.sampled_from(
    [
        "",
        "[",
        "]",
        '"',
        "=",
        "\n",
        "\x1b[2J",
        "1",
        "true",
        "{}",
        "http://[",
        "\u2028",
        "host",
        '[host."x"]\n',
        "mirrors = 3\n",
    ]
)


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_any_edit_of_a_file_is_read_or_refused(data: st.DataObject) -> None:
    """A slice of a sound or faulty file replaced by something odd: every client has an answer, and `on` a plan or a reason."""
    files = dict(data.draw(st.sampled_from(FILES)))
    path = data.draw(st.sampled_from(sorted(files)))
    text = files[path]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    files[path] = text[:start] + data.draw(ODD) + text[end:]
    with tempfile.TemporaryDirectory() as folder:
        node = Node(tree=Tree(plant(Path(folder), files)), sudo="")
        reference = Reference.parse("nginx")
        for found in (containerd.route(node, reference), podman.route(node, "nginx"), docker.route(node, reference)):
            assert found.endpoints or found.refused
        containerd.examine(node)
        podman.examine(node)
        for runtime in runtimes.RUNTIMES.values():
            runtime.here(node)
            with contextlib.suppress(HostError):
                switch.plan(node, runtime, Wish())


WRONG_TYPES = (
    "version = true\n",
    'version = "2"\n',
    "version = 2\nplugins = 3\n",
    'version = 2\nimports = 3\n[plugins."io.containerd.grpc.v1.cri"]\nregistry = [1]\n',
    'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = 3\nmirrors = "x"\nconfigs = "y"\n',
    'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nmirrors = {"docker.io" = {endpoint = ["http://[", 1]}}\n',
    'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nmirrors = {"*" = {endpoint = ["a"]}}\nconfigs = {a = "b"}\n',
)


@pytest.mark.parametrize("text", WRONG_TYPES)
def test_values_of_wrong_types_are_passed_over(tmp_path: Path, text: str) -> None:
    """config.toml with a value of another type than containerd reads."""
    node = Node(tree=Tree(plant(tmp_path, {"/etc/containerd/config.toml": text})), sudo="")
    found = containerd.route(node, Reference.parse("nginx"))
    assert found.endpoints[-1].url == "https://registry-1.docker.io/v2/library/nginx"


def test_no_escape_code_of_a_file_reaches_the_terminal(tmp_path: Path) -> None:
    """A key with a terminal's control codes is printed without them."""
    from typer.testing import CliRunner

    from pullscope.cli.main import app

    hosts = '[host."https://m.lan\\u001b[2J"]\n  capabilities = ["pull"]\n'
    plant(tmp_path, {"/etc/containerd/config.toml": test_containerd.V3, test_containerd.HUB: hosts})
    done = CliRunner().invoke(app, ["doctor", "containerd", "nginx", "--root", str(tmp_path)])
    assert "m.lan" in done.output
    assert "\x1b" not in done.output
