"""Conversations rebuilt from public reports, one or more a kind: what was said, and what is to be found in it.

Names are replaced and bodies made short. Each is a function that plays on a wire; the table says from which report it is,
the errors and warnings that it must give, and words that must not be said. Whatever is not named must not be found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.trace.findings.looked_at import error
from tests.trace.images import OCI_INDEX, OCI_MANIFEST, Image, digest
from tests.trace.wire import CONTAINERD, CRANE, DOCKER_20, DOCKER_29, SKOPEO, Wire

REG = "https://registry.example.com"
ECR = "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com"
APP = Image(repository="team/app", tag="1.0")
BUILDKIT = "buildkit/v0.21"
PODMAN = "containers/5.34.0 (github.com/containers/image)"
HELM = "Helm/3.17.3"
ORAS = "oras/1.3.3"
JSON = {"Content-Type": "application/json; charset=utf-8"}
NGINX = {"Content-Type": "text/html", "Server": "nginx/1.25.3"}
XML = {"Content-Type": "application/xml"}
BASIC = 'Basic realm="Registry Realm"'
EXPIRED = "Your authorization token has expired. Reauthenticate and try again."
OK_INDEX = {"Content-Type": OCI_INDEX, "Docker-Content-Digest": digest(APP.index)}
LAYER = "sha256:" + "a" * 64


def bearer(realm: str = f"{REG}/auth/token", scope: str | None = None) -> str:
    """A challenge."""
    return f'Bearer realm="{realm}",service="reg"' + (f',scope="{scope}"' if scope else "")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One conversation."""

    source: str
    """The report, or what is known without one."""
    play: Callable[[Wire], None]
    finds: dict[str, str]
    """Errors and warnings by their codes; infos may be there beside them."""
    says: tuple[str, ...] = ()
    """What message or fix must hold."""
    never: tuple[str, ...] = ()
    """What no message or fix may hold."""
    agent: str = DOCKER_29
    infos: tuple[str, ...] = field(default=())
    """Infos that must be there."""


# -- logins ---------------------------------------------------------------------------------------------------------------


def ecr_expired(wire: Wire) -> None:
    """docker pull with a login of yesterday."""
    wire.ask(
        "HEAD", APP.url("manifests", "1.0", ECR), 401, challenge=f'Basic realm="{ECR}/",service="ecr.amazonaws.com"'
    )
    wire.ask("HEAD", APP.url("manifests", "1.0", ECR), 403, basic=True, answer=JSON)
    wire.ask("GET", APP.url("manifests", "1.0", ECR), 403, basic=True, answer=JSON, body=error("DENIED", EXPIRED))


def ecr_expired_text(wire: Wire) -> None:
    """The same as text/plain with 400."""
    wire.ask("GET", f"{ECR}/v2/", 401, challenge=f'Basic realm="{ECR}/",service="ecr.amazonaws.com"')
    wire.ask(
        "GET", APP.url("manifests", "1.0", ECR), 400, basic=True, answer={"Content-Type": "text/plain"}, body=EXPIRED
    )


def ecr_public_stale_login(wire: Wire) -> None:
    """A build machine that had pushed there once."""
    wire.ask(
        "HEAD",
        APP.url("manifests", "1.0", "https://public.ecr.aws"),
        401,
        challenge=bearer("https://public.ecr.aws/token/"),
    )
    wire.ask(
        "GET",
        "https://public.ecr.aws/token/?service=public.ecr.aws",
        403,
        basic=True,
        answer=JSON,
        body=error("DENIED", EXPIRED),
    )


def mcr_login(wire: Wire) -> None:
    """A login for a registry that takes none."""
    host = "https://mcr.microsoft.com"
    wire.ask("GET", f"{host}/v2/", 401, challenge=bearer(f"{host}/oauth2/token"))
    wire.ask(
        "GET",
        f"{host}/oauth2/token?service=mcr&scope=repository%3Adotnet%2Fsdk%3Apull",
        401,
        basic=True,
        answer=JSON,
        body="{}",
    )


def public_image_with_stale_login(wire: Wire) -> None:
    """First a pull without a login, then one with a stored login that is no longer good."""
    plain, token = (
        APP.url("manifests", "1.0", REG),
        f"{REG}/auth/token?service=reg&scope=repository%3Ateam%2Fapp%3Apull",
    )
    wire.ask("GET", plain, 401, challenge=bearer(scope="repository:team/app:pull"))
    wire.ask("GET", token, body='{"token":"REDACTED"}', issued="anonymous-1")
    wire.ask("GET", plain, token="anonymous-1", answer={**OK_INDEX}, body=APP.index)
    wire.wait(60)
    wire.ask("HEAD", plain, 401, challenge=bearer(scope="repository:team/app:pull"))
    wire.ask("GET", token, 401, basic=True, answer=JSON, body=error("UNAUTHORIZED", "unauthorized"))


def ghcr_private(wire: Wire) -> None:
    """An image that is not public, asked for without a login."""
    host = "https://ghcr.io"
    scope = "repository:mubeng/mubeng:pull"
    wire.ask("HEAD", f"{host}/v2/mubeng/mubeng/manifests/latest", 401, challenge=bearer(f"{host}/token", scope))
    wire.ask(
        "GET",
        f"{host}/token?scope=repository%3Amubeng%2Fmubeng%3Apull&service=ghcr.io",
        401,
        answer=JSON,
        body=error("UNAUTHORIZED", "authentication required"),
    )


def hub_wrong_password(wire: Wire) -> None:
    """docker login with a password that is not the right one."""
    wire.ask("GET", "https://registry-1.docker.io/v2/", 401, challenge=bearer("https://auth.docker.io/token"))
    wire.ask(
        "GET",
        "https://auth.docker.io/token?account=REDACTED&client_id=docker&offline_token=true&service=registry.docker.io",
        401,
        basic=True,
        answer=JSON,
        body='{"details":"incorrect username or password"}',
    )


def basic_wrong_password(wire: Wire) -> None:
    """A pull with a password that was changed, at a registry with an htpasswd file."""
    said = error("UNAUTHORIZED", "authentication required")
    wire.ask("GET", f"{REG}/v2/", 401, challenge=BASIC, answer=JSON, body=said)
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 401, challenge=BASIC, basic=True, answer=JSON)
    wire.ask("GET", APP.url("manifests", "1.0", REG), 401, challenge=BASIC, basic=True, answer=JSON, body=said)


def acr_firewall(wire: Wire) -> None:
    """A registry that lets certain addresses in only."""
    said = error(
        "DENIED",
        "client with IP '203.0.113.7' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.",
    )
    wire.ask("GET", "https://contoso.azurecr.io/v2/", 403, answer=JSON, body=said)


def harbor_robot(wire: Wire) -> None:
    """A robot account without the right, whose token cannot be read."""
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 401, challenge=bearer(scope="repository:team/app:pull"))
    wire.ask(
        "GET",
        f"{REG}/auth/token?scope=repository%3Ateam%2Fapp%3Apull",
        basic=True,
        body='{"token":"REDACTED"}',
        issued="robot",
    )
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 403, token="robot")
    said = error("DENIED", "requested access to the resource is denied")
    wire.ask("GET", APP.url("manifests", "1.0", REG), 403, token="robot", answer=JSON, body=said)


def ping_open_manifest_basic(wire: Wire) -> None:
    """Public and private repositories behind one open version check."""
    wire.ask("GET", f"{REG}/v2/", 200, answer={**JSON, "Docker-Distribution-Api-Version": "registry/2.0"})
    wire.ask(
        "GET",
        APP.url("manifests", "1.0", REG),
        401,
        challenge=bearer(),
        answer=JSON,
        body=error("UNAUTHORIZED", "authentication required"),
    )


def realm_one_label(wire: Wire) -> None:
    """docker_auth in a compose file: the realm is the name of the container."""
    wire.ask(
        "HEAD",
        APP.url("manifests", "1.0", REG),
        401,
        challenge=bearer("https://docker-auth:5001/auth", "repository:team/app:pull"),
    )


def realm_plain_http(wire: Wire) -> None:
    """A realm over http that nothing answers."""
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer("http://registry.example.com/service/token"))


def token_too_short_lived(wire: Wire) -> None:
    """A push of 14 GB with a token that lives for 15 minutes."""
    start = f"{REG}/v2/team/app/blobs/uploads/"
    wire.ask("POST", start, 401, challenge=bearer(scope="repository:team/app:pull,push"))
    wire.ask(
        "GET",
        f"{REG}/auth/token?scope=repository%3Ateam%2Fapp%3Apull%2Cpush",
        basic=True,
        body='{"token":"REDACTED","expires_in":900}',
        issued="short",
    )
    wire.ask("POST", start, 202, token="short", location=f"{start}1")
    wire.ask("PATCH", f"{start}1", 202, token="short", sent=14_000_000_000, took=1200.0, location=f"{start}1?_state=2")
    wire.ask(
        "PUT",
        f"{start}1?_state=2&digest={LAYER}",
        401,
        token="short",
        challenge=bearer() + ',error="invalid_token"',
        answer=JSON,
        body=error("UNAUTHORIZED", "authentication required"),
    )


# -- writes ---------------------------------------------------------------------------------------------------------------


def begun(wire: Wire, location: str | None = None) -> str:
    """A push that has begun its first upload; the address it was given."""
    start = f"{REG}/v2/team/app/blobs/uploads/"
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 404, answer=JSON)
    wire.ask("POST", start, 202, location=location or f"{start}77?_state=1")
    return location or f"{start}77?_state=1"


def two_instances(wire: Wire) -> None:
    """ELB, two registries, no common secret."""
    at = begun(wire)
    wire.ask(
        "PATCH", at, 404, sent=4000, answer=JSON, body=error("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
    )


def location_without_port(wire: Wire) -> None:
    """The registry listens on 5000 and says 443."""
    host = "https://registry.example.com:5000"
    wire.ask("HEAD", f"{host}/v2/team/app/blobs/{LAYER}", 404, answer=JSON)
    wire.ask("POST", f"{host}/v2/team/app/blobs/uploads/", 202, location=f"{REG}/v2/team/app/blobs/uploads/1?_state=1")
    wire.ask(
        "PATCH",
        f"{REG}/v2/team/app/blobs/uploads/1?_state=1",
        None,
        fails="[Errno 111] Connect call failed ('192.0.2.9', 443)",
    )


def cloudflare_413(wire: Wire) -> None:
    """A layer of 300 MB through the free plan."""
    at = begun(wire)
    wire.ask(
        "PATCH",
        at,
        413,
        sent=300_000_000,
        answer={"Server": "cloudflare", "Cf-Ray": "6a88", "Content-Type": "text/html"},
        body="<HTML> 413 Payload Too Large",
    )


def gateway_timeout(wire: Wire) -> None:
    """A proxy that waits for 60 s."""
    at = begun(wire)
    wire.ask("PATCH", at, 504, sent=900_000_000, took=60.0, answer=NGINX, body="<HTML> 504 Gateway Time-out")


def length_required(wire: Wire) -> None:
    """A proxy that takes no chunked body."""
    at = begun(wire)
    wire.ask("PATCH", at, 411, answer=NGINX, body="<HTML> 411 Length Required")


def old_registry(wire: Wire) -> None:
    """A registry without OCI types, and what buildx pushes since 0.10."""
    said = error("MANIFEST_INVALID", "manifest invalid")
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 400, sent=APP.index, answer=JSON, body=said)


def immutable_tag(wire: Wire) -> None:
    """ECR with tag immutability."""
    said = "The image tag '1.0' already exists in the 'team/app' repository and cannot be overwritten."
    wire.ask(
        "PUT",
        APP.url("manifests", "1.0", ECR),
        400,
        basic=True,
        sent=APP.index,
        answer=JSON,
        body=error("TAG_INVALID", said),
    )


def ecr_no_repository(wire: Wire) -> None:
    """A push to a repository that nobody has made."""
    said = error(
        "NAME_UNKNOWN", "The repository with name 'team/app' does not exist in the registry with id '123456789012'"
    )
    wire.ask("POST", f"{ECR}/v2/team/app/blobs/uploads/", 404, basic=True, answer=JSON, body=said)


def ghcr_read_only_token(wire: Wire) -> None:
    """A token of GitHub that may read packages only."""
    host = "https://ghcr.io"
    start = f"{host}/v2/team/app/blobs/uploads/"
    wire.ask("POST", start, 401, challenge=bearer(f"{host}/token", "repository:team/app:pull,push"))
    wire.ask(
        "GET",
        f"{host}/token?scope=repository%3Ateam%2Fapp%3Apull%2Cpush",
        basic=True,
        body='{"token":"REDACTED"}',
        issued="gh",
    )
    wire.ask("POST", start, 403, token="gh", answer=JSON, body=error("DENIED", "permission_denied: write_package"))


def delete_off(wire: Wire) -> None:
    """distribution without storage.delete.enabled."""
    url = f"{REG}/v2/team/app/manifests/{digest(APP.index)}"
    wire.ask("DELETE", url, 405, answer=JSON, body=error("UNSUPPORTED", "The operation is unsupported."))


# -- storages -------------------------------------------------------------------------------------------------------------


def pulled(wire: Wire) -> str:
    """A pull up to its first blob, whose address is returned."""
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), answer=OK_INDEX)
    wire.ask("GET", APP.url("manifests", digest(APP.index), REG), answer=OK_INDEX, body=APP.index)
    manifest = APP.manifest()
    wire.ask(
        "GET",
        APP.url("manifests", digest(manifest), REG),
        answer={"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest(manifest)},
        body=manifest,
    )
    return APP.url("blobs", digest("base"), REG)


def stored(
    wire: Wire,
    there: str,
    status: int,
    *,
    said: str = "",
    answer: dict[str, str] | None = None,
    by: dict[str, str] | None = None,
) -> None:
    """A blob redirect, and what the storage answers."""
    here = pulled(wire)
    wire.ask("GET", here, 307, location=there, answer=by)
    wire.ask("GET", there, status, referer=here, answer=answer or XML, body=said)


def cached_redirect(wire: Wire) -> None:
    """nginx keeps 307 for an hour, the signature lives for ten minutes."""
    stored(
        wire,
        "https://bucket.s3.amazonaws.com/data?X-Amz-Date=19700101T000000Z&X-Amz-Expires=600&X-Amz-Signature=REDACTED",
        403,
        said="<XML> AccessDenied Request has expired",
        by={"Date": "Thu, 01 Jan 1970 00:16:40 GMT", "Age": "400"},
    )


def storage_like_a_registry(wire: Wire) -> None:
    """A storage whose path is that of a registry, with a signature of its own."""
    stored(
        wire,
        f"https://storage.example.net/v2/team/app/blobs/{digest('base')}?verify=REDACTED",
        403,
        said="<XML> AccessDenied Request has expired",
    )


def skewed_clock(wire: Wire) -> None:
    """A registry whose clock is 15 hours off signs for S3."""
    stored(
        wire,
        "https://bucket.s3.amazonaws.com/data?X-Amz-Signature=REDACTED",
        403,
        said="<XML> RequestTimeTooSkewed The difference between the request time and the current time is too large.",
    )


def azure_signature(wire: Wire) -> None:
    """A key of the storage account that was rotated."""
    stored(
        wire,
        "https://account.blob.core.windows.net/data?sig=REDACTED",
        403,
        said="<XML> AuthenticationFailed Server failed to authenticate the request.",
        answer={**XML, "Server": "Windows-Azure-Blob/1.0"},
    )


def no_such_key(wire: Wire) -> None:
    """A bucket from which something was cleaned up."""
    stored(
        wire,
        "https://bucket.s3.amazonaws.com/data?X-Amz-Signature=REDACTED",
        404,
        said="<XML> NoSuchKey The specified key does not exist.",
    )


def range_400(wire: Wire) -> None:
    """A download that was cut off, and a storage that refuses the rest."""
    here = pulled(wire)
    there = "https://bucket.s3.amazonaws.com/data?X-Amz-Signature=REDACTED"
    wire.ask("GET", here, 307, location=there)
    wire.ask("GET", there, referer=here, answer={"Content-Length": "4"}, size=2, fails="server closed connection")
    wire.ask("GET", here, 307, location=there, headers={"Range": "bytes=2-"})
    wire.ask("GET", there, 400, referer=here, headers={"Range": "bytes=2-"}, answer=XML, body="<XML> InvalidArgument")


# -- answers of other kinds -----------------------------------------------------------------------------------------------


def harbor_policy(wire: Wire) -> None:
    """An image with vulnerabilities that a policy keeps back."""
    said = "current image with 4 vulnerabilities cannot be pulled due to configured policy"
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 412, answer=JSON)
    wire.ask("GET", APP.url("manifests", "1.0", REG), 412, answer=JSON, body=error("PROJECTPOLICYVIOLATION", said))


def export_control(wire: Wire) -> None:
    """A page of Docker Hub for certain countries."""
    said = "<HTML> 403 Forbidden Since Docker is a US company, we must comply with US export control regulations."
    wire.ask(
        "HEAD",
        "https://registry-1.docker.io/v2/library/nginx/manifests/latest",
        403,
        answer={"Content-Type": "text/html"},
    )
    wire.ask(
        "GET",
        "https://registry-1.docker.io/v2/library/nginx/manifests/latest",
        403,
        answer={"Content-Type": "text/html"},
        body=said,
    )


def http_to_https(wire: Wire) -> None:
    """An insecure registry that does speak TLS."""
    said = "Client sent an HTTP request to an HTTPS server.\n"
    wire.ask("GET", "http://registry.example.com:5000/v2/", 400, answer={"Content-Type": "text/plain"}, body=said)


def quay_502(wire: Wire) -> None:
    """A registry that is down behind its proxy."""
    for _ in range(2):
        wire.ask("HEAD", APP.url("manifests", "1.0", REG), 502, answer=NGINX)
    wire.ask("GET", APP.url("manifests", "1.0", REG), 502, answer=NGINX, body="<HTML> 502 Bad Gateway")


def wrong_host(wire: Wire) -> None:
    """A web site, not its registry."""
    for _ in range(2):
        wire.ask("GET", f"{REG}/v2/team/app/manifests/1.0", 404, answer=NGINX, body="<HTML> 404 Not Found")


def login_page(wire: Wire) -> None:
    """A single sign-on in front of everything."""
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 200, answer={"Content-Type": "text/html"})
    wire.ask("GET", APP.url("manifests", "1.0", REG), 200, answer={"Content-Type": "text/html"}, size=9000)


def toomanyrequests_403(wire: Wire) -> None:
    """A limit that is not said with 429."""
    said = error("TOOMANYREQUESTS", "retry-after: 44.6us, allowed: 44000/minute")
    wire.ask("GET", APP.url("manifests", "1.0", "https://ghcr.io"), 403, answer=JSON, body=said)


def referrers_500(wire: Wire) -> None:
    """An image that came, beside referrers that did not."""
    here = pulled(wire)
    wire.ask("GET", here, content="base")
    wire.ask("GET", APP.url("blobs", digest("app"), REG), content="app")
    wire.ask("GET", APP.url("blobs", digest(APP.config_text), REG), content=APP.config_text)
    wire.ask("GET", f"{REG}/v2/team/app/referrers/{digest(APP.manifest())}", 500, answer=JSON, body=error("UNKNOWN"))


def cosign_tags(wire: Wire) -> None:
    """cosign tree of an image that nobody has signed."""
    name = digest(APP.index).replace(":", "-")
    wire.ask("GET", APP.url("manifests", "1.0", REG), answer=OK_INDEX, body=APP.index)
    for kind in ("att", "sig", "sbom"):
        wire.ask(
            "GET",
            APP.url("manifests", f"{name}.{kind}", REG),
            404,
            answer=JSON,
            body=error("MANIFEST_UNKNOWN", "manifest unknown"),
        )


def oras_redirected(wire: Wire) -> None:
    """A vanity domain and a client that answers its own host only."""
    here, there = "https://docker.example.com/v2/team/app/manifests/1.0", APP.url("manifests", "1.0", REG)
    wire.ask("GET", here, 302, location=there)
    wire.ask("GET", there, 401, referer=here, challenge=bearer(scope="repository:team/app:pull"))


def home_made_client(wire: Wire) -> None:
    """curl with one Accept header."""
    wire.ask(
        "GET",
        APP.url("manifests", "1.0", REG),
        406,
        headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"},
    )


def index_not_accepted(wire: Wire) -> None:
    """chartpress and the index that buildx makes."""
    said = error("MANIFEST_UNKNOWN", "OCI index found, but accept header does not support OCI indexes")
    accept = {"Accept": "application/vnd.docker.distribution.manifest.list.v2+json"}
    wire.ask("GET", APP.url("manifests", "1.0", REG), 404, headers=accept, answer=JSON, body=said)


def head_compressed(wire: Wire) -> None:
    """A proxy that compresses, and so leaves the length out."""
    wire.ask(
        "HEAD",
        APP.url("manifests", "1.0", REG),
        answer={**OK_INDEX, "Content-Length": "", "Content-Encoding": "gzip", "Server": "LiteSpeed"},
    )


def mirror_forbidden(wire: Wire) -> None:
    """A mirror that refuses, and Docker Hub behind it."""
    hub = "https://registry-1.docker.io"
    wire.ask("HEAD", APP.url("manifests", "1.0", "https://mirror.example.cn") + "?ns=docker.io", 403, answer=NGINX)
    wire.ask("HEAD", APP.url("manifests", "1.0", hub), answer=OK_INDEX)
    wire.ask("GET", APP.url("manifests", digest(APP.index), hub), answer=OK_INDEX, body=APP.index)
    manifest = APP.manifest()
    wire.ask("GET", APP.url("manifests", digest(manifest), hub), answer={"Content-Type": OCI_MANIFEST}, body=manifest)
    for content in APP.blobs():
        wire.ask("GET", APP.url("blobs", digest(content), hub), content=content)


KINDS: dict[str, Kind] = {
    "login-expired": Kind(
        source="causify-ai/helpers#20",
        play=ecr_expired,
        agent=DOCKER_20,
        finds={"login-expired": "error"},
        says=("12 h", "aws ecr get-login-password --region eu-central-1"),
        never=("private", "does not exist"),
    ),
    "login-expired-text": Kind(
        source="CircleCI-Public/aws-ecr-orb#277",
        play=ecr_expired_text,
        agent=CRANE,
        finds={"login-expired": "error"},
        says=("12 h",),
    ),
    "login-expired-public": Kind(
        source="aws/eks-anywhere#1628",
        play=ecr_public_stale_login,
        finds={"login-expired": "error"},
        never=("private",),
    ),
    "login-not-needed": Kind(
        source="aws/deep-learning-containers#6104",
        play=public_image_with_stale_login,
        finds={"login-not-needed": "error"},
        says=("docker logout registry.example.com",),
        never=("log in again", "private"),
    ),
    "login-not-needed-at-all": Kind(
        source="microsoft/containerregistry: no login",
        play=mcr_login,
        agent=PODMAN,
        finds={"login-not-needed": "error"},
        says=("takes no login",),
    ),
    "no-login-ghcr": Kind(
        source="mubeng/mubeng#286",
        play=ghcr_private,
        finds={"credentials-not-used": "error"},
        says=("showed no login",),
        never=("keep the registry's own path",),
    ),
    "wrong-password-hub": Kind(
        source="docker/hub-feedback#1103",
        play=hub_wrong_password,
        finds={"access-denied": "error"},
        says=("incorrect username or password",),
        never=("private", ": :"),
    ),
    "wrong-password-basic": Kind(
        source="distribution/distribution#1200",
        play=basic_wrong_password,
        finds={"access-denied": "error"},
        never=("showed no login", "asked nothing more"),
    ),
    "firewall": Kind(
        source="Azure/acr#633",
        play=acr_firewall,
        finds={"access-denied": "error"},
        says=("203.0.113.7", "allow the address"),
        never=("private", "log in"),
    ),
    "robot-account": Kind(
        source="goharbor/harbor#11632", play=harbor_robot, agent=DOCKER_20, finds={"access-denied": "error"}
    ),
    "ping-hides-challenge": Kind(
        source="podman-container-tools/skopeo#2502",
        play=ping_open_manifest_basic,
        agent=SKOPEO,
        finds={"ping-hides-challenge": "error"},
    ),
    "realm-one-label": Kind(
        source="cesanta/docker_auth#390",
        play=realm_one_label,
        agent=CONTAINERD,
        finds={"token-not-requested": "error"},
        says=("docker-auth:5001", "only one network knows"),
        never=("log in",),
    ),
    "realm-http": Kind(
        source="moby/moby#38662",
        play=realm_plain_http,
        agent=DOCKER_20,
        finds={"token-not-requested": "error"},
        says=("plain http", "X-Forwarded-Proto"),
    ),
    "token-too-short": Kind(
        source="cesanta/docker_auth#240",
        play=token_too_short_lived,
        agent=DOCKER_20,
        finds={"token-rejected": "error"},
        says=("has expired",),
        never=("private", "clocks"),
    ),
    "upload-lost": Kind(
        source="distribution/distribution#1402",
        play=two_instances,
        agent=DOCKER_20,
        finds={"upload-lost": "error"},
        says=("http.secret",),
    ),
    "location-without-port": Kind(
        source="distribution/distribution#2225",
        play=location_without_port,
        agent=DOCKER_20,
        finds={"upload-location-elsewhere": "error"},
        never=("addons/",),
    ),
    "cloudflare-413": Kind(
        source="cloudflare: 100 MB on the free plan",
        play=cloudflare_413,
        finds={"upload-too-large": "error"},
        says=("Cloudflare", "300.0 MB"),
        never=("nginx",),
    ),
    "gateway-timeout": Kind(
        source="docker-archive/docker-registry#900",
        play=gateway_timeout,
        agent=DOCKER_20,
        finds={"upload-cut-off": "error"},
        says=("504", "60 s"),
    ),
    "length-required": Kind(
        source="nginx: chunked_transfer_encoding",
        play=length_required,
        finds={"upload-refused": "error"},
        says=("411", "chunked"),
    ),
    "upload-refused": Kind(
        source="moby/buildkit#3579",
        play=old_registry,
        agent=BUILDKIT,
        finds={"upload-refused": "error"},
        says=("MANIFEST_INVALID",),
    ),
    "immutable-tag": Kind(
        source="moby/buildkit#3776",
        play=immutable_tag,
        agent=BUILDKIT,
        finds={"write-denied": "error"},
        says=("new tag",),
        never=("log in", "private"),
    ),
    "no-repository-yet": Kind(
        source="aws/containers-roadmap#853",
        play=ecr_no_repository,
        finds={"upload-refused": "error"},
        says=("create team/app",),
    ),
    "token-reads-only": Kind(
        source="kedacore/http-add-on#48",
        play=ghcr_read_only_token,
        finds={"write-denied": "error"},
        says=("write_package",),
        never=("private", "showed no login"),
    ),
    "delete-off": Kind(
        source="distribution/distribution: storage.delete.enabled",
        play=delete_off,
        agent=SKOPEO,
        finds={"write-denied": "error"},
        says=("deletes",),
        never=("private", "may pull"),
    ),
    "signed-url-stale": Kind(
        source="rpardini/docker-registry-proxy#26",
        play=cached_redirect,
        finds={"signed-url-stale": "error"},
        says=("cache",),
        never=("clock",),
    ),
    "storage-like-a-registry": Kind(
        source="cloudflare/serverless-registry: ?verify=",
        play=storage_like_a_registry,
        finds={"signed-url-expired": "error"},
    ),
    "clocks-differ": Kind(
        source="boot2docker/boot2docker#469",
        play=skewed_clock,
        finds={"clocks-differ": "error"},
        says=("set the clock of registry.example.com",),
    ),
    "azure-signature": Kind(
        source="docker/hub-feedback#1636",
        play=azure_signature,
        finds={"signed-url-invalid": "error"},
        says=("Windows-Azure-Blob",),
        never=("expired",),
    ),
    "no-such-key": Kind(
        source="distribution/distribution#1285", play=no_such_key, finds={"cdn-failed": "error"}, says=("NoSuchKey",)
    ),
    "range-refused": Kind(
        source="kubernetes/registry.k8s.io#333",
        play=range_400,
        agent=PODMAN,
        finds={"range-refused": "error"},
        says=("bytes=2-",),
    ),
    "request-failed": Kind(
        source="goharbor/harbor#13825",
        play=harbor_policy,
        finds={"request-failed": "error"},
        says=("4 vulnerabilities",),
    ),
    "export-control": Kind(
        source="docker/docs#10533",
        play=export_control,
        finds={"request-failed": "error"},
        says=("export control", "mirror"),
        never=("private", "log in"),
    ),
    "http-to-https": Kind(
        source="distribution: Go's net/http",
        play=http_to_https,
        agent=DOCKER_20,
        finds={"request-failed": "error"},
        says=("over https",),
    ),
    "bad-gateway": Kind(
        source="quay: 502", play=quay_502, finds={"registry-failed": "error"}, says=("nginx/1.25.3", "behind")
    ),
    "wrong-host": Kind(
        source="docker/hub: a web site's name",
        play=wrong_host,
        agent=CONTAINERD,
        finds={"path-not-redirected": "error"},
        says=("no registry answers there",),
        never=("no rule covers",),
    ),
    "login-page": Kind(
        source="moby/moby#19526",
        play=login_page,
        agent=CONTAINERD,
        finds={"wrong-content-type": "error"},
        says=("web page",),
        never=("headers file",),
    ),
    "limit-without-429": Kind(
        source="actions/runner: ghcr.io toomanyrequests",
        play=toomanyrequests_403,
        agent=CONTAINERD,
        finds={"rate-limited": "error"},
        says=("403",),
        never=("private",),
    ),
    "referrers-refused": Kind(
        source="goharbor/harbor#18418", play=referrers_500, finds={}, infos=("referrers-refused",)
    ),
    "cosign-tree": Kind(source="sigstore/cosign: tree", play=cosign_tags, agent="cosign/3.1", finds={}),
    "oras-redirected": Kind(
        source="oras-project/oras: a vanity domain",
        play=oras_redirected,
        agent=ORAS,
        finds={"token-not-requested": "error"},
        says=("proxy (200)",),
    ),
    "not-acceptable": Kind(
        source="NotGlop/docker-drag#32",
        play=home_made_client,
        agent="python-requests/2.31",
        finds={"accept-too-narrow": "error"},
        never=("push", "check the tag"),
    ),
    "index-not-accepted": Kind(
        source="jupyterhub/chartpress#203",
        play=index_not_accepted,
        agent="python-requests/2.31",
        finds={"accept-too-narrow": "error"},
        says=("image.index",),
    ),
    "head-compressed": Kind(
        source="litespeedtech/openlitespeed#458",
        play=head_compressed,
        agent=DOCKER_20,
        finds={"head-unusable": "error"},
        says=("LiteSpeed",),
    ),
    "mirror-forbidden": Kind(
        source="containerd/nerdctl#2676",
        play=mirror_forbidden,
        agent=CONTAINERD,
        finds={"mirror-failed": "warning"},
        never=("private",),
    ),
}
"""What is named like a code shows that code in docs/findings.md."""


# -- looked for afterwards, and played before anything was changed for them ------------------------------------------------


def nexus_http_realm(wire: Wire) -> None:
    """Nexus behind a proxy: its realm is http on the port of https."""
    realm = "http://registry.example.com:443/v2/token"
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer(realm))
    said = "<HTML> 400 The plain HTTP request was sent to HTTPS port"
    wire.ask("GET", f"{realm}?scope=repository%3Ateam%2Fapp%3Apull", 400, answer={**NGINX}, body=said)


def push_405_page(wire: Wire) -> None:
    """A location of nginx that serves files."""
    wire.ask("GET", f"{REG}/v2/", 401, challenge=BASIC)
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 404, basic=True)
    start = f"{REG}/v2/team/app/blobs/uploads/"
    page = {"Content-Type": "text/html", "Server": "openresty/1.9.7.3"}
    wire.ask("POST", start, 405, basic=True, answer=page, body="<HTML> 405 Not Allowed")


def name_with_a_slash(wire: Wire) -> None:
    """A variable that is empty, so that the name begins with a slash."""
    wire.ask("GET", "https://index.docker.io/v2/", 401, challenge=bearer("https://auth.docker.io/token"))
    url = "https://auth.docker.io/token?scope=repository%3A%2Fteam%2Fapp%3Apush%2Cpull&service=registry.docker.io"
    wire.ask("GET", url, 400, answer=JSON, body='{"details":"invalid repository name"}')


def token_422(wire: Wire) -> None:
    """A realm that wants another way to ask."""
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer())
    wire.ask(
        "GET", f"{REG}/auth/token?service=reg", 422, basic=True, answer=JSON, body='{"message":"unsupported grant"}'
    )


def search_without_right(wire: Wire) -> None:
    """podman search at a registry that keeps its catalog to itself."""
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer())
    said = '{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"},'
    said += '{"code":"UNAUTHORIZED","message":"Insufficient permissions"}]}'
    wire.ask("GET", f"{REG}/auth/token?service=reg", 401, basic=True, answer=JSON, body=said)


def login_at_a_web_site(wire: Wire) -> None:
    """docker login at the port of Nexus' pages."""
    page = {"Content-Type": "text/html", "Server": "Apache"}
    wire.ask("GET", f"{REG}/v2/", 404, answer=page, body="<HTML> 404 - Nexus Repository Manager")


def connector_down(wire: Wire) -> None:
    """An ingress before a port on which nothing listens."""
    wire.ask("GET", f"{REG}/v2/", 502, answer=NGINX, body="<HTML> 502 Bad Gateway")


def push_blob_503(wire: Wire) -> None:
    """A push whose first question fails."""
    for _ in range(2):
        wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 503)


def key_of_another(wire: Wire) -> None:
    """A registry that does not know the key of its token server."""
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer())
    wire.ask(
        "GET",
        f"{REG}/auth/token?scope=repository%3Ateam%2Fapp%3Apush%2Cpull",
        basic=True,
        body='{"token":"REDACTED"}',
        issued="portus",
    )
    for _ in range(3):
        wire.ask(
            "POST",
            f"{REG}/v2/team/app/blobs/uploads/",
            401,
            token="portus",
            challenge=bearer() + ',error="invalid_token"',
            answer=JSON,
            body=error("UNAUTHORIZED", "authentication required"),
        )


def gcr_no_permission(wire: Wire) -> None:
    """A project in which the account may not write."""
    host = "https://gcr.io"
    wire.ask("GET", f"{host}/v2/", 401, challenge=bearer(f"{host}/v2/token"))
    said = error("DENIED", "Token exchange failed. Caller does not have permission 'storage.buckets.get'.")
    url = f"{host}/v2/token?scope=repository%3Ateam%2Fapp%3Apush%2Cpull&service=gcr.io"
    wire.ask("GET", url, 403, basic=True, answer=JSON, body=said)


def harbor_may_not_push(wire: Wire) -> None:
    """A robot account that may read only."""
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer())
    url = f"{REG}/auth/token?scope=repository%3Ateam%2Fapp%3Apush%2Cpull"
    wire.ask("GET", url, basic=True, body='{"token":"REDACTED"}', issued="robot-2")
    said = error("UNAUTHORIZED", "unauthorized to access repository: team/app, action: push")
    wire.ask("POST", f"{REG}/v2/team/app/blobs/uploads/", 401, token="robot-2", answer=JSON, body=said)


def manifest_500(wire: Wire) -> None:
    """A push whose blobs are there and whose manifest fails."""
    for _ in range(5):
        wire.ask(
            "PUT",
            APP.url("manifests", "1.0", REG),
            500,
            sent=APP.index,
            answer=JSON,
            body=error("UNKNOWN", "unknown error"),
        )


def cut_by_a_filter(wire: Wire) -> None:
    """A filter in between that ends what takes longer than 30 s."""
    here = pulled(wire)
    answer = {"Content-Length": "4"}
    wire.ask("GET", here, answer=answer, size=2, took=30.0, fails="server closed connection")


def short_manifest(wire: Wire) -> None:
    """An index of which a filter hands on a part."""
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), answer=OK_INDEX)
    answer = {**OK_INDEX, "Content-Length": str(len(APP.index))}
    wire.ask(
        "GET", APP.url("manifests", digest(APP.index), REG), answer=answer, size=100, fails="server closed connection"
    )


def cache_without_blob(wire: Wire) -> None:
    """A cache that has the manifest and not its config."""
    wire.ask("GET", pulled(wire), 404, answer=JSON, body=error("BLOB_UNKNOWN", "unknown blob"))


def quay_page(wire: Wire) -> None:
    """A registry that answers with a page of its framework."""
    page = {"Content-Type": "text/html", "Server": "nginx"}
    url = "https://quay.io/v2/team/app/manifests/v7"
    wire.ask("GET", "https://quay.io/v2/", 401, challenge=bearer("https://quay.io/v2/auth"))
    wire.ask(
        "GET",
        "https://quay.io/v2/auth?scope=repository%3Ateam%2Fapp%3Apull",
        body='{"token":"REDACTED"}',
        issued="quay",
    )
    wire.ask("GET", url, 404, token="quay", answer=page, body="<HTML> 404 Not Found")


def auth_times_out(wire: Wire) -> None:
    """A proxy for Docker Hub whose token server cannot be reached from here."""
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 401, challenge=bearer("https://auth.docker.io/token"))
    wire.ask(
        "GET",
        "https://auth.docker.io/token?scope=repository%3Ateam%2Fapp%3Apull",
        None,
        fails="[Errno 110] Connect call failed",
    )


def expired_in_harbor(wire: Wire) -> None:
    """A push that takes longer than its token lives."""
    start = f"{REG}/v2/team/app/blobs/uploads/"
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer())
    url = f"{REG}/auth/token?scope=repository%3Ateam%2Fapp%3Apush%2Cpull"
    wire.ask("GET", url, basic=True, body='{"token":"REDACTED","expires_in":1800}', issued="slow")
    wire.ask("POST", start, 202, token="slow", location=f"{start}9")
    wire.ask("PATCH", f"{start}9", 202, token="slow", sent=2_000_000_000, took=3000.0, location=f"{start}9?_state=1")
    said = error("UNAUTHORIZED", "unauthorized to access repository: team/app, action: push")
    wire.ask("PUT", f"{start}9?_state=1&digest={LAYER}", 401, token="slow", answer=JSON, body=said)


KINDS |= {
    "nexus-http-realm": Kind(
        source="sonatype/nexus-public#435",
        play=nexus_http_realm,
        agent=DOCKER_20,
        finds={"token-server-failed": "error"},
        says=("plain HTTP request",),
        never=("log in", "showed no login"),
    ),
    "push-405-page": Kind(
        source="moby/moby#34657",
        play=push_405_page,
        agent=DOCKER_20,
        finds={"write-denied": "error"},
        says=("openresty",),
        never=("read-only", "log in"),
    ),
    "name-invalid": Kind(
        source="GoogleContainerTools/kaniko#702",
        play=name_with_a_slash,
        agent="kaniko/v1.9.0",
        finds={"token-server-failed": "error"},
        says=("invalid repository name",),
        never=("log in", "showed no login"),
    ),
    "token-422": Kind(
        source="podman-desktop/podman-desktop#9786",
        play=token_422,
        agent=PODMAN,
        finds={"token-server-failed": "error"},
        says=("422", "unsupported grant"),
    ),
    "search-without-right": Kind(
        source="podman-container-tools/container-libs#250",
        play=search_without_right,
        agent=PODMAN,
        finds={"access-denied": "error"},
        says=("Insufficient permissions",),
        never=("log in again",),
    ),
    "login-at-a-web-site": Kind(
        source="ansible-ThoTeam/nexus3-oss#299",
        play=login_at_a_web_site,
        agent=DOCKER_20,
        finds={"ping-not-redirected": "error"},
        says=("404", "Nexus Repository Manager"),
    ),
    "connector-down": Kind(
        source="Oteemo/charts#212",
        play=connector_down,
        agent=DOCKER_20,
        finds={"registry-failed": "error"},
        says=("nginx",),
    ),
    "push-blob-503": Kind(
        source="sonatype/nexus-public#703", play=push_blob_503, finds={"registry-failed": "error"}, never=("private",)
    ),
    "key-of-another": Kind(
        source="SUSE/Portus#1515",
        play=key_of_another,
        agent=DOCKER_20,
        finds={"token-rejected": "error"},
        says=("key",),
        never=("private",),
    ),
    "gcr-no-permission": Kind(
        source="GoogleContainerTools/kaniko#622",
        play=gcr_no_permission,
        agent="kaniko/v1.9.0",
        finds={"write-denied": "error"},
        says=("storage.buckets.get",),
        never=("showed no login",),
    ),
    "harbor-may-not-push": Kind(
        source="GoogleContainerTools/kaniko#2222",
        play=harbor_may_not_push,
        agent="kaniko/v1.9.0",
        finds={"write-denied": "error"},
        says=("action: push",),
        never=("showed no login", "private"),
    ),
    "manifest-500": Kind(
        source="minio/minio#5765", play=manifest_500, agent=DOCKER_20, finds={"registry-failed": "error"}, says=("500",)
    ),
    "cut-by-a-filter": Kind(
        source="distribution/distribution#4845",
        play=cut_by_a_filter,
        finds={"size-mismatch": "error"},
        says=("2 of 4 bytes",),
    ),
    "short-manifest": Kind(
        source="docker-library/python#1104", play=short_manifest, finds={"size-mismatch": "error"}, says=("100 of",)
    ),
    "cache-without-blob": Kind(
        source="rpardini/docker-registry-proxy#147",
        play=cache_without_blob,
        agent=DOCKER_20,
        finds={"blob-unknown": "error"},
    ),
    "quay-page": Kind(
        source="oauth2-proxy/manifests#112",
        play=quay_page,
        agent=DOCKER_20,
        finds={"path-not-redirected": "error"},
        says=("web page",),
        never=("no rule covers",),
    ),
    "auth-times-out": Kind(
        source="ketches/registry-proxy#3",
        play=auth_times_out,
        agent=CONTAINERD,
        finds={"upstream-unreachable": "error"},
        says=("auth.docker.io",),
    ),
    "expired-in-harbor": Kind(
        source="opencadc/science-platform#161",
        play=expired_in_harbor,
        agent=DOCKER_20,
        finds={"token-rejected": "error"},
        says=("has expired",),
        never=("private", "log in"),
    ),
}


# -- and once more, after that ---------------------------------------------------------------------------------------------


def nested_name(wire: Wire) -> None:
    """skopeo sync to a registry without nested names."""
    begin(wire, "nested")
    said = error("NAME_INVALID", "Nested repositories are not supported.")
    wire.ask("POST", f"{REG}/v2/team/app/app/blobs/uploads/", 400, token="nested", answer=JSON, body=said)


def begin(wire: Wire, token: str, actions: str = "push%2Cpull") -> None:
    """The version check, and a token for a login."""
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer())
    url = f"{REG}/auth/token?scope=repository%3Ateam%2Fapp%3A{actions}"
    wire.ask("GET", url, basic=True, body='{"token":"REDACTED"}', issued=token)


def schema1_pushed(wire: Wire) -> None:
    """A manifest of 2014 for a registry of today."""
    begin(wire, "old")
    said = error("MANIFEST_INVALID", "manifest invalid")
    wire.ask("PUT", APP.url("manifests", "2.6", REG), 400, token="old", sent=900, answer=JSON, body=said)


def reuse_refused(wire: Wire) -> None:
    """A push whose question for a blob is refused, without a word."""
    begin(wire, "reuse")
    wire.ask("HEAD", f"{REG}/v2/team/app/blobs/{LAYER}", 401, token="reuse")


def config_503(wire: Wire) -> None:
    """A blob that could not be sent, and the manifest that names it."""
    begin(wire, "lb")
    start = f"{REG}/v2/team/app/blobs/uploads/"
    wire.ask(
        "POST", start, 503, token="lb", answer={"Content-Type": "text/html"}, body="<HTML> 503 Service Unavailable"
    )
    said = error("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 404, token="lb", sent=900, answer=JSON, body=said)


def helm_login_quay(wire: Wire) -> None:
    """POST to the realm is refused, GET is not."""
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer())
    wire.ask(
        "POST", f"{REG}/auth/token", 405, answer={"Content-Type": "text/html"}, body="<HTML> 405 Method Not Allowed"
    )
    wire.ask("GET", f"{REG}/auth/token?service=reg", basic=True, body='{"token":"REDACTED"}', issued="helm")
    wire.ask("GET", f"{REG}/v2/", token="helm")


def zot_push_without_login(wire: Wire) -> None:
    """A client that keeps its login to itself."""
    wire.ask("GET", f"{REG}/v2/", answer={"Docker-Distribution-Api-Version": "registry/2.0"})
    wire.ask("POST", f"{REG}/v2/team/app/blobs/uploads/", 403)


def tag_twice(wire: Wire) -> None:
    """A tag that was given where helm adds its own: blobs come, the manifest's address is none."""
    begin(wire, "twice")
    start = f"{REG}/v2/team/app/blobs/uploads/"
    wire.ask("POST", start, 202, token="twice", location=f"{start}1")
    wire.ask("PUT", f"{start}1?digest={LAYER}", 201, token="twice", sent=900)
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 405, token="twice", sent=900)


def eof_in_a_push(wire: Wire) -> None:
    """A server that hangs up."""
    begin(wire, "eof")
    start = f"{REG}/v2/team/app/blobs/uploads/"
    wire.ask("POST", start, 202, token="eof", location=f"{start}1")
    wire.ask("PUT", f"{start}1?digest={LAYER}", None, token="eof", sent=900, fails="server closed connection")


def worker_400(wire: Wire) -> None:
    """A proxy for Docker Hub that cannot fetch a blob."""
    mirror = "https://docker.proxy.example"
    ns = "?ns=docker.io"
    wire.ask("HEAD", APP.url("manifests", "1.0", mirror) + ns, answer=OK_INDEX)
    wire.ask("GET", APP.url("manifests", digest(APP.index), mirror) + ns, answer=OK_INDEX, body=APP.index)
    manifest = APP.manifest()
    wire.ask(
        "GET", APP.url("manifests", digest(manifest), mirror) + ns, answer={"Content-Type": OCI_MANIFEST}, body=manifest
    )
    blob = APP.url("blobs", digest("base"), mirror) + ns
    wire.ask("GET", blob, 400, answer=XML, body="<XML> InvalidArgument Only one auth mechanism allowed")


def mirror_not_ready(wire: Wire) -> None:
    """An ingress whose pod is not ready, and a client that stops there."""
    wire.ask("HEAD", APP.url("manifests", "1.0", "https://mirror.example.net") + "?ns=docker.io", 503, answer=NGINX)


def empty_blob(wire: Wire) -> None:
    """A cache that says a length and sends nothing."""
    wire.ask("GET", pulled(wire), answer={"Content-Length": "4"}, size=0, fails="server closed connection")


def proxy_cache_head(wire: Wire) -> None:
    """A cache that answers HEAD from what it has only."""
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 401, challenge=bearer(scope="repository:team/app:pull"))
    wire.ask("GET", f"{REG}/auth/token?scope=repository%3Ateam%2Fapp%3Apull", body='{"token":"REDACTED"}', issued="pc")
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 404, token="pc")


KINDS |= {
    "nested-name": Kind(
        source="podman-container-tools/skopeo#1180",
        play=nested_name,
        agent=SKOPEO,
        finds={"upload-refused": "error"},
        says=("Nested repositories", "spelled"),
    ),
    "schema1-pushed": Kind(
        source="podman-container-tools/skopeo#2350",
        play=schema1_pushed,
        agent=SKOPEO,
        finds={"upload-refused": "error"},
    ),
    "reuse-refused": Kind(
        source="podman-container-tools/skopeo#1036",
        play=reuse_refused,
        agent=SKOPEO,
        finds={"write-denied": "error"},
        never=("showed no login",),
    ),
    "config-503": Kind(
        source="containers/image#816", play=config_503, agent=SKOPEO, finds={"registry-failed": "error"}, says=("503",)
    ),
    "helm-login": Kind(source="helm/helm#30987", play=helm_login_quay, agent=HELM, finds={}),
    "push-without-login": Kind(
        source="helm/helm#12234",
        play=zot_push_without_login,
        agent=HELM,
        finds={"write-denied": "error"},
        says=("showed no login", "helm registry login"),
        never=("private",),
    ),
    "tag-twice": Kind(
        source="helm/helm#10152",
        play=tag_twice,
        agent=HELM,
        finds={"write-denied": "error"},
        never=("read-only", "log in"),
    ),
    "eof-in-a-push": Kind(source="helm/helm#12835", play=eof_in_a_push, agent=HELM, finds={"upload-cut-off": "error"}),
    "worker-400": Kind(
        source="ciiiii/cloudflare-docker-proxy#98",
        play=worker_400,
        agent=CONTAINERD,
        finds={"mirror-failed": "error"},
        says=("Only one auth mechanism",),
    ),
    "mirror-not-ready": Kind(
        source="containerd/containerd#4531",
        play=mirror_not_ready,
        agent=CONTAINERD,
        finds={"mirror-failed": "error"},
        says=("503",),
    ),
    "empty-blob": Kind(
        source="containerd/containerd#9552", play=empty_blob, agent=CONTAINERD, finds={"size-mismatch": "error"}
    ),
    "proxy-cache-head": Kind(
        source="goharbor/harbor#13153", play=proxy_cache_head, agent=CONTAINERD, finds={"manifest-unknown": "error"}
    ),
}


# -- what goes well, and looks as if it did not ------------------------------------------------------------------------------


def basic_login(wire: Wire) -> None:
    """docker login at a registry with an htpasswd file: the version check, and again with the password."""
    wire.ask("GET", f"{REG}/v2/", 401, challenge=BASIC)
    wire.ask("GET", f"{REG}/v2/", basic=True)


def blob_at_the_second_attempt(wire: Wire) -> None:
    """A blob that was there a second later."""
    here = pulled(wire)
    wire.ask("GET", here, 503)
    wire.wait(1)
    wire.ask("GET", here, content="base")
    for content in APP.blobs():
        if content != "base":
            wire.ask("GET", APP.url("blobs", digest(content), REG), content=content)


def ping_404_and_all_else(wire: Wire) -> None:
    """A host whose version check is none, and a client that goes on."""
    wire.ask("GET", f"{REG}/v2/", 404, answer={"Content-Type": "text/html"}, body="<HTML> Not Found")
    pulled(wire)


def mount_refused(wire: Wire) -> None:
    """A blob of a repository that may not be read is sent instead of mounted."""
    at = f"{REG}/v2/team/app/blobs/uploads/5"
    start = f"{REG}/v2/team/app/blobs/uploads/"
    wire.ask("POST", f"{start}?mount={LAYER}&from=secret%2Fbase", 403, answer=JSON, body=error("DENIED"))
    wire.ask("POST", start, 202, location=at)
    wire.ask("PUT", f"{at}?digest={LAYER}", 201, sent=9)
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 201, sent=900)


def upload_elsewhere_taken(wire: Wire) -> None:
    """A registry that has uploads sent to another host of its own."""
    at = "https://upload.example.net/x/1"
    wire.ask("POST", f"{REG}/v2/team/app/blobs/uploads/", 202, location=at)
    wire.ask("PATCH", at, 202, sent=9, location=f"{at}?state=2")
    wire.ask("PUT", f"{at}?state=2&digest={LAYER}", 201)
    wire.ask("PUT", APP.url("manifests", "1.0", REG), 201, sent=900)


KINDS |= {
    "basic-login": Kind(source="docker login, htpasswd", play=basic_login, agent=DOCKER_20, finds={}),
    "basic-login-skopeo": Kind(source="skopeo login, htpasswd", play=basic_login, agent=SKOPEO, finds={}),
    "second-attempt": Kind(source="kubernetes/registry.k8s.io#333", play=blob_at_the_second_attempt, finds={}),
    "ping-404": Kind(source="a static registry without /v2/", play=ping_404_and_all_else, agent=CRANE, finds={}),
    "mount-refused": Kind(source="distribution-spec 1.1, mounting", play=mount_refused, agent=DOCKER_20, finds={}),
    "upload-elsewhere": Kind(source="distribution-spec 1.1, Location", play=upload_elsewhere_taken, finds={}),
}


# -- a third time -------------------------------------------------------------------------------------------------------------


def quay_robot_expired(wire: Wire) -> None:
    """Quay robot account."""
    wire.ask("GET", "https://quay.io/v2/", 401, challenge=bearer("https://quay.io/v2/auth"))
    wire.ask(
        "GET",
        "https://quay.io/v2/auth?service=quay.io&scope=repository%3Aorg%2Fapp%3Apull",
        401,
        basic=True,
        answer=JSON,
        body='{"error":"Invalid Username or Password","error_message":"x"}',
    )


def hub_2fa(wire: Wire) -> None:
    """Docker Hub personal access token."""
    wire.ask("GET", "https://registry-1.docker.io/v2/", 401, challenge=bearer("https://auth.docker.io/token"))
    wire.ask(
        "GET",
        "https://auth.docker.io/token?account=REDACTED&service=registry.docker.io&scope=repository%3Ateam%2Fapp%3Apull",
        401,
        basic=True,
        answer=JSON,
        body='{"details":"personal access token is expired"}',
    )


def gitlab_project_denied(wire: Wire) -> None:
    """Gitlab.com, push."""
    wire.ask("GET", "https://registry.gitlab.com/v2/", 401, challenge=bearer("https://gitlab.com/jwt/auth"))
    wire.ask(
        "GET",
        "https://gitlab.com/jwt/auth?service=container_registry&scope=repository%3Ag%2Fp%3Apush%2Cpull",
        403,
        basic=True,
        answer=JSON,
        body=error("DENIED", "access forbidden"),
    )


def gitlab_blocked(wire: Wire) -> None:
    """Gitlab.com, anonymous."""
    wire.ask(
        "HEAD",
        APP.url("manifests", "1.0", REG),
        401,
        challenge=bearer("https://gitlab.com/jwt/auth", "repository:team/app:pull"),
    )
    wire.ask(
        "GET",
        "https://gitlab.com/jwt/auth?service=x&scope=repository%3Ateam%2Fapp%3Apull",
        403,
        answer=JSON,
        body=error("DENIED", "access forbidden"),
    )


def artifactory_terms(wire: Wire) -> None:
    """Artifactory with Xray."""
    wire.ask("GET", f"{REG}/v2/", 200)
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 403)
    wire.ask(
        "GET",
        APP.url("manifests", "1.0", REG),
        403,
        answer=JSON,
        body='{"errors":[{"status":403,"message":"repo:docker-remote is blocked by Xray: Artifact contains vulnerabilities"}]}',
    )


def ecr_cross(wire: Wire) -> None:
    """ECR across accounts."""
    wire.ask("HEAD", APP.url("manifests", "1.0", ECR), 401, challenge=f'Basic realm="{ECR}/"')
    wire.ask("HEAD", APP.url("manifests", "1.0", ECR), 403, basic=True)
    wire.ask(
        "GET",
        APP.url("manifests", "1.0", ECR),
        403,
        basic=True,
        answer=JSON,
        body=error(
            "DENIED", "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: ecr:BatchGetImage on resource"
        ),
    )


def ecr_none(wire: Wire) -> None:
    """ECR without a login."""
    wire.ask(
        "HEAD",
        APP.url("manifests", "1.0", ECR),
        401,
        challenge=f'Basic realm="{ECR}/"',
        answer={"Content-Type": "text/plain"},
    )
    wire.ask(
        "GET",
        APP.url("manifests", "1.0", ECR),
        401,
        challenge=f'Basic realm="{ECR}/"',
        answer={"Content-Type": "text/plain"},
        body="Not Authorized\n",
    )


def acr_400(wire: Wire) -> None:
    """Containerd/containerd#6481."""
    wire.ask(
        "HEAD",
        APP.url("manifests", "1.0", "https://x.azurecr.io"),
        401,
        challenge=bearer("https://x.azurecr.io/oauth2/token", "repository:team/app:pull"),
    )
    wire.ask(
        "POST",
        "https://x.azurecr.io/oauth2/token",
        400,
        answer=JSON,
        body=error("UNAUTHORIZED", "authentication required, visit https://aka.ms/acr/authorization"),
    )


def layer_404_store(wire: Wire) -> None:
    """Google Cloud Storage, bucket gone."""
    stored(
        wire,
        "https://storage.googleapis.com/b/x?X-Goog-Signature=REDACTED",
        404,
        said="<XML> NoSuchBucket The specified bucket does not exist.",
    )


def cloudfront_denied(wire: Wire) -> None:
    """CloudFront."""
    stored(
        wire,
        "https://d1.cloudfront.net/x?Signature=REDACTED&Policy=REDACTED",
        403,
        said="<XML> AccessDenied Access denied",
        answer={**XML, "Server": "CloudFront"},
    )


def hub_ratelimit_login(wire: Wire) -> None:
    """Docker Hub, abuse limit."""
    wire.ask("GET", "https://registry-1.docker.io/v2/", 401, challenge=bearer("https://auth.docker.io/token"))
    wire.ask(
        "GET",
        "https://auth.docker.io/token?scope=repository%3Ateam%2Fapp%3Apull",
        429,
        answer={"Content-Type": "text/html", "Retry-After": "60"},
        body="<HTML> 429 Too Many Requests",
    )


def hub_503_html(wire: Wire) -> None:
    """Docker Hub, outage."""
    wire.ask(
        "GET",
        "https://registry-1.docker.io/v2/",
        503,
        answer={"Content-Type": "text/html"},
        body="<HTML> 503 Service Temporarily Unavailable",
    )


def blob_timeout(wire: Wire) -> None:
    """A firewall."""
    wire.ask("GET", pulled(wire), None, fails="[Errno 110] Connect call failed ('192.0.2.1', 443)")


def tls_upstream(wire: Wire) -> None:
    """A CA of one's own."""
    wire.ask("GET", f"{REG}/v2/", None, fails="Certificate verify failed: self-signed certificate in certificate chain")


def proxy407(wire: Wire) -> None:
    """Squid."""
    wire.ask(
        "GET",
        "http://registry.example.com/v2/",
        407,
        answer={"Content-Type": "text/html", "Server": "squid/5.7"},
        body="<HTML> ERROR: Cache Access Denied",
    )


def captive_blob(wire: Wire) -> None:
    """A portal."""
    wire.ask(
        "GET",
        pulled(wire),
        200,
        answer={"Content-Type": "text/html", "Content-Length": "2000"},
        content="<html>login</html>",
    )


def zot_meta(wire: Wire) -> None:
    """A full disk."""
    wire.ask(
        "PUT",
        APP.url("manifests", "1.0", REG),
        500,
        sent=900,
        answer=JSON,
        body=error("INTERNAL_ERROR", "no space left on device"),
    )


def upload_401_after_redirect(wire: Wire) -> None:
    """Http to https."""
    wire.ask(
        "POST",
        "http://registry.example.com/v2/team/app/blobs/uploads/",
        301,
        location=f"{REG}/v2/team/app/blobs/uploads/",
    )
    wire.ask(
        "GET",
        f"{REG}/v2/team/app/blobs/uploads/",
        405,
        referer="http://registry.example.com/v2/team/app/blobs/uploads/",
    )


KINDS |= {
    "quay-robot-expired": Kind(
        source="quay robot account",
        play=quay_robot_expired,
        agent=PODMAN,
        finds={"access-denied": "error"},
        says=("Invalid Username",),
    ),
    "hub-2fa": Kind(
        source="Docker Hub personal access token",
        play=hub_2fa,
        agent=DOCKER_20,
        finds={"login-expired": "error"},
        says=("is expired",),
    ),
    "gitlab-project-denied": Kind(
        source="gitlab.com, push",
        play=gitlab_project_denied,
        agent=DOCKER_20,
        finds={"write-denied": "error"},
        says=("access forbidden",),
    ),
    "gitlab-blocked": Kind(
        source="gitlab.com, anonymous",
        play=gitlab_blocked,
        agent=CONTAINERD,
        finds={"credentials-not-used": "error"},
        says=("access forbidden",),
    ),
    "artifactory-terms": Kind(
        source="Artifactory with Xray",
        play=artifactory_terms,
        agent=DOCKER_20,
        finds={"request-failed": "error"},
        says=("blocked by Xray",),
    ),
    "ecr-cross": Kind(
        source="ECR across accounts",
        play=ecr_cross,
        agent=DOCKER_29,
        finds={"access-denied": "error"},
        says=("BatchGetImage",),
    ),
    "ecr-none": Kind(
        source="ECR without a login",
        play=ecr_none,
        agent=CONTAINERD,
        finds={"credentials-not-used": "error"},
        says=("get-login-password",),
    ),
    "acr-400": Kind(
        source="containerd/containerd#6481",
        play=acr_400,
        agent=CONTAINERD,
        finds={"credentials-not-used": "error"},
        says=("az acr login",),
    ),
    "layer-404-store": Kind(
        source="Google Cloud Storage, bucket gone",
        play=layer_404_store,
        agent=DOCKER_29,
        finds={"cdn-failed": "error"},
        says=("NoSuchBucket",),
    ),
    "cloudfront-denied": Kind(
        source="CloudFront",
        play=cloudfront_denied,
        agent=DOCKER_29,
        finds={"cdn-failed": "error"},
        says=("CloudFront",),
    ),
    "hub-ratelimit-login": Kind(
        source="Docker Hub, abuse limit",
        play=hub_ratelimit_login,
        agent=DOCKER_20,
        finds={"rate-limited": "error"},
        says=("60 s",),
    ),
    "hub-503-html": Kind(
        source="Docker Hub, outage",
        play=hub_503_html,
        agent=DOCKER_20,
        finds={"registry-failed": "error"},
        says=("503",),
    ),
    "blob-timeout": Kind(
        source="a firewall",
        play=blob_timeout,
        agent=CONTAINERD,
        finds={"upstream-unreachable": "error"},
        says=("firewall",),
    ),
    "tls-upstream": Kind(
        source="a CA of one's own",
        play=tls_upstream,
        agent=DOCKER_20,
        finds={"upstream-unreachable": "error"},
        says=("trusted_ca",),
    ),
    "proxy407": Kind(source="squid", play=proxy407, agent=DOCKER_20, finds={"request-failed": "error"}, says=("407",)),
    "captive-blob": Kind(
        source="a portal",
        play=captive_blob,
        agent=CONTAINERD,
        finds={"path-not-redirected": "error"},
        says=("stands in front",),
    ),
    "zot-meta": Kind(
        source="a full disk", play=zot_meta, agent=SKOPEO, finds={"write-denied": "error"}, says=("no space left",)
    ),
    "upload-401-after-redirect": Kind(
        source="http to https",
        play=upload_401_after_redirect,
        agent=DOCKER_20,
        finds={"push-over-redirect": "error"},
        says=("over https",),
    ),
}
