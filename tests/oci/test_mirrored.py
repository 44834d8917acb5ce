"""What a mirror is asked for, and which registries it may be one of."""

from __future__ import annotations

import pytest

from pullscope.oci.mirrored import Home, read_home, read_homes, wanted_of

HOMES = read_homes(["docker.io,ghcr.io", "http://registry.lan:5000"])


@pytest.mark.parametrize(
    ("text", "name", "url"),
    [
        ("docker.io", "docker.io", "https://registry-1.docker.io"),
        ("index.docker.io", "docker.io", "https://registry-1.docker.io"),
        ("GHCR.io", "ghcr.io", "https://ghcr.io"),
        ("registry.example.com:5000", "registry.example.com:5000", "https://registry.example.com:5000"),
        ("http://registry.lan:5000", "registry.lan:5000", "http://registry.lan:5000"),
        ("localhost:5000", "localhost:5000", "https://localhost:5000"),
        ("10.0.0.7:443", "10.0.0.7:443", "https://10.0.0.7"),
        ("[::1]:5000", "[::1]:5000", "https://[::1]:5000"),
    ],
)
def test_a_home_is_where_its_api_is(text: str, name: str, url: str) -> None:
    """Docker Hub's API has a name of its own; a port is kept."""
    home = read_home(text)
    assert (home.name, home.url) == (name, url)
    assert read_home(home.word) == home


@pytest.mark.parametrize(
    "text",
    [
        *("localhost", "registry", "10.0.0.7", "127.0.0.1", "127.1", "[::1]", "169.254.169.254"),
        *("db.internal", "a.localhost", "printer.local"),
    ],
)
def test_what_is_in_no_public_dns_needs_its_port(text: str) -> None:
    """An address of a private network is not opened by mistake."""
    with pytest.raises(ValueError, match="name its port"):
        read_home(text)


@pytest.mark.parametrize("text", ["", "https://", "ftp://docker.io", "docker.io/library", "a b", "docker.io:99999"])
def test_what_is_no_registry_is_refused(text: str) -> None:
    """In a sentence."""
    with pytest.raises(ValueError, match=r"is not a registry|has no port"):
        read_home(text)


@pytest.mark.parametrize(
    ("path", "registry", "sent"),
    [
        # containerd, BuildKit, docker's containerd store
        ("/v2/library/app/manifests/1?ns=docker.io", "docker.io", "/v2/library/app/manifests/1"),
        ("/v2/org/app/blobs/sha256:a?ns=ghcr.io&x=%2F", "ghcr.io", "/v2/org/app/blobs/sha256:a?x=%2F"),
        ("/v2/?ns=registry.lan%3A5000", "registry.lan:5000", "/v2/"),
        # containers/image
        ("/v2/docker.io/library/app/manifests/1", "docker.io", "/v2/library/app/manifests/1"),
        ("/v2/ghcr.io/org/app/tags/list?n=5", "ghcr.io", "/v2/org/app/tags/list?n=5"),
        ("/v2/registry.lan:5000/app/manifests/1", "registry.lan:5000", "/v2/app/manifests/1"),
        ("/v2/registry.lan%3A5000/app/manifests/1", "registry.lan:5000", "/v2/app/manifests/1"),
        # docker's registry-mirrors
        ("/v2/library/app/manifests/1", "docker.io", "/v2/library/app/manifests/1"),
        ("/v2/", "docker.io", "/v2/"),
        ("/v2", "docker.io", "/v2/"),
    ],
)
def test_for_whom_it_is_asked(path: str, registry: str, sent: str) -> None:
    """By `?ns=`, by the first part of the path, else for Docker Hub; neither is sent on."""
    wanted = wanted_of(path, HOMES)
    assert wanted is not None
    assert (wanted.registry, wanted.path) == (registry, sent)
    assert wanted.home == HOMES[registry]


@pytest.mark.parametrize(
    "path",
    [
        "/v2/app/manifests/1?ns=quay.io",
        "/v2/quay.io/org/app/manifests/1",
        "/v2/app/manifests/1?ns=127.0.0.1:22",
        "/v2/app/manifests/1?ns=ghcr.io@127.0.0.1",
        "/v2/app/manifests/1?ns=",
        "/v2/169.254.169.254/latest/manifests/1",
        "/v2/localhost/app/manifests/1",
        "/v2/docker.io/app/manifests/1?ns=quay.io",
    ],
)
def test_only_what_was_named_has_a_home(path: str) -> None:
    """Whatever a request says."""
    wanted = wanted_of(path, HOMES)
    assert wanted is not None
    assert wanted.home is None


@pytest.mark.parametrize("path", ["/", "/token?service=x", "/v1/_ping", "/v20/", "//v2/", "http://ghcr.io/v2/"])
def test_what_is_no_request_of_a_registry(path: str) -> None:
    """It has no registry."""
    assert wanted_of(path, HOMES) is None


def test_a_version_check_without_a_name_is_the_first_ones() -> None:
    """Where the mirror does not stand in for Docker Hub; an image without a host is Docker Hub's all the same."""
    homes = read_homes(["ghcr.io"])
    ping, image = wanted_of("/v2/", homes), wanted_of("/v2/org/app/manifests/1", homes)
    assert ping is not None
    assert image is not None
    assert ping.home == Home(name="ghcr.io", scheme="https", host="ghcr.io", port=443)
    assert (image.registry, image.home) == ("docker.io", None)
