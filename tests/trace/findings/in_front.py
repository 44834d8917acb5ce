"""Public reports of pulls through mirrors, caches, storages and proxies: what right is was written down first.

Each was tried before anything was changed for it. The form is that of `kinds`.
"""

from __future__ import annotations

from tests.trace.findings.kinds import APP, BUILDKIT, JSON, NGINX, OK_INDEX, PODMAN, REG, XML, Kind, bearer, pulled
from tests.trace.findings.looked_at import error
from tests.trace.images import OCI_MANIFEST, digest, docker_containerd, get_manifest
from tests.trace.wire import CONTAINERD, CRANE, DOCKER_20, HUB, SKOPEO, Wire

GHCR = "https://ghcr.io"
BASE = digest("base")
KANIKO = "kaniko/v1.23.2"
MIRROR = "http://10.0.0.7:30020"


def anonymous(wire: Wire, host: str, token: str, repository: str = "team/app", *, ping: bool = True) -> None:
    """A ping, and a token without a login."""
    if ping:
        wire.ask("GET", f"{host}/v2/", 401, challenge=bearer(f"{host}/token"))
    scope = repository.replace("/", "%2F")
    wire.ask(
        "GET",
        f"{host}/token?scope=repository%3A{scope}%3Apull&service=reg",
        body='{"token":"REDACTED"}',
        issued=token,
    )


def manifest_from_storage(wire: Wire) -> None:
    """docker 29 looks at a tag that a virtual registry keeps in S3, whose address is signed for GET."""
    here = APP.url("manifests", "1.0", REG)
    there = "https://bucket.s3.eu-central-1.amazonaws.com/proxy/9f?X-Amz-Expires=600&X-Amz-Signature=REDACTED"
    wire.ask("HEAD", here, 401, challenge=bearer(scope="repository:team/app:pull"))
    wire.ask(
        "GET",
        f"{REG}/auth/token?service=reg&scope=repository%3Ateam%2Fapp%3Apull",
        basic=True,
        body='{"token":"REDACTED"}',
        issued="a1",
    )
    wire.ask("HEAD", here, 302, token="a1", location=there)
    wire.ask("HEAD", there, 403, referer=here, answer={**XML, "Server": "AmazonS3"})


def blob_head_in_china(wire: Wire) -> None:
    """docker looks at a blob that it has pushed, and S3 takes no signature of that kind."""
    start = f"{REG}/v2/team/app/blobs/uploads/"
    wire.ask("HEAD", APP.url("blobs", BASE, REG), 404, answer=JSON)
    wire.ask("POST", start, 202, location=f"{start}7?_state=1")
    wire.ask("PATCH", f"{start}7?_state=1", 202, sent=4, location=f"{start}7?_state=2")
    wire.ask("PUT", f"{start}7?_state=2&digest={BASE}", 201)
    here = APP.url("blobs", BASE, REG)
    there = "https://harbor.s3.cn-north-1.amazonaws.com.cn/data?X-Amz-Expires=1200&X-Amz-Signature=REDACTED"
    wire.ask("HEAD", here, 307, location=there)
    wire.ask("HEAD", there, 400, referer=here, answer={**XML, "Server": "AmazonS3"})


def storage_unavailable(wire: Wire) -> None:
    """A page of Cloudflare's in place of the configuration."""
    pulled(wire)
    here = APP.url("blobs", digest(APP.config_text), REG)
    there = "https://production.cloudflare.docker.com/registry-v2/data?verify=REDACTED"
    page = "<HTML> Temporarily unavailable | production.cloudflare.docker.com | Cloudflare"
    wire.ask("GET", here, 307, location=there)
    wire.ask(
        "GET",
        there,
        503,
        referer=here,
        answer={"Content-Type": "text/html; charset=UTF-8", "Server": "cloudflare"},
        body=page,
    )


def limited_for_a_moment(wire: Wire) -> None:
    """GHCR says how many requests a minute it allows to everyone."""
    anonymous(wire, GHCR, "a4")
    said = error("TOOMANYREQUESTS", "retry-after: 880.092µs, allowed: 44000/minute")
    wire.ask("HEAD", APP.url("manifests", "1.0", GHCR), 429, token="a4")
    wire.ask("GET", APP.url("manifests", "1.0", GHCR), 429, token="a4", answer=JSON, body=said)


def limit_of_the_account(wire: Wire) -> None:
    """An account that has used up its pulls, named in the answer."""
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=bearer("https://auth.docker.io/token"))
    wire.ask(
        "GET",
        "https://auth.docker.io/token?account=jenkins&scope=repository%3Ateam%2Fapp%3Apull&service=registry.docker.io",
        basic=True,
        body='{"token":"REDACTED"}',
        issued="a5",
    )
    said = (
        "You have reached your pull rate limit as 'jenkins': dckr_jti_x. You may increase the limit by upgrading. "
        "https://www.docker.com/increase-rate-limit"
    )
    wire.ask("GET", APP.url("manifests", "1.0"), 429, token="a5", answer=JSON, body=error("TOOMANYREQUESTS", said))


def limit_of_the_account_unseen(wire: Wire) -> None:
    """The same, where the token was issued before anything was seen."""
    said = "You have reached your pull rate limit as 'jenkins': dckr_jti_x. You may increase the limit by upgrading."
    wire.ask("GET", APP.url("manifests", "1.0"), 429, token="a5b", answer=JSON, body=error("TOOMANYREQUESTS", said))


def rate_exceeded(wire: Wire) -> None:
    """ECR Public, from an address that asks often."""
    anonymous(wire, "https://public.ecr.aws", "a6")
    wire.ask("HEAD", APP.url("manifests", "1.0", "https://public.ecr.aws"), 429, token="a6", answer=JSON)
    wire.ask(
        "GET",
        APP.url("manifests", "1.0", "https://public.ecr.aws"),
        429,
        token="a6",
        answer=JSON,
        body=error("TOOMANYREQUESTS", "Rate exceeded"),
    )


def mirror_taken_for_an_image(wire: Wire) -> None:
    """kaniko, whose mirror was read as the name of an image of Docker Hub's."""
    host, name = "https://index.docker.io", "library/docker.mirrors.sjtug.sjtu.edu.cn"
    wire.ask("GET", f"{host}/v2/", 401, challenge=bearer("https://auth.docker.io/token"))
    wire.asks_for_token(name, "a7")
    said = error("UNAUTHORIZED", "authentication required")
    wire.ask("GET", f"{host}/v2/{name}/manifests/3.11.4", 401, token="a7", answer=JSON, body=said)


def mirror_forbids(wire: Wire) -> None:
    """BuildKit of docker 20.10 ends where its mirror says 403."""
    wire.ask("HEAD", APP.url("manifests", "1.0", "https://mirror.example.net") + "?ns=docker.io", 403, answer=NGINX)


def cache_in_front_failed(wire: Wire) -> None:
    """A caching nginx that answers in the registry's name."""
    host = "https://gcr.io"
    manifest = APP.manifest()
    get_index = {**OK_INDEX, "Server": "nginx"}
    wire.ask("HEAD", APP.url("manifests", "1.0", host), answer=get_index)
    wire.ask("GET", APP.url("manifests", digest(APP.index), host), answer=get_index, body=APP.index)
    wire.ask("GET", APP.url("manifests", digest(manifest), host), answer={"Content-Type": OCI_MANIFEST}, body=manifest)
    for content in APP.blobs():
        wire.ask(
            "GET",
            APP.url("blobs", digest(content), host),
            500,
            answer=NGINX,
            body="<HTML> 500 Internal Server Error",
        )


def limited_as_denied(wire: Wire) -> None:
    """A proxy that tells its limit as a refusal."""
    said = error("DENIED", "Request exceeded pull rate limit for IP 192.0.2.1")
    wire.ask("GET", f"{REG}/v2/", 200, answer={**JSON, "Docker-Distribution-Api-Version": "registry/2.0"})
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 403, answer=JSON)
    wire.ask("GET", APP.url("manifests", "1.0", REG), 403, answer=JSON, body=said)


def stale_at_the_cdn(wire: Wire) -> None:
    """A CDN has kept other bytes under the blob's address."""
    here = pulled(wire)
    there = here.replace(REG, "https://cdn.registry.fedoraproject.org")
    wire.ask("GET", here, 302, location=there)
    wire.ask("GET", there, referer=here, content="esab", answer={"Via": "1.1 varnish", "Age": "5400"})


def short_from_the_cache(wire: Wire) -> None:
    """Harbor's proxy cache hands out a layer that is not there in full."""
    here = pulled(wire)
    wire.ask("GET", here, content="bas", answer={"Server": "nginx"})


def only_from_china(wire: Wire) -> None:
    """A mirror that is open to some addresses only."""
    host = "https://dockerhub.azk8s.cn"
    wire.ask("GET", f"{host}/v2/", 200, answer={**JSON, "Docker-Distribution-Api-Version": "registry/2.0"})
    page = {"Content-Type": "text/html", "Server": "nginx/1.14.0 (Ubuntu)"}
    wire.ask("HEAD", APP.url("manifests", "1.0", host), 403, answer=page)
    wire.ask("GET", APP.url("manifests", "1.0", host), 403, answer=page, body="<HTML> 403 Forbidden")


def denied_by_squid(wire: Wire) -> None:
    """A squid whose list does not have that registry."""
    wire.ask(
        "GET",
        f"{REG}/v2/",
        403,
        answer={
            "Content-Type": "text/html;charset=utf-8",
            "Server": "squid/3.5.27",
            "X-Squid-Error": "ERR_ACCESS_DENIED 0",
            "Via": "1.1 proxy.example.org (squid/3.5.27)",
        },
        body="<HTML> ERROR: The requested URL could not be retrieved",
    )


def cache_without_upstream(wire: Wire) -> None:
    """A pull-through cache whose upstream hangs up."""
    here = pulled(wire)
    said = (
        '{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":"Head \\"https://public.ecr.aws/v2/team/app/'
        'blobs/sha256:3e6b\\": unexpected EOF"}]}'
    )
    for _ in range(3):
        wire.ask("GET", here, 500, answer=JSON, body=said)
        wire.wait(1)


def remote_without_blobs(wire: Wire) -> None:
    """Artifactory, which may reach registry.k8s.io and none of the hosts it redirects to."""
    manifest = APP.manifest()
    by = {"Server": "Artifactory/7.63.14", "X-JFrog-Version": "Artifactory/7.63.14"}
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), answer={**OK_INDEX, **by})
    wire.ask("GET", APP.url("manifests", digest(APP.index), REG), answer={**OK_INDEX, **by}, body=APP.index)
    wire.ask(
        "GET",
        APP.url("manifests", digest(manifest), REG),
        answer={"Content-Type": OCI_MANIFEST, **by},
        body=manifest,
    )
    said = error("BLOB_UNKNOWN", "blob unknown to registry")
    wire.ask("GET", APP.url("blobs", digest(APP.config_text), REG), 404, answer={**JSON, **by}, body=said)


def tag_whose_digest_is_not_there(wire: Wire) -> None:
    """GitLab's dependency proxy names a digest, and does not know it a moment later."""
    said = error("MANIFEST_UNKNOWN", "manifest unknown")
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), answer=OK_INDEX)
    wire.ask("GET", APP.url("manifests", digest(APP.index), REG), 404, answer=JSON, body=said)


def token_too_late(wire: Wire) -> None:
    """A token that does not come within a minute."""
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer())
    wire.ask(
        "GET",
        f"{REG}/auth/token?service=reg&scope=repository%3Ateam%2Fapp%3Apull",
        504,
        took=60.0,
        answer=NGINX,
        body="<HTML> 504 Gateway Time-out",
    )


def cut_and_gone(wire: Wire) -> None:
    """A CDN cuts a layer off, and hangs up when it is asked for the rest."""
    here, there = pulled(wire), "https://cdn01.quay.io/quayio-production-s3/sha256/12/129d?Signature=REDACTED"
    wire.ask("GET", here, 302, location=there)
    wire.ask(
        "GET", there, referer=here, answer={"Content-Length": "4"}, size=2, took=3.0, fails="server closed connection"
    )
    wire.ask("GET", there, None, headers={"Range": "bytes=2-"}, fails="server closed connection")


def hung_up_at_once(wire: Wire) -> None:
    """A registry that ends the connection without an answer."""
    wire.ask("GET", "https://quay.io/v2/", None, fails="server closed connection")


def storage_behind_the_same_proxy(wire: Wire) -> None:
    """Quay serves its storage through its own host, and hands the token on."""
    wire.ask("GET", f"{REG}/v2/", 401, challenge=bearer(f"{REG}/v2/auth"))
    wire.ask(
        "GET",
        f"{REG}/v2/auth?scope=repository%3Ateam%2Fapp%3Apull&service=reg",
        basic=True,
        body='{"token":"REDACTED"}',
        issued="a21",
    )
    manifest = APP.manifest()
    wire.ask(
        "GET",
        APP.url("manifests", "1.0", REG),
        token="a21",
        answer={"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest(manifest)},
        body=manifest,
    )
    here, there = APP.url("blobs", BASE, REG), f"{REG}/_storage_proxy/x/https/s3.example.net/b?X-Amz-Signature=REDACTED"
    wire.ask("GET", here, 302, token="a21", location=there)
    said = "<XML> InvalidArgument Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter"
    wire.ask("GET", there, 400, token="a21", referer=here, answer={**XML, "Server": "nginx"}, body=said)


def missed_then_no_token(wire: Wire) -> None:
    """containerd's mirror has it not, and the registry itself gives no token without a login."""
    wire.ask("HEAD", APP.url("manifests", "1.0", "https://mirror.example.net") + "?ns=registry.example.com", 404)
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 401, challenge=bearer(scope="repository:team/app:pull"))
    wire.ask("GET", f"{REG}/auth/token?scope=repository%3Ateam%2Fapp%3Apull&service=reg", 403, answer=JSON)


def upstream_limits(wire: Wire) -> None:
    """Docker Hub limits Harbor, and Harbor says so."""
    anonymous(wire, REG, "b1")
    said = error("TOOMANYREQUESTS", "too many requests to upstream registry")
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 429, token="b1", answer=JSON)
    wire.ask("GET", APP.url("manifests", "1.0", REG), 429, token="b1", answer=JSON, body=said)


def artifact_not_found(wire: Wire) -> None:
    """Harbor's proxy cache knows the tag by its upstream, and the digest only by itself."""
    said = error("NOT_FOUND", f"artifact dockerhub/team/app@{digest(APP.index)} not found")
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), answer=OK_INDEX)
    wire.ask("GET", APP.url("manifests", digest(APP.index), REG), 404, answer=JSON, body=said)


def upstream_login_failed(wire: Wire) -> None:
    """Harbor logs in at Docker Hub, which hangs up."""
    said = (
        '{"errors":[{"code":"UNKNOWN","message":"unknown: login to dockerhub error: Post '
        '\\"https://hub.docker.com/v2/users/login/\\": EOF"}]}'
    )
    anonymous(wire, REG, "b3")
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 500, token="b3", answer=JSON)
    wire.ask("GET", APP.url("manifests", "1.0", REG), 500, token="b3", answer=JSON, body=said)


def port_twice(wire: Wire) -> None:
    """Nexus takes the port from X-Forwarded-Host, and adds X-Forwarded-Port."""
    realm = "https://nexus.example.com:5002:5002/v2/token"
    wire.ask("GET", "https://nexus.example.com:5002/v2/", 401, challenge=bearer(realm))


def two_hosts_joined(wire: Wire) -> None:
    """Nexus joins what two proxies say of the host."""
    realm = "https://cdn.example.com, nexus.example.com/v2/token"
    wire.ask("GET", "https://nexus.example.com/v2/", 401, challenge=bearer(realm))


def no_basic_credentials(wire: Wire) -> None:
    """Nexus by a path asks for a login where a port would give a token."""
    said = error("UNAUTHORIZED", "access to the requested resource is not authorized")
    wire.ask("GET", f"{REG}/v2/", 401, challenge='Basic realm="Sonatype Nexus Repository Manager"')
    for method in ("HEAD", "GET"):
        wire.ask(
            method,
            APP.url("manifests", "1.0", REG),
            401,
            challenge='Basic realm="Sonatype Nexus Repository Manager"',
            answer=JSON,
            body=None if method == "HEAD" else said,
        )


def next_page_elsewhere(wire: Wire) -> None:
    """The next page of a list is named by the path of another port."""
    host = "http://nexus.example.com:5002"
    after = f"{host}/repository/docker-hub/v2/team/app/tags/list?n=100&last=1.0"
    wire.ask(
        "GET",
        f"{host}/v2/team/app/tags/list?n=100",
        basic=True,
        answer={**JSON, "Link": f'<{after}>; rel="next"'},
        body='{"name":"team/app","tags":["0.9","1.0"]}',
    )
    wire.ask(
        "GET", after, 400, basic=True, answer={"Content-Type": "text/html", "Server": "Nexus/3.80.0-06 (COMMUNITY)"}
    )


def synced_too_slowly(wire: Wire) -> None:
    """zot fetches a large image before it answers, and nginx does not wait for it."""
    wire.ask("GET", f"{REG}/v2/", 200, answer={**JSON, "Docker-Distribution-Api-Version": "registry/2.0"})
    wire.ask("GET", APP.url("manifests", "1.0", REG), 504, took=50.0, answer=NGINX, body="<HTML> 504 Gateway Time-out")


def name_of_another(wire: Wire) -> None:
    """An ingress that has no certificate for the host shows its own."""
    why = "Certificate verify failed: Hostname mismatch, certificate is not valid for 'registry.example.com'."
    for _ in range(2):
        wire.ask("HEAD", APP.url("manifests", "1.0", REG), None, fails=why)


def storage_resets(wire: Wire) -> None:
    """A firewall resets connections to the storage."""
    here, there = pulled(wire), "https://production.cloudflare.docker.com/registry-v2/data?verify=REDACTED"
    for _ in range(3):
        wire.ask("GET", here, 307, location=there)
        wire.ask("GET", there, None, referer=here, fails="[Errno 104] Connection reset by peer")


def mirror_wants_a_login(wire: Wire) -> None:
    """docker shows no login to a mirror of its settings, and Docker Hub cannot be reached."""
    mirror = "https://hub.example.net"
    wire.ask("GET", f"{mirror}/v2/", 401, challenge='Basic realm="Registry Realm"')
    for method in ("HEAD", "GET"):
        wire.ask(
            method, APP.url("manifests", "1.0", mirror), 401, challenge='Basic realm="Registry Realm"', answer=JSON
        )
    wire.ask("GET", f"{HUB}/v2/", None, took=15.0, fails="[Errno 110] Connect call failed ('192.0.2.9', 443)")


def storage_of_azure(wire: Wire) -> None:
    """A firewall that lets the registry through, and not its storage."""
    here = pulled(wire)
    there = "https://weumanaged15.blob.core.windows.net/x/data?se=2023-10-19T13%3A03%3A46Z&sig=REDACTED&sp=r"
    wire.ask("GET", here, 307, location=there)
    wire.ask("GET", there, None, referer=here, fails="server closed connection")


def not_on_the_list(wire: Wire) -> None:
    """A public mirror that serves what is on its list, and tells so at the layers."""
    mirror, manifest = "https://docker.m.daocloud.io", APP.manifest()
    wire.ask("HEAD", APP.url("manifests", "1.0", mirror) + "?ns=docker.io", answer=OK_INDEX)
    for text, kind in ((APP.index, OK_INDEX), (manifest, {"Content-Type": OCI_MANIFEST})):
        wire.ask("GET", APP.url("manifests", digest(text), mirror) + "?ns=docker.io", answer=kind, body=text)
    said = error("DENIED", "this image is not in the allowlist.")
    for content in APP.blobs():
        wire.ask("GET", APP.url("blobs", digest(content), mirror) + "?ns=docker.io", 403, answer=JSON, body=said)


def not_on_the_list_at_all(wire: Wire) -> None:
    """The same, asked for by its own name."""
    mirror, said = "https://m.daocloud.io", error("DENIED", "this image is not in the allowlist.")
    wire.ask("GET", f"{mirror}/v2/", 200, answer={**JSON, "Docker-Distribution-Api-Version": "registry/2.0"})
    wire.ask("HEAD", APP.url("manifests", "1.0", mirror), 403, answer=JSON)
    wire.ask("GET", APP.url("manifests", "1.0", mirror), 403, answer=JSON, body=said)


def host_not_rewritten(wire: Wire) -> None:
    """HAProxy hands on its own name, which the registry behind it does not know."""
    page = {"Content-Type": "text/html; charset=UTF-8"}
    wire.ask("GET", "http://proxy.example.com:8080/v2/", 404, answer=page, body="<HTML> Error 404 (Not Found)!!1")
    for method in ("HEAD", "GET"):
        wire.ask(
            method,
            APP.url("manifests", "1.0", "http://proxy.example.com:8080"),
            404,
            answer=page,
            body="<HTML> Error 404 (Not Found)!!1" if method == "GET" else None,
        )


def no_route(wire: Wire) -> None:
    """Traefik has no router for the name."""
    text = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    wire.ask("GET", f"{REG}/v2/", 404, answer=text, body="404 page not found")
    for method in ("HEAD", "GET"):
        wire.ask(
            method,
            APP.url("manifests", "1.0", REG),
            404,
            answer=text,
            body="404 page not found" if method == "GET" else None,
        )


def squid_without_upstream(wire: Wire) -> None:
    """A squid that does not reach the registry."""
    here = pulled(wire)
    by = {"Content-Type": "text/html;charset=utf-8", "Server": "squid/3.5.20", "Via": "1.1 proxy (squid/3.5.20)"}
    wire.ask("GET", here, 503, answer=by, body="<HTML> ERROR: The requested URL could not be retrieved")


def another_application(wire: Wire) -> None:
    """The registry is on port 80, and something else on 443."""
    wire.ask("GET", f"{REG}/v2/", 404, answer=NGINX, body="<HTML> 404 Not Found")
    for method in ("HEAD", "GET"):
        wire.ask(
            method,
            APP.url("manifests", "1.0", REG),
            404,
            answer=NGINX,
            body="<HTML> 404 Not Found" if method == "GET" else None,
        )


def upgrade_required(wire: Wire) -> None:
    """A registry that refuses the version of HTTP in which a proxy asks."""
    wire.ask("GET", f"{REG}/v2/", 426, answer={"Upgrade": "h2c", "Connection": "Upgrade"}, body="Upgrade Required")


def redirect_to_nowhere(wire: Wire) -> None:
    """A 301 that names no address."""
    wire.ask("GET", f"{REG}/v2/", 301, answer={"Content-Type": "text/html"})


def site_in_place_of_registry(wire: Wire) -> None:
    """docker.io with a port is a host of its own for docker, and no registry."""
    page = {"Content-Type": "text/html; charset=utf-8"}
    wire.ask("GET", "https://docker.io:443/v2/", 503, answer=page, body="<HTML> 503 Service Temporarily Unavailable")


def upstream_says_no(wire: Wire) -> None:
    """Harbor hands on what Docker Hub says to a name without `library/`."""
    anonymous(wire, REG, "d2", "proxy/alpine")
    url = f"{REG}/v2/proxy/alpine/manifests/latest"
    said = error("UNAUTHORIZED", "http status code: 401, body: ")
    wire.ask("HEAD", url, 401, token="d2", answer=JSON)
    wire.ask("GET", url, 401, token="d2", answer=JSON, body=said)


def cache_without_repository(wire: Wire) -> None:
    """Harbor's cache does not reach Docker Hub, and looks for the image at home."""
    anonymous(wire, REG, "d3", "docker.io/library/python")
    said = error("NOT_FOUND", "repository docker.io/library/python not found")
    wire.ask("GET", f"{REG}/v2/docker.io/library/python/manifests/3.11", 404, token="d3", answer=JSON, body=said)


def cache_refused_upstream(wire: Wire) -> None:
    """A pull-through cache whose own login is refused."""
    said = '{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":"unauthorized: authentication required"}]}'
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 500, answer=JSON)
    wire.ask("GET", APP.url("manifests", "1.0", REG), 500, answer=JSON, body=said)


def limited_by_haproxy(wire: Wire) -> None:
    """Docker Hub's own proxy limits an address."""
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=bearer("https://auth.docker.io/token"))
    wire.asks_for_token("team/app", "d6")
    said = error("TOOMANYREQUESTS", "Too Many Requests (HAP429).")
    wire.ask("HEAD", APP.url("manifests", "1.0"), 429, token="d6", answer=JSON)
    wire.ask("GET", APP.url("manifests", "1.0"), 429, token="d6", answer=JSON, body=said)


def sent_on_out_of_reach(wire: Wire) -> None:
    """registry.k8s.io is reached, and where it redirects to is not."""
    here = APP.url("manifests", "1.0", "https://registry.k8s.io")
    there = "https://us-west2-docker.pkg.dev/v2/k8s-artifacts-prod/images/team/app/manifests/1.0"
    wire.ask("HEAD", here, 307, location=there)
    wire.ask("HEAD", there, None, referer=here, took=30.0, fails="[Errno 110] Connect call failed ('192.0.2.8', 443)")


def token_good_for_manifests(wire: Wire) -> None:
    """GHCR takes a token for the manifest, and not for the configuration."""
    manifest = APP.manifest()
    anonymous(wire, GHCR, "d9")
    wire.ask(
        "HEAD",
        APP.url("manifests", "1.0", GHCR),
        token="d9",
        answer={"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest(manifest)},
    )
    wire.ask(
        "GET",
        APP.url("manifests", digest(manifest), GHCR),
        token="d9",
        answer={"Content-Type": OCI_MANIFEST},
        body=manifest,
    )
    said = error("UNAUTHORIZED", "unauthenticated: User cannot be authenticated with the token provided.")
    wire.ask("GET", APP.url("blobs", digest(APP.config_text), GHCR), 401, token="d9", answer=JSON, body=said)


def no_token_in_time(wire: Wire) -> None:
    """docker waits 15 seconds for a token."""
    wire.ask("HEAD", APP.url("manifests", "1.0", GHCR), 401, challenge=bearer(f"{GHCR}/token"))
    url = f"{GHCR}/token?scope=repository%3Ateam%2Fapp%3Apull&service=reg"
    wire.ask("GET", url, None, took=15.0, fails="client disconnected")


def tokens_limited(wire: Wire) -> None:
    """The token server limits an address."""
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=bearer("https://auth.docker.io/token"))
    url = "https://auth.docker.io/token?scope=repository%3Ateam%2Fapp%3Apull&service=registry.docker.io"
    wire.ask("GET", url, 429)


def nowhere_on_the_list(wire: Wire) -> None:
    """podman goes through its list of registries, and none has it."""
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=bearer("https://auth.docker.io/token"))
    wire.asks_for_token("library/xpherism", "e3")
    said = '{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"},{"code":"UNAUTHORIZED",'
    said += '"message":"authentication required"}]}'
    wire.ask("GET", f"{HUB}/v2/library/xpherism/manifests/udm-proxy", 401, token="e3", answer=JSON, body=said)
    wire.ask("GET", "https://quay.io/v2/", 401, challenge=bearer("https://quay.io/v2/auth"))
    url = "https://quay.io/v2/auth?scope=repository%3Axpherism%3Apull&service=quay.io"
    wire.ask("GET", url, body='{"token":"REDACTED"}', issued="e3q")
    page = {"Content-Type": "text/html", "Server": "nginx"}
    wire.ask(
        "GET",
        "https://quay.io/v2/xpherism/manifests/udm-proxy",
        404,
        token="e3q",
        answer=page,
        body="<HTML> 404 Not Found",
    )
    fedora = "https://registry.fedoraproject.org"
    wire.ask("GET", f"{fedora}/v2/", 200, answer={**JSON, "Docker-Distribution-Api-Version": "registry/2.0"})
    unknown = error("MANIFEST_UNKNOWN", "manifest unknown")
    wire.ask("GET", f"{fedora}/v2/xpherism/manifests/udm-proxy", 404, answer=JSON, body=unknown)


def header_of_another(wire: Wire) -> None:
    """A registry that turns an index into a manifest, and names the digest of the index."""
    wire.ask("GET", f"{REG}/v2/", 200, answer={**JSON, "Docker-Distribution-Api-Version": "registry/2.0"})
    wire.ask(
        "GET",
        APP.url("manifests", "1.0", REG),
        answer={"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest(APP.index)},
        body=APP.manifest(),
    )


def challenge_after_redirect(wire: Wire) -> None:
    """containerd 1.4 does not answer the challenge of a host that it was redirected to."""
    here, there = APP.url("manifests", "1.0", "https://nabo.example.dev"), APP.url("manifests", "1.0")
    wire.ask("HEAD", here, 307, location=there)
    wire.ask("HEAD", there, 401, referer=here, challenge=bearer("https://auth.docker.io/token"))


def redirects_at_a_cache(wire: Wire) -> None:
    """A caching nginx cannot follow where the registry redirects to."""
    host = "https://k8s.gcr.io"
    wire.ask("GET", f"{host}/v2/", 302, location="https://registry.k8s.io/v2/")
    wire.ask("GET", "https://registry.k8s.io/v2/", 200, referer=f"{host}/v2/", answer={"Content-Type": "text/html"})
    page = "<HTML> 500 Internal Server Error"
    wire.ask("HEAD", APP.url("manifests", "3.2", host), 500, answer=NGINX)
    wire.ask("GET", APP.url("manifests", "3.2", host), 500, answer=NGINX, body=page)


def mirror_and_hub_away(wire: Wire) -> None:
    """A node without the internet, and a mirror that fails."""
    wire.ask("HEAD", APP.url("manifests", "1.0", "https://127.0.0.1:6443") + "?ns=docker.io", 500)
    gone = "[Errno 110] Connect call failed ('192.0.2.9', 443)"
    wire.ask("HEAD", APP.url("manifests", "1.0"), None, took=30.0, fails=gone)


def handshake_too_slow(wire: Wire) -> None:
    """A storage with which no connection is made in time."""
    pulled(wire)
    here = APP.url("blobs", digest(APP.config_text), REG)
    there = "https://d2iks1dkcwqcbx.cloudfront.net/data?Expires=1536950844&Signature=REDACTED"
    wire.ask("GET", here, 307, location=there)
    wire.ask("GET", there, None, referer=here, took=10.0, fails="TLS handshake timed out")


# -- healthy --------------------------------------------------------------------------------------------------------------


def two_mirrors_miss(wire: Wire) -> None:
    """Spegel has what other nodes have, and this is the first."""
    for port in ("30020", "30021"):
        wire.ask("HEAD", APP.url("manifests", "1.0", f"http://10.0.0.7:{port}") + "?ns=docker.io", 404)
    docker_containerd(wire, APP, name="a23")


def mirror_away(wire: Wire) -> None:
    """A mirror that is down is tried for everything, and everything comes from the registry."""
    gone = "[Errno 110] Connect call failed ('10.0.0.7', 30020)"
    manifest = APP.manifest()
    wire.ask("HEAD", APP.url("manifests", "1.0", MIRROR) + "?ns=docker.io", None, took=30.0, fails=gone)
    wire.ask("HEAD", APP.url("manifests", "1.0"), 401, challenge=bearer("https://auth.docker.io/token"))
    wire.asks_for_token("team/app", "a24")
    wire.ask("HEAD", APP.url("manifests", "1.0"), token="a24", answer=OK_INDEX)
    for text in (APP.index, manifest):
        wire.ask("GET", APP.url("manifests", digest(text), MIRROR) + "?ns=docker.io", None, took=30.0, fails=gone)
        get_manifest(wire, APP, text, token="a24")
    for content in APP.blobs():
        wire.ask("GET", APP.url("blobs", digest(content), MIRROR) + "?ns=docker.io", None, took=30.0, fails=gone)
        wire.ask("GET", APP.url("blobs", digest(content)), token="a24", content=content)


def away_for_a_moment(wire: Wire) -> None:
    """registry.k8s.io answers 503 now and then; kubelet tries again after its wait."""
    host = "https://registry.k8s.io"
    wire.ask("HEAD", APP.url("manifests", "1.0", host), 503)
    wire.wait(12)
    wire.ask("HEAD", APP.url("manifests", "1.0", host), answer=OK_INDEX)
    wire.ask("GET", APP.url("manifests", digest(APP.index), host), answer=OK_INDEX, body=APP.index)
    manifest = APP.manifest()
    wire.ask("GET", APP.url("manifests", digest(manifest), host), answer={"Content-Type": OCI_MANIFEST}, body=manifest)
    for content in APP.blobs():
        wire.ask("GET", APP.url("blobs", digest(content), host), content=content)


def cached_by_squid(wire: Wire) -> None:
    """A squid that looks into TLS keeps tokens and layers."""
    hit = {"Via": "1.1 proxy.example.org (squid/4.10)", "X-Cache": "HIT from proxy", "Age": "40"}
    miss = {"Via": "1.1 proxy.example.org (squid/4.10)", "X-Cache": "MISS from proxy"}
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=bearer("https://auth.docker.io/token"), answer=miss)
    wire.ask(
        "GET",
        "https://auth.docker.io/token?scope=repository%3Ateam%2Fapp%3Apull&service=registry.docker.io",
        answer={**hit, **JSON},
        body='{"token":"REDACTED","expires_in":300}',
        issued="a26",
    )
    wire.ask("HEAD", APP.url("manifests", "1.0"), token="a26", answer={**OK_INDEX, **miss})
    for text, kind in ((APP.index, OK_INDEX), (APP.manifest(), {"Content-Type": OCI_MANIFEST})):
        wire.ask("GET", APP.url("manifests", digest(text)), token="a26", answer={**kind, **miss}, body=text)
    for content in APP.blobs():
        here, there = (
            APP.url("blobs", digest(content)),
            f"https://cdn.example.net/{digest(content)[7:]}?verify=REDACTED",
        )
        wire.ask("GET", here, 307, token="a26", location=there, answer=miss)
        wire.ask("GET", there, referer=here, content=content, answer=hit)


def coded_and_without_digest(wire: Wire) -> None:
    """A registry on a web server that codes what it sends, and names no digest."""
    host = "https://registry.access.redhat.com"
    manifest = APP.manifest()
    wire.ask("GET", f"{host}/v2/", 200, answer=JSON)
    wire.ask("GET", APP.url("manifests", "1.0", host), answer={"Content-Type": OCI_MANIFEST}, body=manifest)
    for content in APP.blobs():
        coded = {"Content-Encoding": "gzip", "Content-Length": "31"} if content == APP.config_text else {}
        wire.ask("GET", APP.url("blobs", digest(content), host), content=content, answer=coded)


def mirror_fails_hub_has_it(wire: Wire) -> None:
    """A mirror says 500, and containerd goes on."""
    wire.ask("HEAD", APP.url("manifests", "1.0", MIRROR) + "?ns=docker.io", 500)
    docker_containerd(wire, APP, name="b15")


def slow_at_first(wire: Wire) -> None:
    """zot fetches the image before it answers."""
    manifest = APP.manifest()
    wire.ask("HEAD", APP.url("manifests", "1.0", MIRROR) + "?ns=docker.io", took=127.0, answer=OK_INDEX)
    for text, kind in ((APP.index, OK_INDEX), (manifest, {"Content-Type": OCI_MANIFEST})):
        wire.ask("GET", APP.url("manifests", digest(text), MIRROR) + "?ns=docker.io", answer=kind, body=text)
    for content in APP.blobs():
        wire.ask("GET", APP.url("blobs", digest(content), MIRROR) + "?ns=docker.io", content=content)


def mirror_of_its_own(wire: Wire) -> None:
    """podman asks the mirror of registries.conf, then Docker Hub."""
    mirror = "http://localhost:5000"
    wire.ask("GET", f"{mirror}/v2/", 200, answer={**JSON, "Docker-Distribution-Api-Version": "registry/2.0"})
    said = error("MANIFEST_UNKNOWN", "manifest unknown")
    wire.ask("GET", APP.url("manifests", "1.0", mirror), 404, answer=JSON, body=said)
    wire.ask("GET", f"{HUB}/v2/", 401, challenge=bearer("https://auth.docker.io/token"))
    wire.asks_for_token("team/app", "c10")
    get_manifest(wire, APP, APP.index, token="c10", tag=True)
    get_manifest(wire, APP, APP.manifest(), token="c10")
    for content in APP.blobs():
        wire.ask("GET", APP.url("blobs", digest(content)), token="c10", content=content)


def mirror_unavailable(wire: Wire) -> None:
    """BuildKit of today goes on where its mirror says 503."""
    wire.ask("HEAD", APP.url("manifests", "1.0", "https://mirror.example.net") + "?ns=docker.io", 503, answer=NGINX)
    docker_containerd(wire, APP, name="c11")


def limited_once(wire: Wire) -> None:
    """A limit that is over a moment later."""
    wire.ask("HEAD", APP.url("manifests", "1.0", REG), 429, answer={"Retry-After": "5"})
    wire.wait(5)
    no_ping_pull = pulled(wire)
    wire.ask("GET", APP.url("blobs", digest(APP.config_text), REG), content=APP.config_text)
    wire.ask("GET", no_ping_pull, content="base")
    wire.ask("GET", APP.url("blobs", digest("app"), REG), content="app")


def mirror_too_slow(wire: Wire) -> None:
    """A mirror says 408 after a minute, and containerd goes on."""
    url = APP.url("manifests", "1.0", MIRROR) + "?ns=docker.io"
    wire.ask("HEAD", url, 408, took=60.0, answer={"Content-Type": "text/html"})
    docker_containerd(wire, APP, name="d1")


def third_time(wire: Wire) -> None:
    """A layer is cut off twice, and comes whole in the end."""
    here = pulled(wire)
    wire.ask("GET", APP.url("blobs", digest(APP.config_text), REG), content=APP.config_text)
    for _ in range(2):
        wire.ask("GET", here, answer={"Content-Length": "4"}, size=2, took=60.0, fails="server closed connection")
        wire.wait(5)
    wire.ask("GET", here, content="base")
    wire.ask("GET", APP.url("blobs", digest("app"), REG), content="app")


IN_FRONT: dict[str, Kind] = {
    "manifest-from-storage": Kind(
        source="moby/moby#50065",
        play=manifest_from_storage,
        finds={"cdn-failed": "error"},
        says=("answer HEAD itself",),
        never=("private", "log in"),
    ),
    "blob-head-in-china": Kind(
        source="distribution/distribution#2055",
        play=blob_head_in_china,
        agent=DOCKER_20,
        finds={"cdn-failed": "error"},
        says=("answer HEAD itself",),
        never=("private", "log in", "push the image"),
    ),
    "storage-unavailable": Kind(
        source="googleapis/google-cloud-cpp#6438",
        play=storage_unavailable,
        agent=KANIKO,
        finds={"cdn-failed": "error"},
        says=("503", "try again"),
        never=("signature", "log in"),
    ),
    "limited-for-a-moment": Kind(
        source="dependabot/cli#380",
        play=limited_for_a_moment,
        agent=DOCKER_20,
        finds={"rate-limited": "error"},
        says=("allowed: 44000/minute",),
        never=("log in",),
    ),
    "limit-of-the-account": Kind(
        source="scylladb/scylladb#26576",
        play=limit_of_the_account,
        agent=PODMAN,
        finds={"rate-limited": "error"},
        says=("of the login",),
        never=("log in",),
    ),
    "limit-of-the-account-unseen": Kind(
        source="scylladb/scylladb#26576",
        play=limit_of_the_account_unseen,
        agent=PODMAN,
        finds={"rate-limited": "error"},
        says=("of the login",),
        never=("log in",),
    ),
    "rate-exceeded": Kind(
        source="zebrunner/mcloud-agent#235",
        play=rate_exceeded,
        agent=DOCKER_20,
        finds={"rate-limited": "error"},
        says=("Rate exceeded", "log in"),
        never=("Docker Hub",),
    ),
    "mirror-taken-for-an-image": Kind(
        source="GoogleContainerTools/kaniko#2315",
        play=mirror_taken_for_an_image,
        agent=KANIKO,
        finds={"access-denied": "error"},
        says=("is a host",),
    ),
    "mirror-forbids": Kind(
        source="moby/moby#44939",
        play=mirror_forbids,
        agent=BUILDKIT,
        finds={"mirror-failed": "error"},
        says=("said 403",),
        never=("no registry", "log in", "private"),
    ),
    "cache-in-front-failed": Kind(
        source="rpardini/docker-registry-proxy#115",
        play=cache_in_front_failed,
        agent=DOCKER_20,
        finds={"registry-failed": "error"},
        says=("nginx",),
        never=("log in",),
    ),
    "limited-as-denied": Kind(
        source="seqeralabs/wave#610",
        play=limited_as_denied,
        agent=DOCKER_20,
        finds={"rate-limited": "error"},
        says=("Request exceeded pull rate limit", "try again later"),
        never=("private", "does not exist"),
    ),
    "stale-at-the-cdn": Kind(
        source="podman-container-tools/podman#7298",
        play=stale_at_the_cdn,
        agent=PODMAN,
        finds={"digest-mismatch": "error"},
        says=("cdn.registry.fedoraproject.org forget it", "Age 5400 s"),
        never=("push",),
    ),
    "short-from-the-cache": Kind(
        source="goharbor/harbor#22555",
        play=short_from_the_cache,
        agent=DOCKER_20,
        finds={"size-mismatch": "error"},
        says=("3 of 4 bytes",),
        never=("push",),
    ),
    "only-from-china": Kind(
        source="Azure/container-service-for-azure-china#62",
        play=only_from_china,
        agent=DOCKER_20,
        finds={"request-failed": "error"},
        says=("ask from another address",),
        never=("log in", "private"),
    ),
    "denied-by-squid": Kind(
        source="virtuald/docker-registry-cache#14",
        play=denied_by_squid,
        agent=DOCKER_20,
        finds={"request-failed": "error"},
        says=("in the rules of squid",),
        never=("log in", "private", "another address"),
    ),
    "cache-without-upstream": Kind(
        source="distribution/distribution#4252",
        play=cache_without_upstream,
        agent=DOCKER_20,
        finds={"registry-failed": "error"},
        says=("reaches public.ecr.aws",),
        never=("log in", "tag"),
    ),
    "remote-without-blobs": Kind(
        source="kubernetes/registry.k8s.io#258",
        play=remote_without_blobs,
        agent=DOCKER_20,
        finds={"blob-unknown": "error"},
        says=("cache of another registry",),
        never=("log in",),
    ),
    "digest-not-there": Kind(
        source="moby/moby#41687",
        play=tag_whose_digest_is_not_there,
        agent=DOCKER_20,
        finds={"manifest-unknown": "error"},
        says=("which it named for 1.0", "cache of another registry"),
        never=("check the",),
    ),
    "token-too-late": Kind(
        source="edgelesssys/contrast#516",
        play=token_too_late,
        agent="oci-client/0.12",
        finds={"token-server-failed": "error"},
        says=("504",),
        never=("log in", "private"),
    ),
    "cut-and-gone": Kind(
        source="quadsproject/badfish#582",
        play=cut_and_gone,
        agent=PODMAN,
        finds={"size-mismatch": "error"},
        says=("cdn01.quay.io", "2 of 4 bytes"),
        never=("corrupt", "log in"),
    ),
    "hung-up-at-once": Kind(
        source="terraform-docs/gh-actions#157",
        play=hung_up_at_once,
        agent=DOCKER_20,
        finds={"request-failed": "error"},
        says=("gave no answer", "firewall"),
        never=("log in",),
    ),
    "storage-behind-the-same-proxy": Kind(
        source="quay/quay#13",
        play=storage_behind_the_same_proxy,
        agent=PODMAN,
        finds={"two-auth-mechanisms": "error"},
        says=("take Authorization out",),
        never=("needs an update", "log in"),
    ),
    "missed-then-no-token": Kind(
        source="containerd/containerd#7321",
        play=missed_then_no_token,
        agent=CONTAINERD,
        finds={"credentials-not-used": "error"},
        says=("showed no login",),
        never=("check the tag",),
    ),
    "two-mirrors-miss": Kind(source="spegel-org/spegel#504", play=two_mirrors_miss, agent=CONTAINERD, finds={}),
    "mirror-away": Kind(
        source="bottlerocket-os/bottlerocket#4564",
        play=mirror_away,
        agent=CONTAINERD,
        finds={"mirror-failed": "warning"},
    ),
    "away-for-a-moment": Kind(
        source="kubernetes/k8s.io#7670",
        play=away_for_a_moment,
        agent=CONTAINERD,
        finds={"registry-failed": "error"},
        says=("503",),
        never=("log in",),
    ),
    "cached-by-squid": Kind(source="fabric8io/fabric8-installer#80", play=cached_by_squid, agent=DOCKER_20, finds={}),
    "coded-without-digest": Kind(source="quay/quay#1310", play=coded_and_without_digest, agent=CRANE, finds={}),
    "upstream-limits": Kind(
        source="goharbor/harbor#19899",
        play=upstream_limits,
        agent=DOCKER_20,
        finds={"rate-limited": "error"},
        says=("an account at the registry behind it",),
        never=("an account has its own limit",),
    ),
    "artifact-not-found": Kind(
        source="goharbor/harbor#19067",
        play=artifact_not_found,
        agent=DOCKER_20,
        finds={"manifest-unknown": "error"},
        says=("which it named for 1.0",),
        never=("check the",),
    ),
    "upstream-login-failed": Kind(
        source="goharbor/harbor#14803",
        play=upstream_login_failed,
        agent=DOCKER_20,
        finds={"registry-failed": "error"},
        says=("reaches hub.docker.com",),
        never=("docker login",),
    ),
    "port-twice": Kind(
        source="sonatype/nexus-public#651",
        play=port_twice,
        agent=DOCKER_20,
        finds={"token-not-requested": "error"},
        says=("no address", "X-Forwarded-Host"),
        never=("log in", "can reach"),
    ),
    "two-hosts-joined": Kind(
        source="sonatype/nexus-public#582",
        play=two_hosts_joined,
        agent=PODMAN,
        finds={"token-not-requested": "error"},
        says=("no address", "X-Forwarded-Host"),
        never=("log in", "can reach"),
    ),
    "no-basic-credentials": Kind(
        source="sonatype/nexus-public#836",
        play=no_basic_credentials,
        agent=DOCKER_20,
        finds={"credentials-not-used": "error"},
        says=("asked without one",),
        never=("wrong",),
    ),
    "next-page-elsewhere": Kind(
        source="sonatype/nexus-public#1011",
        play=next_page_elsewhere,
        agent=CRANE,
        finds={"link-points-elsewhere": "warning"},
        says=("/repository/docker-hub/",),
        never=("None",),
    ),
    "synced-too-slowly": Kind(
        source="project-zot/zot#2416",
        play=synced_too_slowly,
        agent=SKOPEO,
        finds={"registry-failed": "error"},
        says=("504", "how long it may take"),
        never=("log in", "tag"),
    ),
    "name-of-another": Kind(
        source="k3s-io/k3s#2429",
        play=name_of_another,
        agent=CONTAINERD,
        finds={"upstream-unreachable": "error"},
        says=("a certificate for that name",),
        never=("trust the CA", "log in"),
    ),
    "storage-resets": Kind(
        source="docker/for-mac#7306",
        play=storage_resets,
        agent=CONTAINERD,
        finds={"cdn-failed": "error"},
        says=("production.cloudflare.docker.com", "firewall"),
        never=("push the image", "log in"),
    ),
    "mirror-wants-a-login": Kind(
        source="distribution/distribution#4419",
        play=mirror_wants_a_login,
        agent=DOCKER_20,
        finds={"credentials-not-used": "error", "upstream-unreachable": "error"},
        says=("hub.example.net wants a login",),
        never=("tag",),
    ),
    "storage-of-azure": Kind(
        source="MicrosoftDocs/azure-docs#116188",
        play=storage_of_azure,
        agent=CONTAINERD,
        finds={"cdn-failed": "error"},
        says=("weumanaged15.blob.core.windows.net", "firewall"),
        never=("log in",),
    ),
    "mirror-fails-hub-has-it": Kind(
        source="mcronce/oci-registry#14",
        play=mirror_fails_hub_has_it,
        agent=CONTAINERD,
        finds={"mirror-failed": "warning"},
    ),
    "slow-at-first": Kind(source="project-zot/zot#4184", play=slow_at_first, agent=CONTAINERD, finds={}),
    "not-on-the-list": Kind(
        source="wjiec/alidns-webhook#22",
        play=not_on_the_list,
        agent=CONTAINERD,
        finds={"mirror-failed": "error"},
        says=("not in the allowlist",),
        never=("log in", "docker login", "is no registry"),
    ),
    "not-on-the-list-at-all": Kind(
        source="DaoCloud/public-image-mirror#39575",
        play=not_on_the_list_at_all,
        agent=DOCKER_20,
        finds={"access-denied": "error"},
        says=("on the list of m.daocloud.io",),
        never=("private", "does not exist", "docker login"),
    ),
    "host-not-rewritten": Kind(
        source="haproxy/haproxy#1987",
        play=host_not_rewritten,
        agent=DOCKER_20,
        finds={"path-not-redirected": "error"},
        says=("no registry answers there",),
        never=("tag",),
    ),
    "no-route": Kind(
        source="distribution/distribution-library-image#100",
        play=no_route,
        agent=DOCKER_20,
        finds={"path-not-redirected": "error"},
        says=("404 page not found", "no registry answers there"),
        never=("tag", "web page"),
    ),
    "squid-without-upstream": Kind(
        source="dragonflyoss/nydus#44",
        play=squid_without_upstream,
        agent=CONTAINERD,
        finds={"registry-failed": "error"},
        says=("may and can reach",),
        never=("log in", "whether it runs"),
    ),
    "another-application": Kind(
        source="moby/moby#39890",
        play=another_application,
        agent=DOCKER_20,
        finds={"path-not-redirected": "error"},
        says=("no registry answers there",),
        never=("tag", "log in"),
    ),
    "upgrade-required": Kind(
        source="coreweave/docker-registry-proxy#35",
        play=upgrade_required,
        agent=DOCKER_20,
        finds={"request-failed": "error"},
        says=("the version of HTTP",),
        never=("log in",),
    ),
    "redirect-to-nowhere": Kind(
        source="denverdino/k8s-for-docker-desktop#71",
        play=redirect_to_nowhere,
        agent=DOCKER_20,
        finds={"redirect-unreadable": "error"},
        says=("no Location",),
        never=("log in",),
    ),
    "site-in-place-of-registry": Kind(
        source="docker/cli#2372",
        play=site_in_place_of_registry,
        agent=DOCKER_20,
        finds={"registry-failed": "error"},
        says=("503",),
        never=("log in",),
    ),
    "mirror-of-its-own": Kind(
        source="podman-container-tools/podman#14306", play=mirror_of_its_own, agent=PODMAN, finds={}
    ),
    "mirror-unavailable": Kind(
        source="moby/buildkit#1972",
        play=mirror_unavailable,
        agent=BUILDKIT,
        finds={"mirror-failed": "warning"},
        says=("said 503",),
        never=("no registry",),
    ),
    "limited-once": Kind(source="docker/hub-feedback#1669", play=limited_once, agent=CONTAINERD, finds={}),
    "upstream-says-no": Kind(
        source="goharbor/harbor#14767",
        play=upstream_says_no,
        agent=DOCKER_20,
        finds={"access-denied": "error"},
        says=("in its turn", "library/"),
        never=("private", "docker login"),
    ),
    "cache-without-repository": Kind(
        source="goharbor/harbor#23051",
        play=cache_without_repository,
        agent=PODMAN,
        finds={"name-unknown": "error"},
        says=("cache of another registry",),
        never=("check the tag",),
    ),
    "cache-refused-upstream": Kind(
        source="distribution/distribution#3842",
        play=cache_refused_upstream,
        agent=DOCKER_20,
        finds={"registry-failed": "error"},
        says=("the login that registry.example.com has",),
        never=("docker login",),
    ),
    "limited-by-haproxy": Kind(
        source="mongodb/mongo-c-driver#2049",
        play=limited_by_haproxy,
        agent=DOCKER_20,
        finds={"rate-limited": "error"},
        says=("HAP429",),
    ),
    "sent-on-out-of-reach": Kind(
        source="ciiiii/cloudflare-docker-proxy#85",
        play=sent_on_out_of_reach,
        agent=CONTAINERD,
        finds={"upstream-unreachable": "error"},
        says=("us-west2-docker.pkg.dev, to which registry.k8s.io redirects",),
        never=("tag", "log in"),
    ),
    "token-good-for-manifests": Kind(
        source="EnricoMi/publish-unit-test-result-action#307",
        play=token_good_for_manifests,
        agent=DOCKER_20,
        finds={"token-rejected": "error"},
        says=("try again", "it took it before"),
        never=("private", "log in", "clocks"),
    ),
    "no-token-in-time": Kind(
        source="urlstechie/urlchecker-action#103",
        play=no_token_in_time,
        agent=DOCKER_20,
        finds={"request-failed": "error"},
        says=("within 15 s",),
        never=("log in", "401"),
    ),
    "tokens-limited": Kind(
        source="podman-container-tools/skopeo#325",
        play=tokens_limited,
        agent=SKOPEO,
        finds={"rate-limited": "error"},
        says=("auth.docker.io",),
        never=("wrong",),
    ),
    "mirror-too-slow": Kind(
        source="containerd/containerd#4861",
        play=mirror_too_slow,
        agent=CONTAINERD,
        finds={"mirror-failed": "warning"},
        says=("said 408",),
        never=("no registry",),
    ),
    "nowhere-on-the-list": Kind(
        source="xpherism/udm-proxy#3",
        play=nowhere_on_the_list,
        agent=PODMAN,
        finds={"access-denied": "error", "path-not-redirected": "error"},
        says=("has nothing under that name", "check the name"),
        never=("no registry answers",),
    ),
    "header-of-another": Kind(
        source="google/go-containerregistry#56",
        play=header_of_another,
        agent=CRANE,
        finds={"digest-mismatch": "error"},
        says=("does not hash to the Docker-Content-Digest",),
        never=("log in",),
    ),
    "challenge-after-redirect": Kind(
        source="containerd/containerd#5503",
        play=challenge_after_redirect,
        agent=CONTAINERD,
        finds={"token-not-requested": "error"},
        says=("redirected from nabo.example.dev",),
        never=("private", "log in"),
    ),
    "redirects-at-a-cache": Kind(
        source="rpardini/docker-registry-proxy#164",
        play=redirects_at_a_cache,
        agent=DOCKER_20,
        finds={"registry-failed": "error"},
        says=("nginx",),
        never=("log in",),
    ),
    "mirror-and-hub-away": Kind(
        source="k3s-io/k3s#10351",
        play=mirror_and_hub_away,
        agent=CONTAINERD,
        finds={"mirror-failed": "error"},
        says=("said 500", "registry-1.docker.io gave no answer"),
        never=("tag", "log in"),
    ),
    "handshake-too-slow": Kind(
        source="docker/for-win#437",
        play=handshake_too_slow,
        agent=DOCKER_20,
        finds={"upstream-unreachable": "error"},
        says=("cloudfront.net too",),
        never=("log in", "push the image"),
    ),
    "third-time": Kind(source="docker-library/docker#221", play=third_time, agent=DOCKER_20, finds={}),
}
