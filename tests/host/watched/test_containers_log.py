"""The debug log of containers/image, as podman 4.3 and 5.8 and skopeo 1.9 and 1.22 write it."""

from __future__ import annotations

from pullscope.host.watched.asked import Asked
from pullscope.host.watched.containers_log import asked

LOG = r"""
time="2026-11-26T04:44:50Z" level=debug msg="Using registries.d directory /etc/containers/registries.d"
time="2026-11-26T04:44:50Z" level=debug msg="Trying to access \"127.0.0.1:1/docker.io/org/app:1\""
time="2026-11-26T04:44:50Z" level=debug msg="GET https://127.0.0.1:1/v2/"
time="2026-11-26T04:44:50Z" level=debug msg="Accessing \"127.0.0.1:1/docker.io/org/app:1\" failed: pinging container registry 127.0.0.1:1: Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused"
time="2026-11-26T04:44:50Z" level=debug msg="Trying to access \"docker.io/org/app:1\""
time="2026-11-26T04:44:50Z" level=debug msg="GET https://registry-1.docker.io/v2/"
Error: no
"""  # noqa: E501 - lines of a real log


def test_each_source_is_an_endpoint_and_says_why_it_failed() -> None:
    """In order; the last one answered, and Docker Hub is where its API is."""
    assert asked(LOG.splitlines()) == (
        Asked(
            url="https://127.0.0.1:1/v2/docker.io/org/app",
            came='pinging container registry 127.0.0.1:1: Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: '
            "connection refused",
        ),
        Asked(url="https://registry-1.docker.io/v2/org/app", came="answered", good=True),
    )


def test_a_retry_changes_nothing() -> None:
    """podman tries all of it three times."""
    assert asked(LOG.splitlines() * 3)[0].came.endswith("connection refused")
    assert len(asked(LOG.splitlines() * 3)) == 2
