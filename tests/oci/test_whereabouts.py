"""What an address says of itself: whose machine or network it is of, and when it ends."""

from __future__ import annotations

import pytest

from pullscope.oci.whereabouts import expiry_of, is_address, is_inside, is_local, is_loopback, where_it_is


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1", "[::1]:443", "0.0.0.0", "reg.localhost"])  # noqa: S104 - it is read
def test_a_machine_of_its_own(host: str) -> None:
    """Loopback in every spelling is the machine of who asks."""
    assert is_loopback(host)
    assert where_it_is(host) == "every client's own machine"


@pytest.mark.parametrize("host", ["10.0.0.7:5000", "registry", "registry.svc.cluster.local", "minio.internal"])
def test_a_network_of_its_own(host: str) -> None:
    """Private addresses and names that public DNS has not."""
    assert is_local(host)
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["registry.example.com", "8.8.8.8", "ghcr.io:443"])
def test_a_host_for_all(host: str) -> None:
    """What can be reached from anywhere is another host, and no more."""
    assert not is_local(host)
    assert where_it_is(host) == "another host"
    assert is_address(f"https://{host}/v2/")


@pytest.mark.parametrize(
    "host",
    [
        "bucket.oss-cn-hangzhou-internal.aliyuncs.com",
        "b.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com",
        "registry-vpc.cn-x.aliyuncs.com",
    ],
)
def test_a_host_inside_a_cloud(host: str) -> None:
    """Endpoints that public DNS may know, and only machines of that network or cloud reach."""
    assert is_inside(host)
    assert not is_local(host)
    assert where_it_is(host) == "a name for machines inside one network or cloud"
    assert not is_inside("internals.example.com")


def test_when_a_signed_address_ends() -> None:
    """By S3's, CloudFront's and Azure's parameters; None where there are none, or they are not times."""
    assert expiry_of("https://s/x?X-Amz-Date=20240101T000000Z&X-Amz-Expires=60") == 1704067260.0
    assert expiry_of("https://s/x?Expires=1704067260") == 1704067260.0
    assert expiry_of("https://s/x?se=2024-01-01T00%3A01%3A00Z") == 1704067260.0
    assert expiry_of("https://s/x?Expires=soon") is None
    assert expiry_of("https://s/x") is None
