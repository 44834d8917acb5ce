"""What `docker info` says, whatever it says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullscope.host import docker_daemon, layout
from pullscope.host.command import Outcome

KEYS = (
    "ServerVersion",
    "RegistryConfig",
    "DriverStatus",
    "ContainersRunning",
    "LiveRestoreEnabled",
    "HttpsProxy",
    "OperatingSystem",
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["IndexConfigs", "InsecureRegistryCIDRs", "a", "Secure"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(KEYS), ANY))
def test_any_document_is_a_daemon(info: dict[str, object]) -> None:
    """What is missing or of another type is empty: an `off` must not end at what a daemon says."""
    found = docker_daemon.read_info(info)
    assert isinstance(found.running, int)
    assert all(isinstance(name, str) for name in found.insecure)


@pytest.mark.parametrize("out", ["", "[]", "{}", "null", "[" * 100_000, '{"ServerVersion": ""}'])
def test_what_is_no_document_is_no_daemon(out: str) -> None:
    """As where it does not answer."""
    assert docker_daemon.ask(lambda _: Outcome(code=0, out=out), layout.SYSTEM) is None


def test_a_document_is_read() -> None:
    """The store, the insecure registries, the running containers."""
    info = {
        "ServerVersion": "29.1.0",
        "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
        "ContainersRunning": 2,
        "RegistryConfig": {
            "IndexConfigs": {"a.lan": {"Secure": False}, "docker.io": {"Secure": True}},
            "InsecureRegistryCIDRs": ["127.0.0.0/8"],
        },
    }
    found = docker_daemon.ask(lambda _: Outcome(code=0, out=json.dumps(info)), layout.SYSTEM)
    assert found is not None
    assert (found.containerd_store, found.running, found.insecure) == (True, 2, frozenset({"a.lan", "127.0.0.0/8"}))


@pytest.mark.parametrize(
    ("version", "expected"),
    [("29.5.0", True), ("29.4.9", False), ("30.0", True), ("29.x", False), ("29.", False), ("", False), ("dev", False)],
)
def test_a_version_is_compared(version: str, expected: bool) -> None:
    """Whatever stands for one."""
    assert docker_daemon.at_least(version, 29, 5) is expected
