"""The real parts as fixtures: what is slow to start lives for the session, what a test asks about is its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e import parts
from tests.e2e.images import Image, build_image
from tests.e2e.standin import Hub

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the tests of this folder where a part is missing; in CI that would be a hole, so there they fail."""
    if os.environ.get("CI") == "true":
        return
    why = parts.missing_parts()
    for item in items:
        if why and item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if why := parts.missing_parts():
        pytest.fail(why)
    return tmp_path_factory.mktemp("real")


@pytest.fixture(scope="session")
def trust(ground: Path) -> parts.Trust:
    return parts.certify(ground / "trust")


@pytest.fixture(scope="session")
def zephykus(ground: Path) -> Image:
    """timonback/zephykus:latest"""
    return build_image(ground / "zephykus", seed="zephykus")


@pytest.fixture(scope="session")
def nginx(ground: Path) -> Image:
    """library/nginx:1.27"""
    return build_image(ground / "nginx", seed="nginx", layers=(300_000, 700, 90))


@pytest.fixture(scope="session")
def registry(ground: Path, zephykus: Image, nginx: Image) -> Iterator[int]:
    """A real docker-registry with both images in it."""
    with parts.docker_registry(ground / "registry") as port:
        parts.fill(port, zephykus, "timonback/zephykus:latest")
        parts.fill(port, nginx, "library/nginx:1.27")
        yield port


@pytest.fixture(scope="session")
def port() -> int:
    """Where each test's proxy listens, since the daemon that lives longer was told so."""
    return parts.free_port()


@pytest.fixture(scope="session")
def daemons(trust: parts.Trust, port: int) -> Iterator[tuple[parts.Docker, parts.Ctr]]:
    with parts.daemons(f"http://localhost:{port}", trust) as running:
        yield running


@pytest.fixture
def hub(registry: int, trust: parts.Trust) -> Iterator[Hub]:
    with Hub(registry=registry, certificate=trust.certificate, key=trust.key) as standin:
        yield standin


@pytest.fixture
def proxy(tmp_path: Path, trust: parts.Trust, hub: Hub, port: int) -> Iterator[parts.Proxy]:
    with parts.mitmdump(tmp_path / "proxy", trust, hub, port) as running:
        yield running


@pytest.fixture
def run(tmp_path: Path, proxy: parts.Proxy, trust: parts.Trust) -> parts.Forgetful:
    """Runs a client of containers/image behind the proxy of the test."""
    return parts.Forgetful(state=tmp_path / "state", env=parts.behind(proxy.url, trust))


@pytest.fixture
def docker(daemons: tuple[parts.Docker, parts.Ctr]) -> Iterator[parts.Docker]:
    """A docker daemon without images, behind the proxy of the test."""
    yield daemons[0]
    daemons[0].remove_images()


@pytest.fixture
def ctr(daemons: tuple[parts.Docker, parts.Ctr]) -> Iterator[parts.Ctr]:
    """A containerd without images, and its client behind the proxy of the test."""
    yield daemons[1]
    daemons[1].remove_images()
