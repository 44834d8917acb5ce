"""What each host of a pull was, by what it did; what it seems to be; and the rate limit."""

from __future__ import annotations

import pytest
from tests.trace.images import DIALECTS, Image, digest, docker_containerd, get_blob
from tests.trace.wire import AUTH, CONTAINERD, HUB, Wire, challenge_for, only, played

from pullscope.oci.messages import Headers
from pullscope.trace.hosts import label_of, rate_limit_of, tally
from pullscope.trace.model import RateLimit

APP = Image()


def roles(wire: Wire) -> dict[str, tuple[str, ...]]:
    """The roles of every host of the one pull."""
    return {host.host: host.roles for host in tally(only(played(wire)).hops)}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_hub(dialect: str) -> None:
    """Registry, token server and CDN, in that order."""
    play, agent = DIALECTS[dialect]
    wire = Wire(agent=agent)
    play(wire, APP)
    assert list(roles(wire).items()) == [
        ("registry-1.docker.io", ("registry",)),
        ("auth.docker.io", ("auth",)),
        ("cdn.example.net", ("cdn",)),
    ]


def test_vanity() -> None:
    """Who sends a manifest on to another host is a vanity host, and is listed first."""
    wire = Wire()
    here = "https://docker.example.com/v2/library/app/manifests/latest"
    wire.ask("HEAD", here, 302, location=APP.url("manifests", "latest"))
    wire.ask("HEAD", APP.url("manifests", "latest"), referer=here)
    assert list(roles(wire).items()) == [("docker.example.com", ("vanity",)), ("registry-1.docker.io", ("registry",))]


def test_a_website_is_no_registry_and_who_sends_there_no_vanity_host() -> None:
    """docker.io in hosts.toml is the website (containerd/containerd#7400)."""
    wire = Wire()
    here = "https://docker.io/v2/library/app/manifests/latest"
    wire.ask("GET", here, 301, location="https://www.docker.com/")
    wire.ask("GET", "https://www.docker.com/", referer=here, answer={"Content-Type": "text/html"})
    assert roles(wire) == {"docker.io": ("registry",), "www.docker.com": ("other",)}


def test_manifests_may_lie_in_a_storage() -> None:
    """GitLab sends on to S3 for manifests too (moby/moby#50065)."""
    wire = Wire()
    here = "https://registry.example.com/v2/app/manifests/latest"
    wire.ask("GET", here, 307, location="https://bucket.example.net/data?X-Amz-Signature=REDACTED")
    wire.ask("GET", "https://bucket.example.net/data?X-Amz-Signature=REDACTED", referer=here, body=APP.manifest())
    assert roles(wire) == {"registry.example.com": ("registry",), "bucket.example.net": ("cdn",)}


def test_where_an_upload_goes_on_is_no_mirror() -> None:
    """A registry may take the bytes at another host."""
    wire = Wire()
    there = "https://uploads.example.com/v2/app/blobs/uploads/1"
    wire.ask("POST", "https://registry.example.com/v2/app/blobs/uploads/", 202, location=there)
    wire.ask("PUT", f"{there}?digest={digest('base')}", 201, sent="base")
    assert roles(wire) == {"registry.example.com": ("registry",), "uploads.example.com": ("registry",)}


def test_a_redirect_within_a_host_makes_no_vanity() -> None:
    """`/v2` to `/v2/` on one host is not a vanity domain."""
    wire = Wire()
    wire.ask("GET", f"{HUB}/v2", 301, location="/v2/")
    wire.ask("GET", f"{HUB}/v2/", 200, referer=f"{HUB}/v2")
    assert roles(wire) == {"registry-1.docker.io": ("registry",)}


def test_a_registry_that_gives_tokens_itself() -> None:
    """One host may have several roles."""
    wire = Wire()
    url = "https://registry.example.com/v2/app/manifests/latest"
    realm = "https://registry.example.com/token"
    wire.ask("GET", url, 401, challenge=challenge_for("app", realm=realm))
    wire.asks_for_token("app", "t", realm=realm)
    wire.ask("GET", url, token="t")
    assert roles(wire) == {"registry.example.com": ("registry", "auth")}


@pytest.mark.parametrize("status", [404, 401])
def test_a_mirror_is_called_by_its_ns(status: int) -> None:
    """`?ns=` of another host makes a mirror; the registry itself asked with its own name is none."""
    wire = Wire(agent=CONTAINERD)
    wire.ask("GET", "http://mirror.example.com/v2/library/app/manifests/latest?ns=docker.io", status)
    wire.ask("GET", f"{APP.url('manifests', 'latest')}?ns=docker.io")
    assert roles(wire) == {"mirror.example.com": ("mirror",), "registry-1.docker.io": ("registry",)}


def test_a_registry_that_sends_its_own_blobs() -> None:
    """Who is asked for blobs directly is the registry, not a CDN."""
    wire = Wire()
    wire.ask("GET", APP.url("blobs", digest("base")), content="base")
    assert roles(wire) == {"registry-1.docker.io": ("registry",)}


def test_addresses_that_a_manifest_names() -> None:
    """A foreign layer's host is no registry, and where it sends on to makes it no vanity host (containerd/cri#1015)."""
    wire = Wire(agent=CONTAINERD)
    elsewhere, layers = "https://go.example.com/fwlink/?linkid=123", "https://layers.example.net/nano.tar.gz"
    text = APP.manifest().replace(
        f'"digest": "{digest(APP.layers[0])}"', f'"digest": "{digest(APP.layers[0])}", "urls": ["{elsewhere}"]'
    )
    wire.ask("GET", APP.url("manifests", APP.tag), body=text, answer={"Docker-Content-Digest": digest(text)})
    wire.ask("GET", elsewhere, 302, location=layers)
    wire.ask("GET", layers, 403, referer=elsewhere)
    assert roles(wire) == {
        "registry-1.docker.io": ("registry",),
        "go.example.com": ("cdn",),
        "layers.example.net": ("cdn",),
    }


def test_a_manifest_may_name_a_registry_with_tokens_of_its_own() -> None:
    """It is asked for a layer in its own right, and is no mirror of the registry that has the manifest."""
    wire = Wire(agent=CONTAINERD)
    there, realm = f"https://other.example.com/v2/base/blobs/{digest(APP.layers[0])}", "https://other.example.com/token"
    text = APP.manifest().replace(
        f'"digest": "{digest(APP.layers[0])}"', f'"digest": "{digest(APP.layers[0])}", "urls": ["{there}"]'
    )
    wire.ask("GET", APP.url("manifests", APP.tag), body=text, answer={"Docker-Content-Digest": digest(text)})
    wire.ask("GET", there, 401, challenge=challenge_for("base", realm=realm))
    wire.asks_for_token("base", "t", realm=realm)
    wire.ask("GET", there, token="t", content=APP.layers[0])
    assert roles(wire) == {"registry-1.docker.io": ("registry",), "other.example.com": ("registry", "auth")}


def test_requests_and_bytes() -> None:
    """Each host's requests and body bytes are its own, and sum up to the pull's."""
    wire = Wire()
    docker_containerd(wire, APP)
    pull = only(played(wire))
    hosts = tally(pull.hops)
    assert sum(host.requests for host in hosts) == len(pull.hops)
    assert sum(host.bytes for host in hosts) == pull.bytes
    assert hosts[-1].bytes == sum(map(len, APP.blobs()))


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ({}, None),
        ({"Server": "nginx"}, None),
        ({"X-Amz-Storage-Class": "x"}, ("Amazon S3", "x-amz-storage-class")),
        ({"CF-Ray": "x"}, ("Cloudflare", "cf-ray")),
        ({"cf-ray": "x", "x-amz-request-id": "y"}, ("Amazon S3 behind Cloudflare", "x-amz-request-id, cf-ray")),
        ({"x-nf-request-id": "x"}, ("Netlify", "x-nf-request-id")),
    ],
)
def test_labels(answer: dict[str, str], label: tuple[str, str] | None) -> None:
    """A label rests on headers that only one service sends, and names them."""
    wire = Wire()
    wire.ask("GET", APP.url("manifests", "latest"), answer=answer)
    assert label_of(only(played(wire)).hops) == label


def test_rate_limit() -> None:
    """The first and the last reading in the order of the requests."""
    wire = Wire()
    for left in (98, 97):
        wire.ask(
            "GET",
            APP.url("manifests", digest(str(left))),
            answer={
                "ratelimit-limit": "100;w=21600",
                "RateLimit-Remaining": f"{left};w=21600",
                "docker-ratelimit-source": "192.0.2.1",
            },
            body="{}",
        )
    assert rate_limit_of(played(wire).pulls[0]) is not None
    one = Wire()
    one.ask("HEAD", APP.url("manifests", "latest"), answer={"ratelimit-remaining": "98;w=21600"})
    one.ask("GET", AUTH)
    one.wait(0.1)
    one.ask("GET", APP.url("manifests", "latest"), answer={"ratelimit-remaining": "97", "ratelimit-limit": "100;w=60"})
    assert rate_limit_of(only(played(one))) == RateLimit(
        limit=100, remaining_before=98, remaining_after=97, window_seconds=60, source=None
    )


@pytest.mark.parametrize("text", ["", "x", "-1", "9" * 40, "²", ";w=1", "1e3"])
def test_rate_limits_that_are_none(text: str) -> None:
    """A header that is no count is not read as one."""
    wire = Wire()
    wire.ask("GET", APP.url("manifests", "latest"), answer={"ratelimit-remaining": text})
    assert rate_limit_of(only(played(wire))) is None


def test_headers_are_compared_without_case() -> None:
    """HTTP/2 writes names in lower case, HTTP/1.1 as it likes."""
    assert Headers([("RateLimit-Remaining", "1")]).get("ratelimit-remaining") == "1"
    wire = Wire()
    get_blob(wire, APP, "base")
    assert label_of(only(played(wire)).hops) is None


@pytest.mark.parametrize("ns", ["docker.io", "index.docker.io"])
@pytest.mark.parametrize("host", ["registry-1.docker.io", "index.docker.io"])
def test_every_name_of_docker_hub_is_the_registry(host: str, ns: str) -> None:
    """containerd sends `?ns=docker.io` to whichever name its hosts.toml has; none is a mirror."""
    wire = Wire(agent=CONTAINERD)
    wire.ask("GET", f"https://{host}/v2/library/app/manifests/latest?ns={ns}", body=APP.manifest())
    assert roles(wire) == {host: ("registry",)}


@pytest.mark.parametrize(
    ("first", "name", "role"),
    [
        ("quay.io", "team/app", "registry"),
        ("registry.access.redhat.com", "app", "registry"),
        ("registry.example.com", "app", "registry"),
        ("registry.example.com", "team/app", "registry"),
        ("mirror.example.com", "library/app", "mirror"),
        ("mirror.gcr.io", "library/app", "mirror"),
        ("cache.example.com", "hub/library/app", "mirror"),
    ],
)
def test_a_registry_of_a_search_list_is_no_mirror(first: str, name: str, role: str) -> None:
    """podman asks one after the other for a short name, as it asks a mirror before the registry: the name differs (4.3)."""
    wire = Wire(agent="containers/5.23.1 (github.com/containers/image)")
    then = name if name == "team/app" else "library/app"
    wire.ask("GET", f"https://{first}/v2/{name}/manifests/latest", 404)
    wire.ask("GET", f"{HUB}/v2/{then}/manifests/latest", body=APP.manifest())
    assert roles(wire) == {first: (role,), "registry-1.docker.io": ("registry",)}
