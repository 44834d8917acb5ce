"""Routes: every endpoint, distribution's odd cases, and paths that are none of a registry's."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pullscope.oci.digest import Digest
from pullscope.oci.messages import Headers
from pullscope.oci.routes import Endpoint, Route, is_manifest, route

HEX = "8e77458de855f9ed2334d8ea2d53cecb2e47f0ec2f691d9a467b1f19a9d3997e"
D = Digest(f"sha256:{HEX}")
HOST = "https://registry-1.docker.io"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        # spec.md, "Endpoints"
        (f"{HOST}/v2/", Route(endpoint=Endpoint.PING)),
        (f"{HOST}/v2", Route(endpoint=Endpoint.PING)),
        (f"{HOST}/v2/a/b/blobs/{D}", Route(endpoint=Endpoint.BLOB, repository="a/b", digest=D)),
        (
            f"{HOST}/v2/a/manifests/latest",
            Route(endpoint=Endpoint.MANIFEST, repository="a", reference="latest"),
        ),
        (
            f"{HOST}/v2/a/manifests/{D}",
            Route(endpoint=Endpoint.MANIFEST, repository="a", reference=str(D), digest=D),
        ),
        (f"{HOST}/v2/a/blobs/uploads/", Route(endpoint=Endpoint.UPLOAD_START, repository="a")),
        (
            f"{HOST}/v2/a/blobs/uploads/?digest={D}",
            Route(endpoint=Endpoint.UPLOAD_START, repository="a", digest=D),
        ),
        (
            f"{HOST}/v2/a/blobs/uploads/?mount={D}&from=b%2Fc",
            Route(endpoint=Endpoint.UPLOAD_START, repository="a", mount=D, from_repository="b/c"),
        ),
        (
            f"{HOST}/v2/a/blobs/uploads/D95306FA?_state=x&digest=sha256%3A{HEX}",
            Route(endpoint=Endpoint.UPLOAD, repository="a", upload_id="D95306FA", digest=D),
        ),
        (f"{HOST}/v2/a/tags/list?n=10&last=x", Route(endpoint=Endpoint.TAGS, repository="a")),
        (f"{HOST}/v2/a/referrers/{D}", Route(endpoint=Endpoint.REFERRERS, repository="a", digest=D)),
        # Docker's API (distribution descriptors.go:1540), extensions (spec, extensions/_oci.md), older ones
        (f"{HOST}/v2/_catalog?n=100", Route(endpoint=Endpoint.CATALOG)),
        (f"{HOST}/v2/_oci/ext/discover", Route(endpoint=Endpoint.EXTENSION)),
        (f"{HOST}/v2/a/b/_oci/ext/discover", Route(endpoint=Endpoint.EXTENSION, repository="a/b")),
        (f"{HOST}/v2/docker.io/a/_trust/tuf/root.json", Route(endpoint=Endpoint.EXTENSION, repository="docker.io/a")),
        (f"{HOST}/extensions/v2/a/b/signatures/{D}", Route(endpoint=Endpoint.SIGNATURES, repository="a/b", digest=D)),
        # containers/image's signature store, on a host of its own
        (
            f"https://sigs.example/x/a/b@{str(D).replace(':', '=')}/signature-2",
            Route(endpoint=Endpoint.SIGNATURES, digest=D),
        ),
        ("https://index.docker.io/v1/_ping", Route(endpoint=Endpoint.V1_PING)),
        ("https://index.docker.io/v1/search?q=x", Route(endpoint=Endpoint.V1_SEARCH)),
        ("https://index.docker.io/v1/users/", Route(endpoint=Endpoint.V1)),
        # a mirror is asked for another registry (spec-main, "Registry Proxying")
        # A mirror below a path, as hosts.toml of containerd names it: the repository is what stands behind its /v2/.
        (
            "https://mirror.example.com/hub/v2/a/b/manifests/1?ns=docker.io",
            Route(endpoint=Endpoint.MANIFEST, repository="a/b", reference="1", ns="docker.io"),
        ),
        (
            f"https://mirror.example.com/hub/v2/a/blobs/{D}?ns=docker.io",
            Route(endpoint=Endpoint.BLOB, repository="a", digest=D, ns="docker.io"),
        ),
        ("https://mirror.example.com/hub/v2/?ns=docker.io", Route(endpoint=Endpoint.PING, ns="docker.io")),
        # Without `ns` nothing says that it is a registry: another service's second version, a storage's own path.
        (
            "https://api.example.com/x/v2/a/manifests/1",
            Route(endpoint=Endpoint.MANIFEST, repository="a", reference="1"),
        ),
        (
            "https://mirror.example.com/v2/a/manifests/1?ns=docker.io",
            Route(endpoint=Endpoint.MANIFEST, repository="a", reference="1", ns="docker.io"),
        ),
        # A mirror's path that leaves /v2 out (k3s-io/k3s#5502), and what other sites have under such names.
        (
            "https://mirror.example.com/hub/a/b/manifests/1?ns=docker.io",
            Route(endpoint=Endpoint.MANIFEST, repository="hub/a/b", reference="1", ns="docker.io"),
        ),
        (
            f"https://mirror.example.com/hub/a/blobs/{D}?ns=registry.example.com:5000",
            Route(endpoint=Endpoint.BLOB, repository="hub/a", digest=D, ns="registry.example.com:5000"),
        ),
        ("https://wiki.example.com/x/manifests/1?ns=0", Route(endpoint=Endpoint.NONE, ns="0")),
        (f"https://git.example.com/a/b/blobs/{HEX[:40]}?ns=docker.io", Route(endpoint=Endpoint.NONE, ns="docker.io")),
        (f"https://cdn.example.com/x/blobs/{D}", Route(endpoint=Endpoint.NONE, digest=D)),
        # GitHub's upload locations say `upload`
        (f"{HOST}/v2/a/blobs/upload/3.x/y", Route(endpoint=Endpoint.UPLOAD, repository="a", upload_id="3.x/y")),
        ("/v2/a/tags/list", Route(endpoint=Endpoint.TAGS, repository="a")),
        (f"{HOST}/v2/a/blobs/sha256%3A{HEX}", Route(endpoint=Endpoint.BLOB, repository="a", digest=D)),
    ],
)
def test_each_endpoint_is_recognised_with_its_names(url: str, expected: Route) -> None:
    """The endpoints of the spec and what is older or beside it."""
    assert route(url) == expected


@pytest.mark.parametrize(
    ("url", "accept", "endpoint"),
    [
        (f"{HOST}/hub/a/manifests/1", "application/vnd.oci.image.manifest.v1+json, */*", Endpoint.MANIFEST),
        (f"{HOST}/hub/a/manifests/1", "application/vnd.docker.distribution.manifest.list.v2+json", Endpoint.MANIFEST),
        (f"{HOST}/hub/v2/a/manifests/1", "application/vnd.oci.image.index.v1+json", Endpoint.MANIFEST),
        (f"{HOST}/argo/manifests/install.yaml", "*/*", Endpoint.NONE),
        (f"{HOST}/argo/manifests/install.yaml", None, Endpoint.NONE),
        (f"{HOST}/hub/a/blob/1", "application/vnd.oci.image.index.v1+json", Endpoint.NONE),
    ],
)
def test_who_accepts_manifests_asks_for_one_also_without_v2(url: str, accept: str | None, endpoint: Endpoint) -> None:
    """What other sites have below such a path is none of a registry's."""
    assert route(url, Headers({"Accept": accept} if accept else {})).endpoint is endpoint


@pytest.mark.parametrize(
    ("path", "endpoint", "repository", "rest"),
    [
        # https://github.com/distribution/distribution/blob/main/registry/api/v2/routes_test.go
        ("/v2/foo/bar/manifests/tags", Endpoint.MANIFEST, "foo/bar", "tags"),
        ("/v2/foo/bar/manifests/sha256:abcdef01234567890", Endpoint.MANIFEST, "foo/bar", "sha256:abcdef01234567890"),
        ("/v2/foo/bar/tags/list", Endpoint.TAGS, "foo/bar", None),
        ("/v2/docker.com/foo/bar/baz/tags/list", Endpoint.TAGS, "docker.com/foo/bar/baz", None),
        ("/v2/foo/bar/blobs/sha256:abcdef0919234", Endpoint.BLOB, "foo/bar", None),
        ("/v2/foo/bar/blobs/uploads/", Endpoint.UPLOAD_START, "foo/bar", None),
        ("/v2/foo/bar/blobs/uploads/uuid", Endpoint.UPLOAD, "foo/bar", "uuid"),
        (
            "/v2/foo/bar/blobs/uploads/RDk1MzA2RkEtRkFEMy00RTM2LThENDEtQ0YxQzkzRUY4Mjg2IA_-==",
            Endpoint.UPLOAD,
            "foo/bar",
            "RDk1MzA2RkEtRkFEMy00RTM2LThENDEtQ0YxQzkzRUY4Mjg2IA_-==",
        ),
        ("/v2/foo/bar/manifests/manifests/tags", Endpoint.MANIFEST, "foo/bar/manifests", "tags"),
        ("/v2/foo/bar/manifests/tags/list", Endpoint.TAGS, "foo/bar/manifests", None),
        ("/v2/locahost:8080/foo/bar/baz/manifests/tag", Endpoint.MANIFEST, "locahost:8080/foo/bar/baz", "tag"),
        # by the same rule
        ("/v2/x/blobs/uploads/manifests/latest", Endpoint.MANIFEST, "x/blobs/uploads", "latest"),
        ("/v2/a/manifests/b/blobs/uploads/1", Endpoint.UPLOAD, "a/manifests/b", "1"),
    ],
)
def test_paths_are_read_from_the_right(path: str, endpoint: Endpoint, repository: str, rest: str | None) -> None:
    """A repository may be called like a part of the API, distribution's own test cases among them."""
    found = route(HOST + path)

    assert (found.endpoint, found.repository, found.reference or found.upload_id) == (endpoint, repository, rest)


@pytest.mark.parametrize(
    ("url", "digest"),
    [
        (f"https://cdn.example.com/registry-v2/docker/registry/v2/blobs/sha256/8e/{HEX}/data?sig=1", D),
        ("https://auth.docker.io/token?scope=repository%3Aa%3Apull", None),
        ("https://gcr.io/v2/token?service=gcr.io", None),
        ("https://artifactory.example.com/api/docker/repo/v2/token", None),
        ("https://us-docker.pkg.dev/artifacts-downloads/namespaces/p/repositories/r/downloads/AF9x", None),
        ("https://example.com/v20/", None),
        ("https://example.com", None),
        ("", None),
    ],
)
def test_what_is_no_endpoint_is_none_but_keeps_its_digest(url: str, digest: Digest | None) -> None:
    """Token servers below /v2/ and CDN paths are not endpoints; the blob of a CDN path is still known."""
    assert route(url) == Route(endpoint=Endpoint.NONE, digest=digest)


def test_tags_tell_of_referrers_and_cosign() -> None:
    """The fallback tag names its subject, cosign's tags are told, other tags are neither."""
    fallback = route(f"/v2/a/manifests/sha256-{HEX}")
    signature = route(f"/v2/a/manifests/sha256-{HEX}.sig")
    plain = route("/v2/a/manifests/latest")

    assert (fallback.fallback_for, fallback.cosign) == (D, False)
    assert (signature.fallback_for, signature.cosign) == (None, True)
    assert (plain.fallback_for, plain.cosign) == (None, False)


@given(st.text(max_size=200) | st.from_regex(r"https?://[^/]*/v[12]/.{0,80}[?&%#]?.{0,40}"))
@example("http://[")
@example("https://h/v2/%ff%00/manifests/%")
@example("https://h/v2/" + "/manifests/" * 3000)
@example("https://h/v2/" + "_a/" * 3000 + "\n")
@example("https://h/v2/x?" + "ns=&" * 3000)
def test_no_url_is_refused(url: str) -> None:
    """Reading a route never raises, and always has an endpoint."""
    assert route(url).endpoint in Endpoint


_PARTS = st.sampled_from(
    ["v2", "manifests", "tags", "list", "app", "latest", "blobs", "uploads", "_catalog", "", "?n=1"]
)


@given(st.lists(_PARTS, max_size=8).map("/".join))
@example("v2/a/manifests/tags/list")
@example("v2/manifests/latest")
@example("v2/a/manifests/manifests/tags")
@example("v2/a/manifests/latest?ns=docker.io")
def test_the_short_way_to_a_manifest_agrees_with_the_long_one(path: str) -> None:
    """`is_manifest`, which is cheaper, says the same as `route`."""
    assert is_manifest(f"/{path}") is (route(f"/{path}").endpoint is Endpoint.MANIFEST)


DOCKER, CURL, SCRIPT = "docker/28.5.2 go/go1.24", "curl/8.5.0", "python-requests/2.32.3"


@pytest.mark.parametrize(
    ("path", "agent", "endpoint"),
    [
        ("/hub/v2/", DOCKER, Endpoint.PING),
        ("/hub/v2/", CURL, Endpoint.PING),
        ("/docs/v2/", SCRIPT, Endpoint.NONE),
        ("/api/v2/", CURL, Endpoint.NONE),
        ("/api/v2/", DOCKER, Endpoint.PING),
        ("/artifactory/api/docker/team/v2/_catalog", SCRIPT, Endpoint.CATALOG),
        ("/registry/v2/team/app/tags/list", SCRIPT, Endpoint.TAGS),
        ("/registry/v2/team/app/blobs/uploads/", CURL, Endpoint.UPLOAD_START),
        ("/api/v2/projects/shop/manifests/latest", CURL, Endpoint.NONE),
        ("/api/v2/posts/tags/list", SCRIPT, Endpoint.NONE),
        (f"/docker/registry/v2/blobs/sha256/aa/{'a' * 64}/data", DOCKER, Endpoint.NONE),
        ("/gitea/v2/token", DOCKER, Endpoint.NONE),
    ],
)
def test_a_registry_below_a_path_is_read_and_other_interfaces_are_not(
    path: str, agent: str, endpoint: Endpoint
) -> None:
    """The end of the path says what is asked, and who asks tells where that may be anything."""
    found = route(f"https://example.com{path}", Headers({"User-Agent": agent}))
    assert found.endpoint is endpoint


def test_what_is_no_path_has_no_registry_below_it() -> None:
    """An address without a host, as a broken Location may give it, is none of a registry's whatever stands behind /v2/."""
    assert route("javascript:alert(1)//v2/team/app/manifests/1.0").endpoint is Endpoint.NONE
